"""Code lists that several declaration formats share, and what we read in them."""

from __future__ import annotations

from riskprofile.reference.places import locode

# UN/ECE Recommendation 19, first digit; 6 to 9 have no mode in the contract
MODES = {"1": "sea", "2": "rail", "3": "road", "4": "air", "5": "post"}
# unit of mass: factor to kilograms
KILOGRAMS = {"KGM": "1", "TNE": "1000", "GRM": "0.001", "LBR": "0.45359237"}  # UN/ECE Rec. 20
# type of a previous or additional document (UN/EDIFACT 1001; in the EU behind an N): column
TRANSPORT_DOCUMENTS = {
    "703": "house_document",  # house waybill
    "714": "house_document",  # house bill of lading
    "704": "transport_document",  # master bill of lading
    "705": "transport_document",  # bill of lading
    "720": "transport_document",  # rail consignment note
    "730": "transport_document",  # road consignment note
    "740": "transport_document",  # air waybill
    "741": "transport_document",  # master air waybill
    "750": "transport_document",  # postal despatch note
    "760": "transport_document",  # multimodal transport document
}
# first letter of an EU document type (TARIC document groups) that is an authorisation
LICENCES = {"L": "import licence", "E": "export licence", "X": "export authorisation"}


def mode(text: str | None) -> tuple[str | None, str | None]:
    """The mode, and the code itself when no mode of the contract is meant by it.

    >>> mode("1"), mode("01"), mode("31"), mode("7")
    (('sea', None), ('sea', None), ('road', None), (None, '7'))
    """
    if not text:
        return None, None
    found = MODES.get(text.strip().lstrip("0")[:1])
    return (found, None) if found else (None, text)


def place(text: str | None) -> tuple[str | None, str | None]:
    """A UN/LOCODE, and the text itself when it is none.

    >>> place("XA PRT"), place("Lagos"), place(None)
    (('XAPRT', None), (None, 'Lagos'), (None, None))
    """
    if not text:
        return None, None
    found = locode(text)
    return (found, None) if found else (None, text)

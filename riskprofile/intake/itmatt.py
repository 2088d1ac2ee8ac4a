"""ITMATT postal items: one row per content piece (GID) of each item, as on a form CN 23.

Posts send each other the customs data of items before these arrive. An item begins at CNI,
or where a second S10 identifier turns up; it is known by that identifier, in whichever
segment it stands. The rest is found by segment and qualifier; the table says which fills
what. Source: UPU S10 for the identifier; the UN/EDIFACT directories and CN 23 for the
rest, since the message standard M33 is not public and no instance of it is known: hold the
table against the first real message before its rows are relied on.
"""

from __future__ import annotations

import re
from typing import ClassVar

from riskprofile.intake.edifact import Segment
from riskprofile.intake.edifact_cargo import Cargo, CargoReader
from riskprofile.intake.edifact_scope import Scope

# segment and qualifier: column; where several fill one column, the first wins
FIELDS = {
    ("BGM", ""): "reference",
    ("DTM", "137"): "lodged_at",
    ("DTM", "178"): "arrival_at",
    ("DTM", "132"): "arrival_at",
    ("NAD", "CZ"): "consignor",
    ("NAD", "SE"): "consignor",
    ("NAD", "CN"): "consignee",
    ("NAD", "CA"): "carrier",  # designated operator
    ("LOC", "27"): "country_of_origin",
    ("LOC", "35"): "country_of_export",
    ("LOC", "28"): "country_of_destination",
    ("LOC", "36"): "country_of_destination",
    ("GIS", "31"): "gift=true",  # UPU code list 136, nature of transaction
    ("FTX", "AAA"): "goods_description",
    ("IMD", ""): "goods_description",
    ("RFF", "HS"): "hs_code",
    ("PIA", "HS"): "hs_code",
    ("CST", ""): "hs_code",
    ("RFF", "EP"): "licence_number",
    ("RFF", "IP"): "licence_number",
    ("DOC", "811"): "licence_number",
    ("DOC", "911"): "licence_number",
    ("MEA", "G"): "gross_mass_kg",
    ("MEA", "AAB"): "gross_mass_kg",
    ("MEA", "N"): "net_mass_kg",
    ("MEA", "AAA"): "net_mass_kg",
    ("MEA", "WT"): "gross_mass_kg",
    ("QTY", ""): "quantity",
    ("MOA", "40"): "value",
    ("MOA", "45"): "value",
    ("MOA", "63"): "value",
    ("MOA", "43"): "value",  # of the whole item
    ("MOA", "64"): "freight_cost",  # postage
}
BEARERS = frozenset({"CNI", "DOC", "GID", "GIN", "PAC", "PCI", "RFF"})  # of an identifier
WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
_S10 = re.compile(r"[A-Z]{2}(\d{8})(\d)[A-Z]{2}")


def s10(text: str) -> str | None:
    """An S10 identifier whose check digit holds, without blanks.

    >>> s10("EE 473124829 XA"), s10("EE473124820XA")
    ('EE473124829XA', None)
    """
    text = "".join(text.split()).upper()
    found = _S10.fullmatch(text)
    if not found:
        return None
    rest = 11 - sum(int(digit) * by for digit, by in zip(found[1], WEIGHTS, strict=True)) % 11
    return text if int(found[2]) == {10: 0, 11: 5}.get(rest, rest) else None


class Items(Cargo):
    """One message: items, and in each its content pieces."""

    FIELDS = FIELDS
    MANY: ClassVar = True

    def scope(self, segment: Segment, now: Scope) -> Scope | None:
        """An item at CNI or at the next identifier; a content piece at GID."""
        opened: Scope | None = None
        number = _identifier(segment) if segment.tag in BEARERS else None
        known = self.within.values.get("bill") if self.within else None
        new = number and (self.within is None or known not in (None, number))
        if segment.tag == "CNI" or new:
            opened = self.consignment(segment)
            opened.put("transport_mode", "post", 0)
        if number and self.within:
            self.within.put("bill", number, 0)
        return self.item(segment, self.within) if segment.tag == "GID" else opened


def _identifier(segment: Segment) -> str | None:
    for at in range(1, len(segment.elements)):
        for part in segment.components(at):
            if found := s10(part):
                return found
    return None


class ItmattReader(CargoReader):
    """Reads ITMATT messages."""

    name = "itmatt"
    types = ("ITMATT",)
    kind = Items

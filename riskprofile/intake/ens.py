"""Entry summary declarations IE315 (`CC315A`) and their amendments IE313 (`CC313A`).

One row per goods item (`GOOITEGDS`). Element names carry the data group they belong to;
the tables below say which fills what. Only the root has a namespace, and a SOAP envelope
may stand outside. Parties, ports and the notify party stand at the header or at the item.
Source: the functional specification of the EU's Import Control System, version 11.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from riskprofile.errors import InputError
from riskprofile.intake import ens_rules
from riskprofile.intake.code_lists import LICENCES, TRANSPORT_DOCUMENTS, mode, place
from riskprofile.intake.reader import Source, unread
from riskprofile.intake.rows import (
    Gather,
    decimal,
    joined,
    journey,
    moment,
    number,
    one_line,
)
from riskprofile.intake.versions import ORIGINAL, REPLACE, version
from riskprofile.intake.xml import (
    Element,
    Leaves,
    XmlReader,
    items_with_headers,
    local,
    packages,
    stream,
)

AMENDMENT = "CC313A"
DECLARATION = frozenset({"CC315A", AMENDMENT})
ITEMS = frozenset({"GOOITEGDS"})

# column: paths below the root, the first that is filled counts
HEADER: dict[str, tuple[str, ...]] = {
    "declaration_id": ("HEAHEA/RefNumHEA4", "HEAHEA/DocNumHEA5"),
    "customs_office": ("CUSOFFFENT730/RefNumCUSOFFFENT731",),
    "carrier": ("TRACARENT601/TINTRACARENT602", "TRACARENT601/NamTRACARENT604"),
    "conveyance": ("HEAHEA/IdeOfMeaOfTraCroHEA85", "HEAHEA/ConRefNumHEA"),
    "declarant_id": ("PERLODSUMDEC/TINPLD1", "TRAREP/TINTRE1"),
}
LODGED = ("HEAHEA/DecDatTimHEA114", "HEAHEA/DatTimAmeHEA113")  # lodged_at, ccyymmddHHMM
PREPARED = ("DatOfPreMES9", "TimOfPreMES10")  # lodged_at else: yymmdd, HHMM
ARRIVAL = "CUSOFFFENT730/ExpDatOfArrFIRENT733"  # arrival_at
MODE = "HEAHEA/TraModAtBorHEA76"  # transport_mode
ROUTE = "ITI/CouOfRouCodITI1"  # route, in order
SEALS = "SEAID529/SeaIdSEAID530"  # seal_numbers
TOTAL_ITEMS = "HEAHEA/TotNumOfIteHEA305"
TOTAL_MASS = "HEAHEA/TotGroMasHEA307"  # gross_mass_kg of a single item without its own


def _party_at(one: str) -> dict[str, str]:
    """Part: path of a party, which the schema names `CO` or `CE`, 1 in the header, 2 at an item."""
    leaf = {"id": "TIN{}59", "name": "Nam{}7", "street": "StrAndNum{}22", "city": "Cit{}24"}
    leaf |= {"postcode": "PosCod{}23", "country": "Cou{}25"}
    return {part: f"TRACON{one}/{name.format(one)}" for part, name in leaf.items()}


# party: part: path; the header's, then the item's
PARTIES = {
    "consignor": (_party_at("CO1"), _party_at("CO2")),
    "consignee": (_party_at("CE1"), _party_at("CE2")),
}
# column: (header's path, item's path); the item's counts first
EITHER = {
    "notify_name": ("NOTPAR670/NamNOTPAR672", "PRTNOT640/NamPRTNOT642"),
    "port_of_loading": ("HEAHEA/PlaLoaGOOITE334", "PlaLoaGOOITE333"),
    "port_of_discharge": ("HEAHEA/PlaUnlGOOITE334", "PlaUnlGOOITE333"),
}
PORTS = ("port_of_loading", "port_of_discharge")
# column: path below GOOITEGDS
ITEM = {"item_number": "IteNumGDS7", "goods_description": "GooDesGDS23"}
HS_CODE = "COMCODGODITM/ComNomCMD1"
MASS = "GroMasGDS46"
CONTAINERS = "CONNR2/ConNumNR21"
PACKAGES, KIND, COUNT, PIECES = "PACGS2", "KinOfPacGS23", "NumOfPacGS24", "NumOfPieGS25"
DOCUMENTS, DOCUMENT_TYPE, DOCUMENT_ID = "PRODOCDC2", "DocTypDC21", "DocRefDC23"


class EnsReader(XmlReader):
    """Reads entry summary declarations, streamed."""

    name = "ens"
    opens = rb"<(?:\w+:)?CC31[35]A[\s>]"

    def nothing(self, where: str) -> InputError:
        """Of a file without any."""
        return unread("unread.ens", where, "Only IE315 and IE313 carry goods")

    def walk(self, source: Source) -> Iterator[tuple[_Header, int, Element]]:
        """Each goods item with its declaration."""
        return items_with_headers(source, DECLARATION, ITEMS, _headers(source))

    def write(self, rows: Gather, header: _Header, position: int, element: Element) -> None:
        """One row per goods item; a declaration without goods is a rejection by name."""
        if position:
            _item(rows, header, position, element)
        else:
            rows.reject(
                "no_goods_items",
                "the declaration holds no goods item",
                line=element.sourceline,
                record_id=header.values.get("declaration_id"),
            )


class _Header:
    """What all goods items of one declaration share."""

    def __init__(self, element: Element, items: int, mass: Decimal) -> None:
        leaves = Leaves(element)
        self.facts = ens_rules.facts(leaves)
        amended = local(element) == AMENDMENT
        self.warnings = ["amendment"] if amended else []
        self.broken = ens_rules.of_header(leaves, mass)
        values = {column: one_line(leaves.take(*paths)) for column, paths in HEADER.items()}
        prepared = "".join(leaves.take(path) or "" for path in PREPARED)
        made = f"20{prepared}" if len(prepared) >= 6 else None
        lodged = leaves.take(*LODGED) or made
        # An amendment repeats the whole declaration, so it stands in place of the one before.
        self.version = version(REPLACE if amended else ORIGINAL, made or lodged)
        for column, text in (("lodged_at", lodged), ("arrival_at", leaves.take(ARRIVAL))):
            values[column] = moment(text)
            if text and not values[column]:
                self.warnings.append("date_unreadable")
        values["transport_mode"], other = mode(leaves.take(MODE))
        values["route"] = journey(one_line(code) for code in leaves.all(ROUTE))
        values["seal_numbers"] = joined(one_line(seal) for seal in leaves.all(SEALS))
        for column, (at_header, _) in PARTIES.items():
            values |= _party(column, leaves, at_header)
        self.either = {column: one_line(leaves.take(path)) for column, (path, _) in EITHER.items()}
        self.total_mass = None
        if items == 1 and leaves.peek(TOTAL_ITEMS) == "1":  # else both stay in `extra`
            self.total_mass, _ = leaves.take(TOTAL_MASS), leaves.take(TOTAL_ITEMS)
        self.values = {column: value for column, value in values.items() if value}
        self.extra: dict[str, Any] = leaves.rest
        if other:
            self.extra["transport_mode_code"] = other


def _headers(source: Source) -> Iterator[_Header]:
    items, mass = 0, Decimal(0)
    for kind, element in stream(source, DECLARATION, ITEMS):
        if kind == "declaration":
            yield _Header(element, items, mass)
            items, mass = 0, Decimal(0)
        else:
            items += 1
            mass += decimal(Leaves(element).take(MASS)) or 0


def _party(column: str, leaves: Leaves, paths: dict[str, str]) -> dict[str, str | None]:
    """Columns of the first such party; nothing when the declaration names none here."""
    group = paths["name"].partition("/")[0]
    first, at = leaves.each(group)[0]
    found = {
        part: one_line(first.take(at + path.partition("/")[2])) for part, path in paths.items()
    }
    if not any(found.values()):
        return {}
    address = (found["street"], found["city"], found["postcode"])
    return {
        f"{column}_id": found["id"],
        f"{column}_name": found["name"],
        f"{column}_address": ", ".join(part for part in address if part) or None,
        f"{column}_country": found["country"],
    }


def _item(rows: Gather, header: _Header, position: int, element: Element) -> None:
    leaves = Leaves(element)
    warnings = [*header.warnings, *header.broken, *ens_rules.of_item(leaves, header.facts)]
    extra: dict[str, Any] = dict(header.version)
    values: dict[str, str | None] = dict(header.values)
    for column, path in ITEM.items():
        values[column] = one_line(leaves.take(path))
    values["item_number"] = values["item_number"] or str(position)
    for column, (_, at_item) in PARTIES.items():
        values |= _party(column, leaves, at_item)
    for column, (_, path) in EITHER.items():
        values[column] = one_line(leaves.take(path)) or header.either[column]
    for column in PORTS:
        values[column], text = place(values[column])
        if text:
            extra[column] = text
    code = one_line(leaves.take(HS_CODE))
    if code and values["goods_description"] and not re.fullmatch(r"[\d .]+", code, re.ASCII):
        extra["commodity_code"] = code  # the text is enough: one of the two is required
        warnings.append("hs_unreadable")
    elif code:
        values["hs_code"] = code
    mass = leaves.take(MASS) or header.total_mass
    values["gross_mass_kg"] = number(mass)
    if values["gross_mass_kg"] == "0":
        values["gross_mass_kg"] = None
        warnings.append("zero_mass")
    values["container_numbers"] = joined(one_line(text) for text in leaves.all(CONTAINERS))
    groups = leaves.groups(PACKAGES)
    values |= packages(groups, KIND, COUNT, PIECES)  # pieces where goods are unpacked
    if groups:
        extra["packages"] = [one.flat for one in groups]
    _documents(values, extra, leaves)
    extra |= leaves.rest
    if position == 1:  # once a declaration, or a thousand items would carry a thousand copies
        extra["header"] = header.extra
    rows.row(values, line=element.sourceline, warnings=warnings, extra=extra)


def _documents(values: dict[str, str | None], extra: dict[str, Any], leaves: Leaves) -> None:
    """Transport documents and authorisations by type; all stay in `extra`."""
    documents = []
    for one in leaves.groups(DOCUMENTS):
        kind, identity = one.take(DOCUMENT_TYPE) or "", one_line(one.take(DOCUMENT_ID))
        documents.append({"type": kind, "id": identity})
        column = TRANSPORT_DOCUMENTS.get(kind[-3:])
        if identity and column and not values.get(column):
            values[column] = identity
        if identity and kind[:1] in LICENCES and not values.get("licence_number"):
            values |= {"licence_number": identity, "licence_type": kind}
    if documents:
        extra["documents"] = documents

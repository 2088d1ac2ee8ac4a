"""One traveller of a PAXLST message: the NAD group, by segment and qualifier.

What the tables below do not name is not kept unless it is a reference or a place: free
text and service codes can tell of health or belief, so they are counted and dropped.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from riskprofile.intake.edifact import Segment
from riskprofile.intake.edifact_scope import numeral
from riskprofile.intake.edifact_times import birth_date, moment
from riskprofile.intake.message_header import LIST_UPDATES
from riskprofile.intake.rows import decimal, joined, number, one_line, plain
from riskprofile.intake.sensitive import sensitive
from riskprofile.intake.tokens import token

TRAVELLERS = {  # NAD qualifier: who it is
    "FL": "passenger",
    "FM": "crew",
    "DDU": "passenger in transit",
    "DDT": "crew in transit",
}
PLACES = {"178": "origin", "179": "destination", "174": "residence"}  # LOC
BORN, EXPIRES = "329", "36"  # DTM
ISSUER = "91"  # LOC, behind its DOC
SEX = "2"  # ATT
NATIONALITY = "2"  # NAT
LOCATOR, REFERENCE = "AVF", "ABO"  # RFF: booking, the traveller's own reference
BAGS, BAG_MASS = "CT", "WT"  # MEA
BAG_TAGS = "BAG"  # FTX: first tag, pieces whose tags follow it
VISA = "V"  # DOC: no travel document of its own
KILOGRAMS = {"KGM": "1", "LBR": "0.45359237"}  # UN/ECE Rec. 20

MAX_PIECES = 20  # bag tags written out from one first tag


class Traveller:
    """One NAD group: `values` by column, `extra`, `warnings`, and what the flight needs.

    `read_` and a tag is how such segments are read.
    """

    def __init__(self, group: list[Segment], sent: date | None) -> None:
        nad = group[0]
        self.kind, self.place, self.sent = nad.get(1), nad.place, sent
        self.values: dict[str, str | None] = {}
        self.extra: dict[str, Any] = {"role": TRAVELLERS[self.kind]}
        self.warnings = [segment.note for segment in group if segment.note]
        self.locator = self.reference = ""
        self.documents: list[dict[str, str]] = []
        self.tags: list[str] = []
        self.pieces = 0
        self.dropped = 0
        self._name(nad)
        for segment in group[1:]:
            if reader := getattr(self, "read_" + segment.tag.lower(), None):
                reader(segment)
        self._finish()

    def _name(self, nad: Segment) -> None:
        parts = [text for part in nad.components(4) if (text := one_line(part))]
        if parts:
            self.values["name"] = ", ".join((parts[0], " ".join(parts[1:]))).removesuffix(", ")
        else:
            self.warnings.append("name_missing")
        address = [one_line(nad.get(place)) for place in range(5, 10)]
        if any(address):
            self.extra["address"] = ", ".join(part for part in address if part)

    def _first(self, column: str, text: str | None) -> None:
        """The first counts; of others it is counted that they are not kept."""
        if text and self.values.setdefault(column, text) != text:
            self.dropped += 1

    def read_att(self, segment: Segment) -> None:
        if segment.get(1) == SEX:
            self._first("sex", segment.get(3))

    def read_nat(self, segment: Segment) -> None:
        if segment.get(1) == NATIONALITY:
            self._first("nationality", segment.get(2))

    def read_dtm(self, segment: Segment) -> None:
        if segment.get(1) == BORN:
            born = birth_date(segment.get(1, 1), self.sent)
            self._first("born", born)
            if born is None and segment.get(1, 1):
                self.warnings.append("date_unreadable")
        elif segment.get(1) == EXPIRES and self.documents:
            expires = moment(segment, self.sent)
            if expires:
                self.documents[-1]["expires"] = expires.date().isoformat()

    def read_loc(self, segment: Segment) -> None:
        qualifier, place = segment.get(1), segment.get(2).upper()
        column = PLACES.get(qualifier, "")
        if column == "residence" or (column and self.values.get(column, place) == place):
            self._first(column, place)
        elif qualifier == ISSUER and self.documents:
            self.documents[-1]["issuer"] = place
        elif place:
            self.extra.setdefault("places", {}).setdefault(qualifier, {})[place] = None

    def read_doc(self, segment: Segment) -> None:
        document = {"type": segment.get(1), "number": segment.get(2)}
        self.documents.append({name: text for name, text in document.items() if text})
        if not document["type"]:
            self.warnings.append("document_without_type")

    def read_rff(self, segment: Segment) -> None:
        qualifier, text = segment.get(1), segment.get(1, 1)
        if qualifier == LOCATOR and not self.locator:
            self.locator = text
        elif qualifier == REFERENCE and not self.reference:
            self.reference = text
        elif text and not sensitive(text):
            self.extra.setdefault("references", {}).setdefault(qualifier, {})[text] = None
        elif text:
            self.dropped += 1

    def read_mea(self, segment: Segment) -> None:
        unit, text = segment.get(3).upper(), segment.get(3, 1)
        if segment.get(1) == BAGS:
            self.values["checked_bags"] = number(text)
        elif segment.get(1) == BAG_MASS:
            mass, factor = decimal(numeral(text)), decimal(KILOGRAMS.get(unit or "KGM"))
            if mass is not None and factor is not None:
                self.values["bag_mass_kg"] = plain(mass * factor)
            elif text:
                self.warnings.append("unit_unknown" if factor is None else "mass_unreadable")

    def read_ftx(self, segment: Segment) -> None:
        """Bag tags of every such segment; other free text may tell of health: dropped."""
        if segment.get(1) != BAG_TAGS:
            self.dropped += 1
            return
        first, pieces = segment.get(4), segment.get(4, 1)
        if not first:
            return
        if re.fullmatch(r"\d{1,3}", pieces):
            count = int(pieces)
            self.tags += tags_from(first, count)
        else:
            others = [text for text in segment.components(4) if text]
            count = len(others)
            self.tags += others
        self.pieces += count

    def read_gei(self, segment: Segment) -> None:
        self.extra["processing"] = segment.get(2)
        if segment.get(2) in LIST_UPDATES:  # of this traveller alone
            self.extra["message_function"] = LIST_UPDATES[segment.get(2)]

    def read_com(self, segment: Segment) -> None:
        if (text := segment.get(1)) and not sensitive(text):
            self.extra.setdefault("contact", []).append(text)

    def read_emp(self, segment: Segment) -> None:
        self.extra["employment"] = segment.get(2)

    def _finish(self) -> None:
        for name in ("places", "references"):
            for qualifier, texts in self.extra.get(name, {}).items():
                self.extra[name][qualifier] = next(iter(texts)) if len(texts) == 1 else [*texts]
        travel = [one for one in self.documents if one.get("type") != VISA] or self.documents
        if travel:
            first = travel[0]
            for name in ("type", "number", "issuer"):
                self.values[f"document_{name}"] = first.get(name)
            if first.get("number") and first.get("issuer"):
                self.values["person_ref"] = token("person", first["issuer"], first["number"])
            if first.get("expires"):
                self.extra["document_expires"] = first["expires"]
            if others := [one for one in self.documents if one is not first]:
                self.extra["documents"] = others
        self.values["party_ref"] = self.locator or None
        self.values["bag_tags"] = joined(one_line(tag) for tag in self.tags)
        if self.pieces and not self.values.get("checked_bags"):
            self.values["checked_bags"] = str(self.pieces)
        if self.dropped:
            self.extra["dropped"] = self.dropped


def tags_from(first: str, pieces: int) -> list[str]:
    """The tags that follow a first one, when it ends in a number.

    >>> tags_from("UA998", 3)
    ['UA998', 'UA999', 'UA1000']
    """
    found = re.fullmatch(r"(.*?)(\d{1,12})", first)
    if not found or not 1 < pieces <= MAX_PIECES:
        return [first]
    start, width = int(found[2]), len(found[2])
    return [f"{found[1]}{start + step:0{width}d}" for step in range(pieces)]

"""The spreadsheet form of an ASYCUDA manifest: its columns are the tags of the XML.

A heading may be a group, whose column is empty and which says to what the next columns
belong, since some tags stand for voyage and bill, or for container and goods. Fields of
the voyage and of the master stand on its first row only; a bill goes on in rows that fill
nothing but a container. Each bill becomes the element that the XML would have, so `awmds`
alone says which tag fills which column.

Source: published descriptions of the form; no sample with a licence that allows copying is
known.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from riskprofile.intake import awmds
from riskprofile.intake.cells import as_text
from riskprofile.intake.columns import REPEATED, REPEATED_TOLD
from riskprofile.intake.reader import RawChunk, Source, unread
from riskprofile.intake.rows import Gather
from riskprofile.intake.sad import Dates
from riskprofile.intake.xml import Element

PROFILE = "shipment"
VOYAGE, BILL, CONTAINER, GOODS = "General_segment", "Bol_segment", "ctn_segment", "Goods_segment"
NOWHERE = ""  # the segment of cells that no heading names: they tell of no other bill or goods

# A heading that opens a segment; the group itself, or the first tag where groups are left out.
OPENS = {
    tag.casefold(): segment
    for segment, tags in {
        VOYAGE: (VOYAGE,),
        BILL: (
            *(BILL, "Bol_id", "Bol_reference", "Value_segment", "Freight_segment"),
            *("Freight_value", "Customs_segment", "Customs_value"),
        ),
        CONTAINER: (CONTAINER, "Ctn_reference"),
        GOODS: (
            *(GOODS, "Package_type_code", "Gross_mass", "Shipping_marks"),
            "Goods_description",
        ),
    }.items()
    for tag in tags
}
# Tags of the voyage wherever they stand; `Carrier_code` is not among them.
OF_VOYAGE = frozenset(
    tag.casefold()
    for tag in (
        *(tag for tag in awmds.VOYAGE.values() if tag != "Carrier_code"),
        *awmds.ARRIVAL,
        *awmds.LEGS,
        awmds.LODGED,
        awmds.MODE,
        awmds.VOYAGE_NUMBER,
    )
)
REFERENCE, MASTER = awmds.BILL["declaration_id"], awmds.MASTER
COUNT = awmds.NUMBERS["package_count"].casefold()
TYPE, HOUSES = "Bol_type_code", frozenset({"HSB", "HBL", "HWB", "HAWB"})
# Amounts of a bill as a whole, and what stands before their tags where it has several goods.
AMOUNTS = frozenset(tag.casefold() for tag in (awmds.VALUE, awmds.FREIGHT, *awmds.NUMBERS.values()))
TOTAL = "Total_"
_ASKED = {tag.casefold(): tag for tag in (REFERENCE, MASTER, TYPE)}  # here, as they are spelt
_KNOWN = {*OPENS, *OF_VOYAGE} | {
    tag.casefold()
    for tag in (*awmds.BILL.values(), *awmds.PORTS.values(), awmds.NATURE, MASTER, TYPE)
}
_DATES = frozenset(tag.casefold() for tag in (awmds.LODGED, awmds.ARRIVAL[0]))
_SURE = 5  # known tags; a table of one's own has few of them
_NO_NAME = re.compile(r"[^\w.-]")
_NO_TEXT = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # of XML

Cells = dict[str, str]


def is_form(headings: Sequence[str]) -> bool:
    """Whether these are the headings of the form."""
    tags = {heading.strip().casefold() for heading in headings}
    return REFERENCE.casefold() in tags and len(tags & _KNOWN) >= _SURE


def places(headings: Sequence[str]) -> list[tuple[str, str]]:
    """Segment and tag of each column.

    >>> [at for at, _ in places(["Carrier_code", "Bol_reference", "Carrier_code"])]
    ['General_segment', 'Bol_segment', 'Bol_segment']
    """
    made: list[tuple[str, str]] = []
    segment = VOYAGE
    for heading in headings:
        tag = _ASKED.get(heading.strip().casefold(), heading.strip())
        segment = OPENS.get(tag.casefold(), segment)
        made.append((VOYAGE if tag.casefold() in OF_VOYAGE else segment, tag))
    # Of two counts of packages the second is that of the goods; so is one that stands alone.
    counts = [at for at, (_, tag) in enumerate(made) if tag.casefold() == COUNT]
    if counts and made[counts[-1]][0] == CONTAINER:
        made[counts[-1]] = GOODS, made[counts[-1]][1]
    return made


@dataclass
class _Bill:
    """One bill while its rows are read."""

    line: int
    cells: dict[str, Cells]  # of the bill and of its goods
    amounts: Cells  # of the bill, as its first row states them
    containers: list[Cells] = field(default_factory=list)
    others: Cells = field(default_factory=dict)  # under no heading

    def goes_on(self, parts: dict[str, Cells]) -> bool:
        """Whether a row repeats nothing else than what the bill already says."""
        said = {BILL: {**self.amounts, **self.cells[BILL]}, GOODS: self.cells[GOODS]}
        return all(
            said[segment].get(tag) == text
            for segment in (BILL, GOODS)
            for tag, text in parts[segment].items()
        )

    def further(self, own: Cells) -> Cells:
        """What more goods of the bill have of it: of its amounts those that they state anew.

        The others are of all its goods together, so they are no longer those of the first.
        """
        mine = self.cells[BILL]
        whole = {(tag, text) for tag, text in self.amounts.items() if own.get(tag, text) == text}
        self.cells[BILL] = {
            TOTAL + tag if (tag, text) in whole else tag: text for tag, text in mine.items()
        }
        told = own if REFERENCE in own else {**mine, **own}
        return {
            tag: text
            for tag, text in told.items()
            if not _amount(tag) or (tag in own and (tag, text) not in whole)
        }


class _Manifest:
    """The voyage that rows stand under, and the bill that is open."""

    def __init__(self, rows: Gather, dates: Dates) -> None:
        self.rows, self.dates = rows, dates
        self.own: Cells = {}
        self.line = 0  # where they stand
        self.header: awmds.Voyage | None = None
        self.position = 0
        self.master = ""
        self.items: Counter[str] = Counter()
        self.open: _Bill | None = None

    def add(self, line: int, parts: dict[str, Cells]) -> None:
        """Take in one row."""
        own = parts[VOYAGE]
        others = {f"{tag}\0{line}": text for tag, text in parts[NOWHERE].items()}
        if self.header is None or any(self.own.get(tag) != text for tag, text in own.items()):
            self.end()
            self.own, self.line, self.position, self.master = own, line, 0, ""
            self.header = awmds.Voyage(_element(VOYAGE, own), self.dates)
            self.items.clear()
        if not any(parts[segment] for segment in (BILL, GOODS, CONTAINER)):
            if self.open is not None:
                self.open.others |= others
            elif others:
                reason, raw = (
                    "no bill stands above to which its cells could belong",
                    others.values(),
                )
                self.rows.reject("empty_item", reason, line=line, raw="\t".join(raw))
            return
        if self.open is None or not self.open.goes_on(parts):
            before, own = self.open, parts[BILL]
            amounts = {tag: text for tag, text in own.items() if _amount(tag)}
            if before and own.get(REFERENCE) in (None, before.cells[BILL].get(REFERENCE)):
                own, amounts = before.further(own), before.amounts
            self.close()
            cells = {BILL: self._with_master(own), GOODS: parts[GOODS]}
            self.open = _Bill(line, cells, amounts)
        if parts[CONTAINER]:
            self.open.containers.append(parts[CONTAINER])
        self.open.others |= others

    def _with_master(self, cells: Cells) -> Cells:
        if own := cells.get(MASTER):
            self.master = own
        elif self.master and cells.get(TYPE, "HSB").upper() in HOUSES:
            return {**cells, MASTER: self.master}
        return cells

    def end(self) -> None:
        """Add the row of the open bill; a voyage of which none came is set aside."""
        self.close()
        if self.own and not self.position:
            self.rows.reject("no_consignments", "the manifest lists no bill", line=self.line)

    def close(self) -> None:
        """Add the row of the open bill."""
        if self.open is None or self.header is None:
            return
        element = _element(BILL, self.open.cells[BILL] | self.open.others)
        for container in self.open.containers:
            element.append(_element(CONTAINER, container))
        element.append(_element(GOODS, self.open.cells[GOODS]))
        self.position += 1
        reference = self.open.cells[BILL].get(REFERENCE, "")
        self.items[reference] += 1
        item = str(self.items[reference])
        awmds.bill(self.rows, self.header, self.position, element, self.open.line, item)
        self.open = None


def _amount(tag: str) -> bool:
    return tag.partition("\0")[0].casefold() in AMOUNTS


def look(headings: Sequence[str], numbered: Iterable[tuple[int, list[Any]]], dates: Dates) -> None:
    """Take in what the dates of a sheet show of their order."""
    dated = [at for at, (_, tag) in enumerate(places(headings)) if tag.casefold() in _DATES]
    for _, row in numbered if dated else ():
        for cell in (row[at] for at in dated if at < len(row)):
            dates.see((as_text(cell) or "").strip())


def filled(headings: Sequence[str], numbered: Iterable[tuple[int, list[Any]]]) -> bool:
    """Whether any row tells of more than the voyage."""
    columns = places(headings)
    told = (_parts(columns, row) for _, row in numbered)
    return any(parts[segment] for parts in told for segment in (BILL, GOODS, CONTAINER))


def read(
    headings: Sequence[str],
    numbered: Iterable[tuple[int, list[Any]]],
    dates: Dates,
    source: Source,
    chunk_rows: int,
) -> Iterator[RawChunk]:
    """One row per bill, from the rows of a sheet below its headings, each with its number.

    `dates` has seen those of all sheets: what settles their order may stand in the last.
    """
    columns = places(headings)
    rows = Gather(PROFILE, source, chunk_rows)
    manifest = _Manifest(rows, dates)
    for line, row in numbered:
        parts = _parts(columns, row)
        if parts[BILL].get(REFERENCE, "").casefold() == REFERENCE.casefold():
            rows.reject(REPEATED, REPEATED_TOLD, line=line)
        elif any(parts.values()):
            manifest.add(line, parts)
        if rows.full:
            yield rows.take()
    manifest.end()
    if rows.accepted == 0:
        raise unread("unread.no_bill", source.name, "Fill the rows below the headings")
    yield rows.take()


def _parts(columns: list[tuple[str, str]], row: list[Any]) -> dict[str, Cells]:
    """The filled cells of a row, by segment."""
    parts: dict[str, Cells] = {VOYAGE: {}, BILL: {}, CONTAINER: {}, GOODS: {}, NOWHERE: {}}
    for at, cell in enumerate(row):
        segment, tag = columns[at] if at < len(columns) else (NOWHERE, "")
        if text := (as_text(cell) or "").strip():
            own = parts[segment if tag else NOWHERE]
            tag = tag or f"column {at + 1}"
            own[f"{tag}\0{at}" if tag in own else tag] = text  # another column of the tag
    return parts


def _element(name: str, cells: Cells) -> Element:
    made = etree.Element(name)
    for tag, text in cells.items():
        safe = _NO_NAME.sub("_", tag.partition("\0")[0])
        safe = safe if re.match(r"[^\W\d]", safe) else f"_{safe}"
        etree.SubElement(made, safe).text = _NO_TEXT.sub(" ", text)
    return made

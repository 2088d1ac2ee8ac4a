"""Papers of a declaration, checked for who lodges it: complete, worded as coded, licensed.

Whoever asks here may be a lawful exporter or somebody who tries out a disguise, and nobody can
tell which. So an answer may hold nothing that a trafficker could not look up in a tariff, a
form or a treaty, and nothing here rates: no scorecard, no lexicon, no indicator, no history, no
register, no database. An import contract forbids them, and a test looks at what is loaded.

**Why the wording of arms cannot be probed.** Who hides a pistol slide wants to know which words
pass. If the page said "the words speak for arms", it would tell. If it fell silent where they
do, silence would tell as well: the same words under an absurd code, say live horses, would be
contradicted if they read as anything else. So it does not fall silent either: words are weighed
as if the chapters of `PAPERS` had never been in the table, and a word that speaks for them alone
is an unknown word; one with another trade as well (the silencer of a car) weighs for that trade.
What the table knows of arms changes no answer by a bit: a test alters it and compares. What is
declared openly under those chapters is not weighed at all: any words fit. A firm that declares
arms as arms learns which papers it needs from its code, and from nothing else.

What an answer does not say it has not looked at: a page without findings is no clearance.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from riskprofile.errors import InputError
from riskprofile.intake import archive, canonical
from riskprofile.intake.columns import AUTO
from riskprofile.intake.detect import READERS, detect
from riskprofile.intake.reader import RawChunk, Reader, Source
from riskprofile.layouts import SHIPMENT
from riskprofile.reference import nomenclature, wording
from riskprofile.tables import Column, Mask, Table

MAX_BYTES = 1_000_000  # of a file
MAX_UNPACKED = 2_000_000  # of what it holds, where it is packed
MAX_ROWS = 500
READ = 2_000  # characters of a description: a goods line has under 1,000, an attack has more
# These unpack within themselves, beyond what the limits above can see; a sheet takes 512 MB.
NOT_HERE = ("parquet", "xlsx")
GOODS = (AUTO, SHIPMENT.name)  # what a reader that is asked here may hold

Kind = Literal["completeness", "wording", "licence"]
Severity = Literal["must", "should"]


class Refused(InputError):
    """The file as a whole is not checked; `key` names the sentence that says why."""

    def __init__(self, key: str, **values: Any) -> None:
        self.key, self.values = key, values
        super().__init__(key)


@dataclass(frozen=True)
class Finding:
    """One thing to mend: where, what, how much it matters, and what to do.

    `says` and `do` are keys of the catalogue, filled with `values` and the column's own name.
    `line` is the goods item's place in a form, and the line or row in a file.
    """

    line: int
    column: str
    kind: Kind
    severity: Severity
    says: str
    do: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Checked:
    """How many goods items were read, and what was found."""

    rows: int
    findings: tuple[Finding, ...]


class Needed(NamedTuple):
    """A column that a customs office needs, and the box of the single administrative document.

    `beside` is the column without which it is not asked for: a unit belongs to a quantity.
    """

    column: str
    severity: Severity
    box: str
    beside: str = ""


# Beyond what the intake asks for. Boxes as in the UN layout key that the SAD follows.
NEEDED = (
    Needed("goods_description", "must", "31"),
    Needed("hs_code", "must", "33"),
    Needed("consignor_name", "must", "2"),
    Needed("consignor_address", "must", "2"),
    Needed("consignor_country", "should", "2"),
    Needed("consignee_name", "must", "8"),
    Needed("consignee_address", "must", "8"),
    Needed("consignee_country", "should", "8"),
    Needed("country_of_origin", "must", "34"),
    Needed("package_count", "must", "31"),
    Needed("package_type", "should", "31"),
    Needed("gross_mass_kg", "must", "35"),
    Needed("quantity", "should", "41"),
    Needed("quantity_unit", "must", "41", beside="quantity"),
    Needed("value", "must", "42"),
    Needed("currency", "must", "22", beside="value"),
)


class Paper(NamedTuple):
    """A paper that goods of some headings need, where its number goes, and what asks for it."""

    headings: tuple[str, ...]
    column: str
    severity: Severity
    source: str


ARMS = ("9301", "9302", "9303", "9305", "9306")  # firearms, their parts, ammunition
PROTOCOL = "UN Firearms Protocol (2001), article"
PAPERS = (
    Paper(ARMS, "licence_number", "must", f"{PROTOCOL} 10(1)"),
    Paper(ARMS, "licence_type", "should", f"{PROTOCOL} 10(2)"),
    Paper(ARMS, "end_use_certificate", "should", "Arms Trade Treaty (2013), article 8(1)"),
    # Powder is ammunition to the Protocol where a State licenses it; most do.
    Paper(("3601",), "licence_number", "must", f"{PROTOCOL} 3(c), 10(1)"),
    Paper(("3602",), "licence_number", "must", "Directive 2014/28/EU, article 11, or its like"),
)

# Chapters whose wording is not weighed, and the national ones, for which no wording stands.
UNWEIGHED = frozenset(heading[:2] for paper in PAPERS for heading in paper.headings)
_WITHOUT = UNWEIGHED | frozenset(nomenclature.NATIONAL)
# 0.01 nats. With these a wrong chapter is told for 4 of 5 official texts (1 of 3 goods lines as
# firms write them), and a right one is doubted in 2 of 1,000.
SPEAKS, AGAINST, APART = 600, 0, 700
NEAR = 200  # of the best: what the words speak for as well


def check(items: Sequence[Mapping[str, str]]) -> Checked:
    """Check a declaration as it was typed: one mapping of columns to text a goods item.

    Names that are no columns of a shipment are not read.

    >>> found = check([{"declaration_id": "X1", "goods_description": "wooden chairs"}]).findings
    >>> [one.column for one in found if one.says == "check.missing"][:2]
    ['consignor_name', 'consignor_address']
    """
    rows: dict[str, Any] = {
        name: [item.get(name) or None for item in items] for name in SHIPMENT.names
    }
    rows |= {"source": ["form"] * len(items), "line": pa.array(range(1, len(items) + 1), "int64")}
    return _checked([RawChunk(SHIPMENT.name, pa.RecordBatch.from_pydict(rows))])


def check_file(content: bytes) -> Checked:
    """Check a file that the intake reads: text tables and messages, plain or packed.

    Raises
    ------
    Refused
        Larger than 1 MB, 2 MB unpacked or 500 rows; several files; a workbook or Parquet; no
        goods declarations; or what the intake refuses as a whole.
    """
    if len(content) > MAX_BYTES:
        raise Refused("check.file_large")

    def opener() -> Any:
        return io.BufferedReader(io.BytesIO(content))

    try:
        reader, source = _reader(Source("file", None, len(content), opener))
        read: list[RawChunk] = []
        rows = 0
        for raw in reader.read(source, SHIPMENT.name, MAX_ROWS + 1):
            read.append(raw)
            rows += len(raw.rows) + len(raw.rejected)
            if rows > MAX_ROWS:
                raise Refused("check.file_long", rows=MAX_ROWS)
    except Refused:
        raise
    except InputError as error:
        raise Refused("check.file_unread", what=error.what) from None
    return _checked(read)


def _reader(packed: Source) -> tuple[Reader, Source]:
    """The one stream of a file and who reads it."""
    found = archive.unpacked(packed, MAX_UNPACKED)
    if len(found) > 1:
        raise Refused("check.file_many")
    taken = [one.name for one in READERS if one.name not in NOT_HERE and one.profile in GOODS]
    reader = detect(found[0], known=taken)
    if reader.name in NOT_HERE:
        raise Refused("check.file_binary")
    if reader.profile not in GOODS:
        raise Refused("check.file_other")
    return reader, found[0]


def _checked(read: Sequence[RawChunk]) -> Checked:
    found: list[Finding] = []
    for raw in read:
        found += [
            Finding(one.line, "", "completeness", "must", "check.row", "check_do.row",
                    {"reason": one.reason})
            for one in raw.rejected
        ]  # fmt: skip
        found += _of_rows(raw)
    place = {name: number for number, name in enumerate(SHIPMENT.names)}
    found.sort(key=lambda one: (one.line, one.severity, place.get(one.column, -1)))
    return Checked(sum(len(raw.rows) + len(raw.rejected) for raw in read), tuple(found))


def _of_rows(raw: RawChunk) -> Iterator[Finding]:
    """What is to mend in rows that are rows."""
    table, faults = canonical.told(raw, SHIPMENT)
    lines = table["line"].tolist()
    asked: dict[str, np.ndarray] = {}  # rows of a column of which something was said
    for column, code, rows in faults:
        yield from _faulty(column, code, [lines[row] for row in np.flatnonzero(rows)])
        asked[column] = rows | asked.get(column, rows)
    nothing = np.zeros(len(table), dtype=bool)

    def sound(column: str) -> np.ndarray:
        """Rows whose cell holds what its column can hold."""
        held: np.ndarray = table[column].notna().to_numpy() & ~asked.get(column, nothing)
        return held

    for need in NEEDED:
        missing = table[need.column].isna().to_numpy() & ~asked.get(need.column, nothing)
        if need.beside:
            missing &= table[need.beside].notna().to_numpy()
        for row in np.flatnonzero(missing):
            yield Finding(
                lines[row], need.column, "completeness", need.severity,
                "check.missing", _do(need.column), {"box": need.box},
            )  # fmt: skip
    coded = sound("hs_code")
    for row in np.flatnonzero(coded):
        yield from _code(lines[row], table["hs_code"].iloc[row])
    described = sound("goods_description")
    texts = table["goods_description"].str.slice(0, READ)
    empty = described & wording.vague(texts).to_numpy()
    for row in np.flatnonzero(empty):
        yield Finding(
            lines[row], "goods_description", "completeness", "must",
            "check.vague", "check_do.goods_description",
        )  # fmt: skip
    yield from _wording(table, texts, np.flatnonzero(coded & described))
    for paper in PAPERS:
        under = table["hs_code"].str.startswith(paper.headings, na=False)
        yield from _paper(paper, table, coded & under.to_numpy())


def _faulty(column: str, code: str, lines: Sequence[int]) -> Iterator[Finding]:
    """What the intake would refuse a file for."""
    spec = SHIPMENT.by_name[column]
    values = {"choices": ", ".join(spec.choices)} if spec.choices else {}
    box = next((need.box for need in NEEDED if need.column == column), "")
    if code == "mandatory_missing":
        says, do = "check.missing" if box else "check.missing_mandatory", _do(column)
        values = {"box": box}
    else:
        says, do = f"check_fault.{code}", f"check_do.{spec.kind}"
    for line in lines:
        yield Finding(line, column, "completeness", "must", says, do, values)


def _do(column: str) -> str:
    """What to do about a missing cell; both parties have the same words."""
    return f"check_do.{column.replace('consignor_', 'party_').replace('consignee_', 'party_')}"


def _code(line: int, code: str) -> Iterator[Finding]:
    """A code with too few digits, or one that the nomenclature does not know."""
    if len(code) < nomenclature.SPECIFIC:
        says = "check.code_short"
    elif not nomenclature.exists(pd.Series([code]))[0]:
        says = "check.code_unknown"
    else:
        return
    yield Finding(line, "hs_code", "completeness", "must", says, "check_do.hs_code", {"code": code})


def _wording(table: Table, texts: Column, rows: np.ndarray) -> Iterator[Finding]:
    """Where words speak for another chapter, and clearly; the module says how arms are left out."""
    declared = table["hs_code"].iloc[rows].str[:2].tolist()
    spoken = wording.chapters_spoken_for(texts.iloc[rows].tolist(), _WITHOUT)
    for row, chapter, scores in zip(rows.tolist(), declared, spoken, strict=True):
        if chapter not in scores:  # no word is known, or the chapter is not weighed
            continue
        best, own = max(scores.values()), scores[chapter]
        if best < SPEAKS or own > AGAINST or best - own < APART:
            continue
        near = sorted((-score, one) for one, score in scores.items() if score >= best - NEAR)
        yield Finding(
            int(table["line"].iloc[row]), "hs_code", "wording", "should",
            "check.wording", "check_do.wording",
            {
                "chapters": tuple((one, _heading(one)) for _, one in near[:2]),
                "declared": ((chapter, _heading(chapter)),),
            },
        )  # fmt: skip


def _heading(chapter: str) -> str:
    """The first words of a chapter's title: what tells it from others."""
    return nomenclature.text_of(chapter).split(";")[0]


def _paper(paper: Paper, table: Table, under: Mask) -> Iterator[Finding]:
    """A paper that the declared code asks for, and that is not named. No register is asked."""
    absent = table[paper.column].isna().to_numpy() & under
    for row in np.flatnonzero(absent):
        code = str(table["hs_code"].iloc[row])[:4]
        yield Finding(
            int(table["line"].iloc[row]), paper.column, "licence", paper.severity,
            "check.paper", f"check_do.{paper.column}", {"code": code, "source": paper.source},
        )  # fmt: skip

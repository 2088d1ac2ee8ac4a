"""Seeded markers in what must never be stored, through the real command into a real home.

    python -m tests.intake.sensitive_seeds --markers 1000

Every format that can hold travellers gets its share of markers: meals, health, belief,
requests and remarks, cards; in columns of their own, in columns of any name, in canonical
columns, nested in `extra`, in records that are set aside and in lines that are no record.
Then `riskprofile score` and `convert` run over all files, and each marker is looked for in
every byte of the home, the results, the quarantine and what was printed; tables of the
database are opened, and their Parquet cells with them. Ordinary markers beside them must
be found, or the search itself would prove nothing.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import xlwt

from tests.intake.samples import FIXTURES

HEADINGS = (
    *("Meal", "Special meal code", "SSR", "OSI text", "Remarks", "Medical note", "Religion"),
    *("Condition médicale", "Observaciones", "Rollstuhl", "примечание", "ملاحظات", "饮食"),
    *("Wheelchair", "Ethnic group", "Trade union", "VGML", "Dietary wishes", "Free text"),
)
TEXTS = (
    *("VGML {}", "{} KSML", "SSR WCHR FN HK1 {}", "OSI FN {}", "SSR OTHS {}", "MEDA {}"),
    *("needs insulin {}", "muslim pilgrim {}", "Rollstuhl {}", "musulmán {}", "инвалид {}"),
    *("清真{}", "wheelchair to gate {}", "halal {}", "is pregnant {}"),
)
CANONICAL = ("goods_declared", "service_number", "transport_mode", "payment_method", "carrier")
BASE = ("crossing_id", "crossing_at", "crossing_point", "name", "born", *CANONICAL)
COLUMNS = (*BASE, "extra", "Seat", "Info", *HEADINGS)
CARDS = ("4", "51", "34", "37", "6011", "2221")
ORDINARY = "ORD"


@dataclass
class Seeds:
    """Markers given out so far: by the format and the way they were hidden."""

    chance: random.Random
    hidden: dict[str, str] = field(default_factory=dict)  # marker: format, way
    ordinary: dict[str, str] = field(default_factory=dict)  # marker: format
    serial: int = 0

    def marker(self, kind: str, way: str) -> str:
        made = f"QZ{self.chance.getrandbits(48):012X}"
        self.hidden[made] = f"{kind}: {way}"
        return made

    def card(self, kind: str) -> str:
        """A number that passes the check of cards."""
        prefix = self.chance.choice(CARDS)
        length = 15 if prefix in ("34", "37") else 16
        digits = prefix + "".join(
            str(self.chance.randrange(10)) for _ in range(length - len(prefix) - 1)
        )
        total = sum(
            sum(divmod(2 * int(digit), 10)) if place % 2 == 0 else int(digit)
            for place, digit in enumerate(reversed(digits))
        )
        made = digits + str(-total % 10)
        self.hidden[made] = f"{kind}: card"
        return made

    def plain(self, kind: str) -> str:
        made = f"{ORDINARY}{self.chance.getrandbits(48):012X}"
        self.ordinary[made] = kind
        return made

    def crossing(self) -> str:
        self.serial += 1
        return f"XC-{self.serial:06d}"


def record(seeds: Seeds, kind: str) -> dict[str, str]:
    """One traveller with one marker somewhere, and an ordinary one beside it."""
    chance = seeds.chance
    row = {
        "crossing_id": seeds.crossing(),
        "crossing_at": "2026-11-24T08:00:00Z",
        "crossing_point": "XMPME",
        "Seat": f"12A {seeds.plain(kind)}",
    }
    way = chance.choice(("heading", "text", "canonical", "card", "nested", "rejected", "column"))
    if way == "heading":
        row[chance.choice(HEADINGS)] = seeds.marker(kind, way)
    elif way == "text":
        row["Info"] = chance.choice(TEXTS).format(seeds.marker(kind, way))
    elif way == "canonical":
        row[chance.choice(CANONICAL)] = chance.choice(TEXTS[:6]).format(seeds.marker(kind, way))
    elif way == "card":
        row[chance.choice(("Info", "payment_method", "goods_declared"))] = (
            f"paid {seeds.card(kind)}"
        )
    elif way == "nested":
        marker = seeds.marker(kind, way)
        row["extra"] = json.dumps(
            chance.choice(
                (
                    {"booking": {"remarks": marker}},
                    {"requests": ["aisle", f"SSR BLND {marker}"]},
                    {"a": [{"meal": {"code": marker}}]},
                    {"diet": marker},
                )
            )
        )
    elif way == "rejected":
        row["crossing_at"] = "yesterday"
        row[chance.choice(HEADINGS)] = seeds.marker(kind, way)
        del seeds.ordinary[row.pop("Seat")[4:]]
    else:  # a column that is no name of anything
        row["Info"] = f"OSI {seeds.marker(kind, way)}"
    return row


def _torn(seeds: Seeds, kind: str) -> str:
    """A line that is no record, with a marker in it."""
    marker = seeds.marker(kind, "torn line")
    if kind == "jsonl":
        return f'{{"crossing_id": "{seeds.crossing()}", "meal": "{marker}", }}'
    return ",".join([seeds.crossing(), "2026-11-24", *[marker] * (len(COLUMNS) + 2)])


def table(seeds: Seeds, kind: str, count: int) -> list[dict[str, str]]:
    return [record(seeds, kind) for _ in range(count)]


def write_tables(folder: Path, seeds: Seeds, share: int) -> list[Path]:
    """A file of each format that reads tables."""
    made: list[Path] = []

    def csv_text(kind: str) -> bytes:
        out = io.StringIO()
        writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(table(seeds, kind, share - share // 10))
        out.write("".join(f"{_torn(seeds, kind)}\n" for _ in range(share // 10)))
        return out.getvalue().encode()

    (folder / "a.csv").write_bytes(csv_text("csv"))
    (folder / "b.csv.gz").write_bytes(gzip.compress(csv_text("csv.gz")))
    lines = [json.dumps(row, ensure_ascii=False) for row in table(seeds, "jsonl", share - 5)]
    lines += [_torn(seeds, "jsonl") for _ in range(5)]
    (folder / "c.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    rows = table(seeds, "parquet", share)
    arrow = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in COLUMNS}
    pq.write_table(pa.table(arrow), folder / "d.parquet")
    book = openpyxl.Workbook()
    for row in ([*COLUMNS], *cells(table(seeds, "xlsx", share))):
        book.active.append(row)
    book.save(folder / "e.xlsx")
    old = xlwt.Workbook()
    sheet = old.add_sheet("Crossings")
    for at, row in enumerate(([*COLUMNS], *cells(table(seeds, "xls", share)))):
        for position, cell in enumerate(row):
            sheet.write(at, position, cell)
    old.save(str(folder / "f.xls"))
    made += sorted(folder.iterdir())
    return made


def cells(rows: list[dict[str, str]]) -> list[list[str]]:
    return [[row.get(name, "") for name in COLUMNS] for row in rows]


def paxlst(seeds: Seeds, share: int) -> str:
    """The list of the fixture, with as many travellers more, each with a marker."""
    text = (FIXTURES / "paxlst.edi").read_text("latin-1")
    place = text.index("NAD+FL")
    people = []
    for number in range(share):
        segment = seeds.chance.choice(
            (
                "FTX+HEA+++{}'",
                "FTX+AAI+++SSR WCHR {}'",
                "RFF+ZZZ:VGML {}'",
                "RFF+REM:SSR BLND {}'",
                "COM+KSML {}:TE'",
                "EMP+1+OSI {}'",
            )
        ).format(seeds.marker("paxlst", "segment"))
        if number % 7 == 0:
            segment = f"RFF+ZZZ:{seeds.card('paxlst')}'"
        people.append(
            f"NAD+FL+++OAKLEY:P{number}'\nDTM+329:720907:101'\nNAT+2+KEN'\n{segment}\n"
            f"RFF+SEA:12A{seeds.plain('paxlst')}'\n"
            f"DOC+P:110:111+AK{number:07d}'\nLOC+91+KEN'\n"
        )
    return text[:place] + "".join(people) + text[place:]


def pnrgov(seeds: Seeds, share: int) -> str:
    """The bookings of the fixture, once for each marker, under locators of their own."""
    text = (FIXTURES / "pnrgov.edi").read_text("latin-1")
    start = text.index("UNH+")
    end = text.index("UNT+")
    after = text.index("\n", end) + 1
    message, tail = text[start:end], text[text.index("UNZ+") :]
    made = []
    for number in range(share):
        segment = seeds.chance.choice(
            (
                "SSR+MEDA:HK:1:FN:::NBO:JFK:{}'",
                "SSR+KSML:HK:1:FN:::NBO:JFK:{}+::1'",
                "OSI+FN:{}'",
                "IFT+4:28::FN+{}'",
                "LTS+0/O/NM/{}'",
                "IFT+4:43+SSR OTHS {}'",
            )
        ).format(seeds.marker("pnrgov", "segment"))
        if number % 7 == 0:
            segment = f"FOP+CC::731.00:VI:{seeds.card('pnrgov')}:0829'"
        one = message.replace("PNR001", f"P{number:05d}").replace("QWERTY", f"Q{number:05d}")
        at = one.index("TIF+")
        made.append(
            f"{one[:at]}{segment}\n{one[at:]}{text[end:after]}".replace("PNR001", f"P{number:05d}")
        )
    return text[:start] + "".join(made) + tail


def command(home: Path, *arguments: str | Path) -> tuple[int, str]:
    """The command as a person runs it: exit code, and everything it printed."""
    done = subprocess.run(
        [sys.executable, "-c", "from riskprofile.cli import main; main()", *map(str, arguments)],
        env={
            **os.environ,
            "RISKPROFILE_HOME": str(home),
            "RISKPROFILE_TRAVELLER_BASIS": "Border Act, section 4",
            "RISKPROFILE_TRAVELLER_ASSESSMENT": "IA-7",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def written(*folders: Path) -> Iterator[str]:
    """Every byte under the folders as text, and what databases and tables hold, opened."""
    for path in sorted(path for folder in folders for path in folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        yield data.decode("latin-1")
        yield from _opened(data, path)


def _opened(data: bytes, path: Path | None = None) -> Iterator[str]:
    if data.startswith(b"PAR1"):
        for column in pq.read_table(io.BytesIO(data)).to_pydict().values():
            for cell in column:
                yield from _cell(cell)
    elif data.startswith(b"\x1f\x8b"):
        yield gzip.decompress(data).decode("latin-1")
    elif data.startswith(b"SQLite format 3") and path is not None:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for (name,) in names.fetchall():
                for row in database.execute(f'SELECT * FROM "{name}"'):
                    for cell in row:
                        yield from _cell(cell)


def _cell(cell: Any) -> Iterator[str]:
    if isinstance(cell, bytes):
        yield cell.decode("latin-1")
        yield from _opened(cell)
    elif cell is not None:
        yield str(cell)


@dataclass
class Found:
    """What came of it."""

    read: int
    stored: int
    quarantined: int
    seeds: Seeds
    leaked: dict[str, str]  # marker: format and way
    missing: dict[str, str]  # ordinary markers that were not found


def run(folder: Path, markers: int, seed: int = 0) -> Found:
    """Write the files, run the commands, and look for every marker."""
    seeds = Seeds(random.Random(seed))
    inputs, home, results = folder / "in", folder / "home", folder / "results"
    for one in (inputs, results):
        one.mkdir(parents=True)
    share = -(-markers // 8)
    paths = write_tables(inputs, seeds, share)
    for name, text in (("g.edi", paxlst(seeds, share)), ("h.edi", pnrgov(seeds, share))):
        (inputs / name).write_text(text, "latin-1")
        paths.append(inputs / name)
    code, said = command(
        *(home, "score", *paths, "--out", results / "ranked.csv", "--max-bad-share", "1"),
        *("--quarantine", results / "bad.csv", "--reasons", "all", "--json"),
    )
    if code not in (0, 3):
        raise SystemExit(f"score ended with {code}: {said[-2000:]}")
    summary = json.loads(said[said.rindex("\n{") if "\n{" in said else said.index("{") :])
    out = results / "converted.jsonl"
    code, more = command(home, "convert", *paths, "--out", out, "--quarantine", f"{out}.csv")
    said += more
    if code not in (0, 3):
        raise SystemExit(f"convert ended with {code}: {more[-2000:]}")
    hay = "\n".join([*written(home, results), said])
    return Found(
        summary["read"],
        summary["accepted"],
        summary["quarantined"],
        seeds,
        {marker: where for marker, where in seeds.hidden.items() if marker in hay},
        {marker: where for marker, where in seeds.ordinary.items() if marker not in hay},
    )


def main() -> int:
    """Print one table; 1 when a marker was found where none may be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--markers", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = run(Path(folder), given.markers, given.seed)
    hidden = Counter(where.split(":")[0] for where in found.seeds.hidden.values())
    leaked = Counter(where.split(":")[0] for where in found.leaked.values())
    print(f"{'format':<10}{'seeded':>8}{'found':>8}")
    for kind, count in sorted(hidden.items()):
        print(f"{kind:<10}{count:>8}{leaked[kind]:>8}")
    print(f"{'all':<10}{sum(hidden.values()):>8}{sum(leaked.values()):>8}")
    print(f"records read {found.read}, stored {found.stored}, set aside {found.quarantined}")
    ordinary = len(found.seeds.ordinary)
    print(f"ordinary markers beside them: {ordinary - len(found.missing)} of {ordinary} found")
    for marker, where in list(found.leaked.items())[:20]:
        print(f"found: {marker} ({where})")
    return 1 if found.leaked or found.missing else 0


if __name__ == "__main__":
    sys.exit(main())

"""Files of 2 GB read in 1 GB of memory: whole and in constant memory, or refused in words."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tests import factory
from tests.trust.told import Told

LIMIT = 2**30  # bytes of address space of the process that reads
LARGE, SMALL = 2_000_000_000, 60_000_000  # bytes of a file; the eighth of it is read beside it
ROWS = 1_000_000
PEAK = 300  # MB, while a million usual rows are read
WIDE = 1_700  # characters of a remark, so that 2 GB are a million rows
FLAT = 1.15  # times the memory of a file an eighth as large

_READ = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, ({limit}, {limit}))
from riskprofile import intake
from riskprofile.errors import RiskProfileError
rows, aside, said = 0, 0, ""
try:
    for chunk in intake.read(Path(sys.argv[1])):
        rows += len(chunk.table)
        aside += len(chunk.rejected)
except RiskProfileError as error:
    said = str(error)
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(rows, aside, int(peak.split()[1]) // 1000, said, sep="\\t")
"""


def read_large(count: int, folder: Path) -> Told:
    """Tables with long remarks, with a million usual rows, a bomb, and a quote that never ends.

    The whole set writes files of 2 GB; a smaller one files of 60 MB. Each is removed when
    it was read.
    """
    size = LARGE if count >= len(KINDS) else SMALL
    told = Told()
    for kind, made in list(KINDS.items())[:count]:
        fault = None
        peaks = []
        for part in (8, 1) if size == LARGE else (1,):
            path = folder / kind
            rows = _write(path, made(size // part))
            found, peak, said = _read(path)
            path.unlink()
            peaks.append(peak)
            fault = fault or _judged(kind, rows, found, said)
        if not fault and size == LARGE and peaks[1] > FLAT * peaks[0]:  # both are many chunks
            fault = f"{kind}: {peaks[1]} MB, and {peaks[0]} MB for an eighth of it"
        if not fault and kind == "usual.csv" and peaks[-1] > PEAK:
            fault = f"{kind}: {peaks[-1]} MB for {rows:,} rows, not {PEAK}"
        told.count(fault)
    return told


def _judged(kind: str, rows: int, found: int, said: str) -> str | None:
    if said.startswith("died"):
        return f"{kind}: {said}"
    if kind in REFUSED:
        return None if said and not found else f"{kind}: {found:,} rows, {said!r}"
    return None if found == rows and not said else f"{kind}: {found:,} of {rows:,} rows, {said!r}"


def _read(path: Path) -> tuple[int, int, str]:
    done = subprocess.run(
        [sys.executable, "-c", _READ.format(limit=LIMIT), str(path)],
        capture_output=True, text=True, check=False,
        env={"PYTHONPATH": str(Path(__file__).resolve().parents[2]), "OMP_NUM_THREADS": "1",
             "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2", "PATH": ""},
    )  # fmt: skip
    if done.returncode:
        return 0, 0, f"died with {done.returncode}: {done.stderr.strip()[-200:]}"
    rows, aside, peak, said = done.stdout.rstrip("\n").split("\t")
    return int(rows), int(peak), said or (f"{aside} set aside" if int(aside) else "")


def _write(path: Path, pieces: Iterator[tuple[bytes, int]]) -> int:
    """The file; how many rows it has."""
    rows = 0
    with (
        gzip.open(path, "wb", compresslevel=1) if path.suffix == ".gz" else path.open("wb") as file
    ):
        for piece, count in pieces:
            file.write(piece)
            rows += count
    return rows


def _csv(size: int, remark: str) -> Iterator[tuple[bytes, int]]:
    extra = json.dumps({"memo": remark}) if remark else None
    table = factory.shipments(1, declaration_id=["#"], extra=[extra])
    head, row, _ = (
        table.drop(columns=["source", "line", "warnings"]).to_csv(index=False).split("\n")
    )
    yield head.encode() + b"\n", 0
    yield from _many(row + "\n", size)


def _jsonl(size: int) -> Iterator[tuple[bytes, int]]:
    table = factory.shipments(1, declaration_id=["#"], extra=[json.dumps({"memo": "m" * WIDE})])
    table = table.drop(columns=["source", "line", "warnings"])
    yield from _many(table.to_json(orient="records", lines=True, date_format="iso"), size)


def _many(row: str, size: int) -> Iterator[tuple[bytes, int]]:
    before, after = row.split("#")
    written = number = 0
    while written < size:
        piece = "".join(f"{before}XM-{number + n:09d}{after}" for n in range(1_000)).encode()
        number += 1_000
        written += len(piece)
        yield piece, 1_000


def _usual(size: int) -> Iterator[tuple[bytes, int]]:
    """As many usual rows as the file with long remarks has."""
    row = 0
    for piece, count in _csv(10**12, ""):
        yield piece, count
        row += count
        if row >= ROWS * size // LARGE:
            return


def _open_quote(size: int) -> Iterator[tuple[bytes, int]]:
    """A table whose second cell opens a quote that no later line closes."""
    pieces = _csv(size, "m" * WIDE)
    yield next(pieces)
    yield b'XM-1,"', 0
    for piece, _ in pieces:
        yield piece.replace(b'"', b""), 0


KINDS: dict[str, Callable[[int], Iterator[tuple[bytes, int]]]] = {
    "wide.csv": lambda size: _csv(size, "m" * WIDE),
    "usual.csv": _usual,
    "quote.csv": _open_quote,
    "wide.jsonl": _jsonl,
    "bomb.csv.gz": lambda size: _csv(max(size, 600_000_000), "m" * WIDE),
}
REFUSED = ("quote.csv", "bomb.csv.gz")

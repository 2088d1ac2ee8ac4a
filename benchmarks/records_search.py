"""How long a search of the register of arms takes, and whether it finds, on either database.

    python -m benchmarks.records_search [--records 1000000] [--searches 200] [--database URL]

Fills an empty database with records whose serials follow common forms (a maker's prefix and
digits, digits alone, letters and digits), then asks for known pieces as people would: with
look-alikes, with one unread character, by a part, with a misspelt make. Each search is timed
whole, with its audit record; `processor_ms` is this process alone, which on PostgreSQL leaves
the server out. Without `--database` a SQLite file in a temporary folder is made.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import asking
from riskprofile.reference import marks
from riskprofile.services import arms
from riskprofile.services.identity import OWNER
from riskprofile.store import arms as kept
from riskprofile.store.database import Store

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
MAKES = [f"{one}{two}" for one in ("Kes", "Cor", "Nor", "Hal", "Tam") for two in ("trel", "vid")]
LETTERS = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
PART = 50_000


def serials(chance: np.random.Generator, count: int) -> list[str]:
    """Three forms in equal parts: `KT` and 6 digits, 8 digits, 3 letters and 5 digits."""
    form = chance.integers(0, 3, count)
    digits = chance.integers(0, 10**8, count)
    letters = chance.choice(LETTERS, (count, 3))
    made = []
    for kind, number, three in zip(form, digits, letters, strict=True):
        if kind == 0:
            made.append(f"KT{number % 10**6:06d}")
        elif kind == 1:
            made.append(f"{number:08d}")
        else:
            made.append(f"{''.join(three)}{number % 10**5:05d}")
    return made


def rows(chance: np.random.Generator, first: int, count: int) -> Iterator[dict[str, Any]]:
    """Records as `store.arms.add` takes them."""
    makes, models = chance.integers(0, len(MAKES), count), chance.integers(10, 99, count)
    for at, serial in enumerate(serials(chance, count)):
        entry = {
            "record_number": f"B{first + at}",
            "event": "seized",
            "event_on": f"{2005 + at % 20}-03-01",
            "kind": "firearm",
            "make": MAKES[makes[at]],
            "model": f"M{models[at]}",
            "calibre": "9x19",
            "serial": serial,
        }
        yield arms.row_of(entry, OWNER, NOW)


def misread(chance: np.random.Generator, serial: str, how: str) -> str:
    """A serial as somebody might ask for it."""
    if how == "alike":
        others = {one: group for group in marks.ALIKE for one in group if one.isalnum()}
        return "".join(
            str(chance.choice([x for x in others.get(one, one) if x.isalnum()])) for one in serial
        )
    at = int(chance.integers(0, len(serial)))
    if how == "unread":
        return serial[:at] + "?" + serial[at + 1 :]
    if how == "part":
        return serial[-6:]
    return serial[:at] + ("7" if serial[at] != "7" else "4") + serial[at + 1 :]  # one wrong


def measure(store: Store, count: int, searches: int) -> list[dict[str, Any]]:
    """Fill the register, then time searches; one row for each way to ask."""
    chance, known = np.random.default_rng(7), []
    for first in range(0, count, PART):
        part = list(rows(chance, first, min(PART, count - first)))
        known += [(row["number"], row["serial"], row["make"]) for row in part[:: PART // 50]]
        with store.write(patience=60.0) as connection:
            kept.lock(connection)
            kept.add(store, connection, part)
    with store.write(patience=600.0) as connection:
        connection.exec_driver_sql("ANALYZE")
    told = []
    for how in ("exact", "alike", "unread", "one wrong", "part", "make misspelt"):
        took, spent, found = [], [], 0
        for _ in range(searches):
            number, serial, make = known[int(chance.integers(0, len(known)))]
            asked = {"serial": serial if how in ("exact",) else misread(chance, serial, how)}
            if how == "make misspelt":
                asked = {"serial": serial[2:6], "make": make.replace("t", "tt").replace("v", "vv")}
            begun, worked = time.perf_counter(), time.process_time()
            hits = arms.search(store, OWNER, NOW, limit=500, **asked)
            took.append(time.perf_counter() - begun)
            spent.append(time.process_time() - worked)
            found += number in {one.number for one in hits}
        told.append(
            {
                "database": store.engine.dialect.name,
                "records": count,
                "asked": how,
                "median_ms": round(float(np.median(took)) * 1000, 1),
                "worst_ms": round(max(took) * 1000, 1),
                "processor_ms": round(float(np.median(spent)) * 1000, 1),
                "found": round(found / searches, 3),
            }
        )
    return told


def main() -> None:
    """Print the table."""
    given = asking.asked(__doc__, records=1_000_000, searches=200, database="", json=False)
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(given.database or f"sqlite:///{Path(folder) / 'bench.db'}")
        told = measure(store, given.records, given.searches)
        store.close()
    if given.json:
        print(json.dumps(told))
        return
    for row in told:
        print("  ".join(f"{name} {value}" for name, value in row.items()))


if __name__ == "__main__":
    main()

"""A day that comes in one list, in some, or declaration by declaration: what is examined of it?

    python -m benchmarks.trickle [--rows 300] [--capacity 15] [--seeds 3] [--json]

Six weeks of declarations of the generator come to one office, which examines so many a day. Three
weeks are past, three are judged. Each way sees the same points of the shipped scorecard, at the
hours at which they were lodged:

- one list: the whole day is ranked at its end, which nobody who must answer at once can do
- lists, kept: so many lists a day, each cut as if what is still to come stood in it
  (`services.capacity.Past`, `scoring.ranking.Ahead`)
- lists, first come: the same, each given what earlier ones left
- one by one, kept, and first come: each declaration a list of its own

Printed are finds of those examined in a hundred days, as a share of all finds and of those of the
one list; how many were examined a day; the most on any day; and the share that the random draw
says it had beside the share that it had.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pandas as pd

from benchmarks import asking
from benchmarks.detection import ROOT
from benchmarks.worlds import world
from riskprofile.profiles import SHIPMENT
from riskprofile.scoring import rating
from riskprofile.scoring.ranking import QUEUES, Capacity, Ranking
from riskprofile.services.capacity import PART, Past
from riskprofile.store import artefacts
from riskprofile.tables import TEXT

DAYS, JUDGED = 42, 21
SOME = 8  # lists a day


@dataclass
class Arrivals:
    """Declarations in the order in which they came."""

    points: np.ndarray
    found: np.ndarray  # whether an examination finds something
    day: np.ndarray  # from 0
    hour: np.ndarray  # of it, with parts


def arrivals(rows: int, seed: int) -> Arrivals:
    """So many declarations a day, rated by the shipped scorecard."""
    card = artefacts.serving(ROOT / "models", SHIPMENT.name)
    made = world(SHIPMENT, rows * DAYS, seed, days=DAYS)
    points = card.points(rating.features(made.seen, made.history, SHIPMENT, card))
    since = made.seen["time"] - made.seen["time"].min().floor("D")
    order = np.argsort(since.to_numpy(), kind="stable")
    hour = (since.dt.total_seconds() / 3600).to_numpy()[order]
    return Arrivals(
        points[order],
        made.truth["label"].to_numpy().astype(bool)[order],
        (hour // 24).astype(int),
        hour % 24,
    )


@dataclass
class Examined:
    """What one way examined of the days that are judged."""

    finds: int = 0
    days: list[int] = field(default_factory=list)
    drawn: int = 0
    said: float = 0.0  # what the probabilities of the draws say they stand for
    passed: int = 0


def lists(here: Arrivals, day: int, many: int | None) -> Iterator[np.ndarray]:
    """The declarations of a day as they are ranked together: in one list, some, or one by one."""
    rows = np.flatnonzero(here.day == day)
    if many is None:
        yield from rows[:, None]
        return
    of = np.minimum(here.hour[rows] * many // 24, many - 1)
    for one in range(many):
        if (of == one).any():
            yield rows[of == one]


def work(here: Arrivals, number: int, many: int | None, seed: int, *, keeps: bool) -> Examined:
    """Go through the days."""
    told, past, start = Examined(), Past(), date(2026, 3, 2)
    for day in range(DAYS):
        at, taken, drawn = start + timedelta(days=day), 0, 0
        for rows in lists(here, day, many):
            last = (
                here.hour[rows[-1]]
                if many is None
                else 24 * (here.hour[rows[0]] * many // 24 + 1) / many
            )
            part = int(timedelta(hours=float(last)) / PART)
            ahead = past.ahead(at, at, part, "") if keeps else None
            ranked, heights = cut(
                here.points[rows],
                Capacity(number, taken=taken, drawn=drawn, ahead=ahead),
                seed + int(rows[0]),
            )
            past.add(at, part, heights, "")
            red = ranked["lane"].to_numpy() == "red"
            lot = ranked["selected_by"].to_numpy() == "random"
            taken, drawn = taken + int(red.sum()), drawn + int(lot.sum())
            if day >= DAYS - JUDGED:
                told.finds += int(here.found[rows][red].sum())
                told.drawn += int(lot.sum())
                told.said += float((1 / ranked["probability"].to_numpy(float)[lot]).sum())
                told.passed += int((~red | lot).sum())
        if day >= DAYS - JUDGED:
            told.days.append(taken)
    return told


def cut(points: np.ndarray, capacity: Capacity, seed: int) -> tuple[pd.DataFrame, dict[int, int]]:
    """A list, cut."""
    table = pd.DataFrame(
        {
            "record_id": pd.array([f"{n:09d}" for n in range(len(points))], dtype=TEXT),
            "points": pd.array(points, dtype="Int64"),
            **dict.fromkeys(("to_red", "to_yellow", *QUEUES), np.zeros(len(points), dtype=bool)),
        }
    )
    made = Ranking.of([table], capacity, seed)
    (placed,) = made.placed([table])
    return placed, made.heights[0]


def main() -> None:
    """Print one line for each way."""
    asked = asking.asked(__doc__, rows=300, capacity=15, seeds=3, json=False)
    ways: dict[str, tuple[int | None, bool]] = {
        "one list a day": (1, False),
        f"{SOME} lists, kept": (SOME, True),
        f"{SOME} lists, first come": (SOME, False),
        "one by one, kept": (None, True),
        "one by one, first come": (None, False),
        "one list a day, kept": (1, True),
    }
    made: dict[str, list[Examined]] = {name: [] for name in ways}
    finds = 0
    for seed in range(1, asked.seeds + 1):
        here = arrivals(asked.rows, seed)
        finds += int(here.found[here.day >= DAYS - JUDGED].sum())
        for name, (many, keeps) in ways.items():
            made[name].append(work(here, asked.capacity, many, seed, keeps=keeps))
    whole = sum(one.finds for one in made["one list a day"])
    if not whole:  # nothing to be a share of
        sys.exit(f"one list a day found none of {finds} finds: take more --rows or --seeds")
    told = {
        name: {
            "of all finds": sum(one.finds for one in some) / finds,
            "of one list": sum(one.finds for one in some) / whole,
            "a day": float(np.mean([many for one in some for many in one.days])),
            "most": max(many for one in some for many in one.days),
            "drawn a day": sum(one.drawn for one in some) / len(some) / JUDGED,
            "passed over, as drawn": sum(one.said for one in some)
            / sum(one.passed for one in some),
        }
        for name, some in made.items()
    }
    if asked.json:
        print(json.dumps(told))
        return
    print(f"{asked.rows} declarations a day, {asked.capacity} examined, {finds} finds")
    print(f"{'':<26}" + "".join(f"{name:>23}" for name in next(iter(told.values()))))
    for name, of in told.items():
        print(f"{name:<26}" + "".join(f"{value:>23.3f}" for value in of.values()))


if __name__ == "__main__":
    main()

"""Does the interval of the recall estimate cover the truth? Simulated offices, many runs.

    python -m benchmarks.control [--runs 4000] [--seed 1] [--json]

Each run is a year of eight offices with capacities and volumes of their own. Every day each
office's list passes over what its capacity leaves, draws the random share as `ranking` does,
and examines it; finds among what is passed over are rare and differ by office and by day. The
truth is how many finds were passed over. Printed are the share of runs whose 95 % interval
covers it: of all runs, and of those that say anything (20 finds in the random share).
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from riskprofile.scoring import control
from riskprofile.scoring.ranking import Capacity

BAR = (0.93, 0.97)


@dataclass(frozen=True)
class World:
    """Offices over so many days: declarations a day, capacity, and finds passed over."""

    name: str
    days: int
    volume: tuple[int, ...]  # declarations a day, by office
    capacity: tuple[int, ...]
    share: tuple[float, ...]  # of finds among what is passed over, by office
    found: int  # through the list
    examined: float = 1.0  # share of the draws that somebody examined
    even: float = 4.0  # how alike the days are: the lower, the more finds come in waves


EVEN = (400,) * 8
WORLDS = (
    World("one volume, one share of finds", 250, EVEN, (40,) * 8, (0.008,) * 8, 400),
    World("the same, more finds", 250, EVEN, (40,) * 8, (0.03,) * 8, 900),
    World("offices differ fourfold in volume", 250, (200, 200, 300, 300, 400, 600, 800, 800),
          (30, 30, 30, 40, 40, 50, 60, 60), (0.008,) * 8, 400),
    World("and eightfold in their finds", 250, (200, 200, 300, 300, 400, 600, 800, 800),
          (30, 30, 30, 40, 40, 50, 60, 60),
          (0.002, 0.004, 0.016, 0.008, 0.012, 0.004, 0.016, 0.008), 400),
    World("a third of the draws not examined", 250, EVEN, (40,) * 8, (0.012,) * 8, 500, 0.67),
    World("small offices: one draw a day", 250, (60,) * 8, (6,) * 8, (0.03,) * 8, 200),
    World("most is examined: a finite list", 250, (50,) * 8, (30,) * 8, (0.03,) * 8, 300),
    World("finds come in waves", 250, EVEN, (40,) * 8, (0.02,) * 8, 400, even=0.5),
    World("two offices, two years", 500, (500, 150), (60, 20), (0.01, 0.04), 500),
    World("one office has nearly all", 250, (1_200, 100, 100), (150, 12, 12),
          (0.02, 0.001, 0.001), 350),
)  # fmt: skip


def one(world: World, random: np.random.Generator) -> tuple[control.Recall, float]:
    """One year: what the estimate says, and the true recall."""
    values: list[np.ndarray] = []
    chances: list[np.ndarray] = []
    missed = 0
    for volume, capacity, share in zip(world.volume, world.capacity, world.share, strict=True):
        sizes = random.poisson(volume, world.days)
        least = int(sizes.min())
        table = np.array([Capacity(capacity).of(n) for n in range(least, int(sizes.max()) + 1)])
        cuts = table[sizes - least]
        passed = sizes - cuts[:, 0]
        drawn = np.minimum(cuts[:, 1], passed)
        # Days differ: a wave of finds now and then.
        finds = random.binomial(
            passed, np.clip(share * random.gamma(world.even, 1 / world.even, world.days), 0, 1)
        )
        hits = random.hypergeometric(finds, passed - finds, drawn)
        missed += int(finds.sum())
        within = np.arange(drawn.sum()) - np.repeat(np.cumsum(drawn) - drawn, drawn)
        values.append((within < np.repeat(hits, drawn)).astype("float64"))
        chances.append(np.repeat(drawn / np.maximum(passed, 1), drawn))
    seen, chance = np.concatenate(values), np.concatenate(chances)
    kept = random.random(len(seen)) < world.examined
    told = control.recall(world.found, seen[kept], chance[kept], float((1 / chance).sum()))
    return told, world.found / (world.found + missed)


def run(runs: int, seed: int) -> list[dict[str, Any]]:
    """Coverage of each world."""
    rows = []
    least = control.LEAST_FINDS
    for place, world in enumerate(WORLDS):
        random = np.random.default_rng([seed, place])
        said, covered, width, finds = 0, 0, 0.0, 0
        for _ in range(runs):
            told, truth = one(world, random)
            finds += told.drawn_finds
            if told.known:
                said += 1
                covered += told.low <= truth <= told.high
                width += told.high - told.low
        rows.append(
            {
                "world": world.name,
                "runs": runs,
                "finds_in_the_share": round(finds / runs, 1),
                "runs_that_say_anything": round(said / runs, 4),
                "covered": round(covered / max(said, 1), 4),
                "mean_width": round(width / max(said, 1), 3),
                "least_finds": least,
            }
        )
    return rows


def main() -> None:
    """Print one table; exit code 1 when a world lies outside 93 to 97 of 100."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rows = run(asked.runs, asked.seed)
    if asked.json:
        print(json.dumps({"worlds": rows}))
    else:
        print(f"{'world':38} {'finds':>6} {'say':>6} {'covered':>8} {'width':>6}")
        for row in rows:
            print(
                f"{row['world']:38} {row['finds_in_the_share']:6.1f} "
                f"{row['runs_that_say_anything']:6.1%} {row['covered']:8.2%} "
                f"{row['mean_width']:6.3f}"
            )
    raise SystemExit(any(not BAR[0] <= row["covered"] <= BAR[1] for row in rows))


if __name__ == "__main__":
    main()

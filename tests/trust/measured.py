"""Attacks that a benchmark makes: false labels, recall from the random share, drifts."""

from __future__ import annotations

from pathlib import Path

from tests.trust.machine import measured
from tests.trust.told import Told

NOISE = 3.0  # points of recall that 5 % of labels turned at random may cost
SEEDS = (9_191, 777)  # of drifts; none is the one on which thresholds were set
WEEKS = 100
TAUGHT = 200


def labels(count: int, _: Path) -> Told:
    """Five patterns of targeted false labels: refused, with the person named; honest ones pass."""
    seeds = max(1, count // 5)
    found, told = measured("benchmarks.outcomes", "--seeds", str(seeds)), Told()
    both = min(found["all"]["refused"], found["all"]["named"])
    tried = found["all"]["tried"]
    told.tried, told.held = tried, tried if both >= 0.95 * tried else both
    if both < 0.95 * tried:
        told.faults.append(f"{both} of {tried} refused with the person named, under 95 %")
    if found["honest"]["falsely named"]:
        told.faults.append(f"{found['honest']['falsely named']} honest sets were refused")
    cost = found["noise of 5 %"]["points of recall lost, mean"]
    if cost > NOISE:
        told.faults.append(f"5 % of labels at random cost {cost} points of recall")
    return told


def share(count: int, _: Path) -> Told:
    """Years in which inspected rows alone get labels: does the interval cover the truth?

    Each world counts as one attempt, made of `count` hundred years; the one whose list is taught
    twelve rounds of its own finds, of `TAUGHT` years at least.
    """
    told = Told()
    years = ["--runs", str(100 * count), "--taught", str(max(TAUGHT, 40 * count))]
    for world in measured("benchmarks.control", *years, "--seed", "7")["worlds"]:
        inside = 0.93 <= world["covered"] <= 0.97
        told.count(None if inside else f"{world['world']}: covered in {world['covered']:.1%}")
    return told


def drifts(count: int, _: Path) -> Told:
    """Twelve named drifts at three places, and clean weeks, on worlds that set no threshold."""
    told = Told()
    weeks = WEEKS if count >= WEEKS else max(4, count - 36)
    for seed in SEEDS[: 2 if count > WEEKS else 1]:
        found = measured("benchmarks.drift", "--seed", str(seed), "--weeks", str(weeks))
        shifts, seen = found["shifts"], found["seen"]
        told.tried += 3 * len(shifts) + weeks
        missed = [name for name, one in shifts.items() if not one["seen"]]
        alarms = int(found["false_alarms"])
        told.held += 3 * len(shifts) + weeks
        if seen < len(shifts) - 1:
            told.held -= 3 * len(missed)
            told.faults.append(f"seed {seed}: not seen: {', '.join(missed)}")
        if alarms > max(1, weeks // 100):
            told.held -= alarms
            told.faults.append(f"seed {seed}: {alarms} of {weeks} clean weeks raised an alarm")
    return told

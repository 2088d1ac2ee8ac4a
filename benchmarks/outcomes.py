"""Outcomes as an office gets them, from the generator: honest ones, noisy ones, and false ones.

    python -m benchmarks.outcomes [--seeds 10] [--json]

prints, of five patterns of targeted false labels, how many are refused with the person named;
and what 5 % of labels turned at random do to recall. It ends with 1 unless 95 of 100 are refused
with the right person named, no honest set is, and the noise costs at most 3 points of recall.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
import pandas as pd

from benchmarks import asking
from riskprofile.scoring.scorecard import Scorecard
from riskprofile.services.feedback import SLICE
from riskprofile.services.settings import CHECKOUT
from riskprofile.store import artefacts
from riskprofile.tables import TEXT, Table
from training import evaluate, gates, office
from training.refit import refit

PEOPLE = ("ana", "ben", "cleo", "dov", "eli", "fay")
POISONER = "eli"
LEARN, JUDGE = 9_001, 9_002
ROWS = 80_000
LANES = 12
FINDS = 500
REFUSED, COST = 0.95, 3.0  # share of false labels refused; points of recall that noise may cost


def serving() -> Scorecard:
    """The shipment scorecard that ships."""
    return artefacts.serving(CHECKOUT / "models", "shipment")


@cache
def world(seed: int) -> office.Trial:
    """Declarations that the scorecard was not fitted on: features, labels, typologies."""
    return office.make_trial(serving(), rows=ROWS, seed=seed)


def examined(finds: int, seed: int = 1) -> Table:
    """Most selected by score, some by draw; `finds` of them positive; six people, twelve lanes."""
    made = world(LEARN)
    draw = np.random.default_rng(seed)
    points = serving().points(made.features)
    top = points >= np.quantile(points, 0.8)
    found = draw.permutation(np.flatnonzero(top & (made.labels == 1)))[:finds]
    clean = draw.permutation(np.flatnonzero(top & (made.labels == 0)))[: max(4 * finds, 40)]
    drawn = draw.permutation(np.flatnonzero(~top & (made.labels == 0)))[: max(finds, 20)]
    places = np.concatenate([found, clean, drawn])
    by_score = len(found) + len(clean)
    told = made.features.iloc[places].reset_index(drop=True)
    return told.assign(
        record_id=pd.Series([f"R{place}" for place in places], dtype=TEXT),
        item=1,
        value=made.labels[places].astype("int64"),
        selected_by=pd.Series(["score"] * by_score + ["random"] * len(drawn), dtype=TEXT),
        probability=np.where(np.arange(len(places)) < by_score, np.nan, 0.01),
        officer=pd.Series([PEOPLE[int(i)] for i in draw.integers(0, 6, len(places))], dtype=TEXT),
        **{
            f"{SLICE}lane": pd.Series([f"L{int(p) % LANES}" for p in places], dtype=TEXT),
            f"{SLICE}office": pd.Series([f"O{int(p) % 5}" for p in places], dtype=TEXT),
        },
    )


def _turned(labels: Table, places: np.ndarray, value: int) -> Table:
    told = labels.copy()
    told.loc[places, "value"] = value
    told.loc[places, "officer"] = POISONER
    return told


def _where(labels: Table, value: int, lane: str | None = None) -> np.ndarray:
    mask = labels["value"] == value
    if lane is not None:
        mask &= labels[f"{SLICE}lane"] == lane
    return np.flatnonzero(mask.to_numpy(dtype=bool))


def hide_lane(labels: Table, draw: np.random.Generator) -> Table:
    """One person calls harmless all that was found on one lane."""
    return _turned(labels, _where(labels, 1, "L3"), 0)


def hide_office(labels: Table, draw: np.random.Generator) -> Table:
    """The same in one office, half of its finds."""
    places = np.flatnonzero(
        ((labels["value"] == 1) & (labels[f"{SLICE}office"] == "O2")).to_numpy(dtype=bool)
    )
    return _turned(labels, draw.permutation(places)[: len(places) // 2], 0)


def hide_scattered(labels: Table, draw: np.random.Generator) -> Table:
    """One person calls harmless 82 finds from everywhere."""
    return _turned(labels, draw.permutation(_where(labels, 1))[:82], 0)


def accuse_lane(labels: Table, draw: np.random.Generator) -> Table:
    """One person reports finds on one lane where there were none, to bind its inspections."""
    return _turned(labels, draw.permutation(_where(labels, 0, "L3"))[:82], 1)


def invent_and_hide(labels: Table, draw: np.random.Generator) -> Table:
    """One person moves finds: hides one lane's and invents as many on another."""
    hidden = _where(labels, 1, "L3")
    told = _turned(labels, hidden, 0)
    return _turned(told, draw.permutation(_where(told, 0, "L7"))[: len(hidden)], 1)


PATTERNS: tuple[Callable[[Table, np.random.Generator], Table], ...] = (
    hide_lane,
    hide_office,
    hide_scattered,
    accuse_lane,
    invent_and_hide,
)


def noisy(labels: Table, draw: np.random.Generator, share: float = 0.05) -> Table:
    """A share of all labels turned at random, whoever gave them."""
    told = labels.copy()
    turned = draw.random(len(told)) < share
    told["value"] = np.where(turned, 1 - told["value"], told["value"])
    return told


def measure(seeds: int) -> dict[str, dict[str, float]]:
    """Every figure of this benchmark."""
    card, judge = serving(), world(JUDGE)
    told: dict[str, dict[str, float]] = {}
    refused = named = tried = 0
    for pattern in PATTERNS:
        closed = right = 0
        for seed in range(seeds):
            draw = np.random.default_rng([seed, 77])
            found = gates.labellers(card, pattern(examined(FINDS, seed), draw))
            closed += bool(found)
            right += {one.labeller for one in found} == {POISONER}
        told[pattern.__name__] = {"tried": seeds, "refused": closed, "named": right}
        refused, named, tried = refused + closed, named + right, tried + seeds
    told["all"] = {"tried": tried, "refused": refused, "named": named}
    falsely = 0
    losses = []
    shipped = evaluate.recall_at(card.points(judge.features), judge.labels, 0.05)
    for seed in range(seeds):
        draw = np.random.default_rng([seed, 78])
        clean, spoilt = examined(FINDS, seed), noisy(examined(FINDS, seed), draw)
        falsely += bool(gates.labellers(card, clean)) + bool(gates.labellers(card, spoilt))
        recalls = [
            evaluate.recall_at(
                refit(card, some, "t").scorecard.points(judge.features), judge.labels, 0.05
            )
            for some in (clean, spoilt)
        ]
        losses.append(100 * (recalls[0] - recalls[1]))
    told["honest"] = {"tried": 2 * seeds, "falsely named": falsely}
    told["noise of 5 %"] = {
        "points of recall lost, mean": round(float(np.mean(losses)), 2),
        "most": round(float(np.max(losses)), 2),
        "recall as shipped": round(shipped, 3),
    }
    return told


def held(told: Mapping[str, Mapping[str, float]]) -> bool:
    """Whether every bar is met."""
    whole = told["all"]
    return (
        min(whole["refused"], whole["named"]) >= REFUSED * whole["tried"]
        and not told["honest"]["falsely named"]
        and told["noise of 5 %"]["points of recall lost, mean"] <= COST
    )


def main() -> int:
    """Print the figures."""
    given = asking.asked(__doc__, seeds=10, json=False)
    told = measure(given.seeds)
    if given.json:
        print(json.dumps(told))
        return int(not held(told))
    for name, figures in told.items():
        print(f"{name:18} " + ", ".join(f"{key} {value}" for key, value in figures.items()))
    return int(not held(told))


if __name__ == "__main__":
    sys.exit(main())

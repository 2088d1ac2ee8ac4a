"""Seventy weeks in which only what is inspected is ever known: who goes on finding?

    python -m benchmarks.weekly [--rows 1500] [--seeds 3] [--share 0.02] [--json]

Each week so many declarations of the generator come in, a share is inspected, and only the
inspected rows get a label. Once the patterns stay as they are; once they change after 70 % of
the weeks, and a kind of smuggling appears that was not there before. Beside each other:

- random: inspects by lot
- LightGBM, own selections: four weeks by lot, then fitted every week on all it has inspected,
  and inspects what it ranks highest
- LightGBM 90/10: the same, with a tenth by lot
- LightGBM from the shipped points: the 90/10, boosting from the points of the shipped
  scorecard: the same start as ours
- ours: the shipped scorecard with its random share, refitted every week on the
  outcomes (`training.refit`)
- shipped, never refitted: what refitting is worth
- best possible: ranks by the true probability

All see the same features, computed once: those that speak of earlier finds stay empty, for
everybody alike. Printed are finds per hundred inspections after the four weeks, before and
after the change, with the standard error over the seeds.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import asking, worlds
from benchmarks.detection import ROOT
from riskprofile.profiles import SHIPMENT
from riskprofile.scoring import rating
from riskprofile.scoring.ranking import Capacity
from riskprofile.scoring.scorecard import POINTS_PER_LOG_ODDS, Scorecard
from riskprofile.store import artefacts
from riskprofile.tables import TEXT
from training.refit import refit

WEEKS, WARM_UP = 70, 4
CHANGE = 49  # the week from which the generator's patterns differ
LEVEL = 0.10  # within a tenth of another's finds is level

Scores = Callable[[np.ndarray], np.ndarray]


@dataclass
class World:
    """Rows in the order of their weeks: features, labels, and what is true of them."""

    values: pd.DataFrame
    labels: np.ndarray
    chance: np.ndarray
    points: np.ndarray  # of the shipped scorecard
    week: np.ndarray


def world(card: Scorecard, rows: int, seed: int, *, drift: bool) -> World:
    """Seventy weeks; without drift, of a calendar so long that the change lies behind them."""
    days = 7 * WEEKS if drift else round(7 * WEEKS / 0.7)
    total = rows * WEEKS if drift else round(rows * WEEKS / 0.7)
    made = worlds.world(SHIPMENT, total, seed, days=days)
    time = made.seen["time"]
    week = ((time - time.iloc[0].floor("D")).dt.days // 7).to_numpy()
    kept = week < WEEKS
    items, truth = (one[kept].reset_index(drop=True) for one in (made.seen, made.truth))
    values = rating.features(items, made.history, SHIPMENT, card)
    return World(
        values=values,
        labels=truth["label"].to_numpy().astype(int),
        chance=truth["probability"].to_numpy("float64"),
        points=card.points(values),
        week=week[kept],
    )


@dataclass
class Inspector:
    """Somebody who inspects: how rows are ranked, and how many are taken by lot."""

    name: str
    random_share: float
    warm: bool  # begins with weeks by lot
    learn: Callable[[World, np.ndarray], Scores] | None
    seen: list[np.ndarray] = field(default_factory=list)
    scores: Scores | None = None

    def week(self, here: World, rows: np.ndarray, number: int, lot: np.random.Generator) -> int:
        """Inspect one week's rows; how many finds."""
        by_rank, drawn = Capacity(share=SHARE[0], random_share=self.random_share).of(len(rows))
        if (self.warm and number < WARM_UP) or (self.learn is None and self.scores is None):
            taken = lot.choice(rows, by_rank + drawn, replace=False)
        else:
            if self.learn is not None and self.seen:
                self.scores = self.learn(here, np.concatenate(self.seen))
            assert self.scores is not None
            order = rows[np.lexsort((rows, -self.scores(rows)))]
            rest = order[by_rank:]
            taken = np.concatenate([order[:by_rank], lot.choice(rest, drawn, replace=False)])
        self.seen.append(taken)
        return int(here.labels[taken].sum())


SHARE = [0.02]


def lightgbm(*, from_points: bool) -> Callable[[World, np.ndarray], Scores]:
    """LightGBM on what was inspected, from nothing or from the shipped points."""
    from lightgbm import LGBMClassifier

    def learn(here: World, seen: np.ndarray) -> Scores:
        start = here.points / POINTS_PER_LOG_ODDS
        labels = here.labels[seen]
        if labels.min() == labels.max():  # nothing found, or nothing else: no way to learn
            return lambda rows: start[rows] if from_points else np.zeros(len(rows))
        model = LGBMClassifier(
            n_estimators=100,
            learning_rate=0.05,
            num_leaves=15,
            min_child_samples=10,
            reg_lambda=5.0,
            colsample_bytree=0.7,
            random_state=0,
            n_jobs=1,
            verbose=-1,
        )
        given = start[seen] if from_points else None
        model.fit(here.values.iloc[seen], labels, init_score=given)
        added = 1.0 if from_points else 0.0

        def scores(rows: np.ndarray) -> np.ndarray:
            raw = np.asarray(model.predict(here.values.iloc[rows], raw_score=True))
            return raw + added * start[rows]

        return scores

    return learn


def refitted(card: Scorecard) -> Callable[[World, np.ndarray], Scores]:
    """The shipped scorecard, refitted on what was seen."""

    def learn(here: World, seen: np.ndarray) -> Scores:
        outcomes = here.values.iloc[seen].reset_index(drop=True)
        outcomes = outcomes.assign(
            record_id=seen.astype(str),
            item=1,
            value=here.labels[seen],
            selected_by=pd.Series("score", index=outcomes.index, dtype=TEXT),
            probability=np.nan,
        )
        fresh = refit(card, outcomes, "weekly").scorecard
        return lambda rows: fresh.points(here.values.iloc[rows]).astype("float64")

    return learn


def inspectors(card: Scorecard, here: World) -> list[Inspector]:
    """Everybody who is compared, each with eyes of their own."""
    shipped: Scores = lambda rows: here.points[rows].astype("float64")  # noqa: E731
    truth: Scores = lambda rows: here.chance[rows]  # noqa: E731
    return [
        Inspector("random", 1.0, warm=False, learn=None),
        Inspector("LightGBM, own selections", 0.0, warm=True, learn=lightgbm(from_points=False)),
        Inspector("LightGBM 90/10", 0.1, warm=True, learn=lightgbm(from_points=False)),
        Inspector("LightGBM from the shipped points", 0.1, warm=False,
                  learn=lightgbm(from_points=True), scores=shipped),
        Inspector("shipped, never refitted", 0.1, warm=False, learn=None, scores=shipped),
        Inspector("ours", 0.1, warm=False, learn=refitted(card), scores=shipped),
        Inspector("best possible", 0.0, warm=False, learn=None, scores=truth),
    ]  # fmt: skip


def run(rows: int, seeds: int, share: float) -> dict[str, Any]:
    """Finds per hundred inspections of everybody, with and without drift."""
    SHARE[0] = share
    card = artefacts.serving(ROOT / "models", SHIPMENT.name)
    told: dict[str, Any] = {"rows_a_week": rows, "seeds": seeds, "share": share, "worlds": {}}
    spans = {"before": (WARM_UP, CHANGE), "after": (CHANGE, WEEKS), "all": (WARM_UP, WEEKS)}
    for label, drift in (("without drift", False), ("with drift", True)):
        rates: dict[str, dict[str, list[float]]] = {}
        for seed in range(seeds):
            here = world(card, rows, 700 + seed, drift=drift)
            for place, one in enumerate(inspectors(card, here)):
                lot = np.random.default_rng([seed, place])
                finds = np.zeros(WEEKS)
                made = np.zeros(WEEKS)
                for number in range(WEEKS):
                    mine = np.flatnonzero(here.week == number)
                    finds[number] = one.week(here, mine, number, lot)
                    made[number] = len(one.seen[-1])
                for span, (low, high) in spans.items():
                    rate = 100 * finds[low:high].sum() / made[low:high].sum()
                    rates.setdefault(one.name, {}).setdefault(span, []).append(float(rate))
        told["worlds"][label] = {
            name: {
                span: {
                    "finds_in_a_hundred": float(np.mean(each)),
                    "error": float(np.std(each, ddof=1) / len(each) ** 0.5) if seeds > 1 else None,
                }
                for span, each in by_span.items()
            }
            for name, by_span in rates.items()
        }
    told["verdicts"] = verdicts(told["worlds"])
    return told


def verdicts(worlds: dict[str, Any]) -> list[str]:
    """Ahead of, level with or behind each peer: after the change, and where there is none."""
    said = []
    for label, span in (("without drift", "all"), ("with drift", "all"), ("with drift", "after")):
        ours = worlds[label]["ours"][span]["finds_in_a_hundred"]
        for name in worlds[label]:
            if name in ("ours", "best possible"):
                continue
            other = worlds[label][name][span]["finds_in_a_hundred"]
            ratio = ours / other if other else float("inf")
            word = (
                "ahead of" if ratio > 1 + LEVEL else "behind" if ratio < 1 - LEVEL else "level with"
            )
            where = f"{label}, {'all weeks' if span == 'all' else 'after the change'}"
            said.append(f"{where}: {word} {name} ({ours:.1f} against {other:.1f})")
    return said


def main() -> None:
    """Print the tables and, in words, where ours is behind."""
    asked = asking.asked(__doc__, rows=1500, seeds=3, share=0.02, json=False)
    told = run(asked.rows, asked.seeds, asked.share)
    if asked.json:
        print(json.dumps(told))
        return
    print(f"{WEEKS} weeks of {asked.rows:,} declarations, {asked.share:.0%} inspected, "
          f"{asked.seeds} seeds: finds per hundred inspections")  # fmt: skip
    for label, table in told["worlds"].items():
        print(f"\n{label:34} {'weeks 5-49':>16} {'weeks 50-70':>16} {'all':>16}")
        for name, spans in table.items():
            cells = [
                f"{one['finds_in_a_hundred']:.1f}"
                + (f" ± {one['error']:.1f}" if one["error"] is not None else "")
                for one in spans.values()
            ]
            print(f"{name:34} " + " ".join(f"{cell:>16}" for cell in cells))
    print()
    for line in told["verdicts"]:
        print(line)


if __name__ == "__main__":
    main()

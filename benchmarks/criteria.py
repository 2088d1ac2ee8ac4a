"""Written criteria for travellers beside the learnt scorecard and the best that could be done.

    python -m benchmarks.criteria [--rows 100000] [--seed 31] [--json]

Crossings of a seed that no scorecard learnt from, judged on the last 30 % of the days, when the
generator's patterns have changed. Criteria were written from the table of typologies, never
chosen by what this prints. Printed are recall at 1 % and 5 % inspected, and what each criterion
brings up: how often it holds, and how many finds there are in a hundred rows on which it does.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import asking
from benchmarks.detection import ROOT, judge
from benchmarks.worlds import world
from riskprofile.profiles import TRAVELLER
from riskprofile.scoring import rating
from riskprofile.scoring.scorecard import Scorecard
from riskprofile.store import artefacts

DAYS, LATE = 450, 0.7


def run(rows: int, seed: int) -> dict[str, Any]:
    """Recalls of both scorecards and of the truth; and the criteria one by one."""
    cards = {
        "written criteria": artefacts.serving(ROOT / "models", TRAVELLER.name),
        "learnt scorecard": artefacts.serving(ROOT / "models", TRAVELLER.name, learnt=True),
    }
    made = world(TRAVELLER, rows, seed, days=DAYS)
    start = made.seen["time"].min().floor("D")
    late = (made.seen["time"] >= start + pd.Timedelta(days=DAYS * LATE)).to_numpy()
    judged, true = (one[late].reset_index(drop=True) for one in (made.seen, made.truth))
    told: dict[str, Any] = {
        "rows": len(true),
        "positives": int(true["label"].sum()),
        "recall": {"best possible": judge(true["probability"].to_numpy("float64"), true)},
    }
    for name, card in cards.items():
        values = rating.features(judged, made.history, TRAVELLER, card)
        told["recall"][name] = judge(card.points(values).astype("float64"), true)
        if any(term.criterion for term in card.terms):
            told["criteria"] = _each(card, values, true["label"].to_numpy())
    return told


def _each(card: Scorecard, values: pd.DataFrame, labels: np.ndarray) -> list[dict[str, Any]]:
    holds = card.contributions(values) != 0
    return [
        {
            "key": term.name,
            "points": int(np.abs(term.table).max()),
            "holds": float(holds[:, place].mean()),
            "finds_in_a_hundred": float(100 * labels[holds[:, place]].mean())
            if holds[:, place].any()
            else None,
        }
        for place, term in enumerate(card.terms)
    ]


def main() -> None:
    """Print both tables."""
    asked = asking.asked(__doc__, rows=100_000, seed=31, json=False)
    told = run(asked.rows, asked.seed)
    if asked.json:
        print(json.dumps(told))
        return
    print(f"{told['rows']:,} crossings of the later days, {told['positives']:,} positive")
    print(f"{'':20} {'at 1 %':>7} {'at 5 %':>7} {'AUC':>6}")
    for name, one in told["recall"].items():
        print(f"{name:20} {one['recall_1%']:7.3f} {one['recall_5%']:7.3f} {one['auc']:6.3f}")
    print(f"\n{'criterion':10} {'points':>6} {'holds on':>9} {'finds in 100':>13}")
    for one in told["criteria"]:
        finds = one["finds_in_a_hundred"]
        shown = "never held" if finds is None else f"{finds:.1f}"
        print(f"{one['key']:10} {one['points']:6d} {one['holds']:9.2%} {shown:>13}")


if __name__ == "__main__":
    main()

"""How a scorecard does where an administration can act: at its capacity, part by part.

Beside the one that serves and beside plain learners that saw the same rows, with bootstrap
intervals, on declarations of the generator that nothing was fitted on and on the office's
own outcomes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from riskprofile.scoring import parts
from riskprofile.scoring.parts import DRAWS, LEAST, SLICE, Figure
from riskprofile.scoring.scorecard import Scorecard
from riskprofile.tables import Table
from training import evaluate, gates
from training.markdown import cell
from training.office import Trial

FILE = "evaluation.md"  # in the folder of a scorecard
FOLDS = 5
SEEN_ROWS = (
    "These are rows that were examined, most of them because of their score; a share of them is no "
    "share of declarations. A scorecard that was fitted on them has seen them, and looks better "
    "here than on the next ones; what serves and the plain learners are judged by rows unseen."
)
LEAST_FINDS = 30  # before plain learners are fitted on outcomes
SEED = 1


@dataclass(frozen=True)
class Report:
    """All figures on one set of rows. `peers`: recall of the other ways to order them."""

    on: str
    share: float
    figures: tuple[Figure, ...]
    of_100: float  # finds in 100 inspected
    peers: tuple[tuple[str, float, float, float], ...]  # name, recall, interval
    calibration: tuple[tuple[str, int, float, float], ...]  # fifth, rows, mean score, finds
    groups: str  # figures by group of people, as text
    found: int  # finds among the `inspected`
    inspected: int
    note: str = ""  # what the figures owe to how the rows came about


def on_trial(card: Scorecard, serving: Scorecard, trial: Trial, share: float) -> Report:
    """On rows of the generator; plain learners see the earlier half, all are judged on the later.

    Parameters
    ----------
    share : float
        Of the declarations, that can be inspected.
    """
    late = trial.times >= trial.times.sort_values().iloc[len(trial.times) // 2]
    late = late.to_numpy(dtype=bool)
    features, labels = trial.features[late].reset_index(drop=True), trial.labels[late]
    points, beside = card.points(features), serving.points(features)
    groups = trial.groups[late].reset_index(drop=True).assign(**parts.seen(features))
    groups["period"] = trial.times[late].dt.strftime("%Y-%m").to_numpy()
    orders = {"the scorecard that serves": beside.astype("float64")}
    if trial.labels[~late].sum() >= LEAST_FINDS:
        for name, peer in PEERS.items():
            model = peer().fit(trial.features[~late], trial.labels[~late])
            orders[name] = model.predict_proba(features)[:, 1]
    declared = trial.protected[late].reset_index(drop=True)
    return _report(
        "declarations of the generator", card, points, beside, labels, groups, share, orders,
        gates.groups_gate(card, features, labels, declared).value,
    )  # fmt: skip


def on_outcomes(card: Scorecard, serving: Scorecard, labels: Table, share: float) -> Report | None:
    """On the office's own outcomes, of which `share` is inspected; None without a find.

    A scorecard that was fitted on these outcomes is judged by rows that it has seen, plain
    learners by folds that they have not.
    """
    found = labels["value"].to_numpy("int64") if len(labels) else np.zeros(0, "int64")
    if not found.sum():
        return None
    groups = labels[[name for name in labels if str(name).startswith(SLICE)]]
    groups = groups.rename(columns=lambda name: str(name).removeprefix(SLICE))
    features = labels[list(card.features)].astype("float64")
    groups = groups.assign(**parts.seen(features), period=labels["known_at"].dt.strftime("%Y-%m"))
    points, beside = card.points(labels), serving.points(labels)
    orders = {"the scorecard that serves": beside.astype("float64")}
    if min(found.sum(), len(found) - found.sum()) >= LEAST_FINDS:
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
        for name, peer in PEERS.items():
            made = cross_val_predict(peer(), features, found, cv=folds, method="predict_proba")
            orders[name] = made[:, 1]
    return _report(
        "own outcomes", card, points, beside, found, groups, share, orders,
        "not told on outcomes: they are those that were selected", SEEN_ROWS,
    )  # fmt: skip


def text(report: Report) -> str:
    """The report as Markdown."""
    lines = [
        f"## On {report.on}, {report.share:.1%} inspected",
        "",
        f"Of 100 inspected, {report.of_100:.0f} are finds ({report.found:,} of "
        f"{report.inspected:,}).",
        *(["", report.note] if report.note else []),
        "",
    ]
    if report.figures:
        lines += [
            "| part | rows | finds | recall | 95 % interval | what serves | gap, 95 % interval |",
            "|---|---|---|---|---|---|---|",
        ]
    else:
        lines.append(f"No part has {LEAST} finds: none is told.")
    lines += [
        f"| {cell(one.part)} | {one.rows:,} | {one.finds:,} | {one.recall:.3f} | {one.low:.3f} to "
        f"{one.high:.3f} | {one.serving:.3f} | {one.gap_low:+.3f} to {one.gap_high:+.3f} |"
        for one in report.figures
    ]
    lines += ["", "| beside | recall | 95 % interval |", "|---|---|---|"]
    lines += [f"| {name} | {is_:.3f} | {a:.3f} to {b:.3f} |" for name, is_, a, b in report.peers]
    lines += [
        "",
        "| fifth of the score | rows | mean score | share of finds |",
        "|---|---|---|---|",
    ]
    lines += [f"| {name} | {n:,} | {p:.4f} | {k:.4f} |" for name, n, p, k in report.calibration]
    return "\n".join([*lines, "", f"Groups of people: {report.groups}", ""])


def _logistic() -> Any:
    return make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(C=0.1, max_iter=2_000),
    )


def _boosting() -> Any:
    return make_pipeline(
        make_column_transformer(("passthrough", _told)),
        HistGradientBoostingClassifier(
            max_iter=150, learning_rate=0.1, max_leaf_nodes=15, l2_regularization=5.0,
            early_stopping=False, random_state=0,
        ),
    )  # fmt: skip


def _told(features: Table) -> list[str]:
    """Features that any row of a fold tells: boosting cannot bin one that none does."""
    return [str(name) for name in features if features[name].notna().any()]


PEERS: dict[str, Callable[[], Any]] = {
    "logistic regression": _logistic,
    "histogram boosting": _boosting,
}


def _report(
    on: str,
    card: Scorecard,
    points: np.ndarray,
    beside: np.ndarray,
    labels: np.ndarray,
    groups: Table,
    share: float,
    orders: dict[str, np.ndarray],
    people: str,
    note: str = "",
) -> Report:
    inspected = parts.chosen(points, share)
    figures = tuple(parts.figures(points, beside, labels, groups, share, SEED))
    peers = []
    for name, scores in {"this scorecard": points.astype("float64"), **orders}.items():
        low, high = evaluate.interval(scores, labels, share, SEED, DRAWS)
        peers.append((name, evaluate.recall_at(scores, labels, share), low, high))
    return Report(
        on,
        share,
        figures,
        100 * float(labels[inspected].mean()),
        tuple(peers),
        tuple(_calibration(card, points, labels)),
        people,
        int(labels[inspected].sum()),
        int(inspected.sum()),
        note,
    )


def _calibration(
    card: Scorecard, points: np.ndarray, labels: np.ndarray
) -> Iterator[tuple[str, int, float, float]]:
    score = card.probability(points)
    ranked = np.argsort(score, kind="stable")
    for number, part in enumerate(np.array_split(ranked, 5), start=1):
        if not len(part):  # fewer rows than fifths
            continue
        yield f"{number}", len(part), float(score[part].mean()), float(labels[part].mean())

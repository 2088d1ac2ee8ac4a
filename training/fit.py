"""From a recipe to a folder that can serve: scorecard, recipe, card and manifest.

Rows are sorted by the generator, threads are pinned and every number is rounded to
whole points, so that the same recipe gives the same bytes (same lock, same family of
processor).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from riskprofile.errors import RiskProfileError
from riskprofile.scoring import artefact
from riskprofile.scoring.scorecard import (
    POINTS_PER_LOG_ODDS,
    WORDING,
    Scorecard,
)
from riskprofile.scoring.wording import Wording
from riskprofile.tables import Table
from training import card, data, evaluate, folders, record, wording
from training.estimator import ScorecardClassifier
from training.recipe import Recipe

Progress = Callable[[str, int], None]
FREE_ROWS = 150_000  # without a find, that the machine of the card learns from at most
PROBABILITY_RANGE = 1600  # points on either side that the probability table covers


@dataclass
class Fitted:
    """A scorecard, what it was fitted on, and how it does on the later period."""

    scorecard: Scorecard
    recipe: Recipe
    estimator: ScorecardClassifier
    train: Table  # features with the cross-fitted wording
    test: Table
    train_labels: np.ndarray
    test_labels: np.ndarray
    test_protected: Table  # for the figures by group in the card
    data_digest: str
    beside: dict[str, np.ndarray]  # other scores of the later period, for the card


def fit(recipe: Recipe, made: data.Data | None = None, progress: Progress | None = None) -> Fitted:
    """Fit a scorecard by its recipe.

    Raises
    ------
    RiskProfileError
        Too few positives to learn from, or tables and estimator disagree.
    """
    tell = progress or (lambda what, rows: None)
    # Histogram boosting gives the same bits with one thread or two; BLAS does not.
    with threadpool_limits(limits=1, user_api="blas"):
        return _fit(recipe, made or data.make(recipe, tell), tell)


def _fit(recipe: Recipe, made: data.Data, tell: Progress) -> Fitted:
    train = made.during(None, recipe.train_until)
    test = made.during(recipe.test_from, None)
    labels = made.labels[train]
    if labels.sum() < 50 or made.labels[test].sum() < 50:
        raise RiskProfileError(
            f"{labels.sum()} positives to learn from and {made.labels[test].sum()} to judge by",
            do="Give both periods at least 50: more rows, or other dates",
        )
    title = made.profile.title
    tell("wording", int(train.sum()))
    texts = wording.Texts.of(made.descriptions[train])
    words = wording.fit_wording(title, texts, labels, **recipe.wording)
    crossed = wording.cross_fitted(texts, labels, made.groups[train], **recipe.wording).round(6)
    learnt = made.features[train].assign(**{WORDING: crossed}).reset_index(drop=True)
    judged = made.features[test].assign(**{WORDING: words.value(made.descriptions[test]).round(6)})
    judged = judged.reset_index(drop=True)
    monotone = {
        feature.name: feature.monotone
        for feature in made.profile.features
        if feature.monotone and feature.name in learnt
    }
    estimator = ScorecardClassifier(
        monotone={**monotone, WORDING: 1},
        given_pairs=recipe.given_pairs,
        seed=recipe.seed,
        **recipe.estimator,
    )
    tell("scorecard", int(train.sum()))
    estimator.fit(learnt, labels)
    card_ = _scorecard(recipe, estimator, words, learnt, labels)
    return Fitted(
        scorecard=card_,
        recipe=recipe,
        estimator=estimator,
        train=learnt,
        test=judged,
        train_labels=labels,
        test_labels=made.labels[test],
        test_protected=made.protected[test].reset_index(drop=True),
        data_digest=_digest(made),
        beside={
            "before rounding": estimator.exact(judged),
            "free boosting, no sum of terms": _free(recipe, learnt, labels, judged),
        },
    )


def _free(recipe: Recipe, learnt: Table, labels: np.ndarray, judged: Table) -> np.ndarray:
    """A machine that may combine any features: what the sum of terms gives up, for the card.

    On every positive and a share of the others, as the scorecard itself learns.
    """
    machine = HistGradientBoostingClassifier(
        max_iter=300,
        learning_rate=0.05,
        max_leaf_nodes=31,
        min_samples_leaf=60,
        l2_regularization=5.0,
        max_features=0.5,
        early_stopping=False,
        random_state=recipe.seed,
    )
    share = FREE_ROWS / max(int((labels == 0).sum()), 1)
    kept = (np.random.default_rng(recipe.seed).random(len(labels)) < share) | (labels == 1)
    scores: np.ndarray = machine.fit(learnt[kept], labels[kept]).decision_function(judged)
    return scores


def _scorecard(
    recipe: Recipe,
    estimator: ScorecardClassifier,
    words: Wording,
    learnt: Table,
    labels: np.ndarray,
) -> Scorecard:
    intercept, slope = evaluate.calibration(estimator.points(learnt), labels)
    lowest = estimator.base_ - PROBABILITY_RANGE
    points = np.arange(lowest, estimator.base_ + PROBABILITY_RANGE + 1)
    probabilities = 1 / (1 + np.exp(-(intercept + slope * points / POINTS_PER_LOG_ODDS)))
    used = {name for term in estimator.terms_ for name in term.features}
    bins = {name: cuts for name, cuts in estimator.tables_.bins.items() if name in used}
    return Scorecard(
        profile=recipe.profile,
        version=recipe.version,
        digest="",
        base=estimator.base_,
        bins=bins,
        terms=estimator.terms_,
        wording=words if WORDING in used else None,
        lowest=int(lowest),
        probabilities=np.round(probabilities, 9),
        norms=_norms(learnt, labels, list(bins)),
    )


def _norms(learnt: Table, labels: np.ndarray, names: list[str]) -> dict[str, str]:
    """What is usual of each feature: the middle 80 % of the rows without a find."""
    usual = learnt[labels == 0]
    made = {}
    for name in names:
        if name == WORDING:  # log-odds tell an officer nothing; its words do
            continue
        low, high = usual[name].quantile([0.1, 0.9])
        if np.isnan(low):
            continue
        made[name] = f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"
    return made


def _digest(made: data.Data) -> str:
    """Features and labels of all rows, of both periods: what was learnt from and what judges."""
    total = hashlib.sha256()
    total.update(np.ascontiguousarray(made.features.to_numpy("float64")).tobytes())
    total.update(made.labels.tobytes())
    return total.hexdigest()


def write(fitted: Fitted, folder: Path) -> str:
    """Write the folder of a version; its digest.

    Files: scorecard.json, tables.npz, wording.json, recipe.json, card.md, environment.json,
    tables.svg, manifest.json.
    """
    files = artefact.pack(fitted.scorecard)
    files["recipe.json"] = fitted.recipe.as_json().encode()
    files["card.md"] = card.card(fitted).encode()
    files |= record.files(fitted.scorecard)
    files, digest = folders.sealed(files, fitted.scorecard, fitted.data_digest)
    folders.renew(folder, files)
    return digest

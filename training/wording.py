"""Fitting the text scorecard: a penalised linear model over words, pairs and pieces."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from riskprofile.scoring.wording import UNIT, Wording, pieces, read
from riskprofile.tables import Column


@dataclass(frozen=True)
class Texts:
    """Descriptions taken apart once, for the scorecard of all of them and of each fold."""

    codes: np.ndarray  # number of the distinct text of each row; -1 where there is none
    names: list[str]  # every piece that occurs, sorted
    matrix: sparse.csr_matrix  # 1 where a distinct text holds a piece

    @classmethod
    def of(cls, descriptions: Column) -> Texts:
        """Descriptions as declared; missing ones are left out of what is learnt."""
        codes, distinct = pd.factorize(read(descriptions), sort=True)
        place: dict[str, int] = {}
        columns, starts = array("q"), array("q", [0])
        for text in distinct:
            columns.extend(place.setdefault(piece, len(place)) for piece in pieces(str(text)))
            starts.append(len(columns))
        names = sorted(place)
        among = np.empty(len(names), dtype=np.int64)
        among[[place[name] for name in names]] = np.arange(len(names))
        matrix = sparse.csr_matrix(
            (np.ones(len(columns)), among[np.array(columns)], np.array(starts)),
            shape=(len(distinct), len(names)),
        )
        matrix.sort_indices()
        return cls(codes, names, matrix)


def fit_wording(
    column: str,
    texts: Texts,
    labels: np.ndarray,
    *,
    penalty: float = 0.3,
    least: int = 12,
    most: int = 40_000,
) -> Wording:
    """Whole-number weights learnt from these descriptions.

    Parameters
    ----------
    texts : Texts
    labels : array of 0 and 1
        One for each row of `texts`.
    penalty : float
        Inverse strength of the ridge penalty (scikit-learn's `C`).
    least, most : int
        A piece is used when it occurs in at least `least` rows; at most `most` pieces,
        the most frequent first.
    """
    every = np.ones(len(texts.codes), dtype=bool)
    base, places, weights = _learnt(texts, every, labels, penalty, least, most)
    told = zip(places.tolist(), weights.tolist(), strict=True)
    return Wording(column, base, {texts.names[place]: weight for place, weight in told if weight})


def cross_fitted(
    texts: Texts,
    labels: np.ndarray,
    groups: np.ndarray,
    folds: int = 5,
    *,
    penalty: float = 0.3,
    least: int = 12,
    most: int = 40_000,
) -> np.ndarray:
    """The value of each description by a scorecard that has not seen its wording.

    `groups` keeps equal descriptions in one fold, so that what is learnt of the value
    is how it does on new wording.
    """
    fold = np.abs(groups) % folds
    made = np.full(len(labels), np.nan)
    for number in range(folds):
        held = (fold == number) & (texts.codes >= 0)
        base, places, weights = _learnt(texts, fold != number, labels, penalty, least, most)
        # Whole numbers: as `Wording.value` sums them, whatever the order.
        sums = texts.matrix[:, places] @ weights.astype("float64")
        made[held] = (base + sums[texts.codes[held]]) / UNIT
    return made


def _learnt(
    texts: Texts, inside: np.ndarray, labels: np.ndarray, penalty: float, least: int, most: int
) -> tuple[int, np.ndarray, np.ndarray]:
    """The base, the pieces that are used (their places) and their weights."""
    given = inside & (texts.codes >= 0)
    size = texts.matrix.shape[0]
    counts = np.bincount(texts.codes[given], minlength=size)
    # Each distinct text once as found and once as not, by how often: the same sum over rows.
    found = np.bincount(texts.codes[given], weights=labels[given], minlength=size)
    often = np.concatenate([found, counts - found])
    used = np.flatnonzero(often)
    seen = texts.matrix.T @ counts
    places = np.flatnonzero(seen >= least)
    places = np.sort(places[np.argsort(-seen[places], kind="stable")][:most])
    model = LogisticRegression(C=penalty, max_iter=300, tol=1e-5)
    model.fit(
        texts.matrix[:, places][used % max(size, 1)],
        (used < size).astype(int),
        sample_weight=often[used],
    )
    weights = np.rint(model.coef_[0] * UNIT).astype(int)
    return int(np.rint(model.intercept_[0] * UNIT)), places, weights

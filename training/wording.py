"""Fitting the text scorecard: a penalised linear model over words, pairs and pieces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from riskprofile.scoring.wording import UNIT, Wording, pieces, read
from riskprofile.tables import Column


def fit_wording(
    column: str,
    descriptions: Column,
    labels: np.ndarray,
    *,
    penalty: float = 0.3,
    least: int = 12,
    most: int = 40_000,
) -> Wording:
    """Whole-number weights learnt from these descriptions.

    Parameters
    ----------
    descriptions : Column
        Goods descriptions as declared; missing ones are left out.
    labels : array of 0 and 1
    penalty : float
        Inverse strength of the ridge penalty (scikit-learn's `C`).
    least, most : int
        A piece is used when it occurs in at least `least` rows; at most `most` pieces,
        the most frequent first.
    """
    codes, distinct = _skeletons(descriptions)
    given = codes >= 0
    lists = [pieces(text) for text in distinct]
    counts = np.bincount(codes[given], minlength=len(distinct))
    vocabulary = _vocabulary(lists, counts, least, most)
    # Each distinct text once as found and once as not, by how often: the same sum over rows.
    found = np.bincount(codes[given], weights=labels[given], minlength=len(distinct))
    often = np.concatenate([found, counts - found])
    used = np.flatnonzero(often)
    answers = (used < len(distinct)).astype(int)
    matrix = _matrix(lists, vocabulary)[used % max(len(distinct), 1)]
    model = LogisticRegression(C=penalty, max_iter=300, tol=1e-5)
    model.fit(matrix, answers, sample_weight=often[used])
    whole = np.rint(model.coef_[0] * UNIT).astype(int)
    weights = {
        piece: int(weight) for piece, weight in zip(vocabulary, whole, strict=True) if weight
    }
    return Wording(column, int(np.rint(model.intercept_[0] * UNIT)), weights)


def cross_fitted(
    column: str,
    descriptions: Column,
    labels: np.ndarray,
    groups: np.ndarray,
    folds: int = 5,
    **options: Any,
) -> np.ndarray:
    """The value of each description by a scorecard that has not seen its wording.

    `groups` keeps equal descriptions in one fold, so that what is learnt of the value
    is how it does on new wording.
    """
    fold = np.abs(groups) % folds
    made = np.full(len(labels), np.nan)
    for number in range(folds):
        inside = fold != number
        fitted = fit_wording(column, descriptions[inside], labels[inside], **options)
        held = ~inside
        made[held] = fitted.value(descriptions[held]).to_numpy("float64")
    return made


def _skeletons(descriptions: Column) -> tuple[np.ndarray, list[str]]:
    codes, distinct = pd.factorize(read(descriptions), sort=True)
    return codes, [str(text) for text in distinct]


def _vocabulary(
    lists: Sequence[Sequence[str]], counts: np.ndarray, least: int, most: int
) -> list[str]:
    found: dict[str, int] = {}
    for made, count in zip(lists, counts.tolist(), strict=True):
        for piece in made:
            found[piece] = found.get(piece, 0) + count
    kept = sorted(
        (piece for piece, count in found.items() if count >= least),
        key=lambda piece: (-found[piece], piece),
    )
    return sorted(kept[:most])


def _matrix(lists: Sequence[Sequence[str]], vocabulary: Sequence[str]) -> sparse.csr_matrix:
    place = {piece: i for i, piece in enumerate(vocabulary)}
    columns: list[int] = []
    starts = [0]
    for made in lists:
        columns.extend(sorted(place[piece] for piece in made if piece in place))
        starts.append(len(columns))
    return sparse.csr_matrix(
        (np.ones(len(columns)), np.array(columns), np.array(starts)),
        shape=(len(lists), len(vocabulary)),
    )

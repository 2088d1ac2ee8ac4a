"""An analyst's edits of a scorecard: which table, and what is done with it. Pure.

An edit is part of the recipe, so what a person changed by hand is in what people sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from riskprofile.errors import RiskProfileError
from riskprofile.scoring.scorecard import Scorecard, Term

LOCK, DROP, SMOOTH, RISING, FALLING = HOW = ("lock", "drop", "smooth", "rising", "falling")
SHAPED = (SMOOTH, RISING, FALLING)  # outcomes may weigh such a term, and not bend it again


@dataclass(frozen=True)
class Edit:
    """One term and what is done with it: lock, drop, smooth, rising or falling."""

    term: str
    how: str


def ways(term: Term) -> tuple[str, ...]:
    """What can be done with a term.

    A written criterion holds or does not: bent, it would give points, with its sentence, to rows
    of which that is not true.
    """
    if term.criterion:
        return LOCK, DROP
    return HOW if len(term.features) == 1 else (LOCK, DROP, SMOOTH)


def edited(card: Scorecard, edits: Sequence[Edit]) -> Scorecard:
    """The scorecard with its tables as an analyst edited them; locked ones are as they were.

    Raises
    ------
    RiskProfileError
        A term that it does not have or that is named twice, an unknown edit, a written criterion
        that is to be bent, or a pair of features that is to rise or fall: only a single feature
        has one way to go.
    """
    by = {edit.term: edit.how for edit in edits}
    if len(by) < len(edits):
        raise RiskProfileError("a term is edited twice", do="Give one edit for each term")
    names = {term.name for term in card.terms}
    if unknown := sorted(set(by) - names):
        raise RiskProfileError(f"the scorecard has no term {unknown[0]}")
    if wrong := sorted(set(by.values()) - set(HOW)):
        raise RiskProfileError(f"{wrong[0]!r} is no edit", do=f"Edits are {', '.join(HOW)}")
    terms = [
        _shaped(term, by.get(term.name, LOCK)) for term in card.terms if by.get(term.name) != DROP
    ]
    return replace(card, terms=tuple(terms)) if edits else card


def _shaped(term: Term, how: str) -> Term:
    if how not in SHAPED:
        return term
    if how not in ways(term):
        what = "written criterion" if term.criterion else "pair"
        others = "Keep it" if term.criterion else "Smooth it"
        raise RiskProfileError(
            f"{term.name} is a {what} and cannot be made {how}", do=f"{others}, or drop it"
        )
    table = term.table.astype("float64")
    if how == SMOOTH:
        for axis in range(table.ndim):
            table = _smooth(table, axis)
    else:
        way = 1 if how == RISING else -1
        table[:-1] = way * rising(way * table[:-1])  # the last bin is missing: it has no place
    return replace(term, table=np.rint(table).astype(np.int32))


def _smooth(table: np.ndarray, axis: int) -> np.ndarray:
    """Each bin half itself and a quarter either neighbour; missing is nobody's neighbour."""
    moved = np.moveaxis(table.copy(), axis, 0)
    given = moved[:-1]
    if len(given) > 1:
        wide = np.concatenate([given[:1], given, given[-1:]])
        moved[:-1] = 0.25 * wide[:-2] + 0.5 * wide[1:-1] + 0.25 * wide[2:]
    return np.moveaxis(moved, 0, axis)


def rising(values: np.ndarray) -> np.ndarray:
    """The nearest rising sequence: pools of means of what falls.

    >>> rising(np.array([1.0, 3.0, 2.0, 5.0])).tolist()
    [1.0, 2.5, 2.5, 5.0]
    """
    pools: list[list[float]] = []
    for value in values:
        pools.append([float(value), 1.0])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            last, count = pools.pop()
            total = pools[-1][0] * pools[-1][1] + last * count
            pools[-1][1] += count
            pools[-1][0] = total / pools[-1][1]
    if not pools:
        return values
    made: np.ndarray = np.concatenate([np.full(int(count), mean) for mean, count in pools])
    return made


@dataclass(frozen=True)
class Cost:
    """What an edit costs at one share inspected: recall before and after."""

    share: float
    positives: int
    before: float
    after: float


def costs(
    before: np.ndarray, after: np.ndarray, labels: np.ndarray, shares: Sequence[float]
) -> list[Cost]:
    """Recall of two scorecards' points on the same rows, each at every share inspected."""
    told = []
    for share in shares:
        count = max(1, round(len(labels) * share))
        found = [
            float(labels[np.argsort(-points, kind="stable")[:count]].sum()) / max(labels.sum(), 1)
            for points in (before, after)
        ]
        told.append(Cost(share, int(labels.sum()), *found))
    return told

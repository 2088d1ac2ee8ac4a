"""An analyst's edits of a scorecard: which table, and what is done with it. Pure.

An edit is part of the recipe, so what a person changed by hand is in what people sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from riskprofile.errors import RiskProfileError
from riskprofile.scoring.scorecard import Scorecard, Term
from riskprofile.tables import Table

LOCK, DROP, SMOOTH, RISING, FALLING = HOW = ("lock", "drop", "smooth", "rising", "falling")
SET = "set"  # one bin of a term gets points by hand, beside what is done with the whole of it
SHAPED = (SMOOTH, RISING, FALLING, SET)  # outcomes may weigh such a term, and not bend it again
MOST_POINTS = 1_000  # of a bin, either way: no learnt table comes near


@dataclass(frozen=True)
class Edit:
    """One term and what is done with it: lock, drop, smooth, rising or falling; or `set`, which
    gives bin number `bin` of a single feature its `points`.
    """

    term: str
    how: str
    bin: int | None = None
    points: int | None = None


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
        A term that it does not have, or that is named twice as a whole or with one of its bins, an
        unknown edit, a written criterion that is to be bent, a pair of features that is to rise or
        fall (only a single feature has one way to go), points for a bin that there is not, or such
        as go against the way that its term is made to go.
    """
    whole = [edit for edit in edits if edit.how != SET]
    by = {edit.term: edit.how for edit in whole}
    bins = {(edit.term, edit.bin) for edit in edits if edit.how == SET}
    gone = any(by.get(term) == DROP for term, _ in bins)
    if len(by) + len(bins) < len(edits) or gone:
        raise RiskProfileError("a term is edited twice", do="Give one edit for each term")
    names = {term.name for term in card.terms}
    if unknown := sorted({edit.term for edit in edits} - names):
        raise RiskProfileError(f"the scorecard has no term {unknown[0]}")
    if wrong := sorted(set(by.values()) - set(HOW)):
        raise RiskProfileError(f"{wrong[0]!r} is no edit", do=f"Edits are {', '.join(HOW)}")
    terms = [
        _set(
            _shaped(term, by.get(term.name, LOCK)),
            [one for one in edits if one.how == SET],
            by.get(term.name, LOCK),
        )
        for term in card.terms
        if by.get(term.name) != DROP
    ]
    return replace(card, terms=tuple(terms)) if edits else card


def _set(term: Term, edits: Sequence[Edit], how: str) -> Term:
    """The term, shaped as `how` says, with the points that its bins were given by hand."""
    mine = [one for one in edits if one.term == term.name]
    if not mine:
        return term
    if term.criterion or len(term.features) > 1:
        raise RiskProfileError(
            f"no bin of {term.name} is given points: it is no single feature that was learnt"
        )
    table = term.table.copy()
    for one in mine:
        if one.bin is None or one.points is None or not 0 <= one.bin < len(table):
            raise RiskProfileError(f"{term.name} has no bin {one.bin} for {one.points} points")
        if abs(one.points) > MOST_POINTS:
            raise RiskProfileError(f"{one.points} points are too many for a bin of {term.name}")
        table[one.bin] = one.points
    way = {RISING: 1, FALLING: -1}.get(how, 0)
    if (way * np.diff(table[:-1]) < 0).any():
        raise RiskProfileError(
            f"{term.name} is made to {'rise' if way > 0 else 'fall'}, and points for a bin go "
            "against it",
            do="Give points between those of its neighbours",
        )
    return replace(term, table=table)


def changed(before: Scorecard, after: Scorecard) -> list[str]:
    """Names of the terms whose points the two give differently, in the order of the first."""
    mine, others = ({term.name: term for term in card.terms} for card in (before, after))
    cut = {
        name
        for name in {*before.bins} & {*after.bins}
        if not np.array_equal(before.bins[name].edges, after.bins[name].edges)
    }
    return [
        name
        for name in {**mine, **others}
        if name not in mine
        or name not in others
        or not cut.isdisjoint(mine[name].features)
        or not np.array_equal(mine[name].table, others[name].table)
    ]


def gained(before: Scorecard, after: Scorecard, features: Table) -> np.ndarray:
    """Points that each row gains (int64): of the terms that differ alone, so that it is quick."""
    names = changed(before, after)
    total = np.full(len(features), after.base - before.base, dtype=np.int64)
    for sign, card in ((-1, before), (1, after)):
        terms = tuple(term for term in card.terms if term.name in names)
        read = {name for term in terms for name in term.features}
        bins = {name: one for name, one in card.bins.items() if name in read}
        if terms:
            total += sign * replace(card, base=0, terms=terms, bins=bins).points(features)
    return total


def _shaped(term: Term, how: str) -> Term:
    if how not in (SMOOTH, RISING, FALLING):
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

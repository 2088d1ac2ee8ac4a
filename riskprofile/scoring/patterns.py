"""Patterns of packs: a few parts of a declaration that together were found more than rated.

A part is said in words that name nobody: two words of the Harmonized System, a heading, a
choice such as the mode of transport, or an indicator that fired. Learning asks which parts
together held more finds than the points of their cases explain; matching is a look-up. Pure:
no clock, no disk.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
import pandas as pd

from riskprofile.profiles import Profile
from riskprofile.reference import nomenclature
from riskprofile.reference.text import tokens
from riskprofile.scoring.calibration import scale
from riskprofile.scoring.scorecard import POINTS_PER_LOG_ODDS
from riskprofile.tables import TEXT, Column, Table

SIGN, WORDS = "sign", "words"
PACK = "pack"  # the column that the indicator sees
SHORTEST = 4  # letters of a shared word
READ = 12  # words of one description that are paired; a goods line has fewer
FALSE = 0.05  # false-discovery rate over all that was compared
MORE = 1.5  # times as many finds as the points explain
SHARPER = 1.25  # times as sharp as a shorter pattern, or it is left out
LEAST_FINDS = 30  # before the points are set on the scale of an office's own outcomes
KEPT = 100  # patterns of one pack
BARE = frozenset(
    "with from other than without whether which that their into also".split()  # noqa: SIM905
)

Parts = tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """One examined declaration: what its goods are, what else is so, and what was found."""

    goods: frozenset[str]
    others: frozenset[str]
    sender: str
    points: int | None
    find: bool


@dataclass(frozen=True)
class Pattern:
    """Parts that were found together, sorted; cases, and finds its points explain."""

    parts: Parts
    finds: int
    others: int | None  # examined without a find; None when fewer than `k`, or of fewer senders
    expected: float


@dataclass(frozen=True)
class InForce:
    """One pattern that somebody accepted; `says` names the pack, who accepted it and when."""

    parts: Parts
    says: str


class Patterns:
    """The accepted patterns when a rating began. Which those are, the caller decides."""

    def __init__(self, accepted: Iterable[InForce] = ()) -> None:
        self._by_first: dict[str, list[InForce]] = {}
        for one in accepted:
            self._by_first.setdefault(one.parts[0], []).append(one)

    def __len__(self) -> int:
        return sum(map(len, self._by_first.values()))

    def __call__(self, table: Table, profile: Profile, fired: Mapping[str, np.ndarray]) -> Column:
        """What each row fits, in words; missing where it fits nothing.

        Parameters
        ----------
        table : Table
            Canonical columns of the profile.
        fired : mapping of str to array of bool
            The indicators that a row alone decides.
        """
        told: list[object] = []
        for goods, others in parts(table, profile, fired):
            held = goods | others
            near = [one for first in held & self._by_first.keys() for one in self._by_first[first]]
            fits = sorted(
                f"{', '.join(one.parts)} ({one.says})" for one in near if held.issuperset(one.parts)
            )
            told.append("; ".join(fits) or pd.NA)
        return pd.Series(told, index=table.index, dtype=TEXT)


def parts(
    table: Table, profile: Profile, fired: Mapping[str, np.ndarray]
) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
    """The parts of each row: of its goods, and all others.

    Only what the profile lets be rated is read: no protected column, name or place.
    """
    columns = [one for one in profile.columns if one.name in profile.visible]
    choices = [one.name for one in columns if one.kind == "choice"]
    codes = [one.name for one in columns if one.kind == "hs"]
    texts = _plain(table, profile.title)
    coded = [(name, _plain(table, name)) for name in codes]
    chosen = [(name, _plain(table, name)) for name in choices]
    signs = list(fired.items())
    for row, text in enumerate(texts):
        goods = {f"{WORDS} {pair}" for pair in phrases(text)} if text else set()
        goods |= {f"{name} {one[row][:4]}" for name, one in coded if len(one[row]) >= 4}
        others = {f"{name} {one[row]}" for name, one in chosen if one[row]}
        others |= {f"{SIGN} {key}" for key, mask in signs if mask[row]}
        yield frozenset(goods), frozenset(others)


def _plain(table: Table, name: str) -> list[str]:
    if name not in table:
        return [""] * len(table)
    column = table[name]
    return [str(one) for one in column.astype(object).where(column.notna(), "")]


@lru_cache(maxsize=1 << 14)
def phrases(text: str) -> frozenset[str]:
    """Pairs of words of a description that are words of the Harmonized System.

    >>> sorted(phrases("Fuel filters for Zzyrk"))
    ['filters fuel']
    """
    known = [word for word in dict.fromkeys(tokens(text)) if word in vocabulary()]
    return frozenset(f"{one} {other}" for one, other in combinations(sorted(known[:READ]), 2))


@lru_cache(maxsize=1)
def vocabulary() -> frozenset[str]:
    """The words that a pack may hold."""
    found = {word for text in nomenclature.texts().values() for word in tokens(text)}
    return frozenset(one for one in found if len(one) >= SHORTEST and one.isalpha()) - BARE


def known(part: str, profiles: Iterable[Profile]) -> bool:
    """Whether a part is one that these profiles can have: nothing else may be in a pack."""
    kind, _, value = part.partition(" ")
    if kind == WORDS:
        pair = value.split(" ")
        return len(pair) == 2 and set(pair) <= vocabulary()
    for profile in profiles:
        if kind == SIGN and any(one.key == value for one in profile.indicators):
            return True
        spec = profile.by_name.get(kind)
        if spec is None or kind not in profile.visible:
            continue
        if spec.kind == "choice" and value in spec.choices:
            return True
        if spec.kind == "hs" and len(value) == 4 and value.isascii() and value.isdigit():
            return True
    return False


def learn(cases: Sequence[Case], k: int) -> list[Pattern]:
    """Parts that together held more finds than their points explain, the surest first.

    Every pattern stands on at least `k` finds of at least `k` senders, and what it says of those
    examined without a find on as many of as many. How likely so many finds are, given what the
    points of these cases expect, is a binomial tail at their mean chance: never less than with
    each case's own (Hoeffding, 1956). What is kept holds at a false-discovery rate of `FALSE`
    over all that was compared. The points are first set on the scale of these outcomes
    themselves. A pattern is left out when a shorter one says nearly as much.
    """
    # In one order, so that sums have the same bits whatever the order of the cases.
    rated = sorted((one for one in cases if one.points is not None), key=_order)
    if sum(one.find for one in rated) < max(k, LEAST_FINDS):
        return []
    chance = _chances(
        np.array([one.points for one in rated], dtype=np.float64),
        np.array([one.find for one in rated], dtype=np.float64),
    )
    common = Counter(part for one in rated if one.find for part in one.goods | one.others)
    wanted = {part for part, count in common.items() if count >= k}
    senders: dict[bool, dict[Parts, set[str]]] = {one: defaultdict(set) for one in (False, True)}
    finds: Counter[Parts] = Counter()
    seen: Counter[Parts] = Counter()
    expected: dict[Parts, float] = defaultdict(float)
    for one, share in zip(rated, chance.tolist(), strict=True):
        for each in _together(one.goods & wanted, one.others & wanted):
            seen[each] += 1
            expected[each] += share
            finds[each] += one.find
            senders[one.find][each].add(one.sender)
    compared = sorted(each for each, those in senders[True].items() if len(those) >= k)
    if not compared:
        return []
    from scipy import stats  # half as large as all else that rates, and only learning asks it

    many = np.array([seen[each] for each in compared])
    found = np.array([finds[each] for each in compared])
    foretold = np.array([expected[each] for each in compared])
    tails = stats.binom.sf(found - 1, many, foretold / many)
    sure = stats.false_discovery_control(tails)
    order = np.lexsort((np.arange(len(compared)), tails))
    kept: list[Pattern] = []
    for place in order:
        each = compared[place]
        if sure[place] > FALSE or finds[each] < MORE * expected[each]:
            continue
        without = seen[each] - finds[each] if len(senders[False][each]) >= k else None
        kept.append(Pattern(each, finds[each], without, expected[each]))
    return [one for one in kept if not _said(one, kept)][:KEPT]


def _said(one: Pattern, kept: Sequence[Pattern]) -> bool:
    """Whether a shorter pattern says nearly as much."""
    times = one.finds / one.expected
    return any(
        set(other.parts) < set(one.parts) and SHARPER * other.finds / other.expected >= times
        for other in kept
    )


def _order(one: Case) -> tuple[int, bool, str, list[str], list[str]]:
    return one.points or 0, one.find, one.sender, sorted(one.goods), sorted(one.others)


def _together(goods: frozenset[str], others: frozenset[str]) -> Iterator[Parts]:
    """Two or three parts, at most one of the goods, each once and sorted."""
    beside = sorted(others)
    for two in combinations(beside, 2):
        yield two
    for one in sorted(goods):
        for other in beside:
            yield tuple(sorted((one, other)))
        for two in combinations(beside, 2):
            yield tuple(sorted((one, *two)))


def _chances(points: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Chance of a find by points on the scale of these cases."""
    x = np.column_stack([np.ones(len(points)), points / POINTS_PER_LOG_ODDS])
    eta = x @ np.array(scale(points, found))
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(eta, -30, 30))))

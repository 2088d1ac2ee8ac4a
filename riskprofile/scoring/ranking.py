"""From points and indicators to one ranked list, lanes and the random control share.

Pure: no clock, no disk; the seed is handed in. The order is total. Capacity cuts it: one
capacity for the whole list, or one for each office and day. Where a day comes in many lists, each
is cut as if what is still to come stood in it too (`Ahead`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from riskprofile.columns import View, spans
from riskprofile.tables import Table

QUEUES = ("trafficking", "compliance", "data_quality")
DEFAULT_SHARE = 0.05  # where neither a number, nor a share, nor an office's capacity is known


def examined(of: int, share: float) -> int:
    """How many of so many are examined when a share of them is, in [0, 1]: rounded up.

    >>> examined(100, 0.07), examined(101, 0.05), examined(9, 0.05)
    (7, 6, 1)
    """
    return math.ceil(round(of * share, 6))  # 7 % of 100 is not 7.000000000000001


@dataclass(frozen=True)
class Ahead:
    """What a day is still to bring after a list of it, as days before it tell.

    Parameters
    ----------
    count : float
        Declarations that came later than now on such a day.
    usual : float
        Declarations of such a day in all.
    before : int
        Declarations that earlier lists of this day brought.
    heights : mapping of int to int
        How declarations of late were rated: how many stood at each height.
    known : int
        Declarations of this list that earlier ones brought, in another version: of this day,
        but for those that were due on another or did not come when they were.
    """

    count: float
    usual: float
    before: int
    heights: Mapping[int, int]
    known: int = 0

    @property
    def apart(self) -> int:
        """Declarations of the day that earlier lists brought and this one does not."""
        return max(self.before - self.known, 0)

    def expected(self, here: Mapping[int, int]) -> dict[int, float]:
        """How many are still to come at each height, after a list that holds these."""
        size, count = sum(here.values()), self.count
        if 2 * size >= self.usual:  # the day's own list, whether it came early or late
            count = min(count, max(0.0, self.usual - self.apart - size))
        if not count:
            return {}
        seen = Counter(self.heights)
        seen.update(here)
        each = count / seen.total()
        return {height: each * many for height, many in seen.items()}


@dataclass(frozen=True)
class Capacity:
    """What can be examined of one list.

    `number` examinations, or else `share` of the declarations, rounded up. Of these,
    `random_share` (at least one) is drawn from what the list passes over. `taken` and
    `drawn` are what earlier lists of the same office and day have used up of `number`:
    examinations, and random draws among them. `ahead` is what the day is still to bring, where
    that is known: examinations are kept for it.
    """

    number: int | None = None
    share: float | None = None
    random_share: float = 0.10
    taken: int = 0
    drawn: int = 0
    ahead: Ahead | None = None

    @property
    def stated(self) -> bool:
        """Whether somebody said how much, so that the offices' own capacity does not count."""
        return self.number is not None or self.share is not None

    @property
    def said(self) -> str:
        """What was asked for, in words.

        >>> Capacity(50).said, Capacity(share=0.07, random_share=0).said
        ('50 examinations, 10% of them random', '7% of the declarations, 0% of them random')
        """
        much = "each office's own"
        if self.number is not None:
            much = f"{self.number:,} examination{'' if self.number == 1 else 's'}"
        elif self.share is not None:
            much = f"{self.share:.4%}".rstrip("%0").rstrip(".") + "% of the declarations"
        drawn = f"{self.random_share:.4%}".rstrip("%0").rstrip(".")
        return f"{much}, {drawn}% of them random"

    def of(self, declarations: int) -> tuple[int, int]:
        """Examinations by rank, and by random draw, among so many declarations.

        While anything of the day is left, each list draws at least one: what a list passes
        over without a draw is what nobody can ever learn from.
        """
        if not declarations:
            return 0, 0
        if self.number is not None:
            total = self.number
        else:
            total = examined(declarations, DEFAULT_SHARE if self.share is None else self.share)
        left = min(total - self.taken, declarations)
        if left <= 0 or self.random_share <= 0:
            return max(left, 0), 0
        whole = total if self.taken else left
        drawn = min(max(1, round(whole * self.random_share) - self.drawn), left)
        return left - drawn, drawn

    @property
    def left(self) -> int:
        """Of a `number`, what earlier lists of the day have not used up."""
        return max((self.number or 0) - self.taken, 0)

    def keeping(
        self, declarations: int, expected: float, able: float | None = None
    ) -> tuple[float, float]:
        """What goes by rank among so many declarations and as many as are `expected` after them,
        and the probability with which each that is passed over is drawn. At most `able` of them
        can go by rank, where that is said.

        That is the same all day long, whatever was drawn of it so far: whoever comes late is as
        likely to be drawn as whoever came early.
        """
        assert self.number is not None and self.ahead is not None  # the list of an office's day
        rest = declarations + expected
        able = rest if able is None else able
        if self.left >= rest and able >= rest:
            return rest, 0.0
        drawn = max(1, round(self.number * self.random_share)) if self.random_share > 0 else 0
        whole = self.ahead.apart + rest
        passed = max(whole - self.number + drawn, whole * (1 - able / rest))
        chance = min(drawn / passed if passed > drawn else 1.0, self.left / rest)
        if chance == 1:
            return able, chance
        return round((self.left - chance * rest) / (1 - chance), 9), chance


Place = tuple[int, int]  # number of the list, height


@dataclass(frozen=True)
class Cut:
    """Where one list is cut.

    Of its `size` declarations the first `red` are examined, and of the others `chosen` at random,
    by their place after these (below zero where the list was given more since, see `given`): each
    with this `probability`. `high` of them are rated high enough for a scan. `red_from` and
    `yellow_from` are the fewest points with which one is examined, and scanned: of the last that
    is, or of what is still expected, where that is cut beside it; None where none is. `kept`
    examinations are left for what is still `expected` on its day. So many are `raised` by an
    indicator, and so many examinations of the day were `left`, whatever this list takes of them.
    """

    size: int
    red: int
    high: int
    chosen: np.ndarray
    probability: float
    red_from: int | None
    yellow_from: int | None
    kept: int
    expected: float
    raised: int
    left: int

    def fits(self, left: int) -> bool:
        """Whether what points and the draw take still has room, where so many are left by now.

        What an indicator raises is examined whatever is left.
        """
        taken = self.red - self.raised + int((self.chosen >= 0).sum())
        return left >= self.left or taken <= max(left - self.raised, 0)

    def given(self, more: int, heights: Mapping[int, int], floor: int) -> Cut:
        """The same where so many more examinations are left, and go to who is next by points.

        Whom the lot fell on stays: its chance is that of the draw, whatever is given after it. A
        list of a day that is still to bring others keeps for these what it is given.
        """
        if self.expected:
            return replace(self, kept=self.kept + more, left=self.left + more)
        rated = sum(many for height, many in heights.items() if height > floor)
        drawn, further, seen = {*self.chosen}, 0, 0
        while further < more and self.red + seen < rated:
            further += seen not in drawn
            seen += 1
        red, high = self.red + seen, max(self.high, self.red + seen)
        return replace(
            self,
            red=red,
            high=high,
            chosen=self.chosen - seen,
            red_from=_at(heights, red) if red > self.raised else None,
            yellow_from=_at(heights, high) if high > red else None,
            left=self.left + more,
        )


@dataclass(frozen=True)
class Ranking:
    """A ranking of more declarations than are in memory: they are looked at twice, part by part.

    What decides a place is the height: what an indicator raises to red stands before all others,
    then points decide, then the reference. Points are whole numbers of some hundred values, so
    it is enough to count how many stand at each height, and to number them as they come.

    Parameters
    ----------
    first : dict
        By height: the rank from 0 of the first declaration that stands there.
    within : dict
        By list and height: its place in the list.
    cuts : list of Cut
    numbers : dict of str to int
        The number of each list that has a capacity of its own; 0 is that of all others.
    heights : list of dict
        By the number of the list: how many declarations stand at each height.
    floor : int
        Who stands here or below is examined or scanned for no points.
    """

    first: dict[int, int]
    within: dict[Place, int]
    cuts: list[Cut]
    numbers: dict[str, int]
    heights: list[dict[int, int]]
    floor: int

    @classmethod
    def of(
        cls,
        parts: Iterable[Table],
        capacity: Capacity,
        seed: int,
        lists: Mapping[str, Capacity] | None = None,
        floor: int | None = None,
    ) -> Ranking:
        """Count these declarations, which come in the order of their references.

        Parameters
        ----------
        parts : iterable of Table
            One row per declaration: `record_id` (text, distinct), `points` (Int64, missing
            when there is no score), and plain bool columns `to_red`, `to_yellow` (raised by
            an indicator) and one per queue of indicators that fired. With `lists`, also
            `list` (text): which capacity cuts it.
        capacity : Capacity
            Of the rows whose `list` is not in `lists`, together.
        seed : int
            Of the random control draw.
        lists : mapping of str to Capacity, optional
            Capacities by list, such as an office's on one day.
        floor : int, optional
            Points that make no lane, nor do fewer: indicators and the draw alone bring those up.
        """
        floor = _UNRATED if floor is None else floor
        named = dict(lists or {})
        numbers = {name: number for number, name in enumerate(sorted(named), start=1)}
        counts: Counter[Place] = Counter()
        for part in parts:
            at = zip(_list(part, numbers).tolist(), _height(part).tolist(), strict=True)
            counts.update(at)
        first: dict[int, int] = {}
        before = 0
        for height in sorted({height for _, height in counts}, reverse=True):
            first[height] = before
            before += sum(counts[number, height] for number in range(len(named) + 1))
        within: dict[Place, int] = {}
        held: list[dict[int, int]] = [{} for _ in range(len(named) + 1)]
        for (number, height), size in counts.items():
            held[number][height] = size
        random = np.random.default_rng(seed)
        cuts = []
        for number, of in enumerate([capacity, *(named[name] for name in sorted(named))]):
            before = 0
            for height in sorted(held[number], reverse=True):
                within[number, height] = before
                before += held[number][height]
            cuts.append(_cut(held[number], of, random, floor))
        return cls(first, within, cuts, numbers, held, floor)

    @property
    def lists(self) -> Iterator[tuple[str, Cut, dict[int, int]]]:
        """Each list that has a capacity of its own: where it is cut, and what stands in it."""
        for name, number in self.numbers.items():
            yield name, self.cuts[number], self.heights[number]

    def given(self, more: Mapping[str, int]) -> Ranking:
        """The same where so many more examinations are left to these lists (`Cut.given`)."""
        cuts = [*self.cuts]
        for name, many in more.items():
            number = self.numbers[name]
            if many > 0:
                cuts[number] = cuts[number].given(many, self.heights[number], self.floor)
        return replace(self, cuts=cuts)

    def placed(self, parts: Iterable[Table]) -> Iterator[Table]:
        """The same parts again, in the same order, with what is said of each row.

        That is `rank` (1 is first), `lane`, `queue`, `selected_by` (`score`, `indicator`,
        `random` or missing), `probability` (of the random draw, missing for the others), and
        `red_from` and `yellow_from` (Int64): the fewest points that made a lane in the row's
        list, or would have made it where the list is cut with what is still to come; missing
        where points made none.
        """
        first, within = dict(self.first), dict(self.within)
        reds, highs = (
            np.array([getattr(cut, name) for cut in self.cuts]) for name in ("red", "high")
        )
        begins = {
            name: pd.array([getattr(cut, name) for cut in self.cuts], dtype="Int64")
            for name in ("red_from", "yellow_from")
        }
        for part in parts:
            lists, heights = _list(part, self.numbers), _height(part)
            code, met = pd.factorize(heights)
            ranks = _numbered(code, met.tolist(), first)
            pair, pairs = pd.factorize(lists * max(len(met), 1) + code)
            known = [(one // len(met), int(met[one % len(met)])) for one in pairs.tolist()]
            place = _numbered(pair, known, within)

            rated = heights > self.floor
            raised = part["to_red"].to_numpy()
            red = place < reds[lists]
            high = place < highs[lists]
            # Documents and scans: as many again as the examinations, and what an indicator raises.
            yellow = ~red & (part["to_yellow"].to_numpy() | (high & rated))
            selected = np.full(len(part), None, dtype=object)
            selected[red | yellow] = "score"
            by_sign = raised | (part["to_yellow"].to_numpy() & ~high)
            selected[by_sign & (red | yellow)] = "indicator"
            probability = np.full(len(part), np.nan)
            for number, cut in enumerate(self.cuts):
                if not len(cut.chosen):
                    continue
                here = np.flatnonzero(lists == number)
                drawn = here[np.isin(place[here] - cut.red, cut.chosen)]
                selected[drawn] = "random"
                probability[drawn] = cut.probability
            red |= selected == "random"
            made = View.over(part).assign(
                rank=ranks + 1,
                lane=np.where(red, "red", np.where(yellow, "yellow", "green")),
                queue=_queue(part, high),
                selected_by=pd.Series(selected, dtype="str", index=part.index),
                probability=probability,
                **{name: points[lists] for name, points in begins.items()},
            )
            yield made.table()


_RED = 1 << 42  # what an indicator raises to red stands above all points
_UNRATED = -(1 << 40)


def height(points: int | None, *, raised: bool) -> int:
    """What decides the rank of a declaration, in one list and among several: the higher, the
    earlier. `raised`: an indicator made it red.
    """
    return (_UNRATED if points is None else points) + _RED * raised


def _height(part: Table) -> np.ndarray:
    """`height` of each row."""
    points = part["points"].fillna(_UNRATED).to_numpy("int64")
    made: np.ndarray = points + _RED * part["to_red"].to_numpy()
    return made


def _list(part: Table, numbers: Mapping[str, int]) -> np.ndarray:
    """The number of the list that each row is cut in."""
    if not numbers:
        return np.zeros(len(part), dtype=np.int64)
    code, met = pd.factorize(part["list"])
    named = [*(numbers.get(name, 0) for name in met), 0]  # the last: of a row without one
    made: np.ndarray = np.array(named, dtype=np.int64)[code]
    return made


def _cut(
    heights: Mapping[int, int], capacity: Capacity, random: np.random.Generator, floor: int
) -> Cut:
    """Where a list is cut of which so many declarations stand at each height."""
    size = sum(heights.values())
    raised = sum(many for height, many in heights.items() if height > _RED // 2)
    rated = sum(many for height, many in heights.items() if floor < height < _RED // 2)
    ahead = capacity.ahead.expected(heights) if capacity.ahead is not None else {}
    expected = sum(ahead.values())
    by_rank: float
    if capacity.ahead is None:
        by_rank, draws = capacity.of(size)
    else:
        none = sum(
            many for one in (heights, ahead) for height, many in one.items() if height <= floor
        )
        able = None if floor == _UNRATED else size + expected - none
        by_rank, chance = capacity.keeping(size, expected, able)
    # What is raised stands first, what is not rated last: those examined are the first so many.
    red = asked = max(raised, min(_first(heights, ahead, by_rank), raised + rated))
    if capacity.ahead is None:
        rest, bumped = size - red, 0
        drawn = min(draws, rest)
        chance = drawn / rest if rest else 0.0
    else:
        # The chance is that of all who are passed over whatever the draw brings, and is no more
        # than what is raised leaves room for: it is stored, and has to be the true one.
        room = max(capacity.left - raised, 0)
        red = max(raised, min(red, capacity.left))
        rest = size - red
        chance = min(chance, room / rest) if rest else 0.0
        whole, part = divmod(round(chance * rest, 9), 1)
        drawn = int(whole) + int(random.random() < part)
        # The lot goes first: were it what is left over, the last of a day would have no chance.
        bumped = red - max(raised, min(red, capacity.left - drawn))
        red -= bumped
    chosen = random.choice(rest, size=drawn, replace=False) if drawn else np.empty(0, int)
    chosen += bumped  # who gives way to the lot is not in it
    high = min(_first(heights, ahead, 2 * by_rank), raised + rated)
    red_from = _at(heights, red) if red > raised else None
    yellow_from = _at(heights, high) if high > red else None
    if expected and red == asked:  # of few declarations these are points of theirs, and no bar
        red_from = _bar(heights, ahead, by_rank, floor)
        bar = _bar(heights, ahead, 2 * by_rank, floor)
        yellow_from = bar if bar != red_from or high > red else None
    kept = max(capacity.left - red - drawn, 0) if expected else 0
    points = (red_from, yellow_from)
    return Cut(
        *(size, red, high, chosen, chance, *points, kept, expected), raised, left=capacity.left
    )


def _first(heights: Mapping[int, int], ahead: Mapping[int, float], cut: float) -> int:
    """How many of a list are among the first so many of it and of what is still to come.

    At one height both are mixed evenly. One that the cut goes through is among them by its half.
    """
    found, before = 0, 0.0
    for height in sorted({*heights, *ahead}, reverse=True):
        if before >= cut:
            break
        here, later = heights.get(height, 0), ahead.get(height, 0.0)
        if here:
            room = (cut - before) / (1 + later / here)
            found += min(here, max(0, math.ceil(room - 0.5)))
        before += here + later
    return found


def _bar(
    heights: Mapping[int, int], ahead: Mapping[int, float], cut: float, floor: int
) -> int | None:
    """The fewest points with which one more would be among the first so many (`_first`)."""
    found, before = None, 0.0
    for height in sorted({*heights, *ahead}, reverse=True):
        here, later = heights.get(height, 0), ahead.get(height, 0.0)
        if floor < height < _RED // 2:
            if (cut - before) / (1 + later / max(here, 1)) <= 0.5:
                break
            found = height
        before += here + later
    return found


def _at(heights: Mapping[int, int], place: int) -> int:
    """The height of the one at this place, from 1, of so many at each height."""
    ordered = sorted(heights, reverse=True)
    before = np.cumsum([heights[height] for height in ordered])
    return ordered[int(np.searchsorted(before, place))]


def _numbered(code: np.ndarray, met: Sequence[Any], following: dict[Any, int]) -> np.ndarray:
    """The next number of what each row is one of; `following` has the next of each after that."""
    start = np.array([following[one] for one in met], dtype=np.int64)
    counts = np.bincount(code, minlength=len(met))
    order = np.argsort(code, kind="stable")
    step = np.empty(len(code), dtype=np.int64)
    step[order] = spans(np.zeros_like(counts), counts)
    following.update(zip(met, (start + counts).tolist(), strict=True))
    made: np.ndarray = start[code] + step
    return made


def _queue(order: Table, high: np.ndarray) -> np.ndarray:
    """Trafficking unless only compliance, or only data quality, brought the record up."""
    fired = {queue: order[queue].to_numpy() for queue in QUEUES}
    queue = np.where(
        fired["trafficking"],
        "trafficking",
        np.where(
            fired["compliance"],
            "compliance",
            np.where(fired["data_quality"] & ~high, "data_quality", "trafficking"),
        ),
    )
    return np.asarray(queue)

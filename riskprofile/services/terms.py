"""The terms of a scorecard as an analyst works on them: strongest first, one as its table, and what
all edits cost before anything is fitted.

Edits are a draft of the person who makes them: they lie in the database, so that a dropped line
loses none, and each can be undone. A fit takes them along.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime

import numpy as np
import pandas as pd

from riskprofile.errors import RiskProfileError
from riskprofile.profiles import PROFILES
from riskprofile.scoring import editing, parts
from riskprofile.scoring.editing import (
    DROP,
    FALLING,
    LOCK,
    RISING,
    SET,
    Edit,
    edited,
    gained,
)
from riskprofile.scoring.editing import MOST_POINTS as MOST
from riskprofile.scoring.parts import Figure
from riskprofile.scoring.scorecard import WORDING, Scorecard, Term
from riskprofile.services import drafts
from riskprofile.services.rights import Actor, authorise
from riskprofile.store.database import Store
from riskprofile.tables import Table

BARS = 10  # of a small drawing: neighbouring bins together
STEPS = 50  # edits that can be undone
EDIT = [one.name for one in fields(Edit)]
FREE, OWN, WRITTEN, DROPPED, LOCKED, UP, DOWN = RULES = (
    *("free", "own", "written", "dropped", "locked", "rises", "falls"),
)


@dataclass(frozen=True)
class Line:
    """One term in the list: its points by bin, the rule that it follows, and its edits.

    `bars` are points of `BARS` bins at most, neighbours together by the one farthest from none;
    of a pair by the bins of its first feature. `most` is the farthest of all from none.
    """

    name: str
    features: tuple[str, ...]
    bars: tuple[int, ...]
    rule: str  # one of RULES
    most: int
    edits: tuple[Edit, ...]
    says: str = ""  # of a written criterion

    @property
    def pair(self) -> bool:
        """Whether it reads two features."""
        return len(self.features) > 1


@dataclass(frozen=True)
class Bin:
    """One bin of a single feature: above `low` up to `high`; missing values where both are NaN.

    `serving` and `now` are its points before and after the edits, `share` that of the rows at hand
    which fall in it, NaN without rows. `least` and `most` are the points that it may be given: of
    a feature that may go one way alone, those between its neighbours.
    """

    low: float
    high: float
    serving: int
    now: int
    share: float
    least: int
    most: int

    @property
    def missing(self) -> bool:
        """Whether it is that of missing values."""
        return bool(np.isnan(self.low))


def lines(card: Scorecard, edits: Sequence[Edit]) -> list[Line]:
    """Every term of what serves as the edits leave it, the strongest before them first."""
    after = {term.name: term for term in edited(card, edits).terms}
    told = []
    for term in sorted(card.terms, key=lambda one: (-int(np.abs(one.table).max()), one.name)):
        mine = tuple(edit for edit in edits if edit.term == term.name)
        now = after.get(term.name, term)
        told.append(
            Line(
                term.name,
                term.features,
                _bars(now),
                _rule(card.profile, term, mine),
                _farthest(now.table.ravel()),
                mine,
                term.criterion.says if term.criterion else "",
            )
        )
    return told


def ways(card: Scorecard, term: Term) -> tuple[str, ...]:
    """What can be done with a term as a whole; what may go one way alone is not made to go the
    other, since a fit mends that.
    """
    way = _ways(card.profile).get(term.features[0], 0) if len(term.features) == 1 else 0
    against = {1: FALLING, -1: RISING}.get(way)
    return tuple(how for how in editing.ways(term) if how != against)


def bins(
    card: Scorecard,
    after: Scorecard,
    term: Term,
    rows: Table | None,
    edits: Sequence[Edit] = (),
) -> list[Bin]:
    """The table of a single feature, before and after; the bin of missing values last.

    Parameters
    ----------
    after : Scorecard
        `card` as edited; a term that it lacks gives no points.
    rows : Table, optional
        Rows with this feature, whose shares are told.
    edits : sequence of Edit
        Those that made `after`: what is made to rise or fall by hand does so in every bin.
    """
    [name] = term.features
    how = {edit.how for edit in edits if edit.term == term.name}
    way = 1 if RISING in how else -1 if FALLING in how else _ways(card.profile).get(name, 0)
    edges = card.bins[name].edges.astype("float64")
    now = {one.name: one.table for one in after.terms}.get(term.name, np.zeros_like(term.table))
    share = np.full(len(term.table), np.nan)
    if rows is not None and name in rows and len(rows):
        cut = card.bins[name].of(rows[name].to_numpy("float64", na_value=np.nan))
        share = np.bincount(cut, minlength=len(term.table)) / len(rows)
    low = np.concatenate([[-np.inf], edges, [np.nan]])
    high = np.concatenate([edges, [np.inf, np.nan]])
    told = []
    for place in range(len(term.table)):
        least, most = _room(way, now, place)
        told.append(
            Bin(
                float(low[place]), float(high[place]), int(term.table[place]), int(now[place]),
                float(share[place]), least, most,
            )
        )  # fmt: skip
    return told


def cost(
    card: Scorecard, after: Scorecard, rows: Table, labels: np.ndarray, share: float
) -> Figure | None:
    """Recall before and after, when a share of rows is inspected, with the interval of the gap;
    None where the rows hold too few finds to say anything.

    Parameters
    ----------
    rows : Table
        What both read.
    labels : array of 0 or 1
    """
    before = card.points(rows)
    nothing = pd.DataFrame(index=rows.index)
    told = parts.figures(before + gained(card, after, rows), before, labels, nothing, share)
    return next(iter(told), None)


def kept(store: Store, actor: Actor, card: Scorecard, fitted: Collection[Edit] = ()) -> list[Edit]:
    """One's own edits of a scorecard, in the order in which they were made.

    What was made of another that served before is left out where it cannot be made of this one, or
    is among those that this one was `fitted` with: it is in its tables. Points that were given to a
    bin go to the bin with the same ends, whatever its number is here.
    """
    return [one.edit for one in _standing(card, _past(store, actor, card.profile), fitted)]


def edit(
    store: Store,
    actor: Actor,
    card: Scorecard,
    made: Edit,
    now: datetime,
    fitted: Collection[Edit] = (),
) -> list[Edit]:
    """Make an edit, and keep it; all that stand. One that stands already as a whole is taken back.

    What is done with a whole term takes the place of what was; to drop it, or to make it rise or
    fall, ends its other edits, and points for a bin take the place of those that it was given, and
    of a drop.

    Raises
    ------
    RiskProfileError
        It cannot be made: see `editing.edited`.
    """
    authorise(actor, "model.propose")
    past = _past(store, actor, card.profile)
    standing = _standing(card, past, fitted)
    if made.how != SET and made in [one.edit for one in standing]:
        told = [one for one in standing if one.edit != made]
    else:
        told = [
            one for one in standing if one.edit.term != made.term or not _gives_way(one.edit, made)
        ]
        told.append(_Made(made, card.digest, _ends(card, made)))
    edits = [one.edit for one in told]
    edited(card, edits)
    _keep(store, actor, card.profile, [*past, told], now)
    return edits


def undo(
    store: Store, actor: Actor, card: Scorecard, now: datetime, fitted: Collection[Edit] = ()
) -> list[Edit]:
    """Take back the last thing done; all that stand then. Without one nothing happens."""
    authorise(actor, "model.propose")
    past = _past(store, actor, card.profile)[:-1]
    _keep(store, actor, card.profile, past, now)
    return [one.edit for one in _standing(card, past, fitted)]


@dataclass(frozen=True)
class _Made:
    """An edit, the digest of the scorecard that served when it was made, and the ends of its bin.

    A number alone would be another bin on a scorecard that is cut otherwise.
    """

    edit: Edit
    of: str
    ends: str = ""

    def on(self, card: Scorecard) -> _Made | None:
        """The same made of a scorecard; None where that has no bin with these ends."""
        if self.edit.how != SET:
            return self
        there = _bins(card, self.edit.term)
        if self.ends not in there:
            return None
        return replace(self, edit=replace(self.edit, bin=there.index(self.ends)))


def _bins(card: Scorecard, name: str) -> list[str]:
    """The ends of each bin of a single feature's term, to the last digit; of others none."""
    term = next((one for one in card.terms if one.name == name), None)
    if term is None or len(term.features) > 1:
        return []
    edges = card.bins[term.features[0]].edges.astype("float64").tolist()
    ends = zip([-np.inf, *edges], [*edges, np.inf], strict=True)
    return [*(f"{low!r} {high!r}" for low, high in ends), "missing"]


def _ends(card: Scorecard, made: Edit) -> str:
    there = _bins(card, made.term) if made.how == SET else []
    return there[made.bin] if made.bin is not None and 0 <= made.bin < len(there) else ""


def _gives_way(one: Edit, made: Edit) -> bool:
    """Whether an edit ends where another is made of the same term."""
    if made.how == SET:
        return one.how == DROP or (one.how == SET and one.bin == made.bin)
    return one.how != SET or made.how in (DROP, RISING, FALLING)


def _subject(profile: str) -> str:
    return f"edits:{profile}"


def _past(store: Store, actor: Actor, profile: str) -> list[list[_Made]]:
    """What stood after each step, the last one at the end."""
    given = drafts.draft(store, actor, _subject(profile)) or []
    return [
        [
            _Made(Edit(**{k: one[k] for k in EDIT}), one.get("of", ""), one.get("ends", ""))
            for one in step
        ]
        for step in given
    ]


def _keep(store: Store, actor: Actor, profile: str, past: list[list[_Made]], now: datetime) -> None:
    content = [
        [{**asdict(one.edit), "of": one.of, "ends": one.ends} for one in step]
        for step in past[-STEPS:]
    ]
    drafts.save_draft(store, actor, _subject(profile), content, now)


def _standing(
    card: Scorecard, past: Sequence[Sequence[_Made]], fitted: Collection[Edit]
) -> list[_Made]:
    told: list[_Made] = []
    fitted_with = {*fitted}
    for one in past[-1] if past else ():
        here = one.on(card) if one.ends or one.of != card.digest else one
        if here is None or (
            one.of != card.digest and not fitted_with.isdisjoint((one.edit, here.edit))
        ):
            continue
        try:
            edited(card, [*(other.edit for other in told), here.edit])
        except RiskProfileError:
            continue
        told.append(here)
    return told


def _bars(term: Term) -> tuple[int, ...]:
    table = term.table[:-1] if len(term.table) > 1 else term.table  # missing stands on no axis
    held = np.array_split(np.arange(len(table)), min(BARS, len(table)))
    return tuple(_farthest(table[some].ravel()) for some in held)


def _farthest(points: np.ndarray) -> int:
    return int(points[np.abs(points).argmax()])


def _ways(profile: str) -> dict[str, int]:
    told: dict[str, int] = {one.name: one.monotone for one in PROFILES[profile].features}
    return {**told, WORDING: 1}


def _rule(profile: str, term: Term, edits: Sequence[Edit]) -> str:
    how = {edit.how for edit in edits}
    for one, rule in ((DROP, DROPPED), (LOCK, LOCKED), (RISING, UP), (FALLING, DOWN)):
        if one in how:
            return rule
    if term.criterion:
        return WRITTEN
    if term.features == (WORDING,):
        return OWN
    ways = {_ways(profile).get(name, 0) for name in term.features}
    return {frozenset({1}): UP, frozenset({-1}): DOWN}.get(frozenset(ways), FREE)


def _room(way: int, table: np.ndarray, place: int) -> tuple[int, int]:
    """The fewest and the most points that a bin may be given by hand, where points go a way."""
    at, last = int(table[place]), len(table) - 1
    if not way or place == last:
        return -MOST, MOST
    before = int(table[place - 1]) if place else -way * MOST
    behind = int(table[place + 1]) if place + 1 < last else way * MOST
    return min(at, before, behind), max(at, before, behind)

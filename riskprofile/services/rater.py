"""Rating a table: the one road for a page, a command, a batch and a worker process.

A rater is a profile, the scorecard that serves it, and the history and registers frozen
before the run. Worker processes build their own from the database and the scorecard folder and
share nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache, partial
from pathlib import Path

import numpy as np
import pandas as pd

from riskprofile.columns import Column, View, arrays
from riskprofile.history import Aliases, Snapshot, look, recalled, united
from riskprofile.history.learning import Asked
from riskprofile.history.watch import WATCH, Watch
from riskprofile.memory import settle
from riskprofile.profiles import PROFILES, Profile
from riskprofile.reference.hashing import hash_texts
from riskprofile.reference.once import continued
from riskprofile.scoring import rating
from riskprofile.scoring.patterns import PACK, Patterns
from riskprofile.scoring.scorecard import WORDING, Scorecard
from riskprofile.services import past, promotion, registers
from riskprofile.services.identifiers import RECORD
from riskprofile.services.parties import Register, Strangers
from riskprofile.services.past import Folder
from riskprofile.store import packs, watchlists
from riskprofile.tables import Indicator, Table

FIRED = "fired:"  # prefix of indicator columns in the feature log
BROKEN = "broken:"  # the same, for an indicator that could not be evaluated
POINTS = "points"
AT_ONCE = 5_000  # rows of a chunk that are rated together: each needs some 15 kB at hand


@dataclass(frozen=True)
class Rater:
    """Rates tables of one profile. Bit for bit the same for one row and for a batch.

    `parties` says which keys of a table are one party, written differently.
    """

    profile: Profile
    scorecard: Scorecard
    history: Snapshot
    parties: Register | Strangers = field(default_factory=Strangers)
    rates: Table | None = None  # the office's own, beside the sample
    watch: Watch = field(default_factory=Watch)
    packs: Patterns = field(default_factory=Patterns)

    def rate(self, table: Table) -> tuple[Table, Table]:
        """The feature log and the events of a canonical table, rows in its order.

        Returns
        -------
        log : Table
            One float64 column per feature, `points` (Int64) and one bool column per
            indicator (`fired:KEY`); `broken:KEY` for one that could not be evaluated.
        events : Table
            What history will remember of these rows.
        """
        answers = [self.answer(part) for part in portions(table)]
        log, events = joined([(one.log, one.events) for one in answers])
        if not numbered(table):
            log, events = log.set_axis(table.index), events.set_axis(table.index)
        return log, events

    def heard(self, part: Table) -> Rated:
        """`rate` of a portion of a table, and what the register said of its parties."""
        given = View.over(part)
        said = self._answer(part, given)
        return said.log, said.events, self.parties.asked(given, self.profile.keys)

    def answer(self, table: Table) -> Answer:
        """`rate` of a declaration alone, or of rows that go by their places; `AT_ONCE` at most."""
        return self._answer(table, View.over(table))

    def _answer(self, table: Table, given: View) -> Answer:
        raw = look(given, self.profile, codes=True, rates=self.rates)
        seen = united(raw, self.profile.keys, self.parties(given, self.profile.keys))
        items = seen.without(self.profile.codes)
        values = rating.values(items, self.history, self.profile, self.scorecard)
        points = rating.points(items, values, self.profile, self.scorecard)
        # Events are told by record: indicators see whose row it is, features do not.
        named = continued(items, self._named(seen, table, given))
        fired = rating.indicators(named, self.history, self._first)
        named = continued(named, self._fitted(named, table, fired))
        last = [one for one in self.by_row if one.after_others]
        fired.add(rating.indicators(named, self.history, last))
        # Events keep the keys as written: the register may learn later who they are.
        remembered = raw.only([*self.profile.remembered, "time"])
        return Answer(self.scorecard.features, values, points, fired, remembered)

    def read(self, log: Table, rows: Table, rated_by: str) -> Table:
        """What this scorecard reads of a feature log, where the one of that digest made it.

        Of rows that another rated, the words are read anew, and what it did not ask is missing.
        """
        card = self.scorecard
        if rated_by == card.digest:
            return log
        asked: Table = log.reindex(columns=list(card.features))
        if card.wording is not None:
            words = card.wording.value(rows[card.wording.column]).round(rating.PRECISION)
            asked = asked.assign(**{WORDING: words.to_numpy()})
        return asked

    def seen(self, table: Table) -> View:
        """What indicators see of a table, one party under one key."""
        given = View.over(table)
        seen = look(given, self.profile, codes=True, rates=self.rates)
        seen = united(seen, self.profile.keys, self.parties(given, self.profile.keys))
        return self._watched(seen, table)

    def told(self, table: Table) -> View:
        """What the sentences of indicators may name.

        Columns as declared, what is on a watch list, and which pattern a row fits.
        """
        named = dict.fromkeys((*self.profile.visible, *self.profile.codes))
        said = self._watched(View.over(table).only(named), table)
        if len(self.packs):
            seen = self._named(self.seen(table), table, View.over(table))
            fired = rating.indicators(seen, self.history, self._first)
            said = self._fitted(said, table, fired)
        return said

    def linked(self, rows: Table, events: Table, aliases: Aliases) -> View:
        """What links these rows to others, of what is stored of them, one party under one key."""
        known = united(View.over(recalled(events, self.profile)), self.profile.keys, aliases)
        given = dict(arrays(rows))
        made = {one: given[one] for one in self.profile.linked if one in given and one not in known}
        own = self.profile.declaration[0]  # whether two rows have the same is all that is asked
        if own in made:
            made[own] = hash_texts(rows[own].fillna("").tolist())
        return known.assign(**made)

    @property
    def _first(self) -> list[Indicator]:
        return [one for one in self.by_row if not one.after_others]

    def _named(self, seen: View, table: Table, given: View) -> View:
        named = self._watched(seen, table)
        whose = partial(given.__getitem__, RECORD)
        return named.assign(**{RECORD: whose}) if RECORD in given else named

    def _fitted(self, seen: View, table: Table, fired: rating.Fired) -> View:
        if not len(self.packs):
            return seen
        return seen.assign(**{PACK: self.packs(table, self.profile, fired.masks)})

    def _watched(self, seen: View, table: Table) -> View:
        if not len(self.watch) or WATCH in seen:
            return seen
        return seen.assign(**{WATCH: self.watch(table, self.profile)})

    @property
    def by_row(self) -> list[Indicator]:
        """Indicators that a row alone decides."""
        return [one for one in self.profile.indicators if not one.over_batch]

    @property
    def over_batch(self) -> list[Indicator]:
        """Indicators that see the batch as a set."""
        return [one for one in self.profile.indicators if one.over_batch]


@dataclass(frozen=True, eq=False)
class Answer:
    """How rows are rated, in arrays; and in tables, which are made when one is asked for.

    To make both takes a fifth of the time in which one declaration is rated.

    Parameters
    ----------
    features : tuple of str
        What the scorecard reads.
    values : ndarray of float64
        One row a feature, NaN where it is missing.
    points : Column
        Whole numbers, missing where nothing objective is declared.
    fired : Fired
        Which indicators fired on which rows.
    remembered : View
        What history will remember.
    """

    features: tuple[str, ...]
    values: np.ndarray
    points: Column
    fired: rating.Fired
    remembered: View

    @cached_property
    def log(self) -> Table:
        """The feature log; see `Rater.rate`."""
        index, size = self.remembered.index, len(self.remembered)
        flags = {f"{FIRED}{key}": mask for key, mask in self.fired.masks.items()}
        flags |= {f"{BROKEN}{key}": np.ones(size, dtype=bool) for key in self.fired.broken}
        masks = np.array([*flags.values()]).reshape(len(flags), size)
        values = rating.tabled(self.values, self.features, index)
        points = self.points.series(index, POINTS)
        return pd.concat([values, points, rating.tabled(masks, tuple(flags), index)], axis=1)

    @cached_property
    def events(self) -> Table:
        """What history will remember, as a table."""
        return self.remembered.table()


@dataclass(frozen=True)
class Rows:
    """A portion of a table, for any process that has the run's rater."""

    table: Table

    def work(self, rater: Rater) -> Rated:
        """`Rater.heard` of them."""
        return rater.heard(self.table)


Rated = tuple[Table, Table, Asked]


def portions(table: Table) -> list[Table]:
    """The parts of a table that are rated together, in order; at least one."""
    if len(table) <= AT_ONCE and numbered(table):
        return [table]
    return [
        table.iloc[start : start + AT_ONCE].reset_index(drop=True)
        for start in range(0, max(len(table), 1), AT_ONCE)
    ]


def numbered(table: Table) -> bool:
    """Whether rows go by their places: nothing need be copied to have it so."""
    return bool(table.index.equals(pd.RangeIndex(len(table))))


def joined(parts: Sequence[tuple[Table, Table]]) -> tuple[Table, Table]:
    """What `Rater.rate` told of the portions of a table, as it tells it of the whole."""
    if len(parts) == 1:
        return parts[0]
    log, events = (pd.concat(part, ignore_index=True) for part in zip(*parts, strict=True))
    flags = [name for name in log if str(name).startswith((FIRED, BROKEN))]
    log[flags] = log[flags].fillna(False).astype(bool)  # one part's may be broken alone
    return log, events


@lru_cache(maxsize=4)
def rater(
    url: str,
    models: Path,
    profile: str,
    before: datetime,
    folder: Folder | None = None,
    rated_by: tuple[str, str] | None = None,
) -> Rater:
    """The rater of a profile with history as of `before`, opened once per process.

    Parameters
    ----------
    folder : Folder, optional
        Where layers of the past are kept; without one, all of the past is read.
    rated_by : (str, str), optional
        Version and digest of the scorecard; else the one that serves.
    """
    kind = PROFILES[profile]
    known = Register(url, before)
    store = known.store
    try:
        layers, finds = past.opened(store, kind, before, folder)
        if rated_by is None:
            card = promotion.serving(store, models, profile)
        else:
            with store.read() as connection:
                card = promotion.rated_by(connection, models, profile, *rated_by)
        beside = registers.frozen(store, before, known)
        rates = registers.rates_in_use(store, before)
        with store.read() as connection:
            watch = Watch(watchlists.in_force(connection, before))
            accepted = Patterns(packs.in_force(connection, profile, before))
    finally:
        known.close()
    card.expect([feature.name for feature in kind.features])
    history = Snapshot.from_layers(layers, finds, beside)
    settle()
    return Rater(kind, card, history, known, rates, watch, accepted)

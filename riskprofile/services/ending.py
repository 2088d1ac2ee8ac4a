"""The end of a run: its lists, their alerts, what the register learns, and the account."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from riskprofile.errors import Conflict, Deadlock, Overtaken
from riskprofile.history.learning import Asked, Parts, among_themselves
from riskprofile.history.register import Found
from riskprofile.memory import give_back
from riskprofile.profiles import PROFILES
from riskprofile.services import offices, parties, switching
from riskprofile.services.alerting import hold_earlier, store_alerts, word_alerts
from riskprofile.services.capacity import brought
from riskprofile.services.identity import Actor
from riskprofile.services.lanes import Ranked, has_room, rank_run
from riskprofile.services.parties import Register
from riskprofile.services.raters import Raters
from riskprofile.services.rights import note
from riskprofile.services.run import Options, Stop, Summary, account
from riskprofile.services.run_declarations import named_in
from riskprofile.services.steps import COMPARING, RANKING, STORING, WORDING, Step
from riskprofile.services.workers import Done, Task, Work, Workers
from riskprofile.store import alerts as store_of_alerts
from riskprofile.store import audit, batches, phrasings, versions
from riskprofile.store import parties as store_of_parties
from riskprofile.store.batches import BATCH_LOCK
from riskprofile.store.database import Store, serialise
from riskprofile.store.run_tables import Batch

Kin = Callable[[], dict[int, Found]]
Place = Callable[[], None]
Written = Callable[[list[Ranked], Step], AbstractContextManager[Place | None]]


# Rankings of a run that others may put out of date, each by taking of its days: the next is stored,
# a list too large sooner than none.
ANEW = 20


class _NoRoom(Exception):
    """Another program took meanwhile what a list was to take of its day, has alerts of it, or took
    rows from it.
    """


@dataclass(frozen=True)
class Ending:
    """What is left to do of a run whose files are read.

    Parameters
    ----------
    running : list of Batch
        One for each file.
    others : Workers, optional
        Other processes, where they take part.
    learns : bool
        Whether the register takes in the names and addresses of the run: not beside the database,
        whose past it knows.
    step : callable
        Told what is done, and how much of it (`Stepwise.step`).
    stop : Stop
        Heeded until what is made is stored.
    written : callable, optional
        Given the lists, and what to tell steps to, before anything of the end is stored: a run
        whose results could not be written has not ended, and is gone on with. They take their
        place with what is stored of them; those of a program that was overtaken never do. No place
        where they are read as they are written: others cannot be given in their stead.
    """

    store: Store
    actor: Actor
    running: list[Batch]
    raters: Raters
    others: Workers | None
    options: Options
    learns: bool
    step: Step
    stop: Stop
    written: Written | None = None

    def end(self, summary: Summary) -> list[Ranked]:
        """One ranking per profile over the run; alerts and the end of the batches together.

        Raises
        ------
        PolicyError
            Rating is paused.
        Overtaken
            Another program finished a batch of it.
        Conflict
            Retention removed rows of it when its list was told already.
        Stopped
            A signal came before the alerts were stored: nothing of the end is.
        """
        for one in self._registers:
            one.forget()
        give_back()
        if not self.running:
            if self.written is not None and not summary.known:  # no row, as once before
                with self.written([], self._heeding) as place:
                    (place or _nothing)()
            return []
        forms, kin = self._begun()
        names = [] if self.options.history else self._profiles
        for final in (*[False] * ANEW, True):
            with self.store.read() as connection:
                removed = self._removed(connection)
                gone = {name: versions.gone(connection, name, self._ids) for name in names}
            summary.removed |= removed
            ranked = self._ranked()
            self._word(ranked)
            forms, kin = self._compared(forms, kin)
            # Looked at here too, so that lists are seldom written in vain.
            with self.store.read() as connection:
                if not final and not self._have_room(connection, ranked):
                    continue
            written: AbstractContextManager[Place | None] = nullcontext(_nothing)
            # A list of nothing is written too: what lies in its place is of another run. Not where
            # all rows were here before: that may be of the run that read them.
            if self.written is not None and (ranked or not summary.known):
                written = self.written(ranked, self._heeding)
            with written as place:
                self.stop.heed()
                told = final or place is None
                while True:
                    try:
                        self._store(
                            *(summary, ranked, removed, gone, forms, kin, place or _nothing),
                            final=told,
                        )
                        return ranked
                    except _NoRoom:
                        break
                    except Deadlock:  # the other goes on
                        if not told:
                            break
        raise AssertionError("the last lists are stored whatever others took")

    def _store(
        self,
        summary: Summary,
        ranked: list[Ranked],
        removed: dict[str, int],
        gone: Mapping[str, Mapping[int, str]],
        forms: Parts | None,
        kin: Kin | None,
        place: Place,
        *,
        final: bool,
    ) -> None:
        """All of the end in one transaction, and the results in their `place` as its last act.
        `final` lists are stored even where they have no room any more. When they were ranked, so
        many rows of each batch were `removed`, and these did not count (`versions.gone`).

        The order is that of all who begin and end runs: the batches, then the lock, then the audit.
        """
        with self.store.write(patience=120.0) as connection:
            if not self.options.history:
                switching.require_running(connection)
            for batch in self.running:
                if not batches.finish(connection, batch, self.raters.before):
                    raise Overtaken(batch.id)
            batches.hold_chunks(connection, self._ids)
            if self._removed(connection) != removed:
                if final:
                    raise Conflict(
                        "retention removed rows of this run while it was ranked",
                        do="Run again with --resume",
                    )
                raise _NoRoom
            if final:  # no other run stores alerts of the same declarations meanwhile
                serialise(connection, BATCH_LOCK)
            try:
                self._alert(connection, ranked)
            except IntegrityError:
                if final:
                    raise
                raise _NoRoom from None  # another did, and some of these may count no longer
            serialise(connection, BATCH_LOCK)
            if not final and not self._have_room(connection, ranked):
                raise _NoRoom
            self._learn(connection, ranked, forms, kin)
            for each in ranked:
                if each.words:  # under the lock: who keeps the same words waits
                    phrasings.keep(connection, each.phrasing)
                _count(connection, each)
            self._tell_changed(connection, ranked, gone)
            known, ended = offices.codes(connection), self._account(connection)
            place()
        # Not before all of it is stored: what was undone is made once more.
        for each in ranked:
            _sum(each, known, summary)
            _kept(each, summary)
        summary.batches += ended

    def _alert(self, connection: Connection, ranked: list[Ranked]) -> None:
        stored, of = 0, _alerts(ranked)
        self.step(STORING, stored, of)
        for each in ranked:
            hold_earlier(connection, each)
        for each in ranked:
            said = phrasings.digest(each.phrasing)
            for some in each.words:
                stored += store_alerts(self.store, connection, each, some, said, self.raters.before)
                self.step(STORING, stored, of)

    def _tell_changed(
        self,
        connection: Connection,
        ranked: list[Ranked],
        before: Mapping[str, Mapping[int, str]],
    ) -> None:
        """Say on alerts what another program stored of their declarations since they were ranked:
        when it did, they were not there.
        """
        now = self.raters.before
        for each in ranked:
            name = each.profile.name
            rows = versions.gone(connection, name, self._ids)
            since = {rows[number] for number in rows.keys() - before[name].keys()}
            changed = named_in(each.alerts, since)
            left = versions.left(connection, name, changed) if changed else set()
            withdrawn = store_of_alerts.mark(connection, name, sorted(changed - left), now)
            amended = store_of_alerts.amend(connection, name, sorted(left), now)
            for action, told in (("alert.withdrawn", withdrawn), ("alert.amended", amended)):
                for alert, office in told:
                    note(connection, self.actor, action, f"alert:{alert}", now, office=office)

    def _removed(self, connection: Connection) -> dict[str, int]:
        """How many rows of each batch retention has removed, of those that lack any."""
        found = {one: versions.removed_of(connection, one) for one in self._ids}
        return {one: many for one, many in found.items() if many}

    def _have_room(self, connection: Connection, ranked: list[Ranked]) -> bool:
        """Whether no other program took meanwhile what these lists are to take of their days."""
        asked, now = self.options.capacity, self.raters.before
        return all(has_room(connection, each, asked, now) for each in ranked)

    @cached_property
    def _ids(self) -> list[str]:
        return [batch.id for batch in self.running]

    @cached_property
    def _profiles(self) -> list[str]:
        """Those that rows of the run are of, in their fixed order."""
        with self.store.read() as connection:
            found = batches.profiles(connection, self._ids)
        return [name for name in PROFILES if name in found]

    @cached_property
    def _registers(self) -> list[Register]:
        return [self.raters.register(name) for name in self._profiles]

    def _heard(self, connection: Connection) -> Parts:
        return parties.heard(connection, self._ids, self._registers, self.raters.heard)

    def _begun(self) -> tuple[Parts | None, Kin | None]:
        """The forms of the run, and how they compare, where another process finds it meanwhile."""
        if self.others is None or not self.learns or not self._profiles:
            return None, None
        with self.store.read() as connection:
            forms = self._heard(connection)
        if forms.sought > parties.TRAVEL:  # this process compares them, part by part
            return forms, None
        opened = self.raters.elsewhere(self._profiles[0])
        return forms, self.others.begin(Task(opened, parties.Kin(Asked.concat(forms.unknown()))))

    def _compared(self, forms: Parts | None, kin: Kin | None) -> tuple[Parts | None, Kin | None]:
        """The same, of forms that no other process compares."""
        if kin is not None or not self.learns or not self._profiles:
            return forms, kin
        self._next(COMPARING, None)
        give_back()
        if forms is None:
            with self.store.read() as connection:
                forms = self._heard(connection)
        alike = among_themselves(forms.unknown(), store_of_parties.CROWDED)
        return forms, lambda: alike

    def _ranked(self) -> list[Ranked]:
        if self.options.history:
            return []
        digests = "".join(sorted(batch.digest for batch in self.running))
        seed = int.from_bytes(hashlib.sha256(digests.encode()).digest()[:8])
        made = []
        for name in self._profiles:
            self._next(RANKING, None)
            rater, heard = self.raters.of(name), self.raters.heard
            capacity, now = self.options.capacity, self.raters.before
            ids, here = self._ids, self.learns
            made.append(
                rank_run(self.store, ids, rater, heard, capacity, seed, now, past_here=here)
            )
        return [one for one in made if one is not None]

    def _heeding(self, name: str, done: int, of: int | None) -> None:
        self.stop.heed()
        self.step(name, done, of)

    def _next(self, step: str, of: int | None) -> None:
        """The next step, where nobody said to stop."""
        self.stop.heed()
        self.step(step, 0, of)

    def _word(self, ranked: list[Ranked]) -> None:
        """What is stored of the alerts of each list goes on file."""
        worded, of = 0, _alerts(ranked)

        def counted(alerts: int) -> None:
            nonlocal worded
            self.stop.heed()
            worded += alerts
            self.step(WORDING, worded, of)

        self._next(WORDING, of)
        for each in ranked:
            word_alerts(self.store, each, partial(self._worked, each), counted)

    def _learn(
        self, connection: Connection, ranked: list[Ranked], forms: Parts | None, kin: Kin | None
    ) -> None:
        """The batches end, what they brought of each day is taken down, and the register takes in
        their names and addresses. Nobody else ends a run meanwhile.
        """
        for each in ranked:
            lists = [(name, heights, each.again[name]) for name, _, heights in each.ranking.lists]
            digest = each.scorecard.digest
            brought(connection, each.profile.name, self.raters.before, lists, digest)
        ended = batches.end(connection, self._ids, self.raters.before)
        if self.learns and self._profiles:
            assert forms is not None  # they were compared
            before = self.raters.before
            store_of_parties.add(self.store, connection, forms, ended, before, kin)

    def _worked(
        self, ranked: Ranked, parts: Iterator[Work[Done]], ahead: int
    ) -> Iterator[Callable[[], Done]]:
        """What is made of parts of a list, by this process or by those that rated."""
        if self.others is None:
            return (partial(one.work, ranked.rater) for one in parts)
        of = self.raters.elsewhere(ranked.profile.name)
        return self.others.begun((Task(of, one) for one in parts), ahead)

    def _account(self, connection: Connection) -> list[dict[str, Any]]:
        """The figures of each batch, which stand in the audit chain from here on."""
        table, made = batches.batch_table, []
        for batch in self.running:
            row = connection.execute(table.select().where(table.c.id == batch.id)).one()
            told = account(Batch(**row._mapping))
            made.append(told)
            audit.append(
                connection,
                actor=self.actor.name,
                action="batch.end",
                subject=f"batch:{batch.id}",
                now=self.raters.before,
                detail={key: told[key] for key in ("read", "accepted", "alerts")},
            )
        return made


def _nothing() -> None:
    """What is written nowhere has its place."""


def _alerts(ranked: list[Ranked]) -> int:
    return sum(one.counts.total() for one in ranked)


def _kept(ranked: Ranked, summary: Summary) -> None:
    """Tell of lists that are not given all that is left of their day."""
    for name, cut, _ in ranked.ranking.lists:
        if cut.kept:
            told = {"examinations": cut.kept, "declarations": round(cut.expected)}
            summary.kept[f"{ranked.profile.name}: {name}"] = told


def _sum(ranked: Ranked, known: Collection[str], summary: Summary) -> None:
    """Add the alerts of a list to the summary."""
    for (_, code), count in ranked.offices.items() if known else ():
        if code not in known:
            summary.add("unknown_offices", {code: count})
    for (_, queue, lane), count in ranked.counts.items():
        summary.add_alerts(queue, lane, count)


def _count(connection: Connection, ranked: Ranked) -> None:
    """Add the alerts of a list to its batches."""
    table = batches.batch_table
    for (batch_id, _, _), count in ranked.counts.items():
        connection.execute(
            table.update().where(table.c.id == batch_id).values(alerts=table.c.alerts + count)
        )

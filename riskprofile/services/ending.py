"""The end of a run: its lists, their alerts, what the register learns, and the account."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial

from sqlalchemy import Connection

from riskprofile.errors import Overtaken
from riskprofile.history.learning import Parts
from riskprofile.history.register import Found
from riskprofile.memory import give_back
from riskprofile.profiles import PROFILES
from riskprofile.services import govern, parties
from riskprofile.services.describing import Alerts, Material
from riskprofile.services.identity import Actor
from riskprofile.services.lanes import Ranked, rank_run, store_alerts
from riskprofile.services.logged import BATCH
from riskprofile.services.opening import BATCH_LOCK
from riskprofile.services.parties import Register
from riskprofile.services.raters import Raters
from riskprofile.services.run import Options, Summary, account
from riskprofile.services.spread import Task, Workers
from riskprofile.store import audit, batches
from riskprofile.store import parties as store_of_parties
from riskprofile.store.database import Store, serialise
from riskprofile.store.tables import Batch

Kin = Callable[[], dict[int, Found]]


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
        Whether the register takes in the names and addresses of the run.
    """

    store: Store
    actor: Actor
    running: list[Batch]
    raters: Raters
    others: Workers | None
    options: Options
    learns: bool

    def end(self, summary: Summary) -> list[Ranked]:
        """One ranking per profile over the run; alerts and the end of the batches together.

        Raises
        ------
        PolicyError
            Rating is paused.
        Overtaken
            Another program finished a batch of it.
        """
        for one in self._registers:
            one.forget()
        give_back(heap=True)
        forms, kin = self._begun()
        ranked = self._ranked()
        if not self.running:
            return ranked
        with self.store.write(patience=120.0) as connection:
            if not self.options.history:
                govern.require_running(connection)
            for batch in self.running:
                if not batches.finish(connection, batch.id, self.raters.before):
                    raise Overtaken(batch.id)
            learn = partial(self._learn, connection, forms, kin)
            if not ranked:
                learn()
            for each in ranked:
                meanwhile = learn if each is ranked[-1] else None
                worded = partial(self._worded, each, meanwhile)
                store_alerts(connection, each, self.raters.before, worded)
                _count(connection, each, summary)
            self._account(connection, summary)
        return ranked

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
        if forms.sought > parties.TRAVEL:  # they are compared where they are learnt
            return forms, None
        opened = self.raters.elsewhere(self._profiles[0])
        return forms, self.others.begin(Task(opened, parties.Kin(forms.unknown())))

    def _ranked(self) -> list[Ranked]:
        if not self.running or self.options.history:
            return []
        digests = "".join(sorted(batch.digest for batch in self.running))
        seed = int.from_bytes(hashlib.sha256(digests.encode()).digest()[:8])
        made = []
        for name in self._profiles:
            rater, heard = self.raters.of(name), self.raters.heard
            capacity, now = self.options.capacity, self.raters.before
            made.append(rank_run(self.store, self._ids, rater, heard, capacity, seed, now))
        return [one for one in made if one is not None]

    def _learn(self, connection: Connection, forms: Parts | None, kin: Kin | None) -> None:
        """The batches end, and the register takes in their names and addresses."""
        serialise(connection, BATCH_LOCK)
        ended = batches.end(connection, self._ids, self.raters.before)
        if self.learns and self._profiles:
            give_back(heap=True)
            forms = self._heard(connection) if forms is None else forms
            before = self.raters.before
            store_of_parties.add(self.store, connection, forms, ended, before, kin)

    def _worded(
        self,
        ranked: Ranked,
        meanwhile: Callable[[], None] | None,
        materials: Iterator[Material],
    ) -> Iterator[Alerts]:
        """What is stored of alerts, made by this process or by those that rated.

        `meanwhile` is done here while others work on the last of it, or else after that.
        """
        if self.others is None:
            for one in materials:
                yield one.work(ranked.rater)
            if meanwhile is not None:
                meanwhile()
            return
        of = self.raters.elsewhere(ranked.profile.name)

        def tasks() -> Iterator[Task[Alerts]]:
            for one in materials:
                yield Task(of, one)
            if meanwhile is not None:
                meanwhile()

        yield from self.others.done(tasks())

    def _account(self, connection: Connection, summary: Summary) -> None:
        """The figures of each batch, in the summary and in the audit chain."""
        table = batches.batch_table
        for batch in self.running:
            row = connection.execute(table.select().where(table.c.id == batch.id)).one()
            told = account(Batch(**row._mapping))
            summary.batches.append(told)
            audit.append(
                connection,
                actor=self.actor.name,
                action="batch.end",
                subject=f"batch:{batch.id}",
                now=self.raters.before,
                detail={key: told[key] for key in ("read", "accepted", "alerts")},
            )


def _count(connection: Connection, ranked: Ranked, summary: Summary) -> None:
    """Add the alerts of a list to the summary and to its batches."""
    summary.alerts["total"] += ranked.counts["lane"].total()
    for kind in ("queue", "lane"):
        for name, count in ranked.counts[kind].items():
            summary.alerts[kind][name] = summary.alerts[kind].get(name, 0) + count
    table = batches.batch_table
    for batch_id, count in ranked.counts[BATCH].items():
        connection.execute(
            table.update().where(table.c.id == batch_id).values(alerts=table.c.alerts + count)
        )

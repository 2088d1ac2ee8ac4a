"""One file on its way into the database: chunks read, set apart, rated, committed.

A chunk, its records, its rejects and the cursor of its batch are one transaction, so a
run that dies anywhere goes on from the cursor.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from riskprofile import files, intake
from riskprofile.columns import View
from riskprofile.errors import Conflict, Deadlock, Overtaken, RiskProfileError
from riskprofile.history import look
from riskprofile.intake.reader import Rejection
from riskprofile.intake.versions import FUNCTION, REFERENCE, SENT
from riskprofile.memory import give_back
from riskprofile.profiles import PROFILES, Profile
from riskprofile.services import govern, offices, registers, switching
from riskprofile.services.folding import Folded, fold
from riskprofile.services.identifiers import (
    ASSUMED,
    CONTENT,
    COUNTED,
    ITEM,
    RECORD,
    REPEATED,
    TAKEN,
    Numbers,
    identify,
)
from riskprofile.services.rated import Done, Whole
from riskprofile.services.rater import Rated, Rater, Rows, numbered, portions
from riskprofile.services.raters import Raters
from riskprofile.services.rejects import Rejects
from riskprofile.services.run import Options, Summary
from riskprofile.services.settings import Settings
from riskprofile.services.withdrawing import (
    Absences,
    cancelled_whole,
    named_in_part,
    resolve,
)
from riskprofile.services.workers import Task, Workers
from riskprofile.store import alerts as store_of_alerts
from riskprofile.store import audit, batches, versions, withdrawals
from riskprofile.store.database import Store, serialise
from riskprofile.store.run_tables import Batch
from riskprofile.store.versions import FOLD_LOCK, Known, Later
from riskprofile.tables import TEXT, Table

RECORD_COLUMNS = (
    *("profile", "record_id", "item", "version", "content", "state"),
    *("chunk_id", "position", "points", "function", "message_at", "folded_by", "message"),
)
REJECT_COLUMNS = (
    *("batch_id", "source", "line", "record_id", "column", "reason_code"),
    *("reason", "raw", "state"),
)

Told = tuple[str, int, str | None]  # what became of an alert: the act, the alert, its office


class _Meanwhile(Exception):
    """Another program stored what makes of some rows something else than was rated."""


class Ingest:
    """One batch on its way: chunks read, rated and committed in order."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        options: Options,
        batch: Batch,
        raters: Raters,
        others: Workers | None,
        summary: Summary,
        rejected: Rejects,
        unfinished: Collection[str],
    ) -> None:
        self.store, self.settings, self.options, self.batch = store, settings, options, batch
        self.unfinished = set(unfinished) - {batch.id}
        self.raters, self.summary, self.rejected = raters, summary, rejected
        self.now, self.others = raters.before, others
        self.numbers = Numbers()
        self.read = 0
        self.as_before = True  # as far as it was read before, the file has as many rows as then
        self.written = self._begun()
        self.absences = Absences(part=bool(options.repairs))
        self.at_hand: list[Prepared] = []  # read, and not committed yet
        self.pending: dict[str, Known] = {}  # by profile, what these bring or ask about
        self.rates = registers.rates_in_use(store, self.now) if options.history else None
        repaired = [one.arrived for one in options.repairs.values()]
        self.arrived = min(repaired, default=batch.started_at)

    def chunks(self, path: Path, was: tuple[int, int, int] | None) -> Generator[int, None, None]:
        """Work through the file; yields the rows read so far after each commit.

        `was` is its `files.state` before its digest was made. A file that has another when it is
        read, or left, is not what the digest says: what was read counts, and should it come again,
        it is read.
        """
        if self.batch.cursor and not self.options.history:
            self._rater(self.batch.profile)  # also where nothing of it is left to rate
        try:
            with closing(self._rated(path)) as rated:
                for prepared, done in rated:
                    self._commit(prepared, done)
                    self.at_hand.remove(prepared)
                    self._stored(prepared)
                    del prepared, done
                    give_back()
                    yield self.read
        finally:  # also where it is left for now, or cannot be read to its end
            same = self.as_before and files.state(path) == was
            if not same and self.batch.cursor:
                self._say_rewritten()
        if same:
            self._settle()

    def _stored(self, one: Prepared) -> None:
        """What is stored is asked of the database again, but for what waits to be stored."""
        others = [other.records for other in self.at_hand if other.profile == one.profile]
        self.pending[one.profile].forget(one.records.difference(*others))

    def abandon(self, now: datetime, why: BaseException) -> None:
        """A file that failed as a whole leaves nothing running; what was committed can resume.

        The batch says why, and the rows that were read and could not be rated are failed.
        """
        if isinstance(why, Overtaken):
            return  # the batch belongs to the program that is ahead
        failed = [one.given[["source", "line"]] for one in self.at_hand[:1]]
        told = why.what if isinstance(why, RiskProfileError) else type(why).__name__
        table = batches.batch_table
        with self.store.write(patience=60.0) as connection:
            mine = select(table.c.id).where(batches.held(self.batch)).with_for_update()
            if connection.execute(mine).first() is None:
                return  # another program went on with it meanwhile
            batches.forget_failures(connection, self.batch.id)
            for rows in failed:
                number = self.at_hand[0].number
                batches.set_aside(connection, self.batch.id, number, "failed", rows)
            connection.execute(
                table.update()
                .where(batches.held(self.batch))
                .values(
                    state="stopped" if self.batch.cursor else "failed",
                    failed=sum(map(len, failed)),
                    note=told,
                    ended_at=now,
                )
            )

    def _rated(self, path: Path) -> Generator[tuple[Prepared, Done], None, None]:
        prepared = self._prepared(path)
        if self.others is None:
            for one in prepared:
                self.at_hand.append(one)
                yield one, self._rate(one)
            return
        waiting: list[tuple[Prepared, int]] = []

        def tasks() -> Iterator[Task[Rated | Done]]:
            for one in prepared:
                parts = portions(one.table)
                waiting.append((one, len(parts)))
                self.at_hand.append(one)
                self._rater(one.profile)  # its scorecard's faults belong to this process
                opened = self.raters.elsewhere(one.profile)
                if len(parts) == 1:
                    yield Task(opened, Whole(one.table))
                    continue
                for part in parts:
                    yield Task(opened, Rows(part))

        done: list[Rated] = []
        for told in self.others.done(tasks()):
            one, many = waiting[0]
            if not isinstance(told, Done):
                done.append(told)
                if len(done) < many:
                    continue
                told, done = Done.of(one.table, done, self._rater(one.profile)), []
            waiting.pop(0)
            yield one, told

    def _begun(self) -> set[int]:
        """Chunks of the batch that are stored already, where it is gone on with."""
        if not self.batch.cursor:
            return set()
        chunk = batches.chunk_table.c
        with self.store.read() as connection:
            asked = select(chunk.id).where(chunk.batch_id == self.batch.id)
            return set(connection.execute(asked).scalars())

    def _prepared(self, path: Path) -> Iterator[Prepared]:
        """Chunks after the cursor, identified, with what is already known set apart."""
        number = passed = 0
        begun, before = self.batch.cursor, self.batch.read
        as_of = self.batch.started_at if begun else self.now  # one file, one order of days
        for chunk in intake.read(
            path,
            profile=self.options.profile,
            format=self.options.format,
            chunk_rows=self._chunk_rows,
            offices=offices.known(self.store, as_of),
        ):
            profile = PROFILES[chunk.profile]
            if not self.options.history:
                govern.require_profile(self.store, profile.name, self.settings)
            lodged = chunk.table[profile.time]
            if lodged.isna().any():
                chunk.table = chunk.table.assign(
                    **{profile.time: lodged.fillna(pd.Timestamp(self.batch.started_at))},
                    warnings=_warned(chunk.table["warnings"], lodged.isna(), ASSUMED),
                )
            table = identify(chunk.table, profile, self.numbers)
            self.absences.hear(chunk.profile, table, chunk.rejected)
            number += 1
            if number <= begun:
                passed += chunk.read
                self.as_before = number < begun or passed == before
                self.summary.add("unknown_columns", chunk.under)
                with self.store.read() as connection:
                    self.absences.again(connection, profile, table)
                continue
            known = self.pending.setdefault(chunk.profile, Known())
            table = self._resolved(table, profile, chunk, known)
            yield self._set_apart(chunk.profile, number, table, chunk, known)
        if number < begun:
            self.as_before = False

    @property
    def _chunk_rows(self) -> int:
        """As the batch began: its cursor counts chunks of that size, whatever is usual by now."""
        return int((self.batch.options or {}).get("chunk_rows", self.options.chunk_rows))

    def _resolved(self, table: Table, profile: Profile, chunk: intake.Chunk, known: Known) -> Table:
        """The chunk with every cancellation under the id of what it cancels, or set aside."""
        rejected: list[Rejection] = []
        whole = cancelled_whole(table)
        if whole.any():
            with self.store.read() as connection:
                table, rejected = self.absences.cancel(connection, profile, table, whole)
        asked = named_in_part(table, profile)
        if asked.any():
            names = set(table.loc[asked, profile.declaration[0]])
            with self.store.read() as connection:
                stored = withdrawals.named(connection, profile.name, names)
            known_here = stored | known.declared
            table, others = resolve(table, profile, asked, known_here)
            rejected += others
        if rejected and self.options.repairs:
            raise Conflict(rejected[0].reason, do="Fill in the office, the carrier and the date.")
        chunk.rejected.extend(rejected)
        return table

    def _set_apart(
        self, profile: str, number: int, table: Table, chunk: intake.Chunk, known: Known
    ) -> Prepared:
        asked = set(table[RECORD].tolist()) - known.records
        with self.store.read() as connection:
            newest = min([batches.newest(connection), *[one.newest for one in self.at_hand]])
            later = versions.later(connection, self.arrived)
            stored = versions.known(connection, profile, asked, later, self.written)
        for one in stored.items.values():
            if self.options.history:
                one.rated = not one.parked
            elif one.parked:  # known as history: to rate is news
                one.content = None
                one.seen.clear()
        known.add(stored)
        before = {record for record, _ in known.items}
        folded = fold(table, known, self._arrivals(table))
        kept = table
        taken = table[COUNTED] & table[SENT].isna() & folded.replaces
        if taken.any():
            kept = table.assign(warnings=_warned(table["warnings"], taken, TAKEN))
        if folded.repeats.any():
            repeats = pd.Series(folded.repeats, table.index)
            kept = kept.assign(warnings=_warned(kept["warnings"], repeats, REPEATED))
        if folded.later:
            kept = kept.copy()
        for place, (at, message) in folded.later.items():
            kept.iloc[place, kept.columns.get_loc(SENT)] = at
            if message is not None:
                kept.iloc[place, kept.columns.get_loc(REFERENCE)] = message
        if not (folded.keep.all() and numbered(kept)):
            kept = kept[folded.keep].reset_index(drop=True)
        met = np.flatnonzero([record in before for record in kept[RECORD].tolist()])
        return Prepared(profile, number, table, kept, folded, chunk, met, newest)

    def _arrivals(self, table: Table) -> list[datetime]:
        """When the file of each row came in; it may be read long after, or put right."""
        repairs = self.options.repairs
        if repairs:
            return [repairs[line].arrived for line in table["line"].tolist()]
        return [self.arrived] * len(table)

    def _rater(self, profile: str) -> Rater:
        return self.raters.going_on(self.store, self.batch, profile)

    def _rate(self, one: Prepared) -> Done:
        profile = PROFILES[one.profile]
        if not len(one.table):  # all of it is known: nothing to rate, nothing to remember
            return Done.nothing()
        if self.options.history:
            given = View.over(one.table)
            seen = look(given, profile, rates=self.rates).table([*profile.remembered, "time"])
            asked = self.raters.register(one.profile).asked(given, profile.keys)
            return Done.unrated(one.table, seen, asked)
        rater = self._rater(one.profile)
        return Done.of(one.table, [Rows(part).work(rater) for part in portions(one.table)], rater)

    def _commit(self, one: Prepared, done: Done) -> None:
        """Rows, feature log, events, records, rejects and cursor: all or nothing."""
        for _ in range(3):
            held = self.raters.heard.put(done.asked, done.at_end, one.met)
            try:
                chunk_id = self._write(one, done)
                break
            except (IntegrityError, Deadlock, _Meanwhile):
                # Another program stored some of these records meanwhile: look again.
                one = self._set_apart(one.profile, one.number, one.given, one.chunk, Known())
                done = self._rate(one)
        else:
            raise RiskProfileError(
                "another program keeps storing the same records", do="Run again with --resume"
            )
        if chunk_id is not None:
            self.raters.heard[chunk_id] = held
            self.written.add(chunk_id)
        chunk, summary = one.chunk, self.summary
        self.read += chunk.read
        self.batch.cursor = one.number
        summary.read += chunk.read
        summary.accepted += len(one.table)
        summary.quarantined += len(chunk.rejected)
        summary.duplicate += chunk.read - len(one.table) - len(chunk.rejected)
        summary.outdated += one.folded.outdated
        self.rejected.extend(chunk.rejected)
        codes = Counter(rejection.reason_code for rejection in chunk.rejected)
        summary.add("quarantined_by_reason", codes)
        summary.add("unknown_columns", chunk.under)
        odd_of(summary, one.table, done.broken)

    def _write(self, one: Prepared, done: Done) -> int | None:
        """The id of the chunk; None where it has no row that is new."""
        chunk, batch = one.chunk, self.batch
        chunk_id: int | None = None
        met: dict[str, int] = {}
        # Before the transaction: what it opens of the past may be written, by one of its own.
        rated = None if self.options.history else self._rater(one.profile)
        with self.store.write(patience=120.0) as connection:
            if not self.options.history:
                switching.require_running(connection)
            serialise(connection, FOLD_LOCK, shared=not one.folded.cancelled)
            self._require_same(connection, one)
            told = self._fold(connection, one)
            if len(one.table):
                chunk_id = batches.insert_chunk(
                    connection,
                    batch_id=batch.id,
                    number=one.number,
                    profile=one.profile,
                    count=len(one.table),
                    rows=done.rows,
                    features=done.features,
                    events=done.events,
                )
                self.store.insert_many(
                    connection, "record", RECORD_COLUMNS, self._records(one, done.points, chunk_id)
                )
            self.store.insert_many(
                connection,
                "quarantined",
                REJECT_COLUMNS,
                [
                    (
                        *(batch.id, rejection.source, rejection.line, rejection.record_id),
                        *(rejection.column, rejection.reason_code, rejection.reason),
                        *(rejection.raw, "waiting"),
                    )
                    for rejection in chunk.rejected
                ],
            )
            moved = batches.advance(
                connection,
                batch,
                one.number,
                read=chunk.read,
                accepted=len(one.table),
                quarantined=len(chunk.rejected),
                duplicate=chunk.read - len(one.table) - len(chunk.rejected),
            )
            if not moved:
                raise Overtaken(batch.id)
            if not one.folded.keep.all():
                same = one.given[~one.folded.keep]
                ids = versions.holders(connection, one.profile, same[RECORD], same[ITEM])
                rows = same[["source", "line"]].assign(record=pd.array(ids, dtype="Int64"))
                batches.set_aside(connection, batch.id, one.number, "duplicate", rows)
                if self.unfinished:
                    met = versions.by_batch(connection, ids, self.unfinished)
            table = batches.batch_table
            connection.execute(
                table.update()
                .where(table.c.id == batch.id)
                .values(
                    format=chunk.format,
                    profile=one.profile,
                    model_version=rated.scorecard.version if rated else "",
                    model_digest=rated.scorecard.digest if rated else "",
                )
            )
            if self.options.repairs:
                self._repaired(connection, one)
            self._audit(connection, told)
        self.summary.add("unfinished", met)
        return chunk_id

    def _require_same(self, connection: Connection, one: Prepared) -> None:
        """Let pass where rows of a chunk are still what they were when they were set apart: another
        program may have withdrawn their declarations since, or brought what these withdraw.
        """
        # Of who stores beside others the chunk may have a lower number, and be seen later.
        if one.folded.cancelled or batches.newer(connection, one.newest) - self.written:
            again = self._set_apart(one.profile, one.number, one.given, one.chunk, Known())
            if not one.folded.same(again.folded):
                raise _Meanwhile

    def _repaired(self, connection: Connection, one: Prepared) -> None:
        """Rows of the quarantine that this chunk takes in: each once, with who and what."""
        lines = one.given["line"].tolist()
        for line in sorted(lines, key=lambda line: self.options.repairs[line].row):
            repair = self.options.repairs[line]
            if not batches.repaired(connection, repair.row, self.batch.id, line):
                raise Conflict(
                    f"row {repair.row} of the quarantine is not waiting any more",
                    do="Look at the list again: somebody repaired it, or it was removed.",
                )
        for line in lines:
            repair = self.options.repairs[line]
            audit.append(
                connection,
                actor=self.batch.actor,
                action="quarantine.repair",
                subject=f"quarantined:{repair.row}",
                now=self.now,
                purpose=repair.reason,
                detail={"columns": list(repair.columns), "batch": self.batch.id},
            )

    def _fold(self, connection: Connection, one: Prepared) -> list[Told]:
        """What this chunk does to what is stored, before it is stored itself; what of it is to be
        audited.
        """
        folded = one.folded
        changed = {record for record, _ in chain(folded.renewed, folded.confirmed)}
        versions.hold(connection, one.profile, changed.union(folded.cancelled))
        versions.supersede(connection, one.profile, self.batch.id, set(folded.renewed))
        versions.confirm(connection, one.profile, folded.confirmed)
        if folded.cancelled:
            later = self._later(connection)
            versions.withdraw(connection, one.profile, self.batch.id, folded.cancelled, later)
        if self.options.history:  # the past is no news of an alert
            return []
        touched = chain(folded.cancelled, folded.restored, folded.changed)
        store_of_alerts.hold(connection, one.profile, touched)
        told = _marked(connection, one.profile, list(folded.cancelled), self.now)
        told += _marked(connection, one.profile, folded.restored, None)
        amended = store_of_alerts.amend(connection, one.profile, folded.changed, self.now)
        return told + [("alert.amended", *alert) for alert in amended]

    def _later(self, connection: Connection) -> Later:
        """What came in after this file, for what it withdraws."""
        return replace(versions.later(connection, self.arrived), past=self.options.history)

    def _settle(self) -> None:
        """The file is read: what its complete messages do not name is withdrawn."""
        while self.absences:
            try:
                self._withdraw()
                return
            except Deadlock:  # the other goes on
                continue

    def _withdraw(self) -> None:
        with self.store.write(patience=120.0) as connection:
            serialise(connection, FOLD_LOCK)
            later = self._later(connection)
            found, overtaken = self.absences.settle(connection, self.batch.id, later)
            told: list[Told] = []
            for profile, records in () if self.options.history else found.items():
                store_of_alerts.hold(connection, profile, records)
                told += _marked(connection, profile, records, self.now)
            self._audit(connection, told)
        self.summary.outdated += overtaken

    def _say_rewritten(self) -> None:
        """Nobody knows what the file was to hold: nothing is withdrawn because it is not in it."""
        with self.store.write(patience=120.0) as connection:
            if not batches.say_rewritten(connection, self.batch):
                raise Overtaken(self.batch.id)
        self.summary.rewritten[self.batch.id] = self.batch.source

    def _audit(self, connection: Connection, told: Iterable[Told]) -> None:
        """Last in a transaction: officers hold an alert while they wait for the chain."""
        for action, alert_id, office in told:
            audit.append(
                connection,
                actor=self.batch.actor,
                action=action,
                subject=f"alert:{alert_id}",
                office=office,
                now=self.now,
                detail={"batch": self.batch.id},
            )

    def _records(
        self, one: Prepared, points: Sequence[int | None], chunk_id: int
    ) -> Iterator[tuple[Any, ...]]:
        table, folded = one.table, one.folded
        now = versions.PARKED if self.options.history else versions.ACCEPTED
        return zip(
            [one.profile] * len(table),
            table[RECORD].tolist(),
            table[ITEM].tolist(),
            folded.versions[folded.keep].tolist(),
            table[CONTENT].tolist(),
            [versions.SUPERSEDED if late else now for late in folded.late[folded.keep]],
            [chunk_id] * len(table),
            range(len(table)),
            points,
            table[FUNCTION].tolist(),
            table[SENT].to_numpy(object, na_value=None).tolist(),
            [None if counts else self.batch.id for counts in folded.counts[folded.keep]],
            table[REFERENCE].to_numpy(object, na_value=None).tolist(),
            strict=True,
        )


@dataclass
class Prepared:
    """A chunk ready to be rated: the rows as given, those that are stored, and why.

    `met` are the places among the latter of declarations that were known before; `newest` is the
    chunk that was stored last when that was asked.
    """

    profile: str
    number: int
    given: Table
    table: Table
    folded: Folded
    chunk: intake.Chunk
    met: np.ndarray
    newest: int

    @cached_property
    def records(self) -> set[str]:
        """The references of its declarations."""
        return set(self.given[RECORD].tolist())


def odd_of(summary: Summary, rows: Table, broken: Mapping[str, int]) -> None:
    """Count the warnings of rows, and those in which an indicator is broken (`broken_in`)."""
    for codes, count in rows["warnings"].dropna().value_counts().items():
        summary.add("warnings", dict.fromkeys(str(codes).split("|"), int(count)))
    summary.add("broken_indicators", broken)


def _marked(
    connection: Connection, profile: str, records: list[str], withdrawn_at: datetime | None
) -> list[Told]:
    """Say on open alerts that their sender withdrew what they are about, or takes it back."""
    action = "alert.withdrawn" if withdrawn_at else "alert.restored"
    marked = store_of_alerts.mark(connection, profile, records, withdrawn_at)
    return [(action, *alert) for alert in marked]


def _warned(warnings: pd.Series, where: pd.Series, code: str) -> pd.Series:
    added = (warnings + f"|{code}").fillna(code)
    return warnings.where(~where, added).astype(TEXT)

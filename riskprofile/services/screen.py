"""Screening: files in, a ranked list and alerts out, each record exactly once.

Every file is a batch. When all files are read, one ranking over the run decides lanes,
and the alerts are stored with the end of the batches.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pandas as pd

from riskprofile import intake
from riskprofile.errors import InputError, ProfileOff, Stopped, TooManyBadRows
from riskprofile.files import legible, state
from riskprofile.memory import unswept
from riskprofile.services import offices, switching, under_way
from riskprofile.services.ending import Ending, Written
from riskprofile.services.identity import Actor, authorise
from riskprofile.services.ingest import Ingest, odd_of
from riskprofile.services.lanes import Ranked
from riskprofile.services.opening import begin, go_on
from riskprofile.services.parties import Heard
from riskprofile.services.past import HISTORY, Folder
from riskprofile.services.rated import broken_in
from riskprofile.services.rater import BROKEN, POINTS
from riskprofile.services.raters import Raters
from riskprofile.services.rejects import Rejects, Stretch
from riskprofile.services.run import Options, Run, Stop, Summary
from riskprofile.services.settings import Settings
from riskprofile.services.steps import CHECKING, Progress, Step, steps_of
from riskprofile.services.workers import Workers, workers
from riskprofile.store import batches, table_bytes
from riskprofile.store.database import Store
from riskprofile.store.run_tables import Batch
from riskprofile.store.spool import Spool


def screen(
    store: Store,
    settings: Settings,
    actor: Actor,
    paths: Sequence[Path],
    options: Options,
    now: datetime,
    *,
    history_url: str | None = None,
    progress: Progress = lambda name, rows: None,
    stop: Stop | None = None,
    written: Written | None = None,
    left: Sequence[Batch] = (),
) -> Run:
    """Read, rate, rank and store these files.

    Parameters
    ----------
    history_url : str, optional
        The database whose history is read, when it is another than `store`.
    progress : callable
        Told the file and the rows read so far, after each chunk; the other steps too, where it is
        `Stepwise`.
    written : callable, optional
        Writes the results (`results.parts`) of what is ranked, before the run ends (`Ending`).
    left : sequence of Batch
        Batches that were left before their end and whose files are gone: what is stored of them
        is ranked, by the scorecard that rated it. With these, no file is read.

    Raises
    ------
    InputError
        No file can be read as a whole. With others beside it that can, the run goes on
        and `summary.unreadable` names it.
    ProfileOff
        No file may be rated. With others beside it that may, `summary.refused` names it.
    ScorecardError
        Before anything is stored.
    PolicyError
        Rating is paused, or was paused since: what was read before can be finished later.
    TooManyBadRows
        With `strict`, before anything is rated. Otherwise the good rows are rated, and
        the run's `exit_code` tells.
    """
    assert not (left and paths), "one scorecard serves a run"
    started = time.perf_counter()
    authorise(actor, "history.load" if options.history else "batch.score")
    if not options.history:
        with store.read() as connection:
            switching.require_running(connection)
    stop, step = stop or Stop(), steps_of(progress)
    summary = Summary()
    spool = Spool(settings.home)  # what of it is left goes with the run that is told
    rejected = Rejects(spool)
    with store.read() as connection:
        stood = batches.stood(connection)
    # Of a run beside the database nobody asks how it stands.
    lock = nullcontext() if history_url else under_way.lasting(store, settings.home, now)
    with unswept(), workers(options) as others, lock:
        raters = Raters(
            history_url or settings.database_url,
            settings.models,
            now,
            Folder(settings.home / HISTORY, keep=history_url is None),
            Heard(spool, stood),
            rates=not options.history,
        )
        files = _Files(
            *(store, settings, actor, options, now, raters, others, stood),
            *(progress, stop, summary, rejected, len(paths) > 1),
        )
        with closing(raters), stop.listening():
            for one in left:
                files.go_on(one)
            for path in paths if options.strict else ():
                _refuse_bad(path, options, store, now, step, stop)
            for path in paths:
                if stop.signal:
                    break
                files.take(path)
            summary.stopped = stop.signal
            none = len(summary.unreadable) + len(summary.refused) == len(paths)
            if files.left_out is not None and none:
                raise files.left_out
            ranked: list[Ranked] = []
            if summary.stopped:
                files.leave()
            else:
                learns = history_url is None  # what a run beside the database learns goes with it
                ending = Ending(
                    store,
                    actor,
                    files.running,
                    raters,
                    others,
                    options,
                    learns,
                    step,
                    stop,
                    written,
                )
                try:
                    ranked = ending.end(summary)
                except Stopped:
                    summary.stopped = stop.signal
                    files.leave()
                except BaseException:  # paused since, overtaken in one file, no room for results
                    files.leave()
                    raise
    for batch in files.running:  # these end, or are left, together
        summary.unfinished.pop(batch.id, None)
    summary.seconds = round(time.perf_counter() - started, 3)
    summary.rows_per_second = round(summary.read / max(summary.seconds, 1e-9), 1)
    moment = pd.DataFrame({"time": [pd.Timestamp(now)]})
    summary.history_days = {
        name: int(one.history.age(moment).iloc[0]) for name, one in raters.opened.items()
    }
    summary.model_versions = {name: one.scorecard.version for name, one in raters.opened.items()}
    return Run(summary, ranked, rejected, options.max_bad_share, [*files.told(ranked)])


@dataclass(frozen=True)
class _File:
    """What is told of one file, its batch where it has one, and the place of its first reject."""

    told: Summary
    batch: Batch | None
    first: int


@dataclass
class _Files:
    """The files of a run, read and rated one after another: the batches of it that are running,
    and what was told of each.

    Parameters
    ----------
    unfinished : collection of str
        Batches that were under way, or left, before this run.
    several : bool
        Whether others stand beside a file that cannot be read or may not be rated: they go on.
    """

    store: Store
    settings: Settings
    actor: Actor
    options: Options
    now: datetime
    raters: Raters
    others: Workers | None
    unfinished: Collection[str]
    progress: Progress
    stop: Stop
    summary: Summary
    rejected: Rejects
    several: bool
    running: list[Batch] = field(default_factory=list)
    read: list[_File] = field(default_factory=list)
    left_out: InputError | ProfileOff | None = None  # why the last that was left out was

    def go_on(self, batch: Batch) -> None:
        """With a batch whose file is gone: what is stored of it."""
        self.raters.ending(self.store, batch)
        with self.store.write(patience=60.0) as connection:
            self.running.append(go_on(connection, batch, self.now, self.summary, cut=True))
        self._tell_again(batch, self.summary)

    def take(self, path: Path) -> None:
        """Read and rate this file, if it was not here before.

        Raises
        ------
        InputError, ProfileOff
            Of a file that stands alone. Of one among several, `left_out` has it.
        """
        told, first = Summary(), len(self.rejected)
        batch: Batch | None = None
        try:
            was = state(path)
            mine = [one.id for one in self.running]
            batch = begin(
                self.store, self.actor, path, self.options, self.now, told, mine, self.settings
            )
            if batch is not None:
                self._rate(path, was, batch, told)
        except BaseException as error:
            if not (self.several and isinstance(error, (InputError, ProfileOff))):
                self.leave()
                raise
            off = isinstance(error, ProfileOff)
            why = {"source": legible(path.name), "what": error.what, "do": error.do}
            (told.refused if off else told.unreadable).append(why)
            self.left_out = error
        else:
            if batch is not None:
                self.running.append(batch)
        finally:
            self.summary.take_in(told)
            self.read.append(_File(told, batch, first))

    def _rate(
        self, path: Path, was: tuple[int, int, int] | None, batch: Batch, told: Summary
    ) -> None:
        """All of it, or what there was time for."""
        if batch.cursor:  # what was kept back before it was left is told again
            self._tell_again(batch, told)
        work = Ingest(
            *(self.store, self.settings, self.options, batch, self.raters, self.others, told),
            *(self.rejected, self.unfinished),
        )
        try:
            with closing(work.chunks(path, was)) as committed:
                for rows in committed:
                    self.progress(batch.source, rows)
                    if self.stop.signal:
                        break
        except BaseException as error:
            work.abandon(self.now, error)
            raise

    def leave(self) -> None:
        """The run ends before its end: what was read can go on."""
        if not self.running:
            return
        table = batches.batch_table
        with self.store.write(patience=60.0) as connection:
            for batch in self.running:
                left = table.update().where(batches.held(batch))
                connection.execute(left.values(state="stopped", ended_at=self.now))

    def _tell_again(self, batch: Batch, summary: Summary) -> None:
        """What was kept back of a batch, and what was odd, in the run that it goes on with."""
        with self.store.read() as connection:
            for some in batches.kept_back(connection, batch.id):
                self.rejected.extend(some)
                summary.add("quarantined_by_reason", Counter(one.reason_code for one in some))
            for chunk in batches.chunks(connection, [batch.id], ["rows", "features"]):
                rows, log = chunk
                odd_of(
                    summary,
                    table_bytes.from_bytes(rows, ["warnings"]),
                    broken_in(table_bytes.from_bytes(log, _flagged)) if log else {},
                )

    def told(self, ranked: list[Ranked]) -> Iterator[Run]:
        """What was told of each file while it was read, with what the end of its run adds."""
        ended = {one["id"]: one for one in self.summary.batches}
        alerts: defaultdict[str, list[tuple[str, str, int]]] = defaultdict(list)
        unknown: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for each in ranked:
            for (of, queue, lane), count in each.counts.items():
                alerts[of].append((queue, lane, count))
            for (of, code), count in each.offices.items():
                if code in self.summary.unknown_offices:
                    unknown[of][code] += count
        of_run = ("seconds", "rows_per_second", "kept", "stopped")
        ends = [*[one.first for one in self.read], len(self.rejected)][1:]
        for one, end in zip(self.read, ends, strict=True):
            told, batch = one.told, one.batch
            mine: set[str] = set()
            if batch is not None and batch.id in ended:
                told.batches = [ended[batch.id]]
                for queue, lane, count in alerts[batch.id]:
                    told.add_alerts(queue, lane, count)
                told.unknown_offices = dict(unknown[batch.id])
                with self.store.read() as connection:
                    mine = batches.profiles(connection, [batch.id])
            still = self.summary.unfinished
            told.unfinished = {of: many for of, many in told.unfinished.items() if of in still}
            for name in ("model_versions", "history_days"):
                of_profile = getattr(self.summary, name)
                setattr(told, name, {of: of_profile[of] for of in of_profile if of in mine})
            told = replace(told, **{name: getattr(self.summary, name) for name in of_run})
            kept_back = Stretch(self.rejected, one.first, end)
            yield Run(told, [], kept_back, self.options.max_bad_share)


def _flagged(column: str) -> bool:
    return column == POINTS or column.startswith(BROKEN)


def _refuse_bad(
    path: Path, options: Options, store: Store, now: datetime, step: Step, stop: Stop
) -> None:
    """With `strict`, read all of it first: one bad row too many rates none."""
    read = bad = 0
    for chunk in intake.read(
        path,
        profile=options.profile,
        format=options.format,
        offices=offices.known(store, now),
    ):
        if stop.signal:
            return
        read += chunk.read
        bad += len(chunk.rejected)
        step(CHECKING, read, None)
    if read and bad / read > options.max_bad_share:
        raise TooManyBadRows(
            f"{bad} of {read} rows cannot be read, more than {options.max_bad_share:.1%}",
            where=str(path),
            do="No row was rated (--strict). `riskprofile convert` shows which and why",
        )

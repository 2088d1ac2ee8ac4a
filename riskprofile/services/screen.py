"""Screening: files in, a ranked list and alerts out, each record exactly once.

Every file is a batch. When all files are read, one ranking over the run decides lanes,
and the alerts are stored with the end of the batches.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pandas as pd

from riskprofile import intake
from riskprofile.errors import InputError, ProfileOff, Stopped, TooManyBadRows
from riskprofile.memory import unswept
from riskprofile.services import govern
from riskprofile.services.ending import Ending, Written
from riskprofile.services.identity import Actor, authorise
from riskprofile.services.ingest import Ingest, odd_of
from riskprofile.services.lanes import Ranked
from riskprofile.services.opening import begin, go_on
from riskprofile.services.parties import Heard
from riskprofile.services.past import HISTORY, Folder
from riskprofile.services.rater import BROKEN, POINTS
from riskprofile.services.raters import Raters
from riskprofile.services.rejects import Rejects, Stretch
from riskprofile.services.run import Options, Run, Stop, Summary
from riskprofile.services.settings import Settings
from riskprofile.services.steps import CHECKING, Progress, Step, steps_of
from riskprofile.services.workers import workers
from riskprofile.store import batches
from riskprofile.store.database import Store
from riskprofile.store.spool import Spool
from riskprofile.store.tables import Batch


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
            govern.require_running(connection)
    stop, step = stop or Stop(), steps_of(progress)
    summary = Summary()
    running: list[Batch] = []
    files: list[tuple[Summary, Batch | None, int]] = []  # with the place of its first reject
    left_out: InputError | ProfileOff | None = None

    spool = Spool(settings.home)  # what of it is left goes with the run that is told
    rejected = Rejects(spool)
    with store.read() as connection:
        unfinished = batches.unfinished(connection)
    with unswept(), workers(options) as others:
        raters = Raters(
            history_url or settings.database_url,
            settings.models,
            now,
            Folder(settings.home / HISTORY, keep=history_url is None),
            Heard(spool),
            rates=not options.history,
        )
        with stop.listening():
            for one in left:
                raters.ending(store, one)
                with store.write(patience=60.0) as connection:
                    running.append(go_on(connection, one, now, summary, cut=True))
                _tell_again(store, one, summary, rejected)
            for path in paths if options.strict else ():
                _refuse_bad(path, options, store, step, stop)
            for path in paths if not stop.signal else ():
                work: Ingest | None = None
                batch: Batch | None = None
                told, first = Summary(), len(rejected)
                try:
                    mine = [one.id for one in running]
                    batch = begin(store, actor, path, options, now, told, mine, settings)
                    if batch is None:
                        continue
                    if batch.cursor:  # what was kept back before it was left is told again
                        _tell_again(store, batch, told, rejected)
                    work = Ingest(
                        *(store, settings, options, batch, raters, others, told, rejected),
                        unfinished,
                    )
                    with closing(work.chunks(path)) as committed:
                        for rows in committed:
                            progress(batch.source, rows)
                            if stop.signal:
                                break
                except BaseException as error:
                    if work is not None:
                        work.abandon(now, error)
                    if isinstance(error, (InputError, ProfileOff)) and len(paths) > 1:
                        off = isinstance(error, ProfileOff)
                        why = {"source": path.name, "what": error.what, "do": error.do}
                        (told.refused if off else told.unreadable).append(why)
                        left_out = error
                        continue
                    _leave(store, running, now)
                    raise
                finally:
                    summary.take_in(told)
                    files.append((told, batch, first))
                running.append(batch)
                if stop.signal:
                    break
            summary.stopped = stop.signal
            none = len(summary.unreadable) + len(summary.refused) == len(paths)
            if left_out is not None and none:
                raise left_out
            ranked: list[Ranked] = []
            if summary.stopped:
                _leave(store, running, now)
            else:
                learns = history_url is None  # what a run beside the database learns goes with it
                ending = Ending(
                    store, actor, running, raters, others, options, learns, step, stop, written
                )
                try:
                    ranked = ending.end(summary)
                except Stopped:
                    summary.stopped = stop.signal
                    _leave(store, running, now)
                except BaseException:  # paused since, overtaken in one file, no room for results
                    _leave(store, running, now)
                    raise
    for batch in running:  # these end, or are left, together
        summary.unfinished.pop(batch.id, None)
    summary.seconds = round(time.perf_counter() - started, 3)
    summary.rows_per_second = round(summary.read / max(summary.seconds, 1e-9), 1)
    moment = pd.DataFrame({"time": [pd.Timestamp(now)]})
    summary.history_days = {
        name: int(one.history.age(moment).iloc[0]) for name, one in raters.opened.items()
    }
    summary.model_versions = {name: one.scorecard.version for name, one in raters.opened.items()}
    places = [*[first for _, _, first in files], len(rejected)]
    parts = [
        Run(of_file, [], Stretch(rejected, first, end), options.max_bad_share)
        for of_file, first, end in zip(
            _of_files(store, files, summary, ranked), places[:-1], places[1:], strict=True
        )
    ]
    return Run(summary, ranked, rejected, options.max_bad_share, parts)


def _of_files(
    store: Store,
    files: Sequence[tuple[Summary, Batch | None, int]],
    summary: Summary,
    ranked: list[Ranked],
) -> Iterator[Summary]:
    """What was told of each file while it was read, with what the end of its run adds."""
    ended = {one["id"]: one for one in summary.batches}
    alerts: defaultdict[str, list[tuple[str, str, int]]] = defaultdict(list)
    unknown: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for each in ranked:
        for (of, queue, lane), count in each.counts.items():
            alerts[of].append((queue, lane, count))
        for (of, code), count in each.offices.items():
            if code in summary.unknown_offices:
                unknown[of][code] += count
    of_run = ("seconds", "rows_per_second", "kept", "stopped")
    for told, batch, _ in files:
        mine: set[str] = set()
        if batch is not None and batch.id in ended:
            told.batches = [ended[batch.id]]
            for queue, lane, count in alerts[batch.id]:
                told.add_alerts(queue, lane, count)
            told.unknown_offices = dict(unknown[batch.id])
            with store.read() as connection:
                mine = batches.profiles(connection, [batch.id])
        still = summary.unfinished
        told.unfinished = {one: many for one, many in told.unfinished.items() if one in still}
        told.model_versions = {n: one for n, one in summary.model_versions.items() if n in mine}
        told.history_days = {n: one for n, one in summary.history_days.items() if n in mine}
        yield replace(told, **{name: getattr(summary, name) for name in of_run})


def _tell_again(store: Store, batch: Batch, summary: Summary, rejected: Rejects) -> None:
    """What was kept back of a batch, and what was odd, in the run that it goes on with."""
    with store.read() as connection:
        for some in batches.kept_back(connection, batch.id):
            rejected.extend(some)
            summary.add("quarantined_by_reason", Counter(one.reason_code for one in some))
        for chunk in batches.chunks(connection, [batch.id], ["rows", "features"]):
            rows, log = chunk
            odd_of(
                summary,
                batches.from_bytes(rows, ["warnings"]),
                batches.from_bytes(log, _flagged) if log else None,
            )


def _flagged(column: str) -> bool:
    return column == POINTS or column.startswith(BROKEN)


def _leave(store: Store, running: list[Batch], now: datetime) -> None:
    """The run ends before its end: what was read can go on."""
    if not running:
        return
    table = batches.batch_table
    with store.write(patience=60.0) as connection:
        for batch in running:
            connection.execute(
                table.update().where(batches.held(batch)).values(state="stopped", ended_at=now)
            )


def _refuse_bad(path: Path, options: Options, store: Store, step: Step, stop: Stop) -> None:
    """With `strict`, read all of it first: one bad row too many rates none."""
    read = bad = 0
    for chunk in intake.read(
        path,
        profile=options.profile,
        format=options.format,
        offices=govern.zones(store),
        countries=govern.countries(store),
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

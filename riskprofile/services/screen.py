"""Screening: files in, a ranked list and alerts out, each record exactly once.

Every file is a batch. When all files are read, one ranking over the run decides lanes,
and the alerts are stored with the end of the batches.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path

import pandas as pd

from riskprofile import intake
from riskprofile.errors import InputError, Overtaken, PolicyError, TooManyBadRows
from riskprofile.intake.reader import Rejection
from riskprofile.memory import give_back, unswept
from riskprofile.profiles import PROFILES
from riskprofile.services import govern, parties
from riskprofile.services.describing import Alerts, Material
from riskprofile.services.identity import Actor, authorise
from riskprofile.services.ingest import Ingest
from riskprofile.services.lanes import Ranked, rank_run, store_alerts
from riskprofile.services.logged import BATCH
from riskprofile.services.opening import BATCH_LOCK, begin
from riskprofile.services.parties import Heard
from riskprofile.services.past import HISTORY, Folder
from riskprofile.services.raters import Raters
from riskprofile.services.run import Options, Progress, Run, Stop, Summary, account
from riskprofile.services.settings import Settings
from riskprofile.services.spread import Task, Workers, workers
from riskprofile.store import audit, batches
from riskprofile.store import parties as store_of_parties
from riskprofile.store.database import Store, serialise
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
) -> Run:
    """Read, rate, rank and store these files.

    Parameters
    ----------
    history_url : str, optional
        The database whose history is read, when it is another than `store`.
    progress : callable
        Told the file and the rows read so far, after each chunk.

    Raises
    ------
    InputError
        No file can be read as a whole. With others beside it that can, the run goes on
        and `summary.unreadable` names it.
    ScorecardError
        Before anything is stored.
    PolicyError
        Rating is paused, or was paused since: what was read before can be finished later.
    TooManyBadRows
        With `strict`, before anything is rated. Otherwise the good rows are rated, and
        the run's `exit_code` tells.
    """
    started = time.perf_counter()
    authorise(actor, "history.load" if options.history else "batch.score")
    if not options.history:
        with store.read() as connection:
            govern.require_running(connection)
    stop = stop or Stop()
    summary = Summary()
    rejected: list[Rejection] = []
    running: list[Batch] = []
    unreadable: InputError | None = None

    spool = Spool(settings.home)  # what of it is left goes with the run that is told
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
            for path in paths if options.strict else ():
                _refuse_bad(path, options, store)
            for path in paths:
                work = None
                try:
                    batch = begin(store, actor, path, options, now, summary)
                    if batch is None:
                        continue
                    work = Ingest(
                        store, settings, options, batch, raters, others, summary, rejected
                    )
                    with closing(work.chunks(path)) as committed:
                        for rows in committed:
                            progress(batch.source, rows)
                            if stop.signal:
                                break
                except BaseException as error:
                    if work is not None:
                        work.abandon(now, error)
                    if isinstance(error, InputError) and len(paths) > 1:
                        told = {"source": path.name, "what": error.what, "do": error.do}
                        summary.unreadable.append(told)
                        unreadable = error
                        continue
                    _leave(store, running, now)
                    raise
                running.append(batch)
                if stop.signal:
                    summary.stopped = stop.signal
                    break
        if unreadable is not None and len(summary.unreadable) == len(paths):
            raise unreadable
        ranked: list[Ranked] = []
        if not summary.stopped:
            try:
                learns = history_url is None  # what a run beside the database learns goes with it
                ranked = _finish(
                    store, actor, running, raters, others, options, summary, learns=learns
                )
            except PolicyError:  # paused since the last chunk
                _leave(store, running, now)
                raise
    summary.seconds = round(time.perf_counter() - started, 3)
    summary.rows_per_second = round(summary.read / max(summary.seconds, 1e-9), 1)
    moment = pd.DataFrame({"time": [pd.Timestamp(now)]})
    summary.history_days = {
        name: int(one.history.age(moment).iloc[0]) for name, one in raters.opened.items()
    }
    summary.model_versions = {name: one.scorecard.version for name, one in raters.opened.items()}
    return Run(summary, ranked, rejected, options.max_bad_share)


def _leave(store: Store, running: list[Batch], now: datetime) -> None:
    """The run ends by a fault of another file: what was read before it can go on."""
    if not running:
        return
    table = batches.batch_table
    with store.write(patience=60.0) as connection:
        connection.execute(
            table.update()
            .where(table.c.id.in_([batch.id for batch in running]))
            .where(table.c.state == "running")
            .values(state="stopped", ended_at=now)
        )


def _refuse_bad(path: Path, options: Options, store: Store) -> None:
    """With `strict`, read all of it first: one bad row too many rates none."""
    read = bad = 0
    for chunk in intake.read(
        path,
        profile=options.profile,
        format=options.format,
        offices=govern.zones(store),
        countries=govern.countries(store),
    ):
        read += chunk.read
        bad += len(chunk.rejected)
    if read and bad / read > options.max_bad_share:
        raise TooManyBadRows(
            f"{bad} of {read} rows cannot be read, more than {options.max_bad_share:.1%}",
            where=str(path),
            do="No row was rated (--strict). `riskprofile convert` shows which and why",
        )


def _done(
    materials: Iterator[Material],
    ranked: Ranked,
    raters: Raters,
    others: Workers | None,
    meanwhile: Callable[[], None],
) -> Iterator[Alerts]:
    """What is stored of alerts, made by this process or by those that rated.

    `meanwhile` is done here while others work on the last of it, or else after that.
    """
    if others is None:
        for one in materials:
            yield one.work(ranked.rater)
        meanwhile()
        return
    of = raters.elsewhere(ranked.profile.name)

    def tasks() -> Iterator[Task[Alerts]]:
        for one in materials:
            yield Task(of, one)
        meanwhile()

    yield from others.done(tasks())


def _nothing() -> None:
    """Another list follows."""


def _finish(
    store: Store,
    actor: Actor,
    running: list[Batch],
    raters: Raters,
    others: Workers | None,
    options: Options,
    summary: Summary,
    *,
    learns: bool,
) -> list[Ranked]:
    """One ranking per profile over the run; alerts and the end of the batches together."""
    ranked: list[Ranked] = []
    now = raters.before
    ids = [batch.id for batch in running]
    with store.read() as connection:
        profiles = [name for name in PROFILES if name in batches.profiles(connection, ids)]
    known = [raters.register(name) for name in profiles]
    for one in known:
        one.forget()
    give_back(heap=True)
    learns = learns and bool(known)
    asked, kin = None, None
    if learns and others is not None:  # they compare new forms while this process ranks
        with store.read() as connection:
            asked = parties.heard(connection, ids, known, raters.heard)
        if asked.sought <= parties.TRAVEL:  # else they are compared where they are learnt
            kin = others.begin(Task(raters.elsewhere(profiles[0]), parties.Kin(asked.unknown())))
    if running and not options.history:
        seed = int.from_bytes(
            hashlib.sha256("".join(sorted(b.digest for b in running)).encode()).digest()[:8]
        )
        lists = [
            rank_run(store, ids, raters.of(name), raters.heard, options.capacity, seed, now)
            for name in profiles
        ]
        ranked = [one for one in lists if one is not None]
    if not running:
        return ranked
    with store.write(patience=120.0) as connection:
        if not options.history:
            govern.require_running(connection)
        for batch in running:
            if not batches.finish(connection, batch.id, now):
                raise Overtaken(batch.id)

        def learn() -> None:
            serialise(connection, BATCH_LOCK)
            ended = batches.end(connection, ids, now)
            if learns:
                give_back(heap=True)
                forms = asked or parties.heard(connection, ids, known, raters.heard)
                store_of_parties.add(store, connection, forms, ended, now, kin)

        if not ranked:
            learn()
        for each in ranked:
            then = learn if each is ranked[-1] else _nothing
            made = partial(_done, ranked=each, raters=raters, others=others, meanwhile=then)
            store_alerts(connection, each, now, made)
            summary.alerts["total"] += each.counts["lane"].total()
            for kind in ("queue", "lane"):
                for name, count in each.counts[kind].items():
                    summary.alerts[kind][name] = summary.alerts[kind].get(name, 0) + count
            for batch_id, count in each.counts[BATCH].items():
                table = batches.batch_table
                connection.execute(
                    table.update()
                    .where(table.c.id == batch_id)
                    .values(alerts=table.c.alerts + count)
                )
        for batch in running:
            table = batches.batch_table
            row = connection.execute(table.select().where(table.c.id == batch.id)).one()
            told = account(Batch(**row._mapping))
            summary.batches.append(told)
            audit.append(
                connection,
                actor=actor.name,
                action="batch.end",
                subject=f"batch:{batch.id}",
                now=now,
                detail={key: told[key] for key in ("read", "accepted", "alerts")},
            )
    return ranked

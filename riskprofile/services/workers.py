"""Parts of a run done by other processes, of this machine or a cluster, in the order they came.

A cluster's workers read the database and the scorecard folder themselves, and refuse to
work with another release or scorecard than the run began with. What is worked on travels
inside its task, so a worker that dies loses nothing: the scheduler gives the task to another.
"""

from __future__ import annotations

import atexit
import gc
import logging
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from multiprocessing import parent_process
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import pyarrow as pa
from threadpoolctl import threadpool_limits

from riskprofile import __version__
from riskprofile.errors import RiskProfileError, ScorecardError, UsageError
from riskprofile.memory import give_back, unswept
from riskprofile.services import processes
from riskprofile.services.past import Folder
from riskprofile.services.processes import TO_END
from riskprofile.services.rated import Whole
from riskprofile.services.rater import Rater, Rows, rater
from riskprofile.services.run import Options
from riskprofile.store.table_bytes import from_bytes, to_bytes
from riskprofile.tables import Table

AHEAD = 2  # parts that wait or are worked on, for each thread of the workers
PATIENCE = 10  # seconds until a scheduler that does not answer is given up

Done = TypeVar("Done", covariant=True)


class Work(Protocol[Done]):
    """What a task does with the rater of the run."""

    def work(self, rater: Rater) -> Done:
        """Do it: the same whichever process does."""


@dataclass(frozen=True)
class Opened:
    """Which rater a worker opens: where history lies, as of when, and which scorecard."""

    url: str
    models: Path
    profile: str
    before: datetime
    folder: Folder
    version: str
    digest: str

    def rater(self) -> Rater:
        """With the scorecard that the run began with, whatever was promoted since."""
        rated_by = (self.version, self.digest)
        return rater(self.url, self.models, self.profile, self.before, self.folder, rated_by)


@dataclass(frozen=True)
class Task(Generic[Done]):
    """A part of a run."""

    opened: Opened
    part: Work[Done]


@dataclass(frozen=True)
class Workers:
    """Other processes: `send` hands them a task.

    `gone` holds what `send` and its tasks raise when work was lost for good: what happened, and
    what to do.
    """

    threads: int
    send: Callable[[Task[Any]], Any]
    gone: Mapping[type[Exception], tuple[str, str]]

    def begin(self, task: Task[Done]) -> Callable[[], Done]:
        """Have a task done; what it made is waited for when it is asked for."""
        with self._lost():
            sent = self.send(task)

        def made() -> Done:
            with self._lost():
                told: Done = sent.result()
            return told

        return made

    @contextmanager
    def _lost(self) -> Iterator[None]:
        try:
            yield
        except tuple(self.gone) as error:
            [(what, do), *_] = (self.gone[one] for one in self.gone if isinstance(error, one))
            raise RiskProfileError(what, do=f"{do}, then run again with --resume") from None

    def begun(
        self, tasks: Iterable[Task[Done]], ahead: int = AHEAD
    ) -> Iterator[Callable[[], Done]]:
        """Each task (`begin`), in order, while a few more are under way, so many a thread."""
        begun: deque[Callable[[], Done]] = deque()
        for one in tasks:
            begun.append(self.begin(one))
            if len(begun) > ahead * self.threads:
                yield begun.popleft()
        while begun:
            yield begun.popleft()

    def done(self, tasks: Iterable[Task[Done]]) -> Iterator[Done]:
        """What each task made, in order, while a few more are under way."""
        for made in self.begun(tasks):
            yield made()


@contextmanager
def workers(options: Options) -> Iterator[Workers | None]:
    """The processes that a run may use beside its own; none where it works alone."""
    if options.alone:
        yield None
    elif options.scheduler:
        with _cluster(options.scheduler) as found:
            yield found
    else:
        pool = ProcessPoolExecutor(options.workers, processes.begun(), initializer=_alone)

        def send(task: Task[Any]) -> Any:
            # This process compared the files of the past with their digests a moment ago.
            folder = replace(task.opened.folder, keep=False, compared=True)
            return pool.submit(work, replace(task, opened=replace(task.opened, folder=folder)))

        try:
            yield Workers(
                options.workers,
                send,
                {
                    BrokenProcessPool: (
                        "a worker process was ended from outside",
                        "Give the run fewer workers or more memory",
                    )
                },
            )
        finally:  # a run that is stopped lets its processes finish what they have
            pool.shutdown(cancel_futures=True)


def _alone() -> None:
    """Before a process takes tasks: one thread, deaf to all but its parent, gone with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that began the run stops it
    pa.set_cpu_count(1)
    threadpool_limits(1)
    gc.disable()  # for good: between two tasks nothing comes that `give_back` would not find
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    def listen() -> None:
        while signal.sigwaitinfo(TO_END).si_pid != parent.pid:
            pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    if TO_END:
        signal.pthread_sigmask(signal.SIG_BLOCK, TO_END)
        threading.Thread(target=listen, daemon=True).start()
    # Nothing is left to write: to take apart the memory of a worker would take a second.
    atexit.register(os._exit, 0)


def work(task: Task[Done]) -> Done:
    """Do a task in this process, with a rater that is opened once."""
    return _done(task.part, task.opened.rater())


def _done(part: Work[Done], rater: Rater) -> Done:
    """Between two tasks a worker has no connection: that of a cluster may wait for days."""
    with unswept(), closing(rater.parties):
        made = part.work(rater)
        give_back()
    return made


@contextmanager
def _cluster(address: str) -> Iterator[Workers]:
    try:
        import dask
        from distributed import Client
        from distributed.comm.addressing import get_address_host_port
        from distributed.scheduler import KilledWorker
    except ImportError:
        raise UsageError(
            "--scheduler needs an extra that is not installed",
            do='Install it: pip install -e ".[cluster]"',
        ) from None
    try:  # a client of such an address ends long after, in a traceback of its own
        get_address_host_port(address)
    except (ValueError, NotImplementedError):
        raise UsageError(
            "is no address of a scheduler",
            where=address,
            do="Give it with its port, as tcp://127.0.0.1:8786",
        ) from None
    try:
        connect: Any = Client  # it has no annotations
        client = connect(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError):  # a timeout is an OSError
        raise RiskProfileError(
            "the scheduler does not answer", where=address, do="Start it, or correct the address"
        ) from None
    # Why the run ended is said once, by it.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    # What is worked on is meant to travel with its task: no warning that it does.
    with client, dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 GiB"}):
        threads = sum(client.nthreads().values())
        if not threads:
            raise RiskProfileError(
                "the scheduler has no workers", where=address, do="Start some: dask worker ADDRESS"
            )

        def send(task: Task[Any]) -> Any:
            # Not pure: equal parts of one file are rated each for itself.
            try:
                sent = client.submit(work_on_cluster, _packed(task), __version__, pure=False)
            except Exception:
                if client.status == "running":
                    raise
                raise CancelledError from None  # as of tasks that are under way then
            return _Sent(sent, client)

        yield Workers(
            threads,
            send,
            {
                KilledWorker: (
                    "several workers died one after the other with the same rows",
                    "Give them more memory",
                ),
                CancelledError: (
                    f"the scheduler {address} was lost",
                    "Start it and its workers",
                ),
                NoWorkers: (
                    f"the scheduler {address} has no workers any more",
                    "Start some: dask worker ADDRESS",
                ),
            },
        )


class NoWorkers(Exception):
    """Nobody is left to do a task, and nobody came for a while."""


@dataclass(frozen=True)
class _Sent:
    """A task on a cluster, which waits for it as long as somebody is there to do it."""

    future: Any
    client: Any

    def result(self) -> Any:
        """What it made."""
        some = True
        while True:
            try:
                return self.future.result(timeout=PATIENCE)
            except TimeoutError:
                if self.future.done():  # its own error
                    raise
            # One that restarts is away for some seconds.
            before, some = some, self.client.status != "running" or bool(self.client.nthreads())
            if not before and not some:
                raise NoWorkers


@dataclass(frozen=True)
class PackedRows(Generic[Done]):
    """Rows as Parquet: a tenth of their size in memory. `part` makes a task of them again."""

    content: bytes
    part: Callable[[Table], Work[Done]]

    def work(self, rater: Rater) -> Done:
        """What the rows themselves would do."""
        return self.part(from_bytes(self.content)).work(rater)


def _packed(one: Task[Any]) -> Task[Any]:
    of = replace(one.opened, folder=replace(one.opened.folder, keep=False))
    part = one.part
    if isinstance(part, Rows | Whole):
        part = PackedRows(to_bytes(part.table), type(part))
    return Task(of, part)


def work_on_cluster(task: Task[Done], version: str) -> Done:
    """Do a task on a worker of a cluster, with the release and scorecard of the run alone."""
    if version != __version__:
        raise RiskProfileError(
            f"a worker has release {__version__}, the run {version}",
            do="Install the same release on every machine",
        )
    of = task.opened
    try:
        one = of.rater()
    except ScorecardError as error:
        raise ScorecardError(
            f"a worker has not scorecard {of.profile} {of.version} of the run: {error.what}",
            where=error.where,
            do="Give every machine the same folder of scorecards",
        ) from error
    return _done(task.part, one)

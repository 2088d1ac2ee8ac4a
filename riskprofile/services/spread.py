"""Parts of chunks rated by other processes, of this machine or a cluster, in the order they came.

A cluster's workers read the database and the scorecard folder themselves, and refuse to
rate with another release or scorecard than the run began with. Rows travel inside their
task, so a worker that dies loses nothing: the scheduler gives the task to another.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from joblib import Parallel, delayed

from riskprofile import __version__
from riskprofile.errors import RiskProfileError, ScorecardError, UsageError
from riskprofile.services.past import Folder
from riskprofile.services.rater import rate_in_worker, rater
from riskprofile.services.run import Options
from riskprofile.store.batches import from_bytes, to_bytes
from riskprofile.tables import Table

AHEAD = 2  # parts that wait or are rated, for each thread of the workers
PATIENCE = 10  # seconds until a scheduler that does not answer is given up

Rated = tuple[Table, Table]


@dataclass(frozen=True)
class Task:
    """Rows of a chunk and what rates them: where history lies, as of when, and which scorecard."""

    url: str
    models: Path
    profile: str
    before: datetime
    folder: Folder
    digest: str
    table: Table


def spread(options: Options, tasks: Iterator[Task]) -> Generator[Rated, None, None]:
    """`Rater.rate` of each task, in order, while a few more are under way."""
    if options.scheduler:
        yield from _on_cluster(options.scheduler, tasks)
        return
    ended = False

    def calls() -> Iterator[Any]:
        for one in tasks:
            if ended:
                return
            # The parent compared the files of the past with their digests a moment ago.
            folder = replace(one.folder, keep=False, compared=True)
            asked = (one.url, one.models, one.profile, one.before, folder, one.table)
            yield delayed(rate_in_worker)(*asked)

    parallel = Parallel(n_jobs=options.workers, return_as="generator", pre_dispatch="2*n_jobs")
    rated = parallel(calls())
    try:
        for one in rated:  # noqa: UP028 (`yield from` would close it with tasks under way)
            yield one
    finally:
        ended = True
        for _ in rated:  # a run that is stopped lets its processes finish what they have
            pass


def _on_cluster(address: str, tasks: Iterator[Task]) -> Generator[Rated, None, None]:
    try:
        from distributed import Client
        from distributed.scheduler import KilledWorker
    except ImportError:
        raise UsageError(
            "--scheduler needs an extra that is not installed",
            do='Install it: pip install -e ".[cluster]"',
        ) from None
    try:
        connect: Any = Client  # it has no annotations
        client = connect(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError):  # a timeout is an OSError
        raise RiskProfileError(
            "the scheduler does not answer", where=address, do="Start it, or correct the address"
        ) from None
    with client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise RiskProfileError(
                "the scheduler has no workers", where=address, do="Start some: dask worker ADDRESS"
            )
        ahead: deque[Any] = deque()
        try:
            for one in tasks:
                # Not pure: equal parts of one file are rated each for itself.
                ahead.append(client.submit(rate_on_cluster, *_packed(one), pure=False))
                if len(ahead) > AHEAD * threads:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        except KilledWorker:
            raise RiskProfileError(
                "several workers died one after the other with the same rows",
                where=address,
                do="Give them more memory, then run again with --resume",
            ) from None


def _packed(one: Task) -> tuple[Any, ...]:
    """As Parquet rows are a tenth of their size in memory."""
    content = to_bytes(one.table)
    folder = replace(one.folder, keep=False)
    return one.url, one.models, one.profile, one.before, folder, one.digest, __version__, content


def rate_on_cluster(
    url: str,
    models: Path,
    profile: str,
    before: datetime,
    folder: Folder,
    digest: str,
    version: str,
    content: bytes,
) -> Rated:
    """`Rater.rate` on a worker of a cluster, with the release and scorecard of the run alone."""
    if version != __version__:
        raise RiskProfileError(
            f"a worker has release {__version__}, the run {version}",
            do="Install the same release on every machine",
        )
    one = rater(url, models, profile, before, folder)
    if one.scorecard.digest != digest:
        raise ScorecardError(
            f"a worker serves scorecard {profile} {one.scorecard.version}, not that of the run",
            do="Give every machine the same folder of scorecards",
        )
    return one.rate(from_bytes(content))

"""Tasks of a run done by real processes: in order, a death told, nobody left behind."""

from __future__ import annotations

import gc
import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from riskprofile.errors import RiskProfileError
from riskprofile.memory import MANY
from riskprofile.profiles import PROFILES
from riskprofile.services import ingest, past, processes, promotion, settings, workers
from riskprofile.services import rater as raters
from riskprofile.services.folding import Folded, fold
from riskprofile.services.identity import OWNER
from riskprofile.services.past import Folder
from riskprofile.services.rater import Rater
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.services.workers import Opened, Task
from riskprofile.store.versions import Known
from riskprofile.tables import Table
from tests import factory
from tests.conftest import LATE
from tests.services.bench import NOW

pytestmark = pytest.mark.xdist_group("workers")
TWO = {"workers": 2}


@dataclass(frozen=True)
class Waits:
    seconds: float

    def work(self, rater: Rater) -> tuple[float, int, str]:
        time.sleep(self.seconds)
        return self.seconds, os.getpid(), rater.profile.name


@dataclass(frozen=True)
class Meets:
    """Done once two processes are at it, however late the second is there."""

    folder: Path

    def work(self, rater: Rater) -> int:
        (self.folder / f"{os.getpid()}").touch()
        until = time.monotonic() + LATE
        while len([*self.folder.iterdir()]) < 2:
            assert time.monotonic() < until, "no other process came"
            time.sleep(0.01)
        return os.getpid()


@dataclass(frozen=True)
class Dies:
    def work(self, rater: Rater) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class Knows:
    def work(self, rater: Rater) -> int:
        return past.questions.cache_info().currsize


@dataclass(frozen=True)
class SetApart:
    def work(self, rater: Rater) -> int:
        return gc.get_freeze_count()


def opened(folder: Path) -> Opened:
    home = settings.load({}, home=folder)
    store = settings.open_store(home)
    card = promotion.serving(store, home.models, "shipment")
    store.close()
    at = (home.database_url, home.models, "shipment", NOW, Folder(folder / "history"))
    return Opened(*at, card.version, card.digest)


def test_answers_come_in_the_order_of_the_tasks_and_few_are_ahead(tmp_path: Path) -> None:
    of, asked, met = opened(tmp_path), [], tmp_path / "met"
    met.mkdir()

    def tasks() -> Iterator[Task[tuple[float, int, str]]]:
        for n in range(12):
            asked.append(n)
            yield Task(of, Waits(0.3 if n == 0 else 0.01 * n))

    with workers.workers(Options(workers=2)) as others:
        assert others is not None
        both = [others.begin(Task(of, Meets(met))) for _ in range(2)]
        beside = others.begin(Task(of, Waits(0.1)))
        done = others.done(tasks())
        first = next(done)
        assert len(asked) == 5  # two at work, two that wait, and the one asked for
        rest = [*done]
        assert beside()[0] == 0.1
        pids = {one() for one in both}
    assert [one[0] for one in (first, *rest)] == [0.3, *(0.01 * n for n in range(1, 12))]
    assert len(pids) == 2 and os.getpid() not in pids
    assert {one[1] for one in (first, *rest)} <= pids


def test_a_task_that_was_begun_is_waited_for_when_what_it_made_is_asked_for(
    tmp_path: Path,
) -> None:
    """Links of alerts are found while others word them."""
    of, met = opened(tmp_path), tmp_path / "met"
    met.mkdir()
    with workers.workers(Options(workers=2)) as others:
        assert others is not None
        made = next(others.begun(Task(of, one) for one in (Meets(met), *[Waits(0.0)] * 4)))
        (met / "this process").touch()  # before, it meets nobody
        assert made() != os.getpid()


def test_a_worker_begins_with_what_every_profile_asks_of_the_past(tmp_path: Path) -> None:
    """What it is a copy of found that out, while nobody waited; its own rater asks of one."""
    with workers.workers(Options(workers=2)) as others:
        assert others is not None
        assert others.begin(Task(opened(tmp_path), Knows()))() == len(PROFILES) > 1


def test_a_worker_looks_for_no_garbage_in_what_it_is_a_copy_of(tmp_path: Path) -> None:
    """To walk through that would make every page of it the worker's own."""
    with workers.workers(Options(workers=2)) as others:
        assert others is not None
        assert others.begin(Task(opened(tmp_path), SetApart()))() > MANY


def test_who_reads_what_workers_are_copies_of_looks_for_garbage_as_before() -> None:
    """Such as what collects the examples of all modules."""
    assert gc.isenabled()
    try:
        importlib.reload(importlib.import_module("riskprofile.services.copied"))
        assert gc.isenabled()
    finally:
        gc.enable()


REHEARSED = """
import os
from riskprofile.services import workers

def threads():
    return len(os.listdir("/proc/self/task"))

before = threads()
import riskprofile.services.copied
from riskprofile.scoring import artefact

for card in artefact._built.values():
    print(card.profile, card.wording is None or "_neighbours" in vars(card.wording))
print(threads() == before)
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="asks Linux for its threads")
def test_what_workers_are_copies_of_has_rated_many_rows_at_once_and_began_no_thread() -> None:
    """A copy of a process has none of its threads, and may wait for what they held."""
    environment = {**os.environ, "PYTHONPATH": str(settings.CHECKOUT)}
    environment.pop("OMP_NUM_THREADS", None)
    command = [sys.executable, "-W", "error", "-c", REHEARSED]
    told = subprocess.run(
        command, capture_output=True, text=True, timeout=LATE, check=True, env=environment
    )
    said = "".join(f"{name} True\n" for name in PROFILES)
    assert (told.stdout, told.stderr) == (f"{said}True\n", "")


ELSEWHERE = """
import sys
from pathlib import Path
from riskprofile.store import artefacts
artefacts.TRUSTED = Path(sys.argv[1])
import riskprofile.services.copied
"""


def test_workers_begin_whatever_is_wrong_with_scorecards_that_their_run_may_not_use(
    tmp_path: Path,
) -> None:
    """What they are copies of would end with each fault that it met, and every run with it."""
    damaged = tmp_path / "trusted.json"
    damaged.write_text('{"shipment')
    subprocess.run([sys.executable, "-c", ELSEWHERE, damaged], timeout=LATE, check=True)


def test_a_worker_that_is_killed_is_told_with_what_to_do(tmp_path: Path) -> None:
    of = opened(tmp_path)
    with workers.workers(Options(workers=2)) as others:
        assert others is not None
        with pytest.raises(RiskProfileError, match="ended from outside") as told:
            [*others.done(Task(of, Dies()) for _ in range(3))]
    assert "--resume" in told.value.do


def test_nobody_else_works_where_one_process_is_asked() -> None:
    for options in (Options(), Options(workers=2, history=True)):
        with workers.workers(options) as others:
            assert others is None


PROGRAM = """
import os, sys, time
from pathlib import Path
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.services.workers import Task, workers
from tests.services.test_workers import Waits, opened

if __name__ == "__main__":
    with workers(Options(workers=2)) as others:
        of = opened(Path(sys.argv[1]))
        print([others.begin(Task(of, Waits(0.2))) for _ in range(2)][0]()[1], flush=True)
        time.sleep(60)
"""


def alive(pid: int) -> bool:
    """Whether it runs: one that ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


ASKED = """
import signal, sys
from pathlib import Path
from riskprofile.services.run import Options
from riskprofile.services.workers import Task, workers
from tests.services.test_workers import Waits, opened

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: print("asked", flush=True))
    with workers(Options(workers=2)) as others:
        of = opened(Path(sys.argv[1]))
        begun = [others.begin(Task(of, Waits(0.0))) for _ in range(4)]
        print([one()[0] for one in begun], flush=True)
        later = [others.begin(Task(of, Waits(2.0))) for _ in range(2)]
        print([one()[0] for one in later], flush=True)
"""


def test_who_asks_all_processes_to_end_is_answered_by_the_one_that_began_them(
    tmp_path: Path,
) -> None:
    """As `timeout` and a service's manager ask: a run ends after what is under way."""
    program = tmp_path / "asked.py"
    program.write_text(ASKED)
    process = subprocess.Popen(
        [sys.executable, str(program), str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(settings.CHECKOUT)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "[0.0, 0.0, 0.0, 0.0]\n"
    os.killpg(process.pid, signal.SIGTERM)
    said, fault = process.communicate(timeout=LATE)
    assert (said, fault, process.returncode) == ("asked\n[2.0, 2.0]\n", "", 0)


KILLED = """
import os
import signal
from concurrent.futures import ProcessPoolExecutor
from riskprofile.services import processes, workers

if __name__ == "__main__":
    pool = ProcessPoolExecutor(1, processes.begun(), workers._alone)
    print(pool.submit(abs, -2).result(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_run_that_is_killed_leaves_no_warning_on_the_screen(tmp_path: Path) -> None:
    """All its processes have ended when nothing more can be said."""
    program = tmp_path / "killed.py"
    program.write_text(KILLED)
    done = subprocess.run(
        [sys.executable, str(program)],
        capture_output=True,
        text=True,
        timeout=LATE,
        check=False,
        env={**os.environ, "PYTHONPATH": str(settings.CHECKOUT)},
    )
    assert (done.stdout, done.stderr, done.returncode) == ("2\n", "", -signal.SIGKILL)


INTERRUPTED = """
import os
import signal
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import forkserver
from riskprofile.services import processes

if __name__ == "__main__":
    context = processes.begun()
    copied = forkserver._forkserver._forkserver_pid
    time.sleep(float(sys.argv[1]))
    os.kill(copied, signal.SIGINT)
    with ProcessPoolExecutor(1, context) as pool:
        print(pool.submit(abs, -2).result(), forkserver._forkserver._forkserver_pid == copied)
"""


@pytest.mark.parametrize("after", ["0", "0.3"])
def test_what_workers_are_copies_of_is_deaf_to_the_keyboard_while_it_reads(
    tmp_path: Path, after: str
) -> None:
    """A terminal asks every process: it would tell its own trace beside what the command says."""
    program = tmp_path / "interrupted.py"
    program.write_text(INTERRUPTED)
    done = subprocess.run(
        [sys.executable, str(program), after],
        capture_output=True,
        text=True,
        timeout=LATE,
        env={**os.environ, "PYTHONPATH": str(settings.CHECKOUT)},
    )
    assert (done.stdout, done.stderr, done.returncode) == ("2 True\n", "", 0)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks Linux who is alive")
def test_workers_end_with_the_process_that_began_the_run(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    paths = os.pathsep.join([str(settings.CHECKOUT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths}
    run = subprocess.Popen(
        [sys.executable, program, tmp_path / "home"], stdout=subprocess.PIPE, env=environment
    )
    assert run.stdout is not None
    worker = int(run.stdout.readline())
    copied = int(Path(f"/proc/{worker}/stat").read_text().rsplit(")", 1)[1].split()[1])
    assert copied != run.pid  # what workers are copies of is a process of its own
    left = [worker, copied]
    assert all(map(alive, left))
    run.kill()
    run.wait()
    run.stdout.close()
    until = time.monotonic() + 30
    while any(map(alive, left)):
        assert time.monotonic() < until, "a worker outlived its run"
        time.sleep(0.05)


def test_where_the_system_copies_no_process_each_reads_the_program(monkeypatch) -> None:
    assert processes.begun().get_start_method() == "forkserver"
    monkeypatch.setattr(processes, "get_all_start_methods", lambda: ["spawn"])
    assert processes.begun().get_start_method() == "spawn"


def test_what_is_stored_is_asked_of_the_database_and_not_kept_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = settings.load({}, home=tmp_path / "home")
    store = settings.open_store(home)
    kept: list[int] = []

    def folded(table: Table, known: Known, arrived: Sequence[datetime]) -> Folded:
        kept.append(len(known.items) + len(known.declared))
        return fold(table, known, arrived)

    monkeypatch.setattr(ingest, "fold", folded)
    rows = factory.shipments(300)
    rows.loc[290:, "declaration_id"] = rows["declaration_id"][:10].tolist()  # again, at the end
    path = factory.write(tmp_path / "day.csv", rows)
    options = Options(workers=2, chunk_rows=10)
    run = screen(store, home, OWNER, [path], options, NOW)
    store.close()
    assert len(kept) == 30 and max(kept) <= 10 * (1 + workers.AHEAD * 2 + 1)
    assert run.summary.accepted + run.summary.duplicate == 300
    assert len(run.ranked[0].table) == 290


def test_a_chunk_is_stored_the_same_whoever_rates_it_and_in_how_many_portions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = tmp_path / "day.csv"
    rows = factory.shipments(40, value=[float(place) for place in range(40)])
    factory.write(day, rows)
    made = []
    for name, at_once, more in (("alone", 5_000, {}), ("one", 5_000, TWO), ("several", 7, TWO)):
        monkeypatch.setattr(raters, "AT_ONCE", at_once)
        home = settings.load({}, home=tmp_path / name)
        store = settings.open_store(home)
        screen(store, home, OWNER, [day], Options(chunk_rows=20, **more), NOW)
        with store.read() as connection:
            asked = "SELECT number, rows, features, events FROM chunk ORDER BY number"
            chunks = connection.execute(text(asked)).all()
            points = connection.execute(text("SELECT record_id, points FROM record ORDER BY 1"))
            made.append((chunks, points.all()))
        store.close()
    assert len(made[0][0]) == 2 and len(made[0][1]) == 40
    assert made[1] == made[0] and made[2] == made[0]

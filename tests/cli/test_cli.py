"""Each fault gives one clear line, the contract's exit code, and loses nothing."""

from __future__ import annotations

import contextlib
import functools
import gzip
import io
import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from riskprofile.cli import main
from riskprofile.errors import StoreError
from riskprofile.services import check_counts, inbox_watcher, past, results, settings, uploading
from riskprofile.services.identity import OWNER
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.services.settings import CHECKOUT
from riskprofile.store import audit, practice
from tests import factory
from tests.conftest import LATE

READ = {
    ".csv": pd.read_csv,
    ".parquet": pd.read_parquet,
    ".jsonl": lambda file: pd.read_json(file, lines=True),
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def run(home: Path, *arguments: str | Path, **more: str) -> tuple[int, str, str]:
    """The command in this process, where it costs a tenth: exit code, stdout, stderr."""
    out, errors = io.BytesIO(), io.StringIO()
    said = io.TextIOWrapper(out, "utf-8", write_through=True)  # files go to its buffer
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(errors),
        pytest.raises(SystemExit) as ended,
    ):
        patch.setattr(sys, "argv", ["riskprofile", *map(str, arguments)])
        for name, value in {"RISKPROFILE_HOME": str(home), **more}.items():
            patch.setenv(name, value)
        main()
    return int(ended.value.code or 0), out.getvalue().decode(), errors.getvalue()


def start(home: Path, *arguments: str | Path) -> tuple[int, str, str]:
    """The command as a person runs it, a process of its own: exit code, stdout, stderr."""
    done = subprocess.run(
        [sys.executable, "-c", "from riskprofile.cli import main; main()", *map(str, arguments)],
        env={**os.environ, "RISKPROFILE_HOME": str(home), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=LATE,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def told(out: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
    return loaded


def holds(process: int) -> set[str]:
    """The files that a process has open."""
    folder = Path(f"/proc/{process}/fd")
    if not folder.is_dir():
        pytest.skip("this system does not tell which files a process has open")
    found = set()
    for one in folder.iterdir():
        with contextlib.suppress(OSError):
            found.add(str(one.readlink()))
    return found


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return factory.write(tmp_path_factory.mktemp("day") / "day.csv", factory.shipments(40))


def test_score_writes_results_and_tells_the_account(home: Path, day: Path, tmp_path: Path) -> None:
    out = tmp_path / "ranked.csv"
    code, said, _ = start(home, "score", day, "--out", out, "--reasons", "all", "--json")
    summary = told(said)
    assert code == 0
    assert summary["read"] == summary["accepted"] == 40
    assert summary["alerts"]["total"] > 0
    header, *rows = out.read_text().splitlines()
    assert header == (
        "rank,record_id,profile,queue,lane,score,points,selected_by,reasons,against,"
        "indicators,driver,model_version,batch_id"
    )
    assert len(rows) == 40


@pytest.mark.parametrize("how", [(), ("--workers", "2"), ("--no-store",), ("--dry-run",)])
def test_a_run_that_keeps_its_rows_teaches_those_after_it(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: tuple[str, ...]
) -> None:
    """The register of parties learns, and the past that was read is kept on file."""
    monkeypatch.setattr(past, "LEAST", 30)
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    rows = factory.shipments(80).drop(columns=["source", "line", "warnings"])
    rows["consignee_name"] = [f"Trader {'abcdefghij'[n % 10] * 6} {n // 10}" for n in range(80)]
    rows[:40].to_csv(one, index=False)
    rows[40:].to_csv(two, index=False)
    assert run(home, "history", "load", one)[0] == 0

    def forms() -> int:
        with contextlib.closing(sqlite3.connect(home / "riskprofile.db")) as database:
            return int(database.execute("SELECT count(*) FROM party_form").fetchone()[0])

    before = forms()
    assert run(home, "score", two, *how)[0] == 0
    kept = not how or how[0] == "--workers"
    assert (forms() > before) == kept
    assert bool(list((home / past.HISTORY).rglob("*"))) == kept


LEFT = (
    "SELECT profile, record_id, lane, queue, rank, points, selected_by, title FROM alert",
    "SELECT a.record_id, l.kind, l.key FROM alert_link l JOIN alert a ON a.id = l.alert_id",
    "SELECT key, family, form, entity FROM party_form",
)


def test_days_that_come_by_score_by_watch_and_by_the_page_leave_the_same(tmp_path: Path) -> None:
    """Alerts, what links them, and which names are one party."""
    left: dict[str, list[list[tuple[object, ...]]]] = {}
    for road in ("score", "watch", "page"):
        home, box = tmp_path / road, tmp_path / f"box-{road}"
        box.mkdir()
        for day in range(3):
            file = box / f"day{day}.csv"
            names = [f"Marandor {'abcdefghij'[n % 10] * 3}selba{'nrt'[day]}o" for n in range(30)]
            names[:3] = ["Ulorin Dekavor"] * 3
            ids = [f"{day}-{n}" for n in range(30)]
            factory.write(file, factory.shipments(30, declaration_id=ids, consignee_name=names))
            if road == "score":
                assert run(home, "score", file)[0] == 0
            elif road == "watch":
                os.utime(file, (1e9, 1e9))
                assert run(home, "watch", box, "--once", "--every", "0.05")[0] == 0
            else:
                own = settings.load({}, home=home)
                with contextlib.closing(settings.open_store(own)) as store, file.open("rb") as sent:
                    uploading.upload(store, own, OWNER, file.name, sent, datetime.now(UTC))
        with contextlib.closing(sqlite3.connect(home / "riskprofile.db")) as database:
            left[road] = [sorted(database.execute(asked).fetchall(), key=repr) for asked in LEFT]
    assert left["watch"] == left["score"]
    assert left["page"] == left["score"]
    alerts, links, forms = left["score"]
    assert alerts and links and any(key != entity for key, *_, entity in forms)


def test_a_second_run_is_a_duplicate_and_writes_nothing_over(
    home: Path, day: Path, tmp_path: Path
) -> None:
    sent, aside = tmp_path / "sent.csv", tmp_path / "aside.csv"
    sent.write_text(f"{day.read_text('utf-8')}nothing\n", "utf-8")
    assert run(home, "score", sent, "--quarantine", aside)[0] == 3
    kept = aside.read_text()
    both = ("--out", home / "again.csv", "--quarantine", aside)
    code, said, errors = run(home, "score", sent, *both)
    assert code == 0
    assert "duplicate of batch" in said
    assert "again.csv was not written" in errors
    assert "aside.csv was not written" in errors and aside.read_text() == kept
    assert "read 41 = accepted 0 + quarantined 0 + duplicate 41" in said


WRITING = (  # commands that write a file, whose name comes last
    *(("score", "DAY", option) for option in ("--out", "--quarantine")),
    *(("convert", "DAY", option) for option in ("--out", "--quarantine")),
    ("history", "load", "DAY", "--quarantine"),
    ("audit", "export", "--out"),
    ("export", "selections", "--since", "2020-01-01T00:00+00:00", "--out"),
    ("quarantine", "export"),
    ("records", "export", "iafq", "--year", "2026", "--out"),
    ("sightings", "export", "--out"),
    ("sbom", "--out"),
    ("metrics", "--out"),
    ("registers", "load", "licences", "LICENCES", "--quarantine"),
    ("db", "copy", "--to"),
)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full disk to try")
@pytest.mark.parametrize("command", WRITING, ids=" ".join)
def test_a_full_disk_is_a_failure_and_a_place_where_no_file_can_be_a_wrong_call(
    home: Path, day: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """For whatever command writes it: who calls them asks by the exit code what to do."""
    given = {"DAY": day, "LICENCES": CHECKOUT / "data/synthetic/registers" / "licences.csv"}
    start = [given.get(one, one) for one in command]
    full, database = tmp_path / "full.csv", "sqlite:///" if command[0] == "db" else ""
    full.symlink_to("/dev/full")
    (tmp_path / "folder.csv").mkdir()
    day.with_name("file").touch()
    if command[0] not in ("score", "history"):
        assert run(home, "score", day)[0] == 0
    for wrong in ("missing/day.csv", "folder.csv", "file/day.csv"):
        code, _, error = run(home, *start, f"{database}{tmp_path / wrong}")
        assert (code, str(tmp_path / wrong) in error) == (2, True), error
    code, _, error = run(home, *start, f"{database}{full}")
    assert (code, f"{full}: the disk is full. Make room" in error) == (1, True), error
    assert ("--resume" in error) == (command[0] in ("score", "history")), error


def test_who_has_no_room_for_a_file_hears_that_the_last_one_is_as_it_was(
    home: Path, tmp_path: Path
) -> None:
    resource = pytest.importorskip("resource")
    out = tmp_path / "sbom.json"
    out.write_text("of the last release")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
        code, _, error = run(home, "sbom", "--out", out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert code == 1 and "--resume" not in error
    assert ", or name another place, then run the same command again; of this file" in error
    assert out.read_text() == "of the last release"


def test_a_command_whose_answer_has_nowhere_to_go_does_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `>&-` of a shell leaves it: a check that said nothing would look as if it held."""
    errors = io.StringIO()
    monkeypatch.setattr(sys, "argv", ["riskprofile", "audit", "verify", "--home", str(home)])
    with (
        contextlib.redirect_stdout(None),
        contextlib.redirect_stderr(errors),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    assert (ended.value.code, home.exists()) == (2, False)
    assert "standard output is closed" in errors.getvalue()


@pytest.mark.parametrize(
    "command",
    [
        *("audit verify", "export selections", "replay --all"),
        *("retention run", "retention run --dry-run"),
    ],
)
def test_nothing_is_in_order_where_nothing_is(home: Path, command: str) -> None:
    """Of a home typed wrongly a new one would be made, and its empty chain be whole."""
    code, said, errors = run(home, *command.split())
    assert (code, said, home.exists()) == (1, "", False)
    assert "there is no installation here" in errors


def test_options_that_would_do_nothing_are_refused(home: Path, tmp_path: Path) -> None:
    kept, why = tmp_path / "kept.csv", ("--reason", "the sender said so")
    kept.write_text("id\n1\n")
    code, _, errors = run(home, "quarantine", "repair", kept, "--set", "currency=USD", *why)
    assert code == 2 and "--set corrects one row alone" in errors
    for option in (("--purpose", "request 17"), ("--as", "mira")):
        code, _, errors = run(home, "explain", "XM-000005", *option)
        assert code == 2 and "are of --sheet" in errors
    code, _, errors = run(home, "audit", "verify", "--public-key", "00" * 32)
    assert code == 2 and "--public-key is of an export" in errors


def test_an_address_that_names_no_database_is_a_wrong_call(home: Path, tmp_path: Path) -> None:
    assert run(home, "db", "copy", "--to", "foo")[0] == 2
    assert run(home, "recall", RISKPROFILE_DATABASE_URL="mysql://x/y")[0] == 2


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
def test_a_list_of_no_declarations_is_written_and_not_the_last_one_left_there(
    home: Path, day: Path, tmp_path: Path, suffix: str
) -> None:
    """Else who fetches the list of an hour in which nothing came takes the one before for it."""
    out, empty = tmp_path / f"list{suffix}", tmp_path / "empty.csv"
    assert run(home, "score", day, "--out", out)[0] == 0
    assert len(read := READ[suffix](out)) == 40
    empty.write_text(day.read_text("utf-8").splitlines(keepends=True)[0], "utf-8")
    code, said, errors = run(home, "score", empty, "--out", out)
    assert code == 0 and "0 rows" in said and "not written" not in errors
    if suffix == ".jsonl":
        assert out.read_bytes() == b""
    else:
        nothing = READ[suffix](out)
        assert len(nothing) == 0 and list(nothing.columns) == list(read.columns)
    none = out.read_bytes()  # the next hour without declarations has the bytes of this one
    kept, later = tmp_path / "kept.csv", tmp_path / "later.csv"
    factory.shipments(2, declaration_id=["L1", "L2"]).to_csv(later, index=False)
    assert run(home, "score", later, "--out", out)[0] == 0 and out.read_bytes() != none
    kept.write_text("of an hour before")
    code, said, errors = run(home, "score", empty, "--out", out, "--quarantine", kept)
    assert code == 0 and "duplicate of batch" in said and "not written" not in errors
    assert out.read_bytes() == none and kept.read_text() != "of an hour before"


def test_the_list_of_rows_that_were_all_here_before_leaves_the_one_that_told_of_them(
    home: Path, day: Path, tmp_path: Path
) -> None:
    """In the very file, or in another: the list of the run that read them may lie there."""
    out, again = tmp_path / "list.csv", tmp_path / "again.csv"
    assert run(home, "score", day, "--out", out)[0] == 0
    told = out.read_bytes()
    heading, *rows = day.read_text("utf-8").splitlines(keepends=True)
    again.write_text("".join([heading, *rows[::-1]]), "utf-8")
    for file in (day, again):
        code, said, errors = run(home, "score", file, "--out", out)
        assert code == 0 and "duplicate 40" in said
        assert "list.csv was not written: nothing was read that was not here before" in errors
        assert out.read_bytes() == told


def test_where_every_row_is_kept_back_the_list_is_one_of_none(home: Path, tmp_path: Path) -> None:
    out, bad = tmp_path / "list.csv", tmp_path / "bad.csv"
    out.write_text("of the day before")
    bad.write_text("declaration_id,hs_code\n,0101\n")
    assert run(home, "score", bad, "--out", out)[0] == 6
    assert out.read_text().splitlines() == [",".join(results.COLUMNS)]


@pytest.mark.parametrize(
    ("command", "done"), [(["score"], "rated"), (["history", "load"], "taken in")]
)
def test_too_many_bad_rows_say_what_was_made_of_the_good_ones(
    home: Path, tmp_path: Path, command: list[str], done: str
) -> None:
    none, some = tmp_path / "none.csv", tmp_path / "some.csv"
    none.write_text("declaration_id,hs_code\n,0101\n")
    table = factory.shipments(4)
    factory.write(some, table.assign(declaration_id=["", "", *table["declaration_id"][2:]]))
    code, _, said = run(home, *command, none)
    assert (code, "good rows" in said, f"5.0%. None is {done}." in said) == (6, False, True)
    code, _, said = run(home, *command, some)
    assert (code, f"5.0%. The good rows are {done}." in said) == (6, True)


def test_nothing_is_kept_of_a_dry_run(home: Path, day: Path) -> None:
    code, said, _ = run(home, "score", day, "--dry-run", "--json")
    assert (code, told(said)["accepted"]) == (0, 40)
    assert told(run(home, "score", day, "--json")[1])["accepted"] == 40


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="no file that cannot be read")
def test_a_file_that_the_disk_does_not_give_is_named(home: Path) -> None:
    """Of many that are rated together nobody would know which."""
    code, _, why = run(home, "score", "/proc/self/mem")
    assert code == 1
    assert why.startswith("riskprofile: /proc/self/mem: input/output error. Mend it, then run")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.csv", b"", "empty"),
        ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, "picture.png"),
        (
            "cut.csv.gz",
            gzip.compress(b"declaration_id,hs_code\nA,0101\n" * 500, mtime=0)[:-40],
            "cut.csv.gz",
        ),
    ],
    ids=["empty", "picture", "cut"],
)
def test_an_unreadable_input_gives_one_line_and_exit_4(
    home: Path, tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    code, _, errors = run(home, "score", path)
    assert code == 4
    assert says in errors
    assert len(errors.strip().splitlines()) == 1
    assert "Traceback" not in errors


def test_a_missing_file_and_an_empty_folder_give_exit_4(home: Path, tmp_path: Path) -> None:
    assert run(home, "score", tmp_path / "nowhere.csv")[0] == 4
    (tmp_path / "folder").mkdir()
    assert run(home, "score", tmp_path / "folder")[0] == 4


def test_what_the_paper_shows_of_convert_is_what_it_says(home: Path, tmp_path: Path) -> None:
    shown = iter((CHECKOUT / "docs" / "operator.md").read_text("utf-8").splitlines())
    calls = 0
    for line in shown:
        if not line.startswith("    $ riskprofile convert "):
            continue
        calls += 1
        path, more = CHECKOUT / line.split()[3], line.split()[6:]
        _, out, _ = run(home, "convert", path, "--out", tmp_path / "c.csv", *more)
        said = [one.strip().removeprefix(f"{CHECKOUT}/") for one in out.splitlines()]
        paper = [one.strip() for one in iter(lambda: next(shown), "")]
        assert paper[-1:] == ["..."] or paper == said
        assert said[: len(paper) - 1] == paper[:-1]
    assert calls == 2


def test_a_mistyped_command_is_a_usage_error(home: Path) -> None:
    code, _, errors = start(home, "scor")
    assert code == 2
    assert "score" in errors


@pytest.mark.parametrize(
    ("called", "what"),
    [
        (["score"], "Missing argument 'paths'."),
        (["score", "day.csv", "--capacity", "many"], "Invalid value for '--capacity'"),
        (["scor"], "No such command 'scor'."),
    ],
)
def test_a_wrong_call_tells_a_program_as_well(home: Path, called: list[str], what: str) -> None:
    code, said, errors = run(home, *called, "--json")
    fault = json.loads(said)
    assert code == fault["exit_code"] == 2
    assert what in fault["error"]["what"] and what in errors
    assert fault["error"]["do"] == "riskprofile --help"


@pytest.mark.parametrize(
    "asked",
    [
        "explain nobody",
        "replay nobody",
        "finish nobody --reason left",
        "quarantine repair --row 7 --set value=1 --reason said",
        "users disable nobody",
        "users second-factor nobody",
        "users trained nobody",
        "watchlists show nobody",
        "watchlists expire nobody",
        "records show nobody",
        "records pack try nobody",
        "quarantine list --batch nobody",
        "quarantine repair nobody.csv --reason said",
        "users add ines --role officer --office NOBODY",
    ],
)
def test_what_is_not_here_ends_with_4_whatever_it_is(home: Path, asked: str) -> None:
    assert run(home, *asked.split())[0] == 4


@pytest.mark.parametrize(
    "asked",
    [
        "quarantine list --state foo",
        "quarantine list --profile foo",
        "models show foo",
        "models rollback foo --why because-it-was-wrong",
        "profiles enable foo --legal-basis law --assessment number",
        "profiles disable foo",
        "users add INES --role officer",
    ],
)
def test_a_name_that_there_cannot_be_ends_with_2_and_does_not_say_that_nothing_is_found(
    home: Path, asked: str
) -> None:
    code, out, errors = run(home, *asked.split())
    assert (code, out) == (2, "")
    assert errors.startswith("riskprofile: ")


@pytest.mark.parametrize("typed", ["", "long enough to keep\n"])
def test_where_no_terminal_is_a_password_is_read_from_a_pipe_or_its_lack_is_told(
    home: Path, tmp_path: Path, typed: str
) -> None:
    """As a service manager or a timer starts it."""
    password = {"RISKPROFILE_PASSWORD": "long enough to keep"}
    assert run(home, "users", "add", "sara", "--role", "supervisor", **password)[0] == 0
    signs = ("explain", "none", "--sheet", "sheet.pdf", "--as", "sara", "--purpose", "said")
    done = subprocess.run(
        [sys.executable, "-c", "from riskprofile.cli import main; main()", *signs],
        env={**os.environ, "RISKPROFILE_HOME": str(home), "OMP_NUM_THREADS": "1"},
        cwd=tmp_path,
        input=typed,
        capture_output=True,
        text=True,
        start_new_session=True,
    )
    if typed:
        assert done.returncode == 4, done.stderr  # let in; there is no such record
        assert done.stderr.startswith("riskprofile: ")
    else:
        assert done.returncode == 2
        assert done.stderr == (
            "riskprofile: nobody is here to type the password of sara. "
            "Set RISKPROFILE_PASSWORD, or call it at a terminal.\n"
        )


def test_a_command_that_is_interrupted_says_what_is_kept(home: Path, tmp_path: Path) -> None:
    """As a person does it, while the copy waits for a database that somebody writes."""
    assert run(home, "init")[0] == 0
    target = tmp_path / "copy.db"
    with contextlib.closing(sqlite3.connect(target, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("BEGIN IMMEDIATE")
        process = subprocess.Popen(
            [
                *(sys.executable, "-c", "from riskprofile.cli import main; main()"),
                *("db", "copy", "--to", f"sqlite:///{target}", "--json"),
            ],
            env={**os.environ, "RISKPROFILE_HOME": str(home), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # As at a keyboard: what a shell starts in the background is deaf to it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        until = time.monotonic() + LATE
        while f"{target}-wal" not in holds(process.pid) and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate(timeout=LATE)
    assert process.returncode == json.loads(said)["exit_code"] == 130
    assert "Run it again" in errors


@pytest.mark.parametrize("command", ["score", "convert", "history load"])
def test_a_command_that_the_system_ends_says_so_before_its_run_began_too(
    home: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    class Slow(io.BytesIO):
        """A sender that is not done when the system ends the command."""

        def read(self, size: int | None = -1, /) -> bytes:
            os.kill(os.getpid(), signal.SIGTERM)
            return super().read(size)

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Slow(b"a,b")))
    before = signal.getsignal(signal.SIGTERM)
    code, said, errors = run(home, *command.split(), "-", "--json")
    assert code == json.loads(said)["exit_code"] == 143
    assert "riskprofile: stopped: what was half done is undone" in errors
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_database_that_is_none_is_named(home: Path, day: Path) -> None:
    home.mkdir()
    (home / "riskprofile.db").write_bytes(b"this is not a database at all" * 50)
    code, _, errors = run(home, "score", day)
    assert code == 1
    assert "riskprofile.db" in errors
    assert "Traceback" not in errors


def test_a_missing_or_altered_scorecard_gives_exit_5_and_rates_nothing(
    home: Path, day: Path, tmp_path: Path
) -> None:
    code, _, errors = run(home, "score", day, RISKPROFILE_MODELS=str(tmp_path / "none"))
    assert code == 5
    assert "no scorecard serves" in errors
    models = tmp_path / "models"
    shutil.copytree(CHECKOUT / "models", models)
    version = (models / "shipment" / "CURRENT").read_text().strip()
    structure = models / "shipment" / version / "scorecard.json"
    structure.write_bytes(structure.read_bytes().replace(b'"base": -', b'"base": -1', 1))
    code, _, errors = run(home, "score", day, RISKPROFILE_MODELS=str(models))
    assert code == 5
    assert "scorecard.json" in errors
    assert run(home, "models", "verify", RISKPROFILE_MODELS=str(models))[0] == 5
    code, said, _ = run(home, "score", day, "--json")
    assert (code, told(said)["accepted"]) == (0, 40)  # nothing of the failed runs is in the way


def test_replay_counts_the_scores_whose_scorecard_is_gone(home: Path, tmp_path: Path) -> None:
    day = factory.write(tmp_path / "day.csv", factory.shipments(4))
    assert run(home, "score", day)[0] == 0
    code, said, _ = run(home, "replay", "--all")
    assert (code, said) == (0, "4 scores came out the same, 0 differ\n")
    models = tmp_path / "models"
    models.mkdir()
    code, said, errors = run(home, "replay", "--all", RISKPROFILE_MODELS=str(models))
    assert (code, said) == (5, "0 scores came out the same, 0 differ\n")
    assert "4 scores were not replayed" in errors
    code, _, errors = run(home, "explain", "XM-000000", RISKPROFILE_MODELS=str(models))
    assert code == 5 and "Explain it with the release that rated it" in errors.replace("\n", " ")
    shutil.copytree(CHECKOUT / "models", models, dirs_exist_ok=True)
    version = (models / "shipment" / "CURRENT").read_text().strip()
    structure = models / "shipment" / version / "scorecard.json"
    structure.write_bytes(structure.read_bytes().replace(b'"base": -', b'"base": -1', 1))
    code, _, errors = run(home, "explain", "XM-000000", RISKPROFILE_MODELS=str(models))
    assert code == 5 and "with the release that rated it" not in errors  # it is here, and damaged
    assert "scorecard.json" in errors and "Restore" in errors


def test_some_bad_rows_give_exit_3_and_the_quarantine_says_why(
    home: Path, day: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text(day.read_text().replace("450.0", "1_000", 1))
    quarantine = tmp_path / "quarantine.csv"
    code, _, _ = run(home, "score", bad, "--quarantine", quarantine)
    assert code == 3
    header, row = quarantine.read_text().splitlines()
    assert header == "source,line,record_id,column,reason_code,reason,raw"
    assert "gross_mass_kg" in row
    assert "1_000" in row


@pytest.mark.parametrize("slip", [("--format", "cvs"), ("--profile", "shipmnet")])
def test_a_slip_in_an_option_costs_no_file_its_place_in_the_inbox(
    home: Path, day: Path, tmp_path: Path, slip: tuple[str, str]
) -> None:
    folder = tmp_path / "inbox"
    folder.mkdir()
    kept = Path(shutil.copy(day, folder))
    code, _, error = run(home, "watch", folder, "--once", "--every", "0.05", *slip)
    assert (code, slip[1] in error) == (2, True)
    assert kept.exists() and list(folder.iterdir()) == [kept]
    assert run(home, "score", day, *slip)[0] == 2


def test_a_folder_in_the_place_of_a_result_is_refused_before_any_work(
    home: Path, day: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "ranked.csv"
    folder.mkdir()
    for option in ("--out", "--quarantine"):
        code, _, error = run(home, "score", day, option, folder)
        assert (code, "is a folder" in error) == (2, True)
    assert run(home, "score", day)[0] == 0  # nothing was begun that waits for --resume


def test_a_result_that_cannot_be_written_is_refused_before_any_work(
    home: Path, day: Path, tmp_path: Path
) -> None:
    """In a folder in which root makes no file either, and under a name that is too long."""
    kept = tmp_path / "kept.csv"
    kept.write_text("of yesterday")
    folder = Path("/proc" if Path("/proc/self").exists() else "/dev/fd")
    for out in (folder / "ranked.csv", tmp_path / ("n" * 251 + ".csv")):
        for option in ("--out", "--quarantine"):
            code, _, error = run(home, "score", day, option, out)
            assert (code, "cannot be written" in error) == (2, True)
    assert run(home, "score", day, "--out", kept, "--quarantine", folder / "rejected.csv")[0] == 2
    assert (kept.read_text(), list(tmp_path.iterdir())) == ("of yesterday", [kept])
    assert run(home, "score", day)[0] == 0  # nothing was begun that waits for --resume


def test_a_result_takes_the_place_of_a_link_that_leads_to_itself(
    home: Path, day: Path, tmp_path: Path
) -> None:
    loop = tmp_path / "table.csv"
    loop.symlink_to(loop)
    assert run(home, "convert", day, "--out", loop)[0] == 0
    assert not loop.is_symlink() and loop.stat().st_size


def test_the_name_of_a_file_tells_a_terminal_nothing(home: Path, day: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(day, tmp_path / "day\x1b[31m\x07\u202e.csv"))
    code, said, _ = run(home, "score", path)
    assert (code, "day_[31m__.csv: csv" in said, "\x1b" in said) == (0, True, False)
    path.write_text("junk")
    code, _, error = run(home, "score", path)
    assert (code, "day_[31m__.csv" in error, "\x1b" in error) == (4, True, False)


def test_headings_that_fill_no_column_are_told(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    path.write_text(
        "declaration_id,goods_description,Gross weight (lb),\x1b[31mred\n"
        "D1,chairs,22,\nD2,tables,44,\n"
    )
    told = "no column takes: 'Gross weight (lb)', '\\x1b[31mred'"
    code, said, _ = run(home, "convert", path, "--out", tmp_path / "c.csv")
    assert (code, told in said) == (0, True)
    code, said, _ = run(home, "score", path)
    assert (code, told in said) == (0, True)
    _, said, _ = run(home, "convert", path, "--out", tmp_path / "c.csv", "--json")
    assert json.loads(said)["unknown_columns"] == {"Gross weight (lb)": 2, "\x1b[31mred": 2}


def test_travellers_are_refused_with_exit_7_until_enabled(home: Path, tmp_path: Path) -> None:
    path = factory.write(tmp_path / "crossings.csv", factory.travellers(10))
    assert run(home, "score", path)[0] == 7
    assert run(home, "convert", path, "--out", tmp_path / "c.csv")[0] == 0
    enabled = {
        "RISKPROFILE_TRAVELLER_BASIS": "Border Act, section 4",
        "RISKPROFILE_TRAVELLER_ASSESSMENT": "IA-7",
    }
    assert run(home, "score", path, **enabled)[0] == 0
    code, out, said = run(home, "score", path)  # known by now, and off again
    assert (code, out) == (7, "") and "the traveller profile is off" in said
    assert "duplicate 10" in run(home, "score", path, **enabled)[1]


def test_switching_travellers_on_says_which_scorecard_rates_them(home: Path) -> None:
    law = ("--legal-basis", "Border Act, section 4", "--assessment", "IA-7")
    enable = ("profiles", "enable", "traveller", *law)
    models = CHECKOUT / "models" / "traveller"
    written, learnt = ((models / name).read_text().strip() for name in ("CURRENT", "LEARNT"))
    assert run(home, *enable)[:2] == (0, f"traveller is on, rated by {written}\n")
    assert run(home, *enable, "--learnt")[:2] == (0, f"traveller is on, rated by {learnt}\n")
    assert told(run(home, *enable, "--json")[1])["serves"] == written


def test_explain_writes_one_page_for_the_person_concerned(
    home: Path, day: Path, tmp_path: Path
) -> None:
    run(home, "score", day)
    paper, password = tmp_path / "page.pdf", "long enough to keep"
    asked = ("explain", "XM-000005", "--sheet", paper, "--lang", "fr")
    code, _, error = run(home, *asked)
    assert (code, paper.exists()) == (2, False) and "--as USER" in error
    _, told, _ = run(
        home, "users", "add", "ines", "--role", "officer", RISKPROFILE_PASSWORD=password
    )
    assert told == "ines, officer, every office, password the one in RISKPROFILE_PASSWORD\n"
    run(home, "users", "add", "olaf", "--role", "operator", RISKPROFILE_PASSWORD=password)
    code, _, _ = run(home, *asked, "--as", "olaf", RISKPROFILE_PASSWORD=password)
    assert (code, paper.exists()) == (7, False)
    code, _, error = run(home, *asked, "--as", "ines", RISKPROFILE_PASSWORD=password)
    assert code == 0, error
    assert paper.read_bytes().startswith(b"%PDF-")


def test_who_signs_in_at_the_command_line_gets_in_no_further_than_on_the_page(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RISKPROFILE_PASSWORD", "long enough to keep")
    out, factor = tmp_path / "out", {"RISKPROFILE_SECOND_FACTOR_ROLES": "supervisor"}
    signs_in = {
        "explanation.make": ("explain", "none", "--sheet", out),
        "model.promote": ("models", "promote", "shipment", "2026.11.3"),
        "bundle.export": ("records", "export", "bundle", "none", "--purpose", "17", "--out", out),
    }
    for name, role in (("sara", "supervisor"), ("otto", "auditor")):
        assert run(home, "users", "add", name, "--role", role)[0] == 0
    for action, command in signs_in.items():
        code, _, why = run(home, *command, "--as", "otto")
        assert code == 7 and action in why
        code, _, why = run(home, *command, "--as", "sara", **factor)  # she has none
        assert code == 7 and "name, password or code is wrong" in why
        code, _, why = run(home, *command, "--as", "sara")
        assert code != 7, why
    assert not out.exists()


def test_with_an_account_goes_what_is_kept_of_its_practice(home: Path) -> None:
    assert run(home, "init")[0] == 0
    now = datetime.now(UTC)
    for name in ("ines", "omar"):
        assert run(home, "users", "add", name, "--role", "officer")[0] == 0
        practice.keep(home, practice.Doubt(name, "found-16", "scan", "the code is right", now))
    assert run(home, "users", "disable", "ines")[0] == 0
    since = now - practice.DAYS
    left = {name: len(practice.doubts(home, name, since)) for name in ("ines", "omar")}
    assert left == {"ines": 0, "omar": 1}


def test_an_account_is_closed_though_its_practice_cannot_be_removed_and_the_command_says_both(
    home: Path,
) -> None:
    assert run(home, "init")[0] == 0
    assert run(home, "users", "add", "ines", "--role", "officer")[0] == 0
    (home / practice.NAME).write_bytes(b"this is no database, and long enough to be looked at" * 40)
    code, _, why = run(home, "users", "disable", "ines")
    assert code == 1
    assert "ines is disabled and signed out; what is kept of its practice is not removed" in why
    assert f"{home / practice.NAME}" in why and "Take that file away" in why
    assert "ines  officer  every office  disabled" in run(home, "users", "list")[1]


def test_a_batch_whose_file_is_gone_is_named_and_can_be_ended(home: Path, day: Path) -> None:
    """Its rows are on no list: whoever sends them again in another file is told so as well."""
    where = settings.load({}, home=home)
    store = settings.open_store(where)
    stop = factory.Steps(lambda name, done, of: os.kill(os.getpid(), signal.SIGTERM))
    left = screen(store, where, OWNER, [day], Options(), datetime.now(UTC), progress=stop)
    store.close()
    assert left.summary.stopped == signal.SIGTERM

    code, out, _ = run(home, "doctor")
    assert code == 1
    (line,) = [one for one in out.splitlines() if "batches" in one]
    assert line.startswith("!!")
    batch = line.split()[2]

    anew = home.parent / "anew.csv"
    anew.write_text("\n".join([*day.read_text("utf-8").splitlines()[:21], ""]), "utf-8")
    code, out, errors = run(home, "score", anew)
    assert (code, "duplicate 20" in out) == (0, True)
    assert f"20 of the duplicates are rows of batch {batch}" in errors.replace("\n", " ")

    results = home.parent / "ranked.csv"
    code, out, _ = run(home, "finish", batch, "--reason", "made anew", "--out", results, "--json")
    assert (code, told(out)["accepted"]) == (0, 40)
    assert len(results.read_text("utf-8").splitlines()) == 41
    code, out, _ = run(home, "doctor")
    assert "all have ended" in out
    code, _, errors = run(home, "finish", batch, "--reason", "once more")
    assert (code, "ended already" in errors) == (1, True)


def test_profiles_are_listed_with_the_law_and_the_assessment_named_for_them(home: Path) -> None:
    assert run(home, "profiles", "list")[1] == "shipment: on\ntraveller: off\n"
    named = ["--legal-basis", "Border Act, section 12", "--assessment", "IA-3", "--learnt"]
    run(home, "profiles", "enable", "traveller", *named)
    assert run(home, "profiles", "list")[1].splitlines()[1:] == [
        "traveller: on",
        "  legal basis: Border Act, section 12",
        "  impact assessment: IA-3",
        "  rated by the learnt scorecard",
    ]
    told = json.loads(run(home, "profiles", "list", "--json")[1])
    assert told["profiles"] == {"shipment": True, "traveller": True}
    assert told["named"]["traveller"]["legal_basis"] == "Border Act, section 12"


def test_the_second_person_of_a_red_release_is_switched_off_and_on(home: Path) -> None:
    assert "waits for a second person" in run(home, "second-person")[1]
    assert run(home, "second-person", "--off")[1] == "whoever holds a red alert releases it alone\n"
    assert "waits for a second person" in run(home, "second-person", "--on")[1]


def test_pause_stops_rating_until_resume(home: Path, day: Path) -> None:
    run(home, "pause", "--why", "labels under review")
    code, _, told = run(home, "score", day)
    assert code == 7
    # Whoever is told how it goes on is told first why it does not.
    assert "labels under review" in told and "riskprofile resume" in told
    run(home, "resume")
    assert run(home, "score", day)[0] == 0


def test_init_makes_offices_and_the_first_administrator(home: Path, tmp_path: Path) -> None:
    offices = tmp_path / "offices.csv"
    offices.write_text("code,name,zone,country,capacity\nXMPME,Port Meridia,Europe/Paris,,40\n")
    code, said, _ = run(home, "init", "--offices", offices, "--json")
    assert code == 0
    assert told(said)["offices"] == 1
    assert told(said)["password"]
    code, said, _ = run(
        home, "users", "add", "officer-1", "--role", "officer", "--office", "XMPME", "--json"
    )
    assert (code, told(said)["role"]) == (0, "officer")
    assert oct(home.stat().st_mode)[-3:] == "700"


def test_explain_shows_terms_that_sum_to_the_points(home: Path, day: Path) -> None:
    run(home, "score", day)
    code, said, _ = run(home, "explain", "XM-000005", "--json")
    answer = told(said)
    terms = answer["reasons"] + answer["against"]
    assert code == 0
    assert sum(term["points"] for term in terms) == answer["points"]
    assert run(home, "explain", "XM-000005", "--lang", "de")[0] == 2
    for language in ("fr", "es", "ar"):
        code, said, _ = run(home, "explain", "XM-000005", "--lang", language, "--json")
        other = told(said)
        for way in ("reasons", "against"):
            for mine, its in zip(answer[way], other[way], strict=True):
                assert (mine["term"], mine["points"]) == (its["term"], its["points"])
                assert mine["text"] != its["text"], language
    assert run(home, "explain", "nothing-of-this-name")[0] == 4


KNOTTED = """
from riskprofile.cli import main


class Knot:
    def __init__(self):
        self.itself = self

    def __del__(self):
        print("walked through")


knot = Knot()
main()
"""


def test_a_command_that_ends_is_not_looked_through_for_garbage() -> None:
    """It takes as long as to rate a thousand declarations, and the system takes all of it back."""
    done = subprocess.run(
        [sys.executable, "-c", KNOTTED, "--help"], capture_output=True, text=True, check=True
    )
    assert "Usage: riskprofile" in done.stdout and "walked through" not in done.stdout
    assert not done.stderr


def test_standard_input_is_read_like_a_file(home: Path, day: Path, tmp_path: Path) -> None:
    (tmp_path / "rejected.csv").write_text("of before")
    done = subprocess.run(
        [
            *(sys.executable, "-c", "from riskprofile.cli import main; main()", "score", "-"),
            *("--json", "--quarantine", str(tmp_path / "rejected.csv")),
        ],
        env={**os.environ, "RISKPROFILE_HOME": str(home), "OMP_NUM_THREADS": "1"},
        input=day.read_bytes() + b"cut short,1\n",
        capture_output=True,
        timeout=LATE,
        check=False,
    )
    assert done.returncode == 3
    assert json.loads(done.stdout.decode().strip().splitlines()[-1])["accepted"] == 40
    rejected = (tmp_path / "rejected.csv").read_text().splitlines()
    assert rejected[1].startswith("stdin,42,")  # no place where nobody can look it up


def test_the_account_stands_beside_results_that_go_to_standard_output(
    home: Path, day: Path
) -> None:
    for asked, first, out in (
        ("--out", "rank,record_id,", "-"),
        ("--out", "rank,record_id,", "/dev/stdout"),
        ("--quarantine", "source,line,", "-"),
        ("--quarantine", "source,line,", "/dev/stdout"),
    ):
        code, said, errors = run(home, "score", day, "--no-store", asked, out)
        lines = said.splitlines()
        assert code == 0 and lines[0].startswith(first)
        assert len(lines) == (41 if asked == "--out" else 1)
        assert "read 40 = accepted 40 + quarantined 0 + duplicate 0" in errors


def test_a_dash_is_standard_input_or_output_wherever_a_file_is_named(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def take(content: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content.encode())))

    code, chain, errors = run(home, "audit", "export", "--out", "-")
    assert code == 0 and "signed by key" in errors
    take(chain)
    assert run(home, "audit", "verify", "--against", "-")[0] == 0
    take(chain.replace("audit.export", "audit.expert"))
    code, _, errors = run(home, "audit", "verify", "--against", "-")
    assert code == 4 and errors.startswith("riskprofile: stdin: ")
    take("kind,text,reason\ncode,KX-1,recovered twice\n")
    dates = ("--review-by", "2099-03-31", "--expires", "2099-09-30")
    listed = ("watchlists", "load", "north", "-", "--owner", "desk", "--source", "finds", *dates)
    assert told(run(home, *listed, "--json")[1])["entries"] == 1
    for what in (
        ["quarantine", "repair", "-", "--reason", "said"],
        ["records", "pack", "receive", "-", "--key", "00"],
    ):
        take("{}")
        code, _, errors = run(home, *what)
        assert code == 4 and errors.startswith("riskprofile: stdin: ")
    assert not (tmp_path / "-").exists()


def test_the_audit_is_exported_and_a_cut_end_is_named(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "chain.jsonl"
    assert run(home, "init")[0] == 0
    code, said, _ = run(home, "audit", "export", "--out", out)
    assert code == 0 and "signed by key" in said
    code, said, _ = run(home, "audit", "verify", "--against", out)
    assert code == 0
    head = said.split()[-1]
    with contextlib.closing(sqlite3.connect(home / "riskprofile.db")) as database, database:
        database.execute("DELETE FROM audit WHERE sequence = (SELECT max(sequence) FROM audit)")
    assert run(home, "audit", "verify")[0] == 0
    for how in (("--against", out), ("--head", head)):
        code, said, errors = run(home, "audit", "verify", *how)
        assert (code, said.strip()) == (1, f"broken at record {head.partition(':')[0]}")
        assert "keep the database aside, and compare it" in errors
    assert run(home, "audit", "export", "--out", out, "--since", "yesterday")[0] == 2


@pytest.mark.parametrize(
    "words",
    [
        ("export", "selections", "--out", "sent.csv", "--since", ""),
        ("audit", "export", "--out", "audit.zip", "--since", ""),
        ("registers", "load", "embargoes", "list.csv", "--as-of", ""),
        ("sightings", "export", "--until", ""),
    ],
)
def test_a_time_that_was_left_empty_is_not_taken_for_none(
    home: Path, words: tuple[str, ...]
) -> None:
    """As a script does whose variable is not set: everything was not asked for."""
    code, _, said = run(home, *words)
    assert code == 2 and f"{words[-2]}  is no day or time" in said


def test_doctor_names_a_batch_that_did_not_end(home: Path, tmp_path: Path) -> None:
    day = factory.write(tmp_path / "day.csv", factory.shipments(4))
    run(home, "init")
    assert "batches: all have ended" in run(home, "doctor")[1]
    opened = settings.load({}, home=home)
    store, now = settings.open_store(opened), datetime(2026, 11, 24, 9, tzinfo=UTC)
    terminated = factory.Steps(lambda name, rows, of: os.kill(os.getpid(), signal.SIGTERM))
    left = screen(store, opened, OWNER, [day], Options(), now, progress=terminated)
    store.close()
    assert left.exit_code == 143
    said = run(home, "doctor")[1]
    assert "left before its end" in said and "score --resume" in said
    assert "cannot end" not in run(home, "db", "upgrade")[2]
    with contextlib.closing(sqlite3.connect(home / "riskprofile.db")) as database:
        for change in ("'gone' || model_digest", "substr(model_digest, 5)"):
            with database:
                database.execute(f"UPDATE batch SET model_digest = {change}")
            gone = change.startswith("'gone")
            assert ("cannot end without shipment" in run(home, "db", "upgrade")[2]) == gone
            assert ("did not end and cannot here" in run(home, "doctor")[1]) == gone
    assert run(home, "score", day, "--resume")[0] == 0
    assert "batches: all have ended" in run(home, "doctor")[1]


def test_doctor_names_a_batch_whose_end_a_full_disk_did_not_take(
    home: Path, tmp_path: Path
) -> None:
    """It is written down nowhere that the run broke off: nobody holds its lock."""
    day = factory.write(tmp_path / "day.csv", factory.shipments(8))
    opened = settings.load({}, home=home)
    store, now = settings.open_store(opened), datetime(2026, 11, 24, 9, tzinfo=UTC)
    before, told = resource.getrlimit(resource.RLIMIT_FSIZE), list[str]()

    def look(name: str, rows: int) -> None:
        told.append(run(home, "doctor")[1])
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, before[1]))

    try:
        with pytest.raises(StoreError, match="--resume"):
            screen(store, opened, OWNER, [day], Options(chunk_rows=4), now, progress=look)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        store.close()
    assert len(told) == 1 and " under way; if its program died" in told[0]
    code, said, _ = run(home, "doctor")
    assert code == 1 and "was left before its end, so its rows are on no list" in said
    assert "`score --resume` on its file day.csv" in said
    code, said, _ = run(home, "score", day, "--resume", "--json")
    assert (code, json.loads(said)["accepted"]) == (0, 8)
    assert "batches: all have ended" in run(home, "doctor")[1]


def test_doctor_does_not_send_the_past_to_the_officers(home: Path, tmp_path: Path) -> None:
    """Rated, as `score --resume` would have, it stood on their list."""
    past = factory.write(tmp_path / "past.csv", factory.shipments(8))
    opened = settings.load({}, home=home)
    store, now = settings.open_store(opened), datetime(2026, 11, 24, 9, tzinfo=UTC)
    terminated = factory.Steps(lambda name, rows, of: os.kill(os.getpid(), signal.SIGTERM))
    asked = Options(history=True, chunk_rows=4)
    left = screen(store, opened, OWNER, [past], asked, now, progress=terminated)
    store.close()
    assert left.exit_code == 143
    said = run(home, "doctor")[1]
    assert (
        "`history load --resume` on its file past.csv" in said
        and "score" not in said.split("batches", 1)[1].split("\n")[0]
    )
    assert run(home, "history", "load", past, "--resume")[0] == 0
    assert "batches: all have ended" in run(home, "doctor")[1]


def test_doctor_leaves_to_a_watcher_what_a_watcher_took(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not where its sender put it: `score --resume` on its name would find no file."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    factory.write(folder / "day.csv", factory.shipments(8))
    opened = settings.load({}, home=home)
    store = settings.open_store(opened)
    terminated = factory.Steps(lambda name, rows, of: os.kill(os.getpid(), signal.SIGTERM))
    with monkeypatch.context() as stopped:
        stopped.setattr(inbox_watcher, "screen", functools.partial(screen, progress=terminated))
        asked, clock = Options(resume=True, chunk_rows=4), lambda: datetime.now(UTC)
        watcher = inbox_watcher.Watcher(store, opened, OWNER, asked, clock, print)
        assert watcher.run(folder, every=0.05).stopped == signal.SIGTERM
    store.close()
    said = run(home, "doctor")[1]
    assert "the watcher of its inbox goes on with day.csv; start it where none runs, or" in said
    assert "--resume" not in said
    factory.write(tmp_path / "anew.csv", factory.shipments(8)[::-1])
    said = run(home, "score", tmp_path / "anew.csv")[2]
    assert "4 of the duplicates are rows of batch" in said
    assert "What a watcher took, the watcher of its inbox goes on with; start it where" in said
    assert "Go on with any other file (--resume), or" in said
    assert run(home, "watch", folder, "--once", "--every", "0.05")[0] == 0
    assert "batches: all have ended" in run(home, "doctor")[1]


def test_doctor_says_that_the_chain_is_broken(home: Path) -> None:
    run(home, "init")
    assert run(home, "doctor")[0] == 0
    with contextlib.closing(sqlite3.connect(home / "riskprofile.db")) as database, database:
        database.execute("UPDATE audit SET actor = 'nobody' WHERE sequence = 1")
    code, said, _ = run(home, "doctor")
    assert code == 1
    assert "!!  audit: the chain is broken at record 1" in said


def test_doctor_says_that_the_clock_went_back(home: Path) -> None:
    run(home, "init")
    store = settings.open_store(settings.load({}, home=home))
    for ahead, code in ((timedelta(days=1), 1), (timedelta(), 0)):
        with store.write() as connection:
            at = datetime.now(UTC) + ahead
            audit.append(connection, actor="a", action="b", subject="c:1", now=at)
        assert run(home, "doctor")[0] == code
        (line,) = [one for one in run(home, "doctor")[1].splitlines() if "clock" in one]
        assert (f"the last record of the audit is of {at:%Y-%m-%d %H:%M}" in line) == bool(code)
    store.close()


def test_doctor_tells_the_rest_where_scorecards_cannot_be_read(home: Path, tmp_path: Path) -> None:
    assert run(home, "init")[0] == 0
    models = tmp_path / "models"
    shutil.copytree(CHECKOUT / "models", models)
    for manifest in models.glob("shipment/*/manifest.json"):
        manifest.unlink()
        manifest.mkdir()  # no file, so that root cannot read it either
    code, said, _ = run(home, "doctor", RISKPROFILE_MODELS=str(models))
    lines = said.splitlines()
    assert code == 1 and any(one.startswith("!!  scorecard shipment: ") for one in lines)
    assert any(one.startswith("ok  single sign-on: off") for one in lines)


def test_an_empty_folder_becomes_that_of_its_owner_alone_and_doctor_names_one_that_is_not(
    home: Path,
) -> None:
    """As an administrator makes it: mkdir, with the mask of every day."""
    home.mkdir()
    home.chmod(0o755)
    assert run(home, "init")[0] == 0
    assert home.stat().st_mode & 0o777 == 0o700
    assert run(home, "doctor")[0] == 0
    first = home.with_name("first")
    first.mkdir()
    first.chmod(0o755)
    assert run(first, "doctor")[0] == 0  # what it makes its owner's alone needs no mending
    home.chmod(0o770)
    code, said, _ = run(home, "doctor")
    assert code == 1
    assert f"!!  home: {home}: others may read or change what lies here (mode 0770). chmod" in said
    assert home.stat().st_mode & 0o777 == 0o770  # somebody gave these rights


def test_doctor_names_what_is_set_in_the_environment_and_nothing_reads(home: Path) -> None:
    run(home, "init")
    law = {"RISKPROFILE_TRAVELLER_BASIS": "Border Act, section 12"}
    assessed = {"RISKPROFILE_TRAVELLER_ASSESSMENT": "IA-3"}
    known = {"RISKPROFILE_RANDOM_SHARE": "0.2", "RISKPROFILE_PASSWORD": "p", "RISKPROFILE_CODE": ""}
    code, said, _ = run(home, "doctor", **known, **law, **assessed)
    assert (code, "ok  settings: all" in said) == (0, True)
    unset = dict.fromkeys([*law, *assessed, "RISKPROFILE_RANDOM_SHAER"], "")
    assert run(home, "doctor", **unset)[0] == 0  # as a file for a service leaves out what it names
    code, said, _ = run(home, "doctor", **law, RISKPROFILE_RANDOM_SHAER="0.2")
    assert code == 1
    nothing = "nothing reads RISKPROFILE_RANDOM_SHAER, RISKPROFILE_TRAVELLER_BASIS. Correct"
    assert f"!!  settings: environment: {nothing}" in said


def test_doctor_makes_no_home(home: Path) -> None:
    code, said, _ = run(home, "doctor")
    assert (code, home.exists()) == (1, False)
    assert f"!!  home: {home}: there is no installation here" in said
    home.write_text("a file")
    assert "there is no installation here" in run(home, "doctor")[1]


def test_doctor_says_that_rating_is_paused_and_why(home: Path) -> None:
    run(home, "pause", "--why", "wrong tariff file")
    code, said, _ = run(home, "doctor")
    assert code == 0
    assert "ok  rating: paused by " in said and said.count("wrong tariff file") == 1
    run(home, "resume")
    assert "ok  rating: goes on" in run(home, "doctor")[1]


def test_doctor_names_the_keys_that_a_restored_database_misses(home: Path, tmp_path: Path) -> None:
    run(home, "init")
    assert "ok  keys" in run(home, "doctor")[1]
    assert run(home, "retention", "run")[0] == 0
    assert run(home, "audit", "export", "--out", tmp_path / "chain.jsonl")[0] == 0
    assert "ok  keys" in run(home, "doctor")[1]
    (home / "keys" / "retention.key").rename(tmp_path / "retention.key")
    code, said, _ = run(home, "doctor")
    assert code == 1
    assert f"!!  keys: not here, and used before: {home / 'keys' / 'retention.key'}." in said
    assert not (home / "keys" / "retention.key").exists()


def test_a_key_of_the_wrong_backup_is_named_and_the_way_out_is_told(
    home: Path, tmp_path: Path
) -> None:
    kept = home / "keys" / "retention.key"
    assert run(home, "init")[0] == 0
    assert run(home, "retention", "run")[0] == 0
    kept.write_bytes(b"k" * 32)
    told = f"{kept}: this is another key than the one used before. Move it away and restore"
    code, said, _ = run(home, "doctor")
    assert (code, f"!!  keys: {told}" in said) == (1, True)
    for command in (["run"], ["run", "--new-key"], ["run", "--dry-run"]):
        code, said, failed = run(home, "retention", *command)
        assert (code, said) == (1, "") and "another key than the one used before" in failed
    kept.rename(tmp_path / "other.key")
    assert run(home, "retention", "run")[0] == 1  # it is not here
    assert run(home, "retention", "run", "--new-key")[0] == 0
    assert "ok  keys" in run(home, "doctor")[1]


@pytest.mark.parametrize("fault", ["it is cut", "others may read it"])
def test_doctor_names_a_key_that_is_here_and_cannot_be_used(home: Path, fault: str) -> None:
    kept = home / "keys" / "audit.key"
    assert run(home, "audit", "export", "--out", home / "chain.jsonl")[0] == 0
    if fault == "it is cut":
        kept.write_bytes(kept.read_bytes()[:3])
        told = f"!!  keys: {kept}: this key has 3 bytes, not 32. Restore it from the backup"
    else:
        kept.chmod(0o644)
        told = f"!!  keys: {kept}: others may read this file. Run: chmod 600 {kept}"
    code, said, _ = run(home, "doctor")
    assert (code, told in said) == (1, True), said


def test_the_answers_of_the_exporters_page_are_told_by_day_and_by_doctor(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(home, "init")
    store, today = settings.open_store(settings.load({}, home=home)), datetime.now(UTC)
    for command in ("page", "home"):  # no midnight comes between them
        monkeypatch.setattr(f"riskprofile.cli.{command}.now", lambda: today)
    for days in (0, 0, 3, 40):
        check_counts.count(store, today - timedelta(days=days))
    store.close()
    code, said, _ = run(home, "checks", "--json", RISKPROFILE_EXPORTERS_PAGE="true")
    found = told(said)
    assert (code, found["on"], found["answers"]) == (0, True, 3)
    assert found["days"][f"{today:%Y-%m-%d}"] == 2
    assert (
        "the exporters' page is off; 4 answers in 60 days" in run(home, "checks", "--days", "60")[1]
    )
    assert "ok  exporters' page: off, 3 answers in 30 days" in run(home, "doctor")[1]


def test_no_result_is_written_over_another_or_over_what_is_read(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = factory.write(tmp_path / "day.csv", factory.shipments(4))
    content = day.read_bytes()
    out, pipe = tmp_path / "out.csv", tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    for more in (
        ("--out", day),
        ("--quarantine", day),
        ("--out", out, "--quarantine", tmp_path / "." / "out.csv"),
        ("--quarantine", tmp_path / "nowhere" / "q.csv"),
        ("--out", "-", "--quarantine", "/dev/stdout"),
        ("--out", pipe, "--quarantine", pipe),
    ):
        for command in ("score", "convert"):
            code, said, errors = run(home, command, day, *more)
            assert (code, said, errors.count("riskprofile: ")) == (2, "", 1), errors
    assert run(home, "convert", tmp_path, "--out", day)[0] == 2  # its folder is read
    for command in (["registers", "load", "parties"], ["records", "import"]):
        assert run(home, *command, day, "--quarantine", day)[0] == 2
    assert run(home, "convert", day, "--quarantine", "-")[0] == 2  # where the table goes already
    assert day.read_bytes() == content
    (tmp_path / "-").mkdir()
    monkeypatch.chdir(tmp_path)
    assert run(home, "convert", day, "--out", "-")[0] == 0  # stdout, whatever lies there
    assert run(home, "score", day, "--out", out)[0] == 0  # nothing was stored before


def test_selections_that_nobody_fetched_are_not_written_over(home: Path, day: Path) -> None:
    """Each is given once: a file written over would take them with it."""
    run(home, "score", day)
    out = home / "selections.csv"
    assert run(home, "export", "selections", "--out", out)[0] == 0
    first = out.read_text()
    assert len(first.splitlines()) > 1
    code, said, told = run(home, "export", "selections", "--out", out)
    assert (code, said) == (0, "") and f"nothing is new: {out}" in told
    assert run(home, "export", "selections") == (0, "", "nothing is new\n")
    nowhere = home / "none" / "selections.csv"
    code, _, why = run(home, "export", "selections", "--out", nowhere)
    assert code == 2 and f"{nowhere}: its folder does not exist" in why
    code, _, why = run(home, "export", "selections", "--since", "2026-11-24")
    assert code == 2 and "the zone is missing" in why
    table = factory.shipments(45).drop(columns=["source", "line", "warnings"])
    table["goods_description"] = "pistol slides and barrels"
    table[40:].to_csv(day.with_name("next.csv"), index=False)
    run(home, "score", day.with_name("next.csv"))
    code, _, why = run(home, "export", "selections", "--out", out)
    assert code == 1 and "nobody has fetched" in why
    assert out.read_text() == first
    full = home / "full.csv"
    full.symlink_to("/dev/full")  # what is no file keeps nothing that could be written over
    code, _, why = run(home, "export", "selections", "--out", full)
    assert code == 1 and f"{full}: the disk is full. Make room, then run" in why
    out.rename(home / "fetched.csv")
    assert run(home, "export", "selections", "--out", out)[0] == 0
    assert len(out.read_text().splitlines()) == 6

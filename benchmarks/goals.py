"""The goals of speed G1 to G12: each with its words, its bar, and what a run measured.

    python -m benchmarks.pipeline

prints them. Here are the measures of single parts; whole runs are in `benchmarks.pipeline`.
"""

from __future__ import annotations

import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Optional

import numpy as np
import pandas as pd
import pyarrow as pa
from pydantic import Field, StringConstraints, TypeAdapter, ValidationError, create_model
from sklearn.ensemble import HistGradientBoostingClassifier
from sqlmodel import Session

from benchmarks import page
from riskprofile.history import Snapshot
from riskprofile.intake.canonical import parse
from riskprofile.intake.columns import layout
from riskprofile.intake.reader import RawChunk
from riskprofile.profiles import SHIPMENT
from riskprofile.reference.once import continued
from riskprofile.scoring import rating
from riskprofile.scoring.scorecard import Scorecard
from riskprofile.services import identity, past, settings
from riskprofile.services.identity import OWNER
from riskprofile.services.ingest import RECORD_COLUMNS
from riskprofile.services.rater import Rater
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.store.database import Store
from riskprofile.store.run_tables import Record
from training.compile import compile_tables


@dataclass(frozen=True)
class Goal:
    """One line of the table: what is measured (`figure`), and the bar that it must keep."""

    number: str
    says: str
    figure: str
    bar: float
    least: bool = False  # the bar is the least that is allowed, not the most


GOALS = (
    Goal("G1", "the whole road, one process: at most 1.4 x F2, clock", "end over F2", 1.4),
    Goal("G2", "two processes: at most 0.35 x F1, clock (1,000,000 rows)", "two over F1", 0.35),
    Goal("G3", "all terms of every row: at most 1.5 x the score alone", "terms over score", 1.5),
    Goal("G3", "all terms of every row: at most 1/500 of TreeSHAP", "terms over shap", 1 / 500),
    Goal("G4", "tables and estimator differ by at most 1e-12", "tables off by", 1e-12),
    Goal("G4", "terms and base sum to the points: rows where not", "sums off", 0.0),
    Goal("G5", "validation: at most 1/20 of pydantic", "validation over pydantic", 1 / 20),
    Goal("G5", "the same rejects as pydantic: rows that differ", "rejects that differ", 0.0),
    Goal("G6", "bulk store: at most 1.2 x raw sqlite3", "store over sqlite3", 1.2),
    Goal("G6", "bulk store: at most 1/50 of add_all", "store over add_all", 1 / 50),
    Goal("G6", "PostgreSQL: at most 1.2 x SQLite, clock", "postgres over sqlite", 1.2),
    Goal("G7", "memory: at most 500 MiB a process", "peak MiB", 500.0),
    Goal("G7", "memory: at most 1.1 x that of a fifth of the rows", "peak over a fifth", 1.1),
    Goal("G8", "two workers: at least 1.7 x one, clock", "one over two", 1.7, least=True),
    Goal("G8", "dask: at most 1.1 x local processes, clock", "dask over two", 1.1),
    Goal("G8", "a killed worker: rows that differ afterwards", "killed worker differs", 0.0),
    Goal("G9", "runs whose result hash differs from one process's", "hashes that differ", 0.0),
    Goal("G10", "history: look-up and fold at most 1.0 us a row", "history us a row", 1.0),
    Goal("G10", "history added to: answers that differ", "history answers that differ", 0.0),
    Goal(
        "G11", "file in the inbox to an open page: at most 2 s for 1,000 rows", "inbox seconds", 2.0
    ),
    Goal("G12", "one declaration alone: at most 2 ms", "one alone ms", 2.0),
)


def judged(told: dict[str, float]) -> Iterator[tuple[Goal, float | None, str]]:
    """Each goal with what was measured, and whether it is held; None where nothing was."""
    for goal in GOALS:
        value = told.get(goal.figure)
        if value is None:
            yield goal, None, "not measured"
        else:
            held = value >= goal.bar if goal.least else value <= goal.bar
            yield goal, value, "held" if held else "MISSED"


def pairs(one: Callable[[], Any], other: Callable[[], Any], rounds: int = 5) -> float:
    """The median ratio of the processor time of two calls, in turns."""
    found = []
    for _ in range(rounds):
        spent = []
        for call in (one, other):
            began = time.process_time()
            call()
            spent.append(time.process_time() - began)
        found.append(spent[0] / max(spent[1], 1e-9))
    return statistics.median(found)


def exactness(values: pd.DataFrame, labels: np.ndarray, card: Scorecard) -> dict[str, float]:
    """G4: an estimator of pairs beside its tables; the served terms beside the served points."""
    names = list(card.features)
    columns = np.flatnonzero(values[names].nunique().to_numpy() > 1)[:12]
    matrix = values[names].to_numpy()[:, columns]
    machine = HistGradientBoostingClassifier(
        max_iter=100,
        max_depth=2,
        early_stopping=False,
        random_state=0,
        interaction_cst=[{n} for n in range(len(columns))] + [{0, 1}, {2, 3}],
    ).fit(matrix, labels)
    named = [names[n] for n in columns]
    tables = compile_tables([machine], named, matrix)
    made = tables.log_odds({name: matrix[:, n] for n, name in enumerate(named)})
    summed = card.contributions(values[names]).sum(axis=1) + card.base
    return {
        "tables off by": float(np.abs(made - machine.decision_function(matrix)).max()),
        "sums off": float((summed != card.points(values[names])).sum()),
    }


def _model() -> type:
    """The columns of a shipment as a pydantic model: types, bounds, choices, shapes of codes."""
    fields: dict[str, Any] = {}
    code = {"country": r"^[A-Za-z]{2}$", "hs": r"^\d{2,10}$", "currency": r"^[A-Za-z]{3}$"}
    for spec in SHIPMENT.columns:
        kind: Any = str
        if spec.kind in ("int", "float"):
            number = int if spec.kind == "int" else float
            least = {"gt" if spec.above else "ge": spec.minimum} if spec.minimum is not None else {}
            kind = Annotated[number, Field(allow_inf_nan=False, **least)]
        elif spec.kind == "datetime":
            kind = datetime
        elif spec.kind == "bool":
            kind = bool
        elif spec.kind == "choice":
            kind = Literal[spec.choices]
        elif spec.kind in code:
            kind = Annotated[str, StringConstraints(pattern=code[spec.kind])]
        fields[spec.name] = (Optional[kind], None)  # noqa: UP045 (built at run time)
    return create_model("Shipment", **fields)


def validation(file: Path, rows: int = 20_000, rounds: int = 5) -> dict[str, float]:
    """G5: raw text to canonical columns, beside a pydantic model row by row.

    One row in a hundred is spoilt: a mass below zero, a count that is no number, an unknown
    mode, a date that is none. Both must refuse the same rows.
    """
    table = pd.read_csv(file, dtype=str, keep_default_na=False, nrows=rows)
    spoilt = np.random.default_rng(3).choice(len(table), len(table) // 100, replace=False)
    wrong = (("gross_mass_kg", "-4"), ("package_count", "many"), ("transport_mode", "rocket"),
             ("lodged_at", "2026-13-45"))  # fmt: skip
    for number, row in enumerate(spoilt):
        name, value = wrong[number % len(wrong)]
        table.loc[row, name] = value
    records = [
        {str(name): value or None for name, value in row.items()}
        for row in table.to_dict("records")
    ]
    text = {
        name: pa.array([record[name] for record in records], pa.large_string())
        for name in records[0]
    }
    text |= {"source": pa.repeat("day.csv", len(records)), "line": pa.array(range(len(records)))}
    raw = RawChunk(SHIPMENT.name, pa.RecordBatch.from_pydict(text))
    model = TypeAdapter(_model())
    refused: dict[str, set[int]] = {}

    def ours() -> None:
        _, rejected = parse(raw, layout(SHIPMENT.name))
        refused["ours"] = {one.line for one in rejected}

    def theirs() -> None:
        bad = set()
        for line, record in enumerate(records):
            try:
                model.validate_python(record)
            except ValidationError:
                bad.add(line)
        refused["theirs"] = bad

    ratio = pairs(ours, theirs, rounds)
    return {
        "validation over pydantic": ratio,
        "rejects that differ": float(len(refused["ours"] ^ refused["theirs"])),
    }


def bulk(folder: Path, rows: int = 20_000, rounds: int = 3) -> dict[str, float]:
    """G6: record rows into SQLite by the store, by raw sqlite3, and by SQLModel's add_all."""
    given = [
        ("shipment", f"X{n}", 1, 1, n * 7919, "accepted", 1, n, n % 300, "original", *[None] * 3)
        for n in range(rows)
    ]
    at: dict[str, str] = {}
    count = 0

    def fresh() -> str:
        nonlocal count
        count += 1
        path = folder / f"bulk{count}.db"
        Store.open(f"sqlite:///{path}").close()
        return str(path)

    def ours() -> None:
        store = Store.open(f"sqlite:///{at['ours']}")
        with store.write() as connection:
            store.insert_many(connection, "record", RECORD_COLUMNS, given)
        store.close()

    def raw() -> None:
        connection = sqlite3.connect(at["raw"], isolation_level=None)
        connection.execute("PRAGMA synchronous=2")
        connection.execute("BEGIN IMMEDIATE")
        names, places = ", ".join(RECORD_COLUMNS), ", ".join("?" * len(RECORD_COLUMNS))
        connection.executemany(f"INSERT INTO record ({names}) VALUES ({places})", given)
        connection.execute("COMMIT")
        connection.close()

    def add_all(some: Sequence[tuple[Any, ...]]) -> None:
        store = Store.open(f"sqlite:///{at['add']}")
        with store.write() as connection, Session(connection) as session:
            for one in some:
                session.add_all([Record(**dict(zip(RECORD_COLUMNS, one, strict=True)))])
                session.flush()
        store.close()

    found: dict[str, list[float]] = {"raw": [], "add": []}
    for _ in range(rounds):
        at.update(ours=fresh(), raw=fresh(), add=fresh())
        spent = {}
        calls: tuple[tuple[str, Callable[[], None]], ...] = (
            ("ours", ours),
            ("raw", raw),
            ("add", lambda: add_all(given[: rows // 10])),
        )
        for name, call in calls:
            began = time.process_time()
            call()
            spent[name] = time.process_time() - began
        found["raw"].append(spent["ours"] / spent["raw"])
        found["add"].append(spent["ours"] / (spent["add"] * 10))
    return {
        "store over sqlite3": statistics.median(found["raw"]),
        "store over add_all": statistics.median(found["add"]),
    }


class _Timed(Snapshot):
    """A history that counts the processor time of what it is asked."""

    spent = 0.0

    def age(self, *arguments: Any) -> Any:
        return self._clocked(super().age, *arguments)

    def _count(self, *arguments: Any) -> Any:
        return self._clocked(super()._count, *arguments)

    def _when(self, *arguments: Any, **named: Any) -> Any:
        return self._clocked(super()._when, *arguments, **named)

    def norm(self, *arguments: Any) -> Any:
        return self._clocked(super().norm, *arguments)

    def _clocked(self, call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        began = time.process_time()
        try:
            return call(*arguments, **named)
        finally:
            self.spent += time.process_time() - began


def history(one: Rater, rows: pd.DataFrame) -> dict[str, float]:
    """G10: every question of the features and indicators of these rows, its indexes at hand.

    What it takes to have them at hand is `benchmarks.past`.
    """
    timed = _Timed.from_layers(one.history.layers, [one.history.found], one.history.registers)
    timed.ready(past.questions(one.profile.name))
    items = one.seen(rows)
    for _ in range(2):  # the first time all else is made that is made once
        asked_before, again = timed.spent, items.assign()  # with no answers of the last round
        seen = again.without(one.profile.codes)
        rating.features(seen, timed, one.profile, one.scorecard)
        rating.indicators(continued(seen, again), timed, one.by_row)
    return {"history: look-up, us a row": (timed.spent - asked_before) / len(rows) * 1e6}


def alone(one: Rater, rows: pd.DataFrame, asked: int = 30) -> dict[str, float]:
    """G12: one declaration at a time, its points and which indicators fired; median, clock."""
    spent = []
    for place in range(asked):
        row = rows.iloc[[place]].reset_index(drop=True)
        began = time.perf_counter()
        said = one.answer(row)
        _ = said.points.at(0), [key for key, mask in said.fired.masks.items() if mask[0]]
        spent.append((time.perf_counter() - began) * 1e3)
    return {"one alone ms": statistics.median(spent[5:])}


def fixed(folder: Path, file: Path, url: str, rounds: int = 6) -> dict[str, float]:
    """The price of a run whatever its rows: two of them each time; the median, processor."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    home = settings.load({}, home=folder / "fixed-home", database_url=url)
    store, spent = settings.open_store(home), []
    for number in range(rounds):
        part = folder / f"two{number}.csv"
        part.write_text("".join([lines[0], *lines[1 + 2 * number : 3 + 2 * number]]), "utf-8")
        began = time.process_time()
        screen(store, home, OWNER, [part], Options(profile=SHIPMENT.name), datetime.now(UTC))
        spent.append((time.process_time() - began) * 1e3)
    store.close()
    return {"a run of two rows, ms": statistics.median(spent[1:])}


COUNTED = (
    "/\\d/.test(document.querySelector('.st-key-refresh button')?.innerText)"  # "3 new: refresh"
)


@contextmanager
def running(command: list[str]) -> Iterator[None]:
    """The command line at work, until it is told to stop."""
    program = [sys.executable, "-c", "from riskprofile.cli import main; main()", *command]
    process = subprocess.Popen(program, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


def inbox(folder: Path, file: Path, rounds: int = 5) -> dict[str, float]:
    """G11: from the rename into the inbox to an open page that tells of its alerts; clock.

    All of it as an installation has it, on one machine: `riskprofile watch --every 0.2`, the page
    server, and an officer's page in Chromium, which nobody touches. A file was rated before.
    """
    from tests.browser.conftest import PASSWORD, serving

    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    place = folder / "inbox"
    place.mkdir()
    (folder / "inbox-home").mkdir()
    spent = []
    with ExitStack() as open_:
        served = open_.enter_context(serving(folder / "inbox-home", empty=True))
        store = served.store()
        told: dict[str, Any] = {
            "role": "officer",
            "office": None,
            "password": PASSWORD,
            "now": datetime.now(UTC),
        }
        identity.add_account(store, OWNER, name="bench", **told)  # sees every office
        store.close()
        watch = ["watch", str(place), "--every", "0.2", "--profile", SHIPMENT.name]
        open_.enter_context(running([*watch, "--home", str(served.folder)]))
        seen = open_.enter_context(page.browsing(served, "bench"))
        seen.goto(served.url)
        seen.wait_for_function("() => document.querySelector('.rp-foot')", polling="raf")
        for number in range(rounds + 1):
            if number:
                seen.locator(".st-key-refresh button").click()
                seen.wait_for_function(f"() => !({COUNTED})", polling="raf")
            part = lines[1 + number * 1_000 : 1 + (number + 1) * 1_000]
            written = folder / f"inbox{number}.csv"
            written.write_text("".join([lines[0], *part]), encoding="utf-8")
            began = time.perf_counter()
            written.rename(place / written.name)
            # The first find an empty page, which shows them; of the others it says how many.
            shows = COUNTED if number else "document.querySelector('.st-key-list_head')"
            seen.wait_for_function(f"() => {shows}", polling="raf", timeout=120_000)
            spent.append(time.perf_counter() - began)
    return {"inbox seconds": statistics.median(spent[1:])}

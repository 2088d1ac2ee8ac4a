"""What the terminal shows: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from riskprofile.errors import Conflict, RiskProfileError, UsageError
from riskprofile.files import ODD, STDOUT, is_stdout, is_stream, legible, unplaced
from riskprofile.services.steps import CHECKING, COMPARING, RANKING, STORING, WORDING, WRITING

if TYPE_CHECKING:
    from riskprofile.services.registers import Loaded
    from riskprofile.services.run import Run, Summary
    from riskprofile.tables import Table

# What stands in names and messages is shown as it stands: ":100:" is a line, and no picture.
errors = Console(stderr=True, highlight=False, markup=False, emoji=False)


# What no line may hold, but for breaks and tabs, which some results are laid out with.
_CONTROL = re.compile(rf"(?![\t\n])[{ODD}]")


def say(text: str = "") -> None:
    """A result, of one line or several."""
    print(_CONTROL.sub("_", text))


def note(text: str) -> None:
    """One line beside the result."""
    errors.print(legible(text), soft_wrap=True)


def as_json(content: Any) -> None:
    """One JSON object, last on stdout."""
    say(_object(content))


def _object(content: Any) -> str:
    shown = json.dumps(content, ensure_ascii=False, default=str)
    return _CONTROL.sub(lambda odd: f"\\u{ord(odd[0]):04x}", shown)


def done(content: dict[str, Any], *said: str, as_json: bool) -> None:
    """What a command did, or found: the object for a program, else the lines for a person."""
    for line in [_object(content)] if as_json else said:
        say(line)


def fail(error: RiskProfileError, *, as_json: bool) -> int:
    """Say what, where and what to do; the exit code."""
    note(f"riskprofile: {error}")
    if as_json:
        fault(error.what, error.where, error.do, error.exit_code)
    return error.exit_code


def fault(what: str, where: str, do: str, code: int) -> None:
    """Why a command failed, as the object that a program reads."""
    say(_object({"error": {"what": what, "where": where, "do": do}, "exit_code": code}))


UNKNOWN, SHOWN = 12, 60  # headings that fill no column: how many, and characters of each
PARQUET = (".parquet", ".pq")
LINES = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson")  # one record a line, nearly always


def counted(number: int, what: str, more: str = "") -> str:
    """A number of things: of one, and of `more`, where its name does not just take an s.

    >>> counted(1, "account"), counted(0, "account"), counted(8_000, "office")
    ('1 account', '0 accounts', '8,000 offices')
    >>> counted(1, "entry", "entries"), counted(2, "entry", "entries")
    ('1 entry', '2 entries')
    """
    return f"{number:,} {what if number == 1 else more or f'{what}s'}"


def listed(names: Sequence[object]) -> str:
    """The first of some names.

    >>> listed(["a", "b"]), listed(range(14))[-7:]
    ('a, b', '11, ...')
    """
    return ", ".join(map(str, names[:UNKNOWN])) + (", ..." if len(names) > UNKNOWN else "")


def about_rows(path: Path) -> int | None:
    """Lines of a plain text file: about its rows. Of Parquet, what it says; None of other files."""
    kind = path.suffix.lower()
    with suppress(OSError, ValueError):  # not readable, or damaged: its reader says so
        if kind in PARQUET:
            from pyarrow import ArrowException
            from pyarrow.parquet import read_metadata

            with suppress(ArrowException):
                return int(read_metadata(path).num_rows)
            return None
        if kind in LINES:
            with path.open("rb") as file:
                return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    return None


# What a run does before the first row and after the last, which takes about as long as reading.
STEPS = {
    CHECKING: "checking",
    RANKING: "ranking",
    WORDING: "wording alerts",
    COMPARING: "comparing new parties",
    WRITING: "writing results",
    STORING: "storing",
}


def pace(done: int, seconds: float, total: int | None, what: str = "rows") -> str:
    """Rate, and the time left where it is about known how much there is.

    >>> pace(20_000, 10.0, 80_000), pace(20_000, 10.0, None), pace(0, 0.1, 80_000)
    ('2,000 rows/s, 0:00:30 left', '2,000 rows/s', '')
    """
    if not done or seconds < 0.5:
        return ""
    rate = done / seconds
    left = f", {timedelta(seconds=round((total - done) / rate))} left" if total else ""
    return f"{rate:,.0f} {what}/s{left if total and total > done else ''}"


class Told:
    """What a run says of itself, as a bar; where there is none, nothing.

    Parameters
    ----------
    totals : dict
        How many rows each file has, where that is about known.
    """

    def __init__(self, label: str, totals: Mapping[str, int | None], bar: Progress | None) -> None:
        self.label, self.totals, self.bar = label, totals, bar
        self._at, self._began, self._told = "", 0.0, 0.0  # in work, its start, the last word: s
        if bar is not None:
            self._task = bar.add_task(label, total=None, rate="", done="")

    def __call__(self, name: str, rows: int) -> None:
        """Of a file or another thing, so many rows are done."""
        name = legible(name)
        self._tell(f"{self.label} {name}", rows, self.totals.get(name), f"{rows:,} rows", "rows")

    def step(self, name: str, done: int, of: int | None) -> None:
        """A step of a run beside its files, or of other work that is long."""
        unit = "alerts" if name in (WORDING, STORING) else "rows"
        said = f"{done:,} of {of:,} {unit}" if of else f"{done:,} {unit}" if done else ""
        self._tell(STEPS.get(name, f"{self.label} {name}"), done, of, said, unit)

    def _tell(self, name: str, done: int, total: int | None, said: str, unit: str) -> None:
        if self.bar is None:
            return
        if name != self._at:
            self._at, self._began = name, self._told
        self._told = self.bar.tasks[0].elapsed or 0.0
        self.bar.tasks[0].total = total  # `update` keeps the last where it is not known
        self.bar.tasks[0].finished_time = None  # the clock goes on after a step that is done
        rate = pace(done, self._told - self._began, total, unit)
        self.bar.update(self._task, description=name, completed=done, done=said, rate=rate)


@contextmanager
def progress(label: str, files: Sequence[Path] = ()) -> Iterator[Told]:
    """A bar on a terminal, silence elsewhere; call it with (name, rows).

    `files` are those to come: of text and Parquet the time left is told.
    """
    if not errors.is_terminal:
        yield Told(label, {}, None)
        return
    totals = {legible(path.name): about_rows(path) for path in files}
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(pulse_style="bar.pulse"),
        TextColumn("{task.fields[done]}", markup=False),
        TextColumn("{task.fields[rate]}", markup=False),
        TimeElapsedColumn(),
        console=errors,
        transient=True,
    ) as bar:
        yield Told(label, totals, bar)


def account(run: Run, say: Callable[[str], None]) -> None:
    """The account of a run in words, said as `say` does."""
    from riskprofile.reference import facts  # a run has read them

    told = run.summary
    for batch in told.batches:
        if batch["state"] == "duplicate":
            say(f"{batch['source']}: duplicate of batch {batch['duplicate_of']}, nothing new")
        else:
            rows = f"{batch['read']} row{'' if batch['read'] == 1 else 's'}"
            say(f"{batch['source']}: {batch['format']}, batch {batch['id']}, {rows}")
    say(sums(told))
    for code, count in sorted(told.quarantined_by_reason.items()):
        say(f"  quarantined: {count} {code}")
    warned(told.warnings, told.unknown_columns, say)
    for key, count in sorted(told.broken_indicators.items()):
        were = "it was" if count == 1 else "they were"
        say(
            f"  ! {key} could not be evaluated for {counted(count, 'row')}: {were} raised to yellow"
        )
    say(alerts(told))
    for name, kept in told.kept.items():
        say(
            f"  {name}: {kept['examinations']} examinations are kept for some "
            f"{kept['declarations']} declarations that still come on such a day"
        )
    if told.model_versions:
        served = ", ".join(f"{name} {version}" for name, version in told.model_versions.items())
        say(f"scorecards: {served}; {told.seconds:.1f} s, {told.rows_per_second:,.0f} rows/s")
    for name, days in told.history_days.items():
        if days < facts.KNOWN_DAYS:
            say(
                f"{name}: past declarations of {counted(days, 'day')} are known; what speaks of "
                f"new parties and lanes is silent until {facts.KNOWN_DAYS:.0f}: "
                "riskprofile history load"
            )
    if told.stopped:
        say("stopped: nothing is lost, go on with --resume")


def loaded(
    told: Loaded, quarantine: Path | None, *, as_json: bool, of: str = "", others: str
) -> int:
    """The account of a file that a register took in, and what it did not; the exit code.

    `of` stands before it, `others` before the headings that the register does not have.
    """
    from riskprofile.intake import quarantine as quarantine_file  # a load has read it

    code = 3 if told.rejected else 0
    if quarantine is not None:
        quarantine_file.write(quarantine, told.rejected)
    if as_json:
        say(_object(told.as_json()))
        return code
    tell = beside(quarantine)
    tell(of + sums(told))
    for one in told.rejected[:10]:
        tell(f"  {one.source}:{one.line}: {one.reason_code}: {one.reason}")
    if len(told.rejected) > 10:
        tell(f"  and {len(told.rejected) - 10} more: write them with --quarantine FILE")
    for name, count in sorted(told.warnings.items()):
        tell(f"  warning: {count} {name}")
    if told.unknown_columns:
        tell(f"  {others}: {', '.join(told.unknown_columns)}")
    return code


def warned(
    warnings: Mapping[str, int], unknown: Collection[str], tell: Callable[[str], None]
) -> None:
    """Warnings by code, and what of the files fills no column."""
    for code, count in sorted(warnings.items()):
        tell(f"  warning: {count} {code}")
    if unknown:  # quoted, so that no heading tells the terminal what to do
        shown = [repr(name[:SHOWN]) for name in [*unknown][:UNKNOWN]]
        if len(unknown) > UNKNOWN:
            shown.append(f"and {len(unknown) - UNKNOWN} more")
        tell(f"  no column takes: {', '.join(shown)}")


def unlisted(told: Summary) -> None:
    """What a person has to know of rows that are on no list, wherever the results go."""
    from riskprofile.services.run import unseen  # a run has read it

    for said in unseen(told):
        note(f"riskprofile: {said}")


def notes(run: Run, done: str = "rated") -> None:
    """What a person has to know of a run, wherever its results go; `done` is what good rows are."""
    told = run.summary
    unlisted(told)
    for one in told.unreadable:
        note(f"riskprofile: {one['source']} was not read: {one['what']}. {one['do']}")
    for one in told.refused:
        note(f"riskprofile: {one['source']} was not rated: {one['what']}. {one['do']}")
    if run.too_many_bad and not told.stopped:
        good = "The good rows are" if told.accepted else "None is"
        note(
            f"riskprofile: {told.quarantined} of {told.read} rows are quarantined, more than "
            f"{run.max_bad_share:.1%}. {good} {done}. Read the quarantine, mend the input and send "
            "it again, or allow more (max_bad_share)"
        )


def sums(told: Summary | Loaded) -> str:
    """The identity, spelled out."""
    return (
        f"read {told.read} = accepted {told.accepted} + quarantined {told.quarantined} "
        f"+ duplicate {told.duplicate}"
    )


def alerts(told: Summary) -> str:
    """Alerts by lane and queue."""
    lanes, queues = told.alerts["lane"], told.alerts["queue"]
    return (
        f"alerts {told.alerts['total']}: red {lanes.get('red', 0)}, "
        f"yellow {lanes.get('yellow', 0)}; trafficking {queues.get('trafficking', 0)}, "
        f"compliance {queues.get('compliance', 0)}, data quality {queues.get('data_quality', 0)}"
    )


def filled(table: Table) -> list[dict[str, Any]]:
    """Rows for a program, each with the cells that hold something."""
    return [
        {str(name): value for name, value in row.items() if value == value and value is not None}
        for row in table.astype(object).where(table.notna(), None).to_dict("records")
    ]


def beside(*written: Path | None) -> Callable[[str], None]:
    """How to tell of what is done: on stdout, unless one of what is written goes there itself."""
    return note if any(each is not None and is_stdout(each) for each in written) else say


def apart(read: Iterable[Path], *written: Path | None) -> None:
    """Refuse to write over what is read, or one result over another; before any work."""
    taken: list[Path] = []
    for path in read:
        inside = path.iterdir() if path.is_dir() else [path]
        taken += [_real(each) for each in inside if each.is_file()]
    for one in written:
        if one is None:
            continue
        place = Path(STDOUT) if is_stdout(one) else _real(one)
        if place in taken:
            if is_stream(one):
                where = "stdout" if is_stdout(one) else str(one)
                raise UsageError(
                    "two results would be mixed", where=where, do="Name a file for one"
                )
            raise UsageError("a file would be written over", where=str(one), do="Name another")
        taken.append(place)
        if is_stdout(one):
            continue
        if one.is_dir():
            raise UsageError("is a folder", where=str(one), do="Name a file in it")
        if not one.absolute().parent.is_dir():
            raise UsageError("its folder does not exist", where=str(one), do="Make it first")
        if not is_stream(one):
            with unplaced(one):  # a batch that was begun could only be gone on with
                pass


def pairs(given: Sequence[str], like: str) -> dict[str, str]:
    """What `--set COLUMN=VALUE` gave; `like` is an example to follow."""
    found = {}
    for each in given:
        name, mark, value = each.partition("=")
        if not mark:
            raise UsageError(f"--set {each} has no =", do=f"Write --set {like}")
        found[name.strip()] = value.strip()
    return found


def unwritten(out: Path, may_hold: str, do: str) -> None:
    """Refuse to take the place of a file whose content nobody can make again."""
    if out.is_file() and not is_stream(out):
        raise Conflict(f"the file is there already, and may hold {may_hold}", where=str(out), do=do)


def _real(path: Path) -> Path:
    """Where a file is behind links, also one that leads to itself, whose place a result takes."""
    return Path(os.path.realpath(path))

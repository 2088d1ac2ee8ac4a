"""One run: what it was asked to do, its account, and what stops it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from riskprofile.errors import Stopped
from riskprofile.files import state
from riskprofile.intake.detect import CHUNK_ROWS, asked_rightly
from riskprofile.intake.reader import Rejection
from riskprofile.scoring.ranking import Capacity
from riskprofile.services.lanes import Ranked
from riskprofile.store.batches import ARRIVED, BYTES, CLAIM, WAS_WRITTEN
from riskprofile.store.run_tables import Batch


@dataclass(frozen=True)
class Repair:
    """A row of the quarantine that a line of the input puts right.

    Which columns, and why; and when the file came in that it was kept back from.
    """

    row: int
    columns: tuple[str, ...]
    reason: str
    arrived: datetime


@dataclass(frozen=True)
class Options:
    """What one run does; names as on the command line."""

    profile: str = "auto"
    format: str = "auto"
    capacity: Capacity = field(default_factory=Capacity)
    max_bad_share: float = 0.05
    strict: bool = False
    resume: bool = False
    again: bool = False  # read a file whose very bytes were read before
    workers: int = 1
    scheduler: str = ""  # address of a dask scheduler whose workers rate
    history: bool = False  # past declarations: known, never rated, no alerts
    chunk_rows: int = CHUNK_ROWS
    repairs: Mapping[int, Repair] = field(default_factory=dict)  # by line of the input
    claims: Mapping[Path, str] = field(default_factory=dict)  # of files of an inbox, see `CLAIM`

    def __post_init__(self) -> None:
        """A slip in a name is the operator's: no file of an inbox may fail of it."""
        asked_rightly(self.profile, self.format)

    @property
    def alone(self) -> bool:
        """Whether this process rates. Past declarations are never sent elsewhere."""
        return self.history or (self.workers <= 1 and not self.scheduler)

    def as_json(self, path: Path) -> dict[str, Any]:
        """For the batch row of this file."""
        made = {**asdict(self), "capacity": asdict(self.capacity)}
        made["repairs"] = [one.row for one in self.repairs.values()]
        del made["claims"]
        if self.repairs:
            made[ARRIVED] = max(one.arrived for one in self.repairs.values()).isoformat()
        if (found := state(path)) is not None:
            made[BYTES] = found[1]
        if path in self.claims:
            made[CLAIM] = self.claims[path]
        return made


@dataclass
class Summary:
    """The account of a run. Always `read == accepted + quarantined + duplicate`."""

    read: int = 0
    accepted: int = 0
    quarantined: int = 0
    duplicate: int = 0
    alerts: dict[str, Any] = field(
        default_factory=lambda: {
            "total": 0,
            "queue": dict.fromkeys(("trafficking", "compliance", "data_quality"), 0),
            "lane": dict.fromkeys(("red", "yellow"), 0),
        }
    )
    seconds: float = 0.0
    rows_per_second: float = 0.0
    model_versions: dict[str, str] = field(default_factory=dict)
    quarantined_by_reason: dict[str, int] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)
    # Headings, keys and sheets that fill no column: rows read under each.
    unknown_columns: dict[str, int] = field(default_factory=dict)
    broken_indicators: dict[str, int] = field(default_factory=dict)
    history_days: dict[str, int] = field(default_factory=dict)  # days known before this run
    batches: list[dict[str, Any]] = field(default_factory=list)
    unreadable: list[dict[str, str]] = field(default_factory=list)  # source, what, do
    refused: list[dict[str, str]] = field(default_factory=list)  # the same: their profile is off
    # Rows that were overtaken before they came: kept beside what counts, and on no list.
    outdated: int = 0
    # Rows of a file that was read before which are not as they were then: by its batch.
    changed: dict[str, int] = field(default_factory=dict)
    # Files that were written, or taken away, while they were read: their names by batch.
    rewritten: dict[str, str] = field(default_factory=dict)
    # What a batch that goes on was to be cut to, and what it is cut to now: by its name.
    recut: dict[str, tuple[str, str]] = field(default_factory=dict)
    # Rows of a file that was here before and that still wait to be put right: by its batch.
    waiting: dict[str, int] = field(default_factory=dict)
    # Rows that retention took out before they were on any list: by their batch.
    removed: dict[str, int] = field(default_factory=dict)
    # Duplicates of rows that are on no list: by the batch that was left before its end.
    unfinished: dict[str, int] = field(default_factory=dict)
    # Alerts of offices that are not loaded here: only who sees every office sees them.
    unknown_offices: dict[str, int] = field(default_factory=dict)
    # Examinations that lists leave to what is still to come on their day, and how much that is.
    kept: dict[str, dict[str, int]] = field(default_factory=dict)
    stopped: int = 0  # the signal that ended the run after its chunk, 0 when it ended itself

    @property
    def known(self) -> bool:
        """Whether rows were read, all of them here before: what a run before told of them stays.
        A file of no rows tells of its own hour, whenever others of the same bytes came.
        """
        return 0 < self.read == self.duplicate

    def add_alerts(self, queue: str, lane: str, count: int) -> None:
        """So many further alerts."""
        self.alerts["total"] += count
        for kind, name in (("queue", queue), ("lane", lane)):
            self.alerts[kind][name] = self.alerts[kind].get(name, 0) + count

    def take_in(self, file: Summary) -> None:
        """Add what was read of a file."""
        for one in fields(self):
            here, there = getattr(self, one.name), getattr(file, one.name)
            if one.name in ("read", "accepted", "quarantined", "duplicate", "outdated"):
                setattr(self, one.name, here + there)
            elif isinstance(here, list):
                here.extend(there)
            elif one.name in _OF_A_FILE:
                self.add(one.name, there)
            elif one.name in _OF_A_BATCH:
                here.update(there)

    def add(self, name: str, counts: Mapping[str, int]) -> None:
        """So many further of each, of what is counted by some key."""
        here = getattr(self, name)
        for key, count in counts.items():
            here[key] = here.get(key, 0) + count


# What is counted of each file, by some key; what is known of a batch, which two files of a run may
# tell alike. The rest is of a run.
_OF_A_FILE = (
    *("quarantined_by_reason", "warnings", "unknown_columns", "broken_indicators"),
    *("removed", "unfinished"),
)
_OF_A_BATCH = ("changed", "waiting", "rewritten", "recut")


def unseen(told: Summary) -> list[str]:
    """What to say of rows that are on no list, of alerts that no officer of an office sees, and of
    lists that are not cut as was asked for first.
    """
    made = [
        f"{_many(count, 'alert is', 'alerts are')} of office {code}, which is not loaded here: "
        "only accounts for every office see this. Load it (registers load offices), or correct "
        "what senders write"
        for code, count in sorted(told.unknown_offices.items())
    ]
    if told.outdated:
        made.append(
            f"{_many(told.outdated, 'row is', 'rows are')} older than what is known of the "
            "declaration: a later message, or a file that came in later, changed or withdrew it. "
            "What is older is kept beside that, and on no list"
        )
    made += [
        f"{_many(count, 'row', 'rows')} of batch {name}, which held the very same file, "
        f"{'was' if count == 1 else 'were'} changed or withdrawn since. That stays so: where the "
        "sender means the file anew, rate it with --again"
        for name, count in told.changed.items()
    ]
    made += [
        f"{source} {WAS_WRITTEN}: what was read of it is batch "
        f"{name}. Give it again once it is complete: rows that are known are duplicates"
        for name, source in told.rewritten.items()
    ]
    made += [
        f"batch {name} was begun with a capacity of {before}; it goes on with {now}, as is asked "
        "for now. Where that is not meant, give the options that it was begun with"
        for name, (before, now) in told.recut.items()
    ]
    made += [
        f"{_many(count, 'row', 'rows')} of batch {name}, which held the very same file, "
        f"{'waits' if count == 1 else 'wait'} to be put right: riskprofile quarantine list "
        f"--batch {name}"
        for name, count in told.waiting.items()
    ]
    made += [
        f"{_many(count, 'row', 'rows')} of batch {name} reached the end of the term, or an order "
        f"removed {'it' if count == 1 else 'them'}, before it was ranked: on no list"
        for name, count in told.removed.items()
    ]
    return made + [
        f"{_many(count, 'duplicate is a row', 'of the duplicates are rows')} of batch {name}, "
        "which is under way or was left before its end: on no list until it ends. What a watcher "
        "took, the watcher of its inbox goes on with; start it where none runs. Go on with any "
        "other file (--resume), or, where that will not come again, "
        f"riskprofile finish {name} --reason ..."
        for name, count in told.unfinished.items()
    ]


def _many(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"


@dataclass
class Run:
    """What a run leaves: its account, the ranked list, and the rejects.

    `files` has the same of each file that was given, in their order, without the list.
    """

    summary: Summary
    ranked: list[Ranked]
    rejected: Sequence[Rejection]
    max_bad_share: float = 1.0
    files: list[Run] = field(default_factory=list)

    @property
    def too_many_bad(self) -> bool:
        """Whether more rows are quarantined than was allowed; the good ones are rated."""
        told = self.summary
        return bool(told.read) and told.quarantined / told.read > self.max_bad_share

    @property
    def exit_code(self) -> int:
        """The contract's: 0 done, 1 a file was written while it was read, 3 some quarantined, 4 a
        file was not readable, 6 too many bad rows, 7 a file was refused by policy, 130 or 143
        stopped.
        """
        if self.summary.stopped:
            return 128 + self.summary.stopped
        if self.summary.refused:
            return 7
        if self.summary.unreadable:
            return 4
        if self.summary.rewritten:
            return 1
        if self.too_many_bad:
            return 6
        return 3 if self.summary.quarantined else 0


class Stop:
    """Set by SIGINT, SIGTERM or `ask`: what is under way is finished first, a chunk or some alerts.

    Parameters
    ----------
    deaf : bool
        Of a run that is short and has no file to go on with: it is finished, whatever comes.
    """

    def __init__(self, *, deaf: bool = False) -> None:
        self.deaf = deaf
        self.signal = 0
        self._heard = threading.Event()

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until a signal comes: whether one came."""
        return self._heard.wait(seconds)

    def ask(self, number: int) -> None:
        """Stop as if this signal had come."""
        if not self.deaf:
            self.signal = number
            self._heard.set()

    def heed(self) -> None:
        """Go no further where a signal came.

        Raises
        ------
        Stopped
        """
        if self.signal:
            raise Stopped(self.signal)

    @contextmanager
    def listening(self) -> Iterator[Stop]:
        """Listen while inside; elsewhere than in the main thread nothing is changed."""

        def note(number: int, frame: object) -> None:
            self.ask(number)

        try:
            before = {
                number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)
            }
        except ValueError:  # not the main thread: the caller owns the signals
            before = {}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def account(batch: Batch) -> dict[str, Any]:
    """The account of one batch, as JSON values."""
    return {
        "id": batch.id,
        "source": batch.source,
        "format": batch.format,
        "profile": batch.profile,
        "state": batch.state,
        "read": batch.read,
        "accepted": batch.accepted,
        "quarantined": batch.quarantined,
        "duplicate": batch.duplicate,
        "alerts": batch.alerts,
    }

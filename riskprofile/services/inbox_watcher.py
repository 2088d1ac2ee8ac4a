"""The watcher of an inbox: it rates what is taken there, tells of it, and says where it is kept.

No more is taken than is rated together, so that other watchers, and who comes after one that ends,
have their part of what waits. It tells too of what a watcher that died had rated and not told of:
the batch that reads a file says the claim under which it was taken.
"""

from __future__ import annotations

import json
import secrets
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from riskprofile import intake
from riskprofile.errors import (
    AGAIN,
    Busy,
    Conflict,
    InputError,
    PolicyError,
    RiskProfileError,
    ScorecardError,
    StoreError,
    Unanswered,
    Unwritable,
    UsageError,
    why_full,
)
from riskprofile.files import legible, whole_or_nothing
from riskprofile.intake import quarantine as quarantine_file
from riskprofile.intake.canonical_io import write_canonical
from riskprofile.profiles import PROFILES
from riskprofile.services import govern, offices
from riskprofile.services.inbox import DONE, FAILED, Inbox
from riskprofile.services.retelling import ended
from riskprofile.services.rights import Actor, authorise
from riskprofile.services.run import Options, Run, Stop, unseen
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.services.watchers import NAMED, Heed, Teller
from riskprofile.store import batches
from riskprofile.store.database import Store

EVERY = 10.0  # seconds between two looks
# Files that wait together are rated in one run, which ranks them against each other and costs a
# third of runs of their own: so many, each of so many bytes. For a larger one others need not wait.
TOGETHER, SMALL = 200, 128 * 1024
PACKED, UNPACKED = (b"PK\x03\x04", b"\x1f\x8b", b"PAR1"), 16  # zip, gzip, Parquet; so much larger


class ProgramFault(RiskProfileError):
    """The program failed at a file about persons: neither deleted for that, nor put elsewhere."""


class SystemFault(RiskProfileError):
    """The system refused what is none of the file's: room for what is unpacked, or to read on."""


# Faults that are not the file's: it stays taken, and is tried again at the next look.
LATER = (ProgramFault, SystemFault, Conflict, PolicyError, ScorecardError, StoreError)
OF_ALL = (Busy, Unanswered)  # for which each file of a look would wait as long

Say = Callable[[str], None]


@dataclass
class Watched:
    """What a watcher did so far. `waiting` are files that wait for a try, or another one."""

    done: int = 0
    failed: int = 0
    waiting: int = 0
    read: int = 0
    accepted: int = 0
    quarantined: int = 0
    duplicate: int = 0
    alerts: int = 0
    stopped: int = 0  # the signal that ended it


@dataclass
class Watcher:
    """Rates what the inbox gives, until it is told to stop."""

    store: Store
    settings: Settings
    actor: Actor
    options: Options
    clock: Callable[[], datetime]
    say: Say
    told: Watched = field(default_factory=Watched)
    # Taken files that were read and could not be told of: what is still to be done with each.
    untold: dict[Path, Callable[[], None]] = field(default_factory=dict)
    waits: dict[Path, str] = field(default_factory=dict)  # what was said of those that wait
    # Taken files that this program does not get through: the next watcher tries them, and it may be
    # of another release. What is said of each, and not the fault, which holds all that was read.
    beyond: dict[Path, tuple[str, str]] = field(default_factory=dict)
    aside: dict[str, str] = field(default_factory=dict)  # what was said of those that are not taken
    away: tuple[str, str] = ("", "")  # what was said not to be of use, and why
    unsaid: dict[str, list[Path]] = field(default_factory=dict)  # by reason, of `untold`
    teller: Teller | None = None

    def __post_init__(self) -> None:
        self.heed = Heed(self.store)

    def run(self, folder: Path, *, every: float = EVERY, once: bool = False) -> Watched:
        """Look, rate, look again. With `once`, two looks and what stood still between them.

        Raises
        ------
        UsageError
            The folder cannot serve as an inbox, or another was put in its place.
        RiskProfileError, OSError
            With `once`: what kept a file, or the folder, waiting.
        """
        authorise(self.actor, "batch.score")
        stop = Stop()
        with self.store.read() as connection:
            if not self.options.capacity.stated and not offices.codes(connection):
                self.say(
                    "no offices are loaded: one declaration in twenty goes to red, and at least "
                    "one of those that come together. What an office can examine on a day is "
                    "known once they are (registers load offices)"
                )
        with Inbox(folder) as inbox, stop.listening(), self._telling(inbox, every, once):
            if not self._held(inbox):
                inbox.look()
            while not stop.signal:
                fault = self._turn(inbox, inbox.left, stop, once)
                if stop.wait(every):
                    break
                fault = self._turn(inbox, inbox.look, stop, once) or fault
                if once:
                    # In a pause nobody goes on with what watchers that died had taken.
                    if self.heed.stands is None and (others := inbox.elsewhere()):
                        self.say(f"files that other watchers took, and tell of: {others}")
                    if fault is not None:
                        raise fault
                    break
            if stop.signal:
                self.told.stopped, self.told.waiting = stop.signal, inbox.held()
        return self.told

    @contextmanager
    def _telling(self, inbox: Inbox, every: float, once: bool) -> Iterator[None]:
        self.teller = Teller(self.settings, inbox.folder, every, once=once)
        try:
            yield
        finally:
            self.teller.end()

    def _turn(
        self, inbox: Inbox, given: Callable[[], Iterable[Path]], stop: Stop, once: bool
    ) -> RiskProfileError | None:
        """Rate what is given. A folder that is away, or has no room, is tried again at the next
        look, and said when that turns.
        """
        fault, away = None, ("", "")
        try:
            inbox.check()
            if any(self.away):  # what was rated just before may not be told of yet
                inbox.inherited.update(inbox.left())
            if not self._held(inbox):
                fault = self._rate(inbox, given(), stop)
        except OSError as error:
            if once:
                raise
            away = _meant(inbox, error), error.strerror or str(error)
            self._tell_of(inbox, [])
        if away[0] and away != self.away:
            self.say(f"{away[0]} cannot be used ({away[1]}): it is tried again at each look")
        elif self.away[0] and not away[0]:
            self.say(f"{self.away[0]} can be used again")
        self.away = away
        return fault

    def _held(self, inbox: Inbox) -> bool:
        """Whether the inbox is paused; said when it turns. Who waits for its end is still here."""
        if said := self.heed.turned():
            self.say(said)
        if self.heed.stands is None:
            return False
        self._tell_of(inbox, [])
        return True

    def _rate(self, inbox: Inbox, paths: Iterable[Path], stop: Stop) -> RiskProfileError | None:
        fault: RiskProfileError | None = None
        self._tell_of(inbox, [])
        self.told.waiting = 0
        read = dict(self.untold)
        for path, tell in read.items():
            self._tell(path, tell)
        held: dict[str, list[Path]] = {}  # by reason: of these it is still to be said

        def to_rate() -> Iterator[Path]:
            nonlocal fault
            for path in paths:
                try:
                    if path in self.beyond:
                        what, do = self.beyond[path]
                        raise ProgramFault(what, do=do)
                    if path not in read and not self._told_of(inbox, path):
                        yield path
                except LATER as error:  # before it is known whether it was rated, it is not rated
                    fault = error
                    self._waits(held, [path], error)

        for some in together(to_rate()):
            if self._held(inbox):  # these stay taken
                break
            self._tell_of(inbox, some)
            if sum(path not in self.waits for path in some) > NAMED:
                self.say(f"{len(some)} files are rated together, and told of when all of them are")
            if len(some) > 1 and not stop.signal:
                some = self._some(inbox, some, stop)
            # What keeps one of them back, or fails with it, is told of that one.
            for place, path in enumerate(some):
                if stop.signal:
                    break
                try:
                    self._one(inbox, path, stop)
                except LATER as error:
                    if isinstance(error, ProgramFault):
                        self.beyond[path] = error.what, error.do
                    fault = error
                    alike = isinstance(error, OF_ALL)
                    self._waits(held, some[place:] if alike else [path], error)
                    if alike:
                        break
            if stop.signal or isinstance(fault, OF_ALL):
                break
        for why, others in held.items():
            self._tell_waits(others, why)
        self._tell_unsaid()
        self.told.waiting += len(self.untold)
        self._tell_aside(inbox)
        self._tell_of(inbox, [])
        return fault

    def _tell_aside(self, inbox: Inbox) -> None:
        """Said once of what is not taken as it is, and again where the reason is another.

        Of many the first are named: a sender whose rights are wrong may have sent thousands.
        """
        new = sorted(inbox.aside.items() - self.aside.items())
        for name, why in new[:NAMED]:
            self.say(f"{legible(name)}: not taken, {why}")
        if len(new) > NAMED:
            self.say(f"and {len(new) - NAMED:,} more that are not taken")
        self.aside = dict(inbox.aside)

    def _tell_of(self, inbox: Inbox, paths: Sequence[Path]) -> None:
        if self.teller is not None:
            names = [path.name for path in paths]
            self.teller.tell(
                datetime.now(UTC),
                [*inbox.seen.keys() - inbox.ready - inbox.aside.keys()],
                names,
                self.told.waiting,
                [*inbox.aside],
            )

    def _told_of(self, inbox: Inbox, path: Path) -> bool:
        """Tell of a file that a watcher rated before it died; False where it is to be rated."""
        if path not in inbox.inherited:
            return False
        run: Run | None = None
        try:
            run = ended(self.store, path, self.options, inbox.claim(path))
        except InputError:  # of a file that cannot be read, its own run says so
            pass
        except OSError as error:
            raise _refused(error, path) from None
        inbox.inherited.discard(path)
        if run is not None:
            self._tell(path, partial(self._done, inbox, path, run, self.clock()))
        return run is not None

    def _waits(
        self, held: dict[str, list[Path]], paths: list[Path], error: RiskProfileError
    ) -> None:
        """Said once of a file, and again where the reason is another: it is tried at each look.

        At once of the first that a reason keeps, and of the others together when the look ends.
        """
        self.told.waiting += len(paths)
        why = _why(error)
        new = [path for path in paths if self.waits.get(path) != why]
        if new and why not in held:
            self._tell_waits([new.pop(0)], why)
        held.setdefault(why, []).extend(new)

    def _tell_waits(self, paths: list[Path], why: str) -> None:
        """Of many the first are named."""
        if len(paths) == 1:
            self.say(f"{paths[0].name}: waits, {why}")
        elif paths:
            self.say(f"{len(paths):,} more files wait ({_named(paths)}), {why}")
        self.waits |= dict.fromkeys(paths, why)

    def _tell(self, path: Path, tell: Callable[[], None]) -> None:
        """Write what a file came to, then move it: what has no room now, or needs a database that
        does not answer, is told at a later look.
        """
        try:
            tell()
        except (OSError, Unwritable, StoreError) as error:
            if path not in self.untold:
                why = getattr(error, "strerror", None) or _why(error)
                self.unsaid.setdefault(why, []).append(path)
            self.untold[path] = tell
        else:
            self.untold.pop(path, None)
            self.waits.pop(path, None)

    def _tell_unsaid(self) -> None:
        """Said once of what was read in this look, and cannot be told of yet."""
        for why, some in self.unsaid.items():
            paths = [path for path in some if path in self.untold]
            for these in filter(None, (paths[:1], paths[1:])):
                many = f"{len(these):,} more files ({_named(these)})"
                what = many if len(these) > 1 else these[0].name
                self.say(f"{what}: read, and cannot be told of yet ({why})")
        self.unsaid.clear()

    def _some(self, inbox: Inbox, paths: list[Path], stop: Stop) -> list[Path]:
        """Rate several files in one run; those that are still to be rated one by one."""
        now = self.clock()
        try:
            before = [path.lstat() for path in paths]
            run = self._screen(inbox, paths, now, stop)
        except Exception:  # of one of them, and the others can be rated
            return paths
        if run.summary.stopped:
            return []
        refused = []
        for path, was, of in zip(paths, before, run.files, strict=True):
            if inbox.changed(path, was):
                continue
            if of.summary.refused:
                refused.append(path)
                continue
            if of.summary.unreadable:
                (told,) = of.summary.unreadable
                tell = partial(self._failed, inbox, path, told["what"], told["do"], now)
            else:
                tell = partial(self._done, inbox, path, of, now)
            self._tell(path, tell)
        return refused

    def _screen(self, inbox: Inbox, paths: list[Path], now: datetime, stop: Stop) -> Run:
        options = replace(self.options, claims={path: inbox.claim(path) for path in paths})
        return screen(self.store, self.settings, self.actor, paths, options, now, stop=stop)

    def _one(self, inbox: Inbox, path: Path, stop: Stop) -> None:
        now = self.clock()
        try:
            before = path.lstat()
        except FileNotFoundError:
            self.say(f"{path.name}: was taken away before it was rated")
            return
        try:
            run = self._screen(inbox, [path], now, stop)
        except LATER:
            raise
        except Exception as error:  # one file must not end the service
            if inbox.changed(path, before):
                return
            what = f"a fault of the program ({type(error).__name__})"
            do = "Keep the file and report it; `score --debug` shows more."
            if isinstance(error, RiskProfileError):
                what, do = error.what, error.do
            elif isinstance(error, OSError) and error.errno:  # damage that is read has no number
                raise _refused(error, path) from None
            elif self._of_persons(path):
                do = "It stays taken, and the next watcher tries it again. Report the fault"
                raise ProgramFault(what, do=do) from error
            self._tell(path, partial(self._failed, inbox, path, what, do, now))
            return
        if run.summary.stopped or inbox.changed(path, before):
            return
        self._tell(path, partial(self._done, inbox, path, run, now))

    def _failed(self, inbox: Inbox, path: Path, what: str, do: str, now: datetime) -> None:
        token = f"{now:%H%M%S}-{secrets.token_hex(3)}"
        persons = self._of_persons(path)
        kept = inbox.place(path, FAILED, token, now)
        where = f"kept as {kept.relative_to(inbox.folder)}"
        if persons:  # of a file that could not be read nobody may know what it is about
            where = "deleted, as it may be about persons"
            do = f"{do.rstrip('.')}. It was {where}: only its sender has it."
        _report(kept, {"error": {"what": what, "where": path.name, "do": do}})
        if persons:
            inbox.discard(path)
        else:
            inbox.archive(path, kept)
        self.told.failed += 1
        self.say(f"{path.name}: failed, {what}; {where}")

    def _done(self, inbox: Inbox, path: Path, run: Run, now: datetime) -> None:
        told, summary = self.told, run.summary
        kept = inbox.place(path, DONE, str(summary.batches[-1]["id"]), now)
        if run.rejected:
            quarantine_file.write(kept.with_name(f"{kept.name}.rejected.csv"), run.rejected)
        _report(kept, {**asdict(summary), "exit_code": run.exit_code})
        self._keep(inbox, path, kept, summary.batches)
        told.done += 1
        for name in ("read", "accepted", "quarantined", "duplicate"):
            setattr(told, name, getattr(told, name) + getattr(summary, name))
        told.alerts += summary.alerts["total"]
        self.say(
            f"{path.name}: read {summary.read} = accepted {summary.accepted} + quarantined "
            f"{summary.quarantined} + duplicate {summary.duplicate}; "
            f"alerts {summary.alerts['total']}"
        )
        for one in unseen(summary):
            self.say(f"{path.name}: {one}")

    def _keep(self, inbox: Inbox, path: Path, kept: Path, told: list[dict[str, Any]]) -> None:
        """Keep what was read; of persons nothing, or what the intake left, as `inbox_persons` says.

        A file about persons may hold what must not be stored (see `intake.stripping`).
        """
        ids = [str(one[name]) for one in told for name in ("id", "duplicate_of") if one.get(name)]
        with self.store.read() as connection:
            profiles = {*batches.profiles(connection, ids), *(one["profile"] for one in told)}
        if not any(PROFILES[name].persons for name in profiles if name in PROFILES):
            inbox.archive(path, kept)
            return
        if self.settings.inbox_persons == "strip":
            read = intake.read(
                path,
                profile=self.options.profile,
                format=self.options.format,
                offices=offices.known(self.store, self.clock()),
            )
            # Rows of two profiles in one file, or it was taken away meanwhile: nothing is kept.
            with suppress(UsageError, InputError):
                write_canonical(read, kept.with_name(f"{kept.name}.jsonl"))
        inbox.discard(path)

    def _of_persons(self, path: Path) -> bool:
        """Whether a file that failed may be about persons.

        Where its profile cannot be told, it may be when such a profile is in use here.
        """
        names = {self.options.profile}
        with suppress(Exception):
            found = [intake.detect(one, self.options.format) for one in intake.sources(path)]
            names |= {reader.profile for reader in found}
        with suppress(Exception):
            for chunk in intake.read(path, format=self.options.format, chunk_rows=1_000):
                names.add(chunk.profile)
        found_here = [PROFILES[name] for name in names if name in PROFILES]
        if found_here:
            return any(profile.persons for profile in found_here)
        return any(
            one.persons and govern.profile_on(self.store, one.name, self.settings)
            for one in PROFILES.values()
        )


def _why(error: Exception) -> str:
    """What is said of a file that waits: of no command that is to be run again."""
    return str(error).replace(AGAIN, "it is tried again at each look.")


def _named(paths: Sequence[Path]) -> str:
    """Of many the first."""
    named = ", ".join(path.name for path in paths[:NAMED])
    return f"{named} and {len(paths) - NAMED:,} others" if len(paths) > NAMED else named


def _meant(inbox: Inbox, error: OSError) -> str:
    """What an error of a look names: the inbox, a file that was taken, or what lies elsewhere."""
    path = Path(str(error.filename or inbox.folder))
    if path.parent.parent == inbox.mine:
        return legible(path.name)
    return "the inbox" if path.is_relative_to(inbox.folder) else legible(str(path))


def _refused(error: OSError, path: Path) -> SystemFault:
    """What the system refused of a file, which is named where this is said."""
    full, named = why_full(error), str(error.filename or "")
    what, do = full or (f"{error.strerror}".lower(), "Mend it")
    # Of the home's that is full it is a `StoreError`.
    where = tempfile.gettempdir() if full else legible(named if named != str(path) else "")
    return SystemFault(what, where=where, do=f"{do}.")


def _size(path: Path) -> int:
    """In bytes, about, once it is unpacked; 0 of a file that cannot be read."""
    try:
        with path.open("rb") as file:
            packed = file.read(4).startswith(PACKED)
        return path.lstat().st_size * (UNPACKED if packed else 1)
    except OSError:  # taken away meanwhile, or its rights: its run says so
        return 0


def together(paths: Iterable[Path]) -> Iterator[list[Path]]:
    """Files in their order, those that are rated in one run together. Of what comes after these no
    more is asked for before than the one that is too large to be among them.
    """
    some: list[Path] = []
    for path in paths:
        small = _size(path) <= SMALL
        if some and not small:
            yield some
            some = []
        some.append(path)
        if not small or len(some) == TOGETHER:
            yield some
            some = []
    if some:
        yield some


def _report(kept: Path, content: dict[str, Any]) -> None:
    with whole_or_nothing(kept.with_name(f"{kept.name}.report.json")) as stream:
        stream.write(json.dumps(content, ensure_ascii=False, default=str).encode() + b"\n")

"""Forgetting on time: what a profile's terms say is due is masked or removed, everywhere.

One chunk is one transaction with its audit row, so a run that dies goes on at the next. A
run twice does nothing the second time. Times are calendar months after the batch was received.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, UpdateBase, func, select

from riskprofile.errors import StoreError, UsageError
from riskprofile.history.resolver import written
from riskprofile.profiles import PROFILES, Profile
from riskprofile.services import keys, past, sealing
from riskprofile.services.identifiers import ITEM, RECORD
from riskprofile.services.inbox import DONE, FAILED
from riskprofile.services.past import HISTORY, Folder
from riskprofile.services.rights import Actor, authorise, note
from riskprofile.services.settings import Settings
from riskprofile.services.steps import Step
from riskprofile.store import (
    alerts,
    arms,
    audit,
    erasure,
    parties,
    pasts,
    practice,
    table_bytes,
    versions,
    watchlists,
)
from riskprofile.store.database import Store, serialise

KEY = "retention"
FINDS = ("trafficking", "compliance", "other")
INBOX = "inbox"
FOLDERS = ("exports", "runs", INBOX, "backups")  # of the home: files that hold declarations
# A first run of a former release that was killed has told of its chunks alone.
USED = ("retention.key", "retention.run", "retention.forget")  # acts after which there is a key
KEEP, MASK, REMOVE = 0, 1, 2
FIRST_YEAR = 1970  # no clock stamps a batch with an earlier one
TAKING_LOCK = 7006  # PostgreSQL advisory lock: one program at a time takes data out


@dataclass
class Forgotten:
    """What one run did: rows masked and removed (`unranked` of these were on no list), alerts,
    quarantined rows, drafts, words, names of the register of parties, files, pieces of the
    register of arms, rows of the practice store."""

    as_of: datetime
    masked: int = 0
    removed: int = 0
    unranked: int = 0
    alerts: int = 0
    quarantined: int = 0
    drafts: int = 0
    words: int = 0
    names: int = 0
    files: int = 0
    arms: int = 0
    practice: int = 0


@dataclass(frozen=True)
class Terms:
    """The terms of one profile in this installation, in months; None is never."""

    unflagged: int | None
    mask: int
    finds: bool
    end: int | None

    @property
    def first(self) -> int:
        """Months after which the first thing happens."""
        return min(self.mask, self.unflagged or self.mask)


def terms(profile: Profile, settings: Settings) -> Terms:
    """What the profile says, with this installation's masking term where it leaves that open."""
    said = profile.retention
    return Terms(said.unflagged, said.mask or settings.mask_months, said.finds, said.end)


def shortest(settings: Settings) -> int:
    """Months after which the first thing happens to any profile, and to files of the home."""
    return min(terms(profile, settings).first for profile in PROFILES.values())


def due_at(received: datetime, months: int) -> datetime:
    """The same day and time that many calendar months later, in UTC; the last day where it lacks.

    >>> due_at(datetime(2025, 8, 31, 12, tzinfo=UTC), 6).isoformat()
    '2026-02-28T12:00:00+00:00'
    """
    moment = received.astimezone(UTC)
    number = moment.year * 12 + moment.month - 1 + months
    year, month = divmod(number, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def received_upto(now: datetime, months: int) -> datetime:
    """The latest time whose term of that many months has ended by `now`."""
    candidate = due_at(now, -months)
    # 28 February answers for 29, 30 and 31 August as well: take the last that is due.
    year, month = candidate.year, candidate.month
    last = calendar.monthrange(year, month)[1]
    for day in range(last, candidate.day, -1):
        later = candidate.replace(day=day)
        if due_at(later, months) <= now:
            return later
    return candidate


def _in_reach(as_of: datetime) -> datetime:
    """The same time in UTC, where something may have been received by then."""
    moment = as_of.astimezone(UTC)
    if moment.year < FIRST_YEAR:
        raise UsageError(
            f"nothing was received by {moment.date()}, so nothing was due",
            do="Give a day since this installation began, such as 2026-11-24",
        )
    return moment


def run(
    store: Store,
    settings: Settings,
    actor: Actor,
    now: datetime,
    as_of: datetime | None = None,
    *,
    new_key: bool = False,
    step: Step = lambda name, done, of: None,
) -> Forgotten:
    """Mask and remove what is due.

    Parameters
    ----------
    as_of : datetime, optional
        Aware time that stands for the clock; never later than `now` in real use.
    new_key : bool
        Go on with a new key, where the one used before was destroyed on purpose.
    step : callable
        Told how many of the rows that may be due were looked at (`Stepwise.step`).

    Raises
    ------
    NotAllowed
        The actor has no right to it.
    UsageError
        The time is before `FIRST_YEAR`.
    StoreError
        The key that was used before is not here, or another is: what that would mask, the one of
        before could not open.
        Or the practice store cannot be used: all else is forgotten before that is told.
    """
    authorise(actor, "retention.run")
    moment = _in_reach(as_of or now)
    told = Forgotten(moment)
    secret, cleared = key_of(store, settings, actor, now, new_key=new_key), set[str]()
    for profile in PROFILES.values():
        said = terms(profile, settings)
        with store.read() as connection:
            found = _waiting(connection, profile, said, moment)
        of, done = sum(chunk.count for chunk in found), 0
        for chunk in found:
            _forget_chunk(store, actor, profile, said, chunk, secret, moment, told, now)
            done += chunk.count
            step(profile.name, done, of)
        with alone(store) as connection:
            _forget_beside(connection, profile, said, secret, moment, told, cleared)
    damaged = _forget_practice(settings.home, moment, told)
    with alone(store) as connection:
        words_before = _forget_others(connection, settings, moment, told)
        told.files = _forget_files(settings.home, words_before)
        detail = {name: value for name, value in vars(told).items() if name != "as_of"}
        detail |= {"as_of": moment.isoformat(), audit.WORDS_BEFORE: words_before.isoformat()}
        note(connection, actor, audit.FORGOT, "retention", now, detail)
    step("what is left of them", 0, None)
    past.sweep(store, Folder(settings.home / HISTORY), unfinished=True)
    erasure.empty_free_pages(store)
    if damaged is not None:
        raise damaged
    return told


@contextmanager
def alone(store: Store) -> Iterator[Connection]:
    """A transaction in which data is taken out; who begins another waits for its end.

    A chunk is read, and put back with what is left of it: of two at once on PostgreSQL the second
    would put back what the first took.
    """
    with store.write(patience=120.0) as connection:
        serialise(connection, TAKING_LOCK)
        yield connection


def preview(
    store: Store,
    settings: Settings,
    actor: Actor,
    as_of: datetime,
    *,
    new_key: bool = False,
    step: Step = lambda name, done, of: None,
) -> dict[str, Forgotten]:
    """What `run` would do at a time, which may be to come: by profile, and as "" what is of none.

    Nothing is written: no row, file, key or audit. Notes of alerts that a run would clear are
    among the words, and practice is not counted.

    Raises
    ------
    NotAllowed
        The actor has no right to it.
    UsageError
        The time is before `FIRST_YEAR`.
    StoreError
        The key that was used before is not here, or another is: a run would do nothing.
    """
    authorise(actor, "retention.run")
    moment = _in_reach(as_of)
    told = {name: Forgotten(moment) for name in (*PROFILES, "")}
    with store.read() as connection:
        secret = key_to_look(connection, settings, new_key=new_key)
    for profile in PROFILES.values():
        said, mine, alerts_due = terms(profile, settings), told[profile.name], set[int]()
        with store.read() as connection:
            found = _waiting(connection, profile, said, moment)
        of, done = sum(chunk.count for chunk in found), 0
        for chunk in found:
            if ended := _ended(said, chunk, moment):
                with store.read() as connection:
                    due = _due(connection, profile, said, chunk, secret, ended)
                    alerts_due |= _alerts(connection, profile, due) if due else set()
                if due:
                    due.tell(mine, chunk)
            done += chunk.count
            step(profile.name, done, of)
        mine.alerts = len(alerts_due)
    with store.read() as connection:
        looking, cleared = Looking(connection), set[str]()
        for profile in PROFILES.values():
            said, mine = terms(profile, settings), told[profile.name]
            _forget_beside(looking, profile, said, secret, moment, mine, cleared)
        before = _forget_others(looking, settings, moment, told[""])
    told[""].files = _forget_files(settings.home, before, keep=True)
    return told


@dataclass(frozen=True)
class _Change:
    """How many rows a statement would change, where that is asked."""

    connection: Connection
    asked: Any

    @property
    def rowcount(self) -> int:
        rows = select(func.count()).select_from(self.asked.table).where(self.asked.whereclause)
        return int(self.connection.execute(rows).scalar_one())


class Looking:
    """A connection through which nothing is changed.

    To change what is due, and to undo it, would keep all others from writing meanwhile on SQLite.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection, self.dialect = connection, connection.dialect

    def execute(self, asked: Any, *given: Any) -> Any:
        if isinstance(asked, UpdateBase):
            return _Change(self._connection, asked)
        return self._connection.execute(asked, *given)


def _forget_beside(
    connection: Any,
    profile: Profile,
    said: Terms,
    secret: bytes,
    moment: datetime,
    told: Forgotten,
    cleared: set[str],
) -> None:
    """What lies beside the rows of a profile: those set aside, and late words about masked ones.

    `cleared` are batches whose rows went with another profile: some are of several.
    """
    old = {
        batch_id
        for batch_id, received in erasure.received(connection, profile.name)
        if due_at(received, said.first) <= moment
    }
    told.quarantined += erasure.clear_quarantine(connection, sorted(old - cleared))
    cleared |= old
    late = received_upto(moment, said.mask)
    but = () if said.finds else FINDS
    told.alerts += sealing.seal_late(connection, profile.name, late, secret, but)


def _forget_others(
    connection: Any, settings: Settings, moment: datetime, told: Forgotten
) -> datetime:
    """What is of no profile; the time up to which words of purposes went."""
    before = received_upto(moment, shortest(settings))
    told.drafts = erasure.clear_drafts(connection, before)
    told.words = audit.forget_words(connection, before)
    told.words += erasure.clear_unmaskings(connection, before)
    named = [terms(one, settings).mask for one in PROFILES.values() if written(one.keys)]
    told.names = parties.forget(connection, received_upto(moment, max(named)))
    told.names += watchlists.forget(connection, before)
    if settings.record_years is not None:
        told.arms = arms.forget(connection, received_upto(moment, 12 * settings.record_years))
    return before


def _forget_practice(home: Path, moment: datetime, told: Forgotten) -> StoreError | None:
    """Forget old practice; what hindered it, to be told when everything else is forgotten."""
    try:
        told.practice = practice.forget(home, upto=moment - practice.DAYS)
    except StoreError as error:
        return error
    return None


def key_of(
    store: Store, settings: Settings, actor: Actor, now: datetime, *, new_key: bool = False
) -> bytes:
    """What masks, made at its first use: that it was stands in the chain before it seals a row.

    Else of two hosts that run at once for the first time each would seal with its own.
    """
    with store.write(patience=120.0) as connection:
        serialise(connection, audit.CHAIN_LOCK)
        used = audit.done(connection, USED)
        anew = new_key and not keys.there(settings.home, KEY)
        if used and not anew:
            return keys.used(connection, settings.home, KEY)
        given = keys.key(settings.home, KEY)
        note(connection, actor, keys.made(KEY), KEY, now, {keys.MARK: keys.mark(given)})
    return given


def key_to_look(connection: Connection, settings: Settings, *, new_key: bool = False) -> bytes:
    """What `key_of` would give, but that none is made: what is looked at only is sealed by zeros.

    Raises
    ------
    StoreError
        The key that was used before is not here, or another is.
    """
    here = keys.there(settings.home, KEY)
    if audit.done(connection, USED) and (here or not new_key):
        return keys.used(connection, settings.home, KEY)
    return keys.key(settings.home, KEY) if here else bytes(keys.SIZE)


def last_run(store: Store, actor: Actor) -> datetime | None:
    """When retention last ran here, as the audit chain says."""
    authorise(actor, "retention.run")
    with store.read() as connection:
        return audit.last_at(connection, "retention.run")


def tokens(connection: Connection, settings: Settings, record_id: str) -> list[str]:
    """What a removed record of this reference would be called, one for each profile.

    Raises
    ------
    StoreError
        The key cannot be used, or another is here than the one that made these names.
    """
    if not keys.there(settings.home, KEY):  # it made none, and to ask makes no key
        return []
    secret = keys.used(connection, settings.home, KEY)
    return [keys.token(secret, name, record_id) for name in PROFILES]


def hidden(profile: Profile) -> list[str]:
    """The columns that masking seals: who, what leads to them, what the format carried besides."""
    others = [column.name for column in profile.columns if column.kind == "json"]
    return [
        *profile.protected("P1"), *profile.protected("P2"), *profile.retention.sealed, *others
    ]  # fmt: skip


def _forget_chunk(
    store: Store,
    actor: Actor,
    profile: Profile,
    said: Terms,
    chunk: erasure.Stored,
    secret: bytes,
    moment: datetime,
    told: Forgotten,
    now: datetime,
) -> None:
    ended = _ended(said, chunk, moment)
    if not ended:
        return
    with alone(store) as connection:
        due = _due(connection, profile, said, chunk, secret, ended, hold=True)
        if due is None:
            return
        count, notes = take_out(connection, profile, chunk, ended[0], due, secret, due.named(MASK))
        told.alerts += count
        masked, removed = due.tell(told, chunk)
        detail = {"kept": ended[0], "masked": masked, "removed": removed}
        detail |= {audit.NOTES: notes} if notes else {}
        note(connection, actor, audit.MASKED, f"chunk:{chunk.id}", now, detail)


def take_out(
    connection: Any,
    profile: Profile,
    chunk: erasure.Stored,
    kept: str,
    due: Due,
    secret: bytes,
    masked: set[str],
) -> tuple[int, list[int]]:
    """Do to each row of a chunk what is due, and to the alerts of removed and `masked` records.

    How many alerts, and the links of the audit chain whose words went with them.
    """
    _rewrite(connection, profile, chunk, kept, due.fates, due.names, secret)
    gone = due.named(REMOVE)
    told = _forget_alerts(connection, profile, masked, gone, secret, due.batch_id)
    tokens = {name: keys.token(secret, profile.name, name) for name in sorted(gone)}
    erasure.rename(connection, chunk.id, profile.name, tokens, due.batch_id)
    if gone:  # what files of the past hold of them is not vouched for any more
        pasts.forget(connection, profile.name)
    return told


def _waiting(
    connection: Connection, profile: Profile, said: Terms, moment: datetime
) -> list[erasure.Stored]:
    """Chunks that may have come due; a masked one anew, where a find in it was taken back since."""
    found = erasure.waiting(connection, profile.name, received_upto(moment, said.first))
    if said.finds and said.unflagged is None:
        return found
    columns = None if said.finds else hidden(profile)
    again = erasure.taken_back(connection, profile.name, columns, FINDS)
    return [replace(one, kept=versions.NAMES) if one.id in again else one for one in found]


def _ended(said: Terms, chunk: erasure.Stored, moment: datetime) -> list[str]:
    """Which terms of a chunk have ended, the strictest first; none that a run dealt with."""
    all_terms = {versions.REMOVED: said.end, "masked": said.mask, "unflagged": said.unflagged}
    ended = [
        kept
        for kept, months in all_terms.items()
        if months is not None and due_at(chunk.received, months) <= moment
    ]
    return [] if ended[:1] == [chunk.kept] else ended


@dataclass(frozen=True)
class Due:
    """What becomes of each row of a chunk: its reference (None: removed before) and its fate.

    Alerts of the batch go with the rows; without one, those of every version.
    """

    names: list[str | None]
    fates: np.ndarray
    batch_id: str | None = None

    def named(self, fate: int) -> set[str]:
        """The references of the rows with this fate."""
        return {name for name, one in zip(self.names, self.fates, strict=True)
                if name and one == fate}  # fmt: skip

    def tell(self, told: Forgotten, chunk: erasure.Stored) -> tuple[int, int]:
        """Count the rows masked and removed, and give both."""
        there = np.array([bool(name) for name in self.names])
        masked = int((self.fates == MASK).sum())
        removed = int((there & (self.fates == REMOVE)).sum())
        told.removed += removed
        told.unranked += 0 if chunk.ended else removed
        told.masked += masked
        return masked, removed


def _due(
    connection: Any,
    profile: Profile,
    said: Terms,
    chunk: erasure.Stored,
    secret: bytes,
    ended: list[str],
    *,
    hold: bool = False,
) -> Due | None:
    """None where a destroyed key sealed it: of that nothing can be sealed anew.

    `hold` waits for who is at work on the alerts: what they find, write and close by then counts.
    """
    over = versions.REMOVED in ended
    if chunk.kept == versions.NAMES and not over and not opens(connection, chunk, secret):
        return None
    names = erasure.references(connection, chunk.id)
    asked = {name for name in names if name is not None}
    if hold:
        erasure.hold(connection, profile.name, [chunk.id], asked)
    evidence, finds = erasure.evident(connection, profile.name, asked, finds=FINDS)

    def fate(name: str | None) -> int:
        if name is None or over or ("unflagged" in ended and name not in evidence):
            return REMOVE
        return MASK if "masked" in ended and (said.finds or name not in finds) else KEEP

    fates = np.array([fate(name) for name in names], dtype=np.int8)
    return Due(names, fates, chunk.batch_id)


def _alerts(connection: Any, profile: Profile, due: Due) -> set[int]:
    """The alerts that go with the rows: of a masked one, what is sealed already is."""
    gone = due.named(REMOVE)
    return {
        alert["id"]
        for alert in erasure.alerts_of(
            connection, profile.name, due.named(MASK) | gone, due.batch_id
        )
        if alert["record_id"] in gone
        or erasure.sealed(connection, sealing.ALERT, alert["id"]) is None
    }


def _rewrite(
    connection: Any,
    profile: Profile,
    chunk: erasure.Stored,
    kept: str,
    fates: np.ndarray,
    names: list[str | None],
    secret: bytes,
) -> None:
    """The rows with masked cells sealed apart, and nothing left of removed ones."""
    stored = connection.execute(
        erasure.chunk_table.select().where(erasure.chunk_table.c.id == chunk.id)
    ).one()
    rows = table_bytes.from_bytes(stored.rows)
    events = table_bytes.from_bytes(stored.events)
    log = None if stored.features is None else table_bytes.from_bytes(stored.features)
    gone, hid = fates == REMOVE, fates == MASK
    lock = erasure.sealed(connection, "chunk", chunk.id)
    lock_now = None
    if lock is not None and not gone.all():  # whose key was destroyed, that is removed on time too
        if opens(connection, chunk, secret):
            earlier = table_bytes.from_bytes(keys.unseal(secret, lock, f"chunk:{chunk.id}"))
            # Of rows that were not masked nothing is sealed: what was found lies in the clear.
            rows = rows.assign(**{name: earlier[name].fillna(rows[name]) for name in earlier})
        else:  # of the others it stays as it is
            lock_now = lock
    columns = [name for name in hidden(profile) if name in rows.columns]
    if hid.any():
        content = table_bytes.stored(erasure.blank(rows[columns], columns, ~hid))
        lock_now = keys.seal(secret, content, f"chunk:{chunk.id}")
    erasure.keep_sealed(connection, "chunk", chunk.id, lock_now)
    left = erasure.blank(rows, columns, hid)
    left = erasure.blank(left, [name for name in rows.columns if name not in (ITEM, RECORD)], gone)
    left[RECORD] = _renamed(left[RECORD], profile, names, gone, secret)
    erasure.rewrite(
        connection,
        chunk.id,
        kept,
        rows=left,
        features=None if log is None else erasure.blank(log, list(log.columns), gone),
        events=erasure.blank(
            events, [name for name in events.columns if name not in erasure.KEPT_OF_EVENTS], gone
        ),
    )


def opens(connection: Any, chunk: erasure.Stored, secret: bytes) -> bool:
    """Whether what was masked of a chunk, if anything, was sealed by this key."""
    lock = erasure.sealed(connection, "chunk", chunk.id)
    try:
        return lock is None or bool(keys.unseal(secret, lock, f"chunk:{chunk.id}"))
    except StoreError:
        return False


def _renamed(
    column: Any, profile: Profile, names: list[str | None], gone: np.ndarray, secret: bytes
) -> Any:
    told = column.astype(object).to_numpy(copy=True)
    for place in np.flatnonzero(gone):
        if name := names[place]:  # one removed before has its token already
            told[place] = keys.token(secret, profile.name, name)
    return type(column)(told, index=column.index, dtype=column.dtype)


def _forget_alerts(
    connection: Any,
    profile: Profile,
    hid: set[str],
    gone: set[str],
    secret: bytes,
    batch_id: str | None,
) -> tuple[int, list[int]]:
    """Alerts lose names and what was written of them; those of removed records all but figures.

    How many, and the links of the audit chain whose words went with them.
    """
    blanked = set(hidden(profile))
    count, notes = 0, list[int]()
    for alert in erasure.alerts_of(connection, profile.name, hid | gone, batch_id):
        if alert["record_id"] in gone:
            values: dict[str, Any] = {"declaration": None, "title": "", "search": ""}
            values |= dict.fromkeys(("related", "reasons", "against", "terms"))
            values["indicators"] = sealing.without_words(alert)
            if alert["state"] == "open":  # nothing is left that anybody could decide on
                values["state"] = versions.REMOVED
            sealed = None
            erasure.drop_sealed(connection, sealing.WORDS, alert["id"])
        else:
            left = [
                {name: value for name, value in row.items() if name not in blanked}
                for row in alert["declaration"] or []
            ]
            values = {"declaration": left}
            values["search"] = alerts.search_text({**alert, "declaration": left})
            if erasure.sealed(connection, sealing.ALERT, alert["id"]) is not None:
                # All of it is sealed already, and what was written since has a term of its own.
                erasure.change_alert(connection, alert["id"], values)
                continue
            sealed, fired = sealing.seal(connection, alert, secret)
            values |= {"related": None, "indicators": fired}
        notes += erasure.clear_alert(connection, alert["id"], values)
        erasure.keep_sealed(connection, sealing.ALERT, alert["id"], sealed)
        count += 1
    return count, notes


def _came(path: Path, inbox: Path) -> float:
    """When a file came here, in seconds: that of one in the inbox its sender may have set.

    What was read lies there by the day on which it was taken.
    """
    found = path.lstat()
    if not path.is_relative_to(inbox):
        return found.st_mtime
    with suppress(ValueError):
        if path.parent.parent in (inbox / DONE, inbox / FAILED):
            return datetime.fromisoformat(path.parent.name).replace(tzinfo=UTC).timestamp()
    return found.st_ctime


def _forget_files(home: Path, before: datetime, *, keep: bool = False) -> int:
    """Files of the home that hold declarations and came here before a time.

    How many; `keep` only counts them.
    """
    count = 0
    for folder in FOLDERS:
        for path in sorted((home / folder).rglob("*")):
            if path.match("inbox/claimed/*.lock"):  # of a watcher: what it has taken is found by it
                continue
            try:
                old = _came(path, home / INBOX) <= before.timestamp()
                if old and (path.is_symlink() or path.is_file()):
                    if not keep:
                        path.unlink()
                    count += 1
            except FileNotFoundError:
                continue  # a watcher took it meanwhile
            except OSError as error:
                raise StoreError(
                    f"an old file cannot be removed ({error.strerror})",
                    where=str(path),
                    do="Check its owner and rights, then run again.",
                ) from None
    return count

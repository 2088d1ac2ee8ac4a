"""One file at the door: a batch of its own, one to go on with, or known already.

Same bytes are the same file, whatever its name.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from riskprofile.errors import Conflict, InputError, of_path
from riskprofile.files import legible
from riskprofile.profiles import PROFILES
from riskprofile.scoring.ranking import Capacity
from riskprofile.services import govern
from riskprofile.services.rights import Actor, note
from riskprofile.services.run import Options, Summary, account
from riskprofile.services.settings import Settings
from riskprofile.store import batches, versions
from riskprofile.store.batches import BATCH_LOCK
from riskprofile.store.database import Store, serialise
from riskprofile.store.run_tables import Batch


def begin(
    store: Store,
    actor: Actor,
    path: Path,
    options: Options,
    now: datetime,
    summary: Summary,
    mine: Collection[str] = (),
    settings: Settings | None = None,
) -> Batch | None:
    """The batch of this file: new, or the one to go on with; None for a known duplicate.

    `mine` are those of the run: the same file twice in one command is a duplicate there.

    Raises
    ------
    ProfileOff
        The file was rated before, and would not be now.
    """
    digest = digest_of(path, options)
    with store.write(patience=60.0) as connection:
        # Who ends a batch has its row before this lock: so it is waited for with empty hands.
        held = batches.hold(connection, digest) if options.resume else set()
        serialise(connection, BATCH_LOCK)
        _refuse_halves(connection, digest, path, options)
        for earlier in batches.same_input(connection, digest, history=options.history):
            done = earlier.state == "done" and not batches.is_cut(earlier)
            if earlier.id in mine or (done and not options.again):
                if not options.history and earlier.profile in PROFILES:
                    govern.require_profile(store, earlier.profile, settings)
                _note_duplicate(connection, actor, path, earlier, options, now, summary)
                return None
            if earlier.state == "failed" and earlier.id in held and not earlier.cursor:
                # One batch, whatever the number of tries: as it is asked for, and named, now.
                asked = {
                    "source": legible(path.name),
                    "format": options.format,
                    "profile": options.profile,
                }
                batches.ask_anew(connection, earlier, asked, options.as_json(path))
                return go_on(connection, earlier, now, summary, cut=False)
            if earlier.state in ("running", "stopped"):
                if earlier.id in held:
                    return go_on(
                        connection, earlier, now, summary, cut=False, capacity=options.capacity
                    )
                raise Conflict(
                    f"this file is batch {earlier.id}, which is being rated or was stopped",
                    where=str(path),
                    do="Wait for it, or go on with it: add --resume",
                )
        batch = _new(connection, actor, path, digest, options, now)
        told = {"source": batch.source, "digest": digest}
        note(connection, actor, "batch.begin", f"batch:{batch.id}", now, told)
    return batch


def _refuse_halves(connection: Connection, digest: str, path: Path, options: Options) -> None:
    """A file that is half loaded as past declarations is not rated, nor the other way round: who
    meant to go on with it took the wrong command.
    """
    for other in batches.same_input(connection, digest, history=not options.history):
        if other.state in ("running", "stopped"):
            command, what = "history load", "loaded as past declarations"
            if options.history:
                command, what = "score", "rated"
            raise Conflict(
                f"this file is batch {other.id}, which is being {what} or was stopped",
                where=str(path),
                do=f"Wait for it, go on with it (riskprofile {command} FILE --resume) or end it "
                f"(riskprofile finish {other.id} --reason ...)",
            )


def go_on(
    connection: Connection,
    batch: Batch,
    now: datetime,
    summary: Summary,
    *,
    cut: bool,
    capacity: Capacity | None = None,
) -> Batch:
    """A batch that was left is under way again; what is stored of it is in the account.

    `cut`: it goes no further in its file than it came. Should that file come again, it is read.
    `capacity`: what its list is cut to from here on, where that is asked for anew.

    Raises
    ------
    Conflict
        It ended since it was looked at.
    """
    batch = batches.as_it_is(connection, batch.id)
    if batch.state == "done":
        raise Conflict(f"batch {batch.id} has ended already ({batch.state})")
    summary.read += batch.read
    summary.accepted += batch.accepted
    summary.quarantined += batch.quarantined
    summary.duplicate += batch.duplicate
    if batches.is_rewritten(batch):
        summary.rewritten[batch.id] = batch.source
    if removed := versions.removed_of(connection, batch.id):
        summary.removed[batch.id] = removed
    asked = batch.options or {}
    if capacity is not None and "capacity" in asked and not asked.get("history"):
        before = Capacity(**asked["capacity"])
        if before.said != capacity.said:
            summary.recut[batch.id] = before.said, capacity.said
            batch.options = {**asked, "capacity": asdict(capacity)}
    batches.forget_failures(connection, batch.id)
    batches.resume(connection, batch, now, cut=cut)
    return batch


def _new(
    connection: Connection,
    actor: Actor,
    path: Path,
    digest: str,
    options: Options,
    now: datetime,
    **columns: Any,
) -> Batch:
    """A new batch, in its table."""
    given = {"format": options.format, "profile": options.profile, **columns}
    batch = Batch(
        id=_free(connection, now),
        source=legible(path.name),
        digest=digest,
        options=options.as_json(path),
        actor=actor.name,
        started_at=now,
        **given,
    )
    connection.execute(batches.batch_table.insert().values(**batch.model_dump()))
    return batch


def _free(connection: Connection, now: datetime) -> str:
    """An identifier that no batch has: thousands of files of one run begin in one second."""
    identifier = batches.batch_table.c.id
    while True:
        drawn = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        if connection.execute(select(identifier).where(identifier == drawn)).first() is None:
            return drawn


def _note_duplicate(
    connection: Connection,
    actor: Actor,
    path: Path,
    earlier: Batch,
    options: Options,
    now: datetime,
    summary: Summary,
) -> None:
    """The same bytes were read before: a batch of duplicates alone, so that it is seen."""
    first = earlier.id
    batch = _new(
        connection,
        actor,
        path,
        earlier.digest,
        options,
        now,
        format=earlier.format,
        profile=earlier.profile,
        state="done",
        read=earlier.read,
        duplicate=earlier.read,
        duplicate_of=first,
        note=f"the same file as batch {first}",
        ended_at=now,
    )
    summary.read += earlier.read
    summary.duplicate += earlier.read
    if changed := versions.changed_since(connection, first):
        summary.changed[first] = changed
    if waiting := batches.waiting(connection, first):
        summary.waiting[first] = waiting
    summary.batches.append({**account(batch), "state": "duplicate", "duplicate_of": first})
    told = {"source": batch.source, "digest": batch.digest, "duplicate_of": first}
    note(connection, actor, "batch.duplicate", f"batch:{batch.id}", now, told)


def digest_of(path: Path, options: Options) -> str:
    """SHA-256 of the bytes; of a repair, with the rows that it puts right.

    Raises
    ------
    InputError
        There is no such file, or it may not be read.
    OSError
        The disk, or a share, does not give it: `filename` is `path`.
    """
    try:
        with path.open("rb") as file:
            total = hashlib.file_digest(file, "sha256")
    except OSError as error:
        if not of_path(error):  # what is read of an open file names none
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise InputError(
            f"the file cannot be read ({error.strerror or error})",
            where=str(path),
            do="Name a file that exists and that you may read",
        ) from error
    if options.repairs:  # two rows of the quarantine may come to say the same
        total.update(repr([one.row for one in options.repairs.values()]).encode())
    return total.hexdigest()

"""A batch that was left is ended without its file: what is stored of it is ranked."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from riskprofile.errors import Conflict, InputError, ScorecardError, UsageError
from riskprofile.scoring.ranking import Capacity
from riskprofile.services import govern, switching
from riskprofile.services.ending import Written
from riskprofile.services.raters import what_rated
from riskprofile.services.rights import Actor, authorise, note
from riskprofile.services.run import Options, Run
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.services.steps import Progress
from riskprofile.store import batches
from riskprofile.store.database import Store
from riskprofile.store.many import among
from riskprofile.store.run_tables import Batch

_batch = batches.batch_table


def finish(
    store: Store,
    settings: Settings,
    actor: Actor,
    batch_id: str,
    reason: str,
    now: datetime,
    *,
    progress: Progress = lambda name, rows: None,
    written: Written | None = None,
) -> Run:
    """Rank what is stored of a batch whose file is gone or cannot be read to its end.

    The list is cut as the batch was asked to be, and told of by the scorecard that rated it. Should
    the file come again, it is read: rows that are known are duplicates, and the others are rated. A
    program that still reads it stops at its next chunk and says that another was first.

    Parameters
    ----------
    reason : str
        Why its file will not be read to the end. It is kept in the audit.

    Raises
    ------
    UsageError
        No reason.
    InputError
        No such batch.
    Conflict
        The batch has ended.
    PolicyError
        Rating is paused, or the profile is off.
    ScorecardError
        The scorecard that rated it is not there any more.
    """
    authorise(actor, "batch.score")
    if not reason.strip():
        raise UsageError(
            "a batch is not ended without a reason", do="Say why its file will not come."
        )
    with store.read() as connection:
        found = connection.execute(select(_batch).where(_batch.c.id == batch_id)).first()
        if found is None:
            raise InputError(
                f"there is no batch {batch_id[:80]}", do="riskprofile doctor names the unfinished"
            )
        batch = Batch(**found._mapping)
        _require_left(batch)
        asked = batch.options or {}
        history = bool(asked.get("history"))
        if batch.model_digest and not history:  # before the audit says that it was ended
            what_rated(connection, settings.models, batch)
    if not history and batch.cursor:  # of what it is, nobody knows before something is stored
        govern.require_profile(store, batch.profile, settings)
    with store.write(patience=60.0) as connection:
        if not history:
            switching.require_running(connection)
        _require_left(batches.as_it_is(connection, batch.id))
        about, told = f"batch:{batch.id}", {"read": batch.read}
        note(connection, actor, "batch.cut", about, now, told, purpose=reason.strip())
    options = Options(
        profile=batch.profile,
        capacity=Capacity(**asked.get("capacity", {})),
        max_bad_share=settings.max_bad_share,
        history=history,
    )
    return screen(
        store, settings, actor, [], options, now, progress=progress, left=[batch], written=written
    )


def stuck(store: Store, settings: Settings, actor: Actor) -> dict[str, tuple[str, str]]:
    """Batches that did not end and cannot now: what rated each, not here or altered; what mends."""
    authorise(actor, "batch.look")
    found = {}
    with store.read() as connection:
        asked = select(_batch).where(among(_batch.c.id, batches.unfinished(connection)))
        for row in connection.execute(asked.where(_batch.c.model_digest != "")).all():
            try:
                what_rated(connection, settings.models, Batch(**row._mapping))
            except ScorecardError as error:
                found[row.id] = (f"{row.profile} {row.model_version}", error.do)
    return found


def _require_left(batch: Batch) -> None:
    if batch.state not in ("running", "stopped"):
        raise Conflict(f"batch {batch.id} has ended already ({batch.state})")

"""What a person was typing, kept in the database: a dropped line loses nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select

from riskprofile.services.rights import Actor, authorise
from riskprofile.store.database import Store, serialise
from riskprofile.store.office_tables import Draft

DRAFT_LOCK = 7013  # PostgreSQL advisory lock: of two windows that save at once one is second
_draft = Draft.__table__  # type: ignore[attr-defined]


def save_draft(
    store: Store,
    actor: Actor,
    subject: str,
    content: Any,
    now: datetime,
    known: Callable[[Any], bool] | None = None,
) -> bool:
    """Keep the newest text of one's draft. Not audited: nothing has been said yet.

    Parameters
    ----------
    content : any
        What JSON can hold; where it is empty there is no draft.
    known : callable, optional
        Told what is kept (None: nothing), whether the writer has seen it. Where not, another window
        of theirs has saved since, and that stays. Without, the newest counts.

    Returns
    -------
    bool
        Whether it was saved.
    """
    authorise(actor, "draft.keep")
    with store.write() as connection:
        serialise(connection, DRAFT_LOCK)
        if known is not None and not known(connection.execute(_kept(actor, subject)).scalar()):
            return False
        connection.execute(_mine(actor, subject))
        if content:
            connection.execute(
                insert(_draft).values(
                    account=actor.name, subject=subject, content=content, saved_at=now
                )
            )
        return True


def draft(store: Store, actor: Actor, subject: str) -> Any:
    """One's own draft, or None."""
    authorise(actor, "draft.keep")
    with store.read() as connection:
        return connection.execute(_kept(actor, subject)).scalar()


def discard_draft(store: Store, actor: Actor, subject: str) -> None:
    """Throw one's draft away; throwing away nothing is fine."""
    authorise(actor, "draft.keep")
    with store.write() as connection:
        connection.execute(_mine(actor, subject))


def _kept(actor: Actor, subject: str) -> Any:
    return select(_draft.c.content).where(
        _draft.c.account == actor.name, _draft.c.subject == subject
    )


def _mine(actor: Actor, subject: str) -> Any:
    return delete(_draft).where(_draft.c.account == actor.name, _draft.c.subject == subject)

"""What a person was typing, kept in the database: a dropped line loses nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select

from riskprofile.services.rights import Actor, authorise
from riskprofile.store.database import Store
from riskprofile.store.tables import Draft

_draft = Draft.__table__  # type: ignore[attr-defined]


def save_draft(store: Store, actor: Actor, subject: str, content: Any, now: datetime) -> None:
    """Keep the newest text of one's draft. Not audited: nothing has been said yet."""
    authorise(actor, "draft.keep")
    with store.write() as connection:
        connection.execute(_mine(actor, subject))
        connection.execute(
            insert(_draft).values(
                account=actor.name, subject=subject, content=content, saved_at=now
            )
        )


def draft(store: Store, actor: Actor, subject: str) -> Any:
    """One's own draft, or None."""
    authorise(actor, "draft.keep")
    with store.read() as connection:
        return connection.execute(
            select(_draft.c.content).where(
                _draft.c.account == actor.name, _draft.c.subject == subject
            )
        ).scalar()


def discard_draft(store: Store, actor: Actor, subject: str) -> None:
    """Throw one's draft away; throwing away nothing is fine."""
    authorise(actor, "draft.keep")
    with store.write() as connection:
        connection.execute(_mine(actor, subject))


def _mine(actor: Actor, subject: str) -> Any:
    return delete(_draft).where(_draft.c.account == actor.name, _draft.c.subject == subject)

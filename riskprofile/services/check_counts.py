"""How often the exporters' page answered: a number a day, and nothing of what was asked."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from riskprofile.services.rights import Actor, authorise
from riskprofile.store.database import Store, upsert
from riskprofile.store.office_tables import CheckDay

DAYS = 30

_days = CheckDay.__table__  # type: ignore[attr-defined]


def count(store: Store, now: datetime) -> None:
    """Add one answer to its day (UTC)."""
    more = {"answers": _days.c.answers + 1}
    with store.write() as connection:
        row = upsert(connection, _days)
        connection.execute(
            row.values(day=f"{now:%Y-%m-%d}", answers=1).on_conflict_do_update(
                index_elements=[_days.c.day], set_=more
            )
        )


def by_day(store: Store, actor: Actor, now: datetime, days: int = DAYS) -> dict[str, int]:
    """Answers of each of the last days that had any, the newest first."""
    authorise(actor, "status.look")
    since = f"{now - timedelta(days=days - 1):%Y-%m-%d}"
    asked = select(_days.c.day, _days.c.answers).where(_days.c.day >= since)
    with store.read() as connection:
        found = connection.execute(asked.order_by(_days.c.day.desc())).all()
    return {str(day): int(answers) for day, answers in found}

"""Probing the scorecard: who asks for very many ratings within an hour has to wait, and is told of.

What counts is an answer that goes straight back to who asked: a file handed over on the page,
and a run that keeps nothing. Both are counted in the audit chain.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from riskprofile.errors import PolicyError
from riskprofile.services import looking
from riskprofile.services.rights import Actor
from riskprofile.store import audit
from riskprofile.store.database import Store, serialise
from riskprofile.store.office_tables import Audit

ASK, ANSWER = "rating.ask", "rating.answer"
ASKS = 60  # answers an hour; the setting `asks_an_hour` says otherwise
ROWS = 5_000  # rows an hour rated without being kept; the setting `trial_rows_an_hour`

_audit = Audit.__table__  # type: ignore[attr-defined]


def ask(store: Store, actor: Actor, now: datetime, asks: int = ASKS, rows: int = ROWS) -> None:
    """Count one request for a rating, before it is answered.

    Raises
    ------
    PolicyError
        The account has had its answers of this hour. The first refusal raises an alarm.
    """
    with store.write() as connection:
        asked, unkept = _counted(connection, actor, now)
        spent = asked >= asks or unkept >= rows
        if spent:
            looking.alarm(
                connection, actor, looking.PROBING, now, {"records": asked, "limit": asks}
            )
        else:
            looking.about_self(connection, actor, ASK, now)
    if spent:
        raise PolicyError(
            f"{actor.name} had {asked} answers within an hour, and {unkept} rows not kept",
            do=f"Wait. At most {asks} answers and {rows} trial rows an hour (asks_an_hour, "
            "trial_rows_an_hour); `riskprofile score` that keeps its rows is not counted.",
        )


def tried(store: Store, actor: Actor, now: datetime, read: int, rows: int = ROWS) -> None:
    """Count the rows of an answer that kept nothing; too many raise the alarm at once."""
    with store.write() as connection:
        _, before = _counted(connection, actor, now)
        if before + read > rows:
            looking.alarm(
                connection, actor, looking.PROBING, now, {"records": before + read, "limit": rows}
            )
        looking.about_self(connection, actor, ANSWER, now, rows=read)


def _counted(connection: Connection, actor: Actor, now: datetime) -> tuple[int, int]:
    """Requests, and rows that were not kept, of the last hour; nobody adds any meanwhile."""
    serialise(connection, audit.CHAIN_LOCK)
    found = connection.execute(
        select(_audit.c.action, _audit.c.detail).where(
            _audit.c.actor == actor.name,
            _audit.c.at > now - looking.HOUR,
            _audit.c.at <= now,
            _audit.c.action.in_((ASK, ANSWER)),
        )
    ).all()
    return (
        sum(action == ASK for action, _ in found),
        sum(int(detail["rows"]) for action, detail in found if action == ANSWER),
    )

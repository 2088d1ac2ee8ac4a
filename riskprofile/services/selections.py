"""What goes back to the declaration system: lanes and decisions, each exactly once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import Connection, RowMapping, and_, func, or_, select, update

from riskprofile.services.queue_statements import seen_from
from riskprofile.services.rights import Actor, authorise, note
from riskprofile.store.alert_tables import Alert, Decision
from riskprofile.store.database import Store, serialise
from riskprofile.store.many import among
from riskprofile.tables import TEXT, TIME, Table

_alert = Alert.__table__  # type: ignore[attr-defined]
_decision = Decision.__table__  # type: ignore[attr-defined]

EXPORT_LOCK = 7011  # PostgreSQL advisory lock: two who export at once give nothing twice
SETTLED = timedelta(seconds=10)  # a decision can be undone that long
COLUMNS = (
    "selection_id",
    "kind",
    "record_id",
    "profile",
    "office",
    "lane",
    "queue",
    "decision",
    "officer",
    "at",
)


def selections(
    store: Store,
    actor: Actor,
    since: datetime | None,
    now: datetime,
    write: Callable[[Table], None] | None = None,
) -> Table:
    """Lanes and decisions that have not been sent yet; they count as sent afterwards.

    Parameters
    ----------
    since : datetime, optional
        Leave out what was made, confirmed or taken back before.
    write : function, optional
        Puts the table where it is read from. Called before anything is marked as sent:
        when it fails, the next call gives the same rows again. A crash between the two
        repeats rows; `selection_id` tells the receiver that it has them.

    Returns
    -------
    Table
        `kind` is lane, decision, or withdrawn (a decision sent earlier was taken back).
    """
    authorise(actor, "selections.export")
    with store.write() as connection:
        serialise(connection, EXPORT_LOCK)
        alerts = _unsent_lanes(connection, actor, since)
        decisions = _unsent_decisions(connection, actor, since, now)
        rows = [_lane(row) for row in alerts] + [_decided(row) for row in decisions]
        table = _table(rows)
        if not rows:
            return table
        if write is not None:
            write(table)
        _mark(connection, _alert, alerts, now)
        _mark(connection, _decision, decisions, now)
        told = {"lanes": len(alerts), "decisions": len(decisions)}
        note(connection, actor, "selections.export", "selections", now, told, office=actor.office)
    return table


def _unsent_lanes(
    connection: Connection, actor: Actor, since: datetime | None
) -> Sequence[RowMapping]:
    """Alerts whose lane was not sent yet."""
    asked = select(_alert).where(
        _alert.c.exported_at.is_(None),
        _alert.c.state.in_(("open", "closed")),
        *_from(_alert.c.created_at, since),
        *seen_from(actor.office),
    )
    return connection.execute(asked.order_by(_alert.c.id)).mappings().all()


def _unsent_decisions(
    connection: Connection, actor: Actor, since: datetime | None, now: datetime
) -> Sequence[RowMapping]:
    """Decisions that were not sent yet, and those that were sent and taken back since."""
    fresh = and_(
        _decision.c.exported_at.is_(None),
        _decision.c.undone_at.is_(None),
        _decision.c.at <= now - SETTLED,
    )
    withdrawn = and_(
        _decision.c.exported_at.is_not(None),
        _decision.c.undone_at > _decision.c.exported_at,
    )
    final = or_(
        _decision.c.decision != "release", _alert.c.state == "closed", withdrawn
    )  # a release that waits for a second person is no release yet
    # Taken back, confirmed by a second person, or made: when it came to be what is sent.
    became = func.coalesce(_decision.c.undone_at, _decision.c.second_at, _decision.c.at)
    asked = (
        select(
            *[_alert.c[name] for name in ("record_id", "profile", "office", "lane", "queue")],
            *[_decision.c[name] for name in ("id", "decision", "officer", "at", "undone_at")],
        )
        .select_from(_decision.join(_alert, _alert.c.id == _decision.c.alert_id))
        .where(or_(fresh, withdrawn), final, *_from(became, since), *seen_from(actor.office))
        .order_by(_decision.c.id)
    )
    return connection.execute(asked).mappings().all()


def _mark(connection: Connection, sent: Any, rows: Sequence[RowMapping], now: datetime) -> None:
    """These rows count as sent."""
    these = among(sent.c.id, [row["id"] for row in rows])
    connection.execute(update(sent).where(these).values(exported_at=now))


def _table(rows: list[dict[str, Any]]) -> Table:
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype({name: TIME if name == "at" else TEXT for name in COLUMNS})


def _from(column: Any, since: datetime | None) -> list[Any]:
    return [] if since is None else [column >= since]


def _lane(row: Any) -> dict[str, Any]:
    shown = {name: row[name] for name in COLUMNS if name in row}
    return {**shown, "selection_id": f"lane:{row['id']}", "kind": "lane", "at": row["created_at"]}


def _decided(row: Any) -> dict[str, Any]:
    shown = {name: row[name] for name in COLUMNS if name in row}
    kind = "decision" if row["undone_at"] is None else "withdrawn"
    return {
        **shown,
        "selection_id": f"{kind}:{row['id']}",
        "kind": kind,
        "at": row["undone_at"] or row["at"],
    }

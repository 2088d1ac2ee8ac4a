"""An alert that an officer raises by hand, on a declaration that no list brought up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import IntegrityError

from riskprofile.errors import Conflict, RiskProfileError
from riskprofile.profiles import PROFILES, Profile
from riskprofile.services import desk, govern, looking, records
from riskprofile.services.desk import alert_table as _alert
from riskprofile.services.records import StoredItem
from riskprofile.services.rights import REASON_LENGTH, Actor, authorise, sees
from riskprofile.services.settings import Settings
from riskprofile.store import alerts, erasure
from riskprofile.store.alert_tables import BY_HAND
from riskprofile.store.database import Store
from riskprofile.store.run_tables import Batch
from riskprofile.words import Message

ACTION = "alert.raise"
KEY = "M01_raised_by_hand"
SAID = " raised it by hand: "  # between who did and why

_batch = Batch.__table__  # type: ignore[attr-defined]


def raise_alert(
    store: Store,
    actor: Actor,
    reference: str,
    profile: str,
    reason: str,
    now: datetime,
    settings: Settings | None = None,
) -> int:
    """Put a stored declaration before the officers of its office; the alert's id.

    The alert is yellow, in the queue of trafficking, and says who raised it and why; what
    rated the declaration stands beside it. It changes no point and no other rank, and what is
    found on it counts neither for the list nor against it.

    Parameters
    ----------
    reference : str
        The declaration's number, whole or as printed (what stands before `@`).
    reason : str
        At least 20 characters. For a record about a person it is the purpose of the look.

    Raises
    ------
    Conflict
        The declaration has an open alert; `holder` names who works it, if anybody does. Or it was
        changed or withdrawn while this was asked.
    RiskProfileError
        There is no such declaration in the office, several have that number, or the reason
        is too short.
    ProfileOff
        Nothing of this profile is rated here, and so nobody is raised.
    """
    authorise(actor, ACTION)
    reason, reference = " ".join(reason.split()), reference.strip()
    if len(reason) < REASON_LENGTH:
        raise RiskProfileError(
            Message("refusal.reason_alert", n=REASON_LENGTH), do=Message("refusal.do_say_opens")
        )
    govern.require_profile(store, profile, settings)
    looks_an_hour = looking.LIMIT if settings is None else settings.looks_an_hour
    with store.read() as connection:
        record_id = records.whole(connection, actor, reference, profile)
        office = records.office(connection, record_id, profile)
    items = records.declaration(store, actor, record_id, profile, now, reason, looks_an_hour)
    counted = [one for one in items if one.counts]
    driver = max(counted, key=lambda one: (one.points is not None, one.points or 0), default=None)
    if driver is not None:
        office = driver.declared.get(PROFILES[profile].office)
    if not sees(actor, office):  # it was, and is no more
        raise RiskProfileError(Message("refusal.no_declaration"), where=reference[:80])
    if driver is None:
        raise RiskProfileError(
            Message("refusal.withdrawn"),
            where=reference[:80],
            do=Message("refusal.do_nothing_left"),
        )
    sign = f"{actor.name}{SAID}{reason}"
    with store.write() as connection:
        _require_same(connection, record_id, profile, counted)
        row = {
            "record_id": record_id,
            "profile": profile,
            "batch_id": driver.batch_id,
            "version": _next_version(connection, record_id, profile, now),
            **_rated(connection, driver),
            **_shown(PROFILES[profile], driver, counted),
            "queue": "trafficking",
            "lane": "yellow",
            "selected_by": BY_HAND,
            "probability": None,
            "reasons": [],
            "against": [],
            "indicators": [
                {"key": KEY, "text": sign, "queue": "trafficking", "cleared_by": "", "check": ""}
            ],
            "related": [],
            "created_at": now,
        }
        try:
            [made] = alerts.add(store, connection, [row])
        except IntegrityError:  # it had none when it was asked for, and was raised meanwhile
            raise Conflict(Message("refusal.open_alert")) from None
        desk.note(connection, actor, ACTION, {**row, "id": made}, now, purpose=reason)
    return made


def _require_same(
    connection: Connection, record_id: str, profile: str, counted: Sequence[StoredItem]
) -> None:
    """Let pass where what was read of the declaration is still what counts of it. Whoever stores,
    masks or removes some of these rows waits then, and finds the alert.
    """
    chunks = [one.id for one in erasure.holding(connection, profile, record_id)]
    erasure.hold(connection, profile, chunks, {record_id})
    found = records.stored(connection, record_id, profile).values()
    if [one for one in found if one.counts] != counted:
        raise Conflict(Message("refusal.changed"), do=Message("refusal.do_again"))


def _next_version(connection: Connection, record_id: str, profile: str, now: datetime) -> int:
    """The version of the declaration's next alert, where none is open."""
    asked = select(_alert).where(_alert.c.record_id == record_id, _alert.c.profile == profile)
    newest_first = asked.order_by(_alert.c.version.desc()).with_for_update()
    earlier = connection.execute(newest_first).mappings().all()
    for one in earlier:
        if one["state"] == "open":
            held = desk.holder(dict(one), now)
            raise Conflict(Message("refusal.open_alert"), holder=held or "")
    return int(earlier[0]["version"]) + 1 if earlier else 1


def _rated(connection: Connection, driver: StoredItem) -> dict[str, Any]:
    """What rated the declaration, and a place behind all that its batch listed."""
    batch = select(_batch.c.model_version, _batch.c.model_digest)
    version, digest = connection.execute(batch.where(_batch.c.id == driver.batch_id)).one()
    last = select(func.max(_alert.c.rank)).where(_alert.c.batch_id == driver.batch_id)
    return {
        "model_version": version,
        "model_digest": digest,
        "points": driver.points,
        "score": None,
        "rank": int(connection.execute(last).scalar() or 0) + 1,
        "driver": driver.item,
    }


def _shown(profile: Profile, driver: StoredItem, counted: Sequence[StoredItem]) -> dict[str, Any]:
    """What an alert shows of the declaration."""
    declared = driver.declared
    return {
        "office": declared.get(profile.office),
        "title": str(declared.get(profile.title) or declared.get("hs_code") or ""),
        "declaration": [_plain(one.declared) for one in counted],
        "due_at": _time(declared.get(profile.due)),
        "lodged_at": _time(declared.get(profile.time)),
    }


def _plain(declared: Mapping[str, Any]) -> dict[str, Any]:
    """A declared row as JSON values."""
    return {
        name: value.isoformat()
        if isinstance(value, datetime)
        else value.item()
        if hasattr(value, "item")
        else value
        for name, value in declared.items()
    }


def _time(given: Any) -> datetime | None:
    return None if given is None or pd.isna(given) else pd.Timestamp(given).to_pydatetime()

"""What a control found, confirmed by a second person, and what it then teaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from riskprofile.errors import Conflict, RiskProfileError
from riskprofile.reference.arms import LEGAL_BASES
from riskprofile.services import blind, desk, feedback, finds, held, training_log
from riskprofile.services.desk import alert_table as _alert
from riskprofile.services.desk import decision_table as _decision
from riskprofile.services.queue_statements import pending_release, seen_from, unconfirmed
from riskprofile.services.queueing import PAGE_LIMIT
from riskprofile.services.rights import Actor, authorise
from riskprofile.store import batches
from riskprofile.store.alert_tables import ItemFound, Label, Outcome
from riskprofile.store.database import Store
from riskprofile.words import Message

_outcome = Outcome.__table__  # type: ignore[attr-defined]
_item = ItemFound.__table__  # type: ignore[attr-defined]
_label = Label.__table__  # type: ignore[attr-defined]

OUTCOMES = ("nothing", "trafficking", "compliance", "other", "not_examined")
METHODS = ("xray", "opened", "weighed", "dog", "documents", "laboratory")
KINDS = ("firearm", "part", "accessory", "ammunition", "explosive", "document", "other")
ARMS = ("firearm", "part", "accessory", "ammunition", "explosive")
SURE = ("", "certain", "likely", "unsure")
MOST_OFFICERS = 999
_BOTH = ("id", "alert_id", "record_id", "lane", "title", "officer", "at")
_SHOWN = (
    *("note", "concealment", "seizure_number", "minutes", "officers", "packaging", "legal_basis"),
    "profile",
)


@dataclass(frozen=True)
class Item:
    """One line of what was found. `count` is pieces; "none" is an answer, blank is not looked."""

    kind: str
    part: str = ""
    make: str = ""
    model: str = ""
    calibre: str = ""
    serial: str = ""
    marking: str = ""
    count: int = 1
    sure: str = ""
    where_found: str = ""


@dataclass(frozen=True)
class Waiting:
    """An entry that waits for a second person: `kind` is outcome or release."""

    kind: str
    id: int
    alert_id: int
    record_id: str
    lane: str
    title: str
    what: str
    officer: str
    at: datetime
    note: str
    items: tuple[Item, ...]
    earlier: tuple[str, str] | None = None  # who said otherwise of this alert before, and what
    methods: tuple[str, ...] = ()
    concealment: str = ""
    seizure_number: str = ""
    minutes: int | None = None
    officers: int | None = None
    packaging: str = ""
    legal_basis: str = ""
    profile: str = ""
    reasons: tuple[Mapping[str, Any], ...] = ()  # asked after, each with its `answer`


def record_outcome(
    store: Store,
    actor: Actor,
    alert_id: int,
    outcome: str,
    now: datetime,
    *,
    items: Sequence[Item | Mapping[str, Any]] = (),
    methods: Sequence[str] = (),
    note: str = "",
    concealment: str = "",
    seizure_number: str = "",
    minutes: int | None = None,
    officers: int | None = None,
    packaging: str = "",
    legal_basis: str = "",
    answers: Mapping[str, str] | None = None,
) -> int:
    """Record what the ordered control found; the alert closes. The outcome's id.

    Who holds the alert records it; who ordered the control may do so too while nobody does. It
    teaches nothing until another person has confirmed it. The same outcome sent twice is one.

    Parameters
    ----------
    outcome : str
        nothing, trafficking, compliance, other or not_examined.
    items : sequence of Item
        What was found; trafficking needs at least one item of arms.
    methods : sequence of str
        How it was examined; needed unless nobody examined it.
    minutes, officers : int, optional
        Time spent; how many officers were there, from 1.
    legal_basis : str
        One of the register of arms; what the outcome says of it when empty.
    answers : mapping of term to answer, optional
        Whether the reasons that were asked after held (see `services.held`); a term that is left
        out was not looked at. Without it none was asked after.

    Raises
    ------
    Conflict
        Somebody else holds the alert or nobody does, nothing was ordered, or it is closed.
    """
    lines = [item if isinstance(item, Item) else _to_item(item) for item in items]
    _check(outcome, lines, methods, minutes, officers, legal_basis)
    if outcome == "not_examined" and any((answers or {}).values()):
        raise RiskProfileError(Message("refusal.answer_none"), do=Message("refusal.do_form"))
    values = {
        "outcome": outcome,
        "methods": list(methods),
        "note": note.strip(),
        "concealment": concealment.strip(),
        "seizure_number": seizure_number.strip(),
        "minutes": minutes,
        "officers": officers,
        "packaging": packaging.strip(),
        "legal_basis": legal_basis,
    }
    with store.write() as connection:
        alert = desk.load(connection, actor, "outcome.record", alert_id)
        answered = held.answered(connection, alert, answers)
        if alert["state"] == "closed" and (
            same := _same(connection, actor, alert, values, lines, answered)
        ):
            return same
        desk.require_open(alert)
        ordered = desk.standing(connection, alert_id)
        if ordered is None and outcome != "not_examined":
            raise Conflict(Message("refusal.not_ordered"), do=Message("refusal.do_decide_first"))
        if ordered is not None and ordered["decision"] == "release":
            raise Conflict(Message("refusal.release_waits"))
        free = desk.holder(alert, now) is None
        if ordered is None or not (free and ordered["officer"] == actor.name):
            desk.require_claim(actor, alert, now)
        if ordered is None:
            blind.require_said(alert)
            training_log.require(connection, actor, now)  # to close it is to decide
        made = connection.execute(
            insert(_outcome)
            .values(alert_id=alert_id, officer=actor.name, at=now, **values)
            .returning(_outcome.c.id)
        ).scalar_one()
        if lines:
            connection.execute(
                insert(_item), [{"outcome_id": made, **asdict(line)} for line in lines]
            )
        held.keep(connection, made, answered)
        desk.close(connection, alert_id, now)
        desk.note(
            connection,
            actor,
            "outcome.record",
            alert,
            now,
            outcome=outcome,
            outcome_id=made,
            items=len(lines),
            answers=sum(bool(one["answer"]) for one in answered),
        )
    return int(made)


def confirm_outcome(store: Store, actor: Actor, outcome_id: int, now: datetime) -> int | None:
    """Confirm another person's outcome; the label's id, or None when it teaches nothing.

    Only trafficking is a positive label, and what nobody examined is no label at all.
    The arms found enter the register of arms in the same transaction.
    """
    with store.write() as connection:
        asked = select(_outcome).where(_outcome.c.id == outcome_id)
        told = connection.execute(asked).mappings().first()
        alert_id = -1 if told is None else int(told["alert_id"])
        alert = desk.load(connection, actor, "outcome.confirm", alert_id)
        # Read again under the lock of its alert.
        row = connection.execute(asked).mappings().one()
        if row["confirmed_by"] == actor.name:
            return connection.execute(
                select(_label.c.id).where(_label.c.outcome_id == outcome_id)
            ).scalar()
        newest = connection.execute(
            select(_outcome.c.id)
            .where(_outcome.c.alert_id == alert_id)
            .order_by(_outcome.c.id.desc())
            .limit(1)
        ).scalar()
        if row["confirmed_by"] is not None:
            held = str(row["confirmed_by"])
            raise Conflict(f"{held} has confirmed this outcome", holder=held)
        closed_it = alert["state"] == "closed" and alert["closed_at"] == row["at"]
        if not closed_it or newest != outcome_id:  # it may have been released since
            raise Conflict(Message("refusal.opened_again"))
        if row["officer"] == actor.name:
            raise Conflict(Message("refusal.another"))
        known_at = batches.after_runs(connection, now)  # a process of one may begin later
        connection.execute(
            update(_outcome)
            .where(_outcome.c.id == outcome_id)
            .values(confirmed_by=actor.name, confirmed_at=known_at)
        )
        label = None
        if row["outcome"] != "not_examined":
            label = connection.execute(
                insert(_label)
                .values(
                    outcome_id=outcome_id,
                    record_id=alert["record_id"],
                    profile=alert["profile"],
                    item=alert["driver"],
                    value=int(row["outcome"] == "trafficking"),
                    selected_by=alert["selected_by"],
                    probability=alert["probability"],
                    known_at=known_at,
                )
                .returning(_label.c.id)
            ).scalar_one()
        items = _items(connection, outcome_id)
        finds.record(store, connection, actor, now, alert, dict(row), items)
        desk.note(
            connection, actor, "outcome.confirm", alert, now, outcome_id=outcome_id, label=label
        )
    return label


def waiting(store: Store, actor: Actor) -> list[Waiting]:
    """What waits for a second person in the offices of the actor, the oldest first."""
    authorise(actor, "outcome.confirm")
    shown = [
        _alert.c.id.label("alert_id"),
        *(_alert.c[n] for n in ("record_id", "lane", "title", "profile")),
    ]
    seen = seen_from(actor.office)
    with store.read() as connection:
        outcomes, releases = (
            connection.execute(
                select(*shown, table)
                .select_from(table.join(_alert, _alert.c.id == table.c.alert_id))
                .where(*seen, *waits)
                .order_by(table.c.id)
                .limit(PAGE_LIMIT)
            )
            .mappings()
            .all()
            for table, waits in (
                (_outcome, unconfirmed()),
                (_decision, pending_release()),
            )
        )
        disagreed = feedback.earlier(connection, [row["id"] for row in outcomes])
        told = held.told(connection, {row["id"]: row["alert_id"] for row in outcomes})
        found = [
            Waiting(
                kind="outcome",
                what=one["outcome"],
                items=_lines(connection, one["id"]),
                earlier=disagreed.get(one["id"]),
                methods=tuple(one["methods"] or ()),
                reasons=tuple(told.get(one["id"], ())),
                **{name: one[name] for name in (*_BOTH, *_SHOWN)},
            )
            for one in outcomes
        ]
    found += [
        Waiting(
            kind="release",
            what=row["decision"],
            note=row["reason"],
            items=(),
            **{name: row[name] for name in _BOTH},
        )
        for row in releases
    ]
    return sorted(found, key=lambda one: one.at)


def _items(connection: Connection, outcome_id: int) -> list[dict[str, Any]]:
    asked = select(_item).where(_item.c.outcome_id == outcome_id).order_by(_item.c.id)
    return [dict(row) for row in connection.execute(asked).mappings()]


def _lines(connection: Connection, outcome_id: int) -> tuple[Item, ...]:
    rows = _items(connection, outcome_id)
    return tuple(Item(**{one.name: row[one.name] for one in fields(Item)}) for row in rows)


def _same(
    connection: Connection,
    actor: Actor,
    alert: Mapping[str, Any],
    values: Mapping[str, Any],
    lines: Sequence[Item],
    answered: Sequence[Mapping[str, Any]],
) -> int | None:
    """The id of the outcome that closed the alert when this is that one, sent again."""
    last = select(_outcome).where(
        _outcome.c.alert_id == alert["id"], _outcome.c.at == alert["closed_at"]
    )
    row = connection.execute(last.order_by(_outcome.c.id.desc()).limit(1)).mappings().first()
    if row is None or row["officer"] != actor.name:
        return None
    told = {name: row[name] for name in values}
    kept = held.of(connection, [row["id"]]).get(row["id"], [])
    same = (told, [*_lines(connection, row["id"])], kept) == (values, [*lines], [*answered])
    return int(row["id"]) if same else None


def _to_item(given: Mapping[str, Any]) -> Item:
    known = {field.name for field in fields(Item)}
    if unknown := set(given) - known:
        raise RiskProfileError(f"an item found has no {', '.join(sorted(unknown))}")
    return Item(**{name: value for name, value in given.items() if value is not None})


def _check(
    outcome: str,
    items: Sequence[Item],
    methods: Sequence[str],
    minutes: int | None,
    officers: int | None,
    legal_basis: str,
) -> None:
    """Every fault of the form together, so that it is sent back once."""
    faults: list[str] = []
    if outcome not in OUTCOMES:
        faults.append(f"unknown outcome {outcome}: choose one of {', '.join(OUTCOMES)}")
    if unknown := [name for name in methods if name not in METHODS]:
        faults.append(f"unknown method {unknown[0]}: choose of {', '.join(METHODS)}")
    if outcome == "trafficking" and not any(item.kind in ARMS for item in items):
        faults.append(Message("refusal.item_arms"))
    if outcome in ("nothing", "not_examined") and items:
        faults.append(Message("refusal.item_none", outcome=outcome))
    if outcome == "not_examined" and methods:
        faults.append(Message("refusal.method_none"))
    if outcome != "not_examined" and not methods:
        faults.append(Message("refusal.method"))
    if minutes is not None and not 0 <= minutes <= 7 * 24 * 60:
        faults.append("minutes spent lie between 0 and a week")
    if officers is not None and not 1 <= officers <= MOST_OFFICERS:
        faults.append(f"officers present are 1 to {MOST_OFFICERS}")
    if legal_basis not in ("", *LEGAL_BASES):
        faults.append(f"unknown legal basis {legal_basis}: choose one of {', '.join(LEGAL_BASES)}")
    for number, item in enumerate(items, start=1):
        if item.kind not in KINDS:
            faults.append(f"item {number}: unknown kind {item.kind}: choose of {', '.join(KINDS)}")
        if isinstance(item.count, bool) or not isinstance(item.count, int) or item.count < 1:
            faults.append(f"item {number}: the count is a whole number from 1")
        if item.sure not in SURE:
            faults.append(f"item {number}: sure is certain, likely or unsure")
    if faults:
        raise RiskProfileError(*faults, do=Message("refusal.do_form"))

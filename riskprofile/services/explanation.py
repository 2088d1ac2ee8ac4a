"""The explanation for the person concerned: one page, and nothing of anybody else on it.

Article 86 of Regulation (EU) 2024/1689 gives whoever a decision concerns the right to be
told the part that a rating had in it. The page names no officer, no other party and no
other declaration: office, role and the number of a decision lead to the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from riskprofile.errors import InputError, NotAllowed
from riskprofile.profiles import PROFILES
from riskprofile.services import blind, desk, govern, looking, raising, records, replay, speaking
from riskprofile.services.paper import EDGE, INNER, LINE, Page
from riskprofile.services.rights import Actor, authorise, note, sees
from riskprofile.services.viewing import require_purpose
from riskprofile.store import batches, phrasings
from riskprofile.store.alert_tables import Outcome
from riskprofile.store.database import Store
from riskprofile.store.office_tables import Office
from riskprofile.store.versions import REMOVED
from riskprofile.words import Message, Words, form
from riskprofile.words.declaration import rest, said, summed

_office = Office.__table__  # type: ignore[attr-defined]
_outcome = Outcome.__table__  # type: ignore[attr-defined]

UP, DOWN, WARNINGS = 8, 5, 4  # rows that one page holds
MADE = "explanation.make"


@dataclass(frozen=True)
class Told:
    """What the page says. `decisions` are (decision or outcome, number, time, confirmed)."""

    record_id: str
    profile: str
    office: str
    zone: str
    rated_at: datetime
    lane: str
    points: int | None
    raising: list[dict[str, Any]]
    lowering: list[dict[str, Any]]
    warnings: list[dict[str, Any]]
    declared: list[str]  # names of the columns that were declared
    model_version: str
    decisions: list[tuple[str, int, datetime, bool]]


def explain(
    store: Store,
    models: Path,
    actor: Actor,
    record: str,
    now: datetime,
    purpose: str = "",
    removed: replay.Removed | None = None,
    looks_an_hour: int = looking.LIMIT,
) -> Told:
    """What was rated of one record, why, and who decided; the look is audited first, and counted.

    Parameters
    ----------
    record : str
        As in the results, or the declaration's own number where it is unique.
    removed : callable, optional
        Its names once retention removed it: without them no such record is known.

    Raises
    ------
    NotAllowed
        There is none in the actor's office, or it is about a person and no purpose was given.
    InputError
        Of an actor of every office: no rated record of that name is stored. Retention removed it.
    RiskProfileError
        Several of the office have that number: these are named.
    Conflict
        An open alert about it waits for an officer's own view: who works that may make the page.
    """
    authorise(actor, MADE)
    with store.read() as connection:
        for profile in PROFILES:  # of several with a number, those of the office are named
            record = records.whole(connection, actor, record, profile)
        alert = _alert(connection, actor, record)
        if alert is None:
            row = _found(connection, actor, record, removed)
            if row.state == REMOVED:  # its office and its rating are for nobody any more
                require_purpose(row.profile, purpose)
                raise InputError("removed by retention", where=record)
            declared = batches.rows_of(connection, row.chunk_id).iloc[row.position]
            declared = declared.dropna().to_dict()
            office = declared.get(PROFILES[row.profile].office)
        else:
            office = alert["office"]
        if not sees(actor, office):  # before anything is rated: a fault would tell that it is here
            raise NotAllowed(Message("refusal.no_record"), where=record[:80])
        if alert is None:
            told = _stored(store, models, connection, row, declared)
        else:
            told = _of_alert(connection, alert)
        require_purpose(told["profile"], purpose)
        if alert is not None:
            blind.require_all_said(connection, alert["profile"], alert["record_id"])
        place = connection.execute(select(_office).where(_office.c.code == office)).first()
    with store.write() as connection:
        about = f"alert:{alert['id']}" if alert else f"record:{told.pop('row')}"
        note(connection, actor, MADE, about, now, office=office, purpose=purpose.strip())
        looking.noticed(connection, actor, now, looks_an_hour)
    told.pop("row", None)
    name = f"{place.name} {place.code}" if place else office or ""
    return Told(office=name, zone=place.zone if place else "UTC", **told)


def page(told: Told, say: Words, now: datetime, *, demo: bool = False) -> bytes:
    """The page as a PDF of one page."""
    zone = ZoneInfo(told.zone)
    sheet = Page(say("paper.title"), now, say.language)
    sheet.text(told.office, EDGE + 120, INNER - 120, size=9, align="R", y=sheet.y + 1, most=2)
    sheet.text(say("paper.title"), width=118, size=13, bold=True, most=2)
    mark = say("sheet.demo") + ". " if demo else ""
    sheet.text(mark + say("paper.made", time=_time(now, zone)), size=8.5, grey=True)
    sheet.gap(2)
    record = form.reference(told.record_id)
    sheet.text(say("paper.about", record=record, time=_time(told.rated_at, zone)), size=10)
    sheet.gap(1.5)
    lane = say(f"lane.{told.lane}").lower()
    sheet.text(say(f"paper.lane.{told.lane}", lane=lane), size=10, bold=True)
    sheet.text(say("paper.role"), size=9)
    _terms(sheet, told, say)
    _warnings(sheet, told, say)
    _head(sheet, say("paper.data"))
    names = say.listed(say.maybe(f"field.{name}", name) for name in told.declared)
    sheet.text(say("paper.data_declared", fields=names), size=8.5, most=5)
    sheet.text(say("paper.data_past"), size=8.5, most=3)
    sheet.text(say("paper.data_not"), size=8.5, most=3)
    _decided(sheet, told, say, zone)
    _head(sheet, say("paper.contest"))
    for n in (1, 2, 3):
        sheet.text(say(f"paper.contest.{n}", record=record, office=told.office), size=9, most=3)
    sheet.gap(1.5)
    sheet.text(say("paper.address"), size=9, grey=True)
    sheet.gap(6)
    sheet.rule(LINE)
    sheet.y = max(sheet.y, 283.0)
    card = say("paper.scorecard", version=told.model_version)
    missing = " " + say("sheet.missing", n=sheet.missing) + "." if sheet.missing else ""
    sheet.text(card + missing, size=7.5, grey=True, most=2)
    return sheet.made()


def make(
    store: Store,
    models: Path,
    actor: Actor,
    record: str,
    say: Words,
    now: datetime,
    purpose: str = "",
    removed: replay.Removed | None = None,
    looks_an_hour: int = looking.LIMIT,
) -> bytes:
    """The explanation of one record as a PDF of one page; see `explain`."""
    told = explain(store, models, actor, record, now, purpose, removed, looks_an_hour)
    return page(told, say, now, demo=govern.status(store, actor).demo)


def _terms(sheet: Page, told: Told, say: Words) -> None:
    _head(sheet, say("paper.factors"))
    if told.points is None:
        sheet.text(say("why.no_points"), size=9)
        return
    raising, lowering = (
        speaking.reasons(say, told.profile, given) for given in (told.raising, told.lowering)
    )
    shown, smaller, base = summed(told.points, raising, lowering, UP, DOWN)
    for title, chosen in (
        ("paper.for", [one for one in shown if one["points"] > 0]),
        ("paper.against", [one for one in shown if one["points"] < 0]),
    ):
        sheet.text(say(title), size=9, bold=True)
        if not chosen:
            sheet.text(say("paper.none"), size=9)
        for term in chosen:
            signed = (form.signed(int(term["points"])), 19.5, "RB")
            sheet.row([(form.sentence(said(say, term)), INNER - 18, ""), signed], 8.5, most=2)
        sheet.gap(0.8)
    total = f"= {say.number(told.points)}"
    sheet.row([(rest(say, smaller, base), INNER - 30, "G"), (total, 31.5, "RB")], 8.5)


def _warnings(sheet: Page, told: Told, say: Words) -> None:
    if not told.warnings:
        return
    _head(sheet, say("paper.signs"))
    for one in speaking.indicators(say, told.profile, told.warnings[:WARNINGS]):
        said = one.get("text") or one.get("check") or one.get("key")
        if one.get("key") == raising.KEY:  # its sentence names the officer, and says what they saw
            said = say("paper.by_hand")
        sheet.text(form.sentence(str(said)), size=8.5, most=2)
    if len(told.warnings) > WARNINGS:
        sheet.text(say("paper.more", n=len(told.warnings) - WARNINGS), size=8.5, grey=True)


def _decided(sheet: Page, told: Told, say: Words, zone: ZoneInfo) -> None:
    _head(sheet, say("paper.decided"))
    if not told.decisions:
        sheet.text(say("paper.undecided"), size=9)
    for what, number, at, confirmed in told.decisions[-4:]:
        line = say("paper.decision", what=say(what), number=number, time=_time(at, zone))
        line += " " + say("paper.second") if confirmed else ""
        sheet.text(line, size=9, most=2)
    sheet.text(say("paper.person"), size=9, most=2)


def _head(sheet: Page, title: str) -> None:
    sheet.gap(1.8)
    sheet.rule()
    sheet.gap(1.2)
    sheet.text(title, size=10, bold=True)
    sheet.gap(0.4)


def _time(at: datetime, zone: ZoneInfo) -> str:
    return f"{form.clock(at, zone)} {form.zone_name(zone, at)}"


def _alert(connection: Connection, actor: Actor, record: str) -> Mapping[str, Any] | None:
    """The newest alert of a record that the actor sees, by its id or by a declaration's number
    that is unique. What is declared anew at another office each explains as it rated it.
    """
    table = desk.alert_table.c
    for condition in (
        table.record_id == record,
        table.record_id.startswith(f"{record}@", autoescape=True),
    ):
        rows = connection.execute(
            select(desk.alert_table).where(condition).order_by(table.version.desc())
        )
        found = [row for row in rows.mappings() if sees(actor, row["office"])]
        if len({(row["profile"], row["record_id"]) for row in found}) == 1:
            return dict(found[0])
    return None


def _found(
    connection: Connection, actor: Actor, record: str, removed: replay.Removed | None
) -> Any:
    """A record that raised no alert. That there is none is told as that another office has it."""
    try:
        return replay.find(connection, record, removed)
    except InputError:
        if actor.office is None:
            raise
        raise NotAllowed(Message("refusal.no_record"), where=record[:80]) from None


def _of_alert(connection: Connection, alert: Mapping[str, Any]) -> dict[str, Any]:
    decisions = connection.execute(
        select(desk.decision_table)
        .where(desk.decision_table.c.alert_id == alert["id"])
        .where(desk.decision_table.c.undone_at.is_(None))
        .order_by(desk.decision_table.c.id)
    ).mappings()
    made = [
        (f"decision.{one['decision']}", one["id"], one["at"], one["second"] is not None)
        for one in decisions
    ]
    outcomes = connection.execute(
        select(_outcome).where(_outcome.c.alert_id == alert["id"]).order_by(_outcome.c.id)
    ).mappings()
    made += [
        (f"outcome.{one['outcome']}", one["id"], one["at"], one["confirmed_by"] is not None)
        for one in outcomes
    ]
    raising, lowering = phrasings.told(connection, alert)
    return {
        "record_id": alert["record_id"],
        "profile": alert["profile"],
        "rated_at": alert["created_at"],
        "lane": alert["lane"],
        "points": alert["points"],
        "raising": raising,
        "lowering": lowering,
        "warnings": alert["indicators"] or [],
        "declared": _declared(alert["profile"], alert["declaration"] or []),
        "model_version": alert["model_version"],
        "decisions": sorted(made, key=lambda one: one[2]),
    }


def _stored(
    store: Store, models: Path, connection: Connection, row: Any, declared: dict[str, Any]
) -> dict[str, Any]:
    """A record that raised no alert: from the feature log and the row as declared."""
    told = replay.explain(store, models, row.record_id)
    started = connection.execute(
        select(batches.batch_table.c.started_at).where(batches.batch_table.c.id == told.batch_id)
    ).scalar_one()
    says = {one.key: one.check for one in PROFILES[told.profile].indicators}
    return {
        "row": row.id,
        "record_id": told.record_id,
        "profile": told.profile,
        "rated_at": started,
        "lane": "green",
        "points": told.points,
        "raising": told.reasons,
        "lowering": told.against,
        "warnings": [{"key": key, "check": says.get(key, key)} for key in told.indicators],
        "declared": _declared(told.profile, [declared]),
        "model_version": told.model_version,
        "decisions": [],
    }


def _declared(profile: str, rows: list[dict[str, Any]]) -> list[str]:
    """Which columns that are read for a rating were declared; never what they hold.

    Who somebody is tells only whether the same were there before: the page says so elsewhere.
    """
    known = PROFILES[profile]
    read = {*known.visible, *known.codes, *(name for key in known.keys for name in key.columns)}
    read -= set(known.protected("P2"))
    return [
        spec.name
        for spec in known.columns
        if spec.name in read and any(row.get(spec.name) not in (None, "") for row in rows)
    ]

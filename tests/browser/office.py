"""Days of work of the invented offices, for pictures of the board: what was decided and found.

Put in as it would be stored, for a page cannot wait for 90 days. All of it is invented.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from functools import cache
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert

from riskprofile.services import board, offices
from riskprofile.services.rights import Actor
from riskprofile.store import alert_tables, audit, office_tables
from riskprofile.store.alerts import add
from riskprofile.store.database import Store
from tests.browser import home

AIR, POST, LAND = "XMAIR", "XMPOS", "XMLND"
MORE = (
    {"code": home.OFFICE, "name": "Port Meridia", "zone": "Europe/Paris", "capacity": 36},
    {"code": POST, "name": "Post centre", "zone": "Europe/Paris", "capacity": 20},
    {"code": LAND, "name": "Land post North", "zone": "Europe/Paris", "capacity": 8},
)
OPEN = {home.OFFICE: (9, 111), AIR: (4, 18), POST: (11, 52), LAND: (2, 11)}  # red, yellow
GREEN = {home.OFFICE: 412, AIR: 266, POST: 1904, LAND: 188}
MADE = {home.OFFICE: 17, AIR: 3, POST: 4, LAND: 2}  # examinations ordered today
DONE = 720  # random controls that were examined in 90 days
FINDS = 23  # among them: one in 31
# Lane, decision, reason, how many, how many of them examined, and finds.
OTHERWISE = (
    ("red", "release", "Known importer, the drawing was shown", 6, 6, 0),
    ("yellow", "examine", "Officer saw a new sender", 5, 5, 1),
    ("red", "release", "No staff before the release time", 3, 0, 0),
    ("yellow", "release", "Papers are complete, known trader", 2, 0, 0),
)
RATED = "As the lane recommends"
DRAWN = {"selected_by": "random", "probability": 0.02}
USUAL = 141  # decisions of the week as the lane recommends


def fill(store: Store, now: datetime) -> None:
    """Put the days in, on top of a home without alerts."""
    numbers = count(500_000)
    with store.write() as connection:
        offices.put(connection, MORE)
    with store.write() as connection:
        for office, lanes in OPEN.items():
            add(store, connection, _open(office, lanes, now, numbers))
        desk = _Desk(store, connection, now, numbers)
        desk.past()
        desk.week()
        desk.views()
        desk.aside()
    _came(store, now)


@cache
def _base(now: datetime) -> dict[str, Any]:
    return home.alerts(now)[0]


def _row(office: str, lane: str, number: int, now: datetime, **more: Any) -> dict[str, Any]:
    """One alert."""
    return {
        **_base(now),
        "record_id": f"PX-2026-{number}",
        "office": office,
        "lane": lane,
        "indicators": [],
        "related": [],
        "due_at": now + timedelta(hours=5),
        **more,
    }


def _open(office: str, lanes: tuple[int, int], now: datetime, numbers: Any) -> list[dict[str, Any]]:
    rows, points = [], 455
    for n in range(sum(lanes)):
        points -= 5 if n < 40 else 1 + n % 2
        lane = "red" if n < lanes[0] else "yellow"
        score = 0.45 * math.exp(-n / 26) + 0.006
        late = office == home.OFFICE and n == 30
        rows.append(
            _row(
                office,
                lane,
                next(numbers),
                now,
                points=points,
                score=score,
                rank=n + 1,
                owner="officer-09" if n in (0, 2, 4, 7) else None,
                lease_until=now + timedelta(hours=3) if n in (0, 2, 4, 7) else None,
                due_at=now + timedelta(minutes=-20 if late else 60 + 9 * n),
                created_at=now - timedelta(minutes=1 + 5 * n % 300),
            )
        )
    return rows


def _came(store: Store, now: datetime) -> None:
    """What today's lists brought: their alerts, and so many more that are green."""
    days = office_tables.OfficeDay.__table__  # type: ignore[attr-defined]
    today = now.astimezone(ZoneInfo("Europe/Paris")).date().isoformat()
    some = 100_000  # more than there are alerts
    for green in (dict.fromkeys(GREEN, 0), GREEN):
        loads = board.board(store, Actor("sample", "supervisor"), now).offices
        with store.write() as connection:
            connection.execute(days.delete().where(days.c.day == today))
            for one in loads:
                came = some if one.green is None else some - one.green + green[one.code]
                connection.execute(
                    insert(days).values(
                        profile="shipment", office=one.code, day=today, came={"9": came}, heights={}
                    )
                )


class _Desk:
    """Puts in what was done, in one transaction."""

    def __init__(self, store: Store, connection: Connection, now: datetime, numbers: Any) -> None:
        self.store, self.connection, self.now, self.numbers = store, connection, now, numbers

    def put(self, model: Any, **values: Any) -> None:
        """One row."""
        self.connection.execute(insert(model).values(**values))

    def done(
        self,
        lane: str,
        ago: timedelta,
        decision: str,
        reason: str,
        outcome: str | None = None,
        *,
        office: str = home.OFFICE,
        seconds: int | None = None,
        second: str | None = None,
        confirmed: bool = True,
        **more: Any,
    ) -> int:
        """An alert that was decided so long ago, and examined where an outcome is given.

        `seconds` before the decision it was opened; None where that was more than a day ago, for
        no measure looks further back.
        """
        at = self.now - ago
        row = _row(office, lane, next(self.numbers), self.now, due_at=at)
        row |= {"created_at": at - timedelta(hours=1), "state": "closed", "closed_at": at, **more}
        [alert] = add(self.store, self.connection, [row])
        told: dict[str, Any] = {"alert_id": alert, "officer": "officer-14", "at": at}
        if seconds is not None:
            audit.append(
                self.connection,
                actor="officer-14",
                action="alert.look",
                subject=f"alert:{alert}",
                office=office,
                now=at - timedelta(seconds=seconds),
            )
        more = {"second": second, "second_at": at if second else None}
        self.put(alert_tables.Decision, **told, decision=decision, reason=reason, **more)
        if outcome is None:
            return alert
        told |= {"outcome": outcome, "methods": ["opened"], "minutes": 35}
        if confirmed:
            told |= {"confirmed_by": "officer-09", "confirmed_at": at}
        made = self.connection.execute(
            insert(alert_tables.Outcome).values(**told).returning(alert_tables.Outcome.id)
        ).scalar_one()
        if confirmed:
            self.put(
                alert_tables.Label,
                outcome_id=made,
                record_id=row["record_id"],
                profile="shipment",
                item=1,
                value=int(outcome == "trafficking"),
                selected_by=row["selected_by"],
                probability=row["probability"],
                known_at=at,
            )
        return alert

    def past(self) -> None:
        """Random controls of 90 days, and finds that the list brought up."""
        for n in range(DONE):
            found = "trafficking" if n % (DONE // FINDS) == 5 else "nothing"
            points = 160 if n % 3 == 0 else 40
            cut = {"points": points, "yellow_from": 148, "red_from": 322}
            ago = timedelta(days=8 + n % 80, minutes=n)
            self.done("red", ago, "examine", RATED, found, **DRAWN, **cut)
        for n in range(12):
            self.done("red", timedelta(days=9 + n), "examine", RATED, "trafficking")

    def week(self) -> None:
        """Decisions of the week; the examinations of today among them."""
        for lane, decision, reason, many, known, finds in OTHERWISE:
            second = "officer-09" if (lane, decision) == ("red", "release") else None
            for n in range(many):
                found = None if n >= known else "trafficking" if n < finds else "nothing"
                ago = timedelta(days=2, hours=n)
                self.done(lane, ago, decision, reason, found, second=second)
        for n in range(USUAL - sum(MADE.values())):
            ago = timedelta(minutes=2 + n % 170)
            self.done("yellow", ago, "scan", RATED, seconds=6 if n % 9 == 0 else 70)
        for n in range(3):
            self.done("red", timedelta(minutes=3 + n), "documents", "Papers first", seconds=90)
        for office, many in MADE.items():
            for n in range(many):
                drawn = DRAWN if office == home.OFFICE and n < 2 else {}
                found = "trafficking" if n in (4, 9, 12) else "nothing" if n == 7 else None
                self.done(
                    "red",
                    timedelta(minutes=1 + n),
                    "examine",
                    RATED,
                    found,
                    office=office,
                    seconds=90,
                    confirmed=False,
                    **drawn,
                )

    def views(self) -> None:
        """Views said without the rating: some against the lane, most of them kept."""
        for n in range(24):
            ago, kept = timedelta(minutes=4 + n), n < 7
            decision, reason = ("release", "Papers and weight agree") if kept else ("scan", RATED)
            alert = self.done("yellow", ago, decision, reason, seconds=90, blind="said")
            self.put(
                alert_tables.FirstView,
                alert_id=alert,
                view="release" if n < 9 else "documents",
                reason="papers and weight agree",
                officer="officer-14",
                at=self.now - ago - timedelta(seconds=30),
            )

    def aside(self) -> None:
        """Two alerts put aside until the end of the day."""
        until = self.now.astimezone(ZoneInfo("Europe/Paris")).replace(hour=23, minute=59)
        rows = [
            _row(home.OFFICE, "yellow", next(self.numbers), self.now, rank=200) for _ in range(2)
        ]
        for alert in add(self.store, self.connection, rows):
            self.put(
                alert_tables.Snooze,
                alert_id=alert,
                reason="The papers come at noon",
                by="officer-14",
                at=self.now,
                until=until,
            )

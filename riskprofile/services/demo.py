"""The demonstration: a home of its own, the committed samples rated, a day's work invented.

Nothing here is for real use: it acts as officers who do not exist. It writes only in a
home that it made, which a marker file tells, and only in the database inside that home.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from riskprofile.errors import InputError, PolicyError, Stopped
from riskprofile.files import whole_or_nothing
from riskprofile.profiles import PROFILES
from riskprofile.scoring.ranking import Capacity
from riskprofile.services import (
    blind,
    demo_work,
    govern,
    identity,
    promotion,
    registers,
    review,
)
from riskprofile.services import settings as configuration
from riskprofile.services.rights import OWNER, Actor
from riskprofile.services.run import Options, Run, Summary
from riskprofile.services.screen import screen
from riskprofile.services.settings import CHECKOUT, Settings
from riskprofile.services.steps import Progress
from riskprofile.store import switches
from riskprofile.store.alert_tables import Alert
from riskprofile.store.database import Store
from riskprofile.store.versions import SUPERSEDED

SAMPLES = CHECKOUT / "data" / "synthetic" / "demo"
OFFICES = CHECKOUT / "data" / "synthetic" / "offices.csv"
MARKER, ACCOUNTS = "DEMO", "accounts.json"
HISTORY = "past-"  # how the names of the samples of the past begin
BASIS = "Demonstration with synthetic data: no real person is in it"
ASSESSMENT = "none needed: synthetic"
LOADED = timedelta(days=1)  # before the shift: what is rated in it knows what came before
SHIFT = timedelta(hours=7)  # the invented shift began so long ago, so that it lies in the past
CAPACITY = Capacity(share=0.04)
TOP = 5
TOP_READ = 50  # rows of a profile: some of the first wait for a view and are left out
DRAW = b"demonstration".hex()

# user, role, office (None: every office). Whose work is invented stands in `demo_work`.
PEOPLE: tuple[tuple[str, str, str | None], ...] = (
    *((one.name, one.role, one.office) for one in demo_work.PEOPLE),
    ("analyst-1", "analyst", None),
    ("operator-1", "operator", None),
    ("auditor-1", "auditor", None),
    ("admin-1", "administrator", None),
)
READER = Actor("supervisor-1", "supervisor")  # as whom the summary looks at the queue

_alert = Alert.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class TopAlert:
    """One line of the summary: an alert and the first reason it shows."""

    record_id: str
    profile: str
    lane: str
    queue: str
    points: int | None
    title: str
    reason: str


@dataclass
class DemoSummary:
    """What `prepare` did or found. Always `read == accepted + quarantined + duplicate`.

    `alerts` counts what is stored, by `total`, `queue` and `lane`; `history` is the account
    of the past that was loaded; `again` is whether nothing new was rated.
    """

    read: int
    accepted: int
    quarantined: int
    duplicate: int
    alerts: dict[str, Any]
    seconds: float
    rows_per_second: float
    model_versions: dict[str, str]
    batches: list[dict[str, Any]]
    quarantined_by_reason: dict[str, int]
    history: dict[str, int]
    accounts: list[dict[str, str | None]]
    home: str
    again: bool
    top: list[TopAlert] = field(default_factory=list)


def load(home: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of the demonstration.

    The home is the one named, or `RISKPROFILE_HOME`, or a folder beside the default home,
    never that home itself. The database is the one inside the home, whatever another
    setting says: a demonstration must not write into a real database.
    """
    told = os.environ if environment is None else environment
    named = home or told.get(f"{configuration.PREFIX}HOME")
    default = configuration.default_home(told)
    chosen = Path(named or default.with_name(f"{default.name}-demo-home")).expanduser().absolute()
    return configuration.load(
        environment, home=chosen, database_url=f"sqlite:///{chosen / 'riskprofile.db'}"
    )


def prepare(
    settings: Settings,
    now: datetime,
    progress: Progress = lambda name, rows: None,
    *,
    samples: Path = SAMPLES,
) -> DemoSummary:
    """Make or reuse the demonstration's home, with alerts, decisions and outcomes in it.

    A run that was stopped is gone on with. A second run finds every file a duplicate and
    adds nothing.

    Parameters
    ----------
    settings : Settings
        From `load`.
    now : datetime
        The end of the invented shift.
    progress : callable
        Told the file and the rows read so far.
    samples : Path
        The folder of sample files.

    Raises
    ------
    PolicyError
        The home holds something, and was not made by the demonstration.
    InputError
        The samples are not there.
    ScorecardError
        No trusted scorecard serves a profile of the samples.
    Stopped
        By a signal; the next goes on.
    """
    files = sorted(path for path in samples.glob("*") if path.is_file() and path.suffix != ".md")
    if not files:
        raise InputError(
            "the samples are not there", where=str(samples), do="Run it from a checkout"
        )
    past = [path for path in files if path.name.startswith(HISTORY)]
    claim_home(settings.home)
    began = now - SHIFT
    store = configuration.open_store(settings)
    try:
        _furnish(store, began - LOADED)
        accounts = _accounts(store, settings.home / ACCOUNTS, began - LOADED)
        before = screen(
            store, settings, OWNER, past, Options(history=True, resume=True), began - LOADED,
            progress=progress,
        )  # fmt: skip
        _heed(before)
        today = screen(
            store, settings, OWNER, [path for path in files if path not in past],
            Options(capacity=CAPACITY, resume=True), began, progress=progress,
        )  # fmt: skip
        _heed(today)
        demo_work.invent(store, began, now)
        return _summary(store, settings, before.summary, today, accounts, now)
    finally:
        store.close()


def _heed(run: Run) -> None:
    if run.summary.stopped:
        raise Stopped(run.summary.stopped)


def claim_home(home: Path) -> None:
    """Make the home and mark it as the demonstration's, or refuse another's.

    Raises
    ------
    PolicyError
        It holds something and is not marked.
    """
    marker = home / MARKER
    if marker.is_file():
        return
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise PolicyError(
            "this home was not made by the demonstration, so it is left alone",
            where=str(home),
            do="Name an empty folder with --home, or unset RISKPROFILE_HOME",
        )
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    marker.write_text("Made by `riskprofile demo`: synthetic data, invented work.\n", "utf-8")


def _furnish(store: Store, now: datetime) -> None:
    """Offices, the mark on every page, and the profiles that need a legal basis."""
    with store.read() as connection:
        if switches.get(connection, govern.DEMO):
            return
    registers.load(store, OWNER, "offices", OFFICES, now)
    for name, profile in PROFILES.items():
        if not profile.on_after_init:
            govern.enable_profile(store, OWNER, name, BASIS, ASSESSMENT, now)
    with store.write() as connection:
        switches.put(connection, govern.DEMO, True)
        # Everybody's demonstration draws the same alerts.
        switches.put(connection, blind.SETTING, {"share": blind.SHARE, "key": DRAW})


def _accounts(store: Store, kept: Path, now: datetime) -> list[dict[str, str | None]]:
    """The accounts with their passwords, which only the home's owner can read."""
    try:
        known: list[dict[str, str | None]] = json.loads(kept.read_text("utf-8"))
    except FileNotFoundError:
        known = []
    have = {one["user"]: one for one in known}
    existing = {one.name for one in identity.accounts(store, OWNER)}
    made = []
    for name, role, office in PEOPLE:
        if name in existing and name in have:
            made.append(have[name])
            continue
        chosen = secrets.token_urlsafe(12)
        if name in existing:
            identity.set_password(store, OWNER, name, chosen, now)
        else:
            identity.add_account(
                store, OWNER, name=name, role=role, office=office, password=chosen, now=now
            )
        made.append({"user": name, "password": chosen, "role": role, "office": office})
        _keep(kept, [*made, *(one for one in known if one not in made)])
    return made


def _keep(path: Path, accounts: Sequence[Mapping[str, str | None]]) -> None:
    with whole_or_nothing(path) as stream:
        stream.write(json.dumps(accounts, indent=1).encode())


def _summary(
    store: Store,
    settings: Settings,
    history: Summary,
    run: Run,
    accounts: list[dict[str, str | None]],
    now: datetime,
) -> DemoSummary:
    told = run.summary
    used = sorted({str(batch["profile"]) for batch in told.batches})
    return DemoSummary(
        read=told.read,
        accepted=told.accepted,
        quarantined=told.quarantined,
        duplicate=told.duplicate,
        alerts=_stored(store),
        seconds=told.seconds,
        rows_per_second=told.rows_per_second,
        model_versions={
            name: promotion.serving(store, settings.models, name).version for name in used
        },
        batches=told.batches,
        quarantined_by_reason=told.quarantined_by_reason,
        history={"read": history.read, "accepted": history.accepted},
        accounts=accounts,
        home=str(settings.home),
        again=told.duplicate == told.read,
        top=_top(store, used, now),
    )


def _stored(store: Store) -> dict[str, Any]:
    """Alerts in the database by queue and lane, decided ones included."""
    with store.read() as connection:
        rows = connection.execute(
            select(_alert.c.queue, _alert.c.lane, func.count())
            .where(_alert.c.state != SUPERSEDED)
            .group_by(_alert.c.queue, _alert.c.lane)
        ).all()
    told = Summary()
    for queue, lane, count in rows:
        told.add_alerts(queue, lane, count)
    return told.alerts


def _top(store: Store, profiles: Sequence[str], now: datetime) -> list[TopAlert]:
    """The first open alerts, profile by profile in turn."""
    rows = [
        row
        for name in profiles
        for row in review.queue(
            store, READER, review.QueueFilter(name, owner="open", page_size=TOP_READ), now
        ).rows
    ]
    rows = [row for row in rows if not row.blind]
    rows.sort(key=lambda row: (row.lane != "red", row.rank))
    return [
        TopAlert(
            row.record_id, row.profile, row.lane, row.queue, row.points, row.title,
            next(iter(row.because), ""),
        )
        for row in rows[:TOP]
    ]  # fmt: skip

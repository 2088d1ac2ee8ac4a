"""What governs an installation: its profiles, its batches, what every page says, the audit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, exists, false, func, or_, select

from riskprofile.errors import PolicyError, ProfileOff, UsageError
from riskprofile.profiles import PROFILES
from riskprofile.services import keys, switching
from riskprofile.services.rights import Actor, authorise, note
from riskprofile.services.settings import Settings
from riskprofile.services.steps import Step
from riskprofile.store import audit, copying, switches
from riskprofile.store import batches as store_of_batches
from riskprofile.store.alert_tables import Alert
from riskprofile.store.copying import Copied
from riskprofile.store.database import Store
from riskprofile.store.office_tables import Office
from riskprofile.store.run_tables import Batch, Quarantined

_office = Office.__table__  # type: ignore[attr-defined]
_alert = Alert.__table__  # type: ignore[attr-defined]
_batch = Batch.__table__  # type: ignore[attr-defined]
_kept = Quarantined.__table__  # type: ignore[attr-defined]

# Built once: a page asks them each time that it is drawn.
_OFFICE = select(_office.c.name, _office.c.zone).where(_office.c.code == bindparam("office"))
_latest = (
    select(_batch.c.profile, func.max(_batch.c.started_at).label("at"))
    .where(_batch.c.state == "done", _batch.c.model_version != "")
    .group_by(_batch.c.profile)
    .subquery()
)
_RATED = (
    select(_batch.c.profile, _batch.c.model_version, _batch.c.model_digest)
    .join(_latest, (_latest.c.profile == _batch.c.profile) & (_latest.c.at == _batch.c.started_at))
    .order_by(_batch.c.profile)
)
_DATA_AT = (
    select(_batch.c.ended_at)
    .where(_batch.c.state == "done")
    .order_by(_batch.c.ended_at.desc())
    .limit(1)
)
_OPEN = (
    select(_alert.c.id)
    .where(_alert.c.profile == bindparam("profile"), _alert.c.state == "open")
    .limit(1)
)

NEWEST = 1_000  # batches that are listed
DEMO = "demo"
# Action -> the key it uses.
KEYS = {
    "retention.key": "retention",
    "retention.forget": "retention",
    "retention.run": "retention",
    "audit.export": "audit",
    "packs.export": "packs",
}


@dataclass(frozen=True)
class Switched:
    """Whether a profile is on; the law and the impact assessment named for it, "" where none were.

    `learnt` says that this law allows a scorecard that was learnt from data.
    """

    on: bool
    legal_basis: str = ""
    assessment: str = ""
    learnt: bool = False


@dataclass(frozen=True)
class Serving:
    """The scorecard that rated the latest batch of a profile."""

    profile: str
    version: str
    digest: str


@dataclass(frozen=True)
class Status:
    """What stands on every page.

    `profiles` are on; `worked` are those, and others that have open alerts left. `second_person`
    says that the release of a red alert waits for one.
    """

    demo: bool
    office_name: str
    zone: str
    paused: switching.Paused | None
    scorecards: tuple[Serving, ...]
    data_at: datetime | None
    profiles: tuple[str, ...]
    worked: tuple[str, ...]
    second_person: bool


@dataclass(frozen=True)
class BatchView:
    """One run over one input, and whether its account adds up.

    `past` says that it was loaded as past and not rated; `size` how large its file is, where that
    is known; `waits` that rows which were kept back wait for a repair.
    """

    id: str
    source: str
    format: str
    profile: str
    state: str
    read: int
    accepted: int
    quarantined: int
    duplicate: int
    failed: int
    duplicate_of: str | None
    alerts: int
    model_version: str
    note: str
    actor: str
    started_at: datetime
    ended_at: datetime | None
    past: bool
    size: int | None
    waits: bool

    @property
    def adds_up(self) -> bool:
        """Whether read == accepted + quarantined + duplicate."""
        return self.read == self.accepted + self.quarantined + self.duplicate


def profile_on(store: Store, name: str, settings: Settings | None = None) -> bool:
    """Whether this profile may be used: after `init`, by `enable_profile`, or by environment."""
    return switched(store, name, settings).on


def switched(store: Store, name: str, settings: Settings | None = None) -> Switched:
    """Whether this profile is on, and the law and the assessment that were named for it."""
    with store.read() as connection:
        stated = switches.get(connection, switches.of_profile(name))
    return _switched(name, stated, settings)


def _switched(
    name: str, stated: Mapping[str, Any] | None, settings: Settings | None = None
) -> Switched:
    """What was `stated` of a profile by hand, which wins; else by the environment."""
    if stated is not None:
        return Switched(**stated)
    if settings is not None and (named := settings.basis.get(name)) is not None:
        return Switched(True, named.legal_basis, named.assessment)
    return Switched(PROFILES[name].on_after_init)


def require_profile(store: Store, name: str, settings: Settings | None = None) -> None:
    """Let pass, or raise `ProfileOff` when the profile is off."""
    if not profile_on(store, name, settings):
        raise ProfileOff(
            f"the {name} profile is off: it needs a legal basis and an impact assessment",
            do=f"riskprofile profiles enable {name} --legal-basis TEXT --assessment ID",
        )


def enable_profile(
    store: Store,
    actor: Actor,
    name: str,
    legal_basis: str,
    assessment: str,
    now: datetime,
    *,
    learnt: bool = False,
) -> None:
    """Switch a profile on, for a stated legal basis and impact assessment.

    Parameters
    ----------
    learnt : bool
        The same law allows a scorecard that was learnt from data; without, the written
        criteria serve where the profile has them.
    """
    known_profile(name)
    if not legal_basis.strip() or not assessment.strip():
        raise PolicyError(
            f"the {name} profile needs a legal basis and an impact assessment",
            do="Name both: the law that allows it, and the assessment's reference.",
        )
    stated: dict[str, Any] = {"on": True, "legal_basis": legal_basis.strip()}
    stated |= {"assessment": assessment.strip(), "learnt": learnt}
    switching.put(
        store,
        actor,
        "profile.switch",
        switches.of_profile(name),
        stated,
        "profile.enable",
        now,
        stated,
    )


def disable_profile(store: Store, actor: Actor, name: str, now: datetime) -> None:
    """Switch a profile off: nothing of it is rated any more; its alerts stay workable."""
    known_profile(name)
    switching.put(
        store,
        actor,
        "profile.switch",
        switches.of_profile(name),
        {"on": False},
        "profile.disable",
        now,
    )


def status(store: Store, actor: Actor, settings: Settings | None = None) -> Status:
    """What stands on every page: office, zone, pause, profiles, scorecards, time of the data."""
    authorise(actor, "status.look")
    with store.read() as connection:
        profiles = {name: switches.of_profile(name) for name in PROFILES}
        names = (switching.PAUSED, DEMO, switching.SECOND_PERSON, *profiles.values())
        stated_of = switches.several(connection, names)
        office = connection.execute(_OFFICE, {"office": actor.office}).first()
        rated = connection.execute(_RATED).all()
        data_at = connection.execute(_DATA_AT).scalar()
        on = [
            name
            for name, setting in profiles.items()
            if _switched(name, stated_of.get(setting), settings).on
        ]
        left = [
            name
            for name in profiles
            if name not in on and connection.execute(_OPEN, {"profile": name}).first()
        ]
    return Status(
        demo=bool(stated_of.get(DEMO, False)),
        office_name=office[0] if office else "",
        zone=office[1] if office else "UTC",
        paused=switching.told(stated_of.get(switching.PAUSED)),
        scorecards=tuple({row[0]: Serving(*row) for row in rated}.values()),
        data_at=data_at,
        profiles=tuple(on),
        worked=tuple(name for name in profiles if name in on or name in left),
        second_person=bool(stated_of.get(switching.SECOND_PERSON, True)),
    )


def batches(store: Store, actor: Actor) -> list[BatchView]:
    """The newest batches, the last one first; at most `NEWEST`, and as many older ones of which
    something is still to be done: that run, were stopped, or hold rows that wait for a repair.
    """
    authorise(actor, "batch.look")
    *names, _, _, _ = BatchView.__dataclass_fields__
    past = func.coalesce(_batch.c.options["history"].as_boolean(), false())
    waits = exists().where(_kept.c.batch_id == _batch.c.id, _kept.c.state == "waiting")
    asked: list[Any] = [*(_batch.c[name] for name in names), past, store_of_batches.SIZE, waits]
    latest = select(*asked).order_by(_batch.c.started_at.desc(), _batch.c.id).limit(NEWEST)
    with store.read() as connection:
        rows = [*connection.execute(latest).all()]
        if len(rows) == NEWEST:
            older = _batch.c.started_at < rows[-1].started_at
            left = or_(_batch.c.state.in_(("running", "stopped")), waits)
            rows += connection.execute(latest.where(older, left)).all()
    return [BatchView(*row) for row in rows]


def unfinished(store: Store, actor: Actor) -> dict[str, str]:
    """Batches that are under way or were left before their end, the oldest first: their states.

    What is stored of one that was left is on no list until its run goes on.
    """
    authorise(actor, "batch.look")
    with store.read() as connection:
        return store_of_batches.unfinished(connection)


def came_as(store: Store, actor: Actor, batch_id: str) -> tuple[str, bool, bool]:
    """The name of a batch's file, whether it was loaded as past and not to be rated, and whether
    the watcher of an inbox took it.
    """
    authorise(actor, "batch.look")
    asked = select(_batch.c.source, _batch.c.options).where(_batch.c.id == batch_id)
    with store.read() as connection:
        source, options = connection.execute(asked).one()
    said = options or {}
    return str(source), bool(said.get("history")), store_of_batches.CLAIM in said


def last_act(store: Store, actor: Actor) -> datetime | None:
    """When the last record of the audit chain was made, by the clock of who made it."""
    authorise(actor, "audit.verify")
    with store.read() as connection:
        return audit.last_at(connection)


def verify_audit(store: Store, actor: Actor) -> audit.Verdict:
    """Check the whole audit chain."""
    authorise(actor, "audit.verify")
    with store.read() as connection:
        return audit.verify(connection)


def lost_keys(store: Store, actor: Actor, home: Path) -> list[str]:
    """Keys that were used here, as the chain says, and do not lie in the home: their files.

    Without them the next command would make others: what the old ones masked stays masked, and
    what they signed is signed by nobody who is known here.

    Raises
    ------
    StoreError
        None is lost, and one cannot be used: others may read it, it is cut, or it is of another
        installation.
    """
    authorise(actor, "audit.verify")
    with store.read() as connection:
        used = audit.done(connection, list(KEYS))
        names = dict.fromkeys(name for action, name in KEYS.items() if action in used)
        lost = [name for name in names if not keys.there(home, name)]
        for name in () if lost else names:
            keys.used(connection, home, name)
    return [str(home / "keys" / f"{name}.key") for name in lost]


def copy_database(
    store: Store,
    target: Store,
    actor: Actor,
    now: datetime,
    step: Step = lambda name, done, of: None,
) -> list[Copied]:
    """Copy the whole database into an empty one; that it was copied stands in the chain first.

    `step` hears how far it is.
    """
    authorise(actor, "database.copy")
    with store.write() as connection:
        note(connection, actor, "database.copy", "database", now)
    return copying.copy(store, target, step)


def known_profile(name: str) -> None:
    """Let pass the name of a profile, or say which there are."""
    if name not in PROFILES:
        raise UsageError(f"there is no profile {name}", do=f"Choose one of {', '.join(PROFILES)}.")

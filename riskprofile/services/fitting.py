"""Fits that an analyst starts from the page: a process of its own, and a file that says how far.

The process outlives the page and a restart of its server. While it runs it holds a lock on
its log, so that one which died is told from one at work.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from riskprofile.errors import Conflict, InputError, RiskProfileError, UsageError
from riskprofile.profiles import PROFILES
from riskprofile.scoring import artefact
from riskprofile.scoring.editing import SET, Edit, edited
from riskprofile.scoring.scorecard import Scorecard
from riskprofile.services import promotion, rights
from riskprofile.services.promotion import Gate
from riskprofile.services.rights import REASON_LENGTH, Actor, authorise
from riskprofile.services.settings import Settings
from riskprofile.store import artefacts, table_bytes
from riskprofile.store.database import Store
from riskprofile.tables import Table
from riskprofile.words import Message

RUNS = "runs"  # folder of the home
TRIAL_ROWS = 60_000  # declarations of the generator on which both scorecards are tried
TRIAL = "trial.parquet"  # in a run's folder: rows of the generator that nothing was fitted on
VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,39}")
RUNNING, DONE, FAILED = "running", "done", "failed"
PROGRAM = "from training.cli import main; main()"
_started: list[subprocess.Popen[bytes]] = []  # of this process, until their end was taken note of


@dataclass(frozen=True)
class Waiver:
    """A gate that somebody lets pass, by name and reason."""

    gate: str
    who: str
    reason: str


@dataclass(frozen=True)
class Fit:
    """One fit: who started it, how far it is, and what it came to."""

    profile: str
    version: str
    by: str
    at: str  # ISO 8601
    state: str  # running, done or failed
    step: str = ""
    rows: int = 0
    fault: str = ""
    do: str = ""
    digest: str = ""
    outcomes: int = 0
    finds: int = 0
    edits: tuple[Edit, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    gates: tuple[Gate, ...] = field(default=())

    @property
    def share(self) -> float:
        """How far it is, from 0 to 1: most of the time goes into trying it on the generator."""
        done = min(1.0, self.rows / TRIAL_ROWS)
        at = {"declarations": 0.02 + 0.44 * done, "features": 0.46 + 0.44 * done, "gates": 0.92}
        return 1.0 if self.state == DONE else at.get(self.step, 0.01)

    @property
    def may_be_proposed(self) -> bool:
        """It came to its end, and every gate held or was waived."""
        return self.state == DONE and all(one.lets_pass for one in self.gates)


def free_version(taken: Collection[str], now: datetime) -> str:
    """The version of this month after the last of those that are taken.

    >>> free_version({"2026.11.4", "2026.11.2", "2026.11.1-criteria"}, datetime(2026, 11, 28))
    '2026.11.5'
    """
    month = f"{now:%Y.%m}."
    known = [one.removeprefix(month) for one in taken if one.startswith(month)]
    return f"{month}{1 + max((int(one) for one in known if one.isdecimal()), default=0)}"


def require_free(
    store: Store, settings: Settings, actor: Actor, profile: str, version: str
) -> None:
    """Refuse a version that a fit could not be proposed as, before it is made.

    Raises
    ------
    UsageError
        It is no version, or there is no such profile.
    Conflict
        A scorecard of this profile has it: shipped, proposed or promoted.
    """
    if profile not in PROFILES or not VERSION.fullmatch(version):
        raise UsageError(
            Message("refusal.version", version=repr(version)), do=Message("refusal.do_version")
        )
    known = promotion.known(store, actor, settings.models)
    if version in {one.version for one in known if one.profile == profile}:
        raise Conflict(
            Message("refusal.version_taken", profile=profile, version=version),
            do=Message("refusal.do_new_version"),
        )


def require_outcomes(labels: Table, card: Scorecard) -> None:
    """Refuse a fit on nothing.

    Raises
    ------
    RiskProfileError
        No outcome of what this scorecard rated is confirmed.
    """
    if not len(labels):
        raise RiskProfileError(
            Message("refusal.no_outcome", profile=card.profile, version=card.version),
            do=Message("refusal.do_confirm"),
        )


def start(
    store: Store,
    settings: Settings,
    actor: Actor,
    profile: str,
    version: str,
    now: datetime,
    *,
    edits: Sequence[Edit] = (),
    waivers: Sequence[Waiver] = (),
) -> Fit:
    """Start a fit on this installation's outcomes, in a process of its own.

    A version that was fitted here before and not proposed is fitted anew in its place: by who
    fitted it, or by whoever waives a gate of it.

    Raises
    ------
    UsageError
        The version cannot be used.
    Conflict
        A fit of this profile is running, the version was proposed, somebody else fitted it, or its
        gate cannot be waived, since another scorecard serves than it was measured beside.
    ScorecardError
        What it came to is damaged, and cannot be waived.
    RiskProfileError
        An edit cannot be made, a waiver lacks its reason.
    """
    authorise(actor, "model.propose")
    require_free(store, settings, actor, profile, version)
    edited(promotion.serving(store, settings.models, profile), edits)
    for waiver in waivers:
        if len(waiver.reason.strip()) < REASON_LENGTH:
            raise RiskProfileError(
                Message("refusal.reason_waiver", n=REASON_LENGTH), do=Message("refusal.do_why")
            )
    found = fits(settings, actor, profile)
    if running := [one for one in found if one.state == RUNNING]:
        raise Conflict(
            Message("refusal.fitting", version=running[0].version), do=Message("refusal.do_end")
        )
    others = {one.version: one.by for one in found if one.by != actor.name}
    if version in others and not waivers:
        raise Conflict(
            Message("refusal.fitted_by", who=others[version], version=version),
            do=Message("refusal.do_new_version"),
        )
    if waivers and any((one.version, one.state) == (version, DONE) for one in found):
        # Bins that it was edited in are bins of what served, as its gates are measures beside that.
        promotion.require_beside(store, settings.models, folder_of(settings, profile, version))
    folder = settings.home / RUNS
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.rmtree(folder / f"{profile}-{version}", ignore_errors=True)
    told = Fit(
        profile=profile,
        version=version,
        by=actor.name,
        at=now.isoformat(),
        state=RUNNING,
        step="outcomes",
        edits=tuple(edits),
        waivers=tuple(waivers),
    )
    with store.write() as connection:
        made = {"edits": [*map(asdict, edits)], "waivers": [*map(asdict, waivers)]}
        detail = {"profile": profile, "version": version, **made}
        about, office = f"scorecard:{profile}", actor.office
        rights.note(connection, actor, "model.fit", about, now, detail, office=office)
    note(_state(settings, profile, version), told)
    _spawn(settings, told)
    return told


def fits(settings: Settings, actor: Actor, profile: str) -> list[Fit]:
    """Fits of a profile that were started from the page, the newest first."""
    authorise(actor, "model.look")
    _started[:] = [one for one in _started if one.poll() is None]
    told = []
    for path in (settings.home / RUNS).glob(f"{profile}-*.json"):
        try:
            one = read(path)
        except (OSError, ValueError, TypeError, KeyError):
            continue  # not written by this version
        if one.state == RUNNING and not _alive(path.with_suffix(".log")):
            try:
                one = read(path)  # it may have ended between the two looks
            except (OSError, ValueError, TypeError, KeyError):
                continue
            if one.state == RUNNING:
                one = replace(one, state=FAILED, fault=_last_words(path.with_suffix(".log")))
        told.append(one)
    return sorted(told, key=lambda one: (one.at, one.version), reverse=True)


def edits_of(settings: Settings, actor: Actor, card: Scorecard) -> tuple[Edit, ...]:
    """The edits that a scorecard was fitted with from the page; none of any other scorecard."""
    found = fits(settings, actor, card.profile)
    return next((one.edits for one in found if one.digest == card.digest), ())


def folder_of(settings: Settings, profile: str, version: str) -> Path:
    """Where the files of a fit lie."""
    return settings.home / RUNS / f"{profile}-{version}"


def files_of(settings: Settings, actor: Actor, profile: str, version: str) -> dict[str, bytes]:
    """The files of a fit that came to its end, as its manifest lists them."""
    authorise(actor, "model.look")
    return artefacts.read(folder_of(settings, profile, version))


def scorecard(settings: Settings, actor: Actor, profile: str, version: str) -> Scorecard:
    """The scorecard of a fit, checked against its manifest; it serves nothing."""
    folder = folder_of(settings, profile, version)
    return artefact.parse(files_of(settings, actor, profile, version), folder.name)


def trial(settings: Settings, actor: Actor, profile: str, card: Scorecard) -> Table | None:
    """Rows of the generator from the newest fit, with `value` and what tells them apart
    (`slice:NAME`); None before the first fit. Not to be altered: others read it too.
    """
    for one in fits(settings, actor, profile):
        path = folder_of(settings, profile, one.version) / TRIAL
        if one.state == DONE and path.is_file():
            table = _trial(path, path.stat().st_mtime_ns)
            if set(card.features) <= set(table.columns):
                return table
    return None


@lru_cache(maxsize=1)  # 40 MB, read from a file in a fifth of a second: each click asks it
def _trial(path: Path, changed: int) -> Table:
    return table_bytes.from_bytes(path.read_bytes())


def propose(
    store: Store, settings: Settings, actor: Actor, profile: str, version: str, now: datetime
) -> str:
    """Propose what a fit came to, for two people to sign; its digest.

    Raises
    ------
    InputError
        There is no such fit, or it has not ended.
    """
    found = [one for one in fits(settings, actor, profile) if one.version == version]
    if not found or found[0].state != DONE:
        raise InputError(
            Message("refusal.not_fitted", profile=profile, version=version),
            do=Message("refusal.do_start"),
        )
    folder = folder_of(settings, profile, version)
    return promotion.propose(store, actor, folder, now, settings.models)


def note(path: Path, told: Fit) -> None:
    """Write how far a fit is, whole or not at all."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(asdict(told), ensure_ascii=False), "utf-8")
    new.replace(path)


def read(path: Path) -> Fit:
    """A fit as its file tells it."""
    told: dict[str, Any] = json.loads(path.read_text("utf-8"))
    for name, kind in (("edits", Edit), ("waivers", Waiver), ("gates", Gate)):
        told[name] = tuple(kind(**one) for one in told[name])
    return Fit(**told)


def _state(settings: Settings, profile: str, version: str) -> Path:
    return settings.home / RUNS / f"{profile}-{version}.json"


def _spawn(settings: Settings, told: Fit) -> None:
    state = _state(settings, told.profile, told.version)
    command = [sys.executable, "-c", PROGRAM, "fit", "--profile", told.profile]
    command += ["--version", told.version, "--home", str(settings.home)]
    command += ["--out", str(folder_of(settings, told.profile, told.version))]
    command += ["--state", str(state)]
    for edit in told.edits:
        bin = f":{edit.bin}:{edit.points}" if edit.how == SET else ""
        command += [f"--{edit.how}", f"{edit.term}{bin}"]
    for waiver in told.waivers:
        command += ["--waive", f"{waiver.gate}:{waiver.who}:{waiver.reason}"]
    environment = {
        **os.environ,
        "RISKPROFILE_DATABASE_URL": settings.database_url,
        "RISKPROFILE_MODELS": str(settings.models),
    }
    with state.with_suffix(".log").open("wb") as log:
        _hold(log)
        # Its own session: a page server that stops does not take it along.
        _started.append(
            subprocess.Popen(  # noqa: S603
                command, stdout=log, stderr=log, env=environment, start_new_session=True
            )
        )


def _hold(log: Any) -> None:
    """A lock that lives as long as anybody holds the file open: the process does."""
    try:
        import fcntl
    except ImportError:  # Windows: a fit that died looks as if it ran
        return
    fcntl.flock(log, fcntl.LOCK_EX)


def _alive(log: Path) -> bool:
    try:
        import fcntl
    except ImportError:
        return True
    try:
        with log.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def _last_words(log: Path) -> str:
    try:
        lines = log.read_text("utf-8", "replace").strip().splitlines()
    except OSError:
        lines = []
    return Message("refusal.died", words=lines[-1][:200] if lines else "–")

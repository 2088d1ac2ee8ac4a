"""init, doctor, db: a home is made, looked over and kept up to date."""

from __future__ import annotations

import os
import secrets
import shlex
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from riskprofile.cli import output
from riskprofile.cli.app import (
    Home,
    Json,
    app,
    examples,
    must_be_there,
    now,
    opened,
    owner,
    settings_of,
)
from riskprofile.cli.page import answers
from riskprofile.errors import Conflict, RiskProfileError, ScorecardError
from riskprofile.profiles import PROFILES
from riskprofile.services import (
    check_counts,
    federated,
    finishing,
    govern,
    identity,
    offices,
    promotion,
    registers,
    switching,
    under_way,
)
from riskprofile.services.settings import Settings, make_home, open_store, unheeded
from riskprofile.store import audit
from riskprofile.store.database import Store

APART = timedelta(minutes=5)  # the clocks of several machines differ

database = typer.Typer(help="The database.", no_args_is_help=True)
app.add_typer(database, name="db")


@app.command(epilog=examples("riskprofile init --offices offices.csv"))
def init(
    offices: Annotated[
        Path | None, typer.Option(help="A table: code, name, zone, country, capacity.")
    ] = None,
    admin: Annotated[str, typer.Option(help="Name of the first administrator.")] = "admin",
    home: Home = None,
    json: Json = False,
) -> int:
    """Make the home, the database, the offices and the first administrator."""
    with opened(home) as (settings, store):
        loaded = registers.load(store, owner(), "offices", offices, now()) if offices else None
        password = None
        if not identity.accounts(store, owner()):
            given = secrets.token_urlsafe(15)
            with suppress(Conflict):  # another `init` was first meanwhile
                identity.add_account(
                    store,
                    owner(),
                    name=admin,
                    role="administrator",
                    office=None,
                    password=given,
                    now=now(),
                    first=True,
                )
                password = given
    taken = loaded.read - loaded.quarantined if loaded else 0
    bad = loaded.rejected if loaded else []
    told = {"home": str(settings.home), "offices": taken, "administrator": admin}
    told["password"] = password
    for one in bad:
        output.note(f"{one.source}:{one.line}: not taken: {one.reason}")
    made = f"first administrator: {admin}, password {password} (shown this once)"
    output.done(
        told,
        f"home {settings.home}, {output.counted(taken, 'office')} loaded",
        made if password else "accounts exist already: none was made",
        "next: riskprofile users add NAME --role officer --office CODE; riskprofile serve",
        as_json=json,
    )
    return 3 if bad else 0


@app.command()
def doctor(home: Home = None, json: Json = False) -> int:
    """Check home, database, scorecards, offices, accounts and audit; say what to mend."""
    checks: list[dict[str, Any]] = []

    def check(name: str, run: Callable[[], object]) -> None:
        try:
            found = run()
            said = getattr(found, "version", found)
            checks.append({"check": name, "ok": True, "says": str(said)})
        except RiskProfileError as error:
            checks.append({"check": name, "ok": False, "says": str(error)})
        except OSError as error:  # the other checks are told all the same
            says = f"{error.filename}: {error.strerror}. Check owner and rights."
            checks.append({"check": name, "ok": False, "says": says})

    settings = settings_of(home)
    store: list[Store] = []

    def opened_here() -> Store:
        store.append(open_store(settings))
        return store[0]

    check("home", lambda: _home(settings))
    check("settings", lambda: _heeded(unheeded(os.environ, PROFILES)))

    def writable() -> str:
        opened_here().check_rights()
        return store[0].where

    if settings.home.is_dir():  # else it would be made here, and be in order
        check("database", writable)
    if store:
        for name in PROFILES:
            serving = partial(promotion.serving, store[0], settings.models, name)
            check(f"scorecard {name}", serving)
        base = store[0]
        check("offices", lambda: output.counted(len(offices.zones(base)), "office"))
        people = partial(identity.accounts, base, owner())
        check("accounts", lambda: output.counted(len(people()), "account"))
        check("batches", lambda: _unfinished(base, settings))
        check("rating", lambda: _rating(switching.paused(base)))
        check("audit", lambda: _chain(govern.verify_audit(base, owner())))
        check("clock", lambda: _clock(govern.last_act(base, owner()), now()))
        check("keys", lambda: _keys(govern.lost_keys(base, owner(), settings.home)))
        given = partial(check_counts.by_day, base, owner(), now())
        switched = "on" if settings.exporters_page else "off"
        check("single sign-on", lambda: federated.check(settings))
        check("exporters' page", lambda: f"{switched}, {answers(given())} in 30 days")
        base.close()
    said = (f"{'ok' if one['ok'] else '!!'}  {one['check']}: {one['says']}" for one in checks)
    output.done({"checks": checks}, *said, as_json=json)
    return 0 if all(one["ok"] for one in checks) else 1


def _home(settings: Settings) -> Path:
    """A home that is there, and that its owner may write, and nobody else."""
    home = settings.home
    must_be_there(home)
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        raise RiskProfileError(
            "nothing can be written here", where=str(home), do="Check owner and rights."
        )
    make_home(settings)  # one that is empty becomes its owner's alone, as before any command
    mode = stat.S_IMODE(home.stat().st_mode)
    if os.name == "posix" and mode & 0o077:
        raise RiskProfileError(
            f"others may read or change what lies here (mode {mode:04o})",
            where=str(home),
            do=f"chmod 700 {shlex.quote(str(home))}",
        )
    return home


def _heeded(without: list[str]) -> str:
    """That whoever set something of the environment is heeded."""
    if without:
        raise RiskProfileError(
            f"nothing reads {', '.join(without)}",
            where="environment",
            do="Correct the name or take it out; a law and an assessment belong together.",
        )
    return "all that the environment names are known"


def _rating(paused: switching.Paused | None) -> str:
    """Why nothing new is rated, where that is so: somebody wanted it."""
    if paused is None:
        return "goes on"
    return f"paused by {paused.by} since {paused.since:%Y-%m-%d %H:%M} UTC: {paused.why}"


def _chain(verdict: audit.Verdict) -> str:
    """How long the chain is, where it is whole."""
    if not verdict.ok:
        raise audit.broken(verdict)
    return output.counted(verdict.records, "record")


def _clock(last: datetime | None, at: datetime) -> str:
    """What it says, where that is no earlier than what was done here."""
    said = f"{at:%Y-%m-%d %H:%M} UTC"
    if last is not None and last - at > APART:
        raise RiskProfileError(
            f"it says {said}, and the last record of the audit is of {last:%Y-%m-%d %H:%M}",
            do="Set it, here or on the machine that wrote that record: sessions end, the past is "
            "known and records are forgotten by the clock.",
        )
    return said


def _keys(lost: list[str]) -> str:
    """What a restored database misses that was restored alone."""
    if lost:
        raise RiskProfileError(
            f"not here, and used before: {', '.join(lost)}",
            do="Copy it from the machine that used it, or restore it from the backup.",
        )
    return "all that were used are here"


def _unfinished(store: Store, settings: Settings) -> str:
    """What to do about batches that did not end: of one that is read nobody knows it will not."""
    for batch, (rated, do) in finishing.stuck(store, settings, owner()).items():
        raise ScorecardError(
            f"{batch} did not end and cannot here, without {rated} that rated it: its rows are on "
            "no list",
            do=do,
        )
    found = under_way.batches_here(store, settings, owner())
    stopped = {one.id for one in found if one.state == "stopped"}
    batches = govern.unfinished(store, owner())
    left = [one for one in batches if one in stopped]
    named = left or [*batches]
    if not named:
        return "all have ended"
    more = f" and {len(named) - 1} more" if len(named) > 1 else ""
    source, past, taken = govern.came_as(store, owner(), named[0])
    again = "history load" if past else "score"  # rated, the past would be on officers' lists
    do = f"`{again} --resume` on its file {source}"
    if taken:
        do = f"the watcher of its inbox goes on with {source}; start it where none runs"
    do += f", or `riskprofile finish {named[0]} --reason ...` without it"
    if left:
        lost = "not known as past yet" if past else "on no list"
        raise RiskProfileError(
            f"{left[0]}{more} was left before its end, so its rows are {lost}", do=do
        )
    return f"{named[0]}{more} under way; if its program died: {do}"


@database.command()
def upgrade(home: Home = None, json: Json = False) -> None:
    """Bring the database to this release."""
    with (
        output.progress("bringing the database to this release"),
        opened(home) as (settings, store),
    ):
        stuck = finishing.stuck(store, settings, owner())
    said = f"the database of {settings.home} is of this release"
    named = {batch: rated for batch, (rated, _) in stuck.items()}
    output.done({"upgraded": True, "stuck": named}, said, as_json=json)
    for batch, (rated, do) in stuck.items():
        output.note(f"batch {batch} cannot end without {rated} that rated it. {do}")


@database.command(
    "copy",
    epilog=examples(
        "riskprofile db copy --to postgresql://riskprofile@db.office.example/riskprofile"
    ),
)
def copy_database(
    to: Annotated[str, typer.Option(help="sqlite:////folder/file.db or postgresql://user@host/db")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Copy everything into an empty database, SQLite or PostgreSQL, and compare."""
    with opened(home) as (_, store):
        target = Store.open(to)
        try:
            with output.progress("copying") as progress:
                told = govern.copy_database(store, target, owner(), now(), progress.step)
        finally:
            target.close()
    rows = output.counted(sum(one.rows for one in told), "row")
    said = f"{rows} of {len(told)} tables copied, equal; the audit chain is whole"
    output.done({"tables": [*map(asdict, told)]}, said, as_json=json)

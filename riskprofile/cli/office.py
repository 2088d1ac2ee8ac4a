"""init, users, serve, pause, resume, blind-first, export selections, db, doctor, checks, sbom."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from functools import partial
from json import dumps
from pathlib import Path
from typing import Annotated, Any

import typer

from riskprofile.cli import output
from riskprofile.cli.app import Home, Json, app, now, owner, settings_of
from riskprofile.errors import RiskProfileError, UsageError
from riskprofile.intake.quarantine import whole_or_nothing
from riskprofile.profiles import PROFILES
from riskprofile.services import (
    blind,
    check_counts,
    govern,
    identity,
    materials,
    own_account,
    promotion,
    registers,
    results,
    training_log,
)
from riskprofile.services.selections import selections as selected
from riskprofile.services.settings import CHECKOUT, Settings, open_store
from riskprofile.store.database import Store

users = typer.Typer(help="Accounts of the page.", no_args_is_help=True)
export = typer.Typer(help="Back to the declaration system.", no_args_is_help=True)
database = typer.Typer(help="The database.", no_args_is_help=True)
for group, name in ((users, "users"), (export, "export"), (database, "db")):
    app.add_typer(group, name=name)


@contextmanager
def opened(home: Path | None) -> Iterator[tuple[Settings, Store]]:
    """The settings and the open database of a home."""
    settings = settings_of(home)
    store = open_store(settings)
    try:
        yield settings, store
    finally:
        store.close()


@app.command()
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
            password = secrets.token_urlsafe(15)
            identity.add_account(
                store,
                owner(),
                name=admin,
                role="administrator",
                office=None,
                password=password,
                now=now(),
            )
    taken = loaded.read - loaded.quarantined if loaded else 0
    bad = loaded.rejected if loaded else []
    told = {"home": str(settings.home), "offices": taken, "administrator": admin}
    told["password"] = password
    for one in bad:
        output.note(f"{one.source}:{one.line}: not taken: {one.reason}")
    if json:
        output.as_json(told)
        return 3 if bad else 0
    output.say(f"home {settings.home}, {taken} offices loaded")
    if password:
        output.say(f"first administrator: {admin}, password {password} (shown this once)")
    else:
        output.say("accounts exist already: none was made")
    output.say("next: riskprofile users add NAME --role officer --office CODE; riskprofile serve")
    return 3 if bad else 0


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="Port of the page.")] = 8501,
    host: Annotated[str, typer.Option(help="Address; other than loopback needs TLS.")] = "",
    certfile: Annotated[Path | None, typer.Option(help="TLS certificate (PEM).")] = None,
    keyfile: Annotated[Path | None, typer.Option(help="Its key (PEM).")] = None,
    hosts: Annotated[
        list[str] | None, typer.Option("--hosts", help="A host name under which it is reached.")
    ] = None,
    home: Home = None,
) -> int:
    """The officers' page. Plain HTTP on loopback only; with a certificate, for the office."""
    page(settings_of(home), port, certfile, keyfile, host, hosts or ())
    return 0


def page(
    settings: Settings,
    port: int,
    certfile: Path | None = None,
    keyfile: Path | None = None,
    host: str = "",
    hosts: Sequence[str] = (),
) -> None:
    """Run the page until it is stopped. It lives in another package, above this one."""
    from importlib import import_module

    try:
        server = import_module("app.server")
    except ImportError as error:
        raise RiskProfileError(
            f"the page is not installed ({error})", do="Install the checkout: pip install -e ."
        ) from error
    server.serve(settings, host=host or "127.0.0.1", port=port, certfile=certfile, keyfile=keyfile)


@users.command("add")
def add_user(
    name: Annotated[str, typer.Argument()],
    role: Annotated[str, typer.Option(help=", ".join(identity.ROLES))],
    office: Annotated[str | None, typer.Option(help="Code; none is every office.")] = None,
    totp: Annotated[bool, typer.Option(help="With a second factor.")] = False,
    password: Annotated[
        str | None, typer.Option(envvar="RISKPROFILE_PASSWORD", help="Else one is made.")
    ] = None,
    home: Home = None,
    json: Json = False,
) -> int:
    """Make an account."""
    chosen = password or secrets.token_urlsafe(15)
    with opened(home) as (settings, store):
        if role in settings.second_factor_roles and not totp:
            raise UsageError(f"the role {role} needs a second factor here", do="Add --totp.")
        secret = identity.add_account(
            store,
            owner(),
            name=name,
            role=role,
            office=office,
            password=chosen,
            now=now(),
            totp=totp,
        )
    told = {"user": name, "role": role, "office": office}
    told |= {"password": None if password else chosen, "totp_secret": secret}
    if json:
        output.as_json(told)
        return 0
    shown = "" if password else f", password {chosen} (shown this once)"
    output.say(f"{name}, {role}, {office or 'every office'}{shown}")
    if secret:
        output.say(f"second factor: {secret} (shown this once)")
    return 0


@users.command("list")
def list_users(home: Home = None, json: Json = False) -> int:
    """Every account."""
    with opened(home) as (_, store):
        found = identity.accounts(store, owner())
    if json:
        output.as_json({"accounts": [asdict(one) for one in found]})
        return 0
    for one in found:
        state = "disabled" if one.disabled_at else "in use"
        output.say(f"{one.name}  {one.role}  {one.office or 'every office'}  {state}")
    return 0


@users.command("second-factor")
def second_factor(
    name: Annotated[str, typer.Argument()], home: Home = None, json: Json = False
) -> int:
    """A new second factor for an account; its sessions end."""
    with opened(home) as (_, store):
        secret = own_account.set_second_factor(store, owner(), name, now())
    if json:
        output.as_json({"user": name, "totp_secret": secret})
    else:
        output.say(f"{name}, second factor: {secret} (shown this once)")
    return 0


@users.command("trained")
def trained_user(
    name: Annotated[str, typer.Argument()],
    on: Annotated[str, typer.Option(help="Day of the training, as 2026-11-24; else today.")] = "",
    home: Home = None,
    json: Json = False,
) -> int:
    """Record a training: from the first on, nobody decides without one within 12 months."""
    try:
        day = date.fromisoformat(on) if on else now().date()
    except ValueError:
        raise UsageError(f"--on {on} is no day", do="Write it as 2026-11-24.") from None
    with opened(home) as (_, store):
        training_log.record(store, owner(), name, day, now())
    if json:
        output.as_json({"user": name, "trained": day.isoformat()})
    else:
        output.say(f"{name} was trained on {day}")
    return 0


@users.command("disable")
def disable_user(
    name: Annotated[str, typer.Argument()], home: Home = None, json: Json = False
) -> int:
    """Close an account; its sessions end at once."""
    with opened(home) as (_, store):
        identity.disable_account(store, owner(), name, now())
    if json:
        output.as_json({"user": name, "disabled": True})
    else:
        output.say(f"{name} is disabled and signed out")
    return 0


@app.command()
def pause(
    why: Annotated[str, typer.Option(help="The reason, shown on every page.")],
    home: Home = None,
    json: Json = False,
) -> int:
    """The kill switch: nothing new is rated; the queue stays workable by hand."""
    with opened(home) as (_, store):
        govern.pause(store, owner(), why, now())
    if json:
        output.as_json({"paused": True})
    else:
        output.say("rating is paused")
    return 0


@app.command()
def blind_first(
    share: Annotated[
        float | None, typer.Option(help="Of the alerts made from now on, 0 to 1; 0 switches off.")
    ] = None,
    home: Home = None,
    json: Json = False,
) -> int:
    """Say, or set, which share of alerts an officer first judges without the rating."""
    with opened(home) as (_, store):
        lifted = 0 if share is None else blind.set_share(store, owner(), share, now())
        stands = blind.share(store, owner())
    if json:
        output.as_json({"share": stands, "lifted": lifted})
    else:
        output.say(f"{stands:.1%} of alerts wait for an officer's own view before they are rated")
        if lifted:
            output.say(f"{lifted} alerts waited for one and are shown with their rating now")
    return 0


@app.command()
def resume(home: Home = None, json: Json = False) -> int:
    """Let rating go on."""
    with opened(home) as (_, store):
        govern.resume(store, owner(), now())
    if json:
        output.as_json({"paused": False})
    else:
        output.say("rating goes on")
    return 0


@export.command()
def selections(
    out: Annotated[Path, typer.Option(help="CSV; - is stdout.")] = Path("-"),
    since: Annotated[
        str | None, typer.Option(help="Leave out what was made before (ISO 8601).")
    ] = None,
    home: Home = None,
    json: Json = False,
) -> int:
    """Lanes and decisions for the declaration system, each exactly once."""
    try:
        again = datetime.fromisoformat(since) if since else None
    except ValueError as error:
        raise UsageError(f"--since {since}: {error}", do="Write 2026-11-24T08:00+00:00") from error
    with opened(home) as (_, store):
        chosen = selected(
            store, owner(), again, now(), write=lambda table: results.write_csv(table, out)
        )
    if json:
        output.as_json({"selections": len(chosen)})
    elif str(out) != "-":
        output.say(f"{len(chosen)} selections in {out}")
    return 0


@database.command()
def upgrade(home: Home = None, json: Json = False) -> int:
    """Bring the database to this release."""
    with opened(home) as (settings, _):
        pass
    if json:
        output.as_json({"upgraded": True})
    else:
        output.say(f"the database of {settings.home} is of this release")
    return 0


@database.command("copy")
def copy_database(
    to: Annotated[str, typer.Option(help="sqlite:////folder/file.db or postgresql://user@host/db")],
    home: Home = None,
    json: Json = False,
) -> int:
    """Copy everything into an empty database, SQLite or PostgreSQL, and compare."""
    with opened(home) as (_, store):
        target = Store.open(to)
        try:
            told = govern.copy_database(store, target, owner(), now())
        finally:
            target.close()
    if json:
        output.as_json({"tables": [asdict(one) for one in told]})
    else:
        rows = sum(one.rows for one in told)
        output.say(f"{rows} rows of {len(told)} tables copied, equal; the audit chain is whole")
    return 0


@app.command()
def sbom(
    out: Annotated[Path | None, typer.Option(help="The file to write; else stdout.")] = None,
    lock: Annotated[Path, typer.Option(help="The lock file.")] = CHECKOUT / materials.LOCK,
) -> int:
    """The bill of materials (CycloneDX JSON): every package with version, hashes and licence."""
    told = dumps(materials.bill(lock), indent=1) + "\n"
    if out is None:
        output.say(told.rstrip())
        return 0
    with whole_or_nothing(out) as stream:
        stream.write(told.encode())
    output.say(f"written: {out}")
    return 0


def _unfinished(batches: list[str]) -> str:
    """What to do about batches that did not end: they may be under way."""
    if not batches:
        return "all have ended"
    more = f" and {len(batches) - 1} more" if len(batches) > 1 else ""
    return (
        f"{batches[0]}{more} under way or left before the end; what was left goes on with"
        " `score --resume` on its file, or by repairing its rows again"
    )


@app.command()
def checks(
    days: Annotated[int, typer.Option(min=1, max=3660, help="How many, today included.")] = 30,
    home: Home = None,
    json: Json = False,
) -> int:
    """How many answers the exporters' page gave, by day (UTC). Nothing else of them is kept."""
    with opened(home) as (settings, store):
        found = check_counts.by_day(store, owner(), now(), days)
    if json:
        told = {"on": settings.exporters_page, "answers": sum(found.values()), "days": found}
        output.as_json(told)
        return 0
    for day, answers in found.items():
        output.say(f"{day}  {answers}")
    switched = "on" if settings.exporters_page else "off"
    output.say(f"the exporters' page is {switched}; {_answers(found)} in {days} days")
    return 0


def _answers(found: dict[str, int]) -> str:
    return f"{sum(found.values())} answers"


@app.command()
def doctor(home: Home = None, json: Json = False) -> int:
    """Check home, database, scorecards, offices and accounts; say what to mend."""
    checks: list[dict[str, Any]] = []

    def check(name: str, run: Callable[[], object]) -> None:
        try:
            found = run()
            said = getattr(found, "version", found)
            checks.append({"check": name, "ok": True, "says": str(said)})
        except RiskProfileError as error:
            checks.append({"check": name, "ok": False, "says": str(error)})

    settings = settings_of(home)
    store: list[Store] = []

    def opened_here() -> Store:
        store.append(open_store(settings))
        return store[0]

    check("home", lambda: settings.home)
    check("database", lambda: opened_here().where)
    if store:
        for name in PROFILES:
            serving = partial(promotion.serving, store[0], settings.models, name)
            check(f"scorecard {name}", serving)
        base = store[0]
        check("offices", lambda: f"{len(govern.zones(base))} offices")
        check("accounts", lambda: f"{len(identity.accounts(base, owner()))} accounts")
        check("batches", lambda: _unfinished(govern.unfinished(base, owner())))
        check("audit", lambda: f"{govern.verify_audit(base, owner()).records} records")
        given = partial(check_counts.by_day, base, owner(), now())
        switched = "on" if settings.exporters_page else "off"
        check("exporters' page", lambda: f"{switched}, {_answers(given())} in 30 days")
        base.close()
    if json:
        output.as_json({"checks": checks})
    else:
        for one in checks:
            output.say(f"{'ok' if one['ok'] else '!!'}  {one['check']}: {one['says']}")
    return 0 if all(one["ok"] for one in checks) else 1

"""users add, list, second-factor, trained, disable: the accounts of the page."""

from __future__ import annotations

import os
import secrets
from dataclasses import asdict
from datetime import date
from typing import Annotated

import typer

from riskprofile.cli import output
from riskprofile.cli.app import Home, Json, app, examples, now, opened, owner
from riskprofile.errors import StoreError, UsageError
from riskprofile.services import identity, own_account, training_log
from riskprofile.store import practice

PASSWORD = "RISKPROFILE_PASSWORD"  # noqa: S105 - the name of a variable
users = typer.Typer(help="Accounts of the page.", no_args_is_help=True)
app.add_typer(users, name="users")


@users.command("add", epilog=examples("riskprofile users add mira --role officer --office XMAIR"))
def add_user(
    name: Annotated[str, typer.Argument()],
    role: Annotated[str, typer.Option(help=", ".join(identity.ROLES))],
    office: Annotated[str | None, typer.Option(help="Code; none is every office.")] = None,
    totp: Annotated[bool, typer.Option(help="With a second factor.")] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Make an account, with the password in RISKPROFILE_PASSWORD, or with one that is made."""
    password = os.environ.get(PASSWORD)
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
    # Who exported their own to sign in with it gives it to the new account as well: that is said.
    shown = f"the one in {PASSWORD}" if password else f"{chosen} (shown this once)"
    said = [f"{name}, {role}, {office or 'every office'}, password {shown}"]
    if secret:
        said.append(f"second factor: {secret} (shown this once)")
    output.done(told, *said, as_json=json)


@users.command("list")
def list_users(home: Home = None, json: Json = False) -> None:
    """Every account."""
    with opened(home) as (_, store):
        found = identity.accounts(store, owner())
    said = (
        f"{one.name}  {one.role}  {one.office or 'every office'}  "
        f"{'disabled' if one.disabled_at else 'in use'}"
        for one in found
    )
    output.done({"accounts": [*map(asdict, found)]}, *said, as_json=json)


@users.command("second-factor", epilog=examples("riskprofile users second-factor mira"))
def second_factor(
    name: Annotated[str, typer.Argument()], home: Home = None, json: Json = False
) -> None:
    """A new second factor for an account; its sessions end."""
    with opened(home) as (_, store):
        secret = own_account.set_second_factor(store, owner(), name, now())
    said = f"{name}, second factor: {secret} (shown this once)"
    output.done({"user": name, "totp_secret": secret}, said, as_json=json)


@users.command("trained", epilog=examples("riskprofile users trained mira --on 2026-11-20"))
def trained_user(
    name: Annotated[str, typer.Argument()],
    on: Annotated[str, typer.Option(help="Day of the training, as 2026-11-24; else today.")] = "",
    home: Home = None,
    json: Json = False,
) -> None:
    """Record a training: from the first on, nobody decides without one within 12 months."""
    try:
        day = date.fromisoformat(on) if on else now().date()
    except ValueError:
        raise UsageError(f"--on {on} is no day", do="Write it as 2026-11-24.") from None
    with opened(home) as (_, store):
        training_log.record(store, owner(), name, day, now())
    made = {"user": name, "trained": day.isoformat()}
    output.done(made, f"{name} was trained on {day}", as_json=json)


@users.command("disable", epilog=examples("riskprofile users disable mira"))
def disable_user(
    name: Annotated[str, typer.Argument()], home: Home = None, json: Json = False
) -> None:
    """Close an account; its sessions end at once, and what is kept of its practice is removed."""
    with opened(home) as (settings, store):
        identity.disable_account(store, owner(), name, now())
        try:
            practice.forget(settings.home, account=name)
        except StoreError as error:  # closed it is: that comes first, and is not tried again
            raise StoreError(
                f"{name} is disabled and signed out; what is kept of its practice is not removed: "
                f"{error.what}",
                where=error.where,
                do="Take that file away: it holds 30 days of practice and nothing else.",
            ) from None
    said = f"{name} is disabled and signed out"
    output.done({"user": name, "disabled": True}, said, as_json=json)

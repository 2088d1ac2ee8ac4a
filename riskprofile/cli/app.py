"""The application, and what every command takes."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from riskprofile.services import identity
from riskprofile.services import settings as configuration
from riskprofile.services.identity import Actor
from riskprofile.services.settings import Settings


def exit_with(code: int | None, **_: object) -> None:
    """What a command returns is its exit code."""
    raise typer.Exit(code or 0)


app = typer.Typer(
    result_callback=exit_with,
    name="riskprofile",
    help="Rates declarations for firearms-trafficking risk and says why. A named officer decides.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=True,
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, last on stdout.")]
Home = Annotated[
    Path | None, typer.Option("--home", help="The folder of this installation.", show_default=False)
]
As = Annotated[str | None, typer.Option("--as", help="Act as this account.", show_default=False)]


def now() -> datetime:
    """The clock: read here, handed down from here."""
    return datetime.now(UTC)


def settings_of(home: Path | None, **flags: Any) -> Settings:
    """The settings of this run: flag > environment > config file > default."""
    return configuration.load(home=home, **flags)


def owner() -> Actor:
    """Who runs this command: the operating-system owner of the home."""
    try:
        return identity.owner(getpass.getuser())
    except (KeyError, OSError):
        return identity.OWNER

"""The application, and what every command takes.

Nothing of the program is read here, so that what only tells about commands is there at once.
"""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from riskprofile.cli.commands import Commands
from riskprofile.errors import RiskProfileError, UsageError

if TYPE_CHECKING:
    from riskprofile.services.identity import Actor
    from riskprofile.services.settings import Settings
    from riskprofile.store.database import Store


def exit_with(code: int | None, **_: object) -> None:
    """What a command returns is its exit code."""
    raise typer.Exit(code or 0)


app = typer.Typer(
    cls=Commands,
    result_callback=exit_with,
    name="riskprofile",
    help="Rates declarations for firearms-trafficking risk and says why. A named officer decides.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=True,
)


@app.callback()
def _root() -> None:
    """Keep this a group, though none of its commands is read yet."""


def named(text: str) -> Path:
    """A path as given; an empty one, as of a variable that is not set, names no folder."""
    if not text:
        raise typer.BadParameter("an empty name")
    return Path(text)


def examples(*calls: str) -> str:
    """The end of a command's help: how it is called, each call on a line that nothing breaks."""
    return "\n".join(["\b", "For example:", *calls])


Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, last on stdout.")]
Home = Annotated[
    Path | None,
    typer.Option(
        "--home", parser=named, help="The folder of this installation.", show_default=False
    ),
]
As = Annotated[str | None, typer.Option("--as", help="Act as this account.", show_default=False)]
Code = Annotated[
    str, typer.Option(envvar="RISKPROFILE_CODE", help="Of the second factor, if it has one.")
]


def now() -> datetime:
    """The clock: read here, handed down from here."""
    return datetime.now(UTC)


def moment(text: str, option: str, *, zoned: bool = False) -> datetime:
    """A day or time as given; one without a zone is UTC, or refused if it has to be `zoned`."""
    do = "Write 2026-11-24T08:00+00:00"
    try:
        found = datetime.fromisoformat(text)
        aware = found if found.tzinfo else found.replace(tzinfo=UTC)
        aware.astimezone(UTC)  # at the ends of the calendar it may have no time there
    except (ValueError, OverflowError):
        do += "" if zoned else ", or 2026-11-24"
        raise UsageError(f"{option} {text} is no day or time", do=do) from None
    if zoned and found.tzinfo is None:
        raise UsageError(f"{option} {text}: the zone is missing", do=do)
    return aware


def settings_of(home: Path | None, **flags: Any) -> Settings:
    """The settings of this run: flag > environment > config file > default."""
    from riskprofile.services import settings

    return settings.load(home=home, **flags)


def must_be_there(home: Path) -> None:
    """Refuse a home that is none: it would be made here, and be in order with nothing in it."""
    if not home.is_dir():
        raise RiskProfileError(
            "there is no installation here",
            where=str(home),
            do="Name it with --home or RISKPROFILE_HOME, or make one: riskprofile init",
        )


@contextmanager
def opened(home: Path | None, *, there: bool = False) -> Iterator[tuple[Settings, Store]]:
    """The settings and the open database of a home; one that is not there is made, or refused.

    It has to be `there` for what says that all is well where nothing is found.
    """
    from riskprofile.services.settings import open_store

    settings = settings_of(home)
    if there:
        must_be_there(settings.home)
    with closing(open_store(settings)) as store:
        yield settings, store


def owner() -> Actor:
    """Who runs this command: the operating-system owner of the home."""
    from riskprofile.services import identity

    try:
        return identity.owner(getpass.getuser())
    except (KeyError, OSError):
        return identity.OWNER


def _typed(name: str) -> str:
    """The password of an account, from the terminal; where there is none, a line of stdin.

    Raises
    ------
    UsageError
        There is neither.
    """
    if os.name == "posix":
        try:
            os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
        except OSError:
            if given := sys.stdin.readline().rstrip("\n"):
                return given
            raise UsageError(
                f"nobody is here to type the password of {name}",
                do="Set RISKPROFILE_PASSWORD, or call it at a terminal.",
            ) from None
    return str(typer.prompt(f"password of {name}", hide_input=True, err=True))


@contextmanager
def acting(
    settings: Settings, store: Store, name: str, code: str = ""
) -> Iterator[tuple[Actor, str]]:
    """The account that acts, let in as the page lets it in, and its password.

    The password comes from `RISKPROFILE_PASSWORD`, or is typed: whoever lists the processes of
    a machine reads what stands on command lines.
    """
    from riskprofile.services import identity

    password = os.environ.get("RISKPROFILE_PASSWORD") or _typed(name)
    token = identity.sign_in(
        store, name, password, code, now(), second_factor_roles=settings.second_factor_roles
    )
    try:
        actor = identity.actor_of(store, token, now())
        assert actor is not None  # it was made a moment ago
        yield actor, password
    finally:
        identity.sign_out(store, token, now())

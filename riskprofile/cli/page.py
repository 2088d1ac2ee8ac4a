"""serve, checks: the page for officers, and what that for exporters answered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from riskprofile.cli import output
from riskprofile.cli.app import Home, Json, app, now, opened, owner, settings_of
from riskprofile.errors import RiskProfileError
from riskprofile.services import check_counts
from riskprofile.services.settings import Settings


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
    for day, many in found.items():
        output.say(f"{day}  {many}")
    switched = "on" if settings.exporters_page else "off"
    output.say(f"the exporters' page is {switched}; {answers(found)} in {days} days")
    return 0


def answers(found: dict[str, int]) -> str:
    """How many answers these days had, in words."""
    return f"{sum(found.values())} answers"

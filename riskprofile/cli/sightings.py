"""sightings export: heat and bursts away from official posts, by place and time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from riskprofile.cli import output
from riskprofile.cli.app import Home, Json, app, moment, now, opened, owner
from riskprofile.files import is_stdout
from riskprofile.history.bursts import Grid
from riskprofile.services import results, sightings

group = typer.Typer(
    help="Reports away from official posts, by place and time; never about a person.",
    no_args_is_help=True,
)
app.add_typer(group, name="sightings")


@group.callback()
def sightings_group() -> None:
    """Keep `export` a command of its own while it is the only one."""


@group.command()
def export(
    out: Annotated[Path, typer.Option(help="CSV; - is stdout.")] = Path("-"),
    until: Annotated[
        str | None, typer.Option(help="End of the window (ISO 8601); else last midnight, UTC.")
    ] = None,
    cell: Annotated[float, typer.Option(help="Side of a cell, degrees.")] = 0.25,
    days: Annotated[int, typer.Option(help="Length of a window, days.")] = 7,
    past: Annotated[int, typer.Option(help="Windows before it that say what is usual.")] = 12,
    fdr: Annotated[float, typer.Option(help="False-discovery rate of bursts.")] = 0.1,
    home: Home = None,
    json: Json = False,
) -> None:
    """Counts, expected levels and bursts of each cell, as CSV."""
    end = moment(until, "--until") if until is not None else None
    with opened(home) as (_, store):
        found = sightings.heat(store, owner(), now(), Grid(cell, days, past, fdr), end)
    results.write_csv(found.cells, out)
    told: dict[str, Any] = {
        "cells": len(found.cells),
        "bursts": len(found.bursts),
        "reports": int(found.cells["reports"].sum()),
        "until": found.until.isoformat(),
        "past": found.past,
        "dispersion": round(found.dispersion, 3),
    }
    if json:
        output.as_json(told)
    elif not is_stdout(out):
        counts = {
            name: output.counted(told[f"{name}s"], name) for name in ("report", "cell", "burst")
        }
        output.say(
            f"{counts['report']} in {counts['cell']}, {counts['burst']}; "
            f"window of {output.counted(days, 'day')} to {found.until:%Y-%m-%d}, "
            f"{found.past} before it known"
        )

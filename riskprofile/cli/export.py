"""export selections: lanes and decisions, back to the declaration system."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from riskprofile.cli import output
from riskprofile.cli.app import Home, Json, app, now, opened, owner
from riskprofile.errors import UsageError
from riskprofile.services import results
from riskprofile.services.selections import selections as selected

export = typer.Typer(help="Back to the declaration system.", no_args_is_help=True)
app.add_typer(export, name="export")


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

"""export selections: lanes and decisions, back to the declaration system."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from riskprofile.cli import output
from riskprofile.cli.app import Home, Json, app, examples, moment, now, opened, owner
from riskprofile.files import is_stdout
from riskprofile.services import results
from riskprofile.services.selections import selections as selected
from riskprofile.tables import Table

export = typer.Typer(help="Back to the declaration system.", no_args_is_help=True)
app.add_typer(export, name="export")


@export.command(
    epilog=examples(
        "riskprofile export selections --out selections.csv --since 2026-11-24T08:00+00:00"
    )
)
def selections(
    out: Annotated[Path, typer.Option(help="A new CSV; - is stdout.")] = Path("-"),
    since: Annotated[
        str | None, typer.Option(help="Leave out what was made before (ISO 8601).")
    ] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Lanes and decisions for the declaration system, each exactly once."""
    output.apart([], out)  # also where nothing is new: else a wrong name is told once there is
    again = moment(since, "--since", zoned=True) if since is not None else None
    with opened(home, there=True) as (_, store):
        chosen = selected(store, owner(), again, now(), write=partial(_write, out))
    if json:
        output.as_json({"selections": len(chosen)})
    elif chosen.empty:
        output.note("nothing is new" + ("" if is_stdout(out) else f": {out} was not written"))
    elif not is_stdout(out):
        output.say(f"{output.counted(len(chosen), 'selection')} in {out}")


def _write(out: Path, table: Table) -> None:
    output.unwritten(
        out,
        "what nobody has fetched: each selection is given once",
        "Move it away when it was fetched, or name another; nothing was marked as given",
    )
    results.write_csv(table, out)

"""registers load, list, show: what stands beside the declarations."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from riskprofile.cli import output
from riskprofile.cli.app import Home, Json, app, examples, moment, named, now, opened, owner
from riskprofile.cli.given import given_files
from riskprofile.errors import UsageError
from riskprofile.files import is_stdout
from riskprofile.reference.registers import REGISTERS
from riskprofile.services import registers, results

group = typer.Typer(
    help="Licences, dealers, parties, embargoes, events, sightings, rates, offices.",
    no_args_is_help=True,
)
app.add_typer(group, name="registers")

Kind = Annotated[str, typer.Argument(help=", ".join(REGISTERS))]


@group.command(
    epilog=examples(
        'riskprofile registers load licences licences.xlsx --source "licensing office" '
        "--as-of 2026-11-24"
    )
)
def load(
    kind: Kind,
    file: Annotated[
        Path, typer.Argument(parser=named, help="CSV, XLSX, XLS, JSON Lines or Parquet.")
    ],
    source: Annotated[str, typer.Option(help="Who states it, where a row does not say.")] = "",
    as_of: Annotated[
        str | None, typer.Option(help="The day for which the file speaks (ISO 8601); else now.")
    ] = None,
    format: Annotated[str, typer.Option(help="auto, csv, xlsx, jsonl or parquet.")] = "auto",
    quarantine: Annotated[Path | None, typer.Option(help="Rejected rows, as CSV.")] = None,
    home: Home = None,
    json: Json = False,
) -> int:
    """Load a file into a register; the same file again changes nothing."""
    output.apart([file], quarantine)
    stated = moment(as_of, "--as-of") if as_of is not None else None
    with opened(home) as (_, store), given_files([file]) as files:
        if len(files) > 1:
            raise UsageError("a register is loaded from one file", where=str(file), do="Name it")
        told = registers.load(
            store, owner(), kind, files[0], now(), source=source, as_of=stated, format=format
        )
    others = "columns that this register does not have"
    return output.loaded(told, quarantine, as_json=json, of=f"{kind}: ", others=others)


@group.command("list")
def list_registers(home: Home = None, json: Json = False) -> None:
    """Every register: its entries, and when it was last loaded."""
    with opened(home) as (_, store):
        found = registers.held(store, owner())
    said = []
    for one in found:
        day = f"as of {one.as_of:%Y-%m-%d}" if one.as_of else "never loaded"
        entries = "entry" if one.entries == 1 else "entries"
        said.append(f"{one.kind:10} {one.entries:7} {entries:7}  {day}  {one.source}".rstrip())
    output.done({"registers": [*map(asdict, found)]}, *said, as_json=json)


@group.command(epilog=examples("riskprofile registers show licences"))
def show(
    kind: Kind,
    out: Annotated[Path, typer.Option(help="CSV; - is stdout.")] = Path("-"),
    home: Home = None,
    json: Json = False,
) -> None:
    """The entries of a register as known now; names and addresses only as given or not."""
    with opened(home) as (_, store):
        found = registers.entries(store, owner(), kind, now())
    if not is_stdout(out) or not json:
        results.write_csv(found, out)
    if json:
        output.as_json({"kind": kind, "entries": output.filled(found)})

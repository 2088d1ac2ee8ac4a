"""records search, show, import, amend, custody, photo: the register of arms."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from riskprofile.cli import output
from riskprofile.cli.app import Home, Json, app, examples, now, opened, owner
from riskprofile.cli.given import given_file
from riskprofile.errors import InputError
from riskprofile.services import arms, registers
from riskprofile.store.database import Store

group = typer.Typer(
    help="Arms seized, found or surrendered: search, import, correct.", no_args_is_help=True
)
app.add_typer(group, name="records")

LICENCES = "licences"  # the register that they are loaded into, from here as well
# Why a table is none of seizures at all: nothing of it was taken.
NO_TABLE = ("unread.no_header", "unread.no_sheet", "unread.no_column")
TOLD = ("licence_type", "status", "valid_from", "valid_until")  # of one that a search found

Number = Annotated[str, typer.Argument(help="Number of the record in the register.")]


@group.command(epilog=examples("riskprofile records search KX1O5?7 --make kestrel"))
def search(
    serial: Annotated[str, typer.Argument(help="As read, or part of it; ? is not readable.")] = "",
    make: Annotated[str, typer.Option(help="Manufacturer, however spelled.")] = "",
    model: Annotated[str, typer.Option(help="Model, however spelled.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=500, help="At most so many.")] = arms.LIMIT,
    home: Home = None,
    json: Json = False,
) -> None:
    """Find pieces by a serial with look-alikes, a part of one, a make or a model; and licences by
    their number, or a part of it.
    """
    number = "" if make or model or "?" in serial else serial  # of a licence all can be read
    with opened(home) as (_, store):
        found = arms.search(
            store, owner(), now(), serial=serial, make=make, model=model, limit=limit
        )
        licences = output.filled(registers.licences(store, owner(), number, now(), limit))
    said = []
    for one in found:
        told = [str(one.piece.get(name, "")) for name in ("make", "model", "calibre", "serial")]
        said.append(f"{one.grade:9} {one.number:16} {one.piece['event_on']}  {' '.join(told)}")
    for licence in licences:
        told = [str(licence.get(name, "")) for name in TOLD]
        said.append(f"licence   {licence['licence_number']:16} {' '.join(filter(None, told))}")
    both = {"records": [one.as_json() for one in found], "licences": licences}
    output.done(both, *(said or ["no record"]), as_json=json)


@group.command(epilog=examples("riskprofile records show RP-17"))
def show(number: Number, home: Home = None, json: Json = False) -> None:
    """One piece with its custody, photos and corrections."""
    with opened(home) as (_, store):
        told = arms.piece(store, owner(), number)
    if json:
        output.as_json(told)
        return
    events = told.pop("events")
    for name, value in told.items():
        output.say(f"{name}: {arms.written(value)}")
    for one in events:
        head = f"{one.pop('at')} {one.pop('kind')} by {one.pop('by')}"
        before = [f"{name} {arms.written(value)}" for name, value in one.pop("before", {}).items()]
        parts = [head, *(f"{name} {arms.written(value)}" for name, value in one.items() if value)]
        output.say("; ".join([*parts, *([f"before: {', '.join(before)}"] if before else [])]))


@group.command(
    "import",
    epilog=examples('riskprofile records import old.xlsx --source "archive of the laboratory"'),
)
def import_records(
    file: Annotated[Path, typer.Argument(help="CSV, XLSX, XLS, JSON Lines or Parquet.")],
    source: Annotated[str, typer.Option(help="Whose records, where a row does not say.")] = "",
    format: Annotated[str, typer.Option(help="auto, csv, xlsx, jsonl or parquet.")] = "auto",
    quarantine: Annotated[Path | None, typer.Option(help="Rejected rows, as CSV.")] = None,
    home: Home = None,
    json: Json = False,
) -> int:
    """Take old records into the register, or licences into theirs, as the headings say; the same
    file again changes nothing.
    """
    output.apart([file], quarantine)
    with opened(home) as (_, store), given_file(file) as given:
        told = _loaded(store, given, source, format)
    if told.kind == LICENCES:
        others = "columns that this register does not have"
        return output.loaded(told, quarantine, as_json=json, of=f"{LICENCES}: ", others=others)
    return output.loaded(told, quarantine, as_json=json, others="kept in extra")


def _loaded(store: Store, given: Path, source: str, format: str) -> registers.Loaded:
    by, at = owner(), now()
    try:
        return arms.load(store, by, given, at, source=source, format=format)
    except InputError as error:
        if getattr(error.faults[0], "key", "") not in NO_TABLE:
            raise  # of a table of seizures, in which a column may bear the name of another's
        with suppress(InputError):
            return registers.load(store, by, LICENCES, given, at, source=source, format=format)
        raise


@group.command(
    epilog=examples(
        "riskprofile records amend RP-17 --set converted=yes --set country_of_manufacture=XK"
    )
)
def amend(
    number: Number,
    values: Annotated[list[str], typer.Option("--set", help="COLUMN=VALUE; empty takes away.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Add to or correct a piece; what it said before stays with it."""
    changes = output.pairs(values, "converted=yes")
    with opened(home) as (_, store):
        warnings = arms.amend(store, owner(), number, changes, now())
    said = [f"{number}: {', '.join(sorted(changes))} set"]
    output.warned(warnings, (), said.append)
    content = {"record_number": number, "set": changes, "warnings": warnings}
    output.done(content, *said, as_json=json)


@group.command(
    epilog=examples(
        'riskprofile records custody RP-17 --from "North Gate" --to laboratory --seal S-114'
    )
)
def custody(
    number: Number,
    giver: Annotated[str, typer.Option("--from", help="Post that gives it.")],
    taker: Annotated[str, typer.Option("--to", help="Post that takes it.")],
    seal: Annotated[str, typer.Option(help="Number of the seal.")] = "",
    home: Home = None,
    json: Json = False,
) -> None:
    """Add a link to the chain of custody."""
    with opened(home) as (_, store):
        arms.hand_over(store, owner(), number, giver, taker, now(), seal)
    made = {"record_number": number, "from": giver, "to": taker, "seal": seal}
    output.done(made, f"{number}: from {giver} to {taker}", as_json=json)


@group.command(epilog=examples("riskprofile records photo RP-17 frame.jpg --shows frame"))
def photo(
    number: Number,
    file: Annotated[Path, typer.Argument(help="The picture; it stays where it is.")],
    shows: Annotated[str, typer.Option(help="What it shows: frame, slide, import mark.")] = "",
    home: Home = None,
    json: Json = False,
) -> None:
    """Bind a photo to a piece by its SHA-256."""
    with opened(home) as (_, store), given_file(file) as picture:
        digest = arms.add_photo(store, owner(), number, picture, shows, now())
    made = {"record_number": number, "sha256": digest}
    output.done(made, f"{number}: {digest}", as_json=json)

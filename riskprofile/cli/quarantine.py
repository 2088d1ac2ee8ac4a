"""quarantine list, export, repair: what was kept back, put right and taken in."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from riskprofile.cli import output
from riskprofile.cli.app import Home, Json, app, examples, now, opened, owner
from riskprofile.cli.given import given_file
from riskprofile.errors import UsageError
from riskprofile.services import corrections
from riskprofile.services import quarantine as keeping
from riskprofile.store.database import Store

quarantine = typer.Typer(help="Rows that were kept back.", no_args_is_help=True)
app.add_typer(quarantine, name="quarantine")

BatchId = Annotated[str | None, typer.Option("--batch", help="Of one batch.")]
ReasonCode = Annotated[str | None, typer.Option("--reason-code", help="Of one reason.")]
Column = Annotated[str | None, typer.Option("--column", help="Of one column.")]
Profile = Annotated[str | None, typer.Option("--profile", help="shipment or traveller.")]
State = Annotated[str, typer.Option("--state", help="waiting, repaired, removed or all.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="At most so many rows.")]


@quarantine.command("list")
def list_rows(
    batch: BatchId = None,
    reason_code: ReasonCode = None,
    column: Column = None,
    profile: Profile = None,
    state: State = keeping.WAITING,
    limit: Limit = 500,
    home: Home = None,
    json: Json = False,
) -> None:
    """Rows kept back, with the reason. The look is audited."""
    asked = keeping.Filter(batch, reason_code, column, profile, state, limit=limit)
    with opened(home) as (_, store):
        rows = _found(store, asked)
    said = [
        f"{row.id}  {row.batch_id}  {row.source}:{row.line}  {row.state}\n"
        f"    {row.column or ''} {row.reason_code}: {row.reason}"
        for row in rows
    ]
    more = ", there may be more: --limit" * (len(rows) == limit)
    said.append(output.counted(len(rows), "row") + more)
    output.done({"rows": [*map(asdict, rows)]}, *said, as_json=json)


def _found(store: Store, asked: keeping.Filter) -> list[keeping.KeptRow]:
    if asked.batch is not None:  # a name typed wrongly is no batch without rows
        keeping.require_batch(store, owner(), asked.batch)
    return keeping.find(store, owner(), asked, now())


@quarantine.command("export", epilog=examples("riskprofile quarantine export kept.csv"))
def export(
    out: Annotated[Path, typer.Argument(help="FILE.csv or FILE.jsonl; - is CSV on stdout.")],
    batch: BatchId = None,
    reason_code: ReasonCode = None,
    column: Column = None,
    profile: Profile = None,
    state: State = keeping.WAITING,
    limit: Limit = keeping.EXPORTED,
    home: Home = None,
    json: Json = False,
) -> None:
    """Write rows kept back, with reason and cells: correct the cells, then `repair` the file."""
    output.apart([], out)  # before the look is audited
    output.unwritten(out, "cells that somebody corrected", "Hand it to `repair`, or name another")
    asked = keeping.Filter(batch, reason_code, column, profile, state, limit=limit)
    with opened(home) as (_, store):
        count = corrections.export(_found(store, asked), out)
    if json:
        output.as_json({"rows": count, "file": str(out)})
    else:
        output.note(f"{output.counted(count, 'row')} written to {out}")


@quarantine.command(
    "repair",
    epilog=examples(
        'riskprofile quarantine repair kept.csv --reason "the sender confirmed it"',
        'riskprofile quarantine repair --row 17 --set currency=USD --reason "the sender said so"',
    ),
)
def repair(
    reason: Annotated[str, typer.Option("--reason", help="Who confirmed the right values.")],
    file: Annotated[Path | None, typer.Argument(help="A corrected export; - is stdin.")] = None,
    row: Annotated[int | None, typer.Option("--row", help="One row, by its number.")] = None,
    given: Annotated[
        list[str] | None, typer.Option("--set", help="COLUMN=VALUE of that row; may be repeated.")
    ] = None,
    home: Home = None,
    json: Json = False,
) -> int:
    """Submit rows again with corrected cells: rated as any other, and audited."""
    if (file is None) == (row is None):
        raise UsageError("nothing to repair", do="Name a corrected file, or --row N --set C=VALUE")
    if file is not None and given:
        raise UsageError("--set corrects one row alone", do="Name it by --row N, without a file")
    if file is not None:
        with given_file(file) as given_rows:
            fixes = corrections.read(given_rows)
    else:
        fixes = {int(row or 0): output.pairs(given or [], "gross_mass_kg=12.5")}
    with opened(home) as (settings, store), output.progress("rating") as progress:
        told = keeping.repair(store, settings, owner(), fixes, reason, now(), progress=progress)
    if json:
        summary = None if told.summary is None else asdict(told.summary)
        refused = {number: one.reason for number, one in told.refused.items()}
        output.as_json(
            {
                "repaired": told.repaired,
                "refused": refused,
                "passed_over": told.passed_over,
                "summary": summary,
            }
        )
    else:
        rows = output.counted(len(told.repaired), "row")
        output.say(f"{rows} repaired and rated, {len(told.refused)} still wrong")
        for number, why in told.refused.items():
            output.say(f"  {number}: {why.reason}")
        if told.summary is not None:
            output.say(output.sums(told.summary))
            output.say(output.alerts(told.summary))
    if told.passed_over:
        rows = output.counted(len(told.passed_over), "row")
        output.note(
            f"riskprofile: {rows} repaired or removed before, passed over whatever the file says "
            f"now: {output.listed(sorted(told.passed_over))}"
        )
    if told.summary is not None:
        output.unlisted(told.summary)
    return 3 if told.refused else 0

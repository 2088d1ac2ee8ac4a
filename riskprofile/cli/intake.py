"""convert: what a reader understood of a file."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Annotated

import typer

from riskprofile import intake
from riskprofile.cli import output
from riskprofile.cli.app import Home, Json, app, examples, now, opened
from riskprofile.cli.given import Paths, given_files
from riskprofile.errors import InputError, UsageError
from riskprofile.files import legible, state
from riskprofile.intake import quarantine as quarantine_file
from riskprofile.intake.canonical_io import write_canonical
from riskprofile.services import offices
from riskprofile.services.rejects import Rejects
from riskprofile.store.spool import Spool


@app.command(epilog=examples("riskprofile convert shipments.csv --out table.csv"))
def convert(
    paths: Paths,
    profile: Annotated[str, typer.Option(help="auto, shipment or traveller.")] = "auto",
    format: Annotated[str, typer.Option(help="auto, or the name of a format.")] = "auto",
    out: Annotated[
        Path | None, typer.Option(help="Canonical table: .csv, .parquet or .jsonl; - is stdout.")
    ] = None,
    quarantine: Annotated[Path | None, typer.Option(help="Rejected rows, as CSV.")] = None,
    home: Home = None,
    json: Json = False,
) -> int:
    """Any supported format to the canonical table. Nothing is rated or kept."""
    out = out or Path("-")
    output.apart(paths, out, quarantine)
    with opened(home) as (settings, store):
        known = offices.known(store, now())
    rejected = Rejects(Spool(settings.home))
    told = {"read": 0, "accepted": 0, "quarantined": 0, "duplicate": 0}
    formats: dict[str, int] = {}
    warnings: dict[str, int] = {}
    unknown: dict[str, int] = {}
    profiles: set[str] = set()
    rewritten: list[str] = []
    unreadable: list[dict[str, str]] = []

    def opened_files(
        files: list[Path],
    ) -> Iterator[tuple[Path, tuple[int, int, int] | None, Iterator[intake.Chunk]]]:
        """Files, their states before a byte was read, and what is read of them.

        One among others that is not readable is left out, but not from its middle on: the half of
        it would be taken for all.
        """
        for file in files:
            was = state(file)
            read = intake.read(file, profile=profile, format=format, offices=known)
            try:
                first = [*islice(read, 1)]
            except InputError as error:
                why = {"source": legible(file.name), "what": error.what, "do": error.do}
                unreadable.append(why)
                if len(unreadable) == len(files):
                    raise
            else:
                yield file, was, chain(first, read)

    def chunks(files: list[Path]) -> Iterator[intake.Chunk]:
        for file, was, read in opened_files(files):
            for chunk in read:
                told["read"] += chunk.read
                told["accepted"] += len(chunk.table)
                told["quarantined"] += len(chunk.rejected)
                formats[chunk.format] = formats.get(chunk.format, 0) + chunk.read
                profiles.add(chunk.profile)
                for name, count in chunk.under.items():
                    unknown[name] = unknown.get(name, 0) + count
                rejected.extend(chunk.rejected)
                for codes in chunk.table["warnings"].dropna():
                    for code in str(codes).split("|"):
                        warnings[code] = warnings.get(code, 0) + 1
                if len(profiles) > 1:
                    raise UsageError(
                        "these files hold both shipments and travellers",
                        do="Convert them apart: add --profile shipment, or traveller",
                    )
                progress(file.name, told["read"])
                yield chunk
            if state(file) != was:
                rewritten.append(legible(file.name))

    with given_files(paths) as files, output.progress("reading") as progress:
        write_canonical(chunks(files), out)
    if quarantine is not None:
        quarantine_file.write(quarantine, rejected)
    summary = {**told, "formats": formats, "warnings": warnings, "unknown_columns": unknown}
    summary |= {"rewritten": rewritten, "unreadable": unreadable}
    if json:
        output.as_json(summary)
    else:
        tell = output.beside(out, quarantine)
        tell(
            f"read {told['read']} = accepted {told['accepted']} + quarantined "
            f"{told['quarantined']} + duplicate 0 ({', '.join(formats) or 'nothing'})"
        )
        output.warned(warnings, unknown, tell)
        for rejection in rejected[:10]:
            where = f"  {rejection.source}:{rejection.line}: {rejection.column or ''} "
            tell(legible(f"{where}{rejection.reason_code}: {rejection.reason}"))
        if len(rejected) > 10:
            tell(f"  and {len(rejected) - 10} more: write them with --quarantine FILE")
    for name in rewritten:
        output.note(
            f"riskprofile: {name} was written, or taken away, while it was read. Convert it again "
            "once it is complete"
        )
    for one in unreadable:
        output.note(f"riskprofile: {one['source']} was not read: {one['what']}. {one['do']}")
    if unreadable:
        return InputError.exit_code
    if rewritten:
        return 1
    return 3 if rejected else 0

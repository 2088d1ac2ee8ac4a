"""audit verify, export, alarms: that nothing was altered, and the proof of it kept elsewhere."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from riskprofile.cli import output
from riskprofile.cli.app import Home, Json, app, examples, moment, now, opened, owner
from riskprofile.cli.given import given_file
from riskprofile.errors import UsageError
from riskprofile.services import looking, proof

audit = typer.Typer(help="The audit chain.", no_args_is_help=True)
app.add_typer(audit, name="audit")


@audit.command("verify", epilog=examples("riskprofile audit verify --against chain.jsonl"))
def verify(
    against: Annotated[
        Path | None,
        typer.Option(help="An export (- is stdin): the chain must still hold all of it."),
    ] = None,
    head: Annotated[
        str | None, typer.Option(help="A head noted before, as SEQUENCE:DIGEST.")
    ] = None,
    public_key: Annotated[
        str | None, typer.Option(help="Whose signature the export bears; else this home's.")
    ] = None,
    home: Home = None,
    json: Json = False,
) -> int:
    """Check the chain; name the first bad record, a cut end included."""
    if public_key is not None and against is None:  # what it was to prove is not looked at
        raise UsageError("--public-key is of an export", do="Name that as well: --against FILE")
    with ExitStack() as kept, opened(home, there=True) as (settings, store):
        export = kept.enter_context(given_file(against)) if against is not None else None
        verdict = proof.compare(
            store, settings, owner(), against=export, head=head, public_key=public_key
        )
    said = [f"broken at record {verdict.first_bad}"]
    if verdict.ok:
        said = [f"{output.counted(verdict.records, 'record')}, whole"]
        said.append(f"head {verdict.head.sequence}:{verdict.head.digest}")
    output.done(asdict(verdict), *said, as_json=json)
    if not verdict.ok:
        output.note(
            "riskprofile: keep the database aside, and compare it with an export of former days: "
            "riskprofile audit verify --against FILE"
        )
    return 0 if verdict.ok else 1


@audit.command("export", epilog=examples("riskprofile audit export --out chain.jsonl"))
def export(
    out: Annotated[Path, typer.Option(help="The file to write (JSON Lines); - is stdout.")],
    since: Annotated[
        str | None, typer.Option(help="Leave out what was written before (ISO 8601).")
    ] = None,
    new_key: Annotated[
        bool, typer.Option("--new-key", help="The key that signed before is lost.")
    ] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """The chain and its head, signed, to be kept on another machine."""
    after = moment(since, "--since", zoned=True) if since is not None else None
    with opened(home) as (settings, store):
        told = proof.export(store, settings, owner(), out, now(), after, new_key=new_key)
    if json:
        output.as_json(asdict(told))
        return
    say = output.beside(out)
    say(f"{output.counted(told.records, 'record')} in {out}")
    say(f"head {told.head.sequence}:{told.head.digest}")
    say(f"signed by key {told.public_key}")


@audit.command("alarms")
def alarms(
    days: Annotated[int, typer.Option(help="How far back.", min=1, max=3660)] = 7,
    home: Home = None,
    json: Json = False,
) -> None:
    """Accounts that opened or asked for unusually much within an hour."""
    with opened(home) as (_, store):
        found = looking.alarms(store, owner(), now(), days)
    said = [
        f"{one.at:%Y-%m-%d %H:%M} UTC  {one.account}  {one.office or 'every office'}  "
        f"{one.kind}: {one.records}"
        for one in found
    ]
    none = f"no alarm in {output.counted(days, 'day')}"
    output.done({"alarms": [*map(asdict, found)]}, *(said or [none]), as_json=json)

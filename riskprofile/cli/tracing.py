"""records export iafq, trace, bundle; records trace answer, establish, list."""

from __future__ import annotations

import json as text
from pathlib import Path
from typing import Annotated, Any

import typer

from riskprofile.cli import output
from riskprofile.cli.app import As, Code, Home, Json, acting, examples, now, opened, owner
from riskprofile.cli.records import Number, group
from riskprofile.errors import UsageError
from riskprofile.files import is_stdout, whole_or_nothing
from riskprofile.services import bundle, iafq, tracing

export = typer.Typer(help="What goes to others.", no_args_is_help=True)
trace = typer.Typer(help="Trace requests and their answers.", no_args_is_help=True)
group.add_typer(export, name="export")
group.add_typer(trace, name="trace")

Pieces = Annotated[int, typer.Option(min=1, help="Pieces that this establishes.")]
Diversion = Annotated[str, typer.Option(help="Point of diversion, in words.")]
Where = Annotated[str, typer.Option(help="Its country, ISO 3166 alpha-2.")]
Reference = Annotated[str, typer.Option(help="Reference of the answer.")]


def write_json(content: Any, out: Path) -> None:
    """Readable JSON; `-` is stdout. Whole, or not at all."""
    with whole_or_nothing(out) as stream:
        stream.write(
            (text.dumps(content, ensure_ascii=False, indent=1, default=str) + "\n").encode()
        )


@export.command("iafq")
def export_iafq(
    year: Annotated[int | None, typer.Option(help="Of the events; else the latest.")] = None,
    least: Annotated[int, typer.Option(min=1, help="Arms of a significant seizure.")] = iafq.LEAST,
    out: Annotated[Path, typer.Option(help="JSON; - is stdout.")] = Path("-"),
    home: Home = None,
    json: Json = False,
) -> None:
    """The year's return: figures, SDG 16.4.2, quality checks, what holds the figure back."""
    with opened(home) as (_, store):
        told = iafq.export(store, owner(), now(), year, least)
    if not is_stdout(out):
        write_json(told, out)
    sdg = told["16.4.2"]
    value = "no arms" if sdg["value"] is None else f"{sdg['value']:.1%}"
    said = [f"16.4.2 in {told['year']}: {value} ({sdg['numerator']} of {sdg['denominator']})"]
    said.append(f"held back by {output.counted(len(told['held_back']), 'record')}; {out}")
    said += [
        f"  {output.counted(len(one['records']), 'record')}: {one['what']}"
        for one in told["quality"]
    ]
    output.done(told, *said, as_json=json or is_stdout(out))


@export.command(
    "trace",
    epilog=examples(
        "riskprofile records export trace RP-17 --channel iarms --to NO "
        '--authority "Customs of Meridia" --contact "tracing desk" --out FOLDER'
    ),
)
def export_trace(
    number: Number,
    channel: Annotated[str, typer.Option(help=", ".join(tracing.CHANNELS))],
    to: Annotated[str, typer.Option(help="Country asked, ISO 3166 alpha-2.")] = "",
    authority: Annotated[str, typer.Option(help="Requesting authority.")] = "",
    contact: Annotated[str, typer.Option(help="Where the answer goes: a post.")] = "",
    use: Annotated[str, typer.Option(help="Intended use of the answer.")] = "",
    handling: Annotated[str, typer.Option(help="Handling restrictions.")] = "",
    urgency: Annotated[str, typer.Option(help="Urgency.")] = "",
    out: Annotated[Path, typer.Option(help="Folder for the JSON and the PDF.")] = Path(),
    home: Home = None,
    json: Json = False,
) -> None:
    """Make a trace request (JSON and PDF); what is missing is named, a duplicate refused."""
    if not out.is_dir():
        raise UsageError("there is no such folder", where=str(out), do="Make it first")
    asking = tracing.Asking(channel, to, authority, contact, use, handling, urgency)

    def write(told: dict[str, Any]) -> None:
        stem = out / f"trace-{told['id']}"
        with whole_or_nothing(stem.with_suffix(".pdf")) as stream:
            stream.write(tracing.as_pdf(told))
            write_json(told, stem.with_suffix(".json"))  # without it there is no PDF either

    with opened(home) as (_, store):
        told = tracing.request(store, owner(), number, asking, now(), write)
    stem = out / f"trace-{told['id']}"
    missing = (
        f"  missing: {one['field']} ({', '.join(one['needed_by'])})" for one in told["missing"]
    )
    output.done(told, f"request {told['id']}: {stem}.json, {stem}.pdf", *missing, as_json=json)


@export.command(
    "bundle",
    epilog=examples(
        "riskprofile records export bundle RECORD --as mira "
        '--purpose "request 17 of the prosecutor"'
    ),
)
def export_bundle(
    record_id: Annotated[str, typer.Argument(help="As the results and the page show it.")],
    purpose: Annotated[str, typer.Option(help="The case or request; it is audited.")],
    name: As = None,
    code: Code = "",
    out: Annotated[Path, typer.Option(help="The archive.")] = Path("bundle.zip"),
    home: Home = None,
    json: Json = False,
) -> None:
    """A case bundle for a prosecutor; `python check.py bundle.zip` checks it, from inside it."""
    if name is None:
        raise UsageError("a bundle shows persons", do="Say who asks: --as SUPERVISOR")
    with opened(home) as (settings, store), acting(settings, store, name, code) as (actor, _):
        made, digest = bundle.export(store, settings, actor, record_id, purpose, now())
    with whole_or_nothing(out) as stream:
        stream.write(made)
    if json:
        output.as_json({"out": str(out), "sha256": digest, "bytes": len(made)})
        return
    output.beside(out)(f"{out}: {len(made)} bytes, SHA-256 {digest} (also in the audit log)")


@trace.command(
    epilog=examples(
        "riskprofile records trace answer 4 --result traced --pieces 1 "
        '--diversion "dealer to buyer" --diversion-country XK --reference R-9'
    )
)
def answer(
    request: Annotated[int, typer.Argument(help="Number of the request.")],
    result: Annotated[str, typer.Option(help=", ".join(tracing.RESULTS))],
    pieces: Pieces = 1,
    diversion: Diversion = "",
    diversion_country: Where = "",
    last_legal_country: Annotated[str, typer.Option(help="Country of the last legal record.")] = "",
    reference: Reference = "",
    correct: Annotated[str, typer.Option(help="Why the answer that stands was wrong.")] = "",
    home: Home = None,
    json: Json = False,
) -> None:
    """Record what came back; what was recorded wrongly is corrected with a reason."""
    with opened(home) as (_, store):
        tracing.answer(
            store,
            owner(),
            request,
            result,
            now(),
            pieces=pieces,
            diversion=diversion,
            diversion_country=diversion_country,
            last_legal_country=last_legal_country,
            reference=reference,
            correct=correct,
        )
    made = {"request": request, "result": result}
    output.done(made, f"request {request}: {result}", as_json=json)


@trace.command(epilog=examples("riskprofile records trace establish RP-18 --by national"))
def establish(
    number: Number,
    by: Annotated[str, typer.Option(help="national (marking, own registers) or other.")],
    pieces: Pieces = 1,
    diversion: Diversion = "",
    diversion_country: Where = "",
    reference: Reference = "",
    home: Home = None,
    json: Json = False,
) -> None:
    """Record that origin or context was established without a request."""
    with opened(home) as (_, store):
        tracing.establish(
            store,
            owner(),
            number,
            by,
            now(),
            pieces=pieces,
            diversion=diversion,
            diversion_country=diversion_country,
            reference=reference,
        )
    made = {"number": number, "by": by, "pieces": pieces}
    output.done(made, f"{number}: established by {by} means", as_json=json)


@trace.command("list")
def list_traces(
    state: Annotated[str, typer.Option(help="asked or answered; else all.")] = "",
    home: Home = None,
    json: Json = False,
) -> None:
    """Requests, the newest first."""
    with opened(home) as (_, store):
        found = tracing.traces(store, owner(), state)
    said = (
        f"{one['id']:6} {one['number']:16} {one['channel']:16} {one['to_country']:2} "
        f"{one['asked_at']:%Y-%m-%d} {one['state']} {one['result']}".rstrip()
        for one in found
    )
    output.done({"requests": found}, *said, as_json=json)

"""records export typology; records pack receive, try, accept, refuse, list."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from riskprofile.cli import output
from riskprofile.cli.app import Home, Json, examples, now, opened, owner
from riskprofile.cli.given import given_file
from riskprofile.cli.records import group
from riskprofile.cli.tracing import export, write_json
from riskprofile.files import is_stdout
from riskprofile.services import packing, packs

pack = typer.Typer(help="Typology packs of other administrations.", no_args_is_help=True)
group.add_typer(pack, name="pack")

Digest = Annotated[str, typer.Argument(help="Digest of the pack, as pack list shows it.")]
Reason = Annotated[str, typer.Option(help="Why; it stays with the pack.")]


@export.command(
    "typology", epilog=examples('riskprofile records export typology --issuer "Customs of Meridia"')
)
def export_typology(
    issuer: Annotated[str, typer.Option(help="The administration, in words.")],
    k: Annotated[int, typer.Option(help="Finds and senders behind each figure.")] = packing.LEAST,
    out: Annotated[Path, typer.Option(help="JSON; - is stdout.")] = Path("pack.json"),
    new_key: Annotated[
        bool, typer.Option("--new-key", help="The key that signed before is lost.")
    ] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """What confirmed finds have in common, signed, without a person or a company."""
    with opened(home) as (settings, store):
        made = packing.export(store, settings, owner(), issuer, now(), k, new_key=new_key)
    content = made["content"]
    if not any(isinstance(one, list) and one for one in content.values()):
        output.note(
            f"riskprofile: the pack is empty: no figure stands on {k} finds of {k} senders that a "
            "second person confirmed"
        )
    if not is_stdout(out):
        write_json(made, out)
    counts = (output.counted(len(content[f"{one}s"]), one) for one in ("pattern", "phrase", "lane"))
    key = f"key to tell by another way: {made['public_key']}"
    output.done(made, f"{out}: {', '.join(counts)}", key, as_json=json or is_stdout(out))


@pack.command(epilog=examples("riskprofile records pack receive pack.json --key KEY"))
def receive(
    file: Annotated[Path, typer.Argument(help="The pack; - is stdin.")],
    key: Annotated[str, typer.Option(help="The issuer's key, told by another way.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Take a pack in as proposals; it changes no rating until it is accepted."""
    with opened(home) as (_, store), given_file(file) as given:
        digest = packs.receive(store, owner(), given, key, now())
        state = packs.show(store, owner(), digest)["state"]
    output.done({"digest": digest, "state": state}, digest, as_json=json)
    if state != "proposed":
        output.note(f"riskprofile: this pack came before, and is {state}: that stays so")


@pack.command("try", epilog=examples("riskprofile records pack try DIGEST --days 30"))
def try_pack(
    digest: Digest,
    days: Annotated[int, typer.Option(min=1, max=3660, help="Of own declarations.")] = packs.TRIED,
    home: Home = None,
    json: Json = False,
) -> None:
    """What the pack would have flagged among own declarations."""
    with opened(home) as (_, store):
        told = packs.try_out(store, owner(), digest, now(), days)
        held = packs.show(store, owner(), digest)
    given = held["content"]["patterns"]
    narrow = "in force once accepted"
    wide = "too wide here" if told.declarations >= packs.ENOUGH else "too few were tried"
    if held["state"] == "accepted":  # what the last trial says counts
        narrow, wide = "in force from the next run on", f"{wide}, out of force from the next run on"
    elif held["state"] != "proposed":
        narrow = f"narrow, and out of force: the pack is {held['state']}"
    said = [
        f"{', '.join(one['parts'])}: {flagged}, {output.counted(finds, 'known find')}; "
        f"{narrow if place in told.in_force else wide}"
        for place, (one, (flagged, finds)) in enumerate(zip(given, told.patterns, strict=True))
    ]
    said.append(
        f"would have flagged {told.flagged} of the "
        f"{output.counted(told.declarations, 'declaration')} of "
        f"{output.counted(told.days, 'day')}, {told.known_finds} of them known finds"
        if given
        else "it holds no pattern: its figures inform, and accepted it raises nothing"
    )
    output.done(asdict(told), *said, as_json=json)


@pack.command(epilog=examples('riskprofile records pack accept DIGEST --reason "fits our post"'))
def accept(digest: Digest, reason: Reason, home: Home = None, json: Json = False) -> None:
    """Accept a pack that was tried: its narrow patterns raise to red from the next run on."""
    with opened(home) as (_, store):
        packs.decide(store, owner(), digest, True, reason, now())
    output.done({"digest": digest, "state": "accepted"}, f"{digest}: accepted", as_json=json)


@pack.command(
    epilog=examples('riskprofile records pack withdraw DIGEST --reason "the wave is over"')
)
def withdraw(digest: Digest, reason: Reason, home: Home = None, json: Json = False) -> None:
    """Take an accepted pack out of force from the next run on."""
    with opened(home) as (_, store):
        packs.withdraw(store, owner(), digest, reason, now())
    output.done({"digest": digest, "state": "withdrawn"}, f"{digest}: withdrawn", as_json=json)


@pack.command(
    epilog=examples(
        'riskprofile records pack refuse DIGEST --reason "too many of our dealers fit it"'
    )
)
def refuse(digest: Digest, reason: Reason, home: Home = None, json: Json = False) -> None:
    """Refuse a pack."""
    with opened(home) as (_, store):
        packs.decide(store, owner(), digest, False, reason, now())
    output.done({"digest": digest, "state": "refused"}, f"{digest}: refused", as_json=json)


@pack.command("list")
def list_packs(home: Home = None, json: Json = False) -> None:
    """Every pack with its state."""
    with opened(home) as (_, store):
        found = packs.held(store, owner())
    said = (f"{one['digest']}  {one['state']:9} {one['issuer']}" for one in found)
    output.done({"packs": found}, *said, as_json=json)

"""The commands that watch what serves: ledger. Thin: each calls one function."""

from __future__ import annotations

from typing import Annotated

import typer

from riskprofile.cli import output
from riskprofile.cli.app import Home, Json, owner
from riskprofile.cli.office import opened
from riskprofile.services import tally

Profile = Annotated[str, typer.Option(help="shipment or traveller.")]


def ledger(profile: Profile = "shipment", home: Home = None, json: Json = False) -> int:
    """How often alerts were right: in all, by scorecard, indicator and slice."""
    with opened(home) as (_, store):
        told = tally.tally(store, profile, owner())
    if json:
        output.as_json({"profile": profile, "lines": [one.as_json() for one in told]})
        return 0
    output.say(f"{'alerts':>8} {'confirmed':>9} {'refuted':>8} {'unresolved':>10} {'not yet':>8}")
    for one in told:
        output.say(
            f"{one.alerts:8} {one.confirmed:9} {one.refuted:8} {one.unresolved:10} "
            f"{one.not_reviewed:8}  {one.by} {one.name}: {one.says}"
        )
    return 0

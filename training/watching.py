"""The commands that watch what serves: drift, ledger. Thin: each calls one function."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from riskprofile.cli import output
from riskprofile.cli.app import Home, Json, now, opened, owner
from riskprofile.services import drift as service
from riskprofile.services import held, tally
from training.cli import app

Profile = Annotated[str, typer.Option(help="shipment or traveller.")]


@app.command()
def ledger(profile: Profile = "shipment", home: Home = None, json: Json = False) -> int:
    """How often alerts were right, by scorecard, indicator and slice, and which reasons held."""
    with opened(home) as (_, store):
        told = tally.tally(store, profile, owner())
        reasons = held.tallied(store, profile, owner())
    if json:
        lines = [one.as_json() for one in told]
        asked = [one.as_json() for one in reasons]
        output.as_json({"profile": profile, "lines": lines, "reasons": asked})
        return 0
    output.say(f"{'alerts':>8} {'confirmed':>9} {'refuted':>8} {'unresolved':>10} {'not yet':>8}")
    for one in told:
        output.say(
            f"{one.alerts:8} {one.confirmed:9} {one.refuted:8} {one.unresolved:10} "
            f"{one.not_reviewed:8}  {one.by} {one.name}: {one.says}"
        )
    if reasons:
        output.say(f"{'asked':>8} {'held':>9} {'unclear':>8} {'did not':>10}")
    for each in reasons:
        output.say(
            f"{each.asked:8} {each.held:9} {each.unclear:8} {each.not_held:10} {'':8}  "
            f"reason {each.term}: {each.says}"
        )
    return 0


@app.command()
def drift(
    profile: Profile = "shipment",
    rows: Annotated[int, typer.Option(help="Rows of a window.")] = service.ROWS,
    windows: Annotated[int, typer.Option(help="Earlier windows.")] = service.WINDOWS,
    home: Home = None,
    json: Json = False,
) -> int:
    """What has changed of late: inputs, scores, labels, calibration. Exit 1 on an alarm."""
    with opened(home) as (settings, store):
        told = service.watch(
            store, settings.models, profile, owner(), now(), rows=rows, windows=windows
        )
    if json:
        output.as_json({**asdict(told), "at": told.at.isoformat()})
        return int(bool(told.alarms))
    output.say(
        f"{profile} {told.version}: the newest {output.counted(told.rows, 'row')} beside "
        f"{output.counted(told.windows, 'window')} before, "
        f"{output.counted(told.outcomes, 'outcome')}, {len(told.series)} series"
    )
    for one in told.alarms:
        output.say(f"  ALARM {one.kind} {one.name}: {one.says} (how far {one.far:.2f})")
    if not told.alarms:
        output.say("  nothing has changed")
    return int(bool(told.alarms))

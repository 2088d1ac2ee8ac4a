"""watch: an inbox that is rated as it fills."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from riskprofile.cli import output
from riskprofile.cli.app import Home, Json, app, examples, named, now, owner, settings_of
from riskprofile.scoring.ranking import Capacity
from riskprofile.services.inbox_watcher import EVERY, Watcher
from riskprofile.services.run import Options
from riskprofile.services.settings import open_store


@app.command(epilog=examples("riskprofile watch inbox --every 5"))
def watch(
    folder: Annotated[Path, typer.Argument(parser=named, help="The inbox.")],
    every: Annotated[
        float, typer.Option("--every", min=0.05, max=3600, help="Seconds between two looks.")
    ] = EVERY,
    once: Annotated[bool, typer.Option("--once", help="Two looks, then end.")] = False,
    profile: Annotated[str, typer.Option(help="auto, shipment or traveller.")] = "auto",
    format: Annotated[str, typer.Option(help="auto, or the name of a format.")] = "auto",
    home: Home = None,
    json: Json = False,
) -> int:
    """Rate what arrives in a folder: each file once, then kept under done/ or failed/."""
    settings = settings_of(home)
    options = Options(
        profile=profile,
        format=format,
        capacity=Capacity(None, settings.capacity_share, settings.random_share),
        max_bad_share=settings.max_bad_share,
        resume=True,
    )
    with closing(open_store(settings)) as store:
        watcher = Watcher(store, settings, owner(), options, now, output.note)
        told = watcher.run(folder, every=every, once=once)
    said = (
        f"done {told.done}, failed {told.failed}, waiting {told.waiting}; read {told.read} = "
        f"accepted {told.accepted} + quarantined {told.quarantined} + duplicate "
        f"{told.duplicate}; alerts {told.alerts}"
    )
    output.done(asdict(told), said, as_json=json)
    if told.stopped:
        return 128 + told.stopped
    return 3 if told.failed or told.quarantined else 0

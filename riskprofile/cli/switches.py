"""pause, resume, second-person, blind-first: what everybody's page obeys at once."""

from __future__ import annotations

from typing import Annotated

import typer

from riskprofile.cli import output
from riskprofile.cli.app import Home, Json, app, examples, now, opened, owner
from riskprofile.services import blind, govern, watchers

Inbox = Annotated[
    bool,
    typer.Option("--inbox", help="Of the inbox alone; by hand files can be rated all the same."),
]


@app.command(epilog=examples('riskprofile pause --why "wrong tariff file"'))
def pause(
    why: Annotated[str, typer.Option(help="The reason, shown on every page.")],
    inbox: Inbox = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """The kill switch: nothing new is rated; the queue stays workable by hand."""
    with opened(home) as (_, store):
        (watchers if inbox else govern).pause(store, owner(), why, now())
    said = "the inbox is paused" if inbox else "rating is paused"
    output.done({"paused": True}, said, as_json=json)


@app.command()
def resume(inbox: Inbox = False, home: Home = None, json: Json = False) -> None:
    """Let rating go on."""
    with opened(home) as (_, store):
        (watchers if inbox else govern).resume(store, owner(), now())
    said = "the inbox is looked at again" if inbox else "rating goes on"
    output.done({"paused": False}, said, as_json=json)


@app.command()
def second_person(
    on: Annotated[
        bool | None, typer.Option("--on/--off", help="From now on; without it, what is so is said.")
    ] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Say, or set, whether the release of a red alert waits for a second person."""
    with opened(home) as (_, store):
        if on is not None:
            govern.require_second_person(store, owner(), on, now())
        stands = govern.status(store, owner(), now()).second_person
    waits = "the release of a red alert waits for a second person"
    said = waits if stands else "whoever holds a red alert releases it alone"
    output.done({"second_person": stands}, said, as_json=json)


@app.command()
def blind_first(
    share: Annotated[
        float | None, typer.Option(help="Of the alerts made from now on, 0 to 1; 0 switches off.")
    ] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Say, or set, which share of alerts an officer first judges without the rating."""
    with opened(home) as (_, store):
        lifted = 0 if share is None else blind.set_share(store, owner(), share, now())
        stands = blind.share(store, owner())
    said = [f"{stands:.1%} of alerts wait for an officer's own view before they are rated"]
    if lifted:
        waited = output.counted(lifted, "alert")
        shown = "is shown with its" if lifted == 1 else "are shown with their"
        said.append(f"{waited} waited for one and {shown} rating now")
    output.done({"share": stands, "lifted": lifted}, *said, as_json=json)

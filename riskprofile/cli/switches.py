"""pause, resume, second-person: what everybody's page obeys at once."""

from __future__ import annotations

from typing import Annotated

import typer

from riskprofile.cli import output
from riskprofile.cli.app import Home, Json, app, examples, now, opened, owner
from riskprofile.services import switching, watchers

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
        (watchers if inbox else switching).pause(store, owner(), why, now())
    said = "the inbox is paused" if inbox else "rating is paused"
    output.done({"paused": True}, said, as_json=json)


@app.command()
def resume(inbox: Inbox = False, home: Home = None, json: Json = False) -> None:
    """Let rating go on."""
    with opened(home) as (_, store):
        (watchers if inbox else switching).resume(store, owner(), now())
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
            switching.require_second_person(store, owner(), on, now())
        with store.read() as connection:
            stands = switching.second_person(connection)
    waits = "the release of a red alert waits for a second person"
    said = waits if stands else "whoever holds a red alert releases it alone"
    output.done({"second_person": stands}, said, as_json=json)

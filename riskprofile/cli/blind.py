"""blind-first: the share of alerts that officers judge before they see the rating."""

from __future__ import annotations

from typing import Annotated

import typer

from riskprofile.cli import output
from riskprofile.cli.app import Home, Json, app, now, opened, owner
from riskprofile.services import blind


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

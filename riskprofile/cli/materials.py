"""sbom: the bill of materials."""

from __future__ import annotations

from json import dumps
from pathlib import Path
from typing import Annotated

import typer

from riskprofile.cli import output
from riskprofile.cli.app import Json, app
from riskprofile.files import is_stdout, whole_or_nothing
from riskprofile.services import materials
from riskprofile.services.settings import CHECKOUT


@app.command()
def sbom(
    out: Annotated[Path, typer.Option(help="The file to write; - is stdout.")] = Path("-"),
    lock: Annotated[Path, typer.Option(help="The lock file.")] = CHECKOUT / materials.LOCK,
    json: Json = False,
) -> None:
    """The bill of materials (CycloneDX JSON): every package with version, hashes and licence."""
    told = materials.bill(lock)
    if is_stdout(out):  # it is one JSON object itself
        output.say(dumps(told, indent=None if json else 1))
        return
    with whole_or_nothing(out) as stream:
        stream.write(f"{dumps(told, indent=1)}\n".encode())
    made = {"out": str(out), "components": len(told["components"])}
    output.done(made, f"written: {out}", as_json=json)

"""sbom: the bill of materials."""

from __future__ import annotations

from json import dumps
from pathlib import Path
from typing import Annotated

import typer

from riskprofile.cli import output
from riskprofile.cli.app import app
from riskprofile.files import whole_or_nothing
from riskprofile.services import materials
from riskprofile.services.settings import CHECKOUT


@app.command()
def sbom(
    out: Annotated[Path | None, typer.Option(help="The file to write; else stdout.")] = None,
    lock: Annotated[Path, typer.Option(help="The lock file.")] = CHECKOUT / materials.LOCK,
) -> int:
    """The bill of materials (CycloneDX JSON): every package with version, hashes and licence."""
    told = dumps(materials.bill(lock), indent=1) + "\n"
    if out is None:
        output.say(told.rstrip())
        return 0
    with whole_or_nothing(out) as stream:
        stream.write(told.encode())
    output.say(f"written: {out}")
    return 0

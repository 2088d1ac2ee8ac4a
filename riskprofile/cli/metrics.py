"""metrics: numbers for whoever watches the machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from riskprofile.cli import output
from riskprofile.cli.app import Home, Json, app, examples, now, opened, owner
from riskprofile.files import is_stdout, whole_or_nothing
from riskprofile.services import metrics as measures


@app.command(
    epilog=examples("riskprofile metrics --out /var/lib/node_exporter/textfile/riskprofile.prom")
)
def metrics(
    out: Annotated[Path, typer.Option(help="The file to write; - is stdout.")] = Path("-"),
    home: Home = None,
    json: Json = False,
) -> None:
    """Numbers for monitoring, in the text format of Prometheus."""
    with opened(home, there=True) as (settings, store):
        told = measures.measured(store, settings, owner(), now())
    text = "".join(f"{one.text()}\n" for one in told)
    if is_stdout(out) and not json:
        output.say(text.rstrip("\n"))
        return
    if not is_stdout(out):
        with whole_or_nothing(out) as stream:
            stream.write(text.encode())
    samples = {
        one.name: [{**labels, "value": value} for labels, value in one.samples] for one in told
    }
    output.done({"out": str(out), "metrics": samples}, f"written: {out}", as_json=json)

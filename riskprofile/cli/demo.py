"""demo: samples to alerts to the page, in a home of its own."""

from __future__ import annotations

import socket
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from riskprofile.cli import output
from riskprofile.cli.app import Home, Json, app, now
from riskprofile.cli.page import page
from riskprofile.errors import UsageError
from riskprofile.services import demo as demonstration
from riskprofile.services.demo import DemoSummary
from riskprofile.services.run import Summary


@app.command()
def demo(
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the page.")] = True,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the page.")] = 8501,
    home: Home = None,
    json: Json = False,
) -> None:
    """Samples rated, alerts and invented work stored, then the page; in a home of its own."""
    settings = demonstration.load(home)
    if serve:
        _require_free(port)
    with output.progress("preparing") as progress:
        told = demonstration.prepare(settings, now(), progress)
    url = f"http://localhost:{port}"
    if json:
        output.as_json({**asdict(told), "url": url})
    else:
        _tell(told, url if serve else "")
    sys.stdout.flush()  # the page runs until it is stopped
    if serve:
        page(settings, port)


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise UsageError(
                f"port {port} is taken ({(error.strerror or str(error)).lower()})",
                do=f"End what listens there, or take another: --port {_another(port)}",
            ) from None


def _another(port: int) -> int:
    return port + 1 if port < 65_535 else port - 1


def _tell(told: DemoSummary, url: str) -> None:
    say = output.say
    say(f"DEMO home {told.home}: synthetic data, invented work")
    for batch in told.batches:
        if batch["state"] == "duplicate":
            say(f"  {batch['source']}: stored already as batch {batch['duplicate_of']}")
        else:
            say(f"  {batch['source']}: {batch['format']}, {batch['read']} rows")
    account = Summary(told.read, told.accepted, told.quarantined, told.duplicate, told.alerts)
    say(output.sums(account))
    for code, count in sorted(told.quarantined_by_reason.items()):
        say(f"  quarantined: {count} {code}")
    say(output.alerts(account))
    served = ", ".join(f"{name} {version}" for name, version in told.model_versions.items())
    say(f"scorecards: {served}; {told.seconds:.1f} s, {told.rows_per_second:,.0f} rows/s")
    say("top alerts")
    for alert in told.top:
        title = " ".join(alert.title.split())[:60] or "nothing declared"
        say(f"  {alert.lane:6} {alert.profile} {alert.record_id}: {title}")
        say(f"         {alert.reason}")
    say("accounts")
    for one in told.accounts:
        where = one["office"] or "every office"
        say(f"  {one['user']:13} {one['password']}  {one['role']}, {where}")
    if url:
        output.note(f"the page: {url} (Ctrl+C ends it)")

"""retention run: forget what is due."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from riskprofile.cli import output
from riskprofile.cli.app import Home, Json, app, examples, moment, now, opened, owner
from riskprofile.errors import UsageError
from riskprofile.services import removal
from riskprofile.services import retention as service
from riskprofile.store.database import Store

QUIET = timedelta(days=35)  # between two runs of what is to run every night

retention = typer.Typer(help="Forgetting on time.", no_args_is_help=True)
app.add_typer(retention, name="retention")


@retention.command("run", epilog=examples("riskprofile retention run --dry-run --as-of 2027-06-01"))
def run(
    as_of: Annotated[
        str | None,
        typer.Option(help="Forget what was due then (ISO 8601), not later than now; default now."),
    ] = None,
    new_key: Annotated[
        bool, typer.Option("--new-key", help="The key used before was destroyed on purpose.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option(help="Say what would be forgotten, also at a time to come.")
    ] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Mask and remove what is due, in the database, its free pages and the home's files."""
    due = moment(as_of, "--as-of") if as_of is not None else now()
    if dry_run:
        _preview(due, home, new_key=new_key, as_json=json)
        return
    if due > now():
        raise UsageError(
            f"--as-of {as_of} has not come yet: nothing is forgotten before it is due",
            do="Leave it out; look at the clock of this machine if it has.",
        )
    with opened(home, there=True) as (settings, store):
        if as_of is None:
            _check_clock(store)
        with output.progress("forgetting") as progress:
            told = service.run(
                *(store, settings, owner(), now(), due), new_key=new_key, step=progress.step
            )
    if json:
        output.as_json({**asdict(told), "as_of": told.as_of.isoformat()})
        return
    rows, cleared = output.counted(told.masked, "row"), output.counted(told.alerts, "alert")
    output.say(
        f"as of {told.as_of:%Y-%m-%d %H:%M} UTC: {rows} masked, "
        f"{told.removed:,} removed, {cleared} cleared"
    )
    if told.unranked:
        output.note(
            f"riskprofile: {told.unranked:,} of the removed rows were of batches that have not "
            "ended: no officer had them on a list. riskprofile doctor names such batches"
        )
    cleared = output.counted(told.quarantined, "quarantined row")
    practice = output.counted(told.practice, "row") + " of practice"
    output.say(", ".join((cleared, *_others(told), practice)) + " forgotten")


@retention.command(
    "remove",
    epilog=examples(
        'riskprofile retention remove 26IT00412 --why "order 88/2027, court of Bari" --dry-run'
    ),
)
def remove(
    records: Annotated[
        list[str], typer.Argument(metavar="REFERENCE", help="As in the results of a run.")
    ],
    why: Annotated[
        str, typer.Option(help="What orders it: authority, date, number. It stands in the audit.")
    ],
    profile: Annotated[
        str | None, typer.Option(help="Of this profile alone, where two have a reference.")
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Say what would be removed.")] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Remove declarations before their term, as an order says: all of these, or none.

    What is open is decided first, and what was found is evidence: both are refused.
    """
    with opened(home) as (settings, store):
        told = removal.remove(
            store, settings, owner(), records, why, now(), profile=profile, dry_run=dry_run
        )
    rows, alerts = output.counted(told.rows, "row"), output.counted(told.alerts, "alert")
    first = "this would be removed; nothing was changed" if dry_run else "removed"
    output.done(
        {**asdict(told), "dry_run": dry_run},
        f"{first}: {output.counted(told.records, 'declaration')} in {rows}, {alerts} cleared",
        f"{output.counted(told.quarantined, 'quarantined row')} forgotten, taken from what "
        f"{output.counted(told.related, 'other alert')} told",
        as_json=json,
    )
    if not dry_run:
        output.note(
            "riskprofile: files in exports, runs, inbox and backups of the home may still hold "
            "them, and so may copies elsewhere; a name in the register of parties goes by its term"
        )


def _others(told: service.Forgotten) -> list[str]:
    """What is forgotten that is of no profile."""
    return [
        output.counted(told.drafts, "draft"),
        output.counted(told.words, "purpose"),
        output.counted(told.names, "name") + " of the register of parties",
        output.counted(told.files, "file"),
        output.counted(told.arms, "piece") + " of arms",
    ]


def _preview(due: datetime, home: Path | None, *, new_key: bool, as_json: bool) -> None:
    """What a run would do then, by profile; nothing is done."""
    with (
        opened(home, there=True) as (settings, store),
        output.progress("looking") as progress,
    ):
        told = service.preview(store, settings, owner(), due, new_key=new_key, step=progress.step)
    others = told.pop("")
    names = ("masked", "removed", "unranked", "alerts", "quarantined")
    content: dict[str, Any] = {"as_of": others.as_of.isoformat(), "dry_run": True}
    content["profiles"] = {
        profile: {name: getattr(one, name) for name in names} for profile, one in told.items()
    }
    content |= {
        name: getattr(others, name) for name in ("drafts", "words", "names", "files", "arms")
    }
    said = [
        f"{profile}: {output.counted(one.masked, 'row')} masked, {one.removed:,} removed, "
        f"{output.counted(one.alerts, 'alert')} cleared, "
        f"{output.counted(one.quarantined, 'quarantined row')} forgotten"
        for profile, one in told.items()
    ]
    said.append(", ".join(_others(others)) + " forgotten")
    first = f"as of {others.as_of:%Y-%m-%d %H:%M} UTC a run would do this; nothing was changed"
    output.done(content, first, *(f"  {one}" for one in said), as_json=as_json)


def _check_clock(store: Store) -> None:
    """A clock that runs ahead would have forgotten for good what is not due: ask a person."""
    last = service.last_run(store, owner())
    if last is not None and now() - last > QUIET:
        raise UsageError(
            f"the clock says {now():%Y-%m-%d}, and retention last ran on {last:%Y-%m-%d}",
            do="Set the clock. If it is right: riskprofile retention run "
            f"--as-of {now():%Y-%m-%dT%H:%M}+00:00",
        )

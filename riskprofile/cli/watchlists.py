"""watchlists load, list, show, expire: the office's own lists."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from riskprofile.cli import output
from riskprofile.cli.app import Home, Json, app, examples, moment, now, opened, owner
from riskprofile.cli.given import given_file
from riskprofile.services import watchlists

group = typer.Typer(help="The office's own watch lists.", no_args_is_help=True)
app.add_typer(group, name="watchlists")

Name = Annotated[str, typer.Argument(help="The list.")]


@group.command(
    epilog=examples(
        'riskprofile watchlists load harbour list.csv --owner "Unit 4" --source "case files" '
        "--review-by 2027-03-31 --expires 2027-09-30"
    )
)
def load(
    name: Name,
    file: Annotated[Path, typer.Argument(help="CSV: kind,text,reason; - is stdin.")],
    owned_by: Annotated[str, typer.Option("--owner", help="Who answers for the list.")],
    source: Annotated[str, typer.Option(help="Where its entries come from.")],
    review_by: Annotated[str, typer.Option(help="From this day on it matches nothing.")],
    expires: Annotated[str, typer.Option(help="From this day on it is over.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Put the entries of a file in place of a list's."""
    with opened(home) as (_, store), given_file(file) as entries:
        count = watchlists.load(
            store,
            owner(),
            name,
            entries,
            now(),
            owner=owned_by,
            source=source,
            review_by=moment(review_by, "--review-by"),
            expires_at=moment(expires, "--expires"),
        )
    said = f"{name}: {output.counted(count, 'entry', 'entries')}"
    output.done({"list": name, "entries": count}, said, as_json=json)


@group.command("list")
def list_lists(home: Home = None, json: Json = False) -> None:
    """Every list: how many entries, how many of them are in force now, until when."""
    with opened(home) as (_, store):
        found = watchlists.lists(store, owner(), now())
    told = [asdict(one) for one in found]
    for one in told:
        one |= {key: one[key].isoformat() for key in ("review_by", "expires_at")}
    said = (
        f"{each.name}  {output.counted(each.entries, 'entry', 'entries')}, "
        f"{each.in_force} in force  review by {each.review_by:%Y-%m-%d}, "
        f"expires {each.expires_at:%Y-%m-%d}  {each.owner}, {each.source}"
        for each in found
    )
    output.done({"lists": told}, *said, as_json=json)


@group.command(epilog=examples("riskprofile watchlists show harbour"))
def show(name: Name, home: Home = None, json: Json = False) -> None:
    """The entries of a list. The look is audited."""
    with opened(home) as (_, store):
        found = watchlists.show(store, owner(), name, now())
    for one in found:
        one |= {key: one[key].isoformat() for key in ("review_by", "expires_at")}
    said = []
    for one in found:
        state = "in force" if one["in_force"] else "over: matches nothing"
        told = f"{one['id']}  {one['kind']}  {one['text']}  {state}  {one['reason']}"
        said.append(told.rstrip())
    output.done({"list": name, "entries": found}, *said, as_json=json)


@group.command(
    epilog=examples(
        "riskprofile watchlists expire harbour", "riskprofile watchlists expire harbour --entry 12"
    )
)
def expire(
    name: Name,
    entry: Annotated[int | None, typer.Option(help="Its number; else the whole list.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """End a list, or one entry, now."""
    with opened(home) as (_, store):
        count = watchlists.expire(store, owner(), name, now(), entry)
    said = f"{name}: {output.counted(count, 'entry', 'entries')} ended"
    output.done({"list": name, "ended": count}, said, as_json=json)

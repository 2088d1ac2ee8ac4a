"""watchlists load, list, show, expire: the office's own lists."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from riskprofile.cli import output
from riskprofile.cli.app import Home, Json, app, moment, now, opened, owner
from riskprofile.cli.screen import given_file
from riskprofile.services import watchlists

group = typer.Typer(help="The office's own watch lists.", no_args_is_help=True)
app.add_typer(group, name="watchlists")

Name = Annotated[str, typer.Argument(help="The list.")]


@group.command()
def load(
    name: Name,
    file: Annotated[Path, typer.Argument(help="CSV: kind,text,reason; - is stdin.")],
    owned_by: Annotated[str, typer.Option("--owner", help="Who answers for the list.")],
    source: Annotated[str, typer.Option(help="Where its entries come from.")],
    review_by: Annotated[str, typer.Option(help="From this day on it matches nothing.")],
    expires: Annotated[str, typer.Option(help="From this day on it is over.")],
    home: Home = None,
    json: Json = False,
) -> int:
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
    if json:
        output.as_json({"list": name, "entries": count})
    else:
        output.say(f"{name}: {output.counted(count, 'entry', 'entries')}")
    return 0


@group.command("list")
def list_lists(home: Home = None, json: Json = False) -> int:
    """Every list: how many entries, how many of them are in force now, until when."""
    with opened(home) as (_, store):
        found = watchlists.lists(store, owner(), now())
    if json:
        told = [asdict(one) for one in found]
        for one in told:
            one |= {key: one[key].isoformat() for key in ("review_by", "expires_at")}
        output.as_json({"lists": told})
        return 0
    for each in found:
        output.say(
            f"{each.name}  {output.counted(each.entries, 'entry', 'entries')}, "
            f"{each.in_force} in force  review by {each.review_by:%Y-%m-%d}, "
            f"expires {each.expires_at:%Y-%m-%d}  {each.owner}, {each.source}"
        )
    return 0


@group.command()
def show(name: Name, home: Home = None, json: Json = False) -> int:
    """The entries of a list. The look is audited."""
    with opened(home) as (_, store):
        found = watchlists.show(store, owner(), name, now())
    for one in found:
        one |= {key: one[key].isoformat() for key in ("review_by", "expires_at")}
    if json:
        output.as_json({"list": name, "entries": found})
        return 0
    for one in found:
        state = "in force" if one["in_force"] else "over: matches nothing"
        output.say(f"{one['id']}  {one['kind']}  {one['text']}  {state}  {one['reason']}".rstrip())
    return 0


@group.command()
def expire(
    name: Name,
    entry: Annotated[int | None, typer.Option(help="Its number; else the whole list.")] = None,
    home: Home = None,
    json: Json = False,
) -> int:
    """End a list, or one entry, now."""
    with opened(home) as (_, store):
        count = watchlists.expire(store, owner(), name, now(), entry)
    if json:
        output.as_json({"list": name, "ended": count})
    else:
        output.say(f"{name}: {output.counted(count, 'entry', 'entries')} ended")
    return 0

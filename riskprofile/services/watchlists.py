"""Watch lists of the installation: loaded with an owner, looked at, ended; all of it audited."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from riskprofile.errors import InputError, UsageError
from riskprofile.history.watch import KINDS
from riskprofile.services.rights import Actor, authorise, note
from riskprofile.store import batches, watchlists
from riskprofile.store.database import Store

HEADER = ("kind", "text", "reason")


@dataclass(frozen=True)
class Held:
    """One list: how many entries it has, and how many of them are in force now."""

    name: str
    entries: int
    in_force: int
    owner: str
    source: str
    review_by: datetime
    expires_at: datetime


def load(
    store: Store,
    actor: Actor,
    name: str,
    path: Path,
    now: datetime,
    *,
    owner: str,
    source: str,
    review_by: datetime,
    expires_at: datetime,
) -> int:
    """Put the entries of a CSV file (`kind,text,reason`) in place of a list's; how many.

    Raises
    ------
    NotAllowed, UsageError, InputError
        Nothing of the list is changed then.
    """
    authorise(actor, "watchlist.manage")
    if not (name.strip() and owner.strip() and source.strip()):
        raise UsageError(
            "a watch list has a name, an owner and a source", do="Give --owner and --source"
        )
    if not now < review_by <= expires_at:
        raise UsageError(
            "the review comes after today and not after the expiry",
            do="Give --review-by and --expires in that order",
        )
    given = [
        {
            "list": name.strip(),
            **entry,
            "form": KINDS[entry["kind"]](entry["text"]),
            "owner": owner.strip(),
            "source": source.strip(),
            "review_by": review_by,
            "expires_at": expires_at,
        }
        for entry in _entries(path)
    ]
    with store.write() as connection:
        watchlists.lock(connection)
        known_at = batches.after_runs(connection, now)  # a process of one may begin later
        ended = watchlists.end(connection, name.strip(), known_at)
        watchlists.add(connection, [{**one, "added_at": known_at} for one in given])
        told: dict[str, Any] = {"owner": owner.strip(), "source": source.strip()}
        told |= {"review_by": review_by.isoformat(), "expires_at": expires_at.isoformat()}
        told |= {"entries": len(given), "ended": ended}
        note(connection, actor, "watchlist.load", f"watchlist:{name.strip()}", now, told)
    return len(given)


def _entries(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if not {"kind", "text"} <= set(reader.fieldnames or ()):
                raise InputError(
                    "the header lacks kind or text",
                    where=str(path),
                    do=f"Give a UTF-8 CSV with the header {','.join(HEADER)}",
                )
            rows = [(reader.line_num, row) for row in reader]
    except OSError as error:
        raise InputError(
            f"the watch list cannot be read ({(error.strerror or str(error)).lower()})",
            where=str(path),
            do="Check the path and its rights",
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"the watch list cannot be read ({error})",
            where=str(path),
            do=f"Give a UTF-8 CSV with the header {','.join(HEADER)}",
        ) from error
    found = []
    for line, row in rows:
        one = {name: (row.get(name) or "").strip() for name in HEADER}
        if one["kind"] not in KINDS or not one["text"]:
            raise InputError(
                f"kind {one['kind']!r} with {'a' if one['text'] else 'no'} text",
                where=f"{path}:{line}",
                do=f"Kinds are {', '.join(KINDS)}; the text may not be empty",
            )
        if any("\0" in cell for cell in one.values()):  # no text that PostgreSQL stores
            raise InputError(
                "a null character in a cell",
                where=f"{path}:{line}",
                do="Check the export that wrote it",
            )
        found.append(one)
    if not found:  # an export that failed would take a whole list out of force
        raise InputError(
            "the watch list has a header and no entry",
            where=str(path),
            do="Check the export that wrote it; a list is ended by riskprofile watchlists expire",
        )
    return found


def lists(store: Store, actor: Actor, now: datetime) -> list[Held]:
    """Every list that was not ended, by name."""
    authorise(actor, "watchlist.look")
    with store.read() as connection:
        rows = watchlists.held(connection)
        active = {entry.id for entry in watchlists.in_force(connection, now)}
    by_name: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_name.setdefault(row["list"], []).append(row)
    return [
        Held(
            name,
            len(many),
            sum(one["id"] in active for one in many),
            many[-1]["owner"],
            many[-1]["source"],
            many[-1]["review_by"],
            many[-1]["expires_at"],
        )
        for name, many in sorted(by_name.items())
    ]


def show(store: Store, actor: Actor, name: str, now: datetime) -> list[dict[str, Any]]:
    """The entries of a list with `in_force`; the look is in the audit before they are shown."""
    authorise(actor, "watchlist.look")
    with store.write() as connection:
        rows = watchlists.held(connection, name)
        active = {entry.id for entry in watchlists.in_force(connection, now)}
        note(connection, actor, "watchlist.look", f"watchlist:{name}", now)
    if not rows:
        raise InputError(f"there is no watch list {name}", do="See `riskprofile watchlists list`")
    kept = ("id", "kind", "text", "reason", "owner", "source", "review_by", "expires_at")
    return [
        {**{column: row[column] for column in kept}, "in_force": row["id"] in active}
        for row in rows
    ]


def expire(store: Store, actor: Actor, name: str, now: datetime, entry: int | None = None) -> int:
    """End a list, or one entry of it, now: it matches nothing from here on."""
    authorise(actor, "watchlist.manage")
    with store.write() as connection:
        ended_at = batches.after_runs(connection, now)
        count = watchlists.end(connection, name, ended_at, entry)
        if not count:
            raise InputError(
                f"there is no watch list {name}, or what was named of it has ended already",
                do=f"See `riskprofile watchlists list` and `riskprofile watchlists show {name}`",
            )
        told = {"entries": count} | ({} if entry is None else {"entry": entry})
        note(connection, actor, "watchlist.expire", f"watchlist:{name}", now, told)
    return count

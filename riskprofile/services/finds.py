"""What a confirmed outcome found, in the register of arms: nobody types it a second time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from riskprofile.reference import marks, places
from riskprofile.reference.arms import (
    FLAGS,
    KINDS,
    MARKED,
    TRAVELLED,
    answer,
    as_marked,
    flags_of,
)
from riskprofile.services import arms, desk
from riskprofile.services.rights import Actor
from riskprofile.store import arms as kept
from riskprofile.store.alert_tables import ItemFound
from riskprofile.store.database import Store
from riskprofile.store.many import among
from riskprofile.store.office_tables import Office

_item = ItemFound.__table__  # type: ignore[attr-defined]
_office = Office.__table__  # type: ignore[attr-defined]

# What an examination says of a piece: a later one overrides it. All else of a piece that is
# found again, the counter does not know: it stays as it was amended.
SAID = ("kind", "part", "make", "model", "calibre", "serial", "count")
NOTED = ("proof_marks", "case_number", "concealment")
BASES = ("trafficking", "other")  # legal bases of what was found, where nobody says otherwise


def record(
    store: Store,
    connection: Connection,
    actor: Actor,
    now: datetime,
    alert: Mapping[str, Any],
    outcome: Mapping[str, Any],
    items: Sequence[Mapping[str, Any]],
) -> None:
    """Put the arms of a confirmed outcome into the register, inside its transaction.

    An alert that was opened again and examined anew counts with its last outcome alone. A
    piece that it finds again stays the piece that it is, with its number, its day, custody,
    photos and traces; the others are taken out.
    """
    kept.lock(connection)
    asked = select(_office.c.zone, _office.c.country).where(_office.c.code == alert["office"])
    zone, country = connection.execute(asked).first() or ("UTC", "")
    on = outcome["at"].astimezone(ZoneInfo(zone)).date()
    found = [_entry(alert, outcome, item, on, country) for item in items if item["kind"] in KINDS]
    held = kept.of_alert(connection, alert["id"])
    entered = select(_item).where(among(_item.c.id, [old["item_found_id"] for old in held]))
    said = {row["id"]: dict(row) for row in connection.execute(entered).mappings()}
    gone = kept.of_alert(connection, alert["id"], gone=True)
    again = dict(_again(held, gone, found, said))
    for place, old in again.items():
        entry = _continued(old, found[place], outcome["legal_basis"])
        row = arms.row_of(entry, actor, old["recorded_at"])
        row |= {"recorded_by": old["recorded_by"], "item_found_id": _item_of(found[place])}
        row["superseded_at"] = None
        arms.correct(connection, actor, old, row, now)
    same = {old["id"] for old in again.values()}
    kept.supersede(connection, [old["id"] for old in held if old["id"] not in same], now)
    fresh = [entry for place, entry in enumerate(found) if place not in again]
    kept.add(
        store,
        connection,
        [
            arms.row_of(entry, actor, now, alert_id=alert["id"], item_found_id=_item_of(entry))
            for entry in fresh
        ],
    )


@dataclass(frozen=True)
class Stored:
    """What the register of arms holds of an alert: pieces, and what belongs to them."""

    pieces: int = 0
    photos: int = 0
    seal: str = ""  # of the last hand over
    traces: int = 0
    answered: int = 0  # of these


def stored(store: Store, actor: Actor, alert_id: int) -> Stored:
    """What the register holds of the pieces of an alert that count."""
    with store.read() as connection:
        desk.load(connection, actor, "arms.look", alert_id, lock=False)
        rows = kept.of_alert(connection, alert_id)
        ids = [row["id"] for row in rows]
        asked = select(kept.events).where(among(kept.events.c.arms_id, ids))
        events = connection.execute(asked.order_by(kept.events.c.at, kept.events.c.id)).mappings()
        happened = [dict(one) for one in events]
        traces = select(kept.traces.c.state).where(among(kept.traces.c.arms_id, ids))
        states = connection.execute(traces).scalars().all()
    seals = [one["detail"].get("seal") for one in happened if one["kind"] == "custody"]
    return Stored(
        pieces=sum(row["count"] for row in rows),
        photos=len({one["digest"] for one in happened if one["kind"] == "photo"}),
        seal=next((str(one) for one in reversed(seals) if one), ""),
        traces=len(states),
        answered=sum(state == "answered" for state in states),
    )


def _item_of(entry: Mapping[str, Any]) -> int:
    """The item found from which an entry was made."""
    return int(str(entry["record_number"]).removeprefix(arms.OWN))


def _entry(
    alert: Mapping[str, Any],
    outcome: Mapping[str, Any],
    item: Mapping[str, Any],
    on: date,
    country: str | None,
) -> dict[str, Any]:
    """One item found under the columns of the register."""
    declared = (alert["declaration"] or [{}])[0]
    said = flags_of(item["marking"])
    serial = as_marked(item["serial"])
    if not any(one.isdigit() for one in serial) and flags_of(serial).get("obliterated"):
        said, serial = {**said, "obliterated": True}, ""  # "filed off" is no serial
    legs = str(declared.get("route") or "").split("|")[1:-1]
    details = {
        "country": country,
        "case_number": outcome["seizure_number"],
        "at_border": True,
        "proof_marks": as_marked(item["marking"]),
        "legal_basis": outcome["legal_basis"] or BASES[outcome["outcome"] != "trafficking"],
        "departure": declared.get("country_of_export") or _country(declared.get("origin")),
        "transit": "|".join(dict.fromkeys(filter(None, map(_country, legs)))),
        "destination": declared.get("country_of_destination")
        or _country(declared.get("destination")),
        "transport": declared.get("conveyance"),
        "concealment": outcome["concealment"] or item["where_found"],
        "cover_goods": alert["title"],
    }
    return {
        **{name: item[name] for name in SAID},
        **{name: as_marked(item[name]) for name in MARKED},
        "serial": serial,
        **said,
        **{name: value for name, value in details.items() if value},
        "record_number": f"{arms.OWN}{item['id']}",
        "event": "seized",
        "event_on": on.isoformat(),
        "office": alert["office"],
        "authority": "customs",
        "mode": TRAVELLED.get(str(declared.get("transport_mode") or "")),
        "marking": _marking(item, serial, said),
    }


def _marking(item: Mapping[str, Any], serial: str, said: Mapping[str, bool]) -> str:
    """How a piece is marked. Proof marks alone tell no piece from another."""
    if said.get("obliterated"):
        return "obliterated"
    if marks.skeleton(serial).strip(marks.UNSURE):
        return "unique"
    looked = answer(item["serial"]) or (not serial and answer(item["marking"]))
    return "unmarked" if looked == "none" else "unknown"


def _country(place: Any) -> str:
    return places.country(str(place)) if place else ""


def _again(
    held: Sequence[Mapping[str, Any]],
    gone: Sequence[Mapping[str, Any]],
    found: Sequence[Mapping[str, Any]],
    said: Mapping[int, Mapping[str, Any]],
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Which pieces were found again: the place in `found`, and the piece.

    What is alike in most goes first: of two pieces of one kind each stays itself in whatever
    order they are entered. A piece that was amended since is known by what the counter had said,
    and one that was not found in between (`gone`) by its serial.

    Parameters
    ----------
    said : mapping
        By `item_found_id`, the item as it was entered.
    """
    entered = {old["id"]: said.get(old["item_found_id"], old) for old in held}
    amended = {old["id"]: old for old in (*held, *gone)}
    open_ = dict(enumerate(found))
    left, back = list(held), list(gone)
    sure, known = (_by_all, _by_marks, _by_serial), (amended, entered)
    rounds: list[tuple[list[Any], Mapping[int, Any], Callable[..., tuple[Any, ...]]]] = [
        *((left, form, by) for form in known for by in sure),
        (back, amended, _by_serial),
        *((left, form, _by_make) for form in known),
    ]
    for pieces, form, by in rounds:
        for place, entry in list(open_.items()):
            wanted = by(entry)
            alike = (one for one in pieces if wanted and by(form[one["id"]]) == wanted)
            if (old := next(alike, None)) is not None:
                pieces.remove(old)
                del open_[place]
                yield place, old


def _by_all(piece: Mapping[str, Any]) -> tuple[Any, ...]:
    return (*_by_marks(piece), piece["count"])


def _by_marks(piece: Mapping[str, Any]) -> tuple[str, ...]:
    return (*_by_make(piece), kept.keys(piece)["serial_key"])


def _by_serial(piece: Mapping[str, Any]) -> tuple[str, ...]:
    serial = kept.keys(piece)["serial_key"]
    return (piece["kind"], piece["part"].casefold(), serial) if serial else ()


def _by_make(piece: Mapping[str, Any]) -> tuple[str, ...]:
    form = kept.keys(piece)
    said = (piece["kind"], piece["part"].casefold(), piece["calibre"].casefold())
    return (*said, form["make_key"], form["model_key"])


def _continued(old: Mapping[str, Any], entry: Mapping[str, Any], basis: str) -> dict[str, Any]:
    """A piece that was found again: as it stood, under what this examination says of it.

    `basis` is the legal basis that it states, or empty.
    """
    held = arms.shown(old)
    told = {name: entry[name] for name in (*SAID, *NOTED) if entry.get(name)}
    if entry["marking"] == "unmarked":
        told["serial"] = ""  # what was read before was none
    said = flags_of(str(held.get("proof_marks") or ""))  # by the examination before
    flags = {one: bool(entry.get(one) or (held[one] and not said.get(one))) for one in FLAGS}
    marking = entry["marking"]
    if marking == "unknown" and (flags["obliterated"] or held["marking"] != "obliterated"):
        marking = held["marking"]
    if not basis:  # nobody said: an amended one stays
        known = held.get("legal_basis")
        basis = entry["legal_basis"] if known in (None, *BASES) else known
    return {**held, **told, **flags, "marking": marking, "legal_basis": basis}

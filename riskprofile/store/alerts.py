"""Putting alerts in: with what the search box looks through, and what links them.

An alert carries its declaration as declared, so both are made here, once, from that.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import chain, islice, repeat
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import Connection, func, select, update

from riskprofile.columns import View
from riskprofile.profiles import PROFILES
from riskprofile.reference import naming
from riskprofile.reference.once import once
from riskprofile.scoring.ranking import height
from riskprofile.store.alert_tables import Alert
from riskprofile.store.database import Store
from riskprofile.store.many import among

# Kind of link -> the columns that make it. A tuple of columns means: the first that is given.
LINKS: dict[str, tuple[tuple[str, ...], ...]] = {
    "consignor": (("consignor_id", "consignor_name"),),
    "consignee": (("consignee_id", "consignee_name"),),
    "person": (("person_ref",),),
    "address": (("consignor_address",), ("consignee_address",)),
    "phone": (("consignor_phone",), ("consignee_phone",)),
    "container": (("container_numbers",),),
    "document": (("transport_document",),),
    "booking": (("party_ref",),),
    "vehicle": (("vehicle_ref",),),
}
PARTIES = ("consignor", "consignee", "person")
CODES = ("container", "document", "vehicle", "booking")  # separators do not count
# What is written in many ways meets in its normal form; a code of a trader goes by its own.
NORMAL: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(("consignor_name", "consignee_name"), naming.party),
    **dict.fromkeys(("consignor_address", "consignee_address"), naming.address),
    **dict.fromkeys(("consignor_phone", "consignee_phone"), naming.phone),
}
_WAYS = [(kind, columns) for kind, groups in LINKS.items() for columns in groups]
SEARCHED_KINDS = ("text", "codes", "hs")
MARKED_AT_ONCE = 5_000  # references in one statement
CODE_LENGTH = 40  # no reference, container or telephone number is longer

T = TypeVar("T")


def add(store: Store, connection: Connection, alerts: Iterable[Mapping[str, Any]]) -> list[int]:
    """Insert alerts, their search text and their links; the new ids, in order.

    Parameters
    ----------
    alerts : iterable of mappings
        Columns of `Alert` by name, all with the same keys; `id`, `standing` and what finds them
        (`looked_up_by`) are made here.
    """
    defaults = {"version": 1, "driver": 1, "title": "", "state": "open", "points": None}
    rows = [{**defaults, **alert, **looked_up_by(alert)} for alert in alerts]
    if not rows:
        return []
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    links = columns.pop("links")
    kinds, keys = ([link[part] for some in links for link in some] for part in (0, 1))
    return put(store, connection, columns, ([*map(len, links)], kinds, keys))


Links = tuple[Sequence[int], Sequence[str], Sequence[str]]


def put(
    store: Store,
    connection: Connection,
    columns: Mapping[str, Sequence[Any]],
    links: Links,
    written: Collection[str] = (),
) -> list[int]:
    """Insert alerts given by columns; the new ids, in order.

    Parameters
    ----------
    columns : mapping
        Of `Alert`, `search` among them; `id` and `standing` are made here.
    links : tuple
        How many links each alert has; the kind and the key of each of these, of the first alert,
        then of the second, and so on.
    written : collection of str, optional
        Columns of JSON that are given as it is stored.
    """
    many, kinds, keys = links
    stands = [*map(standing, columns["lane"], columns["selected_by"], columns["points"])]
    ids = _new_ids(connection, len(many))
    rows = zip(ids, stands, *columns.values(), strict=True)
    store.insert_many(connection, "alert", ["id", "standing", *columns], rows, written)
    linked = zip(chain.from_iterable(map(repeat, ids, many)), kinds, keys, strict=True)
    store.insert_many(connection, "alert_link", ["alert_id", "kind", "key"], linked)
    return ids


def standing(lane: str, selected_by: str, points: int | None) -> int:
    """Where an alert stands among those of its lane, of whatever run: the lowest comes first."""
    return -height(points, raised=lane == "red" and selected_by == "indicator")


def _new_ids(connection: Connection, count: int) -> list[int]:
    """Numbers that no alert has, rising."""
    table = Alert.__table__  # type: ignore[attr-defined]
    if connection.dialect.name == "sqlite":  # while it is written nobody else makes any
        last = connection.execute(select(func.max(table.c.id))).scalar() or 0
        return [*range(last + 1, last + 1 + count)]
    sequence = func.pg_get_serial_sequence(table.name, table.c.id.name)
    each = func.generate_series(1, count).table_valued("n")
    return sorted(connection.execute(select(func.nextval(sequence)).select_from(each)).scalars())


def looked_up_by(alert: Mapping[str, Any]) -> dict[str, Any]:
    """What finds an alert, of its declaration as declared: `search`, a text, and `links`."""
    return {
        "search": search_text(alert),
        "links": sorted(set(links_of(alert.get("declaration") or []))),
    }


def hold(connection: Connection, profile: str, records: Iterable[str]) -> None:
    """Lock the open alerts of these declarations by their ids, as pages lock several.

    Of two who lock some of the same, the second waits. On SQLite there is one writer.
    """
    if connection.dialect.name == "sqlite":
        return
    table, asked, ids = Alert.__table__, iter(records), list[int]()  # type: ignore[attr-defined]
    while some := [*islice(asked, MARKED_AT_ONCE)]:
        here = among(table.c.record_id, some)
        found = select(table.c.id).where(table.c.profile == profile, here, table.c.state == "open")
        ids += connection.execute(found).scalars()
    ids.sort()
    for start in range(0, len(ids), MARKED_AT_ONCE):
        held = select(table.c.id).where(among(table.c.id, ids[start : start + MARKED_AT_ONCE]))
        connection.execute(held.order_by(table.c.id).with_for_update(key_share=True))


def mark(
    connection: Connection, profile: str, records: Sequence[str], withdrawn_at: datetime | None
) -> list[tuple[int, str | None]]:
    """Say on the open alerts of these declarations that their sender withdrew them.

    None takes it back. It closes nothing: an officer does. `hold` comes before it.

    Returns
    -------
    list of (alert id, office)
        Those that changed.
    """
    table = Alert.__table__  # type: ignore[attr-defined]
    marked = table.c.withdrawn_at
    changed = []
    for record in records:
        rows = connection.execute(
            update(table)
            .where(table.c.record_id == record)
            .where(table.c.profile == profile)
            .where(table.c.state == "open")
            .where(marked.is_(None) if withdrawn_at else marked.is_not(None))
            .values(withdrawn_at=withdrawn_at)
            .returning(table.c.id, table.c.office)
        )
        changed += [(row[0], row[1]) for row in rows]
    return changed


def amend(
    connection: Connection, profile: str, records: Sequence[str], now: datetime
) -> list[tuple[int, str | None]]:
    """Say on the open alerts of these declarations that they are not as they were rated.

    Where the changed one is an alert too, that takes their place, unless somebody has decided.
    `hold` comes before it.

    Returns
    -------
    list of (alert id, office)
        Those that were not marked before.
    """
    table = Alert.__table__  # type: ignore[attr-defined]
    changed: list[tuple[int, str | None]] = []
    for start in range(0, len(records), MARKED_AT_ONCE):
        here = [
            table.c.profile == profile,
            among(table.c.record_id, records[start : start + MARKED_AT_ONCE]),
            table.c.state == "open",
        ]
        rows = connection.execute(
            select(table.c.id, table.c.office).where(*here, table.c.amended_at.is_(None))
        )
        changed += [(row.id, row.office) for row in rows]
        connection.execute(update(table).where(*here).values(amended_at=now))
    return changed


def links_of(declaration: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """What ties these rows to others, as (kind, key): missing values tie nothing."""
    return chain.from_iterable(ties(_view(declaration)))


def ties(rows: View) -> list[list[tuple[str, str]]]:
    """The same of each of these rows."""
    told: list[list[Sequence[tuple[str, str]]]] = []
    for kind, columns in _WAYS:
        left = np.ones(len(rows), dtype=bool)  # where no column before this one gives it
        for name in [name for name in columns if name in rows]:
            text = rows.text(name)
            codes = np.where(left, text.values, -1).tolist()
            known = {code: _tied(rows, kind, name, code) if code >= 0 else () for code in {*codes}}
            told.append([known[code] for code in codes])
            left &= ~text.told(bool, False).flags()
    return _joined(told, len(rows))


def _tied(rows: View, kind: str, name: str, code: int) -> list[tuple[str, str]]:
    """What ties rows by one distinct text of a column."""
    if name in NORMAL:
        parts = _parts(NORMAL[name](rows.text(name).distinct[code]))
    else:
        parts = _parted(rows, name)[code]
    found = [(code or word) if kind in CODES else word for word, code in parts]
    return [(kind, key) for key in found if key]


def search_text(alert: Mapping[str, Any]) -> str:
    """One line of plain words: reference, title, and every text that may be looked for.

    Protected columns stay out, and so does who a person is: to find a traveller by name would
    tell, without a purpose, that they are here. A code with separators is there without them too.
    """
    rows = words(alert["profile"], _view(alert.get("declaration") or []))
    return searched(str(alert["record_id"]), str(alert.get("title") or ""), rows)


def searched(record: str, title: str, rows: Iterable[Sequence[str]]) -> str:
    """The same of a declaration with the `words` of its rows."""
    told = chain(_words(_parts(record)), _words(_parts(title)), *rows)
    return " ".join(dict.fromkeys(told))


def words(profile: str, rows: View) -> list[list[str]]:
    """The words by which each of these rows is found."""
    told: list[list[Sequence[str]]] = []
    for name in [name for name in _searched(profile) if name in rows]:
        known = [*map(_words, _parted(rows, name)), ()]
        told.append([known[code] for code in rows.text(name).values.tolist()])
    return _joined(told, len(rows))


def _joined(columns: list[list[Sequence[T]]], size: int) -> list[list[T]]:
    """What each column says of each of so many rows, together by row."""
    rows = zip(*columns, strict=True) if columns else [()] * size
    return [[*chain.from_iterable(row)] for row in rows]


def _view(declaration: Sequence[Mapping[str, Any]]) -> View:
    """Rows as declared, by columns, of what each of them gives."""
    columns = {
        name: [str(row[name]) if row.get(name) else None for row in declaration]
        for name in dict.fromkeys(chain.from_iterable(declaration))
    }
    return View(columns, len(declaration))


@once
def _parted(rows: View, name: str) -> list[list[tuple[str, str]]]:
    """`_parts` of each distinct text of a column."""
    return [*map(_parts, rows.text(name).distinct)]


def _parts(text: str) -> list[tuple[str, str]]:
    """Of each part of a value its plain words, and these as a code: see `plain` and `squeezed`."""
    parts = text.split("|") if "|" in text else [text]
    return [(word := plain(part), _squeezed(part, word)) for part in parts]


def _words(parts: list[tuple[str, str]]) -> list[str]:
    """The words by which a value is found."""
    return [word for part in parts for word in part if word]


@cache
def _searched(profile: str) -> list[str]:
    found = PROFILES[profile]
    hidden = ("P1", "P2") if found.persons else ("P1",)
    return [
        spec.name
        for spec in found.columns
        if spec.kind in SEARCHED_KINDS and spec.protection not in hidden
    ]


def plain(text: str) -> str:
    """Without case, width and repeated blanks.

    >>> plain("  Ｅxample   FASTENERS ")
    'example fasteners'
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.casefold().split())


def squeezed(text: str) -> str:
    """A code without its separators, or nothing when this is no code.

    >>> squeezed("MSKU 123456-7"), squeezed("garden chairs")
    ('msku1234567', '')
    """
    return _squeezed(text, plain(text))


def _squeezed(text: str, word: str) -> str:
    """The same of a text whose plain word is known."""
    if len(text) > CODE_LENGTH:
        return ""
    if not text.isascii():
        return "".join(filter(str.isalnum, word)) if any(map(str.isdigit, text)) else ""
    if not _DIGIT.search(text):
        return ""
    return word if word.isalnum() else word.encode().translate(None, _SEPARATORS).decode()


_DIGIT = re.compile("[0-9]")
_SEPARATORS = bytes(code for code in range(128) if not chr(code).isalnum())

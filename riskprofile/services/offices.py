"""The offices of an installation: loaded, and what is known of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select, update

from riskprofile.errors import RiskProfileError
from riskprofile.intake import Offices
from riskprofile.reference.registers import OFFICES
from riskprofile.store import registers
from riskprofile.store.database import Store
from riskprofile.store.office_tables import CAPACITY, Office

_office = Office.__table__  # type: ignore[attr-defined]


def put(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Add or change offices inside the caller's transaction, which audits it.

    Parameters
    ----------
    rows : iterable of mappings
        `code`, `name`, and optionally `zone` (such as `Europe/Paris`), `country`, `capacity`
        (examinations a day).

    Raises
    ------
    RiskProfileError
        A row cannot be used.
    """
    for number, row in enumerate(rows, start=1):
        office = _office_row(row, number)
        changed = connection.execute(
            update(_office).where(_office.c.code == office["code"]).values(**office)
        )
        if not changed.rowcount:
            connection.execute(insert(_office).values(**office))


def _office_row(row: Mapping[str, Any], number: int) -> dict[str, Any]:
    given = {name: str(row.get(name) or "").strip() for name in ("code", "name", "zone", "country")}
    able = row.get("capacity")  # 0 is a number of examinations too
    capacity = ("" if able is None else str(able).strip()) or str(CAPACITY)
    where = f"offices, row {number}"
    if not given["code"]:
        raise RiskProfileError("an office has no code", where=where, do="Give every row a code.")
    try:
        ZoneInfo(given["zone"] or "UTC")
    except (KeyError, ValueError, OSError):
        raise RiskProfileError(
            f"unknown zone {given['zone']}", where=where, do="Write it as in Europe/Paris."
        ) from None
    if not (capacity.isascii() and capacity.isdigit()):
        raise RiskProfileError(
            f"capacity {capacity} is no whole number", where=where, do="Give examinations a day."
        )
    return {
        "code": given["code"],
        "name": given["name"] or given["code"],
        "zone": given["zone"] or "UTC",
        "country": given["country"] or None,
        "capacity": int(capacity),
    }


def zones(store: Store) -> dict[str, str]:
    """The time zone of each office, by code."""
    with store.read() as connection:
        rows = connection.execute(select(_office.c.code, _office.c.zone)).all()
    return {row[0]: row[1] for row in rows}


def known(store: Store, before: datetime) -> Offices:
    """What whoever reads a file knows of the offices; of how they write dates, as of `before`."""
    with store.read() as connection:
        rows = connection.execute(select(_office.c.code, _office.c.zone, _office.c.country)).all()
        stated = registers.known(connection, OFFICES.name, before)
    return Offices(
        zones={row.code: row.zone for row in rows},
        date_orders={one["code"]: one["date_order"] for one in stated if one.get("date_order")},
        countries=frozenset(row.country for row in rows if row.country),
    )


def codes(connection: Connection) -> frozenset[str]:
    """The codes of the offices that are loaded."""
    return frozenset(connection.execute(select(_office.c.code)).scalars())

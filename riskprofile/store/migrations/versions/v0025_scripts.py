"""Marks in Han, kana and other scripts without a Latin spelling: those that came before, as well.

These letters were left out of all that a piece is found by, and of what tells whether an open
trace request asks the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

from riskprofile.reference import marks
from riskprofile.store import arms as kept

revision = "0025"
down_revision = "0024"

AT_ONCE = 500
NAMES = ("make", "model")


def upgrade() -> None:
    """Write anew the forms under which pieces with such letters are found."""
    connection = op.get_bind()
    columns = ("id", "number", "serial", *NAMES, "serial_key", "make_key", "model_key")
    arms = sa.table("arms", *map(sa.column, columns), sa.column("details", sa.JSON()))
    last = 0
    asked = sa.select(arms).where(arms.c.id > sa.bindparam("last")).order_by(arms.c.id)
    while rows := connection.execute(asked.limit(AT_ONCE), {"last": last}).mappings().all():
        for one in rows:
            row = dict(one)
            spelled = [*kept.serials(row), *(row[name] for name in NAMES)]
            if not all(map(str.isascii, spelled)):
                _find_anew(connection, arms, row)
        last = rows[-1]["id"]


def _find_anew(connection: sa.Connection, arms: Any, row: dict[str, Any]) -> None:
    found = kept.keys(row)
    _ask_anew(connection, row, found)
    connection.execute(sa.update(arms).where(arms.c.id == row["id"]).values(**found))
    forms = [marks.skeleton(one) for one in kept.serials(row)]
    before = ["".join(filter(str.isascii, form)) for form in forms]
    was, now = (frozenset().union(*map(marks.grams, each)) for each in (before, forms))
    grams = sa.table("arms_gram", sa.column("gram"), sa.column("arms_id"))
    mine = (grams.c.gram.in_(was - now), grams.c.arms_id == row["id"])
    connection.execute(sa.delete(grams).where(*mine))
    if fresh := sorted(now - was):
        made = [{"gram": one, "arms_id": row["id"]} for one in fresh]
        connection.execute(sa.insert(grams), made)
    names = sa.table("arms_name", sa.column("kind"), sa.column("key"))
    for kind in NAMES:
        key = found[f"{kind}_key"]
        known = sa.select(names.c.key).where(names.c.kind == kind, names.c.key == key)
        if key and connection.execute(known).first() is None:
            connection.execute(sa.insert(names), {"kind": kind, "key": key})


def _ask_anew(connection: sa.Connection, row: dict[str, Any], found: dict[str, str]) -> None:
    """Open requests for the piece as it is; one for what it was before a correction stays."""
    columns = ("id", "arms_id", "channel", "to_country", "identity", "state")
    traces = sa.table("arms_trace", *map(sa.column, columns))
    asked = sa.select(traces).where(traces.c.arms_id == row["id"], traces.c.state == "asked")
    for one in [dict(held) for held in connection.execute(asked).mappings()]:
        if one["identity"] == _identity(row["number"], row, one):
            values = {"identity": _identity(row["number"], found, one)}
            connection.execute(sa.update(traces).where(traces.c.id == one["id"]).values(**values))


def _identity(number: str, found: Mapping[str, str], asking: Mapping[str, Any]) -> str:
    # As services.tracing makes it; written out, so that this step stays what it was.
    piece = [found["make_key"], found["serial_key"]]
    if not marks.grams(found["serial_key"]) or marks.UNSURE in found["serial_key"]:
        piece = [number]
    text = json.dumps([*piece, asking["channel"], asking["to_country"]])
    return hashlib.sha256(text.encode()).hexdigest()

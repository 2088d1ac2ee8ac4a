"""What a SQLite database would read to answer: the tables that a statement goes through whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event

from riskprofile.store.database import Store

_WHOLE = re.compile(r"^SCAN (?!json_each|CONSTANT|SUBQUERY|\d)(\w+)")


@contextmanager
def read_whole() -> Iterator[dict[str, set[str]]]:
    """Statements of any open database, and the tables that each reads from end to end.

    They are looked at when the block ends, each with the parameters it had first.
    """
    asked: dict[str, tuple[Any, Any]] = {}
    told: dict[str, set[str]] = {}

    def hear(connection: Connection, cursor: Any, statement: str, given: Any, *_: Any) -> None:
        if re.match(r"(?i)(select|update|delete|with)\b", statement):
            asked.setdefault(statement, (connection.engine, given))

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield told
    finally:
        event.remove(Engine, "before_cursor_execute", hear)
    for statement, (engine, given) in asked.items():
        one = given[0] if isinstance(given, list) else given
        with Store(engine, "").read() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", one).all()
        whole = {found[1] for row in plan if (found := _WHOLE.match(row[3]))}
        if whole:
            told[statement] = whole

"""The figures of the Illicit Arms Flows Questionnaire, one query each: the table to review.

Each query runs on either database with `:year`, and what it returns is the figure; the
export carries the query beside it. Fields follow the statistical part of the questionnaire
(CTOC/COP/WG.6/2018/CRP.2) and the metadata of SDG indicator 16.4.2 (2018-07-26) as far as
they were at hand: check the wording of a return against the form in force.
"""

# ruff: noqa: E501, S608 - one query a line is the table to review; no part comes from outside

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, text

from riskprofile.reference.registers import AHEAD
from riskprofile.store.column_types import Moment

YEAR = "a.year = :year AND a.superseded_at IS NULL"
# Arms of the indicator: firearms seized, found or surrendered, not made before 1900.
ARMS = f"{YEAR} AND a.kind = 'firearm' AND NOT a.antique AND a.event <> 'collected'"
# Pieces established by answers; never more than the record has.
TRACED = (
    "LEFT JOIN (SELECT arms_id, SUM(pieces) AS pieces,"
    " SUM(CASE WHEN result = 'national' THEN pieces ELSE 0 END) AS national,"
    " SUM(CASE WHEN result = 'traced' THEN pieces ELSE 0 END) AS traced,"
    " SUM(CASE WHEN result = 'other' THEN pieces ELSE 0 END) AS other"
    " FROM arms_trace WHERE state = 'answered' GROUP BY arms_id) t ON t.arms_id = a.id"
)
CAPPED = "CASE WHEN t.pieces > a.count THEN a.count ELSE COALESCE(t.pieces, 0) END"

SDG_16_4_2 = (
    f"SELECT COALESCE(SUM({CAPPED}), 0) AS numerator, COALESCE(SUM(a.count), 0) AS denominator,"
    " COALESCE(SUM(t.national), 0) AS national, COALESCE(SUM(t.traced), 0) AS traced,"
    " COALESCE(SUM(t.other), 0) AS other"
    f" FROM arms a {TRACED} WHERE {ARMS}"
)


@dataclass(frozen=True)
class Figure:
    """One table of the return: where it goes, what it counts, its columns and its query."""

    id: str
    section: str
    what: str
    columns: tuple[str, ...]
    sql: str


def _by(column: str, where: str) -> str:
    return (
        f"SELECT {column} AS of, COUNT(*) AS records, SUM(a.count) AS pieces"
        f" FROM arms a WHERE {where} GROUP BY {column} ORDER BY 1"
    )


def _spelled(column: str, form: str, where: str) -> str:
    # Spellings of one thing are one line, under the first of them.
    return (
        f"SELECT MIN({column}) AS of, COUNT(*) AS records, SUM(a.count) AS pieces"
        f" FROM arms a WHERE {where} GROUP BY {form} ORDER BY 1"
    )


def _by_kind(column: str) -> str:
    # A sum of firearms and rounds is a number of nothing.
    return (
        f"SELECT {column} AS of, a.kind, COUNT(*) AS records, SUM(a.count) AS pieces"
        f" FROM arms a WHERE {YEAR} GROUP BY {column}, a.kind ORDER BY 1, 2"
    )


def calibre(column: str) -> str:
    """SQL of a calibre however it is spelled.

    9x19, 9 X 19 mm, 9×19 and, with Cyrillic letters, 9х 19 мм are one; so are 7.62 and 7,62.
    """
    # Capitals too: what LOWER does with those that are not ASCII is another thing in each database.
    told = f"LOWER({column})"
    for meant, *spellings in (
        ("x", "\u00d7", "\u0425", "\u0445", "*"),
        ("", " ", "mm", "\u043c\u043c", "\u041c\u041c"),
        (".", ","),
    ):
        for said in spellings:
            told = f"REPLACE({told}, '{said}', '{meant}')"
    return told


CALIBRE = calibre("a.calibre")
_EVENT = ("of", "records", "pieces")
_KINDS = ("of", "kind", "records", "pieces")
FIGURES = (
    Figure(
        "events",
        "arms",
        "firearms by event",
        _EVENT,
        _by("a.event", f"{YEAR} AND a.kind = 'firearm'"),
    ),
    Figure("types", "arms", "firearms by type", _EVENT, _by("a.arm_type", ARMS)),
    Figure("marking", "arms", "firearms by marking", _EVENT, _by("a.marking", ARMS)),
    Figure(
        "made",
        "arms",
        "firearms by how they were made",
        ("privately_made", "converted", "reactivated", "obliterated", "restored"),
        "SELECT "
        + ", ".join(
            f"COALESCE(SUM(CASE WHEN a.{one} THEN a.count ELSE 0 END), 0) AS {one}"
            for one in ("privately_made", "converted", "reactivated", "obliterated", "restored")
        )
        + f" FROM arms a WHERE {ARMS}",
    ),
    Figure("calibres", "arms", "firearms by calibre", _EVENT, _spelled("a.calibre", CALIBRE, ARMS)),
    Figure("makes", "arms", "firearms by make", _EVENT, _spelled("a.make", "a.make_key", ARMS)),
    Figure(
        "parts",
        "parts",
        "parts by kind",
        _EVENT,
        _by("a.part", f"{YEAR} AND a.kind IN ('part', 'accessory')"),
    ),
    Figure(
        "ammunition",
        "ammunition",
        "rounds by calibre",
        _EVENT,
        _spelled("a.calibre", CALIBRE, f"{YEAR} AND a.kind = 'ammunition'"),
    ),
    Figure(
        "modes",
        "routing",
        "arms, parts and ammunition by how they travelled",
        _KINDS,
        _by_kind("COALESCE(a.mode, '')"),
    ),
    Figure(
        "places",
        "routing",
        "arms, parts and ammunition by office",
        _KINDS,
        _by_kind("COALESCE(a.office, '')"),
    ),
    Figure(
        "traces",
        "tracing",
        "trace requests by channel, state and result",
        ("channel", "state", "result", "requests", "pieces"),
        "SELECT t.channel, t.state, t.result, COUNT(*) AS requests, SUM(t.pieces) AS pieces"
        f" FROM arms_trace t JOIN arms a ON a.id = t.arms_id WHERE {YEAR} AND t.channel <> 'none'"
        " GROUP BY t.channel, t.state, t.result ORDER BY 1, 2, 3",
    ),
    Figure(
        "established",
        "tracing",
        "pieces established without a trace request",
        _EVENT,
        "SELECT t.result AS of, COUNT(DISTINCT t.arms_id) AS records, SUM(t.pieces) AS pieces"
        f" FROM arms_trace t JOIN arms a ON a.id = t.arms_id WHERE {YEAR} AND t.channel = 'none'"
        " GROUP BY t.result ORDER BY 1",
    ),
    Figure(
        "diversion",
        "tracing",
        "established pieces by country of the point of diversion",
        ("of", "records", "pieces"),
        "SELECT t.diversion_country AS of, COUNT(DISTINCT t.arms_id) AS records, SUM(t.pieces) AS pieces"
        f" FROM arms_trace t JOIN arms a ON a.id = t.arms_id WHERE {YEAR} AND t.pieces > 0"
        " GROUP BY t.diversion_country ORDER BY 1",
    ),
)

_NUMBER = "SELECT a.number FROM arms a"
# (name, what is wrong, query for the numbers of the records)
CHECKS = (
    (
        "marking_unknown",
        "it is not known whether it is marked",
        f"{_NUMBER} WHERE {ARMS} AND a.marking = 'unknown'",
    ),
    (
        "serial_missing",
        "uniquely marked, and no serial is recorded",
        f"{_NUMBER} WHERE {ARMS} AND a.marking = 'unique' AND a.serial_key = ''",
    ),
    (
        "type_missing",
        "the type of firearm is missing",
        f"{_NUMBER} WHERE {ARMS} AND a.arm_type = ''",
    ),
    (
        "make_missing",
        "the make is missing",
        f"{_NUMBER} WHERE {ARMS} AND a.make_key = '' AND NOT a.privately_made",
    ),
    (
        "calibre_missing",
        "the calibre is missing",
        f"{_NUMBER} WHERE {YEAR} AND a.kind IN ('firearm', 'ammunition') AND a.calibre = ''",
    ),
    ("mode_missing", "how it travelled is missing", f"{_NUMBER} WHERE {YEAR} AND a.mode IS NULL"),
    (
        "serial_of_many",
        "one serial for several pieces",
        f"{_NUMBER} WHERE {ARMS} AND a.count > 1 AND a.serial_key <> ''",
    ),
    (
        "recorded_twice",
        "another record of the year has the same make and serial",
        f"{_NUMBER} WHERE {ARMS} AND a.serial_key <> '' AND EXISTS (SELECT 1 FROM arms b"
        " WHERE b.serial_key = a.serial_key AND b.make_key = a.make_key AND b.id <> a.id"
        " AND b.kind = a.kind AND b.year = a.year AND b.superseded_at IS NULL)",
    ),
    (
        "established_too_many",
        "more pieces are established than the record has",
        f"{_NUMBER} {TRACED} WHERE {ARMS} AND t.pieces > a.count",
    ),
    (
        "restored_not_obliterated",
        "restored, and not obliterated",
        f"{_NUMBER} WHERE {ARMS} AND a.restored AND NOT a.obliterated",
    ),
)

HELD_BACK = (
    f"SELECT a.id, a.number, a.count - {CAPPED} AS pieces, a.marking, a.restored, a.serial_key,"
    " (SELECT COUNT(*) FROM arms_trace o WHERE o.arms_id = a.id AND o.state = 'asked') AS open,"
    " (SELECT COUNT(*) FROM arms_trace o WHERE o.arms_id = a.id AND o.result = 'not_traced') AS failed"
    f" FROM arms a {TRACED} WHERE {ARMS} AND a.count > {CAPPED} ORDER BY a.number"
)
LATEST = "SELECT MAX(a.year) FROM arms a WHERE a.superseded_at IS NULL AND a.year <= :year"
# Days that were typed wrongly.
TO_COME = f"{_NUMBER} WHERE a.superseded_at IS NULL AND a.event_on > :until ORDER BY a.number"


def ask(connection: Connection, sql: str, year: int) -> list[dict[str, Any]]:
    """What one query returns for a year."""
    return [dict(row) for row in connection.execute(text(sql), {"year": year}).mappings()]


def latest(connection: Connection, until: datetime) -> int | None:
    """The latest year with records that has begun."""
    year = (until + AHEAD).year
    found = connection.execute(text(LATEST), {"year": year}).scalar()
    return None if found is None else int(found)


def ahead(connection: Connection, until: datetime) -> list[str]:
    """Numbers of the records whose event has not come yet, whatever year is asked for."""
    asked = text(TO_COME).bindparams(bindparam("until", until + AHEAD, Moment))
    return list(connection.execute(asked).scalars())

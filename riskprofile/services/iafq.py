"""The year's return: the questionnaire's figures, SDG 16.4.2, what is amiss, what holds back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from riskprofile.errors import InputError
from riskprofile.services import arms
from riskprofile.services.rights import Actor, authorise, note
from riskprofile.store import arms as kept
from riskprofile.store import iafq as queries
from riskprofile.store.database import Store

LEAST = 10  # pieces of arms in one case from which it is told as significant
DEFINITION = (
    "arms whose illicit origin or context was established by national means, by a trace abroad or "
    "otherwise by a competent authority, of all firearms seized, found or surrendered in the year; "
    "arms made before 1900 are left out"
)


def export(
    store: Store, actor: Actor, now: datetime, year: int | None = None, least: int = LEAST
) -> dict[str, Any]:
    """The return of a year as JSON values.

    Parameters
    ----------
    year : int, optional
        Of the event; by default the latest with records that has begun.
    least : int
        Pieces of arms in one case from which it is a significant seizure.

    Returns
    -------
    dict
        `year`, `16.4.2` (`value` between 0 and 1 or None without arms, `numerator`,
        `denominator`, `parts`, `query`), `figures`, `quality`, `held_back`,
        `significant_seizures`. Each figure carries the query that gives it again.
    """
    authorise(actor, "arms.export")
    with store.read() as connection:
        wanted = queries.latest(connection, now) if year is None else year
        if wanted is None:
            raise InputError(
                "the register of arms has no record of a year that has begun",
                do="Import records, or confirm an outcome first; --year names a year all the same",
            )
        told: dict[str, Any] = {
            "form": "UNODC Illicit Arms Flows Questionnaire",
            "year": wanted,
            "exported_at": now.isoformat(),
            "16.4.2": sdg(connection, wanted),
            "figures": [
                {
                    "id": one.id,
                    "section": one.section,
                    "what": one.what,
                    "rows": queries.ask(connection, one.sql, wanted),
                    "query": one.sql,
                }
                for one in queries.FIGURES
            ],
            "quality": _quality(connection, wanted, now),
            "held_back": _held_back(connection, wanted),
            "significant_seizures": significant(connection, wanted, least),
        }
    with store.write() as connection:
        figures = {name: told["16.4.2"][name] for name in ("numerator", "denominator")}
        note(connection, actor, "arms.export", f"iafq:{wanted}", now, figures)
    return told


def sdg(connection: Connection, year: int) -> dict[str, Any]:
    """SDG indicator 16.4.2 of a year with its parts and its query."""
    [row] = queries.ask(connection, queries.SDG_16_4_2, year)
    counts = {name: int(value) for name, value in row.items()}
    numerator, denominator = counts.pop("numerator"), counts.pop("denominator")
    return {
        "value": numerator / denominator if denominator else None,
        "numerator": numerator,
        "denominator": denominator,
        "parts": counts,
        "definition": DEFINITION,
        "query": queries.SDG_16_4_2,
    }


def _quality(connection: Connection, year: int, now: datetime) -> list[dict[str, Any]]:
    found = []
    if numbers := queries.ahead(connection, now):
        found.append({"check": "day_ahead", "what": "its day has not come yet", "records": numbers})
    for name, what, sql in queries.CHECKS:
        numbers = sorted(row["number"] for row in queries.ask(connection, sql, year))
        if numbers:
            found.append({"check": name, "what": what, "records": numbers})
    return found


def _held_back(connection: Connection, year: int) -> list[dict[str, Any]]:
    return [
        {"record": row["number"], "pieces": int(row["pieces"]), "why": _why(row)}
        for row in queries.ask(connection, queries.HELD_BACK, year)
    ]


def _why(row: Mapping[str, Any]) -> str:
    if row["open"]:
        return "the answer to a trace request is open"
    if row["failed"]:
        return "a trace was answered without result"
    if row["marking"] == "obliterated" and not row["restored"]:
        return "its serial was removed and not restored"
    if row["marking"] == "unmarked":
        return "it bears no serial; its context can be established otherwise"
    if not row["serial_key"]:
        return "no serial is recorded"
    return "no trace was requested"


def significant(connection: Connection, year: int, least: int) -> list[dict[str, Any]]:
    """Cases with at least so many arms: what was found, from where, how hidden."""
    asked = (
        select(kept.arms)
        .where(kept.arms.c.year == year, kept.arms.c.superseded_at.is_(None))
        .order_by(kept.arms.c.event_on, kept.arms.c.id)
    )
    pieces = [dict(row) for row in connection.execute(asked).mappings()]
    cases: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for case, row in zip(arms.cases(pieces), pieces, strict=True):
        cases[case].append(row)
    found = []
    for case, rows in cases.items():
        counted = sum(row["count"] for row in rows if row["kind"] == "firearm")
        if counted < least:
            continue
        shown = [arms.shown(row) for row in rows]
        told: dict[str, Any] = {"case": case, "arms": counted}
        for name in SIGNIFICANT:
            values = list(dict.fromkeys(str(one[name]) for one in shown if name in one))
            told[name] = values
        told["pieces"] = shown
        told["missing"] = [name for name in SIGNIFICANT if not told[name]]
        found.append(told)
    return found


# What the report of a significant seizure asks of a case, by column of the register.
SIGNIFICANT = (
    *("event_on", "authority", "office", "country", "subnational", "mode", "departure", "transit"),
    *("destination", "transport", "concealment", "cover_goods", "seized_with", "legal_basis"),
    *("context", "disposal"),
)

"""Trends for the focal point: what the register holds by time, route, mode, typology, goods.

A case is one case number of an authority, or one alert; it counts once, however many pieces it
held. What stands out is a value whose share of the last 90 days is more than its own past
explains, at a false-discovery rate over everything that was compared.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import literal_column, select

from riskprofile.intake.formulas import escape_formula
from riskprofile.profiles import PROFILES
from riskprofile.reference.registers import AHEAD
from riskprofile.services import arms, speaking
from riskprofile.services.printing import Page
from riskprofile.services.rights import Actor, authorise
from riskprofile.store import arms as kept
from riskprofile.store import iafq
from riskprofile.store.alert_tables import Alert
from riskprofile.store.database import Store
from riskprofile.tables import Table
from riskprofile.words import Words, form, shown

_alert = Alert.__table__  # type: ignore[attr-defined]

BY = ("mode", "route", "typology", "cover_goods", "calibre", "kind", "made", "diversion")
HEADS = ("by", "value", "recent", "past", "expected", "q", "state")  # as people read a pattern
PRINTED = 40  # patterns on paper; the other files hold all
RECENT, PAST = timedelta(days=90), timedelta(days=360)
LEAST, SHARE = 3, 0.1  # cases that a pattern needs, and its false-discovery rate
MADE = ("privately_made", "converted", "reactivated")
COMPLETE = ("E10",)  # typologies of parts that complete each other
ONLINE = ("E04", "E05", "E06", "E07", "E08")  # and of parcels as online sales send them


@dataclass(frozen=True)
class Trends:
    """`months`: cases and firearms a month, the latest first; `patterns`: every value compared.

    `patterns` has `by`, `value`, `recent`, `past` (cases), `expected`, `p`, `q`,
    `emerging`; the emerging first, then by q. `figures` are cases in the last 90 days.
    """

    until: datetime
    months: Table
    patterns: Table
    figures: dict[str, int]


def trends(store: Store, actor: Actor, now: datetime) -> Trends:
    """Trends as of now, over all offices; nothing in them is about a person."""
    authorise(actor, "trends.look")
    rows = _rows(store, now)
    months = _months(rows, now)
    recent = rows[rows["at"] > pd.Timestamp(now - RECENT)]
    figures = {
        "cases": recent["case"].nunique(),
        "arms": int(recent.loc[recent["kind"] == "firearm", "count"].sum()),
        "made": recent.loc[recent["made"].map(bool), "case"].nunique(),
        "complete": recent.loc[_fired(recent, COMPLETE), "case"].nunique(),
        "online": recent.loc[_fired(recent, ONLINE), "case"].nunique(),
    }
    return Trends(now, months, _patterns(rows, now), figures)


def _fired(rows: Table, keys: tuple[str, ...]) -> Any:
    return (
        rows["typology"].map(lambda fired: any(one.startswith(keys) for one in fired)).astype(bool)
    )


def _rows(store: Store, now: datetime) -> Table:
    """One row a piece: when, which case, and its values by each of `BY` as tuples."""
    columns = kept.arms.c
    spelled = iafq.calibre(f"{kept.arms.name}.calibre")
    asked = (
        select(kept.arms, _alert.c.indicators, literal_column(spelled).label("spelled"))
        .select_from(kept.arms.outerjoin(_alert, _alert.c.id == columns.alert_id))
        .where(columns.superseded_at.is_(None), columns.event_on <= now + AHEAD)
        .where(columns.event_on > now - RECENT - PAST)
    )
    made = []
    with store.read() as connection:
        told = connection.execute(
            select(kept.traces.c.arms_id, kept.traces.c.diversion_country)
            .where(kept.traces.c.diversion_country.is_not(None), kept.traces.c.pieces > 0)
            .distinct()
        )
        diverted: dict[int, list[str]] = {}
        for arms_id, country in told:
            diverted.setdefault(arms_id, []).append(country)
        pieces = [dict(row) for row in connection.execute(asked).mappings()]
        # One calibre however it is spelled, under the first of its spellings, as in the return.
        calibres: dict[str, str] = {}
        for row in sorted(pieces, key=lambda row: row["calibre"]):
            calibres.setdefault(row["spelled"], row["calibre"])
        for row, case in zip(pieces, arms.cases(pieces), strict=True):
            details: Mapping[str, Any] = row["details"] or {}
            route = (details.get("departure"), details.get("destination"))
            made.append(
                {
                    "at": row["event_on"],
                    "case": case,
                    "count": row["count"],
                    "kind": row["kind"],
                    "mode": row["mode"],
                    "route": " > ".join(map(str, route)) if all(route) else None,
                    "typology": tuple(_keys(row["indicators"])),
                    "cover_goods": details.get("cover_goods"),
                    "calibre": calibres[row["spelled"]] or None,
                    "diversion": tuple(diverted.get(row["id"], ())),
                    "made": tuple(one for one in MADE if row[one]),
                }
            )
    frame = pd.DataFrame(made, columns=["at", "case", "count", *BY])
    frame["at"] = pd.to_datetime(frame["at"], utc=True).clip(upper=pd.Timestamp(now))
    return frame


def _keys(fired: Any) -> list[str]:
    return [str(one["key"] if isinstance(one, dict) else one) for one in fired or []]


def _months(rows: Table, now: datetime) -> Table:
    month = rows["at"].dt.strftime("%Y-%m")
    arms = rows["count"].where(rows["kind"] == "firearm", 0)  # rounds are no pieces beside them
    start = pd.Timestamp(now).tz_convert("UTC")
    names = [(start - pd.DateOffset(months=back)).strftime("%Y-%m") for back in range(12)]
    return pd.DataFrame(
        {
            "month": names,
            "cases": [int(rows.loc[month == one, "case"].nunique()) for one in names],
            "firearms": [int(arms[month == one].sum()) for one in names],
        }
    )


def _patterns(rows: Table, now: datetime) -> Table:
    """Each value's cases in the last 90 days against the 360 days before, all compared alike.

    Given how many cases a value has in all, how likely are so many recent ones if its
    share moved as that of all cases did (binomial, one-sided)?
    """
    from scipy import stats  # a large library: only here

    edge = pd.Timestamp(now - RECENT)
    known = rows[rows["at"] > pd.Timestamp(now - RECENT - PAST)]
    late = known["at"] > edge
    all_recent, all_past = (known.loc[one, "case"].nunique() for one in (late, ~late))
    share = (all_recent + 1) / (all_recent + all_past + 2)
    found = []
    for by in BY:
        split = known.assign(late=late, value=known[by]).explode("value").dropna(subset=["value"])
        for value, part in split.groupby("value"):
            recent = part.loc[part["late"], "case"].nunique()
            past = part.loc[~part["late"], "case"].nunique()
            p = float(stats.binom.sf(recent - 1, recent + past, share))
            found.append((by, str(value), recent, past, round(share * (recent + past), 2), p))
    told = pd.DataFrame(found, columns=["by", "value", "recent", "past", "expected", "p"])
    told["q"] = stats.false_discovery_control(told["p"]) if len(told) else told["p"]
    told["emerging"] = (told["q"] <= SHARE) & (told["recent"] >= LEAST)
    order = ["emerging", "q", "recent", "by", "value"]
    return told.sort_values(order, ascending=[False, True, False, True, True], ignore_index=True)


def as_xlsx(told: Trends) -> bytes:
    """Both tables as a workbook that runs nothing."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for name, table in (("months", told.months), ("patterns", told.patterns)):
        sheet = book.create_sheet(name)
        sheet.append(list(table.columns))
        for row in table.astype(object).itertuples(index=False):
            # What was declared may hold characters that no workbook can.
            sheet.append(
                [escape_formula(shown.plain(one)) if isinstance(one, str) else one for one in row]
            )
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def as_row(say: Words, one: Any) -> list[str]:
    """One of `patterns` in words and figures of a language, in the order of `HEADS`."""
    value = str(one.value)
    if one.by == "kind":
        value = say.maybe(f"kind.{value}", value)
    elif one.by == "typology":
        value = _sign(say, value)
    elif one.by in ("mode", "made"):
        value = say.maybe(f"trends_is.{value}", value)
    least = 0.001  # a chance is never nothing
    q = float(one.q)
    return [
        say(f"trends_by.{one.by}"),
        form.clip(value, 60),
        say.number(int(one.recent)),
        say.number(int(one.past)),
        say.number(round(float(one.expected), 1)),
        # A sign that stands at its figure stays before it in a line from the right.
        f"<{say.number(least)}" if q < least else say.number(round(q, 3)),
        say("trends.emerging") if one.emerging else say("trends.usual"),
    ]


def _sign(say: Words, key: str) -> str:
    """The code of a warning sign and what it says; of none that is known, the key."""
    for profile in PROFILES:
        if (said := speaking.sign(say, profile, key)) != key:
            return say.listed([key.partition("_")[0], said], ":")
    return key


def as_pdf(told: Trends, say: Words) -> bytes:
    """A chart of months, both tables and what they mean, as pages to print."""
    page = Page(say("page.trends"), told.until, say.language)
    page.line(f"{told.until:%Y-%m-%d}")
    page.heading(say("trends.cases_head"))
    page.bars([(one.month, int(one.cases)) for one in told.months.itertuples()])
    page.heading(say("trends.months"))
    page.table(
        [say("trends.month"), say("trends.cases_head"), say("trends.firearms")],
        [
            [one.month, say.number(one.cases), say.number(one.firearms)]
            for one in told.months.itertuples()
        ],
    )
    shown = told.patterns.head(PRINTED)
    of = f" ({say.number(len(shown))} / {say.number(len(told.patterns))})"
    page.heading(say("trends.patterns") + (of if len(told.patterns) > PRINTED else ""))
    page.table(
        [say(f"trends.{name}") for name in HEADS],
        [as_row(say, one) for one in shown.itertuples()],
    )
    page.line(say("trends.words", share=say.number(SHARE)))
    return page.bytes()

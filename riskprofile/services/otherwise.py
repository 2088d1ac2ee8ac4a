"""At which other figure an alert would stand in a lower lane: its declaration is rated anew.

Points are a sum of tables, so the answer is exact and no estimate: what holds the lane of some
declarations is one weight, count or price, and whoever stands at the goods can measure that first.
Only figures are tried that scales, counting or papers can settle; nothing of a person is.

The declaration is rated by the scorecard that rated it, with what was known when its run began. It
must come out as it did then: features to the last bit, points and indicators. Where it does not,
nothing is said. Nor is anything of a figure that decides whether an indicator over the batch may
fire: the batch is not looked at again. An answer
is a rating that goes straight back to who asked: it is counted as one (`services.probing`), and
written into the audit chain of the alert before it is made. Exporters never see it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, bindparam, select

from riskprofile.errors import ScorecardError
from riskprofile.profiles import Profile
from riskprofile.services import blind, desk, probing, viewing
from riskprofile.services.describing import NOT_EVALUATED
from riskprofile.services.past import HISTORY, Folder, TooFar
from riskprofile.services.rater import BROKEN, FIRED, POINTS, Rater, rater
from riskprofile.services.rights import Actor
from riskprofile.services.settings import Settings
from riskprofile.store import batches, table_bytes
from riskprofile.store.database import Store
from riskprofile.tables import ColumnSpec, Table
from riskprofile.words.declaration import LANES

ACTION = "alert.otherwise"
# What scales, counting and papers can settle, in the order in which it is checked.
FIGURES = (
    "gross_mass_kg", "net_mass_kg", "quantity", "package_count", "checked_bags", "bag_mass_kg",
    "volume_m3", "value", "freight_cost",
)  # fmt: skip
COUNTED = ("quantity",)  # pieces, where a whole number is declared
# Figures that are tried: a step is a tenth or less, and a person says them.
ROUND = (10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24, 26, 28, 30, 33, 36, 40, 44, 48, 50, 55, 60,
         66, 70, 75, 80, 85, 90, 95)  # fmt: skip
FURTHEST = 20.0  # times the declared figure, or this part of it
SAID = 2  # answers: a table of all would be a table of the scorecard
CHUNKS = 40  # of the past that are not on file: some seconds, while somebody waits
ITEMS = 999  # goods items of a declaration that is rated anew: as many as a form holds

_BEGAN = select(batches.batch_table.c.started_at).where(
    batches.batch_table.c.id == bindparam("batch")
)


@dataclass(frozen=True)
class Otherwise:
    """With `instead` in this column of the item that has the points, it has `points` and `lane`.

    The lane is by where lanes began in the alert's list.
    """

    column: str
    declared: float
    instead: float
    points: int
    lane: str


def otherwise(
    store: Store, settings: Settings, actor: Actor, alert_id: int, now: datetime
) -> list[Otherwise] | None:
    """The nearest other figures with which an alert would stand in a lower lane, nearest first.

    Returns
    -------
    list of Otherwise, or None
        Empty where no such figure alone lowers it, or something else than points holds the
        lane. None where that cannot be said: the declaration does not come out as it was rated (it
        was changed since, or what was known then cannot be told any more), or it takes the
        others of its batch to tell.

    Raises
    ------
    Conflict
        The alert waits for an officer's own view, or was not opened.
    PolicyError
        The account has had its answers of this hour.
    """
    with store.read() as connection:
        given = _asked(connection, actor, alert_id)
        stored = _stored(connection, given)
    probing.ask(store, actor, now, settings.asks_an_hour, settings.trial_rows_an_hour)
    with store.write() as connection:
        given = _asked(connection, actor, alert_id)
        desk.note(connection, actor, ACTION, given, now)
    begins = viewing.begun(given)
    if begins[f"{given['lane']}_from"] is None:
        return []
    if stored is None:
        return None
    try:
        found = _as_then(store, settings, given)
    except (TooFar, ScorecardError):
        return None
    try:
        return nearest(found, *stored, given, begins)
    finally:
        found.parties.close()


def nearest(
    rated_by: Rater,
    items: Table,
    rated: Table,
    given: Mapping[str, Any],
    begins: Mapping[str, int | None],
) -> list[Otherwise] | None:
    """The same of an alert as stored, by a rater that knows what was known then.

    `rated` is the feature log of the declaration's items, as stored.
    """
    profile = rated_by.profile
    driver = _driver(items, profile, given["driver"])
    tried = _tried(items, driver, profile)
    if driver is None or not tried:
        return [] if driver is not None else None
    table = _beside(items, driver, tried)
    log, _ = rated_by.rate(table)
    if not _as_rated(rated_by, log, rated, driver):
        return None
    points = [None if pd.isna(one) else int(one) for one in log[POINTS]]
    fired = _fired(log)
    stored = {str(one["key"]) for one in given["indicators"] or []}
    here = {one.key for one in rated_by.by_row}
    mine = {key for key in stored if key.removeprefix(NOT_EVALUATED) in here}
    own = range(len(items))
    if points[driver] != given["points"] or set().union(*(fired[n] for n in own)) != mine:
        return None
    others = [n for n in own if n != driver]
    beside = set().union(stored - mine, *(fired[n] for n in others))
    least = max((points[n] or 0 for n in others if points[n] is not None), default=None)
    lanes, alike = _Lanes(profile, begins), _alike(rated_by, table, driver)
    linking = {one.key for one in rated_by.over_batch}
    found: dict[str, Otherwise] = {}
    unsure = False
    for n, (spec, figure) in enumerate(tried, start=len(items)):
        left = points[n]
        if spec.name in found or left is None:
            continue
        left = left if least is None else max(left, least)
        lane = lanes.of(left, (beside if alike[n] else beside - linking) | fired[n])
        if LANES.index(lane) < LANES.index(given["lane"]) and left < given["points"]:
            if not alike[n]:
                unsure = True  # it may lower it, as far as this declaration alone tells
                continue
            declared = float(items[spec.name].iloc[driver])
            found[spec.name] = Otherwise(spec.name, declared, figure, left, lane)
    if unsure and not found:
        return None
    return sorted(found.values(), key=lambda one: _far(one.declared, one.instead))[:SAID]


def _as_then(store: Store, settings: Settings, given: desk.Row) -> Rater:
    """What rated an alert, as it was when its run began; nobody keeps it."""
    with store.read() as connection:
        began = connection.execute(_BEGAN, {"batch": given["batch_id"]}).scalar_one()
    return rater.__wrapped__(
        settings.database_url,
        settings.models,
        given["profile"],
        began - timedelta.resolution,  # its own rows were not past
        Folder(settings.home / HISTORY, most=CHUNKS),
        (given["model_version"], given["model_digest"]),
    )


def _as_rated(rated_by: Rater, log: Table, rated: Table, driver: int) -> bool:
    """Whether the item that has the points has its features as stored, and each item its points.

    Points alone would not tell: norms may have moved and left the declared figure between the
    same bounds, but not another one.
    """
    features = [*rated_by.scorecard.features]
    made, stored = (
        one.iloc[driver].reindex(features).to_numpy("float64") for one in (log[features], rated)
    )
    own = log[POINTS].iloc[: len(rated)].reset_index(drop=True)
    same = rated[POINTS].astype(own.dtype).reset_index(drop=True)
    return np.array_equal(made, stored, equal_nan=True) and own.equals(same)


def _alike(rated_by: Rater, table: Table, driver: int) -> np.ndarray:
    """The rows of which the same indicators over a batch may fire as of the item that has the
    points: whether they do is then of no figure (`Indicator.among`).
    """
    seen = rated_by.seen(table)
    same = np.ones(len(table), dtype=bool)
    for one in rated_by.over_batch:
        if one.among is not None:
            may = one.among(seen).flags()
            same &= may == may[driver]
    return same


@dataclass(frozen=True)
class _Lanes:
    """Where lanes begin, and what indicators raise to."""

    profile: Profile
    begins: Mapping[str, int | None]

    def of(self, points: int, keys: Iterable[str]) -> str:
        """The lane of a declaration with these points and indicators."""
        raises = {one.key: one.raises for one in self.profile.indicators}
        lanes = [raises.get(key, "yellow") for key in keys]  # what failed goes to a person
        for name in ("red", "yellow"):
            begin = self.begins[f"{name}_from"]
            if begin is not None and points >= begin:
                lanes.append(name)
        return max(lanes, key=LANES.index, default="green")


def near(declared: float, whole: bool) -> list[float]:
    """Round figures around a declared one, the nearest first, never itself; as said, to 0.001.

    >>> near(4.0, True)[:4], near(0.5, False)[:3]
    ([5.0, 3.0, 6.0, 7.0], [0.48, 0.55, 0.44])
    """
    if not declared > 0:
        return []
    least, most = declared / FURTHEST, declared * FURTHEST
    first, last = (math.floor(math.log10(one)) for one in (least, most))
    told = {
        round(float(f"{mantissa}e{power - 1}"), 3)
        for power in range(first, last + 1)
        for mantissa in ROUND
    }
    if whole:
        told = {float(round(one)) for one in told | {declared - 1, declared + 1}}
    return sorted(
        (one for one in told if least <= one <= most and one > 0 and one != declared),
        key=lambda one: (_far(declared, one), one),
    )


def _far(declared: float, instead: float) -> float:
    return abs(math.log(instead / declared))


def _tried(items: Table, driver: int | None, profile: Profile) -> list[tuple[ColumnSpec, float]]:
    """Figures to put into the item that has the points, of each column the nearest first."""
    protected = {*profile.protected("P1"), *profile.protected("P2")}
    tried: list[tuple[ColumnSpec, float]] = []
    for name in FIGURES:
        spec = profile.by_name.get(name)
        if driver is None or spec is None or name in protected or name not in items:
            continue
        given = items[name].iloc[driver]
        if pd.isna(given):
            continue
        declared = float(given)
        whole = spec.kind == "int" or (name in COUNTED and declared.is_integer())
        tried += [(spec, one) for one in near(declared, whole) if _weighs(items, driver, name, one)]
    return tried


def _beside(items: Table, driver: int, tried: list[tuple[ColumnSpec, float]]) -> Table:
    """The items, and below them one of them again for each figure, with it in its column."""
    table = items.iloc[[*range(len(items)), *[driver] * len(tried)]].reset_index(drop=True)
    for name in {spec.name for spec, _ in tried}:
        places = [n for n, (spec, _) in enumerate(tried, start=len(items)) if spec.name == name]
        column = table[name].copy()
        column.iloc[places] = [tried[n - len(items)][1] for n in places]
        table[name] = column
    return table


def _weighs(items: Table, driver: int, name: str, figure: float) -> bool:
    """Whether gross mass stays above net mass: papers that contradict themselves clear nothing."""
    other = {"gross_mass_kg": "net_mass_kg", "net_mass_kg": "gross_mass_kg"}.get(name)
    if other is None or other not in items or pd.isna(items[other].iloc[driver]):
        return True
    net, gross = figure, float(items[other].iloc[driver])
    if name == "gross_mass_kg":
        net, gross = gross, net
    return net <= gross


def _driver(items: Table, profile: Profile, number: int) -> int | None:
    """The place of the item that has the points."""
    if not profile.item:
        return 0 if len(items) == 1 else None
    places = [n for n, one in enumerate(items[profile.item]) if not pd.isna(one) and one == number]
    return places[0] if len(places) == 1 else None


def _fired(log: Table) -> list[set[str]]:
    """The keys of the indicators of each row, as an alert stores them."""
    names = {
        name: str(name).removeprefix(FIRED)
        if str(name).startswith(FIRED)
        else NOT_EVALUATED + str(name).removeprefix(BROKEN)
        for name in log.columns
        if str(name).startswith((FIRED, BROKEN))
    }
    flags = log[[*names]].to_numpy(dtype=bool)
    keys = [*names.values()]
    return [{keys[n] for n in row.nonzero()[0]} for row in flags]


def _asked(connection: Connection, actor: Actor, alert_id: int) -> desk.Row:
    given = desk.load(connection, actor, ACTION, alert_id, lock=False)
    blind.require_said(given)
    desk.require_opened(connection, actor, alert_id)
    return given


def _stored(connection: Connection, given: desk.Row) -> tuple[Table, Table] | None:
    """The rows of an alert's declaration and their feature log as stored, in one order.

    None where they are not whole: a newer version or a cancellation takes rows out of what counts,
    retention takes their features.
    """
    table = batches.record_table.c
    rows = connection.execute(
        select(table.chunk_id, table.position)
        .where(table.record_id == given["record_id"], table.profile == given["profile"])
        .where(table.state == "accepted", table.folded_by.is_(None))
        .order_by(table.chunk_id, table.item)
        .limit(ITEMS + 1)
    ).all()
    if not rows or len(rows) > ITEMS:
        return None
    places: dict[int, list[int]] = {}
    for row in rows:
        places.setdefault(row.chunk_id, []).append(row.position)
    parts: list[tuple[Table, Table]] = []
    for number, held in places.items():
        one, at = batches.chunk(connection, number), np.array(held)
        if one.features is None:
            return None
        parts.append(
            (
                table_bytes.from_bytes(one.rows, rows=at),
                table_bytes.from_bytes(one.features, rows=at),
            )
        )
    if len(parts) == 1:
        return parts[0]
    items, rated = (pd.concat(part, ignore_index=True) for part in zip(*parts, strict=True))
    return items, rated

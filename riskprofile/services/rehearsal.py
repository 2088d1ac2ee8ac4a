"""What another scorecard would do with the alerts that are open now.

Each keeps its declaration's feature values, as they were rated. Only what is open is looked at, so
a lane has as many places as it has now: what another scorecard would bring up from below the list
is told by `comparing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import and_, func, select

from riskprofile.scoring.editing import gained
from riskprofile.scoring.scorecard import Scorecard
from riskprofile.services.queue_statements import SEEN, seen_from
from riskprofile.services.rights import Actor, authorise
from riskprofile.store import batches, table_bytes
from riskprofile.store.alert_tables import Alert
from riskprofile.store.database import Store
from riskprofile.store.many import among
from riskprofile.store.run_tables import Record
from riskprofile.tables import Table

MOST = 5_000  # open alerts that are looked at, the first of the list
ALERT, OFFICE, LANE, BY_SCORE = KEYS = ("alert_id", "alert_office", "alert_lane", "alert_by_score")

_alert = Alert.__table__  # type: ignore[attr-defined]
_record = Record.__table__  # type: ignore[attr-defined]
_chunk = batches.chunk_table


@dataclass(frozen=True)
class Rehearsal:
    """Of `open` alerts, how many move by a rank or more, and how many change lane, up or down."""

    open: int
    moved: int
    up: int
    down: int


def mark(store: Store, actor: Actor, profile: str) -> tuple[int, int, int]:
    """What tells whether the open alerts are those of before: how many, the newest, and the sum of
    their numbers, since one that is closed and one that is opened again leave as many.
    """
    authorise(actor, "recall.look")
    asked = select(func.count(), func.max(_alert.c.id), func.sum(_alert.c.id))
    with store.read() as connection:
        row = connection.execute(asked.where(*_shown(actor, profile))).one()
    return int(row[0]), int(row[1] or 0), int(row[2] or 0)


def opened(store: Store, actor: Actor, profile: str, card: Scorecard) -> Table:
    """The open alerts that one's office sees, with what this scorecard reads of every item of
    their declarations.

    Columns `KEYS` (alert, office, lane, and whether its points alone selected it), then the
    features; one row an item, as it was last declared. What waits for an officer's own view is
    left out, and so is what was rated without one of the features, or is no longer kept.
    """
    authorise(actor, "recall.look")
    names = list(card.features)
    with store.read() as connection:
        first = (
            select(*[_alert.c[n] for n in ("id", "record_id", "office", "lane", "selected_by")])
            .where(*_shown(actor, profile))
            .order_by(_alert.c.standing, _alert.c.id)
            .limit(MOST)
        )
        alerts = {row.record_id: row for row in connection.execute(first)}
        found = connection.execute(
            select(_record.c.record_id, _record.c.chunk_id, _record.c.position)
            .where(among(_record.c.record_id, list(alerts)), _record.c.profile == profile)
            .where(and_(_record.c.folded_by.is_(None), _record.c.points.is_not(None)))
            .order_by(_record.c.chunk_id, _record.c.position)
        ).all()
        places: dict[int, list[tuple[str, int]]] = {}
        for record, chunk_id, position in found:
            places.setdefault(int(chunk_id), []).append((record, int(position)))
        made = []
        for chunk_id, mine in places.items():
            content = connection.execute(
                select(_chunk.c.features).where(_chunk.c.id == chunk_id)
            ).scalar()
            if content is None:
                continue
            held = table_bytes.from_bytes(
                content, names.__contains__, np.array([p for _, p in mine])
            )
            if not set(names) <= set(held.columns):
                continue
            rows = [alerts[record] for record, _ in mine]
            made.append(
                held[names].assign(
                    **{
                        ALERT: [row.id for row in rows],
                        OFFICE: [row.office or "" for row in rows],
                        LANE: [row.lane for row in rows],
                        BY_SCORE: [row.selected_by == "score" for row in rows],
                    }
                )
            )
    if not made:
        return pd.DataFrame(columns=[*KEYS, *names]).astype(dict.fromkeys(names, "float64"))
    return pd.concat(made, ignore_index=True)


def rehearsed(before: Scorecard, after: Scorecard, items: Table) -> Rehearsal:
    """The open alerts as two scorecards order them, office by office.

    Parameters
    ----------
    items : Table
        As `opened` gives them, for `before`.
    """
    points = before.points(items)
    told = pd.DataFrame(
        {
            "alert": items[ALERT].to_numpy(),
            "office": items[OFFICE].to_numpy(object),
            "lane": items[LANE].to_numpy(object),
            "by_score": items[BY_SCORE].to_numpy(dtype=bool),
            "before": points,
            "after": points + gained(before, after, items),
        }
    )
    # The highest item speaks for its declaration, for each scorecard by itself.
    rules = dict.fromkeys(("office", "lane", "by_score"), "first")
    best = told.groupby("alert", sort=True).agg(rules | {"before": "max", "after": "max"})
    moved = up = down = 0
    for _, mine in best.groupby("office", sort=True):
        places = [_places(mine[name].to_numpy()) for name in ("before", "after")]
        moved += int((places[0] != places[1]).sum())
        free = mine[mine["by_score"].to_numpy(dtype=bool)]
        red = (free["lane"] == "red").to_numpy(dtype=bool)
        # Both by their points alone: what a list was cut by when it was made is another question.
        was, is_ = (_places(free[name].to_numpy()) < red.sum() for name in ("before", "after"))
        up += int((is_ & ~was).sum())
        down += int((was & ~is_).sum())
    return Rehearsal(len(best), moved, up, down)


def _places(points: np.ndarray) -> np.ndarray:
    """At which place of the list each stands, from 0; equal points in the order of the alerts."""
    told = np.empty(len(points), dtype=np.int64)
    told[np.argsort(-points, kind="stable")] = np.arange(len(points))
    return told


def _shown(actor: Actor, profile: str) -> list[Any]:
    mine = _alert.c.profile == profile, _alert.c.state == "open", SEEN
    return [*mine, *seen_from(actor.office)]

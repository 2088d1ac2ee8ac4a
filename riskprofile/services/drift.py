"""Watching what serves: inputs, scores, labels and calibration beside what they were.

An alarm is written into the audit chain and the log, and stands for pages until the next
look. It changes no scorecard: people do.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, select

from riskprofile import words
from riskprofile.errors import RiskProfileError, UsageError
from riskprofile.profiles import PROFILES, Profile
from riskprofile.scoring import drift
from riskprofile.scoring.drift import Examined, Moved
from riskprofile.scoring.scorecard import Bins, Scorecard
from riskprofile.services import feedback, govern, promotion
from riskprofile.services.rater import FIRED
from riskprofile.services.rights import OWNER, Actor, authorise, note
from riskprofile.store import batches, switches, table_bytes, versions
from riskprofile.store.database import Store
from riskprofile.tables import Kind, Table
from riskprofile.words.form import ends

ROWS = 2_000  # in a window
WINDOWS = 8  # earlier ones
OUTCOMES = 200  # the newest: labels of now

_YES_OR_NO: dict[tuple[str, object], str] = {
    ("indicator", True): "fired",
    ("indicator", False): "not fired",
    ("repeats", True): "alike",
    ("repeats", False): "not alike",
}

log = logging.getLogger("riskprofile.drift")
_chunk = batches.chunk_table


@dataclass(frozen=True)
class Watched:
    """One look: what was compared, and what has changed. `rows` is 0 when there is too little."""

    profile: str
    version: str
    at: datetime
    rows: int
    windows: int
    outcomes: int
    series: tuple[Moved, ...]

    @property
    def alarms(self) -> list[Moved]:
        """What has changed, the surest first."""
        return sorted((one for one in self.series if one.alarm), key=lambda one: one.chance)


@dataclass(frozen=True)
class Standing:
    """The last look at a profile: when, by which scorecard, and which series had changed."""

    profile: str
    version: str
    at: datetime
    alarms: tuple[str, ...]


def watch(
    store: Store,
    models: Path,
    profile: str,
    actor: Actor,
    now: datetime,
    *,
    rows: int = ROWS,
    windows: int = WINDOWS,
) -> Watched:
    """Compare the newest rated rows and outcomes with those before.

    Parameters
    ----------
    rows : int
        Rows of the newest window, and of each earlier one.
    windows : int
        How many earlier windows, at least four.

    Raises
    ------
    UsageError
        There is no such profile, or the numbers are too small.
    RiskProfileError
        Too few rows were rated to compare anything.
    """
    authorise(actor, "recall.look")
    govern.known_profile(profile)
    if rows < drift.LEAST_ROWS or windows < drift.LEAST_WINDOWS:
        raise UsageError(
            f"{windows} windows of {rows} rows are too few",
            do=f"Give {drift.LEAST_WINDOWS} windows of {drift.LEAST_ROWS} rows or more",
        )
    card = promotion.serving(store, models, profile)
    kind = PROFILES[profile]
    with store.read() as connection:
        parts = list(_newest(connection, kind, card, rows, windows))
    if len(parts) <= drift.LEAST_WINDOWS:
        raise RiskProfileError(
            f"too few rows were rated: of windows of {rows} rows {len(parts)} are there, and "
            f"{drift.LEAST_WINDOWS + 1} are needed",
            do="Look again later, or give smaller windows",
        )
    counts = [drift.counted(declared, values, card, kind) for declared, values in parts]
    kinds = {spec.name: spec.kind for spec in kind.columns}
    series = drift.moved(counts[0], counts[:0:-1], partial(called, card.bins, kinds))
    told = feedback.labels(store, profile, OWNER)
    told = _read_by(card, feedback.listed(told))
    if len(told):
        series += drift.labels_moved(
            _examined(told.iloc[-OUTCOMES:], card), _examined(told.iloc[:-OUTCOMES], card)
        )
    found = Watched(profile, card.version, now, rows, len(parts) - 1, len(told), tuple(series))
    _tell(store, actor, found)
    return found


def called(
    bins: Mapping[str, Bins],
    kinds: Mapping[str, Kind],
    kind: str,
    name: str,
    cells: Sequence[object],
) -> str:
    """Cells that `drift.counted` counts, in words, by what they hold.

    `bins` are those of the scorecard's features, `kinds` those of the declared columns.
    """
    first, last = cells[0], cells[-1]
    if first in ("missing", drift.ABSENT):
        return "missing"
    if kind in drift.ORDERED and isinstance(first, int) and isinstance(last, int):
        if kind == "score":
            return _ends(drift.STEP * first, drift.STEP * (last + 1) - 1)
        edges = [-math.inf, *bins[name].edges.tolist(), math.inf]
        return _ends(edges[first], edges[last + 1])
    if kind == "column" and isinstance(first, float):
        return _looks(first, kinds[name])
    return _YES_OR_NO.get((kind, first), f"{first}")


def _looks(cell: float, kind: Kind) -> str:
    """What values of a column look like that are of this cell of `drift.form`."""
    if kind in ("date", "datetime", "json"):
        return "given"
    low, high = drift.reach(cell, kind)
    if kind in ("int", "float"):
        return "0" if cell == drift.ZERO else _ends(low, high)
    least, most = math.ceil(low), math.ceil(high) - 1
    return f"length {least} to {most}" if least < most else f"length {least}"


def _ends(low: float, high: float) -> str:
    return ends(words.of(words.DEFAULT), low, high)


def standing(store: Store, actor: Actor) -> list[Standing]:
    """The last look at each profile, as far as anybody looked."""
    authorise(actor, "recall.look")
    with store.read() as connection:
        kept = [(name, switches.get(connection, _of(name))) for name in PROFILES]
    return [
        Standing(name, one["version"], datetime.fromisoformat(one["at"]), tuple(one["alarms"]))
        for name, one in kept
        if one
    ]


def _of(profile: str) -> str:
    return f"drift:{profile}"


def _tell(store: Store, actor: Actor, found: Watched) -> None:
    """Keep the look, and say what changed in the chain and in the log."""
    names = [f"{one.kind} {one.name}" for one in found.alarms]
    detail: dict[str, Any] = {"version": found.version, "alarms": names}
    with store.write() as connection:
        switches.put(connection, _of(found.profile), {**detail, "at": found.at.isoformat()})
        action = "drift.alarm" if names else "drift.look"
        about = _of(found.profile)
        note(connection, actor, action, about, found.at, detail, office=actor.office)
    for one in found.alarms:
        log.warning("%s: %s %s changed: %s", found.profile, one.kind, one.name, one.says)


def _newest(
    connection: Connection, profile: Profile, card: Scorecard, rows: int, windows: int
) -> Iterator[tuple[Table, Table]]:
    """Windows of rated rows as declared and their feature log, the newest first.

    Only what retention has not masked, and what was rated with the features of this
    scorecard: an older log without one of them ends the past.
    """
    declared: list[Table] = []
    values: list[Table] = []
    held, given = 0, 0
    ids = connection.execute(
        select(_chunk.c.id)
        .where(_chunk.c.profile == profile.name, _chunk.c.kept.in_((versions.FULL, versions.SOME)))
        .where(_chunk.c.features.is_not(None))
        .order_by(_chunk.c.id.desc())
    ).scalars()
    for chunk_id in ids.all():
        row = connection.execute(
            select(_chunk.c.rows, _chunk.c.features).where(_chunk.c.id == chunk_id)
        ).one()
        logged = table_bytes.from_bytes(row.features)
        if not set(card.features) <= set(logged.columns):
            return
        rated = logged["points"].notna().to_numpy(dtype=bool)
        declared.insert(0, table_bytes.from_bytes(row.rows)[rated])
        values.insert(0, logged[rated])
        held += int(rated.sum())
        while held >= rows:
            whole = pd.concat(declared, ignore_index=True), pd.concat(values, ignore_index=True)
            held -= rows
            newest = [one.iloc[held:].reset_index(drop=True) for one in whole]
            yield newest[0], newest[1]
            declared, values = [whole[0].iloc[:held]], [whole[1].iloc[:held]]
            given += 1
            if given > windows:
                return


def _read_by(card: Scorecard, labels: Table) -> Table:
    """Outcomes of which what this scorecard reads was kept: of what another rated, where none of
    these features is missing throughout.
    """
    there = labels.reindex(columns=[*card.features]).notna()
    whole = there.groupby(labels["model_digest"]).transform("any").all(axis=1)
    own = (labels["model_digest"] == card.digest).fillna(False)
    return labels[(whole | own) & there.any(axis=1)]


def _examined(labels: Table, card: Scorecard) -> Examined:
    fired = {
        str(name).removeprefix(FIRED): labels[name].fillna(False).to_numpy(dtype=bool)
        for name in labels
        if str(name).startswith(FIRED)
    }
    return Examined(
        value=labels["value"].to_numpy(np.int64),
        points=card.points(labels),
        random=(labels["selected_by"] == "random").fillna(False).to_numpy(dtype=bool),
        fired=fired,
    )

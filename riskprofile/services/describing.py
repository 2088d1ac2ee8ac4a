"""What a person sees of an alert: reasons, indicators as sentences, and the rows as declared.

Made of the stored bytes of the chunks that its items lie in and of nothing else, so that any
process with the run's rater can do it, here or elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection, select

from riskprofile.columns import View, isoformat, spans
from riskprofile.history.layer import CHUNK, POSITION
from riskprofile.profiles import Profile
from riskprofile.scoring import reasons
from riskprofile.services.identifiers import RECORD
from riskprofile.services.pairs import Numbers
from riskprofile.services.rater import FIRED, Rater
from riskprofile.store import alerts as store_of_alerts
from riskprofile.store import batches
from riskprofile.store.database import among
from riskprofile.store.packed_json import dumps, pack
from riskprofile.store.spool import Columns
from riskprofile.tables import Column, Table

NOT_GIVEN = "not given"  # what a sentence says of a value that was not declared
NOT_EVALUATED = "not_evaluated:"
# Columns of an alert: JSON, and values as they are.
WRITTEN = ("declaration", "indicators")
_VALUES = ("office", "title", "terms", "due_at", "lodged_at")
LINKS = pa.list_(pa.struct({"kind": pa.string(), "key": pa.string()}))


@dataclass
class Detail:
    """What a person sees of one declaration; of its reasons what is its own, packed."""

    office: str | None
    title: str
    terms: bytes
    indicators: list[dict[str, Any]]
    declaration: list[dict[str, Any]]
    due_at: datetime | None
    lodged_at: datetime | None


@dataclass(frozen=True)
class Items:
    """Where the items of some declarations of a run lie.

    Parameters
    ----------
    rows : Columns
        The rows of the run; each is an item.
    places : ndarray of int32
        Those of these declarations, of the first, then of the second, and so on.
    numbers : ndarray of int32
        The number of the declaration of each of these.
    """

    rows: Columns
    places: np.ndarray
    numbers: np.ndarray

    @classmethod
    def of_run(cls, rows: Columns, numbers: Numbers, wanted: np.ndarray) -> Items:
        """Those of the declarations `wanted` (a flag each)."""
        places, of = [np.empty(0, dtype=np.int32)], [np.empty(0, dtype=np.int32)]
        for some in rows.segments():
            number = numbers(some)
            here = wanted[number]
            places.append(some[here].astype(np.int32))
            of.append(number[here])
        number = np.concatenate(of)
        order = np.argsort(number, kind="stable")
        return cls(rows, np.concatenate(places)[order], number[order])

    def of(self, declarations: Table) -> Table:
        """`record_id`, `chunk_id` and `position` of every item of these, sorted by the latter two.

        `declarations` have their `number` and `record_id`.
        """
        wanted = declarations["number"].to_numpy()
        first, end = (np.searchsorted(self.numbers, wanted, side=one) for one in ("left", "right"))
        sizes = end - first
        places = self.places[spans(first, sizes)]
        order = np.argsort(places)
        found = places[order]
        table = pd.DataFrame(
            {
                RECORD: declarations[RECORD].array.take(
                    np.repeat(np.arange(len(sizes)), sizes)[order]
                ),
                "chunk_id": self.rows.column(CHUNK, found).values,
                "position": self.rows.column(POSITION, found).values,
            }
        )
        return table.sort_values(["chunk_id", "position"], ignore_index=True)


@dataclass(frozen=True)
class Material:
    """What some alerts are described from.

    Parameters
    ----------
    alerts : Table
        `record_id`, `chunk_id` and `position` of the driver, and the keys of `indicators`.
    places : Table
        `record_id`, `chunk_id` and `position` of every item of theirs.
    chunks : dict
        The stored rows and features of these chunks, the digest of the scorecard that rated
        them, and what names them to people, by id.
    """

    alerts: Table
    places: Table
    chunks: dict[int, tuple[bytes, bytes, str, str]]

    def work(self, rater: Rater) -> pa.RecordBatch:
        """What is stored of each alert, and is the same in whichever process it is made.

        Columns of `Alert` and its `links`; other lists as JSON: texts travel, and wait on file, as
        they are.
        """
        details = describe(self, rater)
        columns: dict[str, list[Any]] = {
            "record_id": self.alerts[RECORD].tolist(),
            "profile": [rater.profile.name] * len(details),
            **{name: [getattr(one, name) for one in details] for name in _VALUES},
            **{name: [dumps(getattr(one, name)) for one in details] for name in WRITTEN},
        }
        found = [
            store_of_alerts.looked_up_by(
                {"record_id": record, "profile": rater.profile.name, **vars(one)}
            )
            for record, one in zip(columns["record_id"], details, strict=True)
        ]
        columns["search"] = [one["search"] for one in found]
        links = pa.array([one["links"] for one in found], LINKS)
        return pa.RecordBatch.from_pydict({**columns, "links": links})


def material(connection: Connection, items: Items, alerts: Table) -> Material:
    """What these alerts are described from; `items` has theirs."""
    places = items.of(alerts)
    table, batch = batches.chunk_table.c, batches.batch_table.c
    ids = places["chunk_id"].unique().tolist()
    found = connection.execute(
        select(
            *(table.id, table.rows, table.features, table.batch_id, table.number),
            batch.model_digest,
        )
        .join(batches.batch_table, batch.id == table.batch_id)
        .where(among(table.id, ids))
    )
    return Material(
        alerts[[RECORD, "chunk_id", "position", "indicators"]],
        places,
        {
            one.id: (
                *(one.rows, one.features, one.model_digest),
                f"batch {one.batch_id}, chunk {one.number}",
            )
            for one in found
        },
    )


def describe(told: Material, rater: Rater) -> list[Detail]:
    """Reasons, indicators as sentences and the rows as declared, in the order of the alerts."""
    profile, alerts = rater.profile, told.alerts
    declared: dict[str, list[dict[str, Any]]] = {}
    drivers: dict[str, Detail] = {}
    columns = (RECORD, "chunk_id", "position", "indicators")
    driver_of = {row[0]: row[1:] for row in zip(*(alerts[name] for name in columns), strict=True)}
    for chunk_id, places in told.places.groupby("chunk_id"):
        positions = places["position"].to_numpy()
        *stored, rated_by, where = told.chunks[chunk_id]
        rows, log = (batches.from_bytes(one, rows=positions, where=where) for one in stored)
        records = places[RECORD].tolist()
        for record, row in zip(records, _plain(rows[profile.names]), strict=True):
            declared.setdefault(record, []).append(row)
        mine = [
            place
            for place, record in enumerate(records)
            if driver_of[record][:2] == (chunk_id, positions[place])
        ]
        driving = rows.iloc[mine]
        named = rater.told(rows)
        fired = {
            name.removeprefix(FIRED): log[name].to_numpy(dtype=bool, na_value=False)
            for name in log.columns
            if name.startswith(FIRED)
        }
        beside: dict[str, list[int]] = {}
        for place, record in enumerate(records):
            beside.setdefault(record, []).append(place)
        titles = _listed(driving[profile.title])
        values = rater.read(log.iloc[mine], driving, rated_by)
        terms = reasons.terms(values, titles, rater.scorecard)
        instead = ["hs_code"] if "hs_code" in driving else [profile.title]
        asked = (profile.office, *instead, profile.due, profile.time)
        for number, (place, title, office, code, due, lodged) in enumerate(
            zip(mine, titles, *(_listed(driving[name]) for name in asked), strict=True)
        ):
            record = records[place]
            items = beside[record]
            drivers[record] = Detail(
                office=office,
                title=title or code or "",
                terms=pack(terms[number]),
                indicators=[
                    _indicator(key, profile, _Said(named, _speaks(fired, key, place, items)))
                    for key in driver_of[record][2]
                ],
                declaration=[],
                due_at=_time(due),
                lodged_at=_time(lodged),
            )
    made = []
    for record in alerts[RECORD]:
        detail = drivers[record]
        detail.declaration = declared[record]
        made.append(detail)
    return made


def _speaks(fired: Mapping[str, np.ndarray], key: str, driver: int, items: Sequence[int]) -> int:
    """The item whose values the sentence of an indicator names: one on which it fired."""
    if key not in fired:
        return driver
    return next((one for one in (driver, *items) if fired[key][one]), driver)


def _indicator(key: str, profile: Profile, row: Mapping[str, Any]) -> dict[str, Any]:
    """One indicator of one row as a sentence, with what clears it and what to check."""
    name = key.removeprefix(NOT_EVALUATED)
    one = next(indicator for indicator in profile.indicators if indicator.key == name)
    if name != key:
        said = f"{name} was not evaluated: the check failed, so a person looks"
    else:
        said = one.says.format_map(row)
    return {
        "key": key,
        "text": said,
        "queue": one.queue,
        "cleared_by": one.cleared_by,
        "check": one.check,
        "raises": one.raises,
    }


class _Said(Mapping[str, Any]):
    """Values of one row for a sentence; what is missing reads "not given"."""

    def __init__(self, columns: View, place: int) -> None:
        self.columns, self.place = columns, place

    def __getitem__(self, name: str) -> Any:
        value = self.columns[name].at(self.place)
        if isinstance(value, float) and value.is_integer():
            return int(value)  # a view holds whole numbers as floats: nobody says 2.0 nights
        return _NotGiven() if value is None else value

    def __iter__(self) -> Any:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)


class _NotGiven:
    def __format__(self, how: str) -> str:
        return NOT_GIVEN


def _plain(rows: Table) -> list[dict[str, Any]]:
    """Rows as JSON values: what is missing is left out."""
    columns = {}
    for name, column in rows.items():
        timed = isinstance(column.dtype, pd.DatetimeTZDtype)
        told = _times(column) if timed else _listed(column)
        if told.count(None) < len(told):  # half of what may be declared seldom is
            columns[name] = told
    return [
        {name: value for name, value in zip(columns, row, strict=True) if value is not None}
        for row in zip(*columns.values(), strict=True)
    ] or [{} for _ in rows.index]


def _times(column: Column) -> list[str | None]:
    """A column of times as JSON has them; None where one is missing."""
    told, known = np.full(len(column), None, dtype=object), column.notna().to_numpy()
    told[known] = isoformat(column[known].to_numpy("datetime64[us]"))
    made: list[str | None] = told.tolist()
    return made


def _listed(column: Column) -> list[Any]:
    """A column as Python values; None where one is missing."""
    if isinstance(column.dtype, pd.StringDtype):  # in a fifth of the time that pandas takes
        listed: list[Any] = pa.array(column).to_numpy(zero_copy_only=False).tolist()
        return listed
    told: list[Any] = column.to_numpy(object, na_value=None).tolist()
    return told


def _time(value: Any) -> datetime | None:
    return None if pd.isna(value) else pd.Timestamp(value).to_pydatetime()

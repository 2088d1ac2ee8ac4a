"""What a person sees of an alert: reasons, indicators as sentences, and the rows as declared.

Made of the stored bytes of the chunks that its items lie in and of nothing else, so that any
process with the run's rater can do it, here or elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from json.encoder import encode_basestring
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, select

from riskprofile.columns import Column, Text, View, isoformat, spans
from riskprofile.history.layer import CHUNK, POSITION
from riskprofile.profiles import Profile
from riskprofile.scoring import reasons
from riskprofile.services.identifiers import RECORD
from riskprofile.services.pairs import Numbers
from riskprofile.services.rater import FIRED, Rater
from riskprofile.store import alerts as store_of_alerts
from riskprofile.store import batches, table_bytes
from riskprofile.store.many import among
from riskprofile.store.packed_json import dumps, pack
from riskprofile.store.spool import Columns
from riskprofile.tables import Table

NOT_GIVEN = "not given"  # what a sentence says of a value that was not declared
NOT_EVALUATED = "not_evaluated:"
# Columns of an alert that are JSON.
WRITTEN = ("declaration", "indicators")
LINKS = pa.list_(pa.struct({"kind": pa.string(), "key": pa.string()}))


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
        profile, records = rater.profile, self.alerts[RECORD].tolist()
        drivers, rows = [], list[str]()
        words, ties = list[list[str]](), list[list[tuple[str, str]]]()
        for part in self._parts():
            given = View.over(part.rows)
            drivers.append(part.drivers(rater, given, self.alerts))
            rows += _objects(given, profile.names)
            words += store_of_alerts.words(profile.name, given)
            ties += store_of_alerts.ties(given)
        told = pa.concat_tables(drivers)
        told = told.take(pc.index_in(pa.array(records), told.column(RECORD)))
        # The items of each alert, in the order in which they lie.
        of = pd.Index(records).get_indexer(self.places[RECORD])
        order, ends = np.argsort(of, kind="stable"), np.cumsum(np.bincount(of))
        items = [order[start:end].tolist() for start, end in pairwise([0, *ends])]
        titles = told.column("title").to_pylist()
        search = [
            store_of_alerts.searched(record, title, map(words.__getitem__, mine))
            for record, title, mine in zip(records, titles, items, strict=True)
        ]
        links = [sorted(set(chain.from_iterable(map(ties.__getitem__, mine)))) for mine in items]
        return pa.RecordBatch.from_pydict(
            {
                **{name: told.column(name).combine_chunks() for name in _OF_DRIVER.names},
                "profile": pa.repeat(profile.name, len(records)),
                "declaration": [f"[{','.join(map(rows.__getitem__, mine))}]" for mine in items],
                "search": search,
                "links": pa.array(links, LINKS),
            }
        )

    def terms(self, rater: Rater) -> list[bytes]:
        """What the reasons of each alert are told from, packed (`scoring.reasons.terms`)."""
        found: dict[str, bytes] = {}
        for part in self._parts():
            mine = map(part.records.__getitem__, part.driving)
            found.update(zip(mine, part.terms(rater), strict=True))
        return [found[record] for record in self.alerts[RECORD]]

    def _parts(self) -> Iterator[_Part]:
        """The items, chunk by chunk."""
        places = zip(*(self.alerts[name] for name in (RECORD, "chunk_id", "position")), strict=True)
        driver = {record: place for record, *place in places}
        for chunk_id, here in self.places.groupby("chunk_id"):
            positions, records = here["position"].to_numpy(), here[RECORD].tolist()
            *stored, rated_by, where = self.chunks[chunk_id]
            rows, log = (table_bytes.from_bytes(one, rows=positions, where=where) for one in stored)
            driving = [
                place
                for place, (record, at) in enumerate(zip(records, positions.tolist(), strict=True))
                if driver[record] == [chunk_id, at]
            ]
            yield _Part(records, rows, log, driving, rated_by)


# What the driver of an alert says of it.
_OF_DRIVER = pa.schema(
    {
        **dict.fromkeys((RECORD, "office", "title", "indicators"), pa.string()),
        **dict.fromkeys(("due_at", "lodged_at"), pa.timestamp("us", "UTC")),
        "terms": pa.binary(),
    }
)


@dataclass(frozen=True)
class _Part:
    """Items that lie in one chunk: the declaration of each, and the places of drivers."""

    records: list[str]
    rows: Table
    log: Table
    driving: list[int]
    rated_by: str

    def terms(self, rater: Rater) -> list[bytes]:
        """What the reasons of each driver are told from, packed."""
        mine = np.array(self.driving, dtype=np.int64)
        values = rater.read(self.log, self.rows, self.rated_by).iloc[mine]
        titles = View.over(self.rows)[rater.profile.title].take(mine).tolist()
        return [*map(pack, reasons.terms(values, titles, rater.scorecard))]

    def drivers(self, rater: Rater, given: View, alerts: Table) -> pa.Table:
        """`_OF_DRIVER` of each. `given` are the rows; `alerts` have the keys of `indicators`."""
        profile, mine = rater.profile, np.array(self.driving, dtype=np.int64)
        keys = dict(zip(alerts[RECORD], alerts["indicators"], strict=True))
        items: dict[str, list[int]] = {}
        for place, record in enumerate(self.records):
            items.setdefault(record, []).append(place)
        records = [self.records[place] for place in self.driving]
        said, fired = rater.told(self.rows), View.over(self.log)
        signs = {key: _sign(key, profile) for key in set(chain.from_iterable(keys.values()))}
        indicators = []
        for record, place in zip(records, self.driving, strict=True):
            told = []
            for key in keys[record]:
                says, before, after = signs[key]
                values = _Said(said, _speaks(fired, key, place, items[record]))
                told.append(f"{before}{encode_basestring(says.format_map(values))}{after}")
            indicators.append(f"[{','.join(told)}]")
        instead = "hs_code" if "hs_code" in given else profile.title
        names = (profile.title, instead, profile.office, profile.due, profile.time)
        titles, codes, offices, due, lodged = (given[name].take(mine) for name in names)
        shown = zip(titles.tolist(), codes.tolist(), strict=True)
        made = {
            RECORD: records,
            "office": offices.tolist(),
            "title": [title or code or "" for title, code in shown],
            "indicators": indicators,
            "due_at": due.values,
            "lodged_at": lodged.values,
            "terms": self.terms(rater),
        }
        return pa.Table.from_pydict(made, schema=_OF_DRIVER)


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


def _speaks(log: View, key: str, driver: int, items: Sequence[int]) -> int:
    """The item whose values the sentence of an indicator names: one on which it fired."""
    if (name := f"{FIRED}{key}") not in log:
        return driver
    fired = log[name].flags()
    return next((one for one in (driver, *items) if fired[one]), driver)


def _sign(key: str, profile: Profile) -> tuple[str, str, str]:
    """The sentence of an indicator, to be filled; and what is said beside it, what clears it and
    what to check, as JSON before it and after.
    """
    name = key.removeprefix(NOT_EVALUATED)
    one = next(indicator for indicator in profile.indicators if indicator.key == name)
    said = f"{name} was not evaluated: the check failed, so a person looks"
    rest = {"queue": one.queue, "cleared_by": one.cleared_by, "check": one.check}
    after = dumps({**rest, "raises": one.raises})
    return one.says if name == key else said, f'{{"key":{dumps(key)},"text":', f",{after[1:]}"


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


def _objects(rows: View, names: Sequence[str]) -> list[str]:
    """These columns of each row as a JSON object: what is missing is left out."""
    cells = [_cells(f",{encode_basestring(name)}:", rows[name]) for name in names]
    return [f"{{{''.join(row)[1:]}}}" for row in zip(*cells, strict=True)]


def _cells(name: str, column: Column) -> Iterator[str]:
    """A column as JSON is written, with its name before each value; empty where it is missing."""
    if isinstance(column, Text):
        codes, told = column.values, [*map(encode_basestring, column.distinct)]
    else:
        known = column.notna().values
        codes, values = np.where(known, np.cumsum(known) - 1, -1), column.values[known]
        if values.dtype.kind == "M":
            told = [f'"{one}"' for one in isoformat(values)]
        else:
            told = dumps(values.tolist())[1:-1].split(",")
    texts = [*(f"{name}{one}" for one in told), ""]
    return map(texts.__getitem__, codes.tolist())

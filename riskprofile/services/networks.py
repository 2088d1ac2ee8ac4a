"""What a declaration shares with others of the last 90 days, and with earlier finds.

For the officer's page, never for points. Everything is joined by opaque keys, one sort or
one comparison at a time; a key that many share links nothing. In a run the batch is taken
as a set; the past is the history frozen before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, select

from riskprofile.history import Snapshot
from riskprofile.history.snapshot import CHUNK, POSITION
from riskprofile.indicators.links import COMMON, WHY
from riskprofile.profiles import Profile
from riskprofile.services.identifiers import RECORD
from riskprofile.store import batches
from riskprofile.tables import Table

WINDOW = pd.Timedelta(days=90)
SPLIT = pd.Timedelta(days=14)
SHOWN = 12  # related records of one alert
ALIKE = 3  # earlier finds of one alert
FACETS = 3  # in which an earlier find must agree
SHARED = {**WHY, "declarant_key": "same declarant"}
PARTY = (
    *("consignor_key", "consignee_key", "consignee_address_key", "consignee_phone_key"),
    *("person_key", "vehicle_key"),
)
# Facet -> groups of columns: one group that agrees in all its columns is enough.
FACET: dict[str, tuple[tuple[str, ...], ...]] = {
    "goods": (("goods_key",), ("hs4",)),
    "route": (("origin_key", "destination_key", "transport_mode"), ("route_key",)),
    "party": tuple((name,) for name in PARTY),
    "document": (("carrier",), ("licence_number",), ("house_document",)),
}
_FACTS = (
    *("consignee_name_key", "consignor_name_key", "consignor_key", "consignee_key"),
    *("consignee_type", "part_kinds"),
)
_AT = [CHUNK, POSITION]

Related = dict[str, list[dict[str, Any]]]


def placed(linked: Table, rows: Table) -> Table:
    """The view of a run's rows with where each lies: `chunk_id` and `position` of `rows`."""
    return linked.assign(
        **{
            RECORD: rows[RECORD].array,
            CHUNK: rows["chunk_id"].to_numpy("int64"),
            POSITION: rows["position"].to_numpy("int64"),
        }
    )


def related(
    connection: Connection,
    profile: Profile,
    run: Table,
    wanted: Sequence[str],
    history: Snapshot,
) -> Related:
    """Records around each wanted one, and finds like it, in words for its page.

    Parameters
    ----------
    run : Table
        The view of the run's rows with the record's reference and place of each row.
    wanted : sequence of str
        References of the records that become alerts.

    Returns
    -------
    dict of str to list
        `record_id, title, link, at, office, outcome` of each, finds first, then those that
        share most, the nearest in time before others.
    """
    mine = run[run[RECORD].isin(wanted)]
    pairs = _pairs(mine, run, history)
    finds = _finds(mine, history.found)
    known = _declared(connection, profile, pd.concat([pairs, finds], ignore_index=True))
    told: Related = {}
    for rows, limit, outcome in ((finds, ALIKE, "trafficking"), (pairs, SHOWN, None)):
        taken: dict[str, set[str]] = {}
        for record, chunk, position, link in zip(
            rows[RECORD], rows[CHUNK], rows[POSITION], rows["link"], strict=True
        ):
            other = known.get((int(chunk), int(position)))
            seen = taken.setdefault(record, set())
            if other is None or other["record_id"] in {record, *seen} or len(seen) >= limit:
                continue
            seen.add(other["record_id"])
            told.setdefault(record, []).append({**other, "link": link, "outcome": outcome})
    return told


def _pairs(mine: Table, run: Table, history: Snapshot) -> Table:
    """Rows that share a key within 90 days: record, place of the other, and why."""
    found = []
    for by in [name for name in SHARED if name in mine]:
        facts = [name for name in _FACTS if name in mine and name != by]
        asked = mine[[RECORD, by, "time", *facts, *_AT]].dropna(subset=[by])
        for pool in (run, history.remembered):
            if not len(asked) or by not in pool or CHUNK not in pool:
                continue
            near = pool[pool[by].isin(asked[by])].dropna(subset=[by])
            near = near.reindex(columns=[by, "time", *facts, *_AT])
            size = near.groupby(by)[by].transform("size")
            both = asked.merge(near[size <= COMMON], on=by, suffixes=("", "_other"))
            apart = (both["time"] - both["time_other"]).abs()
            other_row = (both[CHUNK] != both[f"{CHUNK}_other"]) | (
                both[POSITION] != both[f"{POSITION}_other"]
            )
            both = both[(apart <= WINDOW) & other_row].assign(apart=apart)
            both = both.sort_values(["apart", *[f"{one}_other" for one in _AT]], kind="stable")
            both = both.groupby(RECORD).head(2 * SHOWN)  # a page shows the nearest
            found.append(
                pd.DataFrame(
                    {
                        RECORD: both[RECORD],
                        CHUNK: both[f"{CHUNK}_other"],
                        POSITION: both[f"{POSITION}_other"],
                        "apart": both["apart"],
                        "why": [_why(by, row) for row in both.to_dict("records")],
                    }
                )
            )
    if not any(len(one) for one in found):
        return pd.DataFrame(columns=[RECORD, *_AT, "link"])
    links = pd.concat([one for one in found if len(one)], ignore_index=True).explode("why")
    links = links.drop_duplicates([RECORD, *_AT, "why"])
    grouped = links.groupby([RECORD, *_AT], sort=False)
    joined = grouped.agg(link=("why", ", ".join), apart=("apart", "min"), n=("why", "size"))
    order = joined.reset_index().sort_values(
        [RECORD, "n", "apart", *_AT], ascending=[True, False, True, True, True], kind="stable"
    )
    return order[[RECORD, *_AT, "link"]]


def _why(by: str, row: dict[str, Any]) -> list[str]:
    """What one shared key says of two rows, and the pattern that it belongs to."""
    said = [SHARED[by]]
    if by in ("consignee_address_key", "consignee_phone_key") and _differ(
        row, "consignee_name_key"
    ):
        said.append("another name there")
    if by == "consignor_phone_key" and _differ(row, "consignor_name_key"):
        said.append("another sender name")
    if by == "consignee_key" and row.get("consignee_type") == "forwarder":
        said.append("through one forwarder")
    if by.startswith("consignee"):
        if _differ(row, "part_kinds"):
            said.append("other parts of a firearm")
        if _same(row, "consignor_key") and abs(row["time"] - row["time_other"]) <= SPLIT:
            said.append("one sender within 14 days")
    return said


def _differ(row: dict[str, Any], name: str) -> bool:
    one, other = row.get(name), row.get(f"{name}_other")
    return not (pd.isna(one) or pd.isna(other)) and one != other


def _same(row: dict[str, Any], name: str) -> bool:
    one, other = row.get(name), row.get(f"{name}_other")
    return not (pd.isna(one) or pd.isna(other)) and one == other


def _finds(mine: Table, finds: Table) -> Table:
    """Earlier finds that agree in three facets, the nearest first."""
    nothing = pd.DataFrame(columns=[RECORD, *_AT, "link"])
    if not len(mine) or not len(finds) or CHUNK not in finds:
        return nothing
    agree = {
        facet: np.any([_agree(mine, finds, group) for group in groups], axis=0)
        for facet, groups in FACET.items()
    }
    number = np.sum(list(agree.values()), axis=0)
    known = finds["time"].to_numpy()[None, :] < mine["time"].to_numpy()[:, None]
    rows, columns = np.nonzero((number >= FACETS) & known)
    if not len(rows):
        return nothing
    names = list(agree)
    said = [
        "like an earlier find in " + ", ".join(name for name in names if agree[name][row, column])
        for row, column in zip(rows, columns, strict=True)
    ]
    told = pd.DataFrame(
        {
            RECORD: mine[RECORD].to_numpy()[rows],
            **{name: finds[name].to_numpy()[columns] for name in _AT},
            "link": said,
            "n": number[rows, columns],
            "time": finds["time"].to_numpy()[columns],
        }
    )
    order = told.sort_values([RECORD, "n", "time"], ascending=[True, False, False], kind="stable")
    return order[[RECORD, *_AT, "link"]]


def _agree(mine: Table, finds: Table, group: Sequence[str]) -> np.ndarray:
    """Which rows agree with which finds in all these columns; what is missing never does."""
    both = np.ones((len(mine), len(finds)), dtype=bool)
    for name in group:
        if name not in mine or name not in finds:
            return np.zeros_like(both)
        joined = pd.concat([mine[name].astype(object), finds[name].astype(object)])
        codes = pd.factorize(joined)[0]
        one, other = codes[: len(mine), None], codes[None, len(mine) :]
        both &= (one == other) & (one >= 0)
    return both


def _declared(
    connection: Connection, profile: Profile, places: Table
) -> dict[tuple[int, int], dict[str, Any]]:
    """Reference, title, time and office of rows by where they lie; removed ones are left out."""
    table = batches.chunk_table.c
    found: dict[tuple[int, int], dict[str, Any]] = {}
    columns = [RECORD, profile.title, profile.time, profile.office]
    for chunk, positions in places.groupby(CHUNK)[POSITION]:
        content = connection.execute(select(table.rows).where(table.id == int(chunk))).scalar()
        if content is None:
            continue
        rows = batches.from_bytes(content, columns)
        for position in sorted({int(one) for one in positions if one < len(rows)}):
            row = rows.iloc[position]
            if pd.isna(row[profile.time]):  # removed by retention
                continue
            found[int(chunk), position] = {
                "record_id": str(row[RECORD]),
                "title": "" if pd.isna(row[profile.title]) else str(row[profile.title]),
                "at": pd.Timestamp(row[profile.time]).isoformat(),
                "office": None if pd.isna(row[profile.office]) else str(row[profile.office]),
            }
    return found

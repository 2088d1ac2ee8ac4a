"""Registers as indicators may ask them: frozen when a rating begins, parties made opaque.

Names and addresses of an entry become the same opaque keys that declarations have, by the
resolver's own function; then they are dropped. Events of an inspection are dropped too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import numpy as np
import pandas as pd

from riskprofile.history.register import Aliases
from riskprofile.history.resolver import opaque, united
from riskprofile.profiles.profile import Key
from riskprofile.reference.registers import REGISTERS
from riskprofile.tables import TIME, Column, Table

DAY = pd.Timedelta(days=1)
USUAL, LEAST = 0.95, 50  # what is usual is known from 50 completed waits on
INSPECTION = "inspection"
ARMS_CHAPTER = "93"  # what an embargo covers that names no goods
NUMBER = "number_key"

# The keys of each register's view, and which of them find an entry.
KEYS: dict[str, tuple[Key, ...]] = {
    "licences": tuple(
        Key(f"{who}{part}_key", (f"{who}_{source}",), "party")
        for who in ("holder", "consignor", "consignee")
        for part, source in (("", "id"), ("_name", "name"))
    ),
    "dealers": (Key("party_key", ("dealer_id",), "party"), Key("name_key", ("name",), "party")),
    "parties": (
        Key("party_key", ("party_id",), "party"),
        Key("name_key", ("name",), "party"),
        Key("address_key", ("address",), "address"),
    ),
}
FOUND_BY: dict[str, tuple[str, ...]] = {
    "licences": (NUMBER,),
    "dealers": ("party_key", "name_key"),
    "parties": ("party_key", "name_key"),
}


class Lookup:
    """Registers frozen before a run. Implements `tables.Registers`.

    Parameters
    ----------
    tables : mapping of str to Table
        Entries by register, as known at `before`; what is not given is empty.
    before : Timestamp, optional
        When the rating begins (UTC). Later events do not count.
    parties : callable, optional
        From a register's table and keys to the keys that stand for another party's.
    """

    def __init__(
        self,
        tables: Mapping[str, Table] | None = None,
        before: pd.Timestamp | None = None,
        parties: Callable[[Table, Sequence[Key]], Aliases] | None = None,
    ) -> None:
        self._given = dict(tables or {})
        self._before = before
        self._parties = parties
        self._views: dict[str, Table] = {}
        self._indexes: dict[tuple[str, str], pd.Index] = {}

    def holds(self, kind: str) -> bool:
        """Whether this register holds any entry."""
        return len(self._given.get(kind, ())) > 0

    def entry(self, kind: str, items: Table, by: Sequence[str]) -> Table:
        """The entry under each row's key; see `tables.Registers`."""
        seen = self._view(kind)
        place = np.full(len(items), -1, dtype=np.int64)
        asked = np.zeros(len(items), dtype=bool)
        for name in by:
            wanted = items[name]
            if kind == "licences":
                wanted = _numbers(wanted)
            asked |= wanted.notna().to_numpy(dtype=bool)
            for key in FOUND_BY[kind]:
                found = self._index(kind, key).get_indexer(wanted.to_numpy(object, na_value=None))
                place = np.where(place < 0, found, place)
        entry = seen.reindex(place).set_axis(items.index)
        known = asked & self.holds(kind)
        entry["found"] = np.where(known, (place >= 0).astype("float64"), np.nan)
        return entry

    def happened(self, items: Table, kind: str, *values: str) -> Column:
        """When the last such event happened; NaT when none did."""
        chosen = self._events[(self._events["kind"] == kind).to_numpy(dtype=bool, na_value=False)]
        if values:
            chosen = chosen[chosen["value"].isin(values).to_numpy(dtype=bool)]
        return self._of_record(items, chosen.groupby("record_id")["at"].max())

    def waiting(self, items: Table, since: str, until: str) -> Table:
        """Days waited in the yard, and what is usual; see `tables.Registers`."""
        yard = self._events[(self._events["kind"] == "yard").to_numpy(dtype=bool, na_value=False)]
        began = yard[(yard["value"] == since).to_numpy(dtype=bool, na_value=False)]
        ended = yard[(yard["value"] == until).to_numpy(dtype=bool, na_value=False)]
        first, last = began.groupby("record_id")["at"].min(), ended.groupby("record_id")["at"].max()
        done = ((last - first) / DAY).dropna()
        usual = float(done.quantile(USUAL)) if len(done) >= LEAST else np.nan
        started, over = self._of_record(items, first), self._of_record(items, last)
        now = pd.Series(self._before or pd.NaT, index=items.index, dtype=TIME)
        days = ((now - started) / DAY).where(over.isna())
        return pd.DataFrame({"days": days, "usual": usual}, index=items.index)

    def embargoed(self, items: Table, places: Column) -> Column:
        """First digits of HS codes under an embargo over these places; see `tables.Registers`."""
        answer = np.full(len(items), None, dtype=object)
        embargoes = self._view("embargoes")
        if len(embargoes):
            over = {
                country: rows.to_dict("records") for country, rows in embargoes.groupby("country")
            }
            codes, distinct = pd.factorize(places)
            hit = [
                [one for country in _countries(text) for one in over.get(country, ())]
                for text in distinct
            ]
            times = items["time"].to_numpy(object)
            concerned = np.array([bool(one) for one in hit] + [False])  # -1: no place is known
            for row in np.flatnonzero(concerned[codes]):
                goods = [one["goods"] for one in hit[codes[row]] if _in_force(one, times[row])]
                if goods:
                    answer[row] = "|".join(dict.fromkeys("|".join(goods).split("|")))
        return pd.Series(answer, index=items.index, dtype=pd.StringDtype("pyarrow"))

    def overdue(self, items: Table, by: Sequence[str], days: float) -> Column:
        """Licences whose delivery is unverified `days` after it was due, by party."""
        seen = self._view("licences")
        if not len(seen):
            return pd.Series(np.nan, index=items.index)
        last = seen["delivery_due"] + days * DAY
        late = seen[(last.notna() & seen["delivery_verified"].isna()).to_numpy(dtype=bool)]
        names = [key.name for key in KEYS["licences"] if not key.name.startswith("consignor")]
        owed: dict[object, dict[int, pd.Timestamp]] = {}
        for number, one in zip(late.index, late.to_dict("records"), strict=True):
            for key in {one[name] for name in names if pd.notna(one[name])}:
                owed.setdefault(key, {})[number] = last[number]
        counted, times = np.zeros(len(items)), items["time"].to_numpy(object)
        concerned = items[list(by)].isin(list(owed)).any(axis=1).to_numpy(dtype=bool)
        for row in np.flatnonzero(concerned):
            keys = items[list(by)].iloc[row].dropna()
            mine = {n: due for key in keys for n, due in owed.get(key, {}).items()}
            counted[row] = sum(times[row] > due for due in mine.values())
        return pd.Series(counted, index=items.index)

    @cached_property
    def _events(self) -> Table:
        """Events before the rating; an inspection's are not among them."""
        seen = self._view("events")
        keep = (seen["kind"] != INSPECTION).to_numpy(dtype=bool, na_value=False)
        if self._before is not None:
            keep &= (seen["at"] <= self._before).to_numpy(dtype=bool)
        return seen[keep]

    def _of_record(self, items: Table, times: pd.Series) -> Column:
        if "record_id" not in items or not len(times):
            return pd.Series(pd.NaT, index=items.index, dtype=TIME)
        found = times.reindex(items["record_id"].to_numpy(object, na_value=None))
        return found.set_axis(items.index).astype(TIME)

    def _index(self, kind: str, key: str) -> pd.Index:
        if (kind, key) not in self._indexes:
            self._indexes[kind, key] = _first(self._view(kind)[key])
        return self._indexes[kind, key]

    def _view(self, kind: str) -> Table:
        if kind not in self._views:
            self._views[kind] = _seen(kind, self._given.get(kind), self._parties)
        return self._views[kind]


def _seen(
    kind: str,
    table: Table | None,
    parties: Callable[[Table, Sequence[Key]], Aliases] | None,
) -> Table:
    """A register without names and addresses, with opaque keys, days as times."""
    spec = REGISTERS[kind]
    if table is None:
        table = pd.DataFrame({one.name: pd.Series([], dtype=one.dtype) for one in spec.columns})
    table = table.reset_index(drop=True)
    keys = KEYS.get(kind, ())
    opaques = pd.DataFrame({key.name: opaque(table, key) for key in keys}, index=table.index)
    if parties is not None and keys and len(table):
        opaques = united(opaques, keys, parties(table, keys))
    made = {name: opaques[name] for name in opaques}
    if kind == "licences":
        made[NUMBER] = _numbers(table["licence_number"])
    if kind == "embargoes":
        table = table.assign(goods=table["goods"].fillna(ARMS_CHAPTER))
    if kind == "parties":
        made["address_sharers"] = _sharers(made["address_key"])
        made["officer_sharers"] = _officers(table["officers"])
    for one in spec.columns:
        if one.kind == "date":
            made[one.name] = pd.to_datetime(
                table[one.name].astype(object), utc=True, format="ISO8601"
            ).astype(TIME)
        elif not one.protection:
            made[one.name] = table[one.name]
    return pd.DataFrame(made)


def _first(keys: Column) -> pd.Index:
    """Keys in the order of the entries, each under its first entry alone."""
    values = keys.to_numpy(object, na_value=None)
    useless = pd.Series(values).duplicated().to_numpy() | pd.isna(values)
    # A key that repeats, or is missing, gets a mark of its own that no row can ask for.
    marked = [("", n) if useless[n] else key for n, key in enumerate(values)]
    return pd.Index(marked, dtype=object, tupleize_cols=False)


def _numbers(column: Column) -> Column:
    """Licence numbers in capitals, without what people put between: `im 12/A` is `IM12A`."""
    return column.str.upper().str.replace(r"[^A-Z0-9]", "", regex=True).replace("", pd.NA)


def _sharers(keys: Column) -> Column:
    """How many other entries have the same key; missing where there is none."""
    return (keys.map(keys.value_counts()) - 1).astype("float64")


def _officers(column: Column) -> Column:
    """The most other companies that any one officer of a company serves."""
    parts = column.str.split("|").explode().dropna().str.strip()
    firms = parts.groupby(parts).transform("size") - 1
    return firms.groupby(level=0).max().reindex(column.index).astype("float64")


def _countries(text: str) -> set[str]:
    return {part[:2] for part in re.split(r"\|", text) if part}


def _in_force(one: Mapping[str, object], when: object) -> bool:
    starts, ends = one["starts_at"], one["ends_at"]
    if pd.isna(when) or pd.isna(starts) or when < starts:  # type: ignore[operator]
        return False
    return bool(pd.isna(ends) or when < ends + DAY)


NOTHING = Lookup()

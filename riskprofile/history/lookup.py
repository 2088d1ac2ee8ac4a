"""Registers as indicators may ask them: frozen when a rating begins, parties made opaque.

Names and addresses of an entry become the same opaque keys that declarations have, by the
resolver's own function; then they are dropped. Events of an inspection are dropped too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property, lru_cache, partial
from typing import Any

import numpy as np
import pandas as pd

from riskprofile.columns import Column, Moment, Text, View, column, factorize, full, like
from riskprofile.history.register import Aliases
from riskprofile.history.resolver import opaque, united
from riskprofile.profiles.profile import Key
from riskprofile.reference import naming, nomenclature
from riskprofile.reference.places import country as country_of
from riskprofile.reference.registers import REGISTERS
from riskprofile.tables import TIME, Table

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
ENDS = {"dealers": "valid_until", "parties": "ceased_at"}  # of two under one name the last counts
BEGINS = {"dealers": "valid_from", "parties": "incorporated_at"}  # of those that have begun


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
        self._indexes: dict[tuple[str, str], dict[object, int]] = {}
        self._columns: dict[str, View] = {}
        self._times: dict[tuple[str, ...], pd.Series] = {}
        self._waits: dict[tuple[str, str], tuple[pd.Series, pd.Series, float]] = {}

    def holds(self, kind: str) -> bool:
        """Whether this register holds any entry."""
        return len(self._given.get(kind, ())) > 0

    def entry(self, kind: str, items: Any, by: Sequence[str]) -> Any:
        """The entry under each row's key; see `tables.Registers`."""
        seen = View.of(items)
        if not self.holds(kind):
            entry = _nothing(kind, len(seen))
            return entry if isinstance(items, View) else entry.table().set_axis(items.index)
        place = np.full(len(seen), -1, dtype=np.int64)
        asked = np.zeros(len(seen), dtype=bool)
        for name in by:
            wanted = seen.text(name).map(naming.licence) if kind == "licences" else seen[name]
            asked |= wanted.notna().values
            for key in FOUND_BY[kind]:
                index = self._index(kind, key)
                found = np.array([index.get(one, -1) for one in wanted.tolist()], dtype=np.int64)
                place = np.where(place < 0, found, place)
        found = np.where(asked, (place >= 0).astype("float64"), np.nan)
        entry = self._held(kind).take(place).assign(found=Column(found))
        return entry if isinstance(items, View) else entry.table().set_axis(items.index)

    def happened(self, items: Any, kind: str, *values: str) -> Any:
        """When the last such event happened; NaT when none did."""
        asked = (kind, *values)
        if not self.holds("events"):
            return like(items, _never(len(items)))
        if asked not in self._times:
            chosen = self._events[_is(self._events["kind"], kind)]
            if values:
                chosen = chosen[chosen["value"].isin(values).to_numpy(dtype=bool)]
            self._times[asked] = chosen.groupby("record_id")["at"].max()
        return like(items, self._of_record(View.of(items), self._times[asked]))

    def waiting(self, items: Any, since: str, until: str) -> Any:
        """Days waited in the yard, and what is usual; see `tables.Registers`."""
        seen = View.of(items)
        waited = usual = full(len(seen), np.nan)
        if self.holds("events"):
            if (since, until) not in self._waits:
                self._waits[since, until] = self._waited(since, until)
            first, last, most = self._waits[since, until]
            started, over = self._of_record(seen, first), self._of_record(seen, last)
            now = np.datetime64("NaT") if self._before is None else self._before.to_datetime64()
            whole = Column(np.full(len(seen), now, dtype="M8[us]")).days_since(started)
            waited, usual = whole.where(over.isna()), full(len(seen), most)
        made = seen.instead(days=waited, usual=usual)
        return made if isinstance(items, View) else made.table()

    def _waited(self, since: str, until: str) -> tuple[pd.Series, pd.Series, float]:
        """First beginning and last end of the wait of each record, and how long is usual."""
        yard = self._events[_is(self._events["kind"], "yard")]
        first = yard[_is(yard["value"], since)].groupby("record_id")["at"].min()
        last = yard[_is(yard["value"], until)].groupby("record_id")["at"].max()
        done = ((last - first) / DAY).dropna()
        return first, last, float(done.quantile(USUAL)) if len(done) >= LEAST else np.nan

    def embargoed(self, items: Any, places: Any) -> Any:
        """First digits of HS codes under an embargo over these places; see `tables.Registers`."""
        seen = View.of(items)
        answer: list[str | None] = [None] * len(seen)
        if self.holds("embargoes"):
            embargoes = self._view("embargoes")
            over = {
                country: rows.to_dict("records") for country, rows in embargoes.groupby("country")
            }
            codes, distinct = factorize(places)
            hit = [
                [one for country in _countries(text) for one in over.get(country, ())]
                for text in distinct
            ]
            times = seen["time"].series(seen.index).to_numpy(object)
            concerned = np.array([bool(one) for one in hit] + [False])  # -1: no place is known
            for row in np.flatnonzero(concerned[codes]).tolist():
                goods = [one["goods"] for one in hit[codes[row]] if _in_force(one, times[row])]
                if goods:
                    answer[row] = "|".join(dict.fromkeys("|".join(goods).split("|")))
        return like(items, Text.of(answer))

    def overdue(self, items: Any, by: Sequence[str], days: float) -> Any:
        """Licences whose delivery is unverified `days` after it was due, by party."""
        asked = View.of(items)
        if not self.holds("licences"):
            return like(items, full(len(asked), np.nan))
        seen = self._view("licences")
        last = seen["delivery_due"] + days * DAY
        late = seen[(last.notna() & seen["delivery_verified"].isna()).to_numpy(dtype=bool)]
        names = [key.name for key in KEYS["licences"] if not key.name.startswith("consignor")]
        owed: dict[object, dict[int, pd.Timestamp]] = {}
        for number, one in zip(late.index, late.to_dict("records"), strict=True):
            for key in {one[name] for name in names if pd.notna(one[name])}:
                owed.setdefault(key, {})[number] = last[number]
        counted = np.zeros(len(asked))
        times = asked["time"].series(asked.index).to_numpy(object)
        keyed = zip(*(asked[name].tolist() for name in by), strict=True)
        for row, keys in enumerate(keyed):
            mine = {n: due for key in keys for n, due in owed.get(key, {}).items()}
            if mine:
                counted[row] = sum(times[row] > due for due in mine.values())
        return like(items, Column(counted))

    @cached_property
    def _events(self) -> Table:
        """Events before the rating; an inspection's are not among them."""
        seen = self._view("events")
        keep = (seen["kind"] != INSPECTION).to_numpy(dtype=bool, na_value=False)
        if self._before is not None:
            keep &= (seen["at"] <= self._before).to_numpy(dtype=bool)
        return seen[keep]

    def _of_record(self, items: View, times: pd.Series) -> Column:
        if "record_id" not in items or not len(times):
            return _never(len(items))
        found = times.reindex(np.array(items["record_id"].tolist(), dtype=object))
        return column(found.astype(TIME))

    def _index(self, kind: str, key: str) -> dict[object, int]:
        """Where the first entry under each key stands."""
        if (kind, key) not in self._indexes:
            found: dict[object, int] = {}
            for place, one in enumerate(self._held(kind)[key].tolist()):
                found.setdefault(one, place)
            found.pop(None, None)
            self._indexes[kind, key] = found
        return self._indexes[kind, key]

    def _held(self, kind: str) -> View:
        if kind not in self._columns:
            self._columns[kind] = View.of(self._view(kind))
        return self._columns[kind]

    def _view(self, kind: str) -> Table:
        if kind not in self._views:
            seen = _seen(kind, self._given.get(kind), self._parties)
            if kind in BEGINS and self._before is not None:
                ahead = (seen[BEGINS[kind]] > self._before).to_numpy(dtype=bool)
                seen = seen.iloc[np.argsort(ahead, kind="stable")].reset_index(drop=True)
            self._views[kind] = seen
        return self._views[kind]


@lru_cache(maxsize=16)
def _nothing(kind: str, size: int) -> View:
    """What a register that holds nothing, as most of them do, says of so many rows.

    Each column is one value that is seen as many: all who ask share it, and none can write to it.
    """
    row = _bare(kind)
    made = {name: partial(row[name].repeated, size) for name in row}
    return View(made, size)


@cache
def _bare(kind: str) -> View:
    row = View.over(_seen(kind, None, None)).take(np.array([-1]))
    return row.assign(found=full(1, np.nan))


def _seen(
    kind: str,
    table: Table | None,
    parties: Callable[[Table, Sequence[Key]], Aliases] | None,
) -> Table:
    """A register without names and addresses, with opaque keys, days as times."""
    spec = REGISTERS[kind]
    if table is None:
        table = pd.DataFrame({one.name: pd.array([], dtype=one.dtype) for one in spec.columns})
    table = table.reset_index(drop=True)
    keys = KEYS.get(kind, ())
    given = View.of(table)
    opaques = View({key.name: opaque(given, key) for key in keys}, table.index)
    if parties is not None and keys and len(table):
        opaques = united(opaques, keys, parties(table, keys))
    made = {name: opaques[name].series(table.index) for name in opaques}
    if kind == "licences":
        made[NUMBER] = given.text("licence_number").map(naming.licence).series(table.index)
        stated = table["stated_at"] if "stated_at" in table else pd.Series(pd.NaT, table.index)
        made["stated_at"] = pd.to_datetime(stated, utc=True).astype(TIME)
    if spec.tariff:
        told = given.text(spec.tariff).map(_prefixes)
        table = table.assign(**{spec.tariff: told.series(table.index)})
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
    seen = pd.DataFrame(made)
    if kind in ENDS:
        seen = seen.sort_values(
            ENDS[kind], ascending=False, kind="stable", na_position="first", ignore_index=True
        )
    return _newest(seen) if kind == "licences" else seen


def _newest(licences: Table) -> Table:
    """Of entries whose numbers are one licence's, written in two ways, the one stated last."""
    dated = licences.sort_values("stated_at", kind="stable", na_position="first", ignore_index=True)
    over = dated[NUMBER].duplicated(keep="last") & dated[NUMBER].notna()
    return dated[~over.to_numpy(dtype=bool)].reset_index(drop=True)


def _prefixes(codes: str) -> str | None:
    """First digits of HS codes, joined by a bar, written as those of declarations are."""
    return "|".join(filter(None, map(nomenclature.bare, codes.split("|")))) or None


def _never(size: int) -> Column:
    return Moment(None) if size == 1 else Column(np.full(size, np.datetime64("NaT", "us")))


def _is(values: pd.Series, value: str) -> np.ndarray:
    found: np.ndarray = (values == value).to_numpy(dtype=bool, na_value=False)
    return found


def _sharers(keys: pd.Series) -> pd.Series:
    """How many other entries have the same key; missing where there is none."""
    return (keys.map(keys.value_counts()) - 1).astype("float64")


def _officers(officers: pd.Series) -> pd.Series:
    """The most other companies that any one officer of a company serves."""
    parts = officers.str.split("|").explode().dropna().str.strip()
    firms = parts.groupby(parts).transform("size") - 1
    return firms.groupby(level=0).max().reindex(officers.index).astype("float64")


def _countries(text: str) -> set[str]:
    return {*map(country_of, text.split("|"))} - {""}


def _in_force(one: Mapping[str, object], when: object) -> bool:
    starts, ends = one["starts_at"], one["ends_at"]
    if pd.isna(when) or pd.isna(starts) or when < starts:  # type: ignore[operator]
        return False
    return bool(pd.isna(ends) or when < ends + DAY)


NOTHING = Lookup()

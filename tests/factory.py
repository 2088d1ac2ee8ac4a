"""The smallest valid tables: a test states only what it is about."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from riskprofile.profiles import PROFILES
from riskprofile.tables import TEXT, ColumnSpec, Table

SHIPMENT_DEFAULTS: dict[str, Any] = {
    "declaration_id": lambda n: [f"XM-{i:06d}" for i in range(n)],
    "item_number": 1,
    "lodged_at": pd.Timestamp("2026-11-20 08:00", tz="UTC"),
    "arrival_at": pd.Timestamp("2026-11-24 08:00", tz="UTC"),
    "procedure": "import",
    "transport_mode": "sea",
    "customs_office": "XMPME",
    "consignor_id": lambda n: [f"S{i % 7:03d}" for i in range(n)],
    "consignee_id": lambda n: [f"R{i % 5:03d}" for i in range(n)],
    "consignee_type": "business",
    "country_of_origin": "XA",
    "country_of_export": "XA",
    "country_of_destination": "XM",
    "goods_description": "plastic garden chairs",
    "hs_code": "940370",
    "package_type": "CT",
    "package_count": 100,
    "gross_mass_kg": 450.0,
    "net_mass_kg": 420.0,
    "value": 2500.0,
    "currency": "USD",
}
TRAVELLER_DEFAULTS: dict[str, Any] = {
    "crossing_id": lambda n: [f"XC-{i:06d}" for i in range(n)],
    "crossing_at": pd.Timestamp("2026-11-24 08:00", tz="UTC"),
    "crossing_point": "XMPME",
    "crossing_kind": "airport",
    "direction": "entry",
    "transport_mode": "air",
    "person_ref": lambda n: [f"P{i:06d}" for i in range(n)],
    "checked_bags": 1,
    "bag_mass_kg": 18.0,
    "stay_nights": 7.0,
}


SMALL = 1_000  # rows of a table that is kept for who asks for as many
DEFAULTS = {"shipment": SHIPMENT_DEFAULTS, "traveller": TRAVELLER_DEFAULTS}


def _series(spec: ColumnSpec, value: Any, n: int) -> pd.Series:
    if callable(value):
        value = value(n)
    if not isinstance(value, (list, pd.Series)):
        value = [value] * n
    if spec.kind == "float":
        return pd.Series(pd.to_numeric(pd.Series(value)), dtype="float64")
    return pd.Series(list(value), dtype=spec.dtype)


@functools.lru_cache(maxsize=64)
def _default(profile: str, n: int) -> Table:
    """`n` rows of which nothing is stated: tests ask for the same few sizes thousands of times."""
    defaults = DEFAULTS[profile]
    columns = PROFILES[profile].columns
    table = pd.DataFrame({one.name: _series(one, defaults.get(one.name), n) for one in columns})
    return table.assign(
        source=pd.Series(["factory"] * n, dtype=TEXT),
        line=range(1, n + 1),
        warnings=pd.Series([pd.NA] * n, dtype=TEXT),
    )


def _table(profile: str, n: int, given: dict[str, Any]) -> Table:
    named = PROFILES[profile].by_name
    stated = {
        name: _series(named[name], value, n) for name, value in given.items() if name in named
    }
    default = _default if n <= SMALL else _default.__wrapped__
    return default(profile, n).copy().assign(**stated)


def shipments(n: int = 1, **columns: Any) -> Table:
    """`n` valid goods items; a column takes one value, or a list of `n`."""
    return _table("shipment", n, columns)


def travellers(n: int = 1, **columns: Any) -> Table:
    """`n` valid crossings; a column takes one value, or a list of `n`."""
    return _table("traveller", n, columns)


def write(path: Path, table: Table) -> Path:
    """What is declared in a table, as a CSV file there."""
    table.drop(columns=["source", "line", "warnings"]).to_csv(path, index=False)
    return path


class Steps:
    """Progress that hands on what it is told of files and of steps alike."""

    def __init__(self, told: Callable[[str, int, int | None], object]) -> None:
        self._told = told

    def __call__(self, name: str, rows: int) -> None:
        """So many rows of a file."""
        self._told(name, rows, None)

    def step(self, name: str, done: int, of: int | None) -> None:
        """So much of a step."""
        self._told(name, done, of)

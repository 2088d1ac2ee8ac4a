"""Rows as features and indicators see them, and what one of those says of one row."""

from __future__ import annotations

from typing import Any

import pandas as pd

from riskprofile.history import Snapshot, view
from riskprofile.profiles import SHIPMENT
from riskprofile.tables import Feature, Indicator, Table
from tests import factory

NOW = pd.Timestamp("2026-11-20 08:00", tz="UTC")  # when declarations of the factory are lodged
LAST_MONTH = pd.Timestamp("2026-10-20 08:00", tz="UTC")


def days_ago(*days: float) -> list[pd.Timestamp]:
    return [NOW - pd.Timedelta(days=d) for d in days]


def shipments(n: int = 1, **columns: Any) -> Table:
    """What features see."""
    return view(factory.shipments(n, **columns), SHIPMENT)


def coded(n: int = 1, **columns: Any) -> Table:
    """What indicators see: country and place codes besides."""
    return view(factory.shipments(n, **columns), SHIPMENT, codes=True)


def value(feature: Feature, items: Table, history: Snapshot) -> float:
    """Of the first row."""
    return float(feature.compute(items, history).iloc[0])


def fired(indicator: Indicator, items: Table, history: Snapshot | None = None) -> bool:
    """Of the first row."""
    return bool(indicator.compute(items, Snapshot() if history is None else history).iloc[0])

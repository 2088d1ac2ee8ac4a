"""Mass, value and freight against what is usual for the declared goods."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from riskprofile.columns import View
from riskprofile.features import weights
from riskprofile.history import Snapshot
from riskprofile.reference import norms
from riskprofile.tables import Table
from tests.viewed import LAST_MONTH, shipments, value


def heaters(n: int, kg: float, spread: float = 0.2, **columns: Any) -> Table:
    """Past water heaters of about `kg` a package."""
    masses = kg * np.exp(spread * np.sin(np.arange(n)))
    given = {"hs_code": "841919", "package_count": 1, "gross_mass_kg": list(masses), **columns}
    return shipments(n, lodged_at=LAST_MONTH, **given)


def heater(kg: float, **columns: Any) -> Table:
    given = {"hs_code": "841919", "package_count": 1, "gross_mass_kg": kg, **columns}
    return shipments(**given)


def test_the_same_heater_with_twenty_kilograms_more_deviates_more():
    history = Snapshot.from_views([heaters(200, 30.0)])
    usual = value(weights.package_mass_deviation, heater(30.0), history)
    heavy = value(weights.package_mass_deviation, heater(50.0), history)
    assert abs(usual) < 0.5
    assert heavy > 1.9


def test_thin_history_of_a_code_leans_on_its_heading():
    heading = heaters(200, 30.0, hs_code="841919")
    thin = heaters(2, 300.0, hs_code="841911")
    history = Snapshot.from_views([heading, thin])
    item = heater(30.0, hs_code="841911")
    norm = norms.usual(View.of(item), history, "log_kg_per_package")
    assert np.log(30.0) - 0.1 < norm["mean"].values[0] < np.log(60.0)


def test_without_enough_history_there_is_no_deviation():
    history = Snapshot.from_views([heaters(19, 30.0)])
    assert pd.isna(value(weights.package_mass_deviation, heater(300.0), history))
    assert pd.isna(value(weights.package_mass_deviation, heater(300.0), Snapshot()))


def test_a_deviation_is_never_endless():
    history = Snapshot.from_views([heaters(200, 30.0)])
    assert value(weights.package_mass_deviation, heater(1e9), history) == norms.FURTHEST


def test_grams_a_piece_come_from_pieces_and_from_nothing_else():
    pins = {"net_mass_kg": 2.0, "quantity": 50.0}
    assert value(weights.piece_mass, shipments(**pins), Snapshot()) == 40.0
    for unit in ("C62", "c62", "Pcs.", "pieces", "Each"):
        in_pieces = shipments(**pins, quantity_unit=unit)
        assert value(weights.piece_mass, in_pieces, Snapshot()) == 40.0
    for unit in ("KGM", "kgm", "DZN"):
        otherwise = shipments(**pins, quantity_unit=unit)
        assert pd.isna(value(weights.piece_mass, otherwise, Snapshot()))
    assert pd.isna(value(weights.piece_mass, shipments(net_mass_kg=2.0, quantity=0.0), Snapshot()))


def test_net_above_gross_mass_shows_as_less_than_no_packing():
    item = shipments(gross_mass_kg=10.0, net_mass_kg=12.0)
    assert value(weights.packing_share, item, Snapshot()) == pytest.approx(-20.0)


def test_a_consignment_unlike_the_consignees_own_past_deviates():
    history = Snapshot.from_views([heaters(30, 30.0, consignee_id="R1")])
    assert value(weights.mass_against_past, heater(300.0, consignee_id="R1"), history) > 5
    assert abs(value(weights.mass_against_past, heater(31.0, consignee_id="R1"), history)) < 1
    assert pd.isna(value(weights.mass_against_past, heater(300.0, consignee_id="R2"), history))


def test_ten_times_the_usual_quantity_reads_as_ten():
    history = Snapshot.from_views([heaters(5, 30.0, consignee_id="R1", quantity=10.0)])
    item = heater(30.0, consignee_id="R1", quantity=100.0)
    assert value(weights.quantity_against_past, item, history) == pytest.approx(10.0)


def test_values_are_in_us_dollars_and_missing_without_a_rate():
    assert value(weights.value_usd, shipments(value=2500.0), Snapshot()) == 2500.0
    unknown = shipments(value=2500.0, currency="XXX")
    assert pd.isna(value(weights.value_usd, unknown, Snapshot()))
    assert pd.isna(value(weights.piece_value, unknown, Snapshot()))
    piece = shipments(value=2500.0, quantity=100.0)
    assert value(weights.piece_value, piece, Snapshot()) == 25.0

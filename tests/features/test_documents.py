"""What the papers say and leave out."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from riskprofile.features import documents
from riskprofile.history import Snapshot, view
from riskprofile.profiles import SHIPMENT
from riskprofile.tables import Feature
from tests import factory


def value(feature: Feature, **columns: Any) -> float:
    items = view(factory.shipments(1, **columns), SHIPMENT)
    return float(feature.compute(items, Snapshot()).iloc[0])


def test_each_field_left_out_raises_the_share_that_is_missing():
    full = {
        "consignor_address": "1 Mill Lane",
        "consignee_address": "1 Quay",
        "transport_document": "BL1",
    }
    assert value(documents.fields_missing, **full) == 0.0
    assert value(documents.fields_missing, **full, value=None) == pytest.approx(100 / 13)
    assert value(documents.fields_missing) == pytest.approx(300 / 13)


def test_arms_without_a_licence_number_differ_from_arms_with_one():
    arms = documents.arms_without_licence
    assert value(arms, hs_code="930510") == 1.0
    assert value(arms, hs_code="930510", licence_number="L-77") == 0.0
    assert value(arms, hs_code="940370") == 0.0
    assert pd.isna(value(arms, hs_code=None, goods_description="parts"))


@pytest.mark.parametrize(
    ("amount", "zeros"), [(2500.0, 2), (1000000.0, 6), (1234.0, 0), (99.95, -1), (100.0, 2)]
)
def test_round_values_end_in_zeros(amount: float, zeros: int):
    assert value(documents.value_zeros, value=amount) == zeros


def test_a_value_of_nothing_is_not_round():
    assert pd.isna(value(documents.value_zeros, value=0.0))
    assert pd.isna(value(documents.value_zeros, value=None))


def test_a_forwarder_with_a_house_document_hides_nobody():
    house = documents.house_missing
    assert value(house, consignee_type="forwarder") == 1.0
    assert value(house, consignee_type="forwarder", house_document="H1") == 0.0
    assert value(house, consignee_type="business") == 0.0
    assert value(house, consignee_id=None) == 1.0


def test_a_wrong_check_digit_is_counted_and_a_trailer_number_is_not():
    errors = documents.container_errors
    assert value(errors, container_numbers="CSQU3054383|CSQU3054384") == 1.0
    assert value(errors, container_numbers="csqu 305438-3|TRAILER7") == 0.0
    assert pd.isna(value(errors))


def test_seals_are_missed_only_where_there_are_containers():
    seal = documents.seal_missing
    assert value(seal, container_numbers="CSQU3054383") == 1.0
    assert value(seal, container_numbers="CSQU3054383", seal_numbers="A1") == 0.0
    assert pd.isna(value(seal))


def test_a_gift_not_mentioned_is_unknown_and_not_a_no():
    assert value(documents.gift, gift=True) == 1.0
    assert value(documents.gift, gift=False) == 0.0
    assert pd.isna(value(documents.gift))

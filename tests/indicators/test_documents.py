"""Warning signs of the papers, each beside papers that are merely thin."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from riskprofile.history import Snapshot
from riskprofile.indicators import documents
from tests.viewed import LAST_MONTH, fired
from tests.viewed import coded as shipments


@pytest.mark.parametrize(
    "conflict",
    [
        {"net_mass_kg": 500.0, "gross_mass_kg": 450.0},
        {"package_count": 0},
        {"container_numbers": "CSQU3054384"},
        {"consignor_id": "R1", "consignee_id": "R1"},
        {"consignor_id": None, "value": None, "gross_mass_kg": None},
    ],
)
def test_fields_that_contradict_or_are_missing_go_to_data_quality(conflict: dict[str, Any]):
    sign = documents.missing_or_inconsistent
    assert sign.queue == "data_quality"
    assert fired(sign, shipments(**conflict))


def test_one_field_missing_is_thin_and_no_sign():
    assert not fired(documents.missing_or_inconsistent, shipments(value=None))
    assert not fired(documents.missing_or_inconsistent, shipments(container_numbers="CSQU3054383"))


def test_arms_declared_openly_without_a_licence_are_a_matter_of_compliance():
    sign = documents.arms_without_licence
    assert sign.queue == "compliance"
    assert fired(sign, shipments(hs_code="930510"))
    assert not fired(sign, shipments(hs_code="930510", licence_number="L-1"))
    assert fired(sign, shipments(hs_code="732690", goods_description="pistol slide, Glock 19"))
    assert not fired(sign, shipments(hs_code="930400", goods_description="BB launcher for sport"))
    assert fired(sign, shipments(hs_code="93"))  # of no heading
    assert not fired(sign, shipments(hs_code="93", licence_number="L-1"))


@pytest.mark.parametrize(
    "lawful",
    [
        "hot melt glue gun",
        "printer cartridge, black toner",
        "magazine rack of oak",
        "barrel chairs",
    ],
)
def test_words_that_other_trades_share_do_not_stand_for_arms(lawful: str):
    assert not fired(documents.arms_without_licence, shipments(goods_description=lawful))


def test_only_firearms_their_main_parts_and_ammunition_go_to_red():
    sign = documents.firearms_without_licence
    assert sign.raises == "red" and sign.queue == "compliance"
    for firearm in ("930200", "930330", "930510", "930621", "9301"):
        assert fired(sign, shipments(hs_code=firearm)), firearm
        assert not fired(sign, shipments(hs_code=firearm, licence_number="L-1"))
    for free in ("930400", "930390", "930599", "930700", "940370"):
        assert not fired(sign, shipments(hs_code=free)), free


def test_a_gift_of_the_usual_mass_is_a_gift():
    masses = list(1.5 * np.exp(0.2 * np.sin(np.arange(100))))
    toys = {"hs_code": "950300", "transport_mode": "post", "package_count": 1}
    history = Snapshot.from_views(
        [shipments(100, lodged_at=LAST_MONTH, gross_mass_kg=masses, **toys)]
    )
    sign = documents.gift_too_heavy
    assert fired(sign, shipments(**toys, gift=True, gross_mass_kg=6.0), history)
    assert not fired(sign, shipments(**toys, gift=True, gross_mass_kg=1.6), history)
    assert not fired(sign, shipments(**toys, gross_mass_kg=6.0, value=2512.5), history)

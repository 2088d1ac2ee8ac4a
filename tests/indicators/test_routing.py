"""Warning signs of the journey, each beside the lawful movement that resembles it."""

from __future__ import annotations

import pytest

from riskprofile.history import Snapshot
from riskprofile.indicators import routing
from tests.viewed import LAST_MONTH, fired
from tests.viewed import coded as shipments


def test_two_further_legs_are_a_detour_and_the_carriers_hub_is_none():
    usual = shipments(40, lodged_at=LAST_MONTH, route="XAAAA|XHHUB|XMMMM")
    history = Snapshot.from_views([usual])
    away = {"country_of_origin": "XB"}
    detour = shipments(route="XAAAA|XHHUB|XQQQQ|XZZZZ|XMMMM", **away)
    hub = shipments(route="XAAAA|XHHUB|XMMMM", **away)
    assert fired(routing.unusual_detour, detour, history)
    assert not fired(routing.unusual_detour, hub, history)
    assert not fired(routing.unusual_detour, detour, Snapshot())


def test_goods_new_on_a_busy_lane_fire_and_goods_of_a_known_pair_do_not():
    lane = shipments(1000, lodged_at=LAST_MONTH, country_of_origin="XA", hs_code="620342")
    goods = shipments(300, lodged_at=LAST_MONTH, country_of_origin="XB", hs_code="841919")
    history = Snapshot.from_views([lane, goods])
    strangers = {"consignor_id": "NEW", "consignee_id": "NEW"}
    odd = shipments(country_of_origin="XA", hs_code="841919", **strangers)
    usual = shipments(country_of_origin="XA", hs_code="620342", **strangers)
    pair = shipments(country_of_origin="XA", hs_code="841919")
    assert fired(routing.goods_new_on_a_busy_lane, odd, history)
    assert not fired(routing.goods_new_on_a_busy_lane, usual, history)
    assert not fired(routing.goods_new_on_a_busy_lane, pair, history)


@pytest.mark.parametrize("procedure", ["transit", "transhipment"])
def test_arms_in_transit_need_a_consent_and_other_goods_need_none(procedure: str):
    sign = routing.arms_in_transit_without_consent
    assert sign.raises == "red" and sign.queue == "compliance"
    for code in ("930200", "93"):
        assert fired(sign, shipments(procedure=procedure, hs_code=code))
    assert not fired(sign, shipments(procedure=procedure, hs_code="930700"))
    assert not fired(sign, shipments(procedure=procedure, hs_code="930200", licence_number="T-1"))
    assert not fired(sign, shipments(procedure=procedure))
    assert not fired(sign, shipments(procedure="import", hs_code="930200"))

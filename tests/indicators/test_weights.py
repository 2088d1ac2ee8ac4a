"""Warning signs of mass, value and freight, each beside the look-alike that guards it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from riskprofile.history import Snapshot
from riskprofile.indicators import weights
from riskprofile.tables import Indicator
from tests.viewed import NOW
from tests.viewed import coded as shipments

STRANGERS = {"consignor_id": "NEW1", "consignee_id": "NEW2"}


def fired(indicator: Indicator, history: Snapshot, **columns: Any) -> bool:
    given = {"package_count": 1, "quantity": 1.0, **columns}
    return bool(indicator.compute(shipments(**given), history).iloc[0])


def past(n: int = 200, kg: float = 30.0, usd_per_kg: float = 5.0, **columns: Any) -> Snapshot:
    masses = kg * np.exp(0.2 * np.sin(np.arange(n)))
    values = usd_per_kg * masses * np.exp(0.2 * np.cos(np.arange(n)))
    given = {
        "lodged_at": [NOW - pd.Timedelta(days=float(d)) for d in np.linspace(200, 10, n)],
        "package_count": 1,
        "quantity": 1.0,
        "gross_mass_kg": list(masses),
        "net_mass_kg": list(masses),
        "value": list(values),
        "freight_cost": list(values * 0.1 * np.exp(0.2 * np.sin(np.arange(n)))),
    }
    return Snapshot.from_views([shipments(n, **{**given, **columns})])


def mass(kg: float) -> dict[str, float]:
    return {"gross_mass_kg": kg, "net_mass_kg": kg, "value": kg * 5.0}


def test_mass_far_above_the_goods_norm_fires_and_a_pallet_does_not():
    heaters = {"hs_code": "841919"}
    history = past(**heaters)
    sign = weights.mass_does_not_fit
    assert fired(sign, history, **heaters, **mass(120.0))
    assert not fired(sign, history, **heaters, **mass(40.0))
    assert not fired(sign, Snapshot(), **heaters, **mass(120.0))


def test_a_price_far_off_the_norm_fires_and_a_gift_is_left_to_another_sign():
    goods = {"hs_code": "620342", **mass(30.0)}
    history = past(hs_code="620342")
    sign = weights.implausible_price
    assert sign.queue == "compliance"
    assert fired(sign, history, **{**goods, "value": 3.0})
    assert fired(sign, history, **{**goods, "value": 9000.0})
    assert not fired(sign, history, **{**goods, "value": 120.0})
    assert not fired(sign, history, **{**goods, "value": 3.0}, gift=True)


def test_cheap_doors_for_a_new_importer_fire_and_for_a_known_one_do_not():
    doors = {"hs_code": "441820", **mass(30.0), "value": 30.0}
    history = past(hs_code="441820")
    sign = weights.bulky_low_value_cover
    assert fired(sign, history, **doors, **STRANGERS)
    assert not fired(sign, history, **doors, consignee_id="R001")
    assert not fired(sign, history, **{**doors, "value": 150.0}, **STRANGERS)
    assert not fired(sign, history, **{**doors, "transport_mode": "post"}, **STRANGERS)


def test_a_heavy_heater_for_a_home_fires_and_for_a_distributor_does_not():
    heater = {"hs_code": "841919", **mass(80.0)}
    history = past(hs_code="841919")
    sign = weights.machine_host
    assert fired(sign, history, **heater, consignee_type="private", consignee_id="R001")
    assert fired(sign, history, **heater, **STRANGERS)
    assert not fired(sign, history, **heater, consignee_id="R001")
    assert not fired(sign, history, **{**heater, **mass(31.0)}, **STRANGERS)


def test_freight_above_value_fires_for_strangers_and_not_for_urgent_spares_of_a_known_pair():
    parts = {"hs_code": "848790", "transport_mode": "air", **mass(5.0)}
    history = past(hs_code="848790", transport_mode="air")
    sign = weights.freight_disproportion
    dear = {**parts, "freight_cost": 60.0}
    assert fired(sign, history, **dear, **STRANGERS)
    assert not fired(sign, history, **dear, consignor_id="S001", consignee_id="R001")
    assert not fired(sign, history, **{**dear, "freight_cost": 3.0}, **STRANGERS)
    assert not fired(sign, history, **{**dear, "transport_mode": "sea"}, **STRANGERS)
    # Freight and value are of one currency: one without a rate is as good.
    assert fired(sign, history, **dear, currency="XCD", **STRANGERS)
    assert not fired(sign, history, **{**dear, "freight_cost": 3.0}, currency="XCD", **STRANGERS)

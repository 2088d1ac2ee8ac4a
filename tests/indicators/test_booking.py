"""Warning signs of travel; the lawful owner is kept apart from the trafficker."""

from __future__ import annotations

from typing import Any

import pandas as pd

from riskprofile.history import Snapshot, view
from riskprofile.indicators import booking
from riskprofile.profiles import TRAVELLER
from riskprofile.tables import Table
from tests import factory
from tests.viewed import fired

NOW = pd.Timestamp("2026-11-24 08:00", tz="UTC")


def travellers(n: int = 1, **columns: Any) -> Table:
    given = {"origin": "XAAAA", "destination": "XMMMM", **columns}
    return view(factory.travellers(n, **given), TRAVELLER, codes=True)


def test_the_third_short_trip_with_sixty_kilograms_fires_and_a_commuters_does_not():
    peers = travellers(60, crossing_at=NOW - pd.Timedelta(days=120), bag_mass_kg=[16.0, 20.0] * 30)
    trips = travellers(
        2, crossing_at=[NOW - pd.Timedelta(days=d) for d in (30, 15)], person_ref="P"
    )
    history = Snapshot.from_views([peers, trips])
    heavy = {"bag_mass_kg": 60.0, "stay_nights": 2.0}
    sign = booking.short_frequent_trips
    assert fired(sign, travellers(person_ref="P", **heavy), history)
    assert not fired(sign, travellers(person_ref="Q", **heavy), history)
    commuter = travellers(person_ref="P", bag_mass_kg=8.0, stay_nights=2.0)
    assert not fired(sign, commuter, history)


def test_a_hunting_trip_is_within_its_permit_and_ten_rifles_are_not():
    sign = booking.sport_permit_misuse
    assert sign.queue == "compliance"
    assert fired(sign, travellers(firearms_declared=10, firearm_licence="P-1"))
    assert fired(sign, travellers(ammunition_declared=5000, firearm_licence="P-1"))
    hunter = travellers(firearms_declared=2, ammunition_declared=100, firearm_licence="P-1")
    assert not fired(sign, hunter)
    assert not fired(sign, travellers())


def test_a_firearm_declared_without_a_permit_is_compliance_and_nothing_declared_is_nothing():
    sign = booking.declared_without_licence
    assert sign.queue == "compliance"
    assert fired(sign, travellers(firearms_declared=1))
    assert fired(sign, travellers(ammunition_declared=20))
    assert not fired(sign, travellers(firearms_declared=1, firearm_licence="P-1"))
    assert not fired(sign, travellers(firearms_declared=0))
    assert not fired(sign, travellers())

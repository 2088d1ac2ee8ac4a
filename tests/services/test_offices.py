"""Offices are loaded and changed by code, all of a file or none."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from riskprofile.errors import RiskProfileError
from riskprofile.services import offices, registers
from riskprofile.services.identity import OWNER
from riskprofile.store.office_tables import CAPACITY, Office
from tests.services.bench import NOW, put_offices


def test_offices_are_loaded_and_changed_by_code(any_store):
    rows = [
        {"code": "XMPME", "name": "Port Meridia", "zone": "Europe/Paris", "capacity": "12"},
        {"code": "XMEST"},
    ]
    put_offices(any_store, rows)
    zones = offices.zones(any_store)
    assert (zones["XMPME"], zones["XMEST"], len(zones)) == ("Europe/Paris", "UTC", 3)


def test_an_office_that_examines_nothing_is_not_given_what_one_has_that_says_nothing(
    any_store, tmp_path
):
    path = tmp_path / "offices.csv"
    path.write_text("code,name,capacity\nXMNIL,Closed Gate,0\nXMEST,East,\n")
    registers.load(any_store, OWNER, "offices", path, NOW)
    with any_store.read() as connection:
        known = dict(connection.execute(select(Office.code, Office.capacity)).all())
    assert (known["XMNIL"], known["XMEST"]) == (0, CAPACITY)


@pytest.mark.parametrize(
    "bad",
    [
        {"name": "nameless"},
        {"code": "X", "zone": "Mars/Olympus"},
        {"code": "X", "zone": "../etc"},
        {"code": "X", "capacity": "many"},
        {"code": "X", "capacity": "-1"},
        {"code": "X", "capacity": "1_000"},
        {"code": "X", "capacity": "٣"},
    ],
)
def test_one_office_that_cannot_be_means_none_is_taken(store, bad):
    with pytest.raises(RiskProfileError, match="row 2"):
        put_offices(store, [{"code": "XMEST"}, bad])
    assert "XMEST" not in offices.zones(store)

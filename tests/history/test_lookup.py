"""Registers as indicators ask them: opaque, frozen, and silent where they hold nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskprofile.columns import View
from riskprofile.history import Lookup, view
from riskprofile.profiles import SHIPMENT
from tests import factory
from tests.contracts.tables import typed

NOW = pd.Timestamp("2026-11-24 12:00", tz="UTC")
BY = ("consignee_key", "consignee_name_key")


def parties(*rows: dict[str, str]) -> Lookup:
    return Lookup({"parties": typed("parties", pd.DataFrame(rows))}, NOW)


def test_no_name_and_no_address_leaves_the_register():
    held = parties({"party_id": "R1", "name": "Merle Import", "address": "Quay House"})
    items = view(factory.shipments(1, consignee_id="R1"), SHIPMENT)
    entry = held.entry("parties", items, BY)
    assert entry["found"].tolist() == [1.0]
    assert not {"name", "address", "officers"} & set(entry.columns)
    assert "Merle" not in entry.to_csv() and "Quay" not in entry.to_csv()


def test_a_party_is_found_by_its_code_then_by_its_name():
    held = parties(
        {"party_id": "R1", "name": "Merle Import", "country": "XA"},
        {"party_id": "R2", "name": "Corran Trading", "country": "XB"},
    )
    table = factory.shipments(
        4,
        consignee_id=["R2", None, None, "R9"],
        consignee_name=["Merle Import", "MERLE IMPORT", "Somebody", None],
    )
    entry = held.entry("parties", view(table, SHIPMENT), BY)
    assert entry["country"].tolist()[:2] == ["XB", "XA"]
    assert entry["found"].tolist() == [1.0, 1.0, 0.0, 0.0]


@pytest.mark.parametrize("ends", ["2030-12-31", None])
def test_of_two_entries_under_one_name_the_one_that_ends_last_counts(ends):
    """A firm registered anew is no firm that has ended; by its code each is found still."""
    held = parties(
        {"party_id": "R1", "name": "Merle Import", "country": "XA", "ceased_at": "2025-01-31"},
        {"party_id": "R2", "name": "MERLE IMPORT", "country": "XB", "ceased_at": ends},
        {"party_id": "R3", "name": "Merle Import", "country": "XC", "ceased_at": "2024-01-31"},
    )
    table = factory.shipments(2, consignee_id=[None, "R1"], consignee_name="Merle Import")
    entry = held.entry("parties", view(table, SHIPMENT), BY)
    assert entry["country"].tolist() == ["XB", "XA"]


def test_of_two_entries_under_one_name_one_that_has_not_begun_comes_after_one_in_force():
    """A licence to deal that is renewed ahead of time is no dealer without one until then."""
    ahead = {"party_id": "R1", "country": "XA", "incorporated_at": "2027-01-01"}
    now = {"party_id": "R2", "country": "XB", "ceased_at": "2026-12-31"}
    held = parties(*({**one, "name": "Merle Import"} for one in (ahead, now)))
    table = factory.shipments(2, consignee_id=[None, "R1"], consignee_name="Merle Import")
    entry = held.entry("parties", view(table, SHIPMENT), BY)
    assert entry["country"].tolist() == ["XB", "XA"]


def test_an_empty_register_and_a_row_without_a_key_are_unknown():
    items = view(factory.shipments(2, consignee_id=["R1", None]), SHIPMENT)
    assert np.isnan(Lookup().entry("parties", items, BY)["found"]).all()
    assert not Lookup().holds("parties")
    found = parties({"party_id": "R1"}).entry("parties", items, BY)["found"]
    assert found.iloc[0] == 1.0 and np.isnan(found.iloc[1])
    assert np.isnan(Lookup().overdue(items, BY, 30)).all()


def test_what_an_empty_register_says_is_shared_and_cannot_be_written_to():
    rows = View.over(view(factory.shipments(3), SHIPMENT))
    entry = Lookup().entry("licences", rows, ["licence_number"])
    assert len(entry) == 3 and "found" in entry and "quantity" in entry
    for name in entry:
        assert entry[name].isna().values.all()
        with pytest.raises(ValueError, match="read-only"):
            entry[name].values[0] = 0


def test_an_entry_keeps_the_order_and_index_of_the_rows():
    held = parties(*({"party_id": f"R{n}", "country": f"X{'ABCDE'[n]}"} for n in range(5)))
    items = view(factory.shipments(5, consignee_id=["R4", "R0", "R3", "R3", "R9"]), SHIPMENT)
    items.index = pd.Index([9, 3, 7, 1, 5])
    entry = held.entry("parties", items, BY)
    assert list(entry.index) == [9, 3, 7, 1, 5]
    assert entry["country"].fillna("-").tolist() == ["XE", "XA", "XD", "XD", "-"]


def test_nothing_that_an_inspection_found_is_handed_on():
    rows = [
        {"record_id": "A", "at": "2026-11-20", "kind": kind, "value": "broken"}
        for kind in ("seal", "inspection")
    ]
    held = Lookup({"events": typed("events", pd.DataFrame(rows))}, NOW)
    items = pd.DataFrame({"record_id": ["A", "B"]})
    assert held.happened(items, "seal").notna().tolist() == [True, False]
    assert held.happened(items, "inspection").isna().all()

"""A look at an alert: what is shown, and that it is written down first."""

from __future__ import annotations

from datetime import UTC

import pytest

from app import alert_panel, words
from riskprofile.errors import NotAllowed, StoreError
from riskprofile.services import review, viewing
from riskprofile.services.identity import Actor
from riskprofile.store import audit
from tests.services.bench import (
    HERE,
    INES,
    NOW,
    OMAR,
    REASON,
    THERE,
    actions,
    later,
    put,
    taken,
)


def test_the_view_holds_all_that_a_person_needs(any_store):
    alert = taken(any_store)
    review.decide(any_store, INES, alert, "examine", REASON, NOW)
    found = review.alert(any_store, OMAR, alert, NOW)
    assert (found.id, found.lane, found.points, found.owner) == (alert, "red", 400, "ines")
    assert found.declaration == [{"goods_description": "garden chairs"}]
    assert found.due_at == later(hours=1)
    assert [one["decision"] for one in found.decisions] == ["examine"]
    assert [one.action for one in found.timeline] == ["alert.decide", "alert.claim", "alert.look"]
    assert found.timeline[0].text == f"examine, {REASON}"


def test_a_random_control_looks_like_any_other(store):
    [alert] = put(store, selected_by="random", probability=0.01)
    found = review.alert(store, INES, alert, NOW)
    assert not hasattr(found, "selected_by") and not hasattr(found, "probability")


def test_where_lanes_begin_is_told_of_alerts_whose_points_made_theirs(store):
    begins = {"red_from": 310, "yellow_from": 200}
    points, lanes = [412, 120, 236, 90], ["red", "red", "yellow", "yellow"]
    picked = ["score", "random", "score", "indicator"]
    found = [
        review.alert(store, INES, one, NOW)
        for one in put(store, 4, points=points, lane=lanes, selected_by=picked, **begins)
    ]
    assert [(one.red_from, one.yellow_from) for one in found] == [
        (310, 200), (None, None), (310, 200), (None, None),
    ]  # fmt: skip


def test_every_look_is_in_the_chain_and_looking_on_is_one_look(store):
    [alert] = put(store)
    review.alert(store, INES, alert, NOW)
    review.alert(store, INES, alert, later(minutes=14))
    assert actions(store, alert) == ["alert.look"]
    review.alert(store, OMAR, alert, NOW)
    review.alert(store, INES, alert, later(minutes=15))
    review.alert(store, INES, alert, later(minutes=16), purpose="court order 7")
    assert actions(store, alert) == ["alert.look"] * 4


def test_a_record_about_a_person_asks_why_before_it_shows_anything(store):
    [alert] = put(store, profile="traveller")
    assert review.purpose_needed("traveller") and not review.purpose_needed("shipment")
    for letter in ("  ", " x  "):
        with pytest.raises(NotAllowed, match="purpose"):
            review.alert(store, INES, alert, NOW, purpose=letter)
    assert actions(store, alert) == []
    review.alert(store, INES, alert, NOW, purpose="control at arrival")
    again = review.alert(store, INES, alert, later(minutes=1))  # the page draws itself again
    assert actions(store, alert) == ["alert.look"]
    assert again.timeline[0].purpose == "control at arrival"
    with pytest.raises(NotAllowed, match="purpose"):
        review.alert(store, OMAR, alert, NOW)


def test_without_a_log_nothing_is_shown(store, monkeypatch):
    [alert] = put(store)

    def full(*_, **__):
        raise StoreError("the disk is full")

    monkeypatch.setattr(audit, "append", full)
    with pytest.raises(StoreError):
        review.alert(store, INES, alert, NOW)


def linked(store):
    """Four alerts: two share a consignee, one the address, one nothing."""
    declared = [
        {"consignee_id": "R001", "consignee_address": "1 Quay  St", "goods_description": "pins"},
        {"consignee_id": "r001", "goods_description": "springs"},
        {"consignee_id": "R002", "consignor_address": "1 quay st", "goods_description": "rods"},
        {"consignee_id": "R003", "goods_description": "chairs"},
    ]
    return [put(store, record_id=f"L{n}", declaration=[row])[0] for n, row in enumerate(declared)]


def test_other_alerts_of_the_party_and_of_the_address_stand_apart(any_store):
    first, second, third, _ = linked(any_store)
    found = review.alert(any_store, INES, first, NOW)
    assert [(one["alert_id"], one["link"]) for one in found.history] == [(second, "consignee")]
    assert [(one["alert_id"], one["link"]) for one in found.related] == [(third, "address")]
    assert found.history[0]["at"] == NOW and found.history[0]["outcome"] is None


def test_the_history_shows_what_was_found(store):
    first, second, *_ = linked(store)
    review.alert(store, INES, second, NOW)
    review.claim(store, INES, second, NOW)
    review.decide(store, INES, second, "scan", REASON, NOW)
    review.record_outcome(store, INES, second, "nothing", NOW, methods=["xray"])
    assert review.alert(store, INES, first, NOW).history[0]["outcome"] == "nothing"


def test_links_stop_at_the_border_of_the_office(store):
    declared = [{"consignee_id": "R001", "goods_description": "pins"}]
    [ours] = put(store, office=HERE, declaration=declared)
    put(store, office=THERE, record_id="T", declaration=declared)
    assert review.alert(store, INES, ours, NOW).history == []


def test_missing_values_link_nothing(store):
    first, _ = put(store, 2, declaration=[{"goods_description": "chairs"}])
    found = review.alert(store, INES, first, NOW)
    assert (found.history, found.related) == ([], [])


def test_a_party_with_very_many_alerts_is_cut_short(store):
    declared = [{"consignee_id": "R001", "goods_description": "pins"}]
    made = put(store, 60, declaration=declared)
    found = review.alert(store, INES, made[0], NOW)
    assert len(found.history) == viewing.LINKED_LIMIT
    assert found.history[0]["alert_id"] == made[-1]  # the newest are kept


def test_what_changed_since_the_version_before_is_told_by_item_and_field(any_store):
    before = [
        {"item_number": 1, "goods_description": "garden chairs", "quantity": 40.0, "gift": True},
        {"item_number": 2, "goods_description": "tables"},
    ]
    now = [
        {
            "item_number": 1,
            "goods_description": "steel chairs",
            "quantity": 40.0,
            "hs_code": "940179",
        },
        {"item_number": 3, "goods_description": "cushions"},
    ]
    common = {"record_id": "XM-V"}
    put(any_store, **common, declaration=before, state="superseded", points=310, rank=9)
    [alert] = put(any_store, **common, version=2, declaration=now, points=400, rank=1)
    changed = review.alert(any_store, INES, alert, NOW).changed
    assert (changed.version, changed.points, changed.rank, changed.at) == (1, 310, 9, NOW)
    assert changed.fields == [
        (1, "goods_description", "garden chairs", "steel chairs"),
        (1, "gift", True, None),
        (1, "hs_code", None, "940179"),
    ]
    assert (changed.added, changed.removed) == ([3], [2])
    [first] = put(any_store, record_id="XM-W")
    assert review.alert(any_store, INES, first, NOW).changed is None


def test_what_the_version_before_said_is_told_to_no_other_office(store):
    put(store, record_id="XM-V", office=THERE, declaration=[{"goods_description": "tables"}])
    [alert] = put(store, record_id="XM-V", version=2)
    assert review.alert(store, INES, alert, NOW).changed is None
    everywhere = Actor("all", "supervisor")
    assert review.alert(store, everywhere, alert, NOW).changed.fields == [
        (1, "goods_description", "tables", "garden chairs")
    ]


def test_the_panel_says_what_changed_as_text(store):
    put(store, record_id="XM-V", declaration=[{"goods_description": "<b>chairs</b>"}], points=310)
    [alert] = put(store, record_id="XM-V", version=2, points=400)
    view = review.alert(store, INES, alert, NOW)
    told = alert_panel.changes(view, words.of("en"), UTC, NOW)
    assert "Since version 1 of" in told
    assert "&lt;b&gt;chairs&lt;/b&gt;" in told and "<td>garden chairs</td>" in told
    assert "<td>310</td><td>400</td>" in told

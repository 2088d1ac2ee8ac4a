"""Who trades with whom: each test is a pair of declarations that differ in one thing."""

from __future__ import annotations

import pandas as pd

from riskprofile import words
from riskprofile.features import parties, unusual
from riskprofile.history import Snapshot
from riskprofile.scoring.reasons import reading
from riskprofile.services import speaking
from tests.viewed import days_ago, shipments, value


def test_age_counts_from_the_first_declaration_to_lodgement_not_to_now():
    history = Snapshot.from_views([shipments(2, lodged_at=days_ago(200, 10), consignee_id="R1")])
    assert value(parties.consignee_age, shipments(consignee_id="R1"), history) == 200.0
    earlier = shipments(consignee_id="R1", lodged_at=days_ago(5))
    assert value(parties.consignee_age, earlier, history) == 195.0


def test_a_new_pair_of_known_parties_has_no_age_and_a_count_of_nothing():
    history = Snapshot.from_views(
        [shipments(2, lodged_at=days_ago(90, 60), consignor_id=["S1", "S2"], consignee_id="R1")]
    )
    pair = shipments(consignor_id="S3", consignee_id="R1")
    assert pd.isna(value(parties.pair_age, pair, history))
    assert value(parties.pair_count_365, pair, history) == 0.0
    assert value(parties.consignee_count_365, pair, history) == 2.0


def test_a_dormant_consignee_has_a_long_gap():
    history = Snapshot.from_views(
        [shipments(3, lodged_at=days_ago(900, 800, 20), consignee_id=["OLD", "OLD", "BUSY"])]
    )
    assert value(parties.consignee_gap, shipments(consignee_id="OLD"), history) == 800.0
    assert value(parties.consignee_gap, shipments(consignee_id="BUSY"), history) == 20.0


def test_the_same_parcel_with_three_names_at_one_address_has_a_higher_value():
    one = shipments(
        3, lodged_at=days_ago(30, 20, 10), consignee_address="1 Quay", consignee_name="Ada Moss"
    )
    three = one.assign(
        consignee_name_key=shipments(3, consignee_name=["Ada Moss", "Bo Reed", "Cy Lund"])[
            "consignee_name_key"
        ]
    )
    parcel = shipments(consignee_address="1 Quay")
    names = parties.names_at_address_90
    assert value(names, parcel, Snapshot.from_views([one])) == 1.0
    assert value(names, parcel, Snapshot.from_views([three])) == 3.0
    assert value(parties.address_count_90, parcel, Snapshot.from_views([three])) == 3.0


def test_senders_to_one_telephone_are_counted_however_it_is_written():
    history = Snapshot.from_views(
        [
            shipments(
                2,
                lodged_at=days_ago(30, 20),
                consignor_id=["S1", "S2"],
                consignee_phone=["+99 1 555", "99-1-555"],
            )
        ]
    )
    parcel = shipments(consignee_phone="+991555")
    assert value(parties.senders_at_phone_90, parcel, history) == 2.0


def test_a_sender_telephone_shared_by_names_counts_the_names():
    history = Snapshot.from_views(
        [
            shipments(
                3,
                lodged_at=days_ago(30, 20, 10),
                consignor_name=["A One", "B Two", "B Two"],
                consignor_phone="555",
            )
        ]
    )
    assert value(parties.sender_names_at_phone, shipments(consignor_phone="555"), history) == 2.0


def test_goods_of_a_new_chapter_weigh_by_the_length_of_the_consignees_past():
    past = shipments(40, lodged_at=days_ago(*range(1, 41)), consignee_id="R1", hs_code="620342")
    history = Snapshot.from_views([past])
    feature = parties.past_without_these_goods
    assert value(feature, shipments(consignee_id="R1", hs_code="848790"), history) == 40.0
    assert value(feature, shipments(consignee_id="R1", hs_code="620462"), history) == 0.0
    assert value(feature, shipments(consignee_id="NEW", hs_code="848790"), history) == 0.0
    assert pd.isna(value(feature, shipments(consignee_id="R1", hs_code=None), history))


def test_a_find_counts_from_the_day_its_result_was_known():
    find = shipments(consignee_id="R1", lodged_at=days_ago(3))
    history = Snapshot.from_views([], [find])
    assert value(parties.finds_of_consignee, shipments(consignee_id="R1"), history) == 1.0
    before = shipments(consignee_id="R1", lodged_at=days_ago(4))
    assert value(parties.finds_of_consignee, before, history) == 0.0


def test_a_consignee_given_by_name_only_is_named_and_not_identified():
    by_name = shipments(consignee_id=None, consignee_name="Ada Moss")
    history = Snapshot()
    assert value(parties.consignee_named, by_name, history) == 1.0
    assert value(parties.consignee_identified, by_name, history) == 0.0
    both = shipments(consignee_id="R1", consignee_name="Ada Moss")
    assert value(parties.consignee_identified, both, history) == 1.0
    nobody = shipments(consignee_id=None)
    assert value(parties.consignee_named, nobody, history) == 0.0


def test_two_missing_parties_are_not_one_party():
    nobody = dict.fromkeys(
        ["consignee_id", "consignor_id", "consignee_address", "consignee_phone"], None
    )
    history = Snapshot.from_views([shipments(5, lodged_at=days_ago(5, 4, 3, 2, 1), **nobody)])
    item = shipments(**nobody)
    for feature in parties.FEATURES:
        if "consignee is" not in feature.reads and feature.unit != "0 or 1":
            assert pd.isna(value(feature, item, history)), feature.name


def test_nothing_loaded_later_changes_an_answer():
    early = shipments(4, lodged_at=days_ago(100, 80, 60, 40), consignee_address="1 Quay")
    late = shipments(4, lodged_at=days_ago(0, -1, -2, -3), consignee_address="1 Quay")
    items = shipments(5, consignee_address="1 Quay")
    for feature in parties.FEATURES:
        before = feature.compute(items, Snapshot.from_views([early]))
        after = feature.compute(items, Snapshot.from_views([early, late]))
        pd.testing.assert_series_equal(before, after)


def test_the_find_rate_of_a_declarant_says_what_it_adds_to_what_was_lodged():
    find = shipments(declarant_id="B1", lodged_at=days_ago(30))
    history = Snapshot.from_views([find], [find])
    feature = unusual.find_rate_of_declarant
    rate = value(feature, shipments(declarant_id="B1"), history)
    assert rate == round(1_000 / (1 + 200), 6)
    assert reading(feature, rate) == (
        "5.0 confirmed finds in 1,000 declarations of this declarant, counted as if it had lodged "
        "200 more without a find"
    )
    for language in words.LANGUAGES:
        said = speaking.term(words.of(language), "shipment", [feature.name])
        assert "200" in said, language

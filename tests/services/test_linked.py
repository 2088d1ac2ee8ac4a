"""What a picture of links shows: of what the tables hold, few, and finds first."""

from __future__ import annotations

import doctest
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskprofile.services import linked, networks, review
from riskprofile.services.pairs import SAID, SHARED
from tests.services.bench import HERE, INES, NOW, REASON, THERE, later, put, taken


def view(history=(), related=()):
    return SimpleNamespace(history=history, related=related)


def row(record, link, **more):
    return {"record_id": record, "link": link, **more}


def drawn(found):
    """Each relation that is drawn."""
    return {
        (group.keys[key], group.others[other]["record_id"])
        for group in found.groups
        for key, other in group.edges
    }


def test_what_both_tables_say_of_one_declaration_is_drawn_once():
    found = linked.picture(
        view(
            [row("A", "consignee"), row("B", "consignor")],
            [
                row("A", "address"),
                row("A", "same delivery address, another name there"),
                row("C", "same goods text, one sender within 14 days"),
                row("D", f"{networks.LIKE}goods, route, party"),
            ],
        )
    )
    assert drawn(found) == {
        ("consignee", "A"),
        ("address", "A"),
        ("consignor", "B"),
        ("same goods text", "C"),
        (networks.LIKE, "D"),
    }
    assert [len(group.others) for group in found.groups] == [1, 1, 1, 1]
    assert found.more == 0


def test_what_shares_nothing_with_the_rest_is_a_group_of_its_own():
    links = {"A": "consignee", "B": "address", "C": "consignor", "D": "phone"}
    both = [row("E", "consignee"), row("E", "address")]
    found = linked.picture(view([*both, *(row(*one) for one in links.items())]))
    assert [{one["record_id"] for one in group.others} for group in found.groups] == [
        {"A", "B", "E"},
        {"C"},
        {"D"},
    ]
    middle = found.groups[0]
    assert [one["record_id"] for one in middle.others][1] == "E"  # between what it shares


def test_finds_come_first_and_the_rest_is_a_number():
    many = [row(f"R{n}", "consignee") for n in range(40)]
    rare = [row(f"S{n}", f"same thing {n}") for n in range(3)]
    found = linked.picture(
        view(
            [*many, row("R39", "address"), row("F", "consignor", outcome="trafficking")],
            [*rare, row("L", f"{networks.LIKE}goods", outcome="trafficking")],
        )
    )
    told = [one["record_id"] for group in found.groups for one in group.others]
    assert len(told) == linked.OTHERS
    assert {"F", "L", "R39", "S0", "S1", "S2"} <= set(told)  # not what is newest of one firm alone
    assert found.more == 40 + 3 + 2 - linked.OTHERS


def test_of_many_things_those_of_finds_and_those_that_fewest_share_are_drawn():
    every = [row(f"R{n}", "consignee") for n in range(9)]
    find = row("F", f"{networks.LIKE}goods", outcome="trafficking")
    rare = [row(f"S{n}", f"same thing {n}") for n in range(linked.KEYS - 1)]
    keys = {key for key, _ in drawn(linked.picture(view(every, [*rare, find])))}
    assert keys == {networks.LIKE, *(one["link"] for one in rare)}


def test_nothing_that_is_shared_is_no_picture():
    assert linked.picture(view()).groups == []


ALL = [
    *("consignee", "address", "phone", "booking", *SHARED.values()),
    *(f"{SAID[0]}, {one}" for one in SAID[len(SHARED) :]),
    f"{networks.LIKE}goods, route, party",
]


@given(
    st.lists(
        st.builds(
            row,
            st.sampled_from([f"R{n}" for n in range(24)]),
            st.sampled_from(ALL),
            outcome=st.sampled_from([None, "nothing", "trafficking"]),
        ),
        max_size=60,
    ),
    st.integers(0, 60),
)
def test_every_relation_that_is_drawn_stands_in_a_table_and_all_are_counted(rows, cut):
    found = linked.picture(view(rows[:cut], rows[cut:]))
    known = {
        (key, one["record_id"]) for one in linked.once(rows) for key in linked.shared(one["links"])
    }
    assert drawn(found) <= known
    others = [one["record_id"] for group in found.groups for one in group.others]
    assert len(others) == len(set(others)) <= linked.OTHERS
    assert len(others) + found.more == len({one["record_id"] for one in rows})
    for group in found.groups:
        assert {key for key, _ in group.edges} == set(range(len(group.keys)))
        assert {other for _, other in group.edges} == set(range(len(group.others)))
        apart = {key for one in found.groups if one is not group for key in one.keys}
        assert not apart & set(group.keys)


@pytest.mark.parametrize("office", [HERE, None])
def test_the_picture_holds_what_an_officer_may_see_and_no_more(any_store, office):
    declared = [{"consignee_id": "R001", "goods_description": "pins"}]
    elsewhere = {"title": "rods", "at": "2026-11-01T10:00:00+00:00", "outcome": None}
    around = [
        {"record_id": "OURS", "link": "same goods text", "office": HERE, **elsewhere},
        {"record_id": "THEIRS", "link": "same goods text", "office": THERE, **elsewhere},
    ]
    [first] = put(any_store, office=HERE, declaration=declared, related=around)
    put(any_store, office=HERE, record_id="NEAR", declaration=declared)
    put(any_store, office=THERE, record_id="FAR", declaration=declared)
    person = INES if office else type(INES)("sam", "supervisor", None)
    told = {
        record for _, record in drawn(linked.picture(review.alert(any_store, person, first, NOW)))
    }
    assert told == ({"NEAR", "OURS"} if office else {"NEAR", "FAR", "OURS", "THEIRS"})


def test_a_find_is_told_though_the_declaration_was_sent_anew_afterwards(store):
    declared = [{"consignee_id": "R001", "goods_description": "pins"}]
    first = taken(store, record_id="SENT", declaration=declared)
    review.decide(store, INES, first, "examine", REASON, NOW)
    found = {"items": [review.Item("part", "slide")], "methods": ["opened"]}
    found |= {"seizure_number": "XM-SZ-7", "concealment": "inside"}
    review.record_outcome(store, INES, first, "trafficking", later(minutes=1), **found)
    put(store, record_id="SENT", version=2, declaration=declared)
    [other] = put(store, record_id="OTHER", declaration=declared)
    view = review.alert(store, INES, other, later(minutes=3))
    assert [one["outcome"] for one in linked.once(view.history)] == [linked.FIND]
    [group] = linked.picture(view).groups
    assert [one["outcome"] for one in group.others] == [linked.FIND]


def test_examples_in_the_docstrings_are_true():
    assert doctest.testmod(linked).failed == 0

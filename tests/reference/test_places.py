"""Places of a journey: where they lie, and how well that is known."""

from __future__ import annotations

import pytest

from riskprofile.reference.places import airport, airports, position


@pytest.mark.parametrize("code", ["HAM", "DEHAM", " deham "])
def test_a_town_with_an_airport_lies_there(code):
    found = position(code)
    assert found is not None and found.exact
    assert (round(found.latitude), round(found.longitude)) == (54, 10)


def test_letters_of_another_country_are_not_its_airport():
    assert airport("FRHAM") is None
    found = position("FRHAM")
    assert found is not None and not found.exact
    assert 42 < found.latitude < 51 and -5 < found.longitude < 8


@pytest.mark.parametrize("code", ["", "XA", "XAALD", "Hamburg", "<b>", "12345"])
def test_what_is_no_known_place_lies_nowhere(code):
    assert position(code) is None


def test_every_country_with_an_airport_has_a_middle_among_its_own():
    for country in {one.country for one in airports().values()}:
        middle = position(country)
        assert middle is not None and not middle.exact
        there = {
            (one.latitude, one.longitude) for one in airports().values() if one.country == country
        }
        assert (middle.latitude, middle.longitude) in there

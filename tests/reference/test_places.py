"""Places of a journey: where they lie, and how well that is known."""

from __future__ import annotations

import pytest

from riskprofile.reference.places import airport, airports, country, locode, position


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
    for code in {one.country for one in airports().values()}:
        middle = position(code)
        assert middle is not None and not middle.exact
        there = {
            (one.latitude, one.longitude) for one in airports().values() if one.country == code
        }
        assert (middle.latitude, middle.longitude) in there


@pytest.mark.parametrize(
    "name", ["Lagos", "LAGOS", "lagos", "PARIS", "SOHAR", "La Paz", "AL AIN", "Ghent"]
)
def test_the_name_of_a_town_is_no_place_of_another_country(name):
    """Five letters have the form of a UN/LOCODE: Lagos lay in Laos, and Sohar in Somalia."""
    assert (locode(name), country(name), position(name)) == ("", "", None)


@pytest.mark.parametrize(
    "code", ["NGAPP", "LAVTE", "MACAS", "DEHAM", "ng los", "GBFXT", "XAPRT", "AR2AB"]
)
def test_a_code_is_known_however_rare_its_place(code):
    bare = code.replace(" ", "").upper()
    assert (locode(code), country(code)) == (bare, bare[:2])


def test_every_airport_goes_on_under_its_code_whatever_towns_are_called():
    codes = [one.country + code for code, one in airports().items()]
    assert [code for code in codes if locode(code) != code] == []


@pytest.mark.parametrize(
    ("name", "code"), [("Libya", "LY"), ("NIGER", "NE"), ("sierra  leone", "SL")]
)
def test_a_country_may_be_written_by_its_name(name, code):
    assert (locode(name), country(name)) == ("", code)


def test_a_code_with_a_blank_lies_where_the_code_does():
    assert position("DE HAM") == position("DEHAM")

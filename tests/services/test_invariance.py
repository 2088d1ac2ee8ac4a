"""Who a person is, and what a country is called, changes no bit of the rating (law 3)."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskprofile.profiles import SHIPMENT, TRAVELLER
from riskprofile.tables import Table
from tests.services import invariance
from tests.services.invariance import of_countries, of_parties, rate

pytestmark = pytest.mark.xdist_group("invariance")  # one process makes the rows
ROWS = 750


def made(profile: str) -> tuple[Table, Table]:
    """Past declarations and later ones, from the generator."""
    return invariance.made(profile, ROWS)


@pytest.fixture(scope="module")
def crossings() -> tuple[Table, Table, Table]:
    past, day = made("traveller")
    return past, day, rate(TRAVELLER, past, day)


@pytest.fixture(scope="module")
def loads() -> tuple[Table, Table, Table]:
    past, day = made("shipment")
    return past, day, rate(SHIPMENT, past, day)


@given(seed=st.integers(0, 2**32 - 1), names=st.sets(st.sampled_from(TRAVELLER.protected("P1"))))
@settings(max_examples=15)
def test_who_a_traveller_is_changes_no_bit_of_the_rating(
    crossings: tuple[Table, Table, Table], seed: int, names: set[str]
) -> None:
    past, day, before = crossings
    strangers = day.assign(
        **{
            name: day[name].sample(frac=1, random_state=seed, replace=True).to_numpy()
            for name in names
        }
    )
    strangers = strangers.astype({name: day[name].dtype for name in names})
    pd.testing.assert_frame_equal(rate(TRAVELLER, past, strangers), before)


@pytest.mark.parametrize("part", list(invariance.PARTS))
def test_renaming_parties_one_to_one_changes_no_bit(
    loads: tuple[Table, Table, Table], part: str
) -> None:
    past, day, before = loads
    both = of_parties(pd.concat([past, day], ignore_index=True), part)
    after = rate(SHIPMENT, both[: len(past)], both[len(past) :].reset_index(drop=True))
    pd.testing.assert_frame_equal(after, before)


def test_renaming_countries_and_places_one_to_one_changes_no_point(
    loads: tuple[Table, Table, Table],
) -> None:
    past, day, before = loads
    both = of_countries(pd.concat([past, day], ignore_index=True))
    after = rate(SHIPMENT, both[: len(past)], both[len(past) :].reset_index(drop=True))
    pd.testing.assert_series_equal(after["points"], before["points"])
    features = [name for name in before if not name.startswith(("fired:", "broken:"))]
    pd.testing.assert_frame_equal(after[features], before[features])


@pytest.mark.slow
def test_no_scorecard_that_ships_moves_by_protected_columns_or_names() -> None:
    """A small version of `python -m tests.services.invariance`, which prints full numbers."""
    told = dict(invariance.travellers(60))
    assert len(told) == 2 ** len(TRAVELLER.protected("P1")) - 1
    assert sum(told.values()) == 0
    parties = [f"parties: {part}" for part in (*invariance.PARTS, "all of it")]
    assert dict(invariance.shipments(60)) == dict.fromkeys([*parties, "countries and places"], 0)


def test_the_count_of_differing_points_sees_one() -> None:
    past, day = made("traveller")
    before = invariance.versions(TRAVELLER, past, day)
    heavier = day.assign(bag_mass_kg=day["bag_mass_kg"] * 3)
    assert invariance.differ(before, invariance.versions(TRAVELLER, past, heavier)) > 0


def test_a_traveller_with_nothing_but_personal_attributes_gets_no_score(
    crossings: tuple[Table, Table, Table],
) -> None:
    past, day, _ = crossings
    bare = day.copy()
    for spec in TRAVELLER.columns:
        if spec.name not in ("crossing_id", "crossing_at", *TRAVELLER.protected("P1"), "name"):
            bare[spec.name] = pd.Series(pd.NA, index=bare.index, dtype=object).astype(
                spec.dtype if spec.kind != "float" else "Float64"
            )
            if spec.kind == "float":
                bare[spec.name] = bare[spec.name].astype("float64")
    assert rate(TRAVELLER, past, bare)["points"].isna().all()

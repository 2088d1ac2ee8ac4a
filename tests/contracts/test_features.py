"""What every registered feature of every profile promises."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
import pytest

from riskprofile.history import Snapshot
from riskprofile.profiles import PROFILES, Profile
from riskprofile.tables import Column, Feature, Table
from tests.contracts import tables

pytestmark = pytest.mark.xdist_group("features")  # one process asks each of them once

every_profile = pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)


def same(one: Column, other: Column, feature: Feature) -> None:
    """Equal to the last bit, missing where missing."""
    pd.testing.assert_series_equal(one, other, check_exact=True, obj=feature.name)


@pytest.fixture(scope="module")
def known() -> dict[str, tables.World]:
    """A batch and a history of each profile, and their variations."""
    return tables.worlds(codes=False)


@pytest.fixture(scope="module", autouse=True)
def untouched(known: dict[str, tables.World]) -> dict[str, Table]:
    """The batches as they were before any feature saw them."""
    return {name: world.items.copy(deep=True) for name, world in known.items()}


@pytest.fixture(scope="module")
def answer(known: dict[str, tables.World]) -> Callable[[Profile, Feature], Column]:
    """What a feature answers of the whole batch: what others are compared with."""

    @cache
    def asked(profile: str, feature: Feature) -> Column:
        world = known[profile]
        return feature(world.items, world.history)

    return lambda profile, feature: asked(profile.name, feature)


@every_profile
def test_it_returns_finite_float64_on_the_same_index_and_changes_nothing(
    profile, known, untouched, answer
):
    items = known[profile.name].items
    for feature in profile.features:
        column = answer(profile, feature)
        assert column.dtype == np.dtype("float64"), feature.name
        assert column.index.equals(items.index), feature.name
        assert not np.isinf(column).any(), feature.name
        pd.testing.assert_frame_equal(items, untouched[profile.name], obj=feature.name)


@every_profile
def test_an_empty_table_gives_an_empty_column(profile, known):
    world = known[profile.name]
    for feature in profile.features:
        column = feature(world.items.iloc[:0], world.history)
        assert len(column) == 0, feature.name
        assert column.dtype == np.dtype("float64"), feature.name


@every_profile
def test_a_table_of_missing_values_and_an_empty_history_are_survived(profile, known):
    world = known[profile.name]
    for feature in profile.features:
        assert len(feature(world.bare, world.nothing)) == len(world.bare), feature.name


@every_profile
def test_permuting_the_rows_permutes_the_column(profile, known, answer):
    world = known[profile.name]
    order = np.random.default_rng(5).permutation(len(world.items))
    for feature in profile.features:
        permuted = feature(world.items.iloc[order], world.history)
        same(permuted, answer(profile, feature).iloc[order], feature)


@every_profile
def test_any_split_into_chunks_gives_the_same_column(profile, known, answer):
    world = known[profile.name]
    items, history = world.items, world.history
    pieces = [items.iloc[:1], items.iloc[1:8], items.iloc[8:90], items.iloc[90:]]
    for feature in profile.features:
        split = pd.concat([feature(piece.copy(), history) for piece in pieces])
        same(split, answer(profile, feature), feature)


@every_profile
def test_what_became_known_later_changes_nothing(profile, known, answer):
    world = known[profile.name]
    for feature in profile.features:
        same(feature(world.items, world.later), answer(profile, feature), feature)


@every_profile
def test_who_the_parties_are_and_where_the_places_lie_changes_no_bit(profile, known, answer):
    world = known[profile.name]
    for feature in profile.features:
        renamed = feature(world.renamed, world.renamed_history)
        same(renamed, answer(profile, feature), feature)


@every_profile
def test_it_says_what_it_reads_in_which_unit_and_why(profile: Profile):
    for feature in profile.features:
        assert feature.unit, feature.name
        assert len(feature.doc.split("\n")[0]) > 20, feature.name
        assert feature.reads.format(value=1.0), feature.name
        assert feature.monotone in (-1, 0, 1), feature.name


@every_profile
def test_names_are_given_once(profile: Profile):
    names = [feature.name for feature in profile.features]
    assert len(names) == len(set(names)) > 0


@every_profile
def test_most_features_know_something_of_a_mixed_table(profile: Profile, known):
    world = known[profile.name]
    items, history = world.items, world.history
    silent = [f.name for f in profile.features if constant(f(items, history))]
    assert len(silent) <= len(profile.features) // 4, silent


def constant(column: Column) -> bool:
    return column.nunique(dropna=False) < 2


class NeverAsked:
    """Registers that fail whoever asks them."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"a feature asked the registers: {name}")


@pytest.fixture(scope="module")
def unregistered() -> dict[str, Snapshot]:
    """The history of each profile, beside registers that nobody may ask."""
    return {
        profile.name: tables.snapshot(profile, beside=NeverAsked()) for profile in PROFILES.values()
    }


@every_profile
def test_no_feature_asks_a_register(profile, known, unregistered):
    world = known[profile.name]
    for feature in profile.features:
        asked = feature(world.items.copy(), unregistered[profile.name])
        same(asked, feature(world.items, world.history), feature)

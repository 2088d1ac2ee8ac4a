"""What every registered indicator of every profile promises."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from string import Formatter

import numpy as np
import pandas as pd
import pytest

from riskprofile.columns import Mask, View
from riskprofile.history.watch import WATCH
from riskprofile.indicators import watching
from riskprofile.profiles import PROFILES, Profile
from riskprofile.scoring.patterns import PACK
from riskprofile.tables import Indicator, Table
from tests.contracts import tables

pytestmark = pytest.mark.xdist_group("indicators")  # one process asks each of them once

every_profile = pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
WORDS = re.compile(r"suspect|suspicious|criminal|guilty|innocent|dangerous|\bcaught\b|\bAI\b")


def same(one: Mask, other: Mask, indicator: Indicator, **how: bool) -> None:
    """Fired of the same rows."""
    pd.testing.assert_series_equal(one, other, obj=indicator.key, **how)


@pytest.fixture(scope="module")
def known() -> dict[str, tables.World]:
    """A batch and a history of each profile, and their variations."""
    return tables.worlds(codes=True)


@pytest.fixture(scope="module", autouse=True)
def untouched(known: dict[str, tables.World]) -> dict[str, Table]:
    """The batches as they were before any indicator saw them."""
    return {name: world.items.copy(deep=True) for name, world in known.items()}


@pytest.fixture(scope="module")
def answer(known: dict[str, tables.World]) -> Callable[[Profile, Indicator], Mask]:
    """What an indicator answers of the whole batch: what others are compared with."""

    @cache
    def asked(profile: str, indicator: Indicator) -> Mask:
        world = known[profile]
        return indicator(world.items, world.history)

    return lambda profile, indicator: asked(profile.name, indicator)


@every_profile
def test_it_returns_plain_bool_on_the_same_index_and_changes_nothing(
    profile, known, untouched, answer
):
    items = known[profile.name].items
    for indicator in profile.indicators:
        mask = answer(profile, indicator)
        assert mask.dtype == np.dtype(bool), indicator.key
        assert mask.index.equals(items.index), indicator.key
        pd.testing.assert_frame_equal(items, untouched[profile.name], obj=indicator.key)


@every_profile
def test_an_empty_table_gives_an_empty_mask(profile, known):
    world = known[profile.name]
    for indicator in profile.indicators:
        mask = indicator(world.items.iloc[:0], world.history)
        assert len(mask) == 0, indicator.key
        assert mask.dtype == np.dtype(bool), indicator.key


@every_profile
def test_unknown_has_not_fired_unless_absence_is_the_sign(profile, known):
    world = known[profile.name]
    of_absence = ("S07", "X04")  # no consignee at all, and missing fields
    fired = [one.key for one in profile.indicators if one(world.bare, world.nothing).any()]
    assert [key for key in fired if not key.startswith(of_absence)] == []


@every_profile
def test_permuting_the_rows_permutes_the_mask(profile, known, answer):
    world = known[profile.name]
    order = np.random.default_rng(5).permutation(len(world.items))
    for indicator in profile.indicators:
        permuted = indicator(world.items.iloc[order], world.history)
        same(permuted, answer(profile, indicator).iloc[order], indicator)


@every_profile
def test_only_an_indicator_over_the_batch_may_see_a_rows_neighbours(profile, known, answer):
    world = known[profile.name]
    items, history = world.items, world.history
    pieces = [items.iloc[:1], items.iloc[1:8], items.iloc[8:90], items.iloc[90:]]
    for indicator in profile.indicators:
        if not indicator.over_batch:
            split = pd.concat([indicator(piece.copy(), history) for piece in pieces])
            same(split, answer(profile, indicator), indicator)


@every_profile
def test_rows_of_a_batch_count_for_each_other_through_the_keys_it_names(profile, known, answer):
    for indicator in profile.indicators:
        assert not indicator.by or indicator.over_batch, indicator.key
        if indicator.by:
            fired = apart(known[profile.name], indicator)
            same(fired, answer(profile, indicator), indicator, check_names=False)


def apart(world: tables.World, indicator: Indicator) -> Mask:
    """Where it fires with rows of no other key beside them, of one of its keys or another."""
    items = world.items
    fired = pd.Series(data=False, index=items.index)
    for key in indicator.by:
        hidden = {other: pd.NA for other in indicator.by if other != key}
        seen = items.assign(**hidden).astype(dict.fromkeys(hidden, "Int64"))
        part = seen[key].mod(3).fillna(3)  # who has no key of it is a part as well
        for number in range(4):
            here = indicator(seen[part == number], world.history)
            fired |= here.reindex(items.index, fill_value=False)
    return fired


@every_profile
def test_what_became_known_later_changes_nothing(profile, known, answer):
    world = known[profile.name]
    for indicator in profile.indicators:
        same(indicator(world.items, world.later), answer(profile, indicator), indicator)


@every_profile
def test_its_sentences_are_there_and_name_columns_that_exist(profile: Profile):
    for indicator in profile.indicators:
        for sentence in (indicator.says, indicator.cleared_by, indicator.check, indicator.source):
            assert len(sentence) > 10, indicator.key
            assert not WORDS.search(sentence), sentence
        assert len(indicator.doc.split("\n")[0]) > 20, indicator.key
        named = {name for _, name, _, _ in Formatter().parse(indicator.says) if name}
        assert named <= {*profile.visible, *profile.codes, WATCH, PACK}, indicator.key


@every_profile
def test_its_queue_lane_and_stage_are_those_of_the_contract(profile: Profile):
    for indicator in profile.indicators:
        assert indicator.queue in ("trafficking", "compliance", "data_quality"), indicator.key
        assert indicator.raises in ("yellow", "red"), indicator.key
        assert indicator.stage in ("pre_arrival", "yard", "inspection", "registry"), indicator.key


@every_profile
def test_keys_are_given_once(profile: Profile):
    keys = [indicator.key for indicator in profile.indicators]
    assert len(keys) == len(set(keys)) > 0


def test_keys_are_those_of_the_typology_table(shared):
    table = (shared / "domain" / "typologies.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE))
    used = {i.key for profile in PROFILES.values() for i in profile.indicators}
    own = {one.key for one in watching.INDICATORS}  # an office's list or pack is no typology
    assert used - own <= listed


@every_profile
def test_one_over_a_batch_fires_of_no_row_but_those_it_names(profile, known):
    """The company of other rows is not sought where a run holds none of these."""
    world = known[profile.name]
    seen = View.of(world.items)
    for indicator in profile.indicators:
        if indicator.among is None:
            assert not indicator.by, indicator.key
            continue
        fired = indicator(world.items, world.history).to_numpy()
        assert not (fired & ~indicator.among(seen).flags()).any(), indicator.key

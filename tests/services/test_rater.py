"""A chunk is rated part by part, and nobody can tell."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from riskprofile.columns import Column, View
from riskprofile.features.register import FeatureError
from riskprofile.history import Snapshot, view
from riskprofile.profiles import PROFILES
from riskprofile.scoring import rating
from riskprofile.services import rater as raters
from riskprofile.services import settings
from riskprofile.services.rater import BROKEN, FIRED, Rater
from riskprofile.store import artefacts
from riskprofile.tables import Table
from training.synth import generate


@pytest.fixture(scope="module")
def rows() -> Table:
    [chunk] = generate("shipment", 60, 17, start="2026-09-01", days=30)
    return chunk.table.set_axis(np.arange(1000, 1060))  # rows of something larger


@pytest.fixture(scope="module")
def plain() -> Rater:
    profile = PROFILES["shipment"]
    card = artefacts.serving(settings.CHECKOUT / "models", profile.name)
    return Rater(profile, card, Snapshot.from_views([]))


def test_in_parts_or_at_once_the_same_bits(
    plain: Rater, rows: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = plain.rate(rows)
    monkeypatch.setattr(raters, "AT_ONCE", 7)
    for one, other in zip(plain.rate(rows), whole, strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_each_row_alone_has_the_bits_that_it_has_among_others(plain: Rater, rows: Table) -> None:
    """After a past in which many of its parties and goods are known, and with cells left out."""
    first = pd.Timestamp("2026-01-01 12:00", tz="UTC")
    days = pd.to_timedelta(np.arange(len(rows)) * 4, unit="D")
    before = rows.assign(lodged_at=(first + days).as_unit("us"))
    after = replace(plain, history=Snapshot.from_views([view(before, plain.profile)]))
    given = rows.reset_index(drop=True)
    kept = np.random.default_rng(5).random(given.shape) < 0.9
    kept[:, given.columns.get_loc(plain.profile.time)] = True
    given = given.where(kept)
    together, bits = after.rate(given), after.answer(given).values.view(np.int64)
    for place in range(len(given)):
        alone = after.answer(given.iloc[[place]].reset_index(drop=True))
        assert alone.values.view(np.int64).T.tolist() == [bits[:, place].tolist()]  # NaN has many
        for one, whole in zip((alone.log, alone.events), together, strict=True):
            expected = whole.iloc[[place]].reset_index(drop=True)
            pd.testing.assert_frame_equal(one, expected, check_exact=True)
        log = together[0].iloc[place]
        assert alone.points.at(0) == (None if pd.isna(log["points"]) else log["points"])
        fired = [FIRED + key for key, mask in alone.fired.masks.items() if mask[0]]
        assert fired == [name for name in log.index if name.startswith(FIRED) and log[name]]


def test_threads_that_share_a_rater_get_the_bits_that_one_alone_gets(
    plain: Rater, rows: Table
) -> None:
    """As sessions of one server do, from the first question that is asked of its past."""
    given = [rows.iloc[[place]].reset_index(drop=True) for place in range(24)]
    past = view(rows.assign(lodged_at=rows["lodged_at"] - pd.Timedelta(days=40)), plain.profile)
    alone, shared = (replace(plain, history=Snapshot.from_views([past])) for _ in range(2))
    expected = [alone.answer(row) for row in given]
    often = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(8) as threads:
            told = [*threads.map(shared.answer, given)]
    finally:
        sys.setswitchinterval(often)
    for one, other in zip(told, expected, strict=True):
        assert one.values.tobytes() == other.values.tobytes()
        pd.testing.assert_frame_equal(one.log, other.log, check_exact=True)
        pd.testing.assert_frame_equal(one.events, other.events, check_exact=True)


def test_a_name_given_to_the_columns_of_one_table_is_not_that_of_the_next(
    plain: Rater, rows: Table
) -> None:
    items = view(rows, plain.profile)

    def made() -> Table:
        return rating.features(items, plain.history, plain.profile, plain.scorecard)

    made().columns.name = "feature"
    assert made().columns.name is None


def test_a_sign_that_breaks_in_one_part_is_broken_there_alone(
    plain: Rater, rows: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = next(one for one in plain.by_row if not one.after_others)

    def brittle(items: View, history: object) -> object:
        if len(items.index) < 20:  # the last part
            raise KeyError("seal_numbers")
        return first.compute(items, plain.history)

    others = tuple(one for one in plain.profile.indicators if one is not first)
    signs = (replace(first, compute=brittle), *others)
    broken = replace(plain, profile=replace(plain.profile, indicators=signs))
    monkeypatch.setattr(raters, "AT_ONCE", 22)
    log, _ = broken.rate(rows)
    assert log[BROKEN + first.key].tolist() == [False] * 44 + [True] * 16
    said = plain.rate(rows)[0][FIRED + first.key].to_numpy()
    assert log[FIRED + first.key].tolist() == [*said[:44].tolist(), *[False] * 16]


def test_a_sign_that_takes_the_logarithm_of_nothing_is_told_from_one_that_divides_by_it(
    plain: Rater, rows: Table
) -> None:
    """To divide by nothing is meant so; any other slip of a feature or a sign is to come up."""

    def sloppy(items: View, history: object) -> Column:
        return Column(np.log(np.zeros(len(items))) > 0)

    def divides(items: View, history: object) -> Column:
        return items["value"] / 0.0 > 1.0

    first, second = plain.by_row[:2]
    signs = [replace(first, compute=sloppy), replace(second, compute=divides)]
    fired = rating.indicators(view(rows, plain.profile), plain.history, signs)
    assert set(fired.broken) == {first.key}
    assert fired.masks[second.key].any()


def test_what_means_nothing_without_a_past_is_missing_in_the_rows_before_which_there_is_too_little(
    plain: Rater, rows: Table
) -> None:
    """Rows of one table, some on days before which the past is known, some not."""
    first = pd.Timestamp("2026-01-01 12:00", tz="UTC")
    history = Snapshot.from_views([view(rows.assign(lodged_at=first), plain.profile)])
    late = np.arange(len(rows)) % 3 == 0
    days = pd.to_timedelta(np.where(late, 95, 30), unit="D")
    items = View.over(view(rows.assign(lodged_at=(first + days).as_unit("us")), plain.profile))
    made = rating.all_features(items, history, plain.profile)
    for feature in plain.profile.features:
        told = feature(items, history).values.round(rating.PRECISION)
        speaks = late | (not feature.silent_without_history)
        np.testing.assert_array_equal(made[feature.name], np.where(speaks, told, np.nan))
    assert made.loc[late, "pair_age"].notna().any()


def test_an_endless_value_stops_the_chunk_and_names_its_feature(plain: Rater, rows: Table) -> None:
    def endless(items: View, history: object) -> Column:
        return Column(np.where(np.arange(len(items)) == 2, np.inf, 1.0))

    first, second, *others = plain.profile.features
    faulty = replace(plain.profile, features=(first, replace(second, written=endless), *others))
    with pytest.raises(FeatureError, match=f"{second.name} returned an infinite value"):
        rating.all_features(view(rows, plain.profile), plain.history, faulty)

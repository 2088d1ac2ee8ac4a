"""What changes raises an alarm; what swings as it always did raises none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskprofile.profiles import PROFILES
from riskprofile.scoring import drift
from riskprofile.scoring.drift import Examined
from riskprofile.tables import ColumnSpec, Kind

CELLS = 6
NUMBERS = ("int", "float")


def windows(draw: np.random.Generator, count: int, size: int = 1_000) -> list[drift.Counts]:
    share = np.arange(1, CELLS + 1) / np.arange(1, CELLS + 1).sum()
    return [
        {
            ("slice", f"s{n}"): dict(enumerate(draw.multinomial(size, share).tolist()))
            for n in range(40)
        }
        for _ in range(count)
    ]


def test_clean_windows_raise_no_alarm() -> None:
    draw = np.random.default_rng(3)
    made = windows(draw, 60)
    looks = [drift.moved(made[at], made[at - 8 : at]) for at in range(8, 60)]
    assert sum(any(one.alarm for one in look) for look in looks) == 0


def test_a_new_value_in_a_tenth_of_the_rows_is_named() -> None:
    draw = np.random.default_rng(4)
    made = windows(draw, 9)
    made[-1]["slice", "s7"][99] = 110
    told = drift.moved(made[-1], made[:-1])
    [raised] = [one for one in told if one.alarm]
    assert (raised.kind, raised.name) == ("slice", "s7")
    assert raised.says == "never seen in 0.0 % before, 9.9 % now"


def test_what_swings_from_window_to_window_must_swing_wider() -> None:
    draw = np.random.default_rng(5)

    def window(share: float) -> drift.Counts:
        fired = int(draw.binomial(1_000, share))
        return {("indicator", "X"): {True: fired, False: 1_000 - fired}}

    steady = [window(0.10) for _ in range(8)]
    swinging = [window(share) for share in (0.02, 0.2, 0.05, 0.25, 0.04, 0.22, 0.03, 0.2)]
    assert [one.alarm for one in drift.moved(window(0.35), steady)] == [True]
    assert [one.alarm for one in drift.moved(window(0.25), swinging)] == [False]


def clumped(draw: np.random.Generator, size: int, rows: int = 1_000) -> drift.Counts:
    """A window in which one sender's rows, `size` of them on average, share a value."""
    share = np.arange(1, 31) / np.arange(1, 31).sum()
    told = {}
    for name in ("lane", "goods", "carrier"):
        cells = draw.choice(30, rows, p=share)
        batches = np.minimum(draw.geometric(1 / size, rows), rows)
        last = int(np.searchsorted(batches.cumsum(), rows)) + 1
        counts = np.bincount(cells[:last], batches[:last], minlength=30)
        told["slice", name] = dict(enumerate(counts.astype(int).tolist()))
    return told


def test_rows_that_come_many_at_a_time_raise_no_alarm_and_a_shift_among_them_does() -> None:
    draw = np.random.default_rng(8)
    made = [clumped(draw, 5) for _ in range(128)]
    looks = [drift.moved(made[at], made[at - 8 : at]) for at in range(8, 128)]
    assert sum(any(one.alarm for one in look) for look in looks) == 0
    chances = np.array([one.chance for look in looks for one in look])
    for level in (0.1, 0.01):  # what is called chance is no less than chance
        assert (chances < level).mean() <= level
    made[-1]["slice", "lane"][77] = 400
    raised = [one.name for one in drift.moved(made[-1], made[-9:-1]) if one.alarm]
    assert raised == ["lane"]


def test_a_value_that_creeps_over_an_edge_raises_no_alarm_and_one_that_leaps_does() -> None:
    """Fifty rows of each window share a value, which the length of history moves."""

    def window(cell: int) -> drift.Counts:
        counts = {0: 600, 3: 300, cell: 50, "missing": 50}
        return {("feature", "rarity"): counts, ("slice", "kind"): dict(counts)}

    before = [window(4) for _ in range(8)]
    told = {one.kind: one.alarm for one in drift.moved(window(5), before)}
    assert told == {"feature": False, "slice": True}  # a kind has no neighbours
    [leapt] = [one for one in drift.moved(window(1), before) if one.kind == "feature"]
    assert leapt.alarm


def test_goods_that_hardly_came_before_stand_alone_once_they_are_many() -> None:
    draw = np.random.default_rng(9)

    def window(new: int) -> drift.Counts:
        rare = {f"r{n}": int(draw.poisson(1)) for n in range(60)}
        rare["r0"] = new
        return {("column", "hs_code"): {"a": 500, "b": 440, **rare}}

    before = [window(2) for _ in range(8)]
    assert [one.alarm for one in drift.moved(window(2), before)] == [False]
    [told] = drift.moved(window(60), before)
    assert told.alarm
    assert told.says.startswith("r0 in 0.2 % before")


def test_half_of_the_chance_of_a_false_alarm_is_spent_on_the_random_share() -> None:
    """Five finds in 36, none in 288 before, beside fifty other series."""

    def of(finds: int, drawn: int) -> Examined:
        value = np.concatenate([np.arange(drawn) < finds, np.arange(400) % 5 == 0]).astype(int)
        random = np.arange(len(value)) < drawn
        fired = {f"i{n}": np.arange(len(value)) % 3 == n % 3 for n in range(50)}
        return Examined(value, np.arange(len(value)) % 7, random, fired)

    told = drift.labels_moved(of(5, 36), of(0, 288))
    assert {one.name for one in told if one.alarm} == {"random share"}


def test_too_few_earlier_windows_say_nothing() -> None:
    made = windows(np.random.default_rng(6), 4)
    assert drift.moved(made[0], made[1:]) == []


def examined(finds: int, of: int, random: bool = False) -> Examined:
    value = (np.arange(of) < finds).astype(int)
    return Examined(value, np.arange(of) % 7, np.full(of, random), {"X": value == 1})


@pytest.mark.parametrize(("finds", "alarm"), [(11, False), (60, True), (4, False), (0, True)])
def test_the_share_of_finds_beside_what_it_was(finds: int, alarm: bool) -> None:
    told = drift.labels_moved(examined(finds, 100), examined(80, 800))
    [share] = [one for one in told if (one.kind, one.name) == ("finds", "list")]
    assert share.alarm is alarm, share


def test_the_random_share_is_calibrated_on_itself() -> None:
    told = drift.labels_moved(examined(30, 100, random=True), examined(8, 800, random=True))
    raised = {(one.kind, one.name) for one in told if one.alarm}
    assert ("calibration", "random share") in raised
    assert ("calibration", "list") not in raised


def test_few_outcomes_are_not_assessable() -> None:
    told = drift.labels_moved(examined(10, 10), examined(1, 800))
    assert not any(one.alarm for one in told)
    assert all(one.says.startswith("not assessable") for one in told)


def test_no_column_takes_a_number_below_zero_which_a_form_tells_by_its_size() -> None:
    numbers = [spec for one in PROFILES.values() for spec in one.columns if spec.kind in NUMBERS]
    assert numbers and all(spec.minimum is not None and spec.minimum >= 0 for spec in numbers)


@pytest.mark.parametrize("kind", ["float", "text"])
def test_a_value_lies_where_the_cell_of_its_form_reaches(kind: Kind) -> None:
    sizes = [1, 2, 3, 7, 45, 46, 63, 64, 999]
    values = pd.Series(sizes, dtype="float64") if kind == "float" else ["x" * n for n in sizes]
    cells = drift.form(pd.Series(values), ColumnSpec("given", kind, "what a test gives"))
    spans = [drift.reach(cell, kind) for cell in cells]
    assert all(low <= n < high for n, (low, high) in zip(sizes, spans, strict=True))


def test_letters_and_forms_say_what_values_look_like_and_not_what_they_are() -> None:
    text = pd.Series(["Ab", None, "aä"], dtype="string")
    assert drift.letters(text) == {"a": 2, "b": 1, "ä": 1}

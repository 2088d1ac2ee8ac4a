"""One ranked list: a total order, lanes by capacity, and a random control share."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskprofile.scoring.ranking import Ahead, Capacity, Ranking, height
from tests.scoring.toy import rank


def declarations(
    points: list[int | None], red: frozenset[int] | set[int] = frozenset(), **flags: set[int]
) -> pd.DataFrame:
    n = len(points)
    table = pd.DataFrame(
        {
            "record_id": [f"D{i:03d}" for i in range(n)],
            "points": pd.array(points, dtype="Int64"),
            "to_red": [i in red for i in range(n)],
        }
    )
    for queue in ("trafficking", "compliance", "data_quality"):
        table[queue] = [i in flags.get(queue, set()) for i in range(n)]
    table["to_yellow"] = table[["trafficking", "compliance", "data_quality"]].any(axis=1)
    return table


def offices(number: int) -> list[str]:
    """Lists that are cut alike, each by a lot of its own: one ranking of all draws for each."""
    return [f"PORT-{one:04d}" for one in range(number)]


NO_DRAW = {"random_share": 0.0}


def test_what_an_indicator_raised_to_red_comes_first_then_points_then_the_name() -> None:
    ranked = rank(declarations([5, 90, 5, 50], red={0}), Capacity(2, **NO_DRAW), seed=1)
    assert ranked["record_id"].tolist() == ["D000", "D001", "D003", "D002"]
    assert ranked["lane"].tolist() == ["red", "red", "yellow", "yellow"]
    assert ranked["selected_by"].tolist()[:2] == ["indicator", "score"]


def test_each_list_says_from_how_many_points_its_lanes_begin() -> None:
    table = declarations([5, 90, 80, 70, 60, 50, 40, None], red={0})
    ranked = rank(table, Capacity(3, **NO_DRAW), seed=1)
    assert ranked["lane"].tolist() == ["red"] * 3 + ["yellow"] * 3 + ["green"] * 2
    assert ranked["red_from"].tolist() == [80] * 8
    assert ranked["yellow_from"].tolist() == [50] * 8
    raised = rank(table, Capacity(1, **NO_DRAW), seed=1)
    assert raised["lane"].tolist()[:3] == ["red", "yellow", "green"]
    assert raised["red_from"].isna().all()  # what an indicator raised took all of it
    assert raised["yellow_from"].tolist() == [90] * 8


def test_an_indicator_raises_a_lane_and_never_lowers_one() -> None:
    points: list[int | None] = list(range(100, 0, -1))
    plain = rank(declarations(points), Capacity(5, **NO_DRAW), seed=1).set_index("record_id")
    raised = rank(
        declarations(points, compliance={0, 60}), Capacity(5, **NO_DRAW), seed=1
    ).set_index("record_id")
    lanes = {"red": 2, "yellow": 1, "green": 0}
    before = plain["lane"].map(lanes)
    after = raised["lane"].map(lanes).reindex(before.index)
    assert (after >= before).all()
    assert raised.at["D060", "lane"] == "yellow"
    assert raised.at["D060", "queue"] == "compliance"
    assert raised.at["D060", "selected_by"] == "indicator"


def test_the_random_share_is_drawn_from_what_the_list_passes_over_and_logged() -> None:
    ranked = rank(declarations(list(range(200))), Capacity(20, random_share=0.10), seed=3)
    drawn = ranked[ranked["selected_by"] == "random"]
    assert len(drawn) == 2
    assert (drawn["lane"] == "red").all()
    assert (drawn["rank"] > 18).all()
    assert drawn["probability"].tolist() == pytest.approx([2 / 182, 2 / 182])
    assert (ranked["lane"] == "red").sum() == 20


def test_at_least_one_is_drawn_even_of_a_small_capacity() -> None:
    ranked = rank(declarations(list(range(50))), Capacity(3, random_share=0.10), seed=3)
    assert (ranked["selected_by"] == "random").sum() == 1


def test_the_same_seed_draws_the_same_and_the_order_of_the_rows_does_not_matter() -> None:
    table = declarations(list(range(80)))
    once = rank(table, Capacity(10), seed=9)
    again = rank(table.iloc[::-1], Capacity(10), seed=9)
    pd.testing.assert_frame_equal(once, again)


def test_a_record_without_a_score_is_last_and_never_red_by_rank() -> None:
    ranked = rank(declarations([None, 3]), Capacity(2, **NO_DRAW), seed=1)
    assert ranked["record_id"].tolist() == ["D001", "D000"]
    assert ranked["lane"].tolist() == ["red", "green"]


def test_points_at_the_floor_bring_nobody_up_whatever_room_there_is() -> None:
    """What written criteria say nothing of is brought up by an indicator or by lot alone."""
    table = declarations([-650, -650, -550, -650], compliance={3})
    ranked = rank(table, Capacity(4, **NO_DRAW), 1, floor=-650).set_index("record_id")
    told = ranked[["lane", "selected_by"]].fillna("").apply(tuple, axis=1).to_dict()
    assert told == {
        "D000": ("green", ""),
        "D001": ("green", ""),
        "D002": ("red", "score"),
        "D003": ("yellow", "indicator"),
    }
    assert ranked["red_from"].eq(-550).all()


def test_who_stands_at_the_floor_is_drawn_as_often_as_an_office_draws() -> None:
    """However much is left of the day: what nobody is rated for takes none of it by rank."""
    names, ahead = offices(200), Ahead(80, usual=100, before=0, heights={-650: 90, -550: 10})
    table = declarations(([-650] * 18 + [-550] * 2) * len(names)).assign(list=np.repeat(names, 20))
    lists = dict.fromkeys(names, Capacity(200, ahead=ahead))
    ranked = rank(table, Capacity(), 1, lists, floor=-650)
    assert ranked.loc[ranked["points"] == -550, "lane"].eq("red").all()
    assert ranked["red_from"].eq(-550).all()
    random = ranked["selected_by"] == "random"
    assert ranked.loc[random, "probability"].between(0.2, 0.25).all()  # 20 of 90
    assert random.sum() / len(names) == pytest.approx(4.0, abs=0.2)


def test_what_a_day_gives_later_brings_nobody_up_from_the_floor() -> None:
    table = declarations([-650] * 5 + [-550] * 2).assign(list="PORT")
    made = Ranking.of([table], Capacity(), 1, {"PORT": Capacity(1, **NO_DRAW)}, floor=-650)
    (placed,) = made.given({"PORT": 6}).placed([table])
    assert placed["lane"].tolist() == ["green"] * 5 + ["red"] * 2


def test_capacity_by_share_is_rounded_up() -> None:
    assert Capacity(share=0.05, random_share=0.0).of(101) == (6, 0)
    assert Capacity(share=0.05).of(101) == (5, 1)
    assert Capacity(share=0.07, random_share=0.0).of(100) == (7, 0)  # 7.000000000000001
    assert Capacity(share=0.07, random_share=0.0).of(10_000_001) == (700_001, 0)
    assert Capacity(0).of(101) == (0, 0)
    assert Capacity().of(0) == (0, 0)


def test_each_office_and_day_is_cut_at_its_own_capacity() -> None:
    table = declarations(list(range(90)))
    table["list"] = ["PORT", "ROAD", None] * 30
    lists = {"PORT": Capacity(10), "ROAD": Capacity(3)}
    ranked = rank(table, Capacity(share=0.10), 5, lists)
    red = ranked[ranked["lane"] == "red"]
    assert red.groupby(red["list"].fillna("none")).size().to_dict() == {
        "PORT": 10,
        "ROAD": 3,
        "none": 3,
    }
    drawn = ranked[ranked["selected_by"] == "random"].set_index("list")["probability"]
    assert drawn["PORT"] == pytest.approx(1 / 21)
    assert drawn["ROAD"] == pytest.approx(1 / 28)
    assert ranked["rank"].tolist() == list(range(1, 91))  # the order is one for the run
    assert ranked["points"].is_monotonic_decreasing


def test_what_earlier_lists_of_the_day_took_is_taken_off_and_one_is_still_drawn() -> None:
    assert Capacity(40).of(500) == (36, 4)
    assert Capacity(40, taken=20, drawn=2).of(500) == (18, 2)
    assert Capacity(40, taken=38, drawn=4).of(500) == (1, 1)
    assert Capacity(40, taken=40, drawn=4).of(500) == (0, 0)
    assert Capacity(40, taken=45).of(500) == (0, 0)


def test_every_declaration_that_is_passed_over_is_as_likely_to_be_drawn() -> None:
    days, seeds = 400, 10  # offices of one list, each cut and drawn for itself
    kinds = {"PORT": (20, Capacity(5)), "ROAD": (10, Capacity(3))}
    of = [
        (f"{kind}-{day}", n)
        for day in range(days)
        for kind, (size, _) in kinds.items()
        for n in range(size)
    ]
    table = declarations([n for _, n in of])
    table["list"] = [name for name, _ in of]
    lists = {name: kinds[name.partition("-")[0]][1] for name in dict.fromkeys(table["list"])}
    place = {
        record: (name.partition("-")[0], n)
        for record, (name, n) in zip(table["record_id"], of, strict=True)
    }
    drawn: Counter[tuple[str, int]] = Counter()
    told: dict[tuple[str, int], float] = {}
    draws = set()
    for seed in range(seeds):
        ranked = rank(table, Capacity(), seed, lists)
        random = ranked[ranked["selected_by"] == "random"]
        draws.add(frozenset(random["record_id"]))
        drawn.update(place[record] for record in random["record_id"])
        chances = zip(random["record_id"], random["probability"], strict=True)
        told |= {place[record]: chance for record, chance in chances}
    assert len(draws) == seeds  # each seed draws for itself
    runs = days * seeds
    assert len(told) == 16 + 8  # all that neither capacity reaches by rank
    for record, chance in told.items():
        error = (chance * (1 - chance) / runs) ** 0.5
        assert abs(drawn[record] / runs - chance) < 5 * error


USUAL = dict.fromkeys(range(100), 10)  # a thousand declarations, ten at each points


def day(number: int, ahead: Ahead, taken: int = 0, share: float = 0.0) -> dict[str, Capacity]:
    """The list of an office's day, of which something is known."""
    return {"PORT": Capacity(number, random_share=share, taken=taken, ahead=ahead)}


def lanes(points: list[int | None], lists: dict[str, Capacity], **more: set[int]) -> list[str]:
    table = declarations(points, **more).assign(list="PORT")
    return rank(table, Capacity(), 1, lists).sort_values("record_id")["lane"].tolist()


def test_one_that_comes_alone_is_red_where_it_is_among_the_first_of_the_day_to_come() -> None:
    ahead = Ahead(count=999, usual=1_000, before=0, heights=USUAL)
    for points, lane in ((99, "red"), (97, "red"), (94, "yellow"), (91, "green"), (0, "green")):
        assert lanes([points], day(40, ahead)) == [lane], points
    assert lanes([0], day(40, ahead), red={0}) == ["red"]  # capacity does not hold it back
    assert lanes([None], day(40, ahead)) == ["green"]


@pytest.mark.parametrize("points", [99, 96, 94, 60])
def test_one_that_comes_alone_is_told_the_bars_of_its_day_and_not_its_own_points(
    points: int,
) -> None:
    ahead = Ahead(count=999, usual=1_000, before=0, heights=USUAL)
    table = declarations([points]).assign(list="PORT")
    (told,) = rank(table, Capacity(), 1, day(40, ahead))[["red_from", "yellow_from"]].to_numpy()
    assert told.tolist() == [96, 92]


@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=20),
    st.integers(0, 8),
    st.dictionaries(st.integers(0, 9), st.integers(1, 50), min_size=1, max_size=8),
    st.integers(0, 2),
)
def test_points_above_a_bar_made_the_lane_and_points_below_it_made_none(
    points, number, heights, raised
):
    ahead = Ahead(sum(heights.values()), 1_000, 0, heights)
    table = declarations(points, red={*range(min(raised, len(points)))}).assign(list="PORT")
    ranked = rank(table, Capacity(), 1, day(number, ahead))
    by_points = ranked[~ranked["to_red"]]
    red, yellow = by_points["red_from"].fillna(99), by_points["yellow_from"].fillna(99)
    assert (by_points["lane"] == "red")[by_points["points"] > red].all()
    assert not (by_points["lane"] == "red")[by_points["points"] < red].any()
    assert (by_points["lane"] != "green")[by_points["points"] > yellow].all()
    assert (by_points["lane"] == "green")[by_points["points"] < np.minimum(red, yellow)].all()
    assert (yellow <= red).all() or (yellow == 99).all()


def test_both_bars_may_lie_at_the_same_points() -> None:
    """Of two that are rated alike one is examined, and one scanned."""
    ahead = Ahead(count=1, usual=3, before=0, heights={})
    table = declarations([7, 7]).assign(list="PORT")
    ranked = rank(table, Capacity(), 1, day(2, ahead))
    assert ranked["lane"].tolist() == ["red", "yellow"]
    assert [ranked[name].tolist() for name in ("red_from", "yellow_from")] == [[7, 7], [7, 7]]


def test_what_is_left_of_a_day_goes_to_what_still_comes() -> None:
    late = Ahead(count=9, usual=1_000, before=990, heights=USUAL)
    assert lanes([60], day(40, late, taken=30)) == ["red"]  # ten are left for ten
    assert lanes([60], day(40, late, taken=35)) == ["red"]
    assert lanes([60], day(40, late, taken=37)) == ["yellow"]
    assert lanes([99], day(40, late, taken=40)) == ["green"]
    over = Ahead(count=0, usual=1_000, before=1_200, heights=USUAL)
    assert lanes([0], day(40, over, taken=39)) == ["red"]


def test_a_list_that_is_most_of_a_usual_day_waits_for_no_second_one() -> None:
    """However late others came before: such a list is the day's own, early this time."""
    ahead = Ahead(count=60, usual=60, before=0, heights=dict.fromkeys(range(60), 1))
    whole = lanes([*range(60)], day(6, ahead))
    assert whole == lanes([*range(60)], {"PORT": Capacity(6, **NO_DRAW)})
    third = Ahead(count=40, usual=60, before=0, heights=ahead.heights)
    short = lanes([*range(0, 60, 3)], day(6, third))
    assert short.count("red") == 2
    most = lanes([*range(0, 60, 2)], day(6, Ahead(0, 60, 0, {})))
    assert most.count("red") == 6


def test_several_lists_of_a_day_together_are_cut_as_one() -> None:
    random = np.random.default_rng(5)
    points = random.permutation(np.repeat(np.arange(100), 10))
    found: list[int] = []
    for before in range(0, 1_000, 20):
        some = points[before : before + 20]
        ahead = Ahead(1_000 - before - 20, 1_000, before, USUAL)
        made = lanes(some.tolist(), day(40, ahead, taken=len(found)))
        found += [one for one, lane in zip(some.tolist(), made, strict=True) if lane == "red"]
    assert len(found) == 40
    assert np.mean(found) > 96  # of the one list: 97.5


def test_who_comes_late_is_as_likely_to_be_drawn_as_who_came_early() -> None:
    days, size, many = offices(300), 10, 20
    table = declarations([0] * size * len(days)).assign(list=np.repeat(days, size))
    drawn: Counter[int] = Counter()
    taken, stands_for = dict.fromkeys(days, 0), 0.0
    for place in range(many):
        ahead = Ahead((many - 1 - place) * size, many * size, place * size, {0: 1})
        lists = {one: day(10, ahead, taken[one], share=0.5)["PORT"] for one in days}
        made = Ranking.of([table], Capacity(), place, lists)
        cuts = {one: cut for one, cut, _ in made.lists}
        (ranked,) = made.placed([table])
        lots = ranked[ranked["selected_by"] == "random"]
        assert lots["probability"].tolist() == [cuts[one].probability for one in lots["list"]]
        shown = Counter(lots["list"]), Counter(ranked.loc[ranked["lane"] == "red", "list"])
        for one, cut in cuts.items():
            lot, red = len(cut.chosen), cut.red + len(cut.chosen)
            assert (shown[0][one], shown[1][one]) == (lot, red)
            taken[one] += red
            drawn[place] += lot
            stands_for += lot / cut.probability if lot else 0.0
    assert max(taken.values()) <= 10
    expected = len(days) * size * 5 / 195  # five of what the five by rank leave
    for place in range(many - 2):
        assert abs(drawn[place] - expected) < 5 * expected**0.5, place
    assert stands_for == pytest.approx(len(days) * 195, rel=0.06)


def test_what_is_amended_is_drawn_as_it_was_when_it_came() -> None:
    first = Capacity(4, random_share=0.5, ahead=Ahead(8, 20, 8, {}))
    again = Capacity(4, random_share=0.5, ahead=Ahead(8, 20, 12, {}, known=4))
    assert first.keeping(4, 8) == again.keeping(4, 8)
    assert again.keeping(4, 8)[1] == pytest.approx(2 / 18)
    assert Ahead(9, 20, 20, {}, known=20).expected({1: 20}) == {}  # the same file, amended
    late = Capacity(5, ahead=Ahead(0, 20, 0, {}, known=20))  # of days before, and amended today
    assert late.keeping(20, 0) == Capacity(5, ahead=Ahead(0, 20, 0, {})).keeping(20, 0)
    assert sum(Ahead(9, 22, 12, {}, known=11).expected({1: 11}).values()) == 9


@pytest.mark.parametrize(
    ("red", "taken", "share", "before"),
    [
        pytest.param(set(), 7, 0.3, 26, id="the lot takes the place of the last by rank"),
        pytest.param({0, 1}, 7, 1.0, 5, id="what is raised leaves one for the lot"),
        pytest.param({0, 1}, 8, 1.0, 26, id="what is raised leaves none"),
    ],
)
def test_the_probability_of_a_draw_is_how_often_it_falls_on_who_is_passed_over(
    red: set[int], taken: int, share: float, before: int
) -> None:
    names, drawn = offices(2_000), Counter[int]()
    raised = {4 * one + place for one in range(len(names)) for place in red}
    table = declarations([4, 3, 2, 1] * len(names), raised).assign(list=np.repeat(names, 4))
    lists = dict.fromkeys(names, day(10, Ahead(0, 100, before, USUAL), taken, share)["PORT"])
    for _, cut, _ in Ranking.of([table], Capacity(), 1, lists).lists:
        drawn.update((cut.red + cut.chosen).tolist())
        assert cut.red + len(cut.chosen) <= 10 - taken
    error = (cut.probability / len(names)) ** 0.5
    assert abs(drawn[3] / len(names) - cut.probability) <= 5 * error  # the last: never one by rank
    assert drawn[0] == drawn[1] == 0


@given(
    st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=1, max_size=30),
    st.integers(0, 12),
    st.integers(0, 4),
    st.floats(0, 500),
    st.floats(0, 500),
    st.integers(0, 300),
    st.dictionaries(st.integers(-3, 3), st.integers(1, 50), max_size=7),
    st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    st.integers(0, 99),
)
def test_whatever_a_day_is_still_to_bring_capacity_is_never_exceeded(
    rows, number, taken, count, usual, before, heights, share, seed
):
    table = declarations([one for one, _ in rows], {n for n, (_, red) in enumerate(rows) if red})
    ahead = Ahead(count, usual, before, heights)
    ranked = rank(table.assign(list="PORT"), Capacity(), seed, day(number, ahead, taken, share))
    raised = sum(red for _, red in rows)
    assert (ranked["lane"] == "red").sum() <= max(raised, number - taken)
    assert ranked["probability"].dropna().between(0, 1, inclusive="right").all()
    assert_points_decide(ranked)


def test_a_height_orders_declarations_of_several_lists_as_one_orders_its_own() -> None:
    points: list[int | None] = [5, None, 90, 5, -20, 70]
    red = {0, 1}
    ranked = rank(declarations(points, red), Capacity(9), seed=1)
    by_height = sorted(range(6), key=lambda n: (-height(points[n], raised=n in red), n))
    assert ranked["record_id"].tolist() == [f"D{n:03d}" for n in by_height]


NAMES = ("PORT", "ROAD", "RAIL", None)
a_row = st.tuples(
    st.one_of(st.none(), st.integers(-3, 3)),
    *[st.booleans()] * 4,
    st.sampled_from(NAMES),
)
a_capacity = st.builds(
    Capacity,
    st.one_of(st.none(), st.integers(0, 12)),
    share=st.sampled_from([None, 0.1, 0.5]),
    random_share=st.sampled_from([0.0, 0.1, 0.5]),
    taken=st.integers(0, 3),
)


def assert_points_decide(ranked: pd.DataFrame) -> None:
    """Above where a lane begins points make it, below they do not; at it the reference decides."""
    rated = ranked[ranked["points"].notna() & ~ranked["to_red"]]
    for row in rated.to_dict("records"):
        points, red, yellow = row["points"], row["red_from"], row["yellow_from"]
        if row["lane"] == "red" and row["selected_by"] != "random":
            assert points >= red
        if not pd.isna(red) and points > red:
            assert row["lane"] == "red"
        if row["lane"] == "yellow" and row["selected_by"] == "score":
            assert points >= yellow
        if not pd.isna(yellow) and points > yellow:
            assert row["lane"] != "green"


@given(
    st.lists(a_row, max_size=40), a_capacity, a_capacity, st.lists(st.integers(0, 40), max_size=4)
)
def test_a_list_looked_at_part_by_part_is_the_list_looked_at_whole(rows, whole, port, cuts):
    table = pd.DataFrame(
        {
            "record_id": [f"D{place:03d}" for place in range(len(rows))],
            "points": pd.array([row[0] for row in rows], dtype="Int64"),
            **{
                name: np.array([row[place] for row in rows], dtype=bool)
                for place, name in enumerate(("to_red", "trafficking", "compliance"), start=1)
            },
            "data_quality": np.array([row[4] for row in rows], dtype=bool),
            "list": pd.array([row[5] for row in rows], dtype="str"),
        }
    )
    table["to_yellow"] = table[["trafficking", "compliance", "data_quality"]].any(axis=1)
    edges = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    parts = [table[start:end] for start, end in itertools.pairwise(edges)]
    lists = {"PORT": port, "ROAD": Capacity(1)}
    told = pd.concat(Ranking.of(parts, whole, 7, lists).placed(parts))
    at_once = rank(table, whole, 7, lists)
    pd.testing.assert_frame_equal(told.sort_values("rank", ignore_index=True), at_once)
    assert_points_decide(at_once)
    assert at_once["rank"].tolist() == [*range(1, len(rows) + 1)]

    # And the order and the lanes as the law says them, one declaration at a time.
    points = {
        one.record_id: -(2**40) if one.points is pd.NA else one.points for one in table.itertuples()
    }
    order = sorted(
        table.itertuples(), key=lambda one: (not one.to_red, -points[one.record_id], one.record_id)
    )
    assert at_once["record_id"].tolist() == [one.record_id for one in order]
    for name in ("PORT", "ROAD", None):
        here = [one for one in order if (one.list if one.list in lists else None) == name]
        by_rank, drawn = (lists.get(name, whole) if name else whole).of(len(here))
        lanes = at_once.set_index("record_id")
        for place, one in enumerate(here):
            seen = lanes.loc[one.record_id]
            red = one.to_red or (place < by_rank and one.points is not pd.NA)
            assert (seen["lane"] == "red") == (red or seen["selected_by"] == "random")
            waits = one.to_yellow or (place < 2 * by_rank and one.points is not pd.NA)
            assert seen["lane"] == "red" or (seen["lane"] == "yellow") == waits
        random = lanes.loc[[one.record_id for one in here], "selected_by"] == "random"
        assert random.sum() <= drawn


@pytest.mark.parametrize(
    ("raised", "fits"),
    [
        (0, {6: True, 7: True, 5: False, 0: False}),
        (4, {6: True, 5: False, 3: False}),
        (9, {6: True, 5: False}),  # one is drawn while anything is left
    ],
)
def test_a_list_fits_while_others_leave_what_it_takes_for_points_and_by_lot(
    raised: int, fits: dict[int, bool]
) -> None:
    table = declarations([*range(30)], red={*range(raised)}).assign(list="here")
    cut = Ranking.of([table], Capacity(0), seed=1, lists={"here": Capacity(6)}).cuts[1]
    assert {left: cut.fits(left) for left in fits} == fits


def test_what_indicators_raise_fits_whatever_others_took() -> None:
    table = declarations([*range(30)], red={*range(9)}).assign(list="here")
    full = Capacity(6, taken=5, random_share=0.0)
    cut = Ranking.of([table], Capacity(0), seed=1, lists={"here": full}).cuts[1]
    assert cut.red == 9
    assert cut.fits(0)


@pytest.mark.parametrize("more", [1, 3, 40])
def test_what_a_list_is_given_later_goes_to_who_is_next_and_moves_no_lot(more: int) -> None:
    table = declarations([*range(28), None, None], red={3}).assign(list="here")
    capacity = Capacity(6, random_share=0.5)
    for seed in range(20):
        one = Ranking.of([table], Capacity(0), seed=seed, lists={"here": capacity})
        ((_, cut, _),) = one.given({"here": more}).lists
        (before,), (after,) = (
            [some.sort_values("rank") for some in made.placed([table])]
            for made in (one, one.given({"here": more}))
        )
        lots = [some[some["selected_by"] == "random"] for some in (before, after)]
        pd.testing.assert_frame_equal(
            *(some[["record_id", "lane", "probability"]] for some in lots)
        )
        red = after[(after["lane"] == "red") & (after["selected_by"] != "random")]
        others = after[~after["record_id"].isin(lots[0]["record_id"]) & after["points"].notna()]
        assert red["record_id"].tolist() == others["record_id"].head(3 + more).tolist()
        assert cut.red_from is not None and cut.red_from <= red.loc[~red["to_red"], "points"].min()
        assert (cut.fits(6 + more), cut.fits(5)) == (True, False)
        # What was given reaches past a draw where that has more points than it begins at.
        earlier = lots[1]["rank"] < red["rank"].max()
        was, reached = ((lot["points"] > lot["red_from"]).fillna(False) for lot in lots)
        assert not was.any() and reached[earlier].all()
        assert more == 40 or not reached[~earlier].any()  # of 40 all are reached

"""Points are base plus terms, to the last one, and say so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from riskprofile.profiles import SHIPMENT
from riskprofile.scoring.reasons import explain
from riskprofile.scoring.scorecard import FEW
from tests.scoring.toy import scorecard

VALUES = st.lists(
    st.tuples(*[st.one_of(st.none(), st.floats(-5, 5)) for _ in range(3)]), min_size=1, max_size=20
)


def rows(values: list[tuple[float | None, ...]]) -> pd.DataFrame:
    return pd.DataFrame(
        values, columns=["freight_ratio", "transit_legs", "wording"], dtype="float64"
    )


def test_a_value_on_an_edge_falls_below_it() -> None:
    card = scorecard()
    values = rows([(1.0, 0.0, 0.5), (1.0001, 0.0, 0.5001), (None, None, None)])
    assert card.points(values).tolist() == [10 + 0 - 20, 10 + 30 + 40, 10 - 5]


@given(VALUES)
def test_terms_and_base_sum_exactly_to_the_points(values: list[tuple[float | None, ...]]) -> None:
    card = scorecard()
    table = rows(values)
    points = card.points(table)
    assert (card.contributions(table).sum(axis=1) + card.base == points).all()
    told = explain(table, ["steel pins"] * len(table), SHIPMENT, card)
    for (raising, lowering), total in zip(told, points, strict=True):
        assert sum(reason["points"] for reason in raising + lowering) == total


@given(VALUES, st.randoms())
def test_points_are_the_same_alone_shuffled_and_in_parts(
    values: list[tuple[float | None, ...]], random: object
) -> None:
    card = scorecard()
    table = rows(values)
    together = card.points(table)
    many = pd.concat([table] * (FEW + 1))
    among_many = card.points(many)[: len(table)]
    alone = [int(card.points(table.iloc[[i]])[0]) for i in range(len(table))]
    order = np.random.default_rng(1).permutation(len(table))
    assert together.tolist() == alone == among_many.tolist()
    assert card.points(table.iloc[order]).tolist() == together[order].tolist()
    assert (card.contributions(many)[: len(table)] == card.contributions(table)).all()


def test_the_reason_of_the_wording_is_its_words() -> None:
    table = rows([(None, None, 1.0)])
    (raising, _), *_ = explain(table, ["steel pins"], SHIPMENT, scorecard())
    assert raising[0]["term"] == "wording"
    assert "“pins”" in raising[0]["text"]


def test_the_probability_is_the_table_at_these_points() -> None:
    card = scorecard()
    assert card.probability(np.array([-100, 200, 5000, -5000])).tolist() == [0.0, 1.0, 1.0, 0.0]


def test_scores_are_of_this_office_from_two_hundred_outcomes_on() -> None:
    learnt = [replace(scorecard(), examined=many).learnt_here for many in (199, 200)]
    assert learnt == [False, True]


@given(VALUES)
def test_a_row_is_explained_alike_alone_and_among_others(
    values: list[tuple[float | None, ...]],
) -> None:
    card, table = scorecard(), rows(values)
    titles = ["steel pins" if row % 2 else "samples" for row in range(len(table))]
    alone = [
        explain(table.iloc[[row]], [titles[row]], SHIPMENT, card)[0] for row in range(len(table))
    ]
    assert repr(explain(table, titles, SHIPMENT, card)) == repr(alone)

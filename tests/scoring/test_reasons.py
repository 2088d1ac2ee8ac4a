"""Reasons are stored as numbers and told by words that are kept once: nothing is lost."""

from __future__ import annotations

import json
import math
import struct
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskprofile.profiles import SHIPMENT
from riskprofile.scoring.reasons import NO_DESCRIPTION, UNUSUAL, WORDED, Phrasing, explain, terms
from riskprofile.scoring.scorecard import Criterion, Term
from tests.scoring.toy import scorecard

VALUE = st.sampled_from([None, -0.0, 0.0, 1.0, 1.5, 7.0, 1e-6, 123456.789012, 1e300, -5e-324])
ROWS = st.lists(
    st.tuples(VALUE, VALUE, VALUE, st.none() | st.text(max_size=12)), min_size=1, max_size=12
)


def table(rows: list[tuple[float | None, ...]]) -> pd.DataFrame:
    values = [one[:3] for one in rows]
    return pd.DataFrame(
        values, columns=["freight_ratio", "transit_legs", "wording"], dtype="float64"
    )


@given(ROWS)
def test_what_is_told_is_every_term_of_the_row_and_its_values_to_the_last_bit(
    rows: list[tuple[float | None, ...]],
) -> None:
    card, titles = scorecard(), [str(row[3]) if row[3] is not None else None for row in rows]
    # As it is read back from the database.
    said = Phrasing(json.loads(json.dumps(Phrasing.of(SHIPMENT, card).content)))
    kept = terms(table(rows), titles, card)
    given = card.contributions(table(rows)).tolist()
    for row, one, mine in zip(rows, kept, given, strict=True):
        raising, lowering = sides = said.told(one)
        told = {reason["term"]: reason for reason in raising + lowering}
        points = {term.name: n for term, n in zip(card.terms, mine, strict=True) if n}
        assert {name: reason["points"] for name, reason in told.items()} == points | {"base": 10}
        for term in card.terms:
            values = [row[table(rows).columns.get_loc(name)] for name in term.features]
            if term.name in told:
                value = values if len(values) > 1 else values[0]
                assert repr(told[term.name]["value"]) == repr(value)  # 0.0 is not -0.0
        for side, raises in zip(sides, (True, False), strict=True):
            assert all((reason["points"] > 0) is raises for reason in side)
            strengths = [(-abs(reason["points"]), reason["term"]) for reason in side]
            assert strengths == sorted(strengths)
        assert said.told(one, 2) == (raising[:2], [])


def test_what_was_stored_once_is_told_in_the_same_words_for_ever() -> None:
    """Written out: neither what is kept of a row nor the words may be read otherwise one day."""
    words = {
        "features": [
            [False, "… stops: not known", "{0:.0f} stop", "{0:.0f} stops"],
            [True, "a gift: not known", "a gift: no", "a gift"],
            None,
            [False, "… kg: not known", "", "{0:.1f} kg"],
        ],
        "terms": [
            ["stops", "", "0 to 2", [0]],
            ["gift", "given away: ", "", [1]],
            ["wording", "", "", [2]],
            ["kg x wording", "", "3 to 4", [3, 2]],
            ["kg", "", "3 to 4", [3]],
            ["base", "it begins", "", []],
        ],
        "base": -7,
        "and": " and ",
    }
    kept = struct.pack("<4d5i", 1.0, 0.0, -2.5, math.nan, 5, -6, -40, 7, 0)
    raising, lowering = Phrasing(words).told(
        kept + "quiet\0loud: “б\udc80”".encode(errors="surrogatepass")
    )
    assert [tuple(one.values()) for one in raising] == [
        ("kg x wording", "… kg: not known and loud: “б\udc80”", 7, [None, -2.5], "3 to 4"),
        ("stops", "1 stop", 5, 1.0, "0 to 2"),
    ]
    assert [tuple(one.values()) for one in lowering] == [
        ("wording", "quiet", -40, -2.5, ""),
        ("base", "it begins", -7, None, ""),
        ("gift", "given away: a gift: no", -6, 0.0, ""),
    ]
    assert {tuple(one) for one in raising + lowering} == {
        ("term", "text", "points", "value", "norm")
    }


@pytest.mark.parametrize("title", ["steel \ud800 pins", 'болты “pins” \\ "x"', "枪 pins\0pins"])
def test_words_of_the_goods_may_be_in_any_letters(title: str) -> None:
    rows = table([(0.5, 0.0, 1.0, None)])
    [(raising, _)] = explain(rows, [title], SHIPMENT, scorecard())
    [told] = [one for one in raising if one["term"] == "wording"]
    assert told["text"] == f"{WORDED}“pins”" and told["points"] == 40


def test_of_a_value_that_no_term_with_points_reads_nothing_is_kept() -> None:
    card = replace(scorecard(), terms=scorecard().terms[:2])
    [one, other] = terms(table([(0.5, 0.0, 0.3, None), (0.5, 0.0, 0.7, None)]), ["pins"] * 2, card)
    assert one == other


def test_a_value_that_is_not_known_is_said_so_and_stays_null() -> None:
    [(raising, lowering)] = explain(table([(None, 0.0, 1.0, None)]), [None], SHIPMENT, scorecard())
    told = {one["term"]: one for one in raising + lowering}
    assert told["freight_ratio"]["value"] is None
    assert (
        told["freight_ratio"]["text"] == "freight costs … times the value of the goods: not known"
    )
    assert told["wording"]["text"] == NO_DESCRIPTION


def test_a_written_criterion_says_its_own_sentence_first() -> None:
    card = scorecard()
    said = Criterion("T1", 'the "freight" is high', "an invoice", "a source")
    terms = (replace(card.terms[0], criterion=said), *card.terms[1:])
    [(raising, lowering)] = explain(
        table([(7.0, 0.0, 0.0, None)]), ["steel pins"], SHIPMENT, replace(card, terms=terms)
    )
    [told] = [one for one in raising + lowering if one["term"] == "T1"]
    assert told["text"].startswith('the "freight" is high: ')


@pytest.mark.parametrize("read", [("freight_ratio", "wording"), ("wording", "freight_ratio")])
def test_a_pair_with_the_goods_words_says_those_of_each_row(read: tuple[str, str]) -> None:
    card = scorecard()
    shape = tuple(len(card.bins[name]) for name in read)
    pair = Term(read, np.full(shape, 9, dtype=np.int32))
    rows = table([(7.0, 0.0, 1.0, None)] * 2)
    told = explain(rows, ["pins", "steel"], SHIPMENT, replace(card, base=0, terms=(pair,)))
    texts = [{*raising[0]["text"].split(" and ")} for raising, _ in told]
    freight = "freight costs 7.00 times the value of the goods"
    assert texts == [{freight, f"{WORDED}“pins”"}, {freight, UNUSUAL}]
    [values] = {tuple(raising[0]["value"]) for raising, _ in told}
    assert values == tuple({"freight_ratio": 7.0, "wording": 1.0}[name] for name in read)


def test_an_infinite_value_is_refused_as_no_json_holds_it() -> None:
    with pytest.raises(ValueError, match="no number that JSON holds"):
        terms(table([(math.inf, 0.0, 0.0, None)]), ["pins"], scorecard())

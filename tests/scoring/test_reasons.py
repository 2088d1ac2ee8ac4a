"""Reasons are written as JSON at once: what is read back is what would have been written."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskprofile.profiles import SHIPMENT
from riskprofile.scoring import reasons
from riskprofile.scoring.reasons import NO_DESCRIPTION, UNUSUAL, WORDED, as_json, explain
from riskprofile.scoring.scorecard import Criterion, Term
from tests.scoring.toy import scorecard

VALUE = st.sampled_from([None, -0.0, 0.0, 1.0, 1.5, 7.0, 1e-6, 123456.789012])
ROWS = st.lists(
    st.tuples(VALUE, VALUE, VALUE, st.none() | st.text(max_size=12)), min_size=1, max_size=12
)


def table(rows: list[tuple[float | None, ...]]) -> pd.DataFrame:
    values = [one[:3] for one in rows]
    return pd.DataFrame(
        values, columns=["freight_ratio", "transit_legs", "wording"], dtype="float64"
    )


@given(ROWS)
def test_what_is_written_is_compact_and_reads_back(rows: list[tuple[float | None, ...]]) -> None:
    card, titles = scorecard(), [str(row[3]) if row[3] is not None else None for row in rows]
    written = as_json(table(rows), titles, SHIPMENT, card)
    for both, sides in zip(written, explain(table(rows), titles, SHIPMENT, card), strict=True):
        for text, side, raises in zip(both, sides, (True, False), strict=True):
            assert text.decode() == json.dumps(side, ensure_ascii=False, separators=(",", ":"))
            assert all((one["points"] > 0) is raises for one in side)
            strengths = [(-abs(one["points"]), one["term"]) for one in side]
            assert strengths == sorted(strengths)


def test_many_rows_are_told_some_at_a_time_as_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(float(n % 7), float(n % 3), n / 8, f"pins {n % 5}") for n in range(40)]
    titles, card = [row[3] for row in rows], scorecard()
    together = as_json(table(rows), titles, SHIPMENT, card)
    monkeypatch.setattr(reasons, "AT_ONCE", 9)
    assert as_json(table(rows), titles, SHIPMENT, card) == together
    assert len({*together}) > 9


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
        as_json(table([(math.inf, 0.0, 0.0, None)]), ["pins"], SHIPMENT, scorecard())

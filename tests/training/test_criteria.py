"""Written criteria: few, whole, sourced, and the sum of those that hold is the rating."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskprofile.errors import InputError
from riskprofile.profiles import TRAVELLER
from riskprofile.scoring import artefact, reasons
from riskprofile.services.settings import CHECKOUT
from riskprofile.store import artefacts
from training import criteria

SHIPPED = CHECKOUT / "models" / "traveller" / "2026.11.1-criteria"


@pytest.fixture
def told() -> dict[str, Any]:
    made: dict[str, Any] = json.loads((SHIPPED / criteria.FILE).read_text("utf-8"))
    return made


def refused(told: dict[str, Any], folder: Path) -> str:
    path = folder / criteria.FILE
    path.write_text(json.dumps(told))
    with pytest.raises(InputError) as error:
        criteria.read(path)
    return error.value.what


def test_what_ships_is_what_its_file_of_criteria_makes(tmp_path: Path) -> None:
    (tmp_path / criteria.FILE).write_bytes((SHIPPED / criteria.FILE).read_bytes())
    digest = criteria.write(tmp_path)
    assert digest == artefacts.serving(CHECKOUT / "models", "traveller").digest
    for name in ("card.md", "scorecard.json", "tables.npz", artefact.MANIFEST):
        assert (tmp_path / name).read_bytes() == (SHIPPED / name).read_bytes()


def test_at_most_fifteen_each_with_a_sentence_a_source_and_whole_points(
    told: dict[str, Any], tmp_path: Path
) -> None:
    assert len(told["criteria"]) <= criteria.MOST == 15
    extra = {**told["criteria"][0], "key": "C99"}
    many = [{**extra, "key": f"C{n}"} for n in range(16)]
    assert "16 criteria" in refused(told | {"criteria": many}, tmp_path)
    for fault, said in (
        ({"source": " "}, "source"),
        ({"says": ""}, "sentence"),
        ({"points": 1.5}, "whole number"),
        ({"points": 0}, "not zero"),
        ({"when": []}, "one feature or two"),
        ({"when": [{"feature": "nationality", "above": 0}]}, "no feature nationality"),
        ({"when": [{"feature": "stay", "below": 0}]}, "not above or at_most"),
    ):
        assert said in refused(told | {"criteria": [extra | fault]}, tmp_path)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_the_rating_is_the_base_and_the_points_of_the_criteria_that_hold(seed: int) -> None:
    written = criteria.read(SHIPPED / criteria.FILE)
    card = artefacts.serving(CHECKOUT / "models", "traveller")
    random = np.random.default_rng(seed)
    n = 40
    values = pd.DataFrame({name: random.normal(3, 12, n).round(6) for name in card.features})
    values = values.mask(random.random(values.shape) < 0.2)
    # On a bound as well as beside it.
    for _, _, conditions in written.criteria:
        for one in conditions:
            values.loc[random.integers(n), one.feature] = one.bound
    expected = np.full(n, written.base)
    for _, points, conditions in written.criteria:
        holds = np.ones(n, dtype=bool)
        for one in conditions:
            given_ = values[one.feature].to_numpy()
            holds &= given_ > one.bound if one.above else given_ <= one.bound
        expected += points * holds
    assert card.points(values).tolist() == expected.tolist()
    for row, (raising, lowering) in enumerate(reasons.explain(values, [None] * n, TRAVELLER, card)):
        terms = [*raising, *lowering]
        assert sum(term["points"] for term in terms) == expected[row]


def test_a_reason_is_the_sentence_of_its_criterion_with_the_value() -> None:
    card = artefacts.serving(CHECKOUT / "models", "traveller")
    values = pd.DataFrame({name: [np.nan] for name in card.features})
    values["firearms_declared"] = 7.0
    [(raising, lowering)] = reasons.explain(values, [None], TRAVELLER, card)
    assert [(one["term"], one["points"]) for one in raising] == [("C04", 250)]
    assert raising[0]["text"] == "more than three firearms are declared: 7 firearms declared"
    assert [one["term"] for one in lowering] == ["base"]

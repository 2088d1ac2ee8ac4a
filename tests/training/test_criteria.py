"""Written criteria: few, whole, sourced, and the sum of those that hold is the rating."""

from __future__ import annotations

import json
from dataclasses import replace
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
from riskprofile.scoring.editing import Edit
from riskprofile.services.promotion import Gate
from riskprofile.services.settings import CHECKOUT
from riskprofile.store import artefacts
from riskprofile.tables import TEXT
from training import criteria, office
from training.refit import Refit, refit

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


@pytest.mark.parametrize("version", ["../x", "", " 1", "v" * 300, "a/b"])
def test_a_version_names_a_folder(told: dict[str, Any], tmp_path: Path, version: str) -> None:
    assert "no version such as 2027.01.1-criteria" in refused(told | {"version": version}, tmp_path)


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


def test_a_fit_weighs_criteria_without_touching_a_sentence_and_its_card_says_so() -> None:
    """People sign what moved: which points, and of what sentence."""
    card = artefacts.serving(CHECKOUT / "models", "traveller")
    draw = np.random.default_rng(4)
    features = {name: draw.choice([0.0, 1.0, 40.0], 300) for name in card.features}
    first = card.terms[0]
    holds = np.asarray(replace(card, terms=(first,)).points(pd.DataFrame(features))) != card.base
    labels = pd.DataFrame(features).assign(
        value=np.where(holds & (draw.random(300) < 0.02), 1, draw.random(300) < 0.1).astype(int),
        selected_by=pd.Series(["score"] * 300, dtype=TEXT),
        probability=np.nan,
        record_id=pd.Series([f"R{n}" for n in range(300)], dtype=TEXT),
        item=1,
    )

    def fitted(*edits: Edit) -> tuple[Refit, str]:
        moved = refit(card, labels, "2027.1", edits)
        recipe = office.OfficeRecipe(
            profile="traveller", version="2027.1", from_version=card.version,
            from_digest=card.digest, outcomes=moved.outcomes, finds=moved.finds,
            labels_digest=moved.digest, edits=edits,
        )  # fmt: skip
        gate = Gate("recall by slice, own outcomes", True, "carrier A|B loses none", "10 points")
        return moved, office.card_text(recipe, moved, [gate], 0)

    moved, text = fitted()
    assert moved.scorecard.written and moved.scorecard.floor == moved.scorecard.base
    for before, after in zip(card.terms, moved.scorecard.terms, strict=True):
        assert (before.features, before.criterion) == (after.features, after.criterion)
        assert f"| {before.said} | " in text
    assert first.criterion is not None and first.criterion.says in first.said
    assert "outcomes moved their points" in text
    assert r"| yes | carrier A\|B loses none | 10 points |" in text
    kept, plain = fitted(*[Edit(term.name, "lock") for term in card.terms])
    assert set(kept.factors.values()) == {1.0}
    assert "outcomes moved their points" not in plain

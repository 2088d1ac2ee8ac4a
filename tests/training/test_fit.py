"""A recipe gives the same bytes again, and what serves keeps what it promises."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
import sklearn

from riskprofile.errors import InputError, RiskProfileError
from riskprofile.profiles import PROFILES
from riskprofile.scoring.scorecard import WORDING
from riskprofile.services.settings import CHECKOUT
from riskprofile.store import artefacts
from training import card, data, evaluate, fit, lawful, record
from training import recipe as recipes
from training.compile import worst_step
from training.recipe import Recipe

SMALL = Recipe(
    profile="shipment",
    version="small",
    rows=40_000,
    data_seed=5,
    start="2025-01-01",
    days=300,
    train_until="2025-07-01",
    test_from="2025-07-02",
    estimator={"iterations": 60, "pairs": 12, "negatives": 20},
)


pytestmark = pytest.mark.xdist_group("fit")  # one process makes and fits the rows


@pytest.fixture(scope="module")
def made() -> data.Data:
    return data.make(SMALL)


@pytest.fixture(scope="module")
def fitted(made: data.Data) -> fit.Fitted:
    return fit.fit(SMALL, made)


@pytest.mark.slow
def test_the_same_recipe_gives_the_same_bytes(
    made: data.Data, fitted: fit.Fitted, tmp_path: Path
) -> None:
    again = fit.fit(SMALL, made)
    assert fit.write(fitted, tmp_path / "one") == fit.write(again, tmp_path / "two")
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


@pytest.mark.slow
def test_a_run_keeps_its_environment_and_its_tables_drawn(
    fitted: fit.Fitted, tmp_path: Path
) -> None:
    fit.write(fitted, tmp_path)
    told = json.loads((tmp_path / record.ENVIRONMENT).read_text())
    assert told["packages"]["scikit-learn"] == sklearn.__version__
    drawn = ElementTree.fromstring((tmp_path / record.PLOTS).read_text())
    single = [term for term in fitted.scorecard.terms if len(term.features) == 1]
    assert len(drawn.findall(".//{*}circle")) == min(len(single), record.DRAWN)
    widest = max(single, key=lambda term: int(term.table.max()) - int(term.table.min()))
    assert drawn.find(".//{*}text").text.startswith(widest.name)  # type: ignore[union-attr]
    assert artefacts.read(tmp_path).keys() >= {record.ENVIRONMENT, record.PLOTS}


@pytest.mark.slow
def test_points_rank_like_the_estimator_behind_them(fitted: fit.Fitted) -> None:
    points = fitted.scorecard.points(fitted.test)
    exact = fitted.beside["before rounding"]
    for budget in (0.01, 0.05):
        difference = evaluate.recall_at(points, fitted.test_labels, budget) - evaluate.recall_at(
            exact, fitted.test_labels, budget
        )
        assert abs(difference) <= 0.02  # a few of some hundred positives at the cut


@pytest.mark.slow
def test_it_finds_more_than_chance_on_the_later_period(fitted: fit.Fitted) -> None:
    points = fitted.scorecard.points(fitted.test)
    assert evaluate.recall_at(points, fitted.test_labels, 0.05) > 0.4


@pytest.mark.slow
def test_every_section_of_the_card_has_something_under_it(fitted: fit.Fitted) -> None:
    sections = card.card(fitted).split("\n## ")[1:]
    assert len(sections) >= 6
    for section in sections:
        title, _, body = section.partition("\n")
        assert body.strip(), title


@pytest.mark.slow
def test_the_card_names_every_world_and_counts_what_was_lent_in_each(fitted: fit.Fitted) -> None:
    said = len(lawful.texts())
    more = replace(fitted, recipe=replace(SMALL, worlds=(6, 7), lawful_trade=2))
    told = card.card(more)
    assert "of 3 worlds of the generator (seeds 5, 6, 7)" in told
    assert f"among them {6 * said:,} rows of lawful trade" in told
    assert "worlds" not in card.card(fitted)


@pytest.mark.slow
def test_too_few_positives_are_refused(made: data.Data) -> None:
    with pytest.raises(RiskProfileError, match="positives to learn from"):
        fit.fit(replace(SMALL, train_until="2025-01-03"), made)


def test_a_recipe_with_an_unknown_entry_is_refused(tmp_path: Path) -> None:
    """And one in which an entry is missing or of another kind: each is named."""
    path = tmp_path / "recipe.json"
    known = json.loads(SMALL.as_json())
    path.write_text(json.dumps(known))
    assert recipes.read(path) == SMALL
    for told, what in (
        ({**known, "flavour": 1}, "unknown: flavour"),
        ({"profile": "shipment"}, "missing: version"),
        ({**known, "worlds": 5}, "of another kind: worlds"),
        ([known], "no entries"),
        ({**known, "profile": "shipmet"}, "unknown: profile shipmet"),
        ({**known, "version": "../x"}, r"no version such as 2027\.01\.1: '\.\./x'"),
        ({**known, "version": " "}, "no version .*"),
        ({**known, "version": "v" * 300}, "no version such as .*: 'v{40}'"),
        ({**known, "start": "2025-13-01"}, "no day: start 2025-13-01"),
        ({**known, "train_until": "soon"}, "no day: train_until soon"),
        ({**known, "worlds": [1, "b"]}, "of another kind: worlds"),
        ({**known, "drop": ["gross"]}, "no such feature: gross"),
        ({**known, "given_pairs": [["gross_mass"]]}, "of another kind: given_pairs"),
        ({**known, "given_pairs": [["gross", "gross_mass"]]}, "no such feature: gross"),
        ({**known, "estimator": {"pair": 3}}, "unknown: estimator pair"),
        ({**known, "estimator": {"seed": 3}}, "unknown: estimator seed"),
        ({**known, "estimator": {"pairs": "many"}}, "of another kind: estimator pairs"),
        ({**known, "estimator": {"cuts": True}}, "of another kind: estimator cuts"),
        ({**known, "wording": {"flavour": 1}}, "unknown: wording flavour"),
        ({**known, "wording": {"least": 1.5}}, "of another kind: wording least"),
        ({**known, "start": "2025-W01-1"}, "no day: start 2025-W01-1"),
        ({**known, "test_from": "20250301"}, "no day: test_from 20250301"),
        ({**known, "train_until": SMALL.start}, "out of order: .*"),
        ({**known, "test_from": SMALL.start}, "out of order: .*"),
        ({**known, "test_from": "2030-01-01"}, "out of order: .*"),
        ({**known, "rows": True}, "of another kind: rows"),
        ({**known, "rows": 0}, "out of range: rows 0"),
        ({**known, "found": 1.5}, r"out of range: found 1\.5"),
        ({**known, "worlds": [2, -1]}, "out of range: worlds -1"),
        ({**known, "estimator": {"cuts": -1}}, "out of range: estimator cuts -1"),
        ({**known, "found": float("nan")}, "no number: NaN"),
        (f'{{"found": 1e999, {json.dumps(known)[1:]}', "no number: 1e999"),
        ("[" * 100_000, "maximum recursion depth exceeded.*"),
        (
            {**known, "drop": ["gross_mass"], "given_pairs": [["gross_mass", "packages"]]},
            "no such feature: gross_mass",
        ),
    ):
        path.write_text(told if isinstance(told, str) else json.dumps(told))
        with pytest.raises(InputError, match=rf"not a recipe \({what}\)"):
            recipes.read(path)


@pytest.mark.parametrize("profile", list(PROFILES))
def test_no_monotone_feature_of_what_serves_ever_moves_the_points_the_other_way(
    profile: str,
) -> None:
    scorecard = artefacts.serving(CHECKOUT / "models", profile, learnt=True)
    promised = {one.name: one.monotone for one in PROFILES[profile].features if one.monotone}
    promised[WORDING] = 1
    for name in set(promised) & set(scorecard.features):
        assert worst_step(name, promised[name], scorecard.terms) >= 0, name


@pytest.mark.parametrize("profile", list(PROFILES))
def test_the_recipe_beside_what_was_learnt_is_its_own(profile: str) -> None:
    scorecard = artefacts.serving(CHECKOUT / "models", profile, learnt=True)
    told = recipes.read(CHECKOUT / "models" / profile / scorecard.version / "recipe.json")
    assert (told.profile, told.version) == (profile, scorecard.version)

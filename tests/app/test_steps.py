"""A term as it is drawn: every bin has its place and its words, in each language."""

from __future__ import annotations

import re

import numpy as np
import pytest

from app import steps, terms
from riskprofile import words
from riskprofile.scoring.editing import Edit, edited
from riskprofile.scoring.scorecard import Scorecard
from riskprofile.services import speaking
from riskprofile.services import terms as service
from riskprofile.services.settings import CHECKOUT
from riskprofile.store import artefacts
from riskprofile.words import form

EN, FR = words.of("en"), words.of("fr")


@pytest.fixture(scope="module")
def card() -> Scorecard:
    return artefacts.serving(CHECKOUT / "models", "shipment")


def test_ends_of_bins_stay_apart_however_small_they_are() -> None:
    assert [form.end(EN, one) for one in (0.007612, 0.0081, 12345.6, -2.5, np.inf)] == [
        "0.007612", "0.0081", "12\u202f346", "−2.5", "",
    ]  # fmt: skip
    assert form.end(FR, 0.25) == "0,25"
    assert (terms.signed(FR, -0.004), terms.signed(EN, -0.0001)) == ("−0,004", "+0.000")


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_every_term_of_what_ships_is_drawn_with_all_its_bins(card, language) -> None:
    say = words.of(language)
    for line in service.lines(card, []):
        term = next(one for one in card.terms if one.name == line.name)
        title = terms.said(say, "shipment", line)
        assert title and "{" not in title and "[" not in title
        if line.pair:
            drawn = steps.pair(say, title, card, term, gone=False)
            assert drawn.count("<tr>") <= steps.CELLS + 1
            continue
        bins = service.bins(card, card, term, None)
        named = [steps.named(say, one) for one in bins]
        assert len(set(named)) == len(bins), line.name
        drawn = steps.single(say, title, bins, 0)
        assert drawn.count("<tr>") == len(bins) + 1
        # What serves and what is edited lie on each other, at every bin.
        levels = [
            re.findall(rf'<{tag} style="left:[\d.]+%;width:[\d.]+%;top:([\d.]+)%"', drawn)
            for tag in "si"
        ]
        assert levels[0] == levels[1] and len(levels[0]) == len(bins)


def test_an_edit_is_said_with_its_bin_before_and_after(card) -> None:
    said = terms.edit_said(EN, card, Edit("freight_ratio", "set", 3, 40))
    assert said.startswith("Freight against value, ") and said.endswith(" to +40")
    assert terms.edit_said(EN, card, Edit("freight_ratio", "lock")) == (
        "Freight against value: lock"
    )
    called = "Fret par rapport à la valeur"
    # Made of another scorecard, whose term had other bins, or none.
    assert terms.edit_said(FR, card, Edit("freight_ratio", "set", 999, 1)) == called
    without = edited(card, [Edit("freight_ratio", "drop")])
    assert terms.edit_said(FR, without, Edit("freight_ratio", "set", 3, 1)) == called


def test_a_written_criterion_is_said_in_the_language_of_the_page() -> None:
    criteria = artefacts.serving(CHECKOUT / "models", "traveller")
    for language in words.LANGUAGES:
        told = [
            terms.said(words.of(language), "traveller", one) for one in service.lines(criteria, [])
        ]
        assert all(told) and len(set(told)) == len(told)
    assert speaking.term(FR, "shipment", ["wording"]) == "mots de la désignation des marchandises"

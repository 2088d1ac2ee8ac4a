"""Fits on the page of scorecards, in the words of the reader."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import fitting, words
from riskprofile.errors import RiskProfileError
from riskprofile.services import fitting as fits
from riskprofile.services import promotion, settings
from riskprofile.services.identity import OWNER
from training import office


def failed(fault: str, do: str = "") -> fits.Fit:
    return fits.Fit("shipment", "2031.1", "anna", "", fits.FAILED, fault=fault, do=do)


def test_what_a_fit_failed_of_is_told_in_the_words_of_the_reader(tmp_path: Path) -> None:
    told = settings.load({}, home=tmp_path)
    store = settings.open_store(told)
    with pytest.raises(RiskProfileError) as nothing:
        office.fit(store, told, OWNER, "shipment", "2031.1", tmp_path / "out")
    version = promotion.serving(store, told.models, "shipment").version
    store.close()
    one = failed(nothing.value.what, nothing.value.do or "")
    assert fitting.failed_of(words.of("fr"), one) == (
        f"Aucun résultat de ce que shipment {version} a évalué n’est encore confirmé."
        " Refaites l’ajustement quand une seconde personne en aura confirmé."
    )
    assert fitting.failed_of(words.of("en"), one) == f"N{one.fault[1:]}. {one.do}"


def test_what_has_no_words_on_pages_is_told_in_english_and_marked_so() -> None:
    one = failed("a <b> splits on categories", "Give numbers only")
    assert fitting.failed_of(words.of("ar"), one) == (
        '<span lang="en" dir="ltr">A &lt;b&gt; splits on categories.</span>'
        ' <span lang="en" dir="ltr">Give numbers only.</span>'
    )

"""What an officer is refused is said in the language of the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from riskprofile import services, words
from riskprofile.errors import RiskProfileError
from riskprofile.services import refusals, review
from tests.services.bench import INES, NOW, taken

SERVICES = Path(services.__file__).parent
SENTENCES = {
    key: text
    for key, text in words.of(words.DEFAULT).entries.items()
    if key.startswith(refusals.KEYS)
}


def refused(store, decision: str, reason: str) -> RiskProfileError:
    alert = taken(store)
    with pytest.raises(RiskProfileError) as found:
        review.decide(store, INES, alert, decision, reason, NOW)
    return found.value


def test_a_reason_that_is_too_short_is_refused_in_the_words_of_the_reader(store):
    error = refused(store, "release", "short")
    assert refusals.said(words.of("fr"), error) == (
        "Un motif pour « libérer » a au moins 20 caractères."
        " Dites ce que vous avez vu, pour qui lira cela plus tard."
    )
    assert refusals.said(words.of("en"), error) == (
        "A reason for release has at least 20 characters."
        " Say what you saw, for whoever reads this later."
    )


def test_all_faults_of_a_form_are_told_and_where_they_are():
    error = RiskProfileError(
        "how it was examined is missing; outcome nothing has no items", where="A-7"
    )
    assert refusals.said(words.of("es"), error) == (
        "A-7: falta cómo se examinó; el resultado «nada» no tiene objetos"
    )


def test_what_the_catalogue_does_not_know_stays_whole_in_english():
    error = RiskProfileError("nobody holds this alert", do="Ask the keeper of the seals.")
    assert refusals.said(words.of("ar"), error) == (
        "Nobody holds this alert. Ask the keeper of the seals."
    )


def test_every_sentence_of_the_catalogue_is_one_that_a_service_says():
    source = "".join(path.read_text("utf-8") for path in sorted(SERVICES.glob("*.py")))
    pieces = {
        key: [part for part in refusals.PLACE.split(text) if part.strip(" ()") and part[0] != "{"]
        for key, text in SENTENCES.items()
    }
    unsaid = {key: one for key, parts in pieces.items() for one in parts if one not in source}
    assert unsaid.keys() <= {"refusal.closed"}  # the state of an alert is a value

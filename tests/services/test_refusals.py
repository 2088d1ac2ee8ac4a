"""What an officer is refused is said in the language of the page."""

from __future__ import annotations

import ast
from collections.abc import Iterator
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


# What the buttons of officers and supervisors call.
BEHIND = (
    *("assigning", "blind", "deciding", "desk", "outcomes", "raising", "snoozing", "training_log"),
    "unmasking",
)
# What the page does not let happen: it offers what is known, and hides what one may not do.
NEVER = (
    *("unknown decision", "unknown view", "you have not opened this alert", "a share of"),
    *("a release is confirmed by another person", "an outcome is confirmed by another person"),
    *("an item found has no", "an alert can be put aside for at most", "1 to x alerts can be put"),
    *("red alerts and travellers are put aside", "this alert waits for your own view"),
    *("a request is allowed by another person", "this request is another person's"),
    *("nobody has allowed this request yet", "there is no such request in your office"),
    *(
        "x has not come yet",
        "x holds this alert",
        "x has confirmed this outcome",
        "x allowed this request already",
    ),
)


def refusals_of(name: str) -> Iterator[str]:
    """The sentences that a service raises, an `x` in each place."""
    for node in ast.walk(ast.parse((SERVICES / f"{name}.py").read_text("utf-8"))):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            one = node.exc.args[0]
            yield from map(filled, [one.body, one.orelse] if isinstance(one, ast.IfExp) else [one])


def filled(sentence: ast.expr) -> str:
    parts = sentence.values if isinstance(sentence, ast.JoinedStr) else [sentence]
    return "".join(str(one.value) if isinstance(one, ast.Constant) else "x" for one in parts)


@pytest.mark.parametrize("name", BEHIND)
def test_whatever_an_officer_can_be_refused_is_in_the_catalogue(name):
    french = words.of("fr")
    for told in refusals_of(name):
        if told in ("x", "this alert is x") or told.startswith(NEVER):
            continue  # the faults of a form, and the state of an alert
        error = RiskProfileError(told)
        assert refusals.said(french, error) != refusals.said(words.of("en"), error), told

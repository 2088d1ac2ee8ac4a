"""What a service refused, in the language of the page.

A service says in English what is wrong and what to do. The catalogue holds the same sentences, with
their places, under `refusal.`: what fits one of them is said in the reader's language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from riskprofile.errors import RiskProfileError
from riskprofile.words import DEFAULT, Words, of
from riskprofile.words.form import sentence

KEYS = "refusal."
PLACE = re.compile(r"(\{\w+\})")
_FAULTS = "; "  # between the faults of one form
_CODES = ("decision", "outcome")  # places that hold a word of ours


def said(say: Words, error: RiskProfileError) -> str:
    """A refusal as sentences; in English where the catalogue does not know all of it.

    >>> from riskprofile.errors import Conflict
    >>> said(of("es"), Conflict("nobody holds this alert", do="Claim it first."))
    'Nadie tiene esta alerta. Tómela primero.'
    """
    if say.language == DEFAULT:
        return sentence(error)
    faults = [_told(say, one) for one in error.what.split(_FAULTS)]
    told = [*faults, _told(say, error.do) if error.do else ""]
    if None in told:
        return sentence(error)
    what = say.listed((one for one in faults if one), ";")
    text = f"{error.where}: {what}" if error.where else what[:1].upper() + what[1:]
    return f"{text}. {told[-1]}" if error.do else text


def _told(say: Words, text: str) -> str | None:
    for key, pattern in _patterns().items():
        if found := pattern.fullmatch(text):
            return say(key, **_spelled(say, found.groupdict()))
    return None


def _spelled(say: Words, values: Mapping[str, str]) -> dict[str, str]:
    return {
        name: say.maybe(f"{name}.{value}", value).lower() if name in _CODES else value
        for name, value in values.items()
    }


@cache
def _patterns() -> Mapping[str, re.Pattern[str]]:
    """Key -> what fits the sentence; those with the fewest places first."""
    known = {key: text for key, text in of(DEFAULT).entries.items() if key.startswith(KEYS)}
    return {
        key: re.compile(
            "".join(
                f"(?P<{part[1:-1]}>.+?)" if part.startswith("{") else re.escape(part)
                for part in PLACE.split(known[key])
            )
        )
        for key in sorted(known, key=lambda one: len(PLACE.findall(known[one])))
    }

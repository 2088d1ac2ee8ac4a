"""The catalogue of words, as every page reads it; and what a service refused, in those words."""

from pathlib import PurePath

from riskprofile.errors import RiskProfileError, StoreError
from riskprofile.words import DEFAULT, LANGUAGES, Message, Words, choose, of, told_of
from riskprofile.words.form import sentence

__all__ = ["DEFAULT", "LANGUAGES", "Words", "choose", "of", "refusal", "unread"]

_CODES = ("decision", "outcome", "role")  # values that are words of ours


def refusal(say: Words, error: RiskProfileError) -> str:
    """A refusal as sentences; in English where not all of it is a message.

    Of a database that fails, what is the matter, for whoever runs it; where it, or any file of the
    server, lies is nothing for a page.

    >>> from riskprofile.errors import Conflict
    >>> refusal(of("es"), Conflict(Message("refusal.nobody"), do=Message("refusal.do_claim")))
    'Nadie tiene esta alerta. Tómela primero.'
    """
    if isinstance(error, StoreError):
        return sentence(say("fault.store", what=error.what))
    parts = (*error.faults, error.do) if error.do else error.faults
    if not all(isinstance(part, Message) for part in parts):
        say = of(DEFAULT)  # two languages in one answer would read worse
    what = say.listed((_said(say, fault) for fault in error.faults), ";")
    tells = error.where and not PurePath(error.where).is_absolute()
    text = say.listed([error.where, what], ":") if tells else sentence(what)
    return f"{text}. {_said(say, error.do)}" if error.do else f"{text}."


def unread(say: Words, kept: str) -> str:
    """Why a file was not read, told as English was kept of it; so as it is, where it has no words.

    >>> unread(of("es"), "is truncated or damaged")
    'está cortado o dañado'
    """
    told = told_of(kept, "unread.")
    return kept if told is None else say(told.key, **told.values)


def _said(say: Words, part: str) -> str:
    if say.language == DEFAULT or not isinstance(part, Message):
        return part
    values = {
        name: say.maybe(f"{name}.{value}", value).lower() if name in _CODES else value
        for name, value in part.values.items()
    }
    return say(part.key, **values)

"""The catalogue of words: one JSON file per language, the same keys in each.

Values are filled with `str.format`; a plural is a key for each form, `name.one` to `name.other`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Self

LANGUAGES = ("en", "fr", "es", "ar")
COMMA = ("fr", "es")  # languages that write 4,25
RIGHT_TO_LEFT = ("ar",)
# As a language writes them where it does not do so as English does.
MARKS = {"ar": {",": "،", ";": "؛"}, "fr": {";": " ;", ":": " :"}}
# Plural forms of a language, as CLDR names them; of all others it is one and other.
FORMS = {"ar": ("one", "two", "few", "many", "other")}
DEFAULT = "en"


@dataclass(frozen=True)
class Words:
    """The words of one language; calling it gives a sentence.

    >>> of("en")("capacity.buys", n=48)
    'What 48 buys'
    """

    language: str
    entries: Mapping[str, str]

    def __call__(self, key: str, **values: Any) -> str:
        """The words of `key` with `values` put in; a missing key is a fault, not a blank."""
        return self.entries[key].format(**values)

    def many(self, key: str, n: float, **values: Any) -> str:
        """`key` in the form that `n` asks for, which fills `{n}`.

        >>> of("ar").many("outcome.items_total", 2), of("ar").many("outcome.items_total", 11)
        ('قطعتان', '11 قطعة')
        """
        return self(f"{key}.{plural(self.language, n)}", n=self.number(n), **values)

    def forms(self, key: str) -> dict[str, str]:
        """`key` in every plural form, `{n}` to be filled by a page that counts by itself.

        >>> of("en").forms("idle.locks")["one"]
        'This page locks in {n} second.'
        """
        names = FORMS.get(self.language, ("one", "other"))
        return {name: self(f"{key}.{name}", n="{n}") for name in names}

    def maybe(self, key: str, otherwise: str) -> str:
        """The words of a key made from data (a column, a code), or what is given."""
        return self.entries.get(key, otherwise)

    def number(self, value: float) -> str:
        """A figure with thin groups of thousands, at most three decimals and a true minus.

        >>> of("en").number(25544), of("fr").number(-4.25)
        ('25\\u202f544', '−4,25')
        """
        if isinstance(value, float) and not value.is_integer():
            text = f"{value:,.3f}".rstrip("0").rstrip(".")
        else:
            text = f"{int(value):,}"
        whole, _, rest = text.replace("-", "−").partition(".")
        point = "," if self.language in COMMA else "."
        return whole.replace(",", "\u202f") + (point + rest if rest else "")

    @property
    def right_to_left(self) -> bool:
        """Whether the language is written from the right."""
        return self.language in RIGHT_TO_LEFT

    def listed(self, parts: Iterable[str], mark: str = ",") -> str:
        """The parts after each other, with the comma, semicolon or colon of the language.

        >>> of("en").listed(["a", "b"]), of("ar").listed(["a", "b"])
        ('a, b', 'a، b')
        >>> of("fr").listed(["a", "b"], ";"), of("fr").listed(["a", "b"], ":")
        ('a ; b', 'a : b')
        """
        return f"{MARKS.get(self.language, {}).get(mark, mark)} ".join(parts)

    def name_of(self, language: str) -> str:
        """A language's own name for itself."""
        return of(language)("language.self")


def plural(language: str, n: float) -> str:
    """The plural form that a number, which is not below 0, asks for: the rules are those of CLDR.

    >>> [plural("ar", n) for n in (0, 1, 2, 3, 10, 11, 99, 100, 102, 103)]
    ['other', 'one', 'two', 'few', 'few', 'many', 'many', 'other', 'other', 'few']
    >>> plural("fr", 0), plural("fr", 1.5), plural("en", 0), plural("en", 1)
    ('one', 'one', 'other', 'one')
    """
    if language == "ar":
        if n in (1, 2):
            return "one" if n == 1 else "two"
        rest = n % 100
        return "few" if 3 <= rest <= 10 else "many" if rest >= 11 else "other"
    return "one" if n == 1 or (language == "fr" and n < 2) else "other"


@cache
def of(language: str) -> Words:
    """The words of `language`."""
    name = f"{language if language in LANGUAGES else DEFAULT}.json"
    text = resources.files("riskprofile.words").joinpath(name).read_text("utf-8")
    return Words(language, json.loads(text))


def told_of(kept: str, head: str) -> Message | None:
    """The message whose English is this sentence, as it was kept; None where there is none.

    Parameters
    ----------
    head : str
        What its key begins with.

    >>> found = told_of("unpacks to more than 500 MB", "unread.")
    >>> found.key, found.values
    ('unread.unpacks_mb', {'n': '500'})
    """
    for key, form in _forms(head):
        if found := form.fullmatch(kept):
            return Message(key, **found.groupdict())
    return None


@cache
def _forms(head: str) -> list[tuple[str, re.Pattern[str]]]:
    """What each English sentence under a head looks like, those that say most first."""
    named = [(key, text) for key, text in of(DEFAULT).entries.items() if key.startswith(head)]
    named.sort(key=lambda one: -len(one[1]))
    return [(key, _form(text)) for key, text in named]


def _form(text: str) -> re.Pattern[str]:
    """What a sentence looks like whose values are put in. A value but the last ends where the words
    behind it first stand, which is never tried elsewhere: a long text is read once.
    """
    head, *values = re.split(r"\{(\w+)\}", text)
    parts = [
        f"(?P<{name}>.+?){re.escape(behind)}"
        for name, behind in zip(values[::2], values[1::2], strict=True)
    ]
    parts[:-1] = [f"(?>{part})" for part in parts[:-1]]
    return re.compile(re.escape(head) + "".join(parts), re.DOTALL)


def choose(kept: str | None, accepted: str) -> str:
    """The language kept in a cookie, else the first known one that the browser accepts.

    >>> choose(None, "fr-CA,fr;q=0.9,en;q=0.5")
    'fr'
    """
    if kept in LANGUAGES:
        return kept
    for part in accepted.split(","):
        code = part.split(";")[0].strip().lower()[:2]
        if code in LANGUAGES:
            return code
    return DEFAULT


class Message(str):
    """A sentence in English that remembers its key and values, so that other languages have it.

    >>> told = Message("refusal.view_said", who="ines")
    >>> told, of("es")(told.key, **told.values)
    ('ines has said a view of this alert', 'ines ya dio una opinión de esta alerta')
    """

    key: str
    values: Mapping[str, Any]

    def __new__(cls, key: str, **values: Any) -> Self:
        made = super().__new__(cls, of(DEFAULT)(key, **values))
        made.key, made.values = key, values
        return made

    def __getnewargs_ex__(self) -> tuple[tuple[str], Mapping[str, Any]]:
        """What makes it again in another process."""
        return (self.key,), self.values

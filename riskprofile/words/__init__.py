"""The catalogue of words: one JSON file per language, the same keys in each.

Values are filled with `str.format`; plurals are two keys, `name.one` and `name.other`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

LANGUAGES = ("en", "fr", "es")
COMMA = ("fr", "es")  # languages that write 4,25
DEFAULT = "en"


@dataclass(frozen=True)
class Words:
    """The words of one language; calling it gives a sentence.

    >>> of("en")("queue.open", n=48)
    '48 open'
    """

    language: str
    entries: Mapping[str, str]

    def __call__(self, key: str, **values: Any) -> str:
        """The words of `key` with `values` put in; a missing key is a fault, not a blank."""
        return self.entries[key].format(**values)

    def many(self, key: str, n: int, **values: Any) -> str:
        """The singular or plural of `key` for `n`, which fills `{n}`.

        French counts 0 and 1 as singular, English only 1.
        """
        singular = n in (0, 1) if self.language == "fr" else n == 1
        return self(f"{key}.{'one' if singular else 'other'}", n=self.number(n), **values)

    def maybe(self, key: str, otherwise: str) -> str:
        """The words of a key made from data (a column, a code), or what is given."""
        return self.entries.get(key, otherwise)

    def number(self, value: float) -> str:
        """A figure with thin groups of thousands and at most three decimals.

        >>> of("en").number(25544), of("fr").number(4.25)
        ('25\\u202f544', '4,25')
        """
        if isinstance(value, float) and not value.is_integer():
            text = f"{value:,.3f}".rstrip("0").rstrip(".")
        else:
            text = f"{int(value):,}"
        whole, _, rest = text.partition(".")
        point = "," if self.language in COMMA else "."
        return whole.replace(",", "\u202f") + (point + rest if rest else "")

    def name_of(self, language: str) -> str:
        """A language's own name for itself."""
        return of(language)("language.self")


@cache
def of(language: str) -> Words:
    """The words of `language`."""
    name = f"{language if language in LANGUAGES else DEFAULT}.json"
    text = resources.files("riskprofile.words").joinpath(name).read_text("utf-8")
    return Words(language, json.loads(text))


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

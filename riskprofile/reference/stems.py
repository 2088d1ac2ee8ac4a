"""A light stemmer: one key for a word and its plural or case, by script.

It need not be right about grammar, only the same for a term and for a declared word.
"""

from __future__ import annotations

import re
from functools import lru_cache

from riskprofile.reference.text import plain

_CYRILLIC = re.compile("[\u0400-\u052f]")
_ARABIC = re.compile("[\u0600-\u06ff]")
# After folding: й is и and ё is е. Longest first.
_RUSSIAN = (
    "ими", "ыми", "ами", "ями", "ого", "его", "ому", "ему", "ая", "яя", "ое", "ее", "ые", "ие",
    "ыи", "ии", "ои", "ов", "ев", "еи", "ам", "ям", "ах", "ях", "ом", "ем", "ую", "юю", "ых", "их",
    "ым", "им", "ью", "а", "я", "о", "е", "ы", "и", "у", "ю", "ь",
)  # fmt: skip
_ARTICLES = ("وال", "بال", "كال", "فال", "ال", "لل")


@lru_cache(maxsize=1 << 14)
def stem(word: str) -> str:
    """The key of one clean word.

    >>> stem("Pistols"), stem("пистолеты"), stem("glass")
    ('pistol', 'пистолет', 'glass')
    """
    key = plain(word)
    if key.isascii():
        if len(key) > 3 and key.endswith("s") and not key.endswith(("ss", "us", "is")):
            return key[:-1]
        return key
    if _CYRILLIC.search(key):
        for ending in _RUSSIAN:
            if key.endswith(ending) and len(key) - len(ending) >= 4:
                return key[: -len(ending)]
    elif _ARABIC.search(key):
        for article in _ARTICLES:
            if key.startswith(article) and len(key) - len(article) >= 3:
                return key[len(article) :]
    return key


def other_stems(word: str) -> tuple[str, ...]:
    """Further keys of an inflected Latin or Arabic word, to be tried after `stem`.

    >>> other_stems("fusiles")
    ('fusil',)
    """
    key = plain(word)
    if key.isascii():
        endings: tuple[str, ...] = ("es", "en", "ern", "er", "em", "e", "n", "x")
    elif _ARABIC.search(key):
        endings = ("ات", "ين", "ون", "ان", "ه")
    else:
        return ()
    if not key.endswith(endings):
        return ()
    return tuple(
        key[: -len(ending)]
        for ending in endings
        if key.endswith(ending) and len(key) - len(ending) >= 5
    )


# Plurals that change more than an ending: Portuguese, French, Spanish; Russian genitives of
# the plural, which lose an ending and may gain a vowel.
_PLURALS = (("oes", "ao"), ("aes", "ao"), ("aux", "al"), ("ais", "al"), ("eis", "el"), ("is", "il"))
_GENITIVES = (("еи", "ь"), ("ок", "к"), ("ек", "к"), ("ен", "н"))
_PLURAL_ENDINGS = tuple(ending for ending, _ in _PLURALS + _GENITIVES)


def singulars(word: str) -> tuple[str, ...]:
    """Keys of the singular that a plural may be of, by the grammar of its language.

    >>> singulars("armacoes"), singulars("винтовок"), singulars("table")
    (('armacao',), ('винтовк',), ())
    """
    key = plain(word)
    if not key.endswith(_PLURAL_ENDINGS):
        return ()
    rules = _PLURALS if key.isascii() else _GENITIVES if _CYRILLIC.search(key) else ()
    return tuple(
        key[: -len(ending)] + singular
        for ending, singular in rules
        if key.endswith(ending) and len(key) - len(ending) >= 3
    )

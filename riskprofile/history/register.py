"""Whether two normal forms of a name or an address are one, and where to look for the other.

Pure: the forms known so far lie in the database (`store.parties`) and are frozen before a
run. A form is compared only with forms that share a block with it, and joins the most
alike of those that stand for themselves, so that joins never form chains. Thresholds were
chosen on one half of `data/synthetic/parties.tsv`; `python -m benchmarks.parties` prints
precision and recall on the other half.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from rapidfuzz.distance import OSA

from riskprofile.reference.naming import GENERIC
from riskprofile.reference.text import GROUP

SURE = {"party": 0.85, "address": 0.85}  # from here on two forms are one
FUZZY = tuple(SURE)  # telephones and codes are compared exactly or not at all
BARE = 0.3  # vowels among letters up to which a form comes from a script without them
_SHORTEST = 5  # letters under which a word allows no slip
_LONG = 10  # letters from which it allows two
_ARTICLE = re.compile(r"(?m)^[ae]l(?=\w{3})")
_HALF_VOWELS = str.maketrans({"w": "", "y": "", "j": "g"})
_CLASSES = str.maketrans("pfvgjcqzdx", "bbbkkkkstk")
_HARD = str.maketrans("pfvgjcqzdx", "bbbkkkkstk", "aeiouh")
_AGAIN = re.compile(r"(.)\1+")
_SOUNDS = (
    ("shch", "s"), ("sch", "s"), ("tch", "c"), ("kh", "h"), ("ch", "h"), ("zh", "j"), ("sh", "s"),
    ("ts", "c"), ("tz", "c"), ("ph", "f"), ("ck", "k"), ("qu", "k"), ("th", "t"), ("gh", "g"),
    ("ou", "u"), ("oo", "u"), ("ee", "i"), ("iu", "u"), ("yu", "u"), ("ju", "u"), ("ia", "a"),
    ("ya", "a"), ("ja", "a"), ("ye", "e"), ("ie", "e"), ("je", "e"), ("ks", "x"), ("dj", "j"),
    ("q", "k"), ("w", "v"), ("y", "i"), ("j", "i"),
)  # fmt: skip


@lru_cache(maxsize=1 << 14)
def sound(word: str) -> str:
    """A word as the common romanisations agree to sound it.

    >>> sound("zhukhov") == sound("jukhow"), sound("yulia") == sound("iulia")
    (True, True)
    """
    return _sounded(word)


@lru_cache(maxsize=1 << 14)
def frame(word: str) -> str:
    """The consonants of a word, as scripts without short vowels write them.

    Letters that Arabic and Hebrew do not keep apart count as one.

    >>> frame("selorindo") == frame("slwryndw"), frame("pavel") == frame("bafl")
    (True, True)
    """
    return _AGAIN.sub(GROUP, consonants(word))


def frames(words: Sequence[str]) -> list[str]:
    """The frame of each, in a fraction of the time.

    >>> frames(["pavel", "", "alnoor"])
    ['bl', '', 'nr']
    """
    # What is doubled before vowels go is doubled afterwards: to look for it once is enough.
    lines = _spelt(_bare("\n".join(words))).translate(_HARD)
    return _AGAIN.sub(GROUP, lines).split("\n") if words else []


def beginnings(words: Sequence[str]) -> list[str]:
    """What each begins with as it sounds; letters of one class count as one."""
    sounds = _spelt("\n".join(words)).translate(_CLASSES)
    return [one[:1] for one in sounds.split("\n")] if words else []


def _sounded(lines: str) -> str:
    """A word, or one a line."""
    return _AGAIN.sub(GROUP, _spelt(lines))


def _spelt(lines: str) -> str:
    """The same, in which doubled letters stand as they are."""
    for letters, one in _SOUNDS:
        if letters in lines:
            lines = lines.replace(letters, one)
    return lines


def consonants(lines: str) -> str:
    """The frame of a word, or of one a line, in which doubled letters stand as they are."""
    return _sounded(_bare(lines)).translate(_HARD)


def _bare(lines: str) -> str:
    """Without articles and half vowels."""
    return _ARTICLE.sub("", lines).translate(_HALF_VOWELS)


def numbered(word: str) -> bool:
    """Whether a word has a digit."""
    return not word.isalpha() and any(map(str.isdigit, word))


def _apart(words: Iterable[str]) -> tuple[list[str], list[str]]:
    """Words with digits, and words without."""
    numbers: list[str] = []
    names: list[str] = []
    for word in words:
        (numbers if numbered(word) else names).append(word)
    return numbers, names


def _house(numbers: list[str]) -> list[str]:
    """Numbers of an address without its postcode: the longest, of four digits or more."""
    code = max(numbers, key=len, default="")
    if len(numbers) < 2 or len(code) < 4:
        return numbers
    return [number for number in numbers if number != code]


def _postcode_apart(numbers: list[str], others: list[str]) -> bool:
    """Whether two addresses differ by a postcode that one leaves out."""
    more, fewer = (numbers, others) if len(numbers) > len(others) else (others, numbers)
    return len(more) == len(fewer) + 1 and _house(more) == fewer


def alike(family: str, one: str, other: str) -> float:
    """How sure it is that two forms of a family are one, from 0 to 1.

    Numbers, initials and generic words must be the same. Of the other words each must
    find its like: a slip in a word of five letters or more, two from ten on, the same
    sound, or the same consonants where a script leaves vowels out.
    """
    if one == other:
        return 1.0
    numbers, fixed, left = _parsed(one)
    others, also_fixed, right = _parsed(other)
    if family == "party" and fixed != also_fixed:
        return 0.0
    if numbers != others:
        apart = family == "address" and _postcode_apart(numbers, others)
        return 0.9 if apart and left == right and len(left) > 1 else 0.0
    if not left or not right:
        return 0.0
    if len(left) != len(right):
        return _joined(left, right)
    bare = (_vowel_share(one) <= BARE) != (_vowel_share(other) <= BARE)
    return _paired(left, right, bare)


@lru_cache(maxsize=1 << 13)
def _parsed(form: str) -> tuple[list[str], list[str], list[str]]:
    """Words with digits; initials and generic words, which no slip explains; all but digits."""
    numbers, names = _apart(form.split())
    return numbers, [word for word in names if len(word) == 1 or word in GENERIC], names


def _paired(left: list[str], right: list[str], bare: bool) -> float:
    """Each word of as many with its like, best first; 0 when one has none."""
    rest = list(right)
    unsure, letters = 0.0, 0
    for word in sorted(left, key=lambda one: (-len(one), one)):
        if word in rest:  # nothing is liker than the word itself
            rest.remove(word)
            letters += len(word)
            continue
        likes = [(_likeness(word, other, bare), other) for other in rest]
        best, other = max(likes)
        if not best:
            return 0.0
        rest.remove(other)
        size = max(len(word), len(other))
        unsure += (1.0 - best) * size
        letters += size
    return 1.0 - unsure / letters


@lru_cache(maxsize=1 << 13)
def _likeness(one: str, other: str, bare: bool) -> float:
    if one == other:
        return 1.0
    size = max(len(one), len(other))
    if min(len(one), len(other)) < 2:
        return 0.0
    if sound(one) == sound(other):
        return 0.97
    if one.replace("mp", "b") == other.replace("mp", "b") and min(len(one), len(other)) >= 5:
        return 0.92  # Greek writes b as mp
    if bare and frame(one) == frame(other) and len(frame(one)) >= 2:
        return 0.90
    allowed = 0 if min(len(one), len(other)) < _SHORTEST else 1 if size < _LONG else 2
    if not allowed or sound(one)[:1].translate(_CLASSES) != sound(other)[:1].translate(_CLASSES):
        return 0.0  # slips seldom fall on the first letter; other names often do
    if size < _LONG and _other_vowel(one, other):
        return 0.0  # Maran and Moran are two names
    slips = min(
        OSA.distance(one, other, score_cutoff=2), OSA.distance(sound(one), sound(other)) + 0.25
    )
    return 1.0 - slips / size if slips <= allowed else 0.0


def _other_vowel(one: str, other: str) -> bool:
    """Whether nothing but vowels in their place differ."""
    if len(one) != len(other):
        return False
    return all(a == b or (a in "aeiou" and b in "aeiou") for a, b in zip(one, other, strict=True))


@lru_cache(maxsize=1 << 14)
def _vowel_share(form: str) -> float:
    return sum(map(form.count, "aeiou")) / len(form)


def _joined(left: list[str], right: list[str]) -> float:
    """Words written together or apart: the same letters in the same order."""
    if sum(map(len, left)) != sum(map(len, right)):
        return 0.0
    one, other = "".join(sorted(left)), "".join(sorted(right))
    if sorted(one) == sorted(other) and _splits(left, right):
        return 0.95
    return 0.0


def _splits(left: list[str], right: list[str]) -> bool:
    """Whether the words that differ are one word cut in two."""
    more, fewer = (left, right) if len(left) > len(right) else (right, left)
    rest_more = [word for word in more if word not in fewer]
    rest_fewer = [word for word in fewer if word not in more]
    if len(rest_fewer) != 1 or len(rest_more) != 2:
        return False
    one, two = rest_more
    return rest_fewer[0] in (one + two, two + one)


class Found(NamedTuple):
    """A known form that is sure to be alike to one that is asked."""

    entity: int  # what it stands for
    likeness: float
    form: str


def best(
    family: str, form: str, known: Iterable[tuple[str, int]], before: Found | None = None
) -> Found | None:
    """The known form most alike; None when none is sure.

    Parameters
    ----------
    known : iterable of (form, entity)
        Forms that stand for themselves. Between two equally alike the smaller form wins,
        so the answer does not depend on their order.
    before : Found, optional
        What was found among others: it stays unless one of these is liker.
    """
    found = None if before is None else (-before.likeness, before.form, before.entity)
    for other, entity in set(known):  # a form stands in several blocks
        likeness = alike(family, form, other)
        if likeness < SURE[family]:
            continue
        one = (-likeness, other, entity)
        if found is None or one < found:
            found = one
    return None if found is None else Found(found[2], -found[0], found[1])


class Aliases:
    """Keys that stand for another key. Applied to a column of opaque keys."""

    def __init__(self, entity_of: dict[int, int] | None = None) -> None:
        pairs = sorted((entity_of or {}).items())
        self._keys = np.array([key for key, _ in pairs], dtype=np.int64)
        self._entities = np.array([entity for _, entity in pairs], dtype=np.int64)

    def __len__(self) -> int:
        return len(self._keys)

    def __call__(self, keys: np.ndarray) -> np.ndarray:
        """The entity of each int64 key: itself unless it is an alias."""
        if not len(self._keys):
            return keys
        place = np.searchsorted(self._keys, keys).clip(max=len(self._keys) - 1)
        return np.where(self._keys[place] == keys, self._entities[place], keys)

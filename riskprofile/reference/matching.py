"""Find the terms of the lexicon in one text, whatever way they are spelled.

A text becomes a row of words; what stands apart (`p i s t o l`, `pis-tol`) is pulled
together when that makes a word of the lexicon. Each word has keys: its stem, or, when
it is no known goods word, the words of the lexicon that it may stand for. The longest
term wins, from left to right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise, product
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from rapidfuzz.distance import OSA

from riskprofile.reference import text as words
from riskprofile.reference.bags import Bag
from riskprofile.reference.stems import other_stems, singulars, stem
from riskprofile.reference.terms import CJK, Index, Term, index
from riskprofile.reference.wording import known

APART = "letters apart"
SLIP = "spelling"  # an honest slip of the keyboard, not a disguise
_MASKS = "*•"
COMPOUND = 10  # letters from which a word is searched for others inside it
# Something inside a word, a sign for a letter, or two letters that stand alone.
_APART = re.compile(
    r"[^\W_][^\w\s]+[^\W_]|[_@$!|€+*•]|(?<![^\W_])[^\W\d_][\W_]{1,3}[^\W\d_](?![^\W_])"
)
_NOT_CJK = re.compile(rf"[^{CJK.pattern[1:-1]}]+")
# A capital I among small letters, a small l among capitals: each is read as the other.
_UPRIGHT = re.compile("I[a-z]|[a-z]I|[A-Z]l[A-Z]|l[A-Z][A-Z]|[A-Z][A-Z]l")
_ASCII_WORD = re.compile(r"(?<![^\W_])[A-Za-z0-9]+(?![^\W_])")
_AS_IT_LOOKS = str.maketrans({"I": "\u0399", "l": "\u0456"})  # what stands for l, and for i
# Without look-around: what every text of ASCII holds in which a stroke is read as another, or
# something stands apart.
_DOUBTFUL = re.compile(
    rf"{_UPRIGHT.pattern}|[^\W_][^\w\s]+[^\W_]|[_@$!|€+*•]"
    r"|(?:^|[\W_])[^\W\d_][\W_]{1,3}[^\W\d_](?:$|[\W_])"
)
# An inflected word whose shorter stem may be believed; German endings for German words only.
_ENDINGS = ("es", "ات", "ين", "ون", "ان", "ه")


class Hit(NamedTuple):
    """A term found: where in the clean text, and how it was disguised, if it was."""

    start: int
    end: int
    term: Term
    trick: str = ""
    cancelled: bool = False


class _Word(NamedTuple):
    start: int
    end: int
    keys: tuple[tuple[str, str], ...]  # stem, trick
    written: str = ""


@lru_cache(maxsize=1 << 14)
def keys(word: str) -> tuple[tuple[str, str], ...]:
    """What a clean word may be in the lexicon: stems, each with the trick it undoes."""
    found = _meant(word)
    return tuple((one, SLIP) for one in _slips(stem(word), index())) if found is None else found


def _meant(word: str) -> tuple[tuple[str, str], ...] | None:
    """What `keys` tells where no slip of the keyboard has to be looked for; else None."""
    made = index()
    if word.isdigit() and word.isascii():  # a number stands for no other word
        return ((word, ""),) if word in made.vocabulary else ()
    key = stem(word)
    if key in made.vocabulary:
        return ((key, _trick_of_stem(word, key)),)
    for other in other_stems(word):
        languages = made.vocabulary.get(other, ())
        if languages and (word.casefold().endswith(_ENDINGS) or "de" in languages):
            return ((other, ""),)
    for other in singulars(word):
        if not made.vocabulary.get(other, set()).isdisjoint(("pt", "fr", "es", "ru")):
            return ((other, ""),)
    if not 2 <= len(word) <= 40 or known(word.casefold()):
        return ()
    found: dict[str, str] = {}
    for one, trick in words.repairs(word).items():
        repaired = stem(one)
        if repaired in made.vocabulary:
            found.setdefault(repaired, trick)
        elif repaired in made.squeezed and len(repaired) > 2:
            found.setdefault(made.squeezed[repaired], trick)
    if found or not key.isalpha():
        return tuple(found.items())
    if len(key) >= 6 and key[::-1] in made.vocabulary:
        return ((key[::-1], "written backwards"),)
    if key in made.bare:
        return ((made.bare[key], "vowels left out"),)
    return None


@lru_cache(maxsize=1 << 13)
def _looks(word: str) -> str:
    """A word with its upright strokes as look-alike letters, where that alone makes it a term."""
    if not _UPRIGHT.search(word) or any(not trick for _, trick in keys(word.lower())):
        return word
    small = sum(map(str.islower, word)) * 2 > len(word)
    seen = word.translate({k: v for k, v in _AS_IT_LOOKS.items() if (k == ord("I")) == small})
    return seen if any(trick != SLIP for _, trick in keys(seen)) else word


def _trick_of_stem(word: str, key: str) -> str:
    if not word.isascii() and key.isascii() and words.mixed(word):
        return "look-alike letters"
    if not word.isalpha() and key.isalpha():
        return "digits for letters"
    return ""


def _slips(key: str, made: Index) -> list[str]:
    """Words of the lexicon one slip of the keyboard away: one letter more, less, other or moved.

    Short words have too many neighbours: under eight letters the first must hold, and
    in a word of five no letter may be another.
    """
    if len(key) < 4:
        return []
    lefts = [key[:place] + key[place + 1 :] for place in range(len(key))]
    near = set().union(*filter(None, map(made.slips.get, (key, *lefts))))
    return sorted(one for one in near if OSA.distance(one, key) == 1 and _close(one, key))


def _close(one: str, key: str) -> bool:
    """Whether words one slip apart are long enough to be believed the same."""
    if len(one) >= 8:
        return True
    if one[0] != key[0] or len(one) < 5:
        return False
    return len(one) >= 6 or len(one) != len(key) or sorted(one) == sorted(key)


def find(cleaned: str) -> list[Hit]:
    """Terms in a clean text, in order, none inside another."""
    if _UPRIGHT.search(cleaned):
        cleaned = _ASCII_WORD.sub(lambda word: _looks(word[0]), cleaned)
    if cleaned.isascii():  # case tells look-alike letters apart; here there are none
        cleaned = cleaned.lower()
    made = index()
    row = [_Word(s, e, keys(word), word) for s, e, word in words.word_spans(cleaned)]
    hits: list[Hit] = []
    if _APART.search(cleaned):
        row, hits = _pulled_together(made, cleaned, row)
    row = _pairs(made, row)
    at = 0
    while at < len(row):
        step = 1
        for key, trick in row[at].keys:
            if match := _longest(made, row, at, key, trick):
                step, term = match
                tricks = [trick, *(t for one in row[at + 1 : at + step] for _, t in one.keys[:1])]
                hidden = next(
                    (t for t in tricks if t not in ("", SLIP)), next(filter(None, tricks), "")
                )
                hits.append(Hit(row[at].start, row[at + step - 1].end, term, hidden))
                break
        at += step
    inside = _inside(made, cleaned, row)
    if not hits or not inside:
        return sorted(hits or inside, key=_start)
    taken = {place for hit in hits for place in range(hit.start, hit.end)}
    hits += [hit for hit in inside if taken.isdisjoint(range(hit.start, hit.end))]
    return sorted(hits, key=_start)


def silent(cleaned: Sequence[str], cut: Bag) -> np.ndarray:
    """Of which clean texts of ASCII it is certain that no term stands in them.

    Each distinct word is asked once; of most texts that hold none that is told. `cut` has the
    words of the texts.
    """
    made, said, noisy = index(), cut.words, np.zeros(cut.size, dtype=bool)
    traits = cut.told(_traits, np.int64)
    word, after = traits[cut.code[:-1]], traits[cut.code[1:]]
    near = cut.row[1:] == cut.row[:-1]
    led = (word & _LEADS > 0) & (after & _KEYED > 0)
    joint = (word & _HEADS > 0) & (after & _TAILS > 0)
    noisy[cut.row[traits[cut.code] & _ALONE > 0]] = True
    for place in np.flatnonzero(near & (led | joint)).tolist():
        both = said[cut.code[place]], said[cut.code[place + 1]]
        noisy[cut.row[place]] |= "".join(both) in made.joints or bool(_led(*both))
    letters = cut.total(traits & _SINGLE)
    for place in np.flatnonzero(words.holds(cleaned, _DOUBTFUL) & ~noisy).tolist():
        noisy[place] = _hides(cleaned[place], letters[place] >= words.APART)
    quiet: np.ndarray = ~noisy
    return quiet


def _hides(cleaned: str, letters: bool) -> bool:
    """Whether a stroke in a clean text of ASCII is another letter, or what stands apart a word.

    `letters` says that letters enough stand alone in it to be a word.
    """
    if _UPRIGHT.search(cleaned) and any(_looks(one) != one for one in _ASCII_WORD.findall(cleaned)):
        return True
    cleaned = cleaned.lower()
    pieces = [piece for piece in cleaned.split() if not piece.isalnum()]
    return any(map(_pulled_within, pieces)) or (
        letters and any(_pulls(index(), run) for _, _, run in words.by_letter(cleaned))
    )


@lru_cache(maxsize=1 << 13)
def _pulled_within(piece: str) -> bool:
    """Whether a piece between blanks makes a word or a term without the signs in it."""
    return any(_pulls(index(), letters) for _, _, letters in words.within(piece))


# What `silent` asks of a word: whether it is one letter; a term begins with it, whatever follows,
# or if the right word follows; it may be a word of a term; it is the first letters, or the last,
# of a term that is written as one.
_SINGLE, _ALONE, _LEADS, _KEYED, _HEADS, _TAILS = 1, 2, 4, 8, 16, 32


def _traits(word: str) -> int:
    """What holds of a word, added up."""
    made, meant = index(), [key for key, _ in keys(word)]
    compound = len(word) >= COMPOUND and _compound(word) is not None
    return (
        _SINGLE * (len(word) == 1)
        + _ALONE * (compound or not made.alone.keys().isdisjoint(meant))
        + _LEADS * (not made.leading.isdisjoint(meant))
        + _KEYED * bool(meant)
        + _HEADS * (word in made.heads)
        + _TAILS * (word in made.tails)
    )


@lru_cache(maxsize=1 << 13)
def _led(word: str, following: str) -> tuple[tuple[str, ...], ...]:
    """What has to follow two words, as stems, so that a term begins with them."""
    both = product([key for key, _ in keys(word)], [key for key, _ in keys(following)])
    return tuple(needed[2:] for two in both for _, needed, _ in index().led.get(two, ()))


def _pulls(made: Index, letters: str) -> bool:
    """Whether what stands apart makes a word or a term when it is put together."""
    return 2 <= len(letters) <= 40 and (
        any(sign in letters for sign in _MASKS)
        or letters.casefold() in made.pulled
        or stem(letters) in made.pulled
        or bool(_meant(letters))
    )


def _start(hit: Hit) -> int:
    return hit.start


def _longest(
    made: Index, row: list[_Word], at: int, key: str, trick: str
) -> tuple[int, Term] | None:
    """The longest term that begins with a key of the word at a place: its words, and what it is."""
    found = [
        one
        for following, _ in (row[at + 1].keys if at + 1 < len(row) else ())
        for one in made.led.get((key, following), ())
        if at + len(one[1]) <= len(row)
        and all(
            any(one == want for one, _ in row[at + offset].keys)
            for offset, want in enumerate(one[1][2:], start=2)
        )
    ]
    if found:
        _, needed, term = min(found, key=itemgetter(0))
        return len(needed), term
    if trick not in ("", APART) and row[at].end - row[at].start < 5:
        return None  # a short word alone is not believed in disguise
    alone = made.alone.get(key)
    return None if alone is None else (1, alone)


def _pulled_together(made: Index, cleaned: str, row: list[_Word]) -> tuple[list[_Word], list[Hit]]:
    """The words of a text with what stands apart put together, and whole terms so found."""
    hits: list[Hit] = []
    for start, end, letters in words.joined(cleaned):
        if not 2 <= len(letters) <= 40:
            continue
        term, found = None, _meant(letters)
        if any(sign in letters for sign in _MASKS):
            term = _masked(letters.casefold(), made)
        elif not found:
            term = made.pulled.get(letters.casefold()) or made.pulled.get(stem(letters))
        if not term and not found:
            continue
        inside = [one for one in row if start <= one.start and one.end <= end]
        if not inside:
            continue
        trick = "" if all(map(_honest, inside)) else APART
        row = [one for one in row if one not in inside]
        if term:
            hits.append(Hit(start, end, term, trick))
        else:
            merged = tuple((key, old or trick) for key, old in found or ())
            row.append(_Word(start, end, merged, letters))
            row.sort(key=lambda one: one.start)
    return row, hits


def _honest(word: _Word) -> bool:
    """Whether a piece between separators is a word or number of its own."""
    low = word.written.casefold()
    return low.isdigit() or (len(low) > 2 and (bool(word.keys) or known(low)))


def _pairs(made: Index, row: list[_Word]) -> list[_Word]:
    """Two neighbours that make one word of the lexicon, when one alone is no word."""
    out: list[_Word] = []
    for one in row:
        if out and not (one.keys and out[-1].keys):
            last = out[-1]
            key = _joint(made, last.written + one.written)
            number = one.written.isdigit() and not last.written.isdigit()
            if (
                (key in made.pulled and key in made.vocabulary)
                and all(key not in [old for old, _ in part.keys] for part in (last, one))
                and (number or not (_honest(last) and _honest(one)))
            ):
                both = last.written + one.written
                out[-1] = _Word(last.start, one.end, ((key, "" if number else APART),), both)
                continue
        out.append(one)
    return out


def _joint(made: Index, both: str) -> str:
    """The stem of two words written as one."""
    if not both.isascii():
        return stem(both)
    low = both.lower()
    return low[:-1] if low.endswith("s") and low not in made.pulled else low


def _masked(letters: str, made: Index) -> Term | None:
    """A word with one or two letters starred out."""
    if sum(map(letters.count, _MASKS)) > 2 or len(letters) < 5:
        return None
    pattern = re.compile("".join("." if c in _MASKS else re.escape(c) for c in letters))
    return next((made.pulled[one] for one in made.pulled if pattern.fullmatch(one)), None)


def _inside(made: Index, cleaned: str, row: list[_Word]) -> list[Hit]:
    """Terms inside German compounds, and in Chinese, which writes no blanks."""
    hits = []
    for word in row:
        if len(word.written) >= COMPOUND and not word.keys and (term := _compound(word.written)):
            # Chinese may stand against it, and be a term of its own: that is no part of this one.
            german = max(_NOT_CJK.finditer(word.written), key=lambda run: len(run[0]))
            hits.append(Hit(word.start + german.start(), word.start + german.end(), term))
    if not cleaned.isascii() and CJK.search(cleaned):
        for last, term in made.cjk.iter_long(cleaned):
            hits.append(Hit(last - len(term.text) + 1, last + 1, term))
    return hits


@lru_cache(maxsize=1 << 12)
def _compound(word: str) -> Term | None:
    """The longest German term in one long word, unless the rest of it is lawful."""
    low, made = word.casefold(), index()
    found = [term for _, term in made.compounds.iter(low)]
    if not found:
        return None
    if any(one in low for one in made.lawful):
        return None
    longest: Term = max(found, key=lambda term: len(term.text))
    return longest


Standing = tuple[int, int, str]  # start, end and stem of a word


def standing(cleaned: str) -> list[Standing]:
    """The words of a clean text."""
    return [(start, end, stem(word)) for start, end, word in words.word_spans(cleaned)]


def outside(hits: Iterable[Hit], stood: Sequence[Standing]) -> set[str]:
    """Stems and pairs of stems beside the hits; `stood` are the words of the text."""
    apart = stood
    for hit in hits:
        apart = [one for one in apart if one[1] <= hit.start or hit.end <= one[0]]
    stems = [one for *_, one in apart]
    return {*stems, *map(" ".join, pairwise(stems))}

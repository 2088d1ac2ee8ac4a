"""Goods text made comparable: one spelling for what the eye reads as one word.

A declaration may write `pistol` with a Cyrillic letter, a zero-width space, a digit
for a letter or a dot between letters. `clean` undoes what no honest text needs,
character by character; `repairs` lists the other spellings that a disguised word may
stand for, to be believed only when a dictionary knows them. A pure Greek, Russian,
Turkish or Arabic word is a word of its language: it is never rewritten.

Letters that look alike are our own short table, in the sense of Unicode Technical
Standard 39 (skeletons): Latin against Cyrillic, Greek, Armenian and Cherokee.
"""

from __future__ import annotations

import html
import re
import threading
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import compress, pairwise, product
from operator import itemgetter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskprofile.columns import Column as Values
from riskprofile.columns import factorize, like
from riskprofile.tables import Column, Mask

# What looks like a Latin letter, in the case in which it looks so.
_LATIN_LOOK = {
    "a": "аɑα", "b": "ЬьƄЪ", "c": "сϲ", "d": "ԁɗꓒ", "e": "еєҽ", "f": "ƒϝ", "g": "ɡց",
    "h": "һհԩ", "i": "іιɩӏ", "j": "јϳ", "k": "ĸк", "l": "ӏΙІǀ", "m": "м", "n": "ոηпΝ", "o": "оοσօ",
    "p": "рρ", "q": "ԛգ", "r": "гᴦ", "s": "ѕꜱՏ", "t": "тτ", "u": "υսц", "v": "νѵ", "w": "ѡԝω",
    "x": "хχ", "y": "уγүʏ", "z": "ᴢ", "A": "АΑᎪ", "B": "ВΒᏴв", "C": "СϹᏟ", "D": "ᎠꓓꓒԀ",
    "E": "ЕΕᎬ", "F": "ϜҒꓝ", "G": "ԌᏀ", "H": "НΗᎻн", "I": "ІΙӀ", "J": "ЈᎫ", "K": "КΚᏦ", "L": "ᏞԼ",
    "M": "МΜᎷ", "N": "ΝꓠՈ", "O": "ОΟՕ", "P": "РΡᏢ", "Q": "Ԛ", "R": "ᎡᏒꓣ", "S": "ЅᏚՏ", "T": "ТΤᎢ",
    "U": "ՍՄ", "V": "ѴᏙ", "W": "ԜᎳ", "X": "ХΧ", "Y": "УΥҮ", "Z": "ΖᏃ",
}  # fmt: skip
_TO_LATIN: dict[int, str] = {}
for _latin, _others in _LATIN_LOOK.items():
    for _other in _others:
        _TO_LATIN.setdefault(ord(_other), _latin)
# The other way only for letters that Russian has: a Russian word typed with Latin ones.
_TO_CYRILLIC = str.maketrans("acekmopxytABCEHKMOPTXYi3", "асекморхутАВСЕНКМОРТХУіз")

# Letters without a compatibility decomposition that are one letter in another dress.
_DRESSED = {
    "ı": "i", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ł": "l", "Ł": "L", "æ": "ae", "Æ": "AE",
    "œ": "oe", "Œ": "OE", "×": "x", "ð": "d", "þ": "th", "ħ": "h", "ŧ": "t",
    "ᴀ": "a", "ʙ": "b", "ᴄ": "c", "ᴅ": "d", "ᴇ": "e", "ꜰ": "f", "ɢ": "g", "ʜ": "h", "ɪ": "i",
    "ᴊ": "j", "ᴋ": "k", "ʟ": "l", "ᴍ": "m", "ɴ": "n", "ᴏ": "o", "ᴘ": "p", "ʀ": "r", "ꜱ": "s",
    "ᴛ": "t", "ᴜ": "u", "ᴠ": "v", "ᴡ": "w", "ʏ": "y", "ᴢ": "z",
    "ـ": "", "ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه",  # Arabic: stretched, Persian and final forms
}  # fmt: skip
for _first, _last in ((0x1F150, 0x1F169), (0x1F170, 0x1F189), (0x1F1E6, 0x1F1FF)):
    for _code in range(_first, _last + 1):  # white on black, and the letters of flags
        _DRESSED[chr(_code)] = chr(ord("A") + _code - _first)
_DROPPED = {"Mn", "Me", "Cf"}  # combining marks; zero-width, bidirectional and soft signs


class _Clean(dict[int, str]):
    """Character -> clean characters, filled as characters are met (for `str.translate`)."""

    def __missing__(self, code: int) -> str:
        out = []
        for char in unicodedata.normalize("NFKD", chr(code)):
            category = unicodedata.category(char)
            if category == "Nd":
                out.append(str(unicodedata.digit(char)))
            elif category not in _DROPPED:
                out.append(_DRESSED.get(char, char))
        self[code] = "".join(out)
        return self[code]


_CLEAN = _Clean()
_WORD = re.compile(r"[^\W_]+")
_WORDS_APART = bytes(code if chr(code).isalnum() else ord(" ") for code in range(128)).ljust(256)
_ENTITY = re.compile(r"&(?:#\d{2,6}|#[xX][0-9a-fA-F]{2,5}|[a-z]{2,6});")
_EUROPEAN = "A-Za-z\u00c0-\u024f\u0370-\u03ff\u0400-\u052f"
_HIDDEN = re.compile(
    f"(?<=[{_EUROPEAN}])[\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u180e\u034f"
    f"\U000e0020-\U000e007f]+(?=[{_EUROPEAN}])|[\u202d\u202e]"
)
_STACKED = re.compile(f"[{_EUROPEAN}][\u0300-\u036f\u0488\u0489\u20d0-\u20f0]")
_STYLED = re.compile(
    "[\U0001d400-\U0001d7ff\u24b6-\u24e9\u249c-\u24b5\U0001f110-\U0001f189\U0001f1e6-\U0001f1ff"
    "\u1d00-\u1d25\ua730\ua731\u0262\u026a\u0274\u0280\u0299\u029c\u029f\u02b0-\u02b8\u1d2c-\u1d6a]"
)
_WIDE = re.compile("[\uff21-\uff3a\uff41-\uff5a]")
_EAST_ASIAN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_LETTER_BY_LETTER = re.compile(
    r"(?<![^\W_])[^\W\d_](?:[^\w\n]{1,3}|_)(?:[^\W\d_](?:[^\w\n]{1,3}|_)){2,}[^\W\d_](?![^\W_])"
)
# What stands in every text that `tricks` finds something in: other signs, or single letters.
_MAY_HIDE = re.compile(
    rf"[^\x00-\x7f]|{_ENTITY.pattern}|[^\W\d_](?:[^\w\n]{{1,3}}|_)[^\W\d_](?:[^\w\n]{{1,3}}|_)[^\W\d_]"
)
APART = 4  # words of one letter from which a word may be written letter by letter
_SIZES = set("smlx")
_VOWELS = set("aeiouyаеиоуыяю")
_LEET = str.maketrans("034578@$€+69", "oeastbasetgg")
_I_OR_L = "1!|"
_MARKED = re.compile(r"[@$!|€+*]")
_POINTS = ".,;:()[]\"'"
_AROUND = _POINTS + "!|+"
_TIMES = re.compile(r"(?<=\d)[хХ](?=\d)")  # the Cyrillic letter, as in 9х18
GROUP = itemgetter(1)  # for `sub`: what a group matched, in a third of the time of r"\1"
_DOUBLE = re.compile(r"([^\W\d_])\1+")
_NAMED_SCRIPTS = re.compile(
    "[\u0370-\u058f\u13a0-\u13ff\uab70-\uabbf\ua4d0-\ua4ff\u0180-\u024f\u0250-\u02af]"
)


def per_distinct(
    text: Column, function: Callable[[str], Any], *, missing: Any
) -> np.ndarray[Any, Any]:
    """Apply `function` to each distinct text once; `missing` where there is none.

    Declarations repeat their wording: work is done on distinct texts only.

    Returns
    -------
    numpy.ndarray
        One value a row, in the order of `text`.
    """
    codes, distinct = factorize(text)
    values = np.empty(len(distinct) + 1, dtype=object)
    for number, one in enumerate(distinct):
        values[number] = function(one)
    values[-1] = missing  # code -1
    picked: np.ndarray[Any, Any] = values[codes]
    return picked


_OLD_BLANKS = "\v\x1c\x1d\x1e\x1f"  # to Python blanks, to RE2 none
FEW = 128  # texts up to which Python's matcher is the faster one


def holds(texts: Sequence[str], pattern: re.Pattern[str]) -> np.ndarray:
    """Which texts a pattern is found in. It has no look-around.

    Of plain ASCII texts Arrow's matcher is asked, a tenth of the time; there both agree, but for
    blanks of old machines. It reads the pattern anew at each call, which a few texts are not worth.
    """
    if len(texts) <= FEW:
        return np.array([pattern.search(one) is not None for one in texts], dtype=bool)
    plain_ones, asked = in_arrow(texts)
    found = np.zeros(len(texts), dtype=bool)
    found[plain_ones] = pc.match_substring_regex(asked, pattern.pattern)
    for place in np.flatnonzero(~plain_ones).tolist():
        found[place] = pattern.search(texts[place]) is not None
    return found


_latest = threading.local()


def in_arrow(texts: Sequence[str]) -> tuple[np.ndarray, pa.Array]:
    """Which texts Arrow's matcher reads as Python's does, and these; of the latest texts, held."""
    held: tuple[list[str], tuple[np.ndarray, pa.Array]] | None = getattr(_latest, "held", None)
    if held is None or held[0] != texts:
        plain_ones = np.fromiter(map(str.isascii, texts), bool, len(texts))
        together = "".join(texts)
        if any(blank in together for blank in _OLD_BLANKS):
            plain_ones &= [not any(blank in one for blank in _OLD_BLANKS) for one in texts]
        asked = pa.array(list(compress(texts, plain_ones.tolist())), pa.large_string())
        held = _latest.held = [*texts], (plain_ones, asked)
    return held[1]


def clean(text: str) -> str:
    """Without marks, invisible signs and dressed-up letters; case and scripts as they are.

    >>> clean("ｐｉｓ\u200bｔｏｌ"), clean("Schalldämpfer"), clean("пистолет")
    ('pistol', 'Schalldampfer', 'пистолет')
    """
    if as_written(text):
        return text
    if _ENTITY.search(text):
        text = html.unescape(text)
    return text.translate(_CLEAN)


def as_written(text: str) -> bool:
    """Whether it is certain that a text is clean as it stands: most are."""
    return text.isascii() and ("&" not in text or not _ENTITY.search(text))


def fold(text: str) -> str:
    """`clean`, without case."""
    return clean(text).casefold()


def tokens(text: str) -> list[str]:
    """Words and numbers of a text, folded.

    >>> tokens("Steel pins, Ø 5 mm (sample)")
    ['steel', 'pins', 'o', '5', 'mm', 'sample']
    """
    return written(fold(text))


def spelled(text: str) -> tuple[str, list[int] | None]:
    """The clean text, and for each of its characters where it stood in the text.

    The places are None when nothing moved.
    """
    if text.isascii():
        return text, None
    made: list[str] = []
    where: list[int] = []
    for position, code in enumerate(map(ord, text)):
        out = _CLEAN[code]
        made.append(out)
        where.extend([position] * len(out))
    return "".join(made), where


def word_spans(cleaned: str) -> list[tuple[int, int, str]]:
    """Start, end and letters of each word of a clean text."""
    return [(*match.span(), match[0]) for match in _WORD.finditer(cleaned)]


def written(cleaned: str) -> list[str]:
    """The words of a clean text."""
    if cleaned.isascii():  # a third of the time of a match for each word
        return cleaned.encode().translate(_WORDS_APART).decode().split()
    return _WORD.findall(cleaned)


@lru_cache(maxsize=1 << 14)
def plain(word: str) -> str:
    """One word read as the eye reads it: look-alike letters and digits undone.

    Only a word that mixes scripts, or letters with digits between them, changes.

    >>> plain("рistоl"), plain("p1st0l"), plain("пистолет"), plain("9x19"), plain("usb3")
    ('pistol', 'pistol', 'пистолет', '9x19', 'usb3')
    """
    if word.isalpha() and word.isascii():
        return word.casefold()
    if not word.isascii():
        word = _TIMES.sub("x", mixed(word) or word)
    word = word.casefold()
    if re.fullmatch(r"[a-z]+(?:[0-9][a-z]+)+", word) and sum(map(str.isalpha, word)) >= 4:
        word = _without_leet(word)[0]
    return word


def mixed(word: str) -> str | None:
    """The one-script reading of a clean word that mixes look-alike letters, else None.

    The script of most letters is tried first, so that a Russian word with one Latin
    letter in it becomes Russian.
    """
    if not _NAMED_SCRIPTS.search(word):
        return None
    latin = sum(char.isascii() for char in word if char.isalpha())
    if not latin:
        return None
    as_latin = word.translate(_TO_LATIN)
    as_cyrillic = word.translate(_TO_CYRILLIC)
    found = [
        as_latin if as_latin.isascii() else None,
        as_cyrillic if not any(c.isascii() and c.isalpha() for c in as_cyrillic) else None,
    ]
    letters = sum(map(str.isalpha, word))
    if latin * 2 < letters:
        found.reverse()
    return next((one for one in found if one), None)


def repairs(word: str) -> dict[str, str]:
    """Other spellings that a clean word may stand for, each with the trick it undoes.

    These are guesses: believe one only when a dictionary knows it.

    >>> repairs("pisstol")["pistol"]
    'doubled letters'
    """
    found: dict[str, str] = {}
    low = folded = word.casefold()
    if not word.isascii():
        if one := mixed(word):
            found.setdefault(one.casefold(), "look-alike letters")
        look = word.translate(_TO_LATIN)
        if look.isascii():  # every letter looks Latin, as in a word spelt wholly in Cyrillic
            found.setdefault(look.casefold(), "look-alike letters")
        folded = look.casefold()
    if any(map(str.isalpha, folded)) and not folded.isalpha():
        found.update(dict.fromkeys(_without_leet(folded), "digits for letters"))
    for one in (*found, low):
        if _DOUBLE.search(one):
            found.setdefault(squeeze(one), "doubled letters")
    found.pop(low, None)
    return found


def _without_leet(word: str) -> list[str]:
    """Letters for digits and signs; `1`, `!` and `|` may be i or l, each on its own."""
    word = word.translate(_LEET)
    open_places = [place for place, char in enumerate(word) if char in _I_OR_L][:4]
    made = []
    for choice in product("il", repeat=len(open_places)):
        letters = list(word)
        for place, char in zip(open_places, choice, strict=True):
            letters[place] = char
        made.append("".join(letters))
    return made


def joined(text: str) -> Iterator[tuple[int, int, str]]:
    """Clean text pulled together where letters stand apart: start, end, letters.

    `p i s t o l`, `p.i.s.t.o.l`, `pis-tol` and `p!stol`; positions are of the clean text.
    """
    yield from by_letter(text)
    for match in re.finditer(r"\S+", text):
        for start, end, letters in within(match.group()):
            yield match.start() + start, match.start() + end, letters


def by_letter(text: str) -> Iterator[tuple[int, int, str]]:
    """What is written letter by letter in a clean text: start, end, letters."""
    for match in _LETTER_BY_LETTER.finditer(text):
        yield from _by_gaps(match.start(), match.group())


def within(piece: str) -> Iterator[tuple[int, int, str]]:
    """What stands between two blanks, pulled together where signs stand in it."""
    marked = _MARKED.search(piece)
    if not marked and (piece.isalnum() or piece.strip(_AROUND).isalnum()):
        return
    if marked:
        for signs in dict.fromkeys((piece.strip(_POINTS), piece.strip(_AROUND))):
            yield 0, len(piece), signs
    start = len(piece) - len(piece.lstrip(_AROUND))
    inner = piece.strip(_AROUND)
    yield start, start + len(inner), "".join(filter(str.isalnum, inner))


def _by_gaps(start: int, run: str) -> Iterator[tuple[int, int, str]]:
    """A run of single letters, cut where the gap is wider than the narrowest."""
    gaps = re.findall(r"(?:[^\w]|_)+", run)
    narrow = min(map(len, gaps))
    at = 0
    for piece in re.split(rf"(?:[^\w]|_){{{narrow + 1},}}", run):
        place = run.index(piece, at)
        at = place + len(piece)
        yield start + place, start + at, "".join(filter(str.isalnum, piece))


@lru_cache(maxsize=1 << 13)
def tricks(text: str) -> frozenset[str]:
    """What no honest text needs, found without a dictionary.

    Of look-alike letters only words of four letters and more count, mostly Latin: a
    Russian word with one Latin letter is a typing error. Zero-width joiners belong to
    Arabic and Indic scripts, full width to Chinese and Japanese, and a lone dot over
    an `i` to a lower-cased Turkish `İ`.

    >>> sorted(tricks("рistоl parts")), sorted(tricks("Güneş gözlüğü, пистолет"))
    (['look-alike letters'], [])
    """
    found = set()
    cleaned = clean(text)
    if letters_stand_alone(written(cleaned)) and any(
        map(_apart, _LETTER_BY_LETTER.findall(cleaned))
    ):
        found.add("letters apart")
    if text.isascii():
        return frozenset(found)
    if _HIDDEN.search(text):
        found.add("hidden characters")
    composed = unicodedata.normalize("NFC", text)
    if _STACKED.search(re.sub("[iIıİ]\u0307", "i", composed)):
        found.add("stacked marks")
    if len(_STYLED.findall(text)) > 2 or (
        len(_WIDE.findall(text)) > 2 and not _EAST_ASIAN.search(text)
    ):
        found.add("styled letters")
    if _NAMED_SCRIPTS.search(cleaned):
        for word in written(cleaned):
            letters = [char for char in word if char.isalpha()]
            latin = sum(map(str.isascii, letters))
            if len(letters) >= 4 and latin * 2 >= len(letters) > latin:
                one = mixed(word)
                if one and one.isascii():
                    found.add("look-alike letters")
    return frozenset(found)


def _apart(run: str) -> bool:
    letters = "".join(filter(str.isalpha, run)).casefold()
    if len(letters) < 5 or len(set(letters) - _SIZES) < 3 or not set(letters) & _VOWELS:
        return False
    steps = {ord(after) - ord(before) for before, after in pairwise(letters)}
    return steps != {1}  # not "A B C D E"


def obfuscated(text: Column) -> Mask:
    """Where a text holds signs that serve only to hide a word from a reader's search."""
    codes, distinct = factorize(text)
    hidden = holds(distinct, _MAY_HIDE)
    for place in np.flatnonzero(hidden).tolist():
        hidden[place] = bool(tricks(distinct[place]))
    return like(text, Values(np.append(hidden, False)[codes]))


def skeleton_of(text: str) -> str:
    """The folded words of a text, one blank apart, disguises undone.

    >>> skeleton_of("Steel  R1FLES"), skeleton_of("p.i.s.t.o.l")
    ('steel rifles', 'pistol')
    """
    cleaned = clean(text)
    found = written(cleaned)
    if letters_stand_alone(found):
        joined = _LETTER_BY_LETTER.sub(
            lambda match: " " + "".join(filter(str.isalpha, match.group())) + " ", cleaned
        )
        found = written(joined)
    return " ".join(map(plain, found))


def letters_stand_alone(found: list[str]) -> bool:
    """Whether there are words of one letter enough for a word that is written letter by letter."""
    return [*map(len, found)].count(1) >= APART


def squeeze(word: str) -> str:
    """The word with each run of one letter written once.

    >>> squeeze("ammmunition")
    'amunition'
    """
    return _DOUBLE.sub(GROUP, word)

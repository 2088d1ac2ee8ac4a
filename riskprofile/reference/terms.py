"""The terms of the lexicon and the indexes that find them.

`lexicon.csv` holds one term a row with its language, category, kind of part, HS hint
and ambiguity; `homonyms.csv` the words of everyday meanings, in groups, with the HS
chapters where they belong.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

import ahocorasick

from riskprofile.reference import text as words
from riskprofile.reference.stems import stem

Ambiguity = Literal["low", "high", "none"]
CJK = re.compile("[\u3400-\u9fff]")
_VOWELS = re.compile("[aeiou]")
_UMLAUTS = {ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue", ord("Ü"): "Ue"}


@dataclass(frozen=True)
class Term:
    """One row of the lexicon."""

    text: str
    language: str
    category: str
    part: str
    hs: str
    ambiguity: Ambiguity
    context: tuple[str, ...]


@dataclass
class Index:
    """Ways into the lexicon. A stem is `riskprofile.reference.stems.stem` of a word."""

    alone: dict[str, Term] = field(default_factory=dict)  # terms of one word
    # By their first two words, terms of several: their place among those with the same first,
    # the longest first; and all of their words.
    led: dict[tuple[str, str], list[tuple[int, tuple[str, ...], Term]]] = field(
        default_factory=dict
    )
    leading: set[str] = field(default_factory=set)  # first words of these
    vocabulary: dict[str, set[str]] = field(default_factory=dict)  # stem -> languages
    accented: set[str] = field(default_factory=set)  # stems that some spelling accents
    pulled: dict[str, Term] = field(default_factory=dict)  # without blanks
    joints: frozenset[str] = frozenset()  # `pulled` and plurals: what two neighbours may make
    heads: frozenset[str] = frozenset()  # what one of `joints` may begin with, and end with
    tails: frozenset[str] = frozenset()
    # None or one letter less -> stems; tuples, for most are of one stem, and of the same.
    slips: dict[str, tuple[str, ...]] = field(default_factory=dict)
    bare: dict[str, str] = field(default_factory=dict)  # without vowels -> stem
    squeezed: dict[str, str] = field(default_factory=dict)  # without doubled letters -> stem
    meanings: dict[str, set[str]] = field(default_factory=dict)  # stem or two -> groups
    meanings_cjk: list[tuple[str, str]] = field(default_factory=list)  # word and group
    lawful: tuple[str, ...] = ()  # longer stems that clear a German compound they stand in
    chapters: dict[str, frozenset[str]] = field(default_factory=dict)
    compounds: Any = None
    cjk: Any = None


def _rows(name: str) -> list[dict[str, str]]:
    with files("riskprofile.reference").joinpath(name).open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@lru_cache(maxsize=1)
def terms() -> tuple[Term, ...]:
    """Every term of the lexicon, in file order."""
    return tuple(
        Term(
            row["term"],
            row["language"],
            row["category"],
            row["part"],
            row["hs_hint"],
            row["ambiguity"],  # type: ignore[arg-type]
            tuple(filter(None, row["context"].split("|"))),
        )
        for row in _rows("lexicon.csv")
    )


def _spellings(term: Term) -> set[tuple[str, ...]]:
    """Stems of a term, in each way it is written and inflected."""
    made = {tuple(stem(word) for word in words.tokens(term.text))}
    if term.language == "de":
        written = term.text.translate(_UMLAUTS)
        made.add(tuple(stem(word) for word in words.tokens(written)))
    if term.language == "tr":
        made |= {(*one[:-1], last) for one in set(made) for last in _turkish(one[-1])}
    return made


def _turkish(word: str) -> set[str]:
    soft = {"k": "g", "c": "c", "p": "b", "t": "d"}.get(word[-1], word[-1])
    bases = {word} | ({word[:-1] + soft} if len(word) > 4 else set())
    endings = ("", "lar", "ler", "lari", "leri", "larin", "lerin", "i", "u", "si", "su", "nin",
               "nun", "in", "un", "ya", "ye", "dan", "den", "li", "lu")  # fmt: skip
    return {stem(base + ending) for base in bases for ending in endings} | {word}


# The English words that stand for a term in any language: by kind of part, else by HS hint.
_ENGLISH_OF_PARTS = {
    "set": "parts", "sight": "scope", "suppressor": "silencer", "muzzle": "muzzle brake",
}  # fmt: skip
_ENGLISH_BY_HS = (
    ("3601", "gunpowder", "gunpowder"), ("3603", "percussion caps", "primer"),
    ("930120", "grenade launcher", "launcher"), ("9301", "assault rifle", "weapons"),
    ("9302", "pistol", "gun"), ("930320", "shotgun", "gun"), ("930330", "rifle", "rifle"),
    ("930390", "blank pistol", "blank pistol"), ("930400", "air gun", "air gun"),
    ("950300", "replica gun", "replica gun"), ("9303", "shotgun", "shotgun"),
    ("930621", "shotgun cartridges", "shotgun cartridges"), ("930629", "shot pellets", "pellets"),
    ("930690", "grenade", "grenade"), ("9306", "ammunition", "cartridges"),
    ("420292", "gun holster", "holster"),
)  # fmt: skip


@lru_cache(maxsize=4096)
def english(term: Term) -> str:
    """What a term says, in the English words that stand for it in every language.

    A term that means arms alone says so (`gun slide`, whatever the maker or language); one
    that is also an everyday word stays as open as it was (`slide`).

    >>> by = {term.text: english(term) for term in terms()}
    >>> by["gun silencer"], by["corredera de pistola"], by["corredera"], by["Glock"]
    ('gun silencer', 'gun slide', 'slide', 'pistol')
    """
    sure = term.ambiguity == "low"
    if term.language == "en" and not sure:
        return term.text
    if term.part:
        word = _ENGLISH_OF_PARTS.get(term.part, term.part)
        return f"gun {word}" if sure else word
    if term.category == "conversion":
        return "gun conversion kit" if sure else "selector switch"
    for code, meant, open_word in _ENGLISH_BY_HS:
        if term.hs.startswith(code):
            return meant if sure else open_word
    return term.text


@lru_cache(maxsize=1)
def index() -> Index:
    """Build the indexes once a process."""
    made = Index()
    first: dict[str, list[tuple[tuple[str, ...], Term]]] = {}
    made.compounds, made.cjk = ahocorasick.Automaton(), ahocorasick.Automaton()
    for term in terms():
        if CJK.search(term.text):
            made.cjk.add_word(term.text, term)
        else:
            _add(made, first, term)
    for key, found in first.items():
        # The longest term wins; of two languages' homographs the one that context can cancel.
        found.sort(key=lambda one: (-len(one[0]), "nhl".index(one[1].ambiguity[0])))
        for place, (needed, term) in enumerate(found):
            if len(needed) > 1:
                made.led.setdefault((key, needed[1]), []).append((place, needed, term))
            else:
                made.alone.setdefault(key, term)
    made.leading = {one for one, _ in made.led}
    for row in _rows("homonyms.csv"):
        group, listed = row["group"], row["words"].split("|")
        for one in listed:
            if CJK.search(one):
                made.meanings_cjk.append((one, group))
            else:
                key = " ".join(map(stem, words.tokens(one)))
                made.meanings.setdefault(key, set()).add(group)
        made.chapters[group] = frozenset(row["chapters"].split("|"))
    made.lawful = tuple(
        key
        for key, groups in made.meanings.items()
        if len(key) > 4 and not groups.isdisjoint(("toy", "tool gun"))
    )
    for key in made.vocabulary:
        _slip(made, key, [key])
    made.joints = frozenset(made.pulled) | {f"{one}s" for one in made.pulled}
    made.heads = frozenset(one[:place] for one in made.joints for place in range(1, len(one)))
    made.tails = frozenset(one[place:] for one in made.joints for place in range(1, len(one)))
    made.compounds.make_automaton()
    made.cjk.make_automaton()
    return made


def _add(made: Index, first: dict[str, list[tuple[tuple[str, ...], Term]]], term: Term) -> None:
    for keys in _spellings(term):
        first.setdefault(keys[0], []).append((keys, term))
        for key in keys:
            made.vocabulary.setdefault(key, set()).add(term.language)
        pulled = "".join(keys)
        if term.ambiguity == "none":
            continue
        if len(pulled) >= 4:
            made.pulled.setdefault(pulled, term)
        if term.language == "de" and term.ambiguity == "low" and len(pulled) >= 6:
            made.compounds.add_word(pulled, term)
        for key in filter(str.isalpha, keys):
            _add_slips(made, key, term)
    if not term.text.isascii():
        made.accented.update(stem(word) for word in words.tokens(term.text))


def _add_slips(made: Index, key: str, term: Term) -> None:
    """Index a word of a term by what a slip, a missing vowel or a doubling leaves."""
    if term.ambiguity == "low" and key.isascii():
        bare = _VOWELS.sub("", key)
        if len(bare) >= 4 and bare != key:
            made.bare.setdefault(bare, key)
    if key in made.slips.get(key, ()):  # a word of an earlier term
        return
    made.squeezed.setdefault(words.squeeze(key), key)
    _slip(made, key, [key])
    if len(key) >= 5:
        _slip(made, key, [key[:place] + key[place + 1 :] for place in range(len(key))])


def _slip(made: Index, key: str, written: Iterable[str]) -> None:
    """Let a word of a term be found by how it is written with a slip."""
    alone = (key,)
    for one in written:
        had = made.slips.get(one, ())
        if key not in had:
            made.slips[one] = (*had, key) if had else alone

"""Words of firearms, parts, ammunition and conversion devices, in nine languages.

Three kinds of term (`lexicon.csv`, column `ambiguity`): `low` means arms and little
else; `high` is also an everyday word, and is cancelled by the words of that everyday
meaning (`homonyms.csv`) standing in the same text; `none` is a lawful phrase that
swallows the words in it, such as *glue gun*. Each distinct text is read once.

A word is matched as it is read, not as it is typed: see `riskprofile.reference.text`.
Other spellings (look-alike letters, digits, letters apart, a slip of the keyboard) are
believed only when they make a word of the lexicon and are no known goods word.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, Literal

import ahocorasick
import numpy as np
import pandas as pd
from rapidfuzz.distance import OSA

from riskprofile.reference import text as words
from riskprofile.reference.stems import other_stems, stem
from riskprofile.reference.text import per_distinct
from riskprofile.reference.wording import known
from riskprofile.tables import Column, Table

Ambiguity = Literal["low", "high", "none"]
CATEGORIES = ("firearm", "part", "ammunition", "conversion", "accessory")
LONGEST = 20_000  # characters of one text that are read; a goods line has under 1,000
_CJK = re.compile("[\u3400-\u9fff]")
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


@dataclass(frozen=True)
class Hit:
    """A term found: where in the clean text, and how it was disguised, if it was."""

    start: int
    end: int
    term: Term
    trick: str = ""
    cancelled: bool = False


@dataclass
class _Index:
    first: dict[str, list[tuple[tuple[str, ...], Term]]] = field(default_factory=dict)
    vocabulary: dict[str, set[str]] = field(default_factory=dict)  # stem -> languages
    accented: set[str] = field(default_factory=set)  # stems that some spelling accents
    pulled: dict[str, Term] = field(default_factory=dict)  # without blanks
    slips: dict[str, set[str]] = field(default_factory=dict)  # one letter left out -> stems
    bare: dict[str, str] = field(default_factory=dict)  # without vowels -> stem
    squeezed: dict[str, str] = field(default_factory=dict)  # without doubled letters -> stem
    context: dict[str, frozenset[str]] = field(default_factory=dict)  # group -> stems
    context_cjk: dict[str, tuple[str, ...]] = field(default_factory=dict)
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


@lru_cache(maxsize=1)
def _index() -> _Index:
    index = _Index()
    index.compounds, index.cjk = ahocorasick.Automaton(), ahocorasick.Automaton()
    for term in terms():
        if _CJK.search(term.text):
            index.cjk.add_word(term.text, term)
            continue
        for keys in _spellings(term):
            index.first.setdefault(keys[0], []).append((keys, term))
            for key in keys:
                index.vocabulary.setdefault(key, set()).add(term.language)
            pulled = "".join(keys)
            if term.ambiguity != "none" and len(pulled) >= 4:
                index.pulled.setdefault(pulled, term)
            if term.language == "de" and term.ambiguity == "low" and len(pulled) >= 6:
                index.compounds.add_word(pulled, term)
        if not term.text.isascii():
            index.accented.update(stem(word) for word in words.tokens(term.text))
    for found in index.first.values():
        found.sort(key=lambda one: -len(one[0]))
    _add_slips(index)
    for row in _rows("homonyms.csv"):
        listed = row["words"].split("|")
        index.context[row["group"]] = frozenset(
            " ".join(map(stem, words.tokens(one))) for one in listed if not _CJK.search(one)
        )
        index.context_cjk[row["group"]] = tuple(one for one in listed if _CJK.search(one))
        index.chapters[row["group"]] = frozenset(row["chapters"].split("|"))
    index.compounds.make_automaton()
    index.cjk.make_automaton()
    return index


def _add_slips(index: _Index) -> None:
    """Index the words of terms by what a slip, a missing vowel or a doubling leaves."""
    for found in index.first.values():
        for keys, term in found:
            if term.ambiguity == "none":
                continue
            for key in filter(str.isalpha, keys):
                bare = _VOWELS.sub("", key)
                if term.ambiguity == "low" and key.isascii() and len(bare) >= 4 and bare != key:
                    index.bare.setdefault(bare, key)
                index.squeezed.setdefault(words.squeeze(key), key)
                if len(key) >= 5:
                    for place in range(len(key)):
                        index.slips.setdefault(key[:place] + key[place + 1 :], set()).add(key)


@lru_cache(maxsize=1 << 17)
def _keys(word: str) -> tuple[tuple[str, str], ...]:
    """What a clean word may be in the lexicon: stems, each with the trick it undoes."""
    index = _index()
    key = stem(word)
    if key in index.vocabulary:
        trick = ""
        if not word.isascii() and key.isascii() and words.mixed(word):
            trick = "look-alike letters"
        elif not word.isalpha() and key.isalpha():
            trick = "digits for letters"
        return ((key, trick),)
    for other in other_stems(word):
        languages = index.vocabulary.get(other, ())
        if languages and (
            word.casefold().endswith(("es", "ات", "ين", "ون", "ان", "ه")) or "de" in languages
        ):
            return ((other, ""),)
    if len(word) < 3 or len(word) > 40 or known(word.casefold()) or known(key):
        return ()
    found: dict[str, str] = {}
    for one, trick in words.repairs(word).items():
        repaired = stem(one)
        if repaired in index.vocabulary and len(repaired) >= (
            5 if trick == "doubled letters" else 3
        ):
            found.setdefault(repaired, trick)
        elif trick == "doubled letters" and len(repaired) >= 5 and repaired in index.squeezed:
            found.setdefault(index.squeezed[repaired], trick)
    if found or not key.isalpha():
        return tuple(found.items())
    if len(key) >= 6 and key[::-1] in index.vocabulary:
        return ((key[::-1], "written backwards"),)
    if key in index.bare:
        return ((index.bare[key], "vowels left out"),)
    if len(key) >= 5 and (slipped := _slip(key, index)):
        return ((slipped, "spelling"),)
    return ()


def _slip(key: str, index: _Index) -> str | None:
    """The word of the lexicon one slip of the keyboard away, if it is long enough."""
    near = set(index.slips.get(key, ()))
    for place in range(len(key)):
        left = key[:place] + key[place + 1 :]
        near |= index.slips.get(left, set())
        if left in index.vocabulary:
            near.add(left)
    close = sorted(
        one
        for one in near
        if len(one) >= 6 and OSA.distance(one, key) == 1 and (one[0] == key[0] or len(one) >= 8)
    )
    return close[0] if close else None


@dataclass(frozen=True)
class Scan:
    """What one text says of arms. Counts are of distinct terms, places of the clean text."""

    hits: tuple[Hit, ...] = ()
    low: int = 0
    high: int = 0
    cancelled: int = 0
    combined: int = 0
    categories: frozenset[str] = frozenset()
    parts: frozenset[str] = frozenset()
    calibres: int = 0
    threads: int = 0
    disguised: bool = False
    hints: frozenset[str] = frozenset()  # HS codes of what the terms name
    homes: tuple[frozenset[str], ...] = ()  # for each of `high`: chapters of its everyday meaning
    setting: frozenset[str] = frozenset()  # chapters that the other words of the text speak of


_EMPTY = Scan()
_CALIBRE = re.compile(
    r"(?<![\w.,/])(?:7[.,]62\s?[x*]\s?(?:25|38|39|51|54)r?|5[.,]56\s?[x*]\s?45|5[.,]45\s?[x*]\s?39"
    r"|12[.,]7\s?[x*]\s?(?:99|108)|6[.,]5\s?[x*]\s?(?:47|55)|4[.,]6\s?[x*]\s?30|5[.,]7\s?[x*]\s?28"
    r"|7[.,]65\s?[x*]\s?(?:17|21)|9\s?[x*]\s?(?:17|18|19|21)\s?(?:mm)?\s?(?:luger|para\w*|makarov|cal\w*)?"
    r"|\.?22\s?l\.?r\.?|[.,]?223\s?rem\w*|[.,]?308\s?win\w*|[.,]?38\s?special|[.,]?357\s?magnum"
    r"|[.,]?44\s?magnum|[.,]?45\s?acp|[.,]?380\s?(?:acp|auto)|[.,](?:17|22|30|32|38|40|45|50)\s?cal(?:iber|ibre)?\b|[.,]?40\s?s\s?&\s?w|[.,]50\s?bmg"
    r"|300\s?(?:blackout|blk)|6[.,]35\s?(?:mm\s?)?browning|9\s?mm\s?(?:luger|para\w*|p\.?a\.?k\.?|pak|makarov)"
    r"|(?:cal|kal|calibre|caliber|kaliber|calibro|kalibr|калибр\w*|عيار|口径)[.:\s]*[.,]?\d{1,2}(?:[.,]\d{1,2})?(?![\w.,]*(?:kg|cm|l\b)))"
    r"(?!\d)"
)
_PLATE = re.compile(r"^9\s?[x*]\s?\d\d\s?(?:mm)?$")
_MEASURE = re.compile(r"^\s?(?:[x*]\s?\d|cm|inch|in\b|\"|ft|m\b)")
_THREAD = re.compile(
    r"(?<![\d/])(?:1/2\s?[-x]\s?(?:28|36)|5/8\s?[-x]\s?24|9/16\s?[-x]\s?24|[.,]578\s?[-x]\s?28"
    r"|m?13[.,]5\s?x\s?1(?:[.,]0)?\s?(?:lh|l)\b|m?14\s?x\s?1(?:[.,]0)?\s?(?:lh|l)\b|m24\s?x\s?1[.,]5\s?(?:rh|r)\b)(?!\d)"
)
_PART_WORDS = frozenset(
    map(
        stem,
        ("part", "spare", "component", "piece", "accessory", "pièce", "repuesto", "pieza", "parte",
         "peça", "Teil", "Ersatzteil", "часть", "деталь", "запчасть", "قطع", "أجزاء", "parça"),
    )
)  # fmt: skip


@lru_cache(maxsize=1 << 17)
def scan(text: str) -> Scan:
    """Read one text.

    >>> [hit.term.text for hit in scan("Glock slide assembly, black").hits]
    ['Glock', 'slide assembly']
    >>> scan("ink cartridge for laser printer").high, scan("hot melt glue gun").high
    (0, 0)
    """
    cleaned = words.clean(text[:LONGEST])
    found = _hits(cleaned)
    calibres, threads = _sizes(cleaned, bool(found))
    if not found:
        if not calibres and not threads:
            return _EMPTY
        return Scan(calibres=calibres, threads=threads)
    return _summary(text, cleaned, found, calibres, threads)


def _hits(cleaned: str) -> list[Hit]:
    index = _index()
    tokens = words.word_spans(cleaned)
    keys = [_keys(word) for _, _, word in tokens]
    hits: list[Hit] = []
    at = 0
    while at < len(tokens):
        step = 1
        for key, trick in keys[at]:
            if match := _longest(index, keys, at, key):
                step, term = match
                hidden = trick or next(
                    (t for later in keys[at + 1 : at + step] for _, t in later[:1] if t), ""
                )
                hits.append(Hit(tokens[at][0], tokens[at + step - 1][1], term, hidden))
                break
        at += step
    taken = {position for hit in hits for position in range(hit.start, hit.end)}
    for hit in _other_hits(index, cleaned, tokens):
        if taken.isdisjoint(range(hit.start, hit.end)):
            hits.append(hit)
            taken.update(range(hit.start, hit.end))
    return sorted(hits, key=lambda hit: hit.start)


def _longest(
    index: _Index, keys: list[tuple[tuple[str, str], ...]], at: int, key: str
) -> tuple[int, Term] | None:
    for needed, term in index.first.get(key, ()):
        size = len(needed)
        if at + size <= len(keys) and all(
            any(one == want for one, _ in keys[at + offset])
            for offset, want in enumerate(needed[1:], start=1)
        ):
            return size, term
    return None


def _other_hits(index: _Index, cleaned: str, tokens: list[tuple[int, int, str]]) -> list[Hit]:
    """Terms pulled apart, compounded, or in a script without blanks."""
    hits = []
    for start, end, letters in words.joined(cleaned):
        if not 4 <= len(letters) <= 40:
            continue
        if "*" in letters:
            term = _masked(letters.casefold(), index)
        else:
            term = index.pulled.get(letters.casefold()) or next(
                (index.pulled[key] for key, _ in _keys(letters) if key in index.pulled), None
            )
        if term:
            hits.append(Hit(start, end, term, "letters apart"))
    for (start, _, one), (_, end, two) in pairwise(tokens):
        both = (one + two).casefold()
        if both in index.pulled and (
            two.isdigit() or not (known(one.casefold()) and known(two.casefold()))
        ):
            trick = "" if two.isdigit() else "letters apart"
            hits.append(Hit(start, end, index.pulled[both], trick))
    for start, end, word in tokens:
        if len(word) >= 10:
            low = word.casefold()
            inside = [term for _, term in index.compounds.iter(low)]
            lawful = (index.context["toy"] | index.context["tool gun"]) - {""}
            if inside and not any(len(one) > 4 and one in low for one in lawful):
                hits.append(Hit(start, end, max(inside, key=lambda term: len(term.text))))
    if not cleaned.isascii() and _CJK.search(cleaned):
        for last, term in index.cjk.iter_long(cleaned):
            hits.append(Hit(last - len(term.text) + 1, last + 1, term))
    return hits


def _masked(letters: str, index: _Index) -> Term | None:
    if letters.count("*") > 2 or len(letters) < 5:
        return None
    pattern = re.compile(re.escape(letters).replace(r"\*", "."))
    return next(
        (
            index.pulled[one]
            for one in index.pulled
            if len(one) == len(letters) and pattern.fullmatch(one)
        ),
        None,
    )


def _sizes(cleaned: str, with_arms: bool) -> tuple[int, int]:
    """Calibres and silencer threads; `9x19` alone may be the size of a plate."""
    if not any(map(str.isdigit, cleaned)):
        return 0, 0
    low = cleaned.casefold().replace("х", "x")
    calibres = 0
    for match in _CALIBRE.finditer(low):
        plate = _PLATE.match(match.group().strip()) and not with_arms
        if not plate and not _MEASURE.match(low[match.end() :]):
            calibres += 1
    return calibres, sum(1 for _ in _THREAD.finditer(low))


def _summary(text: str, cleaned: str, found: list[Hit], calibres: int, threads: int) -> Scan:
    index = _index()
    judged: list[Hit] = []
    homes: dict[str, frozenset[str]] = {}
    tokens = [(start, end, stem(word)) for start, end, word in words.word_spans(cleaned)]
    for hit in found:
        groups = hit.term.context
        if hit.term.ambiguity == "high" and groups:
            outside = [(s, e, key) for s, e, key in tokens if e <= hit.start or s >= hit.end]
            around = {key for _, _, key in outside}
            around |= {f"{a[2]} {b[2]}" for a, b in pairwise(outside)}
            rest = cleaned[: hit.start] + " " + cleaned[hit.end :]
            if any(
                not around.isdisjoint(index.context[group])
                or any(one in rest for one in index.context_cjk[group])
                for group in groups
            ):
                hit = replace(hit, cancelled=True)
            else:
                homes[hit.term.text] = frozenset().union(*(index.chapters[g] for g in groups))
        judged.append(hit)
    low = {hit.term.text for hit in judged if hit.term.ambiguity == "low"}
    high = {hit.term for hit in judged if hit.term.ambiguity == "high" and not hit.cancelled}
    counted = [hit for hit in judged if hit.term.ambiguity != "none" and not hit.cancelled]
    arms = any(term.category == "firearm" for term in high)
    other = any(term.category in ("part", "accessory", "conversion", "ammunition") for term in high)
    spare = any(key in _PART_WORDS for _, _, key in tokens)
    ammunition = any(term.category == "ammunition" for term in high)
    return Scan(
        hits=tuple(judged),
        low=len(low),
        high=len(high),
        cancelled=sum(hit.cancelled for hit in judged),
        combined=int(arms and (other or spare)) + int(ammunition and calibres > 0),
        categories=frozenset(hit.term.category for hit in counted),
        parts=frozenset(hit.term.part for hit in counted if hit.term.part),
        calibres=calibres,
        threads=threads,
        disguised=any(hit.trick not in ("", "spelling") for hit in counted)
        or _accented(text, cleaned, counted),
        hints=frozenset(hit.term.hs for hit in counted),
        homes=tuple(homes.get(term.text, frozenset()) for term in sorted(high, key=str)),
        setting=_setting(index, cleaned, tokens, judged),
    )


# Groups whose words say plainly what the goods are: merchandise that carries an arms word.
_SETTINGS = ("toy", "textile", "media", "drink", "luggage", "phone", "photo", "food", "cosmetic")


def _setting(
    index: _Index, cleaned: str, tokens: list[tuple[int, int, str]], hits: list[Hit]
) -> frozenset[str]:
    """HS chapters that the words beside the hits speak of, for merchandise."""
    apart = [(s, e, key) for s, e, key in tokens if not any(h.start <= s < h.end for h in hits)]
    around = {key for _, _, key in apart} | {f"{a[2]} {b[2]}" for a, b in pairwise(apart)}
    rest = cleaned
    for hit in reversed(hits):
        rest = rest[: hit.start] + " " + rest[hit.end :]
    found: set[str] = set()
    for group in _SETTINGS:
        if not around.isdisjoint(index.context[group]) or any(
            one in rest for one in index.context_cjk[group]
        ):
            found |= index.chapters[group]
    return frozenset(found)


def _accented(text: str, cleaned: str, hits: list[Hit]) -> bool:
    """Whether a term carries accents that none of its spellings has."""
    if text.isascii():
        return False
    _, where = words.spelled(text)
    if where is None or len(where) < len(cleaned):
        return False
    for hit in hits:
        written = text[where[hit.start] : where[hit.end - 1] + 1]
        marks = sum(1 for char in written if not char.isascii() and words.clean(char).isascii())
        if (
            marks >= 2
            and hit.term.text.isascii()
            and stem(words.clean(written)) not in _index().accented
        ):
            return True
    return False


def marks(text: str) -> list[tuple[int, int, str]]:
    """Where the text as declared names arms: start, end and the term, for the page.

    Cancelled and lawful words are left out.

    >>> marks("Steel pistоl slide, black")
    [(6, 18, 'pistol slide')]
    """
    cleaned, where = words.spelled(text[:LONGEST])
    found = []
    for hit in scan(text).hits:
        if hit.cancelled or hit.term.ambiguity == "none" or hit.end > len(cleaned):
            continue
        if where is None:
            found.append((hit.start, hit.end, hit.term.text))
        else:
            found.append((where[hit.start], where[hit.end - 1] + 1, hit.term.text))
    return found


# What a free accessory is: sights, holsters and cases are no arms and no parts of arms.
_FREE = frozenset({"901310", "901320", "420292", "962000", "960390", "621010"})
_CONVERTIBLE = frozenset({"930390", "930400"})
_REPLICA = frozenset({"950300"})


def read(text: Column, chapter: Column | None = None) -> Table:
    """What each text says of arms, one row a text, same index.

    Parameters
    ----------
    text : Column
        Goods as declared.
    chapter : Column, optional
        Declared HS chapter. An ambiguous term does not count in a chapter where its
        everyday meaning belongs: a slide for drawers in chapter 83.

    Returns
    -------
    Table
        float64, NaN where there is no text: `low`, `high`, `combined` (terms that mean
        arms alone; that may; that do together), `cancelled`, `parts` (distinct kinds),
        `calibres`, `threads`. bool, false where there is no text: `controlled` (a term
        that is more than a free accessory), `disguised`, `lawful` (the other words
        speak of the declared chapter, as in toys), `convertible`, `replica`, and one
        column a category.
    """
    both = text if chapter is None else text.str.cat(chapter.fillna(""), sep="\x1f")
    codes, distinct = pd.factorize(both)
    pairs = [str(one).partition("\x1f") for one in distinct]
    scans = [scan(words_[:LONGEST]) for words_, _, _ in pairs]
    columns: dict[str, Any] = {}

    def put(name: str, values: list[Any], missing: Any) -> None:
        columns[name] = np.array([*values, missing])[codes]

    for name in ("low", "combined", "cancelled", "calibres", "threads"):
        put(name, [float(getattr(one, name)) for one in scans], np.nan)
    put(
        "high",
        [
            float(sum(declared not in home for home in one.homes))
            for one, (_, _, declared) in zip(scans, pairs, strict=True)
        ],
        np.nan,
    )
    put("parts", [float(len(one.parts)) for one in scans], np.nan)
    put("controlled", [_controlled(one) for one in scans], False)
    put("disguised", [one.disguised for one in scans], False)
    put(
        "lawful",
        [d in one.setting for one, (_, _, d) in zip(scans, pairs, strict=True)],
        False,
    )
    put("convertible", [not one.hints.isdisjoint(_CONVERTIBLE) for one in scans], False)
    put("replica", [not one.hints.isdisjoint(_REPLICA) for one in scans], False)
    for category in CATEGORIES:
        put(category, [category in one.categories for one in scans], False)
    return pd.DataFrame(columns, index=text.index)


def _controlled(one: Scan) -> bool:
    """Whether the text names arms, their parts or ammunition, not free accessories alone."""
    plain_arms = any(
        hit.term.ambiguity == "low" and not hit.cancelled and hit.term.hs not in _FREE
        for hit in one.hits
    )
    return plain_arms or one.combined > 0


def parts(text: Column) -> Column:
    """The kinds of firearm part each text names, as a frozen set; empty for none.

    Kinds are those of `lexicon.csv`, column `part`: frame, receiver, slide, bolt,
    barrel, trigger, magazine and so on. Everyday meanings are cancelled.
    """
    empty: frozenset[str] = frozenset()
    values = per_distinct(text, lambda one: scan(one).parts, missing=empty)
    return pd.Series(list(values), index=text.index, dtype=object)

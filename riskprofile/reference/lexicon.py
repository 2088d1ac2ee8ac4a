"""Words of firearms, parts, ammunition and conversion devices, in nine languages.

Three kinds of term (`lexicon.csv`, column `ambiguity`): `low` means arms and little
else; `high` is also an everyday word, and is cancelled by the words of that everyday
meaning (`homonyms.csv`) standing in the same text; `none` is a lawful phrase that
swallows the words in it, such as *glue gun*. Each distinct text is read once.

How a disguised spelling is recognised: `riskprofile.reference.matching`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from riskprofile.columns import factorize, told
from riskprofile.reference import text as words
from riskprofile.reference.bags import LONGEST, cut
from riskprofile.reference.matching import SLIP, Hit, Standing, find, outside, silent, standing
from riskprofile.reference.once import Recent
from riskprofile.reference.stems import stem
from riskprofile.reference.terms import CJK, Term, english, index, terms
from riskprofile.tables import Column, Table

__all__ = ["marks", "plain", "plains", "read", "scan", "scans", "terms"]

CATEGORIES = ("firearm", "part", "ammunition", "conversion", "accessory")
KEPT = 1 << 13


class Scan(NamedTuple):
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
_CALIBRES = (
    r"7[.,]62\s?[x*]\s?(?:25|38|39|51|54)r?|5[.,]56\s?[x*]\s?45|5[.,]45\s?[x*]\s?39"
    r"|12[.,]7\s?[x*]\s?(?:99|108)|6[.,]5\s?[x*]\s?(?:47|55)|4[.,]6\s?[x*]\s?30|5[.,]7\s?[x*]\s?28"
    r"|7[.,]65\s?[x*]\s?(?:17|21)|9\s?[x*]\s?(?:17|18|19|21)\s?(?:mm)?\s?(?:luger|para\w*|makarov|cal\w*)?"
    r"|\.?22\s?l\.?r\.?|[.,]?223\s?rem\w*|[.,]?308\s?win\w*|[.,]?38\s?special|[.,]?357\s?magnum"
    r"|[.,]?44\s?magnum|[.,]?45\s?acp|[.,]?380\s?(?:acp|auto)|[.,](?:17|22|30|32|38|40|45|50)\s?cal(?:iber|ibre)?\b|[.,]?40\s?s\s?&\s?w|[.,]50\s?bmg"
    r"|300\s?(?:blackout|blk)|6[.,]35\s?(?:mm\s?)?browning|9\s?mm\s?(?:luger|para\w*|p\.?a\.?k\.?|pak|makarov)"
)
_SAID = (  # a calibre that is said to be one, unless it is a weight, a length or a volume
    r"(?:cal|kal|calibre|caliber|kaliber|calibro|kalibr|калибр\w*|عيار|口径)"
    r"[.:\s]*[.,]?\d{1,2}(?:[.,]\d{1,2})?"
)
_CALIBRE = re.compile(rf"(?<![\w.,/])(?:{_CALIBRES}|{_SAID}(?![\w.,]*(?:kg|cm|l\b)))(?!\d)")
_DIGIT = re.compile(r"\d")  # a clean text has no other digits
_PLATE = re.compile(r"^9\s?[x*]\s?\d\d\s?(?:mm)?$")
_MEASURE = re.compile(r"^\s?(?:[x*]\s?\d|cm|inch|in\b|\"|ft|m\b)")
_THREADS = (
    r"1/2\s?[-x]\s?(?:28|36)|5/8\s?[-x]\s?24|9/16\s?[-x]\s?24|[.,]578\s?[-x]\s?28"
    r"|m?13[.,]5\s?x\s?1(?:[.,]0)?\s?(?:lh|l)\b|m?14\s?x\s?1(?:[.,]0)?\s?(?:lh|l)\b|m24\s?x\s?1[.,]5\s?(?:rh|r)\b"
)
_THREAD = re.compile(rf"(?<![\d/])(?:{_THREADS})(?!\d)")
_SIZE = re.compile(f"(?i:{_CALIBRES}|{_SAID}|{_THREADS})")  # in every text with either of them
_PART_WORDS = frozenset(
    stem(word)
    for word in words.tokens(
        "part spare component piece accessory pièce repuesto pieza parte peça Teil Ersatzteil часть"
        " деталь детали запчасть قطع أجزاء parça"
    )
)


_scans = Recent[Scan](KEPT)


def scan(text: str) -> Scan:
    """Read one text.

    >>> [hit.term.text for hit in scan("Glock slide assembly, black").hits]
    ['Glock', 'slide assembly']
    >>> scan("ink cartridge for laser printer").high, scan("hot melt glue gun").high
    (0, 0)
    """
    return scans([text])[0]


def scans(texts: Sequence[str]) -> list[Scan]:
    """Read many texts: of most a look at their words tells that they hold no term."""
    return _scans.of(texts, _scanned)


def _scanned(texts: list[str]) -> list[Scan]:
    cleaned = [words.clean(text[:LONGEST]) for text in texts]
    if len(texts) <= words.FEW:
        return [_read(text, one, find(one)) for text, one in zip(texts, cleaned, strict=True)]
    usual = np.flatnonzero(np.fromiter(map(str.isascii, cleaned), bool, len(texts)))
    plain_ones = [cleaned[place] for place in usual.tolist()]
    loud, sized = np.ones((2, len(texts)), dtype=bool)
    loud[usual] = ~silent(plain_ones, cut(texts).only(usual))
    sized[usual] = words.holds(plain_ones, _SIZE)
    read = [_EMPTY] * len(texts)
    for place in np.flatnonzero(loud | sized).tolist():
        one = cleaned[place]
        read[place] = _read(texts[place], one, find(one) if loud[place] else [], sized[place])
    return read


def _read(text: str, cleaned: str, found: list[Hit], sized: bool = True) -> Scan:
    """What a text says, with the terms that stand in it; `sized` if a size may."""
    calibres, threads = _sizes(cleaned, found) if sized else (0, 0)
    if not found:
        if not calibres and not threads:
            return _EMPTY
        return Scan(calibres=calibres, threads=threads)
    return _summary(text, cleaned, found, calibres, threads)


def _sizes(cleaned: str, found: list[Hit]) -> tuple[int, int]:
    """Calibres and silencer threads; `9x19` without arms may be the size of a plate."""
    if not _DIGIT.search(cleaned):
        return 0, 0
    with_arms = any(not hit.term.text[0].isdigit() for hit in found)
    low = cleaned.casefold().replace("х", "x")
    calibres = 0
    for match in _CALIBRE.finditer(low):
        plate = _PLATE.match(match.group().strip()) and not with_arms
        if not plate and not _MEASURE.match(low[match.end() :]):
            calibres += 1
    return calibres, sum(1 for _ in _THREAD.finditer(low))


# Parts that make a firearm; pins, springs and hammers belong to any machine.
_MAIN_PARTS = frozenset({"frame", "receiver", "slide", "bolt", "barrel", "trigger", "magazine"})
MANY_PARTS = 3  # so many kinds of them in one text are no coincidence


def _summary(text: str, cleaned: str, found: list[Hit], calibres: int, threads: int) -> Scan:
    stood = standing(cleaned)
    judged, homes = _judged(cleaned, found, stood)
    counted = [hit for hit in judged if hit.term.ambiguity != "none" and not hit.cancelled]
    low = {hit.term.text for hit in counted if hit.term.ambiguity == "low"}
    high = {hit.term for hit in counted if hit.term.ambiguity == "high"}
    stems = outside(judged, stood)
    kinds = {term.category for term in high}
    main_parts = {hit.term.part for hit in counted} & _MAIN_PARTS
    arms = "firearm" in kinds and (len(kinds) > 1 or not stems.isdisjoint(_PART_WORDS))
    return Scan(
        hits=tuple(judged),
        low=len(low) + _agreeing(cleaned, counted),
        high=len(high),
        cancelled=sum(hit.cancelled for hit in judged),
        combined=int(arms)
        + int("ammunition" in kinds and calibres > 0)
        + int(len(main_parts) >= MANY_PARTS),
        categories=frozenset(hit.term.category for hit in counted),
        parts=frozenset(hit.term.part for hit in counted if hit.term.part),
        calibres=calibres,
        threads=threads,
        disguised=any(hit.trick not in ("", SLIP) for hit in counted)
        or _dressed(text, cleaned, counted),
        hints=frozenset(hit.term.hs for hit in counted),
        homes=tuple(homes[term] for term in sorted(high, key=lambda term: term.text)),
        setting=_setting(_meanings(cleaned, judged, stems)),
    )


# Words that bind a part to what it is of, in the languages of the lexicon, as tokens.
_LINKS = frozenset(
    words.tokens(
        """de d du des da do das dos del di la las le les l el los un une a à para pour por of for
        the to with s von vom für fur der die das des den dem eines einer на для к ко от из у с
        用 的 之 için icin ve ال من ل لل"""
    )
)
_SIGNS = ",;/|+\n"


def _near(cleaned: str, first: Hit, second: Hit) -> bool:
    """Whether two hits stand together: nothing, one short word, or linking words between."""
    between = cleaned[first.end : second.start].strip()
    if any(sign in between for sign in _SIGNS):
        return False
    linking = words.tokens(between)
    together = "".join(linking) in _LINKS  # f.o.r
    return len(between) <= 4 or (len(between) <= 16 and (together or _LINKS.issuperset(linking)))


def _agreeing(cleaned: str, hits: list[Hit]) -> int:
    """Neighbours, each open alone, that mean arms together: a firearm beside its part or shot.

    *Cartuchos de fusil*, *сталь: ствол ружья*: a short word or linking words stand between.
    """
    agreed = 0
    for first, second in pairwise(sorted(hits, key=lambda hit: hit.start)):
        both = (first.term, second.term)
        if any(term.ambiguity != "high" for term in both) or len({t.text for t in both}) < 2:
            continue
        kinds = {term.category for term in both}
        near = _near(cleaned, first, second)
        agreed += near and "firearm" in kinds and bool(kinds & {"part", "ammunition"})
    return agreed


def _judged(
    cleaned: str, found: list[Hit], stood: Sequence[Standing]
) -> tuple[list[Hit], dict[Term, frozenset[str]]]:
    """Hits, cancelled by context where they are; and where ambiguous terms are at home."""
    judged: list[Hit] = []
    homes: dict[Term, frozenset[str]] = {}
    for hit in found:
        if hit.term.ambiguity == "high":
            groups = hit.term.context
            if not _meanings(cleaned, [hit], outside([hit], stood)).isdisjoint(groups):
                hit = hit._replace(cancelled=True)
            homes[hit.term] = _homes(groups)
        judged.append(hit)
    return judged, homes


@cache
def _homes(groups: tuple[str, ...]) -> frozenset[str]:
    """Chapters where an everyday word belongs; of a word used everywhere, where two meanings do."""
    counted = Counter(chapter for group in groups for chapter in index().chapters[group])
    least = 2 if len(groups) > 4 else 1
    return frozenset(chapter for chapter, count in counted.items() if count >= least)


def _meanings(cleaned: str, hits: list[Hit], stems: set[str]) -> set[str]:
    """Homonym groups of which a word stands among these stems or in the text beside the hits."""
    made = index()
    found = set().union(*filter(None, map(made.meanings.get, stems)))
    if not cleaned.isascii() and CJK.search(cleaned):
        for hit in sorted(hits, key=lambda hit: -hit.start):
            cleaned = f"{cleaned[: hit.start]} {cleaned[hit.end :]}"
        found |= {group for one, group in made.meanings_cjk if one in cleaned}
    return found


# Groups whose words say plainly what the goods are: merchandise that carries an arms word.
_SETTINGS = frozenset(
    ("toy", "textile", "media", "drink", "luggage", "phone", "photo", "food", "cosmetic")
)


def _setting(groups: set[str]) -> frozenset[str]:
    """HS chapters that the words beside the hits speak of, for merchandise."""
    return frozenset().union(*map(index().chapters.__getitem__, groups & _SETTINGS))


def _dressed(text: str, cleaned: str, hits: list[Hit]) -> bool:
    """Whether a term carries invisible signs, or accents that none of its spellings has."""
    if text.isascii():
        return False
    _, where = words.spelled(text)
    if where is None or len(where) != len(cleaned):
        return False
    for hit in hits:
        written = text[where[hit.start] : where[hit.end - 1] + 1]
        if "\u00ad" in written:
            return True
        marks_added = sum(
            1 for char in written if not char.isascii() and words.clean(char).isascii()
        )
        usual = any(stem(one) in index().accented for one in words.tokens(written))
        if marks_added >= 2 and hit.term.text.isascii() and not usual:
            return True
    return False


def plains(texts: Sequence[str]) -> list[str]:
    """Many texts as `plain` writes one."""
    return [
        plain(text) if found.hits else text for text, found in zip(texts, scans(texts), strict=True)
    ]


@lru_cache(maxsize=KEPT)
def plain(text: str) -> str:
    """The text with each term for arms in the English words that stand for it.

    What reads words after this reads one wording, however a term was disguised, misspelt
    or translated. Cancelled and lawful words stay as they are.

    >>> plain("p1stol slide, black"), plain("Pistolenlauf neu"), plain("garden hose")
    ('gun slide, black', 'gun barrel neu', 'garden hose')
    >>> plain("corredera para la pistola"), plain("ствол от ружья")
    ('gun slide', 'gun barrel')
    """
    found = scan(text).hits
    if not found:
        return text
    made = words.clean(text[:LONGEST])
    hits = [
        hit
        for hit in found
        if not hit.cancelled
        and hit.term.ambiguity != "none"
        and (
            hit.term.ambiguity == "low"
            or hit.trick
            or hit.term.language != "en"
            or _apart(made[hit.start : hit.end])
        )
    ]
    if not hits:
        return text
    for start, end, said in reversed(_said(made, hits, text)):
        made = f"{made[:start]} {said} {made[end:]}"
    return " ".join(made.replace(" ,", ",").split())


def _apart(written: str) -> bool:
    """Whether signs stand between the letters of a word, or single letters: s.h.o.t.g.u.n."""
    return any(len(one) == 1 and one.isalpha() for one in words.tokens(written))


def _said(cleaned: str, hits: list[Hit], text: str) -> list[tuple[int, int, str]]:
    """Places and the English words for them: a part and the arm it is of become one wording.

    Languages put them in either order, with or without linking words: *corredera para la
    pistola*, *Lauf für Pistole*, *ствол от ружья*, *步枪套筒*.
    """
    said: list[tuple[int, int, str]] = []
    open_parts = [
        hit
        for hit in scan(text).hits
        if not hit.cancelled and hit.term.ambiguity == "high" and hit.term.language == "en"
    ]
    row = sorted({*hits, *open_parts}, key=lambda hit: hit.start)  # no two overlap
    at = 0
    while at < len(row):
        hit = row[at]
        following = row[at + 1] if at + 1 < len(row) else None
        if following and (joint := _joint(cleaned, hit, following)):
            said.append((hit.start, following.end, joint))
            at += 2
            continue
        if hit in hits:
            said.append((hit.start, hit.end, english(hit.term)))
        at += 1
    return said


def _joint(cleaned: str, first: Hit, second: Hit) -> str:
    """One wording for a firearm and its part, or its shot, that stand together; else empty."""
    by_kind = {hit.term.category: hit.term for hit in (first, second)}
    other = by_kind.get("part") or by_kind.get("ammunition")
    if "firearm" not in by_kind or other is None or not _near(cleaned, first, second):
        return ""
    return english(replace(other, ambiguity="low"))


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
        `calibres`, `threads`, `lawful_phrases`. bool, false where there is no text:
        `controlled` (a term that is more than a free accessory), `disguised`, `silencer`,
        `convertible`, `replica`, `lawful` (the other words speak of the declared chapter,
        as in toys),
        and one column a category.
    """
    codes, texts = factorize(text)
    others, chapters = ([-1] * len(codes), []) if chapter is None else factorize(chapter)
    found, said = scans([one[:LONGEST] for one in texts]), [*chapters, ""]  # -1: no chapter
    # Most texts say nothing of arms: 0, or false. What is missing stands last.
    loud = np.array([one is not _EMPTY for one in found] + [False])[codes]
    asked: dict[tuple[int, int], int] = {}
    made = np.where(codes < 0, -1, 0)
    for row in np.flatnonzero(loud).tolist():
        made[row] = asked.setdefault((codes.item(row), int(others[row])), len(asked) + 1)
    numbers = np.zeros((len(_NUMBERS), len(asked) + 2))
    flags = np.zeros((len(_FLAGS), len(asked) + 2), dtype=bool)
    for (code, other), place in asked.items():
        numbers[:, place] = [tell(found[code], said[other]) for tell in _NUMBERS.values()]
        flags[:, place] = [tell(found[code], said[other]) for tell in _FLAGS.values()]
    numbers[:, -1] = np.nan
    return told(
        text, dict(zip([*_NUMBERS, *_FLAGS], [*numbers[:, made], *flags[:, made]], strict=True))
    )


def _phrases(one: Scan, declared: str) -> int:
    return sum(hit.term.ambiguity == "none" for hit in one.hits)


def _away(one: Scan, declared: str) -> int:
    """Ambiguous terms that the declared chapter does not explain; two kinds of part explain
    themselves."""
    if len(one.parts & _MAIN_PARTS) >= 2:
        return one.high
    return sum(declared not in home for home in one.homes)


def _controlled(one: Scan) -> bool:
    """Whether the text names arms, their parts or ammunition, not free accessories alone."""
    plain_arms = any(
        hit.term.ambiguity == "low" and not hit.cancelled and hit.term.hs not in _FREE
        for hit in one.hits
    )
    return plain_arms or one.combined > 0


# What `read` tells of a text beside the declared chapter: numbers, and flags.
_Tell = Callable[[Scan, str], float | bool]
_NUMBERS: dict[str, _Tell] = {
    "low": lambda one, _: one.low,
    "combined": lambda one, _: one.combined,
    "cancelled": lambda one, _: one.cancelled,
    "calibres": lambda one, _: one.calibres,
    "threads": lambda one, _: one.threads,
    "high": _away,
    "parts": lambda one, _: len(one.parts),
    "lawful_phrases": _phrases,
}
_FLAGS: dict[str, _Tell] = {
    "controlled": lambda one, _: _controlled(one),
    "silencer": lambda one, _: "suppressor" in one.parts,
    "disguised": lambda one, _: one.disguised,
    "lawful": lambda one, declared: declared in one.setting,
    "convertible": lambda one, _: not one.hints.isdisjoint(_CONVERTIBLE),
    "replica": lambda one, _: not one.hints.isdisjoint(_REPLICA),
    **{name: lambda one, _, name=name: name in one.categories for name in CATEGORIES},  # type: ignore[misc]
}

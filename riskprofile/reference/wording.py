"""How goods are worded: which HS chapter a word speaks for, and which words say nothing.

The table (`wording.tsv.gz`) holds whole numbers, 0.01 of the log-likelihood ratio of a
word in a chapter to the word anywhere, built by `training/build_reference.py` from
trade terms, parcel texts and official nomenclatures; see NOTICE.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from importlib.resources import files
from typing import NamedTuple

import numpy as np
import pyarrow.compute as pc

from riskprofile.columns import factorize, told
from riskprofile.reference.bags import LONGEST, SINGLY, Bag, cut, pairs, words
from riskprofile.reference.stems import stem
from riskprofile.reference.text import FEW, holds, in_arrow, tokens
from riskprofile.tables import Column, Mask, Table

# Words that fit any goods: our own list, for the nine languages of the lexicon.
GENERIC = frozenset(
    stem(word)
    for word in tokens(
        """
    part spare accessory component equipment goods item product article material sample general
    cargo misc miscellaneous various assorted assortment mixed sundry stuff thing personal effect
    household belonging used new old kit set pack piece pcs unit lot box carton package parcel gift
    tube metal plastic steel tool hardware supply merchandise commodity consumer commercial other
    said contain load count shipper consolidated fak freight industrial mechanical machine machinery
    device apparatus fitting document present and of for the with in to a an or no as per invoice
    pièce détachée accessoire équipement marchandise échantillon article divers effets personnel
    cadeau colis matériel usagé produit
    parte repuesto accesorio equipo mercancía muestra artículo varios efecto personal menaje regalo
    paquete material usado producto encomienda pieza mercadería
    peça acessório equipamento mercadoria amostra diversos efeito pessoal presente pacote encomenda
    Teil Ersatzteil Zubehör Gerät Ware Muster Artikel verschiedene gemischt Geschenk Paket Umzugsgut
    запчасть часть принадлежность оборудование товар образец изделие разное личный вещь подарок вещи
    посылка материал груз детали
    قطع غيار اجزاء بضائع عينة عينات اغراض شخصية هدية معدات متنوعة مواد
    parça yedek aksesuar ekipman eşya numune malzeme çeşitli kişisel hediye ürün mal
    """
    )
)
NAMING = 2  # words that name goods: on lawful rows two give the narrowest norms, one or three wider
MEASURES = ("distinct", "generic", "information", "vague", "numbered", "itemised")
AT_ONCE = 2_048  # texts whose scores of all chapters are held together, some 2 MB
_CAP = 400  # 0.01 nats one word can add: beyond, a rare word is a name and describes nothing
_UNKNOWN_SAYS = 100  # a name, a model, a word of another language: says something
_CJK_GENERIC = re.compile("零件|配件|样品|货物|个人物品|杂货|礼品|设备|商品|物品|材料")
_NAMED_NUMBER = (
    r"(?:p/?n|part\s*(?:no|number|#)|oem?|ref|model|art(?:icle)?\.?\s*(?:no|nr)|drawing|drg|dwg|sku"
    r"|item\s*no|mpn|артикул|zeichnung|réf|modelo|型号)\b[.:#\s]*"
    r"(?:(?:no|nr|number|num|n)\b[.:#°º\s]*)?[\w./-]*\d"
)
_SHAPE = r"[a-z]{1,5}-?\d{3,}|\d{2,}[a-z]{1,4}-?\d{2,}|\d{3,}-(?:\d{3,}|\d*[a-z])"
_PART_NUMBER = re.compile(rf"(?i)(?<!\w)(?:{_NAMED_NUMBER}|(?=[a-z0-9-]{{6,20}}\b)(?:{_SHAPE}))")
_STANDARD = (
    r"\b(?:din|iso|ansi|astm|en|jis|gost|гост|npt|bsp|bspt|unc|unf)\s?-?\d{2,}"
    r"|\b(?:npt|bspp?|bspt|unc|unf)\b|\bm\d{1,2}\s?x\s?\d"
)
_OF_STANDARD = re.compile(f"(?i:{_STANDARD})")
_MAYBE_NUMBERED = re.compile(f"(?i:{_NAMED_NUMBER}|{_SHAPE}|{_STANDARD})")
_SIGNS = r",;/|\n+"  # between entries
_NO_SIGN = f"[^{_SIGNS}]"
_ENTRY = re.compile(rf"[{_SIGNS}]|\band\b")


class _Word(NamedTuple):
    """What one word says: the chapters that have it, and its best points there."""

    number: int
    where: np.ndarray
    best: int


class _Table(NamedTuple):
    chapters: list[str]
    words: dict[str, _Word]
    points: np.ndarray  # int32, of each word by its number: what it says for each chapter


@lru_cache(maxsize=1)
def _table() -> _Table:
    raw = files("riskprofile.reference").joinpath("wording.tsv.gz").read_bytes()
    lines = gzip.decompress(raw).decode().splitlines()
    head = [one.split(":") for one in lines[0].split("\t")[1:]]
    chapters = [chapter for chapter, _ in head]
    place = {chapter: number for number, chapter in enumerate(chapters)}
    # What a known word costs a chapter that never has it.
    points = np.tile(np.array([int(cost) for _, cost in head], dtype=np.int32), (len(lines) - 1, 1))
    words = {}
    for number, line in enumerate(lines[1:]):
        word, *pairs = line.split("\t")
        split = [one.split(":") for one in pairs]
        where = np.array([place[chapter] for chapter, _ in split], dtype=np.int64)
        here = [int(point) for _, point in split]
        points[number, where] = here
        words[word] = _Word(number, where, max(here))
    return _Table(chapters, words, points)


@lru_cache(maxsize=1)
def _table_without(chapters: frozenset[str]) -> _Table:
    """The table as if some chapters, and the words that speak for them alone, had never been."""
    table = _table()
    kept = np.array([one not in chapters for one in table.chapters])
    words = {word: said for word, said in table.words.items() if kept[said.where].any()}
    left = [one for one in table.chapters if one not in chapters]
    return _Table(left, words, table.points[:, kept])


@lru_cache(maxsize=1)
def _vague() -> frozenset[str]:
    raw = files("riskprofile.reference").joinpath("vague.tsv.gz").read_bytes()
    return frozenset(" ".join(tokens(line)) for line in gzip.decompress(raw).decode().splitlines())


@lru_cache(maxsize=1)
def _vague_words() -> frozenset[str]:
    return frozenset(word for one in _vague() for word in one.split())


def _in_vague(word: str) -> bool:
    return word in _vague_words()


def known(word: str) -> bool:
    """Whether a folded word, or its stem, is an ordinary goods word.

    >>> known("chairs"), known("pistl")
    (True, False)
    """
    words = _table().words
    return word in words or stem(word) in words


def named(texts: Sequence[str]) -> list[str]:
    """What each text calls the goods: the two words that say most, whatever stands around them.

    Words that fit any goods, numbers and order are set aside; a text without a word of the
    table is known by all its words.

    >>> named(["31 pcs LEATHER SHOES", "shoes, leather, assorted"])
    ['leather shoe', 'leather shoe']
    """
    if len(texts) <= SINGLY:
        return [*map(_named, texts)]
    stems, (by_points, by_letters) = cut(texts).stems, _orders()
    rank = _said().rank[stems.told(_place, np.int64)[stems.code]]
    # Those of each text that say most, and then these by the alphabet.
    row, rank = pairs(stems.row[rank >= 0], rank[rank >= 0], len(by_letters))
    few_of_each = np.arange(len(row)) - np.searchsorted(row, row) < NAMING
    row, place = pairs(row[few_of_each], by_points[rank[few_of_each]], len(by_letters))
    few = [""] * stems.size
    for number, one in zip(row.tolist(), place.tolist(), strict=True):
        few[number] = f"{few[number]} {by_letters[one]}" if few[number] else by_letters[one]
    rest = np.flatnonzero(np.bincount(row, minlength=stems.size) == 0)
    other = stems.only(rest)
    other = other.where(other.told(_lettered, bool))
    said = other.ordered(other.alphabetical).joined()
    for number, all_of_it in zip(rest.tolist(), said, strict=True):
        few[number] = all_of_it
    return few


def _named(text: str) -> str:
    """The same of one text."""
    stems, (by_points, by_letters) = {*map(stem, words(text))}, _orders()
    ranks = sorted(rank for one in stems if (rank := _said().rank.item(_place(one))) >= 0)[:NAMING]
    named = [by_letters[by_points[rank]] for rank in ranks]
    return " ".join(sorted(named or filter(_lettered, stems)))


def _lettered(key: str) -> bool:
    return not key.isdigit()


# What is told of a word that is none of the table, and of one that fits any goods: each has a place
# after those of the table.
_NOTHING, _UNKNOWN, _ANY = -1, -2, -3


def _place(key: str) -> int:
    """The place of a stem in what `_said` tells: its number in the table, or one from the end."""
    if key in GENERIC:
        return _ANY
    if (said := _table().words.get(key)) is not None:
        return said.number
    return _UNKNOWN if len(key) > 2 and not key.isdigit() else _NOTHING


class _Said(NamedTuple):
    """What the words of the table say, by their place; and at the end others."""

    cents: np.ndarray  # about the goods, in 0.01 nats
    rank: np.ndarray  # the place among those that name goods, what says most first; else -1


@lru_cache(maxsize=1)
def _said() -> _Said:
    words, (by_points, by_letters) = _table().words, _orders()
    cents = np.array(
        [min(max(one.best, 0), _CAP) for one in words.values()] + [0, _UNKNOWN_SAYS, 0]
    )
    rank = np.full(len(cents), -1)
    rank[[words[by_letters[place]].number for place in by_points.tolist()]] = range(len(by_points))
    return _Said(cents, rank)


@lru_cache(maxsize=1)
def _orders() -> tuple[np.ndarray, list[str]]:
    """Places of words that name goods, what says most first; and these words by the alphabet."""
    words = _table().words
    by_letters = sorted(word for word in words if word not in GENERIC and not word.isdigit())
    best = np.array([words[word].best for word in by_letters])
    return np.argsort(-best, kind="stable"), by_letters


def _scores(
    stems: Bag, table: _Table | None = None
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Whole-number scores of all chapters, of some texts at a time; and which know any word.

    Yields
    ------
    (first text, scores int32 of shape (texts, chapters), known bool)
    """
    number = stems.told(_place if table is None else partial(_number, table=table), np.int64)
    table = table or _table()
    stems = stems.where(number >= 0)
    for start in range(0, stems.size, AT_ONCE):
        texts = np.arange(start, min(start + AT_ONCE, stems.size) + 1)
        edges = np.searchsorted(stems.row, texts)
        many = np.diff(edges)
        scores = np.zeros((len(many), len(table.chapters)), dtype=np.int32)
        for nth in range(max(many, default=0)):  # numpy's `reduceat` takes six times as long
            here = np.flatnonzero(many > nth)
            scores[here] += table.points[number[stems.code[edges[here] + nth]]]
        yield start, scores, many > 0


def _number(key: str, table: _Table) -> int:
    """The number of a word of the table that does not fit any goods; else -1."""
    said = None if key in GENERIC else table.words.get(key)
    return -1 if said is None else said.number


def chapters_spoken_for(
    texts: Sequence[str], without: frozenset[str] = frozenset()
) -> list[dict[str, int]]:
    """The whole-number score of each chapter for each text; empty where no word is known.

    A score is 0.01 of a natural log-likelihood ratio to any wording, by chapter (`"01"` to
    `"97"`): more speaks for the chapter.

    Parameters
    ----------
    without : frozenset of str
        Chapters that are left out as if they had never been: what the table holds of them
        changes no answer by a bit, and a word that speaks for them alone is an unknown word.

    >>> found = chapters_spoken_for(["leather shoes"], frozenset({"93"}))[0]
    >>> max(found, key=found.get), "93" in found
    ('64', False)
    """
    table = _table_without(without)
    made: list[dict[str, int]] = [{} for _ in texts]
    for start, scores, known in _scores(cut(texts).stems, table):
        for number in np.flatnonzero(known).tolist():
            made[start + number] = dict(zip(table.chapters, scores[number].tolist(), strict=True))
    return made


def declared_chapter(text: Column, chapter: Column) -> Table:
    """How well the declared chapter fits the wording.

    Parameters
    ----------
    text : Column
        Goods descriptions.
    chapter : Column
        Declared HS chapter, two digits as text.

    Returns
    -------
    Table
        `rank` (1 is the chapter that the wording fits best) and `surprise` (best score
        less the declared chapter's, in nats, 0 or more). NaN when either is missing, no
        word is known, or the chapter is none of the nomenclature's.
    """
    codes, distinct = factorize(text)
    given, declared = factorize(chapter)
    places = np.array([*(_places().get(one, -1) for one in declared), -1])[given]
    if len(codes) <= SINGLY:
        asked = zip(codes.tolist(), places.tolist(), strict=True)
        fits = [_fit(distinct[code] if code >= 0 else "", place) for code, place in asked]
        made = np.array(fits).reshape(-1, 2)
        return told(text, {"rank": made[:, 0], "surprise": made[:, 1]})
    chapters = _table().chapters  # not before: of no row it is not read
    both = (codes >= 0) & (places >= 0)
    row, place = pairs(codes[both], places[both], len(chapters))
    rank, surprise = np.full(len(row), np.nan), np.full(len(row), np.nan)
    for start, scores, known in _scores(cut(distinct).stems):
        first, end = np.searchsorted(row, (start, start + len(scores)))
        here = first + np.flatnonzero(known[row[first:end] - start])
        mine = scores[row[here] - start]
        own = mine[np.arange(len(here)), place[here]]
        rank[here] = 1 + (mine > own[:, None]).sum(axis=1)
        surprise[here] = (mine.max(axis=1) - own) / 100
    made = np.full((len(text), 2), np.nan)
    asked = np.searchsorted(row * len(chapters) + place, codes[both] * len(chapters) + places[both])
    made[both, 0], made[both, 1] = rank[asked], surprise[asked]
    return told(text, {"rank": made[:, 0], "surprise": made[:, 1]})


def _fit(text: str, place: int) -> tuple[float, float]:
    """Rank and surprise of the chapter at this place (-1: none) for one text."""
    table = _table()
    known = [number for one in {*map(stem, words(text))} if (number := _place(one)) >= 0]
    if place < 0 or not known:
        return np.nan, np.nan
    scores = table.points[known].sum(axis=0)
    own = scores[place]
    return 1.0 + np.count_nonzero(scores > own), (scores.max() - own) / 100


@lru_cache(maxsize=1)
def _places() -> dict[str, int]:
    return {one: place for place, one in enumerate(_table().chapters)}


def measures(text: Column) -> Table:
    """What each text's wording is like, one row a text, same index.

    Returns
    -------
    Table
        float64, NaN where there is no text: `distinct` (words), `generic` (share
        of them that fit any goods), `information` (nats), `vague`, `numbered` (0 or 1),
        `itemised` (pieces between commas).
    """
    codes, distinct = factorize(text)
    texts = [one[:LONGEST] for one in distinct]
    if len(texts) <= SINGLY:
        said = np.array([*map(_measured_alone, texts), [np.nan] * len(MEASURES)]).T
    else:
        said = np.array([np.append(one, np.nan) for one in _measured(texts, cut(texts))])
    return told(text, dict(zip(MEASURES, said[:, codes], strict=True)))


def _measured_alone(text: str) -> tuple[float, ...]:
    """`MEASURES` of one text."""
    found = words(text)
    once = {*found}
    places = [_place(stem(word)) for word in once]
    generic = places.count(_ANY) + _generic_elsewhere(text)
    vague = generic >= len(once)
    if not vague and all(map(_in_vague, found)):
        vague = " ".join(found) in _vague()
    return (
        len(once),
        min(generic / len(once), 1.0) if once else 1.0,
        sum(map(_said().cents.item, places)) / 100,
        vague,
        _MAYBE_NUMBERED.search(text) is not None and _numbered(text),
        _entries(text),
    )


def _measured(texts: Sequence[str], words: Bag) -> tuple[np.ndarray, ...]:
    """`MEASURES` of distinct texts, whatever code is declared with them."""
    once = words.once()
    count = once.total()
    stems = once.spelt(stem)
    place = stems.told(_place, np.int64)
    generic = stems.total(place == _ANY)
    generic += np.array([*map(_generic_elsewhere, texts)], dtype=bool)
    vague = (count == 0) | (generic >= count)
    known, usual = _vague(), words.total(words.told(_in_vague, np.int64))
    likely = np.flatnonzero((words.total() == usual) & ~vague)
    vague[likely] = [one in known for one in words.only(likely).joined()]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(count > 0, np.minimum(generic / count, 1.0), 1.0)
    # Whole 0.01 nats, so that the order of words cannot matter.
    cents = stems.total(_said().cents[place])
    return (
        count,
        share,
        cents / 100,
        vague,
        _many_numbered(texts),
        _many_entries(texts),
    )


def _generic_elsewhere(text: str) -> bool:
    """Whether words that fit any goods stand in a text without blanks between words."""
    return not text.isascii() and bool(_CJK_GENERIC.search(text))


def _many_numbered(texts: Sequence[str]) -> np.ndarray:
    """`_numbered` of each."""
    made = holds(texts, _MAYBE_NUMBERED)
    for place in np.flatnonzero(made).tolist():
        made[place] = _numbered(texts[place])
    return made


def _many_entries(texts: Sequence[str]) -> np.ndarray:
    """`_entries` of each."""
    if len(texts) <= FEW:
        return np.array([*map(_entries, texts)], dtype=np.int64)
    made = np.zeros(len(texts), dtype=np.int64)
    usual, asked = in_arrow(texts)
    commas = pc.replace_substring_regex(asked, r"\band\b", ",")
    made[usual] = pc.count_substring_regex(commas, rf"{_NO_SIGN}*[^{_SIGNS}\s]{_NO_SIGN}*")
    for place in np.flatnonzero(~usual).tolist():
        made[place] = _entries(texts[place])
    return made


def _entries(text: str) -> int:
    return sum(not one.isspace() for one in _ENTRY.split(text) if one)


def _numbered(text: str) -> bool:
    return bool(_PART_NUMBER.search(text) or _OF_STANDARD.search(text))


def vague(text: Column) -> Mask:
    """Where a text names no goods: only generic words, or a known vague description."""
    return measures(text)["vague"] == 1.0

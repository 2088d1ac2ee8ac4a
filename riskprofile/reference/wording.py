"""How goods are worded: which HS chapter a word speaks for, and which words say nothing.

The table (`wording.tsv.gz`) holds whole numbers, 0.01 of the log-likelihood ratio of a
word in a chapter to the word anywhere, built by `training/build_reference.py` from
trade terms, parcel texts and official nomenclatures; see NOTICE.
"""

from __future__ import annotations

import gzip
import re
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
import pandas as pd

from riskprofile.reference.stems import stem
from riskprofile.reference.text import per_distinct, tokens
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
LONGEST = 20_000  # characters of one text that are read; a goods line has under 1,000
NAMING = 2  # words that name goods: on lawful rows two give the narrowest norms, one or three wider
KEPT = 1 << 16  # texts whose reading is kept: a chunk is read once, however many ask
_CAP = 400  # 0.01 nats one word can add: beyond, a rare word is a name and describes nothing
_UNKNOWN = 100  # a name, a model, a word of another language: says something
_BESIDE = "\x1f"  # between text and chapter
_CJK_GENERIC = re.compile("零件|配件|样品|货物|个人物品|杂货|礼品|设备|商品|物品|材料")
_PART_NUMBER = re.compile(
    r"(?i)(?<![\w])(?:(?:p/?n|part\s*(?:no|number|#)|oem?|ref|model|art(?:icle)?\.?\s*(?:no|nr)|"
    r"drawing|drg|dwg|sku|item\s*no|mpn|артикул|zeichnung|réf|modelo|型号)\b[.:#\s]*(?:(?:no|nr|number|num|n)\b[.:#°º\s]*)?[\w./-]*\d[\w./-]*"
    r"|(?=[a-z0-9-]{6,20}\b)(?:[a-z]{1,5}-?\d{3,}[a-z0-9-]*|\d{2,}[a-z]{1,4}-?\d{2,}[a-z0-9-]*|\d{3,}-(?:\d{3,}|\d*[a-z])[\w-]*))"
)
_MAYBE_NUMBERED = re.compile(r"\d|(?i:\b(?:npt|bsp|unc|unf))")
_ENTRY = re.compile(r"[,;/|\n+]|\band\b")
_STANDARD = re.compile(
    r"(?i)\b(?:din|iso|ansi|astm|en|jis|gost|гост|npt|bsp|bspt|unc|unf)\s?-?\d{2,}|\b(?:npt|bspp?|bspt|unc|unf)\b|\bm\d{1,2}\s?x\s?\d"
)


class _Word(NamedTuple):
    """What one word says: points above absence in the chapters that have it, and its best."""

    where: np.ndarray
    above: np.ndarray
    best: int


class _Table(NamedTuple):
    chapters: list[str]
    absent: np.ndarray  # what a known word costs a chapter that never has it
    words: dict[str, _Word]


@lru_cache(maxsize=1)
def _table() -> _Table:
    raw = files("riskprofile.reference").joinpath("wording.tsv.gz").read_bytes()
    lines = gzip.decompress(raw).decode().splitlines()
    head = [one.split(":") for one in lines[0].split("\t")[1:]]
    chapters = [chapter for chapter, _ in head]
    place = {chapter: number for number, chapter in enumerate(chapters)}
    absent = np.array([int(cost) for _, cost in head], dtype=np.int64)
    words = {}
    for line in lines[1:]:
        word, *pairs = line.split("\t")
        split = [one.split(":") for one in pairs]
        where = np.array([place[chapter] for chapter, _ in split], dtype=np.int64)
        points = [int(point) for _, point in split]
        words[word] = _Word(where, np.array(points) - absent[where], max(points))
    return _Table(chapters, absent, words)


@lru_cache(maxsize=1)
def _vague() -> frozenset[str]:
    raw = files("riskprofile.reference").joinpath("vague.tsv.gz").read_bytes()
    return frozenset(" ".join(tokens(line)) for line in gzip.decompress(raw).decode().splitlines())


def known(word: str) -> bool:
    """Whether a folded word, or its stem, is an ordinary goods word.

    >>> known("chairs"), known("pistl")
    (True, False)
    """
    words = _table().words
    return word in words or stem(word) in words


class Reading(NamedTuple):
    """What the wording of one text says, without regard to the code declared with it."""

    distinct: int  # words
    generic: float  # share of them that fit any goods, 0 to 1
    information: float  # nats
    vague: bool
    numbered: bool
    itemised: int  # entries of a list


@lru_cache(maxsize=KEPT)
def reading(text: str) -> Reading:
    """Read one text."""
    text = text[:LONGEST]
    words = _table().words
    folded = tokens(text)
    stems = [stem(one) for one in dict.fromkeys(folded)]
    cents, generic = 0, 0  # whole 0.01 nats, so that the order of words cannot matter
    for one in stems:
        if one in GENERIC:
            generic += 1
        elif one in words:
            cents += min(max(words[one].best, 0), _CAP)
        elif len(one) > 2 and not one.isdigit():
            cents += _UNKNOWN
    if not text.isascii() and _CJK_GENERIC.search(text):
        generic += 1
    count = len(stems)
    return Reading(
        distinct=count,
        generic=min(generic / count, 1.0) if count else 1.0,
        information=cents / 100,
        vague=not count or generic >= count or " ".join(folded) in _vague(),
        numbered=_numbered(text),
        itemised=sum(not one.isspace() for one in _ENTRY.split(text) if one),
    )


def _numbered(text: str) -> bool:
    if not _MAYBE_NUMBERED.search(text):
        return False
    return bool(_PART_NUMBER.search(text) or _STANDARD.search(text))


@lru_cache(maxsize=KEPT)
def named(text: str) -> str:
    """What a text calls the goods: the two words that say most, whatever stands around them.

    Words that fit any goods, numbers and order are set aside; a text without a word of the
    table is known by all its words.

    >>> named("31 pcs LEATHER SHOES"), named("shoes, leather, assorted")
    ('leather shoe', 'leather shoe')
    """
    words = _table().words
    stems = [one for one in dict.fromkeys(map(stem, tokens(text[:LONGEST]))) if not one.isdigit()]
    telling = sorted((-words[one].best, one) for one in stems if one in words)
    chosen = [one for _, one in telling if one not in GENERIC][:NAMING]
    return " ".join(sorted(chosen or stems))


def _scores(text: str) -> np.ndarray | None:
    """Whole-number scores of all chapters; None when no word is known."""
    table = _table()
    distinct = dict.fromkeys(stem(one) for one in dict.fromkeys(tokens(text[:LONGEST])))
    found = [table.words[one] for one in distinct if one in table.words and one not in GENERIC]
    if not found:
        return None
    total = table.absent * len(found)
    for word in found:
        total[word.where] += word.above
    return total


@lru_cache(maxsize=KEPT)
def _fit(text: str, chapter: str) -> tuple[float, float]:
    """Rank of a chapter for a text, and by how much the best beats it, in nats."""
    chapters = _table().chapters
    scores = _scores(text)
    if scores is None or chapter not in chapters:
        return (np.nan, np.nan)
    own = scores[chapters.index(chapter)]
    return float(1 + (scores > own).sum()), float(scores.max() - own) / 100


def chapter_scores(text: Column) -> Table:
    """Whole-number scores of each HS chapter for each text; NaN where no word is known.

    Returns
    -------
    Table
        float64, one column a chapter (`"01"` to `"97"`), same index: 0.01 of a natural
        log-likelihood ratio to any wording. More speaks for the chapter.
    """
    chapters = _table().chapters
    nothing = np.full(len(chapters), np.nan)

    def one(value: str) -> np.ndarray:
        scores = _scores(value)
        return nothing if scores is None else scores.astype("float64")

    codes, distinct = pd.factorize(text)
    made = np.vstack([*(one(str(value)) for value in distinct.tolist()), nothing])
    return pd.DataFrame(made[codes], index=text.index, columns=chapters)


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
    both = text.str.cat(chapter, sep=_BESIDE)

    def fit(value: str) -> tuple[float, float]:
        words, _, declared = value.rpartition(_BESIDE)
        return _fit(words, declared)

    pairs = per_distinct(both, fit, missing=(np.nan, np.nan))
    made = np.array([*pairs], dtype="float64").reshape(len(text), 2)
    return pd.DataFrame(made, index=text.index, columns=["rank", "surprise"])


def measures(text: Column) -> Table:
    """What each text's wording is like, one row a text, same index.

    Returns
    -------
    Table
        float64, NaN where there is no text: `distinct` (words), `generic` (share
        of them that fit any goods), `information` (nats), `vague`, `numbered` (0 or 1),
        `itemised` (pieces between commas).
    """
    codes, distinct = pd.factorize(text)
    names = ("distinct", "generic", "information", "vague", "numbered", "itemised")
    readings = [reading(str(one)) for one in distinct.tolist()]
    return pd.DataFrame(
        {
            name: np.array([getattr(one, name) for one in readings] + [np.nan], dtype="float64")[
                codes
            ]
            for name in names
        },
        index=text.index,
    )


def vague(text: Column) -> Mask:
    """Where a text names no goods: only generic words, or a known vague description."""
    values = per_distinct(text, lambda one: reading(one).vague, missing=False, dtype=bool)
    return pd.Series(values, index=text.index)

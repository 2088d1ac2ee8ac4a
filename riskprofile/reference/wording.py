"""How goods are worded: which HS chapter a word speaks for, and which words say nothing.

The table (`wording.tsv.gz`) holds whole numbers, 0.01 of the log-likelihood ratio of a
word in a chapter to the word anywhere, built by `training/build_reference.py` from
trade terms, parcel texts and official nomenclatures; see NOTICE.
"""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

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
_CAP = 4.0  # nats one word can add: beyond, a rare word is a name rather than a description
_CJK_GENERIC = re.compile("零件|配件|样品|货物|个人物品|杂货|礼品|设备|商品|物品|材料")
_PART_NUMBER = re.compile(
    r"(?i)(?<![\w])(?:(?:p/?n|part\s*(?:no|number|#)|oem?|ref|model|art(?:icle)?\.?\s*(?:no|nr)|"
    r"drawing|drg|dwg|sku|item\s*no|mpn|артикул|zeichnung|réf|modelo|型号)\b[.:#\s]*[\w./-]*\d[\w./-]*"
    r"|(?=[a-z0-9-]{6,20}\b)(?:[a-z]{1,5}-?\d{3,}[a-z0-9-]*|\d{2,}[a-z]{1,4}-?\d{2,}[a-z0-9-]*|\d{3,}-(?:\d{3,}|\d*[a-z])[\w-]*))"
)
_STANDARD = re.compile(
    r"(?i)\b(?:din|iso|ansi|astm|en|jis|gost|гост|npt|bsp|bspt|unc|unf)\s?-?\d{2,}|\b(?:npt|bspp?|bspt|unc|unf)\b|\bm\d{1,2}\s?x\s?\d"
)


@lru_cache(maxsize=1)
def _table() -> tuple[list[str], np.ndarray, dict[str, tuple[np.ndarray, np.ndarray]]]:
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
        words[word] = (
            np.array([place[chapter] for chapter, _ in split], dtype=np.int64),
            np.array([int(point) for _, point in split], dtype=np.int64),
        )
    return chapters, absent, words


@lru_cache(maxsize=1)
def _vague() -> frozenset[str]:
    raw = files("riskprofile.reference").joinpath("vague.tsv.gz").read_bytes()
    return frozenset(" ".join(tokens(line)) for line in gzip.decompress(raw).decode().splitlines())


def known(word: str) -> bool:
    """Whether a folded word, or its stem, is an ordinary goods word.

    >>> known("chairs"), known("pistl")
    (True, False)
    """
    words = _table()[2]
    return word in words or stem(word) in words


@dataclass(frozen=True)
class Reading:
    """What the wording of one text says, without regard to the code declared with it.

    `scores` are whole numbers by chapter (None when no word is known), `information`
    is in nats, `generic` a share from 0 to 1.
    """

    count: int
    generic: float
    information: float
    vague: bool
    numbered: bool
    itemised: int
    scores: np.ndarray | None


@lru_cache(maxsize=1 << 17)
def reading(text: str) -> Reading:
    """Read one text."""
    text = text[:LONGEST]
    chapters, absent, words = _table()
    folded = tokens(text)
    stems = [stem(one) for one in dict.fromkeys(folded)]
    total = np.zeros(len(chapters), dtype=np.int64)
    known_words, information, generic = 0, 0.0, 0
    for one in stems:
        if one in GENERIC:
            generic += 1
            continue
        if one in words:
            where, points = words[one]
            total += absent
            total[where] += points - absent[where]
            known_words += 1
            information += min(max(int(points.max()) / 100, 0.0), _CAP)
        elif not one.isdigit() and len(one) > 2:
            information += 1.0  # a name, a model, a word of another language: says something
    if _CJK_GENERIC.search(text):
        generic += 1
    count = len(stems)
    return Reading(
        count=count,
        generic=min(generic / count, 1.0) if count else 1.0,
        information=round(information, 2),
        vague=not count or generic >= count or " ".join(folded) in _vague(),
        numbered=bool(_PART_NUMBER.search(text) or _STANDARD.search(text)),
        itemised=len([one for one in re.split(r"[,;/|\n+]|\band\b", text) if one.strip()]),
        scores=total if known_words else None,
    )


def chapter_scores(text: Column) -> Table:
    """Whole-number scores of each HS chapter for each text; NaN where no word is known.

    Returns
    -------
    Table
        float64, one column a chapter (`"01"` to `"97"`), same index: 0.01 of a natural
        log-likelihood ratio to any wording. More speaks for the chapter.
    """
    chapters = _table()[0]
    nothing = np.full(len(chapters), np.nan)

    def one(value: str) -> np.ndarray:
        scores = reading(value).scores
        return nothing if scores is None else scores.astype("float64")

    codes, distinct = pd.factorize(text)
    made = np.vstack([*(one(str(value)) for value in distinct), nothing])
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
    chapters = _table()[0]
    place = {one: number for number, one in enumerate(chapters)}
    separator = "\x1f"
    both = text.str.cat(chapter, sep=separator)

    def fit(value: str) -> tuple[float, float]:
        words, _, declared = value.rpartition(separator)
        scores = reading(words).scores
        if scores is None or declared not in place:
            return (np.nan, np.nan)
        own = scores[place[declared]]
        return float(1 + (scores > own).sum()), float(scores.max() - own) / 100

    pairs = per_distinct(both, fit, missing=(np.nan, np.nan))
    made = np.array([*pairs], dtype="float64").reshape(len(text), 2)
    return pd.DataFrame(made, index=text.index, columns=["rank", "surprise"])


def measures(text: Column) -> Table:
    """What each text's wording is like, one row a text, same index.

    Returns
    -------
    Table
        float64, NaN where there is no text: `count` (distinct words), `generic` (share
        of them that fit any goods), `information` (nats), `vague`, `numbered` (0 or 1),
        `itemised` (pieces between commas).
    """
    codes, distinct = pd.factorize(text)
    names = ("count", "generic", "information", "vague", "numbered", "itemised")
    readings = [reading(str(one)) for one in distinct]
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

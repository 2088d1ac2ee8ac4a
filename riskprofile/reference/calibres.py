"""Calibres in a text, brought to one spelling, so that two papers can be compared.

`9 x 19 mm`, `9mm Luger` and `9mm Para` are one cartridge; so are `.308 Win` and
`7.62x51`. What is in no form known here is left out: unknown is no disagreement.
"""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np

from riskprofile.columns import Column, Text

_METRIC = re.compile(  # also with the Cyrillic letter, as in 9х18
    r"(?<![\d.,])(\d{1,2}(?:[.,]\d{1,2})?)\s*(?:mm)?\s*[x×*х]\s*(\d{2})(?!\d)\s*(?:mm|r\b)?"
)
# A point behind a letter ends an abbreviation: "art.123", "pos.45".
_INCH = re.compile(r"(?:(?<![\w.,])|(?<=\bcal)|(?<=\bkal)|(?<=\bкал))[.,](\d{2,3})(?!\d)")
# A shotgun's gauge and the length of its case in millimetres (CIP): 12/70, 20x76.
_SHELL = re.compile(r"(?<![\w.,])(12|16|20|24|28|32)\s*[x×*х/]\s*(?:6[3-7]|70|73|76|89)(?![\d.,])")
_GAUGE = re.compile(r"(?<!\d)(4|8|10|12|16|20|24|28|32|36)\s*-?\s*(?:gauge|ga\b|bore|kal\b)")
_NAMED = re.compile(r"(?<![\d.,])9\s*(?:mm)?\s*(?:para(?:bellum)?|luger|nato)\b")
# The same cartridge, or one that is loaded under both names (CIP and SAAMI designations).
SAME = {"308": "7.62x51", "223": "5.56x45", "30-06": "7.62x63"}
_THIRTY = re.compile(r"(?<!\d)[.,]?30\s*-\s*06(?!\d)")


def calibres(text: str) -> frozenset[str]:
    """The calibres that a text names.

    >>> sorted(calibres("Cartridges 9mm Luger and .308 Win, 12 gauge"))
    ['12ga', '7.62x51', '9x19']
    >>> sorted(calibres("патроны 9х18, 20/76")), calibres("steel plate 40 x 60 cm, art.308")
    (['20ga', '9x18'], frozenset())
    """
    low = text.casefold()
    gauges = {*_GAUGE.findall(low), *_SHELL.findall(low)}
    low = _SHELL.sub(" ", low)
    found = {f"{one.replace(',', '.')}x{two}" for one, two in _METRIC.findall(low)}
    found = {one for one in found if 4.0 <= float(one.split("x")[0]) <= 20.0}
    if _NAMED.search(low):
        found.add("9x19")
    if _THIRTY.search(low):
        found.add(SAME["30-06"])
    found |= {SAME.get(one, f".{one}") for one in _INCH.findall(_THIRTY.sub(" ", low))}
    return frozenset(found | {f"{one}ga" for one in gauges})


def disagree(stated: Text, allowed: Text) -> Column:
    """1 where a text names calibres and none of them is allowed, 0 where one is.

    NaN where either names none.
    """
    made = np.full(len(stated), np.nan)
    for row in np.flatnonzero((stated.values >= 0) & (allowed.values >= 0)).tolist():
        one, other = stated.values[row], allowed.values[row]
        made[row] = _disagree(stated.distinct[one], allowed.distinct[other])
    return Column(made)


@lru_cache(maxsize=1 << 12)
def _disagree(stated: str, allowed: str) -> float:
    mine = calibres(stated)
    theirs = frozenset(one for part in allowed.split("|") for one in calibres(part))
    return float("nan") if not (mine and theirs) else float(not mine & theirs)

"""How goods are written: adornment, style, cuts, abbreviations and typing errors.

Style belongs to whoever writes the declaration, never to the scenario.
"""

from __future__ import annotations

import numpy as np

from training.synth.goods import TERM, Goods
from training.synth.hashing import Array, pick, unit

_COLOURS = ["black", "white", "blue", "red", "grey", "silver", "green", "natural"]
_TAILS = [
    "new",
    "for household use",
    "for personal use",
    "assorted",
    "in cartons",
    "on pallets",
    "not for resale",
    "brand new",
    "various sizes",
    "made to order",
    "with accessories",
    "used",
]
_SHORT = (
    ("ACCESSORIES", "ACCS"), ("ASSEMBLY", "ASSY"), ("MACHINE", "MACH"), ("PARTS", "PTS"),
    ("EQUIPMENT", "EQPT"), ("STAINLESS STEEL", "S/S"), ("ALUMINIUM", "ALU"), ("WITH", "W/"),
    ("ELECTRIC", "ELEC"), ("HOUSEHOLD", "HHLD"), ("PLASTIC", "PLAST"), ("AND", "&"),
)  # fmt: skip
_KEYS = dict(zip("qwertyuiopasdfghjklzxcvbnm", "wertyuiopqsdfghjklaxcvbnmz", strict=True))


def _slip(text: str, at: int, how: int) -> str:
    """One typing error: a letter lost, doubled, swapped with the next, or its neighbour."""
    i = at % len(text)
    letter = text[i]
    if how == 0:
        return text[:i] + text[i + 1 :] if len(text) > 3 else text
    if how == 1:
        return text[:i] + letter + text[i:]
    if how == 2:
        return text[:i] + text[i + 1 : i + 2] + letter + text[i + 2 :]
    near = _KEYS.get(letter.lower(), letter)
    return text[:i] + (near.upper() if letter.isupper() else near) + text[i + 1 :]


def write(
    goods: Goods,
    words: Array,
    writer: Array,
    cut_off: Array,
    salt: int,
    rng: np.random.Generator,
) -> list[str]:
    """The goods description of each item.

    Parameters
    ----------
    words : Array
        Rows of the wording table.
    writer : Array
        Who writes: the number that fixes case, length and abbreviations.
    cut_off : Array
        Where the words are spaced out, as some write headings (and some hide words).
    """
    n = len(words)
    case = np.searchsorted([0.50, 0.72, 0.80], unit(writer, salt)).tolist()
    limit = np.array([10_000, 10_000, 120, 70, 35, 30])[pick(writer, salt + 1, 6)].tolist()
    short = (unit(writer, salt + 2) < 0.15).tolist()
    adorn = np.searchsorted([0.55, 0.67, 0.77, 0.87, 0.94], rng.random(n)).tolist()
    slips = (rng.random(n) < 0.05).tolist()
    number = rng.integers(1, 10**6, n).tolist()
    strict = np.isin(goods.term[words], (TERM["code"],)).tolist()
    made = []
    for i, (base, spaced) in enumerate(
        zip(goods.text[words].tolist(), cut_off.tolist(), strict=True)
    ):
        text: str = base
        k, how = number[i], adorn[i]
        if not strict[i]:
            if how == 1:
                text = f"{k % 40 + 1} pcs {text}"
            elif how == 2:
                text = f"{_COLOURS[k % 8]} {text}"
            elif how == 3:
                text = f"{text} {_TAILS[k % 12]}"
            elif how == 4:
                text = f"{text} ref {k:06d}"
            elif how == 5:
                text = f"{text}, {_COLOURS[k % 8]}, {k % 90 + 10} cm"
        if case[i] == 0:
            text = text.upper()
        elif case[i] == 1:
            text = text.lower()
        elif case[i] == 2:
            text = text.title()
        if short[i]:
            upper = text.upper()
            for long, brief in _SHORT:
                upper = upper.replace(long, brief)
            text = upper
        if spaced:
            text = " ".join(text)
        if slips[i] and text:
            text = _slip(text, k, k % 4)
        made.append(text[: limit[i]].strip() or base)
    return made

"""Marks on arms, brought to a form under which two readings of one mark meet.

A serial is kept exactly as marked; `?` stands for a character that cannot be read. The
skeleton beside it is for finding alone: characters that a hand, a worn stamp or another
script confuses fall together.
"""

from __future__ import annotations

import re
import unicodedata

from rapidfuzz.distance import Levenshtein

from riskprofile.reference.scripts import latin

UNSURE = "?"
# Each group is read as its first character. Shapes only: worn strokes, hand and stamp.
ALIKE = ("0OQD", "1IL|!", "5S$", "2Z", "8B", "6G", "VU")
_SAME = {other: group[0] for group in ALIKE for other in group}
# Letters of other scripts that look like a Latin capital; others go by their sound.
_SHAPES = str.maketrans("АВЕКМНОРСТХУІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEKMHOPCTXYIJSABEZHIKMNOPTYX")
UNSPELT = "\u0900"  # scripts from here on, such as Han and kana, have no Latin spelling here
GRAM = 3
NEAR_LENGTH = 5  # a shorter mark has too many neighbours for one wrong character
LEAST_SURE = 3  # readable characters that have to agree before a match says anything
GRADES = ("same", "alike", "uncertain", "partial", "near")
_WORDS = """
    arms armas armi armes firearms weapons waffen manufacturing mfg co company corp inc ltd llc
    gmbh ag sa spa srl sarl plc works factory the and usa international industries
"""
_GENERIC = frozenset(_WORDS.split())  # say nothing of whose mark it is


def plain(serial: str) -> str:
    """A mark in capitals without separators: what two people who read it the same write.

    >>> plain("ab-12 3?")
    'AB123?'
    >>> plain("イ 12345")  # what has no Latin spelling stays as it is
    'イ12345'
    """
    shaped = unicodedata.normalize("NFKC", serial).upper().translate(_SHAPES)
    if any(ord(letter) > 127 for letter in shaped):
        shaped = latin(shaped).upper()
    return "".join(one for one in shaped if one in "?$|!" or _kept(one))


def _kept(letter: str) -> bool:
    return letter.isalnum() and (letter.isascii() or letter >= UNSPELT)


def skeleton(serial: str) -> str:
    """The form under which look-alikes meet.

    >>> skeleton("SB-O1Z") == skeleton("5801 2") == "58012"
    True
    """
    return "".join(_SAME.get(one, one) for one in plain(serial))


def grams(form: str) -> frozenset[str]:
    """Runs of three characters of a skeleton, its edges marked; none over an unread character.

    >>> sorted(grams("AX?7"))
    ['^AX']
    """
    edged = f"^{form}$" if form else ""
    found = {edged[at : at + GRAM] for at in range(len(edged) - GRAM + 1)}
    return frozenset(one for one in found if UNSURE not in one)


def compare(asked: str, held: str) -> str:
    """How a mark that is asked for meets one that is held; empty when it does not.

    Returns
    -------
    str
        `same` but for separators; `alike` by look-alikes; `uncertain` when unread
        characters stand where they differ; `partial` when one is part of the other;
        `near` when one character is wrong, missing or too many.
    """
    if not asked or not held:
        return ""
    one, other = skeleton(asked), skeleton(held)
    if one == other:
        return "same" if plain(asked) == plain(held) else "alike"
    if len(one) == len(other) and _agree(one, other):
        return "uncertain"
    short, long = sorted((one, other), key=len)
    if len(short) < len(long) and any(
        _agree(short, long[at : at + len(short)]) for at in range(len(long) - len(short) + 1)
    ):
        # A held mark that is part of what is asked says something from four characters on.
        return "partial" if short is one or len(short) > LEAST_SURE else ""
    near = len(short) >= NEAR_LENGTH and Levenshtein.distance(one, other, score_cutoff=1) <= 1
    return "near" if near else ""


def _agree(one: str, other: str) -> bool:
    sure = 0
    for a, b in zip(one, other, strict=True):
        if UNSURE in (a, b):
            continue
        if a != b:
            return False
        sure += 1
    return sure >= min(LEAST_SURE, len(one))


def name_key(name: str) -> str:
    """A make or model without case, accents, separators, legal forms and generic words.

    >>> name_key("Nordval Arms Co.") == name_key("NORDVÁL")
    True
    """
    words = "".join(one if _kept(one) else " " for one in latin(name)).split()
    kept = [word for word in words if word not in _GENERIC] or words
    return "".join(kept)


def alike_name(asked: str, held: str) -> bool:
    """Whether two name keys may be one name: one wrong letter in five, the digits the same.

    >>> alike_name(name_key("Kestrel"), name_key("Kestral"))
    True
    >>> alike_name(name_key("K 92"), name_key("K-95"))
    False
    """
    if asked == held:
        return True
    if not asked or not held:
        return False
    digits, others = (re.sub(r"\D", "", one) for one in (asked, held))
    short, long = sorted((asked, held), key=len)
    if len(short) >= 4 and long.startswith(short) and (digits == others or not digits):
        return True
    if digits != others or len(short) < 4:
        return False
    return Levenshtein.distance(asked, held) <= len(long) // 5

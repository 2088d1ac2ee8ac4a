"""Text that somebody declared, made fit to be shown on a page or printed on paper."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any

# Characters that reorder or hide their neighbours; shown by name, never obeyed.
_UNSEEN = {code: f"[U+{code:04X}]" for code in range(0x202A, 0x202F)}
_UNSEEN |= {code: f"[U+{code:04X}]" for code in range(0x2066, 0x206A)}
_UNSEEN |= {code: f"[U+{code:04X}]" for code in (0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF, 0x00AD)}
# The mark of Arabic letters; and ends of paragraphs, at which every isolation ends too.
_UNSEEN |= {code: f"[U+{code:04X}]" for code in (0x061C, 0x0085, 0x2028, 0x2029)}
_UNSEEN |= {code: "\N{REPLACEMENT CHARACTER}" for code in range(0x20) if chr(code) not in "\t\n"}
_UNSEEN |= {0x7F: "\N{REPLACEMENT CHARACTER}"}


def plain(value: Any) -> str:
    """As declared, with invisible characters named.

    >>> plain("steel\\u202epins")
    'steel[U+202E]pins'
    >>> plain(None)
    ''
    """
    return "" if value is None else str(value).translate(_UNSEEN)


# Letters of scripts that are written from the right, and their punctuation.
_RIGHT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
_PIECES = re.compile(f"[{_RIGHT}]+|[^{_RIGHT}]+")
_BRACKETS = {")": "(", "]": "[", "}": "{", ">": "<", "”": "“", "»": "«", "’": "‘"}
_STOPS = " \u00a0\u202f\n,;:!?…"
_UNITS = "%‰°"  # stand after their figure, with a space


def runs(text: str) -> list[tuple[str, bool]]:
    """Text in pieces, and of each whether it keeps its own direction on a right-to-left page.

    Such a piece is as long as it can be: words and figures of scripts that are written from the
    left, with what stands between them. What stands around them belongs to the sentence: brackets,
    stops, marks. So a time, a sign or a code cannot turn round, and no declared text moves what
    stands before or after it.

    >>> runs("قبل 2026-03-07 14:05، \u221238")
    [('قبل ', False), ('2026-03-07 14:05', True), ('، ', False), ('−38', True)]
    """
    found: list[tuple[str, bool]] = []
    for piece in _PIECES.findall(text):
        start, end = _core(piece)
        for part, own in ((piece[:start], False), (piece[start:end], True), (piece[end:], False)):
            if part and found and not own and not found[-1][1]:
                found[-1] = (found[-1][0] + part, False)
            elif part:
                found.append((part, own))
    return found


def _core(piece: str) -> tuple[int, int]:
    """Where the part begins and ends that keeps its own direction; nothing: at 0 and 0."""
    start, end = 0, len(piece)
    if not any(map(_directed, piece)) or re.match(f"[{_RIGHT}]", piece):
        return 0, 0
    while True:
        before = start, end
        while not _directed(piece[start]) and not _holds(piece[start:end], first=True):
            start += 1
        while not _directed(piece[end - 1]) and not _holds(piece[start:end], first=False):
            end -= 1
        if before == (start, end):
            return before


def _directed(one: str) -> bool:
    """Whether a character has a direction, or none that this table knows."""
    return unicodedata.bidirectional(one) in ("L", "EN", "AN", "")


def _holds(part: str, *, first: bool) -> bool:
    """Whether the mark at this end of the part belongs to it."""
    mark, beside = (part[0], part[1:2]) if first else (part[-1], part[-2:-1])
    if first and mark in "<>" and beside.isdecimal():
        return True  # less or more than that figure
    if mark in _BRACKETS.values():
        return first and any(_BRACKETS.get(one) == mark for one in part[1:])
    if mark in _BRACKETS:
        return not first and _BRACKETS[mark] in part[:-1]
    if mark in _UNITS:
        return True
    if mark in _STOPS or (mark == "." and not (first and beside.isdecimal())):
        return False
    return bool(beside.strip())  # a sign stands at its figure; a mark with space around is alone


def isolated(text: str) -> str:
    """Text for a right-to-left line, in which each of the `runs` keeps its own direction.

    >>> isolated("لماذا +96") == "لماذا \u2068+96\u2069"
    True
    """
    return "".join(f"\u2068{part}\u2069" if own else part for part, own in runs(text))


def mixed(text: str) -> bool:
    """Whether anything in the text is written from the right."""
    return re.search(f"[{_RIGHT}]", text) is not None


@cache
def _forms() -> dict[tuple[str, str], str]:
    """(letter, form) -> its presentation form, as Unicode's own table of them says."""
    found = {}
    for code in range(0xFE70, 0xFEFD):
        kind, _, rest = unicodedata.decomposition(chr(code)).partition(" ")
        letters = "".join(chr(int(part, 16)) for part in rest.split())
        if kind and letters:
            found[letters, kind.strip("<>")] = chr(code)
    return found


def joined(text: str) -> str:
    """Arabic letters in the forms in which they join their neighbours; all else unchanged.

    A PDF page draws single characters: without this every letter stands alone.

    >>> [hex(ord(one)) for one in joined("\\u0628\\u0627")]
    ['0xfe91', '0xfe8e']
    """
    forms = _forms()
    letters: list[tuple[str, str]] = []  # a letter (or lam with alef), and the marks on it
    for one in text:
        if unicodedata.category(one) == "Mn" and letters:
            letters[-1] = (letters[-1][0], letters[-1][1] + one)
        elif letters and letters[-1][0] == "\u0644" and ("\u0644" + one, "isolated") in forms:
            letters[-1] = ("\u0644" + one, letters[-1][1])
        else:
            letters.append((one, ""))
    made = []
    for n, (letter, marks) in enumerate(letters):
        before = n > 0 and (letters[n - 1][0], "initial") in forms
        after = n + 1 < len(letters) and (letters[n + 1][0], "final") in forms
        onward = after and (letter, "initial") in forms
        backward = before and (letter, "final") in forms
        form = ("medial" if backward else "initial") if onward else "final" if backward else ""
        made.append((forms.get((letter, form or "isolated"), letter) if letter else "") + marks)
    return "".join(made)

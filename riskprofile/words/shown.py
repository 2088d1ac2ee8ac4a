"""Text that somebody declared, made fit to be shown on a page or printed on paper."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Any

# Characters that reorder or hide their neighbours; shown by name, never obeyed.
_UNSEEN = {code: f"[U+{code:04X}]" for code in range(0x202A, 0x202F)}
_UNSEEN |= {code: f"[U+{code:04X}]" for code in range(0x2066, 0x206A)}
_UNSEEN |= {code: f"[U+{code:04X}]" for code in (0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF, 0x00AD)}
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

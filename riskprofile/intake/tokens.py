"""Opaque tokens: the same person or booking is the same token, and says nothing else."""

from __future__ import annotations

from hashlib import blake2b

# A public constant: it keeps tokens apart from those of other programs and stable between
# files. It hides nothing from who has this code; an installation's own key replaces it.
KEY = b"riskprofile: tokens of intake, version 1"


def token(kind: str, *parts: str) -> str:
    """16 hexadecimal digits for a kind and its parts, letter case and blanks aside.

    >>> token("person", "XMA", "p 12") == token("person", "xma", "P12")
    True
    >>> token("person", "AB", "C") == token("person", "A", "BC")
    False
    """
    folded = ["".join(part.upper().split()) for part in parts]
    text = "\x1f".join((kind, *folded))
    return blake2b(text.encode(), digest_size=8, key=KEY).hexdigest()

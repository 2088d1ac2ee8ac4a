"""Ways to write a word so that a search does not find it: 28 kinds, seeded."""

from __future__ import annotations

import random
from collections.abc import Callable

CYRILLIC = dict(zip("aceopxyiABCEHKMOPTXjs", "асеорхуіАВСЕНКМОРТХјѕ", strict=True))
GREEK = dict(zip("aovpABEHIKMNOPTXYZ", "αονρΑΒΕΗΙΚΜΝΟΡΤΧΥΖ", strict=True))
LEET = {"a": "4", "e": "3", "i": "1", "o": "0", "s": "5", "t": "7"}
MARKS = {"a": "@", "s": "$", "i": "!", "e": "€", "l": "|"}
SMALL = dict(zip("abcdefghijklmnoprstuvwyz", "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", strict=True))


def _swap(table: dict[str, str], share: float = 1.0) -> Callable[[str, random.Random], str]:
    def disguise(word: str, chance: random.Random) -> str:
        places = [n for n, char in enumerate(word) if char in table]
        kept = set(chance.sample(places, max(1, round(share * len(places)))) if places else [])
        return "".join(table[char] if n in kept else char for n, char in enumerate(word))

    return disguise


def _between(sign: str) -> Callable[[str, random.Random], str]:
    def disguise(word: str, chance: random.Random) -> str:
        return "  ".join(sign.join(one) for one in word.split())

    return disguise


def _inside(sign: str) -> Callable[[str, random.Random], str]:
    def disguise(word: str, chance: random.Random) -> str:
        longest = max(word.split(), key=len)
        place = chance.randrange(2, max(3, len(longest) - 1))
        return word.replace(longest, longest[:place] + sign + longest[place:], 1)

    return disguise


def _shifted(start: int, first: str = "a") -> Callable[[str, random.Random], str]:
    def disguise(word: str, chance: random.Random) -> str:
        return "".join(
            chr(start + ord(char) - ord(first)) if "a" <= char <= "z" else char
            for char in word.lower()
        )

    return disguise


def _doubled(times: int) -> Callable[[str, random.Random], str]:
    def disguise(word: str, chance: random.Random) -> str:
        place = chance.choice([n for n, char in enumerate(word) if char.isalpha()])
        return word[:place] + word[place] * times + word[place + 1 :]

    return disguise


# Character-level tricks on Latin letters; a word without a letter to swap stays as it is.
TRICKS: dict[str, Callable[[str, random.Random], str]] = {
    "one Cyrillic letter": lambda word, chance: _swap(CYRILLIC, 0.01)(word, chance),
    "Cyrillic letters": _swap(CYRILLIC),
    "Greek letters": _swap(GREEK),
    "one digit": lambda word, chance: _swap(LEET, 0.01)(word, chance),
    "digits": _swap(LEET),
    "a capital I for l": lambda word, _: word.replace("l", "I"),
    "a small l among capitals": lambda word, _: word.upper().replace("I", "l"),
    "signs": _swap(MARKS, 0.5),
    "zero-width space": _between("\u200b"),
    "zero-width joiner": _inside("\u200d"),
    "soft hyphen": _inside("\u00ad"),
    "word joiner": _between("\u2060"),
    "byte order mark": _inside("\ufeff"),
    "stacked marks": _between("\u0336"),
    "acute marks": _between("\u0301"),
    "blanks": _between(" "),
    "dots": _between("."),
    "hyphens": _between("-"),
    "underscores": _between("_"),
    "one dot inside": _inside("."),
    "one hyphen inside": _inside("-"),
    "a slash inside": _inside("/"),
    "doubled letter": _doubled(2),
    "four times a letter": _doubled(4),
    "full width": lambda word, _: "".join(
        chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in word
    ),
    "mathematical bold": _shifted(0x1D41A),
    "circled letters": _shifted(0x24D0),
    "small capitals": _swap(SMALL),
}


def slip(word: str, chance: random.Random) -> str:
    """One slip of the keyboard in the longest word: left out, doubled, swapped or replaced."""
    longest = max(word.split(), key=len)
    place = chance.randrange(1, len(longest) - 1)
    wrong = chance.choice(
        [
            longest[:place] + longest[place + 1 :],
            longest[:place] + longest[place] + longest[place:],
            longest[:place] + longest[place + 1] + longest[place] + longest[place + 2 :],
            longest[:place] + chance.choice("aeinrst") + longest[place + 1 :],
        ]
    )
    return word.replace(longest, wrong, 1)

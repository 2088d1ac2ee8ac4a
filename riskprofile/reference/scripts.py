"""Names written in another alphabet, spelt in Latin letters so that both writings meet.

One plain spelling for each letter, in the scale of the passport and road-sign tables
(ICAO Doc 9303 part 3; ELOT 743; Revised Romanization of Korean), simplified: no marks,
no apostrophes. Arabic and Hebrew leave short vowels out, so their spelling is a frame of
consonants that only `history.register.frame` can compare. Han and kana have no table here: they
stay as they are and meet only themselves.
"""

# ruff: noqa: SIM905 (words side by side read as a table)

from __future__ import annotations

import re

from riskprofile.reference.text import fold

_CYRILLIC = dict(
    zip(
        "абвгдезиклмнопрстуфыэіґєј",
        ("a b v g d e z i k l m n o p r s t u f y e i g e j").split(),
        strict=True,
    )
) | {
    "ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ь": "",
    "ю": "yu", "я": "ya", "ђ": "dj", "љ": "lj", "њ": "nj", "ћ": "c", "џ": "dz", "ә": "a",
    "ғ": "g", "қ": "k", "ң": "n", "ө": "o", "ұ": "u", "ү": "u", "һ": "h", "ў": "u",
}  # fmt: skip
_GREEK = dict(
    zip(
        "αβγδεζηικλμνξοπρσςτυφω",
        "a v g d e z i i k l m n x o p r s s t y f o".split(),
        strict=True,
    )
) | {"θ": "th", "χ": "ch", "ψ": "ps"}
_ARABIC = dict(
    zip(
        "ابتجحدرزسصضطظفقكلمنهويپگ",
        "a b t j h d r z s s d t z f q k l m n h w y p g".split(),
        strict=True,
    )
) | {"ث": "th", "خ": "kh", "ذ": "dh", "ش": "sh", "ع": "", "غ": "gh", "ء": "", "چ": "ch",
     "ژ": "zh"}  # fmt: skip
_HEBREW = dict(
    zip(
        "אבגדהוזחטיכךלמםנןסעפףצץקרת",
        "a b g d h w z h t y k k l m m n n s a p p z z k r t".split(),
        strict=True,
    )
) | {"ש": "sh"}
_ARMENIAN = dict(
    zip(
        "աբգդեզէըիլխծկհղճմյնոչպջռսվտրցւփքօֆ",
        ("a b g d e z e y i l kh ts k h gh ch m y n o ch p j r s v t r ts v p k o f").split(),
        strict=True,
    )
) | {"թ": "t", "ժ": "zh", "ձ": "dz", "շ": "sh", "և": "ev"}
_GEORGIAN = dict(
    zip(
        "აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰ",
        ("a b g d e v z t i k l m n o p zh r s t u p k gh q sh ch ts dz ts ch kh j h").split(),
        strict=True,
    )
)
# Hangul comes apart into letters when it is folded: leading, vowel, trailing.
_KOREAN = {
    **dict(zip(map(chr, range(0x1100, 0x1113)),
               "g kk n d tt r m b pp s ss * j jj ch k t p h".split(), strict=True)),
    **dict(zip(map(chr, range(0x1161, 0x1176)),
               "a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i".split(),
               strict=True)),
    **dict(zip(map(chr, range(0x11A8, 0x11C3)),
               "k k k n n n t l k m l l l p l m p p t t ng t t k t p h".split(), strict=True)),
    "\u110b": "",
}  # fmt: skip
_LATIN = str.maketrans(
    _CYRILLIC | _GREEK | _ARABIC | _HEBREW | _ARMENIAN | _GEORGIAN | _KOREAN | {"ß": "ss"}
)
_PAIRS = (("ու", "u"), ("ου", "ou"), ("αυ", "av"), ("ευ", "ev"), ("γγ", "ng"), ("γκ", "gk"))
_GREEK_B = re.compile(r"(?<!\w)μπ")
_SCRIPTS = (
    ("latin", "a-z"),
    ("cyrillic", "\u0400-\u052f"),
    ("greek", "\u0370-\u03ff"),
    ("arabic", "\u0600-\u06ff"),
    ("hebrew", "\u0590-\u05ff"),
    ("armenian", "\u0530-\u058f"),
    ("georgian", "\u10a0-\u10ff"),
    ("korean", "\u1100-\u11ff"),
    ("han", "\u3040-\u30ff\u3400-\u9fff"),
)
_LETTERS = tuple((name, re.compile(f"[{spans}]")) for name, spans in _SCRIPTS)


def script(text: str) -> str:
    """The script of most letters: `latin`, `cyrillic`, ..., `han`; `` when there are none.

    >>> script("ООО Ромашка"), script("Acme 12"), script("42")
    ('cyrillic', 'latin', '')
    """
    folded = fold(text)
    counts = [(len(letters.findall(folded)), name) for name, letters in _LETTERS]
    most, name = max(counts, key=lambda one: one[0])
    return name if most else ""


def latin(text: str) -> str:
    """Folded, without marks, in Latin letters where a table knows the letter.

    >>> latin("Ромашка"), latin("Παπαδόπουλος"), latin("Çelik Düğün"), latin("서울")
    ('romashka', 'papadopoulos', 'celik dugun', 'seoul')
    """
    folded = fold(text)
    if folded.isascii():
        return folded
    for pair, spelt in _PAIRS:
        folded = folded.replace(pair, spelt)
    return _GREEK_B.sub("b", folded).translate(_LATIN)

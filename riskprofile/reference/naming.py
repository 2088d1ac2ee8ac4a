"""One normal form for a party, an address or a telephone, however it was typed.

The normal form is what a key is made of, so it only undoes what no two parties differ by:
script, marks, case, punctuation, order of words, legal form, abbreviations of streets. What
needs judgement (a slip of the keyboard, a vowel more) is left to `history.register`.
"""

# ruff: noqa: SIM905 (words side by side read as a table)

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import product

from riskprofile.reference.scripts import latin
from riskprofile.reference.text import GROUP, written

# Legal forms, as they stand once in Latin letters without points. Those that stand in front
# (Russian, Indonesian, Baltic, Turkish trade names) are taken off there too.
_FORMS = """
ltd|limited|co ltd|co limited|company limited|pty ltd|pty limited|pte ltd|pvt ltd|pvt limited
private limited|public limited company|plc|llc|limited liability company|llp|lp|inc|incorporated
corp|corporation|co|company|and co|sdn bhd|bhd|fzc|fze|fzco|fz llc|dmcc|wll
gmbh|gmbh and co kg|gmbh and co kgaa|ag|kg|ohg|ug|ug haftungsbeschrankt|ek|gbr
gesellschaft mit beschrankter haftung|aktiengesellschaft
sarl|sas|sasu|eurl|sa|snc|sca|scs|societe anonyme|sprl|srl|spa|sapa|societe a responsabilite limitee
societa a responsabilita limitata|societa per azioni|bvba|bv|nv|vof|cv|besloten vennootschap|asbl
sl|slu|sociedad limitada|sociedad anonima|sa de cv|s de rl de cv|sapi de cv|sab de cv|sas de cv
cia ltda|y cia|ltda|lda|limitada|eireli|sociedade anonima|sociedade por quotas
ab|aktiebolag|as|asa|aps|oy|oyj|ehf
sp z oo|sp zoo|spolka z oo|spolka z ograniczona odpowiedzialnoscia|spolka akcyjna
sro|spol s ro|kft|zrt|nyrt|doo|eood|ood|ead|uab|sia
ooo|oao|zao|pao|ao|too|tov|odo|obshchestvo s ogranichennoi otvetstvennostyu
aktsionernoe obshchestvo|ltd sti|limited sirketi|anonim sirketi|sti|sirketi
san ve tic|san tic|sanayi ve ticaret|sanayi ticaret|tic|ve tic
ae|epe|ike|anonimi etaireia|anonymi etaireia
pt|tbk|kk|gk|jsc|pjsc|ojsc|cjsc|joint stock company|tnhh|cty tnhh|cong ty tnhh|dmm|shmm|shrkh
"""
_IN_FRONT = frozenset(
    "ooo oao zao pao ao ip chp too tov odo pt uab sia sarl ste shrkh tnhh".split()
)


def _ways(form: str) -> Iterator[tuple[str, ...]]:
    """A form as words, and as it comes apart where points stand between letters: `s a`."""
    whole = form.split()
    ways = [
        [(word,), tuple(word)] if len(word) <= 4 and word not in _SPOKEN else [(word,)]
        for word in whole
    ]
    for chosen in product(*ways):
        yield tuple(part for word in chosen for part in word)


_SPOKEN = frozenset(
    "de and co ltd pty pte inc corp tic san sti cia ltda lda ve spol fze oy".split()
)
FORMS = frozenset(
    made for one in _FORMS.replace("\n", "|").split("|") if one for made in _ways(one)
)
_LONGEST = max(map(len, FORMS))
_LAST = frozenset(form[-1] for form in FORMS)
_HAN_FORMS = re.compile("(有限责任公司|股份有限公司|有限公司|株式会社|有限会社|公司|주식회사)")
_TITLES = frozenset("mr mrs ms miss dr herr frau sr sra mme mlle messrs".split())
_JOINING = {"&": " and ", "+": " and "}

# Words that a trader translates when it writes its name in another language.
_SAME_WORD = {
    "trading": "commerce handel handels ticaret ticari comercio comercial commerciale commercial "
    "torgovlya torgovyi torgovaya torg handlowy obchod trgovina tjarh tijara emporio trade",
    "international": "internacional internationale mezhdunarodnyi mezhdunarodnaya uluslararasi "
    "internazionale intl",
    "industries": "industrie industria industrias industry endustri sanayi promyshlennost "
    "promyshlennyi",
    "group": "gruppa gruppe groupe grupo grup gruppo holding holdings",
    "import": "importacion importacao ithalat",
    "export": "exportacion exportacao ihracat eksport",
    "brothers": "bros freres hermanos irmaos fratelli gebruder gebr",
    "and": "ve en och og kai",
    "manufacturing": "mfg fabrik fabrikasi",
    "transport": "transporte transportes nakliyat",
    "general": "generale generales genel",
    "services": "service servicios svcs",
}
_WORDS = {other: word for word, others in _SAME_WORD.items() for other in others.split()}
# Words of trade that many names share: never enough to find or to tell a party by.
GENERIC = frozenset(_SAME_WORD) | frozenset(
    "supplies stores store wholesale distribution logistics enterprises enterprise technics "
    "technology technologies solutions products imports exports market shop supply shipping "
    "freight forwarding cargo courier consulting engineering construction".split()
)
_AND = dict.fromkeys(("und", "et"), "and")  # as in `gmbh und co kg`
_SILENT = frozenset(("and", "the"))

_STREETS = {
    "street": "st str", "road": "rd", "avenue": "ave av avda avenida aven", "lane": "ln",
    "drive": "dr", "boulevard": "blvd bd bld bulvar", "square": "sq", "place": "pl plaza plz",
    "court": "ct", "highway": "hwy", "parkway": "pkwy", "terrace": "ter", "crescent": "cres",
    "building": "bldg bld", "industrial": "ind", "estate": "est", "zone": "zn", "north": "n",
    "south": "s", "east": "e", "west": "w", "saint": "ste", "mount": "mt", "fort": "ft",
    "strasse": "strase", "platz": "platze", "ulica": "ul ulitsa ulice", "prospekt": "pr prosp",
    "calle": "c cl", "carrera": "cra", "rua": "r", "via": "v", "sokak": "sk sok", "cadde": "cad "
    "cd caddesi", "mahalle": "mah mahallesi", "odos": "od",
    "floor": "fl", "house": "hse", "park": "pk",
}  # fmt: skip
_SHORT = {short: word for word, shorts in _STREETS.items() for short in shorts.split()}
_NUMBERED = frozenset(
    "no nr num number apt apartment flat unit suite room rm office apto kv kvartira dom d daire "
    "etaj etage wohnung".split()
)
_STRASSE = 7  # letters from which a word that ends in `str` is a street
_BOX = re.compile(r"\bp\.?\s?o\.?\s?box\b|\bpostfach\b")
_ORDINAL = re.compile(r"^(\d+)(?:st|nd|rd|th|er|eme|a|o)$")
_INITIALS = re.compile(r"(?<![^\W_])[^\W\d_](?:\.[^\W\d_](?![^\W_])){2,}\.?")
_ARTICLE = re.compile(r"\b([ae]l)[\s-]+(?=\w{3})")  # written apart or not: al-Noor


def party(name: str) -> str:
    """A trader's or a person's name: Latin words in order of the alphabet, no legal form.

    >>> party("ООО «Ромашка»") == party("Romashka, L.L.C.")
    True
    >>> party("Éxito Importación S.A. de C.V."), party("SULANREX, Quin A.")
    ('exito import', 'a quin sulanrex')
    """
    return " ".join(sorted(words(name))) or _spelled(name)


def words(name: str) -> list[str]:
    """The telling words of a name, in the order in which they stand."""
    text = name if name.isascii() else _HAN_FORMS.sub(" ", name)
    for sign, word in _JOINING.items():
        text = text.replace(sign, word)
    if "." in text:
        text = _INITIALS.sub(lambda run: run.group().replace(".", "") + " ", text)
    spelt = latin(text).replace("'", "")
    if "al" in spelt or "el" in spelt:
        spelt = _ARTICLE.sub(GROUP, spelt)
    found = [_AND.get(word, word) for word in written(spelt)]
    plain = _without_forms([word for word in found if word not in _TITLES] or found)
    same = [_WORDS.get(word, word) for word in plain]
    return [word for word in same if word not in _SILENT] or same


def _without_forms(found: list[str]) -> list[str]:
    """Legal forms taken off the end, and off the front where they may stand there."""
    while len(found) > 1 and found[-1] in _LAST:
        size = next(
            (n for n in range(min(_LONGEST, len(found) - 1), 0, -1) if tuple(found[-n:]) in FORMS),
            0,
        )
        if not size:
            break
        found = found[:-size]
    while len(found) > 1 and found[0] in _IN_FRONT:
        found = found[1:]
    return found


def address(text: str) -> str:
    """An address: words and numbers in order of the alphabet, abbreviations written out.

    Numbers change places between languages, so their order is not kept: flat 3 of
    house 12 and flat 12 of house 3 are one address here.

    >>> address("STATION STR. 235, 95165 Nolunbury") == address("235 Station St, Nolunbury 95165")
    True
    >>> address("ул. Ленина, д. 5") == address("Lenina ulitsa 5")
    True
    """
    spelt = latin(text)
    if "box" in spelt or "postfach" in spelt:
        spelt = _BOX.sub("box ", spelt)
    found = map(_written_out, written(spelt))
    return " ".join(sorted(filter(None, found))) or _spelled(text)


@lru_cache(maxsize=1 << 14)
def _written_out(word: str) -> str:
    """A word or number of an address without what may be left out; empty if that is all of it."""
    if word.endswith("str") and len(word) >= _STRASSE:
        word = f"{word}asse"
    if word[0].isdigit():
        word = _ORDINAL.sub(GROUP, word)
    word = _SHORT.get(word, word)
    if word in _NUMBERED:
        return ""
    return word.lstrip("0") or word if word.isdigit() else word


# Calling codes that are not of the usual three digits (ITU-T E.164, list of 2016).
_ONE = frozenset("17")
_TWO = frozenset(
    "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 "
    "65 66 81 82 84 86 90 91 92 93 94 95 98".split()
)
_EXTENSION = re.compile(r"(?i)(?:ext|extn|x|dob|#)\.?\s*\d{1,6}\s*$")
_SEVERAL = re.compile(r"[;/|]")
_OTHER = re.compile(r"\D+")
_TRUNK = re.compile(r"\(\s*0\s*\)")
_NORTH_AMERICAN = re.compile(r"^1[\s.(-]+\(?[2-9]\d{2}\D*\d{3}\D*\d{4}$")
LONG_NUMBER = 9  # digits from which a number is one person's even without its country


def phone(text: str) -> str:
    """A telephone's digits, without the ways to dial it.

    The international prefix, the trunk zero and an extension go; of a number with nine
    digits or more after it the calling code goes as well, so that the national and the
    international writing meet. Shorter numbers keep it: they recur between countries.
    Of several numbers the first counts; under six digits the text stays as it is.

    >>> phone("+44 (0)20 7946 0958") == phone("020 7946 0958") == phone("0044-20-79460958")
    True
    >>> phone("+47 22 12 34 56"), phone("22 12 34 56")
    ('4722123456', '22123456')
    >>> phone("+7 495 123-45-67 доб. 12"), phone("+7 495 123-45-67 ext. 12")
    ('4951234567', '4951234567')
    """
    first = _SEVERAL.split(latin(text).strip(), 1)[0]
    first = _TRUNK.sub("", _EXTENSION.sub("", first)).strip()
    digits = _OTHER.sub("", first)
    if len(digits) < 6:
        return _spelled(text)
    abroad = first.startswith("+")
    if not abroad and digits.startswith("00"):
        digits, abroad = digits[2:], True
    if abroad or len(digits) >= 12 or _NORTH_AMERICAN.match(first):
        code = 1 if digits[0] in _ONE else 2 if digits[:2] in _TWO else 3
        own = digits[code:].lstrip("0")
        return own if len(own) >= LONG_NUMBER else digits[:code] + own
    return digits.lstrip("0") or digits


def code(text: str) -> str:
    """A trader's code without case and separators.

    >>> code("gb 123-456.7"), code("-")
    ('GB1234567', '-')
    """
    return "".join(filter(str.isalnum, text)).upper() or _spelled(text)


def licence(text: str) -> str | None:
    """A licence number in capitals, without what people put between; None where nothing is left.

    Letters and digits of any script tell one from another.

    >>> licence("im 12/A"), licence("ЛП № 12/7"), licence("-")
    ('IM12A', 'ЛП127', None)
    """
    told = "".join(filter(str.isalnum, text))
    return unicodedata.normalize("NFKC", told).upper() or None


def _spelled(text: str) -> str:
    return " ".join(text.split()).casefold()

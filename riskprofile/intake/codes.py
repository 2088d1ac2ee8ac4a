"""Codes of one cell: countries, currencies, HS, containers, choices, yes and no."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskprofile.reference import nomenclature


def reference(name: str) -> Any:
    """A JSON table that ships with the package."""
    return json.loads(files("riskprofile.reference").joinpath(name).read_text(encoding="utf-8"))


@lru_cache(maxsize=16_384)
def folded(text: str) -> str:
    """Text without case, accents and punctuation, words joined by one blank.

    >>> folded("Poids_brut (KG)"), folded("N° de déclaration")
    ('poids brut kg', 'n de declaration')
    """
    if text.isascii():
        plain = text.lower()
    else:
        plain = unicodedata.normalize("NFKD", text).casefold()
        plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return _NO_WORD.sub(" ", plain).strip()


_NO_WORD = re.compile(r"[\W_]+")


_COUNTRIES: dict[str, list[str]] = reference("countries_iso.json")["countries"]
_ALPHA3 = {alpha3: alpha2 for alpha2, (alpha3, _) in _COUNTRIES.items()}
_BY_NAME = {folded(name): alpha2 for alpha2, (_, name) in _COUNTRIES.items() if name}
KNOWN_COUNTRIES = pa.array(sorted(_COUNTRIES), pa.large_string())
_PAIRS = np.zeros(1 << 16, dtype=bool)  # two letters as one number: whether they are a code
_PAIRS[np.frombuffer("".join(_COUNTRIES).encode(), "<u2")] = True


def countries_are_known(data: np.ndarray, at: np.ndarray) -> bool:
    """Whether all cells that are not empty are codes of a country, by `values.cell_bytes`."""
    long = np.diff(at)
    return bool(((long == 0) | (long == 2)).all() and _PAIRS[data.view("<u2")].all())


def country(text: str) -> tuple[str | None, str, str]:
    """Alpha-2 from alpha-2, alpha-3 or an English name; an unknown code of the right shape warns.

    >>> country("na"), country("NAM"), country("XZ"), country("Somewhere")
    (('NA', '', ''), ('NA', '', ''), ('XZ', '', 'country_unknown'), (None, 'country_format', ''))
    """
    code = text.upper()
    if code in _COUNTRIES:
        return code, "", ""
    if code in _ALPHA3:
        return _ALPHA3[code], "", ""
    if re.fullmatch("[A-Z]{2}", code):
        return code, "", "country_unknown"
    named = _BY_NAME.get(folded(text))
    return (named, "", "") if named else (None, "country_format", "")


def currency(text: str) -> tuple[str | None, str, str]:
    """Three letters, as in ISO 4217; a code of the right shape that it does not list warns.

    Its three digits are the code too where it lists them.

    >>> currency("eur"), currency("978"), currency("ZZZ")
    (('EUR', '', ''), ('EUR', '', ''), ('ZZZ', '', 'currency_unknown'))
    >>> currency("euro")
    (None, 'currency_format', '')
    """
    code = text.upper()
    code = CURRENCY_NUMBERS.get(code, code)
    if code in _CURRENCIES:
        return code, "", ""
    shaped = re.fullmatch("[A-Z]{3}", code)
    return (code, "", "currency_unknown") if shaped else (None, "currency_format", "")


# The list of ISO 4217:2015 with its numbers, funds and metals included; in the last line what was
# withdrawn since 2016, which declarations of the past still bear. XCG took the number of ANG.
_CURRENCIES: dict[str, str] = dict(
    re.findall(
        r"([A-Z]+)([0-9]+)",
        """
    AED784 AFN971 ALL008 AMD051 ANG532 AOA973 ARS032 AUD036 AWG533 AZN944 BAM977 BBD052 BDT050
    BGN975 BHD048 BIF108 BMD060 BND096 BOB068 BOV984 BRL986 BSD044 BTN064 BWP072 BYN933 BZD084
    CAD124 CDF976 CHE947 CHF756 CHW948 CLF990 CLP152 CNY156 COP170 COU970 CRC188 CUP192 CVE132
    CZK203 DJF262 DKK208 DOP214 DZD012 EGP818 ERN232 ETB230 EUR978 FJD242 FKP238 GBP826 GEL981
    GHS936 GIP292 GMD270 GNF324 GTQ320 GYD328 HKD344 HNL340 HTG332 HUF348 IDR360 ILS376 INR356
    IQD368 IRR364 ISK352 JMD388 JOD400 JPY392 KES404 KGS417 KHR116 KMF174 KPW408 KRW410 KWD414
    KYD136 KZT398 LAK418 LBP422 LKR144 LRD430 LSL426 LYD434 MAD504 MDL498 MGA969 MKD807 MMK104
    MNT496 MOP446 MRU929 MUR480 MVR462 MWK454 MXN484 MXV979 MYR458 MZN943 NAD516 NGN566 NIO558
    NOK578 NPR524 NZD554 OMR512 PAB590 PEN604 PGK598 PHP608 PKR586 PLN985 PYG600 QAR634 RON946
    RSD941 RUB643 RWF646 SAR682 SBD090 SCR690 SDG938 SEK752 SGD702 SHP654 SLE925 SOS706 SRD968
    SSP728 STN930 SVC222 SYP760 SZL748 THB764 TJS972 TMT934 TND788 TOP776 TRY949 TTD780 TWD901
    TZS834 UAH980 UGX800 USD840 USN997 UYI940 UYU858 UYW927 UZS860 VED926 VES928 VND704 VUV548
    WST882 XAD396 XAF950 XAG961 XAU959 XBA955 XBB956 XBC957 XBD958 XCD951 XCG532 XDR960 XOF952
    XPD964 XPF953 XPT962 XSU994 XTS963 XUA965 XXX999 YER886 ZAR710 ZMW967 ZWG924
    BYR974 CUC931 HRK191 MRO478 SLL694 STD678 VEF937 ZWL932
    """,
    )
)
CURRENCY_NUMBERS = {number: code for code, number in _CURRENCIES.items()}


HS_SHORTENED = "hs_shortened"  # warning: the code has more digits than the column holds


def hs(text: str) -> tuple[str | None, str, str]:
    """Digits of an HS code; points and blanks go, zeros stay.

    An odd number of digits has most likely lost its leading zero: a warning. Of the twelve of
    some tariffs (GTIP) the ten that the column holds are kept, with a warning.

    >>> hs("0101.21 00"), hs("93X1"), hs("101")
    (('01012100', '', ''), (None, 'hs_format', ''), ('101', '', 'hs_odd_length'))
    >>> hs("9401.80.00.00.19")
    ('9401800000', '', 'hs_shortened')
    """
    digits = nomenclature.bare(text)
    if re.fullmatch("[0-9]{12}", digits):
        return digits[:10], "", HS_SHORTENED
    if not re.fullmatch("[0-9]{2,10}", digits):
        return None, "hs_format", ""
    return digits, "", "hs_odd_length" if len(digits) % 2 else ""


def ten_digits(text: str) -> tuple[str, str]:
    """A message's own field of an HS code as the column holds it, and a warning where that is less.

    Points and blanks go; what stands behind ten digits is one nation's own. Zeros tell nothing.

    >>> ten_digits("9303.20.0000 1234"), ten_digits("9303.20.0000 00"), ten_digits("9303.20")
    (('9303200000', 'hs_shortened'), ('9303200000', ''), ('930320', ''))
    """
    code = nomenclature.bare(text)
    if not re.match("[0-9]{10}.", code):
        return code, ""
    return code[:10], HS_SHORTENED if code[10:].strip("0") else ""


def hs_is_tidy(data: np.ndarray, at: np.ndarray) -> bool:
    """Whether all codes are digits of an even count up to ten, by `values.cell_bytes`."""
    long = np.diff(at)
    if not len(data):
        return True
    digits = data.min() >= ord("0") and data.max() <= ord("9")
    return bool(digits and long.max() <= 10 and not (long & 1).any())


def bar_joined(text: str) -> str | None:
    """Codes in one cell, whatever separates them, joined by a vertical bar.

    >>> bar_joined(" A, B;C||D ")
    'A|B|C|D'
    """
    parts = (part.strip() for part in re.split(r"[|,;>\r\n]", text))
    return "|".join(part for part in parts if part) or None


# -- containers ----------------------------------------------------------------------------

# ISO 6346: letters count 10 to 38 without the multiples of 11, the weight of place i is 2^i,
# and the check digit is the sum modulo 11, where 10 is written 0.
_LETTERS = [value for value in range(10, 39) if value % 11]
_WORTH = np.full(256, -1000, np.int64)
_WORTH[np.frombuffer(b"0123456789", np.uint8)] = range(10)
_WORTH[np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", np.uint8)] = _LETTERS
_WEIGHTS = 2 ** np.arange(10)
_TIDY = (_WORTH >= 0) | (np.arange(256) == ord("|"))
_SHAPE = r"^[A-Z]{3}[UJZ][0-9]{7}$"


# Numbers that nothing that separates codes keeps apart: a blank, a slash, or nothing at all.
_RUN = r"(?:^|\|)[A-Z]{3}[UJZ][0-9]{7}(?:[/+&]?[A-Z]{3}[UJZ][0-9]{7})+(?:\||$)"
_ONE_OF_RUN = r"([A-Z]{3}[UJZ][0-9]{7})[/+&|]*"


def containers_tidied(column: pa.Array, data: np.ndarray) -> pa.Array:
    """Container numbers in capitals, without blanks and dashes, each apart from the next.

    `data` are its bytes, by `values.cell_bytes`.

    >>> from riskprofile.intake.values import cell_bytes
    >>> codes = ["msku 123456-5", "MSKU1234565 TCLU7654321", "MSKU1234565/TCLU7654321"]
    >>> cells = pa.array(codes, pa.large_string())
    >>> containers_tidied(cells, cell_bytes(cells)[0]).to_pylist()
    ['MSKU1234565', 'MSKU1234565|TCLU7654321', 'MSKU1234565|TCLU7654321']
    """
    if not _TIDY[data].all():
        column = pc.utf8_upper(pc.replace_substring_regex(column, r"[\s\-]", ""))
    if (pc.max(pc.binary_length(column)).as_py() or 0) < 2 * len("MSKU1234565"):
        return column
    several = pc.match_substring_regex(column, _RUN).fill_null(False)
    if not pc.any(several).as_py():
        return column
    apart = pc.utf8_rtrim(pc.replace_substring_regex(column, _ONE_OF_RUN, r"\1|"), "|")
    return pc.if_else(several, apart, column)


def wrong_check_digit(column: pa.Array) -> np.ndarray:
    """Rows in which a number shaped like ISO 6346 fails its check digit.

    >>> wrong_check_digit(pa.array(["CSQU3054383", "CSQU3054384", None], pa.large_string()))
    array([False,  True, False])
    """
    wrong = np.zeros(len(column), dtype=bool)
    if pc.any(pc.match_substring(column, "|")).as_py():
        parts = pc.split_pattern(column, "|")
        rows, flat = np.asarray(pc.list_parent_indices(parts)), parts.flatten()
    else:
        rows, flat = np.arange(len(column)), column
    shaped = pc.match_substring_regex(flat, _SHAPE).fill_null(False)
    found = flat.filter(shaped)
    if len(found):
        start = int(np.frombuffer(found.buffers()[1], np.int64)[found.offset])
        letters = np.frombuffer(found.buffers()[2], np.uint8, 11 * len(found), start)
        worth = _WORTH[letters.reshape(-1, 11)]
        digit = (worth[:, :10] * _WEIGHTS).sum(axis=1) % 11 % 10
        wrong[rows[np.asarray(shaped)][digit != worth[:, 10]]] = True
    return wrong


# -- words ---------------------------------------------------------------------------------

_WORDS: dict[str, Any] = reference("headers.json")["values"]


@lru_cache(maxsize=64)
def choice_words(column: str, choices: Sequence[str]) -> dict[str, str]:
    """Every known way to write each choice of a column, folded."""
    words = {
        folded(other): choice
        for choice, others in _WORDS.get(column, {}).items()
        for other in others
    }
    return words | {folded(choice): choice for choice in choices}


BOOLEANS: dict[str, bool] = {
    folded(word): flag == "true" for flag, words in _WORDS["bool"].items() for word in words
}

"""The Harmonized System, 2022 edition: codes, texts, and the classes that typologies name.

A class is a function `(items) -> Mask` over the columns `hs2`, `hs4`, `hs6` and
`goods_description` of a view; a missing code or text belongs to no class. National
chapters 98 and 99 are known as chapters only.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

import pandas as pd

from riskprofile.columns import Column, Mask, View
from riskprofile.reference.once import once
from riskprofile.reference.text import fold, holds, per_distinct

NATIONAL = ("98", "99")  # left to national use by the Harmonized System
SPECIFIC = 6  # digits that all parties to the convention share

# Chapter 93: arms and ammunition; parts and accessories.
ARMS_HEADINGS = ("9301", "9302", "9303", "9304", "9305", "9306", "9307")
FIREARM_HEADINGS = ("9301", "9302", "9303", "9305", "9306")  # without air and edged weapons
# Blank-firing, alarm, signal and captive-bolt devices; air, gas and spring guns (D06).
CONVERTIBLE = ("930390", "930400")
# Sights, propellant, caps: next to arms, often uncontrolled.
NEAR_ARMS = ("901310", "360100", "360200", "360320", "360330", "360340", "360350", "360360")

# Machines and appliances with room inside (A02): pumps, fans, heaters, refrigerators,
# washers, printers, moulding machines, humidifiers, engines, speakers, transformers.
MACHINES = (
    "8407", "8408", "8409", "8412", "8413", "8414", "8415", "8418", "8419", "8421", "8422",
    "8424", "8425", "8432", "8433", "8443", "8450", "8451", "8456", "8457", "8458", "8459", "8460",
    "8461", "8462", "8463", "8465", "8466", "8467", "8468", "8474", "8477", "8479", "8480", "8483",
    "8501", "8502", "8504", "8508", "8509", "8514", "8515", "8516", "8518", "8519", "8528", "8708",
)  # fmt: skip
# Toys, hand and power tools, small electronics (E07).
SMALL_HOSTS = (
    "8205", "8206", "8207", "8467", "8471", "8473", "8510", "8513", "8517", "8518", "8519", "8521",
    "8523", "8525", "8527", "8529", "8543", "9208", "9503", "9504", "9505", "9506",
)  # fmt: skip
# Doors, plumbing fittings, plastics, tiles, furniture, toys, worn clothes, cartons (S03).
BULKY = (
    "3917", "3922", "3923", "3924", "3925", "3926", "4011", "4012", "4402", "4411", "4412", "4418",
    "4819", "6305", "6306", "6309", "6310", "6802", "6810", "6907", "6910", "7010", "7013", "7307",
    "7308", "7323", "7324", "7610", "7615", "8302", "8481", "9401", "9403", "9404", "9405", "9503",
)  # fmt: skip
# Household and personal effects: national codes, and worn clothing (S02).
HOUSEHOLD = ("9803", "9804", "9805", "9905", "9919", "6309")
# Small articles of metal with no use in their name (E01).
METAL = ("7318", "7320", "7326", "7419", "7508", "7616", "8108", "8487", "8302", "8308")
# Tubes, pipes and filters (E02); toys and arms parts only with a tube in the words.
TUBES = ("7304", "7305", "7306", "7608", "8421")
TUBES_BY_WORD = ("9503", "9305", "8424", "8708", "7326", "7616", "8487")

_HOUSEHOLD_WORDS = re.compile(
    r"personal effects?|house ?hold (?:goods|effects|items|articles)|\bused (?:household|personal|"
    r"clothe?s|clothing|shoes)|old clothes|returning resident|removal goods|"
    r"(?:^|[^tw] )moving goods|"  # not "fast moving goods"
    r"barrels? of (?:assorted|clothes|food|gifts|groceries|mixed|provisions)|"
    r"unaccompanied baggage|effets? (?:personnels?|usages?)|articles? menagers?|"
    r"demenagement|menaje|efectos personales|articulos personales|encomienda|ropa usada|"
    r"objetos pessoais|pertences|mudanca|bagagem|roupas? usadas?|umzugsgut|hausrat|"
    r"persoe?nliche (?:sachen|effekten)|gebrauchte kleid|личные вещи|домашние вещи|"
    r"домашнии скарб|б/у вещи|امتعه|اغراض شخصيه|اثاث مستعمل|个人物品|家庭用品|旧衣|搬家|"
    r"ev esyasi|kisisel esya|zati esya|kullanilmis (?:giysi|esya)"
)
_METAL_WORDS = re.compile(
    r"(?:metal|steel|machined?|aluminium|aluminum|titanium|iron|cnc|precision) "
    r"(?:parts?|pieces?|pins?|components?|samples?|accessor\w+|fittings?|articles?|blocks?|plates?)\b"
    r"|machine(?:ry)? parts?|pin samples?|key ?ring parts?|hardware parts?|"
    r"pieces? (?:metalliques?|mecaniques?|en acier)|"
    r"(?:piezas?|partes?) (?:metalicas?|de metal|de acero)|"
    r"pecas? (?:metalicas?|de metal|de aco)|metallteile?|stahlteile?|metallische teile|"
    r"металлические (?:детали|части|изделия)|قطع معدنيه|金属(?:零件|配件|件)|钢销|五金|metal parca"
)
_TUBE_WORDS = re.compile(
    r"\b(?:tubes?|pipes?|filters?|tubos?|canos?|rohre?|filtros?|boru)\b|solvent traps?|"
    r"\bclean\w* (?:kits?|cups?)|\bcups?\b.{0,20}\b(?:thread|storage|cone)|\bair ?soft|"
    r"\bfiltres?|kraftstofffilter|olfilter|фильтр|труб[аыку]|فلتر|انبوب|滤清器|滤芯|管"
)


@lru_cache(maxsize=1)
def texts() -> Mapping[str, str]:
    """Official text by code of 2, 4 or 6 digits.

    >>> texts()["9302"]
    'Revolvers and pistols; other than those of heading no. 9303 or 9304'
    """
    raw = files("riskprofile.reference").joinpath("hs2022.tsv.gz").read_bytes()
    lines = gzip.decompress(raw).decode().splitlines()
    return MappingProxyType(dict(line.split("\t", 1) for line in lines))


def bare(code: str) -> str:
    """A code without the points and blanks that people put between its digits.

    >>> bare("9305.10 00")
    '93051000'
    """
    return re.sub(r"[.\s\u00a0]", "", code)


def known(code: str) -> bool:
    """Whether one code is of HS 2022, as `exists` says of a column."""
    shared = code[: min(len(code) // 2 * 2, SPECIFIC)]
    return shared in texts() or code[:2] in NATIONAL


def exists(codes: pd.Series) -> pd.Series:
    """Whether each code is one of HS 2022 in its first six digits; missing stays missing.

    An odd digit at the end is not looked at; national chapters 98 and 99 are taken as
    they are. This is a warning on a row, never a reason to refuse it.

    >>> exists(pd.Series(["930690", "9306901000", "7777", "98"])).tolist()
    [True, True, False, True]
    """
    values = per_distinct(codes, known, missing=pd.NA)
    return pd.Series(values, index=codes.index, dtype="boolean")


def text_of(code: str) -> str:
    """The text of a code, or of the nearest code above it; empty when unknown."""
    for digits in (6, 4, 2):
        if len(code) >= digits and (found := texts().get(code[:digits])):
            return found
    return ""


def _coded(items: View, column: str, codes: tuple[str, ...]) -> Mask:
    return items[column].isin(codes)


def _worded(items: View, pattern: re.Pattern[str]) -> Mask:
    return Column(items.text("goods_description").spread(holds(_folded(items), pattern), False))


@once
def _folded(items: View) -> list[str]:
    """The distinct goods texts, folded."""
    return [*map(fold, items.text("goods_description").distinct)]


def arms(items: View) -> Mask:
    """HS 9301 to 9307, or their chapter where no heading is given."""
    return _coded(items, "hs4", ARMS_HEADINGS) | _chapter_93_alone(items)


def firearms(items: View) -> Mask:
    """Firearms, their parts, ammunition: HS 9301, 9302, 9303, 9305, 9306, or chapter 93 alone."""
    return _coded(items, "hs4", FIREARM_HEADINGS) | _chapter_93_alone(items)


def _chapter_93_alone(items: View) -> Mask:
    return _coded(items, "hs2", ("93",)) & items["hs4"].isna()


def near_arms(items: View) -> Mask:
    """Telescopic sights, propellants and caps: next to arms, often uncontrolled."""
    return _coded(items, "hs6", NEAR_ARMS)


def convertible(items: View) -> Mask:
    """Blank-firing, alarm, signal, air and gas weapons by code: HS 9303.90, 9304 (D06)."""
    return _coded(items, "hs6", CONVERTIBLE) | _coded(items, "hs4", ("9304",))


def machine_host(items: View) -> Mask:
    """Machines and appliances with room inside (A02)."""
    return _coded(items, "hs4", MACHINES)


def small_host(items: View) -> Mask:
    """Toys, tools and small electronics (E07)."""
    return _coded(items, "hs4", SMALL_HOSTS)


def bulky_cheap(items: View) -> Mask:
    """Cheap bulky goods that fill a container (S03)."""
    return _coded(items, "hs4", BULKY)


@once
def household(items: View) -> Mask:
    """Household and personal effects, worn clothes, door-to-door barrels (S02)."""
    return _coded(items, "hs4", HOUSEHOLD) | _worded(items, _HOUSEHOLD_WORDS)


@once
def generic_metal(items: View) -> Mask:
    """Small metal articles, by code or by a name that says no more than metal part (E01)."""
    return _coded(items, "hs4", METAL) | _worded(items, _METAL_WORDS)


@once
def tube_or_filter(items: View) -> Mask:
    """Tubes, pipes and filters, by code, or by word under a code that may hold one (E02)."""
    by_word = _coded(items, "hs4", TUBES_BY_WORD) | items["hs4"].isna()
    return _coded(items, "hs4", TUBES) | (by_word & _worded(items, _TUBE_WORDS))

"""What cargo messages of EDIFACT share: one scope's values, numbers, units, tariff codes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from riskprofile.intake.code_lists import KILOGRAMS
from riskprofile.intake.edifact import Segment
from riskprofile.intake.rows import number, one_line

# segment and qualifier -> a column; `master`, `bill` or `house`, from which the documents
# are made; `reference`, which is the number of the declaration where there is no other;
# `procedure=import` and its like, where the code itself is the value
Table = Mapping[tuple[str, str], str]

PARTIES = ("consignor", "consignee")  # columns of name, address, country, code, telephone
MASSES = {**KILOGRAMS, "KG": "1", "KGS": "1", "K": "1", "LB": "0.45359237"}
VOLUMES = {"MTQ": "1", "M3": "1", "DMQ": "0.001", "FTQ": "0.028316846592"}
CODED = {"BGM": 1, "GIS": 1, "CST": 2}  # element whose code may itself be the value
MODES = {"A": "air", "S": "sea", "P": "post"}  # letters in place of Recommendation 19
LEGS = ("88", "9", "76", "13", "11", "7")  # LOC: receipt, loading, ..., discharge, delivery
TELEPHONE = "TE"  # COM second component
# of a whole message: given to its item only when there is one
_ONE = "gross_mass_kg net_mass_kg volume_m3 package_count package_type value freight_cost"
OF_ONE_ITEM = frozenset((*_ONE.split(), "quantity", "quantity_unit"))
SILENT = frozenset(["CNT", "CNI", "UNS", "GID", "EQD", "SGP", "SEL", "CUX"])
OTHER_LEG = 1_000  # a place of a leg that is not the main one: after all of the main
LAST = 1_000_000


@dataclass
class Scope:
    """What one message, consignment, item or piece of equipment says of itself."""

    place: int
    parent: Scope | None = None
    values: dict[str, str] = field(default_factory=dict)
    ranks: dict[str, int] = field(default_factory=dict)
    extra: dict[str, list[str]] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    containers: list[str] = field(default_factory=list)
    legs: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    items: int = 0  # below it
    said: list[tuple[str, str]] = field(default_factory=list)  # by the segment that is read

    def put(self, column: str, value: str | None, rank: int) -> None:
        """Set a column, unless a qualifier before this one in the table has set it."""
        if value:
            self.said.append((column, value))
            if rank < self.ranks.get(column, LAST):
                self.values[column], self.ranks[column] = value, rank

    @property
    def words(self) -> str | None:
        """What is said of the goods: free text, else a description."""
        return one_line(" ".join(self.texts)) or self.values.get("goods_description")

    def drop(self, column: str) -> None:
        """Forget a column, and what set it."""
        self.values.pop(column, None)
        self.ranks.pop(column, None)


def numeral(text: str) -> str | None:
    """A number with a decimal point or comma (ISO 9735 allows both, and no thousands mark).

    >>> numeral("2736,96"), numeral("10.50"), numeral("1,2,3")
    ('2736.96', '10.5', '1,2,3')
    """
    return number(text.replace(",", ".") if text.count(",") == 1 else text)


def hs_code(segment: Segment, lists: frozenset[str]) -> str | None:
    """The commodity code of a CST: by its code list, else the longest of even length.

    National systems put procedures, categories and preferences beside it, in any order.
    """
    found = [segment.components(at) for at in range(2, len(segment.elements))]
    for parts in found:
        if len(parts) > 1 and parts[1] in lists:
            return digits(parts[0])
    codes = [code for parts in found if (code := digits(parts[0])) and len(code[:10]) % 2 == 0]
    codes = [code for code in codes if len(code) >= 4]
    return max(codes, key=lambda code: len(code[:10]), default=None)  # ten are what is kept


def digits(text: str) -> str | None:
    """An HS code without points, blanks and the letter that some add behind it."""
    code = re.sub(r"[ .]", "", text)
    return code if (code := re.sub(r"[A-Z]$", "", code)).isdecimal() else None

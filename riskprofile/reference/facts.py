"""Plain facts of a view that features and indicators both ask for.

A fact is a float column: 1 yes, 0 no, NaN unknown. Facts are combined in three-valued
logic: one known "no" makes a combination 0, whatever else is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from riskprofile.columns import Column, Mask, Text, View, full
from riskprofile.reference import goods, nomenclature
from riskprofile.reference.once import once
from riskprofile.tables import History

DAY = np.timedelta64(86_400_000_000, "us")
KNOWN_DAYS = 90.0  # below this, "first seen" says only when the installation began
DIGITS = 6  # logarithms differ in the last bits between processors; rounded, they do not

# A firearm's own small parts: 5 to 400 g a piece; a silencer tube: 150 to 700 g
# (typologies E01 and E02). Outside, the fact fades over a factor of two.
SMALL_PART_G = (5.0, 400.0)
TUBE_G = (150.0, 700.0)

# UN/ECE Recommendation 20, and "piece", "number", "each", "unit" in short or in full.
PIECE_UNITS = (
    *("C62", "H87", "EA", "PCE", "PCS", "PC", "NAR", "NMB", "NO", "U", "UN", "UNT"),
    *("PIECE", "PIECES", "EACH", "UNIT", "UNITS", "NUMBER"),
)
# How many pieces one of a unit is: as Recommendation 20, the WCO (12u, 1000u) and tariffs write
# pairs, dozens and more.
PIECES_IN = {
    **dict.fromkeys(PIECE_UNITS, 1.0),
    **dict.fromkeys(("PR", "NPR", "PRS"), 2.0),
    **dict.fromkeys(("DZN", "DPC", "DOZ", "DZ", "12U"), 12.0),
    "DPR": 24.0,
    **dict.fromkeys(("CEN", "HUN"), 100.0),
    "GRO": 144.0,
    **dict.fromkeys(("MIL", "T3", "1000U"), 1000.0),
    "MIO": 1_000_000.0,
}


def days_between(later: Column, earlier: Column) -> Column:
    """Days from `earlier` to `later`, with fractions; NaN where either is unknown."""
    return later.days_since(earlier)


def given(held: Column) -> Column:
    """1 where the column holds anything, else 0. Never unknown."""
    return held.notna().astype("float64")


def absent(held: Column) -> Column:
    """1 where the column is missing, else 0. Never unknown."""
    return held.isna().astype("float64")


def missing(items: View, names: Sequence[str]) -> Column:
    """How many of these columns are missing in each row."""
    return sum((absent(items[name]) for name in names), full(len(items), 0.0))


def known(flag: Column) -> Column:
    """A nullable flag as a fact."""
    return flag.astype("float64")


def is_one_of(given: Column, *choices: str) -> Column:
    """1 where the column is one of `choices`, 0 where it is another, NaN where missing.

    >>> is_one_of(Text.of(["private", "business", None]), "private").tolist()
    [1.0, 0.0, nan]
    """
    if isinstance(given, Text):
        return given.told(lambda one: float(one in choices), np.nan)
    return given.isin(choices).astype("float64").where(given.notna())


def differs(one: Column, other: Column) -> Column:
    """1 where two keys differ, 0 where they agree, NaN where either is missing."""
    return known(one != other)


@once
def is_private(items: View) -> Column:
    """1 for a private consignee, 0 for a firm, forwarder or office, NaN when not said."""
    return is_one_of(items["consignee_type"], "private")


def ramp(values: Column, low: float, high: float) -> Column:
    """0 at `low` and below, 1 at `high` and above, straight between; NaN stays.

    >>> ramp(Column(np.array([1.0, 2.0, 3.0, 9.0])), 1, 3).tolist()
    [0.0, 0.5, 1.0, 1.0]
    """
    return ((values - low) / (high - low)).clip(0.0, 1.0)


def within(values: Column, low: float, high: float) -> Column:
    """1 inside `low` to `high`, fading to 0 at half of `low` and at twice `high`."""
    rises, falls = ramp(values, low / 2, low), 1.0 - ramp(values, high, high * 2)
    return rises.smaller(falls)


def all_of(*parts: Column) -> Column:
    """The product of graded facts: a known 0 wins, else one unknown makes it unknown.

    >>> one, other = np.array([0.5, 0.0, 1.0]), np.array([0.5, np.nan, np.nan])
    >>> all_of(Column(one), Column(other)).tolist()
    [0.25, 0.0, nan]
    """
    product = parts[0]
    nothing = product == 0.0
    for part in parts[1:]:
        product = product * part
        nothing = nothing | (part == 0.0)
    return product.where(~nothing, 0.0)


def any_of(*parts: Column) -> Column:
    """The largest of graded facts; unknown only where all are.

    >>> any_of(Column(np.array([0.2, np.nan])), Column(np.array([0.7, np.nan]))).tolist()
    [0.7, nan]
    """
    largest = parts[0]
    for part in parts[1:]:
        largest = largest.larger(part)
    return largest


def fired(fact: Column) -> Mask:
    """True where a fact holds in full; unknown has not fired."""
    return (fact >= 1.0).fillna(False)


@once
def in_class(items: View, belongs: Callable[[View], Mask]) -> Column:
    """1 where the goods belong to a class of `nomenclature`, else 0."""
    return belongs(items).astype("float64")


@once
def named_arms(items: View) -> Column:
    """1 for arms, parts or ammunition by HS code (`nomenclature.arms`) or in plain words, else 0.

    Words count when they mean arms and little else, name more than a free accessory,
    and stand in no lawful setting such as toys. NaN without a code and a text.
    """
    said = goods.arms(items)
    named = said["controlled"] & ~said["lawful"] & (said["low"] >= 1)
    coded = nomenclature.arms(items)
    known_at_all = items["hs4"].notna() | items["goods_description"].notna() | coded
    return (named | coded).astype("float64").where(known_at_all)


@once
def history_known(items: View, history: History) -> Column:
    """1 where 90 days of declarations lie before the row's own day, else 0."""
    return (history.age(items) >= KNOWN_DAYS).astype("float64")


def novelty(items: View, history: History, by: Sequence[str]) -> Column:
    """How new these keys are: 1 when never seen, 1/(1+n) after n declarations in a year.

    0 while history is younger than 90 days, because then everybody is new; NaN where a
    key is missing.
    """
    return 1.0 / (1.0 + history.count(items, by, 365)) * history_known(items, history)


def familiarity(items: View, history: History, by: Sequence[str]) -> Column:
    """How well known these keys are: 0 when new or missing, 1 from five declarations on."""
    return ramp(history.count(items, by, 365), 0.0, 5.0).fillna(0.0)


def pieces(table: View) -> Column:
    """How many pieces are declared; NaN in a unit that says no number, such as kilograms.

    A unit is read in any case and with a point behind it. A quantity without a unit counts
    pieces, as on a postal customs form.
    """
    each = table.text("quantity_unit").told(_pieces_in, 1.0)
    return table["quantity"] * each


def in_pieces(table: View) -> Mask:
    """Where the quantity counts pieces one by one, or has no unit; the unit in any case."""
    return table.text("quantity_unit").told(lambda unit: _plain(unit) in PIECE_UNITS, True)


def _pieces_in(unit: str) -> float:
    return PIECES_IN.get(_plain(unit), np.nan)


def _plain(unit: str) -> str:
    return unit.upper().strip(" .")


@once
def piece_mass_g(items: View) -> Column:
    """Grams a piece: net, else gross mass by quantity; NaN unless counted in pieces.

    A quantity without a unit counts pieces, as on a postal customs form.
    """
    mass = items["net_mass_kg"].fillna(items["gross_mass_kg"])
    pieces = in_pieces(items) & (items["quantity"] > 0)
    return mass * 1000.0 / items["quantity"].where(pieces)

"""What is usual for declared goods: a row's measure against earlier declarations.

The finest group that is well known speaks; a thin one leans on the next broader:
six-digit code and mode, then heading, then chapter.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from riskprofile.columns import Column, View, reckoned
from riskprofile.reference.facts import DIGITS, any_of
from riskprofile.reference.once import once
from riskprofile.tables import History

GOODS_LEVELS: tuple[tuple[str, ...], ...] = (("hs2",), ("hs4",), ("hs6", "transport_mode"))
ENOUGH = 20.0  # declarations of the broadest group before a norm speaks at all
STRENGTH = 20.0  # a group of this many weighs as much as the broader one
LEAST_SD = 0.25  # log units: tighter would call ordinary rounding an outlier
FURTHEST = 8.0  # standard deviations; beyond, more says no more


def usual(
    items: View,
    history: History,
    measure: str,
    levels: Sequence[Sequence[str]] = GOODS_LEVELS,
) -> View:
    """The usual value of `measure` for each row, shrunk from broad to fine groups.

    Parameters
    ----------
    measure : str
        A measure column of the view, such as `log_kg_per_package`.
    levels : sequence of sequences of str
        Columns that make the groups, broadest first.

    Returns
    -------
    View
        Columns `mean` and `sd` in the unit of the measure; NaN where the broadest
        group has fewer than 20 earlier declarations.
    """
    norm = history.norm(items, measure, levels[0])
    enough = norm["n"] >= ENOUGH
    mean = norm["mean"].where(enough)
    spread = norm["sd"].fillna(0.0)
    variance = (spread * spread).where(enough)
    for by in levels[1:]:
        finer = history.norm(items, measure, by)
        n = finer["n"]
        # One declaration has a mean but no spread of its own.
        beside = (n - 1.0).clip(lower=0.0)
        variance = reckoned(_leant_variance, beside, finer["sd"].fillna(0.0), variance)
        mean = reckoned(_leant_mean, n, finer["mean"].fillna(0.0), mean)
    return items.instead(mean=mean, sd=variance.sqrt().clip(lower=LEAST_SD))


def _leant_mean(n: Any, own: Any, broader: Any, strength: float = STRENGTH) -> Any:
    return (n * own + strength * broader) / (n + strength)


def _leant_variance(beside: Any, spread: Any, broader: Any) -> Any:
    return (beside * (spread * spread) + STRENGTH * broader) / (beside + STRENGTH)


@once
def z_score(
    items: View,
    history: History,
    measure: str,
    levels: tuple[tuple[str, ...], ...] = GOODS_LEVELS,
) -> Column:
    """Standard deviations between a row's measure and what is usual for its goods.

    Clipped to -8 .. 8; NaN where the measure or the norm is unknown.
    """
    norm = usual(items, history, measure, levels)
    z = (items[measure] - norm["mean"]) / norm["sd"]
    return z.clip(-FURTHEST, FURTHEST).round(DIGITS)


def excess(items: View, history: History) -> Column:
    """Deviations of mass a unit or a package above the goods' norm, whichever is larger."""
    return any_of(
        z_score(items, history, "log_kg_per_unit"), z_score(items, history, "log_kg_per_package")
    )


BY_CODE = (("hs2",), ("hs4",))
BY_CODE_AND_MODE = (("hs2", "transport_mode"), ("hs4", "transport_mode"))
WORDS = ("named_key",)
WORDS_AND_MODE = ("named_key", "transport_mode")
LEAN = 3.0  # a heading of this many weighs as much as its chapter, whose goods differ far more
WORDS_KNOWN = 4.0  # declarations in the same words before they have a usual value


_leant_to_chapter = partial(_leant_mean, strength=LEAN)


@once
def departure(
    items: View,
    history: History,
    measure: str,
    codes: tuple[tuple[str, ...], ...] = BY_CODE,
    words: tuple[str, ...] = WORDS,
) -> Column:
    """Natural logarithm of a measure over what is usual, by code or by words: the nearer one.

    Honest errors of classification make ordinary goods look odd by code, words of many
    meanings by words; only what fits neither is odd. On lawful rows this is nearer to 0
    than either alone, and than a deviation in units of a spread that slips have widened.
    NaN where neither has a usual value.

    Parameters
    ----------
    measure : str
        A logarithmic measure column of the view.
    codes, words : tuples of columns
        Columns that make the groups; of `codes`, the broader first.
    """
    broad = history.norm(items, measure, codes[0])
    mean = broad["mean"].where(broad["n"] >= ENOUGH)
    for by in codes[1:]:
        finer = history.norm(items, measure, by)
        mean = reckoned(_leant_to_chapter, finer["n"], finer["mean"].fillna(0.0), mean)
    same = history.norm(items, measure, words)
    by_code = items[measure] - mean
    by_words = items[measure] - same["mean"].where(same["n"] >= WORDS_KNOWN)
    nearer = by_words.where(by_words.abs() < by_code.abs(), by_code)
    return nearer.fillna(by_words).round(DIGITS)


@once
def mass_departure(items: View, history: History) -> Column:
    """Logarithm of mass over the usual: a unit where units are counted, else a package."""
    by_unit = departure(items, history, "log_kg_per_unit")
    by_package = departure(items, history, "log_kg_per_package", BY_CODE_AND_MODE, WORDS_AND_MODE)
    return by_unit.fillna(by_package)


@once
def package_departure(items: View, history: History) -> Column:
    """Logarithm of mass a package over the usual of the goods and mode."""
    return departure(items, history, "log_kg_per_package", BY_CODE_AND_MODE, WORDS_AND_MODE)


@once
def price_departure(items: View, history: History) -> Column:
    """Logarithm of value a kilogram over the usual of the goods."""
    return departure(items, history, "log_value_per_kg")


@once
def freight_departure(items: View, history: History) -> Column:
    """Logarithm of freight over value, over the usual of the goods and mode."""
    return departure(items, history, "log_freight_ratio", BY_CODE_AND_MODE, WORDS_AND_MODE)


def times(logarithm: Column) -> Column:
    """From a logarithm to times the usual, kept within 0.01 to 100."""
    return logarithm.clip(-4.6, 4.6).exp().round(DIGITS)

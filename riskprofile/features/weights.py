"""Mass, quantity, value and freight against what is usual for the declared goods.

Deviations are robust to thin history: the finest well-known group speaks and leans on
the next broader (see `reference.norms`). They count standard deviations of logarithms.
"""

from __future__ import annotations

from functools import partial

from riskprofile.columns import Column, View
from riskprofile.features.register import feature
from riskprofile.reference import facts, norms
from riskprofile.tables import Feature, History

USUAL = "between -2 and 2 for nineteen of twenty declarations of these goods"
deviation = partial(feature, unit="standard deviations", norm=USUAL, silent_without_history=True)


@deviation(reads="mass per package is {value:+z.1f} deviations from what is usual for these goods")
def package_mass_deviation(items: View, history: History) -> Column:
    """Kilograms a package against the goods' norm; missing without a norm (S04).

    Mixed loads, pallets and moisture look alike.
    """
    return norms.z_score(items, history, "log_kg_per_package")


@deviation(reads="mass per unit is {value:+z.1f} deviations from what is usual for these goods")
def unit_mass_deviation(items: View, history: History) -> Column:
    """Kilograms a unit against the goods' norm: a host item too heavy (S04, A02, E07)."""
    return norms.z_score(items, history, "log_kg_per_unit")


@deviation(reads="density is {value:+z.1f} deviations from what is usual for these goods")
def density_deviation(items: View, history: History) -> Column:
    """Kilograms a cubic metre against the goods' norm; missing without a volume (S04)."""
    return norms.z_score(items, history, "log_kg_per_m3")


@deviation(
    reads="value per kilogram is {value:+z.1f} deviations from what is usual for these goods"
)
def value_per_kg_deviation(items: View, history: History) -> Column:
    """US dollars a kilogram against the goods' norm; samples and used goods look alike (X03)."""
    return norms.z_score(items, history, "log_value_per_kg")


@deviation(reads="value per unit is {value:+z.1f} deviations from what is usual for these goods")
def value_per_unit_deviation(items: View, history: History) -> Column:
    """US dollars a unit against the goods' norm (X03)."""
    return norms.z_score(items, history, "log_value_per_unit")


@deviation(
    reads="freight against value is {value:+z.1f} deviations from what is usual for these goods"
)
def freight_deviation(items: View, history: History) -> Column:
    """Freight cost over value against the heading's norm by mode (A04).

    Urgent spares, samples and removals look alike.
    """
    levels = (("transport_mode",), ("hs2", "transport_mode"), ("hs4", "transport_mode"))
    return norms.z_score(items, history, "log_freight_ratio", levels)


@feature(unit="ratio", reads="freight costs {value:,.2f} times the value of the goods")
def freight_ratio(items: View, history: History) -> Column:
    """Freight cost over customs value; missing without either, or for a value of 0 (A04)."""
    return items["freight_ratio"]


@feature(unit="grams", reads="one piece weighs {value:.0f} g")
def piece_mass(items: View, history: History) -> Column:
    """Grams a piece; missing unless a number of pieces is declared (E01, E02, E03).

    Small parts of firearms weigh 5 to 400 g, silencer tubes 150 to 700 g; so do many
    lawful parts, hence the pairs in `conjunctions`.
    """
    return facts.piece_mass_g(items)


@feature(unit="US dollars", reads="one unit is valued at USD {value:.2f}")
def piece_value(items: View, history: History) -> Column:
    """US dollars a unit at the reference rate of the day; missing without a rate (X03)."""
    return items["value_usd"] / items["quantity"].where(items["quantity"] > 0)


@feature(unit="US dollars", reads="the goods are valued at USD {value:,.0f}")
def value_usd(items: View, history: History) -> Column:
    """Customs value in US dollars at the reference rate of the day; missing without a rate."""
    return items["value_usd"]


@feature(unit="US dollars per kilogram", reads="valued at USD {value:.2f} a kilogram")
def value_per_kg(items: View, history: History) -> Column:
    """US dollars a kilogram, net else gross; missing without value, rate or mass (X03)."""
    mass = items["net_mass_kg"].fillna(items["gross_mass_kg"])
    return items["value_usd"] / mass


@feature(unit="kilograms", reads="gross mass {value:,.1f} kg")
def gross_mass(items: View, history: History) -> Column:
    """Gross mass of the goods item, else net mass; missing without both."""
    return items["gross_mass_kg"].fillna(items["net_mass_kg"])


@feature(unit="kilograms", reads="{value:,.1f} kg a package")
def mass_per_package(items: View, history: History) -> Column:
    """Gross mass a package; missing without mass or packages."""
    packages = items["package_count"].astype("float64")
    gross = items["gross_mass_kg"].fillna(items["net_mass_kg"])
    return gross / packages.where(packages > 0)


@feature(unit="per cent", reads="packing is {value:.0f} % of the gross mass")
def packing_share(items: View, history: History) -> Column:
    """(Gross - net) / gross; negative when the papers conflict, missing without both (S04, X04)."""
    gross = items["gross_mass_kg"]
    return (gross - items["net_mass_kg"]) / gross * 100.0


@feature(
    unit="standard deviations",
    reads="the mass is {value:+z.1f} deviations from this consignee's past consignments",
    norm="between -2 and 2",
    silent_without_history=True,
)
def mass_against_past(items: View, history: History) -> Column:
    """Gross mass against the consignee's own past; missing before 5 consignments (S04, D03)."""
    past = history.norm(items, "log_gross_mass", ["consignee_key"])
    usual = past["mean"].where(past["n"] >= 5)
    z = (items["log_gross_mass"] - usual) / past["sd"].clip(lower=norms.LEAST_SD)
    return z.clip(-norms.FURTHEST, norms.FURTHEST).round(facts.DIGITS)


@feature(
    unit="ratio",
    reads="the quantity is {value:,.2f} times the consignee's mean for this heading",
    monotone=1,
    silent_without_history=True,
)
def quantity_against_past(items: View, history: History) -> Column:
    """Quantity over the consignee's own mean for this heading; missing before 3 (D03).

    Police tenders and new distributor rights look alike.
    """
    past = history.norm(items, "quantity", ["consignee_key", "hs4"])
    usual = past["mean"].where((past["n"] >= 3) & (past["mean"] > 0))
    return items["quantity"] / usual


FEATURES: list[Feature] = [
    package_mass_deviation,
    unit_mass_deviation,
    density_deviation,
    value_per_kg_deviation,
    value_per_unit_deviation,
    freight_deviation,
    freight_ratio,
    piece_mass,
    piece_value,
    value_usd,
    value_per_kg,
    gross_mass,
    mass_per_package,
    packing_share,
    mass_against_past,
    quantity_against_past,
]

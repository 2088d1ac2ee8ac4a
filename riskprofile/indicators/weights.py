"""Warning signs of mass, value and freight, each with the look-alike that guards it."""

from __future__ import annotations

from riskprofile.columns import Mask, View
from riskprofile.indicators.register import indicator
from riskprofile.reference import facts, nomenclature, norms
from riskprofile.tables import History, Indicator

PAIR = ("consignor_key", "consignee_key")


@indicator(
    "X03_price_per_kg",
    queue="compliance",
    says="value per kilogram and per unit lie far from what is usual for HS {hs_code}",
    cleared_by="samples, used goods, a return, or a currency written wrongly",
    check="the invoice and the contract price; whether goods or value are misdeclared",
    silent_without_history=True,
    source="typology X03: CBP Aguadilla 2020",
)
def implausible_price(items: View, history: History) -> Mask:
    """Value a kilogram 4 deviations off the goods' norm, and value a unit, where known, 2.

    Two-sided. Gifts are left to E04.
    """
    by_kg = norms.z_score(items, history, "log_value_per_kg")
    by_unit = norms.z_score(items, history, "log_value_per_unit").fillna(by_kg)
    same_side = by_kg * by_unit > 0
    gift = facts.fired(facts.known(items["gift"]))
    return (by_kg.abs() >= 4.0) & (by_unit.abs() >= 2.0) & same_side & ~gift


@indicator(
    "S04_weight_norm_mismatch",
    queue="trafficking",
    says="gross mass ({gross_mass_kg} kg; packages: {package_count}) does not fit goods of "
    "HS {hs_code}",
    cleared_by="a mixed load, pallets or moisture; the maker's catalogue weight",
    check="weigh (VGM, weighbridge) and compare with the catalogue weight",
    silent_without_history=True,
    source="WCO and EC container control guides; typology S04",
)
def mass_does_not_fit(items: View, history: History) -> Mask:
    """Mass a package or a unit at least 4 deviations above the goods' norm, or density 4 off it.

    The tolerance band is wide on purpose: mixed loads of known pairs make most of 2 to 4.
    """
    density = norms.z_score(items, history, "log_kg_per_m3").abs()
    return (norms.excess(items, history) >= 4.0) | (density >= 4.0)


@indicator(
    "S03_bulky_low_value_cover",
    queue="trafficking",
    says="cheap bulky goods of HS {hs_code} for a consignee never seen before, at a value far "
    "below the usual",
    cleared_by="a long importer history elsewhere, and a stable mass a unit",
    check="image the door side and the whole length; ask for the loading list",
    silent_without_history=True,
    source="Nigeria Customs 2017 and 2024; Libya customs 2019; Yemen customs 2013",
)
def bulky_low_value_cover(items: View, history: History) -> Mask:
    """Cheap bulky class, new importer, and value a kilogram 2 deviations below the norm."""
    bulky = nomenclature.bulky_cheap(items)
    new = history.count(items, ["consignee_key"]) == 0
    cheap = norms.z_score(items, history, "log_value_per_kg") <= -2.0
    sea = facts.fired(facts.is_one_of(items["transport_mode"], "sea", "road", "rail"))
    return bulky & new & cheap & sea


@indicator(
    "A02_machine_or_appliance_host",
    queue="trafficking",
    says="a machine or appliance (HS {hs_code}) far heavier than usual, for a private or new "
    "consignee",
    cleared_by="the maker's catalogue weight; a distributor or factory that imports such goods",
    check="compare with the catalogue weight; image the item itself",
    silent_without_history=True,
    source="Couva 2021; Kingston 2025; Keelung 2018; Coquelles 2017",
)
def machine_host(items: View, history: History) -> Mask:
    """Host class, private or new consignee, mass a unit or package 3 deviations above the norm."""
    host = nomenclature.machine_host(items)
    private = facts.fired(facts.is_private(items))
    new = history.count(items, ["consignee_key"]) == 0
    return host & (private | new) & (norms.excess(items, history) >= 3.0)


@indicator(
    "A04_freight_cost_disproportion",
    queue="trafficking",
    says="freight costs more than the goods are worth, far from what is usual for HS {hs_code}",
    cleared_by="urgent spares, samples, or a removal",
    check="who pays the freight, and why by air",
    silent_without_history=True,
    source="WCO air cargo indicators",
)
def freight_disproportion(items: View, history: History) -> Mask:
    """By air or express: freight above value, 3 deviations above the heading's norm by mode,
    and the pair of parties is not known."""
    levels = (("transport_mode",), ("hs2", "transport_mode"), ("hs4", "transport_mode"))
    flown = facts.fired(facts.is_one_of(items["transport_mode"], "air", "express"))
    far = norms.z_score(items, history, "log_freight_ratio", levels) >= 3.0
    known = facts.familiarity(items, history, PAIR) > 0
    return flown & (items["freight_ratio"] > 1.0) & far & ~known


INDICATORS: list[Indicator] = [
    implausible_price,
    mass_does_not_fit,
    bulky_low_value_cover,
    machine_host,
    freight_disproportion,
]

"""Warning signs of the papers: what is missing, conflicts, or lacks a licence."""

from __future__ import annotations

from riskprofile.columns import Column, Mask, View
from riskprofile.indicators.register import indicator
from riskprofile.reference import containers, facts, goods, nomenclature, norms, standing
from riskprofile.tables import History, Indicator

# Complete firearms, ammunition, and parts of pistols, rifles and shotguns. Not: air, gas
# and alarm weapons, sights and grips, which are free in many countries.
FIREARMS = ("9301", "9302", "9306")
FIREARMS_IN_FULL = ("930310", "930320", "930330", "930510", "930520", "930591")
MAIN = ("consignor_key", "consignee_key", "gross_mass_kg", "package_count", "value", "origin_key")


def _conflicts(items: View) -> Column:
    """How many pairs of fields contradict each other; unknown is no contradiction."""
    signs = (
        items["net_mass_kg"] > items["gross_mass_kg"] * 1.001,
        items["package_count"].eq(0).fillna(False) & (items["gross_mass_kg"] > 0),
        items["arrival_at"] < items["lodged_at"] - 365 * facts.DAY,
        containers.wrong_check_digits(items["container_numbers"]) > 0,
        items["consignor_key"].eq(items["consignee_key"]).fillna(False)
        & items["consignee_type"].isin(("business",)),
    )
    counted = [sign.astype("float64") for sign in signs]
    return sum(counted[1:], counted[0])


@indicator(
    "X04_missing_or_inconsistent_fields",
    queue="data_quality",
    says="half of the main fields are missing, or two fields contradict each other",
    cleared_by="a corrected declaration; small traders and relief cargo file thin papers",
    check="ask the declarant to complete or correct the declaration",
    source="EC Good Practice Guide for Sea Container Control 2002",
)
def missing_or_inconsistent(items: View, history: History) -> Mask:
    """Three of six main fields are missing, or at least one pair of fields conflicts.

    Conflicts: net above gross mass, no packages but a mass, arrival a year before
    lodgement, a container number with a wrong check digit, a firm that sends to itself.
    """
    missing = [facts.absent(items[name]) for name in MAIN]
    return (sum(missing[1:], missing[0]) >= 3) | (_conflicts(items) >= 1)


@indicator(
    "E09_controlled_term_no_licence",
    queue="compliance",
    says="declared as arms, parts or ammunition (HS {hs_code}: {goods_description}), and no "
    "licence number is given",
    cleared_by="a licence number, a consignee in the dealers' register, or goods that are free",
    check="the licence and dealer registers; whether sights or grips are free here",
    source="typology E09: Sydney mail, Birmingham 2019",
)
def arms_without_licence(items: View, history: History) -> Mask:
    """Goods declared openly as arms, by heading or in plain words, without any licence.

    Headings 9301, 9302, 9303, 9305 and 9306, or chapter 93 where no heading is given, but not
    blank-firing or air weapons (D06 sees those in number). Words count only when they mean
    arms and little else, and not for accessories, nor for a consignee whom the register of
    dealers holds that day.
    More often paperwork of lawful dealers than trafficking.
    """
    free = facts.fired(facts.in_class(items, nomenclature.convertible))
    coded = facts.fired(facts.in_class(items, nomenclature.firearms)) & ~free
    said = goods.arms(items)
    named = said["controlled"] & ~said["lawful"] & (said["low"] >= 1)
    dealer = facts.fired(standing.dealer(items, history))
    return (coded | named) & items["licence_number"].isna() & ~dealer


@indicator(
    "D01_licence_missing",
    queue="compliance",
    says="firearms, their main parts or ammunition (HS {hs_code}) whose licence (number: "
    "{licence_number}) is missing, not in the register, not in force, used up, or of other parties",
    cleared_by="the licence itself; a clerical error in its number; a temporary import on carnet; "
    "an extension that the register does not hold yet",
    check="hold for the licensing authority; the licence register: validity, parties, balance, "
    "end-use certificate",
    raises="red",
    source="Firearms Protocol, article 10; CBP Dallas 2023",
)
def firearms_without_licence(items: View, history: History) -> Mask:
    """Firearms, ammunition or parts of firearms by their own code, and no licence that fits.

    HS 9301, 9302, 9303.10 to 9303.30, 9305.10, 9305.20, 9305.91 and 9306: near-deterministic,
    and a matter of compliance first. Where the register of licences is loaded, a number must
    be in it (case, blanks and marks aside), in force that day, of these parties, with pieces
    left, and with its end-use certificate.
    """
    firearms = items["hs4"].isin(FIREARMS) | items["hs6"].isin(FIREARMS_IN_FULL)
    if not firearms.any():
        return firearms
    return firearms & (
        items["licence_number"].isna()
        | standing.unknown_licence(items, history)
        | standing.not_in_force(items, history)
        | standing.other_parties(items, history)
        | standing.beyond_quantity(items, history)
        | standing.other_certificate(items, history)
    )


@indicator(
    "E04_low_value_or_gift",
    queue="trafficking",
    says="a gift or round low value, far heavier than such goods are (HS {hs_code})",
    cleared_by="a real gift with an itemised list; a return; a mixed parcel",
    check="image or weigh the parcel; compare contents with the list",
    silent_without_history=True,
    source="typology E04: CBP Aguadilla 2020",
)
def gift_too_heavy(items: View, history: History) -> Mask:
    """A parcel declared as gift, or at a round value of USD 500 at most, with a mass anomaly.

    Real gifts dominate, so the mass a package or a unit must lie 3 deviations above
    the goods' norm, or freight must cost more than the goods while mass is 2 above.
    """
    parcel = facts.fired(facts.is_one_of(items["transport_mode"], "post", "express", "air"))
    gift = facts.fired(facts.known(items["gift"]))
    low = (items["value_usd"] <= 500.0) & (items["value"] % 10 == 0)
    heavy = facts.any_of(
        norms.z_score(items, history, "log_kg_per_package"),
        norms.z_score(items, history, "log_kg_per_unit"),
    )
    dear = (items["freight_ratio"] >= 1.0) & (heavy >= 2.0)
    return parcel & (gift | low) & ((heavy >= 3.0) | dear)


INDICATORS: list[Indicator] = [
    missing_or_inconsistent,
    arms_without_licence,
    firearms_without_licence,
    gift_too_heavy,
]

"""Warning signs of the papers: what is missing, conflicts, or lacks a licence."""

from __future__ import annotations

from riskprofile.indicators.register import indicator
from riskprofile.reference import containers, facts, lexicon, norms
from riskprofile.tables import Column, History, Indicator, Mask, Table

# Held to be near-deterministic by typologies E09 and D01.
ARMS = ("9301", "9302", "9303", "9304", "9305", "9306", "9307")
MAIN = ("consignor_key", "consignee_key", "gross_mass_kg", "package_count", "value", "origin_key")


def _conflicts(items: Table) -> Column:
    """How many pairs of fields contradict each other; unknown is no contradiction."""
    signs = (
        items["net_mass_kg"] > items["gross_mass_kg"] * 1.001,
        items["package_count"].eq(0).fillna(False) & (items["gross_mass_kg"] > 0),
        items["arrival_at"] < items["lodged_at"] - 365 * facts.DAY,
        containers.wrong_check_digits(items["container_numbers"]) > 0,
        items["consignor_key"].eq(items["consignee_key"]).fillna(False)
        & (items["consignee_type"] == "business").fillna(False),
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
def missing_or_inconsistent(items: Table, history: History) -> Mask:
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
    check="the licence and dealer registers; whether sights, grips or air weapons are free here",
    raises="red",
    source="typology E09: Sydney mail, Birmingham 2019",
)
def arms_without_licence(items: Table, history: History) -> Mask:
    """Goods declared openly as arms, by HS 9301 to 9307 or in plain words, without any licence.

    Words count only when they mean arms and little else, and not for accessories, which
    are free in many countries. More often paperwork of lawful dealers than trafficking:
    hence the compliance queue.
    """
    unlicensed = items["licence_number"].isna()
    words = lexicon.read(items["goods_description"].where(unlicensed), items["hs2"])
    arms = words["firearm"] | words["part"] | words["ammunition"] | words["conversion"]
    return unlicensed & (items["hs4"].isin(ARMS) | (arms & (words["low"] >= 1)))


@indicator(
    "D01_licence_missing",
    queue="compliance",
    says="licensed arms (HS {hs_code}), but the licence does not say what kind it is or for whom",
    cleared_by="the licence itself, or an end-use certificate; temporary imports on carnet",
    check="the licence register: validity, parties, balance",
    source="Firearms Protocol, article 10; Stimson 2025 on unverified end-use documents",
)
def licence_incomplete(items: Table, history: History) -> Mask:
    """Arms of HS 9301 to 9307 under a licence number, leaving the country or passing through,
    without the licence's type and without an end-use certificate."""
    leaving = items["procedure"].isin(("export", "transit", "transhipment"))
    unsaid = items["licence_type"].isna() & items["end_use_certificate"].isna()
    return items["hs4"].isin(ARMS) & items["licence_number"].notna() & leaving & unsaid


@indicator(
    "E04_low_value_or_gift",
    queue="trafficking",
    says="a gift or round low value, far heavier than such goods are (HS {hs_code})",
    cleared_by="a real gift with an itemised list; a return; a mixed parcel",
    check="image or weigh the parcel; compare contents with the list",
    silent_without_history=True,
    source="typology E04: CBP Aguadilla 2020",
)
def gift_too_heavy(items: Table, history: History) -> Mask:
    """A parcel declared as gift, or at a round value under USD 500, with a mass anomaly.

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
    licence_incomplete,
    gift_too_heavy,
]

"""Warning signs of diversion: what a licence covers, how much, and whether it arrived."""

from __future__ import annotations

import numpy as np

from riskprofile.columns import Column, Mask, View
from riskprofile.indicators.register import indicator
from riskprofile.reference import calibres, facts, standing
from riskprofile.tables import History, Indicator

OFTEN_SALES, OFTEN_PAST = 3.0, 5.0  # times the registered sales; times the own past year
PAST_LEAST = 5  # earlier declarations before a past says anything
GRACE_DAYS = 30.0  # registries are slow


@indicator(
    "D03_quantity_exceeds_market",
    queue="compliance",
    says="of HS {hs_code}, quantity {quantity}, unit {quantity_unit}: far more than the "
    "consignee's registered sales, or than it received in any usual year",
    cleared_by="a police or army tender, new rights of distribution, or sales that grew",
    check="the dealer's register and books; the contract; the end user's confirmation",
    source="Paraguay and Brazil 2023 (about 43,000 firearms in three years)",
)
def more_than_the_market(items: View, history: History) -> Mask:
    """Goods of chapter 93, or licensed, in more pieces than the consignee can sell.

    With what it received in a year, more than three times its registered yearly sales; or,
    without a registered figure, five times a year of its own past (at least five earlier
    declarations of the heading). Official consignees are left out: they buy by tender.
    """
    controlled = standing.controlled(items)
    if not controlled.any():
        return controlled
    pieces = items["quantity"].where(facts.in_pieces(items))
    past = history.norm(items, "quantity", ["consignee_key", "hs4"])
    years = (history.age(items) / 365.0).clip(lower=1.0)
    yearly = (past["n"] * past["mean"]).fillna(0.0) / years
    sales = history.registers.entry("dealers", items, standing.CONSIGNEE)["yearly_units"]
    over_sales = (yearly + pieces > OFTEN_SALES * sales) & (sales > 0)
    over_past = (pieces > OFTEN_PAST * yearly) & (past["n"] >= PAST_LEAST) & sales.isna()
    official = facts.fired(facts.is_one_of(items["consignee_type"], "official"))
    return controlled & ~official & (over_sales | over_past)


@indicator(
    "D04_licence_content_mismatch",
    queue="compliance",
    says="arms or ammunition (HS {hs_code}: {goods_description}) of another kind or calibre than "
    "their licence covers",
    cleared_by="a maker's substitution with amended papers; a second licence for this item",
    check="count and calibre against the licence, line by line; the packing list",
    source="Taichung 2020 (pistol cartridges beside licensed shells)",
)
def other_goods_than_licensed(items: View, history: History) -> Mask:
    """Goods of chapter 93 whose code, or whose calibre in words, the licence does not name.

    Codes are compared by the digits that the licence gives, calibres by the cartridge
    whatever its spelling. What either side leaves open is no disagreement; a count waits for
    the inspection.
    """
    arms = facts.fired(facts.is_one_of(items["hs2"], "93"))
    if not arms.any():
        return arms
    entry = standing.licence(items, history)
    declared = items.text("goods_description").where(arms)
    other_calibre = calibres.disagree(declared, entry.text("calibres"))
    other_code = (arms & items["hs_code"].notna() & entry["hs_codes"].notna()).values.copy()
    if other_code.any():
        codes, covered = items["hs_code"].tolist(), entry["hs_codes"].tolist()
        for row in np.flatnonzero(other_code).tolist():
            other_code[row] = _not_covered(codes[row], covered[row])
    return arms & (Column(other_code) | facts.fired(other_calibre))


def _not_covered(code: str, covered: str) -> bool:
    """Whether a code begins with none of the licence's digits, nor they with it."""
    digits = [part.strip() for part in covered.split("|") if part.strip()]
    fits = (code.startswith(one) or one.startswith(code) for one in digits)
    return bool(digits) and not any(fits)


@indicator(
    "D07_no_delivery_verification",
    queue="compliance",
    says="licensed or arms goods for a consignee whose earlier licence has no delivery "
    "verification a month after it was due",
    cleared_by="the verification, found or received late; a slow registry abroad",
    check="the licensing authority: earlier deliveries, stock reports, marking and import records",
    stage="registry",
    source="Stimson Center 2025 on unverified end-use documents; Firearms Protocol, articles 7, 8",
)
def earlier_delivery_unverified(items: View, history: History) -> Mask:
    """Another licensed transfer to a party that owes the proof of an earlier one.

    Goods of chapter 93, or under a licence; the verification of any licence that names the
    party as holder or receiver is missing 30 days after it was due.
    """
    owed = history.registers.overdue(items, standing.CONSIGNEE, GRACE_DAYS)
    return standing.controlled(items) & (owed >= 1)


INDICATORS: list[Indicator] = [
    more_than_the_market,
    other_goods_than_licensed,
    earlier_delivery_unverified,
]

"""Warning signs of what happened to the goods on their way: seals, moves, late corrections.

They read the register of events, as it stood when the rating began. What an inspection
found is not among those events.
"""

from __future__ import annotations

from riskprofile.columns import Mask, View
from riskprofile.indicators.register import indicator
from riskprofile.reference import facts, goods, nomenclature
from riskprofile.tables import History, Indicator

LATE = 3 * facts.DAY  # before arrival: when manifests are closed as a rule


@indicator(
    "S08_seal_or_container_integrity",
    queue="trafficking",
    says="a seal is broken, changed or missing and nobody logged a new one, or the container was "
    "moved without an order",
    cleared_by="a seal that an authority or the carrier replaced and logged; a move for safety",
    check="seal numbers on the papers and on the door; the terminal's moves and cameras",
    stage="yard",
    source="Misamis 2016; WCO and EC guides on container control",
)
def seal_or_move_without_record(items: View, history: History) -> Mask:
    """The last bad word on a seal has no re-seal after it, or a move was not ordered.

    Authorities and carriers open and re-seal every day: a `resealed` at or after the last
    `broken`, `changed` or `missing` clears it.
    """
    registers = history.registers
    bad = registers.happened(items, "seal", "broken", "changed", "missing")
    again = registers.happened(items, "seal", "resealed")
    open_seal = bad.notna() & ~(again >= bad)
    moved = registers.happened(items, "yard", "unlisted_move").notna()
    return open_seal | moved


@indicator(
    "S11_document_conflict",
    queue="trafficking",
    says="the description was changed shortly before arrival or after it, for goods that say "
    "little of themselves, or together with the consignee or the route",
    cleared_by="a correction with its cause on paper; a split or merged consignment",
    check="the earlier wording beside this one, invoice and packing list; who asked for the change",
    source="Letfallah II 2012; IIMS The Report, March 2020 (last-minute changes of description)",
)
def late_change_of_description(items: View, history: History) -> Mask:
    """A description amended from three days before arrival on, beside a second sign.

    Corrections are normal, so consignee or route must have been amended as well, or the
    new wording is vague or household effects. Without an expected arrival nothing is late.
    """
    registers = history.registers
    changed = registers.happened(items, "amendment", "description")
    late = changed >= items["arrival_at"] - LATE
    others = registers.happened(items, "amendment", "consignee", "route").notna()
    vague = facts.fired(goods.said(items)["vague"])
    household = facts.fired(facts.in_class(items, nomenclature.household))
    return late & (others | vague | household)


INDICATORS: list[Indicator] = [seal_or_move_without_record, late_change_of_description]

"""What the installation itself put in force: its watch lists, and packs that it accepted.

Neither is a typology, and neither is shared: another office has its own.
"""

from __future__ import annotations

from riskprofile.columns import Mask, View, full
from riskprofile.indicators.register import indicator
from riskprofile.tables import History, Indicator


@indicator(
    "W01_watch_list",
    queue="trafficking",
    says="stands on the office's own watch list, or is written like an entry of it: {watch}",
    cleared_by="a namesake: the entry means somebody else",
    check="compare with the entry (riskprofile watchlists show) and ask the owner of the list",
    source="the installation's own lists, each with owner, source, review date and expiry",
)
def on_watch_list(items: View, history: History) -> Mask:
    """A name, address, telephone or code is that of an entry in force.

    An entry past its review date or its expiry matches nothing. Missing when no list is
    in force: nothing fires.
    """
    if "watch" not in items:
        return full(len(items), False)
    return items["watch"].notna()


@indicator(
    "P01_typology_pack",
    queue="trafficking",
    says="fits what another administration found: {pack}",
    cleared_by="the goods, their mass and the parties fit ordinary trade",
    check="read the pack (riskprofile records pack list), then the goods and what is beside them",
    raises="red",
    after_others=True,
    source="typology packs that an analyst of this installation tried and accepted",
)
def fits_a_pack(items: View, history: History) -> Mask:
    """A pattern of a pack in force fits: words, heading, choices and indicators together.

    What is in force was tried here first and flags few declarations. Missing when no pack
    is in force: nothing fires.
    """
    if "pack" not in items:
        return full(len(items), False)
    return items["pack"].notna()


INDICATORS: list[Indicator] = [on_watch_list, fits_a_pack]

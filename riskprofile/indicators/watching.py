"""Watch lists of the office: a row that names somebody on one goes before a person."""

from __future__ import annotations

import pandas as pd

from riskprofile.indicators.register import indicator
from riskprofile.tables import History, Indicator, Mask, Table


@indicator(
    "W01_watch_list",
    queue="trafficking",
    says="stands on the office's own watch list, or is written like an entry of it: {watch}",
    cleared_by="a namesake: the entry means somebody else",
    check="compare with the entry (riskprofile watchlists show) and ask the owner of the list",
    source="the installation's own lists, each with owner, source, review date and expiry",
)
def on_watch_list(items: Table, history: History) -> Mask:
    """A name, address, telephone or code is that of an entry in force.

    An entry past its review date or its expiry matches nothing. Missing when no list is
    in force: nothing fires.
    """
    if "watch" not in items:
        return pd.Series(False, index=items.index)
    return items["watch"].notna().astype(bool)


INDICATORS: list[Indicator] = [on_watch_list]

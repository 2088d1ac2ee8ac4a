"""Exchange rates, dated. A small rounded sample ships; an office loads its own.

The sample (units of a currency per US dollar, rounded, from memory) only brings values
to one scale for norms; it is not fit for duty.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from riskprofile.tables import Column, Table

SAMPLE = Path(__file__).with_name("rates.csv")


@lru_cache(maxsize=1)
def sample() -> Table:
    """The shipped rates: `currency, date, per_usd`, sorted by currency and date."""
    table = pd.read_csv(SAMPLE, dtype={"currency": "str"}, keep_default_na=False)
    table["date"] = pd.to_datetime(table["date"], utc=True)
    return table.sort_values(["currency", "date"], ignore_index=True)


def in_use(own: Table) -> Table:
    """An office's own rates beside the sample: for a day that both give, its own.

    Parameters
    ----------
    own : Table
        Columns of the register `rates`; `date` is ISO text.
    """
    stated = own[["currency", "date", "per_usd"]].astype({"currency": "str"})
    stated["date"] = pd.to_datetime(own["date"].astype(object), utc=True, format="ISO8601")
    both = pd.concat([sample(), stated], ignore_index=True)
    both["date"] = pd.to_datetime(both["date"], utc=True)
    newest = both.drop_duplicates(["currency", "date"], keep="last")
    return newest.sort_values(["currency", "date"], ignore_index=True)


def to_usd(amount: Column, currency: Column, when: Column, rates: Table | None = None) -> Column:
    """`amount` in US dollars at the latest rate on or before `when`.

    Missing where the amount, the currency or a rate is missing; a missing time takes
    the latest rate.
    """
    table = sample() if rates is None else rates
    names = table["currency"].unique()
    code = pd.Index(names).get_indexer(currency.to_numpy(dtype=object, na_value=""))
    days = table["date"].to_numpy("datetime64[D]").astype(np.int64)
    span = np.int64(10**6)
    sorted_keys = pd.Index(names).get_indexer(table["currency"]) * span + days
    at = when.dt.tz_localize(None).to_numpy("datetime64[D]")
    day = np.where(np.isnat(at), span - 1, at.astype(np.int64))
    position = np.searchsorted(sorted_keys, code * span + day, side="right") - 1
    known = (code >= 0) & (position >= 0)
    position = position.clip(min=0)
    known &= sorted_keys[position] // span == code
    per_usd = table["per_usd"].to_numpy("float64")[position]
    return pd.Series(
        np.where(known, amount.to_numpy("float64", na_value=np.nan) / per_usd, np.nan),
        index=amount.index,
    )

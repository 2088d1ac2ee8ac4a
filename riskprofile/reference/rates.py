"""Exchange rates, dated. A small rounded sample ships; an office loads its own.

The sample (units of a currency per US dollar, rounded, from memory) only brings values
to one scale for norms; it is not fit for duty.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from riskprofile.columns import Column, Text, alone
from riskprofile.tables import Table

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


def per_usd(currency: Text, when: Column, rates: Table | None = None) -> Column:
    """Units of a currency to a US dollar, by the latest rate on or before `when`.

    Missing where the currency or a rate is missing; a missing time takes the latest rate.
    """
    names, sorted_keys, stated = _dated(sample() if rates is None else rates)
    code = currency.spread([names.get(one, -1) for one in currency.distinct], -1)
    at = when.values.astype("datetime64[D]")
    day = np.where(np.isnat(at), _SPAN - 1, at.astype(np.int64))
    position = np.searchsorted(sorted_keys, code * _SPAN + day, side="right") - 1
    known = (code >= 0) & (position >= 0)
    position = np.maximum(position, 0)
    known &= sorted_keys[position] // _SPAN == code
    return alone(Column(np.where(known, stated[position], np.nan)))


_SPAN = np.int64(10**6)  # days of one currency
_Dated = tuple[dict[str, int], np.ndarray, np.ndarray]
_latest: list[tuple[Table, _Dated]] = []


def _dated(table: Table) -> _Dated:
    """The number of each currency; numbers and days in order; rates. Of the latest table kept."""
    for held, made in _latest:
        if held is table:
            return made
    names = {name: number for number, name in enumerate(table["currency"].unique().tolist())}
    days = table["date"].to_numpy("datetime64[D]").astype(np.int64)
    numbers = np.array([names[one] for one in table["currency"].tolist()], dtype=np.int64)
    made = names, numbers * _SPAN + days, table["per_usd"].to_numpy("float64")
    _latest[:] = [(table, made)]
    return made

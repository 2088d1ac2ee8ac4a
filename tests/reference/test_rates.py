"""What a currency is worth: the latest rate on or before a day."""

from __future__ import annotations

import numpy as np
import pandas as pd

from riskprofile.columns import Text, View
from riskprofile.reference import rates

OWN = pd.DataFrame({
    "currency": ["XTS", "XTS", "EUR"],
    "date": ["2026-03-01", "2026-01-01", "2026-02-01"],
    "per_usd": [4.0, 2.0, 0.5],
})  # fmt: skip


def test_the_latest_rate_on_or_before_a_time_is_taken_of_one_row_as_of_many():
    days = ["2025-12-31", "2026-01-01", "2026-02-28 23:59", "2026-03-01", None, "2026-05-01", None]
    currencies = ["XTS", "XTS", "XTS", "XTS", "XTS", "XXX", None]
    expected = [np.nan, 2.0, 2.0, 4.0, 4.0, np.nan, np.nan]
    times = pd.to_datetime(pd.Series(days), utc=True, format="ISO8601").astype(
        "datetime64[us, UTC]"
    )
    rows = View.over(pd.DataFrame({"at": times}))
    known = rates.in_use(OWN)
    told = rates.per_usd(Text.of(currencies), rows["at"], known)
    np.testing.assert_array_equal(told.values, expected)
    for place, currency in enumerate(currencies):
        row = rows.take(np.array([place]))
        one = rates.per_usd(Text.of([currency]), row["at"], known)
        np.testing.assert_array_equal(one.values, expected[place : place + 1])


def test_an_office_states_rates_beside_those_of_the_sample():
    day = View.over(pd.DataFrame({"at": pd.to_datetime(["2026-02-01"], utc=True).as_unit("us")}))[
        "at"
    ]
    dollar = rates.per_usd(Text.of(["USD"]), day, rates.in_use(OWN))
    assert dollar.tolist() == rates.per_usd(Text.of(["USD"]), day).tolist() == [1.0]
    assert rates.per_usd(Text.of(["EUR"]), day, rates.in_use(OWN)).tolist() == [0.5]
    assert rates.per_usd(Text.of(["EUR"]), day).tolist() != [0.5]

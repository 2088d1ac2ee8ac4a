"""What an indicator function may return, and what leaves the decorator."""

import numpy as np
import pandas as pd
import pytest

from riskprofile.columns import Column
from riskprofile.indicators.register import IndicatorError, indicator


def made_by(body):
    def sign(items, history):
        """A sign."""
        return body(items)

    return indicator(
        "X99_sign", queue="compliance", says="fired", cleared_by="a paper", check="ask for it"
    )(sign)


def test_unknown_has_not_fired():
    items = pd.DataFrame({"b": pd.array([True, None, False], dtype="boolean")}, index=[7, 3, 5])
    mask = made_by(lambda table: table["b"])(items, None)
    assert mask.dtype == np.dtype(bool)
    assert mask.tolist() == [True, False, False] and list(mask.index) == [7, 3, 5]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (lambda table: table["n"], "true or false"),
        (lambda table: Column((table["n"] > 1).values[:1]), "1 values for 2 rows"),
        (lambda table: True, "not a mask"),
    ],
)
def test_a_broken_promise_names_the_indicator(body, says):
    items = pd.DataFrame({"n": [1.0, 2.0]}, index=[4, 9])
    with pytest.raises(IndicatorError, match=says):
        made_by(body)(items, None)

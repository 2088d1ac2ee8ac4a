"""What a feature function may return, and what leaves the decorator."""

import numpy as np
import pandas as pd
import pytest

from riskprofile.columns import Column, Text
from riskprofile.features.register import FeatureError, feature


def made_by(body):
    def number(items, history):
        """A number."""
        return body(items)

    return feature(unit="pieces", reads="{value:.0f} pieces")(number)


def test_any_numbers_become_float64_with_nan_for_missing():
    items = pd.DataFrame({"n": pd.array([1, None, 3], dtype="Int64")}, index=[7, 3, 5])
    column = made_by(lambda table: table["n"])(items, None)
    assert column.dtype == np.dtype("float64")
    assert list(column.index) == [7, 3, 5]
    assert column.tolist()[::2] == [1.0, 3.0] and np.isnan(column[3])


def test_minus_zero_becomes_zero():
    items = pd.DataFrame({"n": [-0.0]})
    assert not np.signbit(made_by(lambda table: table["n"])(items, None).iloc[0])


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (lambda table: Column(table["n"].values[:1]), "1 values for 2 rows"),
        (lambda table: table["n"].values, "not a column"),
        (lambda table: table["n"] / 0, "infinite"),
        (lambda table: Text.of(["x", None]), "no numbers"),
    ],
)
def test_a_broken_promise_names_the_feature(body, says):
    items = pd.DataFrame({"n": [1.0, 2.0]}, index=[4, 9])
    with pytest.raises(FeatureError, match=f"number .*{says}|number {says}"):
        made_by(body)(items, None)


def test_a_feature_without_a_docstring_is_refused():
    with pytest.raises(FeatureError, match="docstring"):
        feature(unit="pieces", reads="{value}")(lambda items, history: items["n"])

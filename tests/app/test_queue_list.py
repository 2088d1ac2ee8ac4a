"""The list: what is said of the row that is open."""

from __future__ import annotations

import pandas as pd
import pytest
from streamlit.elements.lib.pandas_styler_utils import marshall_styler
from streamlit.proto.ArrowData_pb2 import ArrowData

from app.queue_list import TINT, tinted

ROWS = pd.DataFrame(
    {
        "lane": [["◆ Red", "Trafficking"], ["▲ Yellow", "Compliance"], ["▲ Yellow", "Compliance"]],
        "points": [412, 130, 129],
        "because": ["Each piece weighs 10 g", "<b>too general</b>", ""],
    }
)


def marshalled(styler):
    proto = ArrowData()
    marshall_styler(proto, styler, "list")
    return proto.styler


@pytest.mark.parametrize("row", [None, 0, 2])
def test_the_browser_is_told_of_the_open_row_what_pandas_would_tell(row):
    plain = ROWS.style.set_uuid("list")
    if row is not None:
        place = pd.IndexSlice[[row], :]
        plain = plain.set_properties(subset=place, **{"background-color": TINT["light"]})
    assert marshalled(tinted(ROWS, row)) == marshalled(plain)


def test_no_row_is_coloured_when_none_is_open():
    assert marshalled(tinted(ROWS, None)).styles == ""

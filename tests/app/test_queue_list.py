"""The list: what is said of the row that is open."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest
from streamlit.elements.lib.pandas_styler_utils import marshall_styler
from streamlit.proto.ArrowData_pb2 import ArrowData

from app import words
from app.lists import fitted
from app.queue_list import BECAUSE, DECLARED, TINT, because, tinted
from riskprofile.services.review import QueueRow

NOW = datetime(2026, 11, 24, 13, 7, tzinfo=UTC)
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


def test_the_list_says_why_in_the_language_of_the_page():
    reason = {"term": "gift", "text": "declared as gift: yes", "points": 9, "value": 1.0}
    row = QueueRow(
        **dict.fromkeys(QueueRow.__dataclass_fields__, None)
        | {"profile": "shipment", "reasons": [reason], "indicators": [], "created_at": NOW}
    )
    assert because(row, words.of("en")) == "Declared as gift: yes"
    assert because(row, words.of("es")) == "Declarado como regalo: sí"


@pytest.mark.parametrize("language", words.LANGUAGES)
@pytest.mark.parametrize(
    "ours", ["blind.row", "sent_anew.title", "withdrawn.title", "queue.damaged"]
)
def test_what_the_list_says_itself_fits_its_cell_in_every_language(language, ours):
    said = words.of(language)(ours)
    assert fitted(said, BECAUSE) == said


@pytest.mark.parametrize(
    ("declared", "shown"),
    [
        ("26162549 DRILL PIPE FOR OIL OR GAS, SEAMLESS, OF OTH ALLOY STEEL", "26162549 DRILL"),
        ("26162549 " + "W" * 400, "26162549 WW"),
        ("W" * 400, "WWW"),
        ("26162549 " + "枪" * 200, "26162549 枪"),
    ],
)
def test_goods_that_need_more_lines_than_a_row_has_are_cut_with_an_ellipsis(declared, shown):
    cut = fitted(declared, DECLARED)
    assert cut.startswith(shown)
    assert cut.endswith("…")
    assert len(cut) < len(declared)

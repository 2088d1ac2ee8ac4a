"""Text as it is stored packed: back as it was, a third of its size, damage told."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskprofile.store import written

TERMS = [
    {"term": f"lane_{n}", "text": f"a lane that {n} declarations take", "points": n}
    for n in range(90)
]


@given(st.text(st.characters(codec=None)))
def test_any_text_comes_back(text):
    assert written.unpack(written.pack(text)) == text


def test_what_an_alert_says_takes_less_than_a_third():
    text = written.dumps(TERMS)
    assert len(written.pack(text)) < len(text) / 3
    assert json.loads(written.unpack(written.pack(text))) == TERMS


def test_a_damaged_text_is_told_whatever_was_damaged():
    whole = written.pack(written.dumps(TERMS))
    for damaged in (
        b"",
        whole[:3],
        whole[:-9],
        b"\xff\xff\xff\xff" + whole[4:],
        whole[:4] + b"\x00",
    ):
        with pytest.raises(ValueError, match="damaged"):
            written.unpack(damaged)


def test_what_is_packed_already_is_taken_as_it_is():
    column = written.Packed()
    ready = written.pack("[1]")
    assert column.process_bind_param(ready, None) is ready
    assert column.process_result_value(column.process_bind_param([1, "ñ"], None), None) == [1, "ñ"]
    assert column.process_bind_param(None, None) is None
    assert column.process_result_value(None, None) is None

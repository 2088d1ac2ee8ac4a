"""Text as it is stored packed: back as it was, a third of its size, damage told."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskprofile.store import packed_json

TERMS = [
    {"term": f"lane_{n}", "text": f"a lane that {n} declarations take", "points": n}
    for n in range(90)
]


@given(st.text(st.characters(codec=None)))
def test_any_text_comes_back(text):
    assert packed_json.unpack(packed_json.pack(text)) == text


def test_what_an_alert_says_takes_less_than_a_third():
    text = packed_json.dumps(TERMS)
    assert len(packed_json.pack(text)) < len(text) / 3
    assert json.loads(packed_json.unpack(packed_json.pack(text))) == TERMS


def test_a_damaged_text_is_told_whatever_was_damaged():
    whole = packed_json.pack(packed_json.dumps(TERMS))
    for damaged in (
        b"",
        whole[:3],
        whole[:-9],
        b"\xff\xff\xff\xff" + whole[4:],
        whole[:4] + b"\x00",
    ):
        with pytest.raises(ValueError, match="damaged"):
            packed_json.unpack(damaged)


def test_every_bit_that_is_altered_is_told():
    """An alert would read as other words and points."""
    whole = packed_json.pack(packed_json.dumps(TERMS[:9]))
    for place in range(8 * len(whole)):
        altered = bytearray(whole)
        altered[place // 8] ^= 1 << place % 8
        with pytest.raises(ValueError, match="damaged"):
            packed_json.unpacked(bytes(altered))


def test_a_text_is_read_that_was_packed_without_a_sum():
    """As all were before: its length, then an LZ4 block."""
    before = len(b"lane " * 9).to_bytes(4, "little")
    before += pa.Codec("lz4_raw").compress(b"lane " * 9, asbytes=True)
    assert packed_json.unpack(before) == "lane " * 9


def test_what_is_packed_already_is_taken_as_it_is():
    column = packed_json.Packed()
    ready = packed_json.pack("[1]")
    assert column.process_bind_param(ready, None) is ready
    assert column.process_result_value(column.process_bind_param([1, "ñ"], None), None) == [1, "ñ"]
    assert column.process_bind_param(None, None) is None
    assert column.process_result_value(None, None) is None

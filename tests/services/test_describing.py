"""What an alert is described from: every item of its declaration, wherever it lies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from riskprofile.columns import View, column
from riskprofile.history.layer import CHUNK, POSITION
from riskprofile.services.describing import Items, _objects, _Said
from riskprofile.services.identifiers import RECORD
from riskprofile.store import spool
from riskprofile.store.packed_json import dumps
from riskprofile.store.spool import Columns, Spool
from riskprofile.tables import TEXT, TIME


def a_run(chunks: np.ndarray, positions: np.ndarray) -> Columns:
    rows = Columns(Spool())
    for start in range(0, len(chunks), 10):
        some = slice(start, start + 10)
        rows.add(pa.table({CHUNK: chunks[some], POSITION: positions[some]}))
    return rows


@pytest.mark.parametrize("seed", range(5))
def test_items_are_found_by_the_number_of_their_declaration(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "SEGMENT", 30)
    random = np.random.default_rng(seed)
    numbers = random.permutation(np.concatenate([np.arange(40), random.integers(0, 40, 60)]))
    chunks, positions = np.arange(100) // 30 + 7, np.arange(100) % 30
    wanted = random.permutation(40)[:9]
    items = Items.of_run(
        a_run(chunks, positions), numbers.__getitem__, np.isin(np.arange(40), wanted)
    )
    asked = wanted[:7]
    declarations = pd.DataFrame({RECORD: [f"D{one}" for one in asked], "number": asked})
    expected = [
        (f"D{number}", chunk, position)
        for number, chunk, position in zip(numbers, chunks, positions, strict=True)
        if number in asked
    ]
    told = items.of(declarations)
    assert [*told.itertuples(index=False, name=None)] == expected  # by chunk, then position


def test_no_declaration_has_no_items() -> None:
    rows = a_run(np.array([1, 1]), np.array([0, 1]))
    items = Items.of_run(rows, np.array([0, 0]).__getitem__, np.array([False]))
    nobody = pd.DataFrame({RECORD: pd.array([], dtype="str"), "number": np.array([], dtype=int)})
    assert not len(items.of(nobody))


def test_a_sentence_tells_whole_numbers_as_people_say_them() -> None:
    nights = pd.Series([2.0, 2.5, None])
    seen = View({"stay_nights": column(nights)}, nights.index)
    told = [f"nights: {_Said(seen, place)['stay_nights']}" for place in range(3)]
    assert told == ["nights: 2", "nights: 2.5", "nights: not given"]


@pytest.mark.parametrize("rows", [slice(0, None), slice(1, 2), slice(3, 4), slice(0, 0)])
def test_rows_are_written_as_json_has_what_was_declared(rows: slice) -> None:
    times = ["2026-06-21T00:19:01", "2026-06-21T00:19:01.000250", None, None]
    declared: dict[str, Any] = {
        "text": pd.array(['say "no" \\', "a|b\n\x1f, “é” \x85", "", None], TEXT),
        "at": pd.array(pd.to_datetime(times, utc=True, format="ISO8601"), TIME),
        "count": pd.array([3, None, -(2**60), None], "Int64"),
        "mass": np.array([1.0, 1e22, -0.0, np.nan]),
        "gift": pd.array([True, None, False, None], "boolean"),
        "nothing": pd.array([None] * 4, TEXT),
    }
    plain = [
        {
            "text": 'say "no" \\',
            "at": "2026-06-21T00:19:01+00:00",
            "count": 3,
            "mass": 1.0,
            "gift": True,
        },
        {"text": "a|b\n\x1f, “é” \x85", "at": "2026-06-21T00:19:01.000250+00:00", "mass": 1e22},
        {"text": "", "count": -(2**60), "mass": -0.0, "gift": False},
        {},
    ]
    view = View.over(pd.DataFrame(declared)[rows])
    assert _objects(view, [*declared]) == [dumps(one) for one in plain[rows]]


def test_an_infinite_value_is_not_written() -> None:
    with pytest.raises(ValueError):
        _objects(View.over(pd.DataFrame({"mass": [1.0, np.inf]})), ["mass"])

"""A column of times says of every cell what reading that cell alone says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from riskprofile.intake import times, values
from riskprofile.intake.conventions import Conventions
from riskprofile.profiles import SHIPMENT

SPEC = next(column for column in SHIPMENT.columns if column.name == "lodged_at")
ZONES = [UTC, *(timezone(timedelta(minutes=m)) for m in (-840, -570, 330, 765, 840))]
MOMENTS = st.datetimes(datetime(1880, 1, 1), datetime(2250, 1, 1)).map(
    lambda one: one.replace(microsecond=0)
)


@st.composite
def written(draw: st.DrawFn) -> str:
    """A time with an offset, as ISO 8601 writes it, or something odd."""
    moment = draw(MOMENTS).replace(tzinfo=draw(st.sampled_from(ZONES)))
    text = moment.isoformat(sep=draw(st.sampled_from("T ")))
    odd = ["2026-02-30T08:00:00Z", "2026-13-01T08:00:00Z", "2026-01-01T24:00:00Z", "soon",
           "2026-01-01T08:00", "13/02/2026", "2026-01-01T08:00:00+15:30"]  # fmt: skip
    return draw(st.sampled_from([text, text.replace("+00:00", "Z"), *odd]))


@given(st.lists(st.none() | written(), min_size=1, max_size=12))
def test_one_odd_cell_changes_no_other(cells: list[str | None]) -> None:
    parsed = values.datetimes(pa.array(cells, pa.large_string()), SPEC, Conventions())
    for row, cell in enumerate(cells):
        faults = {code for code, rows in parsed.faults.items() if rows[row]}
        naive = bool(parsed.warnings["naive"][row]) if "naive" in parsed.warnings else False
        if cell is None:
            assert parsed.values[row].as_py() is None and not faults and not naive
            continue
        moment, zoned, fault = times.read(cell, lambda: "")
        if moment is not None and not times.EARLIEST <= moment < times.LATEST:
            fault = "date_out_of_range"
        assert faults == ({fault} if fault else set())
        if not fault:
            assert parsed.values[row].as_py() == moment and naive == (not zoned)

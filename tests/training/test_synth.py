"""The generator: the same rows for a seed, a truth of its own, both sides alike."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from riskprofile.errors import UsageError
from riskprofile.profiles import PROFILES
from training import synth
from training.synth import world

ROWS = 20_000


def _whole(profile: str, rows: int, seed: int, **options: object) -> tuple[pd.DataFrame, ...]:
    chunks = list(synth.generate(profile, rows, seed, **options))
    return (
        pd.concat([chunk.table for chunk in chunks], ignore_index=True),
        pd.concat([chunk.truth for chunk in chunks], ignore_index=True),
    )


@pytest.fixture(scope="module")
def shipments() -> tuple[pd.DataFrame, pd.DataFrame]:
    table, truth = _whole("shipment", ROWS, 11)
    return table, truth


def test_a_chunk_has_every_canonical_column_with_its_type(shipments):
    table, _ = shipments
    columns = PROFILES["shipment"].columns
    assert list(table.columns) == [*(c.name for c in columns), "source", "line", "warnings"]
    assert {c.name: table[c.name].dtype for c in columns} == {c.name: c.dtype for c in columns}


def test_the_same_seed_gives_the_same_rows_for_any_chunk_size(shipments):
    table, truth = shipments
    again, its_truth = _whole("shipment", ROWS, 11, chunk_rows=3_333)
    pd.testing.assert_frame_equal(table, again)
    pd.testing.assert_frame_equal(truth, its_truth)


def test_another_seed_gives_other_rows(shipments):
    other, _ = _whole("shipment", 2_000, 12)
    assert not other["consignee_name"].equals(shipments[0]["consignee_name"].head(2_000))


def test_rows_come_in_order_of_time_within_the_days_asked_for(shipments):
    lodged = shipments[0]["lodged_at"]
    assert lodged.is_monotonic_increasing
    assert lodged.iloc[0] >= pd.Timestamp("2025-01-01", tz="UTC")
    assert lodged.iloc[-1] < pd.Timestamp("2025-01-01", tz="UTC") + pd.Timedelta(days=450)


def test_labels_are_drawn_from_the_true_probability(shipments):
    _, truth = shipments
    expected, drawn = truth["probability"].sum(), truth["label"].sum()
    spread = np.sqrt((truth["probability"] * (1 - truth["probability"])).sum())
    assert abs(drawn - expected) < 4 * spread


def test_the_offices_file_lists_the_offices_of_the_generator(shipments):
    path = Path(__file__).parents[2] / "data" / "synthetic" / "offices.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [tuple(row.values()) for row in csv.DictReader(stream)]
    assert rows == [tuple(str(value) for value in office) for office in world.OFFICES]
    assert set(shipments[0]["customs_office"].dropna()) <= {row[0] for row in rows}


def test_an_unknown_profile_is_refused_by_name():
    with pytest.raises(UsageError, match="no generator for profile 'parcel'"):
        next(synth.generate("parcel", 10, 1))


def test_written_sets_are_the_same_bytes_and_keep_the_truth_apart(tmp_path):
    first = synth.write("shipment", 3_000, 5, tmp_path / "a")
    second = synth.write("shipment", 3_000, 5, tmp_path / "b")
    written = [Path(name) for name in first["declarations"] + first["truth"]]
    again = [Path(name) for name in second["declarations"] + second["truth"]]
    assert [path.read_bytes() for path in written] == [path.read_bytes() for path in again]
    assert {Path(name).parent.name for name in first["truth"]} == {"truth"}
    columns = pd.read_parquet(first["declarations"][0]).columns
    assert not {"label", "probability", "scenario"} & set(columns)

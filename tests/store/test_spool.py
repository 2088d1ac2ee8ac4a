"""What a run keeps on file: read back as it was put, and nowhere to be found."""

from __future__ import annotations

import resource
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from riskprofile.errors import StoreError
from riskprofile.store.spool import Columns, Spool
from riskprofile.tables import TEXT


def arrow(**columns: object) -> pa.Table:
    return pa.Table.from_pandas(pd.DataFrame(columns), preserve_index=False)


def test_columns_of_any_length_are_read_back_one_by_one(tmp_path):
    with Spool(tmp_path) as spool:
        first = spool.put({"keys": pa.array([1, 2**62, None]), "texts": pa.array(["ä", ""])})
        second = spool.put({"keys": pa.array([7], pa.int64()), "none": pa.array([], pa.string())})
        assert spool.get(first, "texts").to_pylist() == ["ä", ""]
        assert spool.get(second, "keys").to_pylist() == [7]
        assert spool.get(first, "keys").to_pylist() == [1, 2**62, None]
        assert spool.get(second, "none").to_pylist() == []


def test_the_file_has_no_name_and_is_gone_when_it_is_closed(tmp_path):
    with Spool(tmp_path) as spool:
        spool.put({"names": pa.array(["Marandor Selban"])})
        assert list(tmp_path.iterdir()) == []
        on_disk = [one for one in open_files() if one.startswith(str(tmp_path))]
        assert len(on_disk) == 1
    assert not set(on_disk) & set(open_files())


def open_files() -> list[str]:
    """What this process has open."""
    found = []
    for one in Path("/proc/self/fd").iterdir():
        try:
            found.append(str(one.readlink()))
        except OSError:  # the listing itself
            continue
    return found


def test_without_a_folder_it_lies_where_the_system_keeps_such_files(tmp_path):
    with Spool(tmp_path / "not there") as spool:
        held = spool.put({"keys": pa.array([1])})
        assert spool.get(held, "keys").to_pylist() == [1]


def test_a_full_disk_is_told_with_what_to_do(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Spool(tmp_path) as spool:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
        try:
            with pytest.raises(StoreError, match=r"the disk is full\. Make room"):
                spool.put({"keys": pa.array(np.arange(1 << 20))})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_parts_of_a_run_are_one_column_whatever_they_lack():
    with Spool() as spool:
        linked = Columns(spool)
        linked.add(arrow(key=pd.array([3, None], dtype="Int64"), text=pd.array(["a", "b"], TEXT)))
        linked.add(arrow(text=pd.array(["b"], TEXT), since=pd.array([1.5])))
        linked.add(arrow(key=pd.array([2**62 + 1], dtype="Int64"), text=[None], since=[2.5]))
        assert len(linked) == 4 and [*linked] == ["key", "text", "since"]
        assert linked.column("key").tolist() == [3, None, None, 2**62 + 1]
        assert linked.column("text").tolist() == ["a", "b", "b", None]
        assert linked.values("text").to_pylist() == ["a", "b", "b", None]
        np.testing.assert_equal(linked.column("since").values, [np.nan, np.nan, 1.5, 2.5])
        view = linked.view()
        assert len(view) == 4 and view["text"].isin(["b"]).tolist() == [False, True, True, False]


def test_a_column_of_two_types_is_refused_and_not_half_forgotten():
    with Spool() as spool:
        linked = Columns(spool)
        linked.add(arrow(key=[1, 2]))
        linked.add(arrow(key=["a", "b"]))
        with pytest.raises(TypeError):
            linked.values("key")


def test_numbers_times_and_flags_come_back_as_they_went_in():
    with Spool() as spool:
        linked = Columns(spool)
        linked.add(
            arrow(
                mass=[1.5, np.nan],
                time=pd.to_datetime(["2026-11-26T08:00Z", None]).as_unit("us"),
                known=pd.array([True, None], dtype="boolean"),
                count=pd.array([3, 4], dtype="Int64"),
            )
        )
        seen = linked.view()
        assert seen["mass"].values[0] == 1.5 and np.isnan(seen["mass"].values[1])
        assert seen["time"].isna().tolist() == [False, True]
        assert seen["time"].values[0] == np.datetime64("2026-11-26T08:00")
        assert seen["known"].tolist() == [True, None]
        assert seen["count"].tolist() == [3, 4] and seen["count"].gone is None

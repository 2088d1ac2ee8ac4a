"""What a run keeps on file: read back as it was put, and nowhere to be found."""

from __future__ import annotations

import resource
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from riskprofile.errors import StoreError
from riskprofile.history.piles import Apart
from riskprofile.store import spool
from riskprofile.store.spool import Columns, Spool
from riskprofile.tables import TEXT


def arrow(**columns: object) -> pa.Table:
    return pa.Table.from_pandas(pd.DataFrame(columns), preserve_index=False)


def test_columns_of_any_length_are_read_back_one_by_one(tmp_path):
    with Spool(tmp_path) as held:
        first = held.put({"keys": pa.array([1, 2**62, None]), "texts": pa.array(["ä", ""])})
        second = held.put({"keys": pa.array([7], pa.int64()), "none": pa.array([], pa.string())})
        assert held.get(first, "texts").to_pylist() == ["ä", ""]
        assert held.get(second, "keys").to_pylist() == [7]
        assert held.get(first, "keys").to_pylist() == [1, 2**62, None]
        assert held.get(second, "none").to_pylist() == []


def test_where_columns_lie_takes_a_few_bytes_of_each(tmp_path):
    def columns() -> dict[str, pa.Array]:
        return {f"part {number}": pa.array([number]) for number in range(200)}

    with Spool(tmp_path) as held:
        first = held.put(columns())
        tracemalloc.start()
        try:
            put = [held.put(columns()) for _ in range(10)]
            took, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert took < 10 * 200 * 30
        assert [*put[3]] == [*first] == [*columns()] and len(first) == 200
        assert held.get(put[9], "part 7").to_pylist() == [7]
        assert "part 199" in first and "part 200" not in first
        with pytest.raises(KeyError):
            first["part 200"]


def test_the_file_has_no_name_and_is_gone_when_it_is_closed(tmp_path):
    with Spool(tmp_path) as held:
        held.put({"names": pa.array(["Marandor Selban"])})
        assert list(tmp_path.iterdir()) == []
        on_disk = [one for one in open_files() if one.startswith(str(tmp_path))]
        assert len(on_disk) == 1
    assert not set(on_disk) & set(open_files())


def test_the_file_is_gone_when_nobody_uses_it_any_more(tmp_path):
    held = Spool(tmp_path)
    held.put({"names": pa.array(["Marandor Selban"])})
    del held
    assert not [one for one in open_files() if one.startswith(str(tmp_path))]


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
    with Spool(tmp_path / "not there") as held:
        place = held.put({"keys": pa.array([1])})
        assert held.get(place, "keys").to_pylist() == [1]


def test_a_full_disk_is_told_with_what_to_do():
    with Spool() as held, Path("/dev/full").open("r+b", buffering=0) as full:
        held._file = full
        with pytest.raises(StoreError, match=r"the disk is full\. Make room"):
            held.put({"keys": pa.array([1])})


def test_a_limit_of_what_a_file_may_hold_is_no_full_disk(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Spool(tmp_path) as held:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
        try:
            with pytest.raises(StoreError, match=r"may become so large here\. Raise .*ulimit -f"):
                held.put({"keys": pa.array(np.arange(1 << 20))})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_parts_of_a_run_are_one_column_whatever_they_lack():
    with Spool() as held:
        linked = Columns(held)
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


def test_some_rows_are_read_without_the_others(monkeypatch):
    monkeypatch.setattr(spool, "SEGMENT", 3)
    linked = Columns(Spool())
    for start in range(0, 10, 2):
        number = np.arange(start, start + 2)
        linked.add(arrow(number=number, text=[f"t{one % 3}" for one in number]))
    linked.add(arrow(number=[10]))
    assert [len(rows) for rows in linked.segments()] == [4, 4, 3]
    rows = np.array([1, 3, 3, 8, 10])
    assert linked.column("number", rows).tolist() == [1, 3, 3, 8, 10]
    assert linked.values("text", rows).to_pylist() == ["t1", "t0", "t0", "t2", None]
    view = linked.view(rows)
    assert len(view) == 5 and view["text"].isin(["t0"]).tolist() == [
        False,
        True,
        True,
        False,
        False,
    ]
    assert linked.column("number", rows[:0]).tolist() == []
    assert linked.values("text").to_pylist()[7:] == ["t1", "t2", "t0", None]


@pytest.mark.parametrize(("at_once", "files"), [(2, 1), (64, 0)])
def test_first_rows_that_are_few_lie_on_no_file_and_read_alike(
    monkeypatch, tmp_path, at_once, files
):
    monkeypatch.setattr(spool, "SEGMENT", at_once)
    with Spool(tmp_path) as held:
        linked, apart = Columns(held), Apart(held, at_once)
        linked.add(arrow(number=[7, 8, 9], text=["a", None, "a"]))
        apart.add(pa.record_batch({"text": ["a", "b", "c"]}), np.array([1, 0, 1]))
        assert linked.values("text").to_pylist() == ["a", None, "a"]
        assert linked.values("text", np.array([1, 2])).to_pylist() == [None, "a"]
        assert apart.of(1).column("text").to_pylist() == ["a", "c"]
        assert sum(one.startswith(str(tmp_path)) for one in open_files()) == files
        linked.add(arrow(number=[10], text=["b"]))  # what comes later lies there
        apart.add(pa.record_batch({"text": ["d"]}), np.array([1]))
        assert linked.values("text").to_pylist() == ["a", None, "a", "b"]
        assert linked.column("number", np.array([0, 3])).tolist() == [7, 10]
        assert apart.of(1).column("text").to_pylist() == ["a", "c", "d"]
        assert sum(one.startswith(str(tmp_path)) for one in open_files()) == 1


def test_a_column_that_nobody_has_a_value_of_is_there_and_empty():
    linked = Columns(Spool())
    linked.add(arrow(key=[1, 2], text=[None, None]))
    assert "text" in linked and linked.column("text").isna().tolist() == [True, True]


def test_a_column_of_two_types_is_refused_and_not_half_forgotten():
    with Spool() as held:
        linked = Columns(held)
        linked.add(arrow(key=[1, 2]))
        linked.add(arrow(key=["a", "b"]))
        with pytest.raises(TypeError):
            linked.values("key")


def test_numbers_times_and_flags_come_back_as_they_went_in():
    with Spool() as held:
        linked = Columns(held)
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

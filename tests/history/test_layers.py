"""A past in layers answers as one that was read whole, whatever came, went and was merged."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskprofile.history import Snapshot, layer_files
from riskprofile.history.index import NO_EVENTS, Change, Index
from riskprofile.history.layer import (
    CHUNK,
    POSITION,
    Layer,
    Question,
    Rows,
    changes,
    pairs_of,
    places,
)
from riskprofile.tables import TEXT, TIME, Table

START = pd.Timestamp("2026-01-01", tz="UTC")
QUESTIONS: list[Question] = [
    ("count",),
    ("count", "one"),
    ("count", "one", "two"),
    ("norm", "size", "one"),
    ("norm", "size", "two"),
    ("partners", "two", "/", "one"),
    ("partners", "one", "/", "two"),
]
KEPT = tuple(dict.fromkeys(QUESTIONS + [pairs_of(q) for q in QUESTIONS if q[0] == "partners"]))

Steps = list[tuple[list[tuple[object, ...]], list[int], int]]

# Few keys, few moments, few sizes: so that rows agree in all they can agree in.
row = st.tuples(
    st.sampled_from([None, 1, 2, 3]),
    st.sampled_from([None, "a", "b"]),
    st.sampled_from([float("nan"), 0.25, 1.5, -2.0]),
    st.integers(0, 9),
)


@st.composite
def pasts(draw: st.DrawFn) -> Steps:
    """Steps: rows that come, places (in the order they came) that go, layers to make one after."""
    steps, standing, number = [], [], 0
    for _ in range(draw(st.integers(1, 5))):
        rows = draw(st.lists(row, max_size=8))
        gone = draw(st.lists(st.sampled_from(standing), unique=True)) if standing else []
        standing = [one for one in standing if one not in gone]
        standing += range(number, number + len(rows))
        number += len(rows)
        steps.append((rows, gone, draw(st.integers(0, 2))))
    return steps


def table(rows: list[tuple[object, ...]], first: int) -> Table:
    """Rows of chunk 7, from this position on."""
    one, two, size, moment = zip(*rows, strict=True) if rows else ((), (), (), ())
    # Six moments on three days, so that some are within the day that asks.
    time = [START + pd.Timedelta(hours=8 * number) for number in moment]
    return pd.DataFrame(
        {
            "one": pd.array(one, dtype="Int64"),
            "two": pd.array(two, dtype=TEXT),
            "size": np.array(size, dtype="float64"),
            "time": pd.Series(time, dtype=TIME),
            CHUNK: 7,
            POSITION: np.arange(first, first + len(rows)),
        }
    )


def asked() -> Table:
    """Every key on every day, and after."""
    grid = pd.MultiIndex.from_product(
        [[None, 1, 2, 4], [None, "a", "b"], range(5)], names=["one", "two", "day"]
    ).to_frame(index=False)
    return pd.DataFrame(
        {
            "one": grid["one"].astype("Int64"),
            "two": grid["two"].astype(TEXT),
            "time": (START + pd.to_timedelta(grid["day"], unit="D")).astype(TIME),
        }
    )


def answers(history: Snapshot, items: Table) -> Table:
    """All that a history can be asked, of every row."""
    told = {"age": history.age(items)}
    for by in (["one"], ["two"], ["one", "two"]):
        for days in (None, 1, 2):
            told[f"count {by} {days}"] = history.count(items, by, days)
        told[f"first {by}"] = history.first_seen(items, by)
        told[f"last {by}"] = history.last_seen(items, by)
    for of, by in (("one", "two"), ("two", "one")):
        for days in (None, 1):
            told[f"partners {of} {by} {days}"] = history.partners(items, [of], [by], days)
        for name, column in history.norm(items, "size", [by]).items():
            told[f"norm {by} {name}"] = column
    return pd.DataFrame(told)


def layered(steps: Steps) -> list[Layer]:
    """The layers of these steps, some made one as they came."""
    layers: list[Layer] = []
    number = 0
    for rows, gone, merges in steps:
        at = places(np.full(len(gone), 7), np.array(gone, dtype=np.int64))
        taken = [one.added.all(np.flatnonzero(np.isin(one.added.places, at))) for one in layers]
        taken = [one for one in taken if len(one)]
        layers.append(
            Layer(
                Rows.of(table(rows, number)),
                Rows.of(pd.concat(taken)) if taken else Rows.of(pd.DataFrame()),
            )
        )
        number += len(rows)
        for _ in range(min(merges, len(layers) - 1)):
            last = layers.pop()
            layers[-1] = layers[-1].then(last)
    return layers


def whole(steps: Steps) -> Snapshot:
    """The same past, read at once."""
    rows = [one for step in steps for one in step[0]]
    gone = {one for step in steps for one in step[1]}
    frame = table(rows, 0)
    return Snapshot(frame[~frame[POSITION].isin(gone)].reset_index(drop=True))


@settings(max_examples=50)
@given(steps=pasts())
def test_layers_answer_as_the_whole(steps: Steps) -> None:
    layers = layered(steps)
    history, other = Snapshot.from_layers(layers), whole(steps)
    pd.testing.assert_frame_equal(
        answers(history, asked()), answers(other, asked()), check_exact=True
    )
    assert len(history) == len(other)
    order = [CHUNK, POSITION]
    if len(other):
        mine, theirs = (one.remembered.sort_values(order) for one in (history, other))
        pd.testing.assert_frame_equal(
            mine.reset_index(drop=True), theirs.reset_index(drop=True), check_exact=True
        )
        shared = history.sharing({"one": np.array([1, 3]), "three": np.array([1])}, [POSITION])
        held = theirs["one"].isin([1, 3]).to_numpy(dtype=bool, na_value=False)
        assert sorted(shared.get(POSITION, [])) == theirs[POSITION][held].tolist()
        many = [int((theirs["one"] == key).sum()) for key in (3, 1, 2)]
        assert history.many("one", np.array([3, 1, 2])).tolist() == many


# No time, the first and the last that a declaration may have, and about where a count begins.
EDGES = pd.to_datetime(
    [
        *(None, "1900-01-01", "1979-12-31T23:59:59.999999", "1980-01-01", "2024-02-29T23:59:59"),
        *("2026-01-01T23:59:59.999999", "2026-01-02", "2199-12-31T23:59:59.999999"),
    ],
    utc=True,
    format="ISO8601",
).astype(TIME)


def asked_at_edges() -> Table:
    """Every key at each of these."""
    keys = asked().iloc[::5]
    return pd.concat([keys.assign(time=one) for one in EDGES], ignore_index=True).astype(
        {"time": TIME}
    )


@settings(max_examples=50)
@given(steps=pasts(), chosen=st.sets(st.integers(0, 999), min_size=1, max_size=6))
def test_a_row_alone_is_answered_as_among_others(steps: Steps, chosen: set[int]) -> None:
    history = Snapshot.from_layers(layered(steps))
    for items in (asked(), asked_at_edges()):
        among = answers(history, items)
        for place in {one % len(items) for one in chosen}:
            pd.testing.assert_frame_equal(
                answers(history, items.iloc[[place]]), among.iloc[[place]], check_exact=True
            )


@settings(max_examples=30)
@given(steps=pasts())
def test_layers_made_one_hold_the_arrays_of_the_whole(
    steps: Steps,
) -> None:
    layers = layered([(rows, gone, 5) for rows, gone, _ in steps])
    assert len(layers) == 1
    other = whole(steps)
    other.remembered  # noqa: B018
    for question in KEPT:
        made = changes(layers, question)[0]
        expected = Layer(Rows.of(other.remembered)).change(question, ())
        assert not len(made.minus)
        for name in ("keys", "times"):
            np.testing.assert_array_equal(getattr(made.plus, name), getattr(expected.plus, name))


@settings(max_examples=10)
@given(steps=pasts())
def test_layers_on_file_answer_as_the_whole(
    tmp_path_factory: pytest.TempPathFactory,
    steps: Steps,
) -> None:
    folder = tmp_path_factory.mktemp("past")
    nothing = np.empty(0, dtype=np.int64)
    mapped: list[Layer] = []
    for one in layered(steps):
        what = layer_files.Kept("any", "this", nothing, nothing, nothing, nothing)
        path, digest = layer_files.write(folder, what, one, KEPT, mapped)
        layer_files.name(path, digest)
        mapped.append(layer_files.read(folder, digest, "this").layer)
    history = Snapshot.from_layers(mapped)
    pd.testing.assert_frame_equal(
        answers(history, asked()), answers(whole(steps), asked()), check_exact=True
    )
    assert all(set(one.known) >= set(KEPT) for one in mapped)


events = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(-2, 2)), max_size=12)


def index(of: list[tuple[int, int, int]], measured: bool) -> Index:
    if not of:
        return NO_EVENTS
    keys, times, values = (np.array(one, dtype=np.int64) for one in zip(*of, strict=True))
    return Index.of(keys, times, values if measured else None)


def listed(one: Index, measured: bool) -> list[tuple[int, ...]]:
    place, seconds = one.times >> 33, one.times & (2**33 - 1)
    columns = [one.keys[place].tolist(), seconds.tolist()]
    if measured:
        columns.append([] if one.values is None else one.values.tolist())
    return sorted(zip(*columns, strict=True))


@given(mine=events, theirs=events, measured=st.booleans())
def test_events_are_put_in_and_taken_out_one_for_one(
    mine: list[tuple[int, int, int]], theirs: list[tuple[int, int, int]], measured: bool
) -> None:
    def plain(one: list[tuple[int, int, int]]) -> list[tuple[int, ...]]:
        return sorted(event if measured else event[:2] for event in one)

    one, other = index(mine, measured), index(theirs, measured)
    assert listed(one.merged(other), measured) == plain([*mine, *theirs])
    left, rest = plain(mine), plain(theirs)
    for event in plain(theirs):
        if event in left:
            left.remove(event)
            rest.remove(event)
    made = Change(*one.less(other))
    assert listed(made.plus, measured) == left
    assert listed(made.minus, measured) == rest
    if measured and len(made.plus):
        assert made.plus.total is not None and made.plus.squares is not None
        assert made.plus.total[-1] == sum(event[2] for event in left)
        assert made.plus.squares[-1] == sum(event[2] ** 2 for event in left)


@pytest.mark.parametrize("damage", ["cut", "a bit", "longer", "gone", "empty"])
def test_a_damaged_file_is_not_believed(tmp_path: Path, damage: str) -> None:
    nothing = np.empty(0, dtype=np.int64)
    what = layer_files.Kept("any", "this", nothing, nothing, nothing, nothing)
    layer = Layer(Rows.of(table([(1, "a", 1.5, 2)], 0)))
    path, digest = layer_files.write(tmp_path, what, layer, KEPT, [])
    assert not layer_files.names(tmp_path)
    named = layer_files.name(path, digest)
    assert layer_files.names(tmp_path) == {digest}
    with pytest.raises(layer_files.Unusable, match="release"):
        layer_files.read(tmp_path, digest, "another")
    content = bytearray(named.read_bytes())
    if damage == "a bit":
        content[len(content) // 2] ^= 1
    elif damage == "cut":
        del content[-9:]
    elif damage == "longer":
        content += b"\0" * 8
    elif damage == "empty":
        content = bytearray()
    named.unlink()
    if damage != "gone":
        named.write_bytes(content)
    with pytest.raises(layer_files.Unusable):
        layer_files.read(tmp_path, digest, "this")


def test_a_file_is_compared_once_by_a_process_until_somebody_writes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = np.empty(0, dtype=np.int64)
    what = layer_files.Kept("any", "this", nothing, nothing, nothing, nothing)
    layer = Layer(Rows.of(table([(1, "a", 1.5, 2)], 0)))
    path, digest = layer_files.write(tmp_path, what, layer, KEPT, [])
    named = layer_files.name(path, digest)
    compared = []
    digest_of = layer_files._digest
    monkeypatch.setattr(layer_files, "_digest", lambda file: compared.append(1) or digest_of(file))

    def read(times: int) -> None:
        layer_files.read(tmp_path, digest, "this")
        assert len(compared) == times

    monkeypatch.setattr(layer_files, "SETTLED", 3600 * 10**9)  # this moment lasts on a busy machine
    read(1)
    read(2)  # written a moment ago: another writing could look the same
    monkeypatch.setattr(layer_files, "SETTLED", 0)
    time.sleep(0.05)  # some ticks of the clock of files
    read(3)
    read(3)
    written = named.stat()
    content = bytearray(named.read_bytes())
    content[len(content) // 2] ^= 1
    named.write_bytes(content)
    os.utime(named, ns=(written.st_atime_ns, written.st_mtime_ns))  # as if nobody had
    with pytest.raises(layer_files.Unusable, match="damaged"):
        layer_files.read(tmp_path, digest, "this")

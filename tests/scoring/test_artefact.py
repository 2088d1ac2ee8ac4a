"""A scorecard is data: what was written is read, and any changed byte is refused."""

from __future__ import annotations

import io
import json
import random
import zipfile

import numpy as np
import pandas as pd
import pytest

from riskprofile.errors import ScorecardError
from riskprofile.scoring import artefact
from tests.scoring.toy import scorecard


def packed() -> dict[str, bytes]:
    files = artefact.pack(scorecard())
    return {**files, artefact.MANIFEST: artefact.manifest(files, profile="shipment", version="toy")}


def test_what_was_written_is_what_is_read() -> None:
    card = artefact.parse(packed(), "here")
    rows = pd.DataFrame(
        {"freight_ratio": [0.1, 2.0], "transit_legs": [0.0, 3.0], "wording": [1.0, np.nan]}
    )
    assert card.points(rows).tolist() == scorecard().points(rows).tolist()
    assert card.digest == artefact.digest(packed()[artefact.MANIFEST])


def test_the_same_scorecard_gives_the_same_bytes() -> None:
    assert packed() == packed()


def test_the_scorecards_of_a_page_that_shows_several_are_built_once() -> None:
    files = [resigned(note=str(number).encode()) for number in range(6)]
    first = [artefact.parse(one, "here") for one in files]
    again = [artefact.parse(one, "here") for one in files]
    assert all(one is other for one, other in zip(first, again, strict=True))


@pytest.mark.parametrize("name", [artefact.STRUCTURE, artefact.TABLES, artefact.WORDS])
def test_any_flipped_bit_is_refused_by_name(name: str) -> None:
    draw = random.Random(name)
    for _ in range(40):
        files = packed()
        content = bytearray(files[name])
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        files[name] = bytes(content)
        with pytest.raises(ScorecardError, match=name):
            artefact.parse(files, "here")


def resigned(**changed: bytes) -> dict[str, bytes]:
    """A folder whose manifest fits its files: only the content itself can be at fault."""
    files = {**packed(), **{name.replace("_", "."): content for name, content in changed.items()}}
    files.pop(artefact.MANIFEST)
    return {**files, artefact.MANIFEST: artefact.manifest(files)}


def tables(**changed: np.ndarray) -> bytes:
    with np.load(io.BytesIO(packed()[artefact.TABLES]), allow_pickle=False) as loaded:
        arrays = {name: loaded[name] for name in loaded.files}
    buffer = io.BytesIO()
    np.savez(buffer, **{**arrays, **changed})
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("what", "content"),
    [
        ("do not rise", {"bins_transit_legs": np.array([1.0, 0.0])}),
        ("not finite", {"bins_freight_ratio": np.array([np.nan])}),
        ("wrong shape", {"term_000": np.zeros(7, dtype=np.int32)}),
        ("wrong shape", {"term_000": np.zeros(3)}),
        ("out of range", {"term_000": np.full(3, 10**8, dtype=np.int32)}),
        ("probabilities", {"probabilities": np.array([0.9, 0.1])}),
        ("probabilities", {"probabilities": np.array([0.0, np.nan])}),
    ],
)
def test_signed_but_malformed_tables_are_refused(what: str, content: dict[str, np.ndarray]) -> None:
    with pytest.raises(ScorecardError, match=what):
        artefact.parse(resigned(tables_npz=tables(**content)), "here")


def test_a_table_that_would_run_code_is_refused() -> None:
    buffer = io.BytesIO()
    np.savez(buffer, probabilities=np.array([object()], dtype=object))
    with pytest.raises(ScorecardError, match="not a set of tables"):
        artefact.parse(resigned(tables_npz=buffer.getvalue()), "here")


def npy(table: np.ndarray, version: tuple[int, int] = (1, 0)) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, table, version)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "member",
    [
        b"",
        b"no table, a note",
        npy(np.arange(9))[:40],
        npy(np.arange(9))[:-1],
        npy(np.arange(9)) + b"more",
        npy(np.arange(9)).replace(b"(9,), } ", b"(-1,), }"),
        npy(np.arange(9), (2, 0)),
    ],
    ids=["empty", "text", "no head", "cut", "more", "a length below zero", "another version"],
)
def test_a_member_that_is_no_table_or_is_cut_is_refused(member: bytes) -> None:
    buffer = io.BytesIO(packed()[artefact.TABLES])
    with zipfile.ZipFile(buffer, "a") as members:
        members.writestr("more.npy", member)
    with pytest.raises(ScorecardError, match="not a set of tables"):
        artefact.parse(resigned(tables_npz=buffer.getvalue()), "here")


def test_tables_are_read_as_they_were_written_and_cannot_be_changed() -> None:
    turned = np.asfortranarray(np.arange(6, dtype=np.int32).reshape(2, 3))
    given = {"a": np.empty(0), "b": np.array([1.5, -0.0]), "c": turned, "d": np.array(7)}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **given, e=np.array([2.5, 3.5]))  # two of one head
    read = artefact._arrays(buffer.getvalue(), artefact._fault("here"))
    assert [*read] == [*given, "e"] and read["e"].tolist() == [2.5, 3.5]
    for name, table in given.items():
        np.testing.assert_array_equal(read[name], table, strict=True)
        assert not read[name].flags.writeable


def test_a_key_written_twice_is_refused() -> None:
    text = packed()[artefact.STRUCTURE].decode().replace('"base": 10', '"base": 10, "base": 99')
    with pytest.raises(ScorecardError, match="twice"):
        artefact.parse(resigned(scorecard_json=text.encode()), "here")


def test_a_member_that_unpacks_to_too_much_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as members:
        members.writestr("bomb.npy", b"\0" * (artefact.LARGEST_FILE + 1))
    with pytest.raises(ScorecardError, match="unpacks to more"):
        artefact.parse(resigned(tables_npz=buffer.getvalue()), "here")


def test_a_file_that_is_missing_or_not_listed_is_named() -> None:
    files = packed()
    del files[artefact.WORDS]
    with pytest.raises(ScorecardError, match=r"wording\.json is missing"):
        artefact.parse(files, "here")
    with pytest.raises(ScorecardError, match=r"more\.json is not listed in the manifest"):
        artefact.parse({**packed(), "more.json": b"{}"}, "here")


def test_a_scorecard_of_other_features_names_the_difference() -> None:
    with pytest.raises(ScorecardError, match="expects 3 features, found 2: - transit_legs"):
        scorecard().expect(["freight_ratio"])


def test_the_manifest_is_readable() -> None:
    told = json.loads(packed()[artefact.MANIFEST])
    assert set(told["files"]) == {artefact.STRUCTURE, artefact.TABLES, artefact.WORDS}

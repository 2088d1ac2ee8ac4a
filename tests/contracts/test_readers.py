"""What every reader promises, whatever the bytes."""

from __future__ import annotations

import copy
import json
import random
import re
from collections import Counter
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lxml import etree

from riskprofile import intake
from riskprofile.errors import InputError
from riskprofile.intake import (
    READERS,
    Chunk,
    canonical,
    edifact,
    jsonl,
    lines,
    parquet,
    workbook,
    xml,
)
from riskprofile.intake.reader import Rejection
from riskprofile.profiles import PROFILES
from riskprofile.tables import SOURCE_COLUMNS, Table
from tests.intake.samples import TABULAR, of_parts, samples

MUTANTS = 60  # of each sample, a third of them in the suite; `tests/faults` reads 500 more
PROCESSES = 8  # of a sample that each time starts a process of its own
NAMES = sorted(samples())
DECLARATIONS = {"ASYCUDA", "Awmds", "CC315A", "Declaration", "FlightManifest", "HouseWaybill"}
PIECES = (  # what readers take at once
    *((edifact, "_BLOCK"), (xml, "_BLOCK"), (lines, "BLOCK"), (jsonl, "AT_ONCE")),
    *((parquet, "BATCH"), (workbook, "PIECE")),
)


def read_all(path: Path, **how: object) -> list[Chunk]:
    chunks = list(intake.read(path, **how))  # type: ignore[arg-type]
    for chunk in chunks:
        assert chunk.read == len(chunk.table) + len(chunk.rejected)
        assert chunk.table.columns.tolist() == [*PROFILES[chunk.profile].names, *SOURCE_COLUMNS]
    return chunks


def records(chunks: list[Chunk]) -> tuple[Table, list[Rejection]]:
    tables = [chunk.table for chunk in chunks if len(chunk.table)] or [chunks[0].table]
    rejected = [each for chunk in chunks for each in chunk.rejected]
    return pd.concat(tables, ignore_index=True), sorted(
        rejected, key=lambda each: (each.source, each.line, each.reason)
    )


def mutant(content: bytes, chance: random.Random) -> bytes:
    """The content with one to four accidents: cut, flipped, repeated, spliced, re-encoded."""
    data = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        to = min(len(data), at + chance.choice((1, 2, 10, 200)))
        accident = chance.randrange(7)
        if accident == 0:
            del data[at:]
        elif accident == 1:
            data[at:to] = bytes(chance.randrange(256) for _ in range(to - at))
        elif accident == 2:
            data[at:at] = data[at:to] * chance.choice((1, 50))
        elif accident == 3:
            del data[at:to]
        elif accident == 4:
            data[at:at] = chance.choice((b"\0", b'"', b"\r", b"\n", b"\xff\xfe", b"'", b"<", b"{"))
        elif accident == 5:
            data[at:at] = chance.choice(list(samples().values()))[:300]
        else:
            data = bytearray(bytes(data).decode("latin-1").encode("utf-16"))
    return bytes(data)


@pytest.mark.parametrize("part", [3, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", NAMES)
def test_no_bytes_raise_anything_but_an_input_error(tmp_path, name, part):
    chance = random.Random(f"mutants of {name}")
    path = tmp_path / name
    for number in range(PROCESSES if name in ("xls", "xlsx") else MUTANTS // part):
        content = mutant(samples()[name], chance)
        path.write_bytes(content)
        try:
            read_all(path)
        except InputError as error:
            assert error.where, number
            assert error.do, number


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_a_format_that_is_forced_on_other_content_ends_in_an_input_error_or_rejections(
    tmp_path, reader
):
    for name in NAMES:
        path = tmp_path / name
        path.write_bytes(samples()[name])
        try:
            read_all(path, format=reader.name)
        except InputError as error:
            assert error.where, name
            assert error.do, name


@pytest.mark.parametrize("name", NAMES)
def test_reading_in_any_chunk_size_gives_the_same_records(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(samples()[name])
    whole, aside = records(read_all(path))
    assert len(whole)
    for size in (1, 3, 17):
        parts, parts_aside = records(read_all(path, chunk_rows=size))
        pd.testing.assert_frame_equal(parts, whole, obj=f"{size} rows at a time")
        assert parts_aside == aside, size


@pytest.mark.parametrize("name", sorted(of_parts()))
def test_a_file_of_several_parts_gives_what_each_gives_alone(tmp_path, name, monkeypatch):
    """Nothing of a part is lost, doubled or changed by the parts before and behind it."""
    whole, parts = of_parts()[name]
    path = tmp_path / name
    alone = []
    for part in parts:
        path.write_bytes(part)
        alone.append(read_all(path))
    tables = [records(chunks)[0].drop(columns=["source", "line"]) for chunks in alone]
    places = [records(chunks)[0]["line"] for chunks in alone]
    path.write_bytes(whole)
    for piece in (None, 3) if name == "zip" else (None, 1, 3, 64):
        for module, size in PIECES if piece else ():
            monkeypatch.setattr(module, size, piece)
        chunks = read_all(path, chunk_rows=piece or 5_000)
        found, rejected = records(chunks)
        pd.testing.assert_frame_equal(
            found.drop(columns=["source", "line"]), pd.concat(tables, ignore_index=True)
        )
        start = 0
        for line in places:  # each part as a whole is so many lines further down
            moved = found["line"][start : start + len(line)].reset_index(drop=True) - line
            assert moved.nunique() <= 1
            start += len(line)
        assert Counter(map(set_aside, rejected)) == Counter(
            set_aside(each) for chunks in alone for each in records(chunks)[1]
        )
        assert sum(each.read for each in chunks) == sum(one.read for each in alone for one in each)


def set_aside(one: Rejection) -> tuple[str | None, ...]:
    return one.record_id, one.reason_code, one.reason, one.column, one.raw


def test_files_of_several_parts_are_there_for_every_reader(tmp_path):
    path = tmp_path / "day.zip"
    path.write_bytes(of_parts()["zip"][0])
    read_by = {intake.detect(source).name for source in intake.sources(path)}
    assert read_by == {reader.name for reader in READERS}
    assert set(of_parts()) == {*NAMES} - {"csv.gz"}


@pytest.mark.parametrize("fault", [ValueError, StopIteration])
@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_is_left_or_at_which_work_fails_is_closed_and_did_not_end_there(
    tmp_path, name, fault, monkeypatch
):
    path = tmp_path / name
    path.write_bytes(samples()[name])
    held = Path("/proc/self/fd")

    def still_open() -> bool:  # where the system does not say, nothing is asked
        each = held.iterdir() if held.exists() else ()
        return any(one.is_symlink() and one.readlink() == path for one in each)

    chunks = intake.read(path, chunk_rows=1)
    assert next(chunks).read
    del chunks
    assert not still_open()

    def fails(*given: object) -> None:
        raise fault("within the work on a chunk")

    monkeypatch.setattr(canonical, "parse", fails)
    with pytest.raises((ValueError, RuntimeError)):
        list(intake.read(path, chunk_rows=1))
    assert not still_open()


@pytest.mark.parametrize("name", NAMES)
def test_each_sample_is_claimed_by_one_reader_only(name, tmp_path):
    path = tmp_path / name
    path.write_bytes(samples()[name])
    for source in intake.sources(path):
        head = intake.archive.head(source)
        claimed = [reader.name for reader in READERS if reader.claims(head, source.name)]
        assert len(claimed) == 1, claimed


def test_the_same_manifest_gives_the_same_records_in_every_table_format(tmp_path):
    found: dict[str, tuple[pd.DataFrame, list[tuple[str | None, str, str | None]]]] = {}
    for name in TABULAR:
        path = tmp_path / name
        path.write_bytes(samples()[name])
        table, rejected = records(read_all(path))
        found[name] = (
            table.drop(columns=["source", "line"]),
            sorted((each.record_id, each.reason_code, each.column) for each in rejected),
        )
    for table, rejected in found.values():
        pd.testing.assert_frame_equal(table, found["csv"][0])
        assert rejected == found["csv"][1]


def test_a_currency_is_read_from_the_column_that_holds_its_code_in_every_table_format(tmp_path):
    """ISO 4217 has numbers too: some exports give both, or leave the column of codes empty.

    What two headings say together is one column: neither is told as one that fills nothing.
    """
    table = pa.table(
        {
            "Declaration number": ["D1", "D2", "D3", "D4", "D5", "D6"],
            "Goods description": ["chairs"] * 6,
            "Value": ["10", "20", "30", "40", "50", "60"],
            "Currency": ["USD", "EUR", "GBP", "US dollar", "pound", "756"],
            "Currency code": ["840", None, "NAD", "USD", "826", None],
        }
    )
    frame = table.to_pandas()
    frame.to_csv(tmp_path / "day.csv", index=False)
    frame.to_excel(tmp_path / "day.xlsx", index=False)
    frame.to_json(tmp_path / "day.jsonl", orient="records", lines=True)
    pq.write_table(table, tmp_path / "day.parquet")
    for name in ("day.csv", "day.xlsx", "day.jsonl", "day.parquet"):
        chunks = read_all(tmp_path / name)
        found, rejected = records(chunks)
        assert rejected == []
        assert found["currency"].tolist() == ["USD", "EUR", "NAD", "USD", "GBP", "CHF"], name
        assert json.loads(found["extra"][3]) == {"Currency": "US dollar"}
        assert [name for chunk in chunks for name in chunk.unknown] == []


def test_numbers_alone_name_the_currencies_in_every_table_format(tmp_path):
    """As of UN and ASYCUDA tables; 042 and what lost its zero are none, and are set aside."""
    table = pd.DataFrame({"Declaration number": ["D1", "D2", "D3", "D4"]}).assign(
        **{"Goods description": "chairs", "Currency": [840, 978, 42, 36]}
    )
    table.to_csv(tmp_path / "day.csv", index=False)
    table.to_excel(tmp_path / "day.xlsx", index=False)
    table.to_json(tmp_path / "day.jsonl", orient="records", lines=True)
    table.to_parquet(tmp_path / "day.parquet")
    for name in ("day.csv", "day.xlsx", "day.jsonl", "day.parquet"):
        found, rejected = records(read_all(tmp_path / name))
        assert found["currency"].tolist() == ["USD", "EUR"], name
        assert [each.reason_code for each in rejected] == ["currency_format"] * 2


@pytest.mark.parametrize(
    ("name", "code", "longer"),
    [
        ("cuscar.edi", b"RFF+HS:8203.20'", b"RFF+HS:8203.20.0000 1234'"),
        ("cusdec.edi", b"8203200000:122:148", b"82032000001234:122:148"),
        ("iftmcs.edi", b"820320:HS", b"82032000001234:HS"),
        ("manifest309.edi", b"J*8203.20*", b"J*8203.20.00001234*"),
        ("bill310.edi", b"*8203.20*J", b"*82032000001234*J"),
        ("ens_ie315.xml", b">820320<", b">82032000001234<"),
        ("wco_import.xml", b">90131000<", b">82032000001234<"),
        ("sad_two_items.xml", b">94037000</C", b">82032000001234</C"),
    ],
)
def test_an_hs_code_that_is_longer_than_the_column_is_cut_with_a_warning(
    tmp_path, name, code, longer
):
    assert code in samples()[name]
    file = tmp_path / name
    file.write_bytes(samples()[name].replace(code, longer))
    table, _ = records(read_all(file))
    cut = table[table["hs_code"] == "8203200000"]
    assert len(cut)
    assert cut["warnings"].str.contains("hs_shortened").all()
    declared = [json.loads(each)["hs_code"] for each in cut["extra"]]
    assert all(re.sub("[. ]", "", each).startswith("82032000001234") for each in declared)


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith(".xml")])
def test_of_an_element_that_stands_twice_or_is_not_known_nothing_is_lost(tmp_path, name):
    """But for what stands outside a declaration, and in notes, which may name persons."""
    root = etree.fromstring(samples()[name])
    told = []
    for element in list(root.iter("{*}*")):
        around = [xml.local(each) for each in (element, *element.iterancestors())]
        if not DECLARATIONS & {*around} or "IncludedCustomsNote" in around:
            continue
        told.append(f"7{len(told):05d}7")
        if len(element):
            more = etree.SubElement(element, element.tag.replace(around[0], "Remark"))
        elif (element.text or "").strip():
            more = copy.copy(element)
            element.addnext(more)
        else:
            told.pop()
            continue
        more.text = told[-1]
    path = tmp_path / name
    path.write_bytes(etree.tostring(root))
    table, _ = records(read_all(path))
    shown = table.astype(str).to_csv()
    assert [text for text in told if text not in shown] == []
    assert len(told) > 50


@pytest.mark.parametrize("name", NAMES)
def test_a_rejected_row_keeps_its_raw_cells_as_json_or_its_raw_text(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(samples()[name])
    for chunk in read_all(path):
        for each in chunk.rejected:
            assert each.reason
            assert each.line >= 1
            if each.column is not None:
                assert json.loads(each.raw)

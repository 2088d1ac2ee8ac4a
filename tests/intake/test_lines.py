"""Records of a text table, whole, whatever quotes and line breaks do."""

from __future__ import annotations

import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskprofile import intake
from riskprofile.intake import lines, stripping
from riskprofile.intake.lines import Block

CELL = st.text('ab",\n\r ', max_size=6)


def cut(text: bytes, cells: int = 2) -> lines.Records:
    return lines.records(Block(text, 1, True), b",", cells)


@given(st.lists(st.tuples(CELL, CELL), max_size=8))
def test_every_well_formed_record_is_cut_out_whole(rows):
    quoted = [
        ",".join('"' + cell.replace('"', '""') + '"' for cell in row).encode() + b"\n"
        for row in rows
    ]
    found = cut(b"".join(quoted))
    assert found.records == quoted
    assert found.open_quotes == []


@given(
    st.lists(st.sampled_from([b'"', b",", b"\n", b"\r", b"a", b'""', b'",', b'\n"']), max_size=40)
)
def test_nothing_is_lost_of_any_text(parts):
    text = b"".join(parts)
    found = cut(text)
    kept = b"".join(found.records) + b"".join(torn for _, torn in found.open_quotes)
    assert sorted(kept.replace(b"\n", b"").replace(b"\r", b"")) == sorted(
        text.replace(b"\n", b"").replace(b"\r", b"")
    )
    assert found.lines == sorted(found.lines)


@settings(max_examples=150)
@given(st.lists(st.sampled_from(['"', ",", "\n", "a", '""', '",', '\n"', "D,"]), max_size=30))
def test_where_a_block_ends_changes_no_record(parts):
    """Each record is read alike by the fast way, by the careful way, and over any seam."""
    text = "declaration_id,goods_description\n" + "".join(parts) + "\nD9,last\n"
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder) / "sample.csv"
        path.write_text(text, newline="")
        (whole,) = intake.read(path)
        for block in (3, 16):
            patch.setattr(lines, "BLOCK", block)
            (parted,) = intake.read(path)
            assert parted.table.equals(whole.table)
            assert parted.rejected == whole.rejected


def test_a_record_over_more_than_64_kb_is_no_record():
    text = b'1,"' + b"long\n" * 20_000 + b'"\n2,b\n'
    found = cut(text)
    assert found.open_quotes[0] == (1, b'1,"long')
    assert found.records[-1] == b"2,b\n"


def test_a_line_without_an_end_is_cut_so_that_memory_stays_flat(monkeypatch):
    monkeypatch.setattr(lines, "MAX_LINE", 1_000)
    monkeypatch.setattr(lines, "BLOCK", 300)
    stream = io.BytesIO(b"a" * 10_000)
    assert max(len(block.data) for block in lines.whole_lines(stream, b"a")) <= 1_300


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("أسلحة نارية وذخائر", "cp1256"),
        ("пистолеты и патроны", "cp1251"),
        ("πιστόλια", "cp1253"),
        ("手枪零件", "gb18030"),
        ("手槍零件", "big5"),
        ("拳銃部品", "shift_jis"),
        ("권총 부품", "cp949"),
        ("pièces détachées", "cp850"),
        ("munición de fusil", "cp850"),
        ("pièces détachées", "mac_roman"),
        ("broń gładkolufowa", "cp1250"),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_line_in_another_encoding_is_set_aside_and_not_read_as_letters(
    tmp_path, text, encoding, kind
):
    path = tmp_path / f"sample.{kind}"
    row = (
        '{{"declaration_id": "{}", "goods_description": "{}"}}\n' if kind == "jsonl" else "{},{}\n"
    )
    head = "" if kind == "jsonl" else "declaration_id,goods_description\n"
    path.write_bytes(
        (head + row.format("D1", text)).encode(encoding) + row.format("D2", "x").encode()
    )
    (chunk,) = intake.read(path)
    assert [each.reason_code for each in chunk.rejected] == ["encoding_unknown"]
    assert chunk.table["declaration_id"].tolist() == ["D2"]


@pytest.mark.parametrize(
    "text",
    [
        "pièces détachées d’armes à feu, créées à Liège – «Œuvres» 12 m³/h",
        "Größe ÄÖ, Öl für Türen, 5 °C ±2, Maß 3½″",
        "munição, não-letal; cañón de fusil — ¿qué?, 50 €",
        "hæð, öryggi, þæfður, hljóðdeyfir, blåøjet, hääyö",
        "þýðing, óþægindi, góðæri, víðátta, síðöld; føðöru",
        "pääöljypumppu, jääöljy; tööõnnetus, jäääär, öölõõm",
        "Gefäßöffner, Süßöl; ÄÖÜ, ÅÄÖ, ÆØÅ",
    ],
)
def test_the_languages_of_western_europe_are_text_in_windows_1252(text):
    made, guessed = lines.utf8_lines(text.encode("cp1252", "ignore"), 1)
    assert guessed == {1}
    assert not lines.is_no_text(made.decode())


@pytest.mark.parametrize("text", ["sığır derisi", "göğüs kılıfı", "ışıldak"])
def test_turkish_in_its_own_encoding_is_no_text_in_windows_1252(text):
    assert lines.is_no_text(text.encode("cp1254").decode("cp1252"))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_is_set_aside_is_named_by_its_number_whatever_separates_the_cells(tmp_path, delimiter):
    path = tmp_path / "sample.csv"
    rows = [
        ["goods_description", "declaration_id", "consignee_name"],
        ["части, прочие", "D1", "Иванов"],
    ]
    quote = '"{}"'.format
    text = "".join(delimiter.join(map(quote, row)) + "\n" for row in rows)
    path.write_bytes(text.encode("cp1251"))
    (chunk,) = intake.read(path)
    assert [(each.reason_code, each.record_id) for each in chunk.rejected] == [
        ("encoding_unknown", "D1")
    ]


def test_of_a_traveller_in_an_unknown_encoding_nothing_is_kept(tmp_path):
    path = tmp_path / "sample.csv"
    text = "crossing_id,crossing_at,name\nC1,2026-11-24T08:00Z,محمد\nC2,2026-11-24T08:00Z,Ann\n"
    path.write_bytes(text.encode("cp1256"))
    (chunk,) = intake.read(path)
    assert [(each.reason_code, each.raw) for each in chunk.rejected] == [
        ("encoding_unknown", stripping.WITHHELD)
    ]


@pytest.mark.parametrize("block", [1, 3, lines.BLOCK])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("end", ["\x1a", "\r\n\x1a", "\n\x1a\n", "\r\n\x1a\r\n\r\n"])
def test_the_end_mark_of_dos_is_no_row_and_in_no_cell(tmp_path, monkeypatch, end, encoding, block):
    monkeypatch.setattr(lines, "BLOCK", block)
    path = tmp_path / "sample.csv"
    rows = "declaration_id,goods_description\nD1,steel\n\x1a\nD2,iron\x1a\nD3,pins"
    path.write_bytes((rows + end).encode(encoding))
    (chunk,) = intake.read(path)
    assert [(each.line, each.reason_code) for each in chunk.rejected] == [(3, "cell_count")]
    assert chunk.table["declaration_id"].tolist() == ["D1", "D2", "D3"]
    assert chunk.table["goods_description"].tolist() == ["steel", "iron\x1a", "pins"]


@pytest.mark.parametrize("block", [64, lines.BLOCK])
@pytest.mark.parametrize("tail", ["", "\nD3,pins\nD4,nuts\n"])
@pytest.mark.parametrize("mark", ["", '"'])
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_line_that_is_too_long_is_one_record_set_aside(
    tmp_path, monkeypatch, block, tail, mark, kind
):
    monkeypatch.setattr(lines, "BLOCK", block)
    monkeypatch.setattr(lines, "MAX_LINE", 1_000)
    path = tmp_path / f"sample.{kind}"
    rows = f"D1,steel\nD2,{mark}{'long, ' * 400_000}{mark}{tail}"
    if kind == "csv":
        path.write_text("declaration_id,goods_description\n" + rows)
    else:
        named = [row.split(",", 1) for row in rows.splitlines()]
        path.write_text(
            "\n".join(json.dumps({"declaration_id": n, "goods_description": g}) for n, g in named)
        )
    (chunk,) = intake.read(path)
    assert chunk.read == (4 if tail else 2)
    [aside] = chunk.rejected
    assert aside.line == (3 if kind == "csv" else 2)
    assert aside.reason_code == ("line_too_long" if kind == "csv" else "json_format")
    assert chunk.table["declaration_id"].tolist() == (["D1", "D3", "D4"] if tail else ["D1"])
    assert (
        chunk.table["line"].tolist()
        == [aside.line - 1, *range(aside.line + 1, aside.line + 3)][: len(chunk.table)]
    )


def test_many_lines_of_old_macs_are_no_line_that_is_too_long(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "BLOCK", 64)
    monkeypatch.setattr(lines, "MAX_LINE", 1_000)
    path = tmp_path / "sample.csv"
    rows = "".join(f"D{number},steel\r" for number in range(9_000))
    path.write_text("declaration_id,goods_description\n" + rows, newline="")
    chunks = list(intake.read(path))
    codes = {each.reason_code for chunk in chunks for each in chunk.rejected}
    assert "line_too_long" not in codes
    assert sum(len(chunk.table) for chunk in chunks) > 8_000

"""JSON Lines: what the line said, never what JSON would make of it."""

from __future__ import annotations

import json
import math
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from riskprofile import intake
from riskprofile.errors import InputError
from riskprofile.intake import Chunk, columns
from riskprofile.intake.cells import Number, as_text, hs_as_text


def read(folder: Path, *lines: str) -> Chunk:
    path = folder / "sample.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    (chunk,) = intake.read(path)
    assert chunk.read == len(chunk.table) + len(chunk.rejected)
    return chunk


def test_numbers_flags_and_lists_reach_their_columns(tmp_path):
    chunk = read(
        tmp_path,
        '{"declaration_id": 7, "goods_description": "a", "value": 0.10, "gift": true,'
        ' "container_numbers": ["A", "B"], "hs_code": 101, "extra": {"x": 1}, "colour": [1, 2.5]}',
    )
    row = chunk.table.iloc[0]
    assert (row["declaration_id"], row["value"], row["gift"]) == ("7", 0.1, True)
    assert (row["container_numbers"], row["hs_code"]) == ("A|B", "0101")
    assert row["extra"] == '{"x": 1, "colour": [1, 2.5]}'
    assert row["warnings"] == "hs_as_number"
    assert chunk.unknown == ("colour",)


@pytest.mark.parametrize("size", [1, 3, 1_000])
def test_how_many_rows_have_a_key_that_fills_no_column_does_not_depend_on_chunks(tmp_path, size):
    rows = [
        json.dumps({"declaration_id": f"D{row}", "goods_description": "a"} | more)
        for row, more in enumerate([{}, {"colour": "red"}, {"colour": ""}, {"size": 3}] * 5)
    ]
    (tmp_path / "sample.jsonl").write_text("\n".join(rows))
    under: Counter[str] = Counter()
    for chunk in intake.read(tmp_path / "sample.jsonl", chunk_rows=size):
        under.update(chunk.under)
    assert under == {"colour": 5, "size": 5}


@pytest.mark.parametrize(
    "line",
    [
        '{"declaration_id": "D2", "goods_description": "b"',
        "[1, 2]",
        "7",
        '{"declaration_id": "D2", "declaration_id": "D3", "goods_description": "b"}',
        '{"declaration_id": "D2", "goods_description": "\\ud800"}',
        "[" * 100_000,
    ],
)
def test_a_line_that_is_no_object_is_set_aside_with_its_number(tmp_path, line):
    good = '{"declaration_id": "D1", "goods_description": "a"}'
    chunk = read(tmp_path, good, "", line, good)
    assert chunk.table["line"].tolist() == [1, 4]
    (rejection,) = chunk.rejected
    assert (rejection.line, rejection.reason_code) == (3, "json_format")
    assert rejection.raw == line[:20_000]


@pytest.mark.parametrize("number", ["1e309", "NaN", "Infinity", "-1"])
def test_numbers_that_cannot_be_are_set_aside(tmp_path, number):
    chunk = read(
        tmp_path, f'{{"declaration_id": "D1", "goods_description": "a", "value": {number}}}'
    )
    assert [each.column for each in chunk.rejected] == ["value"]
    assert number in chunk.rejected[0].raw


def test_headings_in_other_languages_are_known(tmp_path):
    chunk = read(tmp_path, '{"报关单号": "D1", "商品名称": "椅子", "毛重": "12.5", "value": null}')
    assert chunk.table["gross_mass_kg"].tolist() == [12.5]
    assert chunk.table["value"].tolist() == [pytest.approx(float("nan"), nan_ok=True)]
    assert chunk.table["warnings"].tolist() == [pd.NA]


def test_objects_without_the_mandatory_keys_are_an_error(tmp_path):
    with pytest.raises(InputError, match="no column for declaration_id"):
        read(tmp_path, '{"goods_description": "a", "value": 1}')


# ------------------------------------------------------------------ many lines at once


def alone(line: str) -> dict[str, Any] | None:
    """The object on a line, by the grammar alone."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len({key for key, _ in pairs}) == len(pairs)
        return dict(pairs)

    try:
        found = json.loads(
            line, object_pairs_hook=once, parse_float=Number, parse_int=Number,
            parse_constant=Number,
        )  # fmt: skip
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, AssertionError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def plain(value: Any) -> Any:
    if isinstance(value, Number):
        number = float(value) if value not in ("NaN", "Infinity", "-Infinity") else math.nan
        if not math.isfinite(number) or len(value) > 15:
            return str(value)
        return int(value) if value.lstrip("-").isdigit() else number
    if isinstance(value, list):
        return [plain(each) for each in value]
    return {key: plain(each) for key, each in value.items()} if isinstance(value, dict) else value


def cells(record: dict[str, Any]) -> dict[str, str]:
    """The cells of one object, key by key: what a column means, `extra`, and warnings."""
    kinds = columns.layout("shipment").by_name
    ours = {"source", "line"} <= record.keys()
    told = record.get("warnings") if ours else None
    if isinstance(told, list) and not any(isinstance(x, (list, dict)) for x in told):
        told = "|".join(filter(None, map(as_text, told)))
    elif isinstance(told, (list, dict)):
        told = json.dumps(plain(told), ensure_ascii=False)
    warnings = (as_text(told) or "").split("|")
    made: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for key in sorted(record, key=lambda key: key not in kinds):
        if ours and key in ("source", "line", "warnings"):
            continue
        value = record[key]
        name = key if key in kinds else columns.column_of(key, "shipment")
        if not name or name in made:
            if value not in (None, ""):
                extra[key] = plain(value)
        elif name == "hs_code" and isinstance(value, Number):
            made[name], warning = hs_as_text(value)
            warnings.append(warning)
        elif name == "extra" and isinstance(value, dict):
            made[name] = None
            extra = {**plain(value), **extra}
        elif isinstance(value, list) and not any(isinstance(x, (list, dict)) for x in value):
            made[name] = "|".join(filter(None, map(as_text, value)))
        elif isinstance(value, (list, dict)):
            made[name] = json.dumps(plain(value), ensure_ascii=False)
        else:
            made[name] = as_text(value)
    if extra:
        text = json.dumps(extra, ensure_ascii=False)
        held = made.get("extra")
        try:
            known = json.loads(held) if held else {}
            made["extra"] = json.dumps({**extra, **known}, ensure_ascii=False) if held else text
        except (ValueError, TypeError):
            pass
    made["warnings"] = "|".join(dict.fromkeys(filter(None, warnings)))
    return {name: text for name, text in made.items() if text}


KEYS = [
    "goods_description",
    "hs_code",
    "gross_mass_kg",
    "value",
    "gift",
    "extra",
    "container_numbers",
]
KEYS += [
    "Colour",
    "HS code",
    "Gross weight",
    "commodity",
    "é : x",
    "",
    "source",
    "line",
    "warnings",
]
TEXTS = [
    "",
    "chairs",
    "a : b",
    'say "no":',
    "\\",
    "\n\t",
    "café",
    "стулья",
    '{"k": 1}',
    "zone_assumed",
]
SCALARS = st.sampled_from(
    ["7", "-0", "0.10", "1e309", "9" * 20, "NaN", "-Infinity", "true", "null"]
)
VALUES = st.one_of(
    st.sampled_from(TEXTS).map(json.dumps),
    st.text(max_size=5).map(lambda each: json.dumps(each, ensure_ascii=False)),
    SCALARS,
    st.lists(SCALARS, max_size=2).map(lambda each: f"[{', '.join(each)}]"),
    st.sampled_from(
        ['{"a": 1, "b": [2, {"c": "x"}]}', '{"a" : ""}', "[[1]]", "{}", '{"a":1,"a":2}']
    ),
)
OBJECTS = st.lists(st.tuples(st.sampled_from(KEYS), VALUES), max_size=6).map(
    lambda pairs: ", ".join(
        ['"declaration_id": "D"', *(f"{json.dumps(key)}: {value}" for key, value in pairs)]
    ).join("{}")
)
ODD = [
    "", " ", "\x0b", "7", "[]", "{", "}", "]", '{"a": [1', "2]}", '{"a": 1}, {"b": 2}', '{"a": 1}]',
    '{"a": "x', '{"a" : 1, "a"\t: 2}', '{"a": "\\ud800"}', "\ufeff{}", "{} x", "nul",
    '{"a": "\x01"}', " {} ", "[" * 3_000,
    '{"a": ' * 100 + "1" + "}" * 100, '{"a": ' + "[" * 100 + "]" * 100 + "}",
]  # fmt: skip
GOOD = '{"declaration_id": "D", "goods_description": "a"}'


@given(st.lists(st.one_of(OBJECTS, st.sampled_from([*ODD, GOOD])), max_size=12))
@example([GOOD, '{"a": [1', "2]}", '{"a": 1}, {"b": 2}'])
@example(['{"declaration_id": "D", "a": {"b": [1', '2], "c": 3}}', '{"a": 1}, {"b": 2}', GOOD])
def test_many_lines_give_what_each_gives_alone(found):
    texts = ['{"declaration_id": "D", "goods_description": "a", "hs_code": "940370"}', *found]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "one.jsonl"
        path.write_text("\n".join(texts), encoding="utf-8", newline="")
        reader = intake.detect(intake.sources(path)[0])
        (chunk,) = reader.read(intake.sources(path)[0], "shipment", 1_000)
    wanted = {n: alone(text) for n, text in enumerate(texts, 1) if text.strip(" \t\r\n\x0b\x0c")}
    deep = {n for n, each in wanted.items() if each is not None and texts[n - 1].count("[") >= 100}
    aside = {n for n, each in wanted.items() if each is None} | deep
    assert [each.line for each in chunk.rejected] == sorted(aside)
    rows = {}
    for row in chunk.rows.to_pylist():
        line = row.pop("line")
        del row["source"]
        rows[line] = {name: text for name, text in row.items() if text is not None}
    assert rows == {n: cells(each) for n, each in wanted.items() if n not in aside}

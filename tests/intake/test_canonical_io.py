"""Canonical tables written and read back; the quarantine file; cells that would run."""

from __future__ import annotations

import csv
import functools
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from riskprofile import intake
from riskprofile.errors import InputError, Unwritable, UsageError
from riskprofile.intake import Chunk, Rejection, quarantine
from riskprofile.intake.canonical_io import escape_formula, write_canonical
from riskprofile.intake.codes import KNOWN_COUNTRIES, wrong_check_digit
from riskprofile.intake.formulas import unescape_formula
from riskprofile.intake.sensitive import card
from riskprofile.intake.values import LARGEST, TINIEST
from riskprofile.profiles import PROFILES
from riskprofile.profiles.profile import Profile
from riskprofile.tables import REJECTION_COLUMNS, TEXT, ColumnSpec, Table
from tests import factory

FORMATS = (".csv", ".parquet", ".jsonl")


def chunk(table: Table, profile: str = "shipment") -> Chunk:
    return Chunk(profile, table, [], len(table), "csv")


# -- round trips ---------------------------------------------------------------------------

# Text as a canonical table holds it: no NUL, no blank at either end, never empty.
_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12).map(str.strip)
_HARD = st.sampled_from(
    ["NA", "None", "=1+1", "'=1", "-5", "+a", "@x", '"', '""', "a\nb", "a\r\nb", "0101", "1e5"]
)


def _no_card(number: float) -> bool:
    """Of a person's row, a whole number that may be a card's is dropped, as it should be."""
    return not card(str(int(number)))


@functools.cache  # making a strategy takes longer than drawing from it
def _cells(spec: ColumnSpec) -> st.SearchStrategy[Any]:
    low = None if spec.minimum is None else spec.minimum
    by_kind: dict[str, st.SearchStrategy[Any]] = {
        "int": st.integers(int(low or 0), 2**53 - 1).filter(_no_card),
        "float": st.floats(low, LARGEST, allow_nan=False, exclude_min=spec.above)
        .filter(lambda number: not 0 < abs(number) < TINIEST)
        .filter(_no_card),
        "bool": st.booleans(),
        "datetime": st.datetimes(pd.Timestamp("1900-01-01"), pd.Timestamp("2199-12-31")).map(
            lambda at: pd.Timestamp(at, tz="UTC")
        ),
        "date": st.dates(pd.Timestamp("1900-01-01").date())
        .filter(lambda d: d.year < 2200)
        .map(str),
        "choice": st.sampled_from(spec.choices or ("",)),
        "country": st.sampled_from(KNOWN_COUNTRIES.to_pylist()),
        "currency": st.text("ABCXYZ", min_size=3, max_size=3),
        "hs": st.integers(1, 5).flatmap(
            lambda n: st.text("0123456789", min_size=2 * n, max_size=2 * n)
        ),
        "codes": st.lists(st.text("ABC123", min_size=1, max_size=5), min_size=1, max_size=3).map(
            "|".join
        ),
        "json": st.dictionaries(_TEXT, _TEXT, max_size=2).map(
            lambda d: json.dumps(d, ensure_ascii=False)
        ),
    }
    return by_kind.get(spec.kind, (_TEXT | _HARD).filter(bool))


@st.composite
def canonical_tables(draw: st.DrawFn, profile: Profile) -> Table:
    size = draw(st.integers(1, 4))
    must = {name for group in profile.mandatory for name in group}
    filled = draw(st.sets(st.sampled_from(profile.names), max_size=10)) | must
    made: dict[str, pd.Series] = {}
    for spec in profile.columns:
        values: list[Any] = [None] * size
        if spec.name in filled:
            cell = _cells(spec) if spec.name in must else st.none() | _cells(spec)
            values = draw(st.lists(cell, min_size=size, max_size=size))
        if spec.kind == "float":
            made[spec.name] = pd.Series(
                pd.to_numeric(pd.Series(values, dtype=object)), dtype="float64"
            )
        else:
            made[spec.name] = pd.Series(values, dtype=spec.dtype)
    warnings = draw(
        st.lists(st.none() | st.just("zone_assumed|hs_as_number"), min_size=size, max_size=size)
    )
    return pd.DataFrame(made).assign(
        source=pd.Series(["s"] * size, dtype=TEXT),
        line=range(1, size + 1),
        warnings=pd.Series(warnings, dtype=TEXT),
    )


@pytest.mark.parametrize("profile", PROFILES)
def test_written_then_read_is_the_same_table(profile):
    names = PROFILES[profile].names

    @settings(max_examples=25)  # a table takes longer to draw than to write and to read thrice
    @given(canonical_tables(PROFILES[profile]))
    def round_trip(table: Table) -> None:
        for ending in FORMATS:
            same(table, ending)

    def same(table: Table, ending: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"sample{ending}"
            assert write_canonical([chunk(table, profile)], path) == len(table)
            (read,) = intake.read(path)
        assert read.rejected == []
        assert read.unknown == ()
        pd.testing.assert_frame_equal(read.table[names], table[names])
        kept = read.table["warnings"].fillna("").str.split("|")
        for before, after in zip(table["warnings"].fillna("").str.split("|"), kept, strict=True):
            assert set(before) - {""} <= set(after)  # reading may find more: odd times, containers

    round_trip()


def test_codes_of_warnings_are_a_list_in_json_lines_and_read_back(tmp_path):
    path = tmp_path / "sample.jsonl"
    table = factory.shipments(3).assign(warnings=pd.Series([None, "a_b|c", "d"], dtype=TEXT))
    write_canonical([chunk(table)], path)
    told = [json.loads(line).get("warnings") for line in path.read_text("utf-8").splitlines()]
    assert told == [None, ["a_b", "c"], ["d"]]
    path.write_text(path.read_text("utf-8").replace('["d"]', '"d"'), "utf-8")  # as it was before
    (read,) = intake.read(path)
    kept = read.table["warnings"].fillna("").str.split("|")
    assert [set(given or []) <= set(found) for given, found in zip(told, kept, strict=True)] == [
        True, True, True,
    ]  # fmt: skip


@pytest.mark.parametrize("ending", FORMATS)
def test_several_chunks_make_one_file(tmp_path, ending):
    path = tmp_path / f"sample{ending}"
    assert write_canonical([chunk(factory.shipments(2)), chunk(factory.shipments(3))], path) == 5
    (read,) = intake.read(path)
    assert len(read.table) == 5


def test_a_csv_stays_readable_for_people(tmp_path):
    path = tmp_path / "sample.csv"
    write_canonical([chunk(factory.shipments(1, value=0.1, gift=True))], path)
    (row,) = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))
    assert row["lodged_at"] == "2026-11-20T08:00:00Z"
    assert (row["value"], row["gift"], row["hs_code"]) == ("0.1", "true", "940370")


def test_a_dash_is_csv_on_standard_output(capfdbinary):
    write_canonical([chunk(factory.shipments(1))], "-")
    assert capfdbinary.readouterr().out.startswith(b'"declaration_id"')


def test_a_file_that_could_not_be_finished_does_not_appear(tmp_path):
    def broken() -> Any:
        yield chunk(factory.shipments(1))
        raise InputError("is truncated or damaged", where="x")

    with pytest.raises(InputError):
        write_canonical(broken(), tmp_path / "sample.csv")
    assert list(tmp_path.iterdir()) == []


def test_two_kinds_of_declaration_do_not_go_into_one_file(tmp_path):
    both = [chunk(factory.shipments(1)), chunk(factory.travellers(1), "traveller")]
    with pytest.raises(UsageError, match="Convert them to two files"):
        write_canonical(both, tmp_path / "sample.csv")


def test_an_unknown_ending_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"\.csv, \.parquet, \.jsonl"):
        write_canonical([], tmp_path / "sample.doc")


# -- the quarantine file -------------------------------------------------------------------


def test_the_quarantine_has_exactly_the_columns_of_the_contract(tmp_path):
    path = tmp_path / "quarantine.csv"
    rejections = [
        Rejection(
            "a.csv", 2, "hs_format", "hs_code 'x' is not 2 to 10 digits", "D1", "hs_code", "{}"
        ),
        Rejection("a.csv", 3, "cell_count", "2 cells, and the headings name 3", raw="=1+1\n"),
    ]
    assert quarantine.write(path, rejections) == 2
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
    assert rows[0] == list(REJECTION_COLUMNS)
    assert rows[1] == ["a.csv", "2", "D1", "hs_code", "hs_format", rejections[0].reason, "{}"]
    assert rows[2] == ["a.csv", "3", "", "", "cell_count", rejections[1].reason, "'=1+1\n"]


def test_a_carriage_return_in_a_rejected_record_ends_no_row(tmp_path):
    path = tmp_path / "quarantine.csv"
    rejections = [Rejection("a", 1, "x", "why", raw="one\rtwo"), Rejection("a", 2, "x", "why")]
    quarantine.write(path, rejections)
    with path.open(encoding="utf-8", newline="") as file:
        assert [row[-1] for row in csv.reader(file)] == ["raw", "one\rtwo", ""]


def test_a_quarantine_that_cannot_be_written_says_so(tmp_path):
    with pytest.raises(Unwritable, match="cannot be written"):
        quarantine.write(tmp_path / "missing" / "quarantine.csv", [])


# -- formulas ------------------------------------------------------------------------------


@pytest.mark.parametrize("opener", [*"=+-@\t\r\n", "＝", "＋", "－", "＠"])
def test_a_cell_that_a_spreadsheet_would_run_is_written_so_that_it_shows_it(opener):
    assert escape_formula(f"{opener}cmd") == f"'{opener}cmd"


@pytest.mark.parametrize("number", ["-5", "+5.25", "-1e-7", "-.5"])
def test_numbers_stay_numbers(number):
    assert escape_formula(number) == number


@example("-1\n")  # a number and a line break: `$` would call it a number
@given(st.text("'=+-@\t\r\n1.e a＝", max_size=8))
def test_escaping_is_undone_exactly_for_one_text_and_for_columns(text):
    escaped = escape_formula(text)
    assert unescape_formula(escaped) == text
    column = pa.array([text, None], pa.large_string())
    assert escape_formula(column).to_pylist() == [escaped, None]
    assert unescape_formula(escape_formula(column)).to_pylist() == [text, None]


def test_check_digits_of_a_slice_are_those_of_its_rows():
    column = pa.array(["CSQU3054384", "CSQU3054383", "CSQU3054384"], pa.large_string())
    assert wrong_check_digit(column.slice(1)).tolist() == [False, True]

"""Text columns to typed columns: one parser per kind of column, on distinct values.

Each parser takes a column of trimmed text (missing where empty) and gives typed values,
and which rows hold what the column cannot (`faults`) or what is odd (`warnings`). A
value's reading depends on nothing but itself and the conventions of its file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskprofile.intake import codes, times
from riskprofile.intake.conventions import COMMA, POINT, Conventions, readings
from riskprofile.reference import nomenclature
from riskprofile.tables import ColumnSpec

FIRST = 16  # cells of a column that are tried before all of it is
TOO_FAR = 2**53  # from here on a float64 skips whole numbers
# No mass, price or rate is smaller or larger. A quotient of two such cells is still a number:
# an infinite one would stop every row that is read with it.
TINIEST, LARGEST = 1e-30, 1e30


class Value(NamedTuple):
    """What one distinct text means: a value, or a fault; perhaps a warning."""

    value: Any = None
    fault: str = ""
    warning: str = ""


@dataclass
class Parsed:
    """A typed column, and the rows with faults and with warnings, by code."""

    values: pa.Array
    faults: dict[str, np.ndarray] = field(default_factory=dict)
    warnings: dict[str, np.ndarray] = field(default_factory=dict)


def cell_bytes(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """The bytes of a column of text, and where among them each cell begins; the last entry ends it.

    What lies under a missing cell, which is mostly nothing, is among them. To look at these costs
    a hundredth of asking Arrow of each cell.

    >>> cell_bytes(pa.array(["ab", None, "c"], pa.large_string()))
    (array([97, 98, 99], dtype=uint8), array([0, 2, 2, 3]))
    """
    _, bounds, data = column.buffers()
    if data is None or not len(column):
        return np.empty(0, np.uint8), np.zeros(len(column) + 1, np.int64)
    at = np.frombuffer(bounds, np.int64)[column.offset : column.offset + len(column) + 1]
    return np.frombuffer(data, np.uint8)[at[0] : at[-1]], at - at[0] if at[0] else at


def edges(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """First and last byte of every value; where one is empty, those of its neighbours again.

    >>> edges(pa.array(["ab", None, "c"], pa.large_string()))
    (array([97, 99, 99], dtype=uint8), array([98, 98, 99], dtype=uint8))
    """
    some, at = cell_bytes(column)
    first, last = at[: at.searchsorted(len(some))], at[at.searchsorted(0, "right") :]
    return some[first], some[last - 1]


# Lead bytes of the white space beyond ASCII: U+0085, U+00A0; U+1680; U+2000-205F; U+3000.
_SPACE_LEADS = np.array([0xC2, 0xE1, 0xE2, 0xE3], np.uint8)


def trimmed(column: pa.Array) -> pa.Array:
    """Text without white space around it; empty text is missing."""
    if column.null_count == len(column):
        return column
    some, _ = cell_bytes(column)
    # Looking at all bytes costs a twentieth of looking at the edges, that a tenth of trimming.
    if len(some) and (some.min() <= 0x20 or some.max() >= 0x80):
        first, last = edges(column)
        wide = (first >= 0x80).any() and np.isin(first, _SPACE_LEADS).any()
        if wide or first.min() <= 0x20 or last.min() <= 0x20 or last.max() >= 0x80:
            column = pc.utf8_trim_whitespace(column)
    empty = pc.equal(column, pa.scalar("", column.type))
    if pc.any(empty).as_py():
        column = pc.if_else(empty, pa.scalar(None, column.type), column)
    return column


def joined_cells(pieces: Sequence[pa.Array], mark: str) -> pa.Array:
    """The filled cells of each row, joined; missing where all are missing.

    >>> a, b = (pa.array(each, pa.large_string()) for each in (["x", None], ["y", None]))
    >>> joined_cells([a, b], "|").to_pylist()
    ['x|y', None]
    """
    sep = pa.scalar(mark, pa.large_string())
    if any(not piece.null_count for piece in pieces):
        made = pc.binary_join_element_wise(*pieces, sep, null_handling="skip")
        return pc.if_else(pc.equal(made, ""), pa.scalar(None, pa.large_string()), made)
    # A leading "" because Arrow 26 drops rows that are missing in every column.
    empty = pa.scalar("", pa.large_string())
    made = pc.binary_join_element_wise(empty, *pieces, sep, null_handling="skip")
    made = pc.utf8_slice_codeunits(made, len(mark))
    return pc.if_else(pc.equal(made, ""), pa.scalar(None, pa.large_string()), made)


def beside(carried: pa.Array | None, own: pa.Array) -> pa.Array:
    """Warnings that a file carries and those of its reading: codes joined by a bar, each once.

    >>> a, b = (pa.array([each], pa.large_string()) for each in ("x|y", "y|z"))
    >>> beside(a, b).to_pylist(), beside(None, b).to_pylist()
    (['x|y|z'], ['y|z'])
    """
    if carried is None:
        return own
    return on_distinct(
        joined_cells([carried, own], "|"),
        lambda each: Value("|".join(dict.fromkeys(each.split("|")))),
        own.type,
    ).values


def contains(column: pa.Array, *parts: bytes) -> bool:
    """Whether any of `parts` may stand in the column's bytes; a quick no is certain."""
    whole = cell_bytes(column)[0].tobytes()
    return any(part in whole for part in parts)


def on_distinct(column: pa.Array, parse: Callable[[str], Value], dtype: pa.DataType) -> Parsed:
    """Parse each distinct text once, and spread the answers over the rows."""
    encoded = column.dictionary_encode()
    texts = encoded.dictionary.to_pylist()
    read = [parse(text) for text in texts]
    meant = [each.value for each in read]
    as_written = meant == texts and column.type == dtype
    parsed = Parsed(column if as_written else pa.array(meant, dtype).take(encoded.indices))
    rows = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    for codes_of, into in (
        ([each.fault for each in read], parsed.faults),
        ([each.warning for each in read], parsed.warnings),
    ):
        for code in dict.fromkeys(code for code in codes_of if code):
            among = np.array([each == code for each in codes_of] + [False])  # -1: missing
            into[code] = among[rows]
    return parsed


def mostly_sure(
    column: pa.Array,
    sure: str,
    cast: Callable[[pa.Array], pa.Array],
    parse: Callable[[str], Value],
) -> Parsed:
    """`cast` the cells that match `sure`, and parse the others: an odd one makes no other slow."""
    matched = pc.match_substring_regex(column, sure).fill_null(False)
    nothing = pa.scalar(None, column.type)
    read = cast(pc.if_else(matched, column, nothing))
    parsed = on_distinct(pc.if_else(matched, nothing, column), parse, read.type)
    parsed.values = pc.if_else(matched, read, parsed.values)
    return parsed


# -- numbers -------------------------------------------------------------------------------


def _number(text: str, spec: ColumnSpec, conventions: Conventions) -> Value:
    as_point, as_comma = readings(text)
    if as_point is None and as_comma is None:
        return Value(fault="number_format" if text.isascii() else "number_not_ascii")
    chosen = as_comma if as_point is None else as_point
    if as_point and as_comma and float(as_point) != float(as_comma):
        lone_point = "." in text and "," not in text
        if not (lone_point and conventions.point_is_decimal(spec.name)):
            convention = conventions.number(spec.name)
            if convention not in (POINT, COMMA):
                return Value(fault="number_ambiguous")
            chosen = as_point if convention == POINT else as_comma
    assert chosen is not None
    value = float(chosen)
    if not np.isfinite(value) or (value == 0 and re.search("[1-9]", chosen.split("e")[0])):
        return Value(fault="number_out_of_range")
    return Value(value)


def _bounds(spec: ColumnSpec, values: np.ndarray) -> dict[str, np.ndarray]:
    faults: dict[str, np.ndarray] = {}
    with np.errstate(invalid="ignore"):
        if spec.minimum is not None:
            low = values <= spec.minimum if spec.above else values < spec.minimum
            if low.any():
                faults["number_out_of_range"] = low
        if spec.maximum is not None and (high := values > spec.maximum).any():
            faults["number_out_of_range"] = high | faults.get("number_out_of_range", high)
        if spec.kind == "float":
            size = np.abs(values)
            no_measure = ((size > 0) & (size < TINIEST)) | (size > LARGEST)
            if no_measure.any():
                faults["number_out_of_range"] = no_measure | faults.get(
                    "number_out_of_range", no_measure
                )
        if spec.kind == "int":
            far = np.abs(values) >= TOO_FAR
            part = (values != np.floor(values)) & ~np.isnan(values) & ~far
            if far.any():
                faults["number_out_of_range"] = far | faults.get("number_out_of_range", far)
            if part.any():
                faults["number_not_whole"] = part
    return faults


# A number that no convention reads otherwise: what Arrow and `_number` read alike.
_ONE_READING = r"^[0-9]{1,15}(\.([0-9]{1,2}|[0-9]{4,12}))?$"


def numbers(column: pa.Array, spec: ColumnSpec, conventions: Conventions) -> Parsed:
    """Floats and whole numbers, within the bounds of their column."""
    parsed: Parsed | None = None
    if conventions.point_is_decimal(spec.name, column):
        try:  # Arrow's grammar is ours but for inf and nan, and for what becomes 0 or inf
            floats = column.cast(pa.float64())
        except pa.ArrowInvalid:
            pass
        else:
            values = floats.to_numpy(zero_copy_only=False)
            odd = (~np.isfinite(values) | (values == 0)) & np.asarray(column.is_valid())
            if not odd.any() or _plain(column.filter(pa.array(odd))):
                parsed = Parsed(floats)
    if parsed is None:
        parsed = mostly_sure(
            column,
            _ONE_READING,
            lambda each: each.cast(pa.float64()),
            lambda text: _number(text, spec, conventions),
        )
    values = parsed.values.to_numpy(zero_copy_only=False).astype("float64")
    for code, rows in _bounds(spec, values).items():
        parsed.faults[code] = rows | parsed.faults.get(code, rows)
    if spec.kind == "int":
        bad = np.isnan(values)
        for rows in parsed.faults.values():
            bad = bad | rows
        parsed.values = pa.array(np.where(bad, 0, values).astype("int64"), mask=bad)
    return parsed


def _plain(odd: pa.Array) -> bool:
    """Whether all that came out as 0, infinite or not a number is a written 0."""
    zero = pc.match_substring_regex(odd, r"^[+-]?[0.]+(?:[eE][+-]?[0-9]+)?$")
    return bool(pc.all(zero).as_py())


# -- times ---------------------------------------------------------------------------------


_UTC = pa.timestamp("us", "UTC")
# A day that every year has, in ISO form: its own reading. With a time and an offset after it,
# what Arrow and `times.read` read alike.
_DAY = (
    r"^(19|20|21)\d\d-((0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])|(0[13-9]|1[0-2])-(29|30)"
    r"|(0[13578]|1[02])-31)"
)
_SURE = _DAY + r"[T ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(Z|[+-](0\d|1[0-4]):[0-5]\d)$"


def _moments(column: pa.Array, dtype: pa.DataType = _UTC) -> pa.Array:
    return column.cast(dtype).cast(pa.int64())


def datetimes(column: pa.Array, spec: ColumnSpec, conventions: Conventions) -> Parsed:
    """Times in microseconds since 1970; `"naive"` in `warnings` marks rows without a zone."""
    for dtype, naive in ((_UTC, False), (pa.timestamp("us"), True)):
        try:  # all with an offset, or all without: Arrow reads both at full speed
            column[:FIRST].cast(dtype)  # it says of every cell why it cannot: so a few first
            values = _moments(column, dtype)
        except pa.ArrowInvalid:
            continue
        parsed = Parsed(values)
        if naive:
            parsed.warnings["naive"] = np.asarray(column.is_valid())
        break
    else:

        def parse(text: str) -> Value:
            moment, zoned, fault = times.read(text, lambda: conventions.date(spec.name))
            return Value(moment, fault, "" if zoned or fault else "naive")

        parsed = mostly_sure(column, _SURE, _moments, parse)
    values = parsed.values.fill_null(times.EARLIEST).to_numpy(zero_copy_only=False)
    out = (values < times.EARLIEST) | (values >= times.LATEST)
    if out.any():
        parsed.faults["date_out_of_range"] = out
    return parsed


def dates(column: pa.Array, spec: ColumnSpec, conventions: Conventions) -> Parsed:
    """Calendar dates as ISO text; a time of day beside them is dropped."""

    def parse(text: str) -> Value:
        moment, _, fault = times.read(text, lambda: conventions.date(spec.name))
        if moment is None:
            return Value(fault=fault)
        if not times.EARLIEST <= moment < times.LATEST:
            return Value(fault="date_out_of_range")
        return Value(times.written_date(text, moment))

    return mostly_sure(column, _DAY + "$", lambda each: each, parse)


# -- text and codes ------------------------------------------------------------------------


LOST = "digits_lost"
_POWER = r"^[0-9](?:[.,][0-9]+)?[eE]\+[0-9]{2}$"


def _sound(column: pa.Array, spec: ColumnSpec) -> Parsed:
    """Text as it is; what holds a NUL byte or is too long is a fault.

    `2.02611E+17` is a long number of which a spreadsheet kept the first digits. All numbers
    that begin alike look so: it is missing, with a warning, and no two are taken for one.
    One that shows as many digits as it has lost none: `2.02611240001E+11`.
    """
    parsed = Parsed(column)
    some, at = cell_bytes(column)
    if not len(some):
        return parsed
    if spec.longest and np.diff(at).max() > spec.longest:
        far = pc.fill_null(pc.greater(pc.utf8_length(column), spec.longest), False)
        rows = far.to_numpy(zero_copy_only=False).copy()
        if spec.kind == "codes":
            for row in np.flatnonzero(rows):
                rows[row] = max(map(len, column[int(row)].as_py().split("|"))) > spec.longest
        if rows.any():
            parsed.faults["text_too_long"] = rows
    if not some.min():
        rows = np.asarray(pc.match_substring(column, "\0").fill_null(False))
        if rows.any():
            parsed.faults["nul_byte"] = rows
    whole = some.tobytes()
    if b"+" in whole and (b"E+" in whole or b"e+" in whole):  # the first is found soonest
        powers = pc.unique(column.filter(pc.match_substring_regex(column, _POWER))).to_pylist()
        cut = [each for each in powers if len(each) - len("2.E+11") < int(each[-2:])]
        if cut:
            lost = pc.is_in(column, pa.array(cut, column.type))
            parsed.values = pc.if_else(lost, pa.scalar(None, column.type), column)
            parsed.warnings[LOST] = np.asarray(lost)
    return parsed


def text(column: pa.Array, spec: ColumnSpec, conventions: Conventions) -> Parsed:
    """Text as declared: `NONE` and `NA` are text."""
    return _sound(column, spec)


def joined(column: pa.Array, spec: ColumnSpec, conventions: Conventions) -> Parsed:
    """Codes joined by a vertical bar, whatever separated them."""
    first, last = edges(column)
    untidy = contains(column, b",", b";", b"\n", b"| ", b" |", b"||", b">")
    if untidy or (first == ord("|")).any() or (last == ord("|")).any():
        column = on_distinct(column, _apart, column.type).values
    parsed = _sound(column, spec)
    if spec.name == "container_numbers":  # ISO 6346
        parsed.values = codes.containers_tidied(parsed.values, cell_bytes(parsed.values)[0])
        wrong = codes.wrong_check_digit(parsed.values)
        if wrong.any():
            parsed.warnings["container_check_digit"] = wrong
    return parsed


def _apart(text: str) -> Value:
    """Codes joined by a vertical bar; the comma of `1,23E+17` is that of a number."""
    return Value(text if re.fullmatch(_POWER, text) else codes.bar_joined(text))


def currencies(column: pa.Array, spec: ColumnSpec, conventions: Conventions) -> Parsed:
    """ISO 4217 codes; one that the standard does not list warns."""
    return on_distinct(column, lambda each: Value(*codes.currency(each)), pa.large_string())


def hs(column: pa.Array, spec: ColumnSpec, conventions: Conventions) -> Parsed:
    """HS codes as digits; one that the nomenclature does not hold warns.

    Twelve digits are a code where the nomenclature holds it, else the number of something else.
    """

    def parse(each: str) -> Value:
        code, fault, warning = codes.hs(each)
        if warning == codes.HS_SHORTENED and not nomenclature.known(code or ""):
            return Value(fault="hs_format")
        return Value(code, fault, warning)

    tidy = codes.hs_is_tidy(*cell_bytes(column))
    parsed = Parsed(column) if tidy else on_distinct(column, parse, pa.large_string())
    shared = pc.utf8_slice_codeunits(parsed.values, 0, nomenclature.SPECIFIC)
    listed = nomenclature.texts()
    others = [code for code in pc.unique(shared).to_pylist() if code and code not in listed]
    if strange := [code for code in others if not nomenclature.known(code)]:
        rows = pc.is_in(shared, value_set=pa.array(strange, shared.type))
        parsed.warnings["hs_unknown"] = np.asarray(rows)
    return parsed


def countries(column: pa.Array, spec: ColumnSpec, conventions: Conventions) -> Parsed:
    """ISO 3166 alpha-2 codes."""
    if codes.countries_are_known(*cell_bytes(column)):
        return Parsed(column)
    return on_distinct(column, lambda each: Value(*codes.country(each)), pa.large_string())


def choices(column: pa.Array, spec: ColumnSpec, conventions: Conventions) -> Parsed:
    """One of the words of the column, or a known other name of it."""
    words = codes.choice_words(spec.name, spec.choices)

    def parse(each: str) -> Value:
        found = words.get(codes.folded(each))
        return Value(found) if found else Value(fault="choice_unknown")

    return on_distinct(column, parse, pa.large_string())


def flags(column: pa.Array, spec: ColumnSpec, conventions: Conventions) -> Parsed:
    """Yes or no, in the languages of the header table."""

    def parse(each: str) -> Value:
        found = codes.BOOLEANS.get(codes.folded(each))
        return Value(fault="bool_format") if found is None else Value(found)

    return on_distinct(column, parse, pa.bool_())


def objects(column: pa.Array, spec: ColumnSpec, conventions: Conventions) -> Parsed:
    """JSON objects, kept as text."""

    def refuse(constant: str) -> Any:
        raise ValueError(constant)

    def parse(each: str) -> Value:
        try:
            found = json.loads(each, parse_constant=refuse, parse_int=str, parse_float=str)
        except (ValueError, RecursionError):
            return Value(fault="json_format")
        return Value(each) if isinstance(found, dict) else Value(fault="json_format")

    return on_distinct(column, parse, pa.large_string())


Parser = Callable[[pa.Array, ColumnSpec, Conventions], Parsed]

PARSERS: dict[str, Parser] = {
    "text": text,
    "place": text,
    "codes": joined,
    "int": numbers,
    "float": numbers,
    "bool": flags,
    "datetime": datetimes,
    "date": dates,
    "choice": choices,
    "country": countries,
    "currency": currencies,
    "hs": hs,
    "json": objects,
}

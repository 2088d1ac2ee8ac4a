"""Raw text to the canonical table: typed columns, and rows set aside with reasons.

Whole columns at a time; only a row that is set aside is ever looked at alone. What is
wrong with a row does not depend on the rows beside it.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from riskprofile.errors import InputError
from riskprofile.intake import json_text, times
from riskprofile.intake.cells import as_text, with_point
from riskprofile.intake.codes import HS_SHORTENED
from riskprofile.intake.conventions import EITHER, EITHER_DATE
from riskprofile.intake.reader import RawChunk, Rejection
from riskprofile.intake.values import (
    LOST,
    PARSERS,
    Parsed,
    Value,
    joined_cells,
    on_distinct,
    trimmed,
)
from riskprofile.intake.versions import CANCEL, FUNCTION
from riskprofile.tables import TEXT, TIME, ColumnSpec, Layout, Table

_LARGE = pa.large_string()

# Reason codes, and the sentence that the quarantine shows. `{text}` is the cell.
REASONS: dict[str, str] = {
    "mandatory_missing": "{column} is missing",
    "nul_byte": "{column} holds a NUL byte",
    "text_too_long": "{column} {text} is longer than such a text can be",
    LOST: "{column} {text} is a number that a spreadsheet cut: its last digits are lost",
    "number_format": "{column} {text} is not a number",
    "number_not_ascii": "{column} {text} is not written in the digits 0 to 9",
    "number_out_of_range": "{column} {text} is outside what this column can hold",
    "number_not_whole": "{column} {text} is not a whole number",
    "number_ambiguous": "{column} {text} has two readings, and the file does not show which",
    "date_format": "{column} {text} is not a date and time",
    "date_impossible": "{column} {text} is a day or hour that does not exist",
    "date_ambiguous": "{column} {text} may put the day or the month first, and the file does"
    " not show which",
    "date_out_of_range": "{column} {text} is not between 1900 and 2199",
    "country_format": "{column} {text} is not an ISO 3166 country code",
    "currency_format": "{column} {text} is not an ISO 4217 currency code",
    "hs_format": "{column} {text} is not 2 to 10 digits",
    "hs_as_number": "{column} {text} came as a number that lost its zeros",
    "choice_unknown": "{column} {text} is none of {choices}",
    "bool_format": "{column} {text} is neither yes nor no",
    "json_format": "{column} is not a JSON object",
    "dates_reversed": "{column} {text} lies before the day on which it begins",
    "zone_unknown": "{column} {text} is no IANA time zone",
}
SHOWN = 60  # characters of a cell that a reason quotes
Fault = tuple[str, str, np.ndarray]  # column, reason code, rows


def _text(rows: pa.RecordBatch, name: str) -> pa.Array:
    column = rows[name]
    return column if column.type == _LARGE else column.cast(_LARGE)


def parse(
    raw: RawChunk, profile: Layout, offices: Mapping[str, str] | None = None
) -> tuple[Table, list[Rejection]]:
    """Typed canonical columns of the rows that are sound, and a rejection for each other.

    Parameters
    ----------
    raw : RawChunk
        Text under canonical names; other columns are ignored.
    profile : Layout
        Says the columns, their kinds and bounds, and which are mandatory.
    offices : mapping of str to str, optional
        Office code to IANA time zone. A naive time is in the zone of its row's office,
        else it is read as UTC with the warning `zone_assumed`.

    Returns
    -------
    table : Table
        Every column of the profile in its order, then `source`, `line`, `warnings`
        (codes joined by a vertical bar); index 0 to n - 1.
    rejected : list of Rejection
        One per unsound record: its first faulty column, all faults in `reason`, and the
        raw cells as JSON; a number or day of two readings as the file made it out.
    """
    texts, parsed, faults = _read(raw, profile, offices)
    bad = np.zeros(len(raw.rows), dtype=bool)
    for _, _, rows in faults:
        bad |= rows
    rejected = _rejections(raw.rows, texts, parsed, profile, faults, bad) if bad.any() else []
    return _table(raw, parsed, profile, ~bad), rejected


def told(raw: RawChunk, profile: Layout) -> tuple[Table, list[Fault]]:
    """Every row typed, unsound ones too, and every fault for which `parse` would reject one.

    For who declares and wants to mend: `parse` gives the first faulty column of a record and
    one sentence, this each column, its reason code (of `REASONS`) and its rows. What a cell
    with a fault holds in the table is not to be used.
    """
    _, parsed, faults = _read(raw, profile, None)
    return _table(raw, parsed, profile, np.ones(len(raw.rows), dtype=bool)), faults


def _read(
    raw: RawChunk, profile: Layout, offices: Mapping[str, str] | None
) -> tuple[dict[str, pa.Array], dict[str, Parsed], list[Fault]]:
    """The trimmed text of each column, what it means, and what is wrong with it."""
    size, given = len(raw.rows), raw.rows.schema.names
    texts = {
        spec.name: trimmed(_text(raw.rows, spec.name))
        for spec in profile.columns
        if spec.name in given
    }
    parsed = {
        spec.name: PARSERS[spec.kind](texts[spec.name], spec, raw.conventions)
        for spec in profile.columns
        if spec.name in texts
    }
    _keep_declared(parsed, texts, profile)
    _place_in_time(parsed, profile, offices or {}, size)
    _odd_order(parsed, profile)
    return texts, parsed, _faults(parsed, texts, profile, size)


def _keep_declared(
    parsed: dict[str, Parsed], texts: Mapping[str, pa.Array], profile: Layout
) -> None:
    """An HS code of which the column holds a part stands in `extra` as declared."""
    nothing = Parsed(pa.nulls(0, _LARGE))
    for spec in profile.columns:
        cut = parsed.get(spec.name, nothing).warnings.get(HS_SHORTENED)
        if spec.kind != "hs" or cut is None:
            continue
        whole = pc.if_else(pa.array(cut), texts[spec.name], pa.scalar(None, _LARGE))
        made = json_text.objects({spec.name: whole})
        extra = parsed.setdefault("extra", Parsed(pa.nulls(len(cut), _LARGE)))
        kept = map(json_text.merged, extra.values.to_pylist(), made.to_pylist())
        extra.values = pa.array(kept, _LARGE)


def _place_in_time(
    parsed: dict[str, Parsed], profile: Layout, offices: Mapping[str, str], size: int
) -> None:
    """Bring naive times from the zone of their office to UTC."""
    zones: np.ndarray | None = None
    for spec in profile.columns:
        column = parsed.get(spec.name)
        if spec.kind != "datetime" or column is None:
            continue
        naive = column.warnings.pop("naive", None)
        if naive is None or not naive.any():
            continue
        for code in column.faults:
            naive = naive & ~column.faults[code]
        assumed = naive.copy()
        if offices and profile.office in parsed:
            if zones is None:
                codes = parsed[profile.office].values.to_pylist()
                zones = np.array([offices.get(code or "", "") for code in codes], dtype=object)
            moments = column.values.fill_null(0).to_numpy(zero_copy_only=False).copy()
            for zone in sorted(set(zones[naive]) - {""}):
                rows = naive & (zones == zone)
                moments[rows], unsure = _to_utc(moments[rows], zone)
                assumed &= ~rows
                if unsure.any():
                    twice = column.warnings.setdefault("zone_change_hour", np.zeros(size, bool))
                    twice[np.flatnonzero(rows)[unsure]] = True
            nulls = np.asarray(column.values.is_null())
            column.values = pa.array(moments, mask=nulls)
        if assumed.any():
            column.warnings["zone_assumed"] = assumed


def _to_utc(moments: np.ndarray, zone: str) -> tuple[np.ndarray, np.ndarray]:
    """Local microseconds to UTC; also which fall in the hour that a clock change makes unsure."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InputError(
            f"the office table names the time zone {zone!r}, which does not exist",
            do="Give an IANA zone such as Africa/Nairobi",
        ) from error
    local = pd.DatetimeIndex(moments.view("datetime64[us]"))
    sure = local.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    unsure = np.asarray(sure.isna())
    if unsure.any():  # the first of two, or the end of the gap
        first = np.ones(len(local), dtype=bool)
        sure = local.tz_localize(zone, ambiguous=first, nonexistent="shift_forward")
    return sure.tz_convert("UTC").tz_localize(None).to_numpy("datetime64[us]").view("int64"), unsure


def _odd_order(parsed: dict[str, Parsed], profile: Layout) -> None:
    """Warn of a declaration that was lodged after the goods arrived."""
    lodged, due = parsed.get(profile.time), parsed.get(profile.due)
    if lodged is None or due is None or profile.time == profile.due:
        return
    before = np.asarray(pc.less(due.values, lodged.values).fill_null(False))
    if before.any():
        due.warnings["arrival_before_lodged"] = before


def _faults(
    parsed: Mapping[str, Parsed], texts: Mapping[str, pa.Array], profile: Layout, size: int
) -> list[Fault]:
    faults: list[Fault] = []
    cancels = _cancellations(texts.get("extra"), size)
    for number, group in enumerate(profile.mandatory):
        absent = np.ones(size, dtype=bool)
        for name in group:
            if name in texts:
                absent &= np.asarray(texts[name].is_null())
        if number:  # a cancellation needs to name what it withdraws, and no more
            absent &= ~cancels
        if absent.any():
            faults.append((group[0], "mandatory_missing", absent))
    faults += [
        (name, LOST, parsed[name].warnings[LOST])
        for name in itertools.chain.from_iterable(profile.mandatory)
        if name in parsed and LOST in parsed[name].warnings
    ]
    for name, column in parsed.items():
        faults += [(name, code, rows) for code, rows in column.faults.items() if rows.any()]
    return faults


def _cancellations(extra: pa.Array | None, size: int) -> np.ndarray:
    """Rows whose `extra` says that their message cancels."""
    found = np.zeros(size, dtype=bool)
    if extra is None or extra.null_count == size:
        return found
    hint = pc.match_substring_regex(extra, f'"{FUNCTION}"\\s*:\\s*"{CANCEL}"').fill_null(False)
    for row in np.flatnonzero(hint):
        try:
            said = json.loads(extra[int(row)].as_py())
        except (ValueError, RecursionError):  # a fault of its own
            continue
        found[row] = isinstance(said, dict) and said.get(FUNCTION) == CANCEL
    return found


def _rejections(
    rows: pa.RecordBatch,
    texts: Mapping[str, pa.Array],
    parsed: Mapping[str, Parsed],
    profile: Layout,
    faults: list[Fault],
    bad: np.ndarray,
) -> list[Rejection]:
    """One for each bad row. By column, not by row: a file may hold a hundred thousand of them."""
    at = np.flatnonzero(bad)
    if not len(at):
        return []
    chosen = pa.array(at)
    shown = {name: column.take(chosen) for name, column in texts.items()}
    order = {name: place for place, name in enumerate(profile.names)}
    alternatives = {group[0]: " or ".join(group) for group in profile.mandatory}
    reasons: list[str] = [""] * len(at)
    first: list[tuple[str, str]] = [("", "")] * len(at)
    for name, code, which in sorted(faults, key=lambda fault: order[fault[0]]):
        missing = code == "mandatory_missing"
        before, _, after = (
            REASONS[code]
            .replace("{choices}", ", ".join(profile.by_name[name].choices))
            .replace("{column}", alternatives[name] if missing else name)
            .partition("{text}")
        )
        places = np.flatnonzero(which[at])
        told: Iterator[str]
        if missing:
            told = itertools.repeat(before + after, len(places))
        else:  # the same cell is wrong for the same reason: one sentence each
            said = shown[name].take(pa.array(places)).fill_null("").dictionary_encode()
            sentences = [before + _short(text) + after for text in said.dictionary.to_pylist()]
            told = map(sentences.__getitem__, said.indices.to_pylist())
        for place, reason in zip(places.tolist(), told, strict=True):
            if reasons[place]:
                reasons[place] += "; " + reason
            else:
                reasons[place], first[place] = reason, (name, code)
    key = profile.mandatory[0][0]
    return [
        Rejection(source, line, code, reason, record_id, column, raw)
        for source, line, (column, code), reason, record_id, raw in zip(
            rows["source"].take(chosen).to_pylist(),
            rows["line"].take(chosen).to_pylist(),
            first,
            reasons,
            shown[key].to_pylist() if key in shown else [None] * len(at),
            json_text.objects(_understood(shown, parsed, profile, faults, at))
            .fill_null("{}")
            .to_pylist()
            if shown
            else ["{}"] * len(at),
            strict=True,
        )
    ]


def _understood(
    shown: Mapping[str, pa.Array],
    parsed: Mapping[str, Parsed],
    profile: Layout,
    faults: list[Fault],
    at: np.ndarray,
) -> dict[str, pa.Array]:
    """The cells of rows set aside, with one reading each where their file gave them one.

    Who puts a row right has that row alone: `1.234` was 1234 in its file, and is 1.234 by itself.
    """
    made = dict(shown)
    for name, column in shown.items():
        spec, values = profile.by_name[name], parsed[name].values
        number = spec.kind in ("int", "float")
        if not number and spec.kind not in ("datetime", "date"):
            continue
        either = pc.match_substring_regex(column, EITHER if number else EITHER_DATE)
        sound = np.asarray(pc.and_(either.fill_null(False), values.take(pa.array(at)).is_valid()))
        for other, _, rows in faults:
            sound &= (other != name) | ~rows[at]
        if sound.any():
            found = values.take(pa.array(at[sound])).to_pylist()
            said = pa.array([_one_reading(each, spec) for each in found], _LARGE)
            said = with_point(said) if number else said
            made[name] = pc.replace_with_mask(column, pa.array(sound), said)
    return made


def _one_reading(value: float | str, spec: ColumnSpec) -> str:
    if spec.kind == "datetime":
        return times.iso(int(value))
    return as_text(value) or ""


def _short(text: str) -> str:
    return repr(text if len(text) <= SHOWN else text[: SHOWN - 3] + "...")


def _table(raw: RawChunk, parsed: Mapping[str, Parsed], profile: Layout, kept: np.ndarray) -> Table:
    """All columns of the rows that are kept, at once: one Arrow table, one conversion."""
    size = len(kept)
    made: dict[str, pa.Array] = {}
    for spec in profile.columns:
        column = parsed.get(spec.name)
        made[spec.name] = _typed(spec, None if column is None else column.values, size)
    made["source"] = _text(raw.rows, "source")
    made["warnings"] = _warnings(raw, parsed, size)
    given = pa.table(made)
    if not kept.all():
        given = given.filter(pa.array(kept)).combine_chunks()
    table: Table = given.to_pandas(types_mapper=_DTYPES.get, use_threads=False)
    table.insert(len(table.columns) - 1, "line", raw.rows["line"].to_numpy()[kept])
    return table


# Arrow's own conversion gives whole numbers and flags with missing cells as floats and objects.
_DTYPES = {
    _LARGE: TEXT,
    pa.timestamp("us", "UTC"): TIME,
    pa.int64(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}
_ARROW = {
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "datetime": pa.timestamp("us", "UTC"),
}


def _typed(spec: ColumnSpec, values: pa.Array | None, size: int) -> pa.Array:
    dtype = _ARROW.get(spec.kind, _LARGE)
    return pa.nulls(size, dtype) if values is None else values.cast(dtype)


def _warnings(raw: RawChunk, parsed: Mapping[str, Parsed], size: int) -> pa.Array:
    """Distinct warning codes of each row, joined by a vertical bar, in the order met."""
    found: dict[str, np.ndarray] = {}
    for column in parsed.values():
        for code, rows in column.warnings.items():
            if rows.any():
                found[code] = rows | found.get(code, rows)
    told = "warnings" in raw.rows.schema.names
    given = _text(raw.rows, "warnings") if told else pa.nulls(size, _LARGE)
    if not found:
        return given
    warned = np.logical_or.reduce([*found.values()])
    pieces = [
        pc.if_else(pa.array(rows[warned]), pa.scalar(code, _LARGE), pa.scalar(None, _LARGE))
        for code, rows in found.items()
    ]
    before = given.filter(pa.array(warned))
    joined = joined_cells([before, *pieces], "|")
    if before.null_count < len(before):
        joined = on_distinct(
            joined, lambda each: Value("|".join(dict.fromkeys(each.split("|")))), _LARGE
        ).values
    return pc.replace_with_mask(given, pa.array(warned), joined)

"""Cargo-IMP flight manifests (FFM): one row per line of the manifest.

Dates have a day and a month and no year, and none is guessed: they stay in `extra`.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from riskprofile.intake.cargo_imp_lines import MAX_LINES, Message, Quantity, Segment
from riskprofile.intake.cargo_imp_parts import (
    COMMON_ROW,
    FLIGHT,
    Values,
    customs,
    only,
    reject,
    waybill,
)
from riskprofile.intake.rows import Gather, journey, one_line

# column: where it comes from. A row holds what this table names, and nothing else.
MANIFEST_ROW = COMMON_ROW | {
    "declaration_id": "waybill, flight, day: a flight may carry a part of a waybill",
    "transport_document": "line: waybill",
    "carrier": "second line: first two characters of the flight",
    "conveyance": "second line: flight",
    "port_of_loading": "second line: airport",
    "port_of_discharge": "the line of unloading above",
    "route": "origin of the waybill, the flight, its destination",
    "package_count": "line: pieces on this flight",
    "gross_mass_kg": "line: behind K or L",
    "volume_m3": "line: behind MC, CF, CC, CI",
    "goods_description": "line: text",
}
END = frozenset({"LAST", "CONT"})  # of a manifest; of one whose next part follows
_UNLOADING = re.compile(r"([A-Z]{3})(?:/(?:NIL|\d\d[A-Z]{3}.*))?")
_HANDLING = re.compile(r"[A-Z]{3}(?:/[A-Z]{3})*")


def manifest(rows: Gather, message: Message) -> None:
    """Add a row for each line; a manifest that is cut is one rejection."""
    head = message.segments[0].lines[0].fields if message.segments else []
    flight = FLIGHT.fullmatch(head[1]) if len(head) > 3 else None
    if flight is None:
        reject(rows, message, "cargo_imp_no_flight", "the second line holds no flight")
        return
    code, day = "".join(flight.groups()), head[2][:5]
    key = f"{code}/{day}"
    if message.segments[-1].lines[0].text not in END:
        reject(rows, message, "cargo_imp_cut", "the manifest has no line LAST or CONT", key)
        return
    shared: Values = {
        "transport_mode": "air",
        "carrier": flight[1],
        "conveyance": code,
        "port_of_loading": head[3] or None,
    }
    unloading: Values = {}
    unit, lines = "", 0
    above: list[str] = []  # behind no waybill, for the next one
    behind = False
    # A long manifest comes in several messages, perhaps in files of their own, which count on.
    part = int(head[0]) if re.fullmatch("[1-9][0-9]?", head[0]) else 1
    before = MAX_LINES * (part - 1)
    counts: Counter[str] = Counter()
    segments = message.segments[1:-1]
    for at, segment in enumerate(segments):
        line = segment.lines[0]
        if segment.tag == "ULD":
            unit, behind = line.text, False
        elif not segment.tag and (found := waybill(line)):
            lines += 1
            counts[found[0]] += 1
            values = {**shared, **unloading, "item_number": str(before + counts[found[0]])}
            values["declaration_id"] = f"{found[0]}/{key}"
            extra: dict[str, Any] = {"flight_date": head[2]}
            if unit:
                extra["unit_load"] = unit
            if above:
                extra["above"], above = above, []
            behind = True
            _load(rows, message, values, extra, found, segments, at)
        elif found_place := _place(segment):
            unloading, unit, behind = {"port_of_discharge": found_place[1]}, "", False
        elif not segment.tag:
            behind = False
            reason = "the line is no waybill and no place"
            rows.reject(
                "cargo_imp_no_waybill", reason, line=segment.place, record_id=key, raw=line.text
            )
        elif not behind:
            above.append(_whole(segment))
    if not lines:
        reject(rows, message, "no_goods_items", "the manifest lists no goods", key)


_BESIDE = frozenset({"ULD", "OSI", "COR", "OCI", "DIM"})  # tags that are no place of unloading


def _whole(segment: Segment) -> str:
    """The line of a segment as it stood, tag and all."""
    text = segment.lines[0].text
    return f"{segment.tag}/{text}" if segment.tag and text else segment.tag or text


def _place(segment: Segment) -> re.Match[str] | None:
    """Whether a line is one of unloading: an airport, alone or with NIL or its day."""
    return None if segment.tag in _BESIDE else _UNLOADING.fullmatch(_whole(segment))


def _load(
    rows: Gather,
    message: Message,
    values: Values,
    extra: dict[str, Any],
    found: tuple[str, str | None, str | None, Quantity, str],
    segments: list[Segment],
    at: int,
) -> None:
    """The row of one line of a manifest, with the segments that stand behind it."""
    number, origin, destination, measured, text = found
    warnings = ["date_without_year"] + (["encoding_guessed"] if message.guessed else [])
    values["transport_document"] = number
    values["route"] = journey(
        (origin, values["port_of_loading"], values.get("port_of_discharge"), destination)
    )
    values |= {
        "package_count": measured.pieces,
        "gross_mass_kg": measured.mass,
        "volume_m3": measured.volume,
        "goods_description": one_line(text),
    }
    if measured.pieces is None:
        warnings.append("measure_unreadable")
        extra["line"] = segments[at].lines[0].text
    parts = {"shipment_code": measured.code, "total_pieces": measured.total}
    extra |= {name: part for name, part in parts.items() if part}
    for line in segments[at].lines[1:]:
        name = "sph" if _HANDLING.fullmatch(line.text) else "onward"
        extra.setdefault(name, []).append(line.text)
    notes = []
    for segment in segments[at + 1 :]:
        if segment.tag in ("", "ULD") or _place(segment):
            break
        if segment.tag == "OCI":
            notes.append(segment)
        else:
            extra.setdefault(segment.tag.lower(), []).extend(line.text for line in segment.lines)
    customs(values, extra, notes)
    place = segments[at].place
    rows.row(only(values, MANIFEST_ROW), line=place, warnings=warnings, extra=extra)

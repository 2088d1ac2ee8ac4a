"""What Cargo-IMP messages share: waybill lines, parties, amounts, customs information."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from riskprofile.intake.cargo_imp_lines import (
    WAYBILL,
    Line,
    Message,
    Quantity,
    Segment,
    party,
    quantity,
)
from riskprofile.intake.rows import Gather, number, one_line

Values = dict[str, str | None]

# Party segments: columns consignor_*, consignee_*; SHP and CNE with NAM, ADR, LOC or lines.
PARTIES = {"SHP": "consignor", "CNE": "consignee"}
# OCI lines by their third part. Others hold persons, telephones, mail and network addresses.
TRADER, LICENCE = "T", "L"
KEPT = frozenset({"D", "E", "ED", "I", "L", "M", "P", "RA", "SM", "SS", "T", "U"})
NO_VALUE = "NCV"
# column: where every message has it from
COMMON_ROW = {
    "item_number": "1; of a manifest the count of lines of this waybill, parts apart",
    "transport_mode": "air",
    "consignor_id": "SHP: account; else OCI with SHP and T",
    "consignor_name": "SHP: NAM, else its first line",
    "consignor_address": "SHP: ADR and LOC, else its further lines",
    "consignor_country": "SHP: coded place",
    "consignor_phone": "SHP: TE",
    "consignee_id": "CNE: likewise",
    "consignee_name": "CNE",
    "consignee_address": "CNE",
    "consignee_country": "CNE",
    "consignee_phone": "CNE",
    "licence_number": "OCI with L",
}
FLIGHT = re.compile(r"([A-Z0-9]{2})\s?(\d{1,4}[A-Z]?)")


def only(values: Values, table: Mapping[str, str]) -> Values:
    """The columns that a table names."""
    return {name: values.get(name) for name in table}


def reject(rows: Gather, message: Message, code: str, reason: str, key: str | None = None) -> None:
    """Set the message aside as a whole."""
    rows.reject(code, reason, line=message.place, record_id=key, raw=message.kind)


PERSONS = frozenset({"CER", "NOM", "OPI"})  # segments that name persons


def keep_others(extra: dict[str, Any], segments: list[Segment], read: frozenset[str]) -> None:
    """Segments that are not `read`, by tag as they stand; those that name persons are dropped."""
    read, known = read | PERSONS, True
    for one in segments:
        if one.tag not in ("NAM", "ADR", "LOC"):  # these are of the party before them
            known = one.tag in read
        if not known and (texts := [line.text for line in one.lines if line.text]):
            extra.setdefault(one.tag.lower() or "lines", []).extend(texts)


def waybill(line: Line) -> tuple[str, str | None, str | None, Quantity, str] | None:
    """Number, origin, destination, quantity and text of a line that begins with a waybill."""
    found = WAYBILL.fullmatch(line.text)
    if not found:
        return None
    number_ = f"{found['prefix']}-{found['serial']}"
    ends = (found["first"], found["second"]) if found["second"] else (None, found["first"])
    measured = quantity(found["quantity"] or "") or Quantity()
    return number_, ends[0], ends[1], measured, found["text"] or ""


def parties(values: Values, segments: list[Segment]) -> None:
    """Shipper, consignee and notify party, with the NAM, ADR, LOC behind each."""
    for at, segment in enumerate(segments):
        if segment.tag not in PARTIES and segment.tag != "NFY":
            continue
        group = [segment]
        for more in segments[at + 1 :]:
            if more.tag not in ("NAM", "ADR", "LOC"):
                break
            group.append(more)
        found = party(group)
        if segment.tag == "NFY":
            values["notify_name"] = found.name
            continue
        column = PARTIES[segment.tag]
        values |= {
            f"{column}_id": found.account,
            f"{column}_name": found.name,
            f"{column}_address": found.address,
            f"{column}_country": found.country,
            f"{column}_phone": found.phone,
        }


def amounts(values: Values, declared: list[Segment], charges: list[Segment]) -> None:
    """`CVD/USD/PP/PP/NVD/1200/XXX`: currency first, value for customs last but one."""
    for one in declared[:1]:
        fields = one.lines[0].fields
        customs = fields[-2] if len(fields) >= 5 else ""
        freight = next(
            (
                part[2:]
                for charge in charges
                for line in charge.lines
                for part in line.fields
                if re.fullmatch(r"WT\d+(?:\.\d*)?", part)
            ),
            None,
        )
        values["value"] = number(customs) if customs not in ("", NO_VALUE) else None
        values["freight_cost"] = freight
        values["currency"] = fields[0] if values["value"] or freight else None


def customs(values: Values, extra: dict[str, Any], segments: list[Segment]) -> None:
    """`OCI/US/CNE/T/1234`: country, subject, kind, content; a blank repeats the line above."""
    kept, dropped = [], 0
    country = subject = ""
    for line in (line for one in segments for line in one.lines):
        fields = [*line.text.split("/", 3), "", "", "", ""]
        country, subject = fields[0] or country, fields[1] or subject
        kind, content = fields[2], one_line(fields[3])
        if kind not in KEPT or not content:
            dropped += 1
        elif kind == TRADER and subject in PARTIES:
            values[f"{PARTIES[subject]}_id"] = content
        else:
            if kind == LICENCE and not values.get("licence_number"):
                values["licence_number"] = content
            kept.append("/".join((country, subject, kind, content)))
    if kept:
        extra["customs_notes"] = kept
    if dropped:
        extra["dropped"] = dropped

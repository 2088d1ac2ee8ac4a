"""IATA Cargo-IMP text: waybill (FWB), house waybills (FHL), flight manifest (FFM).

One row per waybill, house waybill, or line of a manifest. `WAYBILL_ROW` and `HOUSE_ROW`
here, and `MANIFEST_ROW` in `cargo_imp_manifest`, say which segment fills which column.
Text is cut at 15 characters where the format cuts it; TXT holds it whole.

No sample with a licence that allows copying is known: written from published facts of the
Cargo-IMP manual, 32nd edition (FWB/16 and 17, FHL/4 and 5, FFM/8).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from riskprofile.intake.cargo_imp_lines import (
    HEAD,
    KILOGRAMS,
    Message,
    Segment,
    measure,
    messages,
    quantity,
)
from riskprofile.intake.cargo_imp_manifest import manifest
from riskprofile.intake.cargo_imp_parts import (
    COMMON_ROW,
    FLIGHT,
    Values,
    amounts,
    customs,
    keep_others,
    only,
    parties,
    reject,
    waybill,
)
from riskprofile.intake.cargo_xml_parts import commodity
from riskprofile.intake.reader import RawChunk, Source, unread
from riskprofile.intake.rows import Gather, journey, number, one_line

# column: where it comes from. A row holds what its table names, and nothing else.
WAYBILL_ROW = COMMON_ROW | {
    "declaration_id": "first line: number",
    "transport_document": "likewise",
    "port_of_loading": "first line: first three letters behind the number",
    "port_of_discharge": "first line: next three",
    "package_count": "first line: pieces",
    "gross_mass_kg": "first line: behind K or L",
    "volume_m3": "first line: behind MC, CF, CC, CI; else RTD /NV",
    "lodged_at": "ISU: day, month, year",
    "carrier": "RTG: the last carrier; else FLT",
    "conveyance": "FLT: the last flight",
    "route": "RTG between the two ports",
    "goods_description": "RTD /NG and /NC, all lines",
    "hs_code": "RTD /NH, the first",
    "country_of_origin": "RTD /NO",
    "value": "CVD: value for customs, missing when NCV",
    "currency": "CVD",
    "freight_cost": "PPD or COL: WT",
    "notify_name": "NFY",
    "declarant_id": "AGT: IATA number of the agent",
}
HOUSE_ROW = COMMON_ROW | {
    "declaration_id": "HBS: number",
    "house_document": "likewise",
    "transport_document": "MBI",
    "port_of_loading": "HBS: first three letters",
    "port_of_discharge": "HBS: next three",
    "package_count": "HBS: pieces",
    "gross_mass_kg": "HBS: behind K or L",
    "goods_description": "TXT, else HBS",
    "hs_code": "HTS, the first",
    "value": "CVD, as above",
    "currency": "CVD",
}
# Segments of which nothing else is kept; all others stand in `extra`.
WAYBILL_READ = frozenset({"SHP", "CNE", "OCI", "FLT", "RTD", "ISU"})
HOUSE_READ = frozenset({"SHP", "CNE", "OCI", "HBS", "TXT", "HTS"})


class CargoImpReader:
    """Reads Cargo-IMP messages FWB, FHL and FFM."""

    name = "cargo_imp"
    profile = "shipment"

    def claims(self, head: bytes, name: str) -> bool:
        """Whether one of the first lines is the head of a message."""
        lines = head[:2000].decode("latin-1").translate({1: None, 2: None}).splitlines()[:12]
        return any(HEAD.fullmatch(line.strip("\ufeff\xef\xbb\xbf ")) for line in lines)

    def read(self, source: Source, profile: str, chunk_rows: int) -> Iterator[RawChunk]:
        """Rows of every message; one that cannot be told is one rejection."""
        rows = Gather(profile, source, chunk_rows)
        found = False
        for message in messages(source):
            found = True
            if message.long:
                reject(rows, message, "cargo_imp_long", "the message has too many lines")
            else:
                _KINDS[message.kind](rows, message)
            if rows.full:
                yield rows.take()
        if not found:
            raise unread("unread.cargo_imp", source.name, "FWB, FHL and FFM messages are read here")
        yield rows.take()


# -- FWB ---------------------------------------------------------------------------------


def _fwb(rows: Gather, message: Message) -> None:
    first = message.segments[0] if message.segments else None
    found = waybill(first.lines[0]) if first is not None and not first.tag else None
    if first is None or found is None:
        reject(rows, message, "cargo_imp_no_waybill", "the first line holds no waybill number")
        return
    number_, origin, destination, measured, _ = found
    if message.first("RTD") is None:
        reason = "the message ends before it describes the goods"
        reject(rows, message, "cargo_imp_cut", reason, number_)
        return
    warnings = ["encoding_guessed"] if message.guessed else []
    extra: dict[str, Any] = {}
    values: Values = {
        "declaration_id": number_,
        "transport_document": number_,
        "item_number": "1",
        "transport_mode": "air",
        "port_of_loading": origin,
        "port_of_discharge": destination,
        "package_count": measured.pieces,
        "gross_mass_kg": measured.mass,
        "volume_m3": measured.volume,
    }
    if measured.pieces is None:
        warnings.append("measure_unreadable")
        extra["line"] = first.lines[0].text
    issued = message.first("ISU")
    values["lodged_at"] = _issued(issued) if issued is not None else None
    if values["lodged_at"] is None:
        warnings.append("date_unreadable")
    if issued is not None:  # the signature behind day and place is a person's
        extra["isu"] = "/".join(issued.lines[0].fields[:2])
    _journey(values, extra, message)
    _goods(values, extra, warnings, message)
    parties(values, message.segments)
    for agent in message.all("AGT"):
        values["declarant_id"] = ([*agent.lines[0].fields, "", ""])[1] or None
    amounts(values, message.all("CVD"), message.all("PPD") + message.all("COL"))
    customs(values, extra, message.all("OCI"))
    keep_others(extra, message.segments[1:], WAYBILL_READ)
    rows.row(only(values, WAYBILL_ROW), line=message.place, warnings=warnings, extra=extra)


def _issued(segment: Segment) -> str | None:
    """`ISU/08DEC26/PLACE/signature`: the day; the signature is a person's and is dropped."""
    try:
        return datetime.strptime(segment.lines[0].fields[0].title(), "%d%b%y").date().isoformat()
    except ValueError:
        return None


def _journey(values: Values, extra: dict[str, Any], message: Message) -> None:
    stops = [part for one in message.all("RTG") for line in one.lines for part in line.fields]
    places = [stop[:3] for stop in stops if re.fullmatch(r"[A-Z]{3}[A-Z0-9]{0,2}", stop)]
    values["route"] = journey((values["port_of_loading"], *places, values["port_of_discharge"]))
    carriers = [stop[-2:] for stop in stops if re.fullmatch(r"(?:[A-Z]{3})?[A-Z0-9]{2}", stop)]
    booked = [part for one in message.all("FLT") for line in one.lines for part in line.fields]
    flights = [found for part in booked if (found := FLIGHT.fullmatch(part))]
    if flights:
        values["conveyance"] = "".join(flights[-1].groups())
        extra["flights"] = "/".join(booked)  # with the days of departure, which have no month
    named = carriers or [found[1] for found in flights]
    values["carrier"] = named[-1] if named else None


def _goods(values: Values, extra: dict[str, Any], warnings: list[str], message: Message) -> None:
    """The lines of RTD: `/NG/TEXT`, or `/2/NG/TEXT` with the number of the line before it."""
    texts: dict[str, list[str]] = {}
    for one in message.all("RTD"):
        for line in one.lines:
            found = re.match(r"(?:\d{1,2}/)?N([A-Z])/(.*)", line.text)
            if found and (text := one_line(found[2])):
                texts.setdefault(found[1], []).append(text)
            elif not found and line.text:
                extra.setdefault("rtd", []).append(line.text)
    values["goods_description"] = " ".join(texts.pop("G", []) + texts.pop("C", [])) or None
    commodity(values, extra, warnings, texts.pop("H", []))
    origins = texts.pop("O", [])
    values["country_of_origin"] = origins[0] if len(origins) == 1 else None
    if len(origins) > 1:
        extra["origins"] = origins
    if values["volume_m3"] is None and len(texts.get("V", [])) == 1:
        measured = quantity(f"T1{texts['V'][0]}")
        values["volume_m3"] = measured.volume if measured else None
    names = {"D": "dimensions", "V": "volumes", "U": "unit_loads", "S": "load_and_count"}
    extra |= {names.get(letter, f"N{letter}"): said for letter, said in texts.items()}


# -- FHL ---------------------------------------------------------------------------------


def _fhl(rows: Gather, message: Message) -> None:
    """Each further MBI is the master of the houses behind it."""
    heads = [at for at, one in enumerate(message.segments) if one.tag == "MBI"]
    starts = [0, *heads[1:]]
    for at, until in zip(starts, [*starts[1:], None], strict=True):
        _consolidation(rows, message, message.segments[at:until])


def _consolidation(rows: Gather, message: Message, segments: list[Segment]) -> None:
    head = next((one for one in segments if one.tag == "MBI"), None)
    master = waybill(head.lines[0]) if head is not None else None
    if master is None:
        reject(rows, message, "cargo_imp_no_waybill", "no line MBI holds a waybill number")
        return
    starts = [at for at, one in enumerate(segments) if one.tag == "HBS"]
    if not starts:
        reason = "the message lists no house waybill"
        reject(rows, message, "no_goods_items", reason, master[0])
        return
    for at, until in zip(starts, [*starts[1:], None], strict=True):
        _house(rows, message, master[0], segments[at:until])


def _house(rows: Gather, message: Message, master: str, segments: list[Segment]) -> None:
    fields = segments[0].lines[0].fields + [""] * 6
    warnings = ["encoding_guessed"] if message.guessed else []
    extra: dict[str, Any] = {}
    ends = fields[1].ljust(6)
    texts = [line.text for one in segments if one.tag == "TXT" for line in one.lines]
    codes = [line.text for one in segments if one.tag == "HTS" for line in one.lines if line.text]
    mass = re.fullmatch(r"([KL])(\d+(?:\.\d*)?)", fields[3])
    if mass is None:
        warnings.append("measure_unreadable")
        extra["gross_mass_kg"] = fields[3]
    values: Values = {
        "declaration_id": fields[0] or None,
        "item_number": "1",
        "house_document": fields[0] or None,
        "transport_document": master,
        "transport_mode": "air",
        "port_of_loading": one_line(ends[:3]),
        "port_of_discharge": one_line(ends[3:6]),
        "package_count": number(fields[2]),
        "gross_mass_kg": measure(mass[2], KILOGRAMS[mass[1]]) if mass else None,
        "goods_description": one_line(" ".join(texts))
        or one_line("/".join(fields[5:]).rstrip("/")),
    }
    commodity(values, extra, warnings, codes)
    if texts and one_line(fields[5]):
        extra["manifest_text"] = fields[5]
    if fields[4]:
        extra["load_and_count"] = fields[4]
    if handling := [line.text for line in segments[0].lines[1:]]:
        extra["sph"] = handling
    parties(values, segments)
    amounts(values, [one for one in segments if one.tag == "CVD"], [])
    customs(values, extra, [one for one in segments if one.tag == "OCI"])
    keep_others(extra, segments, HOUSE_READ)
    place = segments[0].place
    rows.row(only(values, HOUSE_ROW), line=place, warnings=warnings, extra=extra)


_KINDS: dict[str, Callable[[Gather, Message], None]] = {"FWB": _fwb, "FHL": _fhl, "FFM": manifest}

"""Passenger lists written as carriers send them: UN/EDIFACT PAXLST D.02B, one message a flight."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from riskprofile.intake.tokens import token
from riskprofile.tables import TEXT, Table

SENDER, RECEIVER, REFERENCE = "XTCARRIER", "XMAPIS", "000000001"
FLIGHT = ("carrier", "service_number", "crossing_point", "crossing_at", "route")


def by_document(table: Table) -> Table:
    """The same crossings with persons named as the product names them: by document and issuer."""
    refs = [
        token("person", issuer, number) if isinstance(issuer, str) and isinstance(number, str)
        else given
        for issuer, number, given in zip(
            table["document_issuer"].astype(object), table["document_number"].astype(object),
            table["person_ref"].astype(object), strict=True,
        )
    ]  # fmt: skip
    return table.assign(person_ref=pd.array(refs, dtype=TEXT))


def on_a_list(table: Table) -> pd.Series:
    """Who comes on a passenger list: by air, inbound, on a numbered flight, with a route."""
    inbound = (table["crossing_kind"] == "airport") & (table["direction"] == "entry")
    whole = table[["carrier", "service_number", "route"]].notna().all(axis=1)
    return (inbound & whole).fillna(False).astype(bool)


def as_listed(table: Table) -> Table:
    """Inbound flights as a list describes them: the route ends where the border is crossed."""
    ends = table["route"].str.replace(r"[^|]*$", "", regex=True) + table["crossing_point"]
    listed = on_a_list(table)
    return table.assign(
        route=table["route"].where(~listed, ends),
        crossing_at=table["crossing_at"].where(~listed, table["crossing_at"].dt.floor("min")),
    )


def interchange(table: Table) -> bytes:
    """One interchange with one group; a message for each flight, in order of first sight."""
    flights = table.groupby(list(FLIGHT), sort=False)
    body: list[str] = []
    for number, (_, rows) in enumerate(flights, 1):
        body += _message(number, [_known(row) for row in rows.to_dict("records")])
    day = table["crossing_at"].min()
    sent = f"{day:%y%m%d}:0000"
    segments = [
        f"UNB+UNOB:4+{SENDER}+{RECEIVER}+{sent}+{REFERENCE}++APIS",
        f"UNG+PAXLST+{SENDER}+{RECEIVER}+{sent}+1+UN+D:02B",
        *body,
        f"UNE+{flights.ngroups}+1",
        f"UNZ+1+{REFERENCE}",
    ]
    return "".join(["UNA:+.? '\n", *(f"{segment}'\n" for segment in segments)]).encode("ascii")


def _known(row: Mapping[str, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in row.items() if not pd.isna(value)}


def _message(number: int, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    head = rows[0]
    first, *calls, last = head["route"].split("|")
    reference = f"PAX{number:04d}"
    segments = [
        f"UNH+{reference}+PAXLST:D:02B:UN:IATA",
        "BGM+745",
        f"NAD+MS+++{SENDER} OPERATIONS",
        f"TDT+20+{_safe(head['service_number'])}+++{_safe(head['carrier'])}",
        f"LOC+125+{first}",
        *(f"LOC+92+{call}" for call in calls),
        f"LOC+87+{last}",
        f"DTM+232:{head['crossing_at']:%y%m%d%H%M}:201",
    ]
    for row in rows:
        segments += _traveller(row)
    segments.append(f"CNT+42:{len(rows)}")
    return [*segments, f"UNT+{len(segments) + 1}+{reference}"]


def _traveller(row: Mapping[str, Any]) -> Iterable[str]:
    get = row.get
    given, _, family = str(get("name", "")).rpartition(" ")
    yield f"NAD+FL+++{_safe(family)}:{_safe(given)}"
    for column, before, after in (
        ("sex", "ATT+2++", ""),
        ("born", "DTM+329:", ":102"),
        ("checked_bags", "MEA+CT++:", ""),
        ("bag_mass_kg", "MEA+WT++KGM:", ""),
    ):
        if column in row:
            text = _number(row[column]) if column == "bag_mass_kg" else str(row[column])
            yield f"{before}{text.replace('-', '')}{after}"
    for tag in str(get("bag_tags", "")).split("|"):
        if tag:
            yield f"FTX+BAG+++{_safe(tag)}"
    for column, qualifier in (("residence", "174"), ("origin", "178"), ("destination", "179")):
        if column in row:
            yield f"LOC+{qualifier}+{row[column]}"
    if "nationality" in row:
        yield f"NAT+2+{row['nationality']}"
    if "party_ref" in row:
        yield f"RFF+AVF:{_safe(row['party_ref'])}"
    document = get("document_type", ""), _safe(get("document_number", ""))
    if any(document) or "document_issuer" in row:
        yield f"DOC+{document[0]}:110:111+{document[1]}"
    if "document_issuer" in row:
        yield f"LOC+91+{row['document_issuer']}"


def _number(value: float) -> str:
    return np.format_float_positional(value, trim="-")


def _safe(text: str) -> str:
    """Separators released, the release character first."""
    for mark in "?'+:":
        text = text.replace(mark, f"?{mark}")
    return text

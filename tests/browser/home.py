"""A small home with alerts as the rater would have stored them. All parties are invented."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert
from sqlmodel import SQLModel

from riskprofile.store import office_tables, run_tables
from riskprofile.store.alerts import add
from riskprofile.store.database import Store

OFFICE = "XMPME"
LATER = 310  # declarations that usually still come on a day (`days_before`)
MODEL = "2026.11.2"
DIGEST = "7f3c91ae" + "0" * 56

HOSTILE = (
    '<img src="//outside.invalid/a.png" onerror="document.title=1">'
    "<script>document.title=2</script>"
    " ![t](http://outside.invalid/b.png) :red[**SEIZED**] <style>*{display:none}</style> \u202eevil"
)


def term(name: str, text: str, points: int, value: Any = "", norm: str = "") -> dict[str, Any]:
    """One reason as an alert holds it."""
    return {"term": name, "text": text, "points": points, "value": value, "norm": norm}


PINS = {
    "title": "Steel pin samples, 400 pieces",
    "queue": "trafficking",
    "points": 412,
    "reasons": [
        term("kg_per_unit", "Each piece weighs 10 g", 96, 10.0, "60 to 400 g under HS 7318.24"),
        term("consignee_private", "Samples go to a private address", 71, "", "3 of 100 such loads"),
        term("parcels_address", "3 parcels to this address in 9 days", 64, 3.0, "0 to 1"),
        term("text", "The words “steel pin samples” are rare and name no drawing", 48),
        term(
            "freight",
            "Freight is 0.90 for goods worth 0.12 a piece",
            31,
            [0.9, 0.12],
            "below value",
        ),
        term("pair_age", "These two parties have never traded before", 12),
        term("hour", "Lodged at night", 6),
        term("pack", "Packed in one bag", 4),
    ],
    "against": [
        term("hs_text", "HS code and wording agree", -38, "7318.24"),
        term("advance", "Electronic advance data complete, sent 4 days ahead", -22),
    ],
    "indicators": [
        {
            "key": "E01_parts_as_samples",
            "text": "pins and springs of gun size, sent as samples to a private person",
            "queue": "trafficking",
            "cleared_by": "a drawing number, and a firm as consignee",
            "check": "weigh 10 pieces; are any hollow, drilled or ground?",
        }
    ],
    "goods": "steel pin samples for firing pin kit, no commercial value",
    "hs": "731824",
}
OTHERS = (
    (
        "Household effects, 14 barrels",
        "trafficking",
        398,
        "One barrel weighs 61 kg, the others 22 to 27 kg",
    ),
    (
        "Fuel filter, aluminium",
        "trafficking",
        377,
        "A tube of 310 g without the part number of a maker",
    ),
    ("Karaoke unit, gift", "trafficking", 351, "3.1 kg above the usual weight of such units"),
    (
        "Press for plastics, used",
        "trafficking",
        338,
        "First import of this consignee, and 214 kg above the usual weight",
    ),
    (
        "Doors and sanitary ware",
        "trafficking",
        322,
        "One line holds 71 % of the value; packages weigh 19 to 204 kg",
    ),
    (
        "Machine parts, samples",
        "trafficking",
        301,
        "Three parcels under three names to one address in 11 days",
    ),
    (
        "Sporting pistols, 62 pieces",
        "compliance",
        236,
        "62 pieces declared, 40 left on licence IL-0417",
    ),
    (
        "Plastic goods, 1 container",
        "data_quality",
        148,
        "The check digit of the container number does not fit",
    ),
    ("Furniture, 40 cartons", "trafficking", 141, "New sender on an old route"),
    ("Textile rolls", "compliance", 133, "A document names another consignee"),
)


def fill(
    store: Store,
    now: datetime,
    *,
    many: int = 0,
    hostile: bool = False,
    blind: tuple[str, ...] = (),
    bare: bool = False,
) -> None:
    """Store batches, alerts and quarantined rows.

    Parameters
    ----------
    now : datetime
        Aware; every time in the home lies around it.
    many : int
        Yellow alerts to add beyond the drawn ones.
    hostile : bool
        Put hostile text in every field that a declarant fills.
    blind : tuple of str
        Titles of the alerts that wait for an officer's own view.
    bare : bool
        No alert.
    """
    with store.write() as connection:

        def put(model: Any, **values: Any) -> None:
            connection.execute(insert(model).values(**values))

        put(office_tables.Setting, name="demo", value=True)
        for n, (source, form, counts, state, note) in enumerate(BATCHES):
            read, accepted, quarantined, duplicate, raised = counts
            started = now - timedelta(minutes=12 + 40 * n)
            put(
                run_tables.Batch,
                id=f"b{n}",
                source=source,
                digest=hashlib.sha256(source.encode()).hexdigest(),
                format=form,
                profile="shipment",
                state=state,
                cursor=1,
                read=read,
                accepted=accepted,
                quarantined=quarantined,
                duplicate=duplicate,
                alerts=raised,
                model_version=MODEL,
                model_digest=DIGEST,
                options={"bytes": 180 * (41_200 if state == "running" else read)},
                note=note,
                actor="operator-02",
                started_at=started,
                ended_at=None if state == "running" else started + timedelta(minutes=2),
            )
        for row in kept():
            put(run_tables.Quarantined, batch_id="b1", source=BATCHES[1][0], state="waiting", **row)
        if not bare:
            add(store, connection, alerts(now, many=many, hostile=hostile, blind=blind))


FILLED = (
    "label",
    "item_found",
    "reason_held",
    "outcome",
    "decision",
    "first_view",
    "draft",
    "alert_link",
    "alert",
)
ARMS = ("arms", "arms_gram", "arms_name", "arms_event", "arms_trace", "pack")
FILLED += (
    "snooze",
    "sealed",
    "quarantined",
    "aside",
    "record",
    "chunk",
    "batch",
    "setting",
    "office_day",
)


OFFICES = (
    {"code": OFFICE, "name": "Port Meridia", "zone": "Europe/Paris", "country": "XM"},
    {"code": "XMAIR", "name": "Meridia Airport", "zone": "Europe/Paris", "capacity": 12},
)


def days_before(store: Store, now: datetime) -> None:
    """Two days before today: what they brought came before midnight, or later than it is now."""
    today = now.astimezone(ZoneInfo(OFFICES[0]["zone"])).date()
    with store.write() as connection:
        for back in (1, 2):
            connection.execute(
                insert(office_tables.OfficeDay).values(
                    profile="shipment",
                    office=OFFICE,
                    day=(today - timedelta(days=back)).isoformat(),
                    came={"-9": 200, "200": LATER},  # quarters of an hour: of no clock
                    heights={},
                )
            )


def clear(store: Store) -> None:
    """Take out all that `fill` puts in, and what was done with it."""
    known = SQLModel.metadata.tables
    with store.write() as connection:
        for name in FILLED:
            connection.execute(known[name].delete())
        offices = known["office"]
        for one in OFFICES:
            capacity = int(one.get("capacity", 40))
            connection.execute(
                offices.update().where(offices.c.code == one["code"]).values(capacity=capacity)
            )
        for name in reversed(ARMS):  # finds entered by a test: their numbers come again
            connection.execute(known[name].delete())


BATCHES = (
    ("ENS_20261124_1400.csv", "csv", (25544, 25544, 0, 0, 31), "running", ""),
    ("post_cn23_1124_13.csv", "csv", (6418, 6377, 29, 12, 18), "done", ""),
    ("sad_export_1124.xml", "sad", (2904, 2904, 0, 0, 7), "done", ""),
    (
        "ENS_20261124_1200.csv",
        "csv",
        (38910, 0, 0, 38910, 0),
        "done",
        "same file as an earlier batch",
    ),
    (
        "declarations_1124.xml",
        "wco",
        (1187, 1186, 1, 0, 4),
        "stopped",
        "stopped after chunk 1; --resume goes on",
    ),
)
CELLS = {
    "declaration_id": "",
    "item_number": "1",
    "lodged_at": "2026-11-24T05:10Z",
    "arrival_at": "2026-11-24T18:30Z",
    "customs_office": OFFICE,
    "goods_description": "sewing machine parts",
    "hs_code": "845290",
    "gross_mass_kg": "2.4",
    "quantity": "12",
    "currency": "XAF",
    "value": "84",
}
# Column, what came in it, the code and the sentence of the reader, how many rows; 29 in all.
FAULTS = (
    ("hs_code", "8471A", "hs_format", "is not 2 to 10 digits", 8),
    ("hs_code", "84.71-9", "hs_format", "is not 2 to 10 digits", 3),
    (
        "arrival_at",
        "24.11.2026 25:30",
        "date_impossible",
        "is a day or hour that does not exist",
        9,
    ),
    ("gross_mass_kg", "-0", "number_out_of_range", "is outside what this column can hold", 4),
    ("currency", "XA1", "currency_format", "is not an ISO 4217 currency code", 3),
    ("quantity", "12 pcs", "number_format", "is not a number", 2),
)


def kept() -> list[dict[str, Any]]:
    """Rows that were kept back, as a reader keeps them, in the order of their file."""
    faults = [one for one in FAULTS for _ in range(one[-1])]
    found = []
    for n in range(len(faults)):
        column, came, code, said, _ = faults[n * 7 % len(faults)]  # mixed, as senders do
        record = f"RX40{1930 + 13 * n}XA"
        found.append(
            {
                "line": 118 + 21 * n,
                "record_id": record,
                "column": column,
                "reason_code": code,
                "reason": f"{column} '{came}' {said}",
                "raw": json.dumps({**CELLS, "declaration_id": record, column: came}),
            }
        )
    return found


def alerts(
    now: datetime, *, many: int = 0, hostile: bool = False, blind: tuple[str, ...] = ()
) -> list[dict[str, Any]]:
    """Alert rows, in rank order."""
    drawn: list[dict[str, Any]] = [PINS]
    for title, queue, points, reason in OTHERS:
        drawn.append(
            {
                "title": title,
                "queue": queue,
                "points": points,
                "goods": title.lower(),
                "hs": "392690",
                "reasons": [
                    term("main", reason, points - 150),
                    term("pair_age", "These parties are new to each other", 20),
                ],
                "against": [term("hs_text", "HS code and wording agree", -10)],
                "indicators": [],
            }
        )
    for n in range(many):
        drawn.append(
            {
                "title": f"General goods {n:05d}",
                "queue": "compliance",
                "points": 130 - n % 90,
                "goods": "general goods",
                "hs": "392690",
                "reasons": [term("main", "The wording is too general for its code", 40)],
                "against": [],
                "indicators": [],
            }
        )
    rows = []
    for n, one in enumerate(drawn):
        dirty = HOSTILE if hostile else ""
        record = f"PX-2026-{104417 + 85 * n}"
        lane = "red" if n < 6 else "yellow"
        reasons = [dict(reason, text=reason["text"] + dirty) for reason in one["reasons"]]
        declaration = {
            "declaration_id": record + dirty,
            "item_number": 1,
            "lodged_at": now.isoformat(),
            "procedure": "import",
            "transport_mode": "express",
            "customs_office": OFFICE,
            "consignor_name": "Example Fasteners Ltd" + dirty,
            "consignor_country": "XA",
            "consignee_name": "A. Person" + dirty,
            "consignee_type": "private",
            "consignee_country": "XM",
            "country_of_export": "XA",
            "country_of_destination": "XM",
            "port_of_loading": "XAALD",
            "port_of_discharge": OFFICE,
            "route": "XAALD|XCCVA|XMPME",
            "goods_description": one["goods"] + dirty,
            "hs_code": one["hs"],
            "quantity": 400.0,
            "gross_mass_kg": 4.0,
            "value": 48.0,
            "currency": "USD",
            "freight_cost": 36.0,
            "gift": False,
        }
        rows.append(
            {
                "record_id": record,
                "profile": "shipment",
                "batch_id": "b1",
                "version": 1,
                "office": OFFICE,
                "queue": one["queue"],
                "lane": lane,
                "rank": n + 1,
                "points": one["points"],
                "red_from": 322,
                "yellow_from": 148 if not many else 41,
                "score": 0.41,  # no page shows it: no outcome stands behind it
                "selected_by": "score",
                "probability": None,
                "driver": 1,
                "title": one["title"] + dirty,
                "reasons": reasons,
                "against": one["against"],
                "indicators": [dict(i, text=i["text"] + dirty) for i in one["indicators"]],
                "declaration": [declaration],
                "related": [
                    {
                        "record_id": "PX-2026-104009",
                        "title": "spring set, 90 g" + dirty,
                        "link": "same address",
                        "at": (now - timedelta(days=4)).isoformat(),
                        "lane": "green",
                    },
                    {
                        "record_id": "PX-2026-103771",
                        "title": "steel rod",
                        "link": "same address",
                        "at": (now - timedelta(days=9)).isoformat(),
                        "lane": "green",
                    },
                ]
                if n == 0
                else [],
                "model_version": MODEL,
                "model_digest": DIGEST,
                "state": "open",
                "owner": None,
                "lease_until": None,
                "due_at": now + timedelta(minutes=72 + 55 * n),
                "lodged_at": now - timedelta(hours=5),
                "created_at": now - timedelta(minutes=10 + n),
                "closed_at": None,
                "blind": "waiting" if one["title"] in blind else None,
            }
        )
    return rows

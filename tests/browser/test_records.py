"""A find entered once on the page is in the register, the trace, the return and the trends."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest
from playwright.sync_api import expect
from sqlalchemy import insert, select

from riskprofile.services import arms, feedback, iafq, tracing
from riskprofile.services.identity import OWNER
from riskprofile.store import alert_tables, run_tables, table_bytes
from tests import factory
from tests.browser.test_shift import REASON, button, open_row, press, reference, settled, type_cells

RECORD = "PX-2026-104417"
FOUND = {"part": "frame", "make": "Kestrel", "model": "K-92", "calibre": "9x19", "serial": "KX105"}


def rated(store) -> None:
    """The stored row and feature log that the drawn alert would have had."""
    rows = factory.shipments(1, declaration_id=[RECORD])
    with store.write() as connection:
        alert = (
            connection.execute(
                select(alert_tables.Alert).where(alert_tables.Alert.record_id == RECORD)
            )
            .mappings()
            .one()
        )
        chunk = connection.execute(
            insert(run_tables.Chunk)
            .values(
                batch_id=alert["batch_id"],
                number=990,
                profile=alert["profile"],
                count=1,
                rows=table_bytes.to_bytes(rows),
                features=table_bytes.to_bytes(pd.DataFrame({"kg_per_unit": [0.01]})),
                events=table_bytes.to_bytes(rows),
                kept="full",
            )
            .returning(run_tables.Chunk.id)
        ).scalar_one()
        connection.execute(
            insert(run_tables.Record).values(
                profile=alert["profile"],
                record_id=RECORD,
                item=alert["driver"],
                version=1,
                content=1,
                state="accepted",
                chunk_id=chunk,
                position=0,
                points=412,
                function="original",
            )
        )


@pytest.mark.slow
def test_a_seizure_recorded_once_serves_everyone(served, visit, tmp_path):
    store = served.store()
    rated(store)
    before = arms.search(store, OWNER, datetime.now(UTC), make="Kestrel")
    first = visit("officer-14")
    open_row(first, 0)
    expect(reference(first)).to_have_text(RECORD)
    expect(button(first, "Refer")).to_be_visible()
    press(first, "a")
    expect(first.locator(".st-key-alert_line")).to_contain_text("yours to")
    expect(button(first, "Claim")).to_be_hidden()
    press(first, "i")
    first.get_by_role("dialog").get_by_label("Reason").fill(REASON)
    first.get_by_role("button", name="Record decision").click()
    expect(button(first, "Record outcome")).to_be_visible()
    press(first, "o")
    first.get_by_role("radio", name="Firearms trafficking").click()
    settled(first)
    type_cells(first, *((70, at, one) for at, one in enumerate(["Firearm", *FOUND.values()])))
    button(first, "Opened and counted").click()
    settled(first)
    first.get_by_role("button", name="Send to second person").click()
    expect(first.locator(".rp-strip")).to_contain_text("A second person confirms it")
    second = visit("officer-09", "/second")
    second.get_by_role("button", name="Confirm").click()
    expect(second.locator(".rp-strip")).to_contain_text(f"Confirmed: {RECORD}")

    now = datetime.now(UTC)  # from here on nothing is entered again
    assert before == []
    [hit] = arms.search(store, OWNER, now, serial="KXIO5")
    assert {name: hit.piece[name] for name in FOUND} == FOUND
    package = tracing.request(store, OWNER, hit.number, tracing.Asking("iarms", "NO"), now)
    assert package["sections"]["weapon"]["serial number exactly as marked"] == "KX105"
    assert tracing.as_pdf(package).startswith(b"%PDF")
    told = iafq.export(store, OWNER, now)
    assert told["year"] == now.year
    sdg = told["16.4.2"]
    assert (sdg["value"], sdg["numerator"], sdg["denominator"]) == (0.0, 0, 1)
    tracing.answer(store, OWNER, package["id"], "traced", now)
    assert iafq.export(store, OWNER, now)["16.4.2"]["value"] == 1.0
    learnt = feedback.labels(store, "shipment", OWNER)
    assert learnt[["record_id", "value"]].to_numpy().tolist() == [[RECORD, 1]]
    store.close()

    page = visit("supervisor-03", "/trends")
    month = page.locator("table.rp-t tbody tr").first
    expect(month).to_contain_text(f"{now:%Y-%m}")
    expect(month.locator("td.r")).to_have_text("1")
    expect(page.locator("table.rp-t", has_text="9x19")).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as PDF").click()
    assert saved.value.path().read_bytes().startswith(b"%PDF")
    assert page.foreign == []

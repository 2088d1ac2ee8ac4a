"""The page of sightings, in a real browser."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from playwright.sync_api import expect

from riskprofile.services import identity, registers
from riskprofile.services.settings import CHECKOUT

SAMPLE = CHECKOUT / "data" / "synthetic" / "registers" / "sightings.csv"


def test_bursts_stand_first_and_the_chart_follows_the_place(served, visit, tmp_path: Path):
    given = pd.read_csv(SAMPLE)
    midnight = pd.Timestamp.now(tz="UTC").normalize()
    shift = midnight - pd.Timestamp("2026-11-23", tz="UTC")
    given["at"] = pd.to_datetime(given["at"], utc=True) + shift
    given.to_csv(tmp_path / "sightings.csv", index=False)
    store = served.store()
    registers.load(
        store, identity.OWNER, "sightings", tmp_path / "sightings.csv", datetime.now(UTC)
    )
    store.close()
    page = visit("supervisor-03", "/sightings")
    expect(page.locator(".rp-kpi div", has_text="Bursts")).to_contain_text("1")
    expect(page.locator("[class*=st-key-sightings-list] [role=row]").nth(1)).to_contain_text(
        "-38.375, -18.875"
    )
    expect(page.locator(".rp-h2", has_text="-38.375, -18.875")).to_be_visible()
    assert page.locator("table.rp-t tbody tr").count() == 12  # eleven whole weeks before it
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as CSV").click()
    assert "-38.500,-19.000" in Path(saved.value.path()).read_text("utf-8")
    assert page.foreign == []

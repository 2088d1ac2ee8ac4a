"""What would lower an alert, asked on the page of declarations that a run rated."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import expect
from sqlalchemy import select

from riskprofile.profiles import PROFILES
from riskprofile.scoring.ranking import Capacity
from riskprofile.services import blind, review, settings
from riskprofile.services.identity import OWNER
from riskprofile.services.otherwise import Otherwise, otherwise
from riskprofile.services.rights import Actor
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.store import alert_tables
from riskprofile.words import of
from tests.browser import home
from tests.browser.conftest import Served
from tests.browser.test_shift import button, press, settled
from tests.factory import write
from training.synth import generate


def rated(served: Served, tmp_path: Path) -> tuple[int, Otherwise]:
    """A run of the office's declarations: an alert of it, and what would lower that."""
    told, now = settings.load({}, home=str(served.folder)), datetime.now(UTC)
    store = served.store()
    blind.set_share(store, OWNER, 0.0, now)
    [chunk] = generate("shipment", 120, 23, start="2026-09-01", days=20)
    rows = chunk.table.assign(**{PROFILES["shipment"].office: home.OFFICE})
    options = Options(capacity=Capacity(number=30, random_share=0.0))
    screen(store, told, OWNER, [write(tmp_path / "day.csv", rows)], options, now)
    table, officer = alert_tables.Alert.__table__, Actor("officer-09", "officer", home.OFFICE)
    with store.read() as connection:
        ids = connection.execute(select(table.c.id).order_by(table.c.rank)).scalars().all()
    for one in ids:
        review.alert(store, officer, one, now)
        if found := otherwise(store, told, officer, one, now):
            store.close()
            return one, found[0]
    raise AssertionError("no alert of this run can be lowered")


def test_what_would_lower_an_alert_is_said_when_asked_and_goes_with_it(
    served: Served, visit: Any, tmp_path: Path
) -> None:
    say = of("en")
    served.refill(bare=True)
    alert, answer = rated(served, tmp_path)
    page = visit("officer-14", f"/?alert={alert}")
    expect(button(page, "What would lower it")).to_be_visible()
    note = page.locator(".rp-why .rp-note[role=status]")
    expect(note).to_have_count(0)
    store = served.store()
    with store.write():  # what is asked is counted first: it waits, and the page does not
        press(page, "w")
        awaited = page.locator(".st-key-small_otherwise [role=status]")
        expect(awaited).to_have_text(say("otherwise.awaited"))
        page.get_by_role("tab", name=say("tab.declaration")).click()
        expect(page.get_by_text(say("declaration.value")).first).to_be_visible()
        page.get_by_role("tab", name=say("tab.why")).click()
        expect(note).to_have_count(0)
    store.close()
    expect(note).to_contain_text(
        f"{say(f'field.{answer.column}')}: {say.number(answer.instead)} instead of "
        f"{say.number(answer.declared)}. Then it would be"
    )
    expect(note).to_contain_text(f"({say.number(answer.points)})")
    expect(button(page, "What would lower it")).to_be_hidden()
    press(page, "n")
    settled(page)
    expect(note).to_have_count(0)
    assert page.foreign == []

"""Scorecards and masked records on the page: two people sign, one may go back or pause."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from playwright.sync_api import expect
from sqlalchemy import select

from riskprofile.services import identity, keys, promotion, retention
from riskprofile.services.settings import CHECKOUT
from riskprofile.store import erasure, tables
from tests.browser.conftest import PASSWORD
from tests.browser.test_shift import button, settled
from tests.services.test_promotion import SHIPPED, candidate

ANALYST = identity.Actor("analyst-05", "analyst")


def test_a_scorecard_serves_after_two_people_signed_on_the_page_and_can_be_taken_back(
    served, visit, tmp_path
):
    store = served.store()
    version = f"2027.{datetime.now(UTC):%H%M%S}"
    promotion.propose(
        store, ANALYST, candidate(tmp_path, version), datetime.now(UTC), CHECKOUT / "models"
    )
    for n, (who, home, told) in enumerate(
        (("analyst-05", "/", "needs another person"), ("supervisor-03", "/models", "serves now"))
    ):
        page = visit(who, f"{home}?version={version}")
        password = page.get_by_label("Your password, again")
        password.fill("not the password")
        button(page, "Sign").last.click()
        expect(page.locator(".rp-strip").first).to_contain_text("not your password")
        settled(page)
        password.fill(PASSWORD)
        button(page, "Sign").last.click()
        expect(page.locator(".rp-strip").first).to_contain_text(told)
        known = promotion.known(store, ANALYST, CHECKOUT / "models")
        [mine] = [one for one in known if one.version == version]
        assert (len(mine.signed_by), mine.serves) == (n + 1, n == 1)
    page.get_by_label("Why roll back").fill("officers see nonsense in the first lane")
    button(page, "Roll back").click()
    expect(page.locator(".rp-strip").first).to_contain_text(f"{SHIPPED} serves now")
    [mine] = [
        one
        for one in promotion.known(store, ANALYST, CHECKOUT / "models")
        if one.version == version
    ]
    assert not mine.serves
    # What was promoted once is still in sight, and nobody is asked to sign it.
    strip = page.locator(".rp-strip", has_text="was promoted before: it is not signed again")
    expect(strip).to_be_visible()
    expect(page.get_by_text("promoted before", exact=True)).to_be_visible()
    expect(page.get_by_label("Your password, again")).to_have_count(0)
    store.close()


def test_a_supervisor_pauses_and_resumes_rating_and_an_analyst_cannot(served, visit):
    page = visit("supervisor-03", "/models")
    page.get_by_label("Why pause").fill("labels under review")
    button(page, "Pause rating").click()
    expect(page.locator(".rp-strip").first).to_contain_text("labels under review")
    other = visit("analyst-05")
    expect(other.locator(".rp-strip").first).to_contain_text("labels under review")
    expect(button(other, "Resume rating")).to_be_disabled()
    button(page, "Resume rating").click()
    expect(button(page, "Pause rating")).to_be_visible()


def test_a_masked_record_is_asked_for_by_one_person_and_allowed_by_another(served, visit):
    store, secret = served.store(), keys.key(served.folder, retention.KEY)
    with store.write() as connection:
        asked = select(tables.Alert.id).where(tables.Alert.record_id == "PX-2026-104417")
        alert = connection.execute(asked).scalar_one()
        hidden = json.dumps({"declaration": [], "written": {}}).encode()
        sealed = keys.seal(secret, hidden, f"alert:{alert}")
        erasure.keep_sealed(connection, "alert", alert, sealed)
    store.close()
    page = visit("officer-14", "/masked")
    page.get_by_label("Record").fill("PX-2026-104417")
    page.get_by_label("Case number").fill("CASE-7")
    page.get_by_label("Why (20 characters or more)").fill("the court asks for the sender's name")
    button(page, "Ask").click()
    expect(page.locator(".rp-strip").first).to_contain_text("A supervisor allows it")
    expect(button(page, "Allow for 24 hours").first).to_be_disabled()
    second = visit("supervisor-03", "/masked")
    button(second, "Allow for 24 hours").first.click()
    expect(second.locator(".rp-strip").first).to_contain_text("Allowed for 24 hours")
    page.reload()
    button(page, "Look").first.click()
    expect(page.locator(".rp-strip").first).to_contain_text("removed by retention")

"""Scorecards and masked records on the page: two people sign, one may go back or pause."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime

from playwright.sync_api import expect
from sqlalchemy import select

from riskprofile.scoring import artefact
from riskprofile.scoring.editing import Edit
from riskprofile.services import fitting, identity, keys, promotion, retention, terms
from riskprofile.services.promotion import Gate
from riskprofile.services.settings import CHECKOUT
from riskprofile.store import alert_tables, erasure, office_tables
from tests.browser.conftest import PASSWORD, Served
from tests.browser.home import days_before
from tests.browser.screenshots import GATES
from tests.browser.test_narrow import comes_to
from tests.browser.test_shift import button, press, settled
from tests.services.test_promotion import SHIPPED, candidate

ANALYST = identity.Actor("analyst-05", "analyst")


def test_a_scorecard_serves_after_two_people_signed_on_the_page_and_can_be_taken_back(
    served, visit, tmp_path
):
    store = served.store()
    version = f"2027.{datetime.now(UTC):%H%M%S}"
    gates = [{"name": n, "held": True, "value": v, "bound": b} for n, v, b in GATES]
    first = candidate(tmp_path, version, gates=gates)
    promotion.propose(store, ANALYST, first, datetime.now(UTC), CHECKOUT / "models")
    card = promotion.serving(store, CHECKOUT / "models", "shipment")
    other = candidate(tmp_path, f"{version}-b", base=9, beside=(card.version, card.digest))
    promotion.propose(store, ANALYST, other, datetime.now(UTC), CHECKOUT / "models")
    for n, (who, home, told) in enumerate(
        (("analyst-05", "/", "needs another person"), ("supervisor-03", "/models", "serves now"))
    ):
        page = visit(who, f"{home}?version={version}")
        password = page.get_by_label("Your password, again")
        password.fill("not the password")
        label = ("Sign", "Sign and promote")[n]
        expect(page.locator(".rp-signed")).to_contain_text("waiting")
        button(page, label).last.click()
        expect(page.locator(".rp-strip").first).to_contain_text("not your password")
        expect(page.locator(".rp-strip").first).to_be_in_viewport(ratio=1)  # the form is far below
        settled(page)
        password.fill(PASSWORD)
        button(page, label).last.click()
        expect(page.locator(".rp-strip").first).to_contain_text(told)
        expect(page.locator(".rp-strip").first).to_be_in_viewport(ratio=1)
        known = promotion.known(store, ANALYST, CHECKOUT / "models")
        [mine] = [one for one in known if one.version == version]
        assert (len(mine.signed_by), mine.serves) == (n + 1, n == 1)
        if n == 0:  # and nothing is left that cannot be filled in
            expect(
                page.get_by_text("You have signed it. Another person signs next.")
            ).to_be_visible()
            expect(password).to_have_count(0)
    settled(page)  # while it is drawn anew what was there before stands beside it
    expect(page.locator(".rp-signed")).to_contain_text("analyst-05")
    # The other one was measured beside what served before: it is no candidate any longer.
    terms_page = visit("analyst-05")
    expect(terms_page.get_by_text("Nothing waits to serve")).to_be_visible()
    button(page, f"Roll back to {SHIPPED}").wait_for()
    press(page, "b")
    page.get_by_label("Why roll back").fill("officers see nonsense in the first lane")
    page.get_by_role("button", name="Roll back", exact=True).click()
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
    proposed = office_tables.StoredScorecard.__table__
    with store.write() as connection:  # else the other waits again, in every test after this
        connection.execute(proposed.delete().where(proposed.c.version == f"{version}-b"))
    store.close()


def test_terms_beside_a_candidate_that_one_has_signed_stand_without_scrolling(
    served, visit, tmp_path
):
    store, models = served.store(), CHECKOUT / "models"
    version, now = f"2029.{datetime.now(UTC):%H%M%S}", datetime.now(UTC)
    gates = [{"name": n, "held": True, "value": v, "bound": b} for n, v, b in GATES]
    promotion.propose(store, ANALYST, candidate(tmp_path, version, gates=gates), now, models)
    promotion.sign(store, ANALYST, PASSWORD, "shipment", version, now, models)
    page = visit("analyst-05")
    expect(page.get_by_text("You have signed it")).to_be_visible()
    beyond = """() => { const main = document.querySelector("[data-testid=stMain]");
        return main.scrollHeight - main.clientHeight; }"""
    comes_to(page, beyond, 0, version)
    with store.write() as connection:  # else it waits in every test after this
        connection.execute(office_tables.Approval.__table__.delete())
        proposed = office_tables.StoredScorecard.__table__
        connection.execute(proposed.delete().where(proposed.c.version == version))
    store.close()


def test_an_analyst_edits_a_term_by_keys_sees_what_it_costs_and_takes_it_back(served, visit):
    store = served.store()

    def store_edits() -> list[Edit]:
        card = promotion.serving(store, CHECKOUT / "models", "shipment")
        return terms.kept(store, ANALYST, card)

    page = visit("analyst-05")
    title = page.locator(".st-key-term h2")
    expect(title).to_have_text("Words of the goods description")  # the strongest is open
    expect(page.get_by_role("radio", name="All 270")).to_be_visible()
    page.get_by_placeholder("Find a term").fill("freight costs")
    page.get_by_placeholder("Find a term").press("Enter")
    grid = page.locator("[class*=st-key-list-terms-]:not([data-stale=true])")
    expect(grid.locator("[role=row]")).to_have_count(2)  # its head, and the one that was found
    settled(page)
    grid.click(position={"x": 60, "y": 46})
    expect(title).to_contain_text("Freight costs")
    settled(page)
    press(page, "s")
    expect(page.get_by_role("radio", name="Edited 1")).to_be_visible()
    press(page, "l")  # a term is locked or smoothed, not both
    expect(page.locator(".rp-edits")).to_contain_text("Freight against value: lock")
    assert store_edits() == [Edit("freight_ratio", "lock")]
    points = page.get_by_label("Points", exact=True)
    settled(page)  # what is filled in while a field is drawn anew joins what stood there
    points.fill("12")
    points.press("Enter")
    expect(page.locator(".rp-edits")).to_contain_text("to +12")
    expect(page.locator(".rp-cost")).to_contain_text("After the first fit")
    assert store_edits()[-1] == Edit("freight_ratio", "set", 0, 12)
    page.reload()  # the edits are a draft in the database, not of the page
    expect(page.locator(".rp-edits")).to_contain_text("to +12")
    settled(page)
    for left in (1, 1, 0):
        press(page, "u")
        settled(page)
        expect(page.get_by_role("radio", name=f"Edited {left}")).to_be_visible()
    expect(button(page, "Undo edit")).to_be_disabled()
    assert store_edits() == []
    press(page, "k")
    expect(page.get_by_text("What it is for")).to_be_visible()
    assert page.foreign == []
    store.close()


def fitted(served: Served, version: str, gates: Sequence[Gate], **more: object) -> fitting.Fit:
    """A fit of analyst-05 that came to its end, as its process leaves it in the home."""
    runs = served.folder / fitting.RUNS
    runs.mkdir(exist_ok=True)
    store = served.store()
    card = promotion.serving(store, CHECKOUT / "models", "shipment")
    store.close()
    folder = candidate(
        runs, version, [asdict(one) for one in gates], beside=(card.version, card.digest)
    )
    shutil.rmtree(runs / f"shipment-{version}", ignore_errors=True)
    folder.rename(runs / f"shipment-{version}")
    digest = artefact.digest((runs / f"shipment-{version}" / artefact.MANIFEST).read_bytes())
    made = fitting.Fit(
        "shipment", version, ANALYST.name, datetime.now(UTC).isoformat(), fitting.DONE,
        digest=digest, outcomes=40, finds=9, gates=tuple(gates),
    )  # fmt: skip
    made = replace(made, **more)
    fitting.note(runs / f"shipment-{version}.json", made)
    return made


def test_a_gate_that_stops_is_waived_by_name_and_reason_and_then_stands_so_until_it_serves(
    served, visit
):
    """W on the terms: the form, a reason too short, the fit that it starts, what two people see."""
    version, why = f"2028.{datetime.now(UTC):%H%M%S}", "one ferry line, out of service since May"
    stops = Gate("recall by slice, own outcomes", False, "Air: -11 points", "at most 10 points")
    held = [Gate(name, True, value, bound) for name, value, bound in GATES if name != stops.name]
    fitted(served, version, [stops, *held])
    page = visit("analyst-05")
    gates = page.locator(".rp-gates")
    expect(gates).to_contain_text("1 stops promotion")
    expect(gates).to_contain_text("Air: -11 points")
    expect(button(page, f"Propose {version}")).to_have_count(0)
    press(page, "w")
    why_field = page.get_by_label("Why it may pass")
    expect(why_field).to_be_visible()
    settled(page)
    expect(page.get_by_text("It may pass in your name")).to_be_visible()
    expect(page.get_by_role("combobox", name="Gate")).to_have_value(stops.name)
    let = button(page, "Let it pass and measure again")
    why_field.fill("too short")
    let.click()
    expect(page.locator(".rp-strip").first).to_contain_text("20 characters")
    state = served.folder / fitting.RUNS / f"shipment-{version}.json"
    assert fitting.read(state).state == fitting.DONE and not fitting.read(state).waivers
    settled(page)
    why_field.fill(why)
    let.click()
    expect(page.locator(".rp-strip").first).to_contain_text(f"{version} is being fitted")
    waiver = fitting.Waiver(stops.name, ANALYST.name, why)
    assert fitting.read(state).waivers == (waiver,)
    # No outcome of this home was rated by what serves: the fit says so, and names no gate.
    page.get_by_role("radio", name="Fit", exact=True).click()
    expect(page.get_by_text("✕ failed")).to_be_visible()
    expect(page.get_by_text("is confirmed yet")).to_be_visible()
    # As one leaves it that had outcomes.
    passed = replace(stops, waived_by=waiver.who, waiver=waiver.reason)
    made = fitted(served, version, [passed, *held], waivers=(waiver,))
    page.reload()
    expect(gates).to_contain_text("none stops promotion")
    expect(gates).to_contain_text(f"waived by {ANALYST.name}: {why}")
    button(page, f"Propose {version}").click()
    expect(page.locator(".rp-strip").first).to_contain_text("Two people sign it")
    other = visit("supervisor-03", f"/models?version={version}")
    expect(other.locator(".rp-gates")).to_contain_text(f"waived by {ANALYST.name}: {why}")
    expect(other.locator(".rp-signed")).to_contain_text(made.digest[:4])
    assert page.foreign == other.foreign == []


def test_who_does_not_edit_sees_terms_and_no_button_for_them(served, visit):
    page = visit("supervisor-03", "/models")
    page.get_by_role("radio", name="Terms", exact=True).click()
    expect(page.locator(".st-key-term h2")).to_be_visible()
    expect(button(page, "Smooth")).to_have_count(0)
    expect(button(page, "Undo edit")).to_have_count(0)
    page.get_by_role("radio", name="Watch", exact=True).click()
    expect(page.get_by_text("Analysts see this")).to_be_visible()


def test_a_supervisor_pauses_and_resumes_rating_and_an_analyst_cannot(served, visit):
    page = visit("supervisor-03", "/models")
    page.get_by_label("Why pause").fill("labels under review")
    button(page, "Pause rating").click()
    expect(page.locator(".rp-strip").first).to_contain_text("labels under review")
    other = visit("analyst-05")
    expect(other.locator(".rp-strip").first).to_contain_text("labels under review")
    press(other, "k")
    expect(button(other, "Resume rating")).to_be_disabled()
    button(page, "Resume rating").click()
    expect(button(page, "Pause rating")).to_be_visible()


def test_a_masked_record_is_asked_for_by_one_person_and_allowed_by_another(served, visit):
    store, secret = served.store(), keys.key(served.folder, retention.KEY)
    with store.write() as connection:
        asked = select(alert_tables.Alert.id).where(
            alert_tables.Alert.record_id == "PX-2026-104417"
        )
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


def test_a_name_of_a_fit_that_is_typed_stays_when_another_is_free(served, visit):
    made = []

    def fitted(version: str) -> None:
        gate = Gate("calibration", False, "17 finds, 4 expected", "a chance of at least 0.001")
        at = datetime.now(UTC).isoformat()
        one = fitting.Fit("shipment", version, "analyst-05", at, fitting.DONE, gates=(gate,))
        made.append(served.folder / fitting.RUNS / f"shipment-{version}.json")
        made[-1].parent.mkdir(exist_ok=True)
        fitting.note(made[-1], one)

    fitted("2031.01.1")
    page = visit("analyst-05")
    page.get_by_role("radio", name="Fit", exact=True).click()
    name = page.get_by_label("New version")
    expect(name).to_be_visible()
    settled(page)
    offered = name.input_value()
    name.fill(f"{offered}-air")
    fitted(offered)  # by a colleague
    button(page, "Ask for a waiver").first.click()
    expect(page.get_by_role("heading", name=offered, exact=True)).to_be_visible()
    settled(page)
    expect(name).to_have_value(f"{offered}-air")
    for one in made:
        one.unlink()


def test_a_share_that_is_typed_stays_when_more_comes_to_be_rated_and_a_small_one_is_offered(
    served, visit, tmp_path
):
    store, now = served.store(), datetime.now(UTC)
    days_before(store, now)
    version = f"2030.{now:%H%M%S}"
    promotion.propose(store, ANALYST, candidate(tmp_path, version), now, CHECKOUT / "models")
    page = visit("analyst-05")
    page.get_by_role("radio", name="Compare", exact=True).click()
    share = page.get_by_label("Share selected, %")
    expect(share).to_be_visible()
    settled(page)
    share.fill("7.5")
    day = office_tables.OfficeDay.__table__
    with store.write() as connection:
        connection.execute(day.update().values(came={"0": 900_000}))
    days = page.get_by_label("Days back")
    days.fill("12")
    days.press("Enter")
    settled(page)
    expect(share).to_have_value("7.50")
    page.reload()
    page.get_by_role("radio", name="Compare", exact=True).click()
    expect(share).to_be_visible()  # of 10,000 declarations a few can be examined
    assert 0 < float(share.input_value()) < 0.1
    with store.write() as connection:  # else it waits in every test after this
        proposed = office_tables.StoredScorecard.__table__
        connection.execute(proposed.delete().where(proposed.c.version == version))
    store.close()

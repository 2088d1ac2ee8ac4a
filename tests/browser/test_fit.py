"""From an empty home: 500 outcomes teach a scorecard, two people promote it, the queue shows it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from riskprofile.scoring.ranking import Capacity
from riskprofile.services import identity, review, settings
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.store.alert_tables import Alert, Label
from tests.browser import home
from tests.browser.conftest import PASSWORD, Served, serving, visiting
from tests.browser.test_shift import REASON, button, press
from training.synth import generate

FIRST, SECOND = (
    identity.Actor(name, "officer", home.OFFICE) for name in ("officer-14", "officer-09")
)
OUTCOMES, BY_PAGE = 500, 5
FIT, SLOW = (
    400_000,
    60_000,
)  # milliseconds for a fit, and for a page of 500 alerts, on a busy machine
alerts = Alert.__table__


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("empty"), empty=True) as found:
        yield found


def rate(
    here: Served, folder: Path, rows: int, seed: int, capacity: int, start: str
) -> dict[str, int]:
    """Rate declarations of the generator; what is true of each."""
    told = settings.load({}, home=str(here.folder))
    store = here.store()
    [chunk] = generate("shipment", rows, seed, start=start, days=20)
    table = chunk.table.drop(columns=["source", "line", "warnings"], errors="ignore")
    table["customs_office"] = home.OFFICE  # the office of the people at the pages
    path = folder / f"day{seed}.parquet"
    table.to_parquet(path)
    options = Options(profile="shipment", capacity=Capacity(capacity, None, 0.1))
    screen(store, told, identity.OWNER, [path], options, datetime.now(UTC))
    store.close()
    names = chunk.table["declaration_id"].astype(str)
    return dict(zip(names, chunk.truth["label"].astype(int), strict=True))


def examine(store: Any, alert: int, found: bool) -> None:
    """One outcome through the services: claimed, ordered, recorded, confirmed by another."""
    now = datetime.now(UTC)
    review.alert(store, FIRST, alert, now, purpose="control", looks_an_hour=OUTCOMES)
    review.claim(store, FIRST, alert, now)
    review.decide(store, FIRST, alert, "examine", REASON, now)
    outcome = review.record_outcome(
        store, FIRST, alert, "trafficking" if found else "nothing", now,
        items=[{"kind": "part"}] if found else [], methods=["opened"],
    )  # fmt: skip
    review.confirm_outcome(store, SECOND, outcome, now)


def examine_on_page(first: Page, second: Page, url: str, alert: int) -> None:
    """The same by two people on their pages, where nothing was found."""
    first.goto(f"{url}/?alert={alert}")
    expect(button(first, "Refer")).to_be_visible(timeout=SLOW)
    press(first, "a")
    expect(first.locator(".st-key-alert_line")).to_contain_text("yours to")
    press(first, "i")
    first.get_by_role("dialog").get_by_label("Reason").fill(REASON)
    first.get_by_role("button", name="Record decision").click()
    expect(button(first, "Record outcome")).to_be_visible()
    press(first, "o")
    first.get_by_role("radio", name="Nothing", exact=True).click()
    button(first, "Opened and counted").click()
    first.get_by_role("button", name="Send to second person").click()
    told_on(first, "A second person confirms it")
    second.reload()
    second.get_by_role("button", name="Confirm").click()
    told_on(second, "Confirmed:")


def told_on(page: Page, words: str) -> None:
    """A strip with these words, whatever else must be read on the page."""
    expect(page.locator(".rp-strip", has_text=words).first).to_be_visible(timeout=SLOW)


def view(page: Page, name: str) -> None:
    """One of the views of the scorecards' page."""
    page.get_by_role("radio", name=name, exact=True).click()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_outcomes_teach_a_scorecard_that_two_people_promote_and_the_queue_is_rated_by_it(
    empty: Served, browser: Any, tmp_path: Path
) -> None:
    truth = rate(empty, tmp_path, 1_400, 41, OUTCOMES, "2026-10-01")
    store = empty.store()
    with store.read() as connection:
        rows = connection.execute(
            select(alerts.c.id, alerts.c.record_id).where(alerts.c.lane == "red")
        ).all()
    found = [(alert, truth[record.split("@")[0]] == 1) for alert, record in rows][:OUTCOMES]
    assert len(found) == OUTCOMES
    finds = sum(find for _, find in found)
    by_page = [alert for alert, find in found if not find][:BY_PAGE]
    for alert, find in found:
        if alert not in by_page:
            examine(store, alert, find)
    version = "2027.01.7"
    with visiting(browser, empty) as visit:
        first, second = visit("officer-14"), visit("officer-09", "/second")
        for alert in by_page:
            examine_on_page(first, second, empty.url, alert)
        with store.read() as connection:
            labels = connection.execute(select(Label.__table__.c.value)).scalars().all()
        assert len(labels) == OUTCOMES and sum(labels) == finds > 0

        page = visit("analyst-05", "/models")
        expect(page.get_by_text("Nothing waits to serve")).to_be_visible()
        view(page, "Fit")
        expect(page.locator(".rp-kpi")).to_contain_text(str(OUTCOMES))
        page.get_by_label("New version").fill(version)
        button(page, "Start the fit").click()
        told_on(page, "goes on if you leave this page")
        expect(button(page, "Start the fit")).to_be_disabled()
        page.reload()  # the fit is a process of its own
        view(page, "Fit")
        expect(page.get_by_text("✓ fitted")).to_be_visible(timeout=FIT)
        expect(page.get_by_text("Recall by typology, generator")).to_be_visible()

        view(page, "Compare")
        expect(page.get_by_text(f"{version} on the generator’s rows")).to_be_visible()
        expect(page.get_by_role("cell", name="Parties not seen")).to_be_visible()
        press(page, "a")
        expect(page.get_by_text("Declarations rated")).to_be_visible()
        expect(page.get_by_text("Known finds among them")).to_be_visible()
        view(page, "Watch")
        expect(page.get_by_role("cell", name="officer-14")).to_be_visible()
        view(page, "Terms")
        expect(page.get_by_text("none stops promotion")).to_be_visible()
        button(page, "Drop").click()
        expect(page.get_by_text("On the generator’s rows the edits cost")).to_be_visible()
        expect(page.get_by_text("open alerts move by one rank or more")).to_be_visible()
        press(page, "u")
        expect(page.get_by_role("radio", name="Edited 0")).to_be_visible()
        view(page, "Fit")
        button(page, f"Propose {version}").click()
        told_on(page, "Two people sign it")

        for who, told in (("analyst-05", "needs another person"), ("supervisor-03", "serves now")):
            page = visit(who, f"/models?version={version}")
            page.get_by_label("Your password, again").fill(PASSWORD)
            expect(page.get_by_text("If promoted now")).to_be_visible()
            button(page, "Sign").last.click()
            told_on(page, told)

        # The running server picks it up: no restart.
        rate(empty, tmp_path, 60, 42, 10, "2026-11-01")
        with store.read() as connection:
            rated = connection.execute(
                select(alerts.c.id).where(alerts.c.model_version == version).order_by("rank")
            ).scalars().all()  # fmt: skip
        assert rated
        first.goto(f"{empty.url}/?alert={rated[0]}")
        expect(first.get_by_text(f"Rated by scorecard {version}")).to_be_visible()
        assert first.foreign == second.foreign == page.foreign == []
    store.close()

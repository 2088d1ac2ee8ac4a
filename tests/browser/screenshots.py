"""Pictures of every page in both themes: `python -m tests.browser.screenshots [FOLDER]`.

And one of the queue in Arabic, with alerts whose reasons the rating words: they are said anew in
the language of the page.
"""

from __future__ import annotations

import argparse
import io
import re
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlmodel import SQLModel

from app.installation import COOKIE
from app.lists import HEAD
from app.terms import ROW
from riskprofile.profiles import PROFILES
from riskprofile.scoring.reasons import reading
from riskprofile.services import fitting, identity, promotion, settings
from riskprofile.services.practice import cases
from riskprofile.store import table_bytes
from riskprofile.store.alerts import add
from tests.browser import home, office
from tests.browser.conftest import FLAGS, PASSWORD, ROOT, Served, chromium, serving
from tests.browser.rest import PAUSE
from tests.browser.test_batches import type_value
from tests.browser.test_shift import add_item, button, press, settled
from tests.services.test_promotion import candidate as proposable
from training import office as offices

FOLDER = ROOT / "docs" / "screenshots"


def nothing(page: Page) -> None:
    """The page as it comes."""


def alert(page: Page) -> None:
    """The first alert, open."""
    expect(button(page, "Next")).to_be_visible()
    press(page, "n")
    expect(button(page, "Refer")).to_be_visible()


def declaration(page: Page) -> None:
    """The declaration as declared."""
    alert(page)
    page.get_by_role("tab", name="Declaration").click()


def decision(page: Page) -> None:
    """The reason of a decision."""
    alert(page)
    press(page, "i")
    page.get_by_label("Reason").fill("Each piece weighs 10 g; the wording does not settle it")


def outcome(page: Page) -> None:
    """The outcome, with what was found."""
    decision(page)
    button(page, "Record decision").click()
    expect(button(page, "Record outcome")).to_be_visible()
    press(page, "o")
    page.get_by_role("radio", name="Firearms trafficking").click()
    button(page, "Opened and counted").click()
    page.wait_for_timeout(10_500)  # until the decision can no longer be undone
    add_item(page, "Part", "Firing pin")
    for place, answer in enumerate(("Yes", "Yes", "Yes", "Yes", "No", "Unclear")):
        row = page.locator(f".st-key-heldrow-{place}")
        row.get_by_role("radio", name=answer).click()
        settled(page)
    for label, typed in (
        ("Time spent", "35"),
        ("Officers present", "2"),
        ("Seizure number", "XM-SZ-2026-0188"),
        ("Packaging", "8 plastic bags in 1 box"),
    ):
        field = page.get_by_label(label)
        field.fill(typed)
        field.press("Enter")
        settled(page)
    page.get_by_role("radio", name="Among like goods").click()
    page.get_by_label("In your words").fill("Bags 3 and 6 held worked pins beneath plain pins.")
    page.get_by_label("In your words").press("Control+Enter")


def second(page: Page) -> None:
    """What waits for a second person: the outcome just sent."""
    page.get_by_text("Waiting for a second person").first.wait_for()


def repaired(page: Page) -> None:
    """Rows put right in their table: two that are valid, one that is not yet."""
    for line, value in ((1, "847190"), (2, "8471B"), (3, "2026-11-24T18:30Z")):
        type_value(page, line, value)


def practised(page: Page) -> None:
    """A generated case of practice, reasons named, a control chosen, and what it was."""
    for n in range(10):
        generated = page.locator(".st-key-practice th").count() == 3  # what is usual is known
        for box in page.locator(".st-key-practice_ask [data-testid=stCheckbox] label").all()[:2]:
            box.click()
            page.wait_for_timeout(PAUSE)
        page.get_by_role("radio", name="fairly sure").click()
        page.wait_for_timeout(PAUSE)
        words = page.locator(".st-key-practice .rp-mono").inner_text().strip("“”")
        one = next(case for case in cases() if case.declared["goods_description"] == words)
        choice = one.fitting[-1] if n % 4 else ("release" if one.arms else "scan")
        page.locator(f".st-key-practice-{choice} button").click()
        page.locator(".st-key-practice-next").wait_for()
        page.wait_for_timeout(2 * PAUSE)
        if n == 9 or (n > 3 and generated):  # by then there is a record to show
            return
        page.locator(".st-key-practice-next button").click()
        page.locator(".st-key-practice-scan").wait_for()
        page.wait_for_timeout(2 * PAUSE)


def edited(page: Page) -> None:
    """A term chosen and smoothed, with what that costs."""
    page.locator("[class*=st-key-list-terms-]").click(position={"x": 60, "y": HEAD + ROW * 6 + 16})
    expect(page.locator(".st-key-term h2")).to_contain_text("Freight costs")
    press(page, "s")
    expect(page.locator(".rp-cost")).to_contain_text("the edits")


GATES = (
    ("recall by typology, generator", "E10 loses 3.8 points at 1 %, 26 finds", "at most 10 points"),
    ("recall by slice, own outcomes", "air loses 4.1 points, 29 finds", "at most 10 points"),
    ("labellers", "every person's outcomes fit the others'", "a chance of at least 0.001"),
    ("monotone terms", "every step goes its way", "no step against its way"),
    ("inputs", "121 features of the profile", "features of the profile alone"),
    ("groups of people", "goods hold no protected column", "0.8 to 1.25 times the others'"),
    ("calibration", "17 finds in 120 outcomes, 15.2 expected", "a chance of at least 0.001"),
    ("size", "269 terms, 0.9 MB", "400 terms, 4 MB"),
)


def candidate(served: Served) -> None:
    """A scorecard that one of two people has signed, and the rows that its fit was tried on."""
    told, now = settings.load({}, home=str(served.folder)), datetime.now(UTC)
    store, version = served.store(), "2026.12.0"
    card = promotion.serving(store, told.models, "shipment")
    gates = [{"name": n, "held": True, "value": v, "bound": b} for n, v, b in GATES]
    with tempfile.TemporaryDirectory() as place:
        made = proposable(
            Path(place), version, gates=gates, base=-56, beside=(card.version, card.digest)
        )
        analyst = identity.Actor("analyst-05", "analyst")
        promotion.propose(store, analyst, made, now, told.models)
    promotion.sign(store, analyst, PASSWORD, "shipment", version, now, told.models)
    trial = offices.make_trial(card, rows=12_000)
    folder = fitting.folder_of(told, "shipment", version)
    folder.mkdir(parents=True)
    rows = trial.features.assign(value=trial.labels)
    (folder / fitting.TRIAL).write_bytes(table_bytes.to_bytes(rows))
    done = fitting.Fit("shipment", version, analyst.name, now.isoformat(), fitting.DONE)
    fitting.note(folder.with_name(f"{folder.name}.json"), done)
    store.close()


# Name -> (who, address, what to do first). `second` needs the outcome sent before it.
PAGES: dict[str, tuple[str | None, str, Any]] = {
    "sign-in": (None, "/sign-in", nothing),
    "queue": ("officer-14", "/", alert),
    "declaration": ("officer-14", "/", declaration),
    "decision": ("officer-14", "/", decision),
    "no-result": ("officer-14", "/?lane=red&queue=compliance", nothing),
    "outcome": ("officer-14", "/", outcome),
    "second-person": ("officer-09", "/second", second),
    "batches": ("operator-02", "/", repaired),
    "terms": ("analyst-05", "/", edited),
    "scorecards": ("supervisor-03", "/models?version=2026.12.0", nothing),
    "masked-records": ("supervisor-03", "/masked", nothing),
    "audit": ("auditor-01", "/audit", nothing),
    "sightings": ("supervisor-03", "/sightings", nothing),
    "practice": ("officer-14", "/practice", practised),
    "trends": ("supervisor-03", "/trends", nothing),
}
BOARD = "supervisor-01"  # of every office
COLOURS = 192  # of a picture: the pages use few, and a picture is a third as large


def keep(picture: bytes, path: Path) -> None:
    """Write a picture with a palette of its own colours, those of a few letters among them."""
    drawn = Image.open(io.BytesIO(picture)).convert("RGB")
    small = drawn.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


def take(
    browser: Browser,
    served: Served,
    folder: Path,
    scheme: str,
    pages: Mapping[str, tuple[str | None, str, Any]],
) -> None:
    """These pictures of one theme."""
    for name, (person, path, prepare) in pages.items():
        context = browser.new_context(
            viewport={"width": 1366, "height": 768},
            color_scheme=scheme,  # type: ignore[arg-type]
        )
        if person is not None:
            token = served.token(person)
            context.add_cookies([{"name": COOKIE, "value": token, "url": served.url}])
        page = context.new_page()
        page.goto(served.url + path)
        page.wait_for_timeout(3 * PAUSE)
        if person is not None:
            settled(page)  # a busy machine draws late
        prepare(page)
        page.mouse.move(2, 760)
        page.wait_for_timeout(3 * PAUSE)
        keep(page.screenshot(), folder / f"{name}{'-dark' if scheme == 'dark' else ''}.png")
        if name == "outcome":
            button(page, "Send to second person").click()
            page.wait_for_timeout(3 * PAUSE)
        context.close()


# (term, value, points) of what the rating would say of the invented alerts, three an alert.
REASONS = (
    ("metal_pieces_from_new_sender", 400.0, 96),
    ("consignee_private", 1.0, 71),
    ("mass_times_usual", 4.2, 64),
    ("senders_at_address_90", 3.0, 48),
    ("freight_times_usual", 7.5, 31),
    ("household_package_heavy", 2.8, 83),
    ("tubes_unnamed", 12.0, 74),
    ("word_count", 3.0, 12),
)
SIGNS = ("E01_small_metal_parts", "S02_household_effects_cover", "E02_tube_filter_trap_cover")


def worded(store: Any, now: datetime) -> None:
    """The invented alerts again, with reasons and warning signs that are said in every language."""
    said = {one.name: one for one in PROFILES["shipment"].features}
    signs = {one.key: one for one in PROFILES["shipment"].indicators}

    def reason(name: str, value: float, points: int) -> dict[str, Any]:
        text = reading(said[name], value)
        return {"term": name, "text": text, "points": points, "value": value, "norm": ""}

    rows = home.alerts(now)
    for number, row in enumerate(rows):
        terms = [REASONS[(number + n) % len(REASONS)] for n in range(5 if number == 0 else 3)]
        row["reasons"] = [reason(*one) for one in terms]
        row["against"] = [reason("licence_given", 1.0, -38)]
        sign = signs[SIGNS[number % len(SIGNS)]]
        row["indicators"] = [
            {"key": sign.key, "text": sign.says, "queue": sign.queue}
        ] if number < len(SIGNS) else []  # fmt: skip
    with store.write() as connection:
        for name in ("alert_link", "alert"):
            connection.execute(SQLModel.metadata.tables[name].delete())
        add(store, connection, rows)


def busy(browser: Browser, served: Served, folder: Path, scheme: str) -> None:
    """The board of four offices, after days of work."""
    now = datetime.now(UTC)
    store = served.store()
    home.clear(store)
    home.fill(store, now, bare=True)
    home.days_before(store, now)
    office.fill(store, now)
    known = {one.name for one in identity.accounts(store, identity.OWNER)}
    if BOARD not in known:
        identity.add_account(
            store,
            identity.OWNER,
            name=BOARD,
            role="supervisor",
            office=None,
            password=PASSWORD,
            now=now,
        )
    store.close()
    take(browser, served, folder, scheme, {"board": (BOARD, "/board", figured)})


def figured(page: Page) -> None:
    """The board with its chart, and another number tried."""
    field = page.locator(".st-key-capacity input[type=number]")
    field.fill("40")
    field.press("Enter")
    expect(page.locator(".st-key-capacity")).to_contain_text("was 36")
    settled(page)
    expect(page.locator(".rp-card", has_text="What 40 buys")).to_be_visible()
    chart = page.locator(".st-key-capacity [data-testid=stVegaLiteChart]")
    expect(chart).to_have_attribute("aria-label", re.compile("^40 today"))


def arabic(browser: Browser, served: Served, folder: Path) -> None:
    """The queue in Arabic, with its first alert open."""
    store = served.store()
    worded(store, datetime.now(UTC))
    store.close()
    context = browser.new_context(
        viewport={"width": 1366, "height": 768}, color_scheme="light", locale="ar"
    )
    token = served.token("officer-14")
    context.add_cookies([{"name": COOKIE, "value": token, "url": served.url}])
    page = context.new_page()
    page.goto(served.url)
    expect(page.locator(".st-key-next button")).to_be_enabled()
    press(page, "n")
    expect(page.locator("[class*=st-key-do-refer-] button")).to_be_visible()
    page.mouse.move(2, 760)
    page.wait_for_timeout(3 * PAUSE)
    keep(page.screenshot(), folder / "queue-arabic.png")
    context.close()


def main(folder: Path = FOLDER, only: Sequence[str] = ()) -> None:
    """Take them, or `only` some: those of the outcome need the ones before."""
    path = chromium()
    if path is None:
        raise SystemExit("Chromium is not installed: apt-get install --yes chromium")
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        pages = {name: page for name, page in PAGES.items() if not only or name in only}
        for scheme in ("light", "dark"):  # a home each: the audit chain of one tells of no other
            with tempfile.TemporaryDirectory() as place, serving(Path(place)) as served:
                store = served.store()
                home.days_before(store, datetime.now(UTC))
                store.close()
                candidate(served)
                take(browser, served, folder, scheme, pages)
                if not only or "board" in only:
                    busy(browser, served, folder, scheme)
                if scheme == "dark" and not only:
                    served.refill()
                    arabic(browser, served, folder)
        browser.close()


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description="Pictures of every page, in both themes.")
    asked.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    asked.add_argument("--only", nargs="*", default=(), help="names of pictures")
    main(asked.parse_args().folder, asked.parse_args().only)

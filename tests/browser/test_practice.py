"""Practising on the page: reasons named, ten cases, what each was, and the record they make."""

from __future__ import annotations

import re
import stat

from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from riskprofile.store import office_tables
from riskprofile.store import practice as kept
from tests.browser.rest import at_rest
from tests.browser.test_axe import chosen
from tests.browser.test_shift import press

WIDTHS = (390, 768, 1366)
# Buttons and cards outside the window, and how far the page itself scrolls aside.
OUTSIDE = """() => {
  const main = document.querySelector('[data-testid=stMain]');
  const parts = [...main.querySelectorAll('button, .rp-card, .rp-strip, .st-key-practice')];
  const out = parts.filter((one) => {
    const { left, right } = one.getBoundingClientRect();
    return left < 0 || right > innerWidth + 1;
  }).map((one) => one.outerHTML.slice(0, 120));
  return main.scrollWidth > main.clientWidth + 1 ? [main.scrollWidth, ...out] : out;
}"""
HOSTILE = '<img src=x onerror="document.title=1"> **b** [a](http://127.0.0.1:9) :red[c] \u202e'


def case(page: Page, n: int) -> None:
    """The n-th case is there, unanswered, and says nothing of what it is."""
    expect(page.locator(".rp-strip.training")).to_contain_text(f"Case {n} of 10")
    expect(page.locator(".st-key-practice-scan")).to_be_visible()
    expect(page.locator(".rp-vio, .rp-bx, mark")).to_have_count(0)


def told(page: Page) -> None:
    """What it was, the bars, the drill and the record."""
    expect(page.locator(".rp-vio")).to_contain_text(re.compile("Caught|Missed|Let go|Held up"))
    expect(page.locator(".rp-vio")).to_contain_text("points, red from")
    expect(page.get_by_text("What the reasons said")).to_be_visible()
    expect(page.get_by_text("Look-alike drill")).to_be_visible()
    expect(page.get_by_role("heading", name="Your record, 30 days")).to_be_visible()


def everything(served) -> dict[str, list]:
    """All rows of the live store, but for who came in and when."""
    store = served.store()
    with store.read() as connection:
        held = {
            name: connection.execute(select(table)).all()
            for name, table in office_tables.Audit.metadata.tables.items()
            if name not in ("account", "web_session", "sign_in_attempt")
        }
    store.close()
    held["audit"] = [one for one in held["audit"] if "session" not in one.action]
    return held


def test_ten_cases_are_judged_by_keyboard_and_leave_the_live_store_as_it_is(served, visit):
    before = everything(served)
    page = visit("officer-14", "/practice")
    figures = page.locator(".rp-kpi")
    expect(page.locator(".rp-who .rp-badge")).to_have_text("TRAINING")
    for n in range(1, 11):
        case(page, n)
        press(page, "i")
        told(page)
        expect(figures.locator("div", has_text="This practice")).to_contain_text(f"{n} of 10")
        press(page, "n")
    expect(figures.locator("div", has_text="Finds caught")).to_contain_text("5 of 5")
    expect(figures.locator("div", has_text="Look-alikes let go")).to_contain_text("0 of 5")
    expect(page.get_by_role("heading", name="Your record, 30 days")).to_be_visible()
    after = everything(served)
    assert [name for name in before if before[name] != after[name]] == []
    file = served.folder / kept.NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    press(page, "n")
    case(page, 1)
    assert page.foreign == []


def test_reasons_are_named_before_and_told_after_and_the_case_can_be_tried_again(served, visit):
    page = visit("officer-14", "/practice")
    case(page, 1)
    boxes = page.locator(".st-key-practice_ask [data-testid=stCheckbox]")
    first = boxes.first.inner_text().strip()
    boxes.first.locator("label").click()
    page.get_by_role("radio", name="fairly sure").click()
    press(page, "l")
    told(page)
    said = page.locator(".st-key-practice .rp-note")
    expect(said).to_contain_text("You chose: Release")
    expect(said).to_contain_text("fairly sure")
    expect(said).to_contain_text(first)
    held = page.locator(".rp-kpi div", has_text="Reasons you named that held")
    expect(held).to_contain_text("of 1")
    press(page, "s")
    expect(page.locator(".rp-vio")).to_contain_text(re.compile("Source:|Made up"))
    press(page, "g")
    case(page, 1)
    press(page, "i")
    told(page)
    expect(said).to_contain_text("You chose: Examine")
    expect(page.locator(".rp-kpi div", has_text="This practice")).to_contain_text("1 of 10")
    press(page, "q")
    expect(page.get_by_role("button", name="Another ten")).to_be_visible()
    page.locator(".st-key-practice-subject-ten button").click()
    case(page, 1)


def test_a_disagreement_is_read_by_the_trainer_as_it_was_written(served, visit):
    store = served.store()
    with store.read() as connection:  # the chain keeps what was looked at in any test before
        before = connection.execute(select(func.max(office_tables.Audit.sequence))).scalar_one()
    page = visit("officer-14", "/practice")
    case(page, 1)
    press(page, "s")
    told(page)
    press(page, "d")
    words = page.locator(".st-key-practice_doubt textarea")
    words.fill(HOSTILE)
    words.press("Control+Enter")
    page.locator(".st-key-practice-doubt-keep button").click()
    expect(page.get_by_text("Kept for your trainer")).to_be_visible()
    expect(words).to_have_count(0)
    trainer = visit("supervisor-03", "/practice")
    case(trainer, 1)
    office = trainer.locator(".st-key-practice_office")
    chosen(trainer, "officer-14")
    office.locator(".st-key-practice-show button").click()
    expect(office).to_contain_text("Record of officer-14, 30 days")
    expect(office).to_contain_text('<img src=x onerror="document.title=1"> **b** [a](http')
    assert office.locator("img, a").count() == 0
    assert trainer.foreign == page.foreign == []
    asked = select(office_tables.Audit.action, office_tables.Audit.subject).where(
        office_tables.Audit.sequence > before
    )
    with store.read() as connection:
        acts = connection.execute(asked).all()
    store.close()
    assert [one.subject for one in acts if one.action == "practice.look"] == ["account:officer-14"]


def test_without_a_record_practice_says_so_and_goes_on(served, visit):
    file = served.folder / kept.NAME
    file.write_bytes(b"no database, and long enough to be looked at" * 40)
    page = visit("officer-14", "/practice")
    failed = page.locator(".rp-strip", has_text="the practice store cannot be used")
    case(page, 1)
    expect(failed).to_be_visible()
    press(page, "i")
    expect(page.locator(".rp-vio")).to_contain_text(re.compile("Caught|Missed|Let go|Held up"))
    expect(failed).to_contain_text("Not recorded")
    press(page, "n")
    case(page, 2)
    file.unlink()
    press(page, "i")
    told(page)
    expect(failed).to_have_count(0)


def test_nothing_stands_outside_a_narrow_window(served, visit):
    page = visit("officer-14", "/practice")
    case(page, 1)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 768})
        at_rest(page)
        assert page.evaluate(OUTSIDE) == []
    page.locator(".st-key-practice-scan button").click()
    told(page)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 768})
        at_rest(page)
        assert page.evaluate(OUTSIDE) == []
    expect(page.locator(".st-key-practice_office")).to_have_count(0)  # of a supervisor alone
    expect(page.locator(".st-key-practice-next")).to_be_in_viewport()

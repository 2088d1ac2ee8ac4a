"""Practising on the page: ten cases, what each was, and what the round came to."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from riskprofile.store import tables
from tests.browser.test_shift import press


def test_ten_cases_are_judged_and_the_round_is_told(served, visit):
    page = visit("officer-14", "/practice")
    expect(page.locator(".rp-strip.training")).to_contain_text("TRAINING")  # beside LIVE above
    figures = page.locator(".rp-kpi")
    for n in range(1, 11):
        case = page.locator(".st-key-practice")
        expect(case).to_contain_text(f"Case {n} of 10")
        expect(case.locator(".rp-strip")).to_have_count(0)  # not told before the choice
        press(page, "i")
        expect(case.locator(".rp-strip")).to_contain_text(
            re.compile("would have looked inside|would have been held up")
        )
        expect(figures.locator("div", has_text="This round")).to_contain_text(f"{n} of 10")
        press(page, "n")
    expect(figures.locator("div", has_text="Finds looked into")).to_contain_text("5 of 5")
    expect(figures.locator("div", has_text="Lawful, let go on")).to_contain_text("0 of 5")
    page.locator(".st-key-practice-again button").click()
    expect(page.locator(".st-key-practice")).to_contain_text("Case 1 of 10")
    store = served.store()
    with store.read() as connection:
        acts = connection.execute(tables.Audit.__table__.select()).all()
    store.close()
    assert not [one for one in acts if "practice" in one.action]  # nobody is measured
    assert page.foreign == []

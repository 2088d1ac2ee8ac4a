"""Pages whose colours the system gives: what a ground tells is still told."""

from __future__ import annotations

import io

from PIL import Image
from playwright.sync_api import expect

from app.lists import HEAD
from tests.browser.test_shift import button, press, settled

GROUND = "one => getComputedStyle(one).backgroundColor"


def test_lanes_choices_and_bars_are_seen_where_the_system_gives_the_colours(served, visit):
    page = visit("officer-14", forced_colors="active")
    expect(button(page, "Next")).to_be_visible()
    press(page, "n")
    expect(button(page, "Refer")).to_be_visible()
    settled(page)

    choices = page.locator(".st-key-filters [role=radiogroup]").first.get_by_role("radio")
    chosen, other = (choices.nth(n).evaluate(GROUND) for n in (0, 1))
    assert chosen != other
    page_itself = page.locator(".stApp").evaluate(GROUND)
    for bar in page.locator(".rp-bx i").all():
        assert bar.evaluate(GROUND) != page_itself

    at = page.locator("[class*=st-key-list-] canvas[data-testid=data-grid-canvas]").bounding_box()
    lane = {"x": at["x"] + 24, "y": at["y"] + HEAD + 8, "width": 40, "height": 18}
    seen = Image.open(io.BytesIO(page.screenshot(clip=lane))).convert("L")
    darkest, brightest = seen.getextrema()
    assert brightest - darkest > 100  # letters on their pill

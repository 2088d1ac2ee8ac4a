"""What counts as at rest is drawn."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from tests.browser.test_shift import settled


def test_a_page_is_not_at_rest_while_the_script_of_a_part_of_it_is_on_its_way(served, visit):
    """Nothing is asked, heard or changed meanwhile: axe would see a page without its list."""
    page = visit("officer-14", "/healthz")

    def late(route: Any) -> None:
        page.wait_for_timeout(1000)
        route.continue_()

    page.route("**/DataFrame.*.js", late)
    page.goto(served.url)
    expect(page.get_by_test_id("stSkeleton").first).to_be_visible()
    settled(page)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=1)
    assert page.locator("[class*=st-key-list-] canvas").count()

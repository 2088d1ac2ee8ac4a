"""What the sweep calls strange: nothing of our own pages, and whatever a text would bring."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.sweep import strange
from tests.browser.test_axe import alert

ADDED = """(html) => document.querySelector('.stHtml').insertAdjacentHTML('beforeend', html)"""


@pytest.mark.parametrize(("name", "path"), [("officer-14", "/practice"), ("supervisor-03", "/")])
def test_nothing_of_our_own_pages_is_strange(served, visit, name, path):
    page = visit(name, path)
    expect(page.locator(".st-key-who form")).to_be_visible()
    expect(page.locator(".rp-foot")).to_be_visible()
    assert strange(page) == []


def test_what_a_text_would_bring_is_strange_even_where_it_looks_like_ours(served, visit):
    page = visit("officer-14", "/")
    alert(page)
    assert strange(page) == []
    brought = [
        '<script src="/foreign.js"></script>',
        '<script src="/keys.js">f()</script>',
        '<form method="post" action="/elsewhere"></form>',
        '<img src="data:image/png;base64,AA==">',
        '<img class="rp-map" src="http://127.0.0.1:9/a.svg">',
        '<b onclick="f()">a</b>',
        '<a href="http://127.0.0.1:9">a</a>',
        "<iframe></iframe>",
    ]
    page.evaluate(ADDED, "".join(brought))
    assert strange(page) == brought

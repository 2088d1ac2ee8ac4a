"""Every page in both themes and each language, and hostile text in every field of every page.

    python -m tests.browser.sweep [--languages en,fr,es,ar] [--schemes light,dark] [--only PAGES]
    python -m tests.browser.sweep --hostile 200

The first counts what axe finds and what a page asks of another origin: on the pages of
`test_axe`, and on those of an installation at work (`at_work.MORE`), for which the suite has no
time. The second fills a home with that many alerts, each with its own hostile text in every field
that a declarant, a file, an officer or an analyst fills, opens every one with all its tabs, then
every other page that shows them, those at work too.
Held: nothing runs, nothing is loaded, no tag of theirs stands in the page, nothing is hidden.
Ends with 1 when anything was found.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from app.installation import COOKIE
from app.server import SCRIPTS
from riskprofile import words
from riskprofile.store import alert_tables
from tests.browser import screenshots
from tests.browser.at_work import MORE, at_work
from tests.browser.conftest import FLAGS, Served, chromium, serving
from tests.browser.test_axe import PAGES, SCHEMES, faults
from tests.trust.content import payloads

# What loads, runs or leads away, and is ours. Whatever else does came of a text.
OURS = ", ".join(
    [
        '.st-key-who form[method=post][action="/sign-out"]',
        'img.rp-map[src^="data:image/svg+xml;base64,"]',
        '.rp-ties img[src^="data:image/svg+xml;base64,"]',
        *(f'script[src="/{name}"]:empty' for name in SCRIPTS),
    ]
)
PLACES = ".stHtml *, [data-testid=stMarkdown] *"
TAGS = "IMG|IFRAME|OBJECT|EMBED|FORM|LINK|META|BASE|SVG|VIDEO|AUDIO|SCRIPT"
STRANGE = """([places, tags, ours]) => [...document.querySelectorAll(places)].filter((one) =>
  (RegExp(`^(${tags})$`, 'i').test(one.tagName) && !one.matches(ours))
    || [...one.attributes].some((a) => /^on/i.test(a.name))
    || (one.tagName === 'A' && !/^\\/($|account|sign|language)/.test(one.attributes.href?.value))
).map((one) => one.outerHTML.slice(0, 120))"""


def strange(page: Page) -> list[str]:
    """Elements of a page that load, run or lead away, and are not ours."""
    found: list[str] = page.evaluate(STRANGE, [PLACES, TAGS, OURS])
    return found


def missing(page: Page, prepare: Any) -> str:
    """What stands there instead, where a page does not come to what was to be looked at."""
    try:
        prepare(page)
    except (Error, AssertionError) as error:
        shown = page.locator("[data-testid=stMain]").inner_text()
        return f"not drawn: {str(error).splitlines()[0]}; {' '.join(shown.split())[-400:]}"
    return ""


@contextmanager
def visiting(
    browser: Browser, served: Served, name: str | None, path: str, **told: Any
) -> Iterator[Page]:
    """A page of somebody, which notes what it asks of others and what pops up."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, **told)
    page: Any = context.new_page()
    page.set_default_timeout(60_000)
    page.foreign, page.popped = [], []
    own = (served.url, served.url.replace("http", "ws"), "data:", "blob:")
    page.on("request", lambda r: r.url.startswith(own) or page.foreign.append(r.url))
    page.on("dialog", lambda d: (page.popped.append(d.message), d.dismiss()))
    if name is not None:
        context.add_cookies([{"name": COOKIE, "value": served.token(name), "url": served.url}])
    page.goto(served.url + path)
    yield page
    context.close()


def sweep(
    browser: Browser, served: Served, languages: list[str], schemes: list[str], only: str
) -> int:
    """Axe and foreign requests, page by page; how many were found."""
    found = tried = 0
    wanted = [name for name in only.split(",") if name]
    for language in languages:
        for scheme in schemes:
            served.refill()
            for name, (person, path, prepare) in (PAGES | MORE).items():
                if name == next(iter(MORE)):
                    at_work(served, [f" {n}" for n in range(12)])
                if wanted and name not in wanted:
                    continue
                told: Any = {"color_scheme": scheme, "locale": language}
                with visiting(browser, served, person, path, **told) as page:
                    if not_drawn := missing(page, prepare):
                        print(f"{language} {scheme} {name}: {not_drawn}", flush=True)
                        tried, found = tried + 1, found + 1
                        continue
                    wrong = [*faults(page), *(f"asks {url}" for url in page.foreign)]  # type: ignore[attr-defined]
                if name in ("outcome", "decision"):
                    served.refill()
                tried, found = tried + 1, found + len(wrong)
                for one in wrong:
                    print(f"{language} {scheme} {name}: {one}", flush=True)
            print(f"{language} {scheme}: {tried} pages so far, {found} found", flush=True)
    print(f"{tried} pages, {found} violations or foreign requests (0)")
    return found


def hostile(browser: Browser, served: Served, count: int) -> int:
    """So many hostile texts in every field; how many came to life."""
    texts = payloads(count)
    at_work(served, texts)
    store = served.store()
    with store.read() as connection:
        listed = (
            connection.execute(
                alert_tables.Alert.__table__.select().order_by(alert_tables.Alert.id)  # type: ignore[attr-defined, arg-type]
            )
            .mappings()
            .all()
        )
    store.close()
    found = 0

    def look(page: Any, where: str) -> int:
        page.wait_for_timeout(100)
        wrong = [*strange(page), *page.foreign, *page.popped]
        if page.title() != "Riskprofile":
            wrong.append(f"the title is {page.title()}")
        if not page.locator(".st-key-who").is_visible():
            wrong.append("the head of the page is hidden")
        for one in wrong:
            print(f"{where}: {one}", flush=True)
        page.foreign.clear()
        page.popped.clear()
        return len(wrong)

    with visiting(browser, served, "officer-14", "/") as page:
        for row in listed:
            owner = "closed" if row["state"] == "closed" else "open"
            page.goto(f"{served.url}/?alert={row['id']}&owner={owner}")
            expect(page.locator(".st-key-alert_body")).to_be_visible()
            expect(page.locator("[class*=st-key-do-refer-] button")).to_be_visible()
            found += look(page, f"alert with {texts[listed.index(row)]!r}")
    others = {
        (person, path)
        for person, path, _ in PAGES.values()
        if person and "?" not in path and path != "/account"  # which shows nothing of others
    }
    for person, path in sorted(others):
        with visiting(browser, served, person, path) as page:
            expect(page.locator(".rp-foot")).to_be_visible()
            page.wait_for_timeout(2_000)
            found += look(page, f"{path} of {person}")
    for name, (person, path, prepare) in MORE.items():
        with visiting(browser, served, person, path) as page:
            if not_drawn := missing(page, prepare):
                print(f"{name} of {person}: {not_drawn}", flush=True)
            found += look(page, f"{name} of {person}") + bool(not_drawn)
    print(
        f"{len(texts)} hostile texts in every field, {found} came to life or were not reached (0)"
    )
    return found


def main() -> int:
    """Look at every page."""
    parser = argparse.ArgumentParser(description="Every page, both themes, each language.")
    parser.add_argument("--languages", default=",".join(words.LANGUAGES))
    parser.add_argument("--schemes", default=",".join(SCHEMES))
    parser.add_argument("--only", default="", metavar="PAGES", help="names, parted by commas")
    parser.add_argument("--hostile", type=int, default=0, metavar="TEXTS")
    given = parser.parse_args()
    path = chromium()
    if path is None:
        raise SystemExit("Chromium is not installed: apt-get install --yes chromium")
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder)) as served,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        expect.set_options(timeout=60_000)
        screenshots.candidate(served)
        if given.hostile:
            found = hostile(browser, served, given.hostile)
        else:
            found = sweep(
                browser, served, given.languages.split(","), given.schemes.split(","), given.only
            )
        browser.close()
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

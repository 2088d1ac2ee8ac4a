"""Every page in both themes and each language, and hostile text in every field of every page.

    python -m tests.browser.sweep [--languages en,fr,es,ar] [--schemes light,dark] [--only PAGE]
    python -m tests.browser.sweep --hostile 200

The first counts what axe finds and what a page asks of another origin. The second fills a home
with that many alerts, each with its own hostile text in every field that a declarant, a file or
an officer fills, opens every one with all its tabs, then every other page that shows them.
Held: nothing runs, nothing is loaded, no tag of theirs stands in the page, nothing is hidden.
Ends with 1 when anything was found.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import insert

from app.installation import COOKIE
from app.server import SCRIPTS
from riskprofile import words
from riskprofile.services.settings import CHECKOUT
from riskprofile.store import artefacts, tables
from riskprofile.store.alerts import add
from riskprofile.store.database import Store
from tests.browser import home
from tests.browser.conftest import FLAGS, Served, chromium, serving
from tests.browser.test_axe import PAGES, SCHEMES, faults
from tests.trust.content import payloads

# What loads, runs or leads away, and is ours. Whatever else does came of a text.
OURS = ", ".join(
    [
        '.st-key-who form[method=post][action="/sign-out"]',
        'img.rp-map[src^="data:image/svg+xml;base64,"]',
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
    for language in languages:
        for scheme in schemes:
            served.refill()
            for name, (person, path, prepare) in PAGES.items():
                if only and only != name:
                    continue
                told: Any = {"color_scheme": scheme, "locale": language}
                with visiting(browser, served, person, path, **told) as page:
                    prepare(page)
                    wrong = [*faults(page), *(f"asks {url}" for url in page.foreign)]  # type: ignore[attr-defined]
                if name in ("outcome", "decision"):
                    served.refill()
                tried, found = tried + 1, found + len(wrong)
                for one in wrong:
                    print(f"{language} {scheme} {name}: {one}", flush=True)
    print(f"{tried} pages, {found} violations or foreign requests (0)")
    return found


def poisoned(value: Any, text: str) -> Any:
    """The same with the text in every string."""
    if isinstance(value, str):
        return value + text
    if isinstance(value, list):
        return [poisoned(one, text) for one in value]
    if isinstance(value, dict):
        return {
            name: one if name in ("lane", "key", "term") else poisoned(one, text)
            for name, one in value.items()
        }
    return value


def poison(store: Store, now: datetime, texts: list[str]) -> None:
    """Alerts, rows kept back, decisions, outcomes and items, each with its text everywhere."""
    rows = home.alerts(now, many=max(0, len(texts) - 11))[: len(texts)]
    for row, text in zip(rows, texts, strict=True):
        for name in ("title", "reasons", "against", "indicators", "declaration", "related"):
            row[name] = poisoned(row[name], text)
        row["record_id"] += text
    with store.write() as connection:
        put = connection.execute
        ids = add(store, connection, rows)
        for alert, row, text in zip(ids, rows, texts, strict=True):
            put(
                insert(tables.Quarantined).values(
                    batch_id="b1",
                    source=text,
                    line=alert,
                    record_id=text,
                    column=text,
                    reason_code="number",
                    reason=text,
                    raw=text,
                    state="waiting",
                )
            )
            if alert % 2:  # closed ones wait for a second person
                put(
                    insert(tables.Decision).values(
                        alert_id=alert,
                        decision="examine",
                        reason=text,
                        officer="officer-14",
                        at=now,
                    )
                )
                outcome = put(
                    insert(tables.Outcome)
                    .values(
                        alert_id=alert,
                        outcome="trafficking",
                        methods=["opened"],
                        note=text,
                        concealment="among",
                        packaging=text,
                        seizure_number=text,
                        officer="officer-14",
                        at=now,
                    )
                    .returning(tables.Outcome.id)
                ).scalar_one()
                put(
                    insert(tables.ItemFound).values(
                        outcome_id=outcome,
                        kind="firearm",
                        part=text,
                        make=text,
                        model=text,
                        calibre=text,
                        serial=text,
                        marking=text,
                        where_found=text,
                    )
                )
                put(
                    insert(tables.ReasonHeld).values(
                        outcome_id=outcome,
                        term=row["reasons"][0]["term"],
                        points=row["reasons"][0]["points"],
                        answer="yes",
                    )
                )
                put(
                    tables.Alert.__table__.update()
                    .where(tables.Alert.id == alert)
                    .values(  # type: ignore[attr-defined, arg-type]
                        state="closed", closed_at=now
                    )
                )


def poison_offices(store: Store, now: datetime, texts: list[str]) -> None:
    """Batches, requests to see masked records, what served before, and a pause: the same."""
    card = artefacts.serving(CHECKOUT / "models", "shipment")
    serves = (card.version, card.digest, texts[0])  # the newest promotion
    with store.write() as connection:

        def put(table: Any, **values: Any) -> None:
            connection.execute(insert(table).values(**values))

        for number, text in enumerate(texts):
            batch = dict.fromkeys(
                ("source", "digest", "format", "note", "actor", "model_version"), text
            )
            times = {"started_at": now, "ended_at": now}
            put(
                tables.Batch, id=f"h{number}{text}", profile="shipment", state="failed",
                **batch, **times,
            )  # fmt: skip
            asked = dict.fromkeys(("record_id", "case_number", "reason", "asked_by"), text)
            put(tables.Unmasking, profile="shipment", office="XMPME", asked_at=now, **asked)
        for version, digest, text in [*((text, text, text) for text in texts), serves]:
            put(
                tables.Promotion, profile="shipment", version=version, digest=digest,
                kind="rollback", by=text, reason=text, at=now,
            )  # fmt: skip
        stop = {"since": now.isoformat(), "by": texts[-1], "why": " ".join(texts[:20])}
        put(tables.Setting, name="paused", value=stop)


def hostile(browser: Browser, served: Served, count: int) -> int:
    """So many hostile texts in every field; how many came to life."""
    texts, store = payloads(count), served.store()
    home.clear(store)
    home.fill(store, datetime.now(UTC))
    with store.write() as connection:
        for name in ("alert_link", "alert"):
            connection.execute(tables.SQLModel.metadata.tables[name].delete())
    poison(store, datetime.now(UTC), texts)
    poison_offices(store, datetime.now(UTC), texts)
    with store.read() as connection:
        listed = (
            connection.execute(
                tables.Alert.__table__.select().order_by(tables.Alert.id)  # type: ignore[attr-defined, arg-type]
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
    print(f"{len(texts)} hostile texts in every field, {found} came to life (0)")
    return found


def main() -> int:
    """Look at every page."""
    asked = argparse.ArgumentParser(description="Every page, both themes, each language.")
    asked.add_argument("--languages", default=",".join(words.LANGUAGES))
    asked.add_argument("--schemes", default=",".join(SCHEMES))
    asked.add_argument("--only", default="", metavar="PAGE")
    asked.add_argument("--hostile", type=int, default=0, metavar="TEXTS")
    given = asked.parse_args()
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

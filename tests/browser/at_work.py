"""An installation at work, for the sweeps: any text in every field, and its pages.

Decided, found, asked for, fitted, proposed, typed and waiting for a second person: what the suite
has no time to draw on each page.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Page, expect
from sqlalchemy import insert
from sqlmodel import SQLModel

from riskprofile.scoring.editing import LOCK, Edit
from riskprofile.services import fitting, settings
from riskprofile.services.practice import cases
from riskprofile.services.promotion import Gate
from riskprofile.services.settings import CHECKOUT
from riskprofile.store import alert_tables, artefacts, audit, office_tables, practice, run_tables
from riskprofile.store.alerts import add
from riskprofile.store.database import Store
from tests.browser import home, screenshots
from tests.browser.conftest import Served
from tests.browser.rest import PAUSE
from tests.browser.test_axe import alert, chosen, heading, strip, view
from tests.browser.test_batches import row_of_kept
from tests.browser.test_shift import press, settled


def asked(page: Page) -> None:
    """The first alert, for which its holder was asked, with its notes."""
    alert(page)
    expect(page.locator(".rp-strip").first).to_be_visible()
    page.get_by_role("tab").nth(4).click()


def noted(page: Page) -> None:
    """A note on an alert that is closed."""
    expect(page.locator(".st-key-next button")).to_be_enabled()
    press(page, "n")
    expect(page.locator("[class*=st-key-reopen-] button")).to_be_visible()
    press(page, "m")
    expect(page.get_by_role("dialog").locator("textarea")).to_be_visible()


def one_pair(page: Page) -> None:
    """A pair of terms as its cells, locked."""
    settled(page)
    page.locator(".st-key-terms_filter [role=radio]").nth(3).click()
    terms = page.locator("[class*=st-key-list-terms-]:not([data-stale=true])")
    terms.locator("[role=row]").nth(2).wait_for(state="attached")  # it has its rows
    settled(page)
    spot = {"x": 60, "y": screenshots.HEAD + screenshots.ROW + 16}
    terms.hover(position=spot)  # a list takes clicks of a pointer that it has seen come
    page.wait_for_timeout(PAUSE)
    terms.click(position=spot)
    expect(page.locator(".rp-cells")).to_be_visible()
    press(page, "l")
    expect(page.locator(".rp-edits tr").first).to_be_visible()


def view_of(number: int, selector: str) -> Any:
    """One of the views of the scorecards, once this is there."""

    def opened(page: Page) -> None:
        settled(page)
        page.locator(".st-key-models-view [role=radio]").nth(number).click()
        expect(page.locator(selector).first).to_be_visible()

    return opened


def repaired(page: Page) -> None:
    """Rows being put right: typed values with what they come to, and a whole row."""
    expect(page.locator(".st-key-repair-rate button")).to_be_enabled()
    row_of_kept(page)


def recorded(page: Page) -> None:
    """What an officer of the office said of cases of practice."""
    chosen(page, "officer-14")
    office = page.locator(".st-key-practice_office")
    office.locator(".st-key-practice-show button").click()
    expect(office.locator("table").first).to_be_visible()


def handed_over(page: Page) -> None:
    """The field of files, and the pause of the inbox."""
    settled(page)
    page.locator("summary").first.click()
    page.locator(".st-key-inbox-pause button").click()
    expect(page.locator(".st-key-inbox-pause-now button")).to_be_visible()


# Of an installation at work: decided, found, asked for, proposed, waiting for a second person.
MORE: dict[str, tuple[str | None, str, Any]] = {
    "asked for": ("officer-14", "/?owner=open", asked),
    "note": ("officer-14", "/?owner=closed", noted),
    "waits for a second person": ("officer-09", "/second", heading),
    "pair of terms": ("analyst-05", "/", one_pair),
    "card and signatures": ("supervisor-03", "/models?version=2026.12.0", view_of(1, ".rp-gates")),
    "fits": ("analyst-05", "/", view_of(2, ".rp-edits")),
    "compare": ("analyst-05", "/", view_of(3, ".stSelectbox")),
    "watch at work": ("analyst-05", "/", view(-1)),
    "repairs": ("operator-02", "/?batch=b1", repaired),
    "file and inbox": ("operator-02", "/", handed_over),
    "practice at work": ("supervisor-03", "/practice", recorded),
    "masked at work": ("supervisor-03", "/masked", heading),
    "audit at work": ("auditor-01", "/audit", strip),
}


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
    """Alerts, rows kept back, decisions, outcomes, items and notes, each with its text everywhere.

    Of three alerts two are closed or held by a colleague, whom an officer asked for it.
    """
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
                insert(run_tables.Quarantined).values(
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
                    insert(alert_tables.Decision).values(
                        alert_id=alert,
                        decision="examine",
                        reason=text,
                        officer="officer-14",
                        at=now,
                    )
                )
                outcome = put(
                    insert(alert_tables.Outcome)
                    .values(
                        alert_id=alert,
                        outcome="trafficking",
                        methods=["opened"],
                        note=text,
                        concealment="among",
                        packaging=text,
                        officers=2,
                        seizure_number=text,
                        officer="officer-14",
                        at=now,
                    )
                    .returning(alert_tables.Outcome.id)
                ).scalar_one()
                put(
                    insert(alert_tables.ItemFound).values(
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
                    insert(alert_tables.ReasonHeld).values(
                        outcome_id=outcome,
                        term=row["reasons"][0]["term"],
                        points=row["reasons"][0]["points"],
                        answer="yes",
                    )
                )
                put(
                    alert_tables.Alert.__table__.update()
                    .where(alert_tables.Alert.id == alert)
                    .values(  # type: ignore[attr-defined, arg-type]
                        state="closed", closed_at=now
                    )
                )
            else:
                put(
                    alert_tables.Alert.__table__.update()
                    .where(alert_tables.Alert.id == alert)
                    .values(  # type: ignore[attr-defined, arg-type]
                        owner="officer-09", lease_until=now + timedelta(hours=1)
                    )
                )
        for alert, text in zip(ids, texts, strict=True):
            for who, action in (("officer-09", "alert.note"), ("officer-14", "alert.ask")):
                audit.append(
                    connection, actor=who, action=action, subject=f"alert:{alert}",
                    office=home.OFFICE, purpose=text, now=now,
                )  # fmt: skip


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
                run_tables.Batch, id=f"h{number}{text}", profile="shipment", state="failed",
                **batch, **times,
            )  # fmt: skip
            asked = dict.fromkeys(("record_id", "case_number", "reason", "asked_by"), text)
            put(office_tables.Unmasking, profile="shipment", office="XMPME", asked_at=now, **asked)
        for version, digest, text in [*((text, text, text) for text in texts), serves]:
            put(
                office_tables.Promotion, profile="shipment", version=version, digest=digest,
                kind="rollback", by=text, reason=text, at=now,
            )  # fmt: skip
        audit.append(
            connection, actor=texts[0], action="model.rollback", subject="scorecard:shipment",
            detail={"digest": card.digest}, now=now,
        )  # fmt: skip
        stop = {"since": now.isoformat(), "by": texts[-1], "why": " ".join(texts[:20])}
        put(office_tables.Setting, name="paused", value=stop)


def poison_people(served: Served, now: datetime, texts: list[str]) -> None:
    """What analysts fitted, what operators typed and what officers said of practice: the same."""
    told = settings.load({}, home=str(served.folder))
    (told.home / fitting.RUNS).mkdir(exist_ok=True)
    one = cases()[0]
    for number, text in enumerate(texts):
        fit = fitting.Fit(
            "shipment", f"f{number}{text}", text, (now + timedelta(seconds=number)).isoformat(),
            fitting.DONE, step=text, fault=text, do=text, digest=text,
            edits=(Edit(text, LOCK), Edit("freight_ratio", LOCK)),
            waivers=(fitting.Waiver(text, text, text),),
            gates=(Gate(text, False, text, text), Gate(text, False, text, text, text, text)),
        )  # fmt: skip
        fitting.note(told.home / fitting.RUNS / f"shipment-f{number}.json", fit)
        practice.keep(told.home, practice.Doubt("officer-14", one.id, "scan", text, now))
    store = served.store()
    with store.write() as connection:
        rows = connection.execute(
            run_tables.Quarantined.__table__.select()  # type: ignore[attr-defined]
            .where(run_tables.Quarantined.column == "hs_code")  # type: ignore[arg-type]
            .limit(len(texts))
        ).mappings()  # fmt: skip
        typed = {
            row["id"]: {"hs_code": text if n else "847190"}
            for n, (row, text) in enumerate(zip(rows, texts, strict=False))
        }
        connection.execute(
            insert(office_tables.Draft).values(
                account="operator-02", subject="repair:b1", content=typed, saved_at=now
            )
        )
    store.close()


def at_work(served: Served, texts: list[str]) -> None:
    """Fill the home anew as of an office at work, with these texts in every field."""
    store, now = served.store(), datetime.now(UTC)
    home.clear(store)
    home.fill(store, now)
    with store.write() as connection:
        for name in ("alert_link", "alert"):
            connection.execute(SQLModel.metadata.tables[name].delete())
    poison(store, now, texts)
    poison_offices(store, now, texts)
    store.close()
    poison_people(served, now, texts)

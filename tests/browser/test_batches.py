"""A file on the operator's page: rated, its bad row repaired, sent once more."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from app.batch_list import EVERY
from tests import factory
from tests.browser.conftest import SLOW
from tests.browser.rest import PAUSE
from tests.browser.test_shift import button, settled, waited

ROWS = 6
LARGE = 20_000  # rows, in four chunks: a run of them is seen before it ends
PATIENCE = 120_000  # milliseconds that a large file may take on a busy machine
HEAD, ROW = 30, 30  # pixels of the list of rows set aside
PLACE, BESIDE = 790, 640  # pixels from its left: where values are typed, and the column before


def manifest(folder: Path, name: str = "day.csv", **columns: Any) -> Path:
    """Six items, one of them with a mass that is no number."""
    table = factory.shipments(ROWS, **columns).drop(columns=["source", "line", "warnings"])
    table = table.dropna(axis=1, how="all").astype({"gross_mass_kg": "object"})
    table.loc[3, "gross_mass_kg"] = "about twelve"
    path = folder / name
    table.to_csv(path, index=False)
    return path


def test_a_file_is_rated_repaired_and_known_when_it_comes_again(served, visit, tmp_path):
    path = manifest(tmp_path)
    page = visit("operator-02", "/batches")
    send(page, path)
    told = page.locator(".rp-strip")
    expect(told).to_contain_text("Read 6 = accepted 5 + quarantined 1 + duplicate 0")
    expect(page.get_by_role("radio", name="Quarantined")).to_be_checked()
    listed = page.locator(".st-key-batch-list [role=row]", has_text="day.csv")
    expect(listed).to_contain_text("! Repair")

    row_of_kept(page)
    mass = page.get_by_label("Gross mass")
    expect(mass).to_have_value("about twelve")
    mass.fill("12")
    confirmed(page).fill("the carrier, by telephone")
    button(page, "Submit again").click()
    expect(told).to_contain_text("The row was repaired")
    expect(listed).to_contain_text("✓ Done")

    page.reload()
    send(page, path)
    expect(told).to_contain_text("Read 6 = accepted 0 + quarantined 0 + duplicate 6")


def test_rows_are_put_right_in_their_table_checked_as_typed_and_rated_together(
    served, visit, tmp_path
):
    path = manifest(tmp_path)
    table = pd.read_csv(path, dtype="object")
    table.loc[4, ["gross_mass_kg", "currency"]] = ["about twelve", "XA1"]
    table.loc[5, "gross_mass_kg"] = "nothing"
    table.to_csv(path, index=False)
    page = visit("operator-02", "/batches")
    send(page, path)
    expect(page.get_by_role("radio", name="Gross mass, kg 3")).to_have_count(
        0
    )  # it is all there is
    lines = lines_of(page)
    expect(lines).to_have_count(4)  # with the headings
    rate, like = (page.locator(f".st-key-repair-{name} button") for name in ("rate", "like"))
    expect(rate).to_be_disabled()
    type_value(page, 1, "heavy")
    expect(lines.nth(1)).to_contain_text("! Still wrong")
    type_value(page, 1, "12")
    expect(lines.nth(1)).to_contain_text("✓ Valid")
    expect(rate).to_contain_text("Rate repaired rows (1)")
    expect(like).to_contain_text("Same repair for like rows (1)")
    like.click()
    # What else is wrong with the row comes to light, in a line of its own.
    expect(lines).to_have_count(5)
    expect(lines.nth(2)).to_contain_text("○ Another cell is wrong")
    expect(lines.nth(3)).to_contain_text("Currency")
    expect(lines.nth(3)).to_contain_text("! Missing")
    type_value(page, 3, "usd")
    expect(lines.nth(3)).to_contain_text("✓ Valid")

    page.reload()  # a dropped line, a lock: what was typed is kept
    expect(rate).to_contain_text("Rate repaired rows (2)")
    expect(lines.nth(2)).to_contain_text("12")
    rate.click()
    refused = page.locator(".rp-strip", has_text="Say who confirmed the right values")
    expect(refused).to_be_in_viewport()
    page.get_by_label("Who confirmed the right values").fill("the carrier, by telephone")
    page.get_by_label("Who confirmed the right values").press("Enter")
    rate.click()
    expect(page.locator(".rp-strip", has_text="2 rows were repaired and rated.")).to_be_visible()
    expect(lines).to_have_count(2)
    expect(lines.nth(1)).to_contain_text("nothing")
    expect(page.get_by_label("Who confirmed the right values")).to_have_value("")
    asked = text(
        "SELECT actor, words FROM audit JOIN audit_words USING (sequence)"
        " WHERE action = 'quarantine.repair' ORDER BY sequence DESC LIMIT 2"
    )
    with closing(served.store()) as store, store.read() as connection:
        said = connection.execute(asked).all()
    assert {who for who, _ in said} == {"operator-02"}
    assert sorted(words for _, words in said) == [
        "the carrier, by telephone [gross_mass_kg “about twelve” to “12”; currency “XA1” to “usd”]",
        "the carrier, by telephone [gross_mass_kg “about twelve” to “12”]",
    ]


def test_what_waits_is_chosen_by_column_and_taken_away_as_a_file(served, visit):
    page = visit("operator-02", "/batches?time=all")
    page.get_by_role("radio", name="Gross mass, kg 4").click()
    expect(lines_of(page)).to_have_count(5)
    page.get_by_role("radio", name="Other 2").click()
    expect(lines_of(page)).to_have_count(3)
    expect(lines_of(page).nth(1)).to_contain_text("Quantity")
    with page.expect_download() as begun:
        page.locator(".st-key-repair-file button").click()
    content = Path(begun.value.path()).read_text("utf-8")
    assert len(content.splitlines()) == 30 and "'-0" in content  # nothing that a spreadsheet runs


def test_a_file_that_was_read_before_says_what_became_of_it_and_is_read_as_new_when_asked(
    served, visit, tmp_path
):
    first = manifest(tmp_path)
    page = visit("operator-02", "/batches")
    send(page, first)
    told = page.locator(".rp-strip")
    expect(told).to_contain_text("accepted 5 + quarantined 1")
    send(page, manifest(tmp_path, "later.csv", quantity=7.0))
    expect(page.locator(".rp-bar", has_text="later.csv")).to_be_visible()
    anew = button(page, "Read it as new")
    expect(anew).to_have_count(0)  # nobody has to know of it before

    send(page, first)
    expect(told.nth(0)).to_contain_text("The very same file was read before")
    expect(told.nth(1)).to_contain_text("changed or withdrawn since: 5.")
    expect(told.nth(2)).to_contain_text("wait to be put right: 1.")
    expect(page.get_by_role("radio", name="Quarantined")).to_be_checked()
    expect(page.locator(".rp-bar", has_text="day.csv")).to_contain_text("the other 5 are rated")
    anew.click()
    expect(told.nth(0)).to_contain_text("Read 6 = accepted 5 + quarantined 1 + duplicate 0")
    expect(anew).to_have_count(0)
    expect(button(page, "Rate it")).to_have_count(0)  # no file is chosen any more


def test_a_run_goes_on_whatever_is_clicked_and_tells_once_what_it_came_to(served, visit, large):
    page = visit("operator-02", "/batches")
    with under_way(served, page, large):
        rated = page.get_by_text("large.csv is being rated")
        expect(rated).to_be_visible()
        page.get_by_role("link", name="Sightings").click()
        expect(rated).to_have_count(0)
        page.get_by_role("link", name="Batches").click()
        expect(rated).to_be_visible()
        page.reload()
        expect(rated).to_be_visible()
        assert state_of(served, "large.csv") == "running"

    told = page.locator(".rp-strip")
    expect(told).to_contain_text(
        re.compile(r"large.csv: Read 20\s000 = accepted 20\s000 "), timeout=PATIENCE
    )
    expect(page.locator(".rp-bar", has_text="large.csv")).to_be_visible()
    assert state_of(served, "large.csv") == "done"
    page.reload()
    expect(page.locator(".rp-bar")).to_be_visible()
    expect(told).to_have_count(0)


def test_who_turned_to_another_batch_or_file_while_one_is_rated_is_left_there(
    served, visit, large, tmp_path
):
    page = visit("operator-02", "/batches?time=all")  # at night the others are not of today
    with under_way(served, page, large):
        expect(page.get_by_text("large.csv is being rated")).to_be_visible()
        expect(page.get_by_text("When that has ended, another can be rated.")).to_be_visible()
        expect(button(page, "Rate it")).to_have_count(0)
        page.locator("input[type=file]").set_input_files(str(manifest(tmp_path)))
        grid = page.locator(".st-key-batch-list [data-testid=stDataFrame]")
        spot = {"x": 300, "y": HEAD + 3 * ROW + ROW // 2}
        grid.hover(position=spot)  # a list takes clicks of a pointer that it has seen come
        page.wait_for_timeout(PAUSE)
        grid.click(position=spot)
        other = page.locator(".rp-bar", has_text="sad_export_1124.xml")
        expect(other).to_be_visible()
    expect(page.locator(".rp-strip")).to_contain_text("large.csv: Read", timeout=PATIENCE)
    expect(other).to_be_visible()
    expect(page.get_by_text("When that has ended")).to_have_count(0)
    expect(page.get_by_text("day.csv")).to_be_visible()
    expect(button(page, "Rate it")).to_be_visible()


def test_a_file_that_was_read_before_is_forgotten_with_the_page(served, visit, tmp_path):
    page = visit("operator-02", "/batches")
    for _ in range(2):
        send(page, manifest(tmp_path))
        expect(page.locator(".rp-strip").nth(0)).to_contain_text("Read 6")
    anew = button(page, "Read it as new")
    expect(anew).to_be_visible()
    page.get_by_role("link", name="Sightings").click()
    expect(anew).to_have_count(0)
    page.get_by_role("link", name="Batches").click()
    opened(page)
    expect(page.locator("input[type=file]")).to_be_attached()
    expect(anew).to_have_count(0)


def test_a_page_says_in_its_language_why_a_row_was_kept_back_and_still_is(served, visit, tmp_path):
    page = visit("operator-02", "/batches", locale="fr")
    page.locator("summary", has_text="Évaluer").click()
    page.locator("input[type=file]").set_input_files(str(manifest(tmp_path)))
    page.locator(".st-key-upload-rate button").click()
    expect(page.locator(".rp-strip")).to_contain_text("Le fichier a été évalué")
    row_of_kept(page)
    form = page.locator(".st-key-repair_row")
    expect(form).to_contain_text("Masse brute, kg : n’est pas un nombre.")
    expect(form).to_contain_text("gross_mass_kg 'about twelve' is not a number")
    page.get_by_label("Masse brute").fill("douze")
    page.locator("[class*=st-key-repair-][class*=-reason] input").fill("le transporteur")
    page.get_by_role("button", name="Soumettre").click()
    still = page.locator(".rp-strip", has_text="✕")
    expect(still).to_contain_text("Masse brute, kg : n’est pas un nombre.")
    expect(still).to_contain_text("'douze' is not a number")


def test_a_file_of_headings_alone_is_said_to_hold_no_rows_however_often_it_comes(
    served, visit, tmp_path
):
    path = tmp_path / "empty.csv"
    path.write_text(manifest(tmp_path).read_text().splitlines()[0] + "\n")
    page = visit("operator-02", "/batches")
    for _ in range(2):
        send(page, path)
        expect(page.locator(".rp-strip")).to_contain_text("The file holds no rows")
        expect(page.locator(".rp-bar", has_text="empty.csv")).to_contain_text("holds no rows")
        page.reload()


def test_a_repaired_row_that_was_overtaken_meanwhile_is_said_to_be_on_no_list(
    served, visit, tmp_path
):
    page = visit("operator-02", "/batches")
    send(page, manifest(tmp_path))
    expect(page.locator(".rp-bar", has_text="day.csv")).to_be_visible()
    later = factory.shipments(ROWS, gross_mass_kg=900.0).iloc[[3]]
    factory.write(tmp_path / "later.csv", later)
    send(page, tmp_path / "later.csv")
    expect(page.locator(".rp-bar", has_text="later.csv")).to_be_visible()
    send(page, tmp_path / "day.csv")  # known: the rows that wait are shown
    expect(page.locator(".rp-bar", has_text="day.csv")).to_be_visible()
    row_of_kept(page)
    page.get_by_label("Gross mass").fill("12")
    confirmed(page).fill("the carrier, by telephone")
    button(page, "Submit again").click()
    told = page.locator(".rp-strip")
    expect(told.nth(0)).to_contain_text("The row was repaired")
    expect(told.nth(1)).to_contain_text("! Overtaken rows: 1.")


def test_an_empty_file_is_refused_and_another_can_be_chosen_at_once(served, visit, tmp_path):
    path = tmp_path / "nothing.csv"
    path.write_bytes(b"")
    page = visit("operator-02", "/batches")
    send(page, path)
    told = page.locator(".rp-strip")
    expect(told).to_contain_text("✕ The file was not rated.It is empty.")
    send(page, manifest(tmp_path))
    expect(told).to_contain_text("▸ The file was rated.")


def test_a_batch_without_a_new_row_does_not_say_that_others_are_rated(served, visit, tmp_path):
    page = visit("operator-02", "/batches")
    send(page, manifest(tmp_path))
    expect(page.locator(".rp-bar", has_text="day.csv")).to_contain_text("the other 5 are rated")
    lines = manifest(tmp_path, "later.csv").read_text()
    (tmp_path / "later.csv").write_text(lines + "\n")  # other bytes, the same rows
    send(page, tmp_path / "later.csv")
    expect(page.locator(".rp-bar", has_text="later.csv")).to_contain_text("no row of it was rated")


def test_the_inbox_is_paused_with_a_reason_and_looked_at_again(served, visit):
    page = visit("operator-02", "/batches")
    card = page.locator(".rp-card", has_text="Inbox")
    expect(card).to_contain_text("No watcher tells of an inbox here.")
    page.locator(".st-key-inbox-pause button").first.click()
    page.locator(".st-key-inbox-pause-now button").click()
    expect(page.locator(".rp-strip")).to_contain_text("The inbox was not paused.")
    page.locator("[class*=st-key-inbox-why-] input").fill("the carrier sends rubbish")
    page.locator("[class*=st-key-inbox-why-] input").press("Enter")
    page.locator(".st-key-inbox-pause-now button").click()
    expect(card).to_contain_text("‖ Paused since")
    expect(card).to_contain_text("by operator-02: the carrier sends rubbish")
    page.locator(".st-key-inbox-resume button").click()
    expect(page.locator(".st-key-inbox-pause")).to_be_visible()
    expect(card).not_to_contain_text("Paused")


def test_of_a_file_without_a_good_row_the_first_fault_is_shown_and_its_line(
    served, visit, tmp_path
):
    path = manifest(tmp_path, "bad.csv")
    table = pd.read_csv(path, dtype="object").assign(
        gross_mass_kg="heavy", consignee_name="Ana Prova"
    )
    table.to_csv(path, index=False)
    page = visit("operator-02", "/batches")
    send(page, path)
    card = page.locator(".rp-card", has_text="bad.csv was refused")
    expect(card).to_contain_text("First fault at line 2, column Gross mass, kg: gross_mass_kg")
    expect(card).to_contain_text("6 of 6 rows were kept back (5 % is the limit).")
    button(page, "See line 2").click()
    line = page.locator(".stPopover, [data-testid=stPopoverBody]", has_text="heavy").last
    expect(line).to_contain_text("heavy")
    expect(line).to_contain_text("•••")
    assert "Ana Prova" not in line.inner_text()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that takes some seconds to rate."""
    table = factory.shipments(35)  # of seven parties and five: then the same two come again
    table = table.drop(columns=["source", "line", "warnings", "declaration_id"])
    head, *lines = table.dropna(axis=1, how="all").to_csv(index=False).splitlines()
    rows = (f"L{n:06d},{lines[n % len(lines)]}" for n in range(LARGE))
    path = tmp_path_factory.mktemp("large") / "large.csv"
    path.write_text("\n".join([f"declaration_id,{head}", *rows]) + "\n")
    return path


@contextmanager
def under_way(served: Any, page: Any, path: Path) -> Iterator[None]:
    """A run of this file that has begun, and stores no further chunk of it meanwhile.

    It waits for who writes into the database, as it would for another program; a page does not.
    """
    with closing(served.store()) as store:
        with store.write():
            send(page, path)
            expect(page.get_by_text(f"{path.name} is being rated")).to_be_visible()
        assert state_of(served, path.name) == "running"
        with store.write(patience=SLOW / 1000):
            yield


def state_of(served: Any, source: str) -> str:
    """The state of the newest batch of this name, as it is stored once the run has begun it."""
    asked = text("SELECT state FROM batch WHERE source = :name ORDER BY started_at DESC")
    until = time.monotonic() + SLOW / 1000
    with closing(served.store()) as store:
        while True:
            with store.read() as connection:
                found = connection.execute(asked, {"name": source}).scalar()
            if found is not None:
                return str(found)
            assert time.monotonic() < until, f"{source} has no batch"
            time.sleep(0.1)


def row_of_kept(page) -> None:
    """Open all cells of the first row that waits."""
    region = page.locator(".st-key-repair-whole details")
    region.locator("summary").click()
    chooser = region.locator(".stSelectbox input")
    chooser.click()
    for pause in range(0, 8 * PAUSE, PAUSE):  # a busy machine may lose a key
        chooser.press("ArrowDown")
        waited(page, pause)
        if page.get_by_role("option").count():
            break
    chooser.press("Enter")
    expect(region.locator(".st-key-repair_row")).to_be_visible()


def confirmed(page) -> Any:
    """Who confirmed the cells of that row: the table above asks for it in the same words, and is
    drawn before.
    """
    return page.locator(".st-key-repair_row").get_by_label("Who confirmed the right values")


def lines_of(page) -> Any:
    """The rows of the table in which values are put right, as those hear it who do not see it."""
    return page.locator("[class*=st-key-repairs-] [role=row]")


def type_value(page, line: int, text: str) -> None:
    """Type the right value of a line, the first being 1, and leave its cell."""
    grid = page.locator("[class*=st-key-repairs-] [data-testid=stDataFrame]")
    cells = lines_of(page).nth(line).locator("[role=gridcell]", has_text=text)
    for pause in range(0, 8 * PAUSE, PAUSE):  # a busy machine may lose a key
        settled(page)
        spot = {"x": PLACE, "y": HEAD + (line - 1) * ROW + ROW // 2}
        grid.hover(position=spot)  # a list takes clicks of a pointer that it has seen come
        waited(page, pause)
        # A click on the cell that is chosen opens it, where Enter would leave it.
        grid.click(position={**spot, "x": BESIDE})
        waited(page, pause)
        grid.click(position=spot)
        waited(page, pause)
        page.keyboard.press("Enter")
        waited(page, pause)
        page.keyboard.press("Control+A")
        page.keyboard.type(text)
        waited(page, pause)
        page.keyboard.press("Enter")
        for _ in range(80):  # tried anew too soon it would stand in the next line as well
            page.wait_for_timeout(max(pause, PAUSE) / 4)
            if cells.count():
                return
    raise AssertionError(f"the table takes no {text!r}")


def test_a_letter_typed_in_the_table_is_a_text_and_no_shortcut(served, visit):
    page = visit("operator-02", "/batches?time=all")
    type_value(page, 1, "12")
    expect(lines_of(page).nth(1)).to_contain_text("✓ Valid")
    grid = page.locator("[class*=st-key-repairs-] [data-testid=stDataFrame]")
    spot = {"x": PLACE, "y": HEAD + ROW + ROW // 2}
    settled(page)
    grid.click(position=spot)
    page.keyboard.press("g")  # at once: while the page is drawn anew letters wait, as shortcuts
    page.wait_for_timeout(4 * PAUSE)
    expect(page.locator(".rp-strip")).to_have_count(0)  # nothing was asked to be rated
    page.locator(".rp-kpi").click()
    settled(page)
    page.keyboard.press("g")
    expect(page.locator(".rp-strip")).to_contain_text("No row was rated.")


def send(page, path: Path) -> None:
    """Choose the file and have it rated, as a person does."""
    opened(page)
    chooser = page.locator("input[type=file]")
    expect(button(page, "Rate it")).to_have_count(0)  # the file before is gone
    expect(chooser).to_have_count(1)
    settled(page)  # what an act before told goes with its strip, and what is below moves up
    chooser.set_input_files(str(path))
    expect(button(page, "Rate it")).to_be_visible()
    settled(page)
    button(page, "Rate it").click()


def opened(page) -> None:
    """Open the region of the page that takes a file, where it is closed."""
    region = page.locator("details", has_text="Rate a file from this computer")
    if region.get_attribute("open") is None:
        region.locator("summary").click()


def test_batches_are_chosen_by_state_and_time_and_the_address_keeps_it(served, visit):
    page = visit("operator-02", "/batches?time=all")
    rows = page.locator(".st-key-batch-list [role=row]")
    expect(rows).to_have_count(6)  # with the headings
    page.get_by_role("radio", name="Refused or stopped 1").click()
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("✕ Stopped")
    assert "state=refused" in page.url
    page.get_by_role("radio", name="Running 1").click()
    expect(rows.nth(1)).to_contain_text(re.compile(r"about \d+ / s"))
    page.reload()
    expect(page.get_by_role("radio", name="Running 1")).to_be_checked()
    expect(rows).to_have_count(2)


def test_where_no_batch_is_as_was_asked_for_it_is_said_how_many_there_are(served, visit):
    with closing(served.store()) as store, store.write() as connection:
        connection.execute(text("UPDATE batch SET state = 'done' WHERE state = 'running'"))
    page = visit("operator-02", "/batches?time=all&state=running")
    expect(page.get_by_text("5 batches are here without these choices.")).to_be_visible()
    button(page, "Clear filters").click()
    expect(page.locator(".st-key-batch-list [role=row]")).to_have_count(6)


# The clock by which a browser looks again runs ten times as fast.
SOONER = f"""(() => {{
  const set = window.setInterval;
  window.setInterval = (act, time, ...told) =>
    set(act, time === {1000 * EVERY} ? time / 10 : time, ...told);
}})()"""


def test_what_another_program_reads_is_looked_at_again_until_it_has_ended(served, visit):
    page = visit("operator-02", "/healthz").context.new_page()
    page.set_default_timeout(SLOW)
    page.add_init_script(SOONER)
    page.goto(served.url + "/batches?time=all")
    row = page.locator(".st-key-batch-list [role=row]", has_text="ENS_20261124_1400.csv")
    expect(row).to_contain_text("▸ Rating")
    asked = text("UPDATE batch SET read = 25700, accepted = 25700 WHERE state = 'running'")
    with closing(served.store()) as store:
        with store.write() as connection:
            connection.execute(asked)
        expect(row).to_contain_text("25\u202f700")
        with store.write() as connection:
            connection.execute(text("UPDATE batch SET state = 'done' WHERE state = 'running'"))
    expect(row).to_contain_text("✓ Done")
    expect(page.get_by_role("radio", name="Running 0")).to_be_visible()

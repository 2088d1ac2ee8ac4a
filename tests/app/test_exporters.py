"""The exporters' page: off until it is wanted, and then narrow, forgetful and deaf to disguises."""

from __future__ import annotations

import ast
import asyncio
import gzip
import html
import logging
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlmodel import SQLModel
from starlette.applications import Starlette
from starlette.middleware import Middleware

from app import exporters, installation, server
from app.exporters import ALL, EACH, FORM, PATH, Allowance, network
from app.installation import served
from app.news import News
from app.runs import Runs
from riskprofile import words
from riskprofile.errors import StoreError
from riskprofile.services import check_counts, checking, settings
from riskprofile.services.rights import OWNER
from tests.app import test_doors
from tests.app.asgi import Answer, Browser, multipart
from tests.app.clock import Clock
from tests.conftest import LATE
from tests.services.test_checking import ARMS_WORDS, COMPLETE, HOSTILE, NONSENSE, ROOT, table

ORIGIN = "http://localhost"
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def clock() -> Clock[datetime]:
    return Clock(datetime(2026, 11, 24, 13, 7, tzinfo=UTC))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, clock: Clock[datetime]) -> Iterator[Any]:
    """The pages before Streamlit, of an installation that switched this one on."""
    home = str(tmp_path_factory.mktemp("home"))
    told = settings.load({}, home=home, exporters_page=True)
    store, before = settings.open_store(told), list(installation._served)
    installation.serve_from(
        installation.Installation(store, told, clock, News(store), Runs(store, told))
    )
    guard = Middleware(server.Guard, hosts=server.LOOPBACK, secure=False, public=(PATH,))
    with asyncio.Runner() as runner:
        yield Starlette(routes=server.routes(public=True), middleware=[guard]), runner
    store.close()
    installation._served[:] = before  # another module's pages may be served in this process


@pytest.fixture
def client(pages: Any, clock: Clock[datetime]) -> Browser:
    """A browser whose checks of an hour are all there."""
    clock.now += 2 * HOUR
    return Browser(*pages)


def send(client: Browser, file: bytes | None = None, **changed: str) -> Answer:
    """The form as a browser sends it."""
    fields = {} if file is not None else COMPLETE | changed
    return client.form(PATH, fields, file, origin=ORIGIN)


def held() -> dict[str, list[Any]]:
    """Every row of every table."""
    with served().store.read() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table))]
            for table in SQLModel.metadata.sorted_tables
        }


def answers() -> int:
    return sum(check_counts.by_day(served().store, OWNER, served().clock(), 3660).values())


# -- off, and on -----------------------------------------------------------------------------


def test_off_it_answers_as_any_unknown_address_does(tmp_path: Path) -> None:
    assert not settings.load({}, home=str(tmp_path)).exporters_page
    with test_doors.pages(tmp_path) as (app, runner):
        client = Browser(app, runner)
        for asked in (client.get, lambda path: client.form(path, COMPLETE, origin=ORIGIN)):
            here, nowhere = asked(PATH), asked("/no-such-page")
            assert here.status == nowhere.status == 303
            led = nowhere.headers["location"].replace("/no-such-page", PATH)
            assert here.headers["location"] == led
            assert here.text == nowhere.text


@pytest.mark.parametrize("wanted", [True, False])
def test_the_setting_alone_decides_whether_it_is_served(
    pages: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: bool
) -> None:
    monkeypatch.setattr(server.streamlit, "App", lambda main, **told: told)
    monkeypatch.setattr(server, "_configure", lambda hosts: None)
    monkeypatch.setattr(server, "serve_from", lambda made: made.store.close())
    built: Any = server.build(settings.load({}, home=str(tmp_path), exporters_page=wanted))
    assert (PATH in {route.path for route in built["routes"]}) == wanted
    assert (PATH in built["middleware"][0].kwargs["public"]) == wanted


def test_on_anybody_gets_the_page_without_a_cookie_and_with_every_guard(client: Browser) -> None:
    answer = client.get(PATH)
    assert answer.status == 200
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "This page checks papers, it does not rate; nothing you enter is kept." in answer.text
    assert "<script" not in answer.text


def test_the_address_opens_itself_alone(client: Browser) -> None:
    for path in (PATH + "/", PATH + "x", "/check"):
        assert client.get(path).status == 303


def test_another_host_name_is_not_answered(client: Browser) -> None:
    assert client.get(PATH, host="elsewhere.invalid").status == 400


# -- answers ---------------------------------------------------------------------------------


def test_a_complete_declaration_gets_no_gap_and_no_clearance(client: Browser) -> None:
    answer = send(client)
    assert answer.status == 200
    assert "No gaps found" in answer.text
    assert "no clearance and no rating" in answer.text


def test_each_fault_stands_on_top_and_beside_its_field_and_what_was_entered_stays(
    client: Browser,
) -> None:
    page = send(client, gross_mass_kg="1,234", currency="", hs_code="392690").text
    assert page.count('href="#gross_mass_kg"') == page.count('href="#currency"') == 1
    assert re.search(r'<input id="gross_mass_kg"[^>]* aria-describedby="about-gross_mass_kg" '
                     r'aria-invalid="true" value="1,234">', page)  # fmt: skip
    assert re.search(r'id="about-currency">Missing\. Write the three letters', page)
    assert "The words speak for chapter 94 (Furniture); declared is 39 (Plastics" in page
    assert 'value="Lund Carpentry"' in page
    assert ">wooden chairs and tables</textarea>" in page


def test_a_file_is_answered_with_its_lines(client: Browser) -> None:
    answer = send(client, table(2) + table(1, currency="euros").splitlines()[1] + b"\n")
    assert answer.status == 200
    assert "Currency is not a currency code." in answer.text
    assert "Line 4" in answer.text
    packed = send(client, gzip.compress(table(40, hs_code="93")))
    assert "The HS code 93 has fewer than six digits." in packed.text
    assert "Every line" in packed.text


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_every_language_is_chosen_by_the_browser_or_by_a_link_and_no_cookie_is_set(
    client: Browser, language: str
) -> None:
    title = words.of(language)("check.title")
    asked, linked = (
        client.get(PATH, accept_language=language),
        client.get(f"{PATH}?lang={language}"),
    )
    assert asked.text == linked.text
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in asked.text
    assert title in asked.text
    answer = client.form(f"{PATH}?lang={language}", {"hs_code": "9302"}, origin=ORIGIN)
    assert f"{words.of(language)('check.must')}</span>" in answer.text
    assert not client.cookies


def test_an_answer_is_written_in_the_direction_of_its_page_whoever_was_answered_before(
    client: Browser,
) -> None:
    """One thread answers all: in Arabic a code keeps its direction, in English nothing needs to."""
    answers = {}
    for language in ("en", "ar", "en"):
        sent = client.form(f"{PATH}?lang={language}", {"hs_code": "9302"}, origin=ORIGIN)
        answers[language] = sent.text.partition('role="status"')[2].partition("</section>")[0]
    assert "<bdi>9302</bdi>" in answers["ar"] and "<bdi>" not in answers["en"]


# -- hostile text ------------------------------------------------------------------------------


class Seen(HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, frozenset[str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, frozenset(name for name, _ in attrs)))


MARKUP = [
    '"><img src=//elsewhere.invalid onerror=f()>',
    "</textarea><script>f()</script>",
    "' autofocus onfocus=f() x='",
    "{{answer}}{{fields}}",
    "&lt;b&gt;",
]


@pytest.mark.parametrize("hostile", [*(one for one in HOSTILE if one != "\ud800"), *MARKUP])
def test_whatever_is_typed_makes_no_tag_and_no_attribute(client: Browser, hostile: str) -> None:
    columns = [name for _, group in FORM for name, _ in group]
    calm = client.form(PATH, dict.fromkeys(columns, "x y"), origin=ORIGIN)
    answer = client.form(PATH, dict.fromkeys(columns, hostile[:7_000]), origin=ORIGIN)
    assert answer.status == calm.status == 200
    assert set(Seen(answer.text).tags) <= set(Seen(calm.text).tags) | {("br", frozenset())}
    assert "\u202e" not in answer.text


@pytest.mark.parametrize("cell", [*MARKUP, "\u202egnp", "=1+1"])
def test_whatever_stands_in_a_file_makes_no_tag(client: Browser, cell: str) -> None:
    row = f'"{cell.replace(chr(34), chr(39))}"'
    heading = row
    answer = send(
        client, f"declaration_id,goods_description,{heading}\nA,{row},{row}\n{row}\n".encode()
    )
    assert answer.status in (200, 422)
    assert {tag for tag, _ in Seen(answer.text).tags} <= {
        tag for tag, _ in Seen(send(client, b"declaration_id,hs_code\nA,1\n").text).tags
    }


@pytest.mark.parametrize("arms", ARMS_WORDS)
def test_a_disguise_gets_the_page_that_an_unknown_word_gets(
    client: Browser, clock: Clock[datetime], arms: str
) -> None:
    for code in ("392690", "940360", "010121"):
        pages = []
        for word in (arms, NONSENSE):
            told = send(client, goods_description=f"wooden chairs {word}", hs_code=code).text
            pages.append(re.sub("<textarea.*?</textarea>", "", told, flags=re.S))
        assert pages[0] == pages[1]


# -- what is refused ---------------------------------------------------------------------------


def test_a_form_of_another_site_is_refused(client: Browser) -> None:
    for origin in ("http://elsewhere.invalid", "null", ""):
        answer = client.form(PATH, COMPLETE, origin=origin)
        assert answer.status == 403
        assert "Lund" not in answer.text


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/x-www-form-urlencoded", "goods_description=x", 415),
        ("application/json", "{}", 415),
        ("multipart/form-data", "x", 400),
        ("multipart/form-data; boundary=edge", "nothing of the kind", 400),
        ("multipart/form-data; boundary=edge", "--edge--\r\n", 400),
        ("multipart/form-data; boundary=edge", "--edge\r\n\r\nx\r\n--edge--", 400),
        ("multipart/form-data; boundary=" + "e" * 400, "x", 400),
        ("multipart/form-data; boundary=edge; charset=zip", "--edge--\r\n", 400),
    ],
)
def test_what_is_no_form_of_this_page_is_refused(
    client: Browser, kind: str, body: str, status: int
) -> None:
    answer = client.post(PATH, body, origin=ORIGIN, content_type=kind)
    assert answer.status == status
    assert "This is no form of this page" in answer.text


def test_a_form_of_too_many_or_too_long_fields_is_refused(client: Browser) -> None:
    assert client.form(PATH, {f"f{n}": "x" for n in range(41)}, origin=ORIGIN).status == 400
    assert send(client, goods_description="x" * 8_001).status == 400
    assert client.form(PATH, {"unknown": "x"}, origin=ORIGIN).status == 400


def test_a_megabyte_is_taken_and_a_byte_more_is_not(client: Browser) -> None:
    room = checking.MAX_BYTES - len(table(1, goods_description=""))
    whole = table(1, goods_description="wooden chairs ".ljust(room, "x"))
    assert send(client, whole).status == 200
    longer = send(client, whole + b"\n")
    assert longer.status == 422
    assert "larger than 1 MB" in longer.text


@pytest.mark.parametrize("told", ["", "4000000", "9" * 5000, "12"])
def test_a_body_is_left_unread_where_it_is_too_long(client: Browser, told: str) -> None:
    """Whatever it says of its length: at most what a form holds is taken from the network."""
    taken = 0

    async def receive() -> dict[str, Any]:
        nonlocal taken
        taken += 50_000
        assert taken < exporters.BODY_BYTES + 100_000
        return {"type": "http.request", "body": b"x" * 50_000, "more_body": True}

    headers = {"origin": ORIGIN, "content_type": "multipart/form-data; boundary=x"}
    headers |= {"content_length": told} if told else {}
    answer = client.runner.run(raw(client, headers, receive))
    assert answer == 413
    assert taken == 0 or told in ("", "12")


async def raw(client: Browser, headers: dict[str, str], receive: Any) -> int:
    got: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        got.append(message)

    await client.app({**client._scope("http", PATH, headers), "method": "POST"}, receive, send)
    return int(got[0]["status"])


def test_a_body_that_does_not_arrive_in_time_is_given_up(client: Browser, monkeypatch) -> None:
    monkeypatch.setattr(exporters, "READ_SECONDS", 0.05)

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    headers = {"origin": ORIGIN, "content_type": "multipart/form-data; boundary=x"}
    assert client.runner.run(raw(client, headers, receive)) == 408


def test_who_leaves_while_sending_gives_the_place_back(
    client: Browser, clock: Clock[datetime]
) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    headers = {"origin": ORIGIN, "content_type": "multipart/form-data; boundary=x"}
    for _ in range(exporters.READING + 1):
        assert client.runner.run(raw(client, headers, receive)) == 400
    assert send(client).status == 200


def test_a_bomb_a_workbook_and_a_document_type_are_refused_in_a_sentence(client: Browser) -> None:
    for content in (
        gzip.compress(b"0" * 20_000_000),
        (ROOT / "data/synthetic/demo/air.xlsx").read_bytes(),
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><ASYCUDA>&a;</ASYCUDA>',
        table(501),
    ):
        answer = send(client, content)
        assert answer.status == 422
        assert 'role="alert"' in answer.text
    assert send(client, b"").status == 400


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_what_is_the_matter_with_a_file_is_said_in_the_language_of_the_page(
    client: Browser, language: str
) -> None:
    damaged = b"PK\x03\x04 no archive"
    answer = client.form(PATH, {}, damaged, origin=ORIGIN, accept_language=language)
    said = words.of(language)
    assert said("check.file_unread", what=said("unread.truncated")) in html.unescape(answer.text)


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_an_empty_file_is_called_empty_and_only_one_that_was_not_chosen_missing(
    client: Browser, language: str
) -> None:
    said = words.of(language)
    empty = client.form(PATH, {}, b"", origin=ORIGIN, accept_language=language)
    assert said("check.file_unread", what=said("unread.nothing")) in html.unescape(empty.text)
    kind, body = multipart({}, b"")
    nameless = body.replace(b'filename="f.csv"', b'filename=""')
    none = client.post(PATH, nameless, content_type=kind, origin=ORIGIN, accept_language=language)
    assert said("check.file_none") in html.unescape(none.text)
    assert (empty.status, none.status) == (400, 400)


def test_a_file_of_no_known_format_is_told_those_that_this_page_takes(client: Browser) -> None:
    told = html.unescape(send(client, b"%PDF-1.4 a manifest").text)
    assert "is in no format known here (sad, " in told and "jsonl, csv)" in told
    assert not any(name in told for name in ("parquet", "xlsx", "paxlst", "pnrgov"))


# -- how often ---------------------------------------------------------------------------------


def test_thirty_checks_an_hour_and_then_the_page_says_when(
    client: Browser, clock: Clock[datetime]
) -> None:
    for _ in range(EACH):
        assert send(client, currency="x").status == 200
        clock.now += timedelta(seconds=10)
    answer = send(client)
    assert answer.status == 429
    assert answer.headers["retry-after"] == str(3600 - 10 * EACH)
    assert f"{clock.now + HOUR - timedelta(seconds=300):%H:%M} UTC" in answer.text
    assert "in 55 min" in answer.text
    assert client.get(PATH).status == 200  # to look is free
    client.address = "192.0.2.9"
    assert send(client).status == 200
    client.address = "127.0.0.1"
    clock.now += HOUR - timedelta(seconds=300)
    assert send(client).status == 200


def test_a_refused_file_counts_as_a_check_too(client: Browser) -> None:
    assert [send(client, b"junk").status for _ in range(EACH + 1)] == [422] * EACH + [429]


def test_many_addresses_share_one_limit_and_are_not_remembered_beyond_it() -> None:
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    allowed = Allowance()
    for number in range(ALL):
        assert allowed.take(f"2001:db8:{number:x}::/64", now + timedelta(seconds=number)) is None
    late = now + timedelta(seconds=ALL)
    for number in range(5_000):
        assert allowed.take(f"2001:db9:{number:x}::/64", late) == now + HOUR
    assert len(allowed._taken) == ALL
    assert allowed.take("192.0.2.1", now + HOUR) is None


def test_a_clock_set_back_locks_nobody_out() -> None:
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    allowed = Allowance(each=1)
    assert allowed.take("192.0.2.1", now) is None
    assert allowed.take("192.0.2.1", now - timedelta(days=1)) is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("unix:", "", True),
    ],
)
def test_addresses_of_one_site_count_together(one: str, other: str, same: bool) -> None:
    assert (network(one) == network(other)) == same


def test_two_are_checked_at_a_time_and_a_third_is_sent_away(client: Browser, monkeypatch) -> None:
    true, entered, leave = checking.check, threading.Semaphore(0), threading.Event()

    def slow(items: Any) -> Any:
        entered.release()
        assert leave.wait(LATE)
        return true(items)

    monkeypatch.setattr(checking, "check", slow)
    kind, body = multipart(COMPLETE)
    headers = {"origin": ORIGIN, "content_type": kind}

    async def three() -> list[Answer]:
        first = [asyncio.create_task(client._send("POST", PATH, headers, body)) for _ in range(2)]
        for _ in first:
            assert await asyncio.to_thread(entered.acquire, timeout=LATE)
        third = await client._send("POST", PATH, headers, body)
        health = await client._send("GET", "/healthz", {}, b"")  # others do not wait
        leave.set()
        return [*(await asyncio.gather(*first)), third, health]

    told = client.runner.run(three())
    assert [answer.status for answer in told] == [200, 200, 503, 200]
    assert told[2].headers["retry-after"] == "5"
    assert send(client).status == 200


# -- what is kept ------------------------------------------------------------------------------


def test_nothing_entered_is_stored_or_logged_and_answers_alone_are_counted(
    client: Browser, caplog, capfd
) -> None:
    caplog.set_level(logging.DEBUG)
    before, counted = held(), answers()
    send(client)
    send(client, table(3, consignor_name="Lund Carpentry"))
    send(client, b"declaration_id,hs_code\nLund")
    send(client, b"Lund Carpentry")
    client.form(PATH, COMPLETE, origin="http://elsewhere.invalid")
    after = held()
    assert answers() == counted + 3
    assert before.pop("check_day") != after.pop("check_day")
    assert before == after
    out = capfd.readouterr()
    logged = caplog.text + out.out + out.err
    for name in ("Lund", "Ode Interiors", "wooden", "Quay Street"):
        assert name not in logged
    home = served().settings.home
    for path in (path for path in home.rglob("*") if path.is_file()):
        assert b"Lund Carpentry" not in path.read_bytes(), path


def test_what_cannot_be_counted_is_not_answered(client: Browser, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(check_counts, "count", full)
    answer = send(client, currency="euros")
    assert answer.status == 503
    assert "is not a currency code" not in answer.text
    assert 'value="Lund Carpentry"' in answer.text


def test_a_fault_of_ours_is_logged_without_the_words_that_met_it(
    client: Browser, monkeypatch, caplog
) -> None:
    def broken(items: Any) -> None:
        raise ValueError(f"cannot read {items}")

    monkeypatch.setattr(checking, "check", broken)
    answer = send(client)
    assert answer.status == 500
    assert "The check did not work." in answer.text
    assert "ValueError at test_exporters.py" in caplog.text
    assert "Lund" not in caplog.text + answer.text


def test_the_page_knows_no_service_but_the_two_that_can_rate_nothing() -> None:
    tree = ast.parse(Path(exporters.__file__).read_text("utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("riskprofile"):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    assert found == {
        "riskprofile.errors.RiskProfileError",
        "riskprofile.services.check_counts",
        "riskprofile.services.checking",
        "riskprofile.services.checking.Checked",
        "riskprofile.services.checking.Finding",
    }


def test_a_day_has_one_row_whatever_it_counts(client: Browser, clock: Clock[datetime]) -> None:
    check_counts.count(served().store, clock.now)
    check_counts.count(served().store, clock.now)
    with served().store.read() as connection:
        rows = connection.execute(text("SELECT day FROM check_day")).scalars().all()
    assert len(rows) == len(set(rows))

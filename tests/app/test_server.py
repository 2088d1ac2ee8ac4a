"""The door: nobody unknown sees a page, and every answer carries its guards."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app import server
from app.installation import COOKIE, served
from riskprofile.errors import UsageError
from riskprofile.services import identity, settings
from tests.app.asgi import Answer, Browser, running
from tests.app.clock import Clock

NOW = datetime(2026, 11, 24, 13, 7, tzinfo=UTC)
PASSWORD = "correct horse battery"
ORIGIN = "http://localhost"


@pytest.fixture(scope="module")
def clock() -> Clock[datetime]:
    """The clock of the served home."""
    return Clock(NOW)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, clock: Clock[datetime]) -> Iterator[Any]:
    """The application over an empty home with one officer."""
    told = settings.load({}, home=str(tmp_path_factory.mktemp("home")))
    app = server.build(told, clock=clock)
    identity.add_account(
        served().store,
        identity.OWNER,
        name="officer-14",
        role="officer",
        office=None,
        password=PASSWORD,
        now=NOW,
    )
    with running(app) as runner:
        yield app, runner
    served().store.close()


@pytest.fixture
def client(pages: Any, clock: Clock[datetime]) -> Browser:
    """A browser without cookies."""
    clock.now += timedelta(hours=1)  # failed tries of an earlier test have been forgotten
    return Browser(*pages)


def sign_in(client: Browser, password: str = PASSWORD, origin: str = ORIGIN) -> Answer:
    """Send the form as a browser does."""
    return client.post("/sign-in", f"name=officer-14&password={password}&code=", origin=origin)


def test_a_stranger_is_sent_to_the_sign_in_page_and_back_to_the_page_asked_for(client):
    answer = client.get("/batches?lane=red")
    assert answer.status == 303
    assert answer.headers["location"] == "/sign-in?next=/batches%3Flane%3Dred"


def test_an_address_with_a_stroke_too_much_is_that_of_its_page_to_strangers_too(client):
    for _ in range(2):
        for asked, leads in (("/outcome/?alert=8", "/outcome?alert=8"), ("/account/", "/account")):
            answer = client.get(asked, accept="text/html")
            assert (answer.status, answer.headers["location"]) == (303, leads)
        sign_in(client)


def test_what_watches_over_the_server_may_ask_for_the_head_of_a_page_alone(client):
    assert client.head("/sign-in").status == 200
    sign_in(client)
    assert client.head("/account").status == 200


def test_the_address_of_ones_home_leads_to_it_with_what_was_asked(client):
    sign_in(client)
    answer = client.get("/queue?lane=red")
    assert (answer.status, answer.headers["location"]) == (303, "/?lane=red")
    for nobodys in ("/shipments", "/queue/8/reasons"):
        answer = client.get(nobodys, accept="text/html")
        assert (answer.status, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize(
    "path",
    [
        *("/_stcore/upload_file/x", "/_stcore/host-config", "/media/x"),
        *("/sign-in-x", "/sign-in/_stcore/upload_file/x", "/language/_stcore/health", "/healthz/x"),
    ],
)
def test_a_stranger_gets_nothing_from_the_page_server(client, path):
    assert client.get(path).status in (303, 401)


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/agent/openapi.json"])
def test_what_no_page_needs_is_closed_to_everybody(client, path):
    sign_in(client)
    assert client.get(path).status == 404


def test_a_stranger_cannot_open_the_websocket(client):
    assert client.websocket("/_stcore/stream", origin=ORIGIN) == 4401


def test_a_page_of_another_site_cannot_open_the_websocket_of_a_signed_in_officer(client):
    sign_in(client)
    assert client.websocket("/_stcore/stream", origin="http://elsewhere.invalid") == 4401


def test_the_right_password_gives_a_cookie_that_no_script_and_no_other_site_can_use(client):
    answer = sign_in(client)
    cookie = answer.headers["set-cookie"]
    assert answer.status == 303
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert client.get("/").status == 200


def test_the_cookie_is_secure_over_tls(pages, client):
    tls = Browser(*pages, scheme="https")
    assert "Secure" in sign_in(tls, origin="https://localhost").headers["set-cookie"]


def test_a_wrong_password_is_refused_without_saying_what_was_wrong(client):
    answer = sign_in(client, "wrong wrong wrong")
    unknown = client.post("/sign-in", "name=nobody&password=x", origin=ORIGIN)
    assert answer.status == unknown.status == 401
    assert answer.text == unknown.text
    assert COOKIE not in client.cookies


def test_a_form_sent_from_another_site_signs_nobody_in(client):
    assert sign_in(client, origin="http://elsewhere.invalid").status == 403


def test_an_overlong_form_is_refused(client):
    assert sign_in(client, "x" * 5000).status == 413


def test_signing_out_ends_the_session_even_for_a_copied_cookie(client):
    sign_in(client)
    copied = dict(client.cookies)
    client.post("/sign-out", "", origin=ORIGIN)
    client.cookies = copied
    assert client.get("/").status == 303


def test_an_address_that_is_opened_and_a_form_of_another_site_sign_nobody_out(client):
    """A browser fetches addresses before anybody asks for them; a watcher asks for their heads."""
    sign_in(client)
    for answer in (client.get("/sign-out"), client.head("/sign-out")):
        assert (answer.status, answer.headers["location"]) == (303, "/")
    for origin in ({}, {"origin": "null"}, {"origin": "http://elsewhere.invalid"}):
        refused = client.post("/sign-out", "", **origin)
        assert (refused.status, "it signed nobody out" in refused.text) == (403, True)
    assert client.get("/news").status == 200
    assert client.post("/sign-out", "", origin=ORIGIN).status == 303
    assert client.get("/news").status == 303


def test_after_fifteen_idle_minutes_the_door_is_closed(client, clock):
    sign_in(client)
    clock.now += timedelta(minutes=15)
    assert client.get("/").status == 303


def test_a_page_that_asks_for_news_keeps_nobody_signed_in(client, clock):
    sign_in(client)
    for _ in range(3):
        answer = client.get("/news")
        assert (answer.status, json.loads(answer.text)) == (200, {"alerts": 0})
        assert answer.headers["cache-control"] == "no-store"
        clock.now += timedelta(minutes=5)
    assert client.get("/news").status == 303


def told(answer):
    """What a page hears of its session: seconds left and whether that is its end; or nothing."""
    said = json.loads(answer.text)
    assert said.pop("alerts") == 0
    return (said["left"], said["final"]) if said else None


def test_the_last_seconds_of_an_idle_session_are_told_and_who_is_there_stays(client, clock):
    sign_in(client)
    clock.now += timedelta(seconds=809)
    assert told(client.get("/news")) is None
    clock.now += timedelta(seconds=1)  # the last tenth of a quarter of an hour
    assert told(client.get("/news")) == (90, False)
    clock.now += timedelta(seconds=70.5)
    assert told(client.get("/news")) == (19.5, False)  # the question before put nothing off
    assert told(client.post("/stay", "", origin=ORIGIN)) is None
    clock.now += timedelta(minutes=14)
    assert told(client.get("/news")) == (60, False)


def test_a_page_of_another_site_says_of_nobody_that_they_are_there(client, clock):
    sign_in(client)
    clock.now += timedelta(minutes=14)
    for origin in ({}, {"origin": "null"}, {"origin": "http://localhost:9000"}):
        assert client.post("/stay", "", **origin).status == 403
    assert told(client.get("/news")) == (60, False)


def test_the_end_of_a_sign_in_is_told_two_minutes_before_and_nothing_puts_it_off(client, clock):
    sign_in(client)
    for _ in range(47):
        clock.now += timedelta(minutes=10)
        client.get("/")
    clock.now += timedelta(minutes=7, seconds=59)
    assert told(client.get("/news")) is None
    clock.now += timedelta(seconds=1)
    assert told(client.get("/news")) == (120, True)
    assert told(client.post("/stay", "", origin=ORIGIN)) == (120, True)
    clock.now += timedelta(minutes=2)
    assert client.get("/news").status == client.post("/stay", "", origin=ORIGIN).status == 303


def test_another_host_name_is_not_served(client):
    assert client.get("/sign-in", host="rebound.invalid").status == 400


@pytest.mark.parametrize(
    "path",
    [
        *("/sign-in", "/", "/healthz", "/nothing-here", "/account", "/sign-out", "/keys.js"),
        *("/back.js", "/base.js", "/idle.js", "/lang.js", "/line.js", "/news.js", "/news"),
        *("/language?to=fr", "/static/nothing.js", "/_stcore/health", "/favicon.png"),
    ],
)
def test_every_answer_forbids_foreign_scripts_frames_and_sniffing(client, path):
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "img-src 'self' data: blob:" in policy
    assert re.search(r"script-src 'self' 'sha256-[^']+';", policy)
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/", "/sign-in", "/account", "/media/printed.pdf"])
def test_no_browser_keeps_what_tells_of_a_person(client, path):
    """Nor the frame of a page: the way back after Sign out leads to signing in."""
    sign_in(client)
    assert client.get(path).headers["cache-control"] == "no-store"
    assert "no-store" not in client.get("/static/nothing.js").headers.get("cache-control", "")


def test_a_browser_asks_for_the_scripts_of_the_release_that_draws_its_page(client):
    sign_in(client)
    for name in server.SCRIPTS:
        assert client.get(f"/{name}").headers["cache-control"] == "no-cache"


def test_the_way_back_after_sign_in_stays_on_this_server(client):
    for target in ("//elsewhere.invalid/", "https://elsewhere.invalid", "/\\elsewhere.invalid"):
        answer = client.post(
            f"/sign-in?next={target}", f"name=officer-14&password={PASSWORD}", origin=ORIGIN
        )
        assert answer.headers["location"] == "/"


def test_the_sign_in_page_speaks_the_language_of_the_browser_and_keeps_a_choice(client):
    assert "Se connecter" in client.get("/sign-in", accept_language="fr-CA").text
    client.get("/language?to=fr")
    assert "Se connecter" in client.get("/sign-in", accept_language="en").text


def test_who_chooses_a_language_stays_on_the_page_where_they_chose_it(client):
    for page, onward in (
        (f"{ORIGIN}/trends?lane=red", "/trends?lane=red"),
        ("http://elsewhere.invalid/trends", "/"),
        (f"{ORIGIN}/sign-in?next=/trends", "/"),
        (f"{ORIGIN}//elsewhere.invalid/", "/"),
    ):
        answer = client.get("/language?to=fr", referer=page)
        assert (answer.status, answer.headers["location"]) == (303, onward)


def test_health_says_nothing_but_that_the_server_runs(client):
    assert client.get("/healthz").text == '{"status":"ok"}'


def test_plain_http_beyond_this_machine_is_refused(tmp_path: Path):
    told = settings.load({}, home=str(tmp_path))
    with pytest.raises(UsageError, match="passwords in clear"):
        server.serve(told, host="0.0.0.0", port=8501)

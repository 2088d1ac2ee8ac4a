"""The doors beside the password: provider, trusted proxy, one's own account."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc import jwk
from sqlalchemy import event, select, update
from starlette.applications import Starlette
from starlette.middleware import Middleware

from app import exporters, installation, server, text, words
from app.installation import COOKIE, served
from app.news import News
from app.runs import Runs
from riskprofile.services import identity, settings
from riskprofile.store.office_tables import WebSession
from tests.app.asgi import Answer, Browser
from tests.app.test_server import NOW, ORIGIN, PASSWORD
from tests.services import provider as oidc

INSIDE = "/account"  # a page for signed-in people alone, and not by the page framework
SECRET = "p" * 32
PROXY = {"x_remote_user": "officer-14", "x_riskprofile_proxy": SECRET}


@pytest.fixture(scope="module")
def provider() -> Iterator[oidc.Provider]:
    with oidc.running(NOW.timestamp()) as found:
        yield found


@contextmanager
def pages(home: Path, **told: Any) -> Iterator[tuple[Any, asyncio.Runner]]:
    """The pages before Streamlit, of a home with two officers."""
    (home / "keys").mkdir(mode=0o700)
    for name, secret in (("oidc.secret", oidc.SECRET), ("proxy.secret", SECRET)):
        (home / "keys" / name).write_text(secret)
        (home / "keys" / name).chmod(0o600)
    configured = settings.load({}, home=str(home), **told)
    store, before = settings.open_store(configured), list(installation._served)
    installation.serve_from(
        installation.Installation(
            store, configured, lambda: NOW, News(store), Runs(store, configured)
        )
    )
    for name in ("officer-14", "officer-15"):
        identity.add_account(
            store,
            identity.OWNER,
            name=name,
            role="officer",
            office=None,
            password=PASSWORD,
            now=NOW,
        )
    guard = Middleware(server.Guard, hosts=server.LOOPBACK, secure=False)
    with asyncio.Runner() as runner:
        yield Starlette(routes=server.routes(), middleware=[guard]), runner
    store.close()
    installation._served[:] = before  # another module's pages may be served in this process


@pytest.fixture
def single(tmp_path: Path, provider: oidc.Provider) -> Iterator[Any]:
    """Pages with single sign-on."""
    with pages(tmp_path, **sign_on(provider)) as found:
        yield found


def sign_on(provider: oidc.Provider) -> dict[str, str]:
    """The settings that name this provider."""
    back_at = "http://localhost/sign-in/oidc/back"
    return {
        "oidc_issuer": provider.issuer,
        "oidc_client": oidc.CLIENT,
        "oidc_redirect": back_at,
    }


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[Any]:
    """Pages behind a trusted proxy on loopback."""
    with pages(tmp_path, proxy_address="127.0.0.1") as found:
        yield found


def back(answer: dict[str, str]) -> str:
    return "/sign-in/oidc/back?" + "&".join(f"{name}={value}" for name, value in answer.items())


def test_somebody_comes_in_by_the_provider_and_to_the_page_asked_for(single, provider):
    client = Browser(*single)
    assert "/sign-in/oidc?next=" in client.get("/sign-in?next=/batches").text
    out = client.get("/sign-in/oidc?next=/batches")
    assert out.status == 303 and out.headers["location"].startswith(provider.issuer)
    flow = out.headers["set-cookie"].lower()
    assert "httponly" in flow and "samesite=lax" in flow and "path=/sign-in/oidc" in flow
    done = client.get(back(provider.authorise(out.headers["location"], "officer-14")))
    assert done.status == 200 and 'content="0;url=/batches"' in done.text
    assert client.get(INSIDE).status == 200
    person = identity.actor_of(served().store, client.cookies[COOKIE], NOW)
    assert person is not None and person.name == "officer-14"


def test_who_reads_the_exporters_page_in_arabic_turns_no_address_round(single, provider):
    """One thread answers both: tags that keep a direction stand in no address."""
    client = Browser(*single)
    out = client.get("/sign-in/oidc?next=/batches")
    exporters._page(words.of("ar"))
    try:
        done = client.get(back(provider.authorise(out.headers["location"], "officer-14")))
    finally:
        text.direct(False)
    assert 'content="0;url=/batches"' in done.text and 'href="/batches"' in done.text


def test_a_provider_changes_its_keys_while_the_pages_run(tmp_path):
    """The new key is known at once, and the old one no longer, with no restart."""
    with (
        oidc.running(NOW.timestamp()) as provider,
        pages(tmp_path, **sign_on(provider)) as single,
    ):
        old, new = provider.key, jwk.RSAKey.generate_key(2048, {"kid": "two", "use": "sig"})
        other = jwk.ECKey.generate_key("P-256", {"kid": "of encryption", "use": "enc"})

        def begun(client: Browser) -> str:
            return client.get("/sign-in/oidc").headers["location"]

        def comes_in(client: Browser, address: str) -> bool:
            status = client.get(back(provider.authorise(address, "officer-14"))).status
            assert status in (200, 401)
            assert (COOKIE in client.cookies) == (status == 200)
            return status == 200

        def signs_in(key: jwk.RSAKey, name: str = "") -> bool:
            provider.key, provider.header = key, {"kid": name} if name else {}
            client = Browser(*single)
            return comes_in(client, begun(client))

        early, waiting = Browser(*single), Browser(*single)
        assert comes_in(early, begun(early))
        at_the_provider = begun(waiting)
        assert not signs_in(new)  # not published yet
        provider.published = [other, old, new]
        assert signs_in(old) and signs_in(new)
        provider.published = [new, other]
        assert not signs_in(old)
        assert not signs_in(old, "two")  # under the new one's name
        assert signs_in(new)
        assert comes_in(waiting, at_the_provider)  # who was there meanwhile
        assert early.get(INSIDE).status == 200  # a session of ours needs no key of theirs


def test_an_answer_that_this_browser_did_not_ask_for_signs_nobody_in(single, provider):
    mine, theirs = Browser(*single), Browser(*single)
    address = theirs.get("/sign-in/oidc").headers["location"]
    answer = back(provider.authorise(address, "officer-14"))
    assert mine.get(answer).status == 401
    mine.get("/sign-in/oidc")
    assert mine.get(answer).status == 401
    assert COOKIE not in mine.cookies


def test_somebody_without_an_account_is_told_so(single, provider):
    client = Browser(*single)
    address = client.get("/sign-in/oidc").headers["location"]
    assert client.get(back(provider.authorise(address, "stranger"))).status == 401
    assert COOKIE not in client.cookies


def test_a_provider_that_is_down_is_no_fault_of_the_page(single, provider):
    provider.down = True
    try:
        assert Browser(*single).get("/sign-in/oidc").status == 503
    finally:
        provider.down = False


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"aud": "another"}, "(Invalid claim: 'aud')"),
        ({"exp": 5}, "(The token is expired)"),
        ({"nonce": "x"}, "'nonce'"),
        ({"preferred_username": "stranger"}, "no account here has this name"),
    ],
)
def test_the_log_says_why_the_provider_lets_nobody_in(single, provider, caplog, claims, why):
    client, provider.claims = Browser(*single), claims
    try:
        address = client.get("/sign-in/oidc").headers["location"]
        answer = client.get(back(provider.authorise(address, "officer-14")))
    finally:
        provider.claims = {}
    assert (answer.status, COOKIE in client.cookies) == (401, False)
    (line,) = caplog.messages
    assert why in line and why not in html.unescape(answer.text)
    assert "stranger" not in line and oidc.SECRET not in line


def test_a_stranger_at_the_door_of_the_provider_fills_no_log(single, caplog):
    assert Browser(*single).get("/sign-in/oidc/back?code=x&state=y").status == 401
    assert not caplog.messages


def test_the_log_says_what_is_wrong_with_the_secret_of_the_client(single, provider, caplog):
    secret = served().settings.home / "keys" / "oidc.secret"
    for how, why in ((lambda: secret.chmod(0o644), "others may read"), (secret.unlink, "be read")):
        client = Browser(*single)
        address = client.get("/sign-in/oidc").headers["location"]
        how()
        assert client.get(back(provider.authorise(address, "officer-14"))).status == 503
        assert why in caplog.messages[-1]


def test_without_single_sign_on_its_door_is_shut(behind):
    client = Browser(*behind)
    assert client.get("/sign-in/oidc").status == 503
    assert client.get("/sign-in/oidc/back?code=x&state=y").status == 401


def test_whom_the_proxy_names_comes_in(behind):
    client = Browser(*behind)
    assert client.get("/sign-in?next=/batches", **PROXY).headers["location"] == "/batches"
    assert client.get(INSIDE, **PROXY).status == 200


@pytest.mark.parametrize("wrong", [{}, {"x_riskprofile_proxy": "q" * 32}, {"x_remote_user": ""}])
def test_a_header_without_the_secret_is_nothing(behind, wrong):
    client = Browser(*behind)
    headers = {"x_remote_user": "officer-14", **wrong}
    assert client.get("/sign-in", **headers).status == 200
    assert COOKIE not in client.cookies


def test_a_forwarded_address_does_not_make_a_proxy(behind):
    app, runner = behind
    outside = server.forwarded(app)

    async def elsewhere(scope: Any, receive: Any, send: Any) -> None:
        await outside({**scope, "client": ("203.0.113.9", 1)}, receive, send)

    client = Browser(elsewhere, runner)
    assert client.get("/sign-in", **PROXY, x_forwarded_for="127.0.0.1").status == 200
    assert COOKIE not in client.cookies


def test_the_cookie_is_secure_where_a_proxy_on_this_machine_says_that_it_holds_the_tls(behind):
    app, runner = behind
    for address, marked in (("127.0.0.1", True), ("::1", True), ("203.0.113.9", False)):
        client = Browser(server.forwarded(app), runner)
        client.address = address
        sent = {"origin": ORIGIN, "x_forwarded_proto": "https"}
        answer = client.post("/sign-in", f"name=officer-14&password={PASSWORD}", **sent)
        assert ("secure" in answer.headers["set-cookie"].lower()) == marked


def test_the_session_of_another_person_than_the_proxy_names_is_not_accepted(behind):
    client = Browser(*behind)
    client.get("/sign-in", **PROXY)
    other = {**PROXY, "x_remote_user": "officer-15"}
    assert client.get(INSIDE, **other).status == 303
    assert client.get("/sign-in", **other).status == 303
    person = identity.actor_of(served().store, client.cookies[COOKIE], NOW)
    assert person is not None and person.name == "officer-15"


def test_the_session_of_another_person_lives_no_longer_for_being_asked_with(behind):
    client = Browser(*behind)
    client.get("/sign-in", **PROXY)
    before = NOW - timedelta(minutes=10)
    with served().store.write() as connection:
        connection.execute(update(WebSession).values(seen_at=before))
    other = {**PROXY, "x_remote_user": "officer-15"}
    assert client.get(INSIDE, **other).status == 303
    assert client.post("/stay", "", origin=ORIGIN, **other).status == 303
    with served().store.read() as connection:
        assert connection.execute(select(WebSession.seen_at)).scalar_one() == before
    assert client.post("/stay", "", origin=ORIGIN, **PROXY).status == 200
    with served().store.read() as connection:
        assert connection.execute(select(WebSession.seen_at)).scalar_one() == NOW


def test_signing_out_behind_a_proxy_is_not_undone_at_once(behind):
    client = Browser(*behind)
    client.get("/sign-in", **PROXY)
    onward = sign_out(client, **PROXY).headers["location"]
    assert client.get(onward, **PROXY).status == 200


def sign_out(client: Browser, **headers: str) -> Answer:
    return client.post("/sign-out", "", origin=ORIGIN, **headers)


def sign_in(client: Browser, password: str = PASSWORD) -> Answer:
    return client.post("/sign-in", f"name=officer-14&password={password}&code=", origin=ORIGIN)


WAS_AT = "http://localhost/?alert=1&lane=red"


def doors_of(page: Answer) -> tuple[str, str]:
    """Where its form goes, and its first other language."""
    action = re.search(r'action="([^"]+)"', page.text)
    other = re.search(r'href="(/language[^"]+)"', page.text)
    assert action and other
    return html.unescape(action[1]), html.unescape(other[1])


@pytest.mark.parametrize("how", ["signed out", "locked"])
def test_who_signs_in_again_goes_on_where_they_were_and_nobody_else_does(behind, how):
    client = Browser(*behind)
    sign_in(client)
    if how == "locked":
        identity.sign_out(served().store, client.cookies[COOKIE], NOW)
        page = client.get("/sign-in", referer=WAS_AT)
    else:
        page = client.get(sign_out(client, referer=WAS_AT).headers["location"])
    _, french = doors_of(page)
    page = client.get(client.get(french).headers["location"], referer="http://localhost/sign-in")
    action, _ = doors_of(page)
    assert "Se connecter" in page.text and "officer-14" not in action
    for name, onward in (("officer-15", "/"), ("officer-14", "/?alert=1&lane=red")):
        body = f"name={name}&password={PASSWORD}&code="
        assert client.post(action, body, origin=ORIGIN).headers["location"] == onward


def test_where_somebody_was_is_kept_by_no_browser_in_which_nobody_was(behind):
    page = Browser(*behind).get("/sign-in", referer=WAS_AT)
    assert doors_of(page)[0] == "/sign-in"
    foreign = Browser(*behind)
    sign_in(foreign)
    left = sign_out(foreign, referer="http://elsewhere.invalid/?alert=1")
    assert left.headers["location"] == "/sign-in?stay=1"


def test_whom_a_proxy_names_goes_on_where_another_was_in_no_case(behind):
    client = Browser(*behind)
    client.get("/sign-in", **PROXY)
    other = {**PROXY, "x_remote_user": "officer-15"}
    assert client.get("/sign-in", referer=WAS_AT, **other).headers["location"] == "/"
    assert client.get("/sign-in", referer=WAS_AT, **other).headers["location"] == WAS_AT[16:]


def test_a_provider_leads_back_to_where_the_same_person_was(single, provider):
    client = Browser(*single)
    for name, onward in (("officer-14", "/?alert=1&amp;lane=red"), ("officer-15", "/")):
        sign_in(client)
        page = client.get(sign_out(client, referer=WAS_AT).headers["location"])
        elsewhere = re.search(r'href="(/sign-in/oidc[^"]+)"', page.text)
        assert elsewhere
        out = client.get(html.unescape(elsewhere[1]))
        done = client.get(back(provider.authorise(out.headers["location"], name)))
        assert f'content="0;url={onward}"' in done.text


def test_ones_own_password_is_changed_on_the_page(behind):
    client, elsewhere = Browser(*behind), Browser(*behind)
    sign_in(client)
    sign_in(elsewhere)
    assert re.search(r'name="current"', client.get("/account").text)
    for body, status in (
        ("current=wrong&new=another+long+word", 401),
        (f"current={PASSWORD}&new=short", 400),
        ("x" * 5000, 413),
    ):
        assert client.post("/account", body, origin=ORIGIN).status == status
    body = f"current={PASSWORD}&new=another+long+word"
    assert client.post("/account", body, origin="http://elsewhere.invalid").status == 403
    assert client.post("/account", body, origin=ORIGIN).status == 303
    assert elsewhere.get(INSIDE).status == 303  # the sessions of the old password ended
    assert sign_in(client).status == 401
    assert sign_in(client, "another long word").status == 303


def test_the_longest_passwords_of_any_script_fit_in_the_form(behind):
    client, before = Browser(*behind), PASSWORD
    for letter in "\u0e01\u5bc6":
        sign_in(client, before)
        sent = urlencode({"current": before, "new": (before := letter * 256)})
        assert client.post("/account", sent, origin=ORIGIN).status == 303
    assert sign_in(client, before).status == 303


def away(store: Any) -> None:
    """The sessions cannot be asked for any more."""
    with store.write() as connection:
        connection.exec_driver_sql("ALTER TABLE web_session RENAME TO web_session_away")


def test_who_came_in_is_not_asked_for_again_on_the_page_of_the_account(behind):
    """Between the two the database may stop to answer."""
    client = Browser(*behind)
    sign_in(client)
    store = served().store
    event.listen(store.engine, "checkin", lambda *_: away(store), once=True)
    assert client.get("/account").status == 200
    assert client.get("/account").status == 503


def test_who_comes_in_by_the_provider_while_the_database_stops_to_answer_is_in(single, provider):
    client = Browser(*single)
    out = client.get("/sign-in/oidc?next=%2Fbatches").headers["location"]
    store = served().store

    def gone(*_: Any) -> None:  # once the session is there
        event.listen(store.engine, "checkin", lambda *_: away(store), once=True)

    event.listen(store.engine, "commit", gone, once=True)
    done = client.get(back(provider.authorise(out, "officer-14")))
    assert (done.status, COOKIE in client.cookies) == (200, True)
    with store.write() as connection:
        connection.exec_driver_sql("ALTER TABLE web_session_away RENAME TO web_session")
    assert client.get(INSIDE).status == 200


def test_signing_out_everywhere_ends_the_sessions_of_other_machines(behind):
    client, elsewhere = Browser(*behind), Browser(*behind)
    sign_in(client)
    sign_in(elsewhere)
    assert client.post("/account", "do=everywhere", origin=ORIGIN).status == 303
    assert client.get(INSIDE).status == elsewhere.get(INSIDE).status == 303


def test_who_cannot_be_signed_out_yet_is_told_that_they_still_are(behind):
    client = Browser(*behind)
    sign_in(client)
    store = served().store
    with store.write() as connection:  # sessions can be read, and none can be ended
        connection.exec_driver_sql("ALTER TABLE audit RENAME TO audit_away")
    for answer in (
        sign_out(client, referer=WAS_AT),
        client.post("/account", "do=everywhere", origin=ORIGIN),
    ):
        assert (answer.status, "you are still signed in" in answer.text) == (503, True)
    assert client.get(INSIDE).status == 200
    with store.write() as connection:
        connection.exec_driver_sql("ALTER TABLE audit_away RENAME TO audit")
        connection.exec_driver_sql("ALTER TABLE web_session RENAME TO web_session_away")
    assert client.get("/sign-in", referer=WAS_AT).status == 200  # whose it was is not known
    with store.write() as connection:
        connection.exec_driver_sql("ALTER TABLE web_session_away RENAME TO web_session")
    assert sign_out(client).status == 303
    assert client.get(INSIDE).status == 303


def test_a_stranger_has_no_account_page(behind):
    client = Browser(*behind)
    assert client.get("/account").status == 303
    assert client.post("/account", "do=everywhere", origin=ORIGIN).status == 303

"""Who comes in: the sign-in page, the administration's own sign-in, one's own account.

Plain HTML without script; the page framework sees none of it.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import resources
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import anyio.to_thread
from anyio import CapacityLimiter
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app import words
from app.installation import COOKIE, LANGUAGE_COOKIE, served
from app.markup import filled
from app.text import attribute, escape
from riskprofile.errors import PolicyError, RiskProfileError, StoreError
from riskprofile.files import legible
from riskprofile.services import federated, identity, own_account

log = logging.getLogger("riskprofile.app")

FORM_LIMIT = 4864  # bytes of a form: two passwords of 256 letters, each of up to 9 as it is sent
NEXT = re.compile(r"/[a-z_-]*(\?[A-Za-z0-9=&_.%+-]*)?")
DOORS = ("/sign-in", "/sign-out", "/language")
FLOW_COOKIE = "riskprofile_flow"  # sealed: what a browser carries to the provider and back
PEER = "riskprofile.peer"
SESSION = "riskprofile.session"


class Peer:
    """Notes who is at the other end of the connection, whatever headers say."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        await self.app({**scope, PEER: client[0] if client else ""}, receive, send)


def vouched(scope: Scope) -> str | None:
    """The account that the trusted proxy names in this request, if it is from it."""
    client = scope.get("client")
    peer = scope.get(PEER, client[0] if client else "")
    try:
        return federated.proxied(served().settings, peer, Headers(scope=scope))
    except RiskProfileError:
        return None  # its secret cannot be read: nobody is vouched for


def host_name(host: str) -> str:
    """The name in a Host header, without its port.

    >>> host_name("[::1]:8501"), host_name("pages.example:443")
    ('::1', 'pages.example')
    """
    bracketed = re.fullmatch(r"\[([^\]]*)\](:\d+)?", host)
    return (bracketed[1] if bracketed else host.rsplit(":", 1)[0] if ":" in host else host).lower()


def same_origin(headers: Headers) -> bool:
    """Whether a browser says that this request comes from a page of ours."""
    origin = headers.get("origin", "")
    return origin.partition("://")[2] == headers.get("host", "") != ""


def session(token: str, vouched_for: str | None = None, *, touch: bool = True) -> Any | None:
    """The live session of this token; None when there is none, or not of whom the proxy names.

    `touch` says that the person is there: the session lives on.
    """
    if not token:
        return None
    here = served()
    return identity.session_of(here.store, token, here.clock(), of=vouched_for, touch=touch)


@dataclass(frozen=True)
class Way:
    """Where to go on after signing in, and a mark of who was there: empty when nobody knows."""

    onward: str = "/"
    of: str = ""

    @property
    def query(self) -> str:
        """What an address of the doors carries of it."""
        if self.onward == "/":
            return ""
        of = f"&of={quote(self.of)}" if self.of else ""
        return f"next={quote(self.onward, safe='')}{of}"

    def to(self, name: str) -> str:
        """Where this person goes on: never to what another had open."""
        return self.onward if self.of in ("", _mark(name)) else "/"


def way(asked: Mapping[str, str], before: str = "/", of: str = "") -> Way:
    """The way that an address asks for; else back to the page `before`, where it had somebody."""
    of = asked.get("of", of)
    onward = asked.get("next", before if of else "/")
    return Way(onward if NEXT.fullmatch(onward) else "/", of)


def _mark(name: str) -> str:
    """An account in an address: its name does not belong in a browser's history."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]


async def _way(request: Request) -> Way:
    """What the address asks for; else the page that led here, of whoever was signed in there."""
    token, store = request.cookies.get(COOKIE, ""), served().store
    who = ""
    with suppress(StoreError):  # then nobody is known, and the way leads to the first page
        who = await anyio.to_thread.run_sync(lambda: identity.holder(store, token)) if token else ""
    return way(request.query_params, _before(request), _mark(who) if who else "")


def _before(request: Request) -> str:
    """The page of ours that led here; else the first."""
    page = urlsplit(request.headers.get("referer", ""))
    ours = page.netloc == request.headers.get("host") and page.path not in DOORS
    return page.path + (f"?{page.query}" if page.query else "") if ours else "/"


_two_at_once: list[CapacityLimiter] = []  # Argon2id costs 0.3 s and 64 MiB a check


async def sign_in(request: Request) -> Response:
    onward = await _way(request)
    if request.method != "POST":
        vouched_for = vouched(request.scope)
        if vouched_for and "stay" not in request.query_params:
            return await _entered_by_proxy(request, vouched_for, onward)
        return HTMLResponse(sign_in_page(words.of(_language_of(request)), onward))
    if not same_origin(request.headers):
        return _refused(request, onward, "sign_in.refused_origin", 403)
    form = await _form(request)
    if form is None:
        return _refused(request, onward, "sign_in.refused", 413)
    here = served()
    address = request.client.host if request.client else ""
    try:
        token = await anyio.to_thread.run_sync(
            lambda: identity.sign_in(
                here.store,
                form.get("name", "").strip(),
                form.get("password", ""),
                form.get("code", "").strip(),
                here.clock(),
                address=address,
                second_factor_roles=here.settings.second_factor_roles,
            ),
            limiter=_two(),
        )
    except PolicyError:
        return _refused(request, onward, "sign_in.refused", 401)
    except RiskProfileError:
        return _refused(request, onward, "sign_in.failed", 503)
    person = form.get("name", "").strip()
    return _given(RedirectResponse(onward.to(person), 303), request, COOKIE, token)


def unanswered(request: Request, onward: str) -> Response:
    """Where the database does not answer nobody is known: the way in says so, and leads on."""
    return _refused(request, Way(onward), "sign_in.failed", 503)


async def sign_out(request: Request) -> Response:
    """End the session of who presses the button; an address that is only opened ends none.

    A browser may fetch an address before anybody asks for it, and what watches over a server asks
    for the head of every one.
    """
    if request.method != "POST":
        return RedirectResponse("/", 303)
    if not same_origin(request.headers):
        return _refused(request, Way(), "sign_out.refused_origin", 403)
    token, left = request.cookies.get(COOKIE, ""), await _way(request)
    if token:
        here = served()
        try:
            await anyio.to_thread.run_sync(
                lambda: identity.sign_out(here.store, token, here.clock())
            )
        except StoreError:  # the cookie stays: asked for again, this ends the session
            return _refused(request, left, "account.failed", 503)
    # A trusted proxy would sign the person in again at once.
    stay = "stay=1" if served().settings.proxy_address else ""
    query = "&".join(filter(None, (stay, left.query)))
    answer = RedirectResponse(f"/sign-in?{query}" if query else "/sign-in", 303)
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return answer


async def language(request: Request) -> Response:
    chosen = request.query_params.get("to", "")
    onward = request.query_params.get("next", _before(request))
    answer = RedirectResponse(onward if NEXT.fullmatch(onward) else "/", 303)
    if chosen in words.LANGUAGES:
        _given(answer, request, LANGUAGE_COOKIE, chosen, max_age=31_536_000)
    return answer


async def to_provider(request: Request) -> Response:
    """Send the browser to the administration's own sign-in."""
    here, onward = served(), way(request.query_params)
    try:
        out = await anyio.to_thread.run_sync(
            lambda: federated.begin(here.settings, onward.query, here.clock())
        )
    except RiskProfileError as error:
        log.warning("single sign-on: %s", legible(str(error)))
        return _refused(request, onward, "sign_in.no_provider", 503)
    lasts = int(federated.FLOW_TIME.total_seconds())
    answer = RedirectResponse(out.address, 303)
    # Lax: it must come back with the provider's redirect.
    return _given(answer, request, FLOW_COOKIE, out.carried, "/sign-in/oidc", "lax", lasts)


async def from_provider(request: Request) -> Response:
    """Take in what the provider answered, and start a session."""
    say, here = words.of(_language_of(request)), served()
    carried, query = request.cookies.get(FLOW_COOKIE, ""), dict(request.query_params)
    answer: Response
    try:
        token, asked = await anyio.to_thread.run_sync(
            lambda: federated.finish(here.store, here.settings, carried, query, here.clock())
        )
    except PolicyError as error:
        if carried:  # else it is a stranger's, who could fill a disk with it
            log.warning("single sign-on: %s", legible(str(error)))
        answer = _refused(request, Way(), "sign_in.not_known", 401)
    except RiskProfileError as error:
        log.warning("single sign-on: %s", legible(str(error)))
        answer = _refused(request, Way(), "sign_in.no_provider", 503)
    else:
        # A redirect would still count as coming from the provider, and the browser would
        # keep the new Strict cookie back. A page of ours goes on instead.
        name = ""
        with suppress(StoreError):  # the session is there: it leads to the first page
            name = await anyio.to_thread.run_sync(lambda: identity.holder(here.store, token))
        onward = way(dict(parse_qsl(asked))).to(name)
        page = (
            f'<!doctype html><meta http-equiv="refresh" content="0;url={attribute(onward)}">'
            f'<a href="{attribute(onward)}">{escape(say("sign_in.go_on"))}</a>'
        )
        answer = _given(HTMLResponse(page), request, COOKIE, token)
    answer.delete_cookie(FLOW_COOKIE, path="/sign-in/oidc", httponly=True, samesite="lax")
    return answer


async def account(request: Request) -> Response:
    """One's own account: a new password, and sign-out on every machine."""
    say, here = words.of(_language_of(request)), served()
    person = request.user  # of whom the guard knows: nobody else comes here
    if request.method != "POST":
        return HTMLResponse(account_page(say, person.name))

    def refused(said: str, status: int) -> Response:
        return HTMLResponse(account_page(say, person.name, say(said)), status)

    if not same_origin(request.headers):
        return refused("sign_in.refused_origin", 403)
    form = await _form(request)
    if form is None:
        return refused("account.refused", 413)
    try:
        if form.get("do") == "everywhere":
            await anyio.to_thread.run_sync(
                lambda: own_account.sign_out_everywhere(here.store, person, here.clock())
            )
        else:
            await anyio.to_thread.run_sync(
                lambda: own_account.change_password(
                    here.store,
                    person,
                    form.get("current", ""),
                    form.get("new", ""),
                    here.clock(),
                ),
                limiter=_two(),
            )
    except PolicyError:
        return refused("account.wrong", 401)
    except StoreError:
        return refused("account.failed", 503)
    except RiskProfileError:
        return refused("account.refused", 400)
    answer = RedirectResponse("/sign-in?stay=1", 303)
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return answer


async def _entered_by_proxy(request: Request, name: str, onward: Way) -> Response:
    here = served()
    try:
        token = await anyio.to_thread.run_sync(
            lambda: federated.enter(here.store, name, here.clock(), "proxy")
        )
    except PolicyError:
        return _refused(request, onward, "sign_in.not_known", 401)
    except RiskProfileError:
        return _refused(request, onward, "sign_in.failed", 503)
    return _given(RedirectResponse(onward.to(name), 303), request, COOKIE, token)


def _refused(request: Request, onward: Way, said: str, status: int) -> Response:
    """The way in, in the reader's language, with why it did not lead on."""
    say = words.of(_language_of(request))
    return HTMLResponse(sign_in_page(say, onward, say(said)), status)


def _given(
    answer: Response,
    request: Request,
    name: str,
    value: str,
    path: str = "/",
    samesite: str = "strict",
    max_age: int | None = None,
) -> Response:
    """The answer with a cookie that no script reads, and that stays on https once it is there."""
    secure = request.url.scheme == "https"
    kept: dict[str, Any] = {"path": path, "samesite": samesite, "max_age": max_age}
    answer.set_cookie(name, value, secure=secure, httponly=True, **kept)
    return answer


async def _form(request: Request) -> dict[str, str] | None:
    """The fields of a form; None when it is longer than any of ours."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > FORM_LIMIT:
            return None
    return dict(parse_qsl(body.decode("utf-8", "replace")))


def _two() -> CapacityLimiter:
    """Argon2id costs 0.3 s and 64 MiB a check: two at once."""
    if not _two_at_once:
        _two_at_once.append(CapacityLimiter(2))
    return _two_at_once[0]


def _language_of(request: Request) -> str:
    return words.choose(
        request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language", "")
    )


def sign_in_page(say: words.Words, onward: Way, fault: str = "") -> str:
    """The sign-in page as HTML: no script, no file but itself."""
    asked = f"?{onward.query}" if onward.query else ""
    here = f"/sign-in{asked}"
    values = {
        "title": say("sign_in.title"),
        "lead": say("sign_in.lead"),
        "name": say("sign_in.name"),
        "password": say("sign_in.password"),
        "code": say("sign_in.code"),
        "code_hint": say("sign_in.code_hint"),
        "button": say("sign_in.button"),
        "notice": say("sign_in.notice"),
        "action": here,
        "elsewhere": say("sign_in.elsewhere"),
        "elsewhere_at": f"/sign-in/oidc{asked}",
        "elsewhere_hidden": "" if served().settings.oidc_issuer else "hidden",
    }
    links = " ".join(
        f'<a href="/language?to={other}&amp;next={quote(here)}" lang="{other}">'
        f"{escape(say.name_of(other))}</a>"
        for other in words.LANGUAGES
        if other != say.language
    )
    return _door("sign_in.html", say, fault, values, {"others": links})


def account_page(say: words.Words, who: str, fault: str = "") -> str:
    """The page of one's own account as HTML: a new password, and sign-out everywhere."""
    values = {
        "who": who,
        "title": say("account.title"),
        "current": say("account.current"),
        "new": say("account.new"),
        "rule": say("account.rule"),
        "change": say("account.change"),
        "everywhere": say("account.everywhere"),
        "everywhere_text": say("account.everywhere_text"),
        "back": say("account.back"),
    }
    return _door("account.html", say, fault, values, {})


def _door(
    forms: str, say: words.Words, fault: str, values: Mapping[str, str], blocks: Mapping[str, str]
) -> str:
    """A page of forms, with what went wrong in them."""
    folder = resources.files("app.theme")
    every = {
        "language": say.language,
        "direction": direction(say),
        "product": say("product"),
        "fault": fault,
        "fault_hidden": "" if fault else "hidden",
        **values,
    }
    within = filled(folder.joinpath(forms).read_text("utf-8"), every, blocks)
    return filled(folder.joinpath("door.html").read_text("utf-8"), every, {"forms": within})


def direction(say: words.Words) -> str:
    """The side from which a page of this language is written, as HTML names it."""
    return "rtl" if say.right_to_left else "ltr"

"""The pages as one ASGI application: sign-in, guards, headers, and Streamlit behind them."""

from __future__ import annotations

import base64
import gc
import hashlib
import importlib
import re
import tomllib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import lru_cache, partial
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anyio.to_thread
import streamlit
import uvicorn
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app import doors, exporters, frame, pages, theme
from app.installation import COOKIE, Installation, serve_from, served
from app.news import News
from app.pages import PAGES
from app.runs import Runs
from riskprofile.errors import StoreError, UsageError
from riskprofile.services.settings import Settings, open_store

try:
    import resource
except ImportError:  # not on every system
    resource = None  # type: ignore[assignment]

MAIN = Path(__file__).with_name("main.py")
# What pages import when they are first drawn.
LIBRARIES = (
    *("pandas.io.formats.style", "pyarrow", "altair", "streamlit.elements.arrow"),
    *("app.alert_panel", "app.batch_rows", "riskprofile.services.screen"),
)
LOOPBACK = ("127.0.0.1", "::1", "localhost")
# What a browser may fetch before anybody is known: the sign-in page and Streamlit's own files.
OPEN_PATHS = (
    *("/sign-in", "/sign-in/oidc", "/sign-in/oidc/back", "/sign-out"),
    *("/language", "/healthz", "/favicon.png"),
)
OPEN_FOLDER = "/static/"
FOLDERS = (OPEN_FOLDER, "/_stcore/", "/media/", "/component/")  # of Streamlit's own files
SCRIPTS = ("back.js", "base.js", "idle.js", "keys.js", "lang.js", "line.js", "news.js")
# Streamlit endpoints that nothing here needs: figures of the process, and a programs' interface.
CLOSED_PATHS = ("/_stcore/metrics", "/_stcore/agent", "/_stcore/script-health-check")


def build(
    settings: Settings,
    *,
    clock: Callable[[], datetime] | None = None,
    secure: bool = False,
    hosts: tuple[str, ...] = LOOPBACK,
) -> ASGIApp:
    """Build the ASGI application for one installation.

    Parameters
    ----------
    settings : riskprofile.services.settings.Settings
        The installation's home and database.
    clock : callable, optional
        Gives the UTC-aware time; the system's clock when left out.
    secure : bool
        Whether the pages are reached over TLS: the cookie is then marked Secure.
    hosts : tuple of str
        Host names that the pages answer to, without port.

    Raises
    ------
    StoreError
        When the database cannot be opened.
    """
    store = open_store(settings)
    runs = Runs(store, settings)
    clock = clock or (lambda: datetime.now(UTC))
    serve_from(Installation(store, settings, clock, News(store), runs))
    _configure(hosts)
    public = (exporters.PATH,) if settings.exporters_page else ()
    made = routes(public=settings.exporters_page)
    known = frozenset(route.path for route in made)
    guard = Middleware(Guard, hosts=hosts, secure=secure, public=public, known=known)

    @asynccontextmanager
    async def lifespan(app: streamlit.App) -> AsyncIterator[None]:
        yield
        await anyio.to_thread.run_sync(runs.end)

    return streamlit.App(
        MAIN, routes=made, middleware=[guard], on_script_error=_told, lifespan=lifespan
    )


def routes(*, public: bool = False) -> list[Route]:
    """Every page that is not Streamlit's; the exporters' one where it is `public`."""
    offered = [Route(exporters.PATH, exporters.answer(), methods=["GET", "POST"])] if public else []
    return [
        *offered,
        Route("/sign-in", doors.sign_in, methods=["GET", "POST"]),
        Route("/sign-out", doors.sign_out, methods=["GET", "POST"]),
        Route("/sign-in/oidc", doors.to_provider, methods=["GET"]),
        Route("/sign-in/oidc/back", doors.from_provider, methods=["GET"]),
        Route("/account", doors.account, methods=["GET", "POST"]),
        Route("/language", doors.language, methods=["GET"]),
        Route("/healthz", _health, methods=["GET"]),
        Route("/news", _news, methods=["GET"]),
        Route("/stay", _news, methods=["POST"]),
        *[Route(f"/{name}", _script, methods=["GET"]) for name in SCRIPTS],
        *[
            Route(f"/{name}", _page, methods=["GET"])
            for name in ("", *(one for _, one, _ in PAGES))
        ],
    ]


def serve(
    settings: Settings,
    *,
    host: str = "127.0.0.1",
    port: int = 8501,
    certfile: str | None = None,
    keyfile: str | None = None,
    hosts: tuple[str, ...] = (),
) -> None:
    """Serve the pages until stopped.

    Raises
    ------
    UsageError
        When plain HTTP is asked for beyond loopback: passwords and declarations would
        cross the network in clear.
    """
    if host not in LOOPBACK and not (certfile and keyfile):
        raise UsageError(
            f"plain HTTP on {host} would send passwords in clear",
            do="Give --certfile and --keyfile, or serve on 127.0.0.1 behind a TLS proxy.",
        )
    names = (*LOOPBACK, *([host] if host.strip("0.:") else []), *hosts)
    app = build(settings, secure=bool(certfile), hosts=names)
    leave_no_core()
    settle()
    uvicorn.run(
        forwarded(app),
        proxy_headers=False,
        host=host,
        port=port,
        ssl_certfile=certfile,
        ssl_keyfile=keyfile,
        log_level="warning",
        server_header=False,
        date_header=True,
    )


def forwarded(app: ASGIApp) -> ASGIApp:
    """The pages as a proxy on loopback passes them on: whose request it is, and that TLS held it.

    The peer is noted before a header may change what it seems.
    """
    inner: Any = app  # Starlette and uvicorn spell the types of one interface differently
    proxied: Any = ProxyHeadersMiddleware(inner, trusted_hosts=[*LOOPBACK])
    return doors.Peer(proxied)


def leave_no_core() -> None:
    """Let a crash write no picture of the memory, which holds declarations, to any disk."""
    if resource is not None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def settle() -> None:
    """Set apart from garbage what was imported: it stays until the end.

    Streamlit collects garbage after each run of a page, and would look at every object of
    every library each time: more work than drawing the page.
    """
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


class Guard:
    """Answers no stranger: host and session are checked before Streamlit sees a request."""

    def __init__(
        self,
        app: ASGIApp,
        hosts: tuple[str, ...],
        secure: bool,
        public: tuple[str, ...] = (),
        known: frozenset[str] = frozenset(),
    ) -> None:
        self.app, self.hosts, self.secure = app, hosts, secure
        self.public, self.known = public, known
        self.policy = content_policy()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        refusal = await self._refusal(scope)
        if refusal is None:
            await self.app(scope, receive, self._with_headers(send, scope["path"]))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 4401})
        else:
            await refusal(scope, receive, self._with_headers(send, scope["path"]))

    async def _refusal(self, scope: Scope) -> Response | None:
        headers, path = Headers(scope=scope), scope["path"]
        if doors.host_name(headers.get("host", "")) not in self.hosts and "*" not in self.hosts:
            return Response("This host name is not served here.", 400)
        if any(path.startswith(closed) for closed in CLOSED_PATHS):
            return Response("Not found", 404)
        acts = scope["type"] == "websocket" or path == "/stay"
        if acts and not doors.same_origin(headers):
            return Response("Refused", 403)
        if path in (*self.public, *OPEN_PATHS) or path.startswith(OPEN_FOLDER):
            return None
        asked = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
        near = path.rstrip("/")
        if near != path and near in self.known:  # a program added a stroke to the address
            return RedirectResponse(near + asked, 303)
        token = HTTPConnection(scope).cookies.get(COOKIE, "")
        # What a page asks by itself is no sign that its person is there: it still locks.
        asks = partial(doors.session, touch=path != "/news")
        target = path + asked
        onward = target if doors.NEXT.fullmatch(target) else "/"
        try:
            session = await anyio.to_thread.run_sync(asks, token, doors.vouched(scope))
        except StoreError:
            if path == "/news" or path.startswith("/_stcore/") or scope["type"] == "websocket":
                return Response("The database did not answer.", 503)
            return doors.unanswered(Request(scope), onward)
        if session is not None:
            person = session.actor
            scope["user"], scope[doors.SESSION] = person, session
            # Streamlit serves a home at "/" alone: its own address leads there.
            # An address that nobody has would be a page that lacks its own scripts.
            at_home = scope["type"] == "http" and path.strip("/") == pages.home(person.role)
            if at_home:
                return RedirectResponse(f"/{asked}", 303)
            reads = scope["type"] == "http" and "text/html" in headers.get("accept", "")
            known = path in self.known or path.startswith(FOLDERS)
            return RedirectResponse("/", 303) if reads and not known else None
        if path.startswith("/_stcore/") or scope["type"] == "websocket":
            return Response("Sign in first.", 401)
        return RedirectResponse(
            f"/sign-in?next={quote(onward)}" if onward != "/" else "/sign-in", 303
        )

    def _with_headers(self, send: Send, path: str) -> Send:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = self.policy
                headers["X-Frame-Options"] = "DENY"
                headers["X-Content-Type-Options"] = "nosniff"
                # Not "no-referrer": it would blank the Origin of our own sign-in form.
                headers["Referrer-Policy"] = "same-origin"
                headers["Cross-Origin-Opener-Policy"] = "same-origin"
                headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
                if not path.startswith(OPEN_FOLDER):
                    # Printed sheets and downloads tell of persons: no browser keeps them.
                    headers.setdefault("Cache-Control", "no-store")
                if self.secure:
                    headers["Strict-Transport-Security"] = "max-age=31536000"
            await send(message)

        return sent


@lru_cache(maxsize=1)
def index() -> str:
    """Streamlit's own page, in which every page of ours is drawn; it is told of its server."""
    found = (Path(streamlit.__file__).parent / "static" / "index.html").read_text("utf-8")
    return found.replace("<head>", '<head><script src="/base.js"></script>', 1)


def content_policy() -> str:
    """The Content-Security-Policy: own scripts alone, plus the hash of Streamlit's inline one."""
    hashes = [
        base64.b64encode(hashlib.sha256(body.encode("utf-8")).digest()).decode("ascii")
        for body in re.findall(r"<script>(.*?)</script>", index(), flags=re.S)
    ]
    scripts = " ".join(["'self'", *(f"'sha256-{value}'" for value in hashes)])
    return (
        f"default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
        "worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-src 'none'; frame-ancestors 'none'"
    )


async def _health(request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _news(request: Request) -> Response:
    """A number that changes when alerts come which this person may see; when their session ends.

    Asked under the other address it is their sign that they are there, and the session lives on.
    """
    told = {"alerts": await anyio.to_thread.run_sync(served().news.of, request.user)}
    session = request.scope[doors.SESSION]
    if session.ends_soon:
        told |= {"left": session.left.total_seconds(), "final": session.final}
    return JSONResponse(told, headers={"Cache-Control": "no-store"})


async def _page(request: Request) -> Response:
    return HTMLResponse(index())


async def _script(request: Request) -> Response:
    # Asked for with each page: one of the release before would not fit what is drawn.
    return FileResponse(
        theme.path(request.url.path.strip("/")),
        media_type="text/javascript",
        headers={"Cache-Control": "no-cache"},
    )


def _told(error: Exception) -> bool:
    """Draw what went wrong in a part that is drawn alone, such as a dialog, or in a button's act.

    What fails in a whole page `main.py` draws itself.
    """
    frame.trouble(error)
    return True  # Streamlit adds nothing of its own


def _configure(hosts: tuple[str, ...]) -> None:
    """Set Streamlit's options from `theme/streamlit.toml`, whatever the machine's own files say."""
    from streamlit import config

    tree = tomllib.loads(resources.files("app.theme").joinpath("streamlit.toml").read_text("utf-8"))
    for name, value in _flat(tree):
        config.set_option(name, value)
    allowed = [f"[{host}]" if ":" in host else host for host in hosts]
    config.set_option("server.allowedHosts", [] if "*" in hosts else allowed)


def _flat(tree: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in tree.items():
        name = f"{prefix}.{key}" if prefix else key
        found += _flat(value, name) if isinstance(value, dict) else [(name, value)]
    return found

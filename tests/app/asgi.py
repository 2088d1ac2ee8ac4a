"""A browser of a few lines: it calls an ASGI application and keeps cookies."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import quote, urlsplit


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    text: str


def multipart(fields: dict[str, str], file: bytes | None = None) -> tuple[str, bytes]:
    """The content type and the body of a form."""
    head = b'--edge\r\nContent-Disposition: form-data; name="%s"'
    parts = [head % n.encode() + b"\r\n\r\n" + v.encode() + b"\r\n" for n, v in fields.items()]
    if file is not None:
        parts.append(head % b"file" + b'; filename="f.csv"\r\n\r\n' + file + b"\r\n")
    return "multipart/form-data; boundary=edge", b"".join(parts) + b"--edge--\r\n"


class Browser:
    """Sends requests to one application; follows nothing."""

    def __init__(self, app: Any, runner: asyncio.Runner, scheme: str = "http") -> None:
        self.app, self.runner, self.scheme = app, runner, scheme
        self.cookies: dict[str, str] = {}
        self.address = "127.0.0.1"

    def get(self, path: str, **headers: str) -> Answer:
        """GET `path`; headers as keywords, `accept_language="fr"`."""
        return self.runner.run(self._send("GET", path, headers, b""))

    def head(self, path: str) -> Answer:
        """HEAD `path`, as what watches over a server asks."""
        return self.runner.run(self._send("HEAD", path, {}, b""))

    def post(self, path: str, body: str | bytes, **headers: str) -> Answer:
        """POST `body` as a form does."""
        sent = body.encode() if isinstance(body, str) else body
        return self.runner.run(self._send("POST", path, headers, sent))

    def form(
        self, path: str, fields: dict[str, str], file: bytes | None = None, **headers: str
    ) -> Answer:
        """POST fields, and a file named `file`, as `multipart/form-data`."""
        kind, body = multipart(fields, file)
        return self.post(path, body, **{"content_type": kind} | headers)

    def websocket(self, path: str, **headers: str) -> int:
        """The code with which a WebSocket is closed, or 0 when it is accepted."""
        return self.runner.run(self._connect(path, headers))

    def _scope(self, kind: str, path: str, headers: dict[str, str]) -> dict[str, Any]:
        parts = urlsplit(path)
        sent = {"host": "localhost", **{n.replace("_", "-"): v for n, v in headers.items()}}
        if self.cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {
            "type": kind,
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "path": parts.path,
            "raw_path": quote(parts.path).encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "scheme": self.scheme,
            "server": ("localhost", 80),
            "client": (self.address, 5000),
            "subprotocols": [],
            "headers": [(n.lower().encode(), v.encode("latin-1")) for n, v in sent.items()],
        }

    async def _send(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        got: list[dict[str, Any]] = []
        waiting = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            if not waiting:
                await asyncio.Event().wait()  # a browser stays until it has its answer
            return waiting.pop()

        async def send(message: dict[str, Any]) -> None:
            got.append(message)

        scope = {**self._scope("http", path, headers), "method": method}
        await self.app(scope, receive, send)
        raw = [(n.decode().lower(), v.decode("latin-1")) for n, v in got[0]["headers"]]
        for name, value in raw:
            if name == "set-cookie":
                for cookie in SimpleCookie(value).values():
                    self.cookies[cookie.key] = cookie.value
        text = b"".join(message.get("body", b"") for message in got[1:]).decode("utf-8", "replace")
        return Answer(got[0]["status"], dict(raw), text)

    async def _connect(self, path: str, headers: dict[str, str]) -> int:
        got: list[dict[str, Any]] = []
        waiting: list[dict[str, Any]] = [
            {"type": "websocket.disconnect", "code": 1000},
            {"type": "websocket.connect"},
        ]

        async def receive() -> dict[str, Any]:
            return waiting.pop()

        async def send(message: dict[str, Any]) -> None:
            got.append(message)

        await self.app({**self._scope("websocket", path, headers), "scheme": "ws"}, receive, send)
        return int(got[0].get("code", 0))


@contextmanager
def running(app: Any) -> Iterator[asyncio.Runner]:
    """The application between startup and shutdown, in one event loop."""
    with asyncio.Runner() as runner:
        to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

        async def start() -> asyncio.Task[None]:
            task = asyncio.create_task(
                app({"type": "lifespan", "asgi": {"version": "3.0"}}, to_app.get, from_app.put)
            )
            await to_app.put({"type": "lifespan.startup"})
            assert (await from_app.get())["type"] == "lifespan.startup.complete"
            return task

        async def stop(task: asyncio.Task[None]) -> None:
            await to_app.put({"type": "lifespan.shutdown"})
            await task

        task = runner.run(start())
        yield runner
        runner.run(stop(task))

"""A small OpenID provider on loopback: it signs what a test tells it to, well or badly."""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from joserfc import jwk, jwt

CLIENT, SECRET = "riskprofile", "a secret: of the client/1"


class Provider:
    """Codes are used once and only with the verifier of their challenge."""

    def __init__(self, address: str) -> None:
        self.issuer = address
        self.key = _key()
        self.published = [self.key]  # what it says that it signs with
        self.alg = "RS256"
        self.header: dict[str, Any] = {}
        self.sign_with: Any = None
        self.forge: tuple[str, bytes] | None = None
        self.claims: dict[str, Any] = {}  # what a test changes in the token
        self.codes: dict[str, dict[str, str]] = {}
        self.says: dict[str, Any] = {}  # what a test changes in the discovery document
        self.down = False

    def authorise(self, address: str, user: str) -> dict[str, str]:
        """What a browser does at the authorisation page; the query it is sent back with."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = {**asked, "user": user}
        return {"code": code, "state": asked["state"], "iss": self.issuer}

    def token(self, form: dict[str, str], credentials: str, now: float) -> dict[str, Any] | None:
        """The answer of the token endpoint, or None when it refuses."""
        name, _, secret = base64.b64decode(credentials).decode().partition(":")
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            asked is None
            or (unquote(name), unquote(secret)) != (CLIENT, SECRET)
            or challenge != asked["code_challenge"]
            or form.get("redirect_uri") != asked["redirect_uri"]
        ):
            return None
        claims = {
            "iss": self.issuer,
            "sub": "1",
            "aud": CLIENT,
            "iat": int(now),
            "exp": int(now) + 300,
            "nonce": asked["nonce"],
            "preferred_username": asked["user"],
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": self.alg, "kid": self.key.kid, **self.header}
        if self.forge:
            return {"access_token": "x", "id_token": forged(claims, *self.forge)}
        signed = jwt.encode(header, claims, self.sign_with or self.key, algorithms=[self.alg])
        return {"access_token": "x", "token_type": "Bearer", "id_token": signed}


@functools.cache
def _key() -> jwk.RSAKey:
    """What providers sign with: made once, it takes longer than most tests."""
    return jwk.RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})


def forged(claims: dict[str, Any], algorithm: str, secret: bytes) -> str:
    """A token that no library would sign: by a public key as secret, or by nothing."""
    parts = [{"alg": algorithm, "kid": "one", "typ": "JWT"}, claims]
    text = ".".join(_plain(json.dumps(part).encode()) for part in parts)
    signature = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return f"{text}.{_plain(signature) if algorithm != 'none' else ''}"


def _plain(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@contextmanager
def running(now: float) -> Iterator[Provider]:
    """A provider that answers until the block ends; its clock stands at `now`."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *told: Any) -> None:
            """Say nothing."""

        def _answer(self, status: int, content: Any) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            if provider.down:
                self._answer(500, {})
            elif self.path == "/.well-known/openid-configuration":
                ends = {
                    "authorization_endpoint": "authorize",
                    "token_endpoint": "token",
                    "jwks_uri": "keys",
                }
                told = {name: f"{address}/{path}" for name, path in ends.items()}
                self._answer(200, {"issuer": provider.issuer, **told, **provider.says})
            else:
                keys = [key.as_dict(private=False) for key in provider.published]
                self._answer(200, {"keys": keys})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            credentials = self.headers["Authorization"].removeprefix("Basic ")
            told = provider.token(form, credentials, now)
            self._answer(*((200, told) if told else (400, {"error": "invalid_grant"})))

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    address = f"http://127.0.0.1:{server.server_address[1]}"
    provider = Provider(address)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

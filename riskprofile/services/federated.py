"""People whom the administration's own sign-in vouches for: OpenID Connect, or a trusted proxy.

Both name an account that exists here; none is made, and role and office stay what they are
here. What is handed out is a session like any other, kept on the server.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.util import find_spec
from typing import Any
from urllib.parse import quote, urlsplit

from sqlalchemy import select

from riskprofile.errors import RiskProfileError, StoreError, UsageError
from riskprofile.services import identity, keys
from riskprofile.services.identity import SignInRefused
from riskprofile.services.settings import Settings
from riskprofile.store import audit
from riskprofile.store.database import Store
from riskprofile.store.office_tables import Account

FLOW = "oidc-flow"  # the key that seals what a browser carries to the provider and back
CLIENT_SECRET, PROXY_SECRET = "oidc.secret", "proxy.secret"
FLOW_TIME = timedelta(minutes=10)
LEEWAY = 30  # seconds that the two clocks may differ
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]  # never none, never HS
ANSWER_LIMIT = 2**20  # bytes of an answer of the provider
SECRET_HEADER = "x-riskprofile-proxy"  # noqa: S105 - the name of a header

_account = Account.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Outward:
    """Where the browser is sent, and what it carries meanwhile (sealed: it can read nothing)."""

    address: str
    carried: str


def enter(store: Store, name: str, now: datetime, by: str) -> str:
    """The token of a new session for an open account that somebody trusted vouches for.

    Parameters
    ----------
    by : str
        `oidc` or `proxy`: it stands in the audit.

    Raises
    ------
    SignInRefused
        There is no such open account.
    """
    with store.write() as connection:
        known = connection.execute(
            select(_account.c.name).where(_account.c.name == name, _account.c.disabled_at.is_(None))
        ).first()
        token = identity.start_session(connection, name, now) if known else ""
        audit.append(
            connection,
            actor=name if known else "",
            action="session.start" if known else "session.refused",
            subject=f"account:{name}" if known else "account:",
            now=now,
            detail={"by": by},
        )
    if not known:
        raise SignInRefused("no account here has this name", do="Ask an administrator for one.")
    return token


def proxied(settings: Settings, peer: str, headers: Mapping[str, str]) -> str | None:
    """The account that the trusted proxy names; None when the request is not from it.

    Parameters
    ----------
    peer : str
        The address at the other end of the connection, never one that a header names.
    headers : mapping
        By name in small letters.
    """
    if settings.proxy_address is None or not _same_address(peer, settings.proxy_address):
        return None
    secret = keys.written(settings.home, PROXY_SECRET).encode()
    if not hmac.compare_digest(headers.get(SECRET_HEADER, "").encode("utf-8", "replace"), secret):
        return None
    return headers.get(settings.proxy_header.lower(), "").strip() or None


def check(settings: Settings) -> str:
    """What stands behind each way that is set up: its provider answers, its secret is here.

    Raises
    ------
    RiskProfileError
        What keeps people out, with what to do.
    """
    ways = []
    if settings.oidc_issuer:
        provider = _provider(settings)
        _ask(_address(provider, "jwks_uri"))
        keys.written(settings.home, CLIENT_SECRET)
        ways.append(f"the provider {settings.oidc_issuer}")
    if settings.proxy_address:
        keys.written(settings.home, PROXY_SECRET)
        ways.append(f"the proxy at {settings.proxy_address}")
    return " and ".join(ways) or "off"


def begin(settings: Settings, onward: str, now: datetime) -> Outward:
    """Send a browser to the provider: state, nonce and the PKCE challenge are new each time."""
    provider = _provider(settings)
    from authlib.common.security import generate_token
    from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
    from authlib.oauth2.rfc7636 import create_s256_code_challenge

    state, nonce, verifier = (generate_token(length) for length in (43, 43, 64))
    address = prepare_grant_uri(
        _address(provider, "authorization_endpoint"),
        client_id=settings.oidc_client,
        response_type="code",
        redirect_uri=settings.oidc_redirect,
        scope="openid profile email",
        state=state,
        nonce=nonce,
        code_challenge=create_s256_code_challenge(verifier),
        code_challenge_method="S256",
    )
    content = json.dumps([state, nonce, verifier, onward, now.timestamp()]).encode()
    return Outward(address, keys.seal(keys.key(settings.home, FLOW), content, FLOW).hex())


def finish(
    store: Store, settings: Settings, carried: str, answer: Mapping[str, str], now: datetime
) -> tuple[str, str]:
    """The token of a new session, and the page that was asked for.

    Parameters
    ----------
    carried : str
        What `begin` gave this browser.
    answer : mapping
        The query with which the provider sent it back.

    Raises
    ------
    SignInRefused
        It is another browser, an old or foreign answer, a token that does not hold, or no
        account here.
    RiskProfileError
        The provider does not answer.
    """
    try:
        secret = keys.key(settings.home, FLOW)
        content = keys.unseal(secret, bytes.fromhex(carried), FLOW)
        state, nonce, verifier, onward, began = json.loads(content)
    except (ValueError, StoreError):
        raise _refused("this browser began no sign-in") from None
    if not 0 <= now.timestamp() - began <= FLOW_TIME.total_seconds():
        raise _refused("this sign-in took too long")
    if not hmac.compare_digest(answer.get("state", "").encode("utf-8", "replace"), state.encode()):
        raise _refused("the answer belongs to another sign-in")
    if "error" in answer or not answer.get("code"):
        raise _refused("the provider refused")
    provider = _provider(settings)
    if answer.get("iss", provider["issuer"]) != provider["issuer"]:
        raise _refused("the answer is of another provider")
    told = _ask(
        _address(provider, "token_endpoint"),
        {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": settings.oidc_redirect,
            "code_verifier": verifier,
        },
        (str(settings.oidc_client), keys.written(settings.home, CLIENT_SECRET)),
    )
    name = _named(settings, provider, told, nonce, now)
    return enter(store, name, now, "oidc"), onward


def _named(
    settings: Settings, provider: Mapping[str, Any], told: Any, nonce: str, now: datetime
) -> str:
    """The account that a checked ID token names."""
    from authlib.oidc.core import CodeIDToken
    from joserfc import jwk, jwt
    from joserfc.errors import JoseError

    keyset = _ask(_address(provider, "jwks_uri"))
    try:
        token = jwt.decode(
            str(told["id_token"]), jwk.KeySet.import_key_set(keyset), algorithms=ALGORITHMS
        )
        claims = CodeIDToken(
            token.claims,
            token.header,
            {
                "iss": {"essential": True, "value": provider["issuer"]},
                "aud": {"essential": True, "value": settings.oidc_client},
            },
            {
                "nonce": nonce,
                "client_id": settings.oidc_client,
                "access_token": told.get("access_token"),
            },
        )
        claims.validate(now=int(now.timestamp()), leeway=LEEWAY)
    except JoseError as error:  # what it says names a claim, and never what stands in it
        why = error.description or error.error
        raise _refused(f"the provider's token does not hold ({why[:80]})") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _refused("the provider's token does not hold") from None
    name = claims.get(settings.oidc_claim)
    if settings.oidc_claim == "email" and claims.get("email_verified") is not True:
        raise _refused("the provider has not verified this address")
    return name if isinstance(name, str) else ""


def _provider(settings: Settings) -> dict[str, Any]:
    """What the provider says of itself; it must be the one that was named."""
    if not (settings.oidc_issuer and settings.oidc_client and settings.oidc_redirect):
        raise UsageError(
            "single sign-on is not set up",
            do="Set oidc_issuer, oidc_client and oidc_redirect, and keys/oidc.secret.",
        )
    if not all(map(find_spec, ("authlib", "httpx"))):
        raise UsageError(
            "single sign-on needs an extra that is not installed",
            do='Install it: pip install -e ".[oidc]"',
        )
    issuer = settings.oidc_issuer
    found = _ask(_secure(issuer.rstrip("/") + "/.well-known/openid-configuration"))
    if not isinstance(found, dict) or found.get("issuer") != issuer:
        raise RiskProfileError(
            "the provider calls itself otherwise than the setting oidc_issuer",
            where=issuer,
            do="Write the issuer exactly as the provider's own configuration does.",
        )
    return found


def _address(provider: Mapping[str, Any], name: str) -> str:
    return _secure(str(provider.get(name, "")))


def _secure(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and _loopback(parts.hostname)):
        raise UsageError("the provider is not reached over TLS", where=address[:120])
    return address


def _loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _same_address(one: str, other: str) -> bool:
    try:
        first, second = ipaddress.ip_address(one), ipaddress.ip_address(other)
    except ValueError:
        return False
    mapped = getattr(first, "ipv4_mapped", None)  # ::ffff:10.0.0.1 is 10.0.0.1
    return second in (first, mapped)


def _ask(
    address: str, form: dict[str, Any] | None = None, client: tuple[str, str] | None = None
) -> Any:
    import httpx

    try:
        with httpx.Client(timeout=10, follow_redirects=False) as browser:
            if form is None:
                answer = browser.get(address)
            else:
                # RFC 6749, 2.3.1: both halves are encoded before they are joined.
                who = tuple(quote(part, safe="") for part in client or ("", ""))
                answer = browser.post(address, data=form, auth=httpx.BasicAuth(*who))
        if answer.status_code == 400 and form is not None:
            raise _refused("the provider refused the code")
        answer.raise_for_status()
        if len(answer.content) > ANSWER_LIMIT:
            raise ValueError("too long")
        return answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise RiskProfileError(
            f"the sign-in provider does not answer as it should ({type(error).__name__})",
            where=address[:120],
            do="Try again; then tell your administrator.",
        ) from None


def _refused(why: str) -> SignInRefused:
    return SignInRefused(why, do="Sign in again.")

"""Who is who: accounts, sign-in and sessions. What each may do stands in `rights`.

Identity is a row in the database behind a cookie, asked on every run. Nothing here
trusts the page framework.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, and_, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from riskprofile.errors import (
    Conflict,
    InputError,
    PolicyError,
    RiskProfileError,
    StoreError,
    UsageError,
)
from riskprofile.services.rights import ACTIONS, OWNER, ROLES, Actor, authorise, note, owner
from riskprofile.store import audit
from riskprofile.store.database import Store, serialise
from riskprofile.store.office_tables import Account, Office, SignInAttempt, WebSession
from riskprofile.words import Message

__all__ = [
    "ACTIONS", "OWNER", "ROLES", "AccountView", "Actor", "Session", "SignInRefused", "accounts",
    "actor_of", "add_account", "authorise", "confirm_password", "disable_account", "owner",
    "session_of", "set_password", "sign_in", "sign_out", "start_session",
]  # fmt: skip

IDLE = timedelta(minutes=15)
ABSOLUTE = timedelta(hours=8)
NOTICE = timedelta(minutes=2)  # before a session ends by itself; no more than a tenth of its limit
WINDOW = timedelta(minutes=15)
TRIES = 5  # failures in the window
TOUCH = timedelta(seconds=15)  # a session is stamped at most this often
PASSWORD_LENGTH = (12, 256)
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")
CODE_SECONDS = 30

ACCOUNT_LOCK = 7009  # PostgreSQL advisory lock: the first account, and the last, is one

hasher = PasswordHasher()  # Argon2id, 64 MiB: 0.3 s a check on two cores
at_once = threading.BoundedSemaphore(2)  # more than two checks at once would stop the service

_account = Account.__table__  # type: ignore[attr-defined]
_session = WebSession.__table__  # type: ignore[attr-defined]
_attempt = SignInAttempt.__table__  # type: ignore[attr-defined]
_office = Office.__table__  # type: ignore[attr-defined]

# Built once: every act asks it.
_HELD = (
    select(_session, _account.c.role, _account.c.office)
    .join(_account, _account.c.name == _session.c.account)
    .where(
        _session.c.token_digest == bindparam("token"),
        _session.c.ended_at.is_(None),
        _account.c.disabled_at.is_(None),
    )
)


class SignInRefused(PolicyError):
    """Name, password or code is wrong, or there were too many tries: never which."""


@dataclass(frozen=True)
class AccountView:
    """One account, without anything secret."""

    name: str
    role: str
    office: str | None
    second_factor: bool
    created_at: datetime
    disabled_at: datetime | None


@dataclass(frozen=True)
class Session:
    """A live session: whose it is, and how long it lasts when nothing more is done in it.

    `final` says that it ends then whatever is done.
    """

    actor: Actor
    left: timedelta
    final: bool

    @property
    def ends_soon(self) -> bool:
        """Whether its person is to be told."""
        return self.left <= min(NOTICE, (ABSOLUTE if self.final else IDLE) / 10)


def add_account(
    store: Store,
    actor: Actor,
    *,
    name: str,
    role: str,
    office: str | None,
    password: str,
    now: datetime,
    totp: bool = False,
    first: bool = False,
) -> str | None:
    """Make an account; the secret of its second factor when `totp`, shown this once.

    With `first`, only where there is none yet: of two who set up one database, one makes it.

    Raises
    ------
    UsageError
        The name, role or password cannot be used, with what would do.
    InputError
        There is no such office.
    Conflict
        The name is taken, or it was to be the first and is not.
    """
    authorise(actor, "account.manage")
    if not NAME.fullmatch(name):
        raise UsageError(
            "an account name has 2 to 64 small letters, digits, dots or dashes", where=name[:64]
        )
    if role not in ROLES:
        raise UsageError(f"unknown role {role}", do=f"Choose one of {', '.join(ROLES)}.")
    check_password(name, password)
    secret = pyotp.random_base32() if totp else None
    with at_once:
        digest = hasher.hash(password)
    try:
        with store.write() as connection:
            _check_office(connection, office)
            if first:
                serialise(connection, ACCOUNT_LOCK)
                if connection.execute(select(_account.c.name).limit(1)).first() is not None:
                    raise Conflict("accounts exist already")
            connection.execute(
                insert(_account).values(
                    name=name,
                    role=role,
                    office=office,
                    password_hash=digest,
                    totp_secret=secret,
                    created_at=now,
                )
            )
            told = {"role": role, "second_factor": totp}
            note(connection, actor, "account.add", f"account:{name}", now, told, office=office)
    except IntegrityError:
        raise Conflict(f"the account {name} exists already", do="Choose another name.") from None
    return secret


def require_account(store: Store, name: str) -> None:
    """Let pass the name of an account that is in use.

    Raises
    ------
    InputError
        There is none.
    """
    asked = select(_account.c.name).where(_account.c.name == name, _account.c.disabled_at.is_(None))
    with store.read() as connection:
        if connection.execute(asked).first() is None:
            raise InputError(f"there is no account {name[:64]}", do="riskprofile users list")


def set_password(
    store: Store, actor: Actor, name: str, password: str, now: datetime, over: str | None = None
) -> None:
    """Give an account a new password and end its sessions: one's own, or any by right.

    Where it takes the place of one that was confirmed (`over`), only while that is in use.
    """
    if actor.name != name:
        authorise(actor, "account.manage")
    check_password(name, password)
    with at_once:
        digest = hasher.hash(password)
    with store.write() as connection:
        found = update(_account).where(_account.c.name == name)
        if over is not None:
            found = found.where(_account.c.password_hash == over)
        if connection.execute(found.values(password_hash=digest)).rowcount != 1:
            if over is not None:
                raise SignInRefused(Message("refusal.password"), do=Message("refusal.do_password"))
            raise RiskProfileError("there is no such account", where=name)
        end_sessions(connection, name, now)
        note(connection, actor, "account.password", f"account:{name}", now)


def disable_account(store: Store, actor: Actor, name: str, now: datetime) -> None:
    """Close an account and end its live sessions at once. The last administrator stays."""
    authorise(actor, "account.manage")
    with store.write() as connection:
        serialise(connection, ACCOUNT_LOCK)  # two who disable each other would both be the other
        others = connection.execute(
            select(func.count())
            .select_from(_account)
            .where(
                _account.c.role == "administrator",
                _account.c.disabled_at.is_(None),
                _account.c.name != name,
            )
        ).scalar()
        role = connection.execute(
            select(_account.c.role).where(_account.c.name == name, _account.c.disabled_at.is_(None))
        ).scalar()
        if role is None:
            raise InputError(f"there is no open account {name[:64]}", do="riskprofile users list")
        if role == "administrator" and not others:
            raise Conflict("this is the last administrator", do="Add another one first.")
        connection.execute(update(_account).where(_account.c.name == name).values(disabled_at=now))
        end_sessions(connection, name, now)
        note(connection, actor, "account.disable", f"account:{name}", now)


def accounts(store: Store, actor: Actor) -> list[AccountView]:
    """Every account, by name."""
    authorise(actor, "account.look")
    with store.read() as connection:
        rows = connection.execute(select(_account).order_by(_account.c.name)).mappings().all()
    return [
        AccountView(
            row["name"],
            row["role"],
            row["office"],
            row["totp_secret"] is not None,
            row["created_at"],
            row["disabled_at"],
        )
        for row in rows
    ]


def sign_in(
    store: Store,
    name: str,
    password: str,
    code: str,
    now: datetime,
    address: str = "",
    second_factor_roles: Collection[str] = (),
) -> str:
    """The token of a new session; only its digest is kept.

    At most 5 failures in 15 minutes for an account from one address. When an account
    has that many from anywhere, its owner still gets in from another address, if a
    second factor is set and its code is right: a stranger cannot lock a person out. An
    account whose role is among `second_factor_roles` and has no second factor stays out.

    Raises
    ------
    SignInRefused
        The same words for an unknown name, a wrong password, a wrong code.
    """
    who = tried_as(name)
    dummy = _dummy_hash()
    with store.write() as connection:
        serialise(connection, int(who[:15], 16))
        account = (
            connection.execute(
                select(_account).where(_account.c.name == name, _account.c.disabled_at.is_(None))
            )
            .mappings()
            .first()
        )
        step = _step(account["totp_secret"], code, now) if account else None
        everywhere, here = _failures(connection, who, address, now)
        if here >= TRIES or (everywhere >= TRIES and step is None):
            raise SignInRefused("too many tries", do="Wait 15 minutes, or ask an administrator.")
        # Counted before the check, or a hundred at once would all be let through to it.
        attempt = connection.execute(
            insert(_attempt).values(account=who, address=address, at=now).returning(_attempt.c.id)
        ).scalar_one()
    matches = _verify(account["password_hash"] if account else dummy, password)
    with store.write() as connection:
        good = account is not None and matches and _stands(connection, account)
        if account is not None and account["totp_secret"] is not None:
            good = good and step is not None and _use_step(connection, name, step)
        elif account is not None and account["role"] in second_factor_roles:
            good = False  # this role needs a second factor, and the account has none
        if good:
            connection.execute(delete(_attempt).where(_attempt.c.id == attempt))
            token = start_session(connection, name, now)
        audit.append(
            connection,
            actor=name if account else "",
            action="session.start" if good else "session.refused",
            subject=f"account:{name}" if account else "account:",
            now=now,
        )
    if not good:
        raise SignInRefused("name, password or code is wrong", do="Try again.")
    if account is not None and hasher.check_needs_rehash(account["password_hash"]):
        _rehash(store, account, password)
    return token


def start_session(connection: Connection, name: str, now: datetime) -> str:
    """The token of a new session, inside the caller's transaction, which audits it."""
    token = secrets.token_urlsafe(32)
    connection.execute(
        insert(_session).values(
            token_digest=_digest(token), account=name, created_at=now, seen_at=now
        )
    )
    return token


def confirm_password(store: Store, actor: Actor, password: str, now: datetime) -> str:
    """Let pass when this is the password of who is signed in: asked again before a signature.

    What is stored of it is returned, by which it is known to be in use still.

    Raises
    ------
    SignInRefused
        It is not, or there were too many tries.
    """
    who = tried_as(actor.name)
    with store.write() as connection:
        serialise(connection, int(who[:15], 16))  # as many as come at once are counted too
        found = connection.execute(
            select(_account.c.password_hash).where(
                _account.c.name == actor.name, _account.c.disabled_at.is_(None)
            )
        ).scalar()
        if _failures(connection, who, "", now)[1] >= TRIES:
            raise SignInRefused(Message("refusal.tries"), do=Message("refusal.do_tries"))
        attempt = connection.execute(
            insert(_attempt).values(account=who, address="", at=now).returning(_attempt.c.id)
        ).scalar_one()
    if not _verify(found or _dummy_hash(), password) or found is None:
        raise SignInRefused(Message("refusal.password"), do=Message("refusal.do_password"))
    with store.write() as connection:
        connection.execute(delete(_attempt).where(_attempt.c.id == attempt))
    return str(found)


def actor_of(store: Store, token: str, now: datetime, *, touch: bool = True) -> Actor | None:
    """Who holds this session; None when it ended, idled 15 minutes, or is 8 hours old.

    A page that refreshes itself passes `touch=False`: it is not the person acting.
    """
    found = session_of(store, token, now, touch=touch)
    return None if found is None else found.actor


def session_of(
    store: Store, token: str, now: datetime, *, of: str | None = None, touch: bool = True
) -> Session | None:
    """This session and what is left of it, as `actor_of` asks for it.

    Where it is another's than `of`, an account, it is none, and lives no longer for that.
    """
    digest = _digest(token)
    with store.read() as connection:
        row = connection.execute(_HELD, {"token": digest}).mappings().first()
    if row is None or now - row["created_at"] >= ABSOLUTE:
        return None
    idle = now - row["seen_at"]
    if not -IDLE < idle < IDLE:  # a clock set back keeps no session alive
        return None
    if of not in (None, row["account"]):
        return None
    if touch and idle >= TOUCH and _touch(store, digest, now):
        idle = timedelta()
    whole, quiet = ABSOLUTE - (now - row["created_at"]), IDLE - idle
    actor = Actor(row["account"], row["role"], row["office"])
    return Session(actor, min(whole, quiet), final=whole <= quiet)


def holder(store: Store, token: str) -> str:
    """The account whose session this is or was, or nothing: it opens no door."""
    whose = select(_session.c.account).where(_session.c.token_digest == _digest(token))
    with store.read() as connection:
        return connection.execute(whose).scalar() or ""


def sign_out(store: Store, token: str, now: datetime) -> None:
    """End this session; ending it twice does nothing."""
    with store.write() as connection:
        row = connection.execute(
            update(_session)
            .where(_session.c.token_digest == _digest(token), _session.c.ended_at.is_(None))
            .values(ended_at=now)
            .returning(_session.c.account)
        ).first()
        if row is not None:
            audit.append(
                connection,
                actor=row[0],
                action="session.end",
                subject=f"account:{row[0]}",
                now=now,
            )


def tried_as(name: str) -> str:
    """What stands for a name among the tries: a password may have been typed into its field."""
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:32]


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


@cache
def _dummy_hash() -> str:
    """What an unknown name is checked against, so that it costs what a known one costs."""
    with at_once:
        return hasher.hash(secrets.token_urlsafe(16))


def _verify(password_hash: str, password: str) -> bool:
    if len(password) > PASSWORD_LENGTH[1]:
        password = ""  # an endless password is wrong, and must not cost more
    if not at_once.acquire(timeout=10):
        raise SignInRefused("too many sign-ins at once", do="Try again in a minute.")
    try:
        return hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
    finally:
        at_once.release()


def _stands(connection: Connection, account: Mapping[Any, Any]) -> bool:
    """Whether the account is what it was when its password was looked at: that takes a while."""
    names = ("password_hash", "totp_secret", "disabled_at")
    now = connection.execute(
        select(*[_account.c[name] for name in names])
        .where(_account.c.name == account["name"])
        .with_for_update()
    ).one()
    return tuple(now) == tuple(account[name] for name in names)


def _rehash(store: Store, account: Mapping[Any, Any], password: str) -> None:
    with at_once:
        digest = hasher.hash(password)
    with store.write() as connection:
        # Never over a password that was changed meanwhile: the old one would be back.
        connection.execute(
            update(_account)
            .where(
                _account.c.name == account["name"],
                _account.c.password_hash == account["password_hash"],
            )
            .values(password_hash=digest)
        )


def _failures(connection: Connection, who: str, address: str, now: datetime) -> tuple[int, int]:
    """Failures in the window for this account: from everywhere, and from this address."""
    connection.execute(delete(_attempt).where(_attempt.c.at < now - timedelta(days=1)))
    recent = and_(  # tries of a clock that ran ahead lock nobody out once it is set right
        _attempt.c.account == who, _attempt.c.at > now - WINDOW, _attempt.c.at < now + WINDOW
    )
    rows = connection.execute(
        select(_attempt.c.address, func.count()).where(recent).group_by(_attempt.c.address)
    ).all()
    counts = {row[0]: int(row[1]) for row in rows}
    return sum(counts.values()), counts.get(address, 0)


def _step(secret: str | None, code: str, now: datetime) -> int | None:
    """The time step whose code this is (one before and one after count), or None."""
    if secret is None:
        return None
    code = "".join(code.split())  # authenticators show it in two groups
    current = int(now.timestamp()) // CODE_SECONDS
    generator = pyotp.HOTP(secret)
    found = None
    for step in (current - 1, current, current + 1):
        if hmac.compare_digest(generator.at(step).encode(), code.encode("utf-8", "replace")):
            found = step
    return found


def _use_step(connection: Connection, name: str, step: int) -> bool:
    """Spend a code: each works once."""
    done = connection.execute(
        update(_account)
        .where(
            _account.c.name == name,
            or_(_account.c.totp_step.is_(None), _account.c.totp_step < step),
        )
        .values(totp_step=step)
    )
    return done.rowcount == 1


def _touch(store: Store, digest: str, now: datetime) -> bool:
    """Stamp a session; whether that was possible."""
    try:
        with store.write(patience=0.0) as connection:
            connection.execute(
                update(_session)
                .where(_session.c.token_digest == digest, _session.c.seen_at < now)
                .values(seen_at=now)
            )
    except StoreError:
        return False  # a batch is writing: the next click stamps it; idle only comes earlier
    return True


def end_sessions(connection: Connection, name: str, now: datetime) -> int:
    """End every session of an account, inside the caller's transaction; how many there were."""
    done = connection.execute(
        update(_session)
        .where(_session.c.account == name, _session.c.ended_at.is_(None))
        .values(ended_at=now)
    )
    return int(done.rowcount)


def check_password(name: str, password: str) -> None:
    """Let pass a password that may be used, or say what would do."""
    shortest, longest = PASSWORD_LENGTH
    if not shortest <= len(password) <= longest or name in password.lower():
        raise UsageError(
            f"a password has {shortest} to {longest} characters and does not hold the user's name"
        )


def _check_office(connection: Connection, office: str | None) -> None:
    known = connection.execute(select(_office.c.code).where(_office.c.code == office)).first()
    if office is not None and known is None:
        raise InputError(
            f"unknown office {office}",
            do="riskprofile registers show offices; a new one is loaded with init --offices.",
        )

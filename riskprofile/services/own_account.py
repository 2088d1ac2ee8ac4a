"""What a person does with their own account, and a new second factor for one."""

from __future__ import annotations

from datetime import datetime

import pyotp
from sqlalchemy import delete, update

from riskprofile.errors import InputError
from riskprofile.services import identity
from riskprofile.services.rights import Actor, authorise, note
from riskprofile.store.database import Store
from riskprofile.store.office_tables import Account, SignInAttempt

_account = Account.__table__  # type: ignore[attr-defined]
_attempt = SignInAttempt.__table__  # type: ignore[attr-defined]


def set_second_factor(store: Store, actor: Actor, name: str, now: datetime) -> str:
    """Give an account a new second factor and end its sessions; its secret, shown this once.

    Its failed tries are forgotten: who lost a device has most of them behind them.
    """
    authorise(actor, "account.manage")
    secret = pyotp.random_base32()
    with store.write() as connection:
        done = connection.execute(
            update(_account)
            .where(_account.c.name == name, _account.c.disabled_at.is_(None))
            .values(totp_secret=secret, totp_step=None)
        )
        if done.rowcount != 1:
            raise InputError(f"there is no open account {name[:64]}", do="riskprofile users list")
        identity.end_sessions(connection, name, now)
        connection.execute(delete(_attempt).where(_attempt.c.account == identity.tried_as(name)))
        note(connection, actor, "account.second_factor", f"account:{name}", now)
    return secret


def change_password(store: Store, actor: Actor, current: str, password: str, now: datetime) -> None:
    """Give oneself a new password, after the one in use; every session of one's own ends.

    Raises
    ------
    SignInRefused
        `current` is not the password, is none any more, or there were too many tries.
    RiskProfileError
        The new one cannot be used, with what would do.
    """
    identity.check_password(actor.name, password)
    confirmed = identity.confirm_password(store, actor, current, now)
    identity.set_password(store, actor, actor.name, password, now, over=confirmed)


def sign_out_everywhere(store: Store, actor: Actor, now: datetime) -> int:
    """End every session of one's own; how many there were."""
    with store.write() as connection:
        count = identity.end_sessions(connection, actor.name, now)
        about = f"account:{actor.name}"
        note(connection, actor, "session.end_all", about, now, {"sessions": count})
    return count

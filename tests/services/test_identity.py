"""Accounts, sign-in and sessions: who gets in, and for how long."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pyotp
import pytest
from argon2 import extract_parameters
from sqlalchemy import insert, select

from riskprofile.errors import Conflict, NotAllowed, RiskProfileError
from riskprofile.services import identity, own_account
from riskprofile.services.identity import OWNER, Actor, SignInRefused
from riskprofile.store.database import serialise
from riskprofile.store.office_tables import Account, Audit, SignInAttempt, WebSession
from tests.services.bench import HERE, NOW, later, until_it_waits

PASSWORD = "four small brown lanterns"


def add(store, name="ines", role="officer", office=HERE, totp=False):
    return identity.add_account(
        store, OWNER, name=name, role=role, office=office, password=PASSWORD, now=NOW, totp=totp
    )


def sign_in(store, password=PASSWORD, name="ines", code="", now=NOW, address="10.0.0.1"):
    return identity.sign_in(store, name, password, code, now, address=address)


def fails(store, times, **how):
    for _ in range(times):
        with pytest.raises(SignInRefused):
            sign_in(store, password="wrong", **how)


def test_of_two_that_set_up_one_database_the_second_makes_no_administrator(any_store):
    for name in ("admin", "other"):
        given = {"role": "administrator", "office": None, "password": "a password of many words"}
        try:
            identity.add_account(any_store, OWNER, name=name, **given, now=NOW, first=True)
        except Conflict as error:
            assert (name, str(error)) == ("other", "accounts exist already")
    assert [one.name for one in identity.accounts(any_store, OWNER)] == ["admin"]


def test_a_person_signs_in_is_known_and_signs_out(any_store):
    add(any_store)
    token = sign_in(any_store)
    assert identity.actor_of(any_store, token, NOW) == Actor("ines", "officer", HERE)
    identity.sign_out(any_store, token, NOW)
    identity.sign_out(any_store, token, NOW)
    assert identity.actor_of(any_store, token, NOW) is None


def test_no_secret_is_stored_in_the_clear(store):
    secret = add(store, totp=True)
    token = sign_in(store, code=pyotp.TOTP(secret).at(NOW))
    with store.read() as connection:
        account = connection.execute(select(Account.__table__)).mappings().one()
        session = connection.execute(select(WebSession.__table__)).mappings().one()
        chain = connection.execute(select(Audit.__table__)).mappings().all()
    assert account["password_hash"].startswith("$argon2id$")
    assert token not in str(session) and PASSWORD not in str(account)
    assert not any(secret in str(link) or token in str(link) for link in chain)


def test_the_default_costs_what_it_should():
    fresh = identity.PasswordHasher()
    assert (fresh.memory_cost, fresh.time_cost) == (65536, 3)  # 64 MiB, three passes


@pytest.mark.parametrize(
    ("after", "alive"),
    [
        (timedelta(minutes=14, seconds=59), True),
        (timedelta(minutes=15), False),
        (timedelta(minutes=15, seconds=1), False),
    ],
)
def test_a_session_ends_after_fifteen_idle_minutes(store, after, alive):
    add(store)
    token = sign_in(store)
    assert (identity.actor_of(store, token, NOW + after) is not None) == alive


def test_a_clock_that_is_set_back_keeps_no_session_alive(store):
    add(store)
    token = sign_in(store)
    assert identity.actor_of(store, token, later(minutes=-14))
    assert identity.actor_of(store, token, later(minutes=-15)) is None


def test_acting_keeps_a_session_and_watching_does_not(store):
    add(store)
    token = sign_in(store)
    assert identity.actor_of(store, token, later(minutes=10), touch=False)
    assert identity.actor_of(store, token, later(minutes=14))
    assert identity.actor_of(store, token, later(minutes=28), touch=False)
    assert identity.actor_of(store, token, later(minutes=29)) is None


def test_a_session_ends_after_eight_hours_whatever_is_done(store):
    add(store)
    token = sign_in(store)
    for step in range(1, 48):
        assert identity.actor_of(store, token, later(minutes=10 * step))
    assert identity.actor_of(store, token, later(hours=8, seconds=-1))
    assert identity.actor_of(store, token, later(hours=8)) is None


def test_disabling_an_account_ends_its_sessions_at_once(store):
    add(store)
    add(store, "root", "administrator", None)
    token = sign_in(store)
    identity.disable_account(store, OWNER, "ines", NOW)
    assert identity.actor_of(store, token, NOW) is None
    with pytest.raises(SignInRefused):
        sign_in(store)


def test_a_new_password_ends_the_sessions_of_the_old_one(store):
    add(store)
    token = sign_in(store)
    identity.set_password(store, Actor("ines", "officer", HERE), "ines", "x" * 4 + " long one", NOW)
    assert identity.actor_of(store, token, NOW) is None
    with pytest.raises(SignInRefused):
        sign_in(store)
    assert sign_in(store, password="xxxx long one")


@pytest.mark.parametrize("how", ["password", "second factor"])
def test_a_sign_in_under_way_ends_with_what_it_was_begun_on(any_store, monkeypatch, how):
    add(any_store)
    matches = identity._verify

    def changed_meanwhile(*given):
        good = matches(*given)
        monkeypatch.setattr(identity, "_verify", matches)
        if how == "password":
            identity.set_password(any_store, OWNER, "ines", "another set of words", NOW)
        else:
            own_account.set_second_factor(any_store, OWNER, "ines", NOW)
        return good

    monkeypatch.setattr(identity, "_verify", changed_meanwhile)
    with pytest.raises(SignInRefused):
        sign_in(any_store)
    with any_store.read() as connection:
        assert connection.execute(select(WebSession)).all() == []


def test_the_password_asked_again_before_a_signature_is_ones_own_and_of_an_open_account(store):
    add(store)
    ines = Actor("ines", "officer", HERE)
    identity.confirm_password(store, ines, PASSWORD, NOW)
    for _ in range(5):
        with pytest.raises(SignInRefused, match="not your password"):
            identity.confirm_password(store, ines, "wrong", NOW)
    with pytest.raises(SignInRefused, match="too many tries"):
        identity.confirm_password(store, ines, PASSWORD, NOW)
    identity.disable_account(store, OWNER, "ines", NOW)
    with pytest.raises(SignInRefused, match="not your password"):
        identity.confirm_password(store, ines, PASSWORD, later(minutes=15))


@pytest.mark.slow
@pytest.mark.parametrize("any_store", ["postgresql"], indirect=True)
def test_tries_of_a_password_that_come_at_once_are_counted_before_it_is_looked_at(any_store):
    add(any_store)
    who, ines = identity.tried_as("ines"), Actor("ines", "officer", HERE)
    failed = {"account": who, "address": "", "at": NOW}
    with ThreadPoolExecutor(1) as beside:
        with any_store.write() as connection:  # five others, of which none has ended
            serialise(connection, int(who[:15], 16))
            connection.execute(insert(SignInAttempt), [failed] * identity.TRIES)
            tried = beside.submit(identity.confirm_password, any_store, ines, PASSWORD, NOW)
            until_it_waits(any_store, tried)
        with pytest.raises(SignInRefused, match="too many tries"):
            tried.result()


def test_every_sign_in_gives_a_new_token(store):
    add(store)
    tokens = {sign_in(store) for _ in range(3)}
    assert len(tokens) == 3
    assert all(len(token) >= 43 for token in tokens)


@pytest.mark.parametrize("token", ["", "x", "é" * 50, "a" * 100_000, "\x00"])
def test_a_token_that_was_never_given_is_nobody(store, token):
    assert identity.actor_of(store, token, NOW) is None


def test_every_refusal_says_the_same(store):
    secret = add(store, "omar", totp=True)
    add(store)
    said = set()
    for how in (
        {"name": "nobody"},
        {"password": "wrong"},
        {"name": "omar", "code": "000000" if pyotp.TOTP(secret).at(NOW) != "000000" else "1"},
        {"name": "omar"},
        {"name": ""},
        {"password": "x" * 10_000},
        {"password": ""},
    ):
        with pytest.raises(SignInRefused) as caught:
            sign_in(store, **how)
        said.add(str(caught.value))
    assert len(said) == 1


def test_after_five_failures_even_the_right_password_waits(store):
    add(store)
    fails(store, 5)
    with pytest.raises(SignInRefused, match="too many"):
        sign_in(store)
    with pytest.raises(SignInRefused, match="too many"):
        sign_in(store, now=later(minutes=14, seconds=59))
    assert sign_in(store, now=later(minutes=15))


def test_failures_of_a_clock_that_ran_ahead_lock_nobody_out_once_it_is_set_right(store):
    add(store)
    fails(store, 5, now=later(days=365))
    with pytest.raises(SignInRefused, match="too many"):  # nor is the window shorter where it ran
        sign_in(store, now=later(days=365, minutes=-14))
    assert sign_in(store)


def test_a_success_does_not_count_as_a_failure(store):
    add(store)
    for _ in range(8):
        sign_in(store)
    fails(store, 4)
    assert sign_in(store)


def test_unknown_names_are_throttled_the_same_way(store):
    fails(store, 5, name="nobody")
    with pytest.raises(SignInRefused, match="too many"):
        sign_in(store, name="nobody")


def test_an_unknown_name_costs_the_work_of_a_known_one(store, monkeypatch):
    identity._dummy_hash.cache_clear()
    add(store)
    looked = []
    real = identity._verify
    monkeypatch.setattr(identity, "_verify", lambda *a: looked.append(a) or real(*a))
    for name in ("ines", "nobody"):
        fails(store, 1, name=name)
    (known, given), (unknown, given_too) = looked
    assert extract_parameters(known) == extract_parameters(unknown)
    assert given == given_too == "wrong"


def test_a_stranger_cannot_lock_out_an_owner_with_a_second_factor(store):
    secret = add(store, totp=True)
    fails(store, 5, address="203.0.113.9")
    for n in range(20):  # from many addresses: not even one more password is tried
        with pytest.raises(SignInRefused, match="too many"):
            sign_in(store, address=f"203.0.113.{n}", code="12")
    assert sign_in(store, code=pyotp.TOTP(secret).at(NOW), address="10.0.0.1")


def test_five_tries_is_five_tries_for_parallel_guesses_too(any_store, monkeypatch):
    add(any_store)
    checked = []
    real = identity._verify
    monkeypatch.setattr(identity, "_verify", lambda *a: checked.append(1) or real(*a))

    def guess():
        with pytest.raises(SignInRefused):
            sign_in(any_store, password="wrong")

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(checked) == 5


def test_names_tried_are_kept_as_digests_alone(store):
    fails(store, 1, name="my password by mistake")
    with store.read() as connection:
        attempt = connection.execute(select(SignInAttempt.__table__)).mappings().one()
        chain = connection.execute(select(Audit.__table__)).mappings().all()
    assert "password" not in attempt["account"]
    assert not any("by mistake" in str(link) for link in chain)


def test_a_code_works_once(store):
    secret = add(store, totp=True)
    code = pyotp.TOTP(secret).at(NOW)
    assert sign_in(store, code=code)
    with pytest.raises(SignInRefused):
        sign_in(store, code=code)
    assert sign_in(store, code=pyotp.TOTP(secret).at(later(seconds=30)), now=later(seconds=30))


@pytest.mark.parametrize(
    ("steps", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_a_code_may_be_one_step_early_or_late(store, steps, good):
    secret = add(store, totp=True)
    code = pyotp.TOTP(secret).at(later(seconds=30 * steps))
    if good:
        assert sign_in(store, code=code)
    else:
        with pytest.raises(SignInRefused):
            sign_in(store, code=code)


def test_a_code_is_taken_in_the_groups_in_which_an_authenticator_shows_it(store):
    code = pyotp.TOTP(add(store, totp=True)).at(NOW)
    assert sign_in(store, code=f"{code[:3]} {code[3:]}")


def test_who_lost_a_device_comes_in_with_the_new_one_at_once(any_store):
    lost = pyotp.TOTP(add(any_store, totp=True))
    add(any_store, name="otto")
    fails(any_store, identity.TRIES)
    fails(any_store, identity.TRIES, name="otto")
    new = pyotp.TOTP(own_account.set_second_factor(any_store, OWNER, "ines", NOW))
    with pytest.raises(SignInRefused):
        sign_in(any_store, code=lost.at(NOW))
    assert sign_in(any_store, code=new.at(NOW))
    with pytest.raises(SignInRefused):
        sign_in(any_store, name="otto")  # another's tries stay


def test_a_right_code_with_a_wrong_password_does_not_spend_the_code(store):
    secret = add(store, totp=True)
    code = pyotp.TOTP(secret).at(NOW)
    fails(store, 1, code=code)
    assert sign_in(store, code=code)


@pytest.mark.parametrize(
    "bad",
    [
        {"name": "Ines"},
        {"name": "os:ines"},
        {"name": "a"},
        {"name": "x" * 65},
        {"role": "owner"},
        {"role": "root"},
        {"office": "XMXXX"},
        {"password": "short"},
        {"password": "x" * 257},
        {"password": "ines-and-more-words"},
    ],
)
def test_an_account_that_cannot_be_is_refused(store, bad):
    given = {"name": "ines", "role": "officer", "office": HERE, "password": PASSWORD} | bad
    with pytest.raises(RiskProfileError):
        identity.add_account(store, OWNER, **given, now=NOW)
    assert identity.accounts(store, OWNER) == []


def test_a_name_is_taken_once(store):
    add(store)
    with pytest.raises(Conflict):
        add(store)


def test_the_last_administrator_stays(store):
    add(store, "root", "administrator", None)
    with pytest.raises(Conflict, match="last administrator"):
        identity.disable_account(store, OWNER, "root", NOW)
    add(store, "boss", "administrator", None)
    identity.disable_account(store, OWNER, "root", NOW)
    with pytest.raises(RiskProfileError, match="no open account"):
        identity.disable_account(store, OWNER, "root", NOW)


def test_two_administrators_who_disable_each_other_at_once_leave_one(any_store, monkeypatch):
    for name in ("root", "boss"):
        add(any_store, name, "administrator", None)
    both, ends = threading.Barrier(2), identity.end_sessions

    def slowly(*given):
        """Both have looked who is left before one of them is done, where both may look."""
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(0.5)
        ends(*given)

    monkeypatch.setattr(identity, "end_sessions", slowly)
    refused = []

    def disable(name):
        try:
            identity.disable_account(any_store, OWNER, name, NOW)
        except Conflict as error:
            refused.append(error)

    threads = [threading.Thread(target=disable, args=[name]) for name in ("root", "boss")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert sum(one.disabled_at is None for one in identity.accounts(any_store, OWNER)) == 1


def test_nobody_sets_anothers_password_without_the_right(store):
    add(store)
    with pytest.raises(NotAllowed):
        identity.set_password(store, Actor("omar", "officer", HERE), "ines", "x" * 20, NOW)
    with pytest.raises(RiskProfileError):
        identity.set_password(store, OWNER, "nobody", "x" * 20, NOW)


def test_sign_ins_and_refusals_are_in_the_chain(store):
    add(store)
    token = sign_in(store)
    fails(store, 1)
    identity.sign_out(store, token, NOW)
    with store.read() as connection:
        found = connection.execute(
            select(Audit.action, Audit.actor, Audit.subject).order_by(Audit.sequence)
        ).all()
    assert [tuple(link) for link in found[-4:]] == [
        ("account.add", OWNER.name, "account:ines"),
        ("session.start", "ines", "account:ines"),
        ("session.refused", "ines", "account:ines"),
        ("session.end", "ines", "account:ines"),
    ]


def test_old_parameters_are_renewed_at_the_next_sign_in(store, monkeypatch):
    add(store)
    monkeypatch.setattr(identity, "hasher", identity.PasswordHasher(2, 16, 1))
    sign_in(store)
    with store.read() as connection:
        stored = connection.execute(select(Account.password_hash)).scalar_one()
    assert "m=16,t=2" in stored
    # Made with what was read before a password was changed, the renewal would undo the change.
    with store.read() as connection:
        before = connection.execute(select(Account)).mappings().one()
    identity.set_password(store, OWNER, "ines", "another set of words", NOW)
    identity._rehash(store, before, PASSWORD)
    assert sign_in(store, password="another set of words")

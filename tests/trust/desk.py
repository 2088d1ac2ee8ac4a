"""Attacks on who may do what: sign-in, rights, states, claims, and the audit chain."""

from __future__ import annotations

import contextlib
import random
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pyotp
import pytest
from argon2 import PasswordHasher
from hypothesis import settings as hypothesis_settings
from sqlalchemy import text

from riskprofile.errors import Conflict, NotAllowed, PolicyError, RiskProfileError
from riskprofile.services import identity, looking, probing, review
from riskprofile.services.identity import ACTIONS, OWNER, ROLES, Actor, SignInRefused
from riskprofile.store import audit, database
from riskprofile.store.database import Store
from tests.services import bench, test_deciding, test_rights
from tests.services.bench import HERE, NOW, REASON, THERE, put
from tests.store import test_audit
from tests.trust.told import Told

PROBES = 10_000
APART = 0.005  # seconds that a known name may cost more or less than an unknown one
CLOCKED = 1_000  # tries of which the work is timed too
PAIRS = 100
LINKS, CHECKED = 100_000, 2  # of a chain; seconds in which they are checked
PHRASE = "four small brown lanterns"
NAMED = (("board.look", 1), ("office.capacity", 0))  # calls of the house that name an office
OF_AN_OFFICE = (
    "bundle.export",
    "record.unmask",
    "record.unmask.allow",
)  # beside the calls at an alert


@contextmanager
def furnished(folder: Path, name: str = "attacked") -> Iterator[Store]:
    """A store with two offices. Nothing here tests the disk, so it is not waited for."""
    with mock.patch.dict(database.PRAGMAS, {"synchronous": 0}):
        store = Store.open(f"sqlite:///{folder / name}.db")
        try:
            bench.furnish(store)
            yield store
        finally:
            store.close()


def sign_ins(count: int, folder: Path) -> Told:
    """Guessing: one account, many accounts, many addresses, unknown names, over hours.

    Held: refused, in the same words, and in no 15 minutes more than five passwords of an
    account are even looked at. At the end the owners with a second factor get in, in the
    midst of it. From `CLOCKED` tries on, the work of known and unknown names is timed too,
    which is not for the suite.
    """
    told, chance = Told(), random.Random("sign-ins")
    looked: dict[str, list[Any]] = defaultdict(list)
    now, trying = NOW, [""]
    real = identity._verify

    def verify(digest: str, password: str) -> bool:
        looked[trying[0]].append(now)
        return real(digest, password)

    with (
        furnished(folder) as store,
        mock.patch.object(identity, "hasher", PasswordHasher(1, 8, 1)),
        mock.patch.object(identity, "_verify", verify),
    ):
        identity._dummy_hash.cache_clear()
        names = [f"officer{n}" for n in range(12)]
        secrets = {
            name: identity.add_account(
                store,
                OWNER,
                name=name,
                role="officer",
                office=HERE,
                password=PHRASE,
                now=NOW,
                totp=n % 2 == 0,
            )
            for n, name in enumerate(names)
        }
        for number in range(count):
            now = NOW + timedelta(seconds=number * 1.5)
            kind = number % 4
            name = names[0] if kind == 0 else chance.choice([*names, f"nobody{number % 9}"])
            address = f"203.0.113.{number % 250}" if kind == 2 else "203.0.113.9"
            trying[0] = name
            fault: str | None = f"{name} got in with a guess"
            try:
                identity.sign_in(store, name, f"guess {number}", "", now, address=address)
            except SignInRefused as error:
                known = str(error).startswith(("name, password or code is wrong", "too many tries"))
                fault = None if known else f"other words: {error}"
            tries = [one for one in looked[name] if one > now - identity.WINDOW]
            if len(tries) > identity.TRIES:
                fault = f"{len(tries)} passwords of {name} looked at in 15 minutes"
            told.count(fault)
        for name, secret in secrets.items():
            if secret is not None:
                try:
                    code = pyotp.TOTP(secret).at(now)
                    identity.sign_in(store, name, PHRASE, code, now, address="10.0.0.1")
                    told.count(None)
                except SignInRefused:
                    told.count(f"{name} is locked out of an account with a second factor")
        identity._dummy_hash.cache_clear()
    pairs = PAIRS if count >= 10_000 else 15
    for fault in _told_apart(folder, pairs) if count >= CLOCKED else ():
        told.count(fault)
    return told


def _told_apart(folder: Path, pairs: int) -> list[str | None]:
    """Known and unknown names in turn, hashed at full cost: the work of both is compared.

    Processor time, not the clock: what else the machine does is no part of it. Yet it makes work
    dearer by chance, so where few pairs are apart, many are asked, and those alone decide. The
    median difference of a pair may be 5 ms.
    """
    with furnished(folder, "clock") as store:
        identity._dummy_hash.cache_clear()
        each = [_pair(store, number) for number in range(pairs + 1)][1:]  # the first warms up
        if _apart(each) > APART and pairs < PAIRS:
            each = [_pair(store, pairs + 1 + number) for number in range(PAIRS)]
    known, unknown = (1000 * statistics.median(one) for one in zip(*each, strict=True))
    fault = f"known {known:.1f} ms, unknown {unknown:.1f} ms of work"
    return [None if _apart(each) <= APART else fault] * len(each)


def _pair(store: Store, number: int) -> tuple[float, float]:
    """Seconds of work for a wrong guess at a known name, and at one that nobody has."""
    name, spent = f"known{number}", []
    identity.add_account(
        store, OWNER, name=name, role="officer", office=HERE, password=PHRASE, now=NOW
    )
    for who in (name, f"nobody{number}"):
        began = time.process_time()
        with contextlib.suppress(SignInRefused):
            identity.sign_in(store, who, "a wrong guess", "", NOW, address=f"a{number}")
        spent.append(time.process_time() - began)
    return spent[0], spent[1]


def _apart(each: list[tuple[float, float]]) -> float:
    """Of each pair, made one after the other: what the machine does meanwhile slows both."""
    return abs(statistics.median(known - unknown for known, unknown in each))


def rights(_: int, folder: Path) -> Told:
    """Every call of every service by every role, of the same office and of another one.

    The calls are those of `tests/services/test_rights.py`, which fails when an action has
    none. A cell holds when the call is refused exactly where the table says so.
    """
    told = Told()
    actors = [*ROLES, "nobody"]
    for role in actors:
        for office in (HERE, THERE):
            actor = Actor(f"a-{role}", role, office)
            with furnished(folder, f"{role}-{office}") as store:
                [alert] = put(store)
                desk = test_rights.desk_calls(store, alert)
                calls = [(name, [call]) for name, call in desk.items()]
                for action, found in [*calls, *test_rights.house_calls(store).items()]:
                    for place, call in enumerate(found):
                        of_here = action in (*desk, *OF_AN_OFFICE) or (action, place) in NAMED
                        away = office == THERE and of_here
                        got = _got(call, actor)
                        if role not in ACTIONS[action]:
                            fair = got == "refused"
                        else:
                            fair = got in ("refused", "nothing") if away else got != "refused"
                        told.count(None if fair else f"{role} of {office}, {action}: {got}")
    for action, allowed in ACTIONS.items():
        for role in (*actors, "owner"):
            for office in (None, HERE, THERE):
                try:
                    identity.authorise(Actor("x", role, HERE), action, office)
                    got = True
                except NotAllowed:
                    got = False
                may = role in allowed and office in (None, HERE)
                told.count(None if got == may else f"{role} {action} {office}: {got}")
    return told


def _got(call: Any, actor: Actor) -> str:
    """`refused`, `nothing` (let in, and nothing was there), or `something`."""
    try:
        answer = call(actor)
        return "nothing" if isinstance(answer, list) and not answer else "something"
    except NotAllowed:
        return "refused"
    except RiskProfileError:
        return "something"  # it got in, and failed at something else


def states(count: int, folder: Path) -> Told:
    """Random acts of five people on an alert, beside a model of what is allowed.

    The model is that of `tests/services/test_deciding.py`; a step is an act that was
    allowed or refused as the model says, with the table and the chain as it says.
    """
    told, steps = Told(), [0]
    with furnished(folder, "template") as store:
        store.close()
    template = (folder / "template.db").read_bytes()

    class Desk(test_deciding.Desk):  # type: ignore[name-defined, misc]
        def acts(self, allowed: bool, action: Any) -> Any:
            steps[0] += 1
            return super().acts(allowed, action)

    with mock.patch.dict(database.PRAGMAS, {"synchronous": 0}):
        while steps[0] < count:
            machine = type("Machine", (Desk,), {"template": template, "folder": folder})
            machine.TestCase.settings = hypothesis_settings(
                max_examples=min(200, 1 + (count - steps[0]) // 20),
                stateful_step_count=50,
                deadline=None,
                database=None,
                print_blob=False,
            )
            before = steps[0]
            try:
                machine.TestCase().runTest()
            except AssertionError as error:
                told.faults.append(f"after {steps[0]} steps: {str(error)[:300]}")
                told.tried, told.held = steps[0], before
                return told
    told.tried = told.held = steps[0]
    return told


def claims(count: int, folder: Path) -> Told:
    """Two and eight officers claim the same alerts at once, on SQLite and on PostgreSQL.

    Held: one winner, every other is told who, and the chain has one claim. Each engine has
    so many tries; without PostgreSQL the line is not held.
    """
    from tests.conftest import postgres_cluster, postgres_database

    told = Told()
    with furnished(folder) as store:
        _races(told, store, count)
    try:
        with postgres_cluster() as server, postgres_database(server) as url:
            store = Store.open(url)
            bench.furnish(store)
            _races(told, store, count)
            store.close()
    except pytest.skip.Exception as without:
        told.faults.append(f"on SQLite alone: {without}")
    return told


def _races(told: Told, store: Store, count: int) -> None:
    """So many alerts, each claimed by several officers at once."""
    for officers, part in ((2, count // 2), (8, count - count // 2)):
        alerts = put(store, part, record_id=[f"C{officers}-{n}" for n in range(part)])
        won: dict[int, list[str]] = defaultdict(list)
        lost: dict[int, list[str]] = defaultdict(list)
        errors: list[str] = []

        def claim(
            actor: Actor, alerts: list[int] = alerts, won=won, lost=lost, errors=errors
        ) -> None:
            for alert in alerts:
                try:
                    review.claim(store, actor, alert, NOW)
                    won[alert].append(actor.name)
                except Conflict as error:
                    lost[alert].append(error.holder)
                except Exception as error:
                    errors.append(f"{type(error).__name__}: {error}")

        threads = [
            threading.Thread(target=claim, args=(Actor(f"officer{n}", "officer", HERE),))
            for n in range(officers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with store.read() as connection:
            rows = connection.execute(
                text("SELECT subject FROM audit WHERE action = 'alert.claim'")
            )
            noted = [str(subject) for (subject,) in rows]
        engine = "SQLite" if store.sqlite else "PostgreSQL"
        for alert in alerts:
            fair = len(won[alert]) == 1 and set(lost[alert]) == set(won[alert])
            fair = fair and len(lost[alert]) == officers - 1
            fair = fair and noted.count(f"alert:{alert}") == 1
            what = f"{engine}, alert {alert}: won {won[alert]}, lost {lost[alert]}"
            told.count(None if fair else what)
        told.faults += errors[:5]


def again(count: int, folder: Path) -> Told:
    """The same decision clicked twice at once, and two tabs that decide differently.

    Held: it is made once, in the table and in the chain; of two that differ the other is
    refused and told what stands.
    """
    told, officer = Told(), Actor("ines", "officer", HERE)
    with furnished(folder) as store:
        alerts = put(store, count, record_id=[f"W-{n}" for n in range(count)])
        for number, alert in enumerate(alerts):
            review.alert(store, officer, alert, NOW, purpose="control")
            review.claim(store, officer, alert, NOW)
            ways = ("scan", "scan") if number % 2 else ("scan", "refer")
            errors: list[str] = []
            refused: list[str] = []

            def click(
                way: str,
                alert: int = alert,
                errors: list[str] = errors,
                refused: list[str] = refused,
            ) -> None:
                try:
                    review.decide(store, officer, alert, way, REASON, NOW, seen=())
                except Conflict:
                    refused.append(way)
                except Exception as error:
                    errors.append(f"{type(error).__name__}: {error}")

            threads = [threading.Thread(target=click, args=(way,)) for way in ways]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            with store.read() as connection:
                made, noted = connection.execute(
                    text(
                        "SELECT (SELECT count(*) FROM decision WHERE alert_id = :id), (SELECT"
                        " count(*) FROM audit WHERE action = 'alert.decide' AND subject = :about)"
                    ),
                    {"id": alert, "about": f"alert:{alert}"},
                ).one()
            fair = made == noted == 1 and len(refused) == len(set(ways)) - 1 and not errors
            said = f"{made} decisions, {noted} noted, {refused} refused, {errors}"
            told.count(None if fair else f"{ways}: {said}")
    return told


def probes(_: int, folder: Path) -> Told:
    """10,000 made-up rows for an answer each, one after another, within an hour.

    Held: no more are answered than the quota says, every other is refused, and one alarm
    reaches the supervisor.
    """
    told, asked, answers = Told(), Actor("olga", "operator", HERE), 0
    with furnished(folder) as store:
        for number in range(PROBES):
            try:
                probing.ask(store, asked, NOW + timedelta(seconds=number * 0.35))
                answers += 1
            except PolicyError:
                continue
        raised = looking.alarms(store, Actor("sara", "supervisor", HERE), NOW + timedelta(hours=1))
    kinds = [one.kind for one in raised]
    fair = answers == probing.ASKS and kinds == ["probing"]
    told.count(None if fair else f"{answers} of {PROBES} rows were answered, alarms {kinds}")
    return told


# ------------------------------------------------------------------ the chain


def tampers(count: int, folder: Path) -> Told:
    """The chain edited, cut, swapped, replayed, made again: found, at the exact record."""
    told, chance, links = Told(), random.Random("tampers"), 200
    with furnished(folder) as store:
        with store.write() as connection:
            for n in range(links):
                audit.append(
                    connection, actor="ines", action="look", subject=f"alert:{n}", now=NOW,
                    office=HERE, purpose="control", detail={"n": n},
                )  # fmt: skip
        with store.read() as connection:
            kept = audit.head(connection)
        last = kept.sequence
        for number in range(count):
            found, wanted, what = _tampered(store, chance, number, last, kept)
            told.count(None if found == wanted else f"{what}: found {found}, is {wanted}")
        with store.read() as connection:
            verdict = audit.verify(connection, kept)
        if not verdict.ok:
            told.faults.append("the chain that was left alone does not verify")
    return told


def checked(_: int, folder: Path) -> Told:
    """100,000 links, all checked in two seconds of processor time."""
    told = Told()
    with furnished(folder) as store:
        seconds = test_audit.spent(store, test_audit.lengthen(store, LINKS))
    told.count(None if seconds < CHECKED else f"{LINKS:,} links in {seconds:.2f} s")
    told.notes.append(f"{LINKS:,} links in {seconds:.2f} s of processor time")
    return told


class _Undo(Exception):
    """Takes the tampering back."""


def _tampered(
    store: Store, chance: random.Random, number: int, last: int, kept: audit.Head
) -> tuple[int | None, int, str]:
    at = chance.randrange(2, last - 1)
    verdict: audit.Verdict | None = None
    what, wanted = "", 0
    try:
        with store.write() as connection:
            run = connection.exec_driver_sql
            kind = number % 8
            if kind < 3:
                column, value = chance.choice(
                    [
                        ("actor", "'omar'"), ("action", "'view'"), ("subject", "'alert:9999'"),
                        ("office", "NULL"), ("purpose", "'none'"), ("detail", "'{}'"),
                        ("at", "'2026-11-24 08:00:01.000000'"), ("digest", "previous"),
                        ("previous", "digest"), ("detail", "NULL"),
                    ]
                )  # fmt: skip
                what, wanted = f"{column} of {at} edited", at
                run(f"UPDATE audit SET {column} = {value} WHERE sequence = {at}")
            elif kind == 3:
                what, wanted = f"{at} removed", at
                run(f"DELETE FROM audit WHERE sequence = {at}")
            elif kind == 4:
                other = chance.randrange(at + 1, last + 1)
                what, wanted = f"{at} and {other} swapped", at
                for old, new in ((at, -1), (other, at), (-1, other)):
                    run(f"UPDATE audit SET sequence = {new} WHERE sequence = {old}")
            elif kind == 5:
                what, wanted = f"{at} replayed at the end", last + 1
                columns = "at, actor, action, subject, office, purpose, detail, previous, digest"
                run(
                    f"INSERT INTO audit (sequence, {columns}) SELECT {last + 1}, {columns}"
                    f" FROM audit WHERE sequence = {at}"
                )
            elif kind == 6:
                what, wanted = f"cut behind {at}", at + 1
                run(f"DELETE FROM audit WHERE sequence > {at}")
            else:
                what, wanted = f"made again from {at}", last
                run(f"DELETE FROM audit WHERE sequence >= {at}")
                for n in range(at, last + 1):
                    audit.append(
                        connection, actor="omar", action="look", subject=f"alert:{n}", now=NOW
                    )
            verdict = audit.verify(connection, kept)
            raise _Undo
    except _Undo:
        pass
    return (verdict.first_bad if verdict else None), wanted, what

"""Attacks of many tries that share one set-up: sessions, lines of other scripts, values, seeds."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import pyotp
from argon2 import PasswordHasher
from sqlalchemy import text

from benchmarks.disguise import mistaken
from riskprofile.profiles import SHIPMENT, TRAVELLER
from riskprofile.services import govern, identity, retention, settings
from riskprofile.services.identity import OWNER, SignInRefused
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.services.settings import CHECKOUT
from riskprofile.store import artefacts
from riskprofile.store.database import Store
from riskprofile.tables import Table
from tests.intake import sensitive_seeds
from tests.reference import goods_lines
from tests.services import invariance, test_retention
from tests.services.bench import HERE, NOW
from tests.trust.desk import PHRASE, furnished
from tests.trust.told import Told

MINUTE = timedelta(minutes=1)
SCRIPTS, APART = 0.005, 1.25  # share wrongly called obfuscated; how far the scripts may lie apart
ROWS, FEW = 2_000, 60  # rows that a change of protected columns is tried on, in full and in small


# ------------------------------------------------------------------------- C2: sessions


def _signed_out(store: Store, token: str) -> tuple[str, Any]:
    identity.sign_out(store, token, NOW)
    return token, NOW


def _disabled(store: Store, token: str) -> tuple[str, Any]:
    name = identity.actor_of(store, token, NOW)
    assert name is not None
    identity.disable_account(store, OWNER, name.name, NOW)
    return token, NOW + timedelta(seconds=5)


def _new_password(store: Store, token: str) -> tuple[str, Any]:
    name = identity.actor_of(store, token, NOW)
    assert name is not None
    identity.set_password(store, OWNER, name.name, PHRASE + " anew", NOW)
    return token, NOW


def _digest(store: Store, token: str) -> tuple[str, Any]:
    # What lies in the database, were it read: it is no token.
    return identity._digest(token), NOW


STOLEN: tuple[Callable[[Store, str], tuple[str, Any]], ...] = (
    _signed_out,
    _disabled,
    _new_password,
    _digest,
    lambda _, token: (token, NOW + 15 * MINUTE),  # idle
    lambda _, token: (token[:-1], NOW),
    lambda _, token: (token + "A", NOW),
    lambda _, token: (token.swapcase(), NOW),
    lambda _, token: (f" {token}", NOW),
    lambda *_: ("", NOW),
    lambda *_: ("A" * 43, NOW),  # of the same form, never given
    lambda _, token: (token + "\0", NOW),
)


def sessions(count: int, folder: Path) -> Told:
    """A token after its session ended, or altered: nobody; a code of the second factor: once."""
    told = Told()
    with (
        furnished(folder) as store,
        mock.patch.object(identity, "hasher", PasswordHasher(1, 8, 1)),
    ):
        identity._dummy_hash.cache_clear()
        for number in range(count):
            name = f"officer{number}"
            secret = identity.add_account(
                store, OWNER, name=name, role="officer", office=HERE, password=PHRASE, now=NOW,
                totp=number % 5 == 4,
            )  # fmt: skip
            code = pyotp.TOTP(secret).at(NOW) if secret else ""
            token = identity.sign_in(store, name, PHRASE, code, NOW)
            alive = identity.actor_of(store, token, NOW) is not None
            if secret:
                told.count(_code_again(store, name, code) if alive else "no session at all")
                continue
            stolen, at = STOLEN[number % len(STOLEN)](store, token)
            got = identity.actor_of(store, stolen, at)
            told.count(None if alive and got is None else f"way {number % len(STOLEN)}: {got}")
        identity._dummy_hash.cache_clear()
    return told


def _code_again(store: Store, name: str, code: str) -> str | None:
    try:
        identity.sign_in(store, name, PHRASE, code, NOW)
    except SignInRefused:
        return None
    return "a code worked twice"


# ------------------------------------------------------- D2: lawful lines in other scripts


def scripts(count: int, _: Path) -> Told:
    """Lawful lines in four languages that the tests wrote: hardly any is called obfuscated.

    Each line is an attempt; held is said of the whole, since the plan has a ceiling. Lines
    that were really lodged are not here: `benchmarks.disguise --lines FILE` reads them.
    """
    rows = [(name, line) for name in goods_lines.GOODS for line in goods_lines.lines(name)]
    rows = rows[:: max(1, len(rows) // count)]
    called: dict[str, list[bool]] = {}
    for name, line in rows:
        called.setdefault(name, []).append(mistaken(line))
    share = sum(map(sum, called.values())) / len(rows)
    by = {name: sum(one) / len(one) for name, one in called.items()}
    told = Told(len(rows), len(rows))
    if share > SCRIPTS:
        told.faults.append(f"{share:.2%} of {len(rows)} lines called obfuscated")
    if max(by.values()) > APART * min(by.values()):
        told.faults.append(f"scripts lie apart: {by}")
    if told.faults:
        told.held = len(rows) - sum(map(sum, called.values()))
    told.notes.append(", ".join(f"{name} {one:.2%}" for name, one in by.items()))
    return told


# ------------------------------------------------------------- D9: protected columns dealt


def protected(count: int, _: Path) -> Told:
    """Every combination of protected columns dealt anew, twice; parties and places renamed.

    Held: not one point of `ROWS` rows differs, by any scorecard that ships. In small, the
    first `count` combinations of few rows.
    """
    told, whole = Told(), count >= 256
    for deal in range(2 if whole else 1):
        found = invariance.travellers(ROWS if whole else FEW, deal)
        for chosen, differing in found if whole else islice(found, count):
            told.count(f"{chosen}: {differing} points" if differing else None)
    if whole:
        for part, differing in invariance.shipments(ROWS):
            told.count(f"{part}: {differing} points" if differing else None)
    return told


# --------------------------------------------------------------- D10: values at their ends

NUMBERS = (
    *("NaN", "inf", "-inf", "Infinity", "-0.0", "0", "5e-324", "1e-300", "1.7976931348623157e308"),
    *("1e309", "1e200", "-1", "1e18", "0x10", "1_000", "\u0663", "", " "),
)
TEXTS = (
    "",
    " ",
    "\u202e",
    "'=1+1",
    "\u2047",
    "9" * 40,
    "\u043d\u0435\u0442",
    "no such code",
    "NA",
    "\ufeff",
)
LONG = "x" * 2**20


def values(count: int, folder: Path) -> Told:
    """Files whose cells are missing, infinite, tiny, unseen, empty or a megabyte: a score, or none.

    Every other row is spoilt, each row is an attempt. Held: a spoilt row is rated with a score in
    [0, 1], has no points, or is set aside with a reason; its neighbour has the points that it has
    in a file where nothing is spoilt; and every row that was read is accounted for.
    """
    told, chance = Told(), random.Random("values")
    for profile in (SHIPMENT, TRAVELLER):
        past, day = invariance.made(profile.name, 500)
        rows = day.iloc[[n % len(day) for n in range(count // 2)]].reset_index(drop=True)
        key = "declaration_id" if profile is SHIPMENT else "crossing_id"
        rows[key] = [f"V-{n:05d}" for n in range(len(rows))]
        plain = rows.drop(columns=["source", "line", "warnings"], errors="ignore")
        whole = _rated(folder / f"{profile.name}-whole", profile, past, plain)
        spoilt = _rated(
            folder / f"{profile.name}-spoilt", profile, past, _spoilt(plain, key, chance)
        )
        card = artefacts.serving(CHECKOUT / "models", profile.name)
        kept = [one for one in spoilt.values() if isinstance(one, int)]
        if len(kept) < 0.6 * len(rows):  # or most were set aside, and nothing was tried
            told.faults.append(f"{profile.name}: only {len(kept)} of {len(rows)} were rated")
        for number, name in enumerate(rows[key]):
            if number % 2:
                told.count(
                    None if spoilt.get(name) == whole[name] else f"{name}: a neighbour moved"
                )
                continue
            got = spoilt.get(name, "lost")
            fair = got is None or got == "set aside"
            if isinstance(got, int):
                fair = 0.0 <= float(card.probability(np.array([got]))[0]) <= 1.0
            told.count(None if fair else f"{profile.name} {name}: {got}")
    return told


def _spoilt(rows: Table, key: str, chance: random.Random) -> Table:
    """Every other row with one cell, or two, at an end of what it may hold."""
    made = {name: ["" if pd.isna(one) else str(one) for one in rows[name]] for name in rows.columns}
    free = [name for name in rows.columns if name != key]
    for place in range(0, len(rows), 2):
        for name in chance.sample(free, 1 + place // 2 % 2):
            numbers = pd.api.types.is_numeric_dtype(rows[name])
            made[name][place] = chance.choice(NUMBERS if numbers else TEXTS)
    long = "goods_description" if "goods_description" in made else "goods_declared"
    for place in range(0, min(len(rows), 8), 4):
        made[long][place] = LONG
    return pd.DataFrame(made, dtype=object)


def _rated(folder: Path, profile: Any, past: Table, rows: Table) -> dict[str, Any]:
    """What became of each declaration: its points, None without points, or "set aside"."""
    home = settings.load({}, home=str(folder / "home"))
    store = settings.open_store(home)
    if not profile.on_after_init:
        govern.enable_profile(store, OWNER, profile.name, "law of a test", "DPIA-1", NOW)
    past.drop(columns=["source", "line", "warnings"], errors="ignore").to_csv(
        folder / "past.csv", index=False
    )
    rows.to_csv(folder / "day.csv", index=False)
    history = Options(profile=profile.name, history=True)
    screen(store, home, OWNER, [folder / "past.csv"], history, NOW)
    run = screen(
        store, home, OWNER, [folder / "day.csv"], Options(profile=profile.name), NOW + MINUTE
    ).summary
    assert run.read == run.accepted + run.quarantined + run.duplicate == len(rows), run
    found: dict[str, Any] = {}
    with store.read() as connection:
        records = connection.execute(
            text("SELECT record_id, points FROM record WHERE record_id LIKE 'V-%'")
        )
        for record, points in records:
            found[str(record).split("@")[0]] = None if points is None else int(points)
        aside = connection.execute(text("SELECT record_id, reason FROM quarantined"))
        for record, reason in aside:
            if record and reason:
                found[str(record).split("@")[0]] = "set aside"
    store.close()
    return found


# ----------------------------------------------------------- M2, M3: what may not be left


def names(_: int, folder: Path) -> Told:
    """500 names past their time: each is looked for in every byte of the home.

    Held: it was there before, and is not there after.
    """
    told, home = Told(), settings.load({}, home=str(folder / "home"))
    incoming = folder / "in"
    incoming.mkdir()
    store = settings.open_store(home)
    received = test_retention.RECEIVED
    govern.enable_profile(store, OWNER, "traveller", "law of a test", "DPIA-1", received)
    test_retention.seeded(store, home, incoming)
    before = test_retention.left_on_disk(home)
    retention.run(store, home, OWNER, retention.due_at(received, 12))
    store.close()
    after = test_retention.left_on_disk(home)
    for name in sorted(before | after):
        told.count(f"{name} is left" if name in after else None)
    return told


def seeds(count: int, folder: Path) -> Told:
    """So many markers of health, belief and cards: each is looked for in all that was written."""
    told = Told()
    with tempfile.TemporaryDirectory(dir=folder) as within:
        found = sensitive_seeds.run(Path(within) / "run", count)
    for marker, way in found.seeds.hidden.items():
        told.count(f"{way} was written" if marker in found.leaked else None)
    if found.missing:
        told.faults.append(f"{len(found.missing)} ordinary markers were not found: no proof")
    return told

"""A run knows the past as it stood when it began, in every process and until its end."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
from sqlalchemy import select

from riskprofile.services import rater as raters
from riskprofile.services import settings
from riskprofile.services.identity import OWNER
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.store.batches import batch_table
from riskprofile.store.parties import entities, form_table
from tests import factory
from tests.services.bench import NOW

LATER = NOW + timedelta(minutes=1)
PAST = Options(history=True)


def test_what_ends_during_a_run_is_unknown_to_its_processes_that_start_late(
    tmp_path: Path,
) -> None:
    home = settings.load({}, home=tmp_path / "home")
    store = settings.open_store(home)
    for name in ("first", "second"):
        factory.shipments(
            3, declaration_id=[f"{name}{n}" for n in range(3)], consignee_name=f"Ulorin {name}"
        ).to_csv(tmp_path / f"{name}.csv", index=False)

    def known(before) -> int:
        raters.rater.cache_clear()  # as in a process that has just started
        return len(raters.rater(home.database_url, home.models, "shipment", before).history)

    seen = []

    def meanwhile(source: str, rows: int) -> None:
        """While the second run is under way, one that began before it comes to its end."""
        screen(store, home, OWNER, [tmp_path / "first.csv"], PAST, NOW)
        seen.append(known(LATER))
        with store.read() as connection:
            keys = list(connection.execute(select(form_table.c.key)).scalars())
            assert keys and not entities(connection, keys, LATER)

    screen(store, home, OWNER, [tmp_path / "second.csv"], PAST, LATER, progress=meanwhile)
    assert seen == [0]
    assert known(LATER + timedelta(minutes=1)) == 6
    store.close()


def test_what_was_withdrawn_does_not_count_again_while_a_later_run_declares_it_anew(
    tmp_path: Path,
) -> None:
    home = settings.load({}, home=tmp_path / "home")
    store = settings.open_store(home)
    seen = []

    def send(name: str, mass: float, function: str, now: datetime, progress=None) -> None:
        path = tmp_path / f"{name}.csv"
        said = json.dumps({"message_at": now.isoformat(), "message_function": function})
        lodged = pd.Timestamp("2026-11-20 08:00", tz="UTC")
        table = factory.shipments(1, gross_mass_kg=mass, extra=said, lodged_at=lodged)
        table.to_csv(path, index=False)
        screen(store, home, OWNER, [path], PAST, now, progress=progress or (lambda *_: None))

    def known(before: datetime) -> int:
        raters.rater.cache_clear()
        return len(raters.rater(home.database_url, home.models, "shipment", before).history)

    send("first", 100.0, "original", NOW)
    send("cancelled", 100.5, "cancel", LATER)
    assert known(LATER) == 0
    again = LATER + timedelta(minutes=1)
    send("again", 101.0, "original", again, lambda *_: seen.append(known(again)))
    assert seen == [0]
    assert known(again) == 1
    store.close()


def test_a_run_alone_ends_at_its_own_time(tmp_path: Path) -> None:
    home = settings.load({}, home=tmp_path / "home")
    store = settings.open_store(home)
    factory.shipments(1).to_csv(tmp_path / "a.csv", index=False)
    screen(store, home, OWNER, [tmp_path / "a.csv"], PAST, NOW)
    with store.read() as connection:
        assert list(connection.execute(select(batch_table.c.ended_at)).scalars()) == [NOW]
    store.close()

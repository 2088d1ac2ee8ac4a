"""A change and its audit record are one: with a full chain, no act of a person changes a byte."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import SQLModel

from riskprofile.errors import RiskProfileError
from riskprofile.services import (
    assigning,
    blind,
    cut,
    govern,
    identity,
    noting,
    review,
    snoozing,
    switching,
)
from riskprofile.services.identity import OWNER
from riskprofile.store import audit
from tests.services.bench import HERE, INES, NOW, OMAR, REASON, SARA, later, put, taken

PASSWORD = "long enough to keep"


def held(store) -> dict[str, list[Any]]:
    """Every row of every table."""
    with store.read() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table))]
            for table in SQLModel.metadata.sorted_tables
        }


def free(store):
    return put(store)[0]


def rows(store):
    return review.queue(store, SARA, review.QueueFilter("shipment"), NOW).rows


def ordered(store, decision="examine"):
    alert = taken(store)
    return alert, review.decide(store, INES, alert, decision, REASON, NOW)


def closed(store):
    alert, _ = ordered(store)
    return alert, review.record_outcome(store, INES, alert, "not_examined", NOW)


def aside(store):
    alert = taken(store)
    snoozing.snooze(store, INES, [alert], REASON, later(hours=2), NOW)
    return alert


def seen(store):
    alert = taken(store)
    review.alert(store, OMAR, alert, NOW)
    return alert


def officer(store):
    identity.add_account(
        store, OWNER, name="omar", role="officer", office=HERE, password=PASSWORD, now=NOW
    )
    return "omar"


def paused(store):
    switching.pause(store, OWNER, "drill of the day", NOW)


# What is there before, and the act upon it.
ACTS = {
    "claim": (free, lambda s, a: review.claim(s, INES, a, NOW)),
    "give back": (taken, lambda s, a: review.give_back(s, INES, a, NOW)),
    "decide": (taken, lambda s, a: review.decide(s, INES, a, "examine", REASON, NOW)),
    "release": (taken, lambda s, a: review.decide(s, INES, a, "release", REASON, NOW)),
    "undo": (ordered, lambda s, a: review.undo(s, INES, a[1], NOW)),
    "confirm a release": (
        lambda s: ordered(s, "release"),
        lambda s, a: review.confirm_release(s, OMAR, a[1], NOW),
    ),
    "outcome": (ordered, lambda s, a: review.record_outcome(s, INES, a[0], "not_examined", NOW)),
    "confirm an outcome": (closed, lambda s, a: review.confirm_outcome(s, OMAR, a[1], NOW)),
    "reopen": (closed, lambda s, a: review.reopen(s, SARA, a[0], REASON, NOW)),
    "snooze": (taken, lambda s, a: snoozing.snooze(s, INES, [a], REASON, later(hours=2), NOW)),
    "wake": (aside, lambda s, a: snoozing.wake(s, INES, a, later(minutes=1))),
    "assign": (
        lambda s: (free(s), officer(s)),
        lambda s, a: assigning.assign(s, SARA, a[0], a[1], NOW),
    ),
    "assign several": (
        lambda s: (free(s), officer(s)),
        lambda s, a: assigning.assign_several(s, SARA, rows(s), a[1], NOW),
    ),
    "take back": (
        lambda s: assigning.assign_several(s, SARA, (free(s) and rows(s)), officer(s), NOW),
        lambda s, a: assigning.take_back(s, SARA, a.at, NOW),
    ),
    "note": (seen, lambda s, a: noting.note(s, OMAR, a, REASON, NOW)),
    "ask": (seen, lambda s, a: noting.ask(s, OMAR, a, REASON, NOW)),
    "view": (
        lambda s: taken(s, blind=blind.WAITING),
        lambda s, a: review.say_first(s, INES, a, "examine", REASON, NOW),
    ),
    "share of views": (
        lambda s: taken(s, blind=blind.WAITING),
        lambda s, _: blind.set_share(s, OWNER, 0.0, NOW),
    ),
    "capacity": (lambda _: None, lambda s, _: cut.set_capacity(s, SARA, HERE, 3, NOW)),
    "pause": (lambda _: None, lambda s, _: switching.pause(s, OWNER, "drill of the day", NOW)),
    "resume": (paused, lambda s, _: switching.resume(s, OWNER, NOW)),
    "profile": (
        lambda _: None,
        lambda s, _: govern.enable_profile(s, OWNER, "traveller", "law", "IA-1", NOW),
    ),
    "second person": (
        lambda _: None,
        lambda s, _: switching.require_second_person(s, OWNER, False, NOW),
    ),
    "account": (lambda _: None, lambda s, _: officer(s)),
    "password": (officer, lambda s, a: identity.set_password(s, OWNER, a, PASSWORD + "!", NOW)),
    "disable": (officer, lambda s, a: identity.disable_account(s, OWNER, a, NOW)),
}


@pytest.mark.parametrize("act", ACTS)
def test_what_cannot_be_audited_changes_nothing(store, monkeypatch, act):
    prepare, change = ACTS[act]
    given = prepare(store)
    before = held(store)

    def full(*_: Any, **__: Any) -> None:
        raise RiskProfileError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(audit, "append", full)
        with pytest.raises(RiskProfileError, match="disk is full"):
            change(store, given)
    assert held(store) == before
    change(store, given)  # and with the chain whole, it does change something
    assert held(store) != before

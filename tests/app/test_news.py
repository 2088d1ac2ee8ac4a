"""News: a number for each person that changes when alerts come which they may see."""

from __future__ import annotations

import pytest
from sqlalchemy import delete

from app.news import EVERY, News
from riskprofile.services.assigning import assign
from riskprofile.services.identity import OWNER, add_account
from riskprofile.store.alert_tables import Alert
from riskprofile.store.database import Store
from tests.app.clock import Clock
from tests.services.bench import (
    AUDITOR,
    AWAY,
    HERE,
    INES,
    NOW,
    OMAR,
    SARA,
    THERE,
    furnish,
    put,
)

WORDS = "four small brown lanterns"


@pytest.fixture
def store(bare: Store) -> Store:
    """Two offices."""
    furnish(bare)
    return bare


@pytest.fixture
def clock() -> Clock[float]:
    return Clock(0.0)


@pytest.fixture
def news(store: Store, clock: Clock[float]) -> News:
    """What a page server tells that began with three alerts in the database."""
    put(store, 3)
    made = News(store, clock)
    assert made.of(INES) == 0
    return made


def test_alerts_are_news_to_their_office_and_to_who_sees_all(store, news, clock):
    put(store, 2, version=2)
    clock.now += EVERY
    assert (news.of(INES), news.of(AUDITOR), news.of(AWAY)) == (1, 1, 0)


def test_an_alert_of_no_office_is_news_to_everybody(store, news, clock):
    put(store, 1, version=2, office=None)
    clock.now += EVERY
    assert news.of(INES) == news.of(AWAY) == news.of(AUDITOR) == 1


def test_each_time_is_told_and_another_office_hears_nothing_of_it(store, news, clock):
    told = []
    for version in (2, 3, 4):
        put(store, 1, version=version)
        clock.now += EVERY
        told.append(news.of(INES))
        put(store, 1, version=version, office=THERE, profile="traveller")
        clock.now += EVERY
        assert news.of(INES) == told[-1]
    assert len(set(told)) == 3


def test_who_is_given_an_alert_has_news_and_a_colleague_has_none(store, news, clock):
    add_account(store, OWNER, name="omar", role="officer", office=HERE, password=WORDS, now=NOW)
    [alert] = put(store, 1, version=2)
    clock.now += EVERY
    before = news.of(INES), news.of(OMAR)
    assign(store, SARA, alert, "omar", NOW)
    clock.now += EVERY
    assert news.of(INES) == before[0]
    assert news.of(OMAR) > before[1]


def test_a_database_put_back_to_an_earlier_state_is_news(store, news, clock):
    before = news.of(INES)
    with store.write() as connection:
        connection.execute(delete(Alert).where(Alert.rank > 1))
    clock.now += EVERY
    after = news.of(INES)
    assert after != before
    put(store, 1, version=2)
    clock.now += EVERY
    assert news.of(INES) not in (before, after)


def test_many_pages_ask_the_database_once(store, news, clock, monkeypatch):
    asked = []
    read = Store.read
    monkeypatch.setattr(Store, "read", lambda self: asked.append(1) or read(self))
    clock.now += EVERY
    for _ in range(50):
        news.of(INES)
    assert len(asked) == 1

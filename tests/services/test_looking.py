"""Who opens very many records is told of to the supervisor, and is never stopped."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from riskprofile.services import looking, review
from riskprofile.services.identity import Actor
from riskprofile.store import audit
from riskprofile.store.office_tables import Audit
from tests.services.bench import AUDITOR, AWAY, HERE, INES, NOW, OMAR, SARA, THERE, later, put


def look(store, actor, alerts, at=NOW, limit=20):
    return [review.alert(store, actor, one, at, looks_an_hour=limit) for one in alerts]


def raised(store):
    with store.read() as connection:
        return connection.execute(
            select(func.count()).select_from(Audit).where(Audit.action == looking.ALARM)
        ).scalar_one()


def test_one_record_too_many_within_an_hour_raises_one_alarm_and_shows_all(any_store):
    alerts = put(any_store, 30)
    assert len(look(any_store, INES, alerts[:20])) == 20
    assert looking.alarms(any_store, SARA, NOW) == []
    assert len(look(any_store, INES, alerts[20:])) == 10
    assert looking.alarms(any_store, SARA, NOW) == [
        looking.Alarm(NOW, "ines", HERE, records=21, limit=20)
    ]
    with any_store.read() as connection:
        assert audit.verify(connection).ok


def test_three_hundred_records_raise_the_alarm_by_themselves(store):
    look(store, INES, put(store, 300), limit=looking.LIMIT)
    [alarm] = looking.alarms(store, SARA, NOW)
    assert (alarm.account, alarm.records) == ("ines", looking.LIMIT + 1)


def test_the_same_record_again_is_one_record(store):
    alerts = put(store, 4)
    for step in range(6):
        look(store, INES, alerts, later(minutes=20 * step), limit=4)
    assert raised(store) == 0


def test_looks_of_more_than_an_hour_ago_do_not_count(store):
    alerts = put(store, 40)
    look(store, INES, alerts[:20])
    look(store, INES, alerts[20:], later(hours=1))
    assert raised(store) == 0


def test_another_alarm_comes_after_an_hour_only(store):
    alerts = put(store, 90)
    look(store, INES, alerts[:30])
    look(store, INES, alerts[30:60], later(minutes=59))
    assert raised(store) == 1
    look(store, INES, alerts[60:], later(minutes=61))
    assert raised(store) == 2


def test_each_account_is_counted_alone(store):
    alerts = put(store, 20)
    look(store, INES, alerts[:15])
    look(store, OMAR, alerts[5:])
    assert raised(store) == 0


def test_alarms_stay_in_their_office(store):
    look(store, AWAY, put(store, 30, office=THERE))
    away = Actor("chief", "supervisor", THERE)
    assert [one.account for one in looking.alarms(store, away, NOW)] == ["away"]
    assert looking.alarms(store, SARA, NOW) == []
    assert len(looking.alarms(store, AUDITOR, NOW)) == 1


def test_who_sees_every_office_is_told_of_in_every_office(store):
    look(store, AUDITOR, put(store, 30))
    assert [one.account for one in looking.alarms(store, SARA, NOW)] == [AUDITOR.name]


@pytest.mark.parametrize(("days", "seen"), [(1, 0), (2, 0), (3, 1)])
def test_alarms_are_listed_as_far_back_as_asked(store, days, seen):
    look(store, INES, put(store, 30))
    assert len(looking.alarms(store, SARA, later(hours=50), days)) == seen

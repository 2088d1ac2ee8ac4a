"""Who asks for very many ratings within an hour waits, and is told of to the supervisor."""

from __future__ import annotations

import io

import pytest
from sqlalchemy import func, select

from riskprofile.errors import PolicyError
from riskprofile.services import looking, probing, settings, uploading
from riskprofile.services.identity import Actor
from riskprofile.services.looking import Alarm
from riskprofile.store import audit
from riskprofile.store.run_tables import Batch
from tests.factory import shipments
from tests.services.bench import HERE, NOW, SARA, THERE, furnish, later, of_two_at_once

OPERATOR = Actor("olga", "operator", HERE)


def one_row(number):
    table = shipments(1, declaration_id=[f"P{number}"])
    return table.drop(columns=["source", "line", "warnings"]).to_csv(index=False).encode()


def batches(store):
    with store.read() as connection:
        return connection.execute(select(func.count()).select_from(Batch)).scalar_one()


def test_one_answer_too_many_is_refused_and_raises_one_alarm(any_store):
    for minute in range(3):
        probing.ask(any_store, OPERATOR, later(minutes=minute), asks=3)
    assert looking.alarms(any_store, SARA, later(minutes=3)) == []
    for minute in (3, 4):
        with pytest.raises(PolicyError, match="olga had 3 answers within an hour"):
            probing.ask(any_store, OPERATOR, later(minutes=minute), asks=3)
    assert looking.alarms(any_store, SARA, later(minutes=4)) == [
        Alarm(later(minutes=3), "olga", HERE, 3, 3, "probing")
    ]
    probing.ask(any_store, Actor("otto", "operator", HERE), later(minutes=4), asks=3)
    probing.ask(any_store, OPERATOR, later(minutes=60), asks=3)  # the first hour is over
    with any_store.read() as connection:
        assert audit.verify(connection).ok


@pytest.mark.slow
@pytest.mark.parametrize("any_store", ["postgresql"], indirect=True)
def test_of_two_answers_asked_for_at_once_the_second_counts_the_first(any_store):
    def ask(_):
        probing.ask(any_store, OPERATOR, NOW, asks=1)

    [said] = of_two_at_once(any_store, ask)
    assert isinstance(said, PolicyError)


@pytest.mark.slow
@pytest.mark.parametrize("any_store", ["postgresql"], indirect=True)
def test_of_two_answers_at_once_the_second_counts_the_rows_of_the_first(any_store):
    def tried(_):
        probing.tried(any_store, OPERATOR, NOW, 60, rows=100)

    assert of_two_at_once(any_store, tried) == []
    assert [one.records for one in looking.alarms(any_store, SARA, NOW)] == [120]


def test_another_office_is_not_told(any_store):
    with pytest.raises(PolicyError):
        for _ in range(2):
            probing.ask(any_store, OPERATOR, NOW, asks=1)
    assert looking.alarms(any_store, Actor("s", "supervisor", THERE), NOW) == []


def test_rows_that_are_not_kept_are_counted_too(store):
    probing.ask(store, OPERATOR, NOW, rows=100)
    probing.tried(store, OPERATOR, NOW, 99, rows=100)
    assert looking.alarms(store, SARA, NOW) == []
    probing.ask(store, OPERATOR, NOW, rows=100)
    probing.tried(store, OPERATOR, NOW, 2, rows=100)
    assert [one.records for one in looking.alarms(store, SARA, NOW)] == [101]
    with pytest.raises(PolicyError, match="101 rows not kept"):
        probing.ask(store, OPERATOR, NOW, rows=100)


def test_of_files_handed_over_on_the_page_one_too_many_is_not_even_read(tmp_path):
    home = settings.load({}, home=tmp_path, asks_an_hour=2)
    store = settings.open_store(home)
    furnish(store)
    for number in range(2):
        run = uploading.upload(
            store, home, OPERATOR, "x.csv", io.BytesIO(one_row(number)), later(minutes=number)
        )
        assert run.summary.accepted == 1
    before = batches(store)
    with pytest.raises(PolicyError):
        uploading.upload(store, home, OPERATOR, "x.csv", io.BytesIO(one_row(2)), later(minutes=2))
    assert batches(store) == before
    assert len(looking.alarms(store, SARA, later(minutes=2))) == 1
    store.close()

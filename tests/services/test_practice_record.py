"""The record of practice: of 30 days, for who practised and their trainer alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, select

from riskprofile.errors import NotAllowed, RiskProfileError, StoreError, UsageError
from riskprofile.services import (
    drafts,
    identity,
    practice,
    practice_rating,
    practice_record,
    retention,
)
from riskprofile.services.identity import OWNER
from riskprofile.services.practice_record import Line, Record
from riskprofile.services.rights import Actor
from riskprofile.services.settings import CHECKOUT, load
from riskprofile.store import practice as kept
from riskprofile.store.office_tables import Audit
from tests.services.bench import AWAY, HERE, INES, NOW, OMAR, SARA, later, put

PASSWORD = "four small brown lanterns"
TUBES = {arms: [one.id for one in practice.cases() if one.subject == "tubes" and one.arms == arms]
         for arms in (True, False)}  # fmt: skip
PARTS = [one.id for one in practice.cases() if one.subject == "parts" and one.arms]


@pytest.fixture
def people(store):
    for one in (INES, OMAR, SARA, AWAY):
        identity.add_account(
            store, OWNER, name=one.name, role=one.role, office=one.office,
            password=PASSWORD, now=NOW,
        )  # fmt: skip
    return store


def answer(home, case, choice, seconds=30.0, named=None, now=NOW, actor=INES, sure=None):
    practice_record.answer(home, actor, case, choice, seconds, named or {}, now, sure)


def test_a_record_has_a_line_for_each_subject_practised(tmp_path):
    for case, choice, seconds in (
        (TUBES[True][0], "scan", 20.0),
        (TUBES[True][1], "release", 40.0),
        (TUBES[False][0], "documents", 90.0),
        (PARTS[0], "examine", 10.0),
    ):
        answer(tmp_path, case, choice, seconds, {"piece_mass": True, "E04": False}, sure="fairly")
    found = practice_record.own(tmp_path, INES, NOW)
    assert found.lines == (Line("parts", 1, 1, 0, 0, 10.0), Line("tubes", 1, 2, 1, 1, 40.0))
    assert [one.share for one in found.lines] == [1.0, 2 / 3]
    assert (found.named, found.held) == (8, 4)


def test_what_is_best_asks_for_four_answers_and_what_is_next_was_never_practised(tmp_path):
    assert practice_record.own(tmp_path, INES, NOW).next is None
    for _ in range(3):
        answer(tmp_path, PARTS[0], "scan")
    found = practice_record.own(tmp_path, INES, NOW)
    assert (found.best, found.next) == (None, practice.SUBJECTS[0])
    answer(tmp_path, PARTS[0], "scan")
    assert practice_record.own(tmp_path, INES, NOW).best == "parts"
    done = tuple(Line(one, 1, 1, 1, 1 + (one == "words"), 9.0) for one in practice.SUBJECTS)
    assert Record("ines", done, 0, 0, ()).next == "words"


def test_after_thirty_days_an_answer_is_in_no_record_and_at_the_next_it_is_gone(tmp_path):
    answer(tmp_path, PARTS[0], "scan")
    month = later(days=30)
    assert practice_record.own(tmp_path, INES, later(days=29, hours=23)).lines
    assert practice_record.own(tmp_path, INES, month).lines == ()
    answer(tmp_path, PARTS[1], "scan", now=month)
    assert [one.case_id for one in kept.answers(tmp_path, "ines", later(days=-400))] == [PARTS[1]]


def test_who_was_away_for_an_hour_took_ten_minutes(tmp_path):
    answer(tmp_path, PARTS[0], "scan", 3600.0)
    answer(tmp_path, TUBES[True][0], "scan", -5.0)
    assert [one.seconds for one in practice_record.own(tmp_path, INES, NOW).lines] == [600.0, 0.0]


@pytest.mark.parametrize(
    ("case", "choice", "sure"),
    [("none", "scan", None), (PARTS[0], "refer", None), (PARTS[0], "scan", "very")],
)
def test_an_answer_is_to_a_case_that_there_is(tmp_path, case, choice, sure):
    with pytest.raises(UsageError):
        answer(tmp_path, case, choice, sure=sure)
    assert not (tmp_path / kept.NAME).exists()


@pytest.mark.parametrize("text", ["", "  \n", "a" * 501])
def test_a_disagreement_has_words_and_not_too_many(tmp_path, text):
    with pytest.raises(UsageError):
        practice_record.disagree(tmp_path, INES, PARTS[0], "scan", text, NOW)
    assert not (tmp_path / kept.NAME).exists()


def test_a_disagreement_is_kept_as_written_for_who_reads_the_record(tmp_path):
    said = " <script>alert(1)</script> ' OR 1=1; DROP TABLE doubt; -- \u202e "
    practice_record.disagree(tmp_path, INES, PARTS[0], "scan", said, NOW)
    (doubt,) = practice_record.own(tmp_path, INES, NOW).doubts
    assert (doubt.case_id, doubt.choice, doubt.text) == (PARTS[0], "scan", said.strip())


def test_a_trainer_sees_the_records_of_the_office_and_each_look_is_audited(people, tmp_path):
    answer(tmp_path, PARTS[0], "scan")
    assert practice_record.trained(people, SARA) == ["ines", "omar"]
    found = practice_record.of(people, tmp_path, SARA, "ines", NOW)
    assert found == practice_record.own(tmp_path, INES, NOW)
    for minutes in (0, 14):  # drawn again, it is the same look
        practice_record.of(people, tmp_path, SARA, "ines", later(minutes=minutes))
    practice_record.of(people, tmp_path, SARA, "omar", later(minutes=14))
    practice_record.of(people, tmp_path, SARA, "ines", later(minutes=15))
    with people.read() as connection:
        asked = select(Audit.actor, Audit.subject, Audit.office)
        looks = connection.execute(
            asked.where(Audit.action == "practice.look").order_by(Audit.sequence)
        ).all()
    assert [tuple(one) for one in looks] == [
        ("sara", f"account:{name}", HERE) for name in ("ines", "omar", "ines")
    ]


@pytest.mark.parametrize("name", ["away", "nobody", "sara", "os:root"])
def test_a_trainer_sees_nobody_of_another_office(people, tmp_path, name):
    with pytest.raises(UsageError):
        practice_record.of(people, tmp_path, SARA, name, NOW)
    assert "practice.look" not in acts(people)  # nothing was looked at


def test_who_sees_every_office_is_trained_by_one_who_does(people, tmp_path):
    for name, role in (("nora", "analyst"), ("boss", "supervisor")):
        identity.add_account(
            people, OWNER, name=name, role=role, office=None, password=PASSWORD, now=NOW
        )
    assert "nora" not in practice_record.trained(people, SARA)
    with pytest.raises(UsageError):
        practice_record.of(people, tmp_path, SARA, "nora", NOW)
    assert {"nora", "ines", "away"} <= {
        *practice_record.trained(people, Actor("boss", "supervisor"))
    }


@pytest.mark.parametrize("role", ["officer", "analyst", "operator", "auditor", "administrator"])
def test_nobody_but_a_supervisor_sees_another_s_record(people, tmp_path, role):
    with pytest.raises(NotAllowed):
        practice_record.of(people, tmp_path, Actor("other", role, HERE), "ines", NOW)


def acts(store: Any) -> list[str]:
    """What the audit chain holds."""
    with store.read() as connection:
        return list(connection.execute(select(Audit.action)).scalars())


def content(store: Any) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of the live store."""
    with store.read() as connection:
        tables = MetaData()
        tables.reflect(connection)
        return {
            name: [tuple(row) for row in connection.execute(table.select())]
            for name, table in tables.tables.items()
        }


def test_no_row_of_practice_reaches_the_live_store(any_store, tmp_path):
    put(any_store, 3)
    for one in (INES, SARA):
        identity.add_account(
            any_store, OWNER, name=one.name, role=one.role, office=one.office,
            password=PASSWORD, now=NOW,
        )  # fmt: skip
    home = tmp_path / "home"
    home.mkdir()
    before = content(any_store)
    for n, case in enumerate(practice.drawn(INES, 11)):
        rated = practice_rating.rate(any_store, CHECKOUT / "models", INES, case)
        assert rated.points
        answer(home, case.id, practice.CHOICES[n % 4], named={"piece_mass": True})
        practice_record.disagree(home, INES, case.id, "scan", "it does not", NOW)
    assert len(practice_record.own(home, INES, NOW).doubts) == 10
    assert content(any_store) == before
    practice_record.of(any_store, home, SARA, "ines", NOW)
    after = content(any_store)
    assert {name for name in after if after[name] != before[name]} <= {"audit", "audit_chain"}
    (line,) = after["audit"][len(before["audit"]) :]
    assert "practice.look" in line
    assert [one.name for one in home.iterdir()] == [kept.NAME]


def test_a_home_without_a_practice_store_needs_none_to_be_read(tmp_path):
    found = practice_record.own(tmp_path, INES, NOW)
    assert (found.lines, found.doubts, found.best) == ((), (), None)
    assert list(tmp_path.iterdir()) == []


def test_retention_forgets_what_is_old_and_says_how_much(store):
    home = Path(store.where).parent
    answer(home, PARTS[0], "scan", now=later(days=-31))
    practice_record.disagree(home, INES, PARTS[0], "scan", "no", later(days=-31))
    kept.keep(home, kept.answers(home, "ines", later(days=-400))[0])
    answer_of_today = (PARTS[1], "examine")
    told = retention.run(store, load({}, home=home), OWNER, NOW)
    assert told.practice == 3
    answer(home, *answer_of_today)
    assert retention.run(store, load({}, home=home), OWNER, NOW).practice == 0


def test_a_damaged_practice_store_hinders_nothing_else_from_being_forgotten(store):
    put(store, 1)
    drafts.save_draft(store, INES, "decision:1:examine", {"reason": "of a person"}, NOW)
    home = Path(store.where).parent
    (home / kept.NAME).write_bytes(b"no database" * 400)
    late = later(days=4000)
    with pytest.raises(StoreError, match="practice store"):
        retention.run(store, load({}, home=home), OWNER, late)
    assert drafts.draft(store, INES, "decision:1:examine") is None
    assert retention.last_run(store, OWNER) == late


def test_a_store_that_cannot_be_read_is_told_as_what_it_is(tmp_path):
    (tmp_path / kept.NAME).write_bytes(b"no database" * 400)
    with pytest.raises(RiskProfileError, match="practice store"):
        practice_record.own(tmp_path, INES, NOW)

"""Who may do what: the table, enumerated against every service function."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from sqlalchemy import insert

from riskprofile import words
from riskprofile.errors import NotAllowed, RiskProfileError
from riskprofile.services import (
    arms,
    assigning,
    blind,
    board,
    bundle,
    comparing,
    corrections,
    cut,
    evidence,
    explanation,
    feedback,
    govern,
    iafq,
    identity,
    ledger,
    looking,
    noting,
    otherwise,
    overrides,
    own_account,
    packing,
    packs,
    practice,
    practice_rating,
    practice_record,
    promotion,
    proof,
    quarantine,
    raising,
    records,
    registers,
    rehearsal,
    retention,
    review,
    selections,
    settings,
    sheet,
    sightings,
    snoozing,
    switching,
    tracing,
    training_log,
    trends,
    under_way,
    unmasking,
    uploading,
    watchers,
    watching,
    watchlists,
)
from riskprofile.services.identity import ACTIONS, OWNER, ROLES, Actor, authorise
from riskprofile.services.settings import CHECKOUT
from riskprofile.store import audit
from riskprofile.store.office_tables import Unmasking
from tests.services.bench import HERE, INES, NOW, OMAR, REASON, THERE, later, put, taken

NOWHERE = Path("nowhere.csv")
EN, MODELS = words.of("en"), CHECKOUT / "models"
FILTER = review.QueueFilter("shipment")
ACTORS = [Actor(f"a-{role}", role, HERE) for role in ROLES] + [OWNER]


def desk_calls(store, alert):
    """Calls at one alert, each with the action that it needs."""
    return {
        "alert.look": lambda a: review.alert(store, a, alert, NOW),
        "alert.claim": lambda a: review.claim(store, a, alert, NOW),
        "alert.decide": lambda a: review.decide(store, a, alert, "examine", REASON, NOW),
        "alert.view": lambda a: review.say_first(store, a, alert, "examine", REASON, NOW),
        "alert.snooze": lambda a: snoozing.snooze(store, a, [alert], REASON, later(hours=1), NOW),
        "alert.assign": lambda a: assigning.assign(store, a, alert, "nobody", NOW),
        "alert.print": lambda a: sheet.sheet(store, a, alert, EN, NOW),
        "alert.otherwise": lambda a: otherwise.otherwise(store, home_of(store), a, alert, NOW),
        "alert.note": lambda a: noting.note(store, a, alert, REASON, NOW),
        "alert.ask": lambda a: noting.ask(store, a, alert, REASON, NOW),
        "explanation.make": lambda a: explanation.explain(store, MODELS, a, "XM-000000", NOW),
        "alert.reopen": lambda a: review.reopen(store, a, alert, REASON, NOW),
        "outcome.record": lambda a: review.record_outcome(store, a, alert, "not_examined", NOW),
    }


def house_calls(store):
    """Calls of the house, each with the action that it needs."""
    if not review.queue(store, INES, FILTER, NOW).total:
        put(store)
    asked, rows = asked_for(store), listed(store)
    add = {"name": "new", "role": "officer", "office": HERE, "password": "long enough to keep"}
    return {
        "queue.look": [
            lambda a: review.queue(store, a, FILTER, NOW),
            lambda a: review.new_since(store, a, FILTER, 0, NOW),
            lambda a: review.figures(store, a, NOW),
        ],
        "board.look": [
            lambda a: board.board(store, a, NOW),
            lambda a: cut.reach(store, a, HERE, "shipment", NOW),
            lambda a: overrides.listed(store, a, NOW),
        ],
        "office.capacity": [lambda a: cut.set_capacity(store, a, HERE, 5, NOW)],
        "alert.raise": [lambda a: raising.raise_alert(store, a, "X", "shipment", REASON, NOW)],
        "alert.assign": [
            lambda a: assigning.officers(store, a),
            lambda a: assigning.assign_several(store, a, rows, "nobody", NOW),
        ],
        "outcome.confirm": [lambda a: review.waiting(store, a)],
        "draft.keep": [
            lambda a: review.save_draft(store, a, "s", {}, NOW),
            lambda a: review.draft(store, a, "s"),
            lambda a: review.discard_draft(store, a, "s"),
        ],
        "record.look": [lambda a: records.declaration(store, a, "X", "shipment", NOW)],
        "record.unmask": [
            lambda a: unmasking.ask(store, a, "XM-000000", "shipment", "CASE-1", REASON, NOW),
            lambda a: unmasking.look(store, home_of(store), a, asked, NOW),
            lambda a: unmasking.requests(store, a),
        ],
        "record.unmask.allow": [lambda a: unmasking.allow(store, a, asked, NOW)],
        "retention.run": [lambda a: retention.run(store, home_of(store), a, NOW)],
        "model.look": [
            lambda a: promotion.known(store, a, CHECKOUT / "models"),
            lambda a: promotion.promotions(store, a, "shipment"),
            lambda a: promotion.behind(store, a, CHECKOUT / "models", "shipment"),
            lambda a: promotion.files_of(store, a, "shipment", "1"),
        ],
        "model.propose": [
            lambda a: promotion.propose(store, a, CHECKOUT, NOW, CHECKOUT / "models")
        ],
        "model.promote": [
            lambda a: promotion.sign(store, a, "", "shipment", "1", NOW, CHECKOUT / "models")
        ],
        "model.rollback": [
            lambda a: promotion.rollback(store, a, "shipment", "", NOW, CHECKOUT / "models")
        ],
        "batch.look": [
            lambda a: govern.batches(store, a),
            lambda a: ledger.account(store, a, NOW),
            lambda a: ledger.counts(store, a, "b1"),
            lambda a: ledger.rows(store, a, "b1", "accepted"),
            lambda a: under_way.how_far(store, a, [], NOW),
            lambda a: under_way.waiting(store, a, ["b1"]),
            lambda a: under_way.room(home_of(store), a),
            lambda a: watchers.watchers(home_of(store), a),
        ],
        "batch.score": [
            lambda a: uploading.upload(store, home_of(store), a, "x.csv", io.BytesIO(), NOW)
        ],
        "inbox.pause": [
            lambda a: watchers.pause(store, a, REASON, NOW),
            lambda a: watchers.resume(store, a, NOW),
        ],
        "quarantine.look": [
            lambda a: quarantine.find(store, a, quarantine.Filter(batch="b1"), NOW),
            lambda a: quarantine.tally(store, a, "b1"),
            lambda a: corrections.content(store, a, quarantine.Filter(batch="b1"), NOW),
        ],
        "quarantine.repair": [
            lambda a: quarantine.repair(store, home_of(store), a, {1: {}}, REASON, NOW),
            lambda a: quarantine.check(store, a, {1: {}}, NOW),
        ],
        "arms.look": [
            lambda a: arms.search(store, a, NOW, serial="AB"),
            lambda a: arms.piece(store, a, "X"),
            lambda a: tracing.traces(store, a),
        ],
        "bundle.export": [
            lambda a: bundle.export(store, home_of(store), a, "XM-000000", REASON, NOW)
        ],
        "practice.do": [
            lambda a: practice.drawn(a, 1),
            lambda a: practice_rating.rate(store, MODELS, a, practice.cases()[0]),
            lambda a: practice_record.own(home_of(store).home, a, NOW),
            lambda a: practice_record.answer(home_of(store).home, a, "", "", 1.0, {}, NOW),
            lambda a: practice_record.disagree(home_of(store).home, a, "", "", "", NOW),
        ],
        "practice.look": [
            lambda a: practice_record.of(store, home_of(store).home, a, "nobody", NOW),
            lambda a: practice_record.trained(store, a),
        ],
        "trends.look": [lambda a: trends.trends(store, a, NOW)],
        "packs.export": [lambda a: packing.export(store, home_of(store), a, "Customs", NOW)],
        "packs.decide": [
            lambda a: packs.receive(store, a, Path(__file__), "", NOW),
            lambda a: packs.try_out(store, a, "x", NOW),
            lambda a: packs.decide(store, a, "x", True, REASON, NOW),
            lambda a: packs.held(store, a),
        ],
        "arms.trace": [
            lambda a: tracing.request(store, a, "X", tracing.Asking("iarms"), NOW),
            lambda a: tracing.answer(store, a, 1, "traced", NOW),
            lambda a: tracing.establish(store, a, "X", "national", NOW),
        ],
        "arms.export": [lambda a: iafq.export(store, a, NOW)],
        "arms.keep": [
            lambda a: arms.load(store, a, NOWHERE, NOW),
            lambda a: arms.amend(store, a, "X", {}, NOW),
            lambda a: arms.hand_over(store, a, "X", "one", "other", NOW),
            lambda a: arms.add_photo(store, a, "X", Path(__file__), "", NOW),
        ],
        "selections.export": [lambda a: selections.selections(store, a, None, NOW)],
        "labels.look": [
            lambda a: feedback.labels(store, "shipment", a),
            lambda a: watching.look(store, MODELS, a, "shipment"),
        ],
        "profile.switch": [
            lambda a: govern.enable_profile(store, a, "traveller", "law", "DPIA-1", NOW),
            lambda a: govern.disable_profile(store, a, "traveller", NOW),
            lambda a: switching.require_second_person(store, a, True, NOW),
            lambda a: blind.set_share(store, a, 0.05, NOW),
        ],
        "rating.pause": [
            lambda a: switching.pause(store, a, "drill", NOW),
            lambda a: switching.resume(store, a, NOW),
        ],
        "office.manage": [lambda a: registers.load(store, a, "offices", NOWHERE, NOW)],
        "register.load": [lambda a: registers.load(store, a, "dealers", NOWHERE, NOW)],
        "register.look": [
            lambda a: registers.held(store, a),
            lambda a: registers.entries(store, a, "dealers", NOW),
        ],
        "sighting.look": [lambda a: sightings.heat(store, a, NOW)],
        "watchlist.manage": [
            lambda a: watchlists.expire(store, a, "none", NOW),
            lambda a: watchlists.load(
                store, a, "x", NOWHERE, NOW, owner="o", source="s", review_by=NOW, expires_at=NOW
            ),
        ],
        "watchlist.look": [
            lambda a: watchlists.lists(store, a, NOW),
            lambda a: watchlists.show(store, a, "none", NOW),
        ],
        "account.manage": [
            lambda a: identity.add_account(store, a, **{**add, "name": f"n-{a.role}"}, now=NOW),
            lambda a: identity.set_password(store, a, "other", "long enough to keep", NOW),
            lambda a: identity.disable_account(store, a, "other", NOW),
            lambda a: own_account.set_second_factor(store, a, "other", NOW),
            lambda a: training_log.record(store, a, "nobody", NOW.date(), NOW),
        ],
        "recall.look": [
            lambda a: evidence.passed_over(store, "shipment", a),
            lambda a: rehearsal.mark(store, a, "shipment"),
            lambda a: comparing.capacity_of(store, home_of(store), a, "shipment", NOW),
        ],
        "account.look": [lambda a: identity.accounts(store, a)],
        "database.copy": [lambda a: govern.copy_database(store, store, a, NOW)],
        "alarm.look": [lambda a: looking.alarms(store, a, NOW)],
        "audit.verify": [
            lambda a: govern.verify_audit(store, a),
            lambda a: proof.compare(store, home_of(store), a),
        ],
        "audit.export": [
            lambda a: proof.export(
                store, home_of(store), a, Path(store.where).with_name("chain.jsonl"), NOW
            )
        ],
        "status.look": [lambda a: govern.status(store, a), lambda a: blind.share(store, a)],
    }


def listed(store):
    """The rows of the queue, as a page hands them back."""
    return review.queue(store, INES, FILTER, NOW).rows


def asked_for(store):
    """A request to unmask, which waits."""
    said = {"record_id": "XM-000000", "profile": "shipment", "office": HERE}
    said |= {"case_number": "CASE-1", "reason": REASON, "asked_by": "ines", "asked_at": NOW}
    made = insert(Unmasking).values(**said).returning(Unmasking.id)
    with store.write() as connection:
        return connection.execute(made).scalar_one()


def home_of(store):
    """The settings of the folder that the store's file lies in."""
    return settings.load({}, home=Path(store.where).parent)


def refused(call, actor):
    try:
        call(actor)
    except NotAllowed:
        return True
    except RiskProfileError:
        return False  # it got in, and failed at something else
    return False


@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.role)
def test_every_service_lets_in_exactly_the_roles_of_the_table(store, actor):
    [alert] = put(store)
    calls = [(name, [call]) for name, call in desk_calls(store, alert).items()]
    for action, found in [*calls, *house_calls(store).items()]:
        for call in found:
            assert refused(call, actor) == (actor.role not in ACTIONS[action]), action


def test_the_table_of_rights_is_covered_but_for_what_others_build(store):
    called = {*desk_calls(store, 1), *house_calls(store), "alert.confirm"}
    elsewhere = {"history.load", "record.replay"}
    assert set(ACTIONS) == called | elsewhere


@pytest.mark.parametrize("role", ["officer", "supervisor", "auditor"])
def test_another_office_gets_no_alert_no_count_and_no_change(store, role):
    alert = taken(store)
    decision = review.decide(store, INES, alert, "release", REASON, NOW)
    stranger = Actor("stranger", role, THERE)
    for call in desk_calls(store, alert).values():
        assert refused(call, stranger)
    assert refused(
        lambda a: assigning.assign_several(store, a, listed(store), "nobody", NOW), stranger
    )
    assert refused(lambda a: review.confirm_release(store, a, decision, NOW), stranger)
    assert refused(lambda a: review.undo(store, a, decision, NOW), stranger)
    page = review.queue(store, stranger, FILTER, NOW)
    assert (page.rows, page.total, page.lanes, page.change) == ([], 0, {}, 0)
    figures = review.figures(store, stranger, NOW)
    assert (figures.red_free, figures.mine, figures.examined_today, figures.to_confirm) == (
        (0, 0, 0, 0)
    )
    if role != "auditor":
        assert review.waiting(store, stranger) == []
    asked = review.QueueFilter("shipment", office=HERE)
    assert refused(lambda a: review.queue(store, a, asked, NOW), stranger)


def test_what_is_not_in_the_table_nobody_may_do():
    for actor in ACTORS:
        with pytest.raises(NotAllowed):
            authorise(actor, "alert.delete")


def test_no_role_outside_the_list_may_do_anything():
    for action in ACTIONS:
        with pytest.raises(NotAllowed):
            authorise(Actor("x", "root", None), action)


def test_the_command_line_neither_sees_declarations_nor_decides():
    assert not [
        action
        for action, roles in ACTIONS.items()
        if "owner" in roles and action.startswith(("alert.", "queue.", "outcome.", "record.look"))
    ]


def test_a_refusal_changes_nothing(store):
    [alert] = put(store)
    with store.read() as connection:
        before = audit.head(connection)
    for action, call in desk_calls(store, alert).items():
        if "analyst" not in ACTIONS[action]:
            assert refused(call, Actor("x", "analyst", HERE))
    with store.read() as connection:
        assert audit.head(connection) == before


def test_a_second_person_of_the_same_office_is_enough(store):
    alert = taken(store)
    decision = review.decide(store, INES, alert, "release", REASON, NOW)
    review.confirm_release(store, OMAR, decision, NOW)

"""From confirmed outcomes to a folder that two people may sign, and to what then serves."""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from riskprofile.errors import (
    Conflict,
    InputError,
    NotAllowed,
    PolicyError,
    RiskProfileError,
    UsageError,
)
from riskprofile.scoring import parts
from riskprofile.scoring.editing import Edit
from riskprofile.scoring.ranking import Capacity
from riskprofile.services import (
    comparing,
    feedback,
    fitting,
    govern,
    identity,
    promotion,
    raising,
    retention,
    review,
    settings,
    watching,
)
from riskprofile.services.identity import OWNER, Actor
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.store.alert_tables import BY_HAND, Alert
from riskprofile.store.database import Store
from riskprofile.store.run_tables import Record
from riskprofile.tables import Table
from tests.services.test_promotion import candidate
from training import dossier, folders, office
from training.synth import generate

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
INES, OMAR = Actor("ines", "officer"), Actor("omar", "officer")
ANNA, SARA = Actor("anna", "analyst"), Actor("sara", "supervisor")
PASSWORD = "seven small boats"
REASON = "papers, weight and image agree"

pytestmark = pytest.mark.xdist_group("office")


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Settings]]:
    """An installation that rated 900 declarations and examined 45 of them."""
    folder = tmp_path_factory.mktemp("office")
    home = settings.load({}, home=folder / "home")
    store = settings.open_store(home)
    [chunk] = list(generate("shipment", 900, 31, start="2026-09-01", days=60))
    table = chunk.table.drop(columns=["source", "line", "warnings"], errors="ignore")
    table.to_parquet(folder / "day.parquet")
    options = Options(profile="shipment", capacity=Capacity(45, 0.05, 0.10))
    screen(store, home, OWNER, [folder / "day.parquet"], options, NOW)
    truth = dict(
        zip(
            chunk.table["declaration_id"].astype(str), chunk.truth["label"].astype(int), strict=True
        )
    )
    alerts = Alert.__table__  # type: ignore[attr-defined]
    with store.read() as connection:
        rows = connection.execute(select(alerts.c.id, alerts.c.record_id)).all()
    for alert, record in rows:
        find = truth[record.split("@")[0]] == 1
        waits = review.alert(store, INES, alert, NOW, purpose="control").blind
        review.claim(store, INES, alert, NOW)
        if waits:  # drawn to be seen first without its rating
            review.say_first(store, INES, alert, "examine", REASON, NOW)
        review.decide(store, INES, alert, "examine", REASON, NOW)
        made = review.record_outcome(
            store,
            INES,
            alert,
            "trafficking" if find else "nothing",
            NOW,
            items=[{"kind": "part"}] if find else [],
            methods=["opened"],
        )
        review.confirm_outcome(store, OMAR, made, NOW)
    with store.read() as connection:
        passed = select(Record.record_id).where(Record.record_id.not_in(select(alerts.c.record_id)))
        record = connection.execute(passed.order_by(Record.record_id).limit(1)).scalar_one()
    by_hand = raising.raise_alert(store, INES, record, "shipment", REASON, NOW)
    review.alert(store, INES, by_hand, NOW)
    review.claim(store, INES, by_hand, NOW)
    review.decide(store, INES, by_hand, "examine", REASON, NOW)
    tip = {"items": [{"kind": "part"}], "methods": ["opened"]}
    made = review.record_outcome(store, INES, by_hand, "trafficking", NOW, **tip)
    review.confirm_outcome(store, OMAR, made, NOW)
    for who in (ANNA, SARA):
        identity.add_account(
            store, OWNER, name=who.name, role=who.role, office=None, password=PASSWORD, now=NOW
        )
    yield store, home
    store.close()


@pytest.fixture(scope="module")
def trial(lived: tuple[Store, Settings]) -> office.Trial:
    store, home = lived
    return office.make_trial(promotion.serving(store, home.models, "shipment"), rows=6_000)


def fit(lived, trial, out: Path, version: str = "2027.01.1", **more) -> office.Run:
    store, home = lived
    return office.fit(store, home, ANNA, "shipment", version, out, trial=trial, **more)


def test_the_folder_says_what_it_was_fitted_on_and_what_was_measured(
    lived, trial, tmp_path: Path
) -> None:
    told = fit(lived, trial, tmp_path / "run")
    assert told.moved.outcomes >= 45 and told.moved.finds > 0
    assert told.may_be_proposed, [one for one in told.gates if not one.held]
    card = (tmp_path / "run" / "card.md").read_text()
    assert f"{told.moved.outcomes} confirmed outcomes" in card
    assert "generator scale" in card
    listed = re.findall(r"^\| (.+) \| (\d\.\d{3}) \|$", card, re.M)
    shown = [factor for factor in told.moved.factors.values() if f"{factor:.3f}" != "1.000"]
    assert len(listed) == len(shown) < len(told.moved.factors)
    assert f"{len(told.moved.factors) - len(shown)} other terms moved by less than" in card
    recipe = json.loads((tmp_path / "run" / "recipe.json").read_text())
    assert recipe["labels_digest"] == told.moved.digest
    assert recipe["outcomes"] == told.moved.outcomes
    names = [one.name for one in told.gates]
    assert names == list(office.GATE_NAMES)


def test_a_find_on_what_an_officer_raised_by_hand_teaches_nothing(
    lived, trial, tmp_path: Path
) -> None:
    """Neither points nor chance brought it up: learnt, it would be taken for what they lead to."""
    store, _ = lived
    known = feedback.labels(store, "shipment", OWNER)
    assert (known["selected_by"] == BY_HAND).sum() == 1
    told = fit(lived, trial, tmp_path / "run")
    assert (told.moved.outcomes, told.moved.finds) == (len(known) - 1, known["value"].sum() - 1)


def test_its_dossier_counts_these_outcomes_and_these_alerts(lived, trial, tmp_path: Path) -> None:
    store, home = lived
    told = fit(lived, trial, tmp_path / "run")
    made = dossier.make(store, home, OWNER, told.folder, NOW)
    assert dossier.empty_sections(made.text) == []
    counted = re.findall(r"^\| (score|indicator|random) \| (\d+) \| (\d+) \|$", made.text, re.M)
    assert sum(int(one[1]) for one in counted) == told.moved.outcomes
    assert sum(int(one[2]) for one in counted) == told.moved.finds
    for gate in told.gates:
        assert made.text.count(f"| {gate.name} | yes |") == 1
    assert f"deletes a file {retention.shortest(home)} months after it was written" in made.text
    whole = made.ledger[0]
    assert whole.confirmed > 0 and whole.adds_up
    assert f"In all, of 100 alerts {100 * whole.right:.0f} are right" in made.text
    (told.folder / office.LABELS).unlink()
    with pytest.raises(InputError, match="outcomes that this was fitted on"):
        dossier.make(store, home, OWNER, told.folder, NOW)


def test_the_same_outcomes_give_the_same_bytes(lived, trial, tmp_path: Path) -> None:
    one, other = fit(lived, trial, tmp_path / "a"), fit(lived, trial, tmp_path / "b")
    assert one.digest == other.digest
    for path in sorted((tmp_path / "a").iterdir()):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_a_version_in_use_and_a_full_folder_are_refused(lived, trial, tmp_path: Path) -> None:
    store, home = lived
    serving = promotion.serving(store, home.models, "shipment").version
    proposed = candidate(tmp_path, "2027.01.7")
    promotion.propose(store, ANNA, proposed, NOW, home.models)
    steps: list[str] = []
    for version in (serving, "2027.01.7"):
        with pytest.raises(Conflict, match=rf"a scorecard shipment {version}. Give a new version"):
            fit(
                lived, trial, tmp_path / "run", version, progress=lambda what, _: steps.append(what)
            )
    assert not steps
    with pytest.raises(UsageError, match="cannot be used"):
        fit(lived, trial, tmp_path / "run", "2027 01 1")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    with pytest.raises(UsageError, match="not empty"):
        fit(lived, trial, tmp_path / "full")


@pytest.mark.parametrize(
    ("waiver", "told"),
    [
        (("recall", "sara", "because"), "there is no gate 'recall'"),
        (("size", "", "the terms were looked at"), "a name"),
        (("size", "sara", "because"), "a reason of 20 characters"),  # as on the page
    ],
)
def test_a_waiver_that_cannot_be_is_refused_before_anything_is_measured(
    lived, tmp_path: Path, waiver, told: str
) -> None:
    steps: list[str] = []
    with pytest.raises(UsageError, match=told):
        fit(
            lived,
            None,
            tmp_path / "run",
            waived=[waiver],
            progress=lambda what, rows: steps.append(what),
        )
    assert steps == []


def test_a_folder_is_written_whole_or_not_at_all(lived, trial, tmp_path: Path) -> None:
    class Full(Mapping):  # a disk that has no room for the second file
        def items(self):
            yield "card.md", b"whole"
            raise OSError(errno.ENOSPC, "no space left on device")

        def __getitem__(self, name):
            raise KeyError(name)

        def __iter__(self):
            return iter(())

        def __len__(self):
            return 0

    with pytest.raises(OSError, match="no space left"):
        folders.put(tmp_path / "run", Full())
    assert list(tmp_path.iterdir()) == []
    told = fit(lived, trial, tmp_path / "run")
    card = (told.folder / "card.md").read_bytes()
    with pytest.raises(UsageError, match="another fit wrote"):  # two fits end one after another
        folders.put(tmp_path / "run", {"card.md": b"of the other"})
    assert (told.folder / "card.md").read_bytes() == card
    assert [one.name for one in tmp_path.iterdir()] == ["run"]


def test_a_fit_writes_into_an_empty_folder_that_is_a_link_or_the_one_where_it_began(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was refused when all was fitted and measured, with a trace."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "run").symlink_to("disk")
    folders.put(tmp_path / "run", {"card.md": b"whole"})
    assert (tmp_path / "disk" / "card.md").read_bytes() == b"whole"
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    folders.put(Path(), {"card.md": b"whole"})
    assert (tmp_path / "here" / "card.md").read_bytes() == b"whole"


def test_it_serves_once_two_people_signed_and_the_next_run_is_rated_by_it(
    lived, trial, tmp_path: Path
) -> None:
    store, home = lived
    fit(lived, trial, tmp_path / "run", "2027.01.9")
    promotion.propose(store, ANNA, tmp_path / "run", NOW, home.models)
    promotion.sign(store, ANNA, PASSWORD, "shipment", "2027.01.9", NOW, home.models)
    [chunk] = list(generate("shipment", 60, 32, start="2026-11-01", days=10))
    chunk.table.drop(columns=["source", "line", "warnings"], errors="ignore").to_parquet(
        tmp_path / "next.parquet"
    )
    signed = promotion.sign(store, SARA, PASSWORD, "shipment", "2027.01.9", NOW, home.models)
    assert signed.serves
    later = NOW + timedelta(hours=1)
    run = screen(
        store, home, OWNER, [tmp_path / "next.parquet"], Options(profile="shipment"), later
    )
    assert run.summary.model_versions == {"shipment": "2027.01.9"}
    assert govern.status(store, SARA).scorecards[0].version == "2027.01.9"
    promotion.rollback(
        store, SARA, "shipment", "back to what ships, for the test", later, home.models
    )


def test_what_two_scorecards_would_have_selected_stands_side_by_side(
    lived, trial, tmp_path: Path
) -> None:
    store, home = lived
    told = fit(lived, trial, tmp_path / "run", edits=[Edit("wording", "drop")])
    other, _ = office.read(told.folder)
    yesterday = NOW - timedelta(days=1)
    both = comparing.selected(store, home, ANNA, "shipment", other, yesterday, 0.05)
    listed = both.records
    assert listed["serving"].sum() == listed["other"].sum() == round(0.05 * both.rated)
    assert (listed["serving"] | listed["other"]).all()
    only = both.count(True, False)
    assert only == both.count(False, True) > 0
    assert both.count(True, True) + 2 * only == len(listed)
    # Without the wording it is the wording that moved most of them, by what it gave.
    moved = listed[listed["moved"] == "wording"]
    assert len(moved) and (moved["moved_by"] != 0).all()
    assert both.base == other.base - promotion.serving(store, home.models, "shipment").base != 0
    assert both.finds("serving") == int(listed.loc[listed["serving"], "found"].sum())
    for part in both.parts():
        assert max(part.serving, part.other) >= comparing.LEAST
    with pytest.raises(RiskProfileError, match="nothing was rated"):
        comparing.selected(store, home, ANNA, "shipment", other, NOW + timedelta(days=1), 0.05)
    with pytest.raises(NotAllowed):
        comparing.selected(store, home, INES, "shipment", other, yesterday, 0.05)


def test_recall_is_told_part_by_part_beside_what_serves(lived, trial, tmp_path: Path) -> None:
    store, home = lived
    card = promotion.serving(store, home.models, "shipment")
    terms = [term.name for term in card.terms]
    kept = {"wording", "tubes_unnamed", "mass_per_package"}
    edits = [Edit(name, "drop") for name in terms if name not in kept]
    told = fit(lived, trial, fitting.folder_of(home, "shipment", "2027.01.9"), edits=edits)
    state = home.home / fitting.RUNS / "shipment-2027.01.9.json"
    fitting.note(state, fitting.Fit("shipment", "2027.01.9", "anna", NOW.isoformat(), fitting.DONE))
    other, _ = office.read(told.folder)
    try:
        [made, own] = comparing.recalls(store, home, ANNA, "shipment", other, 0.05)
        shifted = replace(card, base=card.base - 56)  # the same order, from another level
        [same, _] = comparing.recalls(store, home, ANNA, "shipment", shifted, 0.05)
        lacking = replace(card, wording=replace(card.wording, weights={}))
        assert comparing.recalls(store, home, ANNA, "shipment", lacking, 0.05) == []
        with pytest.raises(NotAllowed):
            comparing.recalls(store, home, INES, "shipment", other, 0.05)
    finally:
        state.unlink()
    assert (made.on, own.on) == (comparing.GENERATOR, comparing.OUTCOMES)
    assert made.finds == trial.labels.sum() and own.finds == told.moved.finds
    names = [one.part for one in made.figures]
    assert names[0] == "all" and "parties never seen" in names
    assert all(one.finds >= 20 for one in made.figures)
    assert all(
        one == "all" or one in comparing.UNSEEN or one.startswith("transport_mode ")
        for one in names
    )
    whole = made.figures[0]
    mine = parts.chosen(other.points(trial.features), 0.05)
    assert whole.recall == pytest.approx(mine[trial.labels == 1].mean())
    assert whole.gap == pytest.approx(whole.recall - whole.serving) and whole.gap < 0
    assert whole.sure == (whole.gap_high < 0)
    assert {(one.gap, one.gap_low, one.gap_high) for one in same.figures} == {(0.0, 0.0, 0.0)}


def test_what_serves_is_watched_where_it_stands_today(lived) -> None:
    store, home = lived
    told = watching.look(store, home.models, ANNA, "shipment")
    labels = feedback.labels(store, "shipment", ANNA)
    card = promotion.serving(store, home.models, "shipment")
    assert told.version == card.version and told.standing is None
    by_chance, listed = told.calibration
    assert (by_chance.drawn, listed.drawn) == (True, False)
    brought = labels[~labels["selected_by"].isin(["random", BY_HAND])]
    assert listed.examined == len(brought) == len(labels) - 1 - by_chance.examined
    assert listed.found == pytest.approx(brought["value"].mean())
    assert listed.score == pytest.approx(card.probability(card.points(brought)).mean())
    assert listed.enough and listed.low <= listed.found <= listed.high
    assert listed.off == (not listed.low <= listed.score <= listed.high)
    whole, ines = told.labels
    assert (whole.who, ines.who) == ("", "ines") and whole.outcomes == ines.outcomes == len(labels)
    assert whole.finds == labels["value"].sum() and whole.drawn == by_chance.examined
    assert whole.disagreed == 0 and told.disputed == ()
    examined = [one.examined for one in told.signs]
    assert examined == sorted(examined, reverse=True) and sum(examined) >= len(brought)
    for actor in (INES, SARA):
        with pytest.raises(NotAllowed):
            watching.look(store, home.models, actor, "shipment")
    empty = watching.look(store, home.models, ANNA, "traveller")
    assert empty.labels == () and not any(one.enough for one in empty.calibration)


def test_a_bin_given_points_by_hand_stands_in_recipe_and_card_and_outcomes_only_weigh_it(
    lived, trial, tmp_path: Path
) -> None:
    store, home = lived
    card = promotion.serving(store, home.models, "shipment")
    edits = [Edit("freight_ratio", "set", 3, 40), Edit("freight_ratio", "lock")]
    told = fit(lived, trial, tmp_path / "run", edits=edits)
    recipe = json.loads((told.folder / "recipe.json").read_text())
    assert recipe["edits"][0] == {"term": "freight_ratio", "how": "set", "bin": 3, "points": 40}
    text = (told.folder / "card.md").read_text()
    assert "given points by hand, before outcomes weighed them: freight_ratio bin 3 to +40" in text
    made = {term.name: term.table for term in office.read(told.folder)[0].terms}
    was = {term.name: term.table for term in card.terms}
    assert made["freight_ratio"][3] == 40  # locked: not even weighed
    assert (np.delete(made["freight_ratio"], 3) == np.delete(was["freight_ratio"], 3)).all()


def test_another_wording_is_read_from_what_was_declared(lived) -> None:
    store, home = lived
    card = promotion.serving(store, home.models, "shipment")
    assert card.wording is not None
    yesterday = NOW - timedelta(days=1)

    def beside(weights: dict[str, int], base: int) -> Table:
        words = replace(card.wording, weights=weights, base=base)
        other = replace(card, version="other", wording=words)
        return comparing.selected(store, home, ANNA, "shipment", other, yesterday, 1.0).records

    same = beside({**card.wording.weights, "qqzzqqzz": 1}, card.wording.base)
    assert len(same) and (same["points"] == same["other_points"]).all()
    without = beside({}, 0)  # no word tells it anything
    assert set(without.loc[without["moved_by"] != 0, "moved"]) == {"wording"}
    assert (without["points"] != without["other_points"]).any()


def test_edits_stand_in_the_recipe_and_the_card_and_the_tables_keep_them(
    lived, trial, tmp_path: Path
) -> None:
    store, home = lived
    card = promotion.serving(store, home.models, "shipment")
    single = next(term for term in card.terms if len(term.features) == 1 and len(term.table) > 8)
    edits = [Edit(single.name, "falling"), Edit(card.terms[-1].name, "drop")]
    told = fit(lived, trial, tmp_path / "run", edits=edits)
    recipe = json.loads((told.folder / "recipe.json").read_text())
    assert recipe["edits"] == [{"term": one.term, "how": one.how} for one in edits]
    text = (told.folder / "card.md").read_text()
    assert f"made to fall by hand: {single.name}" in text
    assert f"taken out: {card.terms[-1].name}" in text
    made = {term.name: term.table for term in office.read(told.folder)[0].terms}
    assert (np.diff(made[single.name][:-1]) <= 0).all()
    assert card.terms[-1].name not in made


def test_a_closed_gate_stops_the_proposal_until_somebody_waives_it_by_name(
    lived, trial, tmp_path: Path
) -> None:
    store, home = lived
    terms = promotion.serving(store, home.models, "shipment").terms
    edits = [Edit(term.name, "drop") for term in terms[1:]]
    told = fit(lived, trial, tmp_path / "run", "2027.02.1", edits=edits)
    closed = [one.name for one in told.gates if not one.held]
    assert closed == ["recall by typology, generator"]
    with pytest.raises(PolicyError, match="recall by typology"):
        promotion.propose(store, ANNA, told.folder, NOW, home.models)
    waived = [(closed[0], "sara", "the terms were poisoned | without them until June")]
    told = fit(lived, trial, tmp_path / "again", "2027.02.2", edits=edits, waived=waived)
    promotion.propose(store, ANNA, told.folder, NOW, home.models)
    card = (told.folder / "card.md").read_text(encoding="utf-8")
    assert "waived by sara: the terms were poisoned \\| without them until June |" in card

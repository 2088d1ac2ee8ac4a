"""Each office works what it can on each day; earlier runs of the day are taken off."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import insert, text, update

from riskprofile.scoring.ranking import Capacity
from riskprofile.services import cut, ending
from riskprofile.services.capacity import PART, PAST, Days, Past, brought, capacities, days
from riskprofile.services.identity import OWNER, Actor
from riskprofile.services.lanes import Ranked, _ranking
from riskprofile.services.run import Options, Run
from riskprofile.services.run_declarations import Declared
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.services.steps import RANKING, WORDING, Step
from riskprofile.store.alert_tables import Alert, Decision
from riskprofile.store.database import Store
from riskprofile.store.office_tables import OfficeDay
from riskprofile.tables import Table
from tests import factory
from tests.services.bench import EITHER, put_offices

Laid = AbstractContextManager[Callable[[], None] | None]
NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
SUPERVISOR = Actor("sara", "supervisor", "XMAAA")


@pytest.fixture
def store(bare: Store) -> Store:
    return bare


def day(store: Store) -> Days:
    with store.read() as connection:
        return days(connection, NOW)


def loads(start: int, count: int, office: str, arrives: datetime | None = None) -> Table:
    """Declarations of one office that arrive at one time, each under a name of its own."""
    table = factory.shipments(count)
    table["declaration_id"] = [f"{office}-{n:05d}" for n in range(start, start + count)]
    table["customs_office"] = office
    table["arrival_at"] = pd.Series([arrives or NOW] * count, dtype=table["arrival_at"].dtype)
    return table


def rate(store: Store, home: Settings, path: Path, table: Table, **more: Capacity) -> Run:
    factory.write(path, table)
    return screen(store, home, OWNER, [path], Options(**more), NOW)


def offices(store: Store, **capacity: int) -> None:
    rows = [{"code": code, "zone": "UTC", "capacity": str(n)} for code, n in capacity.items()]
    put_offices(store, rows)


def taken(store: Store) -> dict[tuple[str, str], int]:
    with store.read() as connection:
        rows = connection.execute(
            text(
                "SELECT office, substr(CAST(due_at AS text), 1, 10), count(*) FROM alert "
                "WHERE lane = 'red' AND state = 'open' AND selected_by IN ('score', 'random') "
                "GROUP BY 1, 2"
            )
        ).all()
    return {(row[0], row[1]): row[2] for row in rows}


def test_the_list_is_cut_at_the_capacity_of_each_office_and_day(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    offices(store, XMAAA=6, XMBBB=3)
    tomorrow = NOW + timedelta(days=1)
    table = pd.concat(
        [loads(0, 30, "XMAAA"), loads(30, 30, "XMAAA", tomorrow), loads(0, 30, "XMBBB")],
        ignore_index=True,
    )
    rate(store, home, tmp_path / "day.csv", table)
    assert taken(store) == {
        ("XMAAA", "2026-03-01"): 6,
        ("XMAAA", "2026-03-02"): 6,
        ("XMBBB", "2026-03-01"): 3,
    }
    with store.read() as connection:
        drawn = connection.execute(
            text("SELECT office, probability FROM alert WHERE selected_by = 'random' ORDER BY 1, 2")
        ).all()
    assert [tuple(row) for row in drawn] == [
        ("XMAAA", pytest.approx(1 / 25)),
        ("XMAAA", pytest.approx(1 / 25)),
        ("XMBBB", pytest.approx(1 / 28)),
    ]


def test_a_second_file_of_the_day_gets_what_is_left_and_an_amendment_frees_its_own(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    offices(store, XMAAA=6)
    first = loads(0, 4, "XMAAA")
    rate(store, home, tmp_path / "one.csv", first)  # all four fit
    assert taken(store) == {("XMAAA", "2026-03-01"): 4}
    rate(store, home, tmp_path / "two.csv", loads(100, 30, "XMAAA"))
    assert taken(store) == {("XMAAA", "2026-03-01"): 6}
    rate(store, home, tmp_path / "three.csv", loads(200, 30, "XMAAA"))
    assert taken(store) == {("XMAAA", "2026-03-01"): 6}
    for amended in range(3):
        first["gross_mass_kg"] = 900.0 + amended
        rate(store, home, tmp_path / f"amended{amended}.csv", first)
        assert taken(store) == {("XMAAA", "2026-03-01"): 6}


def test_a_stated_capacity_cuts_the_whole_list_instead(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    offices(store, XMAAA=6, XMBBB=3)
    table = pd.concat([loads(0, 30, "XMAAA"), loads(0, 30, "XMBBB")], ignore_index=True)
    rate(store, home, tmp_path / "day.csv", table, capacity=Capacity(2))
    assert sum(taken(store).values()) == 2


def test_what_has_arrived_or_does_not_say_when_is_of_today_in_the_zone_of_the_office(
    store: Store,
) -> None:
    put_offices(store, [{"code": "XMAAA", "zone": "Pacific/Auckland", "capacity": "5"}])
    when = day(store)
    due = pd.Series(
        pd.to_datetime(
            ["2025-01-01T00:00Z", None, "2026-03-02T12:00Z", "2026-03-02T10:00Z"], utc=True
        )
    )
    told = when.lists(pd.Series(["XMAAA", "XMAAA", "XMAAA", "XMZZZ"], dtype="str"), due)
    # 09:00 in Greenwich is the same evening in Auckland; 12:00 there is the day after.
    assert told.tolist()[:3] == [
        "XMAAA on 2026-03-01",
        "XMAAA on 2026-03-01",
        "XMAAA on 2026-03-03",
    ]
    assert pd.isna(told.iloc[3])
    for place in (0, 1, 2):
        moment = None if pd.isna(due[place]) else due[place].to_pydatetime()
        assert when.list("XMAAA", moment) == told[place]


def test_a_scorecard_at_generator_scale_leaves_no_probability_with_its_alerts(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    offices(store, XMAAA=4)
    run = rate(store, home, tmp_path / "one.csv", loads(0, 20, "XMAAA"))
    assert run.ranked[0].table["score"].notna().all()  # the results file says "generator scale"
    with store.read() as connection:
        told = connection.execute(text("SELECT count(*), count(score) FROM alert")).one()
    assert told[0] > 0 and told[1] == 0


def test_an_alert_that_a_person_closed_still_counts(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    offices(store, XMAAA=4)
    rate(store, home, tmp_path / "one.csv", loads(0, 4, "XMAAA"))
    table = Alert.__table__  # type: ignore[attr-defined]
    with store.write() as connection:
        connection.execute(update(table).values(state="closed", closed_at=NOW))
    rate(store, home, tmp_path / "two.csv", loads(50, 20, "XMAAA"))
    assert taken(store) == {}


SUNDAY = date(2026, 3, 1)  # the day of NOW
HALF_PAST_NINE = 38  # quarters of an hour from midnight


def test_a_day_is_expected_to_bring_what_came_later_on_days_like_it() -> None:
    past = Past()
    assert past.ahead(SUNDAY, SUNDAY, HALF_PAST_NINE, "card") is None
    for back in range(1, 29):
        on = SUNDAY - timedelta(days=back)
        many = 10 if on.weekday() == SUNDAY.weekday() else 300
        past.add(on, HALF_PAST_NINE, {5: many, 80: 1}, "card")
        past.add(on, HALF_PAST_NINE + 1, {5: many}, "card")  # as good as now
        past.add(on, HALF_PAST_NINE + 2, {7: 2 * many}, "card")
    past.add(SUNDAY, 3, {9: 4}, "card")
    told = past.ahead(SUNDAY, SUNDAY, HALF_PAST_NINE, "card")
    assert told is not None
    assert (told.count, told.usual, told.before) == (20, 41, 4)
    assert told.heights == {5: 80, 7: 80, 80: 4, 9: 4}
    other = past.ahead(SUNDAY, SUNDAY, HALF_PAST_NINE, "promoted since")
    assert other is not None and (other.count, dict(other.heights)) == (20, {})
    tuesday = past.ahead(SUNDAY + timedelta(days=2), SUNDAY, HALF_PAST_NINE - 2 * 96, "card")
    assert tuesday is not None
    assert (tuesday.count, tuesday.usual, tuesday.before) == (1201, 1201, 0)


def test_days_that_are_not_over_or_long_over_tell_nothing() -> None:
    past = Past()
    past.add(SUNDAY, 0, {5: 10}, "card")
    past.add(SUNDAY + timedelta(days=1), 0, {5: 10}, "card")
    past.add(SUNDAY - timedelta(days=PAST + 1), 0, {5: 10}, "card")
    assert past.ahead(SUNDAY, SUNDAY, 0, "card") is None


def used(store: Store, *many: int) -> None:
    """Days before today that brought an hourly list from six to five, in all of so many."""
    with store.read() as connection:
        digest = connection.execute(text("SELECT model_digest FROM batch LIMIT 1")).scalar_one()
    for back, count in enumerate(many, start=1):
        for hour in range(6, 18):
            at = NOW.replace(hour=hour) - timedelta(days=back)
            name = f"XMAAA on {at.date().isoformat()}"
            with store.write() as connection:
                heights = dict.fromkeys(range(-200, 200, 4800 // count), 1)  # a twelfth
                brought(connection, "shipment", at, [(name, heights, 0)], digest)


@EITHER
def test_declarations_that_come_one_by_one_do_not_take_the_capacity_of_the_day(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    offices(store, XMAAA=4)
    for n in range(6):  # the first day of all: nothing is known of what still comes
        run = rate(store, home, tmp_path / f"first{n}.csv", loads(n, 1, "XMAAA"))
        assert run.summary.kept == {}
    assert taken(store) == {("XMAAA", "2026-03-01"): 4}
    office_day = OfficeDay.__table__  # type: ignore[attr-defined]
    with store.write() as connection:
        (row,) = connection.execute(office_day.select()).all()
        assert (row.office, row.day, row.came) == ("XMAAA", "2026-03-01", {"36": 6})
        assert [sum(of.values()) for of in row.heights.values()] == [6]
        connection.execute(update(Alert).values(state="closed", created_at=NOW - timedelta(9)))
        connection.execute(update(Alert).values(due_at=None))
        connection.execute(office_day.delete())
    used(store, 400, 400, 400)
    runs = [
        rate(store, home, tmp_path / f"later{n}.csv", loads(10 + n, 1, "XMAAA")) for n in range(6)
    ]
    assert sum(taken(store).values()) <= 1  # by lot, at most
    kept = runs[0].summary.kept["shipment: XMAAA on 2026-03-01"]
    assert kept["examinations"] in (3, 4)
    assert 250 < kept["declarations"] <= 300  # of nine of the twelve lists
    (told,) = cut.today(store, SUPERVISOR, "XMAAA", ("shipment",), NOW)
    assert told.coming == kept["declarations"]  # the board tells what lists are cut by
    last = runs[-1].summary.kept["shipment: XMAAA on 2026-03-01"]
    assert told.kept(4) == last["examinations"]


def test_an_amended_declaration_whose_alert_stays_keeps_its_place(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """It is on no list any more, and the red alert that it has stays: its place was given away."""
    offices(store, XMAAA=6)
    first = loads(0, 4, "XMAAA")
    rate(store, home, tmp_path / "one.csv", first)  # all four fit
    amended = [first.assign(gross_mass_kg=900.0), loads(100, 30, "XMAAA")]
    run = rate(store, home, tmp_path / "amended.csv", pd.concat(amended, ignore_index=True))
    ranked = run.ranked[0].table
    mine = ranked[ranked["record_id"].str.startswith("XMAAA-0000")]
    assert len(mine) == 4
    assert taken(store) == {("XMAAA", "2026-03-01"): 6}
    green = set(mine.loc[mine["lane"] == "green", "record_id"])
    with store.read() as connection:
        asked = text("SELECT record_id FROM alert WHERE lane = 'red' AND state = 'open'")
        red = set(connection.execute(asked).scalars())
    assert set() != green < red
    rate(store, home, tmp_path / "three.csv", loads(200, 30, "XMAAA"))
    assert taken(store) == {("XMAAA", "2026-03-01"): 6}


@dataclass(frozen=True)
class AtHand(Declared):
    """Declarations that are read from file once, however often they are asked for."""

    read: list[Table] = field(default_factory=list)

    def parts(self, *names: str) -> Iterator[Table]:
        if not self.read:
            self.read.extend(super().parts())
        yield from self.read


def test_who_is_drawn_has_the_chance_that_is_stored_where_a_place_is_kept(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """The lot was drawn once before it was known whose alert stays, and once more after."""
    offices(store, XMAAA=20)
    rate(store, home, tmp_path / "one.csv", loads(200, 12, "XMAAA"))
    seeds, drawn, told = 200, Counter[str](), set[float]()

    def draws(ranked: list[Ranked], step: Step) -> Laid:
        (one,) = ranked
        of_run = AtHand(one.declared, np.empty(0), {*one.ranking.numbers}, one.again)
        with store.read() as connection:
            when = days(connection, NOW)
            for seed in range(seeds):
                made = _ranking(connection, of_run, when, one.rater, Capacity(), seed)
                for some in made.placed(of_run.parts()):
                    lot = some[some["selected_by"] == "random"]
                    drawn.update(lot["record_id"])
                    told.update(lot["probability"].round(9))
        return nullcontext(lambda: None)

    table = pd.concat(
        [loads(100, 16, "XMAAA"), loads(200, 1, "XMAAA"), loads(300, 12, "XMAAA")],
        ignore_index=True,
    ).assign(gross_mass_kg=20_000.0)
    path = factory.write(tmp_path / "amended.csv", table)
    screen(store, home, OWNER, [path], Options(), NOW, written=draws)
    (chance,) = told
    away = (drawn.total() / len(drawn) / seeds - chance, max(drawn.values()) / seeds - chance)
    assert len(drawn) == 22 and chance == pytest.approx(1 / 22)
    assert abs(away[0]) < 1e-9 and away[1] < 4 * (chance / seeds) ** 0.5


def ordered(store: Store, record: str) -> None:
    """A person ordered a control of this declaration."""
    with store.write() as connection:
        alert = connection.execute(
            text("SELECT id FROM alert WHERE record_id LIKE :like"), {"like": f"{record}@%"}
        ).scalar_one()
        given = {"decision": "examine", "reason": "seals differ", "officer": "o", "at": NOW}
        connection.execute(insert(Decision).values(alert_id=alert, **given))


def test_a_control_that_was_ordered_keeps_its_place_whatever_is_declared_since(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """It stays where its officer finds it, beside whatever alert the amended one has."""
    offices(store, XMAAA=6)
    first = loads(900, 4, "XMAAA")
    rate(store, home, tmp_path / "one.csv", first)
    for n in range(900, 904):
        ordered(store, f"XMAAA-00{n}")
    amended = pd.concat([first, loads(0, 4, "XMAAA")], ignore_index=True)
    run = rate(store, home, tmp_path / "two.csv", amended.assign(gross_mass_kg=900.0))
    ranked = run.ranked[0].table
    mine = ranked[ranked["record_id"].str.startswith("XMAAA-009")]
    assert len(mine) == 4
    assert (ranked["lane"] == "red").sum() == 2
    assert sum(taken(store).values()) == 6


def lots(seed: int, *rest: int) -> int:
    """Whom the lot of the last list falls on, of lists that pass over so many."""
    random = np.random.default_rng(seed)
    return [int(random.choice(many, size=1, replace=False)[0]) for many in rest][-1]


@pytest.mark.parametrize("case", ["amended", "ordered", "moved"])
def test_a_list_is_ranked_once_where_who_keeps_a_place_is_drawn(
    store: Store, home: Settings, tmp_path: Path, case: str
) -> None:
    """What the run itself stores was taken for what another program took meanwhile: for ever."""
    moved = case == "moved"
    offices(store, XMAAA=2 if moved else 3)
    rate(store, home, tmp_path / "one.csv", loads(10, 2, "XMAAA"))
    with store.read() as connection:
        asked = text("SELECT substr(record_id, 1, 11) FROM alert WHERE selected_by = 'score'")
        name = connection.execute(asked).scalar_one()
    if case == "ordered":
        ordered(store, name)
    due = NOW + timedelta(days=1) if moved else NOW
    parts = [loads(n, many, "XMAAA", due) for n, many in ((1, 2), (int(name[-2:]), 1), (20, 1))]
    parts.append(loads(30, 3 if moved else 1, "XMAAA"))
    table = pd.concat(parts, ignore_index=True).assign(gross_mass_kg=20_000.0)
    path, rankings = tmp_path / "two.csv", 0
    for n in range(500):  # the lot falls on it, and only where the place that it had is not free
        table["goods_description"] = f"plastic garden chairs {n}"
        factory.write(path, table)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        seed = int.from_bytes(hashlib.sha256(digest.encode()).digest()[:8])
        if moved and (lots(seed, 3, 3) != 1 and lots(seed, 3) == 1):
            break
        if not moved and (lots(seed, 4) != 1 and lots(seed, 5) == 2):
            break
    else:
        pytest.fail("no lot falls so")

    def heard(step: str, *_: object) -> None:
        nonlocal rankings
        rankings += step == RANKING
        assert rankings == 1 or step != RANKING

    run = screen(store, home, OWNER, [path], Options(), NOW, progress=factory.Steps(heard))
    ranked = run.ranked[0].table
    lot = ranked.loc[ranked["selected_by"] == "random", "record_id"]
    assert lot.str.startswith(name).any()


@pytest.mark.parametrize(
    "home", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True
)
@pytest.mark.parametrize("when", [WORDING, "written"])
def test_two_programs_that_rate_at_once_take_no_more_than_there_is(
    store: Store, home: Settings, tmp_path: Path, when: str
) -> None:
    """Another ends while this one words its alerts, or writes its results: it ranks once more."""
    offices(store, XMAAA=6)
    tables = [loads(0, 30, "XMAAA"), loads(100, 4, "XMAAA")]
    lists: list[Table] = []

    def other(name: str, *_: object) -> None:
        if name == when and len(tables) == 1:
            rate(store, home, tmp_path / "other.csv", tables.pop())

    def written(ranked: list[Ranked], step: Step) -> Laid:
        lists.append(ranked[0].table)
        other("written")
        return nullcontext(lambda: None)

    path = factory.write(tmp_path / "this.csv", tables.pop(0))
    told = factory.Steps(other)
    run = screen(store, home, OWNER, [path], Options(), NOW, progress=told, written=written)
    assert taken(store) == {("XMAAA", "2026-03-01"): 6}
    assert (run.ranked[0].table["lane"] == "red").sum() == 2
    assert [(table["lane"] == "red").sum() for table in lists] == (
        [6, 2] if when == "written" else [2]
    )
    assert [batch["state"] for batch in run.summary.batches] == ["done"]


def test_a_run_that_others_overtake_again_and_again_is_stored_in_the_end(
    store: Store, home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With more than there is: no list at all would be worse."""
    monkeypatch.setattr(ending, "ANEW", 1)
    offices(store, XMAAA=6)
    others = [loads(200, 3, "XMAAA"), loads(100, 3, "XMAAA")]

    def other(name: str, done: int, of: int | None) -> None:
        if name == WORDING and not done and others:
            rate(store, home, tmp_path / f"{len(others)}.csv", others.pop())

    path = factory.write(tmp_path / "this.csv", loads(0, 30, "XMAAA"))
    run = screen(store, home, OWNER, [path], Options(), NOW, progress=factory.Steps(other))
    assert (run.ranked[0].table["lane"] == "red").sum() == 3
    assert taken(store) == {("XMAAA", "2026-03-01"): 9}


def test_a_list_of_which_nothing_is_left_is_written_anew_as_a_list_of_none(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """Another program amended all of it, and took the day, while its results were written: what was
    written is put nowhere, and what lay there before is of another run.
    """
    offices(store, XMAAA=6)
    table, sizes, placed = loads(0, 30, "XMAAA"), list[list[int]](), list[int]()

    def written(ranked: list[Ranked], step: Step) -> Laid:
        sizes.append([len(one.declared) for one in ranked])
        rate(store, home, tmp_path / "other.csv", table.assign(gross_mass_kg=900.0))
        return nullcontext(lambda: placed.append(len(sizes)))

    path = factory.write(tmp_path / "this.csv", table)
    run = screen(store, home, OWNER, [path], Options(), NOW, written=written)
    assert (sizes, placed, run.ranked) == ([[30], []], [2], [])
    assert taken(store) == {("XMAAA", "2026-03-01"): 6}


def test_a_list_that_was_printed_is_the_one_that_is_stored(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """What a reader of a pipe has cannot be taken back, even where another took its place."""
    offices(store, XMAAA=6)

    def printed(ranked: list[Ranked], step: Step) -> Laid:
        rate(store, home, tmp_path / "other.csv", loads(100, 4, "XMAAA"))
        return nullcontext()

    path = factory.write(tmp_path / "this.csv", loads(0, 30, "XMAAA"))
    run = screen(store, home, OWNER, [path], Options(), NOW, written=printed)
    assert (run.ranked[0].table["lane"] == "red").sum() == 6
    assert taken(store) == {("XMAAA", "2026-03-01"): 10}


def test_what_is_amended_has_come_already(store: Store, home: Settings, tmp_path: Path) -> None:
    """Else a day of amendments is cut as if it were several, and the lot is drawn of too many."""
    offices(store, XMAAA=4)
    table, came = loads(0, 4, "XMAAA"), text("SELECT came FROM office_day")
    for mass in (450.0, 900.0, 950.0):
        rate(store, home, tmp_path / f"{mass}.csv", table.assign(gross_mass_kg=mass))
    more = pd.concat([table.assign(gross_mass_kg=990.0), loads(4, 2, "XMAAA")], ignore_index=True)
    rate(store, home, tmp_path / "more.csv", more)
    with store.read() as connection:
        assert connection.execute(came.columns(OfficeDay.came)).scalars().all() == [{"36": 6}]
        told = capacities(
            *(connection, "shipment", days(connection, NOW + timedelta(days=1))),
            *({"XMAAA on 2026-03-02": 5}, lambda _: set(), Capacity(), "card"),
        )
    ahead = told["XMAAA on 2026-03-02"].ahead
    assert ahead is not None and (ahead.usual, ahead.known) == (6, 5)


def test_what_other_offices_and_profiles_have_taken_is_not_read(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    """A run of one declaration read every red alert of the last day, of every office."""
    offices(store, XMAAA=4, XMBBB=4)
    table = pd.concat([loads(0, 9, "XMAAA"), loads(0, 9, "XMBBB")], ignore_index=True)
    rate(store, home, tmp_path / "day.csv", table)
    read: set[str] = set()

    def again(records: Collection[str]) -> set[str]:
        read.update(records)
        return set()

    with store.read() as connection:
        when = days(connection, NOW)
        told = capacities(
            *(connection, "shipment", when, {"XMAAA on 2026-03-01": 0}, again, Capacity(), "card")
        )
        people = capacities(
            *(connection, "traveller", when, {"XMAAA on 2026-03-01": 0}, again, Capacity(), "card")
        )
    assert people["XMAAA on 2026-03-01"].taken == 0
    assert told["XMAAA on 2026-03-01"].taken == len(read) == 4
    assert all("XMAAA" in one for one in read)


def test_what_is_known_of_days_is_forgotten_after_four_weeks(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    offices(store, XMAAA=4)
    rate(store, home, tmp_path / "one.csv", loads(0, 2, "XMAAA"))
    used(store, *[40] * (PAST + 9))
    with store.write() as connection:
        brought(connection, "shipment", NOW, [("XMAAA on 2026-03-01", {1: 1}, 0)], "card")
        told = connection.execute(text("SELECT min(day), count(*) FROM office_day")).one()
    assert tuple(told) == ((SUNDAY - timedelta(days=PAST + 1)).isoformat(), PAST + 2)


def test_a_clock_that_runs_ahead_forgets_no_day_that_tells_what_comes(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    offices(store, XMAAA=4)
    rate(store, home, tmp_path / "one.csv", loads(0, 2, "XMAAA"))
    used(store, 400, 400, 400)
    for ahead in (365, 366):
        at = NOW + timedelta(days=ahead)
        with store.write() as connection:
            name = f"XMAAA on {at.date().isoformat()}"
            brought(connection, "shipment", at, [(name, {1: 1}, 0)], "card")
    with store.read() as connection:
        when = days(connection, NOW)
        lists = {"XMAAA on 2026-03-01": 0}
        told = capacities(connection, "shipment", when, lists, lambda _: set(), Capacity(), "card")[
            "XMAAA on 2026-03-01"
        ].ahead
    assert told is not None and told.usual == 408  # twelve lists of 34


def test_parts_of_a_day_are_counted_from_midnight_at_the_office(store: Store) -> None:
    rows = [{"code": "XMAAA", "zone": "Pacific/Auckland", "capacity": "5"}]
    put_offices(store, rows)
    when = day(store)  # 22:00 there
    assert when.today("XMAAA") == SUNDAY
    assert when.part("XMAAA", SUNDAY) == timedelta(hours=22) // PART
    assert when.part("XMAAA", SUNDAY + timedelta(days=1)) == -timedelta(hours=2) // PART


def test_nine_in_the_morning_is_the_same_part_of_a_day_on_which_the_clock_is_changed(
    store: Store,
) -> None:
    rows = [{"code": "XMAAA", "zone": "Europe/Paris", "capacity": "5"}]
    put_offices(store, rows)
    zone = ZoneInfo("Europe/Paris")
    for on in (date(2026, 3, 28), date(2026, 3, 29), date(2026, 10, 25)):
        nine = datetime(on.year, on.month, on.day, 9, tzinfo=zone).astimezone(UTC)
        with store.read() as connection:
            when = days(connection, nine)
        assert when.part("XMAAA", on) == timedelta(hours=9) // PART
        assert when.part("XMAAA", on + timedelta(days=1)) == -timedelta(hours=15) // PART


@pytest.mark.parametrize(
    ("zone", "on"), [("Africa/Cairo", date(2026, 4, 24)), ("America/Havana", date(2026, 11, 1))]
)
def test_a_day_whose_midnight_is_skipped_or_comes_twice_is_a_day_like_others(
    store: Store, zone: str, on: date
) -> None:
    put_offices(store, [{"code": "XMAAA", "zone": zone, "capacity": "5"}])
    noon = datetime(on.year, on.month, on.day, 12, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    due = pd.Series(pd.to_datetime([None, noon.isoformat()], utc=True))
    for now in (noon, noon - timedelta(days=1)):
        with store.read() as connection:
            told = days(connection, now).lists(pd.Series(["XMAAA"] * 2, dtype="str"), due)
        assert told.tolist() == [f"XMAAA on {now.date()}", f"XMAAA on {on}"]


def test_what_was_given_in_the_first_hour_of_a_day_of_25_is_taken_in_its_last(
    store: Store, home: Settings, tmp_path: Path
) -> None:
    put_offices(store, [{"code": "XMAAA", "zone": "Europe/Paris", "capacity": "4"}])
    begun = datetime(2026, 10, 24, 22, 10, tzinfo=UTC)  # ten past midnight there
    path = factory.write(tmp_path / "day.csv", loads(0, 4, "XMAAA", begun))
    screen(store, home, OWNER, [path], Options(), begun)
    name = "XMAAA on 2026-10-25"
    with store.read() as connection:
        when = days(connection, begun + timedelta(hours=24, minutes=30))
        told = capacities(
            connection, "shipment", when, {name: 0}, lambda _: set(), Capacity(), "card"
        )
    assert told[name].taken == 4

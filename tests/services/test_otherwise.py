"""What would lower an alert: every answer is held against the declaration rated with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select, update

from riskprofile.errors import Conflict, PolicyError
from riskprofile.profiles import PROFILES
from riskprofile.scoring.ranking import Capacity
from riskprofile.services import blind, looking, otherwise, review
from riskprofile.services.identity import OWNER, Actor
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.store import batches, table_bytes
from riskprofile.store.alert_tables import Alert
from riskprofile.store.database import Store
from riskprofile.store.run_tables import Chunk
from riskprofile.tables import Table
from tests.factory import shipments, write
from tests.services.bench import actions
from training.synth import generate

NOW = datetime(2026, 10, 2, 9, 0, tzinfo=UTC)
SARA = Actor("sara", "supervisor", None)
_alert = Alert.__table__  # type: ignore[attr-defined]
_chunk = Chunk.__table__  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def day() -> Table:
    """Declarations of a month, some of several items."""
    [chunk] = generate("shipment", 160, 23, start="2026-09-01", days=30)
    assert chunk.table["declaration_id"].duplicated().any()
    return chunk.table


def rated(store: Store, home: Settings, file: Path, table: Table, now: datetime = NOW) -> None:
    options = Options(capacity=Capacity(number=30, random_share=0.0))
    screen(store, home, OWNER, [write(file, table)], options, now)


def all_alerts(store: Store) -> list[dict[str, Any]]:
    with store.read() as connection:
        rows = connection.execute(select(_alert).order_by(_alert.c.rank)).mappings()
        return [dict(row) for row in rows]


def alerts(store: Store) -> list[dict[str, Any]]:
    return [one for one in all_alerts(store) if one["selected_by"] == "score"]


def shown(store: Store, alert: int, now: datetime = NOW) -> None:
    with store.write() as connection:
        connection.execute(update(_alert).values(blind=None))
    review.alert(store, SARA, alert, now)


def test_with_the_figure_that_is_named_the_declaration_has_these_points_and_this_lane(
    bare: Store, home: Settings, tmp_path: Path, day: Table
) -> None:
    rated(bare, home, tmp_path / "day.csv", day)
    said, asked = [], alerts(bare)
    free = home.model_copy(update={"asks_an_hour": 1_000})
    for one in asked:
        shown(bare, one["id"])
        found = otherwise.otherwise(bare, free, SARA, one["id"], NOW)
        assert found is not None, one["record_id"]
        said += [(one, answer) for answer in found]
    several = [one for one in said if len(one[0]["declaration"]) > 1]
    assert len(said) >= 10 and several
    spec = PROFILES["shipment"]
    over_batch = {one.key for one in spec.indicators if one.over_batch}
    for number, (alert, answer) in enumerate([several[0], *said[:: len(said) // 2]]):
        assert answer.column in otherwise.FIGURES and answer.declared != answer.instead
        own = day[day["declaration_id"] == alert["record_id"].partition("@")[0]].copy()
        place = own.index[own["item_number"] == alert["driver"]]
        assert float(own.loc[place[0], answer.column]) == pytest.approx(answer.declared)
        whole = spec.by_name[answer.column].kind == "int"
        own.loc[place, answer.column] = int(answer.instead) if whole else answer.instead
        place_of = tmp_path / str(number)
        place_of.mkdir()
        there = home.model_copy(
            update={"home": place_of, "database_url": f"sqlite:///{place_of / 'other.db'}"}
        )
        other = Store.open(there.database_url)
        rated(other, there, place_of / "one.csv", own)
        [again] = [one for one in all_alerts(other) if one["record_id"] == alert["record_id"]]
        other.close()
        assert again["points"] == answer.points
        kept = [one for one in alert["indicators"] if one["key"] in over_batch]
        raised = {one["raises"] for one in [*again["indicators"], *kept]}
        raised |= {name for name in ("red", "yellow") if answer.points >= alert[f"{name}_from"]}
        assert answer.lane == next((one for one in ("red", "yellow") if one in raised), "green")


def parcels() -> Table:
    """Parcels of one sender to one person: of two heavier, or fewer, none is of small parts."""
    return shipments(
        4,
        transport_mode="post",
        consignor_id="S1",
        consignor_name="Deral Workshop",
        consignee_id="R1",
        consignee_name="Ines Calora",
        consignee_address="3 Old Market, Kalurin 21201",
        consignee_type="private",
        goods_description="metal parts",
        hs_code="732690",
        package_count=1,
        quantity=29.0,
        gross_mass_kg=21.0,
        net_mass_kg=20.0,
        value=[900.0, 60.0, 300.0, 2_500.0],
    )


def test_a_lane_that_is_named_is_the_one_of_a_run_with_that_figure_beside_the_same_declarations(
    bare: Store, home: Settings, tmp_path: Path
) -> None:
    day = parcels()
    rated(bare, home, tmp_path / "day.csv", day)
    asked = {one["record_id"]: one for one in all_alerts(bare)}
    fired = {"A03_split_consignments"}
    assert [fired <= keys(one) for one in asked.values()].count(True) == 4
    free = home.model_copy(update={"asks_an_hour": 1_000})
    said = 0
    for record, one in asked.items():
        shown(bare, one["id"])
        # As where a list is cut right below it: whatever lowers it is told.
        with bare.write() as connection:
            begins = {"red_from": one["points"], "yellow_from": None, "lane": "red"}
            connection.execute(update(_alert).where(_alert.c.id == one["id"]).values(begins))
        for answer in otherwise.otherwise(bare, free, SARA, one["id"], NOW) or []:
            said += 1
            changed = day.copy()
            place = changed.index[changed["declaration_id"] == record.partition("@")[0]]
            changed.loc[place, answer.column] = answer.instead
            folder = tmp_path / f"{record}-{answer.column}".replace("/", "-")
            folder.mkdir()
            address = f"sqlite:///{folder / 'other.db'}"
            there = home.model_copy(update={"home": folder, "database_url": address})
            other = Store.open(there.database_url)
            rated(other, there, folder / "day.csv", changed)
            [again] = [two for two in all_alerts(other) if two["record_id"] == record]
            other.close()
            raised = {two["raises"] for two in again["indicators"]}
            told = (record, answer, sorted(keys(again)))
            assert again["points"] == answer.points, told
            assert answer.lane == ("yellow" if "yellow" in raised else "green"), told
    assert said


def test_what_only_the_others_of_the_batch_could_tell_is_not_said_to_lower_nothing(
    bare: Store, home: Settings, tmp_path: Path
) -> None:
    """Yellow by points, and by a link that would go with fewer pieces."""
    rated(bare, home, tmp_path / "day.csv", parcels())
    one = next(one for one in all_alerts(bare) if one["record_id"].startswith("XM-000002"))
    shown(bare, one["id"])
    with bare.write() as connection:
        begins = {"red_from": None, "yellow_from": one["points"], "lane": "yellow"}
        connection.execute(update(_alert).where(_alert.c.id == one["id"]).values(begins))
    assert otherwise.otherwise(bare, home, SARA, one["id"], NOW) is None


def keys(alert: dict[str, Any]) -> set[str]:
    return {str(one["key"]) for one in alert["indicators"]}


def test_it_is_said_from_what_was_known_then_and_not_where_too_much_would_be_read_for_it(
    bare: Store, home: Settings, tmp_path: Path, day: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):  # what comes later is known to later ones alone
        now = NOW + timedelta(days=number)
        rated(bare, home, tmp_path / f"{number}.csv", day.iloc[number::3], now)
    second = sorted({one["batch_id"] for one in all_alerts(bare)})[1]
    asked = [one["id"] for one in alerts(bare) if one["batch_id"] == second][:3]
    for one in asked:
        shown(bare, one)
        assert otherwise.otherwise(bare, home, SARA, one, NOW) is not None
    monkeypatch.setattr(otherwise, "CHUNKS", 0)
    assert otherwise.otherwise(bare, home, SARA, asked[0], NOW) is None


def test_it_is_written_down_counted_and_refused_when_asked_too_often(
    bare: Store, home: Settings, tmp_path: Path, day: Table
) -> None:
    rated(bare, home, tmp_path / "day.csv", day)
    [first, second, *_] = alerts(bare)
    with pytest.raises(Conflict):  # nobody has opened it
        otherwise.otherwise(bare, home, SARA, first["id"], NOW)
    shown(bare, first["id"])
    shown(bare, second["id"])
    few = home.model_copy(update={"asks_an_hour": 1})
    assert otherwise.otherwise(bare, few, SARA, first["id"], NOW) is not None
    assert actions(bare, first["id"])[-1] == otherwise.ACTION
    with pytest.raises(PolicyError):
        otherwise.otherwise(bare, few, SARA, second["id"], NOW)
    assert otherwise.ACTION not in actions(bare, second["id"])
    later = NOW + looking.HOUR + timedelta(seconds=1)
    assert otherwise.otherwise(bare, few, SARA, second["id"], later) is not None


def test_nothing_is_said_of_what_waits_for_a_view_was_changed_or_was_not_brought_up_by_points(
    bare: Store, home: Settings, tmp_path: Path, day: Table
) -> None:
    rated(bare, home, tmp_path / "day.csv", day)
    [one, *_] = alerts(bare)
    shown(bare, one["id"])
    asked = {"settings": home, "actor": SARA, "alert_id": one["id"], "now": NOW}
    for column, value, expected in (("points", one["points"] + 1, None), ("red_from", None, [])):
        with bare.write() as connection:
            connection.execute(update(_alert).values({column: value}))
        assert otherwise.otherwise(bare, **asked) == expected
        with bare.write() as connection:
            connection.execute(update(_alert).values({column: one[column]}))
    with bare.write() as connection:
        connection.execute(update(_alert).values(blind=blind.WAITING))
    with pytest.raises(Conflict, match="view"):
        otherwise.otherwise(bare, **asked)


def test_nothing_is_said_where_a_feature_does_not_come_out_to_the_last_bit(
    bare: Store, home: Settings, tmp_path: Path, day: Table
) -> None:
    """Points may come out all the same: a norm that moved leaves them so between two bounds."""
    rated(bare, home, tmp_path / "day.csv", day)
    one = next(one for one in alerts(bare) if len(one["declaration"]) == 1)
    shown(bare, one["id"])
    assert otherwise.otherwise(bare, home, SARA, one["id"], NOW) is not None
    held = batches.record_table.c
    with bare.write() as connection:
        asked = select(held.chunk_id, held.position).where(held.record_id == one["record_id"])
        chunk, place = connection.execute(asked).one()
        features = table_bytes.from_bytes(batches.chunk(connection, chunk).features)
        name = next(one for one in features if features[one].iloc[place] > 1.0)
        features.loc[place, name] = np.nextafter(features.loc[place, name], np.inf)
        changed = {"features": table_bytes.stored(features)}
        connection.execute(update(_chunk).where(_chunk.c.id == chunk).values(changed))
    assert otherwise.otherwise(bare, home, SARA, one["id"], NOW) is None


def test_no_figure_is_of_a_person_and_each_is_a_number() -> None:
    assert {*otherwise.FIGURES} <= {name for one in PROFILES.values() for name in one.by_name}
    for profile in PROFILES.values():
        protected = {*profile.protected("P1"), *profile.protected("P2")}
        for name in otherwise.FIGURES:
            spec = profile.by_name.get(name)
            if spec is not None:
                assert name not in protected and spec.kind in ("int", "float")


@pytest.mark.parametrize("declared", [0.0006, 0.04, 1.0, 3.7, 4.0, 980.0, 12_345.0])
@pytest.mark.parametrize("whole", [True, False])
def test_figures_that_are_tried_are_near_first_and_never_the_declared_one(
    declared: float, whole: bool
) -> None:
    told = otherwise.near(declared, whole)
    far = [max(one / declared, declared / one) for one in told]
    assert declared not in told and far == sorted(far) and all(one <= 20.01 for one in far)
    assert all(one > 0 and one == round(one, 3) for one in told)  # as the page says it
    assert not whole or all(one.is_integer() and one >= 1 for one in told)
    assert otherwise.near(0.0, whole) == []

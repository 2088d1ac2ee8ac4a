"""Watch lists: matched as parties are, to the second, with a reason; never a point."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import select

from riskprofile.errors import InputError, NotAllowed, UsageError
from riskprofile.history import view
from riskprofile.history.watch import Watch, columns
from riskprofile.profiles import SHIPMENT, TRAVELLER
from riskprofile.services import rater as raters
from riskprofile.services import settings, watchlists
from riskprofile.services.identity import OWNER
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.store import watchlists as kept
from riskprofile.store.alert_tables import Alert
from riskprofile.store.database import Store
from tests import factory
from tests.services.bench import INES, NOW, SARA, later, of_two_at_once, under_way

SECOND = timedelta(seconds=1)
REVIEW, EXPIRY = later(days=30), later(days=60)
LINES = """kind,text,reason
name,Marandor Selban Trading Ltd,case 7
address,"12 Quay Street, Nolunbury 95165",case 7
phone,+999 61 53 15 35,case 7
code,T-046 310,case 8
"""


def loaded(store: Store, folder: Path, text: str = LINES, **given: object) -> int:
    path = folder / "list.csv"
    path.write_text(text, encoding="utf-8")
    asked = {"owner": "Unit 4", "source": "case files", "review_by": REVIEW, "expires_at": EXPIRY}
    return watchlists.load(store, SARA, "harbour", path, NOW, **{**asked, **given})


def hits(store: Store, moment: datetime, **columns_given: object) -> list[str | None]:
    with store.read() as connection:
        watch = Watch(kept.in_force(connection, moment))
    told = watch(factory.shipments(1, **columns_given), SHIPMENT)
    return told.astype(object).where(told.notna(), None).tolist()


@pytest.mark.parametrize(
    ("column", "text", "how"),
    [
        ("consignee_name", "MARANDOR SELBAN TRADING L.L.C.", "written the same"),
        ("consignor_name", "Marandor Selbann Trading", "written alike (0."),
        ("notify_name", "Марандор Селбан Торговля", "written the same"),
        ("consignee_address", "QUAY ST. 12, 95165 NOLUNBURY", "written the same"),
        ("consignee_phone", "00999 6153 1535", "written the same"),
        ("consignee_id", "t046310", "written the same"),
    ],
)
def test_an_entry_is_found_however_it_is_written_and_says_why(
    any_store: Store, tmp_path: Path, column: str, text: str, how: str
) -> None:
    assert loaded(any_store, tmp_path) == 4
    [told] = hits(any_store, later(days=1), **{column: text})
    assert told is not None and "list harbour, entry " in told and how in told and column in told
    assert text not in told


@pytest.mark.parametrize(
    ("review", "expiry"), [(REVIEW, EXPIRY), (EXPIRY, EXPIRY)], ids=["review", "expiry"]
)
def test_an_entry_matches_until_the_second_before_and_never_after(
    any_store: Store, tmp_path: Path, review: datetime, expiry: datetime
) -> None:
    loaded(any_store, tmp_path, review_by=review, expires_at=expiry)
    given = {"consignee_id": "T046310"}
    assert hits(any_store, NOW - SECOND, **given) == [None]
    assert hits(any_store, NOW, **given) != [None]
    assert hits(any_store, review - SECOND, **given) != [None]
    assert hits(any_store, review, **given) == [None]
    assert hits(any_store, review + SECOND, **given) == [None]


def test_an_ended_entry_matches_nothing(store: Store, tmp_path: Path) -> None:
    loaded(store, tmp_path)
    [code] = [
        one["id"] for one in watchlists.show(store, SARA, "harbour", NOW) if one["kind"] == "code"
    ]
    assert watchlists.expire(store, SARA, "harbour", later(days=1), code) == 1
    assert hits(store, later(days=1) - SECOND, consignee_id="T046310") != [None]
    assert hits(store, later(days=1), consignee_id="T046310") == [None]
    assert watchlists.expire(store, SARA, "harbour", later(days=2)) == 3
    for name in ("harbour", "none"):
        with pytest.raises(InputError, match=f"no watch list {name}, or .* has ended already"):
            watchlists.expire(store, SARA, name, later(days=3))


def test_the_text_of_an_entry_that_is_over_is_forgotten(any_store: Store, tmp_path: Path) -> None:
    loaded(any_store, tmp_path)
    with any_store.write() as connection:
        assert kept.forget(connection, EXPIRY - SECOND) == 0
        assert kept.forget(connection, EXPIRY) == 4
        assert kept.forget(connection, EXPIRY) == 0
        assert not any(one["text"] or one["form"] for one in kept.held(connection))


def test_loading_again_takes_the_place_of_the_list(store: Store, tmp_path: Path) -> None:
    loaded(store, tmp_path)
    loaded(store, tmp_path, "kind,text\nname,Ulorin Dekavor\n")
    [held] = watchlists.lists(store, SARA, later(days=1))
    assert (held.name, held.entries, held.in_force, held.owner) == ("harbour", 1, 1, "Unit 4")
    assert watchlists.lists(store, SARA, EXPIRY)[0].in_force == 0


@pytest.mark.parametrize(
    "text",
    [
        "name,text\nname,A\n",
        "kind,text\nalias,A\n",
        "kind,text\nname,\n",
        "kind,text\n",
        "kind,text\nname,A\0B\n",
    ],
)
def test_a_list_with_a_fault_changes_nothing(store: Store, tmp_path: Path, text: str) -> None:
    loaded(store, tmp_path)
    with pytest.raises(InputError):
        loaded(store, tmp_path, text)
    assert watchlists.lists(store, SARA, NOW)[0].entries == 4


def test_a_list_needs_an_owner_a_source_and_dates_in_order(store: Store, tmp_path: Path) -> None:
    for given in ({"owner": " "}, {"source": ""}, {"review_by": NOW}, {"expires_at": NOW}):
        with pytest.raises(UsageError):
            loaded(store, tmp_path, **given)


def test_an_officer_may_neither_see_nor_change_a_list(store: Store, tmp_path: Path) -> None:
    loaded(store, tmp_path)
    with pytest.raises(NotAllowed):
        watchlists.show(store, INES, "harbour", NOW)
    with pytest.raises(NotAllowed):
        watchlists.expire(store, INES, "harbour", NOW)


def test_travellers_are_compared_by_name_reference_and_plate() -> None:
    compared = columns(TRAVELLER)
    assert compared == {"person_ref": "code", "vehicle_ref": "code", "name": "name"}
    assert set(SHIPMENT.protected("P2")) <= set(columns(SHIPMENT))


def test_a_match_raises_a_lane_and_moves_no_point(tmp_path: Path) -> None:
    home = settings.load({}, home=tmp_path / "home")
    store = settings.open_store(home)
    loaded(store, tmp_path)
    rows = factory.shipments(6, lodged_at=pd.Timestamp(NOW), consignee_id=None,
                             consignee_name=["Marandor Selbann Trading", *"BCDEF"])  # fmt: skip
    before = raters.rater(home.database_url, home.models, "shipment", NOW - SECOND).rate(rows)[0]
    after = raters.rater(home.database_url, home.models, "shipment", NOW).rate(rows)[0]
    fired = "fired:W01_watch_list"
    assert after[fired].tolist() == [True] + [False] * 5 and not before[fired].any()
    pd.testing.assert_frame_equal(after.drop(columns=fired), before.drop(columns=fired))
    path = factory.write(tmp_path / "day.csv", rows)
    run = screen(store, home, OWNER, [path], Options(), later(days=1))
    with store.read() as connection:
        alerts = connection.execute(select(Alert.lane, Alert.indicators)).all()
    store.close()
    assert run.summary.alerts["total"] == len(alerts)
    [(lane, told)] = [one for one in alerts if "W01" in str(one[1])]
    [said] = [one["text"] for one in told if one["key"] == "W01_watch_list"]
    assert lane in ("yellow", "red")
    assert "list harbour, entry 1, by consignee_name written alike (0." in said
    assert "Marandor" not in said


def test_the_view_itself_holds_no_match(store: Store) -> None:
    assert "watch" not in view(factory.shipments(1), SHIPMENT, codes=True)


@pytest.mark.slow
@pytest.mark.parametrize("any_store", ["postgresql"], indirect=True)
def test_of_two_who_load_a_list_at_once_the_entries_of_one_are_in_force(
    any_store: Store, tmp_path: Path
) -> None:
    loaded(any_store, tmp_path)

    def load(who: str) -> None:
        (tmp_path / who).mkdir()
        loaded(any_store, tmp_path / who, f"kind,text,reason\ncode,T-{who},case 9\n")

    assert of_two_at_once(any_store, load) == []
    assert [one.entries for one in watchlists.lists(any_store, SARA, NOW)] == [1]


def test_a_list_that_is_put_in_place_while_a_run_is_under_way_is_in_force_from_the_next(
    any_store: Store, tmp_path: Path
) -> None:
    """All processes of a run match by one list, whenever they begin."""
    began, name = later(minutes=1), {"consignee_id": "T-046 310"}
    under_way(any_store, began)
    loaded(any_store, tmp_path)
    assert hits(any_store, began, **name) == [None]
    after = later(minutes=2)
    assert hits(any_store, after, **name) != [None]
    under_way(any_store, after)
    watchlists.expire(any_store, SARA, "harbour", NOW)
    assert hits(any_store, after, **name) != [None]
    assert hits(any_store, later(minutes=3), **name) == [None]

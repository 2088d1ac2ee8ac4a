"""Related records and similar finds on the page: 90 days, named, and never another office's."""

from __future__ import annotations

import itertools
import json
import pickle
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sqlalchemy import insert, select

from riskprofile.columns import View
from riskprofile.history import Snapshot, piles, view
from riskprofile.history.layer import CHUNK, POSITION
from riskprofile.profiles import SHIPMENT
from riskprofile.scoring.ranking import Capacity
from riskprofile.services import networks, pairs, review, settings
from riskprofile.services.identifiers import OFFICE, RECORD, TITLE
from riskprofile.services.identity import OWNER, Actor
from riskprofile.services.pairs import ANOTHER_NAME, ONE_SENDER, OTHER_PARTS, SHARED
from riskprofile.services.rater import Rater
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.store import artefacts, packed_json
from riskprofile.store import spool as store_spool
from riskprofile.store.alert_tables import Alert, Label
from riskprofile.store.run_tables import Record
from riskprofile.store.spool import Columns, Spool
from riskprofile.tables import TEXT
from tests import factory
from tests.services.bench import AUDITOR, NOW, later, put_offices

DAY = timedelta(days=1)
OFFICES = [
    {"code": code, "name": code, "zone": "UTC", "capacity": 9} for code in ("XMPME", "XMNOR")
]


class Office:
    """A home with a past of declarations, and a day to be rated."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = settings.load({}, home=folder / "home")
        self.store = settings.open_store(self.home)
        put_offices(self.store, OFFICES)
        self.runs = 0

    def take(self, history: bool, ago: int = 0, **columns: object) -> None:
        n = len(columns["declaration_id"])  # type: ignore[arg-type]
        given = {"consignee_id": None, "consignor_id": None, "transport_mode": "post"}
        given |= {"consignee_type": "private", "customs_office": "XMPME"}
        table = factory.shipments(n, **{**given, **columns})
        path = factory.write(self.folder / f"{self.runs}.csv", table)
        options = Options(history=history, capacity=Capacity(20))
        at = NOW - (1 if history else ago) * DAY + timedelta(hours=self.runs)
        screen(self.store, self.home, OWNER, [path], options, at)
        self.runs += 1

    def around(self, record: str, actor: Actor = AUDITOR) -> dict[str, str]:
        with self.store.read() as connection:
            alert = connection.execute(
                select(Alert.id).where(Alert.record_id.startswith(f"{record}@"))
            ).scalar_one()
        found = review.alert(self.store, actor, alert, later(days=2))
        around = [one for one in found.related if "office" in one]
        return {one["record_id"].split("@")[0]: one["link"] for one in around}


@pytest.fixture
def office(tmp_path: Path):
    made = Office(tmp_path)
    yield made
    made.store.close()


def rows(days: list[int], **columns: object) -> dict[str, object]:
    n = len(days)
    told: dict[str, object] = {
        "declaration_id": [f"P{day}" for day in days],
        "lodged_at": [pd.Timestamp(NOW - day * DAY) for day in days],
        "consignor_name": [f"Sender {chr(65 + k)}ol" for k in range(n)],
        "consignee_name": [f"Receiver {chr(65 + k)}ur" for k in range(n)],
        "consignee_address": [f"{k} Other Lane" for k in range(n)],
        "goods_description": [f"kitchen goods of sort {k}" for k in range(n)],
    }
    return {**told, **columns}


def test_another_name_at_the_address_within_90_days_is_named(office: Office) -> None:
    address = ["12 Quay Street, Nolunbury", "Quay St 12, NOLUNBURY", "12 Quay Street, Nolunbury"]
    office.take(True, **rows([80, 89, 91], consignee_address=address))
    office.take(False, **rows([0], declaration_id=["T1"], consignee_address=address[:1],
                              consignee_name=["Somebody Else"], consignor_name=["Third Party"],
                              goods_description=["steel tubes"]))  # fmt: skip
    told = office.around("T1")
    assert set(told) == {"P80", "P89"}
    assert told["P80"] == "same delivery address, another name there"


def test_rows_of_one_run_are_taken_as_a_set(office: Office) -> None:
    given = rows([0, 0, 0], declaration_id=["A1", "A2", "A3"])
    given |= {"consignor_name": "One Sender", "consignee_name": "One Receiver"}
    office.take(False, **given)
    assert set(office.around("A2")) == {"A1", "A3"}
    assert "one sender within 14 days" in office.around("A2")["A1"]


def test_a_key_of_many_links_nothing(office: Office) -> None:
    days = list(range(1, 62))
    office.take(True, **rows(days, consignee_address="1 Parcel Shop"))
    office.take(False, **rows([0], declaration_id=["T1"], consignee_address="1 Parcel Shop",
                              consignee_name=["X Y"], consignor_name=["Z W"],
                              goods_description=["tubes"]))  # fmt: skip
    assert office.around("T1") == {}


def test_other_parts_of_a_firearm_to_one_address(office: Office) -> None:
    goods = ["pistol slide", "pistol barrel"]
    office.take(True, **rows([20, 40], consignee_address="5 Mill Lane", goods_description=goods))
    office.take(False, **rows([0], declaration_id=["T1"], consignee_address="5 Mill Lane",
                              goods_description=["pistol frame"]))  # fmt: skip
    assert "other parts of a firearm" in office.around("T1")["P20"]
    with office.store.read() as connection:
        fired = connection.execute(select(Alert.indicators)).scalars().one()
    assert "E10_complementary_parts" in [one["key"] for one in fired]


def test_nothing_of_another_office_is_shown(office: Office) -> None:
    office.take(True, **rows([10], consignee_address="5 Mill Lane", customs_office="XMNOR"))
    office.take(False, **rows([0], declaration_id=["T1"], consignee_address="5 Mill Lane"))
    officer = Actor("ines", "officer", "XMPME")
    assert set(office.around("T1")) == {"P10"}  # the auditor of every office
    assert office.around("T1", officer) == {}


def found(days: int = 30, **columns: object) -> pd.DataFrame:
    """One earlier find, as history knows it."""
    seen = view(factory.shipments(1, **columns), SHIPMENT)[list(SHIPMENT.remembered)]
    at = pd.Timestamp(NOW - timedelta(days=days))
    return seen.assign(time=at, _chunk=7, _position=0)


FIND = {
    "consignor_name": "One Sender", "consignor_id": None, "consignee_id": None,
    "consignee_name": "One Receiver", "hs_code": "732690", "carrier": "XC1",
    "goods_description": "steel pins", "country_of_origin": "XA",
    "country_of_destination": "XB", "transport_mode": "post",
}  # fmt: skip
CHANGES = {
    "goods": {"hs_code": "940360", "goods_description": "oak table"},
    "route": {"country_of_origin": "XC"},
    "party": {"consignor_name": "Else", "consignee_name": "Other", "consignee_address": "9 Way",
              "consignor_address": "8 Way", "consignee_phone": "1", "consignor_phone": "2"},
    "document": {"carrier": "XC9"},
}  # fmt: skip


@pytest.mark.parametrize("kept", [
    ("goods", "route", "party", "document"), ("goods", "route", "party"),
    ("route", "party", "document"), ("goods", "party", "document"),
    ("goods", "route"), ("party",), (),
])  # fmt: skip
def test_an_earlier_find_is_named_with_its_facets_from_three_on(kept: tuple[str, ...]) -> None:
    alone = {"house_document": None, "licence_number": None, "port_of_loading": None, "route": None}
    given = {**FIND, **alone, "lodged_at": pd.Timestamp(NOW)}
    for facet, change in CHANGES.items():
        if facet not in kept:
            given |= change
    seen = View.of(view(factory.shipments(1, **given), SHIPMENT))
    shown = seen.table().assign(**{TITLE: "pins", OFFICE: "XM"})
    with Spool() as spool:
        mine = around(spool, shown, [0], [0]).mine(0)
        assert mine[RECORD].tolist() == ["D000"]
        like = networks._finds(mine, Snapshot(None, found(**{**FIND, **alone})).found)
        later_known = found(-1, **{**FIND, **alone})
        assert not len(networks._finds(mine, Snapshot(None, later_known).found))
    if len(kept) < 3:
        assert not len(like)
    else:
        assert like["link"].tolist() == ["like an earlier find in " + ", ".join(kept)]


def test_a_find_under_the_same_licence_is_named_however_its_number_is_written(
    office: Office,
) -> None:
    where = {"country_of_origin": "XA", "country_of_destination": "XB"}
    first = {"consignor_name": "One", "consignee_name": "Two", "consignee_address": "1 Way"}
    first |= {"carrier": "XC1", "house_document": "H1", "licence_number": "IM 12/A"}
    office.take(False, ago=20, **rows([30], **where, **first))
    with office.store.write() as connection:
        record = connection.execute(select(Record.record_id)).scalar_one()
        columns = {"outcome_id": 1, "profile": "shipment", "item": 1, "value": 1}
        columns |= {"selected_by": "score", "known_at": NOW - 2 * DAY}
        connection.execute(insert(Label).values(record_id=record, probability=None, **columns))
    other = {"consignor_name": "Six", "consignee_name": "Ten", "consignee_address": "9 Hill"}
    other |= {"carrier": "XC2", "house_document": "H2", "licence_number": "im-12a"}
    office.take(False, **rows([0], declaration_id=["T1"], **where, **other))
    with office.store.read() as connection:
        told = connection.execute(
            select(Alert.related).where(Alert.record_id.startswith("T1@"))
        ).scalar_one()
    assert told[0]["link"] == "like an earlier find in goods, route, document"


def test_a_find_of_the_register_stands_on_the_page_with_its_outcome(office: Office) -> None:
    where = {"country_of_origin": "XA", "country_of_destination": "XB", "carrier": "XC1"}
    where |= {"consignee_address": "5 Mill Lane"}
    office.take(False, ago=20, **rows([30], **where))
    with office.store.write() as connection:
        record = connection.execute(select(Record.record_id)).scalar_one()
        columns = {"outcome_id": 1, "profile": "shipment", "item": 1, "value": 1}
        columns |= {"selected_by": "score", "known_at": NOW - 2 * DAY}
        connection.execute(insert(Label).values(record_id=record, probability=None, **columns))
    office.take(False, **rows([0], declaration_id=["T1"], **where))
    with office.store.read() as connection:
        told = connection.execute(
            select(Alert.related).where(Alert.record_id.startswith("T1@"))
        ).scalar_one()
    assert (told[0]["record_id"], told[0]["outcome"]) == (record, "trafficking")
    assert told[0]["link"].startswith("like an earlier find in ")


def around(
    spool: Spool, rows: pd.DataFrame, numbers: Sequence[int], groups: Sequence[int]
) -> networks.Around:
    """What alerts of a run are linked by, of its rows as a table, 90 of them a chunk."""
    row = np.arange(len(rows))
    linked, declared = Columns(spool), Columns(spool)
    placed = rows.assign(**{CHUNK: row // 90 + 1, POSITION: row % 90})
    for start in range(0, len(rows), 50):
        linked.add(pa.Table.from_pandas(placed[start : start + 50], preserve_index=False))
    declared.add(pa.table({RECORD: [f"D{n:03d}" for n in range(len(groups))]}))
    of = np.array(groups, dtype=np.int32)
    return networks.around(linked, np.array(numbers, dtype=np.int32).__getitem__, of, declared)


def told(run: networks.Around, group: int) -> dict[str, list[dict[str, str | None]]]:
    """What is told of the alerts of a group, with no past, where another process looks for it."""
    card = artefacts.serving(settings.CHECKOUT / "models", SHIPMENT.name)
    sent: networks.Links = pickle.loads(pickle.dumps(run.links(group)))
    said = sent.work(Rater(SHIPMENT, card, Snapshot(None)))
    found = networks.related(None, SHIPMENT, run, group, said)  # type: ignore[arg-type]
    for text in found.values():
        assert packed_json.dumps(json.loads(text)) == text
    return {record: json.loads(text) for record, text in found.items()}


KEYS = (
    *(("consignee_address_key", 120), ("consignee_phone_key", 60), ("goods_key", 6)),
    *(("consignor_key", 30), ("consignee_name_key", 40)),
)


def a_run(seed: int, rows: int = 400) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows of a run that share keys at random: some keys few rows, some more than may link."""
    random = np.random.default_rng(seed)
    kinds = random.choice(["slide", "barrel", "slide|barrel"], rows)
    columns = {
        **{name: pd.array(random.integers(0, many, rows), dtype="Int64") for name, many in KEYS},
        "part_kinds": pd.array(kinds, dtype=TEXT),
    }
    for one in columns.values():
        one[random.random(rows) < 0.1] = pd.NA
    times = pd.Timestamp(NOW) - pd.Series(pd.to_timedelta(random.integers(0, 150, rows), unit="D"))
    times[random.random(rows) < 0.05] = pd.NaT
    linked = pd.DataFrame({**columns, "time": times.dt.as_unit("us")})
    shown = linked.assign(**{TITLE: "steel pins", OFFICE: "XM"})
    return shown, np.unique(random.integers(0, rows // 2, rows), return_inverse=True)[1]


def by_the_rule(rows: pd.DataFrame, numbers: np.ndarray, of: int) -> list[tuple[str, str]]:
    """Others of one declaration and the links to them, as the rule says, one row after another."""
    lines = rows.astype(object).where(rows.notna(), None).to_dict("records")
    reasons: dict[int, list[str]] = {}
    apart: dict[int, timedelta] = {}
    for by in [name for name in SHARED if name in rows]:
        some = []
        for one, other in itertools.product(np.flatnonzero(numbers == of), range(len(rows))):
            mine, theirs = lines[one], lines[other]
            if one == other or mine[by] is None or mine[by] != theirs[by]:
                continue
            if (rows[by] == mine[by]).sum() > pairs.COMMON or not (mine["time"] and theirs["time"]):
                continue
            if abs(mine["time"] - theirs["time"]) <= timedelta(days=90):
                some.append((abs(mine["time"] - theirs["time"]), other, one))
        for away, other, one in sorted(some)[: 2 * networks.SHOWN]:
            said = [SHARED[by]]
            for what, name in (
                (ANOTHER_NAME, "consignee_name_key"),
                (OTHER_PARTS, "part_kinds"),
                (ONE_SENDER, "consignor_key"),
            ):
                both = lines[one][name], lines[other][name]
                close = away <= timedelta(days=14) if what == ONE_SENDER else True
                if by.startswith("consignee") and None not in both and close:
                    said += [what] * ((both[0] == both[1]) == (what == ONE_SENDER))
            new = [one for one in said if one not in reasons.get(other, [])]
            reasons.setdefault(other, []).extend(new)
            apart[other] = min(apart.get(other, away), away) if new else apart[other]
    ranked = sorted(reasons, key=lambda other: (-len(reasons[other]), apart[other], other))
    links: dict[str, str] = {}
    for other in ranked:
        if numbers[other] != of:
            links.setdefault(f"D{numbers[other]:03d}", ", ".join(reasons[other]))
    return [*links.items()][: networks.SHOWN]


@pytest.mark.parametrize("seed", range(3))
def test_what_is_told_of_an_alert_is_what_the_rule_says_of_it(seed: int) -> None:
    rows, numbers = a_run(seed, 300)
    alerts = range(0, numbers.max() + 1, 13)
    with Spool() as spool:
        groups = [0 if n in alerts else -1 for n in range(numbers.max() + 1)]
        links = told(around(spool, rows, numbers, groups), 0)
    for one in alerts:
        shown = [(other["record_id"], other["link"]) for other in links.get(f"D{one:03d}", [])]
        assert shown == by_the_rule(rows, numbers, one)
    assert max(map(len, links.values())) == networks.SHOWN


@pytest.mark.parametrize("seed", range(3))
def test_a_key_that_many_rows_of_the_past_have_links_nothing(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a few of these rows are read for another key that they have."""
    monkeypatch.setattr(pairs, "COMMON", 4)
    mine, past = a_run(seed, 40)[0], a_run(seed + 10, 300)[0]
    past = past[past["time"].notna()].reset_index(drop=True)
    past = past.assign(**{CHUNK: 1, POSITION: np.arange(len(past))})
    own = mine.assign(**{CHUNK: 2, POSITION: np.arange(len(mine))})
    own = own.assign(_row=np.arange(len(mine)), _number=np.arange(len(mine)))
    found = np.concatenate([*networks._before(View.over(own), Snapshot(past))])
    expected = []
    for by in [name for name in SHARED if name in mine]:
        here, there = (one[[by, "time"]].dropna().reset_index() for one in (mine, past))
        many = there[by].value_counts()
        there = there[there[by].map(many) <= pairs.COMMON]
        both = here.merge(there, on=by, suffixes=("", "_past"))
        both = both[(both["time"] - both["time_past"]).abs() <= timedelta(days=90)]
        said = 1 << pairs.SAID.index(SHARED[by])
        places = (both["index_past"] + (1 << 32)).tolist()
        expected += [(*one, said) for one in zip(both["index"].tolist(), places, strict=True)]
    said = found["said"] & -found["said"]
    assert len(found) > 10
    met = zip(found["row"].tolist(), found["place"].tolist(), said.tolist(), strict=True)
    assert sorted(met) == sorted(expected)


@pytest.mark.parametrize("seed", range(5))
def test_by_parts_alerts_are_linked_as_at_once(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In whatever parts a run is read, compared and put on file, and whatever groups it is in."""
    rows, numbers = a_run(seed)
    random = np.random.default_rng(seed)
    groups = random.integers(-1, 4, numbers.max() + 1)
    with Spool() as spool:
        together = told(around(spool, rows, numbers, [min(one, 0) for one in groups]), 0)
        for module, name, few in (
            *((store_spool, "SEGMENT", 70), (networks, "COPIED", 30)),
            *((pairs, "PART", 50), (pairs, "AT_ONCE", 40), (pairs, "SLOTS", 6)),
            (piles, "PUT_AT_ONCE", 40),
        ):
            monkeypatch.setattr(module, name, few)
        run = around(spool, rows, numbers, groups)
        apart = [told(run, group) for group in range(4)]
    assert [len(one) > 9 for one in apart] == [True] * 4
    assert {record: links for one in apart for record, links in one.items()} == together


@pytest.mark.parametrize("seed", range(5))
def test_alerts_are_linked_as_if_every_row_of_the_run_were_at_hand(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the rows that no alert shares a key with, nor the pairs that no page shows, count."""
    rows, numbers = a_run(seed)
    alerts = np.arange(numbers.max() + 1) % 7 == 0
    read: list[int] = []
    shown = networks.Around.shown

    def counted(run: networks.Around, mine: View, linked: np.ndarray) -> dict[int, networks.Shown]:
        read.append(len(linked))
        return shown(run, mine, linked)

    monkeypatch.setattr(networks.Around, "shown", counted)
    with Spool() as spool:
        few = around(spool, rows, numbers, np.where(alerts, 0, -1))
        every = around(spool, rows, numbers, np.where(alerts, 0, 1))
        links = told(few, 0)
        monkeypatch.setattr(networks, "_shown", lambda record, number, own: record >= 0)
        assert links == told(every, 0)
    assert len(few.own) < len(every.own) and read[0] < read[1]


def test_of_what_has_neither_title_nor_office_the_rest_is_told() -> None:
    rows, numbers = a_run(0)
    nameless = rows.assign(**{TITLE: None, OFFICE: None})
    with Spool() as spool:
        links = told(around(spool, nameless, numbers, np.zeros(numbers.max() + 1)), 0)
    shown = [(one["title"], one["office"]) for some in links.values() for one in some]
    assert set(shown) == {("", None)}


def test_a_group_without_alerts_and_rows_without_keys_are_told_nothing_of() -> None:
    rows, numbers = a_run(0)
    nothing = rows.assign(**{name: pd.array([None] * len(rows), dtype="Int64") for name, _ in KEYS})
    groups = np.where(np.arange(numbers.max() + 1) % 3 == 0, 2, -1)
    with Spool() as spool:
        run = around(spool, rows, numbers, groups)
        assert told(run, 1) == {} and told(run, 2) != {}
        assert told(around(spool, nothing, numbers, groups), 2) == {}

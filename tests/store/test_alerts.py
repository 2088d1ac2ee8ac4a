"""Alerts put in: what the search box looks through, and what links them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select

from riskprofile.profiles import PROFILES
from riskprofile.store import alerts
from riskprofile.store.alert_tables import Alert, AlertLink
from riskprofile.store.database import Store
from riskprofile.store.run_tables import Batch
from tests import factory

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
COUNTS = ("cursor", "read", "accepted", "quarantined", "duplicate", "alerts")
TEXTS = ("source", "digest", "format", "profile", "state", "model_version", "model_digest")
BATCH = {"id": "b", "started_at": NOW, "note": "", "actor": ""}
BATCH |= dict.fromkeys(COUNTS, 0) | dict.fromkeys(TEXTS, "")


def alert(**columns):
    return {"record_id": "XM-1", "profile": "shipment", "title": "pins", **columns}


def test_the_search_text_has_every_text_but_the_protected_ones_and_who_a_traveller_is():
    for profile in PROFILES.values():
        names = [spec.name for spec in profile.columns if spec.kind in alerts.SEARCHED_KINDS]
        row = {name: f"word{n}x" for n, name in enumerate(names)}
        found = alerts.search_text(alert(profile=profile.name, declaration=[row])).split()
        hidden = set(profile.protected("P1"))
        if profile.persons:
            hidden |= set(profile.protected("P2"))
        for name, word in row.items():
            assert (word in found) == (name not in hidden), name


def test_a_code_is_there_with_and_without_its_separators():
    found = alerts.search_text(alert(declaration=[{"container_numbers": "MSKU 123456-7|ABCU1"}]))
    assert {"msku1234567", "abcu1", "123456-7"} <= set(found.split())


def test_long_wording_is_not_there_twice():
    text = "steel pins, 10 mm, for garden furniture of all kinds and sizes"
    assert alerts.search_text(alert(declaration=[{"goods_description": text}])).count("pins") == 2


def test_links_ignore_case_width_blanks_and_separators():
    first = {"consignee_name": "Example  FASTENERS", "consignee_phone": "+1 555-0100"}
    second = {"consignee_name": "example fasteners", "consignee_phone": "+15550100"}
    assert set(alerts.links_of([first])) == set(alerts.links_of([second]))


def test_a_code_goes_before_a_name():
    row = {"consignee_id": "R1", "consignee_name": "Example"}
    assert list(alerts.links_of([row])) == [("consignee", "r1")]


def test_of_several_rows_each_goes_by_the_first_column_that_it_gives():
    rows = [
        {"consignee_id": "R1", "consignee_name": "Example"},
        {"consignee_name": "Other"},
        {"consignee_id": "", "consignee_name": "Example"},
        {"vehicle_ref": "AB-12|CD 34"},
        {},
    ]
    tied = [("consignee", "r1"), ("consignee", "other"), ("consignee", "example")]
    assert list(alerts.links_of(rows)) == [*tied, ("vehicle", "ab12"), ("vehicle", "cd34")]


@pytest.mark.parametrize(
    ("given", "code"),
    [("АБ-12", "аб12"), ("mm ²", "mm2"), ("AB-\u0663", "ab\u0663"), ("é 1_2", "é12"), ("АБ", "")],
)
def test_a_code_of_any_script_loses_its_separators(given, code):
    assert alerts.squeezed(given) == code


def test_what_is_missing_or_empty_links_nothing():
    row = {"consignee_id": None, "consignee_name": "", "container_numbers": "|", "person_ref": " "}
    assert list(alerts.links_of([row])) == []


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_ids_come_back_in_the_order_given(engine, tmp_path, request):
    address = f"sqlite:///{tmp_path / 'riskprofile.db'}"
    if engine == "postgresql":
        address = request.getfixturevalue("postgres_url")
    store = Store.open(address)
    row = factory.shipments(1).iloc[0].drop(["lodged_at", "arrival_at"]).dropna().to_dict()
    base = {"queue": "trafficking", "lane": "red", "rank": 1, "selected_by": "score"}
    base |= {"model_version": "1", "model_digest": "d", "batch_id": "b", "created_at": NOW}
    made: list[int] = []
    for first in (0, 1_250):
        with store.write() as connection:
            if not first:
                connection.execute(insert(Batch).values(**BATCH))
            these = range(first, first + 1_250)
            made += alerts.add(
                store,
                connection,
                (alert(**base, record_id=f"XM-{n}", declaration=[row]) for n in these),
            )
            assert alerts.add(store, connection, []) == []
    with store.read() as connection:
        found = dict(connection.execute(select(Alert.id, Alert.record_id)).all())
        links = connection.execute(select(AlertLink.alert_id).distinct()).scalars().all()
        told = connection.execute(select(Alert.declaration).limit(1)).scalar_one()
    store.close()
    assert [found[number] for number in made] == [f"XM-{n}" for n in range(2_500)]
    assert sorted(made) == made and set(links) == set(made)
    assert told == [row]

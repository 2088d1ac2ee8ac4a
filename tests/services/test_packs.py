"""Typology packs: what may leave, who signed it, and what happens to it elsewhere."""

from __future__ import annotations

import json
import random

import pytest

from riskprofile.errors import Conflict, InputError, UsageError
from riskprofile.services import packs, settings
from riskprofile.services.identity import OWNER
from riskprofile.services.rights import Actor
from riskprofile.store.tables import Chunk
from tests import factory
from tests.services.bench import NOW
from tests.services.test_evidence import examined

ANALYST = Actor("anna", "analyst")
chance = random.Random(4)
NAMES = ["".join(chance.choices("bcdfghklmnprstvz", k=9)) for _ in range(1000)]


def home(tmp_path, name="home"):
    made = settings.load({}, home=str(tmp_path / name))
    settings.make_home(made)
    return made


def declared(goods, at, **more):
    return [
        {
            "goods_description": goods,
            "consignor_id": f"S{at}",
            "consignor_name": NAMES[at % 1000],
            "consignee_name": NAMES[(at + 1) % 1000],
            "consignee_address": f"{NAMES[(at + 2) % 1000]} street 5",
            "transport_mode": "post",
            "country_of_export": "XK",
            "country_of_destination": "NO",
            **more,
        }
    ]


def finds(store, count, start=0, **more):
    """Confirmed finds, each of another sender unless said otherwise, named in every text."""
    for at in range(start, start + count):
        goods = f"fuel filters for {NAMES[at % 1000]}"
        examined(
            store, 1, 1, start=at, declaration=declared(goods, at, **more),
            indicators=[{"key": "E01_parts_as_samples"}],
        )  # fmt: skip


def exported(store, tmp_path, **more):
    return packs.export(store, home(tmp_path), ANALYST, "Customs of Meridia", NOW, **more)


def saved(tmp_path, pack):
    path = tmp_path / "pack.json"
    path.write_text(json.dumps(pack))
    return path


@pytest.mark.parametrize(("count", "told"), [(9, []), (10, ["filters fuel"])])
def test_nothing_leaves_that_fewer_than_ten_finds_have(store, tmp_path, count, told):
    finds(store, count)
    content = exported(store, tmp_path)["content"]
    assert [one["words"] for one in content["phrases"]] == told
    for name in ("indicators", "phrases", "lanes", "modes", "evidence"):
        assert all(one["finds"] >= 10 for one in content[name]), name
        assert all(one["others"] is None or one["others"] >= 10 for one in content[name]), name
        assert bool(content[name]) is bool(told), name


def test_many_finds_of_one_sender_are_one_sender(store, tmp_path):
    finds(store, 15, consignor_id="S1")
    content = exported(store, tmp_path)["content"]
    assert content["phrases"] == content["lanes"] == content["indicators"] == []


def test_a_pack_carries_none_of_a_thousand_names(store, tmp_path):
    for at in range(0, 1000, 40):
        goods = "fuel filters " + " ".join(NAMES[at : at + 40])
        finds(store, 1, start=at, goods_description=goods)
    text = json.dumps(exported(store, tmp_path))
    assert "filters fuel" in text
    assert not [name for name in NAMES if name in text.casefold()]


def test_k_cannot_be_lowered(store, tmp_path):
    with pytest.raises(UsageError, match="k is 9"):
        exported(store, tmp_path, k=9)


def test_a_pack_is_taken_in_tried_and_decided_once(any_store, tmp_path):
    finds(any_store, 12)
    pack = exported(any_store, tmp_path)
    digest = packs.receive(any_store, ANALYST, saved(tmp_path, pack), pack["public_key"], NOW)
    again = packs.receive(any_store, ANALYST, saved(tmp_path, pack), pack["public_key"], NOW)
    assert again == digest and len(packs.held(any_store, ANALYST)) == 1
    with pytest.raises(Conflict, match="tried"):
        packs.decide(any_store, ANALYST, digest, True, "fits our post", NOW)
    rows = factory.shipments(3).assign(
        goods_description=["fuel filters, steel", "chairs", "filters of fuel"],
        record_id=["XM-000001", "A2", "A3"],
    )
    with any_store.write() as connection:
        content = packs.batches.to_bytes(rows)
        connection.execute(
            Chunk.__table__.insert().values(
                batch_id="b1", number=1, profile="shipment", count=3, kept="full",
                rows=content, features=content, events=content,
            )
        )  # fmt: skip
    told = packs.try_out(any_store, ANALYST, digest, NOW)
    assert (told.declarations, told.flagged, told.known_finds) == (3, 2, 1)
    packs.decide(any_store, ANALYST, digest, True, "fits our post", NOW)
    [held] = packs.held(any_store, ANALYST)
    assert (held["state"], held["tested"]["flagged"]) == ("accepted", 2)
    with pytest.raises(Conflict, match="accepted already"):
        packs.decide(any_store, ANALYST, digest, False, "no", NOW)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda p: p["content"]["phrases"][0].update(finds=99), "altered"),
        (lambda p: p["content"]["phrases"][0].update(words="zzyrk fuel"), "no typology pack"),
        (lambda p: p["content"]["lanes"][0].update(finds=3), "no typology pack"),
        (lambda p: p.update(public_key="00" * 32), "another key"),
        (lambda p: p.update(signature="zz"), "no typology pack"),
        (lambda p: p.pop("content"), "no typology pack"),
    ],
)
def test_a_pack_that_is_not_as_it_was_signed_is_refused(store, tmp_path, change, fault):
    finds(store, 10)
    pack = exported(store, tmp_path)
    key = pack["public_key"]
    change(pack)
    with pytest.raises(InputError, match=fault):
        packs.receive(store, OWNER, saved(tmp_path, pack), key, NOW)
    assert packs.held(store, OWNER) == []

"""Typology packs: what may leave, who signed it, and what happens to it elsewhere."""

from __future__ import annotations

import json
import random

import pandas as pd
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from riskprofile.errors import Conflict, InputError, NotAllowed, StoreError, UsageError
from riskprofile.scoring.ranking import Capacity
from riskprofile.services import packing, packs, settings
from riskprofile.services import rater as raters
from riskprofile.services.identity import OWNER
from riskprofile.services.rights import Actor
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.store import packs as kept
from riskprofile.store import table_bytes
from riskprofile.store.alert_tables import BY_HAND, Alert
from riskprofile.store.run_tables import Chunk
from tests import factory
from tests.services.bench import NOW, SARA, later, of_two_at_once, under_way
from tests.services.conftest import copied
from tests.services.test_evidence import examined

ANALYST = Actor("anna", "analyst")
chance = random.Random(4)
NAMES = ["".join(chance.choices("bcdfghklmnprstvz", k=9)) for _ in range(1000)]


same_lesson = pytest.mark.xdist_group("lesson")  # one process makes it
WRONG = {
    "profile": "shipment", "parts": ["consignee_name Zyrka", "transport_mode post"],
    "finds": 12, "others": None, "times": 3.0,
}  # fmt: skip


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


def finds(store, count, start=0, by="score", **more):
    """Confirmed finds, each of another sender unless said otherwise, named in every text."""
    for at in range(start, start + count):
        goods = f"fuel filters for {NAMES[at % 1000]}"
        examined(
            store, 1, 1, start=at, declaration=declared(goods, at, **more),
            indicators=[{"key": "E01_parts_as_samples"}], selected_by=by,
        )  # fmt: skip


def exported(store, tmp_path, **more):
    return packing.export(store, home(tmp_path), ANALYST, "Customs of Meridia", NOW, **more)


def saved(tmp_path, pack):
    path = tmp_path / "pack.json"
    path.write_text(json.dumps(pack))
    return path


@pytest.mark.parametrize(("count", "told"), [(9, []), (10, ["filters fuel"])])
def test_nothing_leaves_that_fewer_than_ten_finds_have(store, tmp_path, count, told):
    finds(store, count)
    content = exported(store, tmp_path)["content"]
    assert [one["words"] for one in content["phrases"]] == told
    for name in ("indicators", "phrases", "lanes", "modes", "evidence", "patterns"):
        assert all(one["finds"] >= 10 for one in content[name]), name
        assert all(one["others"] is None or one["others"] >= 10 for one in content[name]), name
        assert bool(content[name]) is bool(told and name != "patterns"), name


def test_many_finds_of_one_sender_are_one_sender(store, tmp_path):
    finds(store, 15, consignor_id="S1")
    content = exported(store, tmp_path)["content"]
    assert content["phrases"] == content["lanes"] == content["indicators"] == []


def test_senders_that_are_masked_may_all_be_one(store, tmp_path):
    """Each counted as another: what one private person sent left once retention had run."""
    finds(store, 15, consignor_id=None, consignor_name=None)
    content = exported(store, tmp_path)["content"]
    assert content["phrases"] == content["lanes"] == content["indicators"] == []
    finds(store, 9, start=15)
    assert [one["words"] for one in exported(store, tmp_path)["content"]["phrases"]] == [
        "filters fuel"
    ]


@pytest.mark.parametrize(
    "sender",
    [
        {"consignor_id": None, "consignor_name": ["Acme Ltd.", "ACME LIMITED", "acme"]},
        {"consignor_id": ["GB 123-4", "gb1234", "GB.1234"]},
        # Many accounts under one name, and sometimes none.
        {"consignor_id": [f"S{at}" for at in range(12)] + [None] * 3, "consignor_name": "Acme"},
    ],
)
def test_a_sender_who_is_written_otherwise_is_one(store, tmp_path, sender):
    for at in range(15):
        written = {n: v[at % len(v)] if isinstance(v, list) else v for n, v in sender.items()}
        finds(store, 1, start=at, **written)
    content = exported(store, tmp_path)["content"]
    assert content["phrases"] == content["lanes"] == content["indicators"] == []


def test_one_key_signs_the_packs_of_a_database_whichever_host_makes_them(store, tmp_path):
    told = exported(store, tmp_path)["public_key"]
    second = tmp_path / "second host"
    second.mkdir()
    with pytest.raises(StoreError, match="Copy it from the machine that used it"):
        exported(store, second)
    assert exported(store, tmp_path)["public_key"] == told
    assert exported(store, second, new_key=True)["public_key"] != told


@pytest.mark.slow
@pytest.mark.parametrize("any_store", ["postgresql"], indirect=True)
def test_of_two_hosts_that_make_their_first_pack_at_once_one_has_the_key(any_store, tmp_path):
    def first(name):
        here = tmp_path / name
        here.mkdir()
        return exported(any_store, here)["public_key"]

    said = of_two_at_once(any_store, first)
    assert len(said) == 1 and "used before" in str(said[0])


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


@pytest.fixture(scope="module")
def lesson(made, tmp_path_factory):
    """What another office sends: such a pack."""
    folder = tmp_path_factory.mktemp("lesson")
    with copied(made, folder) as store:
        return learnt(store, folder)


def learnt(store, tmp_path, by="score"):
    """A pack of an office that found 25 of a kind where its points explain a fifth of that."""
    finds(store, 25, by=by)
    for at in range(300):
        examined(
            store, int(at % 5 == 0), 1, start=1000 + at, indicators=[],
            declaration=declared("chairs", 5000 + at, transport_mode="post" if at % 2 else "sea"),
        )  # fmt: skip
    return exported(store, tmp_path)


def test_what_officers_raised_by_hand_counts_among_finds_and_teaches_no_pattern(store, tmp_path):
    content = learnt(store, tmp_path, by=BY_HAND)["content"]
    assert [(one["words"], one["finds"]) for one in content["phrases"]] == [("filters fuel", 25)]
    assert content["patterns"] == []


def test_a_pack_is_taken_in_tried_and_decided_once(any_store, tmp_path):
    pack = learnt(any_store, tmp_path)
    assert ["transport_mode post", "words filters fuel"] in [
        one["parts"] for one in pack["content"]["patterns"]
    ]
    assert all(one["finds"] >= 10 for one in pack["content"]["patterns"])
    digest = packs.receive(any_store, ANALYST, saved(tmp_path, pack), pack["public_key"], NOW)
    again = packs.receive(any_store, ANALYST, saved(tmp_path, pack), pack["public_key"], NOW)
    assert again == digest and len(packs.held(any_store, ANALYST)) == 1
    with pytest.raises(Conflict, match="tried"):
        packs.decide(any_store, ANALYST, digest, True, "fits our post", NOW)
    goods = ["fuel filters, steel", "filters of fuel", *(f"chairs {n}" for n in range(1998))]
    rows = factory.shipments(
        2000, goods_description=goods, transport_mode="post", consignee_type="business"
    ).assign(record_id=["XM-000001", *(f"A{n}" for n in range(1999))])
    features = rows[[]].assign(**{"fired:E01_parts_as_samples": False})
    with any_store.write() as connection:
        content = table_bytes.to_bytes(rows)
        connection.execute(
            Chunk.__table__.insert().values(
                batch_id="b1", number=1, profile="shipment", count=2000, kept="full",
                rows=content, features=table_bytes.to_bytes(features), events=content,
            )
        )  # fmt: skip
    month_later = packs.try_out(any_store, ANALYST, digest, later(days=30))
    assert month_later.declarations == 0  # of the last 30 days alone
    told = packs.try_out(any_store, ANALYST, digest, NOW)
    assert (told.declarations, told.flagged, told.known_finds) == (2000, 2, 1)
    assert in_force(any_store) == []
    packs.decide(any_store, ANALYST, digest, True, "fits our post", NOW)
    [held] = packs.held(any_store, ANALYST)
    assert (held["state"], held["tested"]["flagged"]) == ("accepted", 2)
    with pytest.raises(Conflict, match="accepted already"):
        packs.decide(any_store, ANALYST, digest, False, "no", NOW)
    [says] = {one.says for one in in_force(any_store)}
    assert says == f"pack {digest[:12]} of Customs of Meridia, accepted by anna on 2026-11-24"
    assert in_force(any_store, "traveller") == []
    with pytest.raises(UsageError, match="reason"):
        packs.withdraw(any_store, ANALYST, digest, " ", NOW)
    packs.withdraw(any_store, ANALYST, digest, "the wave is over", NOW)
    assert in_force(any_store) == []
    with pytest.raises(Conflict, match="withdrawn"):
        packs.withdraw(any_store, ANALYST, digest, "again", NOW)


def in_force(store, profile="shipment"):
    with store.read() as connection:
        return kept.in_force(connection, profile, NOW)


@same_lesson
def test_what_flags_many_of_our_own_declarations_stays_out_of_force(store, lesson, tmp_path):
    digest = packs.receive(store, ANALYST, saved(tmp_path, lesson), lesson["public_key"], NOW)
    told = packs.try_out(store, ANALYST, digest, NOW)  # on nothing: all of it may be wide
    assert (told.declarations, told.in_force) == (0, ())
    packs.decide(store, ANALYST, digest, True, "nothing of ours to try it on", NOW)
    assert in_force(store) == []


@same_lesson
def test_a_pack_accepted_while_a_run_is_under_way_is_in_force_from_the_next(
    store, lesson, tmp_path
):
    """All processes of a run match by the same packs, whenever they begin."""
    digest = packs.receive(store, ANALYST, saved(tmp_path, lesson), lesson["public_key"], NOW)
    packs.try_out(store, ANALYST, digest, NOW)
    under_way(store, later(minutes=1))
    packs.decide(store, ANALYST, digest, True, "it fits our post", NOW)
    [held] = packs.held(store, ANALYST)
    assert held["decided_at"] > later(minutes=1)


@same_lesson
@pytest.mark.slow
@pytest.mark.parametrize("any_store", ["postgresql"], indirect=True)
def test_of_two_who_take_in_a_pack_at_once_one_does(any_store, lesson, tmp_path):
    """The same again changes nothing, so the other is refused nothing either."""
    path = saved(tmp_path, lesson)

    def receive(name):
        packs.receive(any_store, Actor(name, "analyst"), path, lesson["public_key"], NOW)

    assert of_two_at_once(any_store, receive) == []
    assert len(packs.held(any_store, ANALYST)) == 1


@same_lesson
@pytest.mark.slow
@pytest.mark.parametrize("any_store", ["postgresql"], indirect=True)
def test_of_two_who_decide_on_a_pack_at_once_one_does(any_store, lesson, tmp_path):
    """So with its withdrawal: the other is told who did."""
    digest = packs.receive(any_store, ANALYST, saved(tmp_path, lesson), lesson["public_key"], NOW)
    packs.try_out(any_store, ANALYST, digest, NOW)

    def decide(name):
        packs.decide(any_store, Actor(name, "analyst"), digest, True, f"as {name} found", NOW)

    def withdraw(name):
        packs.withdraw(any_store, Actor(name, "analyst"), digest, f"as {name} found", NOW)

    for acts, state in ((decide, "accepted"), (withdraw, "withdrawn")):
        [said] = of_two_at_once(any_store, acts)
        assert isinstance(said, Conflict) and f"this pack is {state}" in str(said)
        [held] = packs.held(any_store, ANALYST)
        assert (held["state"], held["reason"]) == (state, f"as {held['decided_by']} found")


@same_lesson
def test_only_an_analyst_or_the_owner_decides_on_a_pack(store, lesson, tmp_path):
    digest = packs.receive(store, ANALYST, saved(tmp_path, lesson), lesson["public_key"], NOW)
    for does in (
        lambda: packs.try_out(store, SARA, digest, NOW),
        lambda: packs.decide(store, SARA, digest, True, "yes", NOW),
        lambda: packs.withdraw(store, SARA, digest, "yes", NOW),
        lambda: packs.show(store, SARA, digest),
    ):
        with pytest.raises(NotAllowed):
            does()


@same_lesson
def test_an_accepted_pattern_raises_to_red_and_moves_no_point(lesson, tmp_path):
    mine = settings.load({}, home=tmp_path / "mine")
    own = settings.open_store(mine)
    usual = factory.shipments(2000, lodged_at=pd.Timestamp(NOW), transport_mode="post",
                              declaration_id=[f"U{n}" for n in range(2000)],
                              goods_description=[f"{n} chairs" for n in range(2000)])  # fmt: skip
    fresh = factory.shipments(
        3, lodged_at=pd.Timestamp(later(days=1)), transport_mode=["sea", "post", "sea"],
        goods_description=["office chairs", "fuel filters", "fuel filters"],
        declaration_id=["D1", "D2", "D2"], item_number=[1, 1, 2],
    )  # fmt: skip
    path = factory.write(tmp_path / "usual.csv", usual)
    screen(own, mine, OWNER, [path], Options(), NOW)
    digest = packs.receive(own, ANALYST, saved(tmp_path, lesson), lesson["public_key"], NOW)
    half = later(minutes=30)
    before = raters.rater(mine.database_url, mine.models, "shipment", half).rate(fresh)[0]
    assert packs.try_out(own, ANALYST, digest, NOW).in_force
    packs.decide(own, ANALYST, digest, True, "the wave is near", later(minutes=40))
    after = raters.rater(mine.database_url, mine.models, "shipment", later(hours=1)).rate(fresh)[0]
    fired = "fired:P01_typology_pack"
    assert after[fired].tolist() == [False, True, False] and not before[fired].any()
    pd.testing.assert_frame_equal(after.drop(columns=fired), before.drop(columns=fired))
    path = factory.write(tmp_path / "fresh.csv", fresh)
    screen(own, mine, OWNER, [path], Options(capacity=Capacity(number=1)), later(hours=1))
    with own.read() as connection:
        alerts = connection.execute(select(Alert).where(Alert.created_at > NOW)).mappings().all()
    [alert] = [one for one in alerts if "P01" in str(one["indicators"])]
    assert (alert["lane"], alert["selected_by"]) == ("red", "indicator")
    [said] = [one["text"] for one in alert["indicators"] if one["key"].startswith("P01")]
    assert "transport_mode post, words filters fuel" in said
    assert f"pack {digest[:12]} of Customs of Meridia, accepted by anna on 2026-11-24" in said
    packs.withdraw(own, ANALYST, digest, "the wave is over", later(hours=2))
    over = raters.rater(mine.database_url, mine.models, "shipment", later(hours=3)).rate(fresh)[0]
    assert not over[fired].any()
    own.close()


def test_one_altered_byte_anywhere_is_refused_or_changes_nothing(store, tmp_path):
    """A blank between two values may become another blank; everything else is signed."""
    finds(store, 10)
    pack = exported(store, tmp_path)
    raw = saved(tmp_path, pack).read_bytes()
    digest = packs.receive(store, ANALYST, saved(tmp_path, pack), pack["public_key"], NOW)
    path, taken = tmp_path / "altered.json", 0
    for place in range(len(raw)):
        path.write_bytes(raw[:place] + bytes([raw[place] ^ chance.choice((1, 4, 64))])
                         + raw[place + 1 :])  # fmt: skip
        try:
            assert packs.receive(store, ANALYST, path, pack["public_key"], NOW) == digest, place
            taken += 1
        except InputError:
            continue
    assert taken < len(raw) / 100
    assert len(packs.held(store, ANALYST)) == 1


@pytest.mark.parametrize(
    "raw",
    [b"", b"null", b"[]", b"7", b"{", b"[" * 500_000, b"\xff\xfe", b'{"content": 1}',
     b'{"content": {}, "public_key": 1, "signature": 2}', b" " * (packs.LIMIT + 1)],
    ids=range(10),
)  # fmt: skip
def test_what_is_no_pack_is_refused_in_one_line(store, tmp_path, raw):
    path = tmp_path / "x.json"
    path.write_bytes(raw)
    with pytest.raises(InputError, match="no typology pack"):
        packs.receive(store, ANALYST, path, "00" * 32, NOW)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda p: p["content"]["phrases"][0].update(finds=99), "altered"),
        (lambda p: p["content"]["phrases"][0].update(words="zzyrk fuel"), "no typology pack"),
        (lambda p: p["content"]["lanes"][0].update(finds=3), "no typology pack"),
        (lambda p: p.update(public_key="00" * 32), "another key"),
        (lambda p: p["content"].update(issuer=" "), "no typology pack"),  # whose would it be?
        (lambda p: p.update(signature="zz"), "no typology pack"),
        (lambda p: p.pop("content"), "no typology pack"),
        (lambda p: p["content"]["patterns"].append(WRONG), "no typology pack"),
        (lambda p: p["content"]["patterns"].append({**WRONG, "others": 3}), "no typology pack"),
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


def test_a_pack_of_a_later_release_is_told_from_one_that_is_broken(store, tmp_path):
    secret = Ed25519PrivateKey.generate()
    content = {"form": f"{packing.FAMILY} 2", "issuer": "Meridia", "waves": []}
    pack = {
        "content": content,
        "public_key": secret.public_key().public_bytes_raw().hex(),
        "signature": secret.sign(packing.canonical(content)).hex(),
    }
    with pytest.raises(InputError, match=r"does not read: .* 2") as refused:
        packs.receive(store, OWNER, saved(tmp_path, pack), pack["public_key"], NOW)
    assert "Upgrade" in refused.value.do

"""A case bundle says what is in the log, and one altered byte is found and placed."""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import select, update

from riskprofile.errors import Conflict, InputError, NotAllowed, RiskProfileError
from riskprofile.scoring.ranking import Capacity
from riskprofile.services import (
    blind,
    bundle,
    bundle_check,
    govern,
    looking,
    records,
    review,
    settings,
)
from riskprofile.services.identity import OWNER, Actor
from riskprofile.services.screen import Options, screen
from riskprofile.services.settings import CHECKOUT
from riskprofile.store.alert_tables import Alert
from riskprofile.store.office_tables import Audit
from tests import factory
from tests.services.bench import EITHER, HERE, NOW, THERE, later, put_offices

pytestmark = pytest.mark.xdist_group("bundle")  # one process makes the case

INES, OMAR = Actor("ines", "officer", HERE), Actor("omar", "officer", HERE)
SARA = Actor("sara", "supervisor", HERE)
ITEM = {"kind": "firearm", "make": "Kestrel", "serial": "KX105", "marking": "crown"}
WHY = "request 17 of the public prosecutor"


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """A rated declaration whose control found a firearm: settings, store, record and bundle."""
    folder = tmp_path_factory.mktemp("case")
    told = settings.load({}, home=str(folder / "home"), models=CHECKOUT / "models")
    store = settings.open_store(told)
    put_offices(store, [{"code": HERE, "name": "Port Meridia"}])
    blind.set_share(store, OWNER, 0.0, NOW)  # made once for the module, before any test's own wish
    day = folder / "day.csv"
    factory.write(day, factory.shipments(60))
    screen(store, told, OWNER, [day], Options(), NOW)
    alert_table = Alert.__table__
    with store.read() as connection:
        alert, record = connection.execute(
            select(alert_table.c.id, alert_table.c.record_id).order_by(alert_table.c.rank)
        ).first()
    review.alert(store, INES, alert, NOW)
    review.claim(store, INES, alert, NOW)
    review.decide(store, INES, alert, "examine", "weights and papers do not agree", NOW)
    outcome = review.record_outcome(
        store, INES, alert, "trafficking", NOW, items=[ITEM], methods=["opened"], answers={}
    )
    review.confirm_outcome(store, OMAR, outcome, later(hours=1))
    made, digest = bundle.export(store, told, SARA, record, WHY, later(hours=2))
    yield store, told, record, made, digest
    store.close()


def held(made: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_bundle_holds_what_was_declared_rated_decided_and_found(case):
    _, _, record, made, _ = case
    files = held(made)
    declared = json.loads(files["declaration.json"])[0]["declared"]
    assert declared["goods_description"] == "plastic garden chairs"
    rating = json.loads(files["rating.json"])
    terms = rating["reasons"] + rating["against"]
    assert sum(term["points"] for term in terms) == rating["points"]
    assert (rating["record_id"], rating["replayed_same"] > 0) == (record, True)
    alert = json.loads(files["alert.json"])
    assert alert["decisions"][0]["decision"] == "examine"
    assert alert["outcomes"][0]["items"][0]["serial"] == "KX105"
    asked = {one["term"]: one["answer"] for one in alert["outcomes"][0]["reasons"]}
    assert asked.keys() < {term["term"] for term in terms} and {*asked.values()} == {""}
    assert json.loads(files["arms.json"])[0]["serial"] == "KX105"
    actions = [row[3] for row in json.loads(files["audit.json"])["records"]]
    assert {"alert.decide", "outcome.record", "outcome.confirm"} <= {*actions}


def test_the_checker_inside_runs_on_plain_python(case, tmp_path):
    _, _, _, made, digest = case
    (tmp_path / "b.zip").write_bytes(made)
    (tmp_path / "check.py").write_bytes(held(made)["check.py"])

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", "-S", "check.py", "b.zip", *more],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    assert run("--sha256", digest).returncode == 0
    assert run("--sha256", "0" * 64).returncode == 1
    (tmp_path / "b.zip").write_bytes(made[:300] + bytes([made[300] ^ 1]) + made[301:])
    done = run()
    assert done.returncode == 1 and "altered: README.txt, bytes 0 to" in done.stdout


def test_any_single_altered_byte_is_found_and_placed(case):
    *_, made, _ = case
    assert bundle_check.faults(made) == []
    chance = random.Random(9)
    tail = range(len(made) - 3000, len(made))  # manifest, directory and seal: every byte
    places = sorted({*range(0, len(made), 97), *tail, *chance.sample(range(len(made)), 500)})
    for place in places:
        altered = bytearray(made)
        altered[place] ^= 1 << chance.randrange(8)
        found = bundle_check.faults(bytes(altered))
        assert len(found) == 1, place
        _, first, last = found[0]
        assert first <= place <= last, place


@pytest.mark.parametrize(
    ("given", "code", "told"),
    [([], 2, "usage"), (["b.zip", "--sha256"], 2, "usage"), (["none.zip"], 2, "No such file"),
     (["empty.zip"], 1, "altered: seal"), (["noise.zip"], 1, "altered: seal")],
)  # fmt: skip
def test_the_checker_says_what_it_was_given(tmp_path, monkeypatch, capsys, given, code, told):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b.zip").write_bytes(b"")
    (tmp_path / "empty.zip").write_bytes(b"")
    (tmp_path / "noise.zip").write_bytes(random.Random(1).randbytes(5000))
    assert bundle_check.main(given) == code
    assert told in capsys.readouterr().out


def test_a_shortened_or_lengthened_bundle_is_found(case):
    *_, made, _ = case
    assert bundle_check.faults(made[:-1]) and bundle_check.faults(made + b"x")
    assert bundle_check.faults(made[1:]) and bundle_check.faults(b"")


def test_a_log_that_was_rewritten_under_new_digests_is_found(case):
    *_, made, _ = case
    files = {name: body for name, body in held(made).items() if name != "manifest.json"}
    log = json.loads(files["audit.json"])
    log["records"][0][2] = "somebody else"
    again = bundle.pack({**files, "audit.json": json.dumps(log).encode()})
    assert bundle_check.faults(again) == []
    assert bundle_check.log_faults(bundle_check.files(again)) == [
        f"audit record {log['records'][0][0]} does not fit its digest"
    ]


def test_the_audit_chain_holds_the_digest_and_the_purpose_is_asked(case):
    store, told, record, _, digest = case
    table = Audit.__table__
    with store.read() as connection:
        last = connection.execute(
            select(table.c.detail).where(table.c.action == "bundle.export")
        ).scalar_one()
    assert last["sha256"] == digest
    with pytest.raises(InputError, match="purpose"):
        bundle.export(store, told, SARA, record, " ", NOW)
    with pytest.raises(NotAllowed):
        bundle.export(store, told, INES, record, WHY, NOW)
    away, said = Actor("x", "supervisor", "XMNOR"), "there is no such record in your office"
    for actor, asked in ((SARA, "XM-nothing"), (away, "XM-nothing"), (away, record)):
        with pytest.raises(NotAllowed, match=f"^{asked}: {said}$"):  # whether there is one or not
            bundle.export(store, told, actor, asked, WHY, NOW)


def test_the_checker_needs_nothing_but_python():
    text = Path(bundle_check.__file__).read_text("utf-8")
    wanted = {line.split()[1] for line in text.splitlines() if line.startswith(("import", "from"))}
    assert wanted <= sys.stdlib_module_names


def test_what_was_found_stays_in_the_bundle_when_the_declaration_is_amended(case, tmp_path):
    store, told, record, made, _ = case
    table = factory.shipments(60).drop(columns=["source", "line", "warnings"])
    table = table[table["declaration_id"] == record.partition("@")[0]]
    amended = table.assign(goods_description="rifle receiver")
    amended.to_csv(tmp_path / "amended.csv", index=False)
    screen(store, told, OWNER, [tmp_path / "amended.csv"], Options(), later(hours=3))
    again, _ = bundle.export(store, told, SARA, record, WHY, later(hours=4))
    files, before = held(again), held(made)
    assert json.loads(files["alert.json"])["title"] == "rifle receiver"
    [earlier] = json.loads(files["earlier.json"])
    assert earlier["outcomes"] == json.loads(before["alert.json"])["outcomes"]
    assert json.loads(files["arms.json"]) == json.loads(before["arms.json"])
    actions = [row[3] for row in json.loads(files["audit.json"])["records"]]
    assert {"alert.decide", "outcome.record", "outcome.confirm"} <= {*actions}


def test_what_waited_for_a_view_before_it_was_amended_keeps_no_bundle_back(case, tmp_path):
    """Nobody can say a view of it any more."""
    store, told, *_ = case
    table = factory.shipments(61).drop(columns=["source", "line", "warnings"]).tail(1)
    blind.set_share(store, OWNER, 1.0, NOW)
    for hours, goods in ((5, "rifle receiver"), (6, "rifle stock")):
        table.assign(goods_description=goods).to_csv(tmp_path / "day.csv", index=False)
        screen(store, told, OWNER, [tmp_path / "day.csv"], Options(), later(hours=hours))
    alert = Alert.__table__
    with store.read() as connection:
        asked = select(alert.c.id, alert.c.record_id, alert.c.blind).order_by(alert.c.id.desc())
        (newest, record, waits), (_, _, waited) = connection.execute(asked.limit(2))
    assert waits == waited == blind.WAITING
    with pytest.raises(Conflict, match="waits for your own view"):
        bundle.export(store, told, SARA, record, WHY, later(hours=7))
    review.claim(store, INES, newest, later(hours=7))
    review.alert(store, INES, newest, later(hours=7))
    blind.say(store, INES, newest, "release", "papers agree", later(hours=7))
    made, _ = bundle.export(store, told, SARA, record, WHY, later(hours=8))
    [earlier] = json.loads(held(made)["earlier.json"])
    assert (earlier["title"], earlier["points"]) == ("rifle receiver", None)
    # The alert before may be of another office: that keeps what is its own.
    with store.write() as connection:
        connection.execute(update(alert).where(alert.c.id == newest - 1).values(office="XMNOR"))
    made, _ = bundle.export(store, told, SARA, record, WHY, later(hours=8))
    assert json.loads(held(made)["earlier.json"]) == []
    assert json.loads(held(made)["alert.json"])["changed"] is None


def test_a_stored_declaration_is_its_offices_own_and_every_look_counts(case):
    store, _, record, *_ = case
    *_, item = records.declaration(
        store, INES, record, "shipment", later(hours=30), looks_an_hour=0
    )
    assert item.declared["customs_office"] == HERE
    assert [one.account for one in looking.alarms(store, SARA, later(hours=30))] == ["ines"]
    with pytest.raises(RiskProfileError, match="no such declaration in your office"):
        records.declaration(store, Actor("x", "officer", "XMNOR"), record, "shipment", NOW)


def test_the_looks_of_an_export_count_by_the_setting(case):
    store, told, record, *_ = case
    strict = told.model_copy(update={"looks_an_hour": 1})
    before = looking.alarms(store, SARA, later(hours=40))
    bundle.export(store, strict, SARA, record, WHY, later(hours=40))
    [alarm] = [one for one in looking.alarms(store, SARA, later(hours=40)) if one not in before]
    assert (alarm.account, alarm.records, alarm.limit) == ("sara", 2, 1)


@EITHER
def test_of_what_is_declared_anew_elsewhere_a_bundle_tells_what_its_own_office_rated(bare, home):
    """Where it raised no alert anew, the newest alert is that of the office before."""
    govern.enable_profile(bare, OWNER, "traveller", "law of a test", "DPIA-1", NOW)
    for hour, place, goods in ((0, THERE, "pistol barrel"), (1, HERE, None)):
        table = factory.travellers(1, crossing_point=place, goods_declared=goods)
        path = factory.write(home.home / f"{hour}.csv", table)
        options = Options(profile="traveller", capacity=Capacity(0, random_share=0.0))
        screen(bare, home, OWNER, [path], options, later(hours=hour))
    away = Actor("x", "supervisor", THERE)
    made, _ = bundle.export(bare, home, away, "XC-000000", WHY, later(hours=2))
    alert, rating = (json.loads(held(made)[name]) for name in ("alert.json", "rating.json"))
    [declared] = json.loads(held(made)["declaration.json"])
    assert (rating["version"], rating["batch_id"]) == (declared["version"], alert["batch_id"])
    assert (rating["points"], rating["replayed_same"]) == (alert["points"], 1)
    with pytest.raises(NotAllowed):
        bundle.export(bare, home, SARA, "XC-000000", WHY, later(hours=2))


def test_a_bundle_explains_the_item_that_has_the_points_where_another_was_amended(bare, home):
    goods = ["rifle receiver", "plastic garden chairs"]
    first = factory.shipments(
        2, declaration_id="XN-1", item_number=[1, 2], goods_description=goods, carrier="CARR"
    )
    for hour, table in enumerate((first, first.tail(1).assign(goods_description="chairs"))):
        path = factory.write(home.home / f"{hour}.csv", table)
        options = Options(capacity=Capacity(5, random_share=0.0))
        screen(bare, home, OWNER, [path], options, later(hours=hour))
    alert = Alert.__table__.c
    with bare.read() as connection:
        record = connection.execute(select(alert.record_id).where(alert.version == 2)).scalar_one()
    made, _ = bundle.export(bare, home, SARA, record, WHY, later(hours=2))
    told, rating = (json.loads(held(made)[name]) for name in ("alert.json", "rating.json"))
    assert (rating["item"], rating["version"]) == (told["driver"], 1) == (1, 1)
    assert rating["points"] == told["points"]

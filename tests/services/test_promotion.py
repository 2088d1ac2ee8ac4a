"""Nobody's scorecard serves: two people sign the very bytes that rate."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from riskprofile.errors import Conflict, NotAllowed, PolicyError, ScorecardError, UsageError
from riskprofile.scoring import artefact
from riskprofile.services import govern, identity, promotion, replay, workers
from riskprofile.services.identity import OWNER, Actor, SignInRefused
from riskprofile.services.parties import Heard
from riskprofile.services.past import Folder
from riskprofile.services.rater import Rater
from riskprofile.services.raters import Raters
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.services.settings import CHECKOUT, Settings
from riskprofile.store import artefacts, audit, table_bytes
from riskprofile.store.database import Store
from riskprofile.store.spool import Spool
from tests import factory
from tests.listed import table
from tests.services.bench import NOW, later, of_two_at_once

ANNA = Actor("anna", "analyst")
SARA = Actor("sara", "supervisor")
MODELS = CHECKOUT / "models"
PASSWORDS = {"anna": "seven small boats", "sara": "nine quiet lamps"}
POINTERS = (artefacts.CURRENT, artefacts.LEARNT)
WHY = "officers see nonsense in the first lane"
HELD = [
    {"name": name, "held": True, "value": "-1 point", "bound": "-10 points"}
    for name in promotion.GATE_NAMES
]
SHIPPED = (MODELS / "shipment" / "CURRENT").read_text().strip()


def furnish(store: Store) -> Store:
    for actor in (ANNA, SARA):
        identity.add_account(
            store,
            OWNER,
            name=actor.name,
            role=actor.role,
            office=None,
            password=PASSWORDS[actor.name],
            now=NOW,
        )
    return store


@pytest.fixture
def people(any_store: Store) -> Store:
    return furnish(any_store)


def candidate(
    folder: Path,
    version: str = "2027.1",
    gates=HELD,
    base: int = 7,
    source: Path = MODELS / "shipment" / SHIPPED,
    beside: tuple[str, str] | None = None,
) -> Path:
    """A folder like those of `riskprofile-train fit`: what ships, with another base.

    `beside` is version and digest of what its gates were measured beside, as its recipe says.
    """
    files = {
        path.name: path.read_bytes() for path in source.iterdir() if path.name != artefact.MANIFEST
    }
    structure = json.loads(files["scorecard.json"])
    structure |= {"version": version, "base": structure["base"] + base}
    files["scorecard.json"] = json.dumps(structure).encode()
    if gates is not None:
        files[promotion.GATES] = json.dumps({"gates": gates}).encode()
    if beside is not None:
        told = {"from_version": beside[0], "from_digest": beside[1]}
        files[promotion.RECIPE] = json.dumps(told).encode()
    made = folder / version
    made.mkdir()
    for name, content in {**files, artefact.MANIFEST: artefact.manifest(files)}.items():
        (made / name).write_bytes(content)
    return made


def sign(store: Store, who: Actor, version: str = "2027.1", now=NOW) -> promotion.Signed:
    return promotion.sign(store, who, PASSWORDS[who.name], "shipment", version, now, MODELS)


def promoted(store: Store, folder: Path, version: str = "2027.1", base: int = 7) -> str:
    promotion.propose(store, ANNA, candidate(folder, version, base=base), NOW, MODELS)
    sign(store, ANNA, version)
    return sign(store, SARA, version).digest


def serves(store: Store) -> str:
    return promotion.serving(store, MODELS, "shipment").version


def test_the_second_signature_is_what_makes_it_serve(people: Store, tmp_path: Path) -> None:
    promotion.propose(people, ANNA, candidate(tmp_path), NOW, MODELS)
    assert serves(people) == SHIPPED
    first = sign(people, ANNA)
    assert (first.serves, first.signed_by) == (False, ("anna",))
    assert serves(people) == SHIPPED
    second = sign(people, SARA)
    assert (second.serves, second.signed_by) == (True, ("anna", "sara"))
    assert serves(people) == "2027.1"
    told = [one for one in promotion.known(people, SARA, MODELS) if one.serves]
    [told] = [one for one in told if one.profile == "shipment"]
    assert (told.version, told.origin, told.proposed_by) == ("2027.1", "proposed", "anna")
    with people.read() as connection:
        assert audit.verify(connection).ok


def test_a_signature_says_who_as_what_when_and_with_which_key(
    people: Store, tmp_path: Path
) -> None:
    promotion.propose(people, ANNA, candidate(tmp_path), NOW, MODELS)
    sign(people, ANNA)
    [mine] = [one for one in promotion.known(people, SARA, MODELS) if one.version == "2027.1"]
    [signature] = mine.signatures
    assert (signature.account, signature.role, signature.at) == ("anna", "analyst", NOW)
    with people.read() as connection:
        key = connection.execute(text("SELECT public_key FROM signer")).scalar_one()
    assert signature.key == key and mine.signed_by == ("anna",)


def test_what_lies_behind_is_named_before_anybody_goes_back(people: Store, tmp_path: Path) -> None:
    def behind() -> str | None:
        return promotion.behind(people, SARA, MODELS, "shipment")

    assert behind() is None  # nothing was promoted
    promoted(people, tmp_path, "2027.1")
    assert behind() == SHIPPED
    promoted(people, tmp_path, "2027.2", base=9)
    assert behind() == "2027.1"
    promotion.rollback(people, SARA, "shipment", "officers see nonsense there", NOW, MODELS)
    assert (serves(people), behind()) == ("2027.1", SHIPPED)


def test_one_person_is_never_two(people: Store, tmp_path: Path) -> None:
    promotion.propose(people, ANNA, candidate(tmp_path), NOW, MODELS)
    sign(people, ANNA)
    with pytest.raises(Conflict, match="you have signed"):
        sign(people, ANNA)
    identity.set_password(people, OWNER, "anna", "other words entirely", NOW)
    with pytest.raises(Conflict, match="you have signed"):
        promotion.sign(people, ANNA, "other words entirely", "shipment", "2027.1", NOW, MODELS)
    assert serves(people) == SHIPPED


def test_what_is_signed_is_what_was_shown(people: Store, tmp_path: Path) -> None:
    """Another scorecard, whole in itself, is put in its place between the look and the password."""
    promotion.propose(people, ANNA, candidate(tmp_path), NOW, MODELS)
    [shown] = [one for one in promotion.known(people, ANNA, MODELS) if one.version == "2027.1"]
    (tmp_path / "other").mkdir()
    files = artefacts.read(candidate(tmp_path / "other", base=9))
    other = artefact.parse(files, "other").digest
    with people.write() as connection:
        connection.execute(
            text("UPDATE scorecard SET digest = :d, files = :f"),
            {"d": other, "f": artefacts.to_archive(files)},
        )
    for who in (ANNA, SARA):
        with pytest.raises(ScorecardError, match="not what was shown"):
            promotion.sign(
                people, who, PASSWORDS[who.name], "shipment", "2027.1", NOW, MODELS,
                shown=shown.digest,
            )  # fmt: skip
    with people.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM approval")).scalar_one() == 0
        assert connection.execute(text("SELECT count(*) FROM signer")).scalar_one() == 0
    assert serves(people) == SHIPPED


def test_a_signature_takes_the_password_again(people: Store, tmp_path: Path) -> None:
    promotion.propose(people, ANNA, candidate(tmp_path), NOW, MODELS)
    with pytest.raises(SignInRefused, match="not your password"):
        promotion.sign(people, SARA, "seven small boats", "shipment", "2027.1", NOW, MODELS)
    for _ in range(4):
        with pytest.raises(SignInRefused):
            promotion.sign(people, SARA, "no", "shipment", "2027.1", NOW, MODELS)
    with pytest.raises(SignInRefused, match="too many"):
        sign(people, SARA)
    assert sign(people, SARA, now=later(minutes=16)).signed_by == ("sara",)


def test_after_a_new_password_a_new_key_signs_and_old_signatures_hold(
    people: Store, tmp_path: Path
) -> None:
    promotion.propose(people, ANNA, candidate(tmp_path), NOW, MODELS)
    sign(people, ANNA)
    promotion.propose(people, ANNA, candidate(tmp_path, "2027.2"), NOW, MODELS)
    identity.set_password(people, OWNER, "anna", "other words entirely", later(hours=1))
    signed = promotion.sign(
        people, ANNA, "other words entirely", "shipment", "2027.2", later(hours=2), MODELS
    )
    assert signed.signed_by == ("anna",)
    assert sign(people, SARA, now=later(hours=3)).signed_by == ("anna", "sara")


def test_a_signature_of_a_machine_whose_clock_is_ahead_outlives_the_key(
    people: Store, tmp_path: Path
) -> None:
    """The scorecard that serves stopped the rating once its signer had a new password and key."""
    promotion.propose(people, ANNA, candidate(tmp_path), NOW, MODELS)
    sign(people, ANNA, now=later(hours=5))  # by a clock that is five hours ahead
    sign(people, SARA)
    promotion.propose(people, ANNA, candidate(tmp_path, "2027.2"), NOW, MODELS)
    identity.set_password(people, OWNER, "anna", "other words entirely", later(hours=1))
    promotion.sign(
        people, ANNA, "other words entirely", "shipment", "2027.2", later(hours=2), MODELS
    )
    assert serves(people) == "2027.1"


def test_without_measured_gates_or_with_a_closed_one_nothing_is_proposed(
    people: Store, tmp_path: Path
) -> None:
    closed = [{**HELD[0], "held": False, "value": "-14 points"}, *HELD[1:]]
    with pytest.raises(ScorecardError, match="nobody measured"):
        promotion.propose(people, ANNA, candidate(tmp_path, "1", gates=None), NOW, MODELS)
    with pytest.raises(ScorecardError, match="nobody measured"):
        promotion.propose(people, ANNA, candidate(tmp_path, "2", gates=[]), NOW, MODELS)
    with pytest.raises(PolicyError, match="recall by typology, generator: -14 points"):
        promotion.propose(people, ANNA, candidate(tmp_path, "3", gates=closed), NOW, MODELS)
    unsigned = [{**closed[0], "waived_by": "sara", "waiver": " "}, *HELD[1:]]
    with pytest.raises(PolicyError):
        promotion.propose(people, ANNA, candidate(tmp_path, "4", gates=unsigned), NOW, MODELS)
    waived = [{**closed[0], "waived_by": "sara", "waiver": "the lane is closed since May"}]
    waived += HELD[1:]
    promotion.propose(people, ANNA, candidate(tmp_path, "5", gates=waived), NOW, MODELS)


@pytest.mark.parametrize("left_out", promotion.GATE_NAMES)
def test_each_gate_has_to_be_measured(people: Store, tmp_path: Path, left_out: str) -> None:
    """A folder in which only those that held are told is one of which nobody knows the others."""
    some = [one for one in HELD if one["name"] != left_out]
    with pytest.raises(ScorecardError, match=f"nobody measured '{left_out}'"):
        promotion.propose(people, ANNA, candidate(tmp_path, gates=some), NOW, MODELS)


def test_a_version_is_one_scorecard_for_ever(people: Store, tmp_path: Path) -> None:
    folder = candidate(tmp_path)
    digest = promotion.propose(people, ANNA, folder, NOW, MODELS)
    assert promotion.propose(people, ANNA, folder, NOW, MODELS) == digest
    (tmp_path / "other").mkdir()
    with pytest.raises(Conflict, match="another scorecard"):
        promotion.propose(people, ANNA, candidate(tmp_path / "other", base=9), NOW, MODELS)
    with pytest.raises(ScorecardError, match="was proposed here"):
        sign(people, ANNA, "2031.1")


def test_rolling_back_goes_one_step_at_a_time_to_what_ships(people: Store, tmp_path: Path) -> None:
    promoted(people, tmp_path)
    promoted(people, tmp_path, "2027.2", base=9)
    with pytest.raises(UsageError, match="reason"):
        promotion.rollback(people, SARA, "shipment", "bad", NOW, MODELS)
    with pytest.raises(Conflict, match=r"the way back leads to 2027\.1"):
        promotion.rollback(people, SARA, "shipment", WHY, NOW, MODELS, shown=SHIPPED)
    assert serves(people) == "2027.2"
    for taken, expected in (("2027.2", "2027.1"), ("2027.1", SHIPPED)):
        done = promotion.rollback(people, SARA, "shipment", WHY, NOW, MODELS)
        assert (done.taken, done.served) == (taken, True)
        assert (done.scorecard.version, serves(people)) == (expected, expected)
    with pytest.raises(Conflict, match="nothing was promoted"):
        promotion.rollback(people, SARA, "shipment", WHY, NOW, MODELS)
    for version in ("2027.1", "2027.2"):
        with pytest.raises(Conflict, match=f"{version} was promoted before"):
            sign(people, ANNA, version)
        with pytest.raises(Conflict, match=f"{version} was promoted before"):
            promotion.propose(people, ANNA, tmp_path / version, NOW, MODELS)
    told = {one.version: one.promoted for one in promotion.known(people, SARA, MODELS)}
    assert told["2027.1"] and told["2027.2"] and not told[SHIPPED]
    kinds = [one.kind for one in promotion.promotions(people, SARA, "shipment")]
    assert kinds == ["rollback", "rollback", "promote", "promote"]


@pytest.mark.slow
@pytest.mark.parametrize("any_store", ["postgresql"], indirect=True)
def test_of_two_at_once_one_proposes_signs_or_goes_back_and_the_other_finds_it_done(
    people: Store, tmp_path: Path
) -> None:
    folder = candidate(tmp_path)

    def propose(name: str) -> object:
        return promotion.propose(people, Actor(name, "analyst"), folder, NOW, MODELS)

    assert of_two_at_once(people, propose) == []
    [said] = of_two_at_once(people, lambda name: sign(people, ANNA))
    assert isinstance(said, Conflict) and said.holder == ANNA.name
    sign(people, SARA)
    promoted(people, tmp_path, "2027.2", base=9)

    def back(name: str) -> object:
        return promotion.rollback(people, SARA, "shipment", WHY, NOW, MODELS, shown="2027.1")

    [said] = of_two_at_once(people, back)
    assert isinstance(said, Conflict) and f"leads to {SHIPPED}" in str(said)
    assert serves(people) == "2027.1"


def test_officers_neither_propose_nor_sign(people: Store, tmp_path: Path) -> None:
    officer = Actor("omar", "officer")
    with pytest.raises(NotAllowed):
        promotion.propose(people, officer, candidate(tmp_path), NOW, MODELS)
    with pytest.raises(NotAllowed):
        promotion.sign(people, officer, "x", "shipment", "2027.1", NOW, MODELS)


@pytest.mark.parametrize(
    "tamper",
    [
        "DELETE FROM approval WHERE account = 'sara'",
        "UPDATE approval SET account = 'omar' WHERE account = 'sara'",
        "UPDATE approval SET signature = (SELECT signature FROM approval WHERE account = 'anna')",
        "UPDATE signer SET public_key = (SELECT public_key FROM signer WHERE account = 'anna')",
        "UPDATE promotion SET version = '2027.9'",
        "DELETE FROM promotion",
        "UPDATE signer SET revoked_at = '2020-01-01 00:00:00+00:00'",
    ],
)
def test_what_was_tampered_with_in_the_database_does_not_serve(
    people: Store, tmp_path: Path, tamper: str
) -> None:
    promoted(people, tmp_path)
    with people.write() as connection:
        connection.execute(text(tamper))
    with pytest.raises(ScorecardError):
        serves(people)


def test_taking_back_a_promotion_row_does_not_bring_the_older_back(
    people: Store, tmp_path: Path
) -> None:
    promoted(people, tmp_path)
    promoted(people, tmp_path, "2027.2", base=9)
    with people.write() as connection:
        connection.execute(text("DELETE FROM promotion WHERE version = '2027.2'"))
    with pytest.raises(ScorecardError, match="not the one promoted last"):
        serves(people)


@pytest.mark.parametrize(
    ("tamper", "fault"),
    [
        ("UPDATE scorecard SET files = :files", r"scorecard shipment 2027\.1: tables\S* .*altered"),
        ("UPDATE scorecard SET files = X'31'", r"2027\.1: the stored scorecard cannot be read"),
        ("UPDATE scorecard SET digest = 'd'", r"2027\.1: it is not in the database any more"),
        ("UPDATE signer SET revoked_at = '2020-01-01 00:00:00+00:00'", "not signed by 2 people"),
    ],
)
def test_of_scores_by_a_promoted_scorecard_that_was_altered_replay_says_to_restore_the_database(
    bare: Store, home: Settings, tmp_path: Path, tamper: str, fault: str
) -> None:
    promoted(furnish(bare), tmp_path)
    day = factory.write(tmp_path / "day.csv", factory.shipments(8))
    screen(bare, home, OWNER, [day], Options(), NOW)
    with bare.write() as connection:
        held = connection.execute(text("SELECT files FROM scorecard")).scalar_one()
        files = artefacts.from_archive(bytes(held), "")
        tables = next(name for name in files if name.startswith("tables"))
        files[tables] = files[tables][:-1] + b"!"
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        given = {"files": artefacts.to_archive(files)} if ":files" in tamper else {}
        connection.execute(text(tamper), given)
        connection.execute(text("UPDATE approval SET digest = (SELECT digest FROM scorecard)"))
    told = replay.replay(bare, home.models)
    assert [*told.missing.values()] == [8] and re.search(fault, next(iter(told.missing)))
    assert [*told.mend.values()] == ["Restore the database from its backup"]
    for ask in (replay.replay, replay.explain):
        with pytest.raises(ScorecardError, match=f"{fault}.*Restore the database from its backup"):
            ask(bare, home.models, "XM-000003")


@pytest.fixture
def serving_store(store: Store, tmp_path: Path) -> Iterator[tuple[Store, bytes]]:
    digest = promoted(furnish(store), tmp_path)
    with store.read() as connection:
        content = connection.execute(
            text("SELECT files FROM scorecard WHERE digest = :d"), {"d": digest}
        ).scalar_one()
    yield store, bytes(content)


def refused(store: Store, content: bytes) -> bool:
    with store.write() as connection:
        connection.execute(text("UPDATE scorecard SET files = :f"), {"f": content})
    try:
        serves(store)
    except ScorecardError:
        return True
    return False


def test_no_damaged_or_swapped_byte_serves(serving_store: tuple[Store, bytes]) -> None:
    store, good = serving_store
    draw = random.Random(7)
    files = artefacts.from_archive(good, "")
    held, tried = 0, 0
    for n in range(200):
        kind = n % 4
        if kind == 0:  # the archive cut
            bad = good[: draw.randrange(len(good))]
        elif kind == 1:  # a file's bit turned
            name = draw.choice(sorted(files))
            content = bytearray(files[name])
            content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
            bad = artefacts.to_archive({**files, name: bytes(content)})
        elif kind == 2:  # a file gone
            name = draw.choice(sorted(files))
            bad = artefacts.to_archive({k: v for k, v in files.items() if k != name})
        else:  # a file put beside
            bad = artefacts.to_archive({**files, f"x{n}.json": b"{}"})
        tried += 1
        held += refused(store, bad)
    assert (held, tried) == (200, 200)
    assert not refused(store, good)


def test_a_manifest_made_anew_for_altered_tables_is_not_what_was_signed(
    serving_store: tuple[Store, bytes],
) -> None:
    store, good = serving_store
    files = artefacts.from_archive(good, "")
    structure = json.loads(files["scorecard.json"])
    structure["base"] -= 500
    files["scorecard.json"] = json.dumps(structure).encode()
    del files[artefact.MANIFEST]
    files[artefact.MANIFEST] = artefact.manifest(files)
    assert refused(store, artefacts.to_archive(files))


def test_a_link_in_a_proposed_folder_is_refused(people: Store, tmp_path: Path) -> None:
    folder = candidate(tmp_path)
    shutil.move(folder / "tables.npz", tmp_path / "elsewhere.npz")
    (folder / "tables.npz").symlink_to(tmp_path / "elsewhere.npz")
    with pytest.raises(ScorecardError, match="is a link"):
        promotion.propose(people, ANNA, folder, NOW, MODELS)


def test_signed_or_not_nothing_learnt_rates_travellers_before_a_law_for_it_is_named(
    people: Store, tmp_path: Path
) -> None:
    def serving() -> str:
        return promotion.serving(people, MODELS, "traveller").version

    written, learnt = ((MODELS / "traveller" / name).read_text().strip() for name in POINTERS)
    assert serving() == written
    folder = candidate(tmp_path, source=MODELS / "traveller" / learnt)
    promotion.propose(people, ANNA, folder, NOW, MODELS)
    for who in (ANNA, SARA):
        promotion.sign(people, who, PASSWORDS[who.name], "traveller", "2027.1", NOW, MODELS)
    assert serving() == written
    govern.enable_profile(people, OWNER, "traveller", "Act 1", "IA-1", NOW, learnt=True)
    assert serving() == "2027.1"
    govern.enable_profile(people, OWNER, "traveller", "Act 1", "IA-1", NOW)
    assert serving() == written
    done = promotion.rollback(people, SARA, "traveller", WHY, NOW, MODELS)
    assert (done.taken, done.served, done.scorecard.version) == ("2027.1", False, written)
    assert serving() == written
    govern.enable_profile(people, OWNER, "traveller", "Act 1", "IA-1", NOW, learnt=True)
    assert serving() == learnt


def test_a_good_scorecard_takes_the_place_of_a_damaged_one(people: Store, tmp_path: Path) -> None:
    """Fitted beside it while it was whole; one fitted beside another is still refused."""
    ships = promotion.serving(people, MODELS, "shipment").digest
    digest = promoted(people, tmp_path)
    with people.write() as connection:
        connection.execute(text("UPDATE scorecard SET files = :f"), {"f": b"of a damaged disk"})
    with pytest.raises(ScorecardError):
        serves(people)
    for late, beside in (("2027.2", ("2026.1", "f" * 64)), ("2027.4", (SHIPPED, ships))):
        with pytest.raises(ScorecardError):
            folder = candidate(tmp_path, late, beside=beside)
            promotion.propose(people, ANNA, folder, NOW, MODELS)
    good = candidate(tmp_path, "2027.3", base=9, beside=("2027.1", digest))
    promotion.propose(people, ANNA, good, NOW, MODELS)
    sign(people, ANNA, "2027.3")
    assert sign(people, SARA, "2027.3").serves and serves(people) == "2027.3"


def test_a_good_scorecard_takes_the_place_of_one_that_ships_and_is_damaged(
    people: Store, tmp_path: Path
) -> None:
    ships = promotion.serving(people, MODELS, "shipment").digest
    good = candidate(tmp_path, "2027.1", beside=(SHIPPED, ships))
    nowhere = tmp_path / "models"
    with pytest.raises(ScorecardError):
        promotion.rollback(people, SARA, "shipment", WHY, NOW, nowhere)
    promotion.propose(people, ANNA, good, NOW, nowhere)
    for who in (ANNA, SARA):
        promotion.sign(people, who, PASSWORDS[who.name], "shipment", "2027.1", NOW, nowhere)
    assert promotion.serving(people, nowhere, "shipment").version == "2027.1"


@pytest.mark.parametrize("release", ["this", "former"])
def test_an_item_that_another_scorecard_rated_is_ranked_by_the_one_of_the_list(
    bare: Store, home: Settings, tmp_path: Path, release: str
) -> None:
    """Its declaration gets another item after a promotion; or after an upgrade, whose scorecard
    asks what the former did not: that is missing."""
    items = factory.shipments(2, goods_description=["pistol slides and barrels", "garden chairs"])
    items["declaration_id"], items["item_number"] = "X1", [1, 2]

    def listed(item: int) -> dict[str, Any]:
        path = factory.write(tmp_path / f"{item}.csv", items[item : item + 1])
        run = screen(bare, home, OWNER, [path], Options(), later(hours=item))
        (row,) = table(bare, run.ranked, "all").to_dict("records")
        return row

    before = listed(0)
    promoted(furnish(bare), tmp_path)
    if release == "former":
        with bare.write() as connection:
            (features,) = connection.execute(text("SELECT features FROM chunk")).scalars()
            log = table_bytes.from_bytes(features).drop(columns="consignor_age")
            given = {"f": table_bytes.to_bytes(log)}
            connection.execute(text("UPDATE chunk SET features = :f"), given)
    after = listed(1)
    assert (before["driver"], after["driver"], after["model_version"]) == (1, 1, "2027.1")
    if release == "this":
        assert after["points"] == before["points"] + 7
    told = [*after["reasons"], *after["against"]]
    assert after["points"] == sum(one["points"] for one in told)


def test_a_process_of_a_run_that_starts_after_a_promotion_rates_as_the_run_began(
    bare: Store, home: Settings, tmp_path: Path
) -> None:
    """Else one list were rated by two scorecards."""

    class Asked:
        def work(self, rater: Rater) -> str:
            return rater.scorecard.version

    raters = Raters(home.database_url, home.models, NOW, Folder(tmp_path), Heard(Spool()))
    opened = raters.elsewhere("shipment")
    promoted(furnish(bare), tmp_path)
    assert serves(bare) == "2027.1"
    for version, opens in ((SHIPPED, opened), ("2027.1", replace(opened, **later_one(bare)))):
        assert workers.work(workers.Task(opens, Asked())) == version


def later_one(store: Store) -> dict[str, str]:
    card = promotion.serving(store, MODELS, "shipment")
    return {"version": card.version, "digest": card.digest}


def test_what_was_measured_beside_another_than_serves_now_is_neither_signed_nor_proposed(
    people: Store, tmp_path: Path
) -> None:
    """Two fits from what ships; once one of them serves, the gates of the other are of the past."""
    ships = promotion.serving(people, MODELS, "shipment").digest
    for version in ("2027.1", "2027.2"):
        folder = candidate(tmp_path, version, beside=(SHIPPED, ships))
        promotion.propose(people, ANNA, folder, NOW, MODELS)
        sign(people, ANNA, version)
    sign(people, SARA, "2027.1")
    with pytest.raises(Conflict, match=rf"2027\.2 were measured beside {SHIPPED}, and 2027\.1"):
        sign(people, SARA, "2027.2")
    assert serves(people) == "2027.1"
    late = candidate(tmp_path, "2027.3", beside=(SHIPPED, ships))
    with pytest.raises(Conflict, match="Fit anew"):
        promotion.propose(people, ANNA, late, NOW, MODELS)
    told = {one.version: one for one in promotion.known(people, SARA, MODELS)}
    assert told["2027.2"].beside == SHIPPED and told["2027.2"].overtaken
    assert told["2027.2"].signed_by == ("anna",)  # nothing of what was refused is kept
    assert not told["2027.1"].overtaken
    promotion.rollback(people, SARA, "shipment", WHY, NOW, MODELS)
    assert sign(people, SARA, "2027.2").serves  # what it was measured beside serves again

"""The dossier is made from what is there; what is missing is a fault or a question by name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from riskprofile.errors import InputError, RiskProfileError
from riskprofile.scoring import artefact
from riskprofile.services import govern, settings
from riskprofile.services.identity import OWNER
from riskprofile.services.promotion import GATES, GROUPS, Gate
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.services.settings import CHECKOUT, Settings
from riskprofile.services.tally import Line
from riskprofile.store import artefacts
from riskprofile.store.database import Store
from tests import factory
from training import dossier, report

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
LEARNT = CHECKOUT / "models" / "shipment" / "2026.11.4"
WRITTEN = CHECKOUT / "models" / "traveller" / "2026.11.1-criteria"
PARTS = (
    "Model card",
    "Datasheet",
    "Technical file",
    "Assessment of the impact on fundamental rights",
    "How often alerts were right",
)

pytestmark = pytest.mark.xdist_group("dossier")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Settings]]:
    """An installation in which nothing has happened yet."""
    made = settings.load({}, home=tmp_path_factory.mktemp("dossier") / "home")
    store = settings.open_store(made)
    yield store, made
    store.close()


def make(home: tuple[Store, Settings], folder: Path, **answers: str) -> dossier.Dossier:
    return dossier.make(*home, OWNER, folder, NOW, answers)


@pytest.fixture(scope="module", params=[LEARNT, WRITTEN], ids=lambda path: path.name)
def made(request: pytest.FixtureRequest, home: tuple[Store, Settings]) -> dossier.Dossier:
    return make(home, request.param)


def test_every_part_and_every_section_has_something_under_it(made: dossier.Dossier) -> None:
    _, *parts = re.findall(r"^# (.*)$", made.text, re.M)
    assert parts == [f"Part {n}. {title}" for n, title in enumerate(PARTS, start=1)]
    assert dossier.empty_sections(made.text) == []
    for point in range(1, 10):  # of Annex IV
        assert re.search(rf"^## {point}\. \w", made.text, re.M), point
    for letter in "abcdef":  # of Article 27
        assert re.search(rf"^## {letter}\. \w", made.text, re.M), letter
    assert "{{" not in made.text and "None" not in made.text


def test_a_section_that_loses_its_content_is_named(made: dossier.Dossier) -> None:
    titles = re.findall(r"^##+ (.*)$", made.text, re.M)
    assert len(titles) > 20
    for title in titles:
        head = re.escape(title)
        bare = re.sub(rf"(^(#+) {head}\n)(?:(?!^#).*\n?)*", r"\1\n", made.text, flags=re.M)
        parent = re.search(rf"^## {head}\n+###", bare, re.M)  # what stands below it still counts
        assert (title in dossier.empty_sections(bare)) != bool(parent), title


def altered(folder: Path, **changed: bytes) -> Path:
    """The written criteria with other files, under a manifest of their own."""
    files = {k: v for k, v in artefacts.read(WRITTEN).items() if k != artefact.MANIFEST}
    files |= changed
    told = json.loads((WRITTEN / artefact.MANIFEST).read_text())
    listed = artefact.manifest(
        files, **{key: told[key] for key in ("profile", "version", "data_digest", "features")}
    )
    for name, content in {**files, artefact.MANIFEST: listed}.items():
        (folder / name).write_bytes(content)
    return folder


def test_a_card_with_an_empty_section_makes_no_dossier(
    home: tuple[Store, Settings], tmp_path: Path
) -> None:
    card = (WRITTEN / "card.md").read_bytes() + b"\n## What it cannot show\n\n"
    with pytest.raises(RiskProfileError, match="nothing under What it cannot show"):
        make(home, altered(tmp_path, **{"card.md": card}))


def test_beside_which_version_it_was_evaluated_is_told(
    home: tuple[Store, Settings], tmp_path: Path
) -> None:
    folder = altered(tmp_path)
    head = "# Evaluation of traveller 2026.11.1-criteria beside 2026.10.9"
    (folder / report.FILE).write_text(f"{head}\n\n## On own outcomes, 5.0% inspected\n\nNone.\n")
    text = make(home, folder).text
    assert "evaluated beside 2026.10.9" in text and "### On own outcomes" in text


def test_groups_of_people_that_a_gate_measured_are_told(
    home: tuple[Store, Settings], tmp_path: Path
) -> None:
    gate = Gate(GROUPS, True, "born 1990s bears 0.90 times", "0.8 to 1.25 times")
    measured = json.dumps({"gates": [asdict(gate)]}).encode()
    folder = altered(tmp_path, **{GATES: measured})
    told = " ".join(make(home, folder).text.split())
    assert "By groups of people: on declarations of the generator, born 1990s bears 0.90" in told
    assert "not measured for this scorecard" not in told


def test_it_tells_under_which_laws_travellers_were_rated_and_since_when(tmp_path: Path) -> None:
    """What serves changes with the law as well as with a promotion."""
    made = settings.load({}, home=tmp_path / "home")
    store = settings.open_store(made)
    before = make((store, made), WRITTEN).text
    govern.enable_profile(store, OWNER, "traveller", "Act 1", "IA-1", NOW)
    later = NOW + timedelta(days=1)
    govern.enable_profile(store, OWNER, "traveller", "Act 1a", "IA-2", later, learnt=True)
    text = make((store, made), WRITTEN).text
    govern.disable_profile(store, OWNER, "traveller", later)
    off = make((store, made), WRITTEN).text
    store.close()
    assert f"| 2026-11-24 09:00 UTC | on | {OWNER.name} | Act 1 | IA-1 |  |" in text
    assert f"| 2026-11-25 09:00 UTC | on | {OWNER.name} | Act 1a | IA-2 | allowed |" in text
    assert "Act 1a, for a learnt scorecard too; assessment IA-2." in text
    assert f"| 2026-11-25 09:00 UTC | off | {OWNER.name} |  |  |  |" in off
    assert "switched on and off" not in before


def test_what_was_loaded_as_past_is_not_told_as_rated(tmp_path: Path) -> None:
    made = settings.load({}, home=tmp_path / "home")
    store = settings.open_store(made)
    path = tmp_path / "rows.parquet"
    for rows, past in ((40, True), (1, False)):
        factory.shipments(rows, customs_office="XMAIR" if past else "XMPME").to_parquet(path)
        screen(store, made, OWNER, [path], Options(history=past), NOW)
        told = make((store, made), LEARNT).text
        assert ("Nothing has been rated here yet." in told) == past
    assert "1 run rated 1 row on 2026-11-24." in told
    with pytest.MonkeyPatch.context() as patch:  # what was rated lies behind the newest batches
        patch.setattr(govern, "NEWEST", 1)
        later = NOW + timedelta(hours=1)
        screen(store, made, OWNER, [path], Options(history=True, again=True), later)
        told = make((store, made), LEARNT).text
    store.close()
    assert "None of the newest 1,000 batches rated a row of this kind." in told
    assert "Nothing has been rated" not in told


def test_what_only_people_know_is_asked_and_the_answers_are_taken_in(
    home: tuple[Store, Settings], tmp_path: Path
) -> None:
    first = make(home, WRITTEN)
    assert first.open == list(first.asks) and len(first.asks) >= 15
    for key in first.asks:
        assert f"**Open question `{key}`.**" in first.text
    assert f"**{len(first.asks)} of {len(first.asks)} questions are open.**" in first.text
    dossier.write(first, tmp_path)
    kept = json.loads((tmp_path / dossier.ANSWERS).read_text())
    kept["provider"]["answer"] = "The Customs Administration of Meridia"
    (tmp_path / dossier.ANSWERS).write_text(json.dumps(kept))
    again = make(home, WRITTEN, **dossier.answers_in(tmp_path))
    assert "The Customs Administration of Meridia" in again.text
    assert again.open == [key for key in first.asks if key != "provider"]
    (tmp_path / dossier.ANSWERS).write_text('{"provider": 1}')
    with pytest.raises(InputError, match="the answers cannot be read"):
        dossier.answers_in(tmp_path)


def test_what_people_answered_outlives_a_disk_that_is_full(
    made: dossier.Dossier, tmp_path: Path
) -> None:
    resource = pytest.importorskip("resource")
    dossier.write(made, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        room = len(before[dossier.ANSWERS]) - 1
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, limit[1]))
        with pytest.raises(OSError, match="File too large"):
            dossier.write(replace(made, text="anew"), tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert after == {**before, dossier.TEXT: b"anew"}


def test_a_ledger_that_does_not_add_up_makes_no_dossier() -> None:
    whole = Line("all", "all", 10, 2, 3, 1, 4)
    parts = [Line("lane", "red", 6, 2, 3, 1, 0), Line("lane", "yellow", 4, 0, 0, 0, 4)]
    dossier.require_sums([whole, *parts])
    with pytest.raises(RiskProfileError, match="lane"):
        dossier.require_sums([whole, parts[0]])
    with pytest.raises(RiskProfileError, match="lane yellow"):
        dossier.require_sums([whole, parts[0], replace(parts[1], refuted=1)])


def test_the_register_of_risks_is_read_as_it_stands() -> None:
    path = CHECKOUT / "risks.yaml"
    for ours, theirs in zip(
        dossier.risks(path), yaml.safe_load(path.read_text("utf-8")), strict=True
    ):
        assert ours["id"] == theirs["id"] and ours["risk"] == theirs["risk"]
        assert ours["answer"] == " ".join(theirs["answer"].split())
        assert ours["open"] == theirs.get("open", "")
        assert ours["tests"] == len(theirs.get("tests", []))
    assert dossier.risks(path.with_name("none.yaml")) == []

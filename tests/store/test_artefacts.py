"""What nobody vouched for does not serve."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from riskprofile.errors import ScorecardError
from riskprofile.scoring import artefact
from riskprofile.services.settings import CHECKOUT
from riskprofile.store import artefacts


@pytest.fixture
def models(tmp_path: Path) -> Path:
    shutil.copytree(CHECKOUT / "models", tmp_path / "models")
    return tmp_path / "models"


def version_of(models: Path) -> Path:
    return models / "shipment" / (models / "shipment" / "CURRENT").read_text().strip()


def test_what_ships_is_trusted(models: Path) -> None:
    for profile in ("shipment", "traveller"):
        assert artefacts.serving(models, profile).digest in artefacts.trusted()


def test_a_scorecard_holds_points_and_no_threshold(models: Path) -> None:
    """What is red is cut by the offices' capacity: no promotion can move it along."""
    held = {"base", "examined", "features", "lowest", "norms", "profile", "schema", "terms"}
    for path in models.rglob("scorecard.json"):
        told = json.loads(path.read_text("utf-8"))
        assert set(told) <= held | {"criteria", "version", "wording"}, path


def test_travellers_are_rated_by_written_criteria_until_a_learnt_scorecard_is_asked_for(
    models: Path,
) -> None:
    written = artefacts.serving(models, "traveller")
    assert all(term.criterion for term in written.terms) and written.wording is None
    learnt = artefacts.serving(models, "traveller", learnt=True)
    assert not any(term.criterion for term in learnt.terms)
    # Where nothing is written, what serves is the same either way.
    goods = [artefacts.serving(models, "shipment", learnt=one).digest for one in (False, True)]
    assert goods[0] == goods[1]


def test_a_scorecard_resigned_by_nobody_is_refused(models: Path) -> None:
    folder = version_of(models)
    files = {
        path.name: path.read_bytes() for path in folder.iterdir() if path.name != artefact.MANIFEST
    }
    files["scorecard.json"] = files["scorecard.json"].replace(b'"base": -', b'"base": -9', 1)
    (folder / "scorecard.json").write_bytes(files["scorecard.json"])
    (folder / artefact.MANIFEST).write_bytes(artefact.manifest(files))
    with pytest.raises(ScorecardError, match="not trusted"):
        artefacts.serving(models, "shipment")


@pytest.mark.parametrize("name", ["scorecard.json", "tables.npz", "wording.json", "card.md"])
def test_an_altered_or_missing_file_is_named(models: Path, name: str) -> None:
    path = version_of(models) / name
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    with pytest.raises(ScorecardError, match=name):
        artefacts.serving(models, "shipment")
    path.unlink()
    with pytest.raises(ScorecardError, match=name):
        artefacts.serving(models, "shipment")


@pytest.mark.parametrize("name", ["n" * 300, "a\0b"], ids=["long", "nul"])
def test_a_manifest_that_lists_what_no_file_can_be_called_is_refused(
    models: Path, name: str
) -> None:
    (version_of(models) / artefact.MANIFEST).write_bytes(
        artefact.manifest({**artefacts.read(version_of(models)), name: b""})
    )
    with pytest.raises(ScorecardError, match="not trusted"):
        artefacts.serving(models, "shipment")


def test_a_link_in_the_place_of_a_file_is_refused(models: Path, tmp_path: Path) -> None:
    path = version_of(models) / "tables.npz"
    path.rename(tmp_path / "elsewhere.npz")
    path.symlink_to(tmp_path / "elsewhere.npz")
    with pytest.raises(ScorecardError, match="is a link"):
        artefacts.serving(models, "shipment")


@pytest.mark.parametrize("pointer", ["../../etc", "", "2020.1.1", "/", "n" * 300])
def test_a_pointer_that_leads_nowhere_is_refused(models: Path, pointer: str) -> None:
    (models / "shipment" / "CURRENT").write_text(pointer)
    with pytest.raises(ScorecardError, match="is missing"):
        artefacts.serving(models, "shipment")


def test_versions_tell_which_serves_and_what_is_wrong(models: Path) -> None:
    shutil.copytree(version_of(models), models / "shipment" / "copy")
    told = {one.version: one for one in artefacts.versions(models, "shipment")}
    assert "holds scorecard" in told["copy"].fault
    assert [one.serves for one in told.values() if not one.fault] == [True]

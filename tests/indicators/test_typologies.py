"""The document of typologies says of each key whether it is built, and tells the truth."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from riskprofile.features import conjunctions
from riskprofile.profiles import PROFILES
from riskprofile.tables import Indicator

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "typologies.md").read_text("utf-8")
BUILT, NOT_BUILT = TEXT.split("## Not built")
KEY = re.compile(r"^\| `([A-Z]\d\d_\w+)` \|", re.MULTILINE)
INDICATORS = [indicator for profile in PROFILES.values() for indicator in profile.indicators]


def test_each_of_the_fifty_two_keys_is_either_built_or_not():
    built, waiting = KEY.findall(BUILT), KEY.findall(NOT_BUILT)
    for own in ("W01_watch_list", "P01_typology_pack"):  # an office's own, and no typologies
        built.remove(own)
    assert len(set(built) | set(waiting)) == len(built) + len(waiting) == 52


@pytest.mark.parametrize("indicator", INDICATORS, ids=lambda one: one.key)
def test_every_indicator_is_documented_with_its_lane(indicator: Indicator):
    row = next(line for line in BUILT.splitlines() if line.startswith(f"| `{indicator.key}`"))
    stage, kind, lane = [cell.strip() for cell in row.split("|")][2:5]
    assert "indicator" in kind
    assert lane.startswith(indicator.raises)
    assert stage.startswith({"pre_arrival": "before arrival"}.get(indicator.stage, indicator.stage))
    assert ("whole batch" in stage) == indicator.over_batch


def test_a_key_documented_as_an_indicator_is_one():
    keys = {indicator.key for indicator in INDICATORS}
    for line in BUILT.splitlines():
        if found := KEY.match(line):
            assert ("indicator" in line.split("|")[3]) == (found[1] in keys), found[1]


def test_every_combination_is_named():
    for feature in conjunctions.FEATURES:
        assert f"`{feature.name}`" in TEXT


def test_nothing_from_an_inspection_rates():
    assert {indicator.stage for indicator in INDICATORS} <= {"pre_arrival", "yard", "registry"}

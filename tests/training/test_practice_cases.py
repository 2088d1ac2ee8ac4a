"""Cases of practice from the generator: the committed file is what the script writes."""

from __future__ import annotations

import json
import sys
from importlib import resources

import pytest

from training import practice_cases

FILE = resources.files("riskprofile.services").joinpath("practice_made.json")


@pytest.mark.slow
def test_the_committed_file_is_what_the_script_writes(tmp_path, monkeypatch):
    out = tmp_path / "made.json"
    monkeypatch.setattr(sys, "argv", ["practice_cases", str(out)])
    practice_cases.main()
    assert out.read_bytes() == FILE.read_bytes()


def test_each_subject_has_its_pairs_and_words_of_both():
    held = json.loads(FILE.read_text("utf-8"))["cases"]
    for subject, (_, _, found, cleared) in practice_cases.SUBJECTS.items():
        mine = [one for one in held if one["subject"] == subject]
        assert len(mine) == 2 * practice_cases.EACH
        assert {(one["what"], one["how"]) for one in mine if one["arms"]} == {found}
        assert {(one["what"], one["how"]) for one in mine if not one["arms"]} == {cleared}

"""What the page tells of a run: nothing that the command line tells is left out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app import words
from app.uploads import CODES, notices
from riskprofile.services.run import Summary, unseen

EN = words.of("en")
TOLD = Summary(
    outdated=2,
    changed={"b-changed": 3},
    waiting={"b-waiting": 4},
    removed={"b-removed": 5},
    unfinished={"b-left": 6, "b-running": 7},
    unknown_offices={"ZZONE": 8, "ZZTWO": 9},
)


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_all_that_the_command_line_tells_of_unseen_rows_stands_on_the_page(language):
    told = notices(words.of(language), TOLD)
    for n, named in (
        (2, ""), (3, ""), (4, "b-waiting"), (5, "b-removed"), (6, "b-left"), (7, "b-running"),
        (8 + 9, "ZZONE (8)"), (8 + 9, "ZZTWO (9)"),
    ):  # fmt: skip
        said = [lead + rest for lead, rest in told if f" {n}" in lead]
        assert len(said) == 1, n
        assert named in said[0]
    assert all(rest for _, rest in told)  # what to do about it
    # The command line has a line for each office, the page one for all of them.
    assert len(told) == len(unseen(TOLD)) - 1


def test_the_page_names_no_command_and_no_option_where_it_has_a_way():
    told = " ".join(part for one in notices(EN, TOLD) for part in one)
    assert "Read it as new" in told
    assert EN("upload.again") == "Read it as new"
    assert EN("row_state.quarantined") in told and EN("row_state.superseded") in told
    assert "--" not in told and "riskprofile" not in told


def test_a_run_whose_rows_are_all_on_its_list_has_nothing_more_to_tell():
    assert notices(EN, Summary(read=6, accepted=5, quarantined=1)) == []


def test_of_many_offices_that_are_not_loaded_the_first_are_named_and_all_counted():
    codes = {f"ZZ{n:03d}": 1 for n in range(CODES + 3)}
    ((lead, rest),) = notices(EN, replace(Summary(), unknown_offices=codes))
    assert str(CODES + 3) in lead
    assert f"ZZ{CODES - 1:03d} (1), …" in rest and f"ZZ{CODES:03d}" not in rest

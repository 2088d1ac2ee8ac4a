"""Reports, manifests and flights that are cancelled as a whole, without a line of theirs."""

from __future__ import annotations

import json
import re

import pytest

from riskprofile.intake import READERS
from tests.intake.helpers import FIXTURES, read

# fixture: its reader, where its lines begin and end, and what makes the heading a cancellation
FILES = {
    "cuscar.edi": ("cuscar", "CNI+1", "CNT", ("MAN1+9", "MAN1+1")),
    "coprar.edi": ("coprar", "EQD", "CNT", ("ORDER-1+9", "ORDER-1+1")),
    "itmatt.edi": ("itmatt", "CNI+1", "UNT", ("MSG-1+9", "MSG-1+1")),
    "manifest309.edi": ("x12", "LX*1", "SE*", ("P4*9901", "B2A*01~\nP4*9901")),
    "paxlst.edi": ("paxlst", "NAD+FL", "CNT+42", ("BGM+745", "BGM+745++1")),
    "pnrgov.edi": ("pnrgov", "EQN+3", "UNT", ("MSG+:22", "MSG+:1")),
    "xffm.xml": ("cargo_xml", "<m:ArrivalEvent>", "</m:FlightManifest>", ("Update", "Deletion")),
}


def cancelled(name: str) -> str:
    """The fixture as a cancellation that lists nothing."""
    text = (FIXTURES / name).read_text("utf-8")
    _, first, last, (before, after) = FILES[name]
    text = text[: text.index(first)] + text[text.rindex(last) :]
    assert text.count(before) == 1
    return text.replace(before, after)


@pytest.mark.parametrize("name", FILES)
def test_it_is_one_row_that_withdraws_what_came_with_its_reference(name):
    reader = next(one for one in READERS if one.name == FILES[name][0])
    rows, _ = read(reader, FIXTURES / name)
    references = {json.loads(extra)["message_reference"] for extra in rows["extra"]}
    (reference,) = references
    gone, rejected = read(reader, cancelled(name).encode())
    assert not rejected
    (extra,) = map(json.loads, gone["extra"])
    assert extra["message_function"] == "cancel"
    assert extra["message_scope"] == {"message": reference}
    assert extra["message_reference"] == reference
    assert extra["message_at"]
    named = gone.columns.intersection(["declaration_id", "crossing_id"])
    assert gone[named].notna().all(axis=None)
    assert not re.search(r"\d(?:[ -]?\d){12}", reference)  # no number of a card, by any chance


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("cuscar.edi", ("BGM+785+MAN1", "BGM+785+")),
        ("manifest309.edi", ("*V12~", "~")),
        ("paxlst.edi", ("BGM+745++1", "BGM+266+CLNB")),  # nobody missed the flight
        ("pnrgov.edi", ("TVL+010926:1000:010926:2215", "TVL+")),
        ("xffm.xml", ("<d:ID>FN-0020</d:ID>", "")),
    ],
)
def test_one_that_names_nothing_is_set_aside(name, change):
    text = cancelled(name)
    assert change[0] in text
    reader = next(one for one in READERS if one.name == FILES[name][0])
    rows, rejected = read(reader, text.replace(*change).encode())
    assert rows.empty
    assert len(rejected) == 1


def test_a_message_about_an_earlier_one_belongs_to_it():
    text = (FIXTURES / "cuscar.edi").read_text("utf-8")
    text = text.replace("MAN1+9'", "MAN2+4'\nRFF+ACW:MAN1'")
    reader = next(one for one in READERS if one.name == "cuscar")
    rows, _ = read(reader, text.encode())
    said = json.loads(rows["extra"][0])
    assert (said["message_function"], said["message_reference"]) == ("change", "CUSCAR/LINE/MAN1")

"""Trace requests: complete or saying what is missing, never twice, and answered once."""

from __future__ import annotations

import io
import subprocess

import pandas as pd
import pytest

from riskprofile.errors import Conflict, InputError, RiskProfileError, UsageError
from riskprofile.reference.arms import SEIZURES
from riskprofile.reference.trace_form import FORMS, TRACE
from riskprofile.services import arms, tracing
from riskprofile.services.identity import OWNER
from tests.services.bench import NOW, SARA, later

ASK = tracing.Asking(
    "iarms", "NO", "Customs of Meridia", "tracing desk", "evidence", "not to be passed on"
)
FULL = {
    "record_number": "A1",
    "event": "seized",
    "event_on": "2026-03-01",
    "kind": "firearm",
    "arm_type": "pistol",
    "make": "Kestrel",
    "model": "K-92",
    "calibre": "9x19",
    "serial": "KX 1?5",
    "serial_elsewhere": "ВН 175",
    "country_of_manufacture": "NO",
    "import_mark": "Корвид XK 2019",
    "import_country": "XK",
    "proof_marks": "crown",
    "marking": "unique",
    "country": "XK",
    "case_number": "C-1",
    "legal_basis": "trafficking",
    "count": 2,
}


def held(store, tmp_path, *rows):
    path = tmp_path / "r.jsonl"
    pd.DataFrame(rows or [FULL]).to_json(path, orient="records", lines=True)
    assert arms.load(store, OWNER, path, NOW).quarantined == 0


def test_every_column_of_the_form_exists():
    columns = {*SEIZURES.names, "photos", "custody"}
    stated = {f"request.{name}" for name in tracing.Asking.__dataclass_fields__}
    assert {one.column for one in TRACE} <= columns | stated
    assert {form for one in TRACE for form in one.needed} == set(FORMS)


def test_a_request_has_the_serial_as_marked_and_names_what_is_missing(any_store, tmp_path):
    held(any_store, tmp_path)
    told = tracing.request(any_store, OWNER, "A1", ASK, NOW)
    assert told["sections"]["weapon"]["serial number exactly as marked"] == "KX 1?5"
    assert told["uncertain_characters"] == [5]
    missing = {one["field"]: one["needed_by"] for one in told["missing"]}
    assert missing["photos of the marks, SHA-256"] == ["iarms"]
    assert told["complete_for"] == ["iti"]
    photo = tmp_path / "frame.png"
    photo.write_bytes(b"picture")
    digest = arms.add_photo(any_store, OWNER, "A1", photo, "frame", NOW)
    tracing.answer(any_store, OWNER, told["id"], "not_traced", NOW)
    told = tracing.request(any_store, OWNER, "A1", ASK, NOW)
    assert told["complete_for"] == ["iti", "iarms"]
    assert told["sections"]["marks"]["photos of the marks, SHA-256"][0]["sha256"] == digest


def test_the_pdf_says_what_the_json_says(store, tmp_path):
    held(store, tmp_path)
    told = tracing.request(store, OWNER, "A1", ASK, NOW)
    made = tracing.as_pdf(told)
    assert made == tracing.as_pdf(told)
    (tmp_path / "t.pdf").write_bytes(made)
    try:
        done = subprocess.run(
            ["pdftotext", "-layout", tmp_path / "t.pdf", "-"], capture_output=True, check=True
        )
    except FileNotFoundError:
        pytest.skip("pdftotext is not installed: the text of the PDF cannot be read back")
    words = " ".join(io.BytesIO(done.stdout).read().decode().split())
    assert "converted: no" in words
    # A capital of another script is no mark of Latin letters, whatever it sounds like.
    for part in ("KX 1?5", "Корвид XK 2019", "ВН 175", "Customs of Meridia", told["sha256"]):
        assert part in words
    for one in told["missing"]:
        assert f"{one['field']}: {', '.join(one['needed_by'])}" in words


def test_the_same_question_is_not_asked_twice(any_store, tmp_path):
    twin = {**FULL, "record_number": "A2", "serial": "KX 115", "make": "KESTREL Arms"}
    held(any_store, tmp_path, {**FULL, "serial": "KX-I15"}, twin)
    first = tracing.request(any_store, OWNER, "A1", ASK, NOW)
    for number in ("A1", "A2"):
        with pytest.raises(Conflict, match=f"request {first['id']} .* asks the same"):
            tracing.request(any_store, OWNER, number, ASK, later(days=9))
    tracing.request(any_store, OWNER, "A2", tracing.Asking("iarms", "XK"), NOW)
    tracing.answer(any_store, OWNER, first["id"], "not_traced", NOW)
    assert tracing.request(any_store, OWNER, "A1", ASK, NOW)["id"] > first["id"]


def test_an_answer_comes_back_once_with_the_point_of_diversion(any_store, tmp_path):
    held(any_store, tmp_path)
    asked = tracing.request(any_store, OWNER, "A1", ASK, NOW)
    tracing.answer(
        any_store, OWNER, asked["id"], "traced", later(days=20), diversion="dealer to buyer",
        diversion_country="XK", last_legal_country="XK", reference="R-9",
    )  # fmt: skip
    [told] = tracing.traces(any_store, SARA)
    assert (told["state"], told["result"], told["diversion"]) == (
        "answered",
        "traced",
        "dealer to buyer",
    )
    with pytest.raises(Conflict, match="answered already"):
        tracing.answer(any_store, OWNER, asked["id"], "traced", NOW)


def test_an_answer_that_was_wrong_is_corrected_and_stays_with_the_piece(any_store, tmp_path):
    held(any_store, tmp_path)
    asked = tracing.request(any_store, OWNER, "A1", ASK, NOW)["id"]
    with pytest.raises(UsageError, match="no answer yet"):
        tracing.answer(any_store, OWNER, asked, "traced", NOW, correct="letter of 3 May")
    tracing.answer(any_store, OWNER, asked, "traced", NOW, pieces=2, reference="R-9")
    why = {"correct": "letter of 3 May: another piece"}
    tracing.answer(any_store, OWNER, asked, "not_traced", later(days=1), **why)
    made = tracing.establish(any_store, OWNER, "A1", "national", NOW, pieces=2)
    with pytest.raises(UsageError, match="answer to a request"):
        tracing.answer(any_store, OWNER, made, "traced", NOW, **why)
    with pytest.raises(RiskProfileError, match="established already"):
        tracing.answer(any_store, OWNER, made, "other", NOW, pieces=3, **why)
    tracing.answer(any_store, OWNER, made, "other", NOW, pieces=1, **why)
    assert [(one["result"], one["pieces"]) for one in tracing.traces(any_store, SARA)] == [
        ("other", 1), ("not_traced", 0),
    ]  # fmt: skip
    told = [one for one in arms.piece(any_store, SARA, "A1")["events"] if one["trace"] == asked]
    assert told[0]["before"] == {"result": "traced", "pieces": 2, "reference": "R-9"}
    assert told[0]["kind"] == "answer" and told[0]["why"].startswith("letter")


def test_a_request_that_could_not_be_written_was_not_made(any_store, tmp_path):
    held(any_store, tmp_path)

    def full(told):
        raise OSError("no space left")

    with pytest.raises(OSError, match="space"):
        tracing.request(any_store, OWNER, "A1", ASK, NOW, full)
    assert tracing.traces(any_store, SARA) == []
    assert tracing.request(any_store, OWNER, "A1", ASK, NOW)["record"] == "A1"


def test_no_more_is_established_than_there_is(any_store, tmp_path):
    held(any_store, tmp_path)
    with pytest.raises(RiskProfileError, match="more than are recorded: 2"):
        tracing.establish(any_store, OWNER, "A1", "national", NOW, pieces=3)
    tracing.establish(any_store, OWNER, "A1", "national", NOW, pieces=1)
    with pytest.raises(RiskProfileError, match="1 of 2 pieces"):
        tracing.establish(any_store, OWNER, "A1", "other", NOW, pieces=2)
    with pytest.raises(UsageError, match="request"):
        tracing.establish(any_store, OWNER, "A1", "traced", NOW)


def test_after_a_recount_answers_can_be_taken_back_one_by_one(any_store, tmp_path):
    held(any_store, tmp_path, {**FULL, "count": 4})
    first, second, third = (
        tracing.request(any_store, OWNER, "A1", tracing.Asking("iarms", to), NOW)["id"]
        for to in ("NO", "DK", "DE")
    )
    tracing.answer(any_store, OWNER, first, "traced", NOW, pieces=1)
    tracing.answer(any_store, OWNER, second, "traced", NOW, pieces=3)
    arms.amend(any_store, OWNER, "A1", {"count": "2"}, NOW)
    tracing.answer(any_store, OWNER, third, "not_traced", NOW)
    tracing.answer(any_store, OWNER, first, "not_traced", NOW, correct="recount")
    tracing.answer(any_store, OWNER, second, "traced", NOW, pieces=2, correct="recount")
    with pytest.raises(RiskProfileError, match="2 of 2 pieces are established"):
        tracing.answer(any_store, OWNER, first, "traced", NOW, correct="one more")


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        (lambda s: tracing.request(s, OWNER, "A1", tracing.Asking("pigeon"), NOW), "channel"),
        (lambda s: tracing.request(s, OWNER, "A1", tracing.Asking("iarms", "ZZ"), NOW), "ISO"),
        (lambda s: tracing.request(s, OWNER, "A9", ASK, NOW), "no record A9"),
        (lambda s: tracing.answer(s, OWNER, 9, "traced", NOW), "no trace request 9"),
        (lambda s: tracing.answer(s, OWNER, 9, "lost", NOW), "unknown result"),
        (lambda s: tracing.traces(s, OWNER, "open"), "unknown state"),
    ],
)
def test_a_wrong_question_is_told(store, tmp_path, call, fault):
    held(store, tmp_path)
    with pytest.raises((UsageError, InputError), match=fault):
        call(store)

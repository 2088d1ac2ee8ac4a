"""What the page tells of a run: nothing that the command line tells is left out."""

from __future__ import annotations

import io
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st
from streamlit.runtime.scriptrunner import RerunException
from streamlit.testing.v1 import AppTest

from app import session, uploads, words
from app.runs import Runs
from app.uploads import BEGUN, CODES, KNOWN, NOTHING, notices, refused
from riskprofile.errors import RiskProfileError
from riskprofile.scoring.ranking import Capacity
from riskprofile.services import settings, switching, uploading
from riskprofile.services.identity import Actor
from riskprofile.services.run import Summary, unseen
from riskprofile.words.form import sentence
from tests.app.ends import Ends
from tests.app.test_runs import OPERATOR
from tests.services.bench import NOW

EN = words.of("en")
TOLD = Summary(
    outdated=2,
    changed={"b-changed": 3},
    waiting={"b-waiting": 4},
    recut={"b-cut": (Capacity(51).said, Capacity().said)},
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


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_a_batch_that_is_cut_anew_says_from_what_to_what_in_the_language_of_the_page(language):
    cuts = [Capacity(1_500), Capacity(share=0.075, random_share=0), Capacity(random_share=0.2)]
    told = []
    for before, after in zip(cuts, [*cuts[1:], cuts[0]], strict=True):
        summary = Summary(recut={"b-cut": (before.said, after.said)})
        ((lead, rest),) = notices(words.of(language), summary)
        assert "b-cut" in lead
        told.append(rest)
    assert all("1\u202f500" in told[n] for n in (0, 2))
    percent = "\u00a0%" if language == "ar" else " %"  # which no line of it begins with
    seven = ("7,5" if language in ("fr", "es") else "7.5") + percent
    assert all(seven in told[n] for n in (0, 1)) and f"20{percent}" in told[1]
    if language != words.DEFAULT:
        assert "random" not in " ".join(told) and "office" not in " ".join(told)


def test_the_page_names_no_command_and_no_option_where_it_has_a_way():
    told = " ".join(part for one in notices(EN, TOLD) for part in one)
    assert "Read it as new" in told
    assert EN("upload.again") == "Read it as new"
    assert EN("row_state.quarantined") in told and EN("row_state.superseded") in told
    assert "--" not in told and "riskprofile" not in told


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_no_words_of_batches_and_their_rows_send_a_person_to_a_command(language):
    heads = ("batch", "batches", "row_state", "row_note", "kept", "kept_why", "upload", "repair")
    heads += ("inbox", "panel")
    said = words.of(language).entries.items()
    found = [key for key, text in said if "--" in text or "riskprofile" in text.lower()]
    assert [key for key in found if key.partition(".")[0] in heads] == []


def test_a_run_whose_rows_are_all_on_its_list_has_nothing_more_to_tell():
    assert notices(EN, Summary(read=6, accepted=5, quarantined=1)) == []


def test_of_many_offices_that_are_not_loaded_the_first_are_named_and_all_counted():
    codes = {f"ZZ{n:03d}": 1 for n in range(CODES + 3)}
    ((lead, rest),) = notices(EN, replace(Summary(), unknown_offices=codes))
    assert str(CODES + 3) in lead
    assert f"ZZ{CODES - 1:03d} (1), …" in rest and f"ZZ{CODES:03d}" not in rest


def fault(folder: Path, name: str, content: bytes) -> RiskProfileError:
    """What a real installation says of an upload that it refuses."""
    home = settings.load({}, home=folder / "home")
    store = settings.open_store(home)
    try:
        given = io.BytesIO(content)
        with pytest.raises(RiskProfileError) as caught:
            uploading.upload(store, home, Actor("olga", "operator"), name, given, NOW)
        return caught.value
    finally:
        store.close()


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_a_file_of_no_known_format_is_refused_in_words_of_the_page(language, tmp_path):
    say = words.of(language)
    told = refused(say, fault(tmp_path, "letter.txt", b"Dear Sir,\nnothing is attached.\n"))
    assert told == say("upload.unknown_format")
    assert "--" not in told


def test_a_damaged_file_is_refused_with_its_name_as_it_is_written_and_what_the_reader_met(tmp_path):
    told = refused(EN, fault(tmp_path, "day.zip", b"PK\x03\x04 no archive"))
    assert told.startswith(EN("upload.unreadable"))
    assert told.endswith(" day.zip: is truncated or damaged.")
    assert str(tmp_path) not in told and "/" not in told
    damaged = fault(tmp_path, "day.zip", b"PK\x03\x04 no archive")
    french = refused(words.of("fr"), damaged)
    assert french.endswith(" day.zip: est tronqué ou endommagé.")


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_while_rating_is_paused_a_file_is_refused_with_who_paused_it_and_why(language, tmp_path):
    home = settings.load({}, home=tmp_path / "home")
    store = settings.open_store(home)
    switching.pause(store, Actor("mira", "supervisor"), "the scanner is repaired", NOW)
    store.close()
    say = words.of(language)
    found = fault(tmp_path, "day.csv", b"declaration_id,goods_description\n1,toys\n")
    told = refused(say, found)
    told_of = {"since": f"{NOW:%Y-%m-%d %H:%M}", "by": "mira", "why": "the scanner is repaired"}
    assert told == f"{sentence(say('refusal.paused', **told_of))}. {say('refusal.do_resume')}"


def test_the_name_of_a_file_at_the_beginning_of_a_sentence_keeps_its_letters():
    assert refused(EN, RiskProfileError("is empty", where="day.csv")) == "day.csv: is empty."
    assert refused(EN, RiskProfileError("it is empty")) == "It is empty."


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_what_an_inbox_took_is_left_to_its_watcher(language):
    say = words.of(language)
    inbox = {"en": "the inbox", "fr": "boîte de réception", "es": "buzón", "ar": "صندوق الوارد"}
    assert inbox[language] in say("upload.unfinished_text", batch="b-left")


def test_a_file_that_was_read_before_is_offered_as_new_though_the_next_click_comes_at_once(
    monkeypatch,
):
    kept = Ends({BEGUN: ("file-1", NOTHING), "upload-0": SimpleNamespace(file_id="file-1")})
    summary = Summary(read=3, batches=[{"id": "b-2", "duplicate_of": "b-1"}])
    ended = [SimpleNamespace(name="list.csv", came_to=summary)]

    def take(*_: Any) -> Any:
        kept.clicked = bool(ended)
        return ended.pop() if ended else None

    runs = SimpleNamespace(ended=take, untold=lambda *_: False)
    monkeypatch.setattr(uploads, "served", lambda: SimpleNamespace(runs=runs))
    monkeypatch.setattr(st, "session_state", kept)
    with pytest.raises(RerunException):
        uploads.take_in(EN, None)
    kept.clicked = False
    uploads.take_in(EN, None)
    assert (kept[KNOWN], "uploads" in kept) == (("file-1", "b-1"), False)


def page() -> None:
    """A page of batches, while which is drawn a file is rated."""
    import streamlit as st

    from app import session, uploads
    from tests.app.test_runs import NOW, OPERATOR, content

    with session.run():
        uploads.take_in(session.speech(), session.actor())
        if "upload" not in st.session_state:
            st.session_state["upload"] = uploads.served().runs.begin(
                OPERATOR, "day.csv", content(), NOW
            )
            st.session_state["upload"].wait()
        uploads.told(session.speech(), session.actor())


def test_a_run_that_ends_while_a_page_is_drawn_is_told_by_itself(monkeypatch, tmp_path):
    told = settings.load({}, home=tmp_path / "home")
    with closing(settings.open_store(told)) as store:
        runs = Runs(store, told)
        monkeypatch.setattr(uploads, "served", lambda: SimpleNamespace(runs=runs))
        monkeypatch.setattr(session, "speech", lambda: EN)
        monkeypatch.setattr(session, "actor", lambda **_: OPERATOR)
        # A page that is run becomes the main module, which processes that start later read anew.
        monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
        drawn = AppTest.from_function(page).run(timeout=60)
        runs.end()
    assert not list(drawn.exception)
    assert "day.csv: Read 6" in "".join(str(one.proto.body) for one in drawn.get("html"))

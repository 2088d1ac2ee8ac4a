"""What stands beside an outcome: which reasons it is asked after, and what was answered."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from app import beside
from riskprofile import words
from riskprofile.services.finds import Stored

EN = words.of("en")
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def reason(term: str, points: int, **more: object) -> dict[str, object]:
    return {"term": term, "text": f"says <b>{term}</b>", "points": points, **more}


def view(**more: object) -> SimpleNamespace:
    given = {
        "id": 7, "lane": "red", "queue": "trafficking", "rank": 1, "points": 412, "blind": False,
        "title": "pins", "model_version": "2026.11.2", "created_at": NOW,
        "reasons": [reason("mass", 96), reason("base", 300)], "against": [reason("licence", -38)],
        "timeline": [
            SimpleNamespace(at=NOW, actor="ines", action=action, text=text, purpose="")
            for action, text in (
                ("alert.decide", "examine, too heavy"), ("alert.look", ""), ("alert.claim", ""),
            )
        ],
    }  # fmt: skip
    return SimpleNamespace(**{**given, **more})


def page() -> None:
    """The column, as the page draws it: `kept` is what the draft would hold."""
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    import streamlit as st

    from app import beside, sheet, words
    from tests.app.test_beside import view

    if not sheet.of(7).asked:
        beside.ask(view(), {"licence": "no", "gone": "yes"})
    beside.column(
        words.of("en"),
        view(),
        lambda: st.session_state.update(kept=beside.answers(7)),
        ZoneInfo("UTC"),
        datetime(2026, 11, 24, 9, 0, tzinfo=UTC),
    )


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    # A page that is run becomes the main module, which processes that start later read anew.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    return AppTest.from_function(page).run()


def test_a_reason_is_answered_with_one_choice_and_a_second_one_on_it_leaves_it_blank(drawn):
    assert [one.value for one in drawn.button_group] == [None, "no"]  # as the draft had it
    drawn.button_group[0].set_value("yes").run()
    assert drawn.session_state["kept"] == {"mass": "yes", "licence": "no"}
    drawn.button_group[1].set_value(None).run()
    assert drawn.session_state["kept"] == {"mass": "yes"}
    assert not drawn.exception


def test_the_strongest_reasons_stand_with_their_points_and_no_markup_of_theirs(drawn):
    told = [one.proto.body for one in drawn.get("html")]
    rows = [one for one in told if "rp-held" in one]
    assert ["&lt;b&gt;mass&lt;/b&gt;" in one for one in rows] == [True, False]
    assert "+96" in rows[0] and "−38" in rows[1]
    assert not any("says <b>" in one for one in told)
    labels = [one.label for one in drawn.button_group]
    assert labels == ["Reason 1: did it hold?", "Reason 2: did it hold?"]


def test_the_timeline_tells_acts_and_the_rating_and_no_looks(drawn):
    [told] = [one.proto.body for one in drawn.get("html") if "Timeline" in one.proto.body]
    assert told.index("Ordered: Examine") < told.index("Claimed") < told.index("Rated, ◆ Red")
    assert "Opened" not in told and "too heavy" not in told


def test_the_second_person_reads_what_was_answered_and_what_was_not_looked_at():
    reasons = [reason("mass", 96, answer="unclear"), reason("licence", -38, answer="")]
    told = beside.table(EN, reasons)
    assert told.index("mass") < told.index("Unclear") < told.index("not looked at")
    assert beside.table(EN, [reason("mass", 96, answer="")]) == beside.table(EN, []) == ""


def test_what_the_register_holds_is_told_or_that_it_holds_nothing_yet():
    assert "Nothing is stored yet" in beside.evidence(EN, Stored())
    told = beside.evidence(EN, Stored(pieces=51, photos=2, seal="S-1<", traces=1))
    assert "51 pieces in the register<br>2 photos, digests stored<br>Last seal S-1&lt;" in told
    assert "1 trace request, 0 answered" in told


def test_the_second_step_says_how_long_it_took_once_that_is_entered():
    assert beside.examined(EN, None) == "2 Examined"
    assert beside.examined(EN, 35) == "2 Examined, 35 min"

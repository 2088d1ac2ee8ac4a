"""The catalogue: one file per language, the same keys, the same places to fill."""

from __future__ import annotations

import ast
import json
import pickle
import re
import string
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import app
from app import alert_panel, batch_rows, frame, practice_panel, signing
from app.words import refusal
from riskprofile import words
from riskprofile.cli.output import STEPS
from riskprofile.errors import NotAllowed, RiskProfileError, ScorecardError, StoreError
from riskprofile.profiles import PROFILES
from riskprofile.services import (
    blind,
    deciding,
    networks,
    pairs,
    promotion,
    review,
    speaking,
    switching,
    viewing,
)
from riskprofile.services.rights import ACTIONS, REASON_LENGTH, ROLES, Actor, authorise
from riskprofile.services.steps import WRITING
from riskprofile.words import Message, form
from riskprofile.words.shown import mixed
from training.office import GATE_NAMES

APP = Path(app.__file__).parent
WORDS = Path(words.__file__).parent
SERVICES = WORDS.parent / "services"
# Papers are made by services, in the words of the same catalogue.
PAPERS = (
    *(WORDS.glob("*.py")),
    *(SERVICES / f"{name}.py" for name in ("sheet", "explanation")),
)
CATALOGUES = {
    language: json.loads((WORDS / f"{language}.json").read_text("utf-8"))
    for language in words.LANGUAGES
}
ENGLISH = CATALOGUES[words.DEFAULT]
# Keys made from data at run time: their beginnings.
_MADE = """
    lane queue profile role decision outcome method concealment item answer basis kind sure batch
    batch_state batches kept head tab field choice fact link facet event owner filter page column
    second read_only row_state upload kept_why row_note unread upload_step kept_state message paper
    sheet refusal gates gate_of sign terms terms_group terms_rule terms_to term_name elsewhere watch
    watch_head audit models snooze board trends trends_by trends_is trends_save fits fits_step
    models_view edit edit_how compare compare_on compare_part practice check check_do check_fault
    check_hint
"""
MADE = tuple(_MADE.split())


def places(text: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def said() -> Iterator[tuple[str, str]]:
    """Every catalogue key that the pages name as a literal, with where."""
    for path in (*sorted(APP.rglob("*.py")), *PAPERS):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                head, dot, rest = node.value.partition(".")
                if dot and rest.isidentifier() and head in {key.split(".")[0] for key in ENGLISH}:
                    yield node.value, path.name


def asked(language: str) -> dict[str, str]:
    """Key -> the English one that it says: a plural has a key for each form of the language."""
    forms = words.FORMS.get(language, ("one", "other"))
    found = {}
    for key in ENGLISH:
        stem, _, form = key.rpartition(".")
        plural = form in ("one", "other") and f"{stem}.one" in ENGLISH
        found |= {f"{stem}.{one}": f"{stem}.other" for one in forms} if plural else {key: key}
    return found


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_every_language_has_the_same_keys_and_its_own_plural_forms(language):
    assert CATALOGUES[language].keys() == asked(language).keys()


def test_arabic_asks_for_five_forms_of_a_plural_and_english_for_two():
    five = {f"snooze.done.{form}" for form in ("one", "two", "few", "many", "other")}
    assert five <= asked("ar").keys()
    assert five & asked("en").keys() == {"snooze.done.one", "snooze.done.other"}


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_every_language_fills_the_same_places(language):
    for key, english in asked(language).items():
        said = places(CATALOGUES[language][key])
        if key.endswith((".one", ".two")) and english.endswith(".other"):
            said |= {"n"}  # a word can say that it is one, or two
        assert said == places(ENGLISH[english]), key


def between(text: str) -> list[str]:
    """What stands between the places of a sentence."""
    parts = list(string.Formatter().parse(text))
    return [before for before, name, *_ in parts[1:] if name is not None]


@pytest.mark.parametrize("language", words.RIGHT_TO_LEFT)
def test_a_word_or_mark_of_the_language_parts_all_values_of_a_sentence(language):
    # Else the end of one and the beginning of the next would turn round as one piece.
    said = [*CATALOGUES[language].values(), *told(speaking.sentences(language))]
    assert [one for one in said if not all(map(mixed, between(one)))] == []


def told(held: Any) -> list[str]:
    """Every sentence of a file of reasons."""
    if isinstance(held, dict):
        return [one for part in held.values() for one in told(part)]
    return [one for part in held for one in told(part)] if isinstance(held, list) else [held]


def test_every_key_that_a_page_names_is_in_the_catalogue():
    plural = {key.rpartition(".")[0] for key in ENGLISH if key.endswith(".one")}
    missing = {
        (key, where)
        for key, where in said()
        if key not in {*ENGLISH, *plural, *ACTIONS} and not key.endswith((".py", ".js", ".svg"))
    }
    assert not {one for one in missing if not one[0].endswith((".png", ".html", ".css", ".toml"))}


def test_no_key_of_the_catalogue_is_left_unused():
    source = "".join(path.read_text("utf-8") for path in (*APP.rglob("*.py"), *PAPERS))
    unused = [
        key
        for key in ENGLISH
        if f'"{key}"' not in source
        and f'"{key.rpartition(".")[0]}"' not in source
        and f"'{key}'" not in source
        and not key.startswith(tuple(f"{head}." for head in MADE))
    ]
    assert unused == []


def test_every_step_of_an_uploaded_run_has_words():
    steps = STEPS.keys() - {WRITING}  # a page writes no results to a file
    assert [step for step in steps if f"upload_step.{step}" not in ENGLISH] == []


@pytest.mark.parametrize("profile", PROFILES)
def test_every_column_and_choice_of_a_profile_has_words(profile):
    columns = PROFILES[profile].columns
    assert [c.name for c in columns if f"field.{c.name}" not in ENGLISH] == []
    choices = [choice for c in columns for choice in c.choices]
    assert [choice for choice in choices if f"choice.{choice}" not in ENGLISH] == []
    assert f"profile.{profile}" in ENGLISH


def test_every_role_decision_and_outcome_has_words():
    wanted = [f"role.{name}" for name in ROLES]
    wanted += [f"decision.{name}" for name in review.DECISIONS]
    wanted += [f"outcome.{name}" for name in review.OUTCOMES]
    wanted += [f"method.{name}" for name in review.METHODS]
    wanted += [f"kind.{name}" for name in review.KINDS]
    assert [key for key in wanted if key not in ENGLISH] == []


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_what_ties_two_declarations_is_said_in_the_language_of_the_page(language):
    say = words.of(language)
    ties = [*pairs.SAID, *(f"{networks.LIKE}{facet}" for facet in networks.FACET)]
    told = [speaking.link(say, one) for one in ties]
    assert (told == ties) is (language == words.DEFAULT)
    assert len(set(told)) == len(ties)
    assert [one for one, english in zip(told, ties, strict=True) if one == english] == (
        ties if language == words.DEFAULT else []
    )


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_a_gate_and_a_fault_of_the_program_are_named_in_the_language_of_the_page(language):
    """Stored they are as they were measured, and as the program calls them."""
    say = words.of(language)
    measured = [promotion.Gate(name, True, "", "") for name in GATE_NAMES]
    told = [signing.named(say, one) for one in measured]
    assert len(set(told)) == len(told) == 8
    same = [one for one, name in zip(told, GATE_NAMES, strict=True) if one == name]
    as_stored = {"en": [*GATE_NAMES], "fr": ["calibration"]}  # written the same in French
    assert same == as_stored.get(language, [])
    assert signing.named(say, promotion.Gate("of another release", True, "", "")).endswith(
        "release"
    )
    assert batch_rows.failed_of(say, "KeyError") == say("row_note.fault", kind="KeyError")
    assert batch_rows.failed_of(say, "day.csv ends in its middle") == "day.csv ends in its middle"


UNREAD = sorted(key for key in ENGLISH if key.startswith("unread."))


@pytest.mark.parametrize("language", words.LANGUAGES)
@pytest.mark.parametrize("key", UNREAD)
def test_why_a_file_was_not_read_is_said_in_the_language_of_the_page(key, language):
    """What is kept of it is English."""
    values = {name: f"{name} (1)" for name in places(ENGLISH[key])}
    kept, said = Message(key, **values), words.of(language)(key, **values)
    assert batch_rows.failed_of(words.of(language), kept) == said
    assert (said == kept) is (language == words.DEFAULT)


def test_a_long_text_that_is_none_of_ours_is_read_once():
    """Each value was tried at every place, with every other: this took minutes."""
    text = "the format a" + " holds x declarations" * 20_000
    assert batch_rows.failed_of(words.of("es"), text) == text


def test_what_a_reader_refuses_has_words_in_every_language():
    """But for what is wrong in a table of offices, which no declaration tells."""
    intake = WORDS.parent / "intake"
    plain, used = [], set()
    for path in sorted(intake.glob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        if path.name == "reader.py":  # what makes the error of such a key, whose callers are asked
            (made,) = (one for one in tree.body if getattr(one, "name", "") == "unread")
            assert ast.unparse(made).endswith(
                "return InputError(Message(key, **said), where=where, do=do)"
            )
            tree.body.remove(made)
        for node in ast.walk(tree):
            called = getattr(getattr(node, "func", None), "id", "")
            called = called or getattr(getattr(node, "func", None), "attr", "")
            if isinstance(node, ast.Call) and called in REFUSING:
                what = ast.unparse(node.args[0])
                key = re.match(REFUSING[called], what)
                used |= {key[1]} if key else set()
                plain += [] if key else [(path.name, what)]
    assert [name for name, _ in plain] == ["canonical.py"]
    assert used == set(UNREAD)


# What makes such an error, and how its first argument names the key.
REFUSING = {
    "InputError": r"(?:words\.)?Message\('(unread\.\w+)'",
    "UnknownFormat": r"(?:words\.)?Message\('(unread\.\w+)'",
    "unread": r"'(unread\.\w+)'$",
}


def test_the_words_about_people_are_careful():
    text = " ".join(ENGLISH.values()).lower()
    for never in ("suspect", "suspicious", "criminal", "guilty", "the ai "):
        assert never not in text


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (0, "0 قطعة"),
        (1, "قطعة واحدة"),
        (2, "قطعتان"),
        (3, "3 قطع"),
        (10, "10 قطع"),
        (11, "11 قطعة"),
        (102, "102 قطعة"),
        (103, "103 قطع"),
    ],
)
def test_arabic_counts_in_five_forms(n, said):
    assert words.of("ar").many("outcome.items_total", n) == said


def test_arabic_is_chosen_as_a_browser_asks_for_it_and_writes_western_figures():
    say = words.of(words.choose(None, "ar-MA,fr;q=0.8"))
    assert (say.language, say.right_to_left) == ("ar", True)
    assert say.number(25544.5) == "25\u202f544.5"


def test_french_counts_none_as_one_and_english_does_not():
    assert words.of("fr").many("kpi.finds_n", 0, total=5) == "0 découverte sur 5"
    assert words.of("en").many("kpi.finds_n", 0, total=5) == "0 finds of 5"


def test_one_of_the_finds_that_are_needed_is_no_plural_in_french():
    say, needed = words.of("fr"), {"least": 30, "finds": 1, "enough": 200, "enough_finds": 30}
    for key in ("batches.recall_unknown", "board.missed_unknown", "capacity.not_yet"):
        said = say(key, n=1, **needed)
        assert "1 découvertes" not in said and "1 résultats" not in said, key


COUNTED = ("queue.open", "queue.closed", "queue.snoozed", "board.more_kinds", "capacity.done")
COUNTED += ("capacity.expected", "compare.few", "cut.number", "watch.recall_unknown")
STATED = ("fact.firearms_declared", "fact.ammunition_declared")
STATED += ("batches.repaired", "board.later_of", "board.seconded", "check.lines_more")
STATED += ("models.signed_n", "paper.more", "sheet.missing", "terms.lanes", "upload.account")


@pytest.mark.parametrize("language", ["en", "fr", "es"])
def test_one_of_a_thing_is_no_plural(language):
    say, values = words.of(language), {"office": "XMPME", "total": 2, "up": 0}
    told = [say.many(key, 1, **values) for key in COUNTED]
    told += [say(key, **dict.fromkeys(places(ENGLISH[key]), 1) | values) for key in STATED]
    # These words end so whatever the number is.
    assert [one for one in told if re.search(r"\b1 (?!más\b|vers\b)[^\W\d]+s\b", one)] == []


def test_arabic_says_two_of_a_thing_by_its_own_word():
    say = words.of("ar")
    told = [say.many(key, 2, office="XMPME") for key in COUNTED if not key.startswith("queue.")]
    assert [one for one in told if "2" in one] == []
    assert "3 اكتشافات" in say.many("watch.recall_unknown", 3)
    assert "11 اكتشافًا" in say.many("watch.recall_unknown", 11)


@pytest.mark.parametrize("language", words.RIGHT_TO_LEFT)
def test_a_figure_and_its_percent_sign_stand_on_one_line_and_thousands_are_parted(language):
    parted = re.compile(r"[\d}] %|\d,\d")
    said = [*CATALOGUES[language].values(), *told(speaking.sentences(language))]
    assert [text for text in said if parted.search(text)] == []


@pytest.mark.parametrize("brief", [False, True])
@pytest.mark.parametrize("language", words.LANGUAGES)
def test_what_a_gate_measured_is_marked_as_english(language, brief, monkeypatch):
    drawn: list[str] = []
    monkeypatch.setattr(signing.st, "html", drawn.append)
    gate = promotion.Gate("size", True, "300 terms, 1.2 MB", "400 terms, 4 MB")
    waived = replace(gate, held=False, waived_by="ines", waiver="one line out of service")
    signing.gates(words.of(language), [gate, waived], brief=brief)
    english = '<span lang="en" dir="ltr">{}</span>'.format
    assert drawn[0].count(english(gate.value)) == 2
    assert drawn[0].count(english(gate.bound)) == (0 if brief else 1)


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_a_headline_whose_reason_is_cut_ends_with_the_ellipsis_alone(language):
    sign = {"text": "household or personal effects to a private consignee, " + "very heavy " * 20}
    told = form.headline(words.of(language), "red", [sign], [])
    assert told.endswith(("very…", "heavy…"))
    short = form.headline(words.of(language), "red", [{"text": "no licence number is given"}], [])
    assert short.endswith("given.")


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_each_reason_of_a_headline_stands_for_itself(language):
    """Many are no clause, and have a comma, an "and" and a "not" of their own."""
    first = "goods on a long way, at … times the usual mass: not known"
    second = "consignor and consignee are new, and no licence is given"
    reasons = [{"text": first, "points": 60}, {"text": second, "points": 40}]
    told = form.headline(words.of(language), "red", [], reasons)
    before, rest = told.split(first)
    assert before.rstrip().endswith(":")
    assert rest.strip("\u00a0\u202f ")[0] in ";؛"
    assert rest.endswith(f"{second}.")


def calls(path: Path, name: str) -> Iterator[ast.Call]:
    """Every call of a name in a module."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == name:
            yield node


def test_every_message_fills_the_places_of_its_sentence_and_every_refusal_is_one():
    made = [one for path in SERVICES.glob("*.py") for one in calls(path, "Message")]
    filled = {(ast.literal_eval(one.args[0]), *sorted(k.arg for k in one.keywords)) for one in made}
    held = {(key, *sorted(places(text))) for key, text in ENGLISH.items() if "refusal." in key}
    assert filled == held


@pytest.mark.parametrize("module", ["promotion", "fitting"])
def test_what_the_page_of_scorecards_refuses_is_a_message_whole(module):
    """One part in English would make the others English too."""
    kinds = ("Conflict", "PolicyError", "UsageError", "InputError", "RiskProfileError")
    found = [
        part
        for kind in kinds
        for one in calls(SERVICES / f"{module}.py", kind)
        for part in (*one.args, *(k.value for k in one.keywords if k.arg == "do"))
    ]
    assert len(found) > 5
    for part in found:
        made = {getattr(one.func, "id", "") for one in ast.walk(part) if isinstance(one, ast.Call)}
        assert "Message" in made, ast.unparse(part)


def test_few_letters_are_counted_in_arabic_as_few_and_many_as_many():
    """From three to ten they take the plural, from eleven on the singular."""
    say = words.of("ar")
    lengths = {
        "refusal.case": (REASON_LENGTH,),
        "refusal.do_purpose": (viewing.PURPOSE,),
        "refusal.reason": (deciding.REASON_ORDER, REASON_LENGTH),
        "refusal.reason_back": (REASON_LENGTH,),
        "refusal.reason_pause": (switching.PAUSE_REASON,),
        "refusal.reason_waiver": (REASON_LENGTH,),
        "refusal.reason_view": (blind.REASON,),
    }
    for key, told in lengths.items():
        for n in told:
            said = say(key, n=n, decision="")
            assert str(n) in said, said
            assert f"{n} حرفًا" not in said if n <= 10 else f"{n} أحرف" not in said, said


# What the buttons of officers and supervisors call.
BEHIND = (
    *("assigning", "blind", "deciding", "desk", "outcomes", "raising", "snoozing", "training_log"),
    *("unmasking", "viewing"),
)
# What the page does not let happen: it offers what is known, and hides what one may not do.
NEVER = (
    *("unknown decision", "unknown view", "a share of", "an item found has no"),
    *("an alert can be put aside for at most", "1 to x alerts can be put", "x has not come yet"),
)


def english_alone(name: str) -> Iterator[str]:
    """The sentences that a service raises and that are no message, an `x` in each place."""
    for node in ast.walk(ast.parse((SERVICES / f"{name}.py").read_text("utf-8"))):
        if not isinstance(node, ast.Raise) or not isinstance(node.exc, ast.Call):
            continue
        given = {one.arg: one.value for one in node.exc.keywords}
        if "holder" in given or isinstance(what := node.exc.args[0], ast.Starred):
            continue  # the page says itself who was first; the faults of a form
        whats = [what.body, what.orelse] if isinstance(what, ast.IfExp) else [what]
        told = [*map(sentence_of, whats)]
        if not any(one.startswith(NEVER) for one in told) and "do" in given:
            told.append(sentence_of(given["do"]))
        yield from filter(None, told)


def sentence_of(node: ast.expr) -> str:
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Message":
        return ""
    return "".join(str(one.value) if isinstance(one, ast.Constant) else "x" for one in parts)


@pytest.mark.parametrize("name", BEHIND)
def test_whatever_an_officer_can_be_refused_is_a_message(name):
    assert [one for one in english_alone(name) if not one.startswith(NEVER)] == []


def test_a_refusal_is_said_in_the_words_of_the_reader_and_a_command_keeps_english():
    short = Message("refusal.reason", decision="release", n=20)
    error = RiskProfileError(short, do=Message("refusal.do_say"))
    assert refusal(words.of("fr"), error) == (
        "Un motif pour « libérer » a au moins 20 caractères."
        " Dites ce que vous avez vu, pour qui lira cela plus tard."
    )
    said = "reason for release has at least 20 characters."
    said += " Say what you saw, for whoever reads this later."
    assert (refusal(words.of("en"), error), str(error)) == (f"A {said}", f"a {said}")


def test_no_page_tells_where_a_scorecard_lies():
    """Where a declaration stands it tells."""
    what, where = "scorecard 'v2' of the shipment profile is missing", "/srv/riskprofile/models/v2"
    error = ScorecardError(what, where=where, do="Restore the folder")
    assert refusal(words.of("fr"), error) == (
        "Scorecard 'v2' of the shipment profile is missing. Restore the folder"
    )
    assert "PX-1: scorecard" in refusal(words.of("fr"), ScorecardError(what, where="PX-1"))


def test_a_colon_and_quotes_stand_as_french_writes_them():
    say, now = words.of("fr"), datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    error = RiskProfileError(Message("refusal.nobody"), where="PX-1")
    assert refusal(say, error) == "PX-1 : personne ne tient cette alerte."
    done = SimpleNamespace(
        at=now, actor="ines", action="alert.decide", text="examine, trop lourd", purpose=""
    )
    assert "Ordonné : Examiner : trop lourd" in alert_panel._timeline([done], say, UTC, now)
    assert "«\u00a0caisse\u00a0»" in practice_panel.chose(say, "scan", 3, None, ["caisse"])


def test_what_a_page_cannot_draw_is_told_in_the_words_of_the_reader(monkeypatch):
    said: list[str] = []
    monkeypatch.setattr(frame.session, "speech", lambda: words.of("fr"))
    monkeypatch.setattr(frame.st, "html", said.append)
    monkeypatch.setattr(frame, "_again", lambda say: None)
    with pytest.raises(NotAllowed) as away:
        authorise(Actor("ines", "officer", "XMPME"), "alert.confirm", "XMABC")
    for error in (away.value, StoreError("the disk is full", where="/srv/db", do="Make room.")):
        frame.trouble(error)
    assert all("Cette page n’a pas pu être affichée" in one for one in said)
    assert "Cela appartient à un autre bureau. Demandez à ce bureau." in said[0]
    assert "La base de données n’a pas répondu comme il faut (the disk is full)" in said[1]
    assert "/srv" not in said[1]


def test_all_faults_of_a_form_are_told_and_where_they_are():
    faults = Message("refusal.method"), Message("refusal.item_none", outcome="nothing")
    error = RiskProfileError(*faults, where="A-7")
    assert error.what == "how it was examined is missing; outcome nothing has no items"
    assert refusal(words.of("es"), error) == (
        "A-7: falta cómo se examinó; el resultado «nada» no tiene objetos."
    )


def test_a_refusal_with_a_part_that_is_no_message_stays_whole_in_english():
    error = RiskProfileError(Message("refusal.nobody"), do="Ask the keeper of the seals.")
    assert refusal(words.of("ar"), error) == "Nobody holds this alert. Ask the keeper of the seals."


def test_a_message_is_the_same_in_another_process():
    told = Message("refusal.view_said", who="ines")
    there = pickle.loads(pickle.dumps(told))
    assert (there, there.key, there.values) == (told, told.key, told.values)


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_the_head_of_the_narrow_column_of_counts_is_not_cut(language):
    assert len(words.of(language)("item.count")) <= 5

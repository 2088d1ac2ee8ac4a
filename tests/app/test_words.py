"""The catalogue: one file per language, the same keys, the same places to fill."""

from __future__ import annotations

import ast
import json
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import app
from riskprofile import words
from riskprofile.cli.output import STEPS
from riskprofile.profiles import PROFILES
from riskprofile.services import review
from riskprofile.services.rights import ACTIONS, ROLES
from riskprofile.services.run import WRITING

APP = Path(app.__file__).parent
WORDS = Path(words.__file__).parent
# Papers are made by services, in the words of the same catalogue.
PAPERS = (
    *(WORDS.glob("*.py")),
    *(WORDS.parent / "services" / f"{name}.py" for name in ("sheet", "explanation")),
)
CATALOGUES = {
    language: json.loads((WORDS / f"{language}.json").read_text("utf-8"))
    for language in words.LANGUAGES
}
ENGLISH = CATALOGUES[words.DEFAULT]
# Keys made from data at run time: their beginnings.
MADE = (
    *("lane", "queue", "profile", "role", "decision", "outcome", "method", "concealment", "item"),
    *("kind", "sure", "batch", "batch_state", "batches", "kept", "head", "tab", "field", "choice"),
    *("fact", "link", "event", "owner", "filter", "page", "column", "second", "read_only"),
    *(
        "row_state",
        "upload_step",
        "kept_state",
        "message",
        "paper",
        "sheet",
        "gate",
        "audit",
        "models",
        "snooze",
        "board",
        "trends",
        "trends_by",
        "trends_is",
        "trends_save",
        "fits",
        "fits_step",
        "models_view",
        "edit",
        "edit_how",
        "compare",
        "practice",
    ),
)


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


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_every_language_has_the_same_keys(language):
    assert CATALOGUES[language].keys() == ENGLISH.keys()


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_every_language_fills_the_same_places(language):
    catalogue = CATALOGUES[language]
    assert {key: places(text) for key, text in catalogue.items()} == {
        key: places(text) for key, text in ENGLISH.items()
    }


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


def test_the_words_about_people_are_careful():
    text = " ".join(ENGLISH.values()).lower()
    for never in ("suspect", "suspicious", "criminal", "guilty", "the ai "):
        assert never not in text


def test_french_counts_none_as_one_and_english_does_not():
    assert words.of("fr").many("kpi.finds_n", 0, total=5) == "0 découverte sur 5"
    assert words.of("en").many("kpi.finds_n", 0, total=5) == "0 finds of 5"

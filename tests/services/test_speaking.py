"""Sentences of reasons in every language: none is missing, and each says its value."""

from __future__ import annotations

import re
import string

import numpy as np
import pandas as pd
import pytest

from riskprofile import words
from riskprofile.features import combinations
from riskprofile.profiles import PROFILES
from riskprofile.scoring import drift
from riskprofile.scoring.reasons import YES_OR_NO, explain, reading
from riskprofile.services import speaking
from riskprofile.services.describing import NOT_GIVEN
from riskprofile.store.artefacts import serving
from tests.services.invariance import CHECKOUT

OTHERS = [language for language in words.LANGUAGES if language != words.DEFAULT]
FEATURES = [(profile, one) for profile, kind in PROFILES.items() for one in kind.features]
SIGNS = [(profile, one) for profile, kind in PROFILES.items() for one in kind.indicators]
PLACE = re.compile(r"\{value:([^}]*)\}")


def places(text: str) -> list[str]:
    """The names in braces."""
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


@pytest.mark.parametrize("language", OTHERS)
def test_every_feature_has_a_sentence_that_writes_its_value_in_the_same_way(language):
    held = speaking.sentences(language)["features"]
    assert {one.name for _, one in FEATURES} == held.keys()
    for _, one in FEATURES:
        wanted = PLACE.findall(one.reads)
        if one.unit == YES_OR_NO:
            wanted = ["yes" for _ in wanted]
        assert PLACE.findall(held[one.name]) == wanted, one.name


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_every_feature_is_called_something_short_that_no_other_is(language):
    say = words.of(language)
    names = sorted({one.name for _, one in FEATURES})
    told = speaking.names(say, names)
    assert len(set(told)) == len(names)
    assert max(map(len, told)) <= 42 and not any("_" in one for one in told)


@pytest.mark.parametrize("language", OTHERS)
def test_every_warning_sign_has_its_three_sentences_with_the_same_places(language):
    held = speaking.sentences(language)["indicators"]
    for profile, one in SIGNS:
        told = {**held["every"], **held[profile]}[one.key]
        assert len(told) == 3, one.key
        assert places(told[0]) == places(one.says), one.key
    known = {(profile, one.key) for profile, one in SIGNS}
    assert {(p, key) for p in PROFILES for key in held[p]} <= known


@pytest.mark.parametrize("language", OTHERS)
def test_the_files_of_all_languages_have_the_same_keys(language):
    def keys(value: object) -> object:
        return {k: keys(v) for k, v in value.items()} if isinstance(value, dict) else None

    assert keys(speaking.sentences(language)) == keys(speaking.sentences(OTHERS[0]))


def reason(term, text, value, norm=""):
    return {"term": term, "text": text, "points": 5, "value": value, "norm": norm}


def test_a_reason_is_said_with_its_value_and_norm_in_figures_of_the_language():
    given = reason("mass_times_usual", "", 4.25, "0.83 to 1.52")
    [told] = speaking.reasons(words.of("es"), "shipment", [given])
    assert told["text"] == "la masa es 4,2 veces lo habitual en estas mercancías"
    assert told["norm"] == "0,83 a 1,52"
    assert (told["term"], told["points"], told["value"]) == ("mass_times_usual", 5, 4.25)


def test_two_values_wording_yes_and_what_is_not_known_are_said():
    both = reason("pair_age x gift", "", [12.0, 1.0])
    quoted = "wording: “pin”, “spring”"
    text = f"these two parties have traded for 12 days and {quoted}"
    mixed = reason("pair_age x wording", text, [12.0, 0.3])
    unknown = reason("consignee_age", "consignee age is not known", None)
    told = speaking.reasons(words.of("fr"), "shipment", [both, mixed, unknown])
    assert [one["text"] for one in told] == [
        "ces deux parties commercent depuis 12 jours et déclaré comme cadeau\u00a0: oui",
        "ces deux parties commercent depuis 12 jours et termes\u00a0: “pin”, “spring”",
        "ce destinataire a été vu pour la première fois il y a … jours\u00a0: inconnu",
    ]


def test_one_is_said_as_one_and_none_as_the_language_counts_it():
    legs = next(one for _, one in FEATURES if one.name == "journey_legs")
    ends = {1.0: "1 stop", 2.0: "2 stops", 0.0: "0 stops"}
    assert [reading(legs, n) for n in ends] == [
        f"{told} between the ends of the journey" for told in ends.values()
    ]
    given = [reason("journey_legs", "", n) for n in ends]
    told = {
        language: [one["text"] for one in speaking.reasons(words.of(language), "traveller", given)]
        for language in ("fr", "es")
    }
    assert [one[:8].strip() for one in told["fr"]] == ["1 arrêt", "2 arrêts", "0 arrêt"]
    assert [one[:9].strip() for one in told["es"]] == ["1 escala", "2 escalas", "0 escalas"]


@pytest.mark.parametrize("value", [1.0, 2.0, None])
def test_of_two_forms_one_is_said(value):
    for profile, one in FEATURES:
        given = [reason(one.name, reading(one, value), value)]
        for language in words.LANGUAGES:
            [told] = speaking.reasons(words.of(language), profile, given)
            assert not set(told["text"]) & set("[|]"), (language, one.name)


def test_what_is_not_so_is_not_said_to_be_so():
    """Points of what is not there stand in the list too: "goods are cheap and bulky: no"."""
    for profile, one in FEATURES:
        if one.unit != YES_OR_NO:
            continue
        given = [reason(one.name, reading(one, value), value) for value in (0.0, 1.0)]
        for language in words.LANGUAGES:
            no, yes = speaking.reasons(words.of(language), profile, given)
            assert no["text"] != yes["text"], (language, one.name)
            assert no["text"].endswith(words.of(language)("no").lower()), (language, one.name)


def test_of_what_is_no_such_combination_no_figure_is_said():
    """Of no gift "a declared gift, at 0.0 times the usual mass" would say that it is one."""
    told = {"en": "at … times the usual mass: no", "fr": "à … fois la masse d’usage\u00a0: non"}
    told |= {"es": "con … veces la masa habitual: no", "ar": "بوزن … من أمثال المعتاد: لا"}
    marked = [(profile, one) for profile, one in FEATURES if one.none]
    assert {one for one in combinations.FEATURES if one.unit != YES_OR_NO} <= {
        one for _, one in marked
    }
    for profile, one in marked:
        given = [reason(one.name, reading(one, value), value) for value in (0.0, -1.0, 2.0)]
        for language in words.LANGUAGES:
            say = words.of(language)
            none, less, two = (each["text"] for each in speaking.reasons(say, profile, given))
            assert none == less != two, (language, one.name)
            assert none.endswith(say("no").lower()) and not re.search("0[.,]0|-1", none), none
            if one.name == "gift_heavy":
                assert none.endswith(told[language])


@pytest.mark.parametrize("language", OTHERS)
def test_a_combination_at_0_that_was_stored_before_it_was_said_to_be_none_is_no_english(language):
    none = "a declared gift, at 0.0 times the usual mass"
    given = [
        reason("C1", f"an own rule: {none} and consignee named: yes", [0.0, 1.0]),
        reason("gift_heavy x wording", f"{none} and the goods are worded unusually", [0.0, 0.3]),
    ]
    for one in speaking.reasons(words.of(language), "shipment", given):
        assert speaking.sentences(language)["not"].format(said="") in one["text"]
        assert not re.search(r"\b(gift|usual|named|worded)\b", one["text"]), one["text"]


def test_words_that_go_with_a_number_follow_it():
    given = [reason("ambiguous_terms", "", n) for n in (1.0, 2.0)]
    french = [one["text"] for one in speaking.reasons(words.of("fr"), "shipment", given)]
    assert ["qui lui donne" in french[0], "qui leur donne" in french[1]] == [True, True]
    given = [reason("part_kinds", "", n) for n in (1.0, 2.0)]
    spanish = [one["text"] for one in speaking.reasons(words.of("es"), "shipment", given)]
    assert [one[:11] for one in spanish] == ["se nombra 1", "se nombran "]


def test_a_reason_whose_value_is_no_number_stays_as_it_was():
    given = reason("pair_age", "These two parties have never traded before", "")
    [told] = speaking.reasons(words.of("fr"), "shipment", [given])
    assert told["text"] == given["text"]


def test_a_sign_is_said_with_what_was_declared():
    said = "gross mass (4.5 kg; packages: 2) does not fit goods of HS 7318.24"
    sign = {"key": "S04_weight_norm_mismatch", "text": said, "queue": "compliance"}
    [told] = speaking.indicators(words.of("es"), "shipment", [sign])
    assert told["text"] == (
        "la masa bruta (4.5 kg; bultos: 2) no encaja con mercancías del SA 7318.24"
    )
    assert told["check"].startswith("pesar") and told["queue"] == "compliance"


def test_declared_braces_stay_what_was_declared():
    said = "declared as arms, parts or ammunition (HS 93: {hs_code} %s), and no licence number"
    sign = {"key": "E09_controlled_term_no_licence", "text": f"{said} is given"}
    [told] = speaking.indicators(words.of("fr"), "shipment", [sign])
    assert "{hs_code} %s" in told["text"]


def test_what_a_person_wrote_stays_as_written_and_english_as_it_was():
    raised = {"key": "M01_raised_by_hand", "text": "ines raised it by hand: it was torn open"}
    [told] = speaking.indicators(words.of("es"), "shipment", [raised])
    assert told["text"] == "ines lo levantó a mano: it was torn open"
    own = reason("C99", "an own rule: 3 firearms declared", 3.0)
    [told] = speaking.reasons(words.of("es"), "traveller", [own])
    assert told["text"] == "an own rule: 3 armas de fuego declaradas"
    given = [reason("gift", "declared as gift: yes", 1.0, "0 to 1")]
    assert speaking.reasons(words.of("en"), "shipment", given) == given


@pytest.mark.parametrize(
    ("language", "norm"),
    [
        ("en", "1.32 to 3\u202f280; 0"),
        ("es", "1,32 a 3\u202f280; 0"),
        ("fr", "1,32 à 3\u202f280; 0"),
    ],
)
def test_a_large_figure_of_a_norm_is_written_out(language, norm):
    given = reason("gift", "declared as gift: yes", 1.0, "1.32 to 3.28e+03; 0")
    [told] = speaking.reasons(words.of(language), "shipment", [given])
    assert told["norm"] == norm


@pytest.mark.parametrize(
    ("language", "word"), [("fr", "en importation "), ("es", "importación"), ("ar", "استيراد")]
)
def test_a_code_in_a_sign_is_spelled_out_in_the_language_of_the_page(language, word):
    known = {one.key: one for one in PROFILES["shipment"].indicators}
    text = known["D05_transit_or_embargo"].says.format(hs_code="731824", procedure="import")
    sign = {"key": "D05_transit_or_embargo", "text": text, "queue": "compliance"}
    [told] = speaking.indicators(words.of(language), "shipment", [sign])
    assert word in told["text"] and "731824" in told["text"]


@pytest.mark.parametrize("language", words.LANGUAGES)
@pytest.mark.parametrize("profile", PROFILES)
def test_what_a_sign_says_of_any_declaration_names_no_column_and_no_key(profile, language):
    say = words.of(language)
    told = {one.key: speaking.sign(say, profile, one.key) for one in PROFILES[profile].indicators}
    assert len(set(told.values())) == len(told)
    for key, said in told.items():
        assert key not in said and not set("{}_") & set(said)
    assert speaking.sign(say, profile, "of_another_release") == "of_another_release"


@pytest.mark.parametrize(
    ("language", "norm"),
    [("en", "18% to 83%"), ("es", "18\u00a0% a 83\u00a0%"), ("fr", "18\u00a0% à 83\u00a0%")],
)
def test_a_norm_is_in_hundredths_where_its_sentence_is(language, norm):
    given = reason("kind_of_consignee_share", "", 0.83, "0.179 to 0.826")
    [told] = speaking.reasons(words.of(language), "shipment", [given])
    assert told["norm"] == norm
    both = reason("kind_of_consignee_share x gift", "", [0.83, 1.0], "0.179 to 0.826; 0 to 1")
    [told] = speaking.reasons(words.of(language), "shipment", [both])
    assert told["norm"].startswith(f"{norm}; 0 ")


@pytest.mark.parametrize(
    ("language", "text", "norm"),
    [
        (
            "en",
            "these words are declared in one of 2,000 declarations",
            "490 to 85\u202f000",
        ),
        (
            "es",
            "estas palabras se declaran en una de cada 2\u202f000 declaraciones",
            "490 a 85\u202f000",
        ),
        (
            "ar",
            "يُصرَّح بهذه الكلمات في بيان واحد من كل 2\u202f000",
            "490 إلى 85\u202f000",
        ),
    ],
)
def test_what_is_measured_as_a_logarithm_is_said_as_what_it_is_of(language, text, norm):
    said = next(one for _, one in FEATURES if one.name == "named_goods_rarity")
    given = reason("named_goods_rarity", reading(said, 3.3), 3.3, "2.69 to 4.93")
    [told] = speaking.reasons(words.of(language), "shipment", [given])
    assert (told["text"], told["norm"], told["value"]) == (text, norm, 3.3)


def test_a_text_that_was_never_declared_before_is_declared_once_with_this_declaration():
    said = next(one for _, one in FEATURES if one.name == "goods_text_frequency")
    once, twelve = reading(said, 0.0), reading(said, 1.079)
    assert "about 1 time in a year, with this one" in once
    assert "about 12 times in a year" in twelve
    given = reason("goods_text_frequency", once, 0.0)
    [told] = speaking.reasons(words.of("es"), "shipment", [given])
    assert "aproximadamente 1 vez en el último año" in told["text"]


def test_a_norm_in_words_stays_as_it_is():
    given = reason("gift", "declared as gift: yes", 1.0, "60 to 400 g under HS 7318.24")
    [told] = speaking.reasons(words.of("fr"), "shipment", [given])
    assert told["norm"] == given["norm"]


def test_what_was_not_declared_is_said_so():
    key = "E09_controlled_term_no_licence"
    says = next(one.says for profile, one in SIGNS if (profile, one.key) == ("shipment", key))
    text = says.replace("{hs_code}", "9302").replace("{goods_description}", NOT_GIVEN)
    [told] = speaking.indicators(words.of("es"), "shipment", [{"key": key, "text": text}])
    assert "(SA 9302: no indicado)" in told["text"]


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("profile", PROFILES)
def test_no_english_is_left_in_what_the_served_scorecards_say(profile, language):
    card, kind = serving(CHECKOUT / "models", profile), PROFILES[profile]
    rng = np.random.default_rng(7)
    values = pd.DataFrame({name: rng.choice([0.0, 1.0, 3.5, np.nan], 40) for name in card.features})
    english = {reading(one, value) for one in kind.features for value in (0.0, 1.0, 3.5, None)}
    for raising, lowering in explain(values, ["steel pins"] * 40, kind, card):
        for one in speaking.reasons(words.of(language), profile, [*raising, *lowering]):
            assert one["text"] not in english
            assert not re.search(r"\b(the|and|with|this|days|times|usual)\b", one["text"]), one


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_a_series_that_changed_is_called_as_the_page_speaks(language):
    say = words.of(language)
    kept = [
        *("feature mass_per_package", "column gross_mass_kg", "slice transport_mode"),
        *("letters goods_description", "score points", "indicator X02_firearm_lexicon"),
        *("repeats rows alike in every feature", "finds list", f"finds {drift.RANDOM}"),
        *("calibration list", "precision X02_firearm_lexicon"),
    ]
    told = [speaking.series(say, one) for one in kept]
    if language == words.DEFAULT:
        assert told == kept
        return
    assert len({*told}) == len(kept) and not {*told} & {*kept}
    assert not [one for one in told if "_" in one]
    assert say("field.gross_mass_kg") in told[1]
    assert speaking.series(say, "of another release") == "of another release"

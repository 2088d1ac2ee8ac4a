"""The inspection sheet and the explanation: one page each, audited, in every script we have."""

from __future__ import annotations

import re
import shutil
import subprocess
import unicodedata
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from riskprofile import words
from riskprofile.errors import Conflict, InputError, NotAllowed, RiskProfileError, ScorecardError
from riskprofile.profiles import PROFILES
from riskprofile.scoring.ranking import Capacity
from riskprofile.services import blind, explanation, govern, looking, printing, review, sheet
from riskprofile.services.identity import OWNER
from riskprofile.services.paper import drawn
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.store.alert_tables import Alert
from riskprofile.words import shown
from tests import factory
from tests.services.bench import (
    AUDITOR,
    AWAY,
    EITHER,
    HERE,
    INES,
    NOW,
    OMAR,
    REASON,
    SARA,
    actions,
    put,
    taken,
)

MODELS = Path("models")
EN = words.of("en")
REASONS = [
    {"term": f"t{n}", "text": f"reason number {n} of {n} kg", "points": 90 - n, "norm": "1 to 2"}
    for n in range(20)
]
AGAINST = [{"term": "h", "text": "code and wording agree", "points": -38, "norm": ""}]
ROW = {
    "declaration_id": "XM-000000",
    "goods_description": "steel pins for the kit",
    "consignor_name": "Example Fasteners Ltd",
    "consignee_name": "A. Person",
    "consignee_type": "private",
    "route": "XAALD|XCCVA|XMPME",
    "gross_mass_kg": 4.0,
}


def told(pdf: bytes) -> str:
    """The text of a PDF of one page."""
    path = shutil.which("pdftotext")
    if path is None:
        pytest.skip("pdftotext is not installed: apt-get install --yes poppler-utils")
    made = subprocess.run([path, "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    text = made.stdout.decode("utf-8")
    assert text.count("\f") == 1
    # Joined letters come as signs of their own, with marks of direction around them.
    text = unicodedata.normalize("NFKC", re.sub("[\u202a-\u202c]", "", text))
    return " ".join(text.split())


def bare(text: str) -> str:
    """Without spaces and marks on letters: a reader of PDF loses or moves some of them."""
    return "".join(one for one in text if one != " " and unicodedata.category(one) != "Mn")


def one(store, **columns):
    """An alert with more reasons than a page shows one by one."""
    total = sum(term["points"] for term in (*REASONS, *AGAINST)) + 100
    given = {"reasons": REASONS, "against": AGAINST, "declaration": [ROW], "points": total}
    [alert] = put(store, 1, **{**given, **columns})
    return alert


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_the_sheet_is_one_page_in_every_language_and_its_sum_is_whole(store, language):
    say = words.of(language)
    text = told(sheet.sheet(store, INES, one(store), say, NOW))
    for wanted in ("XM-000000", say("sheet.title"), say("sheet.examined"), "reason number 0"):
        assert wanted in text
    rest = sum(term["points"] for term in REASONS[sheet.UP :])
    assert bare(say.many("why.smaller", 20 - sheet.UP, points="")) in bare(text)
    assert f"+{rest}" in text
    assert "steel pins for the kit" in text


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_the_sheet_says_beside_a_check_what_was_declared_and_which_finds_were_alike(
    store, language
):
    say = words.of(language)
    find = {"record_id": "XM-7@XMPME/XC/2026", "title": "spring set", "office": HERE}
    related = [
        {**find, "link": "like an earlier find in goods, route", "outcome": "trafficking"},
        {**find, "record_id": "XM-8", "title": "steel rod", "link": "same address"},
    ]
    row = {**ROW, "quantity": 400.0}
    text = bare(told(sheet.sheet(store, INES, one(store, declaration=[row], related=related), say,
                                 NOW)))  # fmt: skip
    if say.right_to_left:  # what stands in such a line is read in another order
        assert "400" in text and "XM-7" in text and "springset" in text
        return
    for check, value in (
        ("weigh", say("fact.gross_mass_kg", value="4")), ("count", say.number(400)),
    ):  # fmt: skip
        check = say(f"sheet.check.shipment.{check}")
        assert bare(say("sheet.as_declared", check=check, value=value)) in text
    for word in (say("sheet.alike"), "spring set", "XM-7", say("facet.goods"), say("facet.route")):
        assert bare(word) in text
    assert "XM-8" not in text


def test_what_a_sheet_compares_with_has_words_and_is_a_column():
    for profile in PROFILES.values():
        held = [
            [name for name in columns if name in profile.by_name]
            for check, columns in sheet.STANDARD.items()
            if columns
        ]
        assert all(held)
        assert all(EN(f"fact.{name}", value=1) for names in held for name in names)


def test_printing_is_written_down_and_another_office_gets_no_sheet(store):
    alert = one(store)
    sheet.sheet(store, INES, alert, EN, NOW)
    assert actions(store, alert) == ["alert.look", "alert.print"]
    for nobody in (AWAY, AUDITOR):
        with pytest.raises(NotAllowed):
            sheet.sheet(store, nobody, alert, EN, NOW)
    assert "alert.print" not in actions(store, alert)[2:]


def test_a_printed_sheet_counts_as_a_look_by_the_setting(store):
    sheet.sheet(store, INES, one(store), EN, NOW, looks_an_hour=0)
    [alarm] = looking.alarms(store, SARA, NOW)
    assert (alarm.account, alarm.records, alarm.limit) == ("ines", 1, 0)


def test_an_explanation_counts_as_a_look_at_its_record_by_the_setting(store):
    alert = one(store)
    sheet.sheet(store, INES, alert, EN, NOW, looks_an_hour=1)
    explanation.make(store, MODELS, INES, "XM-000000", EN, NOW, looks_an_hour=1)
    assert looking.alarms(store, SARA, NOW) == []  # both are of one record
    explanation.make(store, MODELS, OMAR, "XM-000000", EN, NOW, looks_an_hour=0)
    [alarm] = looking.alarms(store, SARA, NOW)
    assert (alarm.account, alarm.records, alarm.limit) == ("omar", 1, 0)


def test_an_overlong_hostile_declaration_still_gives_one_page(store):
    hostile = "<script>alert(1)</script> ![x](http://outside.invalid) \u202e" * 60
    alert = one(
        store,
        title=hostile,
        declaration=[dict.fromkeys(ROW, hostile)],
        reasons=[{**term, "text": hostile} for term in REASONS],
        indicators=[{"key": "S", "text": hostile, "check": hostile, "cleared_by": hostile}] * 9,
        related=[{"record_id": "X", "title": hostile, "link": "like an earlier find in goods"}] * 9,
    )
    made = sheet.sheet(store, INES, alert, EN, NOW)
    assert "[U+202E]" in told(made)
    assert b"/URI" not in made and b"/JavaScript" not in made and b"/Link" not in made
    told(explanation.make(store, MODELS, INES, "XM-000000", EN, NOW))


def test_four_scripts_are_printed_and_what_cannot_be_is_counted(store):
    row = {**ROW, "goods_description": "стальные штифты 钢销样品 عينات ไทย"}
    text = told(sheet.sheet(store, INES, one(store, declaration=[row]), EN, NOW))
    assert "стальные" in text and "钢销样品" in text
    assert EN("sheet.missing", n=3) in text


def test_arabic_letters_take_the_forms_in_which_they_join():
    assert shown.joined("سلام") == "\ufeb3\ufefc\ufee1"  # lam and alef are one sign
    assert shown.joined("steel 12") == "steel 12"


def test_a_line_of_an_arabic_page_begins_at_the_right_and_keeps_codes_and_signs():
    # From left to right, as they stand on the paper.
    assert drawn("نص +96، PX-1 (5)", True) == "PX-1 (5) ،+96 \ufebaﻧ"
    assert drawn("(نص) −38", True) == "−38 (\ufebaﻧ)"
    assert drawn("PX-1 نص", False) == "PX-1 \ufebaﻧ"


def test_the_trends_of_an_arabic_page_are_printed_in_its_letters():
    page = printing.Page("الاتجاهات", NOW, "ar")
    page.heading("الحالات")
    page.bars([("2026-11", 3), ("2026-12", 0)])
    page.table(["القيمة", "العيار"], [["9x19", "شيء (2)"]])
    text = told(page.bytes())
    assert "الاتجاهات" in text and "الحالات" in text
    assert "9x19" in text and "2026-11" in text and "<06" not in text


def test_the_explanation_holds_factors_both_ways_the_deciders_role_and_the_way_to_contest(store):
    alert = taken(store, reasons=REASONS[:3], against=AGAINST, declaration=[ROW], points=400)
    review.decide(store, INES, alert, "examine", REASON, NOW)
    text = told(explanation.make(store, MODELS, OMAR, "XM-000000", EN, NOW))
    for term in (*REASONS[:3], *AGAINST):
        assert term["text"][1:] in text
    for wanted in ("= 400", "Examine, entry", "by an officer of this office", "How to contest"):
        assert wanted in text


def test_the_explanation_names_nobody_and_repeats_nothing_that_was_declared(store):
    by_hand = [{"key": "M01_raised_by_hand", "text": "ines raised it by hand: A. Person ran away"}]
    alert = taken(store, reasons=REASONS[:3], indicators=by_hand, declaration=[ROW], points=400)
    review.decide(store, INES, alert, "examine", REASON, NOW)
    text = told(explanation.make(store, MODELS, OMAR, "XM-000000", EN, NOW))
    for never in ("Example Fasteners", "A. Person", "Ines", "ines", "omar", REASON, "steel pins"):
        assert never not in text
    assert "An officer of this office asked for a check by hand" in text


def test_making_an_explanation_is_written_down_and_another_office_gets_none(store):
    alert = one(store)
    explanation.make(store, MODELS, INES, "XM-000000", EN, NOW + timedelta(minutes=1))
    assert actions(store, alert) == ["explanation.make"]
    for nobody in (AWAY, AUDITOR):
        with pytest.raises(NotAllowed):
            explanation.make(store, MODELS, nobody, "XM-000000", EN, NOW)
    for actor, asked in ((AWAY, "XM-000000"), (AWAY, "XM-999999"), (INES, "XM-999999")):
        with pytest.raises(NotAllowed, match=f"^{asked}: there is no such record in your office$"):
            explanation.make(store, MODELS, actor, asked, EN, NOW)  # whether there is one or not
    with pytest.raises(InputError, match="no rated record"):
        explanation.make(store, MODELS, replace(INES, office=None), "XM-999999", EN, NOW)


def test_of_several_with_a_number_an_explanation_names_those_of_the_office_alone(bare, home):
    """Whether another office has that number, is not told."""
    offices, carriers = [HERE, HERE, AWAY.office, AWAY.office, AWAY.office, HERE], [*"ABABAB"]
    numbers = ["XN-1", "XN-1", "XN-2", "XN-2", "XN-3", "XN-3"]
    table = factory.shipments(6, declaration_id=numbers, carrier=carriers, customs_office=offices)
    path = factory.write(home.home / "day.csv", table)
    screen(bare, home, OWNER, [path], Options(capacity=Capacity(number=0)), NOW)
    with pytest.raises(RiskProfileError, match="several declarations have this number") as refused:
        explanation.explain(bare, MODELS, INES, "XN-1", NOW)
    whole = refused.value.where.split(", ")
    assert [one.rpartition("/")[0] for one in whole] == [f"XN-1@{HERE}/A", f"XN-1@{HERE}/B"]
    with pytest.raises(NotAllowed, match=r"^XN-2: there is no such record in your office$"):
        explanation.explain(bare, MODELS, INES, "XN-2", NOW)
    found = explanation.explain(bare, MODELS, INES, "XN-3", NOW)
    assert found.record_id.startswith(f"XN-3@{HERE}/B")


def test_of_what_is_declared_anew_elsewhere_each_office_explains_what_it_rated(bare, home):
    """Where it raised no alert anew, the alert of the office before is not told."""
    govern.enable_profile(bare, OWNER, "traveller", "law of a test", "DPIA-1", NOW)
    for hour, place, goods in ((0, AWAY.office, "pistol barrel"), (1, HERE, None)):
        table = factory.travellers(1, crossing_point=place, goods_declared=goods)
        path = factory.write(home.home / f"{hour}.csv", table)
        options = Options(profile="traveller", capacity=Capacity(0, random_share=0.0))
        screen(bare, home, OWNER, [path], options, NOW + timedelta(hours=hour))

    def told(actor):
        return explanation.explain(bare, MODELS, actor, "XC-000000", NOW, "asked by the person")

    away, here = told(AWAY), told(INES)
    assert (away.lane, here.lane) == ("yellow", "green")
    assert (away.office, here.office) == (AWAY.office, HERE)
    with pytest.raises(NotAllowed, match="there is no such record in your office"):
        told(replace(INES, office="XMRLW"))


@EITHER
def test_what_waits_for_a_view_keeps_no_explanation_back_when_nobody_can_say_one(bare, home):
    """Its place was taken by one of another office: only while that waits is nothing told."""
    govern.enable_profile(bare, OWNER, "traveller", "law of a test", "DPIA-1", NOW)
    blind.set_share(bare, OWNER, 1.0, NOW)
    for hour, place in ((0, AWAY.office), (1, HERE)):
        table = factory.travellers(1, crossing_point=place, goods_declared="pistol barrel")
        path = factory.write(home.home / f"{hour}.csv", table)
        options = Options(profile="traveller", capacity=Capacity(0, random_share=0.0))
        screen(bare, home, OWNER, [path], options, NOW + timedelta(hours=hour))
    soon, why = NOW + timedelta(hours=2), "asked by the person"

    def told():
        return explanation.explain(bare, MODELS, AWAY, "XC-000000", soon, why)

    with pytest.raises(Conflict, match="waits for your own view"):
        told()
    alert = Alert.__table__.c
    with bare.read() as connection:
        newer = connection.execute(select(alert.id).where(alert.office == HERE)).scalar_one()
    review.alert(bare, INES, newer, soon, why)
    review.claim(bare, INES, newer, soon)
    review.say_first(bare, INES, newer, "release", REASON, soon)
    assert (told().office, told().lane) == (AWAY.office, "yellow")


def test_a_fault_of_what_rated_a_record_is_told_in_its_office_alone(bare, home, tmp_path):
    path = factory.write(home.home / "day.csv", factory.shipments(1, customs_office=HERE))
    screen(bare, home, OWNER, [path], Options(capacity=Capacity(number=0)), NOW)
    with pytest.raises(ScorecardError):
        explanation.explain(bare, tmp_path, INES, "XM-000000", NOW)
    with pytest.raises(NotAllowed, match="there is no such record in your office"):
        explanation.explain(bare, tmp_path, AWAY, "XM-000000", NOW)


def test_the_explanation_names_no_column_as_used_that_it_says_is_not(store):
    row = {"crossing_id": "XC1", "name": "A. Person", "born": "1980-01-01", "checked_bags": 2}
    row |= {"person_ref": "P5551", "vehicle_ref": "XA-12-34"}
    put(store, profile="traveller", office=HERE, declaration=[row])
    made = explanation.explain(store, MODELS, INES, "XM-000000", NOW, "request of the person")
    assert made.declared == ["crossing_id", "checked_bags"]


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_the_sheet_of_a_traveller_asks_for_bags_and_quotes_no_goods(store, language):
    say = words.of(language)
    row = {"crossing_id": "XC1", "checked_bags": 2, "bag_mass_kg": 56.0}
    alert = one(store, profile="traveller", declaration=[row])
    text = told(sheet.sheet(store, INES, alert, say, NOW, "control at entry"))
    assert "“”" not in text
    for name in ("weigh", "count", "compare"):
        assert bare(say(f"sheet.check.traveller.{name}")) in bare(text)
        assert bare(say(f"sheet.check.shipment.{name}")) not in bare(text)


def test_an_explanation_about_a_person_asks_for_the_purpose(store):
    [alert] = put(store, profile="traveller", office=HERE)
    for purpose in ("", "x"):
        with pytest.raises(NotAllowed, match="purpose"):
            explanation.make(store, MODELS, INES, "XM-000000", EN, NOW, purpose)
    told(explanation.make(store, MODELS, INES, "XM-000000", EN, NOW, "request of the person"))
    assert actions(store, alert) == ["explanation.make"]

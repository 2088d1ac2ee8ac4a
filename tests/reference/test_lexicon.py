"""What the lexicon finds, what cancels it, and that a disguise does not help."""

from __future__ import annotations

import csv
import random

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskprofile.reference import lexicon
from riskprofile.tables import TEXT
from tests.reference.disguise import TRICKS, slip
from tests.reference.goods_lines import GOODS, lines

LATIN = ("en", "fr", "es", "pt", "de", "tr")


def column(*texts: str | None) -> pd.Series:
    return pd.Series(list(texts), dtype=TEXT)


def weight(text: str) -> int:
    """How much a text says of arms: ambiguous terms count a tenth, as in typology X02."""
    found = lexicon.scan(text)
    return 10 * (found.low + found.combined) + found.high


def test_every_unambiguous_term_is_found_in_a_line_of_goods():
    twice = {t.text.casefold() for t in lexicon.terms() if t.ambiguity == "high"}
    low = [t.text for t in lexicon.terms() if t.ambiguity == "low"]
    missed = [text for text in low if lexicon.scan(f"1 {text}, new").low == 0]
    assert [text for text in missed if text.casefold() not in twice] == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Пистолеты травматические, 3 шт", "firearm"),
        ("запасные части для винтовки", "firearm"),
        ("تصدير البنادق الآلية", "firearm"),
        ("出口步枪零件 50件", "part"),
        ("av tüfeklerinin namluları", "part"),
        ("Jagdgewehre und Pistolenmunition", "ammunition"),
        ("fusiles de asalto y municiones", "ammunition"),
        ("canons de fusils et carcasses", "part"),
        ("carregadores de pistolas", "accessory"),
        ("Glock auto switches", "conversion"),
    ],
)
def test_inflected_words_are_found(line, expected):
    assert expected in lexicon.scan(line).categories


@pytest.mark.parametrize(
    "line",
    [
        "toner cartridge for HP laser printer",
        "oak wine barrel 225 l",
        "hot melt glue gun",
        "phone charger magazine stand",
        "nail gun, cordless",
        "sea shells for decoration",
        "fashion magazine, printed periodical",
        "drawer slide 45 cm",
        "hex bolts M8 stainless steel",
        "cartouche d'encre",
        "pistolet à colle",
        "pistola de silicona",
        "cargador de celular",
        "Heißklebepistole 60 W",
        "Spielzeugpistole mit Wasser",
        "клеевой пистолет",
        "патрон для лампы E27",
        "автоматический выключатель 16А",
        "مسدس شمع",
        "قلم رصاص",
        "热熔胶枪",
        "弹簧",
        "手枪钻",
        "boya tabancası",
        "kahve kapsülü",
        "şarj aleti",
        "bullet journal, dotted paper",
        "soup stock cubes",
        "water pistol for children",
        "BCG vaccine, medical",
        "Canon camera lens",
        "gunmetal grey paint",
    ],
)
def test_an_everyday_meaning_is_not_counted(line):
    found = lexicon.scan(line)
    assert (found.low, found.high, found.combined) == (0, 0, 0)


@pytest.mark.parametrize(
    ("risky", "lawful"),
    [
        ("barrel, slide, frame", "wine barrel, drawer slide, picture frame"),
        ("cartridges 9x19", "ink cartridges 9x19 cm"),
        ("spare parts for pistol", "spare parts for spray pistol, paint"),
        ("silencer 1/2-28", "exhaust silencer for motor car"),
        ("metal tube 13.5x1 LH", "metal tube 13.5x10 mm"),
        ("magazine for rifle", "magazine for readers, printed issue"),
    ],
)
def test_the_risky_line_says_more_than_the_lawful_one_beside_it(risky, lawful):
    assert weight(risky) + 10 * lexicon.scan(risky).threads > weight(lawful)


def test_an_ambiguous_term_does_not_count_in_the_chapter_of_its_everyday_meaning():
    read = lexicon.read(column("slide, pair", "slide, pair"), column("83", "88"))
    assert read["high"].tolist() == [0.0, 1.0]


def test_a_plate_of_nine_by_nineteen_is_no_calibre_but_cartridges_of_it_are():
    assert lexicon.scan("steel plate 9x19 mm").calibres == 0
    assert lexicon.scan("cartridges 9x19 mm").calibres == 1
    assert lexicon.scan("7.62x39").calibres == 1


def test_parts_are_named_by_the_taxonomy():
    assert {"slide", "barrel", "trigger"} <= lexicon.scan("Glock slide and barrel, trigger").parts
    assert lexicon.scan("garden chair").parts == frozenset()


def test_marks_point_at_the_words_as_they_were_declared():
    written = "Steel p\u200bi\u200bs\u200bt\u200bо\u200bl slide, toy"
    start, end, term = lexicon.marks(written)[0]
    assert (term, written[start:end].endswith("slide")) == ("pistol slide", True)
    assert lexicon.marks("hot glue gun") == []


def test_disguised_terms_are_still_found_and_said_to_be_disguised():
    from riskprofile.reference.text import tricks

    chance = random.Random(20261124)
    kept = hidden = tried = 0
    for term in lexicon.terms():
        letters = sum(map(str.isalpha, term.text))
        if term.language not in LATIN or term.ambiguity == "none" or letters < 5:
            continue
        if any(map(str.isdigit, term.text)):
            continue
        for disguise in chance.sample(sorted(TRICKS), 9):
            line = f"{TRICKS[disguise](term.text, chance)}, 12 pcs"
            if line.startswith(term.text):
                continue
            tried += 1
            kept += weight(line) >= weight(f"{term.text}, 12 pcs")
            hidden += bool(tricks(line)) or lexicon.scan(line).disguised
    assert tried >= 5000
    assert kept / tried >= 0.99
    assert hidden / tried >= 0.95


def test_a_german_compound_against_a_chinese_term_are_two_terms_side_by_side():
    for line, said in (
        ("枪栓Rotpunktvisier", "gun bolt gun scope"),
        ("Pistolenlauf枪栓 新", "gun barrel gun bolt 新"),
    ):
        spans = sorted(hit[:2] for hit in lexicon.marks(line))
        assert len(spans) == 2 and spans[0][1] <= spans[1][0], spans
        assert lexicon.plain(line) == said


def test_upright_strokes_are_read_as_each_other_where_that_alone_makes_a_term():
    for line in (
        *("GIock 19 sIide", "AR15 Iower receiver", "PlSTOL BARREL", "bulIets 9 mm"),
        *("lNTERRUPTEUR GLOCK", "ZORAKl 914"),  # at either end of a word
        *("GIock 19 sIide, для охоты", "GIock 19 黑色"),  # beside words of other scripts too
    ):
        assert weight(line) > 0 and lexicon.scan(line).disguised, line
    lawful = ("Iron nails", "MacIntyre biscuits", "WiFI router", "COlLS", "miniITX case")
    for line in (*lawful, "lRON NAlLS", "MULTl TOOL"):
        assert weight(line) == 0 and not lexicon.scan(line).disguised, line


def test_a_slip_of_the_keyboard_keeps_nine_of_ten_terms():
    chance = random.Random(7)
    terms = [
        t for t in lexicon.terms()
        if t.language in LATIN and t.ambiguity == "low" and len(max(t.text.split(), key=len)) >= 6
    ]  # fmt: skip
    kept = [weight(slip(t.text, chance)) >= weight(t.text) for t in terms for _ in range(3)]
    assert sum(kept) / len(kept) >= 0.90


@pytest.mark.parametrize("language", sorted(GOODS))
def test_lawful_lines_of_other_scripts_name_no_arms_and_are_not_disguised(language):
    read = lexicon.read(pd.Series(lines(language), dtype=TEXT))
    assert (read["low"] > 0).mean() <= 0.005
    assert read["disguised"].mean() <= 0.005


def test_terms_of_other_scripts_are_not_called_disguised():
    own = [t.text for t in lexicon.terms() if t.language in ("ru", "ar", "tr", "zh")]
    assert lexicon.read(pd.Series(own, dtype=TEXT))["disguised"].mean() <= 0.005


def test_real_goods_texts_outside_chapter_93_hardly_ever_name_arms(shared):
    with (shared / "data" / "goods_descriptions.csv").open(encoding="utf-8", newline="") as rows:
        texts = [
            r["description"] for r in csv.DictReader(rows) if r["hs_code"][:2] not in ("93", "36")
        ]
    read = lexicon.read(pd.Series(texts[:8000], dtype=TEXT))
    assert read["controlled"].mean() <= 0.001
    assert (read["high"] > 0).mean() <= 0.02
    assert read["disguised"].mean() <= 0.001


MARKED = [one.text for one in lexicon.terms() if lexicon.marks(one.text)]


@given(
    st.lists(st.text(max_size=12) | st.sampled_from(MARKED), max_size=6), st.sampled_from(["", " "])
)
def test_any_text_is_scanned_and_marked_inside_its_bounds(parts, between):
    anything = between.join(parts)
    for start, end, _ in lexicon.marks(anything):
        assert 0 <= start < end <= len(anything)


def test_a_megabyte_of_text_is_read_in_part():
    assert lexicon.read(column("pistol slide " + "x " * 500_000))["low"].tolist() == [1.0]

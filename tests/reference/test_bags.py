"""Words of many texts at once say what each text alone would say."""

from __future__ import annotations

import pickle
import random
import re
from itertools import chain

import numpy as np
import pandas as pd
import pytest

from riskprofile.history.resolver import called
from riskprofile.reference import bags, lawful, lexicon, nomenclature, text, wording
from riskprofile.reference.bags import LONGEST, Bag, cut
from riskprofile.reference.matching import find, silent
from riskprofile.reference.terms import terms
from riskprofile.scoring.wording import UNIT, Wording, pieces
from riskprofile.tables import TEXT
from tests.reference.disguise import TRICKS

TEXTS = [
    *("steel pins", "", "PINS of steel, pins", "пистолет 9 мм", "tubo; filtro", "滤芯 x2"),
    *("12 pcs", "house hold goods", "used  clothes", "Küche é tubes"),
]


def test_texts_taken_together_are_called_what_each_is_called_alone():
    assert called(TEXTS) == [one for each in TEXTS for one in called([each])]
    assert lawful.named(TEXTS).tolist() == [int(lawful.named([one])[0]) for one in TEXTS]


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_a_text_that_is_read_by_itself_says_what_it_says_among_many(every):
    told = hostile(every)
    of_all = dict.fromkeys(piece for one in told[::50] for piece in pieces(text.skeleton_of(one)))
    weighs = Wording("goods_description", 5, {piece: at for at, piece in enumerate(of_all)})
    codes = ["93", "84", None, "01", "77", "97"] * len(told)

    def said(texts: list[str], chapters: list[str | None]) -> list[str]:
        column, chapter = pd.Series(texts, dtype=TEXT), pd.Series(chapters, dtype=TEXT)
        names, lawful_ones = np.array(wording.named(texts), dtype=object), lawful.named(texts)
        told = [  # side by side as arrays: eight thousand tables of one row took twice as long
            wording.measures(column),
            wording.declared_chapter(column, chapter),
            weighs.value(column).to_frame(),
        ]
        assert {kind for table in told for kind in table.dtypes} == {np.dtype("float64")}
        rows = np.hstack([table.to_numpy() for table in told]).tolist()
        return [repr(one) for one in zip(names, lawful_ones.tolist(), rows, strict=True)]

    assert len(told) > bags.SINGLY
    assert said(told, codes[: len(told)]) == [
        said([one], [code])[0] for one, code in zip(told, codes, strict=False)
    ]
    nothing = wording.declared_chapter(pd.Series([None], dtype=TEXT), pd.Series(["93"], dtype=TEXT))
    assert nothing.isna().all(axis=None) and nothing.shape == (1, 2)
    assert wording.declared_chapter(*[pd.Series([], dtype=TEXT)] * 2).shape == (0, 2)


def hostile(every: int = 1) -> list[str]:
    """Ordinary texts, so many of those of the nomenclature; terms of the lexicon, and disguised."""
    chance = random.Random(7)
    named = chance.sample([term.text for term in terms()], 400)
    hidden = [TRICKS[chance.choice(sorted(TRICKS))](one, chance) for one in named]
    beside = [f"{one} of steel, {chance.choice(named)}s & co" for one in hidden]
    odd = [
        "&#112;&#105; s t o l",
        "12 pIstoI barreIs",
        "a plStOl",
        "RlFLE",
        "a b c d e f",
        "pin " * 6000 + "steel pins",
    ]
    ordinary = list(nomenclature.texts().values())[::every]
    return [*TEXTS, *ordinary, *named, *hidden, *beside, *odd]


def test_texts_that_are_cut_together_have_the_words_of_each():
    told = [*hostile(), "steel\0pin", "\0", "a&amp;b", "x\x1cy\vz_1", "\n", "İI ſS"]
    assert cut(told).joined() == [" ".join(text.tokens(one[:LONGEST])) for one in told]


def test_a_word_is_asked_about_once_whatever_texts_it_stands_in():
    asked: list[str] = []

    def tell(word: str) -> int:
        asked.append(word)
        return len(word)

    for texts in (["askedonce pins", "pins"], ["pins askedonce", "askedtwice"]):
        bag = Bag.of([one.split() for one in texts])
        assert bag.total(bag.told(tell, np.int64)).tolist() == [
            sum(map(len, one.split())) for one in texts
        ]
    assert sorted(asked) == ["askedonce", "askedtwice", "pins"]


def test_a_vocabulary_that_is_full_gives_way_to_a_new_one_and_nothing_is_told_otherwise(
    monkeypatch,
):
    told = hostile()[:3000]
    before, held = wording.named(told), cut(told[:200])
    monkeypatch.setattr(bags, "KEPT", 100)
    parts = [told[at : at + 150] for at in range(0, len(told), 150)]
    assert [one for part in parts for one in wording.named(part)] == before
    assert cut(told[:10]).vocabulary is not held.vocabulary
    assert held.joined() == [" ".join(text.tokens(one)) for one in told[:200]]


def test_of_many_texts_none_is_passed_over_that_holds_a_term_or_a_trick():
    told = hostile()
    hides = text.obfuscated(pd.Series(told, dtype=TEXT))
    assert hides.tolist() == [bool(text.tricks(one)) for one in told]
    cleaned = [one for one in map(text.clean, told) if one.isascii()]
    quiet = silent(cleaned, cut(cleaned))
    assert [one for one, nothing in zip(cleaned, quiet, strict=True) if nothing and find(one)] == []
    assert quiet.sum() > len(cleaned) / 3


SIZED = [
    *(
        "9x19 mm luger",
        "7.62\vx\x1c39",
        "cal. .45",
        "Kaliber 9",
        "1/2-28",
        "m13.5x1 lh",
        ".22 l.r.",
    ),
    *("P/N 12-AB", "DIN\x1f933", "part\vno 12", "gpt22b ", "12ab-345", "NPT", "m6\x1cx 1", "9x180"),
    *("40 s & w", "calibre 20kg", "model: no 7", "model no", "5/8-240", "W12345-67", "300 blk"),
]


def test_many_texts_have_the_sizes_and_the_numbers_that_each_has_alone():
    beside = ["", "pistol ", "steel pins, ", "12 cartons ", "Ø 4 "]
    told = [f"{before}{one}{after}" for one in SIZED for before in beside for after in ("", ", x")]
    scans = lexicon._scanned(told)
    assert len(told) > text.FEW
    assert scans == [one for each in told for one in lexicon._scanned([each])]
    assert sum(one.calibres > 0 for one in scans) > 50 < sum(one.threads == 0 for one in scans)
    numbered = wording.measures(pd.Series(told, dtype=TEXT))["numbered"]
    assert numbered.tolist() == [
        wording.measures(pd.Series([one], dtype=TEXT))["numbered"].item() for one in told
    ]
    assert {0.0, 1.0} == set(numbered)


def test_many_texts_weigh_what_the_pieces_of_each_weigh():
    told = hostile()
    alone = [pieces(text.skeleton_of(lexicon.plain(one))) for one in told]
    weights = {piece: place for place, piece in enumerate(dict.fromkeys(chain(*alone[::3])))}
    weights["pins of steel"] = weights[" pins"] = 9  # no pieces: they weigh nothing
    said = Wording("goods_description", 5, weights).value(pd.Series(told, dtype=TEXT))
    assert (said * UNIT).tolist() == [
        5 + sum(weights.get(one, 0) for one in each) for each in alone
    ]


def test_a_wording_that_has_weighed_can_be_sent_to_another_process():
    used = Wording("goods_description", 5, {"steel": 3, "steel pin": 7, "|steel": 1})
    told = pd.Series(["steel pin", "pin", *map(str, range(bags.SINGLY))], dtype=TEXT)
    weighed = used.value(told)
    assert (weighed * UNIT).tolist() == [16, 5, *[5] * bags.SINGLY]
    pd.testing.assert_series_equal(pickle.loads(pickle.dumps(used)).value(told), weighed)


def test_words_are_counted_once_a_text_and_by_any_value():
    bag = Bag.of([one.split() for one in TEXTS])
    assert bag.once().total().tolist() == [len(set(one.split())) for one in TEXTS]
    letters = bag.told(len, np.int64)
    assert bag.total(letters).tolist() == [sum(map(len, one.split())) for one in TEXTS]
    assert bag.joined() == [" ".join(one.split()) for one in TEXTS]
    ordered = bag.ordered(-letters, bag.alphabetical).joined()
    assert ordered == [" ".join(sorted(one.split(), key=lambda w: (-len(w), w))) for one in TEXTS]


def test_both_matchers_agree_on_every_pattern_that_is_asked_of_both():
    told = [*nomenclature.texts().values(), *(term.text for term in terms())]
    folded = [
        text.fold(one) for one in [*TEXTS, *told, "line\nof tubes", "o'clock", "a.b", "gun\vtubes"]
    ]
    for name, pattern in vars(nomenclature).items():
        if isinstance(pattern, re.Pattern):
            expected = [pattern.search(one) is not None for one in folded]
            assert text.holds(folded, pattern).tolist() == expected, name
            few = [text.holds(folded[at : at + 99], pattern) for at in range(0, len(folded), 99)]
            assert np.concatenate(few).tolist() == expected, name
    assert len(folded) > 1_000


def test_texts_that_are_changed_in_place_are_matched_anew():
    told = ["steel pin", "garden hose"] * text.FEW
    assert text.holds(told, re.compile("pin")).tolist() == [True, False] * text.FEW
    told[:2] = ["garden hose", "pins"]
    assert text.holds(told, re.compile("pin"))[:3].tolist() == [False, True, True]

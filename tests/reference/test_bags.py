"""Words of many texts at once say what each text alone would say."""

from __future__ import annotations

import re

import numpy as np

from riskprofile.history.resolver import called
from riskprofile.reference import lawful, nomenclature, text
from riskprofile.reference.bags import Bag
from riskprofile.reference.terms import terms

TEXTS = [
    *("steel pins", "", "PINS of steel, pins", "пистолет 9 мм", "tubo; filtro", "滤芯 x2"),
    *("12 pcs", "house hold goods", "used  clothes", "Küche é tubes"),
]


def test_texts_taken_together_are_called_what_each_is_called_alone():
    assert called(TEXTS) == [one for each in TEXTS for one in called([each])]
    assert lawful.named(TEXTS).tolist() == [int(lawful.named([one])[0]) for one in TEXTS]


def test_words_are_counted_once_a_text_and_by_any_value():
    bag = Bag.of([one.split() for one in TEXTS])
    assert bag.once().total().tolist() == [len(set(one.split())) for one in TEXTS]
    letters = bag.told(len, np.int64)
    assert bag.total(letters).tolist() == [sum(map(len, one.split())) for one in TEXTS]
    assert bag.joined() == [" ".join(one.split()) for one in TEXTS]
    assert bag.first(1).joined() == [(one.split() or [""])[0] for one in TEXTS]
    ordered = bag.ordered(-letters, bag.alphabetical).joined()
    assert ordered == [" ".join(sorted(one.split(), key=lambda w: (-len(w), w))) for one in TEXTS]


def test_both_matchers_agree_on_every_pattern_that_is_asked_of_both():
    told = [*nomenclature.texts().values(), *(term.text for term in terms())]
    folded = [text.fold(one) for one in [*TEXTS, *told, "line\nof tubes", "o'clock", "a.b"]]
    for name, pattern in vars(nomenclature).items():
        if isinstance(pattern, re.Pattern):
            expected = [pattern.search(one) is not None for one in folded]
            assert text.holds(folded, pattern).tolist() == expected, name
            few = [text.holds(folded[at : at + 99], pattern) for at in range(0, len(folded), 99)]
            assert np.concatenate(few).tolist() == expected, name
    assert len(folded) > 1_000

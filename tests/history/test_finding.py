"""Where forms alike to others are looked for: as it is stored, and none that is alike is missed."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskprofile.history import finding, register
from riskprofile.history.finding import Known
from riskprofile.reference.naming import GENERIC

# As they lie in the registers of installations.
STORED = {
    ("party", "kesutbury marandor trading"): [
        1532881171417525297,
        3399838562460813630,
        3471174790272926698,
    ],
    ("party", "romashkin"): [
        26567183777212556,
        455994660222894831,
        1697343043005300825,
        1773321901220172926,
        4985011732345879447,
        6139390143416604770,
        6704736476600939797,
        8177842405406960491,
    ],
    ("party", "a quin sulanrex"): [282658462761337382, 669942324275384923, 7943205957014039461],
    ("address", "149 19525 harbour kesilowen road"): [2414618951533649775, 2481837603586979598],
    ("address", "5 lenina ulica"): [818472903095554361, 8000325682651055498],
}
SYLLABLES = [
    "mar",
    "mpar",
    "bar",
    "sel",
    "shch",
    "sch",
    "al",
    "el",
    "aa",
    "ou",
    "y",
    "w",
    "株",
    "ß",
]
WORD = st.one_of(
    st.lists(st.sampled_from(SYLLABLES), min_size=1, max_size=4).map("".join),
    st.sampled_from(("trading", "export", "a", "b", "marandor", "marandro", "mrndr", "selban")),
    st.sampled_from(("7", "12", "4021", "95165", "4021b", "٣", "²", "12a", "")),
)
FORM = st.tuples(st.sampled_from(register.FUZZY), st.lists(WORD, max_size=6).map(" ".join))


def places(family: str, form: str) -> list[str]:
    """The blocks of one form, word by word."""
    words = form.split()
    if family == "address":
        numbers = [word for word in words if any(map(str.isdigit, word))]
        code = max(numbers, key=len, default="")
        if len(numbers) > 1 and len(code) >= 4:
            house = " ".join(number for number in numbers if number != code)
        else:
            house = " ".join(numbers)
        names = [word for word in words if not any(map(str.isdigit, word))]
        return [f"address:n:{house}:{register.frame(name)}" for name in longest(names, 2)]
    telling = [word for word in words if word not in GENERIC] or words
    made = [f"party:w:{register.frame(word)}" for word in longest(telling, 3)]
    made.append(f"party:j:{register.frame(''.join(sorted(telling)))}")
    if len(telling) == 1:
        hard = register.consonants(telling[0])
        made += [f"party:d:{hard[:n]}{hard[n + 1 :]}" for n in range(len(hard))]
        made.append(f"party:d:{hard}")
    return made


def longest(words: list[str], count: int) -> list[str]:
    return sorted((word for word in words if len(word) > 1), key=lambda w: (-len(w), w))[:count]


def number(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest()) >> 1


@given(st.lists(FORM, max_size=20))
def test_the_blocks_of_many_are_those_of_each(forms: list[tuple[str, str]]) -> None:
    told = finding.blocks(forms)
    assert told == [sorted({number(one) for one in places(*form)}) for form in forms]


@pytest.mark.parametrize("form", STORED)
def test_blocks_that_were_stored_are_found(form: tuple[str, str]) -> None:
    assert finding.blocks([form]) == [STORED[form]]


def test_places_that_were_stored_are_found() -> None:
    """Told by numbers, initials and generic words, but in which block: by that."""
    words = finding.words([*STORED])
    sizes, blocks = words.blocks
    last = (words.shelves.places(sizes, blocks) - (blocks & ~finding.ANY)).tolist()
    kept = [{*own} for own in finding.cut(last, sizes)]
    assert kept == [{38774}, {0}, {13493}, {58267}, {33333}]


@given(st.lists(FORM, min_size=2, max_size=20, unique=True))
def test_all_that_are_alike_are_kept_where_the_other_is_asked_for(
    forms: list[tuple[str, str]],
) -> None:
    words = finding.words(forms)
    (sizes, blocks), shelves = words.blocks, words.shelves
    own = [*map(set, finding.cut(blocks.tolist(), sizes))]
    kept = [*map(set, finding.cut(shelves.places(sizes, blocks).tolist(), sizes))]
    of_each = np.tile(np.repeat(np.arange(len(forms)), sizes), 2)
    asked = shelves.asked(sizes, blocks)
    for one, (family, form) in enumerate(forms):
        mine = {*asked[of_each == one].tolist()}
        for other, (its, text) in enumerate(forms):
            if its == family and own[one] & own[other] and register.alike(family, form, text):
                assert kept[other] & mine or {place | finding.ANY for place in kept[other]} & mine


def test_of_a_block_not_all_is_asked_for() -> None:
    """Numbers and generic words tell parties apart, postcodes addresses that both have one."""
    parties = ["marandor selban", "marandor selban trading", "7 marandor selban"]
    parties += ["a marandor selban"]
    addresses = ["12 4021 harbour road", "12 4022 harbour road", "12 harbour road"]
    forms = [*(("party", one) for one in parties), *(("address", one) for one in addresses)]
    shelves, one_block = finding.words(forms).shelves, np.ones(len(forms), np.int64)
    kept = shelves.places(one_block, one_block).tolist()
    own, also = np.split(shelves.asked(one_block, one_block), 2)
    assert len({*kept}) == len(forms)
    assert own[:6].tolist() == kept[:6]
    assert also[:4].tolist() == kept[:4]
    assert also[4:].tolist() == [kept[6]] * 3
    assert own[6] == finding.ANY


@given(st.lists(FORM, min_size=2, max_size=20, unique=True))
def test_no_two_that_are_alike_miss_each_other(forms: list[tuple[str, str]]) -> None:
    shelves = finding.words(forms).shelves
    families, one_block = [family for family, _ in forms], np.ones(len(forms), np.int64)
    known = Known.of([(1, *form, number) for number, form in enumerate(forms)])
    of, met = known.near(shelves.sought(one_block, one_block))
    pairs = {*zip(of.tolist(), known.entities[met].tolist(), strict=True)}
    for one, (family, form) in enumerate(forms):
        for other in range(len(forms)):
            if families[other] == family and register.alike(family, form, forms[other][1]):
                assert (one, other) in pairs

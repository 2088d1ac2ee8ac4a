"""Forms of a run as arrays: the same whatever their order, and compared as one by one."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskprofile.history import finding, learning, piles, register
from riskprofile.history.learning import Asked, Forms, Parts, among_themselves, apart
from riskprofile.history.piles import Memory
from riskprofile.history.register import Found

NAMES = (
    *("marandor selban trading", "marandor selbann trading", "selban marandor trading"),
    *("dekavor ulorin", "dekavor ulorinn", "ulorin dekavor", "tarvesk miro", "tarvesk mira"),
    *("marandor selbam trading", "oskel freight", "oskell freight", "pel", "x" * 400),
)
STREETS = ("14 velmora road 4021", "14 velmorra road", "15 velmora road 4021", "14 velmora road")
FORMS: Forms = {
    **{n: ("party", name) for n, name in enumerate(NAMES)},
    **{100 + n: ("address", street) for n, street in enumerate(STREETS)},
}


def sought(forms: Forms, found: dict[int, Found] | None = None) -> Asked:
    return Asked.of(forms, dict.fromkeys(forms) | (found or {}))


def chunk(forms: Forms, held: Sequence[int], found: dict[int, Found] | None = None) -> Asked:
    """Forms as a register hands them on: with their blocks, or met before."""
    said = dict.fromkeys(forms) | (found or {})
    fresh = Asked.of({key: forms[key] for key in held}, said)
    again = [key for key in forms if key not in held]
    met = Asked.met([(key, *forms[key]) for key in again], [said[key] for key in again])
    return Asked.concat([fresh, met])


def by_key(asked: Asked | Parts, crowded: int = 200) -> dict[int, int]:
    """What each form stands for, once all are compared."""
    told = among_themselves(asked, crowded)
    asked = Asked.concat(Parts.of(asked))
    stands = asked.entities.tolist()
    for row, found in told.items():
        stands[row] = found.entity
    return dict(zip(asked.keys.tolist(), stands, strict=True))


@cache
def blocks(form: tuple[str, str]) -> list[int]:
    return finding.blocks([form])[0]


def place(form: tuple[str, str]) -> tuple[int, str]:
    """Of a form in the order in which they are taken."""
    return register.FUZZY.index(form[0]), form[1]


def one_by_one(
    forms: Forms, known: dict[int, Found] | None = None, crowded: int = 200
) -> dict[int, int]:
    """The same, in the order of the texts, each compared with all that stand before it."""
    known = known or {}
    many = Counter(block for key in forms if key not in known for block in blocks(forms[key]))
    stands: dict[int, int] = {}
    for key in sorted(forms, key=lambda one: place(forms[one])):
        family, form = forms[key]
        # One that stands for itself and is alone with those that do not is not compared there.
        places = {block for block in blocks(forms[key]) if 1 < many[block] <= crowded}
        near = [
            (forms[other][1], other)
            for other, entity in stands.items()
            if other == entity and places & {*blocks(forms[other])}
        ]
        found = register.best(family, form, near, known.get(key))
        stands[key] = key if found is None else found.entity
    return stands


def test_forms_alike_stand_for_the_first_of_them() -> None:
    told = by_key(Asked.together([sought(FORMS)]))
    assert told == one_by_one(FORMS)
    assert told[0] == 8 and told[2] == 1  # the first of them in the order of texts
    assert told[4] == told[3] and told[6] != told[7]  # Miro and Mira are two
    assert all(told[entity] == entity for entity in told.values())  # no chains


@pytest.mark.parametrize("seed", range(5))
def test_neither_order_nor_parts_nor_repeats_matter(seed: int) -> None:
    keys = [*FORMS] * 2
    random.Random(seed).shuffle(keys)
    cuts = (0, 5 + seed, 17, len(keys))
    parts = [
        sought({key: FORMS[key] for key in keys[start:end]})
        for start, end in itertools.pairwise(cuts)
    ]
    whole, mixed = Asked.together([sought(FORMS)]), Asked.together(parts)
    assert mixed.keys.tolist() == whole.keys.tolist()
    assert mixed.blocks.tolist() == whole.blocks.tolist()
    assert [*mixed.forms()] == [*whole.forms()] == sorted(FORMS.values(), key=place)
    assert by_key(mixed) == by_key(whole)


def test_what_the_register_found_stays_unless_another_is_liker() -> None:
    liker, less = Found(999, 0.99, "marandor selban tradin"), Found(998, 0.86, "dekavor ulor")
    told = by_key(Asked.together([sought(FORMS, {0: liker, 4: less})]))
    assert told[0] == 999 and told[8] == 8
    assert told[4] == 3  # one slip in ten letters


def test_a_crowded_block_says_too_little() -> None:
    alone = by_key(Asked.together([sought(FORMS)]), crowded=0)
    assert alone == {key: key for key in FORMS}


@pytest.mark.parametrize("size", [1, 3, 7])
def test_how_much_is_worked_on_at_once_changes_nothing(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name in ((learning, "AT_ONCE"), (learning, "PILE"), (piles, "PUT_AT_ONCE")):
        monkeypatch.setattr(module, name, size)
    asked = Asked.together([sought(FORMS)])
    assert [*asked.forms()] == sorted(FORMS.values(), key=place)
    assert by_key(asked) == one_by_one(FORMS)


def test_nothing_is_asked_of_no_forms() -> None:
    nothing = Asked.together([])
    assert len(nothing) == 0 and not [*nothing.forms()] and not among_themselves(nothing, 200)


def test_of_what_a_register_holds_only_the_others_are_sought() -> None:
    forms = {key: FORMS[key] for key in (0, 1, 3)}
    asked = Asked.of(forms, {1: 0, 3: None})
    assert asked.unknown().keys.tolist() == [3]
    assert asked.sizes.tolist() == [0, 0, len(blocks(FORMS[3]))]
    pairs = apart(asked.keys, asked.entities)
    assert len(pairs) == 1 and pairs(asked.keys).tolist() == [0, 0, 3]


def test_blocks_that_are_handed_on_once_or_lost_are_there_in_the_end() -> None:
    """Each form comes twice, a third of them with its blocks, a third of those the first time."""
    whole = Asked.together([sought(FORMS)])
    keys = [*FORMS]
    held = keys[::3]
    told = Asked.together([chunk(FORMS, keys[::9]), chunk(FORMS, held)])
    assert 0 < (told.sizes > 0).sum() == len(held)
    told = told.blocked()
    assert told.keys.tolist() == whole.keys.tolist()
    assert told.sizes.tolist() == whole.sizes.tolist()
    assert told.blocks.tolist() == whole.blocks.tolist()


WORDS = ("marandor", "marandro", "mrndr", "selban", "selbann", "ulorin", "trading", "pel", "7")
PARTY = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
HOUSES = st.sampled_from(("14 velmora road", "14 velmorra road", "15 velmora road"))
ADDRESS = st.builds("{} {}".format, HOUSES, st.sampled_from(("", "4021", "4022"))).map(str.strip)
FORM = st.one_of(PARTY.map(lambda one: ("party", one)), ADDRESS.map(lambda one: ("address", one)))


@given(
    texts=st.lists(FORM, unique=True, max_size=24),
    size=st.integers(1, 9),
    crowded=st.integers(0, 6),
    random=st.randoms(use_true_random=False),
)
def test_by_parts_is_at_once(
    texts: list[tuple[str, str]], size: int, crowded: int, random: random.Random
) -> None:
    """Forms of several chunks, some in each of them, some without their blocks, some found."""
    keys = [32 * random.getrandbits(59) + n - 2**63 for n in range(len(texts))]
    forms: Forms = dict(zip(keys, texts, strict=True))
    likeness = (0.86, 0.93, 0.99)
    found = {
        key: Found(99, random.choice(likeness), "marandor") for key in keys if random.random() < 0.2
    }

    def some() -> Asked:
        some = {key: forms[key] for key in random.sample(keys, random.randint(0, len(keys)))}
        return chunk(some, [key for key in some if random.random() < 0.5], found)

    chunks = [sought(forms, found), *(some() for _ in range(3))]
    random.shuffle(chunks)
    whole = Asked.together(chunks).blocked()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(piles, "PUT_AT_ONCE", size)
        for name in ("AT_ONCE", "PART", "PILE"):
            patch.setattr(learning, name, size)
        parts = Parts.distinct(Memory(), chunks, sum(map(len, chunks)))
        told = by_key(parts, crowded)
    assert len(parts) == parts.sought == len(forms) and parts.blocks == len(whole.blocks)
    assert Asked.together(parts).rows.equals(whole.rows)
    assert told == by_key(whole, crowded) == one_by_one(forms, found, crowded)

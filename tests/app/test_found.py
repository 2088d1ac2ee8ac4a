"""What the second person reads of an outcome."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app import found
from riskprofile import words
from riskprofile.services.review import Item, Waiting

PIN = Item("part", part="firing pin", serial="none", count=60, sure="likely", where_found="bag 3")
WAITS = Waiting(
    *("outcome", 1, 1, "PX-1", "red", "pins", "trafficking", "officer-14"),
    datetime(2026, 11, 24, 13, 7, tzinfo=UTC),
    "beneath plain pins",
    (PIN,),
    methods=("opened", "weighed"),
    concealment="among",
    seizure_number="SZ-7",
    minutes=35,
    officers=2,
    packaging="8 bags",
    legal_basis="possession",
)


@pytest.mark.parametrize(
    ("language", "item", "how"),
    [
        (
            "en",
            "60 × Part: firing pin, Serial none, Where found bag 3, Likely",
            "Opened and counted, Weighed, Among like goods, Packaging 8 bags, "
            "Seizure number SZ-7, Legal basis Unlawful possession, Time spent 35 min, "
            "Officers present 2",
        ),
        (
            "es",
            "60 × Pieza: firing pin, Serie none, Lugar bag 3, Probable",
            "Abierto y contado, Pesado, Entre mercancía igual, Embalaje 8 bags, "
            "Número de incautación SZ-7, Base legal Tenencia ilícita, Tiempo 35 min, "
            "Agentes 2",
        ),
    ],
)
def test_all_that_was_recorded_is_told_in_the_language_of_the_page(language, item, how):
    say = words.of(language)
    assert found.item(say, PIN) == item
    assert found.how(say, WAITS) == how


def test_nothing_is_said_of_what_nobody_recorded():
    say = words.of("en")
    assert found.item(say, Item("ammunition", count=250)) == "250 × Ammunition"
    bare = Waiting("release", 1, 1, "A", "red", "", "release", "o", WAITS.at, "why", ())
    assert found.how(say, bare) == ""

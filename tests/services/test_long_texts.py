"""A sender can write as long a text as he likes: no row of his stops the rest of its file."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from riskprofile.profiles import PROFILES
from riskprofile.scoring.ranking import Capacity
from riskprofile.services import govern
from riskprofile.services.identity import OWNER
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.store.database import Store
from riskprofile.tables import ColumnSpec
from tests import factory
from tests.services.bench import EITHER

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def endless(spec: ColumnSpec, by: random.Random, more: int) -> str:
    """As long as it may be, of letters of four bytes each that no database makes shorter."""
    assert spec.longest is not None
    return "".join(chr(by.randrange(0x20000, 0x2A6D0)) for _ in range(spec.longest + more))


@EITHER
@pytest.mark.parametrize("profile", ["shipment", "traveller"])
@pytest.mark.parametrize("more", [0, 1])
def test_a_row_of_the_longest_texts_is_stored_and_one_of_longer_ones_kept_back(
    bare: Store, home: Settings, tmp_path: Path, profile: str, more: int
) -> None:
    govern.enable_profile(bare, OWNER, "traveller", "Border Act, section 4", "IA-7", NOW)
    table = (factory.shipments if profile == "shipment" else factory.travellers)(3)
    by = random.Random(7)
    for spec in PROFILES[profile].columns:
        if spec.longest is not None:
            told = table[spec.name].astype("object")
            told.iloc[1] = endless(spec, by, more)
            table[spec.name] = told
    if profile == "shipment":
        assert table["goods_description"].str.len().max() == 20_000 + more
    path = factory.write(tmp_path / "long.csv", table)
    options = Options(capacity=Capacity(3), max_bad_share=1.0)
    told = screen(bare, home, OWNER, [path], options, NOW).summary
    assert (told.read, told.accepted, told.quarantined) == (3, 3 - more, more)
    assert told.alerts["total"] == 3 - more or profile == "traveller"  # few criteria hold of one

"""Lawful trade to learn from: written from guards, lent the rest, and none of what judges."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from riskprofile.profiles import PROFILES
from training import data, lawful
from training.recipe import Recipe
from training.synth import generate

SHARED = Path(__file__).resolve().parents[3] / "shared" / "domain"
SMALL = Recipe(
    profile="shipment",
    version="small",
    rows=3_000,
    data_seed=5,
    start="2025-01-01",
    days=100,
    train_until="2025-03-01",
    test_from="2025-03-02",
)


def test_every_text_has_a_guard_a_mode_and_a_code() -> None:
    modes = {"sea", "air", "road", "rail", "post", "express"}
    for one in lawful.texts():
        assert one.guard and one.text and set(one.modes) <= modes
        assert one.hs.isdigit() and len(one.hs) == 6
    assert len({one.text for one in lawful.texts()}) == len(lawful.texts())


def test_a_row_says_the_text_and_keeps_the_rest_of_its_lender() -> None:
    pool = next(iter(generate("shipment", 3_000, 5))).table
    made = lawful.rows(pool, 2, 7)
    assert len(made) == 2 * len(lawful.texts())
    said = [one for one in lawful.texts() for _ in range(2)]
    assert all(
        text.startswith(one.text) for one, text in zip(said, made["goods_description"], strict=True)
    )
    assert made["licence_number"].notna().tolist() == [one.licensed for one in said]
    lender = pool[pool["gross_mass_kg"] == made["gross_mass_kg"].iloc[0]]
    assert made["consignee_name"].iloc[0] in set(lender["consignee_name"])
    pd.testing.assert_frame_equal(made, lawful.rows(pool, 2, 7))


def test_it_is_learnt_from_and_neither_judged_nor_remembered() -> None:
    without, lent = data.make(SMALL), data.make(replace(SMALL, lawful_trade=1))
    more = len(lent.labels) - len(without.labels)
    assert more == len(lawful.texts())
    assert lent.during(SMALL.test_from, None).sum() == without.during(SMALL.test_from, None).sum()
    assert not lent.labels[-more:].any()
    pd.testing.assert_frame_equal(lent.features.iloc[:-more], without.features)
    assert set(lent.features) == {one.name for one in PROFILES["shipment"].features}


@pytest.mark.skipif(not SHARED.is_dir(), reason="the folder of shared cases is not here")
def test_none_of_the_texts_is_one_that_judges() -> None:
    judged = set()
    for name in ("lookalikes.jsonl", "seizure_cases.jsonl"):
        for line in (SHARED / name).read_text("utf-8").splitlines():
            row = json.loads(line)
            items = row.get("declared_items") or [{"text": row.get("declared_text")}]
            judged |= {str(item["text"]).casefold().strip() for item in items}
    same = sum(one.text.casefold() in judged for one in lawful.texts())
    assert same == 0, "the texts are to be written from the guards alone"

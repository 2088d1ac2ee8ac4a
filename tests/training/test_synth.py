"""The generator: the same rows for a seed, a truth of its own, both sides alike."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from riskprofile.errors import InputError, UsageError
from riskprofile.profiles import PROFILES
from training import synth
from training.synth import world

pytestmark = pytest.mark.xdist_group("synth")  # one process makes the rows
ROWS = 20_000
PRE_ARRIVAL = {
    "X01",
    "X02",
    "X03",
    "X04",
    "S01",
    "S02",
    "S03",
    "S04",
    "S05",
    "S06",
    "S07",
    "S09",
    "S10",
    "S14",
    "A01",
    "A02",
    "A03",
    "A04",
    "E01",
    "E02",
    "E03",
    "E04",
    "E05",
    "E06",
    "E07",
    "E08",
    "E09",
    "E10",
    "L02",
    "D01",
    "D02",
    "D03",
    "D04",
    "D05",
    "D06",
}  # S11 needs documents or amendments beside the declaration, which no column carries
P1 = PROFILES["traveller"].protected("P1")


def _whole(profile: str, rows: int, seed: int, **options: object) -> tuple[pd.DataFrame, ...]:
    chunks = list(synth.generate(profile, rows, seed, **options))
    return (
        pd.concat([chunk.table for chunk in chunks], ignore_index=True),
        pd.concat([chunk.truth for chunk in chunks], ignore_index=True),
    )


@pytest.fixture(scope="module")
def shipments() -> tuple[pd.DataFrame, pd.DataFrame]:
    table, truth = _whole("shipment", ROWS, 11)
    return table, truth


@pytest.fixture(scope="module")
def many_shipments() -> tuple[pd.DataFrame, pd.DataFrame]:
    table, truth = _whole("shipment", 120_000, 3)
    return table, truth


@pytest.fixture(scope="module")
def travellers() -> tuple[pd.DataFrame, pd.DataFrame]:
    table, truth = _whole("traveller", 60_000, 3)
    return table, truth


def test_a_chunk_has_every_canonical_column_with_its_type(shipments):
    table, _ = shipments
    columns = PROFILES["shipment"].columns
    assert list(table.columns) == [*(c.name for c in columns), "source", "line", "warnings"]
    assert {c.name: table[c.name].dtype for c in columns} == {c.name: c.dtype for c in columns}


def test_the_same_seed_gives_the_same_rows_for_any_chunk_size(shipments):
    table, truth = shipments
    again, its_truth = _whole("shipment", ROWS, 11, chunk_rows=3_333)
    pd.testing.assert_frame_equal(table, again)
    pd.testing.assert_frame_equal(truth, its_truth)


def test_another_seed_gives_other_rows(shipments):
    other, _ = _whole("shipment", 2_000, 12)
    assert not other["consignee_name"].equals(shipments[0]["consignee_name"].head(2_000))


def test_rows_come_in_order_of_time_within_the_days_asked_for(shipments):
    lodged = shipments[0]["lodged_at"]
    assert lodged.is_monotonic_increasing
    assert lodged.iloc[0] >= pd.Timestamp("2025-01-01", tz="UTC")
    assert lodged.iloc[-1] < pd.Timestamp("2025-01-01", tz="UTC") + pd.Timedelta(days=450)


def test_labels_are_drawn_from_the_true_probability(shipments):
    _, truth = shipments
    expected, drawn = truth["probability"].sum(), truth["label"].sum()
    spread = np.sqrt((truth["probability"] * (1 - truth["probability"])).sum())
    assert abs(drawn - expected) < 4 * spread


def test_the_offices_file_lists_the_offices_of_the_generator(shipments):
    path = Path(__file__).parents[2] / "data" / "synthetic" / "offices.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [tuple(row.values()) for row in csv.DictReader(stream)]
    assert rows == [tuple(str(value) for value in office) for office in world.OFFICES]
    assert set(shipments[0]["customs_office"].dropna()) <= {row[0] for row in rows}


def test_an_unknown_profile_is_refused_by_name():
    with pytest.raises(UsageError, match="no generator for profile 'parcel'"):
        next(synth.generate("parcel", 10, 1))


def test_written_sets_are_the_same_bytes_and_keep_the_truth_apart(tmp_path):
    first = synth.write("shipment", 3_000, 5, tmp_path / "a")
    second = synth.write("shipment", 3_000, 5, tmp_path / "b")
    written = [Path(name) for name in first["declarations"] + first["truth"]]
    again = [Path(name) for name in second["declarations"] + second["truth"]]
    assert [path.read_bytes() for path in written] == [path.read_bytes() for path in again]
    assert {Path(name).parent.name for name in first["truth"]} == {"truth"}
    columns = pd.read_parquet(first["declarations"][0]).columns
    assert not {"label", "probability", "scenario"} & set(columns)


@pytest.mark.slow
def test_about_one_row_in_a_hundred_is_a_positive(many_shipments, travellers):
    assert 0.006 < many_shipments[1]["label"].mean() < 0.011
    assert 0.004 < travellers[1]["label"].mean() < 0.011


def test_no_model_could_find_all_and_a_good_one_finds_most(many_shipments):
    _, truth = many_shipments
    assert 0.60 < synth.bayes_limit(truth, 0.01) < 0.78
    assert 0.88 < synth.bayes_limit(truth, 0.05) < 0.97


def test_three_positives_in_ten_need_three_signs_together_or_other_rows(many_shipments):
    positives = many_shipments[1].query("label == 1")
    assert (positives["joint_share"] > 0.5).mean() >= 0.30


@pytest.mark.slow
def test_every_typology_of_a_declaration_raises_one_positive_in_a_hundred(many_shipments):
    positives = many_shipments[1].query("label == 1")
    raised = positives["typologies"].str.split("|").explode().str[:3].value_counts()
    assert set(raised.index[raised >= 0.01 * len(positives)]) >= PRE_ARRIVAL


def test_most_positives_are_found_under_a_leading_typology(many_shipments):
    positives = many_shipments[1].query("label == 1")
    led = positives["typology"].str[:3].value_counts(normalize=True)
    assert set(led.index) >= PRE_ARRIVAL
    assert led.get("", 0.0) < 0.05


def test_twenty_look_alikes_or_more_stand_beside_each_positive(many_shipments):
    _, truth = many_shipments
    beside = truth["side"].isin(["lookalike", "compliance"]) & (truth["label"] == 0)
    assert beside.sum() > 20 * truth["label"].sum()


def test_both_sides_share_repeat_parties(many_shipments):
    table, truth = many_shipments
    risky = (truth["side"] == "risky").to_numpy()
    for column in ("consignor_name", "consignee_name", "declarant_id", "customs_office"):
        here = set(table.loc[risky, column].dropna())
        there = set(table.loc[~risky, column].dropna())
        assert len(here & there) > 20 or here <= there, column


def _by_stratum(table: pd.DataFrame, truth: pd.DataFrame, measure: pd.Series) -> pd.Series:
    """Difference of a share between the sides, weighted over mode and kind of consignee."""
    frame = pd.DataFrame(
        {
            "stratum": table["transport_mode"].str.cat(table["consignee_type"].fillna("-")),
            "risky": truth["side"].eq("risky"),
            "measure": measure.astype(float),
        }
    )
    means = frame.groupby(["stratum", "risky"])["measure"].agg(["mean", "size"]).unstack()
    weight = means["size"][True].fillna(0)
    return ((means["mean"][True] - means["mean"][False]) * weight).sum() / weight.sum()


@pytest.mark.parametrize(
    "column",
    ["consignor_phone", "gross_mass_kg", "net_mass_kg", "volume_m3", "package_count", "hs_code",
     "seal_numbers", "conveyance", "port_of_loading", "notify_name", "consignor_id"],
)  # fmt: skip
def test_fields_are_missing_as_often_on_both_sides(many_shipments, column):
    table, truth = many_shipments
    assert abs(_by_stratum(table, truth, table[column].isna())) < 0.07


def test_both_sides_write_in_the_same_style(many_shipments):
    table, truth = many_shipments
    text = table["goods_description"]
    assert abs(_by_stratum(table, truth, text.str.isupper())) < 0.09
    assert abs(_by_stratum(table, truth, text.str.len() == 30)) < 0.05


def test_patterns_change_and_a_new_cover_appears_late(many_shipments):
    _, truth = many_shipments
    new = truth["scenario"].eq("r_new_cover")
    assert new[truth["late"]].any() and not new[~truth["late"]].any()


def test_a_find_raises_what_follows_it_on_the_same_lane_from_the_same_party(many_shipments):
    positives = many_shipments[1].query("label == 1")
    assert positives["typologies"].str.contains("S14").any()


def test_metrics_can_be_taken_back_to_natural_prevalence(many_shipments):
    _, truth = many_shipments
    weight = truth["natural_weight"]
    natural = (weight * truth["label"]).sum() / weight.sum()
    assert 1e-5 < natural < 5e-4


def test_enrichment_makes_risky_trade_rarer():
    _, usual = _whole("shipment", 20_000, 4)
    _, less = _whole("shipment", 20_000, 4, enrichment=0.25)
    assert less["side"].eq("risky").sum() < 0.4 * usual["side"].eq("risky").sum()


def test_who_a_traveller_is_says_nothing_of_the_label(travellers):
    table, truth = travellers
    people = table.assign(label=truth["label"], p=truth["probability"])
    people = people.drop_duplicates("person_ref")  # one trip each: no person counts twice
    people = people.assign(born=people["born"].str[:3])
    for column in ("sex", "born", "nationality", "document_type", "residence"):
        groups = people.groupby(column)["p"].agg(["mean", "size"])
        error = people["p"].std() / np.sqrt(groups["size"])
        z = (groups["mean"] - people["p"].mean()) / error
        assert (z[groups["size"] > 100].abs() < 5).all(), column
    assert set(P1) <= set(table.columns)


def test_a_person_keeps_what_the_document_says(travellers):
    table, _ = travellers
    seen = table.dropna(subset=["person_ref", "document_number"])
    again = seen.groupby("person_ref")["document_number"].nunique()
    assert (again == 1).all()


def test_travellers_have_a_limit_and_joint_effects_too(travellers):
    _, truth = travellers
    positives = truth.query("label == 1")
    assert 0.55 < synth.bayes_limit(truth, 0.01) < 0.85
    assert 0.80 < synth.bayes_limit(truth, 0.05) < 0.98
    assert (positives["joint_share"] > 0.5).mean() >= 0.30
    assert {"T02", "T03", "T04", "T05", "E07", "E10", "X02", "L02"} <= set(
        positives["typology"].str[:3]
    )


def test_parties_that_are_remembered_are_bounded_however_many_rows():
    assert world.Pools.of(10**8) == world.Pools.of(10**9)


def test_ten_million_rows_begin_at_once():
    chunks = synth.generate("shipment", 10_000_000, 1, chunk_rows=10_000)
    first = next(chunks)
    assert len(first.table) == 10_000


def test_a_datasheet_says_what_is_in_a_set_and_what_it_cannot_show(tmp_path):
    synth.write("shipment", 12_000, 5, tmp_path, chunk_rows=5_000)
    text = synth.datasheet(tmp_path)
    assert "Rows: 12,000" in text
    assert "What it cannot show" in text
    assert "| 1.0% |" in text


def test_a_datasheet_of_an_empty_folder_says_what_to_give(tmp_path):
    with pytest.raises(InputError, match="Give a folder"):
        synth.datasheet(tmp_path)

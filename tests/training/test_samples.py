"""The demonstration's samples: what a reader understands is what was written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from riskprofile import intake
from riskprofile.services.settings import CHECKOUT
from riskprofile.tables import Table
from training import sample_paxlst as paxlst
from training import samples

pytestmark = pytest.mark.xdist_group("samples")  # one process writes them
COMMITTED = CHECKOUT / "data" / "synthetic" / "demo"
SEED, ROWS = 5, 30_000

# What each format carries of a shipment; all columns it has a place for.
EVERYTHING = tuple(samples.FRENCH)
# What the others carry: all but what they have no place for.
NOT_IN_SAD = {
    *("declaration_id", "lodged_at", "arrival_at", "carrier", "house_document"),
    *("consignor_phone", "consignor_country", "consignee_phone", "consignee_country"),
    *("consignor_address", "consignee_address", "consignee_type", "notify_name"),
    *("port_of_discharge", "route", "quantity_unit", "volume_m3", "freight_cost", "gift"),
}
NOT_IN_WCO = {
    *("arrival_at", "consignee_type", "route", "volume_m3", "freight_cost", "gift"),
    *("licence_type", "seal_numbers"),
}
SAD = [name for name in EVERYTHING if name not in NOT_IN_SAD]
PAXLST = (
    *("crossing_at", "crossing_point", "crossing_kind", "transport_mode", "carrier"),
    *("service_number", "origin", "destination", "route", "born", "sex", "nationality"),
    *("document_type", "document_number", "document_issuer", "residence", "party_ref"),
    *("checked_bags", "bag_mass_kg", "bag_tags"),
)
WCO = [name for name in EVERYTHING if name not in NOT_IN_WCO]


@pytest.fixture(scope="module")
def day() -> dict[str, Table]:
    drawn = samples._drawn("shipment", SEED, ROWS)
    return samples._deal(drawn[drawn["lodged_at"] >= samples.DAY], ROWS / samples.ROWS)


@pytest.fixture(scope="module")
def crossings() -> tuple[Table, Table]:
    share = ROWS / samples.ROWS
    drawn = samples.travellers(SEED, round(samples.CROSSINGS * share))
    return samples.on_lists(drawn[drawn["crossing_at"] >= samples.DAY], share)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("samples")
    samples.write(made, SEED, rows=ROWS)
    return made


def read(path: Path) -> tuple[Table, list[intake.Rejection]]:
    chunks = list(intake.read(path, offices=intake.Offices(samples.ZONES)))
    table = pd.concat([chunk.table for chunk in chunks], ignore_index=True)
    return table, [rejected for chunk in chunks for rejected in chunk.rejected]


def differences(sent: Table, got: Table, columns: tuple[str, ...] | list[str]) -> Iterator[str]:
    """Cells that came back other than they were sent, times to the second."""
    for name in columns:
        was, now = sent[name], got[name]
        if isinstance(was.dtype, pd.DatetimeTZDtype):
            was, now = was.dt.floor("s"), now.dt.floor("s")
        if was.dtype == "float64":
            other = ~((was - now).abs() <= 1e-6 * (1 + was.abs())) & ~(was.isna() & now.isna())
        else:
            other = ~((was == now).fillna(False) | (was.isna() & now.isna()))
        for row in other[other].index[:3]:
            yield f"{name} of row {row}: sent {was[row]!r}, got {now[row]!r}"


def test_json_lines_come_back_cell_for_cell(day: dict[str, Table], folder: Path) -> None:
    got, rejected = read(folder / "post.jsonl.gz")
    assert not rejected
    assert list(differences(day["post"], got, EVERYTHING)) == []


def test_the_workbook_comes_back_in_the_columns_it_has(day: dict[str, Table], folder: Path) -> None:
    got, rejected = read(folder / "air.xlsx")
    assert not rejected
    assert list(differences(day["air"], got, tuple(samples.ENGLISH))) == []


def test_the_french_export_comes_back_but_for_the_rows_that_are_spoilt(
    day: dict[str, Table], folder: Path
) -> None:
    got, rejected = read(folder / "shipments.csv")
    assert sorted(str(one.column) for one in rejected) == sorted(
        column for column, _ in samples.SPOILT
    )
    sent = day["csv"].drop(index=[one.line - 2 for one in rejected]).reset_index(drop=True)
    assert list(differences(sent, got[: len(sent)], EVERYTHING)) == []
    assert len(got) == len(sent) + 3
    assert got.duplicated(subset=list(EVERYTHING)).sum() == 3


def test_sad_files_carry_what_a_sad_has_tags_for(day: dict[str, Table], folder: Path) -> None:
    got, rejected = read(folder / "sad.zip")
    sent = day["sad"].assign(lodged_at=day["sad"]["lodged_at"].dt.floor("D"))
    assert not rejected
    assert list(differences(sent, got, SAD)) == []
    assert (got["lodged_at"] == sent["lodged_at"]).all()
    assert (got["declaration_id"].str[-8:] == sent["declaration_id"]).all()


def test_wco_declarations_carry_what_the_data_model_has_elements_for(
    day: dict[str, Table], folder: Path
) -> None:
    got, rejected = read(folder / "cds.zip")
    assert not rejected
    assert list(differences(day["wco"], got, WCO)) == []


def test_passenger_lists_carry_who_flew_and_with_which_bags(
    crossings: tuple[Table, Table], folder: Path
) -> None:
    got, rejected = read(folder / "paxlst.edi")
    assert not rejected
    sent = crossings[0]
    flights = sent.groupby(list(paxlst.FLIGHT), sort=False).ngroup()
    sent = sent.iloc[flights.argsort(kind="stable")].reset_index(drop=True)
    tags = sent["bag_tags"].str.count(r"\|") + 1  # what a list without a count of bags shows
    sent = sent.assign(checked_bags=sent["checked_bags"].fillna(tags))
    assert list(differences(sent, got, PAXLST)) == []
    assert (folder / "paxlst.edi").read_bytes().count(b"UNH+") == flights.nunique() > 1


def test_the_spanish_export_comes_back_cell_for_cell(
    crossings: tuple[Table, Table], folder: Path
) -> None:
    got, rejected = read(folder / "travellers.csv")
    assert not rejected
    assert list(differences(crossings[1], got, tuple(samples.SPANISH))) == []


def test_history_ends_where_the_day_begins(folder: Path) -> None:
    past, rejected = read(folder / "past-shipments.parquet")
    assert not rejected
    assert past["lodged_at"].max() < samples.DAY
    assert (samples.DAY - past["lodged_at"].min()).days >= 120


def test_the_same_seed_writes_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    again = samples.write(tmp_path, SEED, rows=ROWS)
    assert all((tmp_path / name).read_bytes() == (folder / name).read_bytes() for name in again)


def test_the_committed_samples_are_small_and_all_of_them_can_be_read() -> None:
    files = [path for path in COMMITTED.iterdir() if path.suffix != ".md"]
    assert sum(path.stat().st_size for path in files) < 2_500_000
    read_as: dict[str, set[str]] = {}
    bad = total = 0
    for path in files:
        for chunk in intake.read(path, offices=intake.Offices(samples.ZONES)):
            read_as.setdefault(chunk.profile, set()).add(chunk.format)
            total, bad = total + chunk.read, bad + len(chunk.rejected)
    assert {"csv", "jsonl", "xlsx", "parquet", "sad", "wco"} <= read_as["shipment"]
    assert {"csv", "parquet", "paxlst"} <= read_as["traveller"]
    assert bad == len(samples.SPOILT)


def test_the_offices_of_the_samples_are_those_that_the_demonstration_loads() -> None:
    offices = pd.read_csv(CHECKOUT / "data/synthetic/offices.csv", dtype=str, keep_default_na=False)
    assert dict(zip(offices["code"], offices["zone"], strict=True)) == samples.ZONES

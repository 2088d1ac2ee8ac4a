"""Who a person is, and what a country is called, changes no bit of the rating (law 3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskprofile.history import Snapshot, view
from riskprofile.profiles import PROFILES, SHIPMENT, TRAVELLER, Profile
from riskprofile.reference import naming
from riskprofile.services.rater import Rater
from riskprofile.services.settings import CHECKOUT
from riskprofile.store import artefacts
from riskprofile.tables import TEXT, Table
from training.synth import generate

ROWS = 1_500
PARTIES = ("consignor", "consignee")
COUNTRIES = (
    *("consignor_country", "consignee_country", "country_of_origin", "country_of_export"),
    "country_of_destination",
)
PLACES = ("port_of_loading", "port_of_discharge", "route", "customs_office")


def made(profile: str) -> tuple[Table, Table]:
    """Past declarations and a later day's, from the generator."""
    chunk = next(iter(generate(profile, ROWS, 21, start="2026-03-01", days=200)))
    table = chunk.table
    time = PROFILES[profile].time
    cut = table[time].sort_values().iloc[len(table) // 2].floor("D")
    return table[table[time] < cut].reset_index(drop=True), table[table[time] >= cut].reset_index(
        drop=True
    )


def rate(profile: Profile, past: Table, day: Table) -> Table:
    """Feature values, points and indicators of the day's rows."""
    history = Snapshot.from_views([view(past, profile)[[*profile.remembered, "time"]]])
    card = artefacts.serving(CHECKOUT / "models", profile.name)
    log, _ = Rater(profile, card, history).rate(day)
    return log


@pytest.fixture(scope="module")
def crossings() -> tuple[Table, Table, Table]:
    past, day = made("traveller")
    return past, day, rate(TRAVELLER, past, day)


@pytest.fixture(scope="module")
def loads() -> tuple[Table, Table, Table]:
    past, day = made("shipment")
    return past, day, rate(SHIPMENT, past, day)


@given(seed=st.integers(0, 2**32 - 1), names=st.sets(st.sampled_from(TRAVELLER.protected("P1"))))
@settings(max_examples=15, deadline=None)
def test_who_a_traveller_is_changes_no_bit_of_the_rating(
    crossings: tuple[Table, Table, Table], seed: int, names: set[str]
) -> None:
    past, day, before = crossings
    strangers = day.assign(
        **{
            name: day[name].sample(frac=1, random_state=seed, replace=True).to_numpy()
            for name in names
        }
    )
    strangers = strangers.astype({name: day[name].dtype for name in names})
    pd.testing.assert_frame_equal(rate(TRAVELLER, past, strangers), before)


def renamed(
    table: Table, columns: tuple[str, ...], prefix: str, who: Callable[[str], str] = str
) -> Table:
    """The same table with everybody in these columns called something else, one to one.

    `who` says which writings are one party: those get one new name.
    """
    codes: dict[str, str] = {}

    def name(value: Any) -> Any:
        if pd.isna(value):
            return value
        return "|".join(
            codes.setdefault(who(part), f"{prefix}{len(codes):05d}")
            for part in str(value).split("|")
        )

    return table.assign(
        **{
            column: pd.array([name(value) for value in table[column]], dtype=TEXT)
            for column in columns
        }
    )


@pytest.mark.parametrize(
    ("part", "who"),
    [
        ("id", naming.code),
        ("name", naming.party),
        ("address", naming.address),
        ("phone", naming.phone),
    ],
)
def test_renaming_parties_one_to_one_changes_no_bit(
    loads: tuple[Table, Table, Table], part: str, who: Callable[[str], str]
) -> None:
    past, day, before = loads
    columns = tuple(f"{party}_{part}" for party in PARTIES)
    if part in ("id", "name"):
        columns += ("declarant_id",) if part == "id" else ("notify_name",)
    both = renamed(pd.concat([past, day], ignore_index=True), columns, "Q", who)
    after = rate(SHIPMENT, both[: len(past)], both[len(past) :].reset_index(drop=True))
    pd.testing.assert_frame_equal(after, before)


def test_renaming_countries_and_places_one_to_one_changes_no_point(
    loads: tuple[Table, Table, Table],
) -> None:
    past, day, before = loads
    both = pd.concat([past, day], ignore_index=True)
    names = sorted({code for column in COUNTRIES for code in both[column].dropna()})
    # Turned by one place in the sorted list: every country gets the code of another.
    other = dict(zip(names, names[1:] + names[:1], strict=True))
    both = both.assign(
        **{column: both[column].map(other, na_action="ignore").astype(TEXT) for column in COUNTRIES}
    )
    both = renamed(both, PLACES, "P")
    after = rate(SHIPMENT, both[: len(past)], both[len(past) :].reset_index(drop=True))
    pd.testing.assert_series_equal(after["points"], before["points"])
    features = [name for name in before if not name.startswith(("fired:", "broken:"))]
    pd.testing.assert_frame_equal(after[features], before[features])


def test_a_traveller_with_nothing_but_personal_attributes_gets_no_score(
    crossings: tuple[Table, Table, Table],
) -> None:
    past, day, _ = crossings
    bare = day.copy()
    for spec in TRAVELLER.columns:
        if spec.name not in ("crossing_id", "crossing_at", *TRAVELLER.protected("P1"), "name"):
            bare[spec.name] = pd.Series(pd.NA, index=bare.index, dtype=object).astype(
                spec.dtype if spec.kind != "float" else "Float64"
            )
            if spec.kind == "float":
                bare[spec.name] = bare[spec.name].astype("float64")
    assert rate(TRAVELLER, past, bare)["points"].isna().all()

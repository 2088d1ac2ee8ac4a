"""Heat and bursts: what a place shows now against its own past."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks import sightings as simulation
from riskprofile.errors import UsageError
from riskprofile.history import bursts
from riskprofile.history.bursts import Grid
from riskprofile.reference.registers import SIGHTINGS
from riskprofile.tables import TEXT, Table

UNTIL = pd.Timestamp("2026-11-23", tz="UTC")
QUIET, HOT = (10.1, 20.1), (10.6, 20.6)


def sightings(*given: tuple[tuple[float, float], float]) -> Table:
    """One report per (place, days before the end)."""
    n = len(given)
    return pd.DataFrame(
        {
            "sighting_id": [f"S{i}" for i in range(n)],
            "at": pd.to_datetime([UNTIL - pd.Timedelta(days=days) for _, days in given], utc=True),
            "latitude": [place[0] for place, _ in given],
            "longitude": [place[1] for place, _ in given],
            "kind": pd.Series(["small craft"] * n, dtype=TEXT),
            "count": pd.Series([3] * n, dtype="Int64"),
            "direction": pd.Series(["in"] * n, dtype=TEXT),
            "source": pd.Series(["patrol"] * n, dtype=TEXT),
        }
    )


def weekly(place: tuple[float, float], now: int, before: int = 1, weeks: int = 12) -> list:
    """`before` reports in each past week, `now` in the last one."""
    past = [(place, 7.0 * week + 3.5) for week in range(1, weeks + 1) for _ in range(before)]
    return past + [(place, 0.5 + n / 100) for n in range(now)]


def test_a_place_far_above_its_own_past_is_a_burst_and_the_steady_one_is_not():
    found = bursts.heat(sightings(*weekly(QUIET, 1), *weekly(HOT, 12)), UNTIL, Grid())
    hot, quiet = found.iloc[0], found.iloc[1]
    assert hot["burst"] and not quiet["burst"]
    # The first report falls in the middle of the twelfth week, so eleven are wholly known.
    assert (hot["reports"], hot["past_reports"], hot["expected"]) == (12, 11, 1.0)
    assert (hot["latitude"], hot["longitude"]) == (10.625, 20.625)
    assert (hot["seen"], hot["kinds"], hot["sources"]) == (36, "small craft", 1)


def test_a_busy_place_with_its_usual_traffic_is_hot_and_no_burst():
    found = bursts.heat(sightings(*weekly(HOT, 12, before=12)), UNTIL, Grid())
    assert found["reports"].tolist() == [12] and not found["burst"].any()


def test_two_reports_at_a_new_place_are_no_burst():
    given = [*weekly(QUIET, 1), (HOT, 1.0), (HOT, 2.0)]
    found = bursts.heat(sightings(*given), UNTIL, Grid()).set_index("cell")
    assert not found["burst"].any()
    assert found.loc["10.500,20.500", "p"] < 0.01


def test_a_short_past_expects_nothing():
    found = bursts.heat(sightings(*weekly(HOT, 12, weeks=3)), UNTIL, Grid())
    assert found["expected"].isna().all() and not found["burst"].any()
    assert found["reports"].tolist() == [12]


def test_what_comes_after_the_window_changes_nothing():
    early = sightings(*weekly(HOT, 12))
    later = pd.concat([early, sightings((HOT, -2.0), (QUIET, 0.0))], ignore_index=True)
    pd.testing.assert_frame_equal(
        bursts.heat(early, UNTIL, Grid()), bursts.heat(later, UNTIL, Grid())
    )


def test_every_report_is_in_one_window_and_the_edges_belong_to_the_later():
    given = sightings(*[(HOT, float(days)) for days in range(1, 92)])
    counted = bursts.windows(given, UNTIL, Grid())
    assert counted.loc["10.500,20.500"].tolist() == [7] * 13


def test_nothing_seen_is_an_empty_table():
    found = bursts.heat(sightings(), UNTIL, Grid())
    assert not len(found) and "burst" in found


def test_cells_lie_on_both_sides_of_the_equator_and_of_greenwich():
    found = bursts.names(sightings(((-0.1, -0.1), 1.0), ((0.1, 0.1), 1.0)), Grid())
    assert found.tolist() == ["-0.250,-0.250", "0.000,0.000"]


def test_nothing_about_a_person_can_enter_or_leave():
    words = {"name", "person", "nationality", "age", "sex", "document", "phone"}
    assert not words & {part for name in SIGHTINGS.names for part in name.split("_")}
    assert "extra" not in SIGHTINGS.names  # where other columns of a file would be kept
    found = bursts.heat(sightings(*weekly(HOT, 12)), UNTIL, Grid())
    assert not words & {part for name in found for part in name.split("_")}


@pytest.mark.parametrize("wrong", [{"cell": 0}, {"days": 0}, {"past": 3}, {"share": 1.0}])
def test_a_grid_that_cannot_be_is_refused(wrong):
    with pytest.raises(UsageError, match="grid"):
        Grid(**wrong)


@pytest.mark.parametrize("variance", simulation.VARIANCE)
def test_false_discoveries_stay_under_the_share(variance: float):
    chance = np.random.default_rng([3, int(variance)])
    false = []
    for _ in range(60):
        table = simulation.world(chance, 5.0, variance)
        named = table.index[simulation.ours(table)]
        false.append((named >= simulation.RAISED).sum() / max(len(named), 1))
    assert np.mean(false) <= Grid().share


def test_an_eightfold_rise_is_found_more_often_than_not():
    chance = np.random.default_rng(4)
    found = [
        (table.index[simulation.ours(table)] < simulation.RAISED).sum() / simulation.RAISED
        for table in (simulation.world(chance, 8.0, 1.0) for _ in range(40))
    ]
    assert np.mean(found) > 0.5

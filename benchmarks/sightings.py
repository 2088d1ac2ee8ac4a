"""False discoveries and power of bursts of sightings, on simulated reports.

    python -m benchmarks.sightings [--runs 1000] [--json]

Each run has 300 cells whose own rates differ widely (gamma, mean one report a week), twelve
past weeks and one to judge. In ten of the cells the rate of that week is raised. A discovery
in one of the others is false. Reports are Poisson, or come in clumps (negative binomial with
twice or four times the variance of Poisson). `rule` is ours beside the same test without the
dispersion of the past, and the habit of naming what exceeds mean + 2 deviations.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import asking
from riskprofile.history import bursts
from riskprofile.history.bursts import LEAST_REPORTS, Grid

CELLS, RAISED, PAST = 300, 10, 12
TIMES = (3.0, 5.0, 8.0)
VARIANCE = (1.0, 2.0, 4.0)  # of a week's reports, in units of the mean


def drawn(chance: np.random.Generator, rate: np.ndarray, variance: float) -> np.ndarray:
    """Reports at these rates: Poisson, or negative binomial with this variance over mean."""
    if variance == 1.0:
        return chance.poisson(rate)
    size = rate / (variance - 1.0)
    return chance.negative_binomial(np.maximum(size, 1e-9), 1.0 / variance)


def world(chance: np.random.Generator, times: float, variance: float) -> pd.DataFrame:
    """Weeks of every cell: column 0 is judged; the first ten rows are raised in it."""
    rate = chance.gamma(0.5, 2.0, CELLS)
    rate[:RAISED] = chance.gamma(2.0, 0.5, RAISED)  # a raised cell is one where people are seen
    raised = np.where(np.arange(CELLS) < RAISED, times, 1.0)
    weeks = [drawn(chance, rate * raised, variance)]
    weeks += [drawn(chance, rate, variance) for _ in range(PAST)]
    table = pd.DataFrame(np.stack(weeks, axis=1))
    return table[table.sum(axis=1) > 0]


def ours(table: pd.DataFrame) -> np.ndarray:
    """What `bursts.heat` names, from its own parts."""
    return _tested(table, bursts.dispersion(table, PAST))


def poisson(table: pd.DataFrame) -> np.ndarray:
    """The same without the dispersion of the past."""
    return _tested(table, 1.0)


def _tested(table: pd.DataFrame, spread: float) -> np.ndarray:
    now = table[0].to_numpy("float64")
    before = table[range(1, PAST + 1)].to_numpy("float64").sum(axis=1)
    q = bursts.adjusted(bursts.tail(now, before, PAST, spread))
    named: np.ndarray = (q <= Grid().share) & (now >= LEAST_REPORTS)
    return named


def two_deviations(table: pd.DataFrame) -> np.ndarray:
    """Mean of the past plus two deviations, as is often done by hand."""
    past = table[range(1, PAST + 1)].to_numpy("float64")
    now = table[0].to_numpy("float64")
    named: np.ndarray = (now > past.mean(axis=1) + 2 * past.std(axis=1)) & (now >= LEAST_REPORTS)
    return named


RULES: dict[str, Callable[[pd.DataFrame], np.ndarray]] = {
    "ours": ours,
    "poisson": poisson,
    "mean+2sd": two_deviations,
}


def measure(runs: int, seed: int = 5) -> list[dict[str, Any]]:
    """One row per setting and rule: false-discovery rate with its error, and power."""
    found = []
    for variance in VARIANCE:
        for times in (1.0, *TIMES):
            chance = np.random.default_rng([seed, int(variance * 10), int(times * 10)])
            tables = [world(chance, times, variance) for _ in range(runs)]
            for name, rule in RULES.items():
                false, power = [], []
                for table in tables:
                    named = table.index[rule(table)]
                    true = int((named < RAISED).sum()) if times > 1 else 0
                    false.append((len(named) - true) / max(len(named), 1))
                    power.append(true / RAISED)
                found.append(
                    {
                        "variance": variance,
                        "raised": times,
                        "rule": name,
                        "false_discovery_rate": round(float(np.mean(false)), 4),
                        "error": round(1.96 * float(np.std(false)) / runs**0.5, 4),
                        "power": round(float(np.mean(power)), 4) if times > 1 else None,
                    }
                )
    return found


def main() -> None:
    """Print the table."""
    asked = asking.asked(__doc__, runs=1000, json=False)
    found = measure(asked.runs)
    if asked.json:
        print(json.dumps({"runs": asked.runs, "share": Grid().share, "rows": found}))
        return
    print(f"{asked.runs} runs, {CELLS} cells, bursts at a false-discovery rate of {Grid().share}")
    print(f"{'variance/mean':>13} {'raised':>7} {'rule':>9} {'false':>8} {'+-':>7} {'power':>7}")
    for one in found:
        power = "" if one["power"] is None else f"{one['power']:.3f}"
        print(
            f"{one['variance']:13.0f} {one['raised']:6.0f}x {one['rule']:>9} "
            f"{one['false_discovery_rate']:8.3f} {one['error']:7.3f} {power:>7}"
        )


if __name__ == "__main__":
    main()

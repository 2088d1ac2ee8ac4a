"""The datasheet of a written set: what is in it, measured, and what it cannot show."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from riskprofile.errors import InputError
from training.synth.write import TRUTH

BUDGETS = (0.001, 0.01, 0.02, 0.05)

CANNOT = """\
## What it cannot show

- **Whether a score finds real trafficking.** The truth is a formula that we wrote from published
  typologies. A model that does well here has learnt that formula. Real smugglers follow none.
- **Prevalence.** The natural weights use design choices, not measurements; interception is far
  below what moves.
- **Any country, route or person.** Lanes are drawn uniformly over countries by seed; parties are
  invented; protected columns are drawn from the traveller's number alone.
- **Words that we did not write or find.** Goods texts are published nomenclature and parcel
  wording plus our own phrases in nine languages; real declarations are messier.
- **Unexamined outcomes.** Every row has a label here. An office sees labels only of what it
  examined.
- **Late signs.** Images, seals, dwell and conduct at control are not in it: they are known after
  the rating. Amendments (S11), registers and declared-against-found counts are not in it either.
"""


@dataclass
class _Sums:
    rows: int = 0
    missing: dict[str, dict[str, float]] = field(default_factory=dict)
    count: dict[str, int] = field(default_factory=dict)

    def add(self, table: pd.DataFrame, side: pd.Series) -> None:
        for name, at in (("risky trade", side == "risky"), ("all other", side != "risky")):
            part = table[at.to_numpy()]
            self.count[name] = self.count.get(name, 0) + len(part)
            kept = self.missing.setdefault(name, {})
            for column, blank in part.isna().sum().items():
                kept[str(column)] = kept.get(str(column), 0.0) + float(blank)
        self.rows += len(table)


def _parts(folder: Path) -> list[tuple[Path, Path]]:
    parts = sorted(folder.glob("declarations-*.parquet"))
    if not parts:
        raise InputError(
            "no declarations-*.parquet here",
            where=str(folder),
            do="Give a folder that `riskprofile-train synth` wrote.",
        )
    return [(part, folder / TRUTH / part.name.replace("declarations", "truth")) for part in parts]


def _shares(counts: pd.Series, total: int, head: str) -> list[str]:
    lines = [f"| {head} | rows | share |", "|---|---|---|"]
    lines += [f"| {name or '(none)'} | {n:,} | {n / total:.1%} |" for name, n in counts.items()]
    return lines


def datasheet(folder: str | Path) -> str:
    """Markdown about a set that `write` wrote: counts, shares, gaps, limits, reservations.

    Parameters
    ----------
    folder : str or Path
        With `declarations-*.parquet` and `truth/`.

    Returns
    -------
    str
        Markdown. Reads one part at a time; of the truth it keeps a few columns.

    Raises
    ------
    InputError
        When the folder holds no such parts.
    """
    sums = _Sums()
    kept: list[pd.DataFrame] = []
    for rows_path, truth_path in _parts(Path(folder)):
        table, truth = pd.read_parquet(rows_path), pd.read_parquet(truth_path)
        sums.add(table.drop(columns=["source", "line", "warnings"]), truth["side"])
        kept.append(truth.drop(columns=[c for c in truth if c.endswith("_id")]))
    truth = pd.concat(kept, ignore_index=True)
    positives = truth[truth["label"] == 1]
    found = max(len(positives), 1)
    lines = [
        "# Datasheet",
        "",
        f"- Rows: {sums.rows:,}; positives: {len(positives):,} ({len(positives) / sums.rows:.2%}).",
        f"- Mean true probability: {truth['probability'].mean():.4%}.",
        f"- Positives that owe most of their log-odds to three signs together or to other rows: "
        f"{(positives['joint_share'] > 0.5).mean():.1%}.",
        f"- Typologies that raise a positive: "
        f"{positives['typologies'].str.count('[|]').add(1).mean():.1f} on average.",
        f"- Positives in trade that is written as lawful: "
        f"{(positives['side'] != 'risky').mean():.1%}.",
        "",
        "## The Bayes limit (ranking by the true probability)",
        "",
        "| inspected | recall, as made | recall, early | recall, late | at natural prevalence |",
        "|---|---|---|---|---|",
    ]
    early, late = truth[~truth["late"]], truth[truth["late"]]
    for budget in BUDGETS:
        values = [
            bayes_limit(truth, budget),
            bayes_limit(early, budget),
            bayes_limit(late, budget),
            bayes_limit(truth, budget, natural=True),
        ]
        lines.append(f"| {budget:.1%} | " + " | ".join(f"{v:.3f}" for v in values) + " |")
    lines += ["", "## Leading typology of the positives", ""]
    lines += _shares(positives["typology"].value_counts(), found, "typology")
    lines += ["", "## Sides and outcomes", ""]
    lines += _shares(truth["side"].value_counts(), len(truth), "side")
    lines += [""]
    lines += _shares(truth["outcome"].value_counts(), len(truth), "outcome")
    lines += [
        "",
        "## Missing, in percent",
        "",
        "| column | risky trade | all other |",
        "|---|---|---|",
    ]
    for column in sums.missing["all other"]:
        shares = [
            100 * sums.missing[side].get(column, 0.0) / max(sums.count[side], 1)
            for side in ("risky trade", "all other")
        ]
        if max(shares) > 0 and min(shares) < 100:
            lines.append(f"| {column} | {shares[0]:.1f} | {shares[1]:.1f} |")
    lines += ["", CANNOT]
    assert not np.isnan(truth["probability"]).any()
    return "\n".join(lines)


def bayes_limit(truth: pd.DataFrame, share: float, *, natural: bool = False) -> float:
    """Recall of the positives in the best-ranked share of rows.

    Parameters
    ----------
    truth : DataFrame
        With `probability`, `label` and `natural_weight`.
    share : float
        Share of rows (or of weight) that is inspected, 0..1.
    natural : bool
        Weigh rows to natural prevalence; the ranking stays that of the set as made.

    Returns
    -------
    float
        Recall, 0..1; NaN without positives.
    """
    weight = truth["natural_weight"].to_numpy() if natural else np.ones(len(truth))
    label = truth["label"].to_numpy().astype(bool)
    order = np.argsort(-truth["probability"].to_numpy(), kind="stable")
    found = np.cumsum((weight * label)[order])
    spent = np.cumsum(weight[order])
    if len(found) == 0 or found[-1] == 0:
        return float("nan")
    at = int(np.searchsorted(spent, share * spent[-1]))
    return float(found[min(at, len(found) - 1)] / found[-1])

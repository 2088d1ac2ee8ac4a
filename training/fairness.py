"""What a scorecard does to groups that it cannot see: figures by group, and proxies.

Protected columns never reach a feature. These figures are made beside the rating, from rows
kept for audit: how often a group's lawful rows are selected, beside another's, and how well
each protected column could be guessed from the features alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from riskprofile.tables import Column, Table
from training.markdown import cell

LOW, HIGH = 0.8, 1.25  # false-positive ratios within are no finding: the four-fifths rule
LEAST = 200  # lawful rows that would be selected of a group, and of all others, by the rate of all;
# below, the standard error of either is above 7 % and more for people who cross often: not judged
PROXY = 0.6  # area under the curve from which a column counts as guessed
LEVELS = 8  # of a column, the most frequent; the rest are one group
ROWS = 20_000  # that the audit of proxies reads at most


@dataclass(frozen=True)
class Group:
    """One group of one protected column. Rates are shares; NaN where there is no row."""

    column: str
    level: str
    rows: int
    positives: int
    selected: float  # of all rows
    false_positive: float  # of lawful rows, selected
    true_positive: float  # of positives, selected
    ratio: float  # false positives beside those of everybody else
    # Lawful rows selected of it, or of everybody else where these are fewer, by the rate of all.
    expected: float

    @property
    def judged(self) -> bool:
        """Whether there are lawful rows enough to say anything."""
        return bool(self.expected >= LEAST and not np.isnan(self.ratio))

    @property
    def within(self) -> bool:
        """Whether the ratio is no finding."""
        return not self.judged or LOW <= self.ratio <= HIGH


@dataclass(frozen=True)
class Waiver:
    """Somebody answers for a ratio outside the bounds: who, and why."""

    column: str
    level: str
    by: str
    reason: str

    def covers(self, group: Group) -> bool:
        """Whether it names this group, a person and a reason."""
        named = bool(self.by.strip() and self.reason.strip())
        return named and (self.column, self.level) == (group.column, group.level)


@dataclass(frozen=True)
class Proxy:
    """How well a protected column is guessed from the features: area under the curve."""

    column: str
    rows: int
    auc: float  # 0.5 is chance; the mean over its levels, weighted by their rows

    @property
    def guessed(self) -> bool:
        """Whether the features stand in for the column."""
        return bool(self.auc >= PROXY)


def levels(protected: Column) -> Column:
    """A protected column as groups: dates by decade, rare values together, missing named."""
    values = protected
    if pd.api.types.is_datetime64_any_dtype(values.dtype) or _dates(values):
        year = pd.to_datetime(values, errors="coerce", utc=True).dt.year
        values = (year // 10 * 10).astype("Int64").astype("string") + "s"
    text = values.astype("string").fillna("not given")
    common = text.value_counts().index[:LEVELS]
    return text.where(text.isin(common), "other").astype("object")


def grouped(declared: Table, names: Sequence[str]) -> Table:
    """The protected columns that make groups, as groups: a number of one person makes none."""
    made = {
        name: levels(declared[name])
        for name in names
        if declared[name].nunique() <= max(LEVELS, len(declared) // 10)
        or _dates(declared[name])
        or pd.api.types.is_datetime64_any_dtype(declared[name].dtype)
    }
    return pd.DataFrame(made, index=declared.index)


def _dates(values: Column) -> bool:
    given = values.dropna()
    return bool(len(given)) and bool(
        given.head(50).astype("string").str.fullmatch(r"\d{4}-\d{2}-\d{2}.*").all()
    )


def groups(labels: np.ndarray, selected: np.ndarray, protected: Table) -> list[Group]:
    """Figures of every group of every column.

    Parameters
    ----------
    labels, selected : arrays of 0 or 1
        What was true of each row, and whether it was selected.
    protected : Table
        Columns of groups (see `levels`), rows in the same order.
    """
    found = []
    truth, taken = np.asarray(labels, dtype=bool), np.asarray(selected, dtype=bool)
    overall = _rate(taken, ~truth)
    for column in protected.columns:
        members = protected[column].to_numpy(dtype=object)
        for level in sorted(set(members.tolist()), key=str):
            mine = members == level
            lawful, rest = mine & ~truth, ~mine & ~truth
            rate, others = _rate(taken, lawful), _rate(taken, rest)
            found.append(
                Group(
                    column=str(column),
                    level=str(level),
                    rows=int(mine.sum()),
                    positives=int((mine & truth).sum()),
                    selected=_rate(taken, mine),
                    false_positive=rate,
                    true_positive=_rate(taken, mine & truth),
                    ratio=rate / others if others else float("inf" if rate > 0 else "nan"),
                    expected=float(overall * min(lawful.sum(), rest.sum())),
                )
            )
    return found


def _rate(taken: np.ndarray, among: np.ndarray) -> float:
    return float(taken[among].mean()) if among.any() else float("nan")


def outside(found: Sequence[Group], waivers: Sequence[Waiver] = ()) -> list[Group]:
    """Groups whose ratio is out of bounds and for which nobody answers by name."""
    return [
        one for one in found if not one.within and not any(each.covers(one) for each in waivers)
    ]


def proxies(features: Table, protected: Mapping[str, Column] | Table) -> list[Proxy]:
    """How well each protected column is guessed from the features, out of fold.

    Histogram boosting, three folds, one level against the rest; the more rows a level has,
    the more its area counts.
    """
    random = np.random.default_rng(0)
    kept = np.sort(random.permutation(len(features))[:ROWS])
    values = features.iloc[kept].to_numpy("float64")
    told = []
    for column in protected:
        members = np.asarray(protected[column], dtype=object)[kept]
        areas, weights = [], []
        for level in sorted(set(members.tolist()), key=str):
            target = (members == level).astype(int)
            if min(target.sum(), len(target) - target.sum()) < 50:
                continue
            model = HistGradientBoostingClassifier(
                max_iter=60, learning_rate=0.1, max_leaf_nodes=15, random_state=0
            )
            folds = StratifiedKFold(3, shuffle=True, random_state=0)
            chance = cross_val_predict(model, values, target, cv=folds, method="predict_proba")
            areas.append(float(roc_auc_score(target, chance[:, 1])))
            weights.append(int(target.sum()))
        area = float(np.average(areas, weights=weights)) if areas else float("nan")
        told.append(Proxy(str(column), len(members), area))
    return told


def section(found: Sequence[Group], guessed: Sequence[Proxy], waivers: Sequence[Waiver]) -> str:
    """Markdown for a card: proxies, then ratios, then who answers for what is out of bounds."""
    lines = [
        "## Groups that it cannot see",
        "",
        "How well each protected column is guessed from the features (area under the curve; 0.5 is",
        f"chance, from {PROXY} on a feature stands in for it):",
        "",
        "| column | rows | area |",
        "|---|---|---|",
    ]
    for one in guessed:
        area = "too few to say" if np.isnan(one.auc) else f"{one.auc:.3f}"
        mark = " (stands in for it)" if one.guessed else ""
        lines.append(f"| {one.column} | {one.rows:,} | {area}{mark} |")
    lines += [
        "",
        f"False positives of each group beside everybody else's; {LOW} to {HIGH} is no finding.",
        f"A group is judged where {LEAST} false positives or more are expected of it, and of",
        "everybody else: under that, chance alone goes outside.",
        "",
        "| column | group | lawful rows | selected of them | ratio | |",
        "|---|---|---|---|---|---|",
    ]
    for group in found:
        said = "" if group.within else "outside"
        for each in waivers:
            if not group.within and each.covers(group):
                said = f"outside; waived by {each.by}: {each.reason}"
        if not group.judged:
            said = "too few to say"
        lines.append(
            f"| {group.column} | {cell(group.level)} | {group.rows - group.positives:,} "
            f"| {group.false_positive:.2%} | {group.ratio:.2f} | {cell(said)} |"
        )
    return "\n".join([*lines, ""])

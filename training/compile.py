"""From a fitted boosting machine to whole-number tables, exactly.

Under interaction constraints every path of every tree holds at most two features, so
a leaf is a function of one or two features and the ensemble is a sum of tables. The
tables are purified (each mean removed under the training density, margins of pairs
moved to the singles), then rounded to points. Compiling proves itself: before rounding
the tables must equal the estimator on every training row, or nothing is written.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from riskprofile.errors import RiskProfileError
from riskprofile.scoring.scorecard import POINTS_PER_LOG_ODDS, Bins, Term
from training import proving

TOLERANCE = 1e-9  # log-odds; measured error is about 1e-14
PASSES = 50  # by which the means of pairs are moved at most


@dataclass(frozen=True)
class Tables:
    """Additive tables in log-odds: base, singles by feature, pairs by two features."""

    base: float
    bins: dict[str, Bins]
    singles: dict[str, np.ndarray]
    pairs: dict[tuple[str, str], np.ndarray]

    def cut(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The bin of each row, by feature."""
        return proving.cut(self.bins, values)

    def log_odds(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """The sum of the tables for each row."""
        return self.at(self.cut(values))

    def at(self, cut: Mapping[str, np.ndarray]) -> np.ndarray:
        """The same for rows whose bins are known."""
        rows = len(next(iter(cut.values())))
        total = np.full(rows, self.base)
        for name, table in self.singles.items():
            total += table[cut[name]]
        for (one, other), table in self.pairs.items():
            total += table[cut[one], cut[other]]
        return total


def compile_tables(
    machines: Sequence[HistGradientBoostingClassifier], names: Sequence[str], values: np.ndarray
) -> Tables:
    """The tables of the mean of fitted machines; checked against it on every row of `values`.

    Parameters
    ----------
    machines : sequence
        Fitted on the same features; what they predict is averaged in log-odds.
    values : array of float64, shape (rows, features)
        The training rows: the density under which tables are purified.

    Raises
    ------
    RiskProfileError
        When a path holds more than two features, or tables and estimator disagree.
    """
    share = 1.0 / len(machines)
    predictors = [trees[0] for machine in machines for trees in _private(machine, "_predictors")]
    base = share * sum(
        float(np.ravel(_private(machine, "_baseline_prediction"))[0]) for machine in machines
    )
    bins = {
        name: Bins(edges) for name, edges in zip(names, _edges(predictors, len(names)), strict=True)
    }
    singles = {name: np.zeros(len(cuts)) for name, cuts in bins.items()}
    pairs: dict[tuple[str, str], np.ndarray] = {}
    for predictor in predictors:
        for box, value in _leaves(predictor.nodes):
            _add(box, share * value, names, bins, singles, pairs)
    tables = Tables(base, bins, singles, dict(sorted(pairs.items())))
    cut = tables.cut({name: values[:, i] for i, name in enumerate(names)})
    trees = [predictor.nodes for predictor in predictors]
    worst = proving.worst(tables, machines, trees, base, names, values, cut)
    if not worst <= TOLERANCE:
        raise RiskProfileError(
            f"tables and estimator differ by up to {worst:.2e} log-odds",
            do="Nothing was written. This scikit-learn version keeps its trees in another way",
        )
    purified = _purify(tables, cut)
    used = {name for name, table in purified.singles.items() if np.abs(table).max() > 0}
    used |= {name for pair in purified.pairs for name in pair}
    return Tables(
        purified.base,
        {name: cuts for name, cuts in purified.bins.items() if name in used},
        {name: table for name, table in purified.singles.items() if name in used},
        purified.pairs,
    )


def to_points(
    tables: Tables, monotone: Mapping[str, int], shift: float = 0.0
) -> tuple[int, tuple[Term, ...]]:
    """Base and terms in whole points; `shift` is added to the base, in log-odds.

    Rounding each table by itself could break a monotone step by a point. So each pair
    borrows from the single just what makes it monotone, both are rounded (rounding a
    monotone table keeps it so), and what was borrowed is given back in whole points: the
    sum stays monotone, whatever the partners are, and no rounding adds up along the way.
    """
    left = {name: table * POINTS_PER_LOG_ODDS for name, table in tables.singles.items()}
    given = {name: np.zeros(len(table), dtype=np.int64) for name, table in left.items()}
    pairs: dict[tuple[str, str], np.ndarray] = {}
    for (one, other), table in tables.pairs.items():
        joint = table * POINTS_PER_LOG_ODDS
        down = _borrowed(joint, monotone.get(one, 0))
        across = _borrowed(joint.T, monotone.get(other, 0))
        whole = np.rint(joint + down[:, None] + across[None, :]).astype(np.int64)
        for name, borrowed in ((one, down), (other, across)):
            left[name] = left[name] - borrowed
            given[name] = given[name] + np.rint(borrowed).astype(np.int64)
        back = np.rint(down).astype(np.int64)[:, None] + np.rint(across).astype(np.int64)[None, :]
        pairs[one, other] = whole - back
    terms = []
    for name, table in left.items():
        if direction := monotone.get(name, 0):
            # Only what floating point left over is smoothed here: the rest is monotone.
            table[:-1] = direction * np.maximum.accumulate(direction * table[:-1])
        points = np.rint(table).astype(np.int64) + given[name]
        if points.any():
            terms.append(Term((name,), points.astype(np.int32)))
    terms += [Term(pair, table.astype(np.int32)) for pair, table in pairs.items() if table.any()]
    return int(np.rint((tables.base + shift) * POINTS_PER_LOG_ODDS)), tuple(terms)


def _borrowed(joint: np.ndarray, direction: int) -> np.ndarray:
    """What to add down the rows so that no step of any column goes the wrong way.

    The least step becomes zero. The last row is the missing one, outside the order.
    """
    if not direction:
        return np.zeros(len(joint))
    least = (direction * np.diff(joint[:-1], axis=0)).min(axis=1)
    added: np.ndarray = direction * np.concatenate([[0.0], np.cumsum(-least), [0.0]])
    return added


def worst_step(name: str, direction: int, terms: Sequence[Term]) -> int:
    """The least step of the points along one feature, over all partners: >= 0 is monotone."""
    return int(_steps(name, direction, *_parted(terms)).min(initial=0))


def _parted(
    terms: Sequence[Term],
) -> tuple[dict[str, np.ndarray], dict[tuple[str, str], np.ndarray]]:
    """Tables of single features, and of pairs."""
    singles = {term.features[0]: term.table for term in terms if len(term.features) == 1}
    pairs = {
        (term.features[0], term.features[1]): term.table
        for term in terms
        if len(term.features) == 2
    }
    return singles, pairs


def mended(
    terms: Sequence[Term], bins: Mapping[str, Bins], monotone: Mapping[str, int]
) -> tuple[Term, ...]:
    """The same terms, with just so much added to single features that every step goes the right
    way over all partners: what scaling tables apart from each other may have broken.
    """
    made = list(terms)
    for name, direction in sorted(monotone.items()):
        singles, pairs = _parted(made)
        steps = _steps(name, direction, singles, pairs)
        lacking = np.concatenate([[0], np.cumsum(np.maximum(0, -steps))])
        if not direction or not lacking.any():
            continue
        table = singles.get(name, np.zeros(len(bins[name]), dtype=np.int32)).astype(np.int64)
        table[:-1] += direction * lacking
        single = Term((name,), table.astype(np.int32))
        places = [i for i, term in enumerate(made) if term.features == (name,)]
        if places:
            made[places[0]] = single
        else:
            made.append(single)
    return tuple(made)


def pair_gains(machine: HistGradientBoostingClassifier, features: int) -> np.ndarray:
    """Gain of splits that follow a split on another feature: (features, features), symmetric."""
    gains = np.zeros((features, features))
    for trees in _private(machine, "_predictors"):
        nodes = trees[0].nodes
        stack: list[tuple[int, frozenset[int]]] = [(0, frozenset())]
        while stack:
            place, above = stack.pop()
            node = nodes[place]
            if node["is_leaf"]:
                continue
            own = int(node["feature_idx"])
            for other in above - {own}:
                gains[own, other] += node["gain"]
                gains[other, own] += node["gain"]
            stack.extend((int(node[side]), above | {own}) for side in ("left", "right"))
    return gains


def _private(estimator: HistGradientBoostingClassifier, name: str) -> Any:
    if not hasattr(estimator, name):
        raise RiskProfileError(
            f"this scikit-learn has no {name} in its boosting machine",
            do="Use the version in the lock file",
        )
    return getattr(estimator, name)


def _edges(predictors: Sequence[Any], features: int) -> list[np.ndarray]:
    """Every threshold used, by feature, sorted."""
    found: list[set[float]] = [set() for _ in range(features)]
    for predictor in predictors:
        inner = predictor.nodes[predictor.nodes["is_leaf"] == 0]
        if inner["is_categorical"].any():
            raise RiskProfileError("a tree splits on categories", do="Give numbers only")
        for place, threshold in zip(inner["feature_idx"], inner["num_threshold"], strict=True):
            if np.isfinite(threshold):  # infinite: the split parts missing from all the rest
                found[int(place)].add(float(threshold))
    return [np.array(sorted(edges), dtype=np.float64) for edges in found]


Limit = tuple[float, float, bool]  # above, up to, and whether missing is inside


def _leaves(nodes: np.ndarray) -> list[tuple[dict[int, Limit], float]]:
    """Each leaf as a box over the features of its path, with its value."""
    found: list[tuple[dict[int, Limit], float]] = []
    stack: list[tuple[int, dict[int, Limit]]] = [(0, {})]
    while stack:
        place, box = stack.pop()
        node = nodes[place]
        if node["is_leaf"]:
            found.append((box, float(node["value"])))
            continue
        feature, cut = int(node["feature_idx"]), float(node["num_threshold"])
        low, high, missing = box.get(feature, (-np.inf, np.inf, True))
        left_missing = bool(node["missing_go_to_left"])
        left = (low, min(high, cut), missing and left_missing)
        right = (max(low, cut), high, missing and not left_missing)
        stack.append((int(node["left"]), {**box, feature: left}))
        stack.append((int(node["right"]), {**box, feature: right}))
    return found


def _add(
    box: Mapping[int, Limit],
    value: float,
    names: Sequence[str],
    bins: Mapping[str, Bins],
    singles: dict[str, np.ndarray],
    pairs: dict[tuple[str, str], np.ndarray],
) -> None:
    """Add one leaf to the table of its one or two features."""
    inside = {}
    for place, (low, high, missing) in box.items():
        cuts = bins[names[place]]
        mask = np.zeros(len(cuts), dtype=bool)
        first = 0 if low == -np.inf else int(np.searchsorted(cuts.edges, low)) + 1
        last = len(cuts.edges) if high == np.inf else int(np.searchsorted(cuts.edges, high))
        mask[first : last + 1] = True
        mask[cuts.missing] = missing
        inside[names[place]] = mask
    if len(inside) > 2:
        raise RiskProfileError(
            "a path holds more than two features: " + ", ".join(inside),
            do="Fit under interaction constraints of at most two",
        )
    if len(inside) <= 1:
        name = next(iter(inside), names[0])
        singles[name][inside.get(name, slice(None))] += value
        return
    one, other = sorted(inside)
    table = pairs.setdefault((one, other), np.zeros((len(bins[one]), len(bins[other]))))
    table[np.ix_(inside[one], inside[other])] += value


def _purify(tables: Tables, cut: Mapping[str, np.ndarray]) -> Tables:
    """Move the means of pairs to their singles, and of singles to the base."""
    rows = max(len(next(iter(cut.values()))), 1)
    share = np.full(rows, 1.0 / rows)
    density = {
        name: np.bincount(cut[name], minlength=len(bins)) / rows
        for name, bins in tables.bins.items()
    }
    singles = {name: table.copy() for name, table in tables.singles.items()}
    pairs: dict[tuple[str, str], np.ndarray] = {}
    for (one, other), table in tables.pairs.items():
        # In the order of the rows, as adding them one by one would.
        cells = cut[one].astype(np.int64) * table.shape[1] + cut[other]
        weights = np.bincount(cells, share[: len(cells)], minlength=table.size).reshape(table.shape)
        pure = table.copy()
        for _ in range(PASSES):
            by_row = _means(pure, weights, axis=1)
            pure -= by_row[:, None]
            singles[one] += by_row
            by_column = _means(pure, weights, axis=0)
            pure -= by_column[None, :]
            singles[other] += by_column
            if max(np.abs(by_row).max(), np.abs(by_column).max()) < 1e-13:
                break
        pairs[one, other] = pure
    base = tables.base
    for name, table in singles.items():
        mean = float(table @ density[name])
        singles[name] = table - mean
        base += mean
    return Tables(base, tables.bins, singles, pairs)


def _means(table: np.ndarray, weights: np.ndarray, axis: int) -> np.ndarray:
    total = weights.sum(axis=axis)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        means = (table * weights).sum(axis=axis) / total
    # A bin without training rows keeps its values where they are.
    made: np.ndarray = np.where(total > 0, means, 0.0)
    return made


def _steps(
    name: str,
    direction: int,
    singles: Mapping[str, np.ndarray],
    pairs: Mapping[tuple[str, str], np.ndarray],
) -> np.ndarray:
    """Least step from each bin to the next, missing aside, over all bins of the partners."""
    some = [table for pair, table in pairs.items() if name in pair]
    if name not in singles and not some:
        return np.zeros(0, dtype=np.int64)
    width = len(singles[name]) if name in singles else _facing(name, pairs)[0].shape[0]
    single = singles.get(name, np.zeros(width, dtype=np.int64))
    steps = direction * np.diff(single[:-1].astype(np.int64))
    for table in _facing(name, pairs):
        steps = steps + (direction * np.diff(table[:-1].astype(np.int64), axis=0)).min(axis=1)
    made: np.ndarray = steps
    return made


def _facing(name: str, pairs: Mapping[tuple[str, str], np.ndarray]) -> list[np.ndarray]:
    """Pair tables of a feature, turned so that it runs down the rows."""
    return [table if pair[0] == name else table.T for pair, table in pairs.items() if name in pair]

"""Has what arrives changed? Counts of a window beside counts of earlier windows of its size.

Every series is counts over a few cells: the bins of a feature, the forms of a declared
column, the values of a slice, steps of points, fired or not. A series counts as changed when
it is far (population stability index) and surer than chance. Rows do not come one by one: a
consignor sends many alike, or none. So chance is told for clumps of rows, as large as the
earlier windows show for the cell, and as large as nine in ten cells of its kind show: few
windows cannot tell that a cell swings no more than it happened to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from riskprofile.profiles import Profile
from riskprofile.scoring.scorecard import Scorecard
from riskprofile.tables import Column, ColumnSpec, Kind, Table

LEAST_ROWS = 200  # in a window
LEAST_WINDOWS = 4  # earlier ones, before anything is said
FAR = 0.1  # population stability index: below it a shift changes no list
SURE = 1e-3  # chance of a false alarm of one look, split over all series of rows; of outcomes again
MANIFOLD = 3.0  # a rare event counts as changed when it is so many times what it was
ORDERED = ("feature", "score")  # kinds of series whose cells are numbers in order
LEVEL = 0.05  # of the earlier rows, that a cell of those holds at least
LEAST_IN_CELL = 5  # rows expected in a cell; rarer ones are one cell
MANY_IN_CELL = 20  # rows of now, with which a cell that was rare stands alone
LEAST_LABELS = 20  # examined, now and before, before labels say anything
AS_WIDE_AS = 0.9  # share of the cells of a kind that no cell is taken to swing less than
STEP = 50  # points in one cell of the score
HEADING = 4  # digits of a code: a chapter is too wide for one new kind of goods to show
A_DECADE, A_DOUBLING = 3, 2  # cells of a number's size, of a text's length
ABSENT, ZERO = -100.0, -99.0  # the cells of a column that are no size
REST, UNSEEN = "others", "never seen"
RANDOM = "random share"  # the outcomes that chance drew, whatever their points

Cells = Mapping[object, int]  # cell -> rows
Counts = dict[tuple[str, str], dict[object, int]]  # (kind, name) -> cell -> rows
# Of a series (kind, name), what those of its cells are called that were put together, in order.
Called = Callable[[str, str, Sequence[object]], str]


@dataclass(frozen=True)
class Moved:
    """One series beside what it was. `far` is its stability index, or times what it was."""

    kind: str  # feature, column, slice, letters, score, indicator, repeats, finds, ...
    name: str
    far: float
    chance: float  # of being so far by chance
    alarm: bool  # far enough, and once `judged`, sure enough
    says: str


def counted(rows: Table, log: Table, card: Scorecard, profile: Profile) -> Counts:
    """Every series of one window.

    Parameters
    ----------
    rows : Table
        As declared, canonical columns.
    log : Table
        The feature log of the same rows, which were all rated; columns `fired:KEY` are
        indicators.
    """
    told: Counts = {}
    for name, bins in card.bins.items():
        cells = bins.of(log[name].to_numpy("float64", na_value=np.nan))
        told["feature", name] = _tally(pd.Series(cells, dtype="Int64").mask(cells == bins.missing))
    for spec in profile.columns:
        if spec.name in rows:
            told["column", spec.name] = _tally(form(rows[spec.name], spec))
    for name in profile.slices:
        told["slice", name] = _tally(rows[name].astype("object"))
    told["letters", profile.title] = letters(rows[profile.title])
    told["score", "points"] = _tally(pd.Series(card.points(log) // STEP))
    for name in log:
        if str(name).startswith("fired:"):
            told["indicator", str(name).removeprefix("fired:")] = _tally(log[name].astype(bool))
    alike = log[list(card.bins)].duplicated()
    told["repeats", "rows alike in every feature"] = _tally(alike)
    return told


def form(column: Column, spec: ColumnSpec) -> Column:
    """What a column's values look like, not what they say: missing, length, magnitude, choice.

    Numbers are 0 or more: no column takes others.
    """
    missing = column.isna().to_numpy(dtype=bool)
    if spec.kind in ("int", "float"):
        value = column.to_numpy("float64", na_value=np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            cells = np.floor(A_DECADE * np.log10(value))
        cells = np.where(value == 0, ZERO, np.clip(cells, -30, 60))
    elif spec.kind in ("choice", "bool", "currency"):
        return column.astype("object").where(~missing, "missing")
    elif spec.kind == "hs":
        return column.str.slice(0, HEADING).astype("object").where(~missing, "missing")
    elif spec.kind in ("date", "datetime", "json"):
        cells = np.zeros(len(column))
    else:
        length = column.astype("string").str.len().to_numpy("float64", na_value=np.nan)
        with np.errstate(divide="ignore"):
            cells = np.floor(A_DOUBLING * np.log2(np.maximum(length, 1)))
    return pd.Series(np.where(missing, ABSENT, cells))


def reach(cell: float, kind: Kind) -> tuple[float, float]:
    """Where a cell of `form` begins, and where the next one does: of a column of numbers the
    numbers, of one of text its characters.
    """
    base, steps = (10, A_DECADE) if kind in ("int", "float") else (2, A_DOUBLING)
    return base ** (cell / steps), base ** ((cell + 1) / steps)


def letters(column: Column) -> dict[object, int]:
    """How often each letter stands in a column of text, capitals and small ones together."""
    text = "".join(column.dropna().astype("string").str.lower().tolist())
    kinds, counts = np.unique(np.array(list(text), dtype="<U1"), return_counts=True)
    return {
        str(kind): int(count)
        for kind, count in zip(kinds, counts, strict=True)
        if str(kind).isalpha()
    }


def _tally(cells: Column) -> dict[object, int]:
    told = cells.value_counts(dropna=False)
    found = zip(told.index.tolist(), told.tolist(), strict=True)
    return {("missing" if pd.isna(cell) else cell): count for cell, count in found}


def judged(series: Sequence[Moved], sure: float = SURE) -> list[Moved]:
    """The series of one look: an alarm where one is surer than all of them together may be."""
    return [replace(one, alarm=one.alarm and one.chance * len(series) < sure) for one in series]


def by_number(kind: str, name: str, cells: Sequence[object]) -> str:
    """Cells as they were counted."""
    return f"{cells[0]}" if len(cells) == 1 else f"{cells[0]} to {cells[-1]}"


def moved(now: Counts, windows: Sequence[Counts], called: Called = by_number) -> list[Moved]:
    """Every series of a window beside earlier ones, the oldest first; nothing if they are few."""
    if len(windows) < LEAST_WINDOWS:
        return []
    series, spans = {}, {}
    for key, cells in now.items():
        looked: list[Cells] = [cells, *[one.get(key, {}) for one in windows]]
        if key[0] in ORDERED:
            looked, spans[key] = _levelled(looked)
        series[key] = _together(looked[0], looked[1:])
    swings = {key: _swings(table[1:]) for key, (_, table, _) in series.items()}
    told = []
    for (kind, name), (held, table, tried) in series.items():
        alike = np.concatenate([one for (other, _), one in swings.items() if other == kind])
        clump = np.maximum(swings[kind, name], np.quantile(alike, AS_WIDE_AS))
        spanned = spans.get((kind, name), {})
        names = [called(kind, name, spanned.get(cell, [cell])) for cell in held]
        told.append(_beside(kind, name, names, table, clump, tried))
    return judged(told)


def _beside(
    kind: str, name: str, cells: list[str], table: np.ndarray, clump: np.ndarray, tried: int
) -> Moved:
    new, old = table[0], table[1:]
    before = old.sum(axis=0)
    if len(cells) < 2 or not new.sum() or not before.sum():
        return Moved(kind, name, 0.0, 1.0, False, "no change")
    # Beside all earlier windows, and beside the last alone: what grows with every window, as
    # ages do while history fills, is far, and sure, beside the former only.
    chance, far = 0.0, np.inf
    for base in (before, old[-1]):
        chance = max(chance, _by_chance(new, base, clump, tried))
        far = min(far, stability(new, base))
    enough = far >= FAR or _many_times(new, before)
    place = int(np.argmax(np.abs(new / new.sum() - before / before.sum())))
    says = (
        f"{cells[place]} in {100 * before[place] / before.sum():.1f} % before, "
        f"{100 * new[place] / new.sum():.1f} % now"
    )
    return Moved(kind, name, far, chance, enough, says)


def _swings(windows: np.ndarray) -> np.ndarray:
    """Of each cell, how many rows come together: what windows vary by, beside single rows.

    1 less the cell's share is what rows that come one by one give; never less.
    """
    size, total = windows.sum(axis=1, keepdims=True), windows.sum(axis=0)
    share = total / max(total.sum(), 1.0)
    expected = np.maximum(size * share, 1e-9)
    varied = ((windows - expected) ** 2 / expected).sum(axis=0) / (len(windows) - 1)
    made: np.ndarray = np.maximum(varied, np.maximum(1 - share, 0.05))
    return made


def _by_chance(now: np.ndarray, before: np.ndarray, clump: np.ndarray, tried: int) -> float:
    """How likely the surest cell is so full or so empty, when rows come in clumps of that size.

    It is the surest of `tried` cells: those that are rare were looked at as well.

    Clumps of a cell fall into now or before by lot: a binomial tail, told for parts of a clump
    by the incomplete beta function.
    """
    n, m = float(now.sum()), float(before.sum())
    if not n or not m:
        return 1.0
    lot, one, other = n / (n + m), now / clump, before / clump
    from scipy.special import betainc, betaincc  # slow to open: only here

    more = betainc(np.maximum(one, 1e-9), other + 1, lot)
    less = betaincc(one + 1, np.maximum(other, 1e-9), lot)
    return float(min(1.0, 2 * tried * np.minimum(more, less).min()))


def stability(now: np.ndarray, before: np.ndarray) -> float:
    """Population stability index of two counts over the same cells, half a row added to each."""
    one, other = (now + 0.5) / (now + 0.5).sum(), (before + 0.5) / (before + 0.5).sum()
    return float(((one - other) * np.log(one / other)).sum())


def _levelled(looked: Sequence[Cells]) -> tuple[list[Cells], dict[object, list[object]]]:
    """The same windows, that of now first, over wider cells of what is in order; and the cells
    that each of these holds, the lowest first.

    A scorecard cuts where its tables step, however narrowly. A value that many rows share and
    that creeps as the past grows goes from one such cell to the next all at once. So neighbours are
    one cell until `LEVEL` of the earlier rows stood in it.
    """
    before: dict[int, int] = {}
    for place, one in enumerate(looked):
        for cell, count in one.items():
            if isinstance(cell, int):
                before[cell] = before.get(cell, 0) + (count if place else 0)
    enough, level, held = LEVEL * sum(before.values()), 0, 0
    levels: dict[object, int] = {}
    for cell in sorted(before):
        if held >= enough:
            level, held = level + 1, 0
        levels[cell] = level
        held += before[cell]
    if held < enough:  # what is left at the top is part of the last
        levels = {cell: min(one, max(level - 1, 0)) for cell, one in levels.items()}
    told: list[Cells] = []
    for one in looked:
        wider: dict[object, int] = {}
        for cell, count in one.items():
            wide = levels.get(cell, cell)
            wider[wide] = wider.get(wide, 0) + count
        told.append(wider)
    spans: dict[object, list[object]] = {}
    for cell in sorted(before):
        spans.setdefault(levels[cell], []).append(cell)
    return told, spans


def _together(now: Cells, windows: Sequence[Cells]) -> tuple[list[object], np.ndarray, int]:
    """Cells, rows of counts, of now and then as given, and how many cells there were.

    Rare cells are one, but for those that hold many rows now; what stands in no other earlier
    window is another.
    """
    before: dict[object, int] = {}
    holders: dict[object, int] = {}
    for one in windows:
        for cell, count in one.items():
            before[cell] = before.get(cell, 0) + count
            holders[cell] = holders.get(cell, 0) + 1
    scale = sum(now.values()) / max(sum(before.values()), 1)
    cells = sorted(
        (
            cell
            for cell in before
            if before[cell] * scale >= LEAST_IN_CELL or now.get(cell, 0) >= MANY_IN_CELL
        ),
        key=str,
    )
    rows = []
    for place, one in enumerate((now, *windows)):
        kept = [one.get(cell, 0) for cell in cells]
        known = set(cells)
        alone = 1 if place else 0  # an earlier window holds its own
        unseen = sum(
            count
            for cell, count in one.items()
            if cell not in known and holders.get(cell, 0) <= alone
        )
        rows.append([*kept, sum(one.values()) - sum(kept) - unseen, unseen])
    return [*cells, REST, UNSEEN], np.array(rows, dtype="float64"), len(before) + 2


def _many_times(now: np.ndarray, before: np.ndarray) -> bool:
    one, other = now / now.sum(), (before + 0.5) / (before.sum() + 1)
    return bool((one >= MANIFOLD * other)[now >= 2 * LEAST_IN_CELL].any())


@dataclass(frozen=True)
class Examined:
    """Confirmed outcomes of one time: one entry each."""

    value: np.ndarray  # 1 a find of trafficking, else 0
    points: np.ndarray
    random: np.ndarray  # bool: of the random share
    fired: Mapping[str, np.ndarray]  # bool: which indicators fired


def labels_moved(now: Examined, before: Examined) -> list[Moved]:
    """Share of finds, calibration on the random share and on the list, precision by indicator.

    Half of the chance of a false alarm is spent on the random share: it holds few outcomes, and
    nothing else tells what the list passes over.
    """
    told = list(_of_labels(now, before))
    drawn = [one for one in told if one.name == RANDOM]
    others = [one for one in told if one.name != RANDOM]
    return [*judged(drawn, SURE / 2), *judged(others, SURE / 2)]


def _of_labels(now: Examined, before: Examined) -> Iterator[Moved]:
    for name, drawn in (("list", False), (RANDOM, True)):
        one, other = now.random == drawn, before.random == drawn
        yield _shares("finds", name, now.value[one], before.value[other])
    for drawn in (True, False):
        yield _calibration(now, before, drawn)
    for name in sorted(now.fired):
        if name in before.fired:
            one, other = now.fired[name] & ~now.random, before.fired[name] & ~before.random
            yield _shares("precision", name, now.value[one], before.value[other])


def _shares(kind: str, name: str, now: np.ndarray, before: np.ndarray) -> Moved:
    n, m = len(now), len(before)
    if n < LEAST_LABELS or m < LEAST_LABELS:
        return Moved(kind, name, 1.0, 1.0, False, f"not assessable: {n} examined, {m} before")
    k, j = int(now.sum()), int(before.sum())
    from scipy.stats import hypergeom  # a large library: only here

    law = hypergeom(n + m, k + j, n)
    chance = float(min(1.0, 2 * min(law.cdf(k), law.sf(k - 1))))
    far = ((k + 0.5) / (n + 1)) / ((j + 0.5) / (m + 1))
    says = f"{k} finds in {n} examined, {j} in {m} before"
    return Moved(kind, name, far, chance, True, says)


def _calibration(now: Examined, before: Examined, drawn: bool) -> Moved:
    """Finds beside what outcomes of the same points led to before (fifths of the points)."""
    kind, name = "calibration", RANDOM if drawn else "list"
    one, other = now.random == drawn, before.random == drawn
    n, m = int(one.sum()), int(other.sum())
    if n < LEAST_LABELS or m < LEAST_LABELS:
        return Moved(kind, name, 1.0, 1.0, False, f"not assessable: {n} examined, {m} before")
    cuts = np.unique(np.quantile(before.points[other], [0.2, 0.4, 0.6, 0.8]))
    size = len(cuts) + 1
    old = np.searchsorted(cuts, before.points[other])
    new = np.searchsorted(cuts, now.points[one])
    held = np.bincount(old, minlength=size)
    finds = np.bincount(old, weights=before.value[other], minlength=size)
    rate = (finds + 0.5) / (held + 1)
    expected = float(rate[new].sum())
    # What was seen before is uncertain as well: as if its finds were expected, and a few more.
    k = int(now.value[one].sum())
    room = expected * (1 + n / m)
    gap = k - expected
    scaled = expected + gap / np.sqrt(room / max(expected, 1e-9))
    from scipy.special import pdtr, pdtrc

    tail = pdtr(np.floor(scaled), expected) if gap < 0 else pdtrc(np.ceil(scaled) - 1, expected)
    chance = float(min(1.0, 2 * tail))
    says = f"{k} finds in {n} examined, {expected:.1f} expected by their points"
    return Moved(kind, name, (k + 0.5) / (expected + 0.5), chance, True, says)

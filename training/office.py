"""An office's scorecard: fitted on its own outcomes, measured, written as a folder to propose.

The folder holds what will serve, the recipe, the card and the gates, all in the manifest
that people sign; and beside them `labels.parquet`, from which `fit` makes the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from riskprofile.errors import InputError, RiskProfileError, UsageError
from riskprofile.profiles import PROFILES
from riskprofile.scoring import artefact
from riskprofile.scoring.editing import HOW, SET, Edit
from riskprofile.scoring.parts import SLICE
from riskprofile.scoring.scorecard import WORDING, Scorecard
from riskprofile.services import feedback, fitting, promotion
from riskprofile.services.promotion import GATE_NAMES, GATES, Gate
from riskprofile.services.rights import REASON_LENGTH, Actor
from riskprofile.services.settings import Settings
from riskprofile.store import table_bytes
from riskprofile.store.database import Store
from riskprofile.tables import Column, Table
from training import data, folders, gates, recipe, record
from training.data import Progress
from training.markdown import cell
from training.refit import ENOUGH, Refit, refit

LABELS = "labels.parquet"
WEIGHED = (
    "- **these are written criteria, and outcomes moved their points**: sentences and conditions "
    "are as people wrote them, the weights are no longer. Whether the law for written criteria "
    "allows that is for those who sign; where not, keep every criterion (`--lock`)"
)
WORDS = {
    "lock": "held as they were",
    "drop": "taken out",
    "smooth": "smoothed by hand",
    "rising": "made to rise by hand",
    "falling": "made to fall by hand",
    SET: "given points by hand, before outcomes weighed them",
}
TRIAL_FROM = "2025-04-10"  # the days before it are history: a hundred
TRIAL_SEED = 9_001  # none of the seeds that scorecards are fitted with


@dataclass(frozen=True)
class OfficeRecipe:
    """How an office's scorecard is made: what it starts from, on which outcomes, what is held."""

    profile: str
    version: str
    from_version: str
    from_digest: str
    labels_digest: str
    outcomes: int
    finds: int
    edits: tuple[Edit, ...] = ()

    def as_json(self) -> str:
        """The recipe as the file holds it; an edit says no more than it needs."""
        told = asdict(self)
        told["edits"] = [
            {name: value for name, value in edit.items() if value is not None}
            for edit in told["edits"]
        ]
        return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


@dataclass(frozen=True)
class Run:
    """What a fit led to: the folder, the digest that people will sign, what moved, the gates."""

    folder: Path
    digest: str
    moved: Refit
    gates: tuple[Gate, ...]

    @property
    def may_be_proposed(self) -> bool:
        """Whether every gate held or was waived."""
        return all(one.lets_pass for one in self.gates)


@dataclass(frozen=True)
class Trial:
    """Declarations of the generator with their features, labels, and what tells them apart."""

    features: Table
    labels: np.ndarray
    groups: Table  # typology, and the profile's slices
    times: Column
    protected: Table  # columns of groups of people


def outcomes(store: Store, actor: Actor, profile: str, card: Scorecard) -> Table:
    """The labels that this scorecard's own ratings led to, as `feedback.labels` gives them."""
    told = feedback.labels(store, profile, actor)
    return feedback.led_to(told, card.digest).reset_index(drop=True)


def fit(
    store: Store,
    settings: Settings,
    actor: Actor,
    profile: str,
    version: str,
    out: Path,
    *,
    edits: Sequence[Edit] = (),
    waived: Sequence[tuple[str, str, str]] = (),
    trial: Trial | None = None,
    progress: Progress = lambda what, rows: None,
) -> Run:
    """Fit on the confirmed outcomes of this installation, measure the gates, write a folder.

    Parameters
    ----------
    waived : sequence of (gate, name, reason)
        Gates that somebody lets pass by name and reason.
    trial : Trial, optional
        Made from the generator when not given: a minute.
    progress : callable
        Told what is being done, and how many rows of the generator so far.

    Raises
    ------
    UsageError
        The folder is there already, a version or a gate cannot be used.
    Conflict
        A scorecard of this profile has the version already.
    RiskProfileError
        A term is not of the scorecard.
    """
    folders.require_empty(out)
    if profile not in PROFILES:
        raise UsageError(f"there is no profile {profile}", do=f"One of {', '.join(PROFILES)}")
    _require_waivers(waived)
    card = promotion.serving(store, settings.models, profile)
    fitting.require_free(store, settings, actor, profile, version)
    labels = outcomes(store, actor, profile, card)
    fitting.require_outcomes(labels, card)
    progress("outcomes", len(labels))
    moved = refit(card, labels, version, edits)
    trial = trial or make_trial(card, progress=progress)
    progress("gates", len(trial.labels))
    measured = _waive(measure(card, moved.scorecard, labels, trial), waived)
    told = OfficeRecipe(
        profile,
        version,
        card.version,
        card.digest,
        moved.digest,
        moved.outcomes,
        moved.finds,
        tuple(edits),
    )
    return _write(out, told, moved, card, measured, labels, trial)


@contextmanager
def noted(
    state: Path | None, progress: Progress
) -> Iterator[tuple[Progress, Callable[[Run], None]]]:
    """Tell how far a fit is, and in a file for a page that waits: its end and its fault too.

    Without a file, `progress` alone is told.
    """
    if state is None:
        yield progress, lambda run: None
        return
    told = fitting.read(state)

    def tell(what: str, rows: int) -> None:
        progress(what, rows)
        fitting.note(state, replace(told, step=what, rows=rows))

    def ended(run: Run) -> None:
        done = replace(told, state=fitting.DONE, step="", digest=run.digest, gates=run.gates)
        fitting.note(state, replace(done, outcomes=run.moved.outcomes, finds=run.moved.finds))

    try:
        yield tell, ended
    except RiskProfileError as error:
        fitting.note(
            state, replace(told, state=fitting.FAILED, fault=error.what, do=error.do or "")
        )
        raise


def make_trial(
    card: Scorecard,
    rows: int = fitting.TRIAL_ROWS,
    seed: int = TRIAL_SEED,
    progress: Progress = lambda what, rows: None,
) -> Trial:
    """Declarations that no scorecard was fitted on: the last two thirds of 300 days."""
    made = data.make(
        recipe.Recipe(
            profile=card.profile,
            version="trial",
            rows=rows,
            data_seed=seed,
            start="2025-01-01",
            days=300,
            train_until=TRIAL_FROM,
            test_from=TRIAL_FROM,
        ),
        progress,
    )
    late = made.during(TRIAL_FROM, None)
    features = made.features[late].reset_index(drop=True)
    if card.wording is not None:
        words = card.wording.value(made.descriptions[late]).round(6)
        features = features.assign(**{WORDING: np.asarray(words)})

    def of_late(part: Any) -> Any:
        return part[late].reset_index(drop=True)

    groups = of_late(made.slices.assign(typology=made.kinds))
    return Trial(features, made.labels[late], groups, of_late(made.times), of_late(made.protected))


def measure(before: Scorecard, after: Scorecard, labels: Table, trial: Trial) -> tuple[Gate, ...]:
    """Every gate of a scorecard against the one that serves.

    Raises
    ------
    RiskProfileError
        It reads other features, or reads words in another way: of the outcomes, and of the rows
        made, only what the one that serves reads is at hand.
    """
    comparable(before, after)
    return (
        gates.recall_gate(
            "recall by typology, generator",
            before.points(trial.features),
            after.points(trial.features),
            trial.labels,
            trial.groups[["typology"]],
        ),
        _own_recall(before, after, labels),
        gates.labeller_gate(before, labels),
        gates.monotone_gate(after),
        gates.inputs_gate(after),
        gates.groups_gate(after, trial.features, trial.labels, trial.protected),
        gates.calibration_gate(after, labels),
        gates.size_gate(after),
    )


def comparable(before: Scorecard, after: Scorecard) -> None:
    """Nothing, where what was kept for the one that serves is all that the other reads."""
    lacking = [name for name in after.features if name not in before.features]
    if not lacking and WORDING in after.features and after.wording != before.wording:
        lacking = [f"{WORDING} in a way of its own"]
    if lacking:
        raise RiskProfileError(
            f"{after.version} reads {lacking[0]}, and {before.version} does not: nothing can be "
            "measured of both",
            do="Measure one that was fitted from what serves",
        )


def _own_recall(before: Scorecard, after: Scorecard, labels: Table) -> Gate:
    name = "recall by slice, own outcomes"
    groups = labels[[column for column in labels if column.startswith(SLICE)]]
    if not len(labels):
        return Gate(name, True, "not assessable: no outcome yet", "at most 10 points")
    return gates.recall_gate(
        name, before.points(labels), after.points(labels), labels["value"].to_numpy(), groups
    )


def _require_waivers(waived: Sequence[tuple[str, str, str]]) -> None:
    for name, who, why in waived:
        if name not in GATE_NAMES:
            raise UsageError(f"there is no gate {name!r}", do=f"Gates: {'; '.join(GATE_NAMES)}")
        if not who.strip() or len(why.strip()) < REASON_LENGTH:
            raise UsageError(
                f"the waiver of {name!r} needs a name and a reason of {REASON_LENGTH} characters",
                do="Say who answers for it, and why",
            )


def _waive(measured: tuple[Gate, ...], waived: Sequence[tuple[str, str, str]]) -> tuple[Gate, ...]:
    by = {name: (who, why) for name, who, why in waived}
    return tuple(
        replace(one, waived_by=by[one.name][0], waiver=by[one.name][1])
        if one.name in by and not one.held
        else one
        for one in measured
    )


def _write(
    out: Path,
    told: OfficeRecipe,
    moved: Refit,
    card: Scorecard,
    measured: tuple[Gate, ...],
    labels: Table,
    trial: Trial,
) -> Run:
    files = artefact.pack(moved.scorecard)
    files["recipe.json"] = told.as_json().encode()
    files["card.md"] = card_text(
        told, moved, measured, int(labels["earlier"].notna().sum())
    ).encode()
    files |= record.files(moved.scorecard)
    files[GATES] = (
        json.dumps({"gates": [asdict(one) for one in measured]}, ensure_ascii=False, indent=1)
        + "\n"
    ).encode()
    files, digest = folders.sealed(files, moved.scorecard, told.labels_digest)
    tried = trial.features[list(card.features)].assign(value=trial.labels)
    tried = tried.join(trial.groups.add_prefix(SLICE))
    files |= {LABELS: table_bytes.to_bytes(labels), fitting.TRIAL: table_bytes.to_bytes(tried)}
    folders.put(out, files)
    return Run(out, digest, moved, measured)


def _named(edits: Sequence[Edit], how: str) -> str:
    return ", ".join(_bin(edit) for edit in edits if edit.how == how) or "none"


def _bin(edit: Edit) -> str:
    return f"{edit.term} bin {edit.bin} to {edit.points:+d}" if edit.how == SET else edit.term


def card_text(told: OfficeRecipe, moved: Refit, measured: Sequence[Gate], disagreed: int) -> str:
    """The card: on what it was fitted, how far each term moved, what was measured."""
    scale = (
        f"Probabilities are of this office's {moved.outcomes} examined outcomes."
        if moved.scorecard.examined
        else "**Scale: generator scale.** Pages show lane, rank and points, and no probability, "
        "until 200 outcomes with 30 finds are examined."
    )
    said = {one.name: one.said for one in moved.scorecard.terms}
    listed = [(said[name], f"{factor:.3f}") for name, factor in moved.moved]
    if not moved.scorecard.written:  # of a few criteria each is told
        listed = [(name, factor) for name, factor in listed if factor != "1.000"]
    still = len(moved.factors) - len(listed)
    weighed = moved.scorecard.written and any(one != 1 for one in moved.factors.values())
    lines = [
        f"# Scorecard {told.profile} {told.version}",
        "",
        scale,
        "",
        "## What it was fitted on",
        "",
        f"- {moved.outcomes} confirmed outcomes of this installation, {moved.finds} of them "
        f"{'a find' if moved.finds == 1 else 'finds'} of trafficking; digest "
        f"{told.labels_digest[:16]}",
        f"- on {disagreed} of them people disagreed: an earlier outcome of the same alert said "
        "otherwise; the last one counts",
        f"- it starts from {told.from_version} (digest {told.from_digest[:16]})",
        "- "
        + (
            "the bins of single features moved as well"
            if moved.bins
            else f"below {ENOUGH} finds only the base and one factor a term move"
        ),
        *[f"- {WORDS[how]}: {_named(told.edits, how)}" for how in (*HOW, SET)],
        *([WEIGHED] if weighed else []),
        "",
        "## How far it moved",
        "",
        f"Base: {moved.shift:+d} points.",
        "",
        *(["| term | factor |", "|---|---|"] if listed else []),
        *[f"| {cell(name)} | {factor} |" for name, factor in listed],
        "",
        *([f"{still} other terms moved by less than a thousandth of theirs.", ""] if still else []),
        "## What was measured before it may serve",
        "",
        "| gate | held | figure | bound |",
        "|---|---|---|---|",
    ]
    for one in measured:
        held = "yes" if one.held else f"waived by {one.waived_by}: {one.waiver}"
        held = held if one.lets_pass else "no"
        lines.append(f"| {one.name} | {cell(held)} | {cell(one.value)} | {one.bound} |")
    lines += [
        "",
        "## What it cannot show",
        "",
        "- what nobody examines: outcomes come from what was selected, and from the random",
        "  control share, which stands for the rest",
        "- anything about a country, a nationality or a person: these are not read",
        "",
    ]
    return "\n".join(lines)


def read(folder: Path) -> tuple[Scorecard, dict[str, bytes]]:
    """The scorecard of a folder and its files, checked against the manifest."""
    from riskprofile.store import artefacts

    if not folder.is_dir():
        raise InputError("there is no such folder", where=str(folder), do="Check the name")
    files = artefacts.read(folder)
    return artefact.parse(files, str(folder)), files

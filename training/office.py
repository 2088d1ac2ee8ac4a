"""An office's scorecard: fitted on its own outcomes, measured, written as a folder to propose.

The folder holds what will serve, the recipe, the card and the gates, all in the manifest
that people sign; and beside them `labels.parquet`, from which `fit` makes the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from riskprofile.errors import InputError, RiskProfileError, UsageError
from riskprofile.scoring import artefact
from riskprofile.scoring.scorecard import WORDING, Scorecard
from riskprofile.services import feedback, promotion
from riskprofile.services.promotion import GATES, Gate
from riskprofile.services.rights import Actor
from riskprofile.services.settings import Settings
from riskprofile.store import batches
from riskprofile.store.database import Store
from riskprofile.tables import Table
from training import data, gates, recipe
from training.refit import ENOUGH, Refit, refit

LABELS = "labels.parquet"
TRIAL_ROWS = 60_000  # declarations of the generator on which both scorecards are tried
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
    locked: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()

    def as_json(self) -> str:
        """The recipe as the file holds it."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n"


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
    groups: Table


def outcomes(store: Store, actor: Actor, profile: str, card: Scorecard) -> Table:
    """The labels that this scorecard's own ratings led to, as `feedback.labels` gives them."""
    told = feedback.labels(store, profile, actor)
    return told[(told["model_digest"] == card.digest).fillna(False)].reset_index(drop=True)


def fit(
    store: Store,
    settings: Settings,
    actor: Actor,
    profile: str,
    version: str,
    out: Path,
    *,
    locked: Sequence[str] = (),
    dropped: Sequence[str] = (),
    waived: Sequence[tuple[str, str, str]] = (),
    trial: Trial | None = None,
) -> Run:
    """Fit on the confirmed outcomes of this installation, measure the gates, write a folder.

    Parameters
    ----------
    waived : sequence of (gate, name, reason)
        Gates that somebody lets pass by name and reason.
    trial : Trial, optional
        Made from the generator when not given: a minute.

    Raises
    ------
    UsageError
        The folder is there already, a version or a gate cannot be used.
    RiskProfileError
        A term is not of the scorecard.
    """
    if out.exists() and any(out.iterdir()):
        raise UsageError("the folder is not empty", where=str(out), do="Name a new one")
    card = promotion.serving(store, settings.models, profile)
    if version == card.version or not version or version != Path(version).name:
        raise UsageError(f"version {version!r} cannot be used", do="Give one such as 2027.01.1")
    labels = outcomes(store, actor, profile, card)
    moved = refit(card, labels, version, locked=tuple(locked), dropped=tuple(dropped))
    measured = measure(card, moved.scorecard, labels, trial or make_trial(card))
    measured = _waive(measured, waived)
    told = OfficeRecipe(
        profile,
        version,
        card.version,
        card.digest,
        moved.digest,
        moved.outcomes,
        moved.finds,
        tuple(locked),
        tuple(dropped),
    )
    return _write(out, told, moved, card, measured, labels)


def make_trial(card: Scorecard, rows: int = TRIAL_ROWS, seed: int = TRIAL_SEED) -> Trial:
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
        )
    )
    late = made.during(TRIAL_FROM, None)
    features = made.features[late].reset_index(drop=True)
    if card.wording is not None:
        words = card.wording.value(made.descriptions[late]).round(6)
        features = features.assign(**{WORDING: np.asarray(words)})
    kinds = made.kinds[late].reset_index(drop=True)
    return Trial(features, made.labels[late], pd.DataFrame({"typology": kinds}))


def measure(before: Scorecard, after: Scorecard, labels: Table, trial: Trial) -> tuple[Gate, ...]:
    """Every gate of a scorecard against the one that serves."""
    return (
        gates.recall_gate(
            "recall by typology, generator",
            before.points(trial.features),
            after.points(trial.features),
            trial.labels,
            trial.groups,
        ),
        _own_recall(before, after, labels),
        gates.labeller_gate(before, labels),
        gates.monotone_gate(after),
        gates.inputs_gate(after),
        gates.calibration_gate(after, labels),
        gates.size_gate(after),
    )


def _own_recall(before: Scorecard, after: Scorecard, labels: Table) -> Gate:
    name = "recall by slice, own outcomes"
    groups = labels[[column for column in labels if column.startswith(feedback.SLICE)]]
    if not len(labels):
        return Gate(name, True, "not assessable: no outcome yet", "at most 10 points")
    return gates.recall_gate(
        name, before.points(labels), after.points(labels), labels["value"].to_numpy(), groups
    )


def _waive(measured: tuple[Gate, ...], waived: Sequence[tuple[str, str, str]]) -> tuple[Gate, ...]:
    names = {one.name for one in measured}
    for name, who, why in waived:
        if name not in names:
            raise UsageError(f"there is no gate {name!r}", do=f"Gates: {', '.join(sorted(names))}")
        if not who.strip() or not why.strip():
            raise UsageError(f"the waiver of {name!r} needs a name and a reason")
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
) -> Run:
    files = artefact.pack(moved.scorecard)
    files["recipe.json"] = told.as_json().encode()
    files["card.md"] = card_text(told, moved, measured).encode()
    files[GATES] = (
        json.dumps({"gates": [asdict(one) for one in measured]}, ensure_ascii=False, indent=1)
        + "\n"
    ).encode()
    listed = artefact.manifest(
        files,
        profile=told.profile,
        version=told.version,
        data_digest=told.labels_digest,
        features=list(moved.scorecard.features),
    )
    out.mkdir(parents=True, exist_ok=True)
    for name, content in {**files, artefact.MANIFEST: listed}.items():
        (out / name).write_bytes(content)
    (out / LABELS).write_bytes(batches.to_bytes(labels))
    return Run(out, artefact.digest(listed), moved, measured)


def card_text(told: OfficeRecipe, moved: Refit, measured: Sequence[Gate]) -> str:
    """The card: on what it was fitted, how far each term moved, what was measured."""
    scale = (
        f"Probabilities are of this office's {moved.outcomes} examined outcomes."
        if moved.scorecard.examined
        else "**Scale: generator scale.** Pages show lane, rank and points, and no probability, "
        "until 200 outcomes with 30 finds are examined."
    )
    lines = [
        f"# Scorecard {told.profile} {told.version}",
        "",
        scale,
        "",
        "## What it was fitted on",
        "",
        f"- {moved.outcomes} confirmed outcomes of this installation, {moved.finds} of them finds "
        f"of trafficking; digest {told.labels_digest[:16]}",
        f"- it starts from {told.from_version} (digest {told.from_digest[:16]})",
        "- "
        + (
            "the bins of single features moved as well"
            if moved.bins
            else f"below {ENOUGH} finds only the base and one factor a term move"
        ),
        f"- held as they were: {', '.join(told.locked) or 'none'}",
        f"- taken out: {', '.join(told.dropped) or 'none'}",
        "",
        "## How far it moved",
        "",
        f"Base: {moved.shift:+d} points.",
        "",
        "| term | factor |",
        "|---|---|",
        *[f"| {name} | {factor:.3f} |" for name, factor in moved.moved],
        "",
        "## What was measured before it may serve",
        "",
        "| gate | held | figure | bound |",
        "|---|---|---|---|",
    ]
    for one in measured:
        held = "yes" if one.held else f"waived by {one.waived_by}: {one.waiver}"
        held = held if one.lets_pass else "no"
        lines.append(f"| {one.name} | {held} | {one.value} | {one.bound} |")
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


def selected(
    store: Store,
    settings: Settings,
    profile: str,
    other: Scorecard,
    since: datetime,
    share: float,
) -> Table:
    """What each of two scorecards would have selected since a time, record by record.

    Returns
    -------
    Table
        `record_id`, `points` of the one that serves, `other_points`, `serving` and `other`
        (bool: in the first `share` of the list), of every record that either selects.

    Raises
    ------
    RiskProfileError
        Nothing was rated by the serving scorecard since then.
    """
    card = promotion.serving(store, settings.models, profile)
    parts = []
    table = batches.chunk_table.c
    with store.read() as connection:
        stored = connection.execute(
            batches.chunk_table.select()
            .join(batches.batch_table, batches.batch_table.c.id == table.batch_id)
            .where(table.profile == profile, table.features.is_not(None))
            .where(batches.batch_table.c.started_at >= since)
            .where(batches.batch_table.c.model_digest == card.digest)
            .order_by(table.id)
        )
        for chunk in stored:
            log = batches.from_bytes(chunk.features)
            rows = batches.from_bytes(chunk.rows, ["record_id"])
            rated = log["points"].notna().to_numpy(dtype=bool)
            parts.append(
                pd.DataFrame(
                    {
                        "record_id": rows["record_id"][rated],
                        "points": card.points(log[rated]),
                        "other_points": other.points(log[rated]),
                    }
                )
            )
    if not parts:
        raise RiskProfileError(
            f"nothing was rated by {profile} {card.version} since {since:%Y-%m-%d}",
            do="Name an earlier time",
        )
    every = pd.concat(parts, ignore_index=True)
    best = every.groupby("record_id", sort=True, as_index=False).max()
    count = max(1, round(len(best) * share))
    for column, mark in (("points", "serving"), ("other_points", "other")):
        order = np.lexsort((best["record_id"].to_numpy(object), -best[column].to_numpy()))
        chosen = np.zeros(len(best), dtype=bool)
        chosen[order[:count]] = True
        best[mark] = chosen
    told = best[best["serving"] | best["other"]]
    return told.sort_values(["other_points", "record_id"], ascending=[False, True]).reset_index(
        drop=True
    )


def read(folder: Path) -> tuple[Scorecard, dict[str, bytes]]:
    """The scorecard of a folder and its files, checked against the manifest."""
    from riskprofile.store import artefacts

    if not folder.is_dir():
        raise InputError("there is no such folder", where=str(folder), do="Check the name")
    files = artefacts.read(folder)
    return artefact.parse(files, str(folder)), files

"""The commands of riskprofile-train. Thin: each calls one function."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from riskprofile.cli import output
from riskprofile.cli.app import Home, Json, examples, now, opened, owner
from riskprofile.errors import InputError, UsageError
from riskprofile.files import whole_or_nothing
from riskprofile.scoring.editing import SET, Edit
from riskprofile.services import comparing, promotion, results
from riskprofile.services.fitting import folder_of
from riskprofile.services.promotion import Gate
from training import criteria as written_criteria
from training import dossier as dossiers
from training import evaluate as measures
from training import fit as fitting
from training import folders, office, report
from training import recipe as recipes
from training import synth as generator
from training.cli import app


@app.command(
    epilog=examples("riskprofile-train synth FOLDER --profile shipment --rows 100000 --seed 1")
)
def synth(
    out: Annotated[Path, typer.Argument(help="A new folder.")],
    profile: Annotated[str, typer.Option(help="shipment or traveller.")] = "shipment",
    rows: Annotated[int, typer.Option(min=1, help="Declaration rows.")] = 100_000,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same bytes.")] = 1,
    json: Json = False,
) -> int:
    """Write synthetic declarations, and their truth in a folder that no model reads."""
    folders.require_empty(out)
    with output.progress("writing") as progress:
        told = generator.write(profile, rows, seed, out, progress=progress)
    if json:
        output.as_json(told)
    else:
        output.say(jsonlib.dumps(told, indent=1, default=str))
    return 0


@app.command(
    epilog=examples(
        "riskprofile-train fit --profile shipment --version 2027.01.1",
        "riskprofile-train fit models/shipment/2027.01.1 --out FOLDER",
    )
)
def fit(
    recipe: Annotated[
        Path | None,
        typer.Argument(help="recipe.json or its folder; none: own outcomes."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the version; default: beside the recipe.")
    ] = None,
    profile: Annotated[str, typer.Option(help="Of an office's fit.")] = "shipment",
    version: Annotated[str, typer.Option(help="Of an office's fit, such as 2027.01.1.")] = "",
    lock: Annotated[list[str] | None, typer.Option(help="A term that keeps its table.")] = None,
    drop: Annotated[list[str] | None, typer.Option(help="A term to take out.")] = None,
    smooth: Annotated[list[str] | None, typer.Option(help="A term to smooth.")] = None,
    rising: Annotated[list[str] | None, typer.Option(help="A term to make rise.")] = None,
    falling: Annotated[list[str] | None, typer.Option(help="A term to make fall.")] = None,
    given: Annotated[
        list[str] | None,
        typer.Option("--set", help="TERM:BIN:POINTS, for one bin of a single feature, from 0."),
    ] = None,
    waive: Annotated[
        list[str] | None, typer.Option(help="GATE:NAME:REASON, for a gate that did not hold.")
    ] = None,
    state: Annotated[
        Path | None, typer.Option(help="A file that says how far it is; the page waits for it.")
    ] = None,
    home: Home = None,
    json: Json = False,
) -> int:
    """Fit on this installation's outcomes, to be proposed; or by a recipe, for a release."""
    by = {"lock": lock, "drop": drop, "smooth": smooth, "rising": rising, "falling": falling}
    if recipe is None:
        edits = [Edit(term, how) for how, terms in by.items() for term in terms or []]
        edits += [_set(one) for one in given or []]
        return _fit_office(profile, version, out, edits, waive or [], state, home, json)
    more = {"version": version, "set": given, "waive": waive, "state": state, **by}
    if wrong := [f"--{name}" for name, value in more.items() if value]:
        raise UsageError(
            f"{wrong[0]} is of a fit on own outcomes", do="Leave it out, or the recipe"
        )
    path = recipe / "recipe.json" if recipe.is_dir() else recipe
    told = recipes.read(path)
    folder = out or path.parent
    with output.progress("fitting") as progress:
        fitted = fitting.fit(told, progress=progress)
    digest = fitting.write(fitted, folder)
    points = fitted.scorecard.points(fitted.test)
    recalls = {
        f"{budget:.1%}": round(measures.recall_at(points, fitted.test_labels, budget), 4)
        for budget in measures.BUDGETS
    }
    summary = {"folder": str(folder), "digest": digest, "recall": recalls}
    if json:
        output.as_json(summary)
        return 0
    output.say(f"{told.profile} {told.version} in {folder}, digest {digest[:16]}")
    output.say("  it has no gates, and cannot be proposed: it serves where a release ships it")
    for budget, recall in recalls.items():
        output.say(f"  recall with {budget} inspected, later period: {recall:.3f}")
    return 0


def _set(told: str) -> Edit:
    """TERM:BIN:POINTS as an edit."""
    term, _, rest = told.rpartition(":")
    term, _, bin = term.rpartition(":")
    try:
        return Edit(term, SET, int(bin), int(rest))
    except ValueError:
        raise UsageError(f"--set {told}", do="Write TERM:BIN:POINTS, in whole numbers") from None


def _fit_office(
    profile: str,
    version: str,
    out: Path | None,
    edits: list[Edit],
    waive: list[str],
    state: Path | None,
    home: Path | None,
    json: bool,
) -> int:
    parted = [one.split(":", 2) for one in waive]
    if wrong := [one for one in parted if len(one) != 3]:
        raise UsageError(f"--waive {':'.join(wrong[0])}", do="Write GATE:NAME:REASON")
    if not version:
        raise UsageError(
            "a fit on own outcomes needs a version", do="Give one: --version 2027.01.1"
        )
    with opened(home) as (settings, store), output.progress("fitting") as progress:
        folder = out or folder_of(settings, profile, version)
        with office.noted(state, progress) as (tell, ended):
            told = office.fit(
                store,
                settings,
                owner(),
                profile,
                version,
                folder,
                edits=edits,
                waived=[(one[0], one[1], one[2]) for one in parted],
                progress=tell,
            )
            ended(told)
    if json:
        output.as_json(
            {
                "folder": str(folder),
                "digest": told.digest,
                "outcomes": told.moved.outcomes,
                "finds": told.moved.finds,
                "shift": told.moved.shift,
                "moved": dict(told.moved.moved[:20]),
                "gates": [asdict(one) for one in told.gates],
                "may_be_proposed": told.may_be_proposed,
            }
        )
        return 0
    output.say(f"{profile} {version} in {folder}, digest {told.digest[:16]}")
    outcomes = output.counted(told.moved.outcomes, "outcome")
    output.say(f"  {outcomes}, {output.counted(told.moved.finds, 'find')}")
    output.say(f"  base {told.moved.shift:+d} points; terms that moved most:")
    said = {one.name: one.said for one in told.moved.scorecard.terms}
    for name, factor in told.moved.moved[:8]:
        output.say(f"    x {factor:.3f}  {said[name]}")
    _say_gates(told.gates)
    return 0


def _say_gates(measured: Sequence[Gate]) -> None:
    for one in measured:
        state = "held" if one.held else f"waived by {one.waived_by}" if one.lets_pass else "CLOSED"
        output.say(f"  gate {one.name}: {state}; {one.value}; bound {one.bound}")


@app.command(epilog=examples("riskprofile-train evaluate FOLDER --share 0.05"))
def evaluate(
    folder: Annotated[Path, typer.Argument(help="Folder of a version.")],
    share: Annotated[
        float | None, typer.Option(help="Share inspected; default: what the offices can.")
    ] = None,
    home: Home = None,
    json: Json = False,
) -> int:
    """Measure a scorecard: its gates, and recall by part beside what serves and plain learners."""
    if share is not None and not 0 < share <= 1:
        raise UsageError(
            f"--share {share:g}", do="Give a share above 0 and at most 1, such as 0.05"
        )
    other, _ = office.read(folder)
    with opened(home) as (settings, store):
        serving = promotion.serving(store, settings.models, other.profile)
        office.comparable(serving, other)
        labels = office.outcomes(store, owner(), other.profile, serving)
        able = comparing.capacity_of(store, settings, owner(), other.profile, now())
        share = share or able.share
    with output.progress("measuring") as progress:
        trial = office.make_trial(serving, progress=progress)
    measured = office.measure(serving, other, labels, trial)
    reports = [report.on_trial(other, serving, trial, share)]
    if own := report.on_outcomes(other, serving, labels, share):
        reports.append(own)
    path = folder / report.FILE
    head = f"# Evaluation of {other.profile} {other.version} beside {serving.version}"
    with whole_or_nothing(path) as stream:
        stream.write("\n".join([head, "", *map(report.text, reports)]).encode())
    if json:
        told = {"outcomes": len(labels), "share": share, "file": str(path)}
        output.as_json(
            {
                "gates": [asdict(one) for one in measured],
                "reports": [asdict(one) for one in reports],
                **told,
            }
        )
        return 0
    output.say(f"{other.profile} {other.version} beside {serving.version}, {len(labels)} outcomes")
    _say_gates(measured)
    output.say(path.read_text("utf-8"))
    return 0


@app.command(epilog=examples("riskprofile-train compare FOLDER --days 30 --out both.csv"))
def compare(
    folder: Annotated[Path, typer.Argument(help="Folder of a version.")],
    days: Annotated[int, typer.Option(min=1, max=3660, help="How far back.")] = 30,
    share: Annotated[
        float | None, typer.Option(help="Share inspected; default: what the offices can.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="CSV: all that either selects.")] = None,
    home: Home = None,
    json: Json = False,
) -> int:
    """What this scorecard would have selected of what was rated lately, beside what serves."""
    other, _ = office.read(folder)
    since = now() - timedelta(days=days)
    with opened(home) as (settings, store):
        if share is None:
            share = comparing.capacity_of(store, settings, owner(), other.profile, now()).share
        told = comparing.selected(store, settings, owner(), other.profile, other, since, share)
    records = told.records
    if out is not None:
        results.write_csv(records, out)
    counts = {
        "rated": told.rated,
        "share": share,
        "both": told.count(True, True),
        "only_serving": told.count(True, False),
        "only_other": told.count(False, True),
        "finds_serving": told.finds("serving"),
        "finds_other": told.finds("other"),
        "base": told.base,
    }
    if json:
        listed = jsonlib.loads(records.to_json(orient="records"))
        output.as_json(
            {**counts, "parts": [asdict(one) for one in told.parts()], "records": listed}
        )
        return 0
    say = output.beside(out)
    say(
        f"of {output.counted(told.rated, 'declaration')}, {share:.1%} inspected: both select "
        f"{counts['both']}; only what serves {counts['only_serving']}; "
        f"only {other.version} {counts['only_other']}"
    )
    say(f"known finds among them: {counts['finds_serving']}, {counts['finds_other']}")
    say(f"the base moves every declaration by {told.base:+d} points, and the order of none")
    for part in told.parts()[:10]:
        say(f"  {part.name}: {part.serving} and {part.other}")
    for row in records[records["other"] != records["serving"]].head(40).itertuples():
        mark = "+" if row.other else "-"
        why = f", {row.moved} {row.moved_by:+d}" if row.moved else ""
        say(f"  {mark} {row.record_id}: {row.points} to {row.other_points} points{why}")
    return 0


@app.command(epilog=examples("riskprofile-train criteria models/traveller/2026.11.1-criteria"))
def criteria(
    folder: Annotated[Path, typer.Argument(help="Folder of a version, with its criteria.json.")],
    json: Json = False,
) -> int:
    """Build a scorecard of written criteria. It serves only when trusted and named."""
    digest = written_criteria.write(folder)
    if json:
        output.as_json({"folder": str(folder), "digest": digest})
    else:
        output.say(f"{folder}, digest {digest}")
    return 0


@app.command(
    epilog=examples(
        "riskprofile-train card models/shipment/2026.11.4",
        "riskprofile-train card FOLDER --dossier OUT",
    )
)
def card(
    folder: Annotated[Path, typer.Argument(help="Folder of a version.")],
    dossier: Annotated[
        Path | None, typer.Option(help="Write the dossier into this folder, with its answers.")
    ] = None,
    home: Home = None,
    json: Json = False,
) -> int:
    """Show the card of a version, or write the dossier of it and of this installation."""
    if dossier is not None:
        return _write_dossier(folder, dossier, home, json)
    path = folder / "card.md"
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InputError(
            f"the card cannot be read ({why})",
            where=str(path),
            do="Name the folder of a version, such as models/shipment/2026.11.4",
        ) from error
    if json:
        output.as_json({"card": text})
    else:
        output.say(text)
    return 0


def _write_dossier(folder: Path, out: Path, home: Path | None, json: bool) -> int:
    answers = dossiers.answers_in(out)
    with opened(home) as (settings, store):
        made = dossiers.make(store, settings, owner(), folder, now(), answers)
    dossiers.write(made, out)
    if json:
        output.as_json({"folder": str(out), "asked": len(made.asks), "open": made.open})
        return 0
    output.say(f"{out / dossiers.TEXT}: {len(made.open)} of {len(made.asks)} questions are open")
    if made.open:
        output.say(f"  answer them in {out / dossiers.ANSWERS} and run this again")
    return 0

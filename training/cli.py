"""riskprofile-train: for analysts. Thin: each command calls one function."""

from __future__ import annotations

import json as jsonlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from riskprofile.cli import output
from riskprofile.cli.app import exit_with
from riskprofile.errors import InputError, RiskProfileError, UsageError
from training import criteria as written_criteria
from training import evaluate as measures
from training import fit as fitting
from training import recipe as recipes
from training import synth as generator

app = typer.Typer(
    name="riskprofile-train",
    result_callback=exit_with,
    help="Synthetic data, training and evaluation of scorecards. Nothing here serves by itself.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, last on stdout.")]
RecipeFile = Annotated[Path, typer.Argument(help="recipe.json, or the folder that holds it.")]


@app.command()
def synth(
    out: Annotated[Path, typer.Argument(help="A new folder.")],
    profile: Annotated[str, typer.Option(help="shipment or traveller.")] = "shipment",
    rows: Annotated[int, typer.Option(min=1, help="Declaration rows.")] = 100_000,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 1,
    json: Json = False,
) -> int:
    """Write synthetic declarations, and their truth in a folder that no model reads."""
    if out.exists() and any(out.iterdir()):
        raise UsageError("the folder is not empty", where=str(out), do="Name a new one")
    with output.progress("writing") as progress:
        told = generator.write(profile, rows, seed, out, progress=progress)
    if json:
        output.as_json(told)
    else:
        output.say(jsonlib.dumps(told, indent=1, default=str))
    return 0


@app.command()
def fit(
    recipe: RecipeFile,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the version; default: beside the recipe.")
    ] = None,
    json: Json = False,
) -> int:
    """Fit a scorecard by a recipe and write its folder. It serves only when promoted."""
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
    for budget, recall in recalls.items():
        output.say(f"  recall with {budget} inspected, later period: {recall:.3f}")
    return 0


@app.command()
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


@app.command()
def card(
    folder: Annotated[Path, typer.Argument(help="Folder of a version.")], json: Json = False
) -> int:
    """Show the card of a version."""
    path = folder / "card.md"
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise InputError(
            f"the card cannot be read ({error.strerror})",
            where=str(path),
            do="Name the folder of a version, such as models/shipment/2026.11.1",
        ) from error
    if json:
        output.as_json({"card": text})
    else:
        output.say(text)
    return 0


def main() -> None:
    """Run the analysts' command line; exit codes as of riskprofile."""
    code = 0
    try:
        app(prog_name="riskprofile-train")
    except RiskProfileError as error:
        code = output.fail(error, as_json="--json" in sys.argv)
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)

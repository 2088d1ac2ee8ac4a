"""riskprofile-train: for analysts. What it can do is listed here, and read when it is called."""

from __future__ import annotations

import typer

from riskprofile.cli import run
from riskprofile.cli.app import exit_with
from riskprofile.cli.commands import Commands, Listed

# Name -> the modules that make it, and the first line of its help.
COMMANDS: Listed = {
    "synth": (
        ("commands",),
        "Write synthetic declarations, and their truth in a folder that no model reads.",
    ),
    "fit": (
        ("commands",),
        "Fit on this installation's outcomes, to be proposed; or by a recipe, for a release.",
    ),
    "evaluate": (
        ("commands",),
        "Measure a scorecard: its gates, and recall by part beside what serves and plain learners.",
    ),
    "compare": (
        ("commands",),
        "What this scorecard would have selected of what was rated lately, beside what serves.",
    ),
    "criteria": (
        ("commands",),
        "Build a scorecard of written criteria. It serves only when trusted and named.",
    ),
    "card": (
        ("commands",),
        "Show the card of a version, or write the dossier of it and of this installation.",
    ),
    "ledger": (
        ("watching",),
        "How often alerts were right, by scorecard, indicator and slice, and which reasons held.",
    ),
    "drift": (
        ("watching",),
        "What has changed of late: inputs, scores, labels, calibration. Exit 1 on an alarm.",
    ),
}


class Analysts(Commands):
    """The commands of `riskprofile-train`, each read when it is called."""

    listed = COMMANDS
    package = "training"

    def program(self) -> typer.Typer:
        """What they are added to when they are read."""
        return app


app = typer.Typer(
    cls=Analysts,
    name="riskprofile-train",
    result_callback=exit_with,
    help="Synthetic data, training and evaluation of scorecards. Nothing here serves by itself.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def _root() -> None:
    """Keep this a group, though none of its commands is read yet."""


def main() -> None:
    """Run the analysts' command line; exit codes as of riskprofile."""
    run(app, "riskprofile-train")

"""Every command by name, so that a list of them is told without reading the program.

The program takes a second to read, and whoever asks for help, or types a name wrong, needs none
of it. A command's module is read when the command is called.
"""

from __future__ import annotations

import gc
import re
from importlib import import_module
from typing import Any, ClassVar

from typer import Typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

Listed = dict[str, tuple[tuple[str, ...], str]]

# Name -> the modules that make it, and the first line of its help.
COMMANDS: Listed = {
    "demo": (
        ("demo",),
        "Samples rated, alerts and invented work stored, then the page; in a home of its own.",
    ),
    "init": (("home",), "Make the home, the database, the offices and the first administrator."),
    "users": (("users",), "Accounts of the page."),
    "serve": (
        ("page",),
        "The officers' page. Plain HTTP on loopback only; with a certificate, for the office.",
    ),
    "doctor": (
        ("home",),
        "Check home, database, scorecards, offices, accounts and audit; say what to mend.",
    ),
    "score": (
        ("screen",),
        "Rate declarations: a ranked list with reasons, alerts for the officers.",
    ),
    "finish": (
        ("screen",),
        "Rank what is stored of a batch that was left, without the rest of its file.",
    ),
    "watch": (
        ("watch",),
        "Rate what arrives in a folder: each file once, then kept under done/ or failed/.",
    ),
    "history": (("screen",), "Past declarations: parties and lanes become known."),
    "convert": (
        ("intake",),
        "Any supported format to the canonical table. Nothing is rated or kept.",
    ),
    "quarantine": (("quarantine",), "Rows that were kept back."),
    "explain": (("screen",), "Reasons for and against one stored score, from the log."),
    "replay": (
        ("screen",),
        "Recompute stored scores from the log: 0 bits differ, or say where.",
    ),
    "recall": (
        ("screen",),
        "What the list passes over, estimated from the random control share alone.",
    ),
    "export": (("export",), "Back to the declaration system."),
    "models": (("models",), "Scorecards: which serve, and whether they are whole."),
    "profiles": (("models",), "Kinds of declaration: which are on."),
    "registers": (
        ("registers",),
        "Licences, dealers, parties, embargoes, events, sightings, rates, offices.",
    ),
    "watchlists": (("watchlists",), "The office's own watch lists."),
    "sightings": (
        ("sightings",),
        "Reports away from official posts, by place and time; never about a person.",
    ),
    "records": (
        ("records", "tracing", "packs"),
        "Arms seized, found or surrendered: search, import, correct.",
    ),
    "pause": (
        ("switches",),
        "The kill switch: nothing new is rated; the queue stays workable by hand.",
    ),
    "resume": (("switches",), "Let rating go on."),
    "second-person": (
        ("switches",),
        "Say, or set, whether the release of a red alert waits for a second person.",
    ),
    "blind-first": (
        ("blind",),
        "Say, or set, which share of alerts an officer first judges without the rating.",
    ),
    "checks": (
        ("page",),
        "How many answers the exporters' page gave, by day (UTC). Nothing else of them is kept.",
    ),
    "retention": (("retention",), "Forgetting on time."),
    "audit": (("audit",), "The audit chain."),
    "metrics": (
        ("metrics",),
        "Numbers for monitoring, in the text format of Prometheus.",
    ),
    "db": (("home",), "The database."),
    "sbom": (
        ("materials",),
        "The bill of materials (CycloneDX JSON): every package with version, hashes and licence.",
    ),
}


def _has_others(args: list[str]) -> bool:
    """Whether a call asks for processes beside its own, as far as its words tell.

    >>> _has_others(["score", "day.csv", "--workers", "2"]), _has_others(["score", "--workers=1"])
    (True, False)
    """
    asked = r"^--workers[\n=]0*([2-9]|[1-9]\d+)$"
    return re.search(asked, "\n".join(args), re.MULTILINE) is not None


class Commands(TyperGroup):
    """The commands of a program, each read when it is called; those of `riskprofile`."""

    listed: ClassVar[Listed] = COMMANDS
    package: ClassVar[str] = "riskprofile.cli"  # of the modules that make them

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        read = dict(self.commands)
        self.commands.clear()
        for name, (_, line) in self.listed.items():
            self.commands[name] = read.get(name) or TyperCommand(name, help=line)

    def program(self) -> Typer:
        """What they are added to when they are read."""
        from riskprofile.cli.app import app

        return app

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that these arguments name, read from its modules."""
        if args and args[0] in self.listed:
            if _has_others(args):
                from riskprofile.services import processes

                processes.begun()
            self.read(args[0])
        return super().resolve_command(ctx, args)

    def read(self, name: str) -> None:
        """Put a command in place of the line that stands for it."""
        sweeps = gc.isenabled()
        gc.disable()  # a program that is read leaves no garbage: to look for it takes a fifth
        try:
            for module in self.listed[name][0]:
                import_module(f"{self.package}.{module}")
            gc.freeze()
        finally:
            if sweeps:
                gc.enable()
        self.commands[name] = get_group(self.program()).commands[name]

"""The command line: thin. Each command calls one service and prints what it returned."""

from __future__ import annotations

import os
import sys

import typer

from riskprofile.cli.app import app
from riskprofile.cli.output import fail, fault, note
from riskprofile.errors import RiskProfileError, Stopped

DEBUG = "--debug"  # anywhere on the line: show the whole trace of a fault

__all__ = ["app", "main", "run"]


def main() -> None:
    """Run the command line; exit codes are the contract's."""
    run(app, "riskprofile")


def run(program: typer.Typer, name: str) -> None:
    """Run a command line by its name, and say every fault as a person can use it."""
    if os.name == "posix":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold names
    arguments = [each for each in sys.argv[1:] if each != DEBUG]
    as_json = "--json" in arguments
    code = 0
    try:
        program(args=arguments, prog_name=name)
    except RiskProfileError as error:
        if DEBUG in sys.argv:
            raise
        code = fail(error, as_json=as_json)
    except Stopped as stopped:
        code = 128 + stopped.signal
        _ended("stopped", "nothing is lost, the same command goes on", code, as_json=as_json)
    except SystemExit as ended:  # as which Typer passes on a Ctrl-C, and a wrong call
        left = ended.__context__
        if isinstance(getattr(left, "__cause__", None), KeyboardInterrupt):
            do = "what was half done is undone. Run it again to finish"
            _ended("stopped", do, int(ended.code or 0), as_json=as_json)
        elif as_json and (said := getattr(left, "format_message", None)):
            fault(said(), "", f"{name} --help", int(ended.code or 0))  # Typer told a person
        raise
    except BrokenPipeError:
        code = 1
    except OSError as error:
        what = f"{error.strerror or error}".lower()
        where = str(error.filename or "")
        do = "Mend it, then run the same command again; a run of files goes on with --resume"
        code = fail(RiskProfileError(what, where=where, do=do), as_json=as_json)
    sys.exit(code)


def _ended(what: str, do: str, code: int, *, as_json: bool) -> None:
    """Say that a person or the system ended the command before its time."""
    note(f"riskprofile: {what}: {do}")
    if as_json:
        fault(what, "", do, code)

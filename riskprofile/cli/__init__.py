"""The command line: thin. Each command calls one service and prints what it returned."""

from __future__ import annotations

import os
import sys

import typer

from riskprofile.cli.app import app
from riskprofile.cli.output import fail, note
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
        note("riskprofile: stopped: nothing is lost, the same command goes on")
        code = 128 + stopped.signal
    except SystemExit as ended:  # as which Typer passes on a Ctrl-C, without a word
        if isinstance(getattr(ended.__context__, "__cause__", None), KeyboardInterrupt):
            note("riskprofile: stopped: what was half done is undone. Run it again to finish")
        raise
    except BrokenPipeError:
        code = 1
    except OSError as error:
        what = f"{error.strerror or error}".lower()
        where = str(error.filename or "")
        do = "Mend it, then run the same command again; a run of files goes on with --resume"
        fault = RiskProfileError(what, where=where, do=do)
        code = fail(fault, as_json=as_json)
    sys.exit(code)

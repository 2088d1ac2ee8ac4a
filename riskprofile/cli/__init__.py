"""The command line: thin. Each command calls one service and prints what it returned."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from riskprofile.cli.app import app
from riskprofile.cli.output import fail, fault, note
from riskprofile.errors import AGAIN, REPEAT, RiskProfileError, Stopped, Unwritable, why_full
from riskprofile.files import is_stream

RUNS = (("score",), ("history", "load"))  # commands that go on with --resume
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
    # The system takes back at once what a program held that ends. To look through it for garbage
    # first would take as long as to rate a thousand declarations.
    atexit.register(gc.freeze)
    with _terminable():
        _run(program, name)


class _Terminated(SystemExit):
    """SIGTERM, where nothing is under way that has to be finished first."""

    def __init__(self) -> None:
        super().__init__(128 + signal.SIGTERM)


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM ends a command as Ctrl-C does: what is half done is undone, and it says so.

    Whatever has to be finished first listens for itself meanwhile (`services/run.py: Stop`).
    """
    ours = os.getpid()

    def end(number: int, frame: object) -> None:
        if os.getpid() == ours:
            raise _Terminated
        signal.signal(number, signal.SIG_DFL)  # a copy of this process has nothing to say
        os.kill(os.getpid(), number)

    try:
        before = signal.signal(signal.SIGTERM, end)
    except ValueError:  # not the main thread: the caller owns the signals
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(program: typer.Typer, name: str) -> None:
    arguments = [each for each in sys.argv[1:] if each != DEBUG]
    as_json = "--json" in arguments
    code = 0
    try:
        if sys.stdout is None:  # what was found would be lost, and a check look as if it held
            raise Unwritable("standard output is closed", do="Leave it open: /dev/null keeps none.")
        program(args=arguments, prog_name=name)
    except RiskProfileError as error:
        if DEBUG in sys.argv:
            raise
        if not _goes_on(arguments):
            error.do = error.do.replace(AGAIN, f"{REPEAT}.")
        code = fail(error, as_json=as_json)
    except Stopped as stopped:
        code = 128 + stopped.signal
        _ended("stopped", "nothing is lost, the same command goes on", code, as_json=as_json)
    except SystemExit as ended:  # as which Typer passes on a Ctrl-C, and a wrong call
        left = ended.__context__
        interrupted = isinstance(getattr(left, "__cause__", None), KeyboardInterrupt)
        if interrupted or isinstance(ended, _Terminated):
            do = "what was half done is undone. Run it again to finish"
            _ended("stopped", do, int(ended.code or 0), as_json=as_json)
        elif as_json and (said := getattr(left, "format_message", None)):
            fault(said(), "", f"{name} --help", int(ended.code or 0))  # Typer told a person
        raise
    except BrokenPipeError:
        code = 1
    except OSError as error:
        code = fail(_unwritten(error, arguments), as_json=as_json)
    sys.exit(code)


def _goes_on(arguments: list[str]) -> bool:
    return any(tuple(arguments[: len(one)]) == one for one in RUNS)


def _unwritten(error: OSError, arguments: list[str]) -> RiskProfileError:
    """What the system refused a command, and what to do."""
    full, out = why_full(error), str(error.filename or "")
    what, do = full or (f"{error.strerror or error}".lower(), "Mend it")
    if _goes_on(arguments):
        return RiskProfileError(what, where=out, do=f"{do}, then {AGAIN}")
    kept = ""
    if full and out and not is_stream(out):  # whole or not at all: `files.unplaced`
        do = f"{do}, or name another place"
        kept = "; of this file nothing was written, and one that was there is as it was"
    return RiskProfileError(what, where=out, do=f"{do}, then {REPEAT}{kept}.")


def _ended(what: str, do: str, code: int, *, as_json: bool) -> None:
    """Say that a person or the system ended the command before its time."""
    note(f"riskprofile: {what}: {do}")
    if as_json:
        fault(what, "", do, code)

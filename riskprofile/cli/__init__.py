"""The command line: thin. Each command calls one service and prints what it returned."""

from __future__ import annotations

import os
import sys

from riskprofile.cli import audit as _audit
from riskprofile.cli import demo as _demo
from riskprofile.cli import intake as _intake
from riskprofile.cli import models as _models
from riskprofile.cli import office as _office
from riskprofile.cli import packs as _packs
from riskprofile.cli import quarantine as _quarantine
from riskprofile.cli import records as _records
from riskprofile.cli import registers as _registers
from riskprofile.cli import retention as _retention
from riskprofile.cli import screen as _screen
from riskprofile.cli import sightings as _sightings
from riskprofile.cli import tracing as _tracing
from riskprofile.cli import watch as _watch
from riskprofile.cli import watchlists as _watchlists
from riskprofile.cli.app import app
from riskprofile.cli.output import fail, note
from riskprofile.errors import RiskProfileError
from riskprofile.services.run import Stopped

COMMANDS = (
    _demo,
    _screen,
    _intake,
    _quarantine,
    _watch,
    _office,
    _audit,
    _models,
    _registers,
    _records,
    _tracing,
    _packs,
    _retention,
    _sightings,
    _watchlists,
)  # imported: each adds its commands to `app`

DEBUG = "--debug"  # anywhere on the line: show the whole trace of a fault

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line; exit codes are the contract's."""
    if os.name == "posix":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold names
    arguments = [each for each in sys.argv[1:] if each != DEBUG]
    as_json = "--json" in arguments
    code = 0
    try:
        app(args=arguments, prog_name="riskprofile")
    except RiskProfileError as error:
        if DEBUG in sys.argv:
            raise
        code = fail(error, as_json=as_json)
    except Stopped as stopped:
        note("riskprofile: stopped: nothing is lost, the same command goes on")
        code = 128 + stopped.signal
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        code = 1
    except OSError as error:
        what = f"{error.strerror or error}".lower()
        where = str(error.filename or "")
        fault = RiskProfileError(what, where=where, do="Mend it, and run again with --resume")
        code = fail(fault, as_json=as_json)
    sys.exit(code)

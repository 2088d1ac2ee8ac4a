"""The list of commands is told without reading the program, and says what the program has."""

from __future__ import annotations

import ast
import gc
import shlex
import subprocess
import sys

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from riskprofile.cli import app
from riskprofile.cli.commands import Commands
from riskprofile.services import settings
from riskprofile.services.settings import open_store
from tests.conftest import LATE
from training.cli import app as training_app

pytestmark = pytest.mark.xdist_group("commands")  # one process reads them

PROGRAMS = {"riskprofile": app, "riskprofile-train": training_app}
LOOK = """
import sys
from {module} import app
try:
    app(args={arguments}, prog_name="riskprofile")
except SystemExit:
    pass
print(sorted({{"pandas", "sqlalchemy", "riskprofile.profiles", *{more}}} & sys.modules.keys()))
"""
POSTGRES = "sqlalchemy.dialects.postgresql"  # a twentieth of a second, and the home is on SQLite


OTHERS = """
import sys
from multiprocessing import forkserver
from riskprofile.cli import app, commands

def late(name):
    print(forkserver._forkserver._forkserver_pid is not None, "pandas" in sys.modules)
    sys.exit()

commands.import_module = late
app(args={arguments}, prog_name="riskprofile")
"""


def read_of(arguments: list[str], *more: str, module: str = "riskprofile.cli") -> list[str]:
    """Which large parts, of ours and others and of `more`, a process of this command has read."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK.format(module=module, arguments=arguments, more=more)],
        capture_output=True,
        text=True,
        timeout=LATE,
        check=True,
    )
    return list(ast.literal_eval(done.stdout.splitlines()[-1]))


def group(program: str = "riskprofile") -> Commands:
    made = get_command(PROGRAMS[program])
    assert isinstance(made, Commands)
    return made


@pytest.fixture(scope="module")
def groups() -> dict[str, Commands]:
    """Both programs, of which one command after the other is read."""
    return {program: group(program) for program in PROGRAMS}


@pytest.mark.parametrize(
    ("program", "name"), [(program, name) for program in PROGRAMS for name in group(program).listed]
)
def test_the_line_of_a_command_is_the_first_of_its_own_help(
    groups: dict[str, Commands], program: str, name: str
) -> None:
    commands = groups[program]
    commands.read(name)
    told = (commands.commands[name].help or "").strip().splitlines()[0]
    assert commands.listed[name][1] == told


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_help_of_what_takes_arguments_ends_with_calls_that_are_taken(
    program: str, groups: dict[str, Commands]
) -> None:
    """Each is parsed and not run: an option of it that goes, or comes to be required, is told."""
    for name in groups[program].listed:
        groups[program].read(name)
    silent: list[str] = []
    left = [(f"{program} {name}", one) for name, one in groups[program].commands.items()]
    for name, command in left:
        if isinstance(command, TyperGroup):
            left += [(f"{name} {part}", one) for part, one in command.commands.items()]
            continue
        calls = (command.epilog or "").splitlines()[2:]
        wants = [one for one in command.params if one.required or one.param_type_name == "argument"]
        silent += [name] if wants and not calls else []
        for call in calls:
            assert f"{call} ".startswith(f"{name} ")
            with command.make_context(name, shlex.split(call.removeprefix(name))) as context:
                assert f"\n  {call}\n" in f"{command.get_help(context)}\n"
    assert not silent


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_option_says_what_it_is(program: str, groups: dict[str, Commands]) -> None:
    for name in groups[program].listed:
        groups[program].read(name)
    silent, left = [], [*groups[program].commands.items()]
    for name, command in left:
        if isinstance(command, TyperGroup):
            left += [(f"{name} {part}", one) for part, one in command.commands.items()]
        silent += [
            f"{name} {one.opts[0]}"
            for one in command.params
            if one.param_type_name == "option" and not getattr(one, "help", "")
        ]
    assert not silent


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_command_is_listed_in_the_order_of_the_list(program: str) -> None:
    commands, read = group(program), PROGRAMS[program]
    for name in commands.listed:
        commands.read(name)
    made = [one.name or getattr(one.callback, "__name__", "") for one in read.registered_commands]
    made += [one.name for one in read.registered_groups]
    assert {str(one).replace("_", "-") for one in made} == set(commands.listed)
    assert [*group(program).commands] == [*commands.listed]


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("riskprofile.cli", ["--help"]),
        ("riskprofile.cli", ["sore", "day.csv"]),
        ("riskprofile.cli", []),
        ("training.cli", ["--help"]),
        ("training.cli", ["sore"]),
    ],
)
def test_help_and_a_wrong_name_read_nothing_of_the_program(
    module: str, arguments: list[str]
) -> None:
    assert read_of(arguments, module=module) == []


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One whose database is of this release: to make it reads more."""
    folder = str(tmp_path_factory.mktemp("home"))
    open_store(settings.load({}, home=folder)).close()
    return folder


@pytest.mark.parametrize("command", ["users list", "audit verify", "checks"])
def test_a_command_that_asks_for_no_declaration_reads_nothing_that_rates_one(
    command: str, home: str
) -> None:
    asked = [*command.split(), "--home", home]
    assert read_of(asked, "numpy", "pyarrow", POSTGRES) == ["sqlalchemy"]


@pytest.mark.parametrize("command", ["doctor", "quarantine list", "models list"])
def test_a_command_reads_what_speaks_to_its_own_database_alone(command: str, home: str) -> None:
    found = read_of([*command.split(), "--home", home], POSTGRES)
    assert "sqlalchemy" in found and POSTGRES not in found


def test_a_wrong_name_brings_the_nearest_one() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from riskprofile.cli import main; main()", "sore"],
        capture_output=True,
        text=True,
        timeout=LATE,
        check=False,
    )
    assert done.returncode == 2
    assert "Did you mean 'score'?" in done.stderr


def test_a_group_that_several_modules_make_is_whole() -> None:
    commands = group()
    commands.read("records")
    records = commands.commands["records"]
    assert isinstance(records, TyperGroup)
    assert {"search", "export", "trace", "pack"} <= records.commands.keys()


def test_garbage_is_looked_for_again_after_a_command_is_read() -> None:
    assert gc.isenabled()
    group().read("users")
    assert gc.isenabled()


@pytest.mark.parametrize(
    ("said", "begun"),
    [
        (["--workers", "2"], True),
        (["--workers=1"], False),
        ([], False),
        (["--workers", "9" * 5000], True),  # longer than a number is read: a wrong call, no fault
    ],
)
def test_what_workers_are_copies_of_begins_before_the_program_is_read(
    said: list[str], begun: bool
) -> None:
    program = OTHERS.format(arguments=["score", *said, "day.csv"])
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=LATE, check=True
    )
    assert done.stdout == f"{begun} False\n"

"""Laws of the code that no type holds, checked on its syntax trees and in a fresh process."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from riskprofile.profiles import PROFILES
from tests.conftest import LATE

ROOT = Path(__file__).resolve().parents[1]
UNSAFE = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "skops", "shelve", "marshal"}


def modules(*packages: str) -> Iterator[tuple[str, ast.AST]]:
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text("utf-8"))


def _named(node: ast.AST) -> bool:
    """Whether an expression holds the name of a profile as text."""
    return any(
        isinstance(one, ast.Constant) and isinstance(one.value, str) and one.value in PROFILES
        for one in ast.walk(node)
    )


def comparisons(tree: ast.AST) -> Iterator[int]:
    """Lines that ask which profile it is: by comparison, membership, match or a table's key."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(
            _named(side) for side in (node.left, *node.comparators)
        ):
            yield node.lineno
        elif (isinstance(node, ast.MatchValue) and _named(node.value)) or (
            isinstance(node, ast.Dict) and any(key is not None and _named(key) for key in node.keys)
        ):
            yield node.lineno if isinstance(node, ast.Dict) else node.value.lineno


def test_nothing_outside_profiles_asks_which_profile_it_handles() -> None:
    found = [
        f"{name}:{line}"
        for name, tree in modules("riskprofile", "app")
        if not name.startswith("riskprofile/profiles/")
        for line in comparisons(tree)
    ]
    assert not found


@pytest.mark.parametrize(
    "code",
    [
        'if profile.name == "shipment": pass',
        'x = name in ("traveller", "other")',
        'match name:\n case "shipment": pass',
        'path = {"shipment": 1}[name]',
    ],
)
def test_the_law_on_profiles_sees_every_way_of_asking(code: str) -> None:
    assert list(comparisons(ast.parse(code)))


def unsafe_loads(tree: ast.AST) -> Iterator[int]:
    """Lines that could read a file which runs code when it is opened."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
            if node.module == "joblib":
                names += ["pickle" for alias in node.names if alias.name in ("load", "dump")]
        else:
            names = []
        if any(name.split(".")[0] in UNSAFE for name in names):
            yield getattr(node, "lineno", 0)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner, name = node.value.id, node.attr
            if (owner, name) in {("joblib", "load"), ("pd", "read_pickle"), ("torch", "load")}:
                yield node.lineno
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            refused = isinstance(node.value, ast.Constant) and node.value.value is False
            if not refused:
                yield node.value.lineno


def test_nothing_that_serves_opens_a_file_that_could_run_code() -> None:
    found = [
        f"{name}:{line}"
        for name, tree in modules("riskprofile", "app")
        for line in unsafe_loads(tree)
    ]
    assert not found


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from skops.io import load",
        "from joblib import load",
        "joblib.load(path)",
        "pd.read_pickle(path)",
        "np.load(path, allow_pickle=True)",
    ],
)
def test_the_law_on_loading_sees_every_way_of_loading(code: str) -> None:
    assert list(unsafe_loads(ast.parse(code)))


def test_serving_imports_no_training_library() -> None:
    code = (
        "import sys, riskprofile.services.rater; "
        "print([one for one in ('sklearn', 'training', 'streamlit') if one in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=LATE
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"

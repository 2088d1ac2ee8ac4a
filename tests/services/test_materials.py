"""The bill of materials tells the lock whole, and every licence is one that was agreed to."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from riskprofile.errors import InputError
from riskprofile.services import materials

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-bench.lock")

# Licences of what is installed beside ours. None asks for our source; LGPL and MPL packages
# are used as they come, unchanged and apart.
ALLOWED = frozenset({
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "LGPL-3.0-only",
    "LLVM-exception", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0", "PSF-2.0", "Zlib",
})  # fmt: skip
# These state none in their metadata: from their licence file, or the repository (interpret-core).
READ_BY_HAND = {"atheris": "Apache-2.0", "axe-playwright-python": "MIT", "interpret-core": "MIT"}


def pins(lock):
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", (ROOT / lock).read_text(), re.M))


@pytest.mark.parametrize("lock", LOCKS)
def test_every_licence_is_on_the_list(lock):
    if "bench" in lock and find_spec("lightgbm") is None:
        pytest.skip("what benchmarks need is not installed: make .venv/bench")
    for one in materials.materials(ROOT / lock):
        told = one.licence or READ_BY_HAND.get(one.name, "")
        names = set(re.split(r" (?:AND|OR|WITH) ", told.replace("(", "").replace(")", "")))
        assert names <= ALLOWED, f"{one.name}: {told or 'states no licence'}"


def test_what_the_product_needs_states_its_licence():
    assert [one.name for one in materials.materials(ROOT / LOCKS[0]) if not one.licence] == []


def test_the_bill_has_every_pin_with_its_hashes_and_comes_out_the_same():
    made = materials.bill(ROOT / LOCKS[0])
    assert {one["name"]: one["version"] for one in made["components"]} == pins(LOCKS[0])
    assert len(made["components"]) > 50
    for one in made["components"]:
        assert one["hashes"], one["name"]
        assert one["purl"] == f"pkg:pypi/{one['name']}@{one['version']}"
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    assert json.dumps(made) == json.dumps(materials.bill(ROOT / LOCKS[0]))


def test_a_lock_that_is_none_is_named(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        materials.materials(tmp_path / "none.lock")
    (tmp_path / "empty.lock").write_text("# nothing\n")
    with pytest.raises(InputError, match="pins no package"):
        materials.bill(tmp_path / "empty.lock")


def test_a_package_that_is_not_here_states_nothing():
    assert materials.licence("no-such-package-of-ours") == ""

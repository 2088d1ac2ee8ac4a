"""A wheel holds what its user needs: every file of the packages, and what a checkout has beside."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("riskprofile", "app", "training")
BESIDE = ("models", "data/synthetic")
BUILT = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
COMMAND = "from riskprofile import cli; assert '/site/' in cli.__file__; cli.main()"
CACHES = shutil.ignore_patterns("__pycache__", ".*")


@pytest.mark.slow
def test_a_wheel_rates_a_manifest_where_no_checkout_is(tmp_path: Path) -> None:
    source, unpacked = tmp_path / "source", tmp_path / "site"
    for name in (*PACKAGES, *BESIDE):
        shutil.copytree(ROOT / name, source / name, ignore=CACHES)
    for one in ROOT.iterdir():
        if one.is_file() and not one.name.startswith("."):
            shutil.copy(one, source)
    wanted = {
        str(one.relative_to(source))
        for name in PACKAGES
        for one in (source / name).rglob("*")
        if one.is_file()
    }
    subprocess.run(
        [sys.executable, "-c", BUILT, str(tmp_path)], cwd=source, check=True, capture_output=True
    )
    [wheel] = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(unpacked)

    assert not {one for one in wanted if not (unpacked / one).exists()}
    shipped = unpacked / "riskprofile" / "shipped"
    manifest = shipped / "data" / "synthetic" / "demo" / "shipments.csv"
    told = subprocess.run(
        [sys.executable, "-c", COMMAND, "score", str(manifest)],
        env={**os.environ, "PYTHONPATH": str(unpacked), "RISKPROFILE_HOME": str(tmp_path / "home")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert told.returncode == 3, told.stderr  # done, some rows quarantined
    assert "scorecards: shipment" in told.stdout

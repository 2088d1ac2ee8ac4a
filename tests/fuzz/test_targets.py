"""Every reader of the registry has a target with something to start from."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.fuzz import __main__ as fuzz


@pytest.mark.parametrize("name", fuzz.names())
def test_every_reader_has_a_sample_to_start_from(name, tmp_path):
    assert fuzz.seeds(name, tmp_path) >= 1


@pytest.mark.skipif(sys.platform != "linux", reason="atheris is locked for Linux alone")
def test_a_target_reads_its_samples_under_the_fuzzer(tmp_path):
    pytest.importorskip("atheris", reason="atheris is of the fuzz extra: make .venv/bench")
    fuzz.seeds("paxlst", tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.target", "paxlst", "-runs=20", str(tmp_path)],
        cwd=fuzz.ROOT,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "cov: " in done.stderr

"""The committed tables are what the script makes of the sources."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from training import build_reference


def test_the_sources_give_the_committed_tables(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    committed = build_reference.OUT
    data = shared / "data"
    sources = ("goods_descriptions.csv", "harmonized-system.csv", "vague_terms.csv")
    monkeypatch.setattr(build_reference, "OUT", tmp_path)
    monkeypatch.setattr("sys.argv", ["build", *(str(data / name) for name in sources)])
    build_reference.main()
    for made in sorted(tmp_path.iterdir()):
        assert gzip.decompress(made.read_bytes()) == gzip.decompress(
            (committed / made.name).read_bytes()
        ), made.name

"""Numbers for monitoring: on standard output, or in a file that its reader always finds whole."""

from __future__ import annotations

from pathlib import Path

from tests import factory
from tests.cli.test_cli import run, told


def test_the_file_of_a_collector_keeps_its_rights_and_tells_what_came(tmp_path: Path) -> None:
    home, day, out = tmp_path / "home", tmp_path / "day.csv", tmp_path / "riskprofile.prom"
    factory.write(day, factory.shipments(4))
    assert run(home, "history", "load", day)[0] == 0
    out.touch(0o644)
    out.chmod(0o644)
    assert run(home, "metrics", "--out", out)[0] == 0
    line = 'riskprofile_rows_total{profile="shipment",became="accepted"} 4'
    assert line in out.read_text("utf-8").splitlines()
    assert out.stat().st_mode & 0o777 == 0o644
    code, said, _ = run(home, "metrics")
    assert code == 0 and line in said.splitlines()
    code, said, _ = run(home, "metrics", "--json")
    rows = told(said)["metrics"]["rows_total"]
    assert {"profile": "shipment", "became": "accepted", "value": 4.0} in rows


def test_where_no_installation_is_none_is_made(tmp_path: Path) -> None:
    code, _, errors = run(tmp_path / "none", "metrics")
    assert code == 1 and "there is no installation here" in errors
    assert not (tmp_path / "none").exists()

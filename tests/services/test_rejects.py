"""Rows that were kept back lie on file, in their order."""

from __future__ import annotations

from pathlib import Path

import pytest

from riskprofile.intake import quarantine
from riskprofile.intake.reader import Rejection
from riskprofile.services import rejects
from riskprofile.services.rejects import Rejects
from riskprofile.store.spool import Spool

NO_TEXT = "half of a pair \ud83d, a break\r and \x00"


def some(start: int, count: int) -> list[Rejection]:
    return [
        Rejection("day.csv", line, "number_format", "no number", f"XM-{line}", None, NO_TEXT)
        for line in range(start, start + count)
    ]


@pytest.mark.parametrize("sizes", [[], [0, 3], [10], [7, 0, 1, 25], [9, 11]])
def test_what_comes_back_is_what_was_put(
    sizes: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rejects, "AT_ONCE", 10)
    with Spool(tmp_path) as spool:
        kept, expected = Rejects(spool), list[Rejection]()
        for size in sizes:
            more = some(len(expected), size)
            kept.extend(more)
            expected += more
        assert [*kept] == [*kept] == expected
        assert (len(kept), bool(kept)) == (len(expected), bool(expected))
        assert kept[2:12] == expected[2:12]
        if expected:
            assert (kept[0], kept[len(kept) - 1], kept[-1]) == (expected[0], *expected[-1:] * 2)
        with pytest.raises(IndexError):
            kept[len(expected)]
        assert len(kept._waiting) < 10
        quarantine.write(tmp_path / "kept.csv", kept)
        quarantine.write(tmp_path / "expected.csv", expected)
    content = (tmp_path / "kept.csv").read_bytes()
    assert content == (tmp_path / "expected.csv").read_bytes()
    assert content.count(b"day.csv") == len(expected)

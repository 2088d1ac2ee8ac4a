"""What the check of groups takes and tells; what it measures is held in tests/training."""

from __future__ import annotations

import sys

import pytest

from benchmarks import fairness
from training.fairness import Group


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--share", "5", "between 0 and 1"),
        ("--waive", "sex=F:anna", "COLUMN=LEVEL:NAME:WHY"),
        ("--waive", "nationalty=BH:anna:few of them", "nationalty is no protected column"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_made(
    option: str,
    value: str,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["fairness", option, value])
    with pytest.raises(SystemExit) as ended:
        fairness.main()
    assert ended.value.code == 2 and told in capsys.readouterr().err


def test_where_no_group_is_large_enough_it_says_so() -> None:
    small = Group("sex", "F", 100, 1, 0.05, 0.05, 0.5, 1.4, expected=5.0)
    assert "no group is large enough" in fairness._judged([small], 0)
    large = [Group("sex", name, 9_000, 9, 0.05, 0.05, 0.5, 0.9, expected=450.0) for name in "FM"]
    assert fairness._judged([small, *large], 0).startswith("2 groups judged, ratios 0.90 to 0.90")

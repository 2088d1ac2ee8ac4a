"""What is written of a fault names its kind and place, and quotes nothing."""

from __future__ import annotations

from app import text


def fail(declared: str) -> None:
    raise ValueError(f"cannot read {declared}")


def test_a_fault_is_told_without_its_words() -> None:
    try:
        fail("Oryndel Vask, 12 Quay Street")
    except ValueError as error:
        told = text.traced(error)
    assert told.startswith("ValueError at test_text.py:")
    assert "Oryndel" not in told and "Quay" not in told

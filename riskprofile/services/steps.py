"""The steps of a run, and who is told of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

Progress = Callable[[str, int], None]
Step = Callable[[str, int, int | None], None]


@runtime_checkable
class Stepwise(Protocol):
    """Progress that also hears of a run before its first row and after its last."""

    def __call__(self, name: str, rows: int) -> None:
        """The file and the rows read so far, after each chunk."""

    def step(self, name: str, done: int, of: int | None) -> None:
        """What is done now, and how much of how much; None where nobody knows that."""


def steps_of(progress: Progress) -> Step:
    """What to tell the steps of a run to."""
    return progress.step if isinstance(progress, Stepwise) else lambda name, done, of: None


CHECKING = "checking"  # with `strict`: all rows, before any is rated
RANKING, WORDING, COMPARING, STORING = "ranking", "wording", "comparing", "storing"
WRITING = "writing"  # the results, to a file

"""What an attack answers: how often it was tried, how often it was held off, and what was not."""

from __future__ import annotations

from dataclasses import dataclass, field

KEPT = 20  # faults told in words


@dataclass
class Told:
    """`tried` counts attempts that were made, never those that were planned.

    `notes` are figures told beside, which decide nothing.
    """

    tried: int = 0
    held: int = 0
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def count(self, fault: str | None) -> None:
        """One attempt, held off unless it has a fault."""
        self.tried += 1
        if fault is None:
            self.held += 1
        elif len(self.faults) < KEPT:
            self.faults.append(fault)

"""Which pages there are, at which address, and whose they are."""

from __future__ import annotations

# (file, address, roles): the first that a role has is its home. The views check again.
PAGES = (
    ("queue.py", "queue", ("officer", "supervisor")),
    ("outcome.py", "outcome", ("officer", "supervisor")),
    ("second.py", "second", ("officer", "supervisor")),
    ("board.py", "board", ("supervisor",)),
    ("models.py", "models", ("analyst", "supervisor", "administrator", "auditor")),
    ("masked.py", "masked", ("officer", "supervisor")),
    ("audit.py", "audit", ("auditor", "administrator")),
    ("batches.py", "batches", ("operator", "administrator", "supervisor")),
    ("sightings.py", "sightings", ("officer", "supervisor", "operator")),
    ("practice.py", "practice", ("officer", "supervisor", "analyst")),
    ("trends.py", "trends", ("supervisor", "analyst", "auditor", "administrator")),
)


def home(role: str) -> str | None:
    """The address of the page that this role begins on; None when it has none.

    >>> home("analyst")
    'models'
    """
    return next((name for _, name, roles in PAGES if role in roles), None)

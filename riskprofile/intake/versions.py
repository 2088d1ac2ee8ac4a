"""Which version of a declaration a message is: its function and its own time, in `extra`.

Messages that replace one another are told apart by these two alone, so every reader writes
them under the same names, on each row.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from riskprofile.intake.rows import moment

ORIGINAL, UPDATE, CANCEL = "original", "update", "cancel"
CHANGE, REPLACE, CONFIRMATION = "change", "replace", "confirmation"
FUNCTIONS = (ORIGINAL, UPDATE, CANCEL, CHANGE, REPLACE, CONFIRMATION)

# UN/EDIFACT data element 1225, which the WCO Data Model took over
EDIFACT_FUNCTIONS = {
    "1": CANCEL,
    "3": CANCEL,
    "4": CHANGE,
    "5": REPLACE,
    "6": CONFIRMATION,
    "9": ORIGINAL,
}


# Keys of `extra`.
FUNCTION, SENT, SCOPE = "message_function", "message_at", "message_scope"
REFERENCE = "message_reference"  # of the report, manifest or flight that the message is of
WHOLE = "message"  # key of a scope: what came with this reference


def all_of(prefix: str, **where: str) -> dict[str, dict[str, str]]:
    """`message_scope` for `extra`: the message is complete, it names all that there is of these.

    A record whose id begins with `prefix`, whose columns or `extra` say what `where` says,
    and that the message does not name, is withdrawn by it.
    """
    return {SCOPE: {"records": prefix, **where}}


def whole(reference: str) -> dict[str, Any]:
    """What `extra` of the one row says that cancels a report, manifest or flight as a whole.

    Every record that came with this reference is withdrawn by it.
    """
    return {FUNCTION: CANCEL, REFERENCE: reference, SCOPE: {WHOLE: reference}}


def version(function: str | None, at: str | None) -> dict[str, str]:
    """`message_function` and `message_at` (ISO 8601, UTC) for `extra`; what is missing is left out.

    A time without a zone is read as UTC: it orders the messages of one sender.

    >>> version("original", "20260301T0745+01")
    {'message_function': 'original', 'message_at': '2026-03-01T06:45:00Z'}
    >>> version(None, "soon")
    {}
    """
    made = {"message_function": function} if function else {}
    if read := moment(at):
        found = datetime.fromisoformat(read)
        try:
            sent = found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
        except OverflowError:  # the first or last day of the calendar, in another zone
            return made
        made["message_at"] = f"{sent.replace(tzinfo=None).isoformat(timespec='seconds')}Z"
    return made

"""The errors of the house. Each says what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from errno import EDQUOT, EFBIG, EINVAL, ELOOP, ENAMETOOLONG, ENOSPC, ENXIO

# What to do once the cause is mended: a run that was begun is refused without --resume. Commands
# that rate no files say less of it.
REPEAT = "run the same command again"
AGAIN = f"{REPEAT}; a run of files goes on with --resume."

# Why the system writes no more, and what to do.
_FULL = {
    **dict.fromkeys((ENOSPC, EDQUOT), ("the disk is full", "Make room")),
    EFBIG: ("no file may become so large here", "Raise that limit (ulimit -f)"),
}


# What the system says of a path that names no file, or none that may be opened.
_NO_FILE = (FileNotFoundError, PermissionError, NotADirectoryError, IsADirectoryError)
_NO_NAME = (ELOOP, ENAMETOOLONG, ENXIO)


class RiskProfileError(Exception):
    """What is wrong, where, and what to do; `exit_code` is the contract's.

    Parameters
    ----------
    what, *more : str
        The fault, in one clause; and others that were found with it. One that a page shows is a
        `words.Message`, and so is what to do: pages are in the reader's language.
    where : str, optional
        `file`, `file:line` or `file:line:column`.
    do : str, optional
        What the reader can do next.
    """

    exit_code = 1

    def __init__(self, what: str, *more: str, where: str = "", do: str = "") -> None:
        self.faults = (what, *more)
        self.what, self.where, self.do = "; ".join(self.faults), where, do
        super().__init__(str(self))

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}. {self.do}" if self.do else text


class UsageError(RiskProfileError):
    """The command was called wrongly."""

    exit_code = 2


class Unwritable(RiskProfileError):
    """No file can be where one is to be written: another place is to be named."""

    exit_code = 2


class InputError(RiskProfileError):
    """An input as a whole cannot be read (a bad row is a rejection, not an error)."""

    exit_code = 4


class UnknownFormat(InputError):
    """No reader claims the input."""


class ScorecardError(RiskProfileError):
    """A scorecard is missing, altered, untrusted or made for other features."""

    exit_code = 5


class ScorecardMissing(ScorecardError):
    """It is not here at all."""


class TooManyBadRows(RiskProfileError):
    """More rows were quarantined than `--max-bad-share` allows."""

    exit_code = 6


class PolicyError(RiskProfileError):
    """Refused by policy: profile off, rating paused, or not allowed."""

    exit_code = 7


class ProfileOff(PolicyError):
    """What a file holds is not rated here: no law was named for it. Other files may be."""


class NotAllowed(PolicyError):
    """The actor's role or office does not permit this action."""


class Conflict(RiskProfileError):
    """Somebody else was first, or the record is in another state.

    `holder` names who holds it, so that the loser sees who won.
    """

    def __init__(self, what: str, *, holder: str = "", where: str = "", do: str = "") -> None:
        self.holder = holder
        super().__init__(what, where=where, do=do)


class Overtaken(Conflict):
    """Another program goes on with the same batch, and was first with its next chunk."""

    def __init__(self, batch: str) -> None:
        super().__init__(
            f"another program rates batch {batch} at the same time",
            do="Nothing is lost: let that one finish.",
        )


class StoreError(RiskProfileError):
    """The database cannot be opened, read or written."""


class Misnamed(StoreError):
    """What is given as the address of a database names none, or a place where there can be none."""

    exit_code = 2


class Damaged(StoreError):
    """Of what the database holds some was altered or cut; all else can be read.

    `content` is that, where its place is looked for by it (`Store.read`).
    """

    def __init__(self, what: str, *, where: str = "", content: bytes = b"") -> None:
        self.content = content
        super().__init__(what, where=where, do="Restore the last backup; keep this database aside.")


class Busy(StoreError):
    """Another program writes: what was asked for can be asked for again."""


class Unanswered(StoreError):
    """The server of the database does not answer: whatever else is asked of it waits as long."""


class Deadlock(Busy):
    """Two writers waited for each other; what this one did is undone, and the other goes on."""


def why_full(error: OSError) -> tuple[str, str] | None:
    """Why no more can be written, and what to do; None of any other fault."""
    return _FULL.get(error.errno or 0)


def of_path(error: OSError) -> bool:
    """Whether the path is at fault, and not the disk or the share, which may be away."""
    return isinstance(error, _NO_FILE) or error.errno in _NO_NAME or not of_system(error)


def of_system(error: BaseException) -> OSError | None:
    """The fault by which the system kept a file from being read; None where it is damaged.

    Damage has no number, or that of a seek to before the start. An archive whose end could not be
    read is called damaged by the library of zips.
    """
    for one in (error, error.__context__):
        if isinstance(one, OSError) and one.errno not in (None, EINVAL):
            return one
    return None


def mismatch(what: str, expected: Sequence[str], found: Sequence[str]) -> str:
    """Name the difference of two lists.

    >>> mismatch("features", ["a", "b"], ["a", "c"])
    'expects 2 features, found 2: - b, + c'
    """
    gone = [f"- {name}" for name in expected if name not in set(found)]
    new = [f"+ {name}" for name in found if name not in set(expected)]
    return f"expects {len(expected)} {what}, found {len(found)}: {', '.join(gone + new)}"


class Stopped(Exception):
    """A signal ended a run early: what is not stored yet is made again by `resume`."""

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal

"""What a reader is: bytes in, raw text tables out, one small module per format.

A reader never guesses a type. It yields text under canonical column names, with
the place each record came from; `canonical.parse` turns text into typed columns
and sets aside what cannot be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

import pyarrow as pa

from riskprofile.errors import InputError
from riskprofile.files import legible
from riskprofile.intake.conventions import Conventions
from riskprofile.words import Message


@dataclass(frozen=True)
class Offices:
    """What is known of the offices that declarations name, by their codes.

    `zones` has the IANA zone of each, for times without one; `date_orders` `"day_first"` or
    `"month_first"`, where one writes such dates and it was stated. `countries` are the alpha-2
    codes of the countries served: they tell entry from exit where a format gives the journey alone.
    """

    zones: Mapping[str, str] = field(default_factory=dict)
    date_orders: Mapping[str, str] = field(default_factory=dict)
    countries: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Source:
    """One stream of bytes to read: a file, or a member of an archive.

    `name` is what reports show (`manifest.zip!/page1.csv`), as it may be shown; `open` gives a
    new binary stream from the start each time; `size` is in bytes, 0 when unknown.
    """

    name: str
    path: Path | None
    size: int
    opener: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", legible(self.name))

    def open(self) -> IO[bytes]:
        """A new binary stream at the first byte."""
        stream: IO[bytes] = self.opener()
        return stream


def unread(key: str, where: str, do: str, **said: Any) -> InputError:
    """The error of a file that is not read at all: the key of its words, with what they tell."""
    return InputError(Message(key, **said), where=where, do=do)


@dataclass(slots=True)
class Rejection:
    """A record that could not be read: where, which column, why, and the raw text."""

    source: str
    line: int
    reason_code: str
    reason: str
    record_id: str | None = None
    column: str | None = None
    raw: str = ""


@dataclass
class RawChunk:
    """Up to `chunk_rows` records as text.

    `rows` is an Arrow batch of one column of text per canonical column that the format carried,
    plus `source` (text), `line` (int: line of a text file, segment of a message, row of a
    sheet) and `warnings` (warning codes joined by a vertical bar, or missing).
    Whatever else the format carried is JSON text in `extra`.
    `rejected` are records that never became a row. Records read =
    `len(rows) + len(rejected)`.

    `conventions` says how this file writes numbers and dates (default: a decimal point
    and ISO 8601). `unknown` names the columns of the file that no canonical column
    takes; their values are in `extra`. `under` says how many rows, of these or of those that come
    next, stand under each, where that is not all of these: added up it is that of the file.
    """

    profile: str
    rows: pa.RecordBatch
    rejected: list[Rejection] = field(default_factory=list)
    conventions: Conventions = field(default_factory=Conventions)
    unknown: tuple[str, ...] = ()
    under: Mapping[str, int] | None = None


class Reader(Protocol):
    """One format. `name` is what `--format` takes."""

    name: str
    profile: str  # "shipment", "traveller", or "auto" when the columns decide

    def claims(self, head: bytes, name: str) -> bool:
        """Whether the first bytes (up to 64 KiB) are of this format; the name is a hint only."""

    def read(self, source: Source, profile: str, chunk_rows: int) -> Iterator[RawChunk]:
        """The records, in order, in chunks. Raises only `InputError`, for a whole file, and
        `OSError` where the system does not give what it holds.
        """


@dataclass(frozen=True)
class Knowing:
    """A reader that reads by what is known of offices: it is made anew with that for each file."""

    offices: Offices = Offices()

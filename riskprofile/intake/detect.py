"""Which reader a file is for, by its content; and the one way in: `read`."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from riskprofile.errors import UnknownFormat, UsageError, why_full
from riskprofile.intake import archive, canonical, stripping
from riskprofile.intake.awmds import AwmdsReader
from riskprofile.intake.cargo_imp import CargoImpReader
from riskprofile.intake.cargo_xml import CargoXmlReader
from riskprofile.intake.columns import AUTO
from riskprofile.intake.coprar import CoprarReader
from riskprofile.intake.cuscar import CuscarReader
from riskprofile.intake.cusdec import CusdecReader
from riskprofile.intake.ens import EnsReader
from riskprofile.intake.iftmin import IftminReader
from riskprofile.intake.itmatt import ItmattReader
from riskprofile.intake.jsonl import JsonlReader
from riskprofile.intake.parquet import ParquetReader
from riskprofile.intake.paxlst import PaxlstReader
from riskprofile.intake.pnrgov import PnrgovReader
from riskprofile.intake.reader import Knowing, Offices, RawChunk, Reader, Rejection, Source, unread
from riskprofile.intake.sad import SadReader
from riskprofile.intake.tabular import CsvReader
from riskprofile.intake.wco import WcoReader
from riskprofile.intake.workbook import WorkbookReader
from riskprofile.intake.x12 import X12Reader
from riskprofile.intake.x12_310 import X12BillReader
from riskprofile.layouts import LAYOUTS
from riskprofile.memory import unswept
from riskprofile.tables import Table
from riskprofile.words import Message

# The first that claims a file reads it: formats with a signature of their own come first.
CHUNK_ROWS = 5_000  # of shipments: some 8 MB of text; more costs memory and gains little

READERS: list[Reader] = [
    ParquetReader(),
    WorkbookReader(),
    SadReader(),
    WcoReader(),
    EnsReader(),
    AwmdsReader(),
    CargoXmlReader(),
    PaxlstReader(),
    PnrgovReader(),
    CuscarReader(),
    CusdecReader(),
    IftminReader(),
    CoprarReader(),
    ItmattReader(),
    X12Reader(),
    X12BillReader(),
    CargoImpReader(),
    JsonlReader(),
    CsvReader(),
]


@dataclass
class Chunk:
    """Records of one file, in order: `read == len(table) + len(rejected)`.

    `table` holds every canonical column of the profile in the contract's order, then
    `source`, `line` and `warnings`. `unknown` names the columns of the file that no
    canonical column takes (their values are in `extra`), `under` how many rows each has: added
    up over the chunks of a file they do not depend on where one ends.
    """

    profile: str
    table: Table
    rejected: list[Rejection]
    read: int
    format: str
    unknown: tuple[str, ...] = ()
    under: Mapping[str, int] = field(default_factory=dict)


def formats() -> list[str]:
    """What `--format` takes."""
    return [AUTO, *(reader.name for reader in READERS)]


def asked_rightly(profile: str, format: str) -> None:
    """Raises `UsageError` for a profile or format that is not known, before any file is touched."""
    if profile != AUTO and profile not in LAYOUTS:
        raise UsageError(
            f"no profile is called {profile!r}", do=f"Give {AUTO} or one of {', '.join(LAYOUTS)}"
        )
    if format not in formats():
        raise UsageError(
            f"no format is called {format!r}", do=f"Give one of {', '.join(formats())}"
        )


def detect(source: Source, format: str = AUTO, known: Sequence[str] = ()) -> Reader:
    """The reader named, or the first that claims the content. Where none does, the formats `known`
    to who asks are told, or all.
    """
    asked_rightly(AUTO, format)
    for reader in READERS:
        if reader.name == format:
            return reader
    head = archive.head(source)
    for reader in READERS:
        if reader.claims(head, source.name):
            return reader
    known = known or [reader.name for reader in READERS]
    raise UnknownFormat(
        Message("unread.unknown", known=", ".join(known)),
        where=source.name,
        do="Check the file, or name its format with --format",
    )


def read(
    path: str | Path,
    *,
    profile: str = AUTO,
    format: str = AUTO,
    chunk_rows: int = CHUNK_ROWS,
    offices: Offices | None = None,
) -> Iterator[Chunk]:
    """Read one file, whatever its format, as canonical tables.

    Parameters
    ----------
    path : str or Path
        A file, plain or in gzip or zip; `-` is standard input.
    profile : str
        `"auto"`, or the name of a profile.
    format : str
        `"auto"`, or one of `formats()`.
    chunk_rows : int
        Records a chunk; whatever it is, the same records come out.
    offices : Offices, optional
        What is known of the offices that declarations name.

    Yields
    ------
    Chunk
        At least one per source, perhaps empty.

    Raises
    ------
    InputError
        For a whole file: missing, a directory, empty, truncated, of another format.
    OSError
        The disk, or a share, does not give it: `filename` is `path`.
    """
    asked_rightly(profile, format)
    offices = offices or Offices()
    try:
        # Every member is looked at before the first is read, so that a wrong one loads nothing.
        found = [(source, detect(source, format)) for source in archive.sources(path)]
        for source, reader in found:
            if isinstance(reader, Knowing):
                reader = type(reader)(offices)
            yield from _unswept(_chunks(source, reader, profile, max(1, chunk_rows), offices.zones))
    except OSError as error:
        # What is read of an open file names none; a full disk is where something is unpacked to.
        if error.filename or not error.errno or why_full(error):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def _unswept(chunks: Generator[Chunk, None, None]) -> Iterator[Chunk]:
    """The same chunks; while one is made, nobody looks for cycles among its many objects.

    Readers leave none behind that matter: Python's collector would walk a hundred thousand
    rejections, and all that the program holds besides, again and again, for nothing.
    """
    with closing(chunks):
        while True:
            with unswept():
                chunk = next(chunks, None)
            if chunk is None:
                return
            yield chunk
            del chunk  # or it would be held beside the next


def _chunks(
    source: Source,
    reader: Reader,
    profile: str,
    chunk_rows: int,
    zones: Mapping[str, str],
) -> Generator[Chunk, None, None]:
    if reader.profile != AUTO and profile not in (AUTO, reader.profile):
        raise unread(
            "unread.other_profile",
            source.name,
            "Leave the profile out",
            name=reader.name,
            holds=reader.profile,
            asked=profile,
        )
    chosen = profile if reader.profile == AUTO else reader.profile

    def parsed(raw: RawChunk) -> Chunk:
        if LAYOUTS[raw.profile].persons:
            stripping.strip(raw, LAYOUTS[raw.profile])
        table, unsound = canonical.parse(raw, LAYOUTS[raw.profile], zones)
        rejected = sorted([*raw.rejected, *unsound], key=lambda each: each.line)
        size = len(table) + len(rejected)
        under = dict.fromkeys(raw.unknown, size) if raw.under is None else raw.under
        return Chunk(raw.profile, table, rejected, size, reader.name, raw.unknown, under)

    for raw in reader.read(source, chosen, chunk_rows):
        ready = [parsed(raw)]
        del raw  # or it would be held beside what was made of it
        yield ready.pop()

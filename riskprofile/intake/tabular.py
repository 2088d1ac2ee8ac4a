"""CSV: any common delimiter and encoding, headings in several languages, in constant memory.

Arrow splits the cells of 4 MB blocks. A block in which every line is one record, by
count, needs no more; another is first cut into records by `lines.records`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from riskprofile.intake import archive, columns, lines
from riskprofile.intake.chunks import LARGE, RAW_LIMIT, Piece, in_chunks, look, one_array
from riskprofile.intake.columns import AUTO, Mapped
from riskprofile.intake.conventions import AMBIGUOUS, UNDECIDED
from riskprofile.intake.formulas import unescape_formula
from riskprofile.intake.reader import RawChunk, Rejection, Source, unread
from riskprofile.intake.values import beside, edges

DELIMITERS = (",", ";", "\t", "|")
HEADER_LINES = 20
HEAD = 65_536
_BREAK = re.compile(r"[\r\n\x00]")  # without these, a cell that opens no quote ends at a delimiter
_HEADING = r"^[^0-9]{2,60}$"  # no number of a declaration or crossing is such a word
_OPEN = "a quote opens here and does not close within this record"
_SENTINEL = b"\x01\n"  # a last row of one cell: an open quote before it would swallow it


@dataclass(frozen=True)
class Dialect:
    """How one CSV file is laid out: what separates cells, and where its headings are."""

    delimiter: str
    headings: tuple[str, ...]
    mapped: Mapped
    header_line: int  # physical line of the headings, from 1
    line: int  # physical line of the first record


def dialect(head: bytes, profile: str = AUTO) -> Dialect | None:
    """Find the headings in the first 20 lines; nothing where no line names known columns."""
    text = b"".join(lines.blocks(io.BytesIO(head), head))
    text, _ = lines.utf8_lines(text, 1)
    if len(head) < HEAD and not text.endswith(b"\n"):
        text += b"\n"  # the last line of a file may be its headings
    found: list[tuple[tuple[int, int], Dialect]] = []
    start = 0
    for number in range(1, HEADER_LINES + 1):
        for delimiter in DELIMITERS:
            if delimiter.encode() not in text[start:]:
                continue
            headings, taken = _first_record(text[start:], delimiter)
            mapped = columns.best(headings, profile)
            sure = columns.fit(mapped)
            if sure > (0, 0):
                line = number + text[start : start + taken].count(b"\n")
                found.append((sure, Dialect(delimiter, headings, mapped, number, line)))
        if any(sure[0] == 2 and len(each.mapped.unknown) < sure[1] for sure, each in found):
            break  # most cells of this line are headings: what follows are records
        start = text.find(b"\n", start) + 1
        if not start:
            break
    # The surest line; of equals the first, or a repeated header would hide the rows before it.
    return max(found, key=lambda each: each[0])[1] if found else None


def _first_record(text: bytes, delimiter: str) -> tuple[tuple[str, ...], int]:
    """Cells of the first record, and its length in bytes."""
    stream = io.StringIO(text.decode("utf-8", "replace"), newline="")
    reader = csv.reader(stream, delimiter=delimiter)
    try:
        cells = next(reader, [])
    except csv.Error:
        return (), 0
    length = 0
    for _ in range(reader.line_num):
        length = text.find(b"\n", length) + 1 or len(text)
    return tuple(cell.strip() for cell in cells), length


class CsvReader:
    """Reads delimited text."""

    name = "csv"
    profile = AUTO

    def claims(self, head: bytes, name: str) -> bool:
        """Whether a line among the first 20 names known columns."""
        return dialect(head) is not None

    def read(self, source: Source, profile: str, chunk_rows: int) -> Iterator[RawChunk]:
        """Records in order. A file without headings, or without mandatory ones, is an error."""
        head = archive.head(source, HEAD)
        layout = dialect(head, profile)
        if layout is None:
            raise unread(
                "unread.no_header",
                source.name,
                "Put the column names on one line, separated by a comma, semicolon, tab or bar;"
                f" there must be {columns.wanted(profile)}",
                n=HEADER_LINES,
            )
        if len(head) >= HEAD and layout.line == layout.header_line:  # no line ends behind them
            raise unread(
                "unread.long_header",
                f"{source.name}:{layout.header_line}",
                "Leave out columns that nobody needs, or check where the file comes from",
                n=HEAD >> 10,
            )
        columns.required(layout.mapped, layout.headings, source, layout.header_line)
        pieces, conventions = look(
            lambda only: _pieces(source, layout, head, only),
            layout.mapped,
            AMBIGUOUS if layout.delimiter == ";" else UNDECIDED,
        )
        yield from in_chunks(pieces, source, layout.mapped, conventions, chunk_rows)


def _pieces(
    source: Source, layout: Dialect, head: bytes, only: Sequence[str] | None = None
) -> Iterator[Piece]:
    """One piece a block: canonical columns, line numbers, warnings, rejections."""
    cells = len(layout.headings)
    rest = lines.Records(rest_line=layout.line)
    guessed: set[int] = set()
    other = _OtherTable(layout.mapped)
    with source.open() as stream:
        for block in lines.whole_lines(stream, head):
            block = _after_headings(block, layout)
            if rest.rest:
                block = lines.Block(rest.rest + block.data, rest.rest_line, block.last)
            if not block.data.isascii():
                data, fresh = lines.utf8_lines(block.data, block.line)
                block, guessed = lines.Block(data, block.line, block.last), guessed | fresh
            split = _split(block, cells, layout.delimiter)
            if split is None:
                rest, split = _split_records(block, cells, layout.delimiter)
            else:
                rest = lines.Records()
            quoted = b"'" in block.data
            yield _piece(source, layout, split, rest, guessed, quoted, other, only)
            guessed = {line for line in guessed if rest.rest and line >= rest.rest_line}


def _after_headings(block: lines.Block, layout: Dialect) -> lines.Block:
    """The lines of a block below the headings."""
    above = layout.line - block.line
    if above <= 0:
        return block
    start = 0
    for _ in range(above):
        start = block.data.find(b"\n", start) + 1 or len(block.data)
    return lines.Block(block.data[start:], layout.line, block.last, max(0, block.count - above))


Invalid = list[tuple[int, str, int]]  # line, text, cells found


@dataclass
class Split:
    """The cells of a block: rows with the right number of them, and the others."""

    table: pa.Table
    lines: np.ndarray
    invalid: Invalid


def _split(block: lines.Block, cells: int, delimiter: str) -> Split | None:
    """Cells of lines that are one record each; nothing where a record runs over lines."""
    data = block.data
    if b"\r" in data and data.count(b"\r") != data.count(b"\r\n"):
        return None
    count = block.count or data.count(b"\n")
    return _cells(data, np.arange(block.line, block.line + count), cells, delimiter, whole=True)


def _split_records(block: lines.Block, cells: int, delimiter: str) -> tuple[lines.Records, Split]:
    """The same, of a block that is first cut into records."""
    found = lines.records(block, delimiter.encode(), cells)
    if found.records and not found.records[-1].endswith((b"\n", b"\r")):
        found.records[-1] += b"\n"
    split = _cells(b"".join(found.records), np.array(found.lines, "int64"), cells, delimiter)
    if split is not None:
        return found, split
    # The cutter and Arrow disagree somewhere: each record alone, so that one is set aside.
    each = [
        _cells(record, np.array([line], "int64"), cells, delimiter)
        for record, line in zip(found.records, found.lines, strict=True)
    ]
    for record, line, split in zip(found.records, found.lines, each, strict=True):
        if split is None:
            found.open_quotes.append((line, record))
    sound = [split for split in each if split is not None]
    return found, Split(
        pa.concat_tables([split.table for split in sound]),
        np.concatenate([split.lines for split in sound]),
        [aside for split in sound for aside in split.invalid],
    )


def _cells(
    data: bytes, at: np.ndarray, cells: int, delimiter: str, whole: bool = False
) -> Split | None:
    """Arrow's cells of the records at these lines; nothing where it finds another number.

    `whole` gives up at the first odd row whose quotes do not pair: a record runs over lines.
    """
    places: list[int] = []
    texts: list[str] = []
    counts: list[int] = []

    def set_aside(row: arrow_csv.InvalidRow) -> str:
        _, had, number, text = row
        if whole and text.count('"') % 2:
            return "error"
        places.append(number - 1)
        texts.append(text)
        counts.append(had)
        return "skip"

    data += _SENTINEL
    names = [str(position) for position in range(cells)]
    split = partial(
        arrow_csv.read_csv,
        read_options=arrow_csv.ReadOptions(
            use_threads=False, block_size=len(data) + 1, column_names=names
        ),
        parse_options=arrow_csv.ParseOptions(
            delimiter=delimiter,
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=set_aside,
        ),
        convert_options=arrow_csv.ConvertOptions(
            check_utf8=False,
            column_types=dict.fromkeys(names, LARGE),
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
            null_values=[""],
        ),
    )
    try:
        table = split(pa.py_buffer(data))
    except pa.ArrowInvalid:
        if whole:
            return None
        raise
    if len(table) + len(places) != len(at) + 1 or not texts or texts.pop() != "\x01":
        return None
    del places[-1], counts[-1]
    if not places:
        return Split(table, at, [])
    lines_of = at[places].tolist()
    invalid = list(zip(lines_of, texts, counts, strict=True))
    return Split(table, np.delete(at, places), invalid)


def _piece(
    source: Source,
    layout: Dialect,
    split: Split,
    found: lines.Records,
    guessed: set[int],
    quoted: bool,
    other: _OtherTable,
    only: Sequence[str] | None,
) -> Piece:
    mapped, key = layout.mapped, columns.layout(layout.mapped.profile).mandatory[0][0]
    table, numbers = split.table, split.lines
    invalid = split.invalid
    if only is not None:  # a look at some columns: what is set aside is told by the reading
        found, invalid = lines.Records(), []
    rejected = [
        _rejection(source, layout, line, text.decode("utf-8", "replace"), code, told)
        for texts, code, told in (
            (found.open_quotes, "open_quote", _OPEN),
            (found.cut, "line_too_long", f"the line is longer than {lines.MAX_LINE >> 20} MB"),
        )
        for line, text in texts
    ]
    blank = " \t\r\n\u00a0" + layout.delimiter
    counts = {had for _, _, had in invalid}
    reasons = {had: f"{had} cells, and the headings name {len(layout.headings)}" for had in counts}
    rejected += [
        _rejection(source, layout, line, text, "cell_count", reasons[had])
        for line, text, had in invalid
        if text.strip(blank)
    ]
    keep = ~_blank(table, mapped, key)
    other.look(table, numbers)
    below = other.rows(numbers) & keep
    position = mapped.columns.get(key)
    if position is not None and len(table):
        again = np.asarray(
            pc.equal(table.column(position), layout.headings[position]).fill_null(False)
        )
        again &= ~below
        for row in np.flatnonzero(again):
            shown = layout.delimiter.join(
                str(cell or "") for cell in table.slice(row, 1).to_pylist()[0].values()
            )
            rejected.append(
                _rejection(
                    source,
                    layout,
                    int(numbers[row]),
                    shown,
                    columns.REPEATED,
                    columns.REPEATED_TOLD,
                )
            )
        keep &= ~again
    foreign = _foreign(table, numbers, guessed) & keep & ~below
    for rows, code, told in (
        (below, columns.BELOW, other.told),
        (foreign, lines.UNKNOWN, lines.UNKNOWN_TOLD),
    ):
        if rows.any():
            rejected += [
                _rejection(source, layout, line, shown, code, told)
                for line, shown in zip(
                    numbers[rows].tolist(), _shown(table, rows, layout.delimiter), strict=True
                )
            ]
            keep &= ~rows
    if not keep.all():
        table, numbers = table.filter(pa.array(keep)), numbers[keep]

    def column(at: int) -> pa.Array:
        cells = one_array(table.column(at))
        return unescape_formula(cells) if quoted else cells

    wanted = mapped.columns if only is None else {n: mapped.columns[n] for n in only}
    made = {name: column(at) for name, at in wanted.items()}
    if only is None:
        columns.complete(made, mapped, column)
    warned = None if mapped.warnings is None else column(mapped.warnings)
    if guessed:
        rows = np.isin(numbers, sorted(guessed))
        told = pc.if_else(
            pa.array(rows), pa.scalar("encoding_guessed", LARGE), pa.scalar(None, LARGE)
        )
        warned = beside(warned, told)
    rejected.sort(key=lambda each: each.line)
    return Piece(made, numbers, warned, rejected)


def _foreign(table: pa.Table, numbers: np.ndarray, guessed: set[int]) -> np.ndarray:
    """Rows of lines in an encoding that is not known here."""
    bad = np.zeros(len(table), dtype=bool)
    if guessed:
        rows = np.isin(numbers, sorted(guessed))
        shown = _joined(table.filter(pa.array(rows)).columns, ",")
        bad[rows] = np.asarray(pc.match_substring_regex(shown, lines.NO_TEXT))
    return bad


def _joined(columns: Sequence[pa.Array | pa.ChunkedArray], mark: str) -> pa.ChunkedArray:
    """The cells of each row in one text."""
    cells = [pc.fill_null(each, pa.scalar("", LARGE)) for each in columns]
    return pc.binary_join_element_wise(*cells, pa.scalar(mark, LARGE))


def _shown(table: pa.Table, rows: np.ndarray, delimiter: str) -> list[str]:
    """Some rows as lines of a file whose cells this separates."""
    quote, nothing = pa.scalar('"', LARGE), pa.scalar("", LARGE)
    cells = []
    for each in table.filter(pa.array(rows)).columns:
        doubled = pc.replace_substring(each, '"', '""')
        quoted = pc.binary_join_element_wise(quote, doubled, quote, nothing)
        odd = pc.match_substring_regex(each, f'[{delimiter}"\r\n]')
        cells.append(pc.if_else(odd, quoted, each))
    return list(_joined(cells, delimiter).to_pylist())


class _OtherTable:
    """Where other headings stand among the records, if they do.

    Two files made one: where the second has its columns in another order, and as many of them,
    its rows would be read crosswise. The same headings again are a repetition.
    """

    def __init__(self, mapped: Mapped) -> None:
        self.mapped = mapped
        self.line, self.told = 0, ""
        self.position = mapped.columns[columns.layout(mapped.profile).mandatory[0][0]]

    def look(self, table: pa.Table, numbers: np.ndarray) -> None:
        """Find the first row that names columns, other ones than the headings do."""
        cells = table.column(self.position).combine_chunks()
        _, last = edges(cells)
        if self.line or ((last >= ord("0")) & (last <= ord("9"))).all():  # no heading ends so
            return
        worded = pc.filter(cells, pc.match_substring_regex(cells, _HEADING))  # no number of one
        meant = [text for text in pc.unique(worded).to_pylist() if columns.means_column(text)]
        if not meant:
            return
        for row in np.flatnonzero(np.asarray(pc.is_in(cells, value_set=pa.array(meant, LARGE)))):
            told = [str(cell or "") for cell in table.slice(row, 1).to_pylist()[0].values()]
            if columns.of_another(told, self.mapped):
                self.line = int(numbers[row])
                self.told = columns.BELOW_TOLD.format(line=self.line)
                return

    def rows(self, numbers: np.ndarray) -> np.ndarray:
        """Which of these lines are of the other table, its headings included."""
        return numbers >= self.line if self.line else np.zeros(len(numbers), dtype=bool)


def _blank(table: pa.Table, mapped: Mapped, key: str) -> np.ndarray:
    """Rows without a single cell: no record."""
    position = mapped.columns.get(key)
    blank = np.ones(len(table), dtype=bool)
    order = [position or 0, *range(table.num_columns)]
    for at in order:
        blank &= np.asarray(table.column(at).is_null())
        if not blank.any():
            break
    return blank


def _rejection(
    source: Source, layout: Dialect, line: int, text: str, code: str, reason: str
) -> Rejection:
    """A record that is no row, with the declaration it names when that can be told."""
    key = columns.layout(layout.mapped.profile).mandatory[0][0]
    position, record_id = layout.mapped.columns.get(key, -1), None
    text = text[:RAW_LIMIT]
    cells = text.split(layout.delimiter, position + 1)[: position + 1]
    if any(cell[:1] == '"' or _BREAK.search(cell) for cell in cells):
        try:
            cells = next(csv.reader([text], delimiter=layout.delimiter), [])
        except csv.Error:
            cells = []
    if code not in (columns.REPEATED, columns.BELOW) and 0 <= position < len(cells):
        record_id = cells[position].strip()[:200] or None
    return Rejection(source.name, line, code, reason, record_id, None, text)

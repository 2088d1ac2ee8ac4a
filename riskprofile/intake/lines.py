"""Bytes of a text table to blocks of whole records, in constant memory.

An open quote must not swallow the file: a record may run over line breaks only when it
closes properly, has the right number of cells and stays within `MAX_RECORD`; otherwise
its first line is set aside and reading goes on at the next.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate, permutations, product
from typing import IO

BLOCK = 1 << 20
MAX_RECORD = 1 << 16  # bytes of a record with line breaks in it
MAX_LINE = 8 << 20  # bytes of a line; a longer one is no record

_END = b"\x1a"
_BOMS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


def encoding(head: bytes) -> tuple[str, int]:
    """`"utf-8"` or a UTF-16 by byte-order mark or by its NULs, and the length of the mark."""
    for mark, name in _BOMS.items():
        if head.startswith(mark):
            return name, len(mark)
    sample = head[:400]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > len(sample) // 4 and odd > 4 * even:
        return "utf-16-le", 0
    if even > len(sample) // 4 and even > 4 * odd:
        return "utf-16-be", 0
    return "utf-8", 0


def blocks(stream: IO[bytes], head: bytes) -> Iterator[bytes]:
    """UTF-8 bytes (where the file is UTF-8 or UTF-16), line breaks of old Macs made new."""
    name, mark = encoding(head)
    stream.read(mark)
    decoder = None if name == "utf-8" else codecs.getincrementaldecoder(name)("replace")
    old_mac = b"\r" in head and b"\n" not in head.replace(b"\x00", b"")
    while block := stream.read(BLOCK):
        if decoder is not None:
            block = decoder.decode(block).encode("utf-8", "replace")
        yield block.replace(b"\r", b"\n") if old_mac else block
    if decoder is not None and (rest := decoder.decode(b"", final=True)):
        yield rest.encode("utf-8", "replace")


@dataclass
class Block:
    """Whole lines: bytes, number of the first, whether the file ends, how many (0: uncounted)."""

    data: bytes
    line: int
    last: bool
    count: int = 0


def whole_lines(stream: IO[bytes], head: bytes) -> Iterator[Block]:
    """Blocks cut at line breaks. A line over `MAX_LINE` is cut there, so memory stays flat.

    Such a line is a block of its own without a line break; its rest is left out.

    The mark with which DOS ends a file, 0x1A, is left out as the last byte before line breaks.
    """
    rest, line, end, over = b"", 1, b"", False
    for data in blocks(stream, head):
        data = end + data
        bare = len(data.rstrip(b"\r\n"))
        end = data[bare - 1 :] if data[bare - 1 : bare] == _END else b""  # unless more follows
        data = data[: len(data) - len(end)]
        if over:
            start = data.find(b"\n") + 1
            over, data, line = not start, data[start or len(data) :], line + bool(start)
        cut = data.rfind(b"\n") + 1
        if not cut and len(rest) + len(data) < MAX_LINE:
            rest += data
            continue
        long, cut = not cut, cut or len(data)
        whole, rest = b"".join((rest, memoryview(data)[:cut])), data[cut:]
        over = long and b"\r" not in whole  # else old Macs may have ended lines in it
        count = whole.count(b"\n")
        yield Block(whole, line, False, count)
        line += count
    if rest and not rest.endswith(b"\n"):
        rest += b"\n"
    yield Block(rest, line, True, rest.count(b"\n"))


@lru_cache(maxsize=64)
def _patterns(delimiter: bytes, cells: int) -> tuple[re.Pattern[bytes], ...]:
    """Lines whose quotes all close: one, many; and a record of `cells` sound cells over lines."""
    mark = re.escape(delimiter)
    quoted = rb'"(?:[^"\r\n]++|"")*+"'
    loose = rb"(?:" + quoted + rb'(?!")[^' + mark + rb'\r\n]*+|(?!")[^' + mark + rb"\r\n]*+)"
    line = loose + rb"(?:" + mark + loose + rb")*+"
    across = rb'(?:"(?:[^"]++|"")*+"(?=' + mark + rb'|[\r\n])|(?!")[^' + mark + rb"\r\n]*+)"
    record = across + rb"(?:" + mark + across + rb"){" + b"%d" % (cells - 1) + rb"}(?:\r\n|\n|\r)"
    return tuple(map(re.compile, (line + rb"\r?\n?", rb"(?:" + line + rb"\r?\n)++", record)))


@dataclass
class Records:
    """Records of a block: their bytes, line numbers, what was set aside, and what is left over."""

    records: list[bytes] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    open_quotes: list[tuple[int, bytes]] = field(default_factory=list)
    cut: list[tuple[int, bytes]] = field(default_factory=list)  # the line over `MAX_LINE`, if any
    rest: bytes = b""
    rest_line: int = 0


_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r)")


def records(block: Block, delimiter: bytes, cells: int) -> Records:
    """Cut a block into records; one that may go on in the next block is left over.

    >>> found = records(Block(b'1,"a\\nb"\\n2,"c\\n3,d\\n', 1, True), b",", 2)
    >>> found.records, found.lines, found.open_quotes
    ([b'1,"a\\nb"\\n', b'3,d\\n'], [1, 4], [(3, b'2,"c')])
    """
    whole = block.data.rfind(b"\n") + 1
    if whole < len(block.data) and not block.last and b"\r" not in block.data[whole:]:
        found = records(Block(block.data[:whole], block.line, True), delimiter, cells)
        found.cut.append((block.line + block.data.count(b"\n"), block.data[whole:]))
        return found
    closed, closed_lines, record = _patterns(delimiter, cells)
    found = Records()
    data, position, line = block.data, 0, block.line
    while position < len(data):
        quote = data.find(b'"', position)
        calm = len(data) if quote < 0 else data.rfind(b"\n", position, quote) + 1
        if calm > position:  # whole lines without a quote need no look at each
            run = data[position:calm]
            plain = run.splitlines(keepends=True)
            found.records += plain
            if b"\r" in run:  # a line may end in one of old Macs, which starts no new number
                numbers = [line + each for each in accumulate(text.count(b"\n") for text in plain)]
                found.lines += [line, *numbers[:-1]]
            else:
                found.lines += range(line, line + len(plain))
            line += run.count(b"\n")
            position = calm
            continue
        together = closed_lines.match(data, position)
        if together is not None:
            plain = together.group().splitlines(keepends=True)
            found.records += plain
            found.lines += range(line, line + len(plain))
            line += len(plain)
            position = together.end()
            continue
        match = _LINE.match(data, position)
        end = match.end() if match else len(data)
        text = data[position:end]
        if b'"' in text and not closed.fullmatch(text):
            joined = record.match(data, position, min(len(data), position + MAX_RECORD))
            if joined is None:
                if not block.last and len(data) - position < MAX_RECORD:
                    found.rest, found.rest_line = data[position:], line
                    return found
                found.open_quotes.append((line, text.rstrip(b"\r\n")))
                line += text.count(b"\n")
                position = end
                continue
            end = joined.end()
            text = data[position:end]
        found.records.append(text)
        found.lines.append(line)
        line += text.count(b"\n")
        position = end
    return found


_ACCENTED = frozenset("ŒœŠšŽžŸ") | {chr(code) for code in range(0xC0, 0x100)} - {"×", "÷"}
_SIGNS = frozenset("×÷ƒ") | {chr(code) for code in range(0xA1, 0xC0)}
# Those that stand in a row in its languages: jääöljy, Gefäßöffner, ÆØÅ; þýðing, góðæri.
_KIN = (frozenset("ÄÅÆÕÖØÜßäåæõöøü"), frozenset("ÁÆÉÍÐÓÖØÚÝÞáæéíðóöøúýþ"))


def _row(
    places: list[frozenset[str]], at: int, one: frozenset[str], on: int, two: frozenset[str]
) -> str:
    """Characters in a row, of which the one `at` is none of `one`, the one `on` none of `two`."""
    places[at] -= one
    places[on] -= two
    return "".join(f"[{''.join(sorted(each))}]" for each in places)


# What Windows-1252 makes of Arabic, Russian, Chinese or the letters of DOS: letters with accents in
# a row that none of its languages has; signs amid a word; bytes that it leaves empty.
NO_TEXT = "|".join(
    (
        *(
            _row([_ACCENTED] * 3, at, _KIN[0], on, _KIN[1])
            for at, on in product(range(3), repeat=2)
        ),
        *(
            _row([_ACCENTED | _SIGNS] * 4, at, _SIGNS, on, _ACCENTED)
            for at, on in permutations(range(4), 2)
        ),
        "[Ýý][ÐðÞþ][Ýý]",  # Turkish, whose undotted i stands there
        "[A-Za-z][‚ƒ„†‡ˆ‰‹¢£¤¥¦§¬¯¶¸¹¿][A-Za-z]",
        "[A-LN-Za-ln-z]³[A-Za-z]",  # but m³h is a flow
        "[\u0080-\u009f]",
    )
)
UNKNOWN = "encoding_unknown"
UNKNOWN_TOLD = "the line is not UTF-8, and read as Windows-1252 it is no text"
_NO_TEXT = f"(?=[^\\x00-\\x7f]|[A-Za-z][^\\x00-\\x7f])(?:{NO_TEXT})"


def is_no_text(guessed: str) -> bool:
    """Whether a line that was read as Windows-1252 must be in another encoding.

    >>> russian = "пистолеты".encode("cp1251").decode("cp1252")
    >>> is_no_text(russian), is_no_text("pièces détachées, «Über», 5 m³h")
    (True, False)
    """
    # Compiled by the first line that is asked about: most files have none.
    return re.search(_NO_TEXT, guessed) is not None


def utf8_lines(data: bytes, line: int) -> tuple[bytes, set[int]]:
    """The same bytes, with each line that is not UTF-8 read as Windows-1252; and which those are.

    >>> utf8_lines("é\\n".encode() + "é\\n".encode("cp1252"), 1)
    (b'\\xc3\\xa9\\n\\xc3\\xa9\\n', {2})
    """
    try:
        data.decode("utf-8")
        return data, set()
    except UnicodeDecodeError:
        pass
    made, guessed = [], set()
    for number, text in enumerate(data.split(b"\n"), line):
        try:
            text.decode("utf-8")
        except UnicodeDecodeError:
            try:
                text = text.decode("cp1252").encode("utf-8")
            except UnicodeDecodeError:  # five bytes that Windows-1252 leaves empty
                text = text.decode("latin-1").encode("utf-8")
            guessed.add(number)
        made.append(text)
    return b"\n".join(made), guessed

"""What happens to files on their way, by accident or on purpose: bytes in, bytes out.

Every accident takes the content of a sample and a seeded source of chance. The lures of
the hostile ones (a file, an address) are handed in, so that whoever runs them can watch.
"""

from __future__ import annotations

import gzip
import io
import random
import re
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

MANY = 100_000  # segments, rows, elements, attributes
MARKS = (
    b"\0",
    b'"',
    b"\r",
    b"\n",
    b"\xff\xfe",
    b"'",
    b"<",
    b"{",
    b"+",
    b":",
    b"?",
    b"]]>",
    b"\x1a",
)
BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0", b"\0\0\xfe\xff")
ENCODINGS = ("utf-16", "utf-16-be", "utf-32", "utf-8-sig", "cp037", "mac_roman", "utf-7", "cp1251")


@dataclass(frozen=True)
class Lures:
    """What no reader may touch: a file, and an address that listens."""

    file: str = "/lure"
    address: str = "http://127.0.0.1:9/lure"


@dataclass(frozen=True)
class Given:
    """A sample, the others beside it, chance, and the lures."""

    data: bytes
    others: tuple[bytes, ...]
    chance: random.Random
    lures: Lures = Lures()

    def place(self) -> int:
        """Somewhere in the content, its end included."""
        return self.chance.randrange(len(self.data) + 1)

    def stretch(self) -> tuple[int, int]:
        """A short stretch of the content."""
        start = self.place()
        return start, min(len(self.data), start + self.chance.choice((1, 2, 10, 200, 2_000)))


Accident = Callable[[Given], bytes]


def truncate(given: Given) -> bytes:
    return given.data[: given.place()]


def splice(given: Given) -> bytes:
    """The start of this file and the end of another, or another put into its middle."""
    other, at = given.chance.choice(given.others), given.place()
    if given.chance.random() < 0.5:
        return given.data[:at] + other[given.chance.randrange(len(other) + 1) :]
    return given.data[:at] + other[:5_000] + given.data[at:]


def flip(given: Given) -> bytes:
    data = bytearray(given.data or b"\0")
    for _ in range(given.chance.choice((1, 1, 2, 5, 20))):
        data[given.chance.randrange(len(data))] ^= 1 << given.chance.randrange(8)
    return bytes(data)


def scribble(given: Given) -> bytes:
    start, end = given.stretch()
    return given.data[:start] + given.chance.randbytes(end - start) + given.data[end:]


def leave_out(given: Given) -> bytes:
    start, end = given.stretch()
    return given.data[:start] + given.data[end:]


def repeat(given: Given) -> bytes:
    start, end = given.stretch()
    return (
        given.data[:start]
        + given.data[start:end] * given.chance.choice((2, 50))
        + (given.data[end:])
    )


def swap(given: Given) -> bytes:
    first, second = sorted((given.place(), given.place()))
    return given.data[second:] + given.data[first:second] + given.data[:first]


def mark(given: Given) -> bytes:
    at = given.place()
    return given.data[:at] + given.chance.choice(MARKS) + given.data[at:]


def nul(given: Given) -> bytes:
    at = given.place()
    return given.data[:at] + b"\0" * given.chance.choice((1, 2, 512)) + given.data[at:]


def bom(given: Given) -> bytes:
    at = 0 if given.chance.random() < 0.7 else given.place()
    return given.data[:at] + given.chance.choice(BOMS) + given.data[at:]


def encode_anew(given: Given) -> bytes:
    text = given.data.decode(given.chance.choice(("latin-1", "utf-8")), errors="replace")
    return text.encode(given.chance.choice(ENCODINGS), errors="replace")


def line_ends(given: Given) -> bytes:
    return given.data.replace(b"\n", given.chance.choice((b"\r", b"\r\n", b"\n\n", b"", b"\x85")))


def numbers(given: Given) -> bytes:
    """One number becomes one that no machine wants."""
    found = list(re.finditer(rb"\d+(?:\.\d+)?", given.data))
    if not found:
        return given.data
    at = given.chance.choice(found)
    wild = (b"1e309", b"-0", b"NaN", b"9" * 400, b"1_000", "٣".encode(), b"1e-400", b"0x10", b"-1")
    return given.data[: at.start()] + given.chance.choice(wild) + given.data[at.end() :]


def gzipped(given: Given) -> bytes:
    return gzip.compress(given.data, 1, mtime=0)


def zipped(given: Given) -> bytes:
    return _zip([("one", given.data)])


PLAIN: tuple[Accident, ...] = (
    truncate, splice, flip, scribble, leave_out, repeat, swap, mark, nul, bom, encode_anew,
    line_ends, numbers, gzipped, zipped,
)  # fmt: skip


# ------------------------------------------------------------------ in bulk


def many(given: Given) -> bytes:
    """A record a hundred thousand times: a line, a segment, or an element of XML."""
    data, chance = given.data, given.chance
    if data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        return chance.choice((_many_elements, _many_attributes, _deep))(data)
    if data[:3] in (b"UNA", b"UNB", b"ISA"):
        end = b"~" if data.startswith(b"ISA") else b"'"
        parts = data.split(end)
        at = chance.randrange(1, max(2, len(parts) - 2))
        run = chance.choice((1, 1, 4))
        some = parts[at : at + run]
        return end.join(parts[:at] + some * (MANY // run) + parts[at:])
    lines = data.split(b"\n")
    if b"\0" in data or len(lines) < 3:
        return b"\n".join([data] + [b"x,y,z"] * MANY)
    at = chance.randrange(1, len(lines) - 1)
    return b"\n".join(lines[:at] + [lines[at]] * MANY + lines[at:])


def attributes(given: Given) -> bytes:
    """A hundred thousand attributes on one element."""
    return _many_attributes(given.data)


def depth(given: Given) -> bytes:
    """A hundred thousand elements, each in the one before."""
    return _deep(given.data)


def _many_elements(data: bytes) -> bytes:
    found = list(re.finditer(rb"<(\w[\w.:-]*)[^<>]*>[^<>]*</\1>", data))
    if not found:
        return data
    one = found[len(found) // 2]
    return data[: one.start()] + one.group() * MANY + data[one.end() :]


def _many_attributes(data: bytes) -> bytes:
    found = re.search(rb"<\w[\w.:-]*", data)
    if found is None:
        return data
    some = b"".join(b' a%d="x"' % n for n in range(MANY))
    return data[: found.end()] + some + data[found.end() :]


def _deep(data: bytes) -> bytes:
    found = re.search(rb"</\w", data)
    at = found.start() if found else 0
    return data[:at] + b"<a>" * MANY + b"</a>" * MANY + data[at:]


def gzip_bomb(given: Given) -> bytes:
    """Many megabytes of one record, packed; or gzip within gzip."""
    size = given.chance.choice((2_000_000, 20_000_000, 60_000_000))
    unit = given.data[:2_000] or b"\0"
    packed = gzip.compress(unit * (size // len(unit)), 9, mtime=0)
    return gzip.compress(packed, 9, mtime=0) if given.chance.random() < 0.3 else packed


def zip_bomb(given: Given) -> bytes:
    """Members of zeros, or a hundred of them, beside the sample."""
    size = given.chance.choice((2_000_000, 20_000_000))
    count = given.chance.choice((1, 3))
    return _zip([("one", given.data), *((f"zeros{n}", b"0" * size) for n in range(count))])


# ------------------------------------------------------------------ XML


def entities(given: Given) -> bytes:
    """Bombs of entities, and entities that lead out: file, address, parameter, XInclude."""
    lure = given.chance.choice((f"file://{given.lures.file}", given.lures.address))
    laughs = '<!ENTITY l0 "ha">' + "".join(
        f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12)
    )
    kinds = (
        (f"<!DOCTYPE r [{laughs}]>", "&l11;"),
        (f'<!DOCTYPE r [<!ENTITY q "{"q" * 50_000}">]>', "&q;" * 20_000),
        (f'<!DOCTYPE r [<!ENTITY x SYSTEM "{lure}">]>', "&x;"),
        (f'<!DOCTYPE r [<!ENTITY % p SYSTEM "{lure}"> %p;]>', ""),
        (f'<!DOCTYPE r SYSTEM "{lure}">', ""),
        (f'<!DOCTYPE r PUBLIC "-//X//Y" "{lure}">', ""),
        (f'<?xml-stylesheet href="{lure}"?>', ""),
        ("", f'<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="{lure}" parse="text"/>'),
    )
    before, inside = given.chance.choice(kinds)
    data = given.data
    start = re.search(rb"\?>", data[:200])
    at = start.end() if start and data.lstrip().startswith(b"<") else 0
    data = data[:at] + before.encode() + data[at:]
    spots = [found.start() for found in re.finditer(rb"</", data)]
    spot = given.chance.choice(spots) if spots else len(data)
    return data[:spot] + inside.encode() + data[spot:]


# ------------------------------------------------------------------ archives


def _zip(members: list[tuple[str | zipfile.ZipInfo, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(_undated(name) if isinstance(name, str) else name, content)
    return out.getvalue()


def _undated(name: str) -> zipfile.ZipInfo:
    """A member without the time of day: the same number gives the same mutant at any time."""
    made = zipfile.ZipInfo(name)
    made.compress_type, made.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
    return made


def link(given: Given) -> bytes:
    info = zipfile.ZipInfo("link")
    info.external_attr = 0o120777 << 16
    return _zip([("one", given.data), (info, given.lures.file.encode())])


def wayward(given: Given) -> bytes:
    """A member whose name leads out of its folder."""
    names = ("../out", "/out", "a/../../out", "..\\out", "C:\\out", "C:out", given.lures.file)
    return _zip([(given.chance.choice(names), given.data)])


def twice(given: Given) -> bytes:
    """Two members of one name; the second is renamed in the bytes, as no writer would."""
    made = _zip([("same1", given.data), ("same2", given.data[::-1])])
    return made.replace(b"same2", b"same1")


def nested(given: Given) -> bytes:
    inner = given.chance.choice((_zip([("one", given.data)]), gzip.compress(given.data, mtime=0)))
    return _zip([("inner", inner)])


def crowd(given: Given) -> bytes:
    return _zip([(f"n{n}", given.data[:20]) for n in range(given.chance.choice((101, 3_000)))])


def encrypted(given: Given) -> bytes:
    """The flag of encryption set in both headers."""
    made = bytearray(_zip([("one", given.data)]))
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        made[made.find(magic) + offset] |= 1
    return bytes(made)


def lying(given: Given) -> bytes:
    """Sizes, offsets or checksums of the directory that are not those of the member."""
    made = bytearray(_zip([("one", given.data)]))
    entry = made.find(b"PK\x01\x02")
    offset = given.chance.choice((16, 20, 24, 42))  # CRC, packed, unpacked, place
    wild = (0, 1, len(given.data) // 2, 2**31, 2**32 - 1)
    made[entry + offset : entry + offset + 4] = struct.pack("<I", given.chance.choice(wild))
    if given.chance.random() < 0.5:
        made[22:26] = struct.pack("<I", given.chance.choice(wild))
    return bytes(made)


def zip_fields(given: Given) -> bytes:
    """Any field of either header of an archive of two overwritten."""
    made = bytearray(_zip([("one", given.data), ("two", given.data)]))
    starts = [at.start() for at in re.finditer(rb"PK(?:\x01\x02|\x03\x04|\x05\x06)", bytes(made))]
    at = given.chance.choice(starts) + given.chance.randrange(4, 46)
    if at + 2 <= len(made):
        made[at : at + 2] = given.chance.randbytes(2)
    return bytes(made)


def part(given: Given) -> bytes:
    """A part of a workbook (or of any zip) struck by another accident, and packed again."""
    try:
        with zipfile.ZipFile(io.BytesIO(given.data)) as archive:
            parts = [(each.filename, archive.read(each)) for each in archive.infolist()]
    except Exception:
        return flip(given)
    at = given.chance.randrange(len(parts))
    name, content = parts[at]
    accident = given.chance.choice((flip, truncate, entities, scribble, numbers, leave_out))
    parts[at] = (name, accident(Given(content, given.others, given.chance, given.lures)))
    return _zip(list(parts))


TRICKS: tuple[Accident, ...] = (
    link, wayward, twice, nested, crowd, encrypted, lying, zip_fields,
)  # fmt: skip
BULK: tuple[Accident, ...] = (many, gzip_bomb, zip_bomb)
ACCIDENTS: tuple[Accident, ...] = (*PLAIN, entities, part, *TRICKS, *BULK)


def accident_names(chosen: list[Accident]) -> str:
    return "+".join(one.__name__ for one in chosen)


def mutant(
    name: str, number: int, samples: dict[str, bytes], lures: Lures, seed: int = 0
) -> tuple[bytes, str]:
    """The content of one mutant, and the accidents it met; the same for the same numbers.

    Of 1,000 mutants of a sample about 4 are of great size, 80 are archives with a trick,
    80 carry entities, and the others met one to four plain accidents.
    """
    chance = random.Random(f"{seed}:{name}:{number}")
    others = tuple(samples.values())
    draw = chance.random()
    packed = samples[name].startswith(b"PK")
    if draw < 0.004:
        chosen = [chance.choice(BULK)]
    elif draw < 0.084:
        chosen = [chance.choice(TRICKS)]
    elif draw < 0.164:
        chosen = [entities] if not packed else [part]
    elif packed and draw < 0.5:
        chosen = [part]
    else:
        chosen = [chance.choice(PLAIN) for _ in range(chance.randint(1, 4))]
    data = samples[name]
    for accident in chosen:
        data = accident(Given(data, others, chance, lures))
    return data, accident_names(chosen)

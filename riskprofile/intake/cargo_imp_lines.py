"""The lines of Cargo-IMP messages (IATA Type B text): messages, segments, parties, quantities.

A message begins with a line such as `FWB/16`. A segment begins with three letters and goes
on in lines that begin with a slant. Address lines of the network stand around messages.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from riskprofile.intake.reader import Source
from riskprofile.intake.rows import decimal, one_line, plain

KINDS = ("FWB", "FHL", "FFM")
HEAD = re.compile(rf"({'|'.join(KINDS)})/(\d{{1,2}})")
MAX_LINES = 50_000  # of one message; the manual allows 3,500 characters
MAX_LINE = 4_000
_TAG = re.compile(r"([A-Z]{3})(?:/(.*))?")
# Priority and addresses, origin with its time, and the control characters of the network.
_ENVELOPE = re.compile(r"(?:Q[A-Z]|=[A-Z]+)(?: .*)?|\.[A-Z0-9]{7}(?: .*)?|NNNN")
_CONTROLS = dict.fromkeys(range(32))

CUBIC_METRES = {"MC": "1", "CF": "0.028316846592", "CC": "0.000001", "CI": "0.000016387064"}
KILOGRAMS = {"K": "1", "L": "0.45359237"}
_NUMBER = r"\d+(?:\.\d*)?"
_QUANTITY = re.compile(
    rf"(?P<code>[A-Z])(?P<pieces>\d{{1,6}})(?:(?P<unit>[KL])(?P<mass>{_NUMBER}))?"
    rf"(?:(?P<cubic>MC|CF|CC|CI)(?P<volume>{_NUMBER}))?(?:DG\d{{1,2}})?(?:T(?P<total>\d{{1,6}}))?"
)
WAYBILL = re.compile(
    r"(?P<prefix>\d{3})-?(?P<serial>\d{8})"
    r"(?P<first>[A-Z]{3})?(?P<second>[A-Z]{3})?(?:/(?P<quantity>[^/]*))?(?:/(?P<text>.*))?"
)
_TELEPHONE = "TE"


@dataclass
class Line:
    """One line without its leading slant: its number in the file, and its fields."""

    place: int
    text: str

    @property
    def fields(self) -> list[str]:
        """The parts between slants."""
        return [part.strip() for part in self.text.split("/")]


@dataclass
class Segment:
    """A tag, what stands behind it on its own line, and its further lines."""

    tag: str
    place: int
    lines: list[Line]


@dataclass
class Message:
    """One message: kind, version, where it began, and its segments in order."""

    kind: str
    version: str
    place: int
    segments: list[Segment] = field(default_factory=list)
    long: bool = False
    guessed: bool = False  # a line was no UTF-8

    def all(self, tag: str) -> list[Segment]:
        """Every segment of a tag."""
        return [segment for segment in self.segments if segment.tag == tag]

    def first(self, tag: str) -> Segment | None:
        """The first segment of a tag."""
        return next(iter(self.all(tag)), None)


def messages(source: Source) -> Iterator[Message]:
    """Every message of a file; what stands before the first belongs to none."""
    message: Message | None = None
    for place, text, guessed in _lines(source):
        if found := HEAD.fullmatch(text):
            if message is not None:
                yield message
            message = Message(found[1], found[2], place)
        elif message is not None and not _ENVELOPE.fullmatch(text):
            message.guessed |= guessed
            last = message.segments[-1:]
            if max(len(message.segments), *(len(one.lines) for one in last), 0) > MAX_LINES:
                message.long = True
            else:
                _add(message, place, text)
    if message is not None:
        yield message


def _add(message: Message, place: int, text: str) -> None:
    if text.startswith("/"):
        if message.segments:
            message.segments[-1].lines.append(Line(place, text[1:]))
        return
    found = _TAG.fullmatch(text)
    if found:
        message.segments.append(Segment(found[1], place, [Line(place, found[2] or "")]))
    else:  # a waybill, a place of unloading, the end of a manifest
        message.segments.append(Segment("", place, [Line(place, text)]))


def _lines(source: Source) -> Iterator[tuple[int, str, bool]]:
    with source.open() as raw:
        stream = io.TextIOWrapper(raw, "utf-8-sig", "surrogateescape", newline=None)
        place = 0
        while text := stream.readline(MAX_LINE):
            place += 1
            guessed = any("\udc80" <= letter <= "\udcff" for letter in text)
            if guessed:
                text = text.encode("utf-8", "surrogateescape").decode("cp1252", "replace")
            text = text.translate(_CONTROLS).strip()
            if text:
                yield place, text, guessed


@dataclass
class Quantity:
    """Pieces and measures of a waybill or a part of it, as text for the table."""

    code: str | None = None  # T total, P part, S split, D divided
    pieces: str | None = None
    mass: str | None = None
    volume: str | None = None
    total: str | None = None  # pieces of the whole waybill


def quantity(text: str) -> Quantity | None:
    """`T4K245MC1.2` and its like; nothing where it is not of that form.

    >>> quantity("P4L100T10")
    Quantity(code='P', pieces='4', mass='45.359237', volume=None, total='10')
    """
    found = _QUANTITY.fullmatch(text.replace(" ", ""))
    if not found:
        return None
    return Quantity(
        found["code"],
        plain(Decimal(found["pieces"])),
        measure(found["mass"], KILOGRAMS.get(found["unit"] or "")),
        measure(found["volume"], CUBIC_METRES.get(found["cubic"] or "")),
        found["total"],
    )


def measure(text: str | None, factor: str | None) -> str | None:
    """A measure times its factor; zero is missing."""
    value, by = decimal(text), decimal(factor)
    return plain(value * by) if value and by else None


@dataclass
class Party:
    """A shipper, consignee or notify party."""

    account: str | None = None
    name: str | None = None
    address: str | None = None
    country: str | None = None
    phone: str | None = None


def party(segments: list[Segment]) -> Party:
    """A party from its segment, and the NAM, ADR, LOC behind it that newer versions use."""
    made = Party()
    first, *named = segments
    own = [line.text for line in first.lines]
    if named:
        made.account = one_line(own[0])
        parts = {
            tag: [line.text for one in named if one.tag == tag for line in one.lines]
            for tag in ("NAM", "ADR", "LOC")
        }
        # Behind LOC stand the coded place and contacts, each on a line of its own.
        coded = parts["LOC"][1:] or own[1:]
        made.name = one_line(" ".join(parts["NAM"]))
        streets = [*parts["ADR"], *parts["LOC"][:1]]
    else:
        lines = own[1:]
        if first.tag == "NFY" and own[0]:
            lines = own
        else:
            made.account = one_line(own[0])
        at = next((n for n, text in enumerate(lines) if n and _coded(text)), len(lines))
        made.name = one_line(lines[0]) if lines else None
        streets, coded = lines[1:at], lines[at:]
    fields = [part.strip() for text in coded for part in text.split("/")]
    if fields and re.fullmatch("[A-Z]{2}", fields[0]):
        made.country = fields[0]
    if _TELEPHONE in fields:
        made.phone = "".join(fields[fields.index(_TELEPHONE) + 1 :][:1]) or None
    post = fields[1] if made.country and len(fields) > 1 and fields[1] != _TELEPHONE else ""
    pieces = [part for text in streets for part in text.split("/")] + [post]
    made.address = ", ".join(part.strip() for part in pieces if part.strip()) or None
    return made


def _coded(text: str) -> bool:
    """Whether a line is a country code, perhaps with post code and contacts."""
    return bool(re.fullmatch(r"[A-Z]{2}(?:/.*)?", text))

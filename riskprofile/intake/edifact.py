"""The one EDIFACT tokenizer: bytes -> segments, each with its place in the file.

Release pairs are first put out of sight, from left to right; then plain splitting by
the separators that the file declares is right, and fast. X12 hands in its own
separators. Source: ISO 9735 syntax versions 1 to 4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, NamedTuple

from riskprofile.intake.reader import unread

# UNB syntax level (data element 0001): how its bytes are read; others as UNOA
CHARSETS = {
    "UNOA": "ascii",
    "UNOB": "ascii",
    "UNOC": "iso8859-1",
    "UNOD": "iso8859-2",
    "UNOE": "iso8859-5",
    "UNOF": "iso8859-7",
    "UNOG": "iso8859-3",
    "UNOH": "iso8859-4",
    "UNOI": "iso8859-6",
    "UNOJ": "iso8859-8",
    "UNOK": "iso8859-9",
    "UNOW": "utf-8",
    "UNOY": "utf-8",
}
# Segments of the messages we read, to see a tag that a lost terminator left inside data.
_TAGS = """
    ABI ADD AJT ALI APD APR ATT AUT BAG BGM BUS CED CNI CNT COM CPI CST CTA CUX DAM DAT DCR DGS
    DMS DOC DTM EBD EQA EQD EQN ERC ERP FAR FII FOP FTI FTX GDS GEI GID GIN GIR GIS GOR GPO GRI HAN
    IDE IFD IFT IMD LAN LIN LOC LTS MEA MOA MON MSG NAD NAT ODI ORG PAC PAT PCD PCI PDI PIA PNR POC
    PRI PTK QTY QVR RCI REF REL RFF RNG RPI SAC SEL SEQ SPR SRC SSD SSR STS TAX TBD TDT TIF TKT TMD
    TMP TOD TPL TRA TRI TSR TVL TXD TXT UNB UNE UNG UNH UNS UNT UNZ VEH
"""
TAGS = frozenset(_TAGS.split())

_BLOCK = 1 << 16
_JUNK = " \t\r\n\x0b\x0c\x00\x02\x03\x1a\x01\x04"  # blanks, line breaks, STX, ETX and their like
_BOM = "\xef\xbb\xbf"  # of UTF-8, as its bytes read one by one
_BREAK = re.compile(r"([ \t]*)[\r\n]+[ \t]*")
_TAG = re.compile(r"[A-Z][A-Z0-9]{2}")
_HEAD = r"UN(?:H{e}[^{e}{t}]{{1,35}}{e}[A-Z]{{6}}{c}\w{{1,3}}{c}|B{e}UNO[A-Z]{c}\d)"
_HIDDEN = 0x100  # bytes end at 0xFF: what stands for a released byte can never be data
_RELEASED = {_HIDDEN + byte: byte for byte in range(256)}
_JOINT = "\uffff"  # between components: no character, so it is in no text
_MAX_SEGMENT = 1 << 20


class Segment(NamedTuple):
    """One segment. `elements[0]` is the tag; components of an element are kept in one text."""

    tag: str
    elements: list[str]  # split on demand: a list for each element halves the speed
    place: int  # from 1, in the file
    note: str = ""  # a warning code

    def components(self, element: int) -> list[str]:
        """The components of an element; none where the segment is shorter."""
        return self.elements[element].split(_JOINT) if element < len(self.elements) else []

    def get(self, element: int, component: int = 0) -> str:
        """A component, `""` where the segment is shorter."""
        parts = self.components(element)
        return parts[component] if component < len(parts) else ""


class Marks:
    """The separators of one interchange: component, element, decimal, release, terminator."""

    closes, head_size = "UNZ", 9  # what ends an interchange; characters that tell the next one's

    def __init__(
        self,
        component: str,
        element: str,
        decimal: str,
        release: str,
        end: str,
        tag: str = "",
        head: str = _HEAD,
    ) -> None:
        self.component, self.element, self.decimal, self.end = component, element, decimal, end
        self.release = release
        self.tag = re.compile(tag) if tag else _TAG
        # The head of a message or interchange: in data, some separator of it would be released.
        self._head = re.compile(
            head.format(e=re.escape(element), c=re.escape(component), t=re.escape(end))
        )
        released = re.escape(release) if release.strip() else ""
        self._pair = re.compile(f"{released}(.)", re.DOTALL) if released else None
        data = f"[^{released}{re.escape(end)}]++" + (f"|{released}." if released else "")
        self.rest = re.compile(f"(?:{data})*+{re.escape(end)}", re.DOTALL)  # of a segment

    @classmethod
    def una(cls, text: str, name: str) -> Marks:
        """From the six characters of a UNA; two roles on one character are refused."""
        component, element, decimal, release, repetition, end = list(text)
        roles = [component, element, end, *(r for r in (release, repetition) if r != " ")]
        if len(set(roles)) < len(roles) or any(r.isalnum() or r in " \x00" for r in roles):
            raise unread(
                "unread.bad_una",
                f"{name}: segment 1",
                "Ask the sender for the message as it left",
                text=repr(text),
            )
        return cls(component, element, decimal, release, end)

    def at(self, text: str, name: str) -> tuple[Marks, str]:
        """The separators of the interchange that opens here, and the text without its UNA."""
        if text.startswith("UNA") and len(text) >= self.head_size:
            return Marks.una(text[3:9], name), text[9:]
        # A UNA holds for one interchange.
        return (DEFAULT if text.startswith(f"UNB{DEFAULT.element}") else self), text

    def hide(self, text: str) -> str:
        """Released characters moved out of the range of bytes, pairs taken from the left."""
        if self._pair is None or self.release not in text:
            return text
        return self._pair.sub(lambda pair: chr(ord(pair[1]) + _HIDDEN), text)

    def split(self, text: str) -> list[str]:
        """Hidden text by its terminators, and before a head that stands inside a segment.

        There a sender broke off and began anew: what was broken off must take neither the
        message behind it along, nor be read as a part of it.
        """
        parts: list[str] = []
        start, blank = 0, _JUNK.replace(self.end, "")
        for found in self._head.finditer(text):
            place = before = found.start()
            while before > start and text[before - 1] in blank:
                before -= 1
            if before > start and text[before - 1] != self.end:
                parts += text[start:place].split(self.end)
                start = place
        return parts + text[start:].split(self.end)


DEFAULT = Marks(":", "+", ".", "?", "'")


def _shown(text: str, charset: str) -> tuple[str, bool]:
    """Released characters back as data, bytes decoded; whether the charset held."""
    text = text.translate(_RELEASED)
    if text.isascii():
        return text, True
    raw = text.encode("iso8859-1")
    for name in (charset, "utf-8"):
        try:
            return raw.decode(name), name == charset
        except UnicodeDecodeError:
            continue
    return text, False


def _segment(text: str, marks: Marks, charset: str, place: int) -> Segment:
    note = ""
    if "\n" in text or "\r" in text:
        if _tag_after_break(text, marks):
            note = "edifact_terminator_missing"
        text = _BREAK.sub(lambda found: " " if found[1] else "", text)
    elements = text.replace(marks.component, _JOINT).split(marks.element)
    if not text.isascii():
        for number, element in enumerate(elements):
            if not element.isascii():
                shown = [_shown(part, charset) for part in element.split(_JOINT)]
                elements[number] = _JOINT.join(part for part, _ in shown)
                if not note and not all(held for _, held in shown):
                    note = "edifact_charset"
    tag = elements[0].split(_JOINT, 1)[0]
    if not marks.tag.fullmatch(tag):
        joined = "".join(tag.split()).upper()
        if joined in TAGS:
            tag, note = joined, note or "edifact_tag_blank"
        else:
            note = "edifact_bad_tag"
    return Segment(tag, elements, place, note)


def _tag_after_break(text: str, marks: Marks) -> bool:
    found = re.findall(rf"[\r\n][ \t]*([A-Z]{{3}}){re.escape(marks.element)}", text)
    return any(tag in TAGS for tag in found)


def tokenize(opened: IO[bytes], name: str, marks: Marks = DEFAULT) -> Iterator[Segment]:
    """The segments of a file in order; a last one without terminator has the tag `""`.

    Raises
    ------
    InputError
        The separators cannot be told, or a megabyte passes without a terminator.
    """
    charset, place = "ascii", 0
    raw, cut = "", ""  # not yet split; and the segment that it goes on with
    opening = True  # an interchange may open here, with separators of its own
    while True:
        block = opened.read(_BLOCK)
        # What is cut off is looked at again: an interchange may end there and in this block.
        raw, cut = cut + raw + block.decode("iso8859-1"), ""
        while raw:
            if opening:
                raw = raw.lstrip(_JUNK).removeprefix(_BOM).lstrip(_JUNK)
                if len(raw) < marks.head_size and block:
                    break
                marks, raw = marks.at(raw, name)
                opening = False
            # No further than the end of an interchange, behind which other separators may hold.
            last = raw.find(marks.closes)
            ends = marks.rest.match(raw, last) if last >= 0 else None
            piece, raw = (raw[: ends.end()], raw[ends.end() :]) if ends else (raw, "")
            parts = marks.split(marks.hide(cut + piece))
            cut = parts.pop()
            if len(cut) > _MAX_SEGMENT:
                raise unread(
                    "unread.no_terminator",
                    f"{name}: segment {place + 1}",
                    "The file's separators are not those that it declares",
                )
            for part in parts:
                text = part.strip(_JUNK)
                if text:
                    place += 1
                    segment = _segment(text, marks, charset, place)
                    if segment.tag == "UNB":
                        charset = CHARSETS.get(segment.get(1)[:4], "ascii")
                    opening = segment.tag == marks.closes
                    yield segment
        if not block:
            break
    if left := cut.strip(_JUNK):
        broken = _segment(left, marks, charset, place + 1)
        yield Segment("", broken.elements, place + 1, broken.tag)

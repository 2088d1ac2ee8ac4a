"""EDIFACT messages: segments gathered from UNH to UNT, what their controls say, and their reader.

Totals and references that disagree are warnings, with `_short` when more is declared
than found; broken structure sets `Message.error`, for that message alone, so that the
messages beside it are kept. Source: ISO 9735 syntax versions 1 to 4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from riskprofile.intake.edifact import TAGS, Segment, tokenize
from riskprofile.intake.reader import RawChunk, Source, unread
from riskprofile.intake.rows import Gather

LONGEST = 99_999  # segments of one message or set: it is held in memory whole
_WHOLE = {("", ""), ("1", ""), ("1", "F")}  # UNH fourth element: part, and whether the first, last


@dataclass
class Message:
    """The segments of one message without UNH and UNT, and what its controls say."""

    type: str
    version: str  # version and release, as in D:02B
    reference: str
    place: int  # of its UNH
    unb: Segment | None = None
    whole: bool = True  # not one part of several, as UNH tells
    segments: list[Segment] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    error: tuple[str, str, int] | None = None  # code, reason, segment

    def fail(self, code: str, reason: str, place: int) -> None:
        """The first fault stands; a broken message is never read in part."""
        self.error = self.error or (code, reason, place)


class EdifactReader:
    """A reader of messages of some types; `write` is what a format adds."""

    name: str
    profile: str
    types: tuple[str, ...]

    def claims(self, head: bytes, name: str) -> bool:
        """Whether an EDIFACT message of these types opens in the head."""
        types = "|".join(self.types).encode()
        return bool(re.search(rb"UNH[^A-Za-z0-9].{1,40}?(%b)" % types, head, re.DOTALL))

    def read(self, source: Source, profile: str, chunk_rows: int) -> Iterator[RawChunk]:
        """One row per record; a message that cannot be trusted is one rejection."""
        rows = Gather(profile, source, chunk_rows)
        for message in messages(source):
            if message.error is None and message.type not in self.types:
                reason = f"a message of type {message.type[:20]!r}, which this reader does not know"
                message.fail("edifact_message_type", reason, message.place)
            if message.error is not None:
                code, reason, place = message.error
                rows.reject(
                    code, f"segment {place}: {reason}", line=place, record_id=message.reference
                )
            else:
                self.write(message, rows)
            if rows.full:
                yield rows.take()
        yield rows.take()

    def write(self, message: Message, rows: Gather) -> None:
        """The records of one whole message."""
        raise NotImplementedError


def messages(source: Source) -> Iterator[Message]:
    """Every message of every interchange, in order, warnings of its envelope included.

    A message without UNB is read too. The envelopes are counted first, since what
    UNZ says stands behind what it speaks of.
    """
    with source.open() as opened:
        envelopes = _envelopes(tokenize(opened, source.name), source.name)
    with source.open() as opened:
        yield from _gather(tokenize(opened, source.name), envelopes)


def _envelopes(segments: Iterator[Segment], name: str) -> list[list[str]]:
    """Warnings of each interchange; the first entry is for messages that are in none."""
    found: list[list[str]] = [["edifact_no_unb"]]
    now = found[0]
    unb: Segment | None = None
    ung: Segment | None = None
    closed, last = True, ""
    total = grouped = groups = 0
    first = True
    for segment in segments:
        tag = segment.tag
        if first:
            first = False
            if tag not in {"UNB", "UNH", "UNG"}:
                raise unread(
                    "unread.not_edifact",
                    f"{name}: segment 1",
                    "Files with separators of their own need a UNA",
                )
        if tag == "UNB":
            if not closed:
                found[-1].append("edifact_no_unz")
            unb, ung, closed = segment, None, False
            total = grouped = groups = 0
            now = [] if _unb_date(segment) else ["edifact_date_odd"]
            found.append(now)
        elif tag == "UNG":
            ung, grouped, groups = segment, 0, groups + 1
        elif tag == "UNH":
            total, grouped = total + 1, grouped + 1
        elif tag == "UNE":
            now += _differ(segment, "une", grouped, ung.get(5) if ung else "")
        elif tag == "UNZ" or (tag == "" and segment.note == "UNZ"):
            now += _differ(segment, "unz", groups or total, unb.get(5) if unb else "")
            if tag == "":
                now.append("edifact_no_final_terminator")
            unb, ung, closed, now = None, None, True, found[0]
            total = grouped = groups = 0
        elif closed and last == "UNZ":
            found[-1].append("edifact_text_after_end")
        last = tag or segment.note
    if first:
        raise unread("unread.nothing", name, "Ask the sender for it again")
    if not closed:
        found[-1].append("edifact_no_unz")
    return [[*dict.fromkeys(one)] for one in found]


def _unb_date(unb: Segment) -> bool:
    day, hour = unb.get(4), unb.get(4, 1)
    good_day = re.fullmatch(r"(\d\d)?\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", day)
    return bool(good_day and re.fullmatch(r"([01]\d|2[0-3])[0-5]\d", hour))


def _differ(control: Segment, name: str, found: int, reference: str) -> list[str]:
    """Warnings when a control segment declares another count or reference."""
    codes = []
    declared = control.get(1)
    if not declared.isdecimal() or int(declared[:9]) != found:
        more = declared.isdecimal() and int(declared[:9]) > found
        codes.append(f"edifact_{name}_count" + ("_short" if more else ""))
    if control.get(2) != reference:
        codes.append(f"edifact_{name}_reference")
    return codes


def _gather(segments: Iterator[Segment], envelopes: list[list[str]]) -> Iterator[Message]:
    unb: Segment | None = None
    number, warnings = 0, envelopes[0]
    ended = False
    current: Message | None = None
    for segment in segments:
        tag = segment.tag
        if tag in {"UNB", "UNG", "UNE", "UNZ", "UNH"} or (tag, segment.note) == ("", "UNZ"):
            if current is not None:
                current.fail("edifact_no_unt", f"{tag or 'UNZ'} before UNT", segment.place)
                yield current
                current = None
            if tag == "UNB":
                unb, number = segment, number + 1
                warnings = envelopes[number]
            ended = tag not in {"UNB", "UNG", "UNE", "UNH"}
            if ended:  # what follows without UNB is of no interchange: sender and time are not its
                unb, warnings = None, envelopes[0]
            if tag == "UNH":
                version = ":".join((segment.get(2, 1), segment.get(2, 2)))
                current = Message(segment.get(2), version, segment.get(1), segment.place, unb)
                current.whole = (segment.get(4).lstrip("0"), segment.get(4, 1)) in _WHOLE
                current.warnings += warnings
        elif current is None:
            if not ended:  # after UNZ it is named by a warning of the envelope
                current = Message("", "", "", segment.place, unb)
                shown = tag if tag in TAGS else "text"
                current.fail("edifact_no_unh", f"{shown} outside a message", segment.place)
        elif tag == "UNT" or (tag == "" and _whole_unt(current, segment)):
            _close(current, segment)
            yield current
            current = None
        else:
            _add(current, segment)
    if current is not None:
        current.fail("edifact_no_unt", "the file ends before UNT", current.place)
        yield current


def _whole_unt(message: Message, cut: Segment) -> bool:
    """Whether a last segment without terminator is a UNT with nothing missing."""
    return cut.note == "UNT" and not _differ(
        cut, "unt", len(message.segments) + 2, message.reference
    )


def _add(message: Message, segment: Segment) -> None:
    if len(message.segments) >= LONGEST:
        reason = f"more than {LONGEST} segments in one message"
        message.fail("edifact_too_long", reason, segment.place)
        return
    if segment.tag == "":
        message.fail("edifact_cut", "the file ends inside a segment", segment.place)
    elif segment.note == "edifact_bad_tag":
        # Never quoted: what stands there is data, perhaps such as must not be kept.
        reason = "a terminator inside data: what follows it is no segment"
        message.fail("edifact_bad_tag", reason, segment.place)
    elif segment.note == "edifact_terminator_missing":
        message.fail(segment.note, "a tag inside data: no terminator before it", segment.place)
    elif segment.note:
        message.warnings.append(segment.note)
    message.segments.append(segment)


def _close(message: Message, unt: Segment) -> None:
    """Compare UNT; when segments are missing, look for one hidden inside data."""
    found = _differ(unt, "unt", len(message.segments) + 2, message.reference)
    if "edifact_unt_count_short" in found and message.error is None:
        for segment in message.segments:
            for number in range(1, len(segment.elements) - 1):
                last = segment.components(number)[-1]
                if last[-3:] in TAGS and not last[-4:-3].isalpha() and len(last) > 3:  # JUNE
                    reason = f"the tag {last[-3:]} inside data: no terminator before it"
                    message.fail("edifact_terminator_missing", reason, segment.place)
    message.warnings += found
    if unt.tag == "":
        message.warnings.append("edifact_no_final_terminator")
    elif unt.note:
        message.fail(unt.note, "a tag inside data of UNT", unt.place)

"""Times, weights and codes as an officer reads them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from riskprofile.words import COMMA, Words

GLYPHS = {"red": "◆", "yellow": "▲", "green": "●", "blind": "○"}
CLIPPED = 160  # characters of a reason in a list


def span(say: Words, length: timedelta) -> str:
    """A length of time in its two largest units, or in one where nothing of the second is left.

    >>> from riskprofile import words
    >>> [span(words.of("en"), timedelta(hours=n, minutes=5 * (n == 27))) for n in (27, 8, 72)]
    ['1 d 3 h', '8 h', '3 d']
    """
    minutes = max(0, int(length.total_seconds() // 60))
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return say("span.days" if hours else "span.day", days=days, hours=hours)
    if hours:
        return say("span.hours" if minutes else "span.hour", hours=hours, minutes=f"{minutes:02d}")
    return say("span.minutes", minutes=minutes)


def time_left(say: Words, due: datetime | None, now: datetime) -> str:
    """The countdown to arrival, or how long ago it was."""
    if due is None:
        return say("left.unknown")
    if due >= now:
        return say("left.to_arrival", span=span(say, due - now))
    return say("left.past", span=span(say, now - due))


def clock(moment: datetime | None, zone: ZoneInfo, now: datetime | None = None) -> str:
    """A time of day in the office's zone, with the date when it is another day's."""
    if moment is None:
        return ""
    local = moment.astimezone(zone)
    if now is not None and local.date() == now.astimezone(zone).date():
        return local.strftime("%H:%M")
    return local.strftime("%Y-%m-%d %H:%M")


def zone_name(zone: ZoneInfo, now: datetime) -> str:
    """The zone as an offset, such as `UTC+1`."""
    offset = now.astimezone(zone).utcoffset() or timedelta()
    minutes = int(offset.total_seconds() // 60)
    sign = "+" if minutes >= 0 else "−"
    hours, rest = divmod(abs(minutes), 60)
    return "UTC" if not minutes else f"UTC{sign}{hours}" + (f":{rest:02d}" if rest else "")


def signed(points: float) -> str:
    """Points with their sign: a true minus, so that it is read as one.

    >>> signed(96), signed(-38)
    ('+96', '−38')
    """
    return f"+{points}" if points >= 0 else f"−{-points}"


def ends(say: Words, low: float, high: float) -> str:
    """Numbers above `low` and up to `high`, as a bin of a feature holds them.

    >>> from riskprofile import words
    >>> ends(words.of("en"), 8.5, 12), ends(words.of("fr"), 8.5, math.inf)
    ('8.5 to 12', 'plus de 8,5')
    """
    if math.isinf(low) and math.isinf(high):
        return say("edit.any")
    if math.isinf(low):
        return say("terms.upto", high=end(say, high))
    if math.isinf(high):
        return say("terms.over", low=end(say, low))
    return say("terms.bin", low=end(say, low), high=end(say, high))


def end(say: Words, value: float, digits: int = 4) -> str:
    """An end of a bin in so many digits, however small it is; nothing where it has none."""
    if not math.isfinite(value):
        return ""
    near = float(f"{value:.{digits}g}")
    if abs(near) >= 1_000:
        return say.number(round(value))
    text = np.format_float_positional(near, trim="-").replace("-", "−")
    return text.replace(".", ",") if say.language in COMMA else text


def clause(sentence: str) -> str:
    """A sentence as the part of another: no capital, no full stop.

    >>> clause("Each piece weighs 10 g.")
    'each piece weighs 10 g'
    >>> clause("HS code and wording agree")
    'HS code and wording agree'
    """
    sentence = sentence.strip().rstrip(".;")
    if len(sentence) > 1 and sentence[0].isupper() and sentence[1].islower():
        return sentence[0].lower() + sentence[1:]
    return sentence


def clip(text: str, length: int = CLIPPED) -> str:
    """Text cut at a word, with an ellipsis, when longer than `length`.

    Where that would leave less than half, it is cut within the word: nobody hides a name behind
    one long word.

    >>> clip("Steel pins for a spring kit", 20), clip("To: Ironmongersandsons", 20)
    ('Steel pins for a…', 'To: Ironmongersandso…')
    """
    if len(text) <= length:
        return text
    cut = text[:length]
    whole = cut.rsplit(" ", 1)[0]
    return (whole if len(whole) >= length / 2 else cut).rstrip(",;،؛ ") + "…"


def ended(text: str) -> str:
    """Text with a full stop, where nothing ends it already.

    >>> ended("Seen on paper"), ended("Seen on paper."), ended("Seen on…")
    ('Seen on paper.', 'Seen on paper.', 'Seen on…')
    """
    text = text.rstrip()
    return text if text.endswith((".", "!", "?", "؟", "…")) else f"{text}."


def value(say: Words, given: Any, kind: str = "text") -> str:
    """One declared value: codes that we define are spelled out, all else is as declared.

    `kind` is that of the column's specification.
    """
    if isinstance(given, bool):
        return say("yes") if given else say("no")
    if isinstance(given, (int, float)):
        return say.number(given)
    text = "" if given is None else str(given)
    return say.maybe(f"choice.{text}", text) if kind == "choice" else text


def lane(say: Words, name: str) -> str:
    """A lane as glyph and word."""
    return f"{GLYPHS.get(name, '')} {say(f'lane.{name}')}".strip()


def reference(record_id: str) -> str:
    """The declaration's own number: what stands before `@office/carrier/year`.

    >>> reference("PX-2026-104417@XMPME/XC/2026")
    'PX-2026-104417'
    """
    return record_id.partition("@")[0]


def sentence(text: str) -> str:
    """A message of a service, which begins small, as a sentence of its own.

    >>> sentence("nobody holds this alert")
    'Nobody holds this alert'
    """
    return text[:1].upper() + text[1:]


def headline(
    say: Words,
    lane: str,
    indicators: Sequence[Mapping[str, Any]],
    reasons: Sequence[Mapping[str, Any]],
) -> str:
    """The rating as a sentence with its reasons: never what the goods "are"."""
    said = [str(one["text"]) for one in indicators if one.get("text")]
    raising = sorted((r for r in reasons if r.get("term") != "base"), key=lambda r: -r["points"])
    said += [str(one["text"]) for one in raising if one.get("text")]
    word = say(f"lane.{lane}").lower()
    if not said:
        return say("alert.no_reason", lane=word)
    first = clip(clause(said[0]))
    if len(said) == 1 or len(first) > 90:
        return ended(say("alert.because", lane=word, reason=first).rstrip("."))
    two = say("alert.because_two", lane=word, reason=first, second=clip(clause(said[1]), 80))
    return ended(two.rstrip("."))

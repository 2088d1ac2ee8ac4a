"""One written time to microseconds since 1970: ISO 8601, and the forms that exports use."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from riskprofile.intake.conventions import DAY_FIRST, MONTH_FIRST

_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)

_CLOCK = (
    r"(?:(?:[T ]|, ?| +)(?P<h>\d{1,2})(?::(?P<mi>\d{2})(?::(?P<s>\d{2})(?:[.,](?P<f>\d{1,9}))?)?)?"
    r"(?: ?(?P<ap>[AaPp])\.?[Mm]\.?)?)?"
)
_ZONE = r"(?: ?(?P<z>Z|z|UTC|GMT|[+-]\d{2}(?::?\d{2})?))?"
_YEAR_FIRST = re.compile(
    rf"(?P<y>\d{{4}})(?P<sep>[-/.])(?P<a>\d{{1,2}})(?P=sep)(?P<b>\d{{1,2}}){_CLOCK}{_ZONE}",
    re.ASCII,
)
_YEAR_LAST = re.compile(
    rf"(?P<a>\d{{1,2}})(?P<sep>[-/.])(?P<b>\d{{1,2}})(?P=sep)(?P<y>\d{{4}}){_CLOCK}{_ZONE}",
    re.ASCII,
)
_COMPACT = re.compile(
    r"(?P<y>\d{4})(?P<a>\d{2})(?P<b>\d{2})"
    rf"(?:[T ]?(?P<h>\d{{2}})(?P<mi>\d{{2}})(?P<s>\d{{2}})?(?P<f>)(?P<ap>)(?P<sep>))?{_ZONE}",
    re.ASCII,
)
_NAMED = re.compile(
    r"(?:(?P<a>\d{1,2})\.?[-/ ]?(?P<m>[A-Za-zÀ-ÿ]{3,10})\.?[-/ ]?"
    r"|(?P<m2>[A-Za-zÀ-ÿ]{3,10})\.? (?P<a2>\d{1,2}),? )"
    rf"(?P<y>\d{{4}}){_CLOCK}{_ZONE}",
    re.ASCII,
)
# English, French, Spanish, Portuguese and German, as written in full and cut.
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january janv janvier ene enero janeiro januar jän jänner",
            "feb february févr fév février fevr fevrier febrero fev fevereiro februar",
            "mar march mars marzo março marco mär märz maerz",
            "apr april avr avril abr abril",
            "may mai mayo maio",
            "jun june juin junio junho juni",
            "jul july juil juillet julio julho juli",
            "aug august août aout ago agosto",
            "sep sept september septembre septiembre set setembro",
            "oct october octobre octubre out outubro okt oktober",
            "nov november novembre noviembre novembro",
            "dec december déc décembre decembre dic diciembre dez dezembro dezember",
        ),
        start=1,
    )
    for name in names.split()
}


def microseconds(moment: datetime) -> int:
    """Microseconds from 1970 to a naive time."""
    return (moment - _EPOCH) // _MICROSECOND


# A declaration or a birth outside these years is a slip of the pen, or an empty date cell.
EARLIEST, LATEST = microseconds(datetime(1900, 1, 1)), microseconds(datetime(2200, 1, 1))


def read(text: str, convention: Callable[[], str]) -> tuple[int | None, bool, str]:
    """A time: microseconds since 1970, whether it names its zone, and a reason code.

    `convention` is asked only when day and month could be either: `03/04/2026`.

    >>> read("2026-11-24T08:00+02:00", lambda: "")
    (1795500000000000, True, '')
    >>> read("03/04/2026", lambda: ""), read("2026-02-30", lambda: "")
    ((None, False, 'date_ambiguous'), (None, False, 'date_impossible'))
    >>> read("24-Nov-2026", lambda: "") == read("2026-11-24", lambda: "")
    True
    """
    match = _YEAR_FIRST.fullmatch(text) or _COMPACT.fullmatch(text)
    if match is not None:
        month, day = int(match["a"]), int(match["b"])
    elif (match := _NAMED.fullmatch(text)) is not None:
        named = _MONTHS.get((match["m"] or match["m2"]).lower())
        if named is None:
            return None, False, "date_format"
        month, day = named, int(match["a"] or match["a2"])
    else:
        match = _YEAR_LAST.fullmatch(text)
        if match is None:
            return None, False, "date_format"
        day, month = int(match["a"]), int(match["b"])
        if match["sep"] != "." and day != month:  # points: day first, wherever they are used
            if day <= 12 < month:
                day, month = month, day
            elif day <= 12:
                order = convention()
                if order not in (DAY_FIRST, MONTH_FIRST):
                    return None, False, "date_ambiguous"
                if order == MONTH_FIRST:
                    day, month = month, day
    try:
        moment = datetime(int(match["y"]), month, day) + _clock(match)
        zone = match["z"]
        return microseconds(moment - _offset(zone)), zone is not None, ""
    except (ValueError, OverflowError):
        return None, False, "date_impossible"


def _clock(match: re.Match[str]) -> timedelta:
    hour, minute, second = (int(match[name] or 0) for name in ("h", "mi", "s"))
    half = match["ap"]
    if half:
        if not 1 <= hour <= 12:
            raise ValueError(hour)
        hour = hour % 12 + (12 if half in "pP" else 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(hour)
    fraction = int((match["f"] or "").ljust(6, "0")[:6])
    return timedelta(hours=hour, minutes=minute, seconds=second, microseconds=fraction)


def _offset(zone: str | None) -> timedelta:
    if zone is None or zone[0] not in "+-":
        return timedelta(0)
    hours, minutes = int(zone[1:3]), int(zone[-2:]) if len(zone) > 3 else 0
    if hours > 15 or minutes > 59:
        raise ValueError(zone)
    offset = timedelta(hours=hours, minutes=minutes)
    return -offset if zone[0] == "-" else offset


def written_date(text: str, moment: int) -> str:
    """The calendar date as written, whatever its zone, in ISO form."""
    forms = (_YEAR_FIRST, _YEAR_LAST, _COMPACT, _NAMED)
    match = next((found for form in forms if (found := form.fullmatch(text))), None)
    local = timedelta(0) if match is None else _offset(match["z"])
    return (_EPOCH + moment * _MICROSECOND + local).date().isoformat()


def iso(moment: int) -> str:
    """Microseconds since 1970 as ISO 8601 text in UTC.

    >>> iso(0)
    '1970-01-01T00:00:00+00:00'
    """
    return (_EPOCH + moment * _MICROSECOND).replace(tzinfo=UTC).isoformat()

"""Names and travel documents as bookings write them (AIRIMP: SSR DOCS, fields between slashes)."""

from __future__ import annotations

import re
from datetime import date

from riskprofile.intake.edifact_times import birth_date
from riskprofile.intake.rows import one_line
from riskprofile.intake.sensitive import sensitive

# SSR DOCS, in order, when the date of birth is the fifth field
FIELDS = ("type", "issuer", "number", "nationality", "born", "sex", "expires", "surname", "given")
ADDRESS = re.compile(r"/?R/([A-Z]{2,3})(?:/.*)?", re.DOTALL)  # SSR DOCA: of residence, its country
FORMS = {
    "type": re.compile(r"[A-Z][A-Z0-9]?"),
    "issuer": re.compile(r"[A-Z]{1,3}"),
    "number": re.compile(r"[A-Z0-9 .-]{3,20}"),
    "nationality": re.compile(r"[A-Z]{1,3}"),
    "sex": re.compile(r"[A-Z]"),
}
# behind a given name, after a blank or glued to it
_TITLE = re.compile(r"( |^|)(?:MSTR|MISS|PROF|MRS|MS|MR|DR)$", re.IGNORECASE)

_MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"
_NUMBERS = {name: f"{at:02d}" for at, name in enumerate(_MONTHS.split(), 1)}
_DAY = re.compile(r"(\d\d)([A-Z]{3})(\d\d)")
_CODE = re.compile(r"[A-Z]{1,3}")
_BEHIND = re.compile(r"-\d+[A-Z].*")  # names that a sender puts behind a request


def printed_day(text: str, sent: date | None, *, born: bool) -> str | None:
    """A day as documents print it; a birth takes the latest century not after the message.

    >>> printed_day("20SEP12", date(2013, 5, 27), born=True)
    '2012-09-20'
    >>> printed_day("25OCT17", date(2013, 5, 27), born=False)
    '2017-10-25'
    """
    found = _DAY.fullmatch(text.strip().upper())
    if not found or found[2] not in _NUMBERS:
        return None
    digits = f"{found[3]}{_NUMBERS[found[2]]}{found[1]}"
    return birth_date(digits if born else f"20{digits}", sent)


def untitled(given: str) -> str:
    """A given name without the title behind it; one letter left over was no title.

    >>> untitled("SEJOON MR"), untitled("JANEMRS"), untitled("AMR"), untitled("MR")
    ('SEJOON', 'JANE', 'AMR', '')
    """
    given = one_line(given) or ""
    found = _TITLE.search(given)
    if not found:
        return given
    before = given[: found.start()]
    if not found[1] and before and len(before.split()[-1]) < 2:
        return given
    return before


def holder(surname: str, given: str) -> str:
    """Surname and first given name without title, to find whose a document is."""
    words = untitled(given).upper().split()
    return f"{''.join(surname.upper().split())}/{words[0] if words else ''}"


def document(text: str, sent: date | None) -> dict[str, str]:
    """The fields of an SSR DOCS that are filled; `infant`, `unreadable` where the birth is so.

    The date of birth is what the other fields are found by: senders leave out some before it.

    >>> document("/P/XMA/A1/XMA/20SEP12/FI/25OCT27/ELM/ADA", date(2026, 1, 1))["sex"]
    'F'
    """
    fields = [part.strip().upper() for part in text.strip().removeprefix("/").split("/")]
    days = [at for at, part in enumerate(fields) if _DAY.fullmatch(part)]
    born = days[0] if days and days[0] <= 4 else 4
    found = dict(zip(FIELDS[4:], fields[born:], strict=False))
    if born == 4:
        found |= dict(zip(FIELDS[:4], fields, strict=False))
    else:
        found |= _before(fields[:born])
    rest = fields[born + 5 :]  # further given names
    found["given"] = _BEHIND.sub("", " ".join([found.get("given", ""), *rest])).strip()
    if found.get("sex", "") in ("FI", "MI"):
        found["sex"], found["infant"] = found["sex"][0], "yes"
    # What has not the form of its field is text of another kind: not kept.
    for name, form in FORMS.items():
        if name in found and (not form.fullmatch(found[name]) or sensitive(found[name])):
            del found[name]
    for name in ("born", "expires"):
        text = found.get(name, "")
        found[name] = printed_day(text, sent, born=name == "born") or ""
        if name == "born" and text and not found[name]:
            found["unreadable"] = "yes"
    return {name: value for name, value in found.items() if value}


def _before(fields: list[str]) -> dict[str, str]:
    """Type, issuer, number and nationality by their form, when some are left out."""
    found: dict[str, str] = {}
    for part in fields:
        if any(letter.isdigit() for letter in part):
            found["number"] = part
        elif _CODE.fullmatch(part):
            if len(part) == 1 and "type" not in found and "number" not in found:
                found["type"] = part
            else:
                found["nationality" if "number" in found else "issuer"] = part
    return found

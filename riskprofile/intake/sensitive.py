"""What is dropped before the first write: meals, health, belief, disability, card numbers.

Directive (EU) 2016/681 Art. 13(4) forbids processing data that reveal religion, health
and the like. Codes: IATA special service requests (Passenger Services Conference,
Resolution 1780 and its code list). Words and headings: `reference/sensitive.json`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from riskprofile.intake.codes import folded, reference

_SERVICES = """
    AVML BBML BLML CHML DBML FPML FSML GFML HFML HNML KSML LCML LFML LPML LSML MOML NFML NLML
    NOML NSML ORML PFML PRML RFML RVML SFML SPML STML VGML VJML VLML VMML VOML
    BLND DEAF DPNA ESAN LEGL LEGR MAAS MEDA OXYG PETC PPOC STCR SVAN
    WCBD WCBW WCHC WCHR WCHS WCLB WCMP WCOB
"""
SERVICES = frozenset(_SERVICES.split())
_DIGITS = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")
_NO_DIGIT, _NO_LETTER = re.compile(r"\D"), re.compile(r"[^A-Z]+")
# First digits that payment cards have (ISO/IEC 7812): 1 with 15 digits are airlines' own.
_ISSUED = re.compile(r"[3-6]\d*|2[2-7]\d*|1\d{14}")
# Requests and remarks of a booking stand behind these; a meal code ends so.
_FREE = re.compile(r"(?<![A-Za-z])(?:SSR|OSI)(?![A-Za-z])|(?<![A-Za-z])[A-Z]{2}ML(?![A-Za-z])")


def _card(digits: str) -> bool:
    """Whether 13 to 19 digits can be a card's: its first ones, and the Luhn check."""
    if not _ISSUED.fullmatch(digits):
        return False
    values = [int(digit) for digit in reversed(digits)]
    doubled = [sum(divmod(2 * value, 10)) for value in values[1::2]]
    return (sum(values[::2]) + sum(doubled)) % 10 == 0


def card(text: str) -> bool:
    """Whether a text holds a card number.

    >>> card("4111 1111 1111 1111"), card("4111111111111112"), card("20261124083000")
    (True, False, False)
    """
    return any(_card(_NO_DIGIT.sub("", found)) for found in _DIGITS.findall(text))


def sensitive(text: str) -> bool:
    """Whether a text holds a protected service code or a card number.

    >>> sensitive("VGML"), sensitive("4111 1111 1111 1111"), sensitive("4111111111111112")
    (True, True, False)
    """
    return not SERVICES.isdisjoint(_NO_LETTER.split(text.upper())) or card(text)


def request(text: str) -> bool:
    """Whether a text is a service request or remark, or holds a protected code or a card.

    >>> request("SSR WCHR YY HK1"), request("OSI YY VIP"), request("ask at desk 4")
    (True, True, False)
    """
    return bool(_FREE.search(text)) or sensitive(text)


@lru_cache(maxsize=2)
def _phrases(kind: str) -> re.Pattern[str]:
    """Words and stems of all languages, in a folded text with a blank around it.

    Scripts without blanks match anywhere. A word that can begin only behind a blank is
    looked for only there, which a search for a hundred words needs to be fast.
    """
    words, anywhere = [], []
    for language, listed in reference("sensitive.json")[kind].items():
        for word in listed:
            stem = re.escape(folded(word.rstrip("*")))
            if language == "zh":
                anywhere.append(stem)
            else:
                words.append(stem if word.endswith("*") else stem + r"(?=\ )")
    return re.compile("|".join([rf"\ (?:{'|'.join(words)})", *anywhere]))


def _told(kind: str, text: str) -> bool:
    return bool(_phrases(kind).search(f" {folded(text)} "))


@lru_cache(maxsize=4096)
def heading(text: str) -> bool:
    """Whether what stands under a heading tells of health, belief and the like, or is free text.

    >>> heading("MEAL_CODE"), heading("Religion"), heading("Remarks"), heading("Seat")
    (True, True, True, False)
    """
    return _told("headings", text) or request(text.upper())


def tells(text: str) -> bool:
    """Whether free text tells of health, belief and the like, or is a request of a booking.

    >>> tells("Rollstuhl nötig"), tells("insulin in cabin bag"), tells("seat 12A")
    (True, True, False)
    """
    return request(text) or _told("texts", text)


def record(text: str) -> bool:
    """Whether a record as it came, headings and all, may tell of any of it.

    >>> record('{"crossing_id": "C1", "meal": "x"}'), record("C1,2026-11-24,XZ")
    (True, False)
    """
    head = text[:2_000]
    if _told("headings", head) or request(head.upper()):
        return True
    if head == text and text.isascii():  # in capitals it is a request wherever it is as it stands
        return _told("texts", text)
    return tells(text)

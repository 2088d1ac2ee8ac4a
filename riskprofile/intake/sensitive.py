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
    return any(_card(re.sub(r"\D", "", found)) for found in _DIGITS.findall(text))


def sensitive(text: str) -> bool:
    """Whether a text holds a protected service code or a card number.

    >>> sensitive("VGML"), sensitive("4111 1111 1111 1111"), sensitive("4111111111111112")
    (True, True, False)
    """
    upper = text.upper()
    return any(word in SERVICES for word in re.split(r"[^A-Z]+", upper)) or card(text)


def request(text: str) -> bool:
    """Whether a text is a service request or remark, or holds a protected code or a card.

    >>> request("SSR WCHR YY HK1"), request("OSI YY VIP"), request("ask at desk 4")
    (True, True, False)
    """
    return bool(_FREE.search(text)) or sensitive(text)


@lru_cache(maxsize=2)
def _phrases(kind: str) -> re.Pattern[str]:
    """Words and stems of all languages; scripts without blanks match anywhere."""
    made = []
    for language, words in reference("sensitive.json")[kind].items():
        for word in words:
            stem = re.escape(folded(word.rstrip("*")))
            ends = "" if word.endswith("*") or language == "zh" else r"(?!\w)"
            made.append(("" if language == "zh" else r"(?<!\w)") + stem + ends)
    return re.compile("|".join(made))


@lru_cache(maxsize=4096)
def heading(text: str) -> bool:
    """Whether what stands under a heading tells of health, belief and the like, or is free text.

    >>> heading("MEAL_CODE"), heading("Religion"), heading("Remarks"), heading("Seat")
    (True, True, True, False)
    """
    return bool(_phrases("headings").search(folded(text))) or request(text.upper())


def tells(text: str) -> bool:
    """Whether free text tells of health, belief and the like, or is a request of a booking.

    >>> tells("Rollstuhl nötig"), tells("insulin in cabin bag"), tells("seat 12A")
    (True, True, False)
    """
    return request(text) or bool(_phrases("texts").search(folded(text)))

"""What is dropped before the first write: meals, health, disability, card numbers.

Directive (EU) 2016/681 Art. 13(4) forbids processing data that reveal religion, health
and the like. Codes: IATA special service requests (Passenger Services Conference,
Resolution 1780 and its code list).
"""

from __future__ import annotations

import re

_SERVICES = """
    AVML BBML BLML CHML DBML FPML FSML GFML HFML HNML KSML LCML LFML LPML LSML MOML NFML NLML
    NOML NSML ORML PFML PRML RFML RVML SFML SPML STML VGML VJML VLML VMML VOML
    BLND DEAF DPNA ESAN LEGL LEGR MAAS MEDA OXYG PETC PPOC STCR SVAN
    WCBD WCBW WCHC WCHR WCHS WCLB WCMP WCOB
"""
SERVICES = frozenset(_SERVICES.split())
_DIGITS = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")


def _card(digits: str) -> bool:
    """Whether 13 to 19 digits pass the Luhn check that payment cards carry."""
    values = [int(digit) for digit in reversed(digits)]
    doubled = [sum(divmod(2 * value, 10)) for value in values[1::2]]
    return (sum(values[::2]) + sum(doubled)) % 10 == 0


def sensitive(text: str) -> bool:
    """Whether a text holds a protected service code or a card number.

    >>> sensitive("VGML"), sensitive("4111 1111 1111 1111"), sensitive("4111111111111112")
    (True, True, False)
    """
    upper = text.upper()
    if any(word in SERVICES for word in re.split(r"[^A-Z]+", upper)):
        return True
    return any(_card(re.sub(r"\D", "", found)) for found in _DIGITS.findall(text))

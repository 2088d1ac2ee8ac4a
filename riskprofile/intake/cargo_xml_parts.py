"""What the messages of IATA Cargo-XML share: issue and purpose, measures, commodity codes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from riskprofile.intake.code_lists import KILOGRAMS
from riskprofile.intake.rows import decimal, moment, one_line, plain
from riskprofile.intake.versions import CANCEL, ORIGINAL, UPDATE, version
from riskprofile.intake.xml import Leaves

ISSUED = "MessageHeaderDocument/IssueDateTime"  # lodged_at
PURPOSE = "MessageHeaderDocument/PurposeCode"  # message_function
PURPOSES = {"creation": ORIGINAL, "update": UPDATE, "deletion": CANCEL}
CUBIC_METRES = {"MTQ": "1", "CMQ": "0.000001", "FTQ": "0.028316846592"}  # UN/ECE Rec. 20
# column: path, units with their factors, the unit when none is given
MEASURES = {
    "gross_mass_kg": ("GrossWeightMeasure", KILOGRAMS, "KGM"),
    "volume_m3": ("GrossVolumeMeasure", CUBIC_METRES, "MTQ"),
}
PLACEHOLDER = re.compile(r"00\d*")  # no chapter of the HS begins so


def issue(leaves: Leaves) -> tuple[str | None, dict[str, str]]:
    """The time of issue, and what says which version the message is."""
    issued = leaves.take(ISSUED)
    purpose = (leaves.take(PURPOSE) or "").casefold()
    return moment(issued), version(PURPOSES.get(purpose), issued)


def measures(
    values: dict[str, str | None], extra: dict[str, Any], warnings: list[str], leaves: Leaves
) -> None:
    """Gross mass and volume in the units of the contract; else a warning, the text in `extra`."""
    for column, (path, units, usual) in MEASURES.items():
        text, unit = leaves.take(path), (leaves.take(f"{path}@unitCode") or usual).upper()
        measured, factor = decimal(text), decimal(units.get(unit))
        if measured is not None and factor is not None:
            values[column] = plain(measured * factor) if measured else None
        elif text:
            extra[column] = f"{text} {unit}"
            warnings.append("unit_unknown" if factor is None else "measure_unreadable")


def commodity(
    values: dict[str, str | None], extra: dict[str, Any], warnings: list[str], codes: Sequence[str]
) -> None:
    """The first code that is no placeholder; the others stay in `extra`."""
    others = []
    for code in filter(None, map(one_line, codes)):
        if PLACEHOLDER.fullmatch(code):
            warnings.append("hs_placeholder")
            others.append(code)
        elif values.get("hs_code"):
            others.append(code)
        else:
            values["hs_code"] = code
    if others:
        extra["commodity_code"] = others[0] if len(others) == 1 else others

"""Why a row was kept back, in the language of a page."""

from __future__ import annotations

from app.text import plain
from app.words import DEFAULT, Words
from riskprofile.profiles import PROFILES
from riskprofile.services.quarantine import KeptRow
from riskprofile.words.form import clip

LONGEST = 300  # characters of a cell that are shown


def why(say: Words, profile: str, column: str | None, code: str, reason: str) -> str:
    """The reason code in words of the page.

    The reader's own `reason` says more: the value, and every further fault. It is English, so an
    English page shows it alone, and others beside theirs. It stands for a code without words. Who
    may not read what was declared is told the code alone: `reason` is empty.
    """
    if say.language == DEFAULT and reason:
        return reason
    spec = PROFILES[profile].by_name.get(column or "") if profile in PROFILES else None
    if spec is None:
        return say.maybe(f"kept_why.{code}", reason or code)
    if code == "mandatory_missing":
        return say("check.missing_mandatory", field=_any_of(say, profile, spec.name))
    fault = f"check_fault.{code}"
    if fault not in say.entries:
        return say.maybe(f"kept_why.{code}", reason or code)
    return say(fault, field=_named(say, spec.name), choices=say.listed(spec.choices))


def in_english(say: Words, reason: str) -> str:
    """What the reader said, for a page that has words of its own; else nothing."""
    return "" if say.language == DEFAULT else reason


def came(row: KeptRow) -> str:
    """The cell at fault as it was received, for a list; the whole of a row that never was cells."""
    fields = row.fields
    return cell_of(row, row.column) if fields else plain(clip(row.raw, LONGEST))


def cell_of(row: KeptRow, column: str | None) -> str:
    """One cell of a row as it was received, for a list."""
    return plain(clip(row.fields.get(column or "", ""), LONGEST))


def _named(say: Words, column: str) -> str:
    return say.maybe(f"field.{column}", column)


def _any_of(say: Words, profile: str, column: str) -> str:
    """The columns of which one must be there, told by the first of them."""
    groups = (group for group in PROFILES[profile].mandatory if group[0] == column)
    return say("check.or").join(_named(say, name) for name in next(groups, (column,)))

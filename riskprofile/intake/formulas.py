"""Cells that a spreadsheet would run: written so that it shows them, and read back exactly."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskprofile.intake.values import edges

# What opens a formula in the usual spreadsheets, full-width forms included.
_OPENERS = "=+\\-@\\t\\r\\n\uff1d\uff0b\uff0d\uff20"
_OPENS = f"^'*[{_OPENERS}]"
_NUMBER = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_ESCAPED = f"^'('*[{_OPENERS}])"
_FIRST = np.frombuffer(b"'=+-@\t\r\n\xef", np.uint8)  # one of these, or nothing opens
_APOSTROPHE = ord("'")
_OPENS_RE, _NUMBER_RE, _ESCAPED_RE = re.compile(_OPENS), re.compile(_NUMBER), re.compile(_ESCAPED)


def escape_formula(text: Any) -> Any:
    """Text that no spreadsheet runs: an apostrophe goes before it. Numbers stay numbers.

    Takes one text, or an Arrow column of text. `unescape_formula` undoes it exactly.

    >>> escape_formula("=1+1"), escape_formula("-5.2"), escape_formula("chairs")
    ("'=1+1", '-5.2', 'chairs')
    """
    if isinstance(text, str):
        runs = _OPENS_RE.match(text) and not _NUMBER_RE.fullmatch(text)
        return "'" + text if runs else text
    if not np.isin(edges(text)[0], _FIRST).any():
        return text
    runs = pc.and_(
        pc.match_substring_regex(text, _OPENS),
        pc.invert(pc.match_substring_regex(text, _NUMBER)),
    )
    if not pc.any(runs).as_py():
        return text
    quoted = pc.binary_join_element_wise(pa.scalar("'", text.type), text, pa.scalar("", text.type))
    return pc.if_else(runs, quoted, text)


def unescape_formula(text: Any) -> Any:
    """The text before `escape_formula`.

    >>> unescape_formula("'=1+1"), unescape_formula("'tis")
    ('=1+1', "'tis")
    """
    if isinstance(text, str):
        return _ESCAPED_RE.sub(r"\1", text)
    if not (edges(text)[0] == _APOSTROPHE).any():
        return text
    return pc.replace_substring_regex(text, _ESCAPED, r"\1")

"""Text of people and of data, as Markdown shows it."""

from __future__ import annotations

import re


def cell(value: object) -> str:
    r"""A value as one cell of a table: on one line, and a bar in it ends no cell.

    >>> cell("reviewed | until\nJune")
    'reviewed \\| until June'
    """
    return re.sub(r"\s+", " ", str(value)).replace("|", "\\|")

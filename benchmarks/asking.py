"""What a benchmark is asked on its command line."""

from __future__ import annotations

import argparse
from typing import Any


def parser(doc: str | None, **defaults: Any) -> argparse.ArgumentParser:
    """Flags of these names, each with its default and of its type; `False` is a switch.

    >>> parser("How long.", rows=300, json=False).parse_args(["--rows", "5"])
    Namespace(rows=5, json=False)
    """
    made = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in defaults.items():
        if default is False:
            made.add_argument(f"--{name}", action="store_true")
        else:
            made.add_argument(f"--{name}", type=type(default), default=default)
    return made


def asked(doc: str | None, **defaults: Any) -> argparse.Namespace:
    """The same, as they were given."""
    return parser(doc, **defaults).parse_args()

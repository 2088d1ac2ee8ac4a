"""Serve a filled home in a process of its own: `python -m tests.browser.serve HOME PORT`."""

from __future__ import annotations

import sys

from app import server
from riskprofile.services import settings


def main(home: str, port: str) -> None:
    """Serve until stopped."""
    server.serve(settings.load({}, home=home, exporters_page=True), port=int(port))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""What a run's folder keeps beside the scorecard: the environment, and its tables drawn."""

from __future__ import annotations

import json
import platform
from html import escape
from importlib import metadata

import numpy as np

from riskprofile.scoring.scorecard import Scorecard, Term

ENVIRONMENT, PLOTS = "environment.json", "tables.svg"
PACKAGES = ("numpy", "scipy", "pandas", "pyarrow", "scikit-learn", "cryptography", "sqlalchemy")
DRAWN, ACROSS = 24, 4  # terms, the widest first, and how many stand side by side
WIDE, HIGH, EDGE = 220, 130, 14  # pixels of one plot


def packages() -> dict[str, str]:
    """This release and the libraries that a fit rests on, with their versions."""
    return {name: metadata.version(name) for name in ("riskprofile", *PACKAGES)}


def files(card: Scorecard) -> dict[str, bytes]:
    """Both files: the same bytes in the same environment."""
    told = {
        "python": platform.python_version(),
        "system": platform.system(),
        "processor": platform.machine(),
        "packages": packages(),
    }
    return {
        ENVIRONMENT: (json.dumps(told, indent=1) + "\n").encode(),
        PLOTS: plots(card).encode(),
    }


def plots(card: Scorecard) -> str:
    """The tables of single features as steps from bin to bin, a dot for missing; as SVG."""
    single = [term for term in card.terms if len(term.features) == 1]
    single.sort(key=lambda term: (-int(np.ptp(term.table)), term.name))
    shown = single[:DRAWN]
    size = (ACROSS * WIDE, max(1, -(-len(shown) // ACROSS)) * HIGH)
    drawn = "".join(
        f'<g transform="translate({place % ACROSS * WIDE},{place // ACROSS * HIGH})">'
        f"{_plot(term)}</g>"
        for place, term in enumerate(shown)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}" '
        f'font-family="sans-serif" font-size="10"><title>{escape(card.profile)} '
        f"{escape(card.version)}: points by bin</title>{drawn}</svg>\n"
    )


def _plot(term: Term) -> str:
    *bins, missing = (int(points) for points in term.table)
    low, high = min(0, *term.table.tolist()), max(0, *term.table.tolist())

    def y(points: int) -> float:
        return float(
            round(HIGH - EDGE - (HIGH - 3 * EDGE) * (points - low) / max(high - low, 1), 1)
        )

    step = (WIDE - 3 * EDGE) / len(bins)
    path = "".join(
        f"{'L' if place else 'M'}{EDGE + place * step:.1f} {y(points)}"
        f"H{EDGE + (place + 1) * step:.1f}"
        for place, points in enumerate(bins)
    )
    return (
        f'<text x="{EDGE}" y="{EDGE}">{escape(term.name)} {low:+d} to {high:+d}</text>'
        f'<path d="M{EDGE} {y(0)}H{WIDE - EDGE}" stroke="#999" fill="none"/>'
        f'<path d="{path}" stroke="#036" fill="none"/>'
        f'<circle cx="{WIDE - 1.5 * EDGE}" cy="{y(missing)}" r="2.5" fill="#a30"/>'
    )

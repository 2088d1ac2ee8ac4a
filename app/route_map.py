"""A journey on a small map that is drawn here, of nothing but airports: no tile is fetched.

All airports of the region stand as dots, which shows land and sea well enough to see that a way
is long or turns back. An image takes no colours of the page, so these suit both themes.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from riskprofile.reference.places import Position, airports, position

WIDTH, HEIGHT = 336, 132
ROOM = 26  # pixels between the outermost stop and the edge
LEAST = 30.0  # degrees of latitude that the map shows at least: less shows no coast
GRID = 3  # pixels from dot to dot
MARK = 8.5  # radius of a mark; two that would lie on each other stand side by side
MOST = 12  # stops: marks of more would hide the map, and take the page its time
DOTS, WAY = "#8B98A5", "#3577B0"


def placed(places: Sequence[str]) -> list[tuple[int, str, Position]]:
    """The stops that can be drawn: number in the journey, code, position."""
    found = ((n, place, position(place)) for n, place in enumerate(places, start=1))
    return [(n, place, at) for n, place, at in found if at is not None]


@lru_cache(maxsize=256)
def image(places: tuple[str, ...]) -> str | None:
    """The map as an SVG image in a data address; None where fewer than two stops can be drawn, or
    more than `MOST`.

    Stops bear their number in the journey; one that stands for its country has a hollow mark.
    """
    stops = placed(places)
    if len({(at.latitude, at.longitude) for _, _, at in stops}) < 2 or len(stops) > MOST:
        return None
    x, y, dots = _drawn([at for _, _, at in stops])
    way = "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))
    marks = "".join(
        f'<circle cx="{a:.1f}" cy="{b:.1f}" r="{MARK}" stroke="{WAY}" stroke-width="1.5" '
        f'fill="{WAY if at.exact else "#fff"}"/>'
        f'<text x="{a:.1f}" y="{b + 4:.1f}" fill="{"#fff" if at.exact else WAY}">{n}</text>'
        for a, b, (n, _, at) in zip(x, y, stops, strict=True)
    )
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f'<path d="{dots}" stroke="{DOTS}" stroke-width="1.9" stroke-linecap="round"/>'
        f'<path d="M{way}" fill="none" stroke="{WAY}" stroke-width="2" stroke-linejoin="round"/>'
        '<g font-family="Arial, sans-serif" font-size="11.5" font-weight="700" '
        f'text-anchor="middle">{marks}</g></svg>'
    )
    return "data:image/svg+xml;base64," + base64.b64encode(drawn.encode()).decode("ascii")


def _drawn(stops: Sequence[Position]) -> tuple[np.ndarray, np.ndarray, str]:
    """Pixels of the stops, and the airports around them as one path of dots."""
    north = np.array([at.latitude for at in stops])
    east = np.array([at.longitude for at in stops])
    # The widest gap between two meridians lies outside, so that no way goes round the world.
    turn = np.sort(east % 360)
    gap = int(np.argmax(np.diff(turn, append=turn[0] + 360)))
    start = turn[(gap + 1) % len(turn)]
    east = (east - start) % 360
    middle = (north.min() + north.max()) / 2, east.max() / 2
    narrow = max(float(np.cos(np.radians(middle[0]))), 0.2)  # a degree of longitude, in latitudes
    scale = max(
        float(np.ptp(north)) / (HEIGHT - 2 * ROOM),
        float(np.ptp(east)) * narrow / (WIDTH - 2 * ROOM),
        LEAST / HEIGHT,
    )

    def pixels(latitudes: np.ndarray, longitudes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        turned = (longitudes - middle[1] + 180) % 360 - 180
        return turned * narrow / scale + WIDTH / 2, (middle[0] - latitudes) / scale + HEIGHT / 2

    all_north, all_east = np.array([(one.latitude, one.longitude) for one in airports().values()]).T
    x, y = (np.round(one / GRID).astype(int) * GRID for one in pixels(all_north, all_east - start))
    inside = (x > 0) & (x < WIDTH) & (y > 0) & (y < HEIGHT)
    dots = sorted(set(zip(x[inside].tolist(), y[inside].tolist(), strict=True)))
    x, y = pixels(north, east)
    for n in range(1, len(x)):
        while (np.hypot(x[:n] - x[n], y[:n] - y[n]) < 2 * MARK).any():
            x[n] += MARK
    return x, y, "".join(f"M{a} {b}h.1" for a, b in dots)

"""The chart of the board: what each number of examinations is expected to find, or reaches.

Drawn by Altair with data of its own: nothing is fetched. The same figures stand beside it in words.
"""

from __future__ import annotations

import math
from typing import Any

import altair
import streamlit as st

from app import theme
from app.text import mark
from app.words import Words
from riskprofile.services.cut import NEXT
from riskprofile.words import form

alt: Any = altair  # its own types know no marks that are made from parts

HEIGHT = 228  # pixels
COLOURS = {
    "light": {
        "text": "#17212B", "muted": "#51606E", "hair": "#E6EAEE", "ctl": "#808C98",
        "up": "#33567F", "bg": "#FFFFFF", "red": "#B3261E", "yellow": "#B57F00",
    },
    "dark": {
        "text": "#E6EBF0", "muted": "#A5B2BE", "hair": "#26313C", "ctl": "#71808F",
        "up": "#8DB3DD", "bg": "#11171D", "red": "#E8746B", "yellow": "#D9B03F",
    },
}  # fmt: skip
SHAPES = {"red": "diamond", "yellow": "triangle-up"}
FONT = '"Segoe UI", Roboto, "Helvetica Neue", Arial, "Liberation Sans", sans-serif'
# Of a curve that ends on the right its name stands above its end.
NAMED = {"align": "right", "dy": -8}


def draw(say: Words, reach: Any, told: Any, most: int) -> None:
    """Draw it.

    Parameters
    ----------
    reach : Reach
        What examinations reach.
    told : Cut
        Of the chosen number.
    most : int
        Where the axis ends, whatever is chosen: the curve does not jump.
    """
    colour = COLOURS[theme.scheme()]
    layers, top, bottom = _expected(say, reach, most, colour) if reach.known else _places(
        reach, most, colour
    )  # fmt: skip
    layers += _chosen(say, told, most, colour, (bottom, top))
    chart = (
        alt.layer(*layers)
        .properties(height=HEIGHT, background="transparent", description=said(say, told))
        .configure(font=FONT)
        .configure_view(stroke=None)
        .configure_axis(
            grid=False, domain=False, ticks=False, labelColor=colour["muted"], labelFontSize=11.5,
            titleColor=colour["muted"], titleFontSize=11.5, titleFontWeight="normal",
            gridColor=colour["hair"], labelPadding=6,
        )
    )  # fmt: skip
    st.altair_chart(chart, width="stretch", theme=None, key="reach-chart")


def _x(name: str, most: int) -> Any:
    axis = alt.Axis(values=list(range(0, most + 1, max(20, most // 6))))
    scale = alt.Scale(domain=[0, most], nice=False)
    return alt.X(f"{name}:Q", title=None, scale=scale, axis=axis)


def _y(name: str, bottom: float, top: float) -> Any:
    scale = alt.Scale(domain=[bottom, top], nice=False, zero=False)
    axis = alt.Axis(grid=True, tickCount=6, format="d" if top - bottom >= 6 else "~g")
    return alt.Y(f"{name}:Q", title=None, scale=scale, axis=axis)


def _data(rows: list[dict[str, Any]]) -> Any:
    return alt.Data(values=rows)


def _expected(
    say: Words, reach: Any, most: int, colour: dict[str, str]
) -> tuple[list[Any], float, float]:
    """The curve by rank with its band, and what as many picked at random would find."""
    rows = [
        {"x": reach.made + n, "finds": one.finds, "low": one.low, "high": one.high}
        for n, one in enumerate(reach.curve)
        if reach.made + n <= most
    ]
    if not rows:
        rows = [{"x": most, "finds": 0.0, "low": 0, "high": 0}]
    if rows[-1]["x"] < most:  # nothing more is open
        rows.append({**rows[-1], "x": most})
    rate = reach.at_random
    left = max(0, most - reach.made)
    top = max(float(rows[-1]["high"]), left * (rate or 0.0), 1.0) * 1.08
    band = (
        alt.Chart(_data(rows))
        .mark_area(opacity=0.16, color=colour["up"], interpolate="step-after")
        .encode(x=_x("x", most), y=_y("low", 0, top), y2="high:Q")
    )
    line = (
        alt.Chart(_data(rows))
        .mark_line(color=colour["up"], strokeWidth=2)
        .encode(x=_x("x", most), y=_y("finds", 0, top))
    )
    layers = [
        band,
        line,
        _name(say("capacity.by_rank"), most, rows[-1]["finds"], top, colour["up"]),
    ]
    if rate is not None:
        ends = [{"x": most - left, "finds": 0.0}, {"x": most, "finds": left * rate}]
        layers.append(
            alt.Chart(_data(ends))
            .mark_line(color=colour["ctl"], strokeDash=[5, 4], strokeWidth=1.5)
            .encode(x=_x("x", most), y=_y("finds", 0, top))
        )
        name = say("capacity.at_random")
        layers.append(_name(name, most, left * rate, top, colour["muted"]))
    return layers, top, 0.0


def _name(text: str, x: int, y: float, top: float, colour: str) -> Any:
    return (
        alt.Chart(_data([{"x": x, "y": y, "text": mark(text)}]))
        .mark_text(**NAMED, fontSize=11.5, color=colour)
        .encode(x=_x("x", x), y=_y("y", 0, top), text="text:N")
    )


def _places(reach: Any, most: int, colour: dict[str, str]) -> tuple[list[Any], float, float]:
    """The open alerts by place and points, in the shape and colour of their lane."""
    rows = [
        {"x": reach.made + n, "points": one.points, "lane": one.lane}
        for n, one in enumerate(reach.top, start=1)
        if one.points is not None and reach.made + n <= most
    ]
    points = [row["points"] for row in rows] or [0, 1]
    room = max(1.0, 0.14 * (max(points) - min(points)))
    bottom, top = math.floor(min(points) - room / 2), math.ceil(max(points) + room)
    drawn = [
        alt.Chart(_data([row for row in rows if row["lane"] == lane]))
        .mark_point(shape=shape, filled=True, size=34, opacity=1, color=colour[lane])
        .encode(x=_x("x", most), y=_y("points", bottom, top))
        for lane, shape in SHAPES.items()
    ]
    return drawn, float(top), float(bottom)


def _chosen(
    say: Words,
    told: Any,
    most: int,
    colour: dict[str, str],
    ends: tuple[float, float],
) -> list[Any]:
    """The rule at the number with its sentence, and the dashed one at ten more."""
    bottom, top = ends
    if told.number > most:
        return []
    after = told.number > 0.55 * most  # the sentence stands on the side that has room

    def rule(at: int, **style: Any) -> Any:
        data = _data([{"x": at, "low": bottom, "high": top if not style else _part(ends, 0.8)}])
        made = alt.Chart(data).mark_rule(**{"color": colour["text"], "strokeWidth": 1.5, **style})
        return made.encode(x=_x("x", most), y=_y("low", bottom, top), y2="high:Q")

    def text(at: int, height: float, words: str, **style: Any) -> Any:
        data = _data([{"x": at, "y": height, "text": mark(words)}])
        align = {"align": "right", "dx": -8} if after else {"align": "left", "dx": 8}
        made = alt.Chart(data).mark_text(**align, baseline="top", **style)
        return made.encode(x=_x("x", most), y=_y("y", bottom, top), text="text:N")

    layers = [rule(told.number)]
    heavy = {"fontSize": 12.5, "fontWeight": 600, "color": colour["text"]}
    layers.append(text(told.number, top, said(say, told), **heavy))
    if told.finds is not None:
        at = [{"x": told.number, "y": told.finds.finds}]
        layers.append(
            alt.Chart(_data(at))
            .mark_point(size=60, fill=colour["bg"], stroke=colour["text"], opacity=1, strokeWidth=2)
            .encode(x=_x("x", most), y=_y("y", bottom, top))
        )
    more = told.number + NEXT
    if told.below and more <= most:
        layers.append(rule(more, color=colour["ctl"], strokeDash=[2, 3], strokeWidth=1))
        words = say("capacity.ten", n=_ten(say, told))
        light = {"fontSize": 12, "color": colour["muted"]}
        layers.append(text(more, _part(ends, 0.8), words, **light))
    return layers


def _part(ends: tuple[float, float], share: float) -> float:
    return ends[0] + share * (ends[1] - ends[0])


def _ten(say: Words, told: Any) -> str:
    """What ten more come to: finds, or the lanes that they reach."""
    if told.more is not None:
        return str(say.number(round(told.more.finds, 1)))
    return str(say.listed(f"{form.lane(say, name)} {n}" for name, n in told.below.items()))


def said(say: Words, told: Any) -> str:
    """Where the list is cut, in a sentence."""
    number = say.number(told.number)
    if not told.beyond:
        return str(say("capacity.cut_all", n=number))
    if not told.left:
        return str(say("capacity.cut_none", n=number))
    if told.points is None:
        return str(say("capacity.cut_views", n=number))
    points = say.number(told.points)
    if told.finds is None:
        return str(say("capacity.cut_at", n=number, points=points))
    finds = say.many("capacity.expected", round(told.finds.finds, 1))
    return str(say("capacity.cut_finds", n=number, points=points, finds=finds))

"""Sightings away from official posts: places, their own past, and which stand out."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app import draw, lists, papers, session, theme
from app.installation import served
from app.text import escape, mark, option, plain
from riskprofile.history.bursts import LEAST_PAST, Grid
from riskprofile.services import results, sightings

SHOWN = 10  # places before the list scrolls
COLOURS = {"light": ("#17212B", "#EBEFF3"), "dark": ("#E6EBF0", "#212B36")}


def page() -> None:
    """Draw heat and bursts."""
    person = session.require("officer", "supervisor", "operator")
    say, now, store = session.speech(), session.now(), served().store
    grid = Grid()
    until = st.selectbox(
        say("sightings.until"),
        sightings.ends(now, grid),
        format_func=lambda day: option(f"{day:%Y-%m-%d} 00:00 UTC"),
        key="sightings-until",
    )
    found = sightings.heat(store, person, now, grid, until)
    st.html(draw.kpis(_figures(say, found)))
    if found.cells.empty:
        st.html(draw.state(say("sightings.none"), say("sightings.none_text")))
        return
    if found.past < LEAST_PAST:
        st.html(draw.strip("!", say("sightings.short", n=LEAST_PAST)))
    _list(say, found)
    chosen = st.session_state.get("sightings-cell")
    cells = found.cells.set_index("cell")
    _chart(say, found, str(chosen if chosen in cells.index else found.cells["cell"].iloc[0]))
    papers.download(
        say("sightings.export"), lambda *_: results.as_csv(found.cells),
        file_name=f"sightings-{found.until:%Y-%m-%d}.csv", mime="text/csv", key="sightings-save",
    )  # fmt: skip
    share = say.number(grid.share)
    st.html(f'<p class="rp-m">{escape(say("sightings.words", share=share))}</p>')


def _figures(say: Any, found: Any) -> list[tuple[str, str]]:
    cells = found.cells
    return [
        (say("sightings.bursts"), say.number(len(found.bursts))),
        (say("sightings.reports"), say.number(int(cells["reports"].sum()))),
        (say("sightings.cells"), say.number(int((cells["reports"] > 0).sum()))),
        (say("sightings.past"), say.number(found.past)),
    ]


def _figure(say: Any, value: float, digits: int = 2) -> str:
    return "" if pd.isna(value) else say.number(round(float(value), digits))


def _place(row: Any) -> str:
    return f"{row.latitude:.3f}, {row.longitude:.3f}"


def _list(say: Any, found: Any) -> None:
    words = [mark(say("sightings.burst")), say("sightings.usual")]
    rows = list(found.cells.itertuples())
    table = pd.DataFrame(
        {
            "state": [[words[0] if one.burst else words[1]] for one in rows],
            "place": [_place(one) for one in rows],
            "count": [say.number(int(one.reports)) for one in rows],
            "expected": [_figure(say, one.expected) for one in rows],
            "ratio": [_figure(say, one.ratio, 1) for one in rows],
            "q": [_figure(say, one.q, 3) for one in rows],
            "seen": ["" if pd.isna(one.seen) else say.number(int(one.seen)) for one in rows],
            "kinds": [plain("" if pd.isna(one.kinds) else one.kinds) for one in rows],
            "sources": ["" if pd.isna(one.sources) else str(one.sources) for one in rows],
        }
    )

    def chosen(cell: str) -> None:
        st.session_state["sightings-cell"] = cell

    tones = COLOURS[theme.scheme()]
    widths = {"place": 170, "count": 96, "expected": 92, "ratio": 120, "q": 70, "seen": 70}
    widths |= {"kinds": 240, "sources": 84}
    figures = widths.keys() - {"place", "kinds"}
    columns = {
        "state": st.column_config.MultiselectColumn(
            say("sightings.state"), options=words, color=list(tones), width=110
        ),
        **lists.columns(say, "sightings", widths, figures=figures),
    }
    lists.draw(
        say, table, columns, key="sightings-list", alt=say("sightings.list"),
        height=lists.high(len(rows), SHOWN), ids=found.cells["cell"].tolist(), chosen=chosen,
    )  # fmt: skip


def _chart(say: Any, found: Any, cell: str) -> None:
    row = next(found.cells[found.cells["cell"] == cell].itertuples())
    usual = None if pd.isna(row.expected) else float(row.expected)
    title = say(
        "sightings.chart",
        place=_place(row),
        days=found.grid.days,
        expected="?" if usual is None else say.number(round(usual, 2)),
    )
    windows = found.windows.loc[cell]
    known = [
        (f"{found.until - found.grid.window * number:%Y-%m-%d}", int(windows[number]))
        for number in range(found.past + 1)
    ]
    st.html(f'<div class="rp-bar"><h2 class="rp-h2">{escape(title)}</h2></div>')
    st.html(draw.bars(say, (say("sightings.ends"), say("sightings.count")), known, usual))


page()

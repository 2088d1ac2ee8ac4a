"""The ranked list at the left: what is drawn, in which order, and what a click opens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from app import lists, theme
from app.text import cell, mark, plain
from app.words import DEFAULT, Words
from riskprofile.services import blind
from riskprofile.services.speaking import spoken
from riskprofile.words import form

LANE_COLOURS = {"red": "red", "yellow": "yellow", "green": "green", blind.LANE: "blue"}
QUEUES = ("trafficking", "compliance", "data_quality")
TINT = {"light": "#E4EDF5", "dark": "#1B3248"}  # `soft` of the palette
DECLARED, BECAUSE, OWNER = 142, 152, 76  # pixels: columns of text, of which three lines fit
IDS = 18  # digits that the number of an alert has at most, in any database
ROW = 58  # pixels: two lines of reasons fit, and text wraps only above 57


def opened() -> int | None:
    """The id of the open alert: kept for the run, and in the address for a reload."""
    if "open" not in st.session_state:
        given = st.query_params.get("alert", "")
        could_be = given.isdecimal() and len(given) <= IDS
        st.session_state["open"] = int(given) if could_be else None
    found: int | None = st.session_state["open"]
    return found


def open_alert(alert_id: int | None) -> None:
    """Open this alert (by id, never by position) on the next run.

    A dialog about the one that is left, which was asked for and is not drawn yet, is none any more.
    """
    left = st.session_state.get("open")
    if left != alert_id and st.session_state.get("dialog", ("", ""))[0] == left:
        st.session_state.pop("dialog", None)
    st.session_state["open"] = alert_id
    st.session_state.pop("fault", None)


def refresh() -> None:
    """Let the list take its new order; the open alert stays open."""
    st.session_state.update(refreshed())


def refreshed() -> dict[str, Any]:
    """What `refresh` puts into the session state: an act notes it (`session.notes`)."""
    return {"held": None, "generation": st.session_state.get("generation", 0) + 1}


def hold(page: Any, asked: Any, entry: int) -> tuple[list[Any], int, int]:
    """The rows to draw, and the `change` and the audit entry up to which they hold everything.

    While an alert is open the order stands still: rows keep their places with their
    new contents, and rows that left the list stay as they were.
    """
    held = st.session_state.get("held")
    if held is None or held[0] != asked or opened() is None:
        st.session_state["held"] = (asked, list(page.rows), page.change, entry)
        return list(page.rows), page.change, entry
    current = {row.id: row for row in page.rows}
    kept = [current.get(row.id, row) for row in held[1]]
    st.session_state["held"] = (asked, kept, *held[2:])
    return kept, held[2], held[3]


def step(rows: Sequence[Any], by: int) -> int | None:
    """The id of the row `by` places from the open one."""
    ids = [row.id for row in rows]
    if not ids:
        return None
    if opened() not in ids:
        return int(ids[0])
    return int(ids[max(0, min(len(ids) - 1, ids.index(opened()) + by))])


def draw(rows: Sequence[Any], person: Any, now: datetime, say: Words) -> None:
    """Draw the list; a click on any cell opens that row's alert."""
    ids = [row.id for row in rows]
    lanes = [mark(form.lane(say, name)) for name in LANE_COLOURS]
    queues = [say(f"queue.{name}") for name in QUEUES]
    table = pd.DataFrame(
        {
            "lane": [
                [mark(form.lane(say, row.lane))]
                + ([] if row.blind else [say.maybe(f"queue.{row.queue}", row.queue)])
                for row in rows
            ],
            "points": [row.points for row in rows],
            "declaration": [
                cell(lists.fitted(plain(f"{form.reference(row.record_id)} {row.title}"), DECLARED))
                for row in rows
            ],
            "because": [because(row, say) for row in rows],
            "left": [cell(form.time_left(say, row.due_at, now)) for row in rows],
            "owner": [owner(say, row, person) for row in rows],
        }
    )
    row = ids.index(opened()) if opened() in ids else None
    styled = tinted(table, row)
    key = f"list-{st.session_state.get('generation', 0)}"
    lists.follow(key, row, "declaration")
    least, most = span([row.points for row in rows if row.points is not None])
    config = st.column_config
    columns = {
        "lane": config.MultiselectColumn(
            say("column.lane"),
            options=[*lanes, *queues],
            color=[*LANE_COLOURS.values(), *("gray" for _ in queues)],
            width=94,
        ),
        "points": config.ProgressColumn(
            say("column.points"), format="%d", min_value=least, max_value=most, width=76
        ),
    }
    widths = {"declaration": DECLARED, "because": BECAUSE, "left": 82, "owner": OWNER}
    lists.draw(
        say, styled, columns | lists.columns(say, "column", widths), key=key,
        alt=say("queue.list"), row=ROW, ids=ids, chosen=open_alert,
        height="stretch",  # what the window leaves, as the alert beside it
    )  # fmt: skip


def span(points: Sequence[int]) -> tuple[int, int]:
    """The points at which a bar begins and is full, so that each of these is seen to differ.

    A scorecard may begin so far below nought that all of a list has fewer points.

    >>> span([412, 398, 148]), span([18, -221, -779]), span([])
    ((0, 412), (-858, 18), (0, 100))
    """
    least, most = min([0, *points]), max(points, default=0)
    if least == 0:
        return 0, max(100, most)
    return least - max(10, (most - least) // 10), most


def tinted(table: pd.DataFrame, row: int | None) -> Any:
    """The table with one row coloured, or none.

    pandas would look at cell after cell to find that it has no style, which takes longer
    than to draw the rest of the page: what it would say of one row is said here.
    """
    styled: Any = table.style.set_uuid("list")  # not a new one: what is the same is not sent again
    rules = []
    if row is not None:
        tint = TINT[theme.scheme()]
        cells = [f"row{row}_col{n}" for n in range(len(table.columns))]
        rules.append({"props": [("background-color", tint)], "selectors": cells})
    styled._compute = lambda: styled
    styled._translate = lambda *_: {"cellstyle": rules}
    return styled


def because(row: Any, say: Words) -> str:
    """The two strongest reasons, short enough for a cell; or what is to be done before them."""
    if row.withdrawn_at is not None:
        return _because(say("withdrawn.title"))
    if row.amended_at is not None:
        return _because(say("sent_anew.title"))
    if row.blind:
        return _because(say("blind.row"))
    if row.damaged:
        return _because(say("queue.damaged"))
    if say.language != DEFAULT:  # English is as stored, and norms stand in the alert alone
        row = spoken(say, row)
    first, *others = [part.rstrip(".") for part in row.because] or [""]
    both = form.sentence(say.listed([first, *others], ";"))
    if lists.fitted(both, BECAUSE) != both:
        both = form.sentence(first)
    return _because(both)


def _because(said: str) -> str:
    return cell(lists.fitted(plain(said), BECAUSE))


def owner(say: Words, row: Any, person: Any) -> str:
    """Who holds the alert, or what it waits for."""
    if row.state == "closed":
        return say("owner.closed")
    if row.waiting:
        return say(f"owner.{row.waiting.replace(' ', '_')}")
    if not row.owner:
        return say("owner.free")
    return say("owner.you") if row.owner == person.name else lists.fitted(plain(row.owner), OWNER)

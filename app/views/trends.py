"""The focal point's page: trends of what was found, and what stands out against its past."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app import draw, papers, session
from app.installation import served
from app.text import escape
from riskprofile.services import results, trends

SHOWN = 20  # patterns that the page shows; the files hold all


def page() -> None:
    """Draw figures, the year by month, and patterns."""
    person = session.require("supervisor", "analyst", "auditor", "administrator")
    say, now, store = session.speech(), session.now(), served().store
    told = trends.trends(store, person, now)
    st.html(draw.kpis((say(f"trends.{name}"), say.number(n)) for name, n in told.figures.items()))
    if not told.months["cases"].any() and told.patterns.empty:
        st.html(draw.state(say("trends.none"), say("trends.none_text")))
        return
    st.html(f'<div class="rp-bar"><h2 class="rp-h2">{escape(say("trends.months"))}</h2></div>')
    rows = [(one.month, int(one.cases)) for one in told.months.itertuples()]
    st.html(draw.bars(say, (say("trends.month"), say("trends.cases_head")), rows, None))
    st.html(f'<div class="rp-bar"><h2 class="rp-h2">{escape(say("trends.patterns"))}</h2></div>')
    st.html(
        draw.table(
            [say(f"trends.{name}") for name in trends.HEADS],
            [trends.as_row(say, one) for one in told.patterns.head(SHOWN).itertuples()],
            right=(2, 3, 4, 5),
        )
    )
    _files(say, told)
    st.html(f'<p class="rp-m">{escape(say("trends.words", share=say.number(trends.SHARE)))}</p>')


def _files(say: Any, told: trends.Trends) -> None:
    stem = f"trends-{told.until:%Y-%m-%d}"
    with st.container(horizontal=True, key="trends-files"):
        for name, make, mime in (
            ("csv", lambda *_: results.as_csv(told.patterns), "text/csv"),
            ("xlsx", lambda *_: trends.as_xlsx(told), "application/vnd.ms-excel"),
            ("pdf", lambda *_: trends.as_pdf(told, say), papers.PDF),
        ):
            papers.download(
                say(f"trends_save.{name}"), make, file_name=f"{stem}.{name}", mime=mime,
                key=f"trends-{name}",
            )  # fmt: skip


page()

"""Two scorecards beside each other: recall part by part, and what each would have selected."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pandas as pd
import streamlit as st

from app import draw, papers, session, terms
from app.deciding import attempt
from app.installation import served
from app.text import escape
from riskprofile.profiles import PROFILES
from riskprofile.scoring import artefact
from riskprofile.scoring.parts import Figure
from riskprofile.scoring.scorecard import Scorecard
from riskprofile.services import comparing, fitting, promotion, results, speaking
from riskprofile.services.rights import ACTIONS
from riskprofile.words import form

SHOWN, PARTS = 200, 20  # records, and parts of them, that the page lists; the file holds all
LEAST = 0.01  # of 100 declarations
LOST = -0.10  # recall of a part: a person is needed, as the gate says


def panel(say: Any, person: Any, profile: str, now: Any) -> None:
    """Which other scorecard, its recall part by part, and then record by record."""
    here = served()
    there = {
        one.version: "known"
        for one in promotion.known(here.store, person, here.settings.models)
        if one.profile == profile and not one.serves and not one.fault
    }
    done = [
        one for one in fitting.fits(here.settings, person, profile) if one.state == fitting.DONE
    ]
    there = {**{one.version: "fit" for one in done}, **there}
    if not there or person.role not in ACTIONS["labels.look"]:
        st.html(draw.state("", say("compare.none")))
        return
    able = comparing.capacity_of(here.store, here.settings, person, profile, now)
    with st.container(key="compare_with", horizontal=True, vertical_alignment="bottom"):
        version = str(st.selectbox(say("compare.with"), list(there), key=f"with-{profile}"))
        days = st.number_input(say("compare.days"), 1, 3660, 30, width=110)
        percent = st.number_input(
            say("compare.share"), LEAST, 100.0, max(LEAST, round(100 * able.share, 2)), 0.1,
            width=150, key=f"share-{profile}",  # what is typed stays where more is to be rated
        )  # fmt: skip
        asked = st.button(say("compare.start"), type="primary", shortcut="A", key="compare-start")

    def other() -> Scorecard:
        if there[version] == "fit":
            return fitting.scorecard(here.settings, person, profile, version)
        files = promotion.files_of(here.store, person, profile, version, here.settings.models)
        return artefact.parse(files, version)

    told = attempt(
        lambda: comparing.recalls(
            here.store, here.settings, person, profile, other(), float(percent) / 100
        )
    )
    if told is None:
        st.html(draw.strip("✕", *st.session_state.pop("fault")))
        return
    same = abs(float(percent) - max(LEAST, 100 * able.share)) < 0.006
    _recalls(say, profile, version, told, able if same else comparing.Day(0, float(percent) / 100))
    if not asked:
        return
    since = now - timedelta(days=int(days))
    both = attempt(
        lambda: comparing.selected(
            here.store, here.settings, person, profile, other(), since, float(percent) / 100
        )
    )
    if both is None:
        st.html(draw.strip("✕", *st.session_state.pop("fault")))
        return
    _compared(say, both)


def brief(say: Any, person: Any, profile: str, other: Callable[[], Scorecard], on: str) -> None:
    """The recall of a candidate beside what serves, once, and the way to all of it.

    `on` tells one candidate from another: what was counted of it is kept while it is the same.
    """
    if person.role not in ACTIONS["labels.look"]:
        return
    here = served()
    able = comparing.capacity_of(here.store, here.settings, person, profile, session.now())
    key, held = f"recalls-{profile}", (on, able)
    if st.session_state.get(key, (None,))[0] != held:
        told = attempt(
            lambda: comparing.recalls(
                here.store, here.settings, person, profile, other(), able.share
            )
        )
        st.session_state.pop("fault", None)  # the page of comparisons says it
        st.session_state[key] = (held, told or [])
    for one in st.session_state[key][1]:
        if one.figures:
            st.html(_table(say, profile, one, able, say("compare.beside")))
            break


def _recalls(
    say: Any, profile: str, version: str, told: list[comparing.Recalls], able: comparing.Day
) -> None:
    """A table for each kind of rows: finds, what serves, the other, the change and how sure."""
    if not told:
        st.html(f'<p class="rp-m">{escape(say("compare.no_recall"))}</p>')
    for column, one in zip(st.columns(max(1, len(told)), gap="small"), told, strict=False):
        column.html(_table(say, profile, one, able, say(f"compare_on.{one.on}", version=version)))


def _table(say: Any, profile: str, one: comparing.Recalls, able: comparing.Day, title: str) -> str:
    where = terms.at_capacity(say, able)
    heads = [say("compare.recall_at", where=where), say("compare.finds_in")]
    heads += [say(f"compare.{name}") for name in ("serving", "candidate", "change")] + ["95 %"]
    kinds = ["", *(" class=r" for _ in heads[1:])]
    head = "".join(
        f"<th{kind}>{escape(text)}</th>" for kind, text in zip(kinds, heads, strict=True)
    )
    rows = "".join(_recall(say, profile, figure) for figure in one.figures)
    table = f'<table class="rp-t first"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    note = say("compare.seen") if one.on == comparing.OUTCOMES else say("compare.least")
    few = f"<p>{escape(say.many('compare.few', one.finds))}</p>"
    body = f'{table if rows else few}<p class="rp-m">{escape(note)}</p>'
    return draw.card(title, body, "rp-stack", scrolls=True)


def _recall(say: Any, profile: str, one: Figure) -> str:
    change = terms.signed(say, one.gap, 2)
    if one.gap <= LOST:
        change = draw.pill(change, "need")
    else:
        change = f"<b>{escape(change)}</b>" if one.sure else escape(change)
    ends = say(
        "terms.to", low=terms.signed(say, one.gap_low, 2), high=terms.signed(say, one.gap_high, 2)
    )
    cells = (say.number(one.finds), _two(say, one.serving), _two(say, one.recall))
    told = "".join(f"<td class=r>{escape(cell)}</td>" for cell in cells)
    return (
        f"<tr><td>{escape(_part(say, profile, one.part))}</td>{told}"
        f'<td class=r>{change}</td><td class="r rp-m rp-nw">{escape(ends)}</td></tr>'
    )


def _part(say: Any, profile: str, name: str) -> str:
    mode = PROFILES[profile].slices[0]
    if name.startswith(f"{mode} "):
        value = name.removeprefix(f"{mode} ")
        return str(say.maybe(f"choice.{value}", form.sentence(value)))
    return str(say(f"compare_part.{name.replace(' ', '_')}"))


def _two(say: Any, value: float) -> str:
    return terms.signed(say, value, 2)[1:]


def _compared(say: Any, told: comparing.Compared) -> None:
    names = {"a": told.serving, "b": told.other}
    st.html(
        draw.kpis(
            [
                (say("compare.rated"), say.number(told.rated)),
                (say("compare.both"), say.number(told.count(True, True))),
                (say("compare.only", name=told.serving), say.number(told.count(True, False))),
                (say("compare.only", name=told.other), say.number(told.count(False, True))),
                (
                    say("compare.finds"),
                    say("compare.two", a=told.finds("serving"), b=told.finds("other")),
                ),
                (say("compare.base"), form.signed(told.base)),
            ]
        )
    )
    records = told.records
    changed = records[records["serving"] != records["other"]]
    listed = changed.head(SHOWN)
    heads = [say(f"compare.{name}") for name in ("record", "chosen", "points", "why", "outcome")]
    rows = [
        (
            str(one.record_id),
            names["b"] if one.other else names["a"],
            f"{say.number(int(one.points))} → {say.number(int(one.other_points))}",
            f"{_term(say, one.moved)} {form.signed(int(one.moved_by))}" if one.moved else "",
            _found(say, one.found),
        )
        for one in listed.itertuples()
    ]
    left, right = st.columns([0.62, 0.38], gap="small")
    title = say("compare.changed", n=say.number(len(changed)))
    table = draw.table(heads, rows) if rows else f"<p>{escape(say('compare.same'))}</p>"
    left.html(draw.card(title, table, "rp-scroll", scrolls=True))
    parts = [
        (_slice(say, one.name), say.number(one.serving), say.number(one.other))
        for one in told.parts()[:PARTS]
    ]
    heads = [say("compare.part"), told.serving, told.other]
    right.html(draw.card(say("compare.parts"), draw.table(heads, parts, (1, 2))))
    with right:  # a click on any other button would take the comparison away
        papers.download(
            say("compare.save"), lambda *_: results.as_csv(records),
            file_name=f"compare-{told.other}.csv", mime="text/csv", key="compare-save",
        )  # fmt: skip


def _term(say: Any, name: str) -> str:
    return " × ".join(speaking.names(say, name.split(" x ")))


def _slice(say: Any, name: str) -> str:
    """A part, which is named by its column and the value there."""
    column, _, value = name.partition(" ")
    told = say("edit.missing") if value == "missing" else say.maybe(f"choice.{value}", value)
    return str(say.listed([say.maybe(f"field.{column}", column), told], ":"))


def _found(say: Any, value: Any) -> str:
    if pd.isna(value):
        return ""  # nobody examined it, or nobody confirmed what was found
    return str(say("compare.find" if int(value) == 1 else "compare.no_find"))

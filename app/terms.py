"""The scorecard editor: terms, strongest first, one of them as its table, what edits cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from app import draw, lists, session, steps, tied
from app.deciding import attempt
from app.installation import served
from app.text import cell, escape, key_of, option
from riskprofile.scoring.editing import (
    DROP,
    FALLING,
    LOCK,
    MOST_POINTS,
    RISING,
    SET,
    SMOOTH,
    Edit,
)
from riskprofile.scoring.parts import Figure
from riskprofile.scoring.scorecard import Scorecard
from riskprofile.services import comparing, evidence, feedback, fitting, rehearsal, speaking, terms
from riskprofile.services.rights import ACTIONS
from riskprofile.services.terms import Line
from riskprofile.tables import Table
from riskprofile.words import COMMA, form

FILTERS = ("all", "edited", "locked", "pairs")
KEYS = {SMOOTH: "S", LOCK: "L"}  # letters; the other ways have none: nobody drops by accident
ORDER = (SMOOTH, LOCK, RISING, FALLING, DROP)
ROW = 33  # pixels of the list
NAME = 210  # pixels: the column of terms
HEIGHT = 428  # of the list: with the edits under it a window of 768 is full


def may(person: Any) -> bool:
    """Whether this person edits: who may propose."""
    return person.role in ACTIONS["model.propose"]


def kept(person: Any, card: Scorecard) -> list[Edit]:
    """This person's edits of what serves, which the next fit takes along."""
    here = served()
    if not may(person):
        return []
    return terms.kept(here.store, person, card, fitting.edits_of(here.settings, person, card))


def listed(say: Any, card: Scorecard, edits: Sequence[Edit]) -> str:
    """The list, filtered; the name of the term that is chosen in it."""
    every = terms.lines(card, edits)
    told = {one.name: short(say, card.profile, one) for one in every}
    groups = {
        "all": every,
        "edited": [one for one in every if one.edits],
        "locked": [one for one in every if any(edit.how == LOCK for edit in one.edits)],
        "pairs": [one for one in every if one.pair],
    }
    with st.container(key="terms_filter", horizontal=True, vertical_alignment="center"):
        group = st.segmented_control(
            say("terms.filter"),
            FILTERS,
            key="terms-group",
            default="all",
            required=True,
            format_func=lambda name: say(f"terms_group.{name}", n=len(groups[name])),
            label_visibility="collapsed",
        )
        asked = st.text_input(
            say("terms.find"),
            key="terms-find",
            placeholder=say("terms.find"),
            max_chars=60,
            label_visibility="collapsed",
        )
    wanted = asked.casefold().strip()

    def text(one: Line) -> str:
        """Its names, and the sentence of a single one: a pair's would be found with either."""
        sentence = "" if one.pair else said(say, card.profile, one)
        return f"{one.name} {told[one.name]} {sentence}".casefold()

    shown = [one for one in groups[str(group)] if wanted in text(one)]
    held = f"term-{card.profile}"
    if st.session_state.get(held) not in told:
        st.session_state[held] = every[0].name if every else ""
    if shown:
        _list(say, card.profile, shown, told, held)
    else:
        st.html(draw.state("", say("terms.none")))
    return str(st.session_state[held])


def _list(say: Any, profile: str, shown: Sequence[Line], told: dict[str, str], held: str) -> None:
    names = [one.name for one in shown]
    table = pd.DataFrame(
        {
            "term": [
                cell(lists.fitted(form.sentence(told[name]), NAME, lines=1)) for name in names
            ],
            "points": [list(one.bars) for one in shown],
            "rule": [say(f"terms_rule.{one.rule}") for one in shown],
            "most": [one.most for one in shown],
        }
    )
    # Another list has another key: what was chosen by place in the one is nothing in the other.
    key = f"list-terms-{key_of([profile, *names])}"
    row = names.index(st.session_state[held]) if st.session_state[held] in names else None
    lists.follow(key, row, "term")

    def chosen(name: str) -> None:
        st.session_state[held] = name

    config = st.column_config
    columns = {
        **lists.columns(say, "terms", {"term": NAME}),
        "points": config.BarChartColumn(say("terms.points"), width=84),
        **lists.columns(say, "terms", {"rule": 72}),
        "most": config.NumberColumn(say("terms.most"), format="%+d", width=54),
    }
    height = min(HEIGHT, lists.high(len(shown), len(shown), ROW))
    lists.draw(
        say, table, columns, key=key, alt=say("terms.list"), height=height, row=ROW, ids=names,
        chosen=chosen,
    )  # fmt: skip


def short(say: Any, profile: str, one: Line) -> str:
    """What a term speaks of, as short as the list: by what its features are called."""
    if one.says:
        return said(say, profile, one)
    return " × ".join(speaking.names(say, one.features))


def said(say: Any, profile: str, one: Line) -> str:
    """What a term speaks of, in the language of the page."""
    return str(speaking.term(say, profile, one.features, one.says))


def edits_made(say: Any, card: Scorecard, edits: Sequence[Edit]) -> None:
    """The edits in the order in which they were made."""
    rows = [(str(n), edit_said(say, card, one)) for n, one in enumerate(edits, start=1)]
    body = draw.table((), rows, sentences=True) if rows else ""
    told = say("edit.kept") if rows else say("edit.nothing")
    st.html(
        f'<div class="rp-note rp-edits"><h2 class="rp-h2">{escape(say("edit.edits"))}</h2>{body}'
        f'<p class="rp-m">{escape(told)}</p></div>'
    )


def edit_said(say: Any, card: Scorecard | None, one: Edit) -> str:
    """An edit as a sentence: the term and what is done with it."""
    known = () if card is None else card.terms
    term = next((term for term in known if term.name == one.term), None)
    called = form.sentence(" × ".join(speaking.names(say, one.term.split(" x "))))
    if one.how != SET:
        return str(say("terms.edit", term=called, edit=say(f"edit_how.{one.how}").lower()))
    if card is None or term is None or one.bin is None or one.points is None:
        return called
    if one.bin >= len(term.table) or len(term.features) > 1:  # made of another scorecard
        return called
    bin = terms.bins(card, card, term, None)[one.bin]
    return str(
        say(
            "terms.edit_bin",
            term=called,
            bin=steps.named(say, bin),
            before=form.signed(bin.serving),
            after=form.signed(one.points),
        )
    )


def table(
    say: Any,
    person: Any,
    card: Scorecard,
    after: Scorecard,
    name: str,
    edits: Sequence[Edit],
    rows: tuple[str, Table] | None,
) -> None:
    """One term as its table, and what can be done with it.

    `rows` are those whose shares are told by bin, and the key of what they are.
    """
    term = next(one for one in card.terms if one.name == name)
    line = next(one for one in terms.lines(card, edits) if one.name == name)
    title = form.sentence(said(say, card.profile, line))
    head = (
        f'<div class="rp-head"><h2 class="rp-h2">{escape(title)}</h2></div>'
        f'<p class="rp-s rp-m">{escape(name)} · {escape(say("terms.dashed"))}'
        f"{' · ' + escape(say(rows[0])) if rows and not line.pair else ''}</p>"
    )
    mine = {edit.how for edit in line.edits}
    if line.pair:
        now = {one.name: one for one in after.terms}.get(name)
        st.html(head + steps.pair(say, title, card, now or term, gone=now is None))
    else:
        bins = terms.bins(card, after, term, rows[1] if rows else None, edits)
        at = min(int(st.session_state.get(f"bin-{card.profile}-{name}", 0)), len(bins) - 1)
        st.html(head + steps.single(say, title, bins, at))
    if not may(person):
        return
    with st.container(key="terms_acts", horizontal=True, vertical_alignment="bottom"):
        if not line.pair and not term.criterion and DROP not in mine:
            _bin(say, card, name, bins, at)
        for how in sorted(terms.ways(card, term), key=ORDER.index):
            st.button(
                say(f"edit_how.{how}"),
                key=f"edit-{how}-{card.profile}",
                shortcut=KEYS.get(how),
                type="primary" if how in mine else "tertiary" if how == DROP else "secondary",
                on_click=_edit,
                args=(card, Edit(name, how)),
            )


def _bin(say: Any, card: Scorecard, name: str, bins: Sequence[Any], at: int) -> None:
    """Which bin, and its points, one more or one less."""
    st.selectbox(
        say("edit.bin"),
        range(len(bins)),
        index=at,
        key=f"bin-{card.profile}-{name}",
        format_func=lambda n: option(steps.named(say, bins[n])),
        width=150,
    )
    one = bins[at]
    key = f"points-{card.profile}-{name}-{at}"
    points = tied.held(key, one.now, (key, MOST_POINTS))
    points.number = one.now
    points.show()

    def given() -> None:
        # Also called where the browser tells of points that an undo has taken back meanwhile.
        if points.hear() != one.now:
            _edit(card, Edit(name, SET, at, points.number))

    st.number_input(
        say("edit.points"),
        min_value=one.least,
        max_value=one.most,
        step=1,
        key=key,
        on_change=given,
        disabled=one.least == one.most,
        width=112,
    )
    points.mark()


def _edit(card: Scorecard, made: Edit) -> None:
    here, person = served(), session.actor()
    if person is None:  # a click is heard before the page, which says that the session ended
        return
    attempt(
        lambda: terms.edit(
            here.store, person, card, made, session.now(),
            fitting.edits_of(here.settings, person, card),
        )
    )  # fmt: skip


def undone(card: Scorecard) -> None:
    """Take the last edit back."""
    here, person = served(), session.actor()
    if person is None:
        return
    attempt(
        lambda: terms.undo(
            here.store, person, card, session.now(), fitting.edits_of(here.settings, person, card)
        )
    )


def costs(say: Any, person: Any, card: Scorecard, after: Scorecard, tried: Table | None) -> str:
    """What all edits cost, as sentences: recall, ranks and lanes."""
    here, now = served(), session.now()
    able = comparing.capacity_of(here.store, here.settings, person, card.profile, now)
    told = []
    if tried is not None:
        labels = tried["value"].to_numpy("int64")
        found = terms.cost(card, after, tried, labels, able.share)
        told.append(_cost(say, found, able, "terms.on_generator"))
    else:
        told.append(str(say("edit.after_fit")))
    own = _outcomes(person, card)
    if len(own):
        found = terms.cost(card, after, own, own["value"].to_numpy("int64"), able.share)
        if found is not None:
            told.append(_cost(say, found, able, "terms.on_own"))
    if moves := moved(say, person, card, after):
        told.append(moves)
    return "".join(f"<p>{escape(one)}</p>" for one in told)


def _outcomes(person: Any, card: Scorecard) -> Table:
    """The outcomes of what serves, read once while they are as many: each click asks them."""
    if person.role not in ACTIONS["labels.look"]:
        return pd.DataFrame()
    store = served().store
    weight = evidence.teaching(store, card.profile, card.digest, person)
    key = (card.digest, weight, evidence.newest(store, person))
    held = st.session_state.get(f"outcomes-{card.profile}")
    if held is None or held[0] != key:
        own = feedback.led_to(feedback.labels(store, card.profile, person), card.digest)
        held = (key, own.reset_index(drop=True))
        st.session_state[f"outcomes-{card.profile}"] = held
    table: Table = held[1]
    return table


def at_capacity(say: Any, able: comparing.Day) -> str:
    """ "At 40 a day", or the share where no office says how many it can examine."""
    if able.number:
        return str(say("terms.a_day", n=say.number(able.number)))
    return str(say("terms.of_100", share=say.number(round(100 * able.share, 1))))


def _cost(say: Any, found: Figure | None, able: comparing.Day, on: str) -> str:
    where = at_capacity(say, able)
    if found is None:
        return str(say("terms.few", on=say(on)))
    gap = round(found.gap, 3)
    if not gap and not found.gap_low and not found.gap_high:
        return str(say("terms.same", on=say(on), where=where))
    key = "terms.noise" if not found.sure else "terms.sure"
    ends = say("terms.to", low=signed(say, found.gap_low), high=signed(say, found.gap_high))
    doubt = say(key, ends=ends)
    if not gap:
        return str(say("terms.even", on=say(on), where=where, doubt=doubt))
    what = "terms.costs" if gap < 0 else "terms.gains"
    return str(say(what, on=say(on), recall=say.number(abs(gap)), where=where, doubt=doubt))


def signed(say: Any, value: float, digits: int = 3) -> str:
    """A gap with its sign, as the language writes figures."""
    text = f"{abs(value):.{digits}f}"
    sign = "−" if value < 0 and float(text) else "+"
    return sign + (text.replace(".", ",") if say.language in COMMA else text)


def moved(say: Any, person: Any, card: Scorecard, after: Scorecard) -> str:
    """How many open alerts move, and how many change lane; nothing where none can be told."""
    found = rehearsed(person, card, after)
    if found is None:
        return ""
    told = say("terms.moves", n=say.number(found.moved), total=say.number(found.open))
    return f"{told} {lanes(say, found)}"


def lanes(say: Any, found: rehearsal.Rehearsal) -> str:
    """How many of them change lane."""
    n = found.up + found.down
    return str(
        say("terms.lanes", n=say.number(n), up=say.number(found.up), down=say.number(found.down))
    )


def rehearsed(person: Any, card: Scorecard, after: Scorecard) -> rehearsal.Rehearsal | None:
    """What another scorecard would do with the open alerts, read once while they are the same."""
    if person.role not in ACTIONS["recall.look"] or set(after.features) - set(card.features):
        return None
    if after.wording != card.wording:
        return None
    store = served().store
    key = (card.digest, rehearsal.mark(store, person, card.profile))
    held = st.session_state.get(f"opened-{card.profile}")
    if held is None or held[0] != key:
        held = (key, rehearsal.opened(store, person, card.profile, card))
        st.session_state[f"opened-{card.profile}"] = held
    return rehearsal.rehearsed(card, after, held[1]) if len(held[1]) else None

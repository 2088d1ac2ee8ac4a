"""The scorecard editor: every table as a plot, what an analyst does with it, what that costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from app import draw, form
from app.installation import served
from app.text import attribute, escape, option
from riskprofile.scoring.editing import Edit, costs, edited, ways
from riskprofile.scoring.scorecard import Scorecard, Term
from riskprofile.services import feedback, fitting, held, promotion
from riskprofile.services.rights import ACTIONS

SHARES = (0.01, 0.05)  # inspected, of the generator's rows
OWN_SHARES = (0.10, 0.25)  # of the examined rows, which were selected already
NONE = "none"
CELLS = 16  # a pair is drawn in at most so many rows and columns


def kept(profile: str) -> list[Edit]:
    """The edits of this browser's session, which the next fit takes along."""
    return [Edit(term, how) for term, how in st.session_state.get(f"edits-{profile}", {}).items()]


def panel(say: Any, person: Any, profile: str) -> None:
    """Choose a table, see it, edit it, and see what all edits cost together."""
    here = served()
    card = promotion.serving(here.store, here.settings.models, profile)
    terms = sorted(card.terms, key=lambda term: -int(np.ptp(term.table)))
    by = {term.name: term for term in terms}
    edits: dict[str, str] = st.session_state.setdefault(f"edits-{profile}", {})
    for gone in set(edits) - set(by):
        del edits[gone]  # another scorecard serves since
    st.html(f'<p class="rp-s rp-m">{escape(say("edit.text"))}</p>')
    left, right = st.columns([0.6, 0.4], gap="small")
    with left:
        name = str(
            st.selectbox(
                say("edit.term"),
                list(by),
                key=f"edit-term-{profile}",
                format_func=lambda one: option(f"{one} ({_range(by[one])})"),
            )
        )
        if may(person):
            _choose(say, profile, by[name], edits)
    now = [Edit(term, how) for term, how in edits.items()]
    after = edited(card, now)
    with left:
        changed = {term.name: term for term in after.terms}.get(name)
        st.html(_plot(say, card, by[name], changed))
    with right:
        rows = [(one.term, say(f"edit_how.{one.how}")) for one in now]
        heads = [say("edit.term"), say("edit.edit")]
        body = draw.table(heads, rows) if rows else f"<p>{escape(say('edit.nothing'))}</p>"
        st.html(
            f'<div class="rp-card rp-stack"><h2 class="rp-h2">{escape(say("edit.edits"))}</h2>'
            f"{body}</div>"
        )
        st.html(
            f'<div class="rp-card rp-stack"><h2 class="rp-h2">{escape(say("edit.costs"))}</h2>'
            f"{_costs(say, person, profile, card, after)}</div>"
        )
        st.html(_held(say, held.tallied(here.store, profile, person)))


def may(person: Any) -> bool:
    """Whether this person edits: who may propose."""
    return person.role in ACTIONS["model.propose"]


def _choose(say: Any, profile: str, term: Term, edits: dict[str, str]) -> None:
    key = f"edit-how-{profile}-{term.name}"

    def chosen() -> None:
        how = st.session_state[key]
        if how in (None, NONE):
            edits.pop(term.name, None)
        else:
            edits[term.name] = how

    if key not in st.session_state:
        st.session_state[key] = edits.get(term.name, NONE)
    st.segmented_control(
        say("edit.edit"),
        [NONE, *ways(term)],
        key=key,
        on_change=chosen,
        format_func=lambda how: say(f"edit_how.{how}"),
        label_visibility="collapsed",
    )


def _range(term: Term) -> str:
    return f"{form.signed(int(term.table.min()))} … {form.signed(int(term.table.max()))}"


def _plot(say: Any, card: Scorecard, term: Term, after: Term | None) -> str:
    if len(term.features) == 1:
        return _single(say, card, term, after)
    return _pair(say, card, term if after is None else after, gone=after is None)


def _single(say: Any, card: Scorecard, term: Term, after: Term | None) -> str:
    """Bins down the page, points to either side of a middle line, before and after an edit."""
    longest = max(1, int(np.abs(term.table).max()))
    now = np.zeros_like(term.table) if after is None else after.table
    rows = ""
    for label, old, new in zip(_bins(say, card, term.features[0]), term.table, now, strict=True):
        told = form.signed(int(old))
        if int(old) != int(new):
            told += f" → {form.signed(int(new))}"
        width = abs(int(new)) / longest * 50
        side = (
            f"left:50%;width:{width:.1f}%"
            if new >= 0
            else f"left:auto;right:50%;width:{width:.1f}%"
        )
        old_at = 50 + int(old) / longest * 50
        rows += (
            f'<tr><td class="n">{escape(label)}</td><td class="r">{escape(told)}</td>'
            f'<td style="width:55%"><div class="rp-hb" aria-hidden="true">'
            f'<i style="{side}"></i><s style="left:{old_at:.1f}%"></s></div></td></tr>'
        )
    heads = f"<th>{escape(say('edit.bin'))}</th><th class=r>{escape(say('edit.points'))}</th>"
    return _region(term.name, f"{heads}<td></td>", rows)


def _pair(say: Any, card: Scorecard, term: Term, *, gone: bool) -> str:
    """A table of cells: means of neighbouring bins, dark where points are far from none."""
    down, across = (_bins(say, card, name) for name in term.features)
    rows = np.array_split(np.arange(len(down)), min(CELLS, len(down)))
    columns = np.array_split(np.arange(len(across)), min(CELLS, len(across)))
    longest = max(1, int(np.abs(term.table).max()))
    body = ""
    for some in rows:
        cells = ""
        for others in columns:
            mean = 0.0 if gone else float(term.table[np.ix_(some, others)].mean())
            tone = "200,80,0" if mean >= 0 else "0,110,180"
            shade = f"background:rgba({tone},{abs(mean) / longest * 0.6:.2f})"
            cells += f'<td class="r" style="{shade}">{escape(form.signed(round(mean)))}</td>'
        body += f'<tr><td class="n">{escape(down[some[0]])}</td>{cells}</tr>'
    head = "".join(f"<th class=r>{escape(across[others[0]])}</th>" for others in columns)
    title = f"{term.name}: {term.features[0]} ↓, {term.features[1]} →"
    return _region(title, f"<td></td>{head}", body)


def _region(title: str, heads: str, rows: str) -> str:
    return (
        f'<div class="rp-card rp-scroll" tabindex="0" role="region" dir="ltr" '
        f'aria-label="{attribute(title)}" style="overflow-x:auto">'
        f'<h2 class="rp-h2">{escape(title)}</h2><table class="rp-t first">'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _bins(say: Any, card: Scorecard, name: str) -> list[str]:
    edges = [f"{edge:.4g}" for edge in card.bins[name].edges]
    inner = [f"≤ {edge}" for edge in edges]
    return [*inner, f"> {edges[-1]}" if edges else str(say("edit.any")), str(say("edit.missing"))]


def _held(say: Any, told: Sequence[held.Held]) -> str:
    """How often each term held, as those said who looked at the goods."""
    if not told:
        body = f"<p>{escape(say('held.none'))}</p>"
    else:
        heads = [say(f"held.{name}") for name in ("term", "asked", "held", "unclear", "not_held")]
        rows = [
            (
                one.term,
                *map(say.number, (one.asked, one.held, one.unclear, one.not_held)),
                _share(say, one),
            )
            for one in told
        ]
        body = draw.table([*heads, say("held.share")], rows, range(1, 6), sentences=True)
        body = f'<p class="rp-s rp-m">{escape(say("held.text"))}</p>{body}'
    title = say("held.title")
    return (
        f'<div class="rp-card rp-stack rp-scroll" tabindex="0" role="region" '
        f'aria-label="{attribute(title)}"><h2 class="rp-h2">{escape(title)}</h2>{body}</div>'
    )


def _share(say: Any, one: held.Held) -> str:
    if not one.known:
        return ""
    low, high = (say.number(round(100 * end)) for end in one.interval)
    return str(say("held.interval", n=say.number(round(100 * one.share)), low=low, high=high))


def _costs(say: Any, person: Any, profile: str, card: Scorecard, after: Scorecard) -> str:
    """Recall before and after, on the generator's rows and on this office's outcomes."""
    here = served()
    told = []
    tried = fitting.trial(here.settings, person, profile, card)
    if tried is not None:
        told.append(("edit.generator", tried, SHARES))
    if person.role in ACTIONS["labels.look"]:
        own = feedback.labels(here.store, profile, person)
        own = own[(own["model_digest"] == card.digest).fillna(False)]
        if len(own) and int(own["value"].sum()):
            told.append(("edit.own", own, OWN_SHARES))
    rows = []
    for name, table, shares in told:
        labels = table["value"].to_numpy("int64")
        for one in costs(card.points(table), after.points(table), labels, shares):
            gap = form.signed(round(100 * (one.after - one.before), 1))
            rows.append(
                (
                    say.many(name, one.positives, share=say.number(round(100 * one.share))),
                    f"{one.before:.3f}",
                    f"{one.after:.3f}",
                    str(gap),
                )
            )
    note = "" if tried is not None else f'<p class="rp-m">{escape(say("edit.after_fit"))}</p>'
    if not rows:
        return note or f'<p class="rp-m">{escape(say("edit.after_fit"))}</p>'
    heads = [say(f"edit.{name}") for name in ("where", "before", "after", "gap")]
    return draw.table(heads, rows, (1, 2, 3)) + note

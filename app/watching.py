"""Watch: what has changed of late, whether scores hold, what warning signs find, and labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from app import draw
from app.deciding import attempt
from app.installation import served
from app.text import escape
from riskprofile.services import held, speaking, watching
from riskprofile.services.rights import ACTIONS
from riskprofile.words import form

LONGEST = 56  # letters of what a warning sign says
SIGNS, DISPUTED = 20, 10  # shown; the ledger of the command line has all


def panel(say: Any, person: Any, profile: str, zone: Any, now: Any) -> None:
    """Where what serves stands today."""
    here = served()
    if person.role not in ACTIONS["labels.look"]:
        st.html(draw.state("", say("watch.not")))
        return
    told = attempt(lambda: watching.look(here.store, here.settings.models, person, profile))
    reasons = attempt(lambda: held.tallied(here.store, profile, person))
    if told is None or reasons is None:
        st.html(draw.strip("✕", *st.session_state.pop("fault")))
        return
    left, right = st.columns([0.5, 0.5], gap="small")
    with left:
        _alarms(say, told, zone, now)
        _calibration(say, told)
        _labels(say, told)
    with right:
        _signs(say, profile, told)
        _held(say, reasons)


def _alarms(say: Any, told: watching.Watch, zone: Any, now: Any) -> None:
    seen = told.standing
    if seen is None:
        body = f'<p class="rp-m">{escape(say("watch.never"))}</p>'
        pill = draw.pill(f"! {say('watch.unknown')}", "need")
    else:
        when = form.clock(seen.at, zone, now)
        n = len(seen.alarms)
        pill = (
            draw.pill(f"! {say.many('watch.alarms', n)}", "need")
            if n
            else draw.pill(f"✓ {say('watch.calm')}")
        )
        named = [(speaking.series(say, one),) for one in seen.alarms]
        listed = draw.table((), named, sentences=True) if n else ""
        at = say("watch.looked", time=when, version=seen.version)
        body = f'{listed}<p class="rp-m">{escape(at)}</p>'
    _card(say("watch.changed"), body, pill)


def _calibration(say: Any, told: watching.Watch) -> None:
    rows = [
        (
            say("watch.drawn") if one.drawn else say("watch.listed"),
            say.number(one.examined),
            _share(say, one.score) if one.enough else "",
            _share(say, one.found) if one.enough else "",
            _ends(say, one.low, one.high) if one.enough else say("watch.few", n=watching.LEAST),
            say("watch.off") if one.off else say("watch.holds") if one.enough else "",
        )
        for one in told.calibration
    ]
    heads = [
        say(f"watch_head.{n}") for n in ("rows", "examined", "score", "finds", "ends", "state")
    ]
    recall = told.passed.recall
    passed = (
        say(
            "watch.recall",
            share=_share(say, recall.recall),
            ends=_ends(say, recall.low, recall.high),
        )
        if recall.known
        else say.many("watch.recall_unknown", recall.drawn_finds)
    )
    _card(
        say("watch.calibration", version=told.version),
        draw.table(heads, rows, (1, 2, 3)) + f'<p class="rp-m">{escape(passed)}</p>',
    )


def _signs(say: Any, profile: str, told: watching.Watch) -> None:
    rows = [
        (
            say("watch.no_sign") if one.name == "none" else _sign(say, profile, one.name),
            say.number(one.alerts),
            say.number(one.examined),
            say.number(one.confirmed),
            say.number(round(100 * one.right)) if one.examined >= watching.LEAST else "",
            _ends(say, *one.interval) if one.examined else "",
        )
        for one in told.signs[:SIGNS]
    ]
    heads = [
        say(f"watch_head.{n}") for n in ("sign", "alerts", "examined", "finds", "of_100", "ends")
    ]
    body = (
        draw.table(heads, rows, (1, 2, 3, 4), sentences=True)
        if rows
        else f"<p>{escape(say('watch.no_alert'))}</p>"
    )
    _card(say("watch.signs"), body)


def _sign(say: Any, profile: str, key: str) -> str:
    """What a warning sign says, with its code."""
    said = speaking.sign(say, profile, key)
    return key if said == key else f"{form.clip(said, LONGEST)} ({key.split('_')[0]})"


def _labels(say: Any, told: watching.Watch) -> None:
    if not told.labels:
        _card(say("watch.labels"), f"<p>{escape(say('watch.no_label'))}</p>")
        return
    rows = [
        (
            one.who or say("watch.everybody"),
            say.number(one.outcomes),
            say.number(one.finds),
            say.number(one.drawn),
            say.number(one.disagreed),
        )
        for one in told.labels
    ]
    heads = [say(f"watch_head.{n}") for n in ("who", "outcomes", "finds", "drawn", "disagreed")]
    body = draw.table(heads, rows, (1, 2, 3, 4))
    if told.disputed:
        listed = [
            (
                form.reference(record),
                say(
                    "watch.said",
                    who=who,
                    outcome=say.maybe(f"outcome.{said}", said).lower(),
                ),
            )
            for record, who, said in told.disputed[:DISPUTED]
        ]
        body += f'<h3 class="rp-h3">{escape(say("watch.disputed"))}</h3>' + draw.table((), listed)
    _card(say("watch.labels"), body)


def _held(say: Any, told: Sequence[held.Held]) -> None:
    """How often each term held, as those said who looked at the goods."""
    if not told:
        _card(say("held.title"), f"<p>{escape(say('held.none'))}</p>")
        return
    rows = [
        (
            " × ".join(speaking.names(say, one.term.split(" x "))),
            *map(say.number, (one.asked, one.held, one.unclear, one.not_held)),
            _of_100(say, one),
        )
        for one in told
    ]
    heads = [say(f"held.{name}") for name in ("term", "asked", "held", "unclear", "not_held")]
    body = draw.table([*heads, say("held.share")], rows, range(1, 6), sentences=True)
    _card(say("held.title"), f'<p class="rp-s rp-m">{escape(say("held.text"))}</p>{body}')


def _of_100(say: Any, one: held.Held) -> str:
    if not one.known:
        return ""
    low, high = (say.number(round(100 * end)) for end in one.interval)
    return str(say("held.interval", n=say.number(round(100 * one.share)), low=low, high=high))


def _card(title: str, body: str, pill: str = "") -> None:
    st.html(draw.card(title, body, "rp-stack", beside=pill, scrolls=True))


def _share(say: Any, value: float) -> str:
    return f"{say.number(round(100 * value, 1))} %"


def _ends(say: Any, low: float, high: float) -> str:
    return str(
        say("watch.to", low=say.number(round(100 * low)), high=say.number(round(100 * high)))
    )

"""A file from the operator's computer: handed over on the page, rated, and what came of it."""

from __future__ import annotations

from typing import Any, NoReturn

import streamlit as st

from app import draw, form, session
from app.installation import served
from app.text import escape
from riskprofile.errors import InputError, RiskProfileError, UnknownFormat
from riskprofile.services import uploading
from riskprofile.services.rights import ACTIONS
from riskprofile.services.run import Summary

TOLD = "batch-told"  # what the last act said, shown once
KNOWN = "upload-known"  # the chosen file that was read before, and the batch that held it first
CODES = 5  # offices named on the page; the rest is an ellipsis


def may(person: Any, action: str) -> bool:
    """Whether to draw a control at all; the service asks again."""
    return person.role in ACTIONS[action]


def tell(say: Any, lead: str, rest: str, summary: Summary | None) -> None:
    """Keep what an act on this page came to, for the next time the page is drawn.

    Without a summary nothing was done.
    """
    seen = [] if summary is None else notices(say, summary)
    glyph = "✕" if summary is None else "▸"
    st.session_state[TOLD] = [(glyph, lead, rest), *(("!", *one) for one in seen)]


def refused(say: Any, error: RiskProfileError) -> str:
    """Why a file was not rated. What a service says is English; a file's faults have words here."""
    if isinstance(error, UnknownFormat):
        return str(say("upload.unknown_format"))
    if isinstance(error, InputError):
        return f"{say('upload.unreadable')} {error.where}: {error.what}."
    return form.sentence(error)


def told() -> None:
    """What the last act on this page came to."""
    with st.container():  # also where nothing is told: what stands below keeps its place, and open
        for said in st.session_state.pop(TOLD, ()):
            st.html(draw.strip(*said))


def notices(say: Any, summary: Summary) -> list[tuple[str, str]]:
    """What to say of rows that are on no list, and of alerts that no officer of an office sees.

    The same as `unseen` tells at the command line; beside each what to do about it on the page.
    """
    made = []
    if codes := sorted(summary.unknown_offices.items()):
        total = say.number(sum(count for _, count in codes))
        named = [f"{code} ({say.number(count)})" for code, count in codes[:CODES]]
        named += ["…"] if len(codes) > CODES else []
        made.append(
            (
                say("upload.unknown_offices", n=total),
                say("upload.unknown_offices_text", codes=say.listed(named)),
            )
        )
    if summary.outdated:
        n = say.number(summary.outdated)
        made.append((say("upload.outdated", n=n), say("upload.outdated_text")))
    for name in ("changed", "waiting", "removed", "unfinished"):
        for batch, count in getattr(summary, name).items():
            lead = say(f"upload.{name}", batch=batch, n=say.number(count))
            made.append((lead, say(f"upload.{name}_text", batch=batch)))
    return made


def upload(say: Any, person: Any) -> None:
    """A file from this computer, rated as `score` would.

    One whose very bytes were read before stays chosen, so that it can be read as new. Nothing
    else keeps its bytes: they go when it is taken out, or the page is left.
    """
    if not may(person, "batch.score"):
        return
    with st.expander(say("upload.title")):
        given = st.file_uploader(
            say("upload.choose", mb=uploading.UPLOAD_MB),
            key=f"upload-{st.session_state.get('uploads', 0)}",
            max_upload_size=uploading.UPLOAD_MB,
        )
        if given is None:
            return
        chosen, first = st.session_state.get(KNOWN, ("", ""))
        if chosen == given.file_id:
            said = say("upload.again_text", batch=first)
            st.html(f'<p class="rp-s">{escape(said)}</p>')
            if st.button(say("upload.again"), key="upload-again"):
                _rate(say, person, given, again=True)
        elif st.button(say("upload.rate"), key="upload-rate", type="primary"):
            _rate(say, person, given)


def _rate(say: Any, person: Any, given: Any, *, again: bool = False) -> None:
    here = served()
    if not given.size:
        tell(say, say("upload.failed"), say("upload.empty"), None)
        _another()
    bar = st.progress(0.0, text=say("upload.reading"))
    known = False
    given.seek(0)  # it was read to its end before, where it is read as new
    try:
        run = uploading.upload(
            here.store, here.settings, person, given.name, given, session.now(),
            again=again, progress=_Shown(say, bar),
        )  # fmt: skip
    except RiskProfileError as error:
        tell(say, say("upload.failed"), refused(say, error), None)
    else:
        known = _account(say, given, run.summary)
    if known:
        st.rerun()
    _another()


def _another() -> NoReturn:
    """Draw the page anew, so that another file can be chosen."""
    st.session_state["uploads"] = st.session_state.get("uploads", 0) + 1
    st.rerun()


def _account(say: Any, given: Any, summary: Summary) -> bool:
    """Tell the account, and open the batch that is asked about; whether the file was known."""
    batch = summary.batches[-1] if summary.batches else {}
    first = batch.get("duplicate_of") if summary.read else None
    if batch:  # rows that wait lie with the batch that kept them back
        st.session_state["batch"] = next(iter(summary.waiting), batch["id"])
    if not summary.read:
        tell(say, say("upload.no_rows"), say("upload.no_rows_text"), summary)
        return False
    account = say(
        "upload.account",
        read=say.number(summary.read),
        accepted=say.number(summary.accepted),
        quarantined=say.number(summary.quarantined),
        duplicate=say.number(summary.duplicate),
        alerts=say.number(summary.alerts["total"]),
    )
    tell(say, say("upload.known" if first else "upload.done"), account, summary)
    if first:
        st.session_state[KNOWN] = (given.file_id, first)
    return bool(first)


class _Shown:
    """How far a run is, on a bar of the page."""

    def __init__(self, say: Any, bar: Any) -> None:
        self.say, self.bar = say, bar

    def __call__(self, name: str, rows: int) -> None:
        # How many rows are left nobody knows before the end: the bar runs towards full.
        said = self.say("upload.progress", n=self.say.number(rows))
        self.bar.progress(rows / (rows + 20_000), text=said)

    def step(self, name: str, done: int, of: int | None) -> None:
        n, all_of = self.say.number(done), self.say.number(of or 0)
        said = self.say(f"upload_step.{name}", n=n, of=all_of)
        self.bar.progress(done / of if of else 0.0, text=said)

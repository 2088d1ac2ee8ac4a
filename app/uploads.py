"""A file from the operator's computer: handed over on the page, rated, and what came of it."""

from __future__ import annotations

import re
from typing import Any, NoReturn

import streamlit as st

from app import draw, session
from app.installation import served
from app.runs import ROWS, Fault, Upload
from app.text import escape
from app.words import refusal, unread
from riskprofile.errors import InputError, RiskProfileError, UnknownFormat
from riskprofile.services import uploading
from riskprofile.services.rights import ACTIONS
from riskprofile.services.run import Summary

TOLD = "batch-told"  # what the last act said, shown once
KNOWN = "upload-known"  # the chosen file that was read before, and the batch that held it first
BEGUN = "upload-begun"  # the chosen file whose run this window began, and what stood open then
NOTHING = (None, None)
POLL_SECONDS = 1
SOON = 1.0  # seconds within which a small file is rated: no bar comes and goes for it
CUT = re.compile(
    r"(?:each office's own|([\d,]+) examinations?|([\d.]+)% of the declarations)"
    r", ([\d.]+)% of them random"
)
CODES = 5  # offices named on the page; the rest is an ellipsis


def may(person: Any, action: str) -> bool:
    """Whether to draw a control at all; the service asks again."""
    return person.role in ACTIONS[action]


def tell(say: Any, lead: str, rest: str, summary: Summary | None) -> None:
    """Keep what an act on this page came to, for the next time the page is drawn.

    Without a summary nothing was done. The session was made ready to note it before the act.
    """
    seen = [] if summary is None else notices(say, summary)
    glyph = "✕" if summary is None else "▸"
    session.notes()[TOLD] = [(glyph, lead, rest), *(("!", *one) for one in seen)]


def why_not(say: Any, fault: Any) -> str:
    """Why a file was not rated, or not to its end."""
    if isinstance(fault, Fault):
        return str(say("upload.fault", number=fault.number))
    return refused(say, fault)


def refused(say: Any, error: RiskProfileError) -> str:
    """Why a file was not rated. What is the matter with a file has words of its own here."""
    if isinstance(error, UnknownFormat):
        return str(say("upload.unknown_format"))
    if isinstance(error, InputError):
        return f"{say('upload.unreadable')} {error.where}: {unread(say, error.what)}."
    return refusal(say, error)


def take_in(say: Any, person: Any) -> None:
    """Keep what the run of this person's file came to, where it has ended: told once.

    The file that this window chose for it is let go, unless it can be read as new. One that was
    chosen meanwhile stays. Before the batches are looked at: then they tell of the same state.
    """
    runs = served().runs
    mine, before = st.session_state.get(BEGUN, ("", NOTHING))
    # Who turned to another batch meanwhile is left there: a form may be half filled in.
    opens = _open() == before
    session.ready_to_note()
    if (upload := runs.ended(person)) is not None:
        first = _account(say, upload, opens=opens)
        if mine and first:
            session.notes()[KNOWN] = (mine, first)
    session.take_notes()
    if mine and not runs.untold(person):
        chosen = getattr(st.session_state.get(_uploader()), "file_id", "")
        if chosen == mine != st.session_state.get(KNOWN, ("", ""))[0]:
            _choose_another()
        del st.session_state[BEGUN]


def told(say: Any, person: Any) -> None:
    """What the last act on this page came to, or how far it is."""
    with st.container():  # also where nothing is told: what stands below keeps its place, and open
        for said in session.once(TOLD) or ():
            st.html(draw.strip(*said))
        if served().runs.untold(person):  # if it ended since it was taken in, it is told at once
            _progress()


@st.fragment(run_every=POLL_SECONDS)
def _progress() -> None:
    """How far the run of this person's file is; when it has ended, the page is drawn anew."""
    person, say = session.actor(touch=False), session.speech()
    upload = served().runs.under_way(person) if person else None
    if upload is None:
        session.draw_anew()
    # The sender named the file: its name is drawn where no markup is read, as on the bar it would.
    st.html(f'<p class="rp-s">{escape(say("upload.under_way", file=upload.name))}</p>')
    step, done, of = upload.at
    n = say.number(done)
    if not step:
        st.progress(0.0, text=say("upload.reading"))
    elif step == ROWS:
        # How many rows are left nobody knows before the end: the bar runs towards full.
        st.progress(done / (done + 20_000), text=say("upload.progress", n=n))
    else:
        said = say(f"upload_step.{step}", n=n, of=say.number(of or 0))
        st.progress(done / of if of else 0.0, text=said)


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
    for batch, cuts in summary.recut.items():
        before, after = (_cut(say, one) for one in cuts)
        told = say("upload.recut_text", before=before, after=after)
        made.append((say("upload.recut", batch=batch), told))
    for name in ("changed", "waiting", "removed", "unfinished"):
        for batch, count in getattr(summary, name).items():
            lead = say(f"upload.{name}", batch=batch, n=say.number(count))
            made.append((lead, say(f"upload.{name}_text", batch=batch)))
    return made


def _cut(say: Any, said: str) -> str:
    """A capacity as a run tells it (`ranking.Capacity.said`), in words of the page."""
    told = CUT.fullmatch(said)
    if told is None:
        return said
    number, share, random = told.groups()
    much = say("cut.own")
    if number:
        much = say.many("cut.number", int(number.replace(",", "")))
    elif share:
        much = say("cut.share", n=say.number(float(share)))
    return str(say.listed([much, say("cut.random", n=say.number(float(random)))]))


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
            key=_uploader(),
            max_upload_size=uploading.UPLOAD_MB,
        )
        if given is None:
            return
        chosen, first = st.session_state.get(KNOWN, ("", ""))
        if served().runs.untold(person):  # this one, or one of another window
            st.html(f'<p class="rp-s">{escape(say("upload.waits"))}</p>')
        elif chosen == given.file_id:
            said = say("upload.again_text", batch=first)
            st.html(f'<p class="rp-s">{escape(said)}</p>')
            if st.button(say("upload.again"), key="upload-again"):
                _rate(say, person, given, again=True)
        elif st.button(say("upload.rate"), key="upload-rate", type="primary"):
            _rate(say, person, given)


def _rate(say: Any, person: Any, given: Any, *, again: bool = False) -> NoReturn:
    session.ready_to_note()
    if not given.size:
        tell(say, say("upload.failed"), say("upload.empty"), None)
        _choose_another()
        st.rerun()
    opened = _open()
    try:
        content = given.getvalue()
        upload = served().runs.begin(person, given.name, content, session.now(), again=again)
    except RiskProfileError as error:
        tell(say, say("upload.failed"), refused(say, error), None)
    else:
        session.notes().update({BEGUN: (given.file_id, opened), KNOWN: None})
        upload.wait(SOON)
    st.rerun()


def _choose_another() -> None:
    """Forget the file that is chosen, the next time the page is drawn."""
    st.session_state["uploads"] = st.session_state.get("uploads", 0) + 1


def _uploader() -> str:
    return f"upload-{st.session_state.get('uploads', 0)}"


def _open() -> tuple[Any, ...]:
    """The batch, and the row of one, that this person chose to see."""
    return tuple(st.session_state.get(name) for name in ("batch", "repair"))


def _account(say: Any, upload: Upload, *, opens: bool) -> str:
    """Tell the account, and open the batch that is asked about.

    Returns the batch that held the very same file first, where there was one.
    """
    summary = upload.came_to
    if not isinstance(summary, Summary):
        tell(say, say("upload.failed"), _of_file(say, upload, why_not(say, summary)), None)
        return ""
    batch = summary.batches[-1] if summary.batches else {}
    first = batch.get("duplicate_of", "") if summary.read else ""
    if batch and opens:  # rows that wait lie with the batch that kept them back
        session.notes()["batch"] = next(iter(summary.waiting), batch["id"])
    if not summary.read:
        tell(say, say("upload.no_rows"), _of_file(say, upload, say("upload.no_rows_text")), summary)
        return ""
    account = say(
        "upload.account",
        read=say.number(summary.read),
        accepted=say.number(summary.accepted),
        quarantined=say.number(summary.quarantined),
        duplicate=say.number(summary.duplicate),
        alerts=say.number(summary.alerts["total"]),
    )
    lead = say("upload.known" if first else "upload.done")
    tell(say, lead, _of_file(say, upload, account), summary)
    return str(first)


def _of_file(say: Any, upload: Upload, said: str) -> str:
    """With the name of the file: who comes back may have handed over others since."""
    return said if upload.name in said else str(say.listed([upload.name, said], ":"))

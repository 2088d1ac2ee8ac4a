"""Rows that were kept back: put right in their table, checked as they are typed, and rated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from app import cells, draw, lists, papers, session, typed
from app.installation import served
from app.kept import came, cell_of, in_english, why
from app.text import cell, escape, key_of, option, plain
from app.uploads import tell
from app.words import refusal
from riskprofile.errors import RiskProfileError, UsageError
from riskprofile.intake.reader import Rejection
from riskprofile.services import corrections, ledger, quarantine
from riskprofile.services.quarantine import KeptRow
from riskprofile.services.run import Summary
from riskprofile.words import Message

SHOWN = 5  # lines before the table scrolls
COLUMNS = 4  # columns at fault that are chosen by name; what is left is one choice
ALL, OTHER = "", "…"  # no column is called so


@dataclass(frozen=True)
class Line:
    """One cell of the table: a column of a row that is, or was, at fault."""

    row: KeptRow
    column: str | None


def table(say: Any, person: Any, batch: Any) -> None:
    """The rows that wait, by column at fault; the value typed beside each, and what it comes to."""
    here, now = served(), session.now()
    counts = quarantine.tally(here.store, person, batch.id)
    asked = _chosen(say, batch, counts)
    found = quarantine.find(here.store, person, asked, now)
    window = cells.window(person, batch.id)
    changed = window.look()
    fixes = window.fixes()
    mine = {row.id: fixes[row.id] for row in found if row.id in fixes}
    checked = quarantine.check(here.store, person, mine, now)
    lines = _lines(found, mine, checked)
    if window.asks:
        _elsewhere(say, window)
    _editor(say, window, batch, asked, lines, checked)
    # Those of other columns as well: a choice of the list is none of what is rated.
    others = {row: given for row, given in fixes.items() if row not in mine}
    with suppress(RiskProfileError):  # one was removed meanwhile: it is told of at its turn
        checked |= quarantine.check(here.store, person, others, now)
    waits = window.undecided()
    sound = {
        row: fixes[row]
        for row, fault in checked.items()
        if fault is None and row in fixes and row not in waits
    }
    like = quarantine.likewise(found, mine, sound)
    _acts(say, window, batch, sound, like, changed)
    _whole_row(say, window, found)


def _elsewhere(say: Any, window: cells.Window) -> None:
    """That another window gave one of these cells another value; which of the two counts."""
    st.html(draw.strip("!", say("elsewhere.title"), say("elsewhere.text")))
    with st.container(key="small_elsewhere", horizontal=True, gap="xsmall"):
        for name, act in (("theirs", window.theirs), ("mine", window.ours)):
            st.button(
                say(f"elsewhere.{name}"),
                key=f"repairs-elsewhere-{name}",
                on_click=typed.spare,
                args=(act,),
            )


def _chosen(say: Any, batch: Any, counts: Mapping[str | None, int]) -> quarantine.Filter:
    """Which of the waiting rows are listed: all, those of one column, or those of no such."""
    named = sorted(
        ((count, column) for column, count in counts.items() if column is not None), reverse=True
    )
    top = [column for _, column in named[:COLUMNS]]
    rest = sum(counts.values()) - sum(counts[column] for column in top)
    total = {ALL: sum(counts.values()), OTHER: rest, **{name: counts[name] for name in top}}
    names = {ALL: say("repair.all"), OTHER: say("repair.other")}
    offered = [ALL, *top, *([OTHER] if rest else [])]
    if len(offered) == 2:
        offered = [ALL]
    key = f"kept-column-{batch.id}"
    if st.session_state.get(key) not in offered:
        st.session_state[key] = ALL
    if len(offered) > 1:
        st.segmented_control(
            say("repair.of_column"),
            offered,
            format_func=lambda one: (
                f"{option(names.get(one) or say.maybe(f'field.{one}', one))} "
                f"{say.number(total[one])}"
            ),
            key=key,
            label_visibility="collapsed",
        )
    chosen = st.session_state[key] or ALL
    limit = ledger.LIMIT
    if chosen == OTHER:
        return quarantine.Filter(batch.id, limit=limit, but=tuple(top))
    return quarantine.Filter(batch.id, column=None if chosen == ALL else chosen, limit=limit)


def _lines(
    rows: Sequence[KeptRow],
    fixes: Mapping[int, Mapping[str, str]],
    checked: Mapping[int, Rejection | None],
) -> list[Line]:
    """Of each row the column that it was kept back for, those typed, and the one still at fault."""
    found = []
    for row in rows:
        still = checked.get(row.id)
        columns = [row.column, *fixes.get(row.id, {}), *([still.column] if still else [])]
        found += [Line(row, name) for name in dict.fromkeys(columns) if name or name == row.column]
    return found


def _editor(
    say: Any,
    window: cells.Window,
    batch: Any,
    asked: quarantine.Filter,
    lines: Sequence[Line],
    checked: Mapping[int, Rejection | None],
) -> None:
    fixes = window.fixes()
    frame = pd.DataFrame(
        {
            "line": [one.row.line for one in lines],
            "record": [plain(one.row.record_id) for one in lines],
            "column": [_name(say, one.column) for one in lines],
            "reason": [cell(_reason(say, one, checked.get(one.row.id))) for one in lines],
            "raw": [
                cell_of(one.row, one.column) if one.row.fields else came(one.row) for one in lines
            ],
            "repaired": [plain(_typed_in(fixes, one)) for one in lines],
            "check": [cell(_check(say, one, fixes, checked)) for one in lines],
        },
        dtype="object",
    )
    # Edits are told by their place: other lines, or values that nobody typed, are another table.
    made = key_of([(one.row.id, one.column) for one in lines])
    key = typed.own(f"repairs-{batch.id}-{window.turn}-{made}", window.person)

    told = {(one.row.id, one.column): _typed_in(fixes, one) for one in lines if one.column}

    def keep() -> None:
        given: cells.Cells = {}
        for place, changed in st.session_state[key]["edited_rows"].items():
            line = lines[int(place)]
            if "repaired" not in changed:
                continue
            if line.column is None or not line.row.fields:
                window.turn += 1  # there is no cell to put right: what was typed goes
                continue
            given[line.row.id, line.column] = _whole(changed["repaired"] or "")
        window.take(given, told)

    widths = {"line": 48, "record": 100, "column": 104, "reason": 262, "raw": 124}
    widths |= {"repaired": 164, "check": 118}
    st.data_editor(
        frame,
        key=key,
        on_change=keep,
        hide_index=True,
        row_height=lists.ROW,
        height=lists.high(len(lines), SHOWN),
        alt=say("repair.table"),
        placeholder="",
        disabled=[name for name in widths if name != "repaired"],
        column_order=lists.order(say, widths),
        column_config=lists.columns(say, "kept", widths, figures=("line",)),
    )
    if len({one.row.id for one in lines}) == asked.limit:
        st.html(f'<p class="rp-s rp-m">{escape(say("repair.first", n=asked.limit))}</p>')


def _typed_in(fixes: cells.Fixes, line: Line) -> str:
    return fixes.get(line.row.id, {}).get(line.column or "", "")


def _whole(text: str) -> str:
    """Text as a file and a database can hold it: a browser may send NUL, or half a character.

    >>> _whole("9\\ud800\\0 kg")
    '9? kg'
    """
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _name(say: Any, column: str | None) -> str:
    return str(say.maybe(f"field.{column}", plain(column)))


def _reason(say: Any, line: Line, still: Rejection | None) -> str:
    """Why the cell is at fault now; where it is not any more, why it was."""
    if still is not None and still.column == line.column:
        return why(say, line.row.profile, still.column, still.reason_code, still.reason)
    if line.column == line.row.column:
        row = line.row
        return why(say, row.profile, row.column, row.reason_code, row.reason)
    return ""


def _check(
    say: Any, line: Line, fixes: cells.Fixes, checked: Mapping[int, Rejection | None]
) -> str:
    row = line.row
    if not row.fields:
        return str(say("repair.ask"))
    if row.id not in checked:
        return ""
    still = checked[row.id]
    if still is None:
        return str(say("repair.valid"))
    if still.column != line.column:
        return str(say("repair.elsewhere"))
    return str(say("repair.wrong" if _typed_in(fixes, line) else "repair.missing"))


def _acts(
    say: Any,
    window: cells.Window,
    batch: Any,
    sound: Mapping[int, Mapping[str, str]],
    like: cells.Fixes,
    changed: bool,
) -> None:
    person = window.person
    key, subject = f"repair-why-{batch.id}", f"repair-why:{batch.id}"
    if st.session_state.pop(f"repair-why-used-{batch.id}", False):
        st.session_state[typed.own(key, person)] = ""  # the browser still shows the words
    told = st.empty()  # above the buttons: below them it would be out of sight
    with st.container(horizontal=True, key="repair-acts"):
        why = str(typed.field(st.text_input, say("repair.reason"), subject, key, person))
        label = say("repair.rate", n=say.number(len(sound)))
        rates = st.button(
            label, key="repair-rate", type="primary", shortcut="G", disabled=not sound
        )
        copies = st.button(
            say("repair.like", n=say.number(len(like))),
            key="repair-like",
            shortcut="S",
            disabled=not like,
        )
        _file(say, batch)
    st.html(f'<p class="rp-s rp-m">{escape(say("repair.logged"))}</p>')
    if copies:
        window.take(
            {(row, name): text for row, given in like.items() for name, text in given.items()}
        )
        window.turn += 1
        st.rerun()
    if rates and (changed or window.asks):  # not what was on the screen
        told.html(draw.strip("✕", say("repair.none"), say("elsewhere.title")))
    elif rates:
        _rate(say, window, batch, sound, why, subject, told)


def _rate(
    say: Any,
    window: cells.Window,
    batch: Any,
    sound: Mapping[int, Mapping[str, str]],
    reason: str,
    subject: str,
    told: Any,
) -> None:
    """Submit the rows that are right; what becomes of them is told at the top of the page, and
    in the place `told` that nothing did.
    """
    here, person = served(), window.person
    try:
        if not reason.strip():
            raise UsageError(Message("repair.no_reason"))
        session.ready_to_note()
        done = quarantine.repair(here.store, here.settings, person, sound, reason, session.now())
    except RiskProfileError as error:  # beside the button: the top of the page is out of sight
        told.html(draw.strip("✕", say("repair.none"), refusal(say, error)))
        return
    rest = [say.many("repair.still", len(done.refused))] if done.refused else []
    rest += [say.many("repair.passed", len(done.passed_over))] if done.passed_over else []
    tell(say, say.many("repair.rated", len(done.repaired)), " ".join(rest), done.summary)
    window.forget([*done.repaired, *done.passed_over])
    typed.forget(subject, person)
    st.session_state[f"repair-why-used-{batch.id}"] = True
    st.rerun()


def _file(say: Any, batch: Any) -> None:
    """The rows that wait, with their reasons and cells, to be put right or sent back."""
    asked = quarantine.Filter(batch.id, limit=quarantine.EXPORTED)
    papers.download(
        say("repair.file"),
        lambda store, person, now: corrections.content(store, person, asked, now),
        file_name=f"quarantine-{batch.id}.csv", mime="text/csv", key="repair-file", shortcut="Q",
    )  # fmt: skip


def _whole_row(say: Any, window: cells.Window, rows: Sequence[KeptRow]) -> None:
    """Any other cell of a row: the fault may lie where no reader saw it."""
    offered = {row.id: row for row in rows if row.fields}
    if not offered:
        return
    with st.expander(say("repair.whole"), key="repair-whole"):
        chosen = st.selectbox(
            say("repair.choose"),
            [*offered],
            index=None,
            key="repair",
            format_func=lambda one: option(
                f"{offered[one].line} {offered[one].record_id or ''}".strip()
            ),
            placeholder=say("repair.choose"),
        )
        if chosen in offered:
            _form(say, window, offered[chosen])


def _form(say: Any, window: cells.Window, row: KeptRow) -> None:
    """The cells of one row, the one at fault first; why the values are right; submit.

    What is typed into a cell stands in the table as well, and is kept with it. A cell that is
    made empty is kept nowhere: in the table that takes back what was typed.
    """
    person, left = window.person, window.fixes().get(row.id, {})
    fields = dict(row.fields)
    first = row.column if row.column is not None else ""
    order = [*([first] if first else []), *(name for name in fields if name != first)]
    said = why(say, row.profile, row.column, row.reason_code, row.reason)
    subject = f"repair-why:{row.batch_id}:{row.id}"
    with st.container(border=True, key="repair_row"):
        st.html(
            f'<h3 class="rp-h3">{escape(say("repair.title", line=row.line))}</h3>'
            f'<p class="rp-s">{escape(said)}'
            f' <span class="rp-m">{escape(in_english(say, row.reason))}</span></p>'
        )
        places = st.columns(3)
        given: dict[str, str] = {}
        for number, name in enumerate(order):
            came_as, key = plain(fields.get(name, "")), typed.own(f"repair-{row.id}-{name}", person)
            given[name] = places[number % 3].text_input(
                say.maybe(f"field.{name}", name),
                value=left.get(name, came_as),
                key=key,
                on_change=_keep_cell,
                args=(window, (row.id, name), key, came_as),
            )
        asks, key = say("repair.reason"), f"repair-{row.id}-reason"
        reason = typed.field(st.text_input, asks, subject, key, person)
        if not st.button(say("repair.submit"), key="repair-submit", type="primary"):
            return
    summary, lead, rest = _submit(say, person, row, fields, given, reason)
    if summary is None:  # beside the button: the top of the page is out of sight
        st.html(draw.strip("✕", lead, rest))
        return
    tell(say, lead, rest, summary)
    window.forget([row.id])
    typed.forget(subject, person)
    st.rerun()


def _keep_cell(window: cells.Window, cell: tuple[int, str], key: str, came_as: str) -> None:
    text = _whole(st.session_state[key])
    window.take({cell: "" if text == came_as else text})


def _submit(
    say: Any,
    person: Any,
    row: KeptRow,
    fields: Mapping[str, str],
    given: Mapping[str, str],
    reason: str,
) -> tuple[Summary | None, str, str]:
    """The account of the run that took the row in, if it was repaired; and what to say."""
    # A cell that nobody touched stays as it came: what is shown names invisible characters.
    fixes = {name: text for name, text in given.items() if text != plain(fields.get(name, ""))}
    here = served()
    try:
        if not reason.strip():
            raise UsageError(Message("repair.no_reason"))
        session.ready_to_note()
        done = quarantine.repair(
            here.store, here.settings, person, {row.id: fixes}, reason, session.now()
        )
    except RiskProfileError as error:
        return None, str(say("repair.failed")), refusal(say, error)
    if row.id in done.refused:
        still = done.refused[row.id]
        told = why(say, row.profile, still.column, still.reason_code, still.reason)
        english = in_english(say, still.reason)
        return None, str(say("repair.failed")), " · ".join(filter(None, (told, english)))
    return done.summary, str(say("repair.done")), str(say("repair.done_text", line=row.line))

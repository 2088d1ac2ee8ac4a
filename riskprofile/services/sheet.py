"""The inspection sheet: one page that an officer takes to the goods."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from riskprofile.profiles import PROFILES
from riskprofile.services import blind, desk, govern, looking, speaking, viewing
from riskprofile.services.networks import LIKE
from riskprofile.services.paper import EDGE, INK, INNER, LINE, Page
from riskprofile.services.rights import Actor, authorise
from riskprofile.store.database import Store
from riskprofile.words import Words, form
from riskprofile.words.declaration import facts, rest, said, stops, summed

UP, DOWN, CHECKS = 7, 3, 6  # rows that leave room for the boxes below
ALIKE = 2  # earlier finds, on two lines
BAR = 26.0  # mm of the longest bar that raises
AXIS = EDGE + 132
# Checks that every sheet has, and what each is compared with: the first of these that is declared.
STANDARD: Mapping[str, tuple[str, ...]] = {
    "weigh": ("gross_mass_kg", "bag_mass_kg"),
    "count": ("quantity", "package_count", "checked_bags"),
    "compare": (),
}
RESULTS = ("nothing", "trafficking", "compliance", "other", "not_examined")


def sheet(
    store: Store,
    actor: Actor,
    alert_id: int,
    say: Words,
    now: datetime,
    purpose: str = "",
    looks_an_hour: int = looking.LIMIT,
) -> bytes:
    """The inspection sheet of one alert as a PDF of one page; the print is audited.

    Raises
    ------
    NotAllowed
        As for a look at the alert; or the role prints nothing.
    Conflict
        The alert waits for an officer's own view.
    """
    authorise(actor, "alert.print")
    view = viewing.alert(store, actor, alert_id, now, purpose, looks_an_hour)
    status = govern.status(store, actor)
    with store.write() as connection:
        given = desk.load(connection, actor, "alert.print", alert_id)
        blind.require_said(given)
        desk.note(connection, actor, "alert.print", given, now, paper="inspection")
    zone = ZoneInfo(status.zone)
    view = speaking.spoken(say, view)
    page = Page(say("sheet.title"), now, say.language)
    _top(page, view, actor, status, say, now, zone)
    _declared(page, view, say)
    _reasons(page, view, say)
    _checks(page, view, say)
    _boxes(page, say, waits=view.lane == "red" and status.second_person)
    _foot(page, view, say, zone)
    return page.made()


def driver(view: Any) -> Mapping[str, Any]:
    """The declared row that has the points."""
    rows: list[dict[str, Any]] = view.declaration or [{}]
    item = PROFILES[view.profile].item
    return next((row for row in rows if item and row.get(item) == view.driver), rows[0])


def stamp(say: Words, actor: Actor, now: datetime, zone: ZoneInfo) -> str:
    """When this was printed and by whom."""
    time = f"{form.clock(now, zone)} {form.zone_name(zone, now)}"
    return say("sheet.printed", time=time, who=actor.name)


def _top(
    page: Page, view: Any, actor: Actor, status: Any, say: Words, now: datetime, zone: ZoneInfo
) -> None:
    office = " ".join(filter(None, (status.office_name, view.office)))
    mark = say("sheet.demo") if status.demo else say("sheet.official")
    page.text(
        say.listed([office, mark]), EDGE + 80, INNER - 80, size=9, align="R", y=page.y, most=1
    )
    printed = stamp(say, actor, now, zone)
    page.text(printed, EDGE + 80, INNER - 80, size=8.5, grey=True, align="R", y=page.y + 4.4)
    page.text(say("sheet.title"), width=80, size=14, bold=True, most=1)
    page.gap(2)
    page.gap(2)
    page.box(EDGE, page.y, INNER, 13, thick=True)
    page.gap(2.2)
    lane = form.lane(say, view.lane).upper()
    due = form.time_left(say, view.due_at, now)
    inside = EDGE + 4
    page.text(lane, inside, 34, size=15, bold=True, y=page.y + 0.6)
    record = say(
        "sheet.record", record=form.reference(view.record_id), n=view.driver,
        total=max(1, len(view.declaration or [])),
    )  # fmt: skip
    page.text(record, inside + 36, 76, size=10.5, bold=True, y=page.y, most=1)
    told = say("alert.rank_only", n=say.number(view.rank))
    if view.points is not None:
        told = say.listed([say("head.points_n", n=say.number(view.points)), told])
    page.text(told, inside + 36, 76, size=8.5, y=page.y + 5)
    queue = say.maybe(f"queue.{view.queue}", view.queue)
    page.text(due, inside + 112, INNER - 120, size=9, bold=True, align="R", y=page.y)
    page.text(queue, inside + 112, INNER - 120, size=8.5, grey=True, align="R", y=page.y + 5)
    page.gap(13.5)
    told = form.headline(say, view.lane, view.indicators or [], view.reasons or [])
    page.text(told, size=11, bold=True, most=3)
    page.gap(2)


def _declared(page: Page, view: Any, say: Words) -> None:
    profile = PROFILES[view.profile]
    row = driver(view)
    kinds = _kinds(view)
    page.rule()
    page.gap(1.5)
    top, left = page.y, 112.0
    page.text(say("sheet.declared"), width=left, size=9, bold=True)
    if row.get(profile.title):
        page.text(f"“{row[profile.title]}”", width=left - 4, size=9, most=3)
    for line in facts(say, row, kinds)[:5]:
        page.text(line, width=left - 4, size=8.5, grey=True, most=1)
    low = page.y
    page.y = top
    places = stops(row)
    if places:
        page.text(say("why.route"), EDGE + left, INNER - left, size=9, bold=True)
        page.text(" → ".join(places), EDGE + left, INNER - left, size=9, most=3)
    page.y = max(low, page.y) + 2


def _reasons(page: Page, view: Any, say: Words) -> None:
    page.rule()
    page.gap(1.5)
    page.row(
        [(say("sheet.reasons"), 62, "B"), (say("sheet.bars"), INNER - 62, "G")],
        9,
        most=1,
    )
    page.gap(0.6)
    if view.points is None:
        page.text(say("why.no_points"), size=9, most=2)
        page.gap(1.5)
        return
    terms, smaller, base = summed(view.points, view.reasons or [], view.against or [], UP, DOWN)
    longest = max([abs(term["points"]) for term in terms], default=1)
    for n, term in enumerate(terms, start=1):
        points, top = int(term["points"]), page.y
        page.text(n, EDGE, 5, size=8.5, grey=True, y=top + 0.4)
        page.text(said(say, term), EDGE + 6, 112, size=8.5, most=1, y=top + 0.4)
        page.text(form.signed(points), EDGE, INNER, size=8.5, bold=True, align="R", y=top + 0.4)
        length = max(0.7, abs(points) / longest * BAR)
        page.box(AXIS if points > 0 else AXIS - min(length, 14), top + 0.9, 
                 length if points > 0 else min(length, 14), 2.4, filled=points > 0)  # fmt: skip
        page.gap(4.7)
        page.rule(LINE)
    under = rest(say, smaller, base)
    if view.red_from is not None:
        under = say.listed([under, say("why.red_from", n=say.number(view.red_from))], ";")
    page.gap(0.4)
    page.row(
        [("", 6, ""), (under, 130, "G"), (f"= {say.number(view.points)}", INNER - 136 + 1.5, "RB")],
        8.5,
    )
    page.gap(1.5)


def _checks(page: Page, view: Any, say: Words) -> None:
    page.rule()
    page.gap(1.5)
    page.row([(say("sheet.check"), 62, "B"), (say("sheet.measured"), INNER - 62, "G")], 9, most=1)
    page.gap(0.8)
    asked = [str(one["check"]) for one in view.indicators or [] if one.get("check")]
    asked += [_compared(view, say, name) for name in STANDARD]
    for check in dict.fromkeys(asked[:CHECKS]):
        page.box(EDGE, page.y + 0.7, 3, 3)
        tall = page.text(form.sentence(check), EDGE + 6, 118, size=8.5, most=2, y=page.y + 0.3)
        page.gap(max(5.4, tall + 1))
        page.rule(INK, EDGE + 130, INNER - 130)
    clears = [str(one["cleared_by"]) for one in view.indicators or [] if one.get("cleared_by")]
    notes = [(say("why.clears"), clears[:3]), (say("sheet.alike"), _alike(view, say))]
    for title, told in notes:
        if told:
            page.gap(1)
            page.text(f"{title} {say.listed(told, ';')}", size=8.5, most=2)
    page.gap(1.5)


def _compared(view: Any, say: Words, name: str) -> str:
    """A check that every sheet has, with what the item declares of it."""
    check, row, kinds = say(f"sheet.check.{view.profile}.{name}"), driver(view), _kinds(view)
    stated = [one for one in STANDARD[name] if row.get(one) not in (None, "")]
    if not stated:
        return check
    value = form.value(say, row[stated[0]], kinds.get(stated[0], "text"))
    if stated[0] != "quantity":  # of which the check has the word
        value = say(f"fact.{stated[0]}", value=value)
    return say("sheet.as_declared", check=check, value=value)


def _kinds(view: Any) -> dict[str, str]:
    return {spec.name: spec.kind for spec in PROFILES[view.profile].columns}


def _alike(view: Any, say: Words) -> list[str]:
    """Earlier confirmed finds that are like this one, with what they have in common."""
    found = [one for one in view.related or [] if str(one.get("link", "")).startswith(LIKE)]
    return [
        say(
            "sheet.alike_one",
            title=one.get("title") or "",
            record=form.reference(str(one["record_id"])),
            facets=speaking.facets(say, str(one["link"])),
        )
        for one in found[:ALIKE]
    ]


def _boxes(page: Page, say: Words, *, waits: bool) -> None:
    page.y = max(page.y, 194.0)
    page.rule()
    page.gap(1.5)
    page.text(say("sheet.result"), size=9, bold=True)
    page.gap(0.8)
    x = EDGE
    for name in RESULTS:
        page.box(x, page.y + 0.4, 3, 3)
        page.text(say(f"outcome.{name}"), x + 4.6, 33, size=8.5, most=1, y=page.y)
        x += INNER / len(RESULTS)
    page.gap(6)
    page.box(EDGE, page.y, 118, 25)
    page.text(say("sheet.found"), EDGE + 2, 112, size=8, grey=True, y=page.y + 1.2)
    page.box(EDGE + 121, page.y, INNER - 121, 25)
    page.text(say("outcome.seizure"), EDGE + 123, 60, size=8, grey=True, y=page.y + 1.2)
    page.text(say("sheet.seal"), EDGE + 123, 60, size=8, grey=True, y=page.y + 12)
    page.gap(28)
    half = INNER / 2 - 1.5
    second = say("sheet.second_red" if waits else "sheet.second")
    for x, title in ((EDGE, say("sheet.examined")), (EDGE + half + 3, second)):
        page.box(x, page.y, half, 27)
        page.text(title, x + 2, half - 4, size=8, bold=True, y=page.y + 1.2)
        page.text(say("sheet.sign"), x + 2, half - 4, size=8, grey=True, y=page.y + 5.2)
    page.gap(29)


def _foot(page: Page, view: Any, say: Words, zone: ZoneInfo) -> None:
    page.y = 283
    page.rule(LINE)
    page.gap(1)
    card = say(
        "frame.scorecard", profile=say(f"profile.{view.profile}").lower(),
        version=view.model_version, digest=view.model_digest[:8],
    )  # fmt: skip
    told = [card, say("frame.data", time=form.clock(view.created_at, zone)), say("sheet.words")]
    if page.missing:
        told.append(say("sheet.missing", n=page.missing))
    page.text(". ".join(told) + ".", size=7.5, grey=True, most=2)

"""The invented shift of the demonstration: claims, decisions, outcomes, confirmations.

All of it goes through the services that real officers use, so every rule holds here too.
What the outcomes say was made up for the page to have something to show; it says nothing
of how well the rating works.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from riskprofile.profiles import PROFILES
from riskprofile.services import review
from riskprofile.services.blind import LANE
from riskprofile.services.review import Item, QueueFilter, QueueRow
from riskprofile.services.rights import Actor
from riskprofile.store.alert_tables import Decision
from riskprofile.store.database import Store

PARCELS, AIR = "XMEXP", "XMAIR"
OFFICER_1 = Actor("officer-1", "officer", PARCELS)
OFFICER_2 = Actor("officer-2", "officer", AIR)
SUPERVISOR = Actor("supervisor-1", "supervisor")
PEOPLE = (OFFICER_1, OFFICER_2, SUPERVISOR)
PURPOSE = "rated for control at arrival"
LEFT_FREE = 2  # of the highest alerts of a lane, for whoever opens the page

_decision = Decision.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Step:
    """What one officer does with the next free alert of a lane, or of those that wait for a view.

    `confirm` is who confirms the outcome or the release; None leaves it waiting.
    """

    officer: Actor
    office: str
    lane: str
    decision: str = ""  # "" only claims it
    reason: str = ""
    outcome: str = ""  # "" leaves the ordered control open
    methods: tuple[str, ...] = ()
    note: str = ""
    items: tuple[Item, ...] = ()
    where: str = ""
    seizure: str = ""
    minutes: int | None = None
    confirm: Actor | None = None


FOUND = (
    Item("part", "slide", count=2, marking="none", sure="certain", where_found="inner carton"),
    Item("part", "barrel", calibre="9 mm", count=2, serial="none", sure="certain",
         where_found="inner carton"),
    Item("ammunition", calibre="9x19 mm", count=50, sure="likely", where_found="tin under tools"),
)  # fmt: skip
SHIFT = (
    Step(OFFICER_1, PARCELS, "red", "examine", "mass a piece far from the norm, a new pair",
         "trafficking", ("xray", "opened"), "parts of two pistols below the declared goods",
         FOUND, "false bottom of the middle carton", "SZ-DEMO-0001", 95, SUPERVISOR),
    Step(OFFICER_1, PARCELS, "red", "examine", "vague description, weights do not agree",
         "nothing", ("xray", "opened"), "goods as declared, heavier packing", minutes=40,
         confirm=SUPERVISOR),
    Step(OFFICER_1, PARCELS, "red", "examine", "several items that complete each other",
         "compliance", ("opened", "documents"), "lawful goods, licence number left out",
         (Item("document", "import licence", count=1, sure="certain"),), minutes=55),
    Step(OFFICER_1, PARCELS, "red", "release",
         "licence seen in the register, weights agree with the maker's list"),
    Step(OFFICER_1, PARCELS, "red", "release",
         "same goods controlled last week at this office, nothing was found", confirm=SUPERVISOR),
    Step(OFFICER_1, PARCELS, "yellow", "release",
         "known trader, earlier declarations of the same goods were in order"),
    Step(OFFICER_1, PARCELS, "yellow", "documents", "invoice and packing list asked for"),
    Step(OFFICER_1, PARCELS, "yellow", "scan", "parcel is on the scanner's list of this afternoon",
         "not_examined", note="the scanner was out of order", confirm=SUPERVISOR),
    Step(SUPERVISOR, PARCELS, "yellow", "examine", "same address as an earlier case",
         "other", ("opened",), "undeclared tobacco",
         (Item("other", "tobacco, 4 kg", count=1, sure="certain"),), minutes=30),
    Step(OFFICER_2, AIR, "red", "examine", "declared value does not fit the goods",
         "nothing", ("xray", "documents"), "repair parts with their papers", minutes=25,
         confirm=SUPERVISOR),
    Step(OFFICER_2, AIR, "yellow", "documents", "air waybill and licence asked for"),
    Step(OFFICER_1, PARCELS, LANE, "documents", "the wording does not say what the goods are for"),
    Step(OFFICER_1, PARCELS, "red"),
    Step(OFFICER_2, AIR, "yellow"),
)  # fmt: skip
# What travellers' alerts get: the same acts, with a purpose stated at every look.
CROSSINGS = (
    Step(OFFICER_2, AIR, "red", "examine", "bags far heavier than the stay explains",
         "nothing", ("xray", "opened"), "tools of a travelling mechanic", minutes=20,
         confirm=SUPERVISOR),
    Step(OFFICER_2, AIR, "yellow", "documents", "licence for the declared rifle asked for"),
)  # fmt: skip


def invent(store: Store, began: datetime, now: datetime) -> bool:
    """Do the shift between two times, once; whether it was done now.

    A step whose lane has no free alert is left out.
    """
    with store.read() as connection:
        if connection.execute(select(func.count()).select_from(_decision)).scalar_one():
            return False
    work = [(name, step) for name in PROFILES for step in _steps(name)]
    pause = (now - began) / (len(work) + 1)
    for number, (profile, step) in enumerate(work, 1):
        _do(store, profile, step, began + number * pause, now)
    return True


def _steps(profile: str) -> tuple[Step, ...]:
    return CROSSINGS if review.purpose_needed(profile) else SHIFT


def _do(store: Store, profile: str, step: Step, at: datetime, now: datetime) -> None:
    row = next(_free(store, profile, step, at), None)
    if row is None:
        return
    who, alert = step.officer, row.id
    purpose = PURPOSE if review.purpose_needed(profile) else ""
    if not step.decision:
        # Held by somebody while the page is looked at: taken just now.
        review.claim(store, who, alert, now - timedelta(minutes=5))
        review.alert(store, who, alert, now - timedelta(minutes=5), purpose)
        return
    minute = timedelta(minutes=1)
    review.claim(store, who, alert, at)
    review.alert(store, who, alert, at + minute, purpose)
    if row.blind:  # the view first, then the same
        review.say_first(store, who, alert, step.decision, step.reason, at + 3 * minute)
    made = review.decide(store, who, alert, step.decision, step.reason, at + 4 * minute)
    if not step.outcome:
        if step.confirm is not None:
            review.confirm_release(store, step.confirm, made, at + 10 * minute)
        return
    found = review.record_outcome(
        store, who, alert, step.outcome, at + 12 * minute, items=step.items,
        methods=step.methods, note=step.note, concealment=step.where,
        seizure_number=step.seizure, minutes=step.minutes,
    )  # fmt: skip
    if step.confirm is not None:
        review.confirm_outcome(store, step.confirm, found, at + 18 * minute)


def _free(store: Store, profile: str, step: Step, at: datetime) -> Iterator[QueueRow]:
    """Free alerts of the step's office and lane, past those left for whoever opens the page."""
    wanted = QueueFilter(profile, lane=step.lane, owner="open", office=step.office, page_size=500)
    rows = review.queue(store, SUPERVISOR, wanted, at).rows
    untouched = [row for row in rows if row.owner is None and row.decision is None]
    if step.outcome == "trafficking":
        untouched.sort(key=lambda row: row.queue != "trafficking")
    yield from untouched[min(LEFT_FREE, max(0, len(untouched) - 1)) :]

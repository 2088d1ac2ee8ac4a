"""What is told of one declared row beside its wording: facts in lines, and the journey."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from riskprofile.words import Words, form

# Lines under the declared wording: each a group of columns, whichever the profile has.
FACTS = (
    ("hs_code", "quantity", "package_count", "gross_mass_kg"),
    ("value", "currency", "freight_cost"),
    ("consignor_name", "consignor_country"),
    ("consignee_name", "consignee_type", "consignee_country"),
    ("carrier", "conveyance", "service_number"),
    ("checked_bags", "bag_mass_kg", "stay_nights"),
    ("firearms_declared", "ammunition_declared", "firearm_licence"),
)
STOPS = (
    (
        "country_of_export",
        "port_of_loading",
        "route",
        "port_of_discharge",
        "country_of_destination",
    ),
    ("origin", "route", "destination"),
)


def facts(say: Words, row: Mapping[str, Any], kinds: Mapping[str, str]) -> list[str]:
    """The lines of `FACTS` of which anything is declared; `kinds` as the profile states them."""
    lines = []
    for group in FACTS:
        parts = [
            say(f"fact.{name}", value=form.value(say, row[name], kinds.get(name, "text")))
            for name in group
            if row.get(name) not in (None, "")
        ]
        if parts:
            lines.append(say.listed(parts))
    return lines


def stops(row: Mapping[str, Any]) -> list[str]:
    """The places of a journey in order, each once in a row."""
    names = next((group for group in STOPS if any(row.get(name) for name in group)), ())
    route = [part for part in str(row.get("route") or "").split("|") if part]
    found: list[str] = []
    for name in names:
        parts = route if name == "route" else [str(row[name])] if row.get(name) else []
        for part in parts:
            # A country right beside one of its own places says nothing more.
            if (
                found
                and part[:2] == found[-1][:2]
                and (part == found[-1] or 2 in map(len, (part, found[-1])))
            ):
                found[-1] = max(part, found[-1], key=len)
                continue
            found.append(part)
    return found


Term = Mapping[str, Any]
LANES = ("green", "yellow", "red")


def without(
    points: int,
    raising: Sequence[Term],
    begins: Mapping[str, int | None],
    raised: Iterable[str] = (),
) -> tuple[int, int, str] | None:
    """How many of the strongest reasons hold the lane; the points and the lane without them.

    None where an indicator holds the lane, or all reasons together do not.

    Parameters
    ----------
    begins : mapping
        The fewest points of the lanes `red` and `yellow`.
    raised : iterable of str
        The lanes that indicators raise to: it falls no lower.

    >>> reasons = [{"points": 96}, {"points": 71}]
    >>> without(412, reasons, {"red": 310, "yellow": 200})
    (2, 245, 'yellow')
    >>> without(412, reasons, {"red": 310, "yellow": 200}, ["red"])
    """
    floor = max(map(LANES.index, raised), default=0)

    def lane(left: int) -> int:
        made = [n for n, name in enumerate(LANES) if left >= (begins.get(name) or left + 1)]
        return max([floor, *made])

    left = points
    named = (int(term["points"]) for term in raising if term.get("term") != "base")
    for n, own in enumerate(sorted(named, reverse=True), start=1):
        left -= own
        if lane(left) < lane(points):
            return n, left, LANES[lane(left)]
    return None


def said(say: Words, term: Term) -> str:
    """What a reason says, and what is usual."""
    told = str(term.get("text") or term.get("term"))
    return say.listed([told, say("why.norm", norm=term["norm"])], ";") if term.get("norm") else told


def rest(say: Words, smaller: Sequence[Term], base: int) -> str:
    """What stands under the reasons that are shown: the sum of the smaller ones, and the base."""
    parts = [say("why.base", n=say.number(base))]
    if smaller:
        total = form.signed(sum(int(term["points"]) for term in smaller))
        parts.insert(0, say.many("why.smaller", len(smaller), points=total))
    return say.listed(parts)


def summed(
    points: int, raising: Sequence[Term], lowering: Sequence[Term], up: int, down: int
) -> tuple[list[Term], list[Term], int]:
    """Terms to show (at most `up` that raise, `down` that lower), the smaller ones, and the base.

    Shown terms + smaller terms + base is exactly `points`.
    """
    named = [term for term in (*raising, *lowering) if term.get("term") != "base"]
    rises = sorted((t for t in named if t["points"] > 0), key=lambda t: -t["points"])
    falls = sorted((t for t in named if t["points"] < 0), key=lambda t: t["points"])
    base = points - sum(int(term["points"]) for term in named)
    return rises[:up] + falls[:down], rises[up:] + falls[down:], base

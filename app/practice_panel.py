"""What the page of practice draws: the case, what the reasons said, the drill, the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from app import draw
from app.text import attribute, escape, marked
from app.words import Words
from riskprofile.profiles import SHIPMENT
from riskprofile.services import practice, speaking
from riskprofile.services.practice import Case
from riskprofile.services.practice_rating import Rating
from riskprofile.services.practice_record import Record
from riskprofile.words import form
from riskprofile.words.declaration import stops

MOST = (4, 2)  # reasons for and against that stand beside the record on one screen
LEAST = 3  # points of a reason that stands alone; smaller ones are a part of the sum
PIECES = ("C62", "PR")  # units of which one can be weighed
SIGNS = 2  # warning signs that stand among the reasons; what to check of all is unfolded
CASES = 'lang="en" dir="ltr"'  # cases and drills are told in English on every page


def case(say: Words, one: Case, rating: Rating | None) -> str:
    """The declaration with what is usual beside it; words marked once `rating` may be told."""
    row = one.declared
    mode = say(f"practice.mode.{row['transport_mode']}")
    way = say(f"practice.way.{row['procedure']}", mode=mode)
    spans = rating.marks if rating else []
    head = (
        f'<div class="rp-bar"><h2 class="rp-h2">{escape(say("practice.saw"))}</h2>'
        f'<span class="rp-pill vio">{escape(say("page.practice"))}</span>'
        f'<span class="rp-m e">{escape(way)}</span></div>'
    )
    quoted = f'<div class="rp-mono" dir="auto">“{marked(row["goods_description"], spans)}”</div>'
    rows = _rows(say, one)
    heads = [say("declaration.column"), say("why.declared"), say("practice.usual")]
    many = 3 if any(row[2] for row in rows) else 2
    return head + quoted + draw.table(heads[:many], [row[:many] for row in rows])


def _rows(say: Words, one: Case) -> list[tuple[str, str, str]]:
    """Field, declared, usual; of a published case what its report gives."""
    row, usual = one.declared, one.usual
    made: list[tuple[str, str, str]] = [(say("field.hs_code"), row.get("hs_code", ""), "")]
    counted = row.get("quantity_unit") in PIECES
    for name, many, mass in (
        *((("piece", "quantity", "net_mass_kg"),) if counted else ()),
        ("package", "package_count", "gross_mass_kg"),
    ):
        if float(row.get(many) or 0) and row.get(mass):
            each = f"{say.number(float(row[many]))} × {_kilograms(say, row, many, mass)}"
            made.append((say(f"practice.{name}"), each, _between(say, usual, name, "kg")))
    currency = row.get("currency", "")
    if row.get("value"):
        value = f"{say.number(float(row['value']))} {currency}"
        made.append((say("field.value"), value, _between(say, usual, "value", currency)))
    if row.get("freight_cost"):
        freight = f"{say.number(float(row['freight_cost']))} {currency}"
        made.append((say("field.freight_cost"), freight, ""))
    if one.twin:
        made += [
            (say("field.consignee_type"), _consignee(say, row), _kind(say, usual)),
            (say("field.licence_number"), _stated(say, row, "licence_number"),
             _share(say, usual, "licence_number")),
        ]  # fmt: skip
    elif row.get("licence_number"):
        made.append((say("field.licence_number"), say("practice.stated"), ""))
    if row.get("gift") == "true":
        made.append((say("field.gift"), say("yes"), ""))
    if route := stops(row):
        made.append((say("field.route"), " – ".join(route), ""))
    return [one for one in made if one[1]]


def _kilograms(say: Words, row: Mapping[str, str], many: str, mass: str) -> str:
    return f"{say.number(float(f'{float(row[mass]) / float(row[many]):.3g}'))} kg"


def _between(say: Words, usual: Mapping[str, Any], name: str, unit: str) -> str:
    if name not in usual:
        return ""
    low, high = (say.number(end) for end in usual[name])
    return f"{say('practice.range', low=low, high=high)} {unit}"


def _consignee(say: Words, row: Mapping[str, str]) -> str:
    if not (row.get("consignee_id") or row.get("consignee_name")):
        return say("practice.nobody")
    return form.value(say, row.get("consignee_type", ""), "choice") or say("practice.unsaid")


def _kind(say: Words, usual: Mapping[str, Any]) -> str:
    if "consignee_type" not in usual:
        return ""
    kind, share = usual["consignee_type"]
    return say("practice.share", what=form.value(say, kind, "choice"), n=share)


def _stated(say: Words, row: Mapping[str, str], name: str) -> str:
    return say("practice.stated" if row.get(name) else "practice.unsaid")


def _share(say: Words, usual: Mapping[str, Any], name: str) -> str:
    return say("practice.share_stated", n=usual[name]) if name in usual else ""


def verdict(say: Words, one: Case, choice: str, rating: Rating, *, sourced: bool) -> str:
    """Whether it was caught, the lane and the points, what it was, and the sums of the reasons.

    With `sourced` also where the case is from.
    """
    met = one.met(choice)
    kind = "find" if one.arms else "lawful"
    word = {
        (True, True): "practice.caught",
        (True, False): "practice.missed",
        (False, True): "practice.let_go",
        (False, False): "practice.held_up",
    }[one.arms, met]
    points = say("practice.points", n=say.number(rating.points))
    if rating.bounds.red is not None:
        points = say.listed([points, say("why.red_from", n=say.number(rating.bounds.red))])
    lane = draw.lane_pill(say, rating.lane) if rating.lane else ""
    fit = say.listed(say("quoted", text=say(f"decision.{name}")) for name in one.fitting)
    up, down = (sum(abs(int(term["points"])) for term in side) for side in rating.said)
    lines = (
        (say(f"practice.{kind}_what"), one.what),
        (say(f"practice.{kind}_how"), one.how),
    )
    told = " ".join(
        f"<b>{escape(name)}</b> <span {CASES}>{escape(text)}.</span>" for name, text in lines
    )
    source = f'<p class="rp-m">{escape(_source(say, one))}</p>' if sourced else ""
    headline = say(f"practice.{kind}_{'met' if met else 'unmet'}")
    return (
        f'<div class="rp-card rp-vio rp-stack" role="status">'
        f'<div class="rp-bar">{draw.pill(say(word), "" if met else "need")}{lane}'
        f'<span class="rp-m">{escape(points)}</span></div>'
        f'<h2 class="rp-h2">{escape(headline)}</h2><p>{told}</p>'
        f"<p>{escape(say('practice.fits', choices=fit))} "
        f"{escape(say('practice.sums', up=say.number(up), down=say.number(down)))}</p>"
        f"{source}</div>"
    )


def reasons(say: Words, one: Case, rating: Rating, named: Mapping[str, bool]) -> str:
    """What the reasons said, with whether each was named; then the warning signs that fit."""

    def beside(*keys: str) -> str:
        told = any(key in named for key in keys)
        return f"✓ {say('practice.named')}" if told else say("practice.not_named")

    shown = [
        term
        for given, most in zip(rating.said, MOST, strict=True)
        for term in speaking.reasons(say, SHIPMENT.name, given)[:most]
        if abs(int(term["points"])) >= LEAST
    ]
    longest = max([abs(int(term["points"])) for term in shown], default=1)
    rows = "".join(
        draw.reason(say, term, longest, beside(term["term"], *term["term"].split(" x ")))
        for term in shown
    )
    rest = rating.points - sum(int(term["points"]) for term in shown)
    fitting = practice.signs(say, one, dict.fromkeys((*rating.signs, *one.signs)))
    rows += "".join(
        f'<div class="rp-dv more"><div>{escape(sign["text"])} '
        f'<span class="rp-m rp-nw">{escape(sign["key"].split("_")[0])}</span></div>'
        f'<div></div><div class="rp-m">{escape(beside(sign["key"]))}</div></div>'
        for sign in fitting[:SIGNS]
    )
    title = say("practice.find_signs" if one.arms else "practice.lawful_signs")
    signs = ""
    if fitting:
        signs = (
            f"<details><summary>{escape(title)} ({len(fitting)})</summary>"
            f'<div class="rp-stack">{draw.indicators(say, fitting)}</div></details>'
        )
    return (
        f'<div class="rp-card"><div class="rp-head"><h2 class="rp-h2">'
        f"{escape(say('practice.said'))}</h2>"
        f'<span class="rp-ends"><span class="rp-axis"><span>{escape(say("why.lowers"))}</span>'
        f"<span>{escape(say('why.raises'))}</span></span>"
        f"<span>{escape(say('practice.did'))}</span></span></div>{rows}"
        f'<p class="rp-m rp-s">{escape(say("practice.after_only"))} '
        f"{escape(say('practice.rest', n=say.number(rest)))} "
        f"{escape(say('why.rated_by', version=rating.version))}</p>{signs}</div>"
    )


def chose(say: Words, choice: str, seconds: float, sure: str | None, named: list[str]) -> str:
    """What was chosen, after how long, how sure, and which reasons were named."""
    parts = [say("practice.after", n=say.number(round(seconds)))]
    if sure:
        parts.append(say(f"practice.sure.{sure}"))
    lead = say("practice.chosen", choice=say(f"decision.{choice}"))
    words = say.listed(say("quoted", text=one) for one in named)
    told = say("practice.you_named", what=words) if named else say("practice.named_none")
    return (
        f'<div class="rp-note"><p><b>{escape(lead)}</b> {escape(say.listed(parts))}. '
        f"{escape(told)}</p></div>"
    )


def drill(say: Words, one: Case) -> str:
    """What tells the two apart, and the other of this pair."""
    told = practice.drills()[one.subject]
    heads = f"<td></td><th>{escape(told.lawful)}</th><th>{escape(told.covert)}</th>"
    rows = "".join(
        f'<tr><td class="rp-m">{escape(facet)}</td><td>{escape(lawful)}</td>'
        f"<td>{escape(covert)}</td></tr>"
        for facet, lawful, covert in told.facets
    )
    twin = practice.known().get(one.twin)
    pair = ""
    if twin is not None:
        said = say("practice.twin", text=twin.declared["goods_description"])
        pair = f'<p class="rp-m">{escape(said)}</p>'
    return (
        f'<h2 class="rp-h2">{escape(say("practice.drill"))}</h2>'
        f'<table class="rp-t first" {CASES}><thead><tr>{heads}</tr></thead>'
        f'<tbody>{rows}</tbody></table><div class="rp-stack">{pair}</div>'
    )


def record(say: Words, of: Record, title: str, note: str) -> str:
    """A line for each subject: finds caught, look-alikes let go, median time, both together."""
    beside = f'<span class="rp-m rp-s">{escape(note)}</span>'
    if not of.lines:
        none = f'<p class="rp-m">{escape(say("kpi.none_yet"))}</p>'
        return draw.card(title, none, beside=beside)
    names = ("subject", "looked", "passed", "median", "together")
    heads = "".join(
        f"<th{' class=r' if name in names[1:4] else ''}>{escape(say(f'practice.{name}'))}</th>"
        for name in names
    )
    rows = "".join(
        f"<tr><td>{escape(say(f'practice.subject.{line.subject}'))}</td>"
        f"<td class=r>{escape(_of(say, line.caught, line.finds))}</td>"
        f"<td class=r>{escape(_of(say, line.let_go, line.lawful))}</td>"
        f"<td class=r>{escape(say('practice.seconds', n=say.number(round(line.seconds))))}</td>"
        f"<td>{_share_bar(say, line.share)}</td></tr>"
        for line in of.lines
    )
    table = (
        f'<table class="rp-t first rp-record"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )
    return draw.card(title, table, beside=beside)


def doubts(say: Words, of: Record, zone: ZoneInfo) -> str:
    """What an officer disagrees with, for the trainer: case, what they chose, their words."""
    if not of.doubts:
        return ""
    rows = [
        (one.case_id, say(f"decision.{one.choice}"), one.text, form.clock(one.at, zone))
        for one in of.doubts
    ]
    heads = [say(f"practice.{name}") for name in ("case", "choice", "words", "day")]
    return draw.card(say("practice.doubts"), draw.table(heads, rows, whole=(1, 3)))


def _source(say: Words, one: Case) -> str:
    """Where the case is from."""
    if one.source:
        return say("practice.source", source=one.source)
    return say("practice.generated" if one.twin else "practice.made_up")


def _of(say: Words, n: int, total: int) -> str:
    return draw.of(say, n, total) if total else say("kpi.none_yet")


def _share_bar(say: Words, share: float) -> str:
    told = say("practice.of_hundred", n=round(100 * share))
    return (
        f'<div class="rp-sh" role="img" aria-label="{attribute(told)}">'
        f'<i style="width:{100 * share:.0f}%"></i></div>'
    )

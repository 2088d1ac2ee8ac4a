"""Reasons and warning signs in the reader's language, with figures as it writes them.

What is stored is English, as it was rated. In another language a reason is put together anew
from its term and value, and a sign from its key and what was declared: the sentences stand in
`words/reasons_*.json`. What a person wrote (a raised alert, an own criterion) stays as written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from importlib import resources
from typing import Any, TypeVar

from riskprofile.profiles import PROFILES
from riskprofile.scoring.reasons import (
    LAWFUL,
    NO_DESCRIPTION,
    UNUSUAL,
    WORDED,
    numbered,
    plain,
    reading,
    shown,
    states_a_fact,
    without_value,
)
from riskprofile.scoring.scorecard import WORDING
from riskprofile.services.describing import NOT_EVALUATED, NOT_GIVEN
from riskprofile.services.networks import LIKE
from riskprofile.tables import Feature
from riskprofile.words import COMMA, DEFAULT, Words, plural

Told = TypeVar("Told")
_PLACE = re.compile(r"\{value:([^}]*)\}")
_FIGURE = re.compile(r"-?\d[\d.]*(e[+-]\d+)?")
_SPAN = rf"{_FIGURE.pattern}(?: to {_FIGURE.pattern})?"
_NORM = re.compile(rf"{_SPAN}(?:; {_SPAN})*")
_BY_HAND = re.compile(r"(\S+) raised it by hand: (.*)", re.S)
_FILLED = re.compile(r"\{(\w+)\}")
_LISTS = ("reasons", "against", "indicators")


def spoken(say: Words, one: Told) -> Told:
    """An alert, or a row of the list, with its sentences in the language of `say`."""
    given: Any = one
    profile = given.profile
    told = {
        name: (indicators if name == "indicators" else reasons)(say, profile, getattr(given, name))
        for name in _LISTS
        if getattr(given, name, None)
    }
    made: Told = replace(given, **told)
    return made


def reasons(say: Words, profile: str, given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Reasons with `text` and `norm` in the language of `say`; all else as it was."""
    if say.language == DEFAULT:
        return [{**one, "norm": _norm(say, profile, one)} for one in given]
    return [
        {**one, "text": _reason(say, profile, one), "norm": _norm(say, profile, one)}
        for one in given
    ]


def indicators(
    say: Words, profile: str, given: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Warning signs with `text`, `cleared_by` and `check` in the language of `say`."""
    if say.language == DEFAULT:
        return [dict(one) for one in given]
    return [{**one, **_sign(say, profile, one)} for one in given]


def sign(say: Words, profile: str, key: str) -> str:
    """What a warning sign says of any declaration: "…" stands for what is declared.

    A key that is of no sign of the profile stays as it is.

    >>> from riskprofile import words
    >>> sign(words.of("en"), "shipment", "X02_firearm_lexicon")
    'the goods text names arms, parts or ammunition, and HS … does not'
    """
    known = next((one for one in PROFILES[profile].indicators if one.key == key), None)
    if known is None:
        return key
    said = known.says if say.language == DEFAULT else _said(say, profile).get(key, [known.says])[0]
    return _FILLED.sub("…", said)


def link(say: Words, said: str) -> str:
    """What ties two declarations, as `services.networks` stores it, in the language of `say`.

    >>> from riskprofile import words
    >>> link(words.of("fr"), "same consignee, through one forwarder")
    'même destinataire, par un même transitaire'
    >>> link(words.of("es"), "like an earlier find in goods, route, party")
    'como un hallazgo anterior en: mercancía, ruta, parte'
    """
    if said.startswith(LIKE):
        return say("link.find", facets=facets(say, said))
    return say.listed(say.maybe(f"link.{one.replace(' ', '_')}", one) for one in said.split(", "))


def facets(say: Words, said: str) -> str:
    """What an earlier find has in common with a declaration, of the words of such a link."""
    return say.listed(say(f"facet.{one}") for one in said.removeprefix(LIKE).split(", "))


def term(say: Words, profile: str, features: Sequence[str], says: str = "") -> str:
    """What a term of a scorecard speaks of, without any value; `says` is of a written criterion.

    >>> from riskprofile import words
    >>> term(words.of("en"), "shipment", ["mass_per_package"])
    'kg a package'
    """
    if says:
        if say.language == DEFAULT:
            return says
        return str(sentences(say.language)["criteria"].get(says, says))
    known, told = _features(profile), []
    for name in features:
        if name == WORDING:
            told.append(say("terms.wording"))
            continue
        reads = known[name].reads
        if say.language != DEFAULT:
            reads = str(sentences(say.language)["features"][name])
        told.append(without_value(reads).removeprefix("…").strip())
    joined = " and " if say.language == DEFAULT else str(sentences(say.language)["and"])
    return joined.join(told)


def names(say: Words, features: Sequence[str]) -> list[str]:
    """What features are called where there is no room for a sentence; others by their names.

    >>> from riskprofile import words
    >>> names(words.of("fr"), ["mass_per_package", "wording"])
    ['masse par colis', 'mots de la désignation des marchandises']
    """
    told = {WORDING: say("terms.wording")}
    return [told.get(one) or say.maybe(f"term_name.{one}", one) for one in features]


def series(say: Words, kept: str) -> str:
    """A series that the watch found changed, as it was kept: its kind and its name in English.

    >>> from riskprofile import words
    >>> series(words.of("fr"), "column hs_code"), series(words.of("es"), "score points")
    ('colonne SH', 'puntos')
    """
    kind, _, name = kept.partition(" ")
    key = f"watch.series_{kind}"
    if say.language == DEFAULT or key not in say.entries:
        return kept
    if kind == "feature":
        name = names(say, [name])[0]
    elif kind in ("indicator", "precision"):
        name = name.partition("_")[0]
    elif kind in ("finds", "calibration"):
        name = say("watch.listed" if name == "list" else "watch.drawn").lower()
    return say(key, name=say.maybe(f"field.{name}", name))


@cache
def sentences(language: str) -> Mapping[str, Any]:
    """The file of one language."""
    text = resources.files("riskprofile.words").joinpath(f"reasons_{language}.json")
    found: Mapping[str, Any] = json.loads(text.read_text("utf-8"))
    return found


def _reason(say: Words, profile: str, one: Mapping[str, Any]) -> str:
    held, text = sentences(say.language), str(one.get("text") or one.get("term"))
    term, value = str(one.get("term")), one.get("value")
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    if term == "base":
        return str(held["base"])
    names = term.split(" x ")
    known = _features(profile)
    if not all(number is None or isinstance(number, (int, float)) for number in values):
        return text  # not as a scorecard states it
    if len(names) == len(values) and all(name in known or name == WORDING for name in names):
        worded = text
        if WORDING in names and len(names) > 1:  # what is left beside the other's sentence
            for name, number in zip(names, values, strict=True):
                if name != WORDING:
                    for said in _kept(known[name], number):
                        worded = worded.replace(said, "", 1)
            worded = worded.removeprefix(" and ").removesuffix(" and ")
        parts = [
            _wording(held, worded) if name == WORDING else _reading(say, known[name], number)
            for name, number in zip(names, values, strict=True)
        ]
        return str(held["and"]).join(parts)
    says, colon, rest = text.partition(": ")
    if not colon:
        return str(held["criteria"].get(text, text))
    told = str(held["criteria"].get(says, says))
    return say.listed([told, _readings(say, known, rest, values)], ":")


@cache
def _features(profile: str) -> Mapping[str, Feature]:
    return {feature.name: feature for feature in PROFILES[profile].features}


def _readings(say: Words, known: Mapping[str, Any], text: str, values: Sequence[Any]) -> str:
    """The values of a written criterion: which feature each is of, its sentence says."""
    parts, rest = [], text
    for number in values:
        for feature, said in ((one, said) for one in known.values() for said in _kept(one, number)):
            if rest == said or rest.startswith(f"{said} and "):
                parts.append(_reading(say, feature, number))
                rest = rest[len(said) :].removeprefix(" and ")
                break
        else:
            return text
    return text if rest else str(sentences(say.language)["and"]).join(parts)


def _kept(feature: Feature, value: float | None) -> Iterator[str]:
    """What an alert keeps of a feature: of one at 0 that tells of nothing there (`Feature.none`)
    also what was said before it was said to be none.
    """
    yield reading(feature, value)
    if feature.none:
        yield reading(replace(feature, none=False), value)


def _reading(say: Words, feature: Feature, value: float | None) -> str:
    held = sentences(say.language)
    template = str(held["features"][feature.name])
    if value is None:
        return str(held["unknown"]).format(said=without_value(template))
    if not value and states_a_fact(template):
        return str(held["not"]).format(said=template)
    if feature.none and value <= 0:
        return str(held["not"]).format(said=without_value(template))
    value = shown(template, value)
    template = numbered(plain(template), plural(say.language, round(abs(value))) == "one")

    def filled(place: re.Match[str]) -> str:
        if place[1] == "yes":
            return say("yes") if value else say("no")
        return _comma(say, format(value, place[1])).replace("%", "\u00a0%")

    return _PLACE.sub(filled, template)


def _wording(held: Mapping[str, Any], text: str) -> str:
    known = {NO_DESCRIPTION: "no_description", LAWFUL: "lawful", UNUSUAL: "unusual"}
    if text in known:
        return str(held["wording"][known[text]])
    if text.startswith(WORDED):
        return str(held["wording"]["wording"]) + text.removeprefix(WORDED)
    return text


def _norm(say: Words, profile: str, one: Mapping[str, Any]) -> str:
    """What is usual: in hundredths, or as what a logarithm is of, where the sentence says so."""
    norm, known = str(one.get("norm") or ""), _features(profile)
    if not _NORM.fullmatch(norm):
        return norm
    parts, names = norm.split("; "), str(one.get("term")).split(" x ")
    if len(parts) == len(names):  # of a pair each has its own, or it is not told of which it is
        sentence = [known[name].reads if name in known else "" for name in names]
    else:
        sentence = ["" for _ in parts]

    def written(figure: re.Match[str], reads: str) -> str:
        """Large figures are stored as 1.86e+04, which nobody reads."""
        value = shown(reads, float(figure[0]))
        if "%}" in reads:
            return _comma(say, f"{value:.0%}").replace("%", "%" if english else "\u00a0%")
        if figure[1] or "10^{" in reads:
            return say.number(value)
        return _comma(say, figure[0])

    english = say.language == DEFAULT
    told = "; ".join(
        _FIGURE.sub(partial(written, reads=reads), part)
        for reads, part in zip(sentence, parts, strict=True)
    )
    if say.language == DEFAULT:
        return told
    return told.replace(" to ", sentences(say.language)["to"])


def _comma(say: Words, text: str) -> str:
    """Figures written as the language writes them."""
    if say.language == DEFAULT:  # as the reasons of alerts were stored
        return text
    parted = text.replace(",", "\u202f")
    return parted.replace(".", ",") if say.language in COMMA else parted


def _sign(say: Words, profile: str, one: Mapping[str, Any]) -> dict[str, str]:
    held, key, text = sentences(say.language), str(one.get("key")), str(one.get("text") or "")
    if raised := _BY_HAND.fullmatch(text):
        return {"text": held["by_hand"].format(who=raised[1], reason=raised[2])}
    mine = _said(say, profile)
    name = key.removeprefix(NOT_EVALUATED)
    known = next((sign for sign in PROFILES[profile].indicators if sign.key == name), None)
    if known is None or name not in mine:
        return {}
    said, cleared, check = mine[name]
    told = {"cleared_by": cleared, "check": check}
    if key != name:
        return {**told, "text": held["not_evaluated"].format(name=name)}
    values = _declared(known.says, text)
    if values is None:
        return told
    given = {
        name: held["not_given"] if v == NOT_GIVEN else _spelled(say, profile, name, v)
        for name, v in values.items()
    }
    return {**told, "text": _FILLED.sub(lambda place: given[place[1]], said)}


def _said(say: Words, profile: str) -> dict[str, list[str]]:
    """Of each sign by its key: what it says, what clears it, what to check."""
    held = sentences(say.language)["indicators"]
    return {**held["every"], **held.get(profile, {})}


def _spelled(say: Words, profile: str, name: str, value: str) -> str:
    """A declared value; codes that we define are spelled out, within a sentence."""
    spec = PROFILES[profile].by_name.get(name)
    if spec is None or spec.kind != "choice":
        return value
    return say.maybe(f"choice.{value}", value).lower()


def _declared(says: str, text: str) -> dict[str, str] | None:
    """What was declared, as it stands in a sentence that `says` made; None when it did not."""
    pattern = "".join(
        f"(?P<{part[1:-1]}>.*)" if part.startswith("{") else re.escape(part)
        for part in re.split(r"(\{\w+\})", says)
    )
    found = re.fullmatch(pattern, text, re.S)
    return None if found is None else found.groupdict()

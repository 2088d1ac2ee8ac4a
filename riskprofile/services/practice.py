"""Practice: finds, published or made up, and lawful trade that looks like them.

Whoever practises sees what a declaration could have said, names reasons, chooses a control, and
is then told what it was. The cases stand here and not in the reference data, so that no feature,
indicator or fit can read them (an import contract holds that): what was found elsewhere teaches
people, never a scorecard. How a case is rated: `practice_rating`; what is kept: `practice_record`.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from riskprofile.profiles import SHIPMENT
from riskprofile.services import speaking
from riskprofile.services.describing import NOT_GIVEN
from riskprofile.services.rights import Actor, authorise
from riskprofile.words import Words

ROUND = 10  # cases, half of them finds
CHOICES = ("release", "documents", "scan", "examine")
LOOKS_INSIDE = ("scan", "examine")
LETS_GO = ("release", "documents")
SUBJECTS = ("household", "bulky", "machines", "parts", "tubes", "words", "licence")
ON_PAPER = "licence"  # the subject whose finds the documents give away


@dataclass(frozen=True)
class Case:
    """One declaration as it may have read, and what is known of it.

    `declared` holds columns of the contract; of a published find those alone that the report
    gives, with the HS code that its words suggest. `usual` is what is usual for its heading
    (`training.practice_cases`), and `twin` the id of the case that looks like it: of generated
    cases alone. Of a find (`arms`), `what` was found and `how` it was hidden; of lawful trade,
    `what` makes it look alike and `how` it is cleared. `signs` are keys of indicators that fit a
    published case. Only a published find has a `source`; everything else is made up.
    """

    id: str
    arms: bool
    subject: str
    declared: Mapping[str, str]
    what: str
    how: str
    signs: tuple[str, ...] = ()
    source: str = ""
    twin: str = ""
    usual: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fitting(self) -> tuple[str, ...]:
        """The controls that fit: goods with arms are looked into, lawful ones are not.

        Where the papers give a find away, asking for them fits too.
        """
        if not self.arms:
            return LETS_GO
        return ("documents", *LOOKS_INSIDE) if self.subject == ON_PAPER else LOOKS_INSIDE

    def met(self, choice: str) -> bool:
        """Whether the control fits."""
        return choice in self.fitting


@dataclass(frozen=True)
class Drill:
    """What tells two things apart that look alike: (facet, of the lawful one, of the covert)."""

    lawful: str
    covert: str
    facets: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Tally:
    """What a round came to: finds looked into, lawful declarations let by, each of how many."""

    looked: int
    finds: int
    passed: int
    lawful: int


@cache
def cases() -> tuple[Case, ...]:
    """All cases: published finds, what guards against them, then pairs of the generator."""
    own = [{**one, "signs": tuple(one["signs"])} for one in _read("practice.json")]
    return tuple(Case(**one) for one in (*own, *_read("practice_made.json")["cases"]))


def bounds() -> Mapping[str, Any]:
    """From how many points the scorecard of a `digest` makes `red` and `yellow` where no list says.

    Of the generator's natural stream, rated as cases are (`training.practice_cases.bounds`).
    """
    made: Mapping[str, Any] = _read("practice_made.json")["bounds"]
    return made


@cache
def known() -> Mapping[str, Case]:
    """Each case by its id."""
    return {one.id: one for one in cases()}


@cache
def drills() -> Mapping[str, Drill]:
    """The drill of each subject."""
    return {
        subject: Drill(one["lawful"], one["covert"], tuple(tuple(row) for row in one["facets"]))
        for subject, one in _read("practice_drills.json").items()
    }


def drawn(actor: Actor, seed: int, subject: str = "") -> list[Case]:
    """A round of cases, half finds and half lawful, mixed; the same for the same seed.

    Half of each half is published, half generated. Of one `subject` whatever there is of it.
    """
    authorise(actor, "practice.do")
    draw = random.Random(seed)  # noqa: S311 -- an exercise, no secret
    chosen: list[Case] = []
    for arms in (True, False):
        some = [one for one in cases() if one.arms == arms and subject in ("", one.subject)]
        draw.shuffle(some)
        many = ROUND // 2
        if not subject:
            made = [one for one in some if one.twin]
            some = [*made[: many // 2], *(one for one in some if not one.twin)]
        chosen += some[:many]
    draw.shuffle(chosen)
    return chosen


def signs(say: Words, case: Case, keys: Iterable[str]) -> list[dict[str, Any]]:
    """Warning signs by key, said of a case: what each says, what would clear it, what to check."""
    indicators = {one.key: one for one in SHIPMENT.indicators}
    given = [
        {
            "key": key,
            "text": indicators[key].says.format_map(_Declared(case.declared)),
            "cleared_by": indicators[key].cleared_by,
            "check": indicators[key].check,
            "raises": indicators[key].raises,
        }
        for key in keys
    ]
    return speaking.indicators(say, SHIPMENT.name, given)


def tally(round_: Sequence[Case], choices: Sequence[str]) -> Tally:
    """Count the answered cases of a round."""
    met = {True: 0, False: 0}
    of = {True: 0, False: 0}
    for case, choice in zip(round_, choices, strict=False):
        of[case.arms] += 1
        met[case.arms] += case.met(choice)
    return Tally(met[True], of[True], met[False], of[False])


@cache
def _read(name: str) -> Any:
    return json.loads(resources.files("riskprofile.services").joinpath(name).read_text("utf-8"))


class _Declared(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return NOT_GIVEN

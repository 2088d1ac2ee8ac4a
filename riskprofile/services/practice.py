"""Practice: published finds, and lawful trade that looks like them, apart from all that rates.

Whoever practises sees what a declaration could have said, chooses a control, and is then told
what it was. Nothing is stored and nobody is measured. The cases stand here and not in the
reference data, so that no feature, indicator or fit can read them (an import contract holds
that): what was found elsewhere teaches people, never a scorecard.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Case:
    """One declaration as it may have read, and what is known of it.

    `declared` holds columns of the contract, those alone that a report gives; the HS code is
    the one that its words suggest. Of a find (`arms`), `what` was found and `how` it was hidden;
    of lawful trade (made up), `what` makes it look alike and `how` it is cleared. `signs` are keys
    of indicators that fit.
    """

    id: str
    arms: bool
    declared: Mapping[str, str]
    what: str
    how: str
    signs: tuple[str, ...]
    source: str

    def met(self, choice: str) -> bool:
        """Whether the control fits: goods with arms are looked into, lawful ones are not."""
        return (choice in LOOKS_INSIDE) == self.arms


@dataclass(frozen=True)
class Tally:
    """What a round came to: finds looked into, lawful declarations let by, each of how many."""

    looked: int
    finds: int
    passed: int
    lawful: int


@cache
def cases() -> tuple[Case, ...]:
    """All cases, finds first."""
    text = resources.files("riskprofile.services").joinpath("practice.json").read_text("utf-8")
    return tuple(Case(**{**one, "signs": tuple(one["signs"])}) for one in json.loads(text))


def drawn(actor: Actor, seed: int) -> list[Case]:
    """A round of cases, half finds and half lawful, mixed; the same for the same seed."""
    authorise(actor, "practice.do")
    draw = random.Random(seed)  # noqa: S311 -- an exercise, no secret
    finds = [one for one in cases() if one.arms]
    lawful = [one for one in cases() if not one.arms]
    chosen = draw.sample(finds, ROUND // 2) + draw.sample(lawful, ROUND - ROUND // 2)
    draw.shuffle(chosen)
    return chosen


def signs(say: Words, case: Case) -> list[dict[str, Any]]:
    """The warning signs that fit: what each says, what would clear it, what to check."""
    known = {one.key: one for one in SHIPMENT.indicators}
    given = [
        {
            "key": key,
            "text": known[key].says.format_map(_Declared(case.declared)),
            "cleared_by": known[key].cleared_by,
            "check": known[key].check,
        }
        for key in case.signs
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


class _Declared(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return NOT_GIVEN

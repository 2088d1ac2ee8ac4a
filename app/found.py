"""What a control found, as the second person reads it before confirming."""

from __future__ import annotations

from riskprofile.services.review import Item, Waiting
from riskprofile.words import Words

NAMED = ("make", "model", "calibre", "serial", "marking", "where_found")


def item(say: Words, one: Item) -> str:
    """One line of what was found: a value says which column it stands in.

    >>> from riskprofile import words
    >>> item(words.of("en"), Item("part", part="slide", calibre="9x19", serial="none", count=3))
    '3 × Part: slide, Calibre 9x19, Serial none'
    >>> item(words.of("fr"), Item("part", part="slide"))
    '1 × Pièce : slide'
    """
    told = [one.part] if one.part else []
    told += [f"{say(f'item.{name}')} {given}" for name in NAMED if (given := getattr(one, name))]
    told += [say(f"sure.{one.sure}")] if one.sure else []
    what = f"{say.number(one.count)} × {say(f'kind.{one.kind}')}"
    return say.listed([what, say.listed(told)], ":") if told else what


def how(say: Words, one: Waiting) -> str:
    """How and how long it was examined, how the goods were hidden and where they went; "" when
    nobody said.
    """
    told = [say(f"method.{name}") for name in one.methods]
    told += (
        [say.maybe(f"concealment.{one.concealment}", one.concealment)] if one.concealment else []
    )
    told += [f"{say('outcome.packaging')} {one.packaging}"] if one.packaging else []
    told += [f"{say('outcome.seizure')} {one.seizure_number}"] if one.seizure_number else []
    if one.legal_basis:
        told.append(f"{say('outcome.basis')} {say(f'basis.{one.legal_basis}')}")
    if one.minutes is not None:
        told.append(say("outcome.minutes_told", n=say.number(one.minutes)))
    if one.officers is not None:
        told.append(f"{say('outcome.officers')} {say.number(one.officers)}")
    return say.listed(told)

"""A recipe: everything that decides what a scorecard becomes. Committed beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from datetime import date
from inspect import signature
from itertools import chain
from math import inf, isfinite
from pathlib import Path
from typing import Any

from riskprofile.errors import InputError
from riskprofile.profiles import PROFILES
from riskprofile.scoring.scorecard import WORDING
from riskprofile.services.fitting import VERSION


@dataclass(frozen=True)
class Recipe:
    """How one scorecard is made. Dates are ISO days, UTC.

    `rows`, `data_seed`, `start` and `days` say which synthetic declarations are made;
    those lodged before `train_until` are learnt from, from `test_from` on judged.
    `worlds` are seeds of further declarations, made and rated apart, each with a past of
    its own; what was lodged in them before `train_until` is learnt from as well.
    `found` is the share of past finds whose results were known `found_after` days later.
    """

    profile: str
    version: str
    rows: int
    data_seed: int
    start: str
    days: int
    train_until: str
    test_from: str
    worlds: tuple[int, ...] = ()
    drop: tuple[str, ...] = ()  # features left out
    given_pairs: tuple[tuple[str, str], ...] = ()
    estimator: dict[str, Any] = field(default_factory=dict)
    wording: dict[str, Any] = field(default_factory=dict)
    found: float = 0.35
    found_after: int = 14
    lawful_trade: int = 0  # rows of each text of lawful trade that looks alike
    seed: int = 7

    def as_json(self) -> str:
        """The recipe as the file holds it."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n"


def read(path: Path) -> Recipe:
    """A recipe from its file.

    Raises
    ------
    InputError
        Missing, not JSON, or with an entry that is not of a recipe.
    """
    try:
        told = json.loads(path.read_text("utf-8"), parse_float=_finite, parse_constant=_finite)
        _check(told)
        told["worlds"] = tuple(told.get("worlds", ()))
        told["drop"] = tuple(told.get("drop", ()))
        told["given_pairs"] = tuple(tuple(pair) for pair in told.get("given_pairs", ()))
        return Recipe(**told)
    except OSError as error:
        raise InputError(
            f"the recipe cannot be read ({error.strerror})", where=str(path), do="Check the name"
        ) from error
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError(
            f"this is not a recipe ({error})",
            where=str(path),
            do="Start from the recipe.json of a shipped scorecard",
        ) from error


# By what a field of `Recipe` is said to be; a tuple comes as a list.
_KINDS = {"str": (str,), "int": (int,), "float": (int, float), "dict[str, Any]": (dict,)}


def _finite(text: str) -> float:
    if not isfinite(number := float(text)):
        raise ValueError(f"no number: {text}")
    return number


def _check(told: Any) -> None:
    """Whether these are the entries of a recipe; a `ValueError` names one that is not."""
    if not isinstance(told, dict):
        raise ValueError("no entries")
    known = {one.name: one for one in fields(Recipe)}
    if strange := sorted(set(told) - set(known)):
        raise ValueError(f"unknown: {strange[0]}")
    for name, one in known.items():
        if name not in told:
            if one.default is one.default_factory is MISSING:
                raise ValueError(f"missing: {name}")
        elif type(told[name]) not in _KINDS.get(str(one.type), (list,)):
            raise ValueError(f"of another kind: {name}")
    _check_inner(told)


def _check_inner(told: Mapping[str, Any]) -> None:
    """The same of what the entries hold: a fit would find it out after minutes."""
    from training.estimator import ScorecardClassifier
    from training.wording import fit_wording

    if told["profile"] not in PROFILES:
        raise ValueError(f"unknown: profile {told['profile']}")
    if not VERSION.fullmatch(told["version"]):  # a folder is named so
        raise ValueError(f"no version such as 2027.01.1: {told['version'][:40]!r}")
    if not all(type(one) is int for one in told.get("worlds", ())):
        raise ValueError("of another kind: worlds")
    _check_numbers(told)
    start, until, test = (_day(told, name) for name in ("start", "train_until", "test_from"))
    if not start < until <= test or (test - start).days >= told["days"]:
        raise ValueError("out of order: start, train_until, test_from, and the last of days")
    pairs = told.get("given_pairs", ())
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise ValueError("of another kind: given_pairs")
    features, dropped = PROFILES[told["profile"]].features_by_name, told.get("drop", ())
    for name in dropped:
        if name not in features:
            raise ValueError(f"no such feature: {name}")
    for name in chain.from_iterable(pairs):
        if name not in {*features, WORDING} - {*dropped}:
            raise ValueError(f"no such feature: {name}")
    _check_parameters("estimator", told, ScorecardClassifier.__init__)
    _check_parameters("wording", told, fit_wording)


def _day(told: Mapping[str, Any], name: str) -> date:
    """A day as it is written here: `20260101`, or a day of a numbered week, is none."""
    try:
        day = date.fromisoformat(told[name])
    except ValueError:
        raise ValueError(f"no day: {name} {told[name]}") from None
    if day.isoformat() != told[name]:
        raise ValueError(f"no day: {name} {told[name]}")
    return day


def _check_numbers(told: Mapping[str, Any]) -> None:
    """None is below nothing, and no share above all."""
    inner = ((f"{entry} ", told.get(entry, {})) for entry in ("estimator", "wording"))
    for entry, held in (("", told), *inner):
        for name, one in held.items():
            worst = min(one, default=0) if name == "worlds" else one
            least, most = name in ("rows", "days"), 1 if name == "found" else inf
            if type(worst) in (int, float) and not least <= worst <= most:
                raise ValueError(f"out of range: {entry}{name} {worst}")


def _check_parameters(entry: str, told: Mapping[str, Any], taker: Callable[..., Any]) -> None:
    """Whether these are parameters of what takes them: numbers, of the kind of its defaults."""
    usual = {name: one.default for name, one in signature(taker).parameters.items()}
    for name, value in told.get(entry, {}).items():
        number = usual.get(name)
        if type(number) not in (int, float) or name == "seed":  # the recipe has one of its own
            raise ValueError(f"unknown: {entry} {name}")
        if type(value) is not int and type(value) is not type(number):
            raise ValueError(f"of another kind: {entry} {name}")

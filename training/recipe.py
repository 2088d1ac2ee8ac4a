"""A recipe: everything that decides what a scorecard becomes. Committed beside it."""

from __future__ import annotations

import json
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from riskprofile.errors import InputError


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
        told = json.loads(path.read_text("utf-8"))
        _check(told)
        told["worlds"] = tuple(told.get("worlds", ()))
        told["drop"] = tuple(told.get("drop", ()))
        told["given_pairs"] = tuple(tuple(pair) for pair in told.get("given_pairs", ()))
        return Recipe(**told)
    except OSError as error:
        raise InputError(
            f"the recipe cannot be read ({error.strerror})", where=str(path), do="Check the name"
        ) from error
    except (ValueError, TypeError) as error:
        raise InputError(
            f"this is not a recipe ({error})",
            where=str(path),
            do="Start from the recipe.json of a shipped scorecard",
        ) from error


# By what a field of `Recipe` is said to be; a tuple comes as a list.
_KINDS = {"str": (str,), "int": (int,), "float": (int, float), "dict[str, Any]": (dict,)}


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
        elif not isinstance(told[name], _KINDS.get(str(one.type), (list,))):
            raise ValueError(f"of another kind: {name}")

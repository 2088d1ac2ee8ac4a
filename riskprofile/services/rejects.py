"""The rows of a run that were kept back: a file may hold nothing else, so they lie on file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from itertools import islice
from typing import Any, overload

import pyarrow as pa

from riskprofile.intake.reader import Rejection
from riskprofile.store.spool import Held, Spool

AT_ONCE = 2_000  # that are in memory, with the raw text of each


class Rejects(Sequence[Rejection]):
    """Rejections in the order in which they came; gone with the run, as its `Spool` is."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._held: list[Held] = []
        self._count = 0
        self._waiting: list[Rejection] = []

    def extend(self, some: Iterable[Rejection]) -> None:
        """Further ones."""
        self._waiting += some
        while len(self._waiting) >= AT_ONCE:
            put, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            # As JSON in ASCII: what was read may be no text, such as half of a surrogate pair.
            told = json.dumps([astuple(one) for one in put])
            self._held.append(self._spool.put({"rejects": pa.array([told])}))
            self._count += len(put)

    def __len__(self) -> int:
        return self._count + len(self._waiting)

    def __iter__(self) -> Iterator[Rejection]:
        for held in self._held:
            for one in json.loads(self._spool.get(held, "rejects")[0].as_py()):
                yield Rejection(*one)
        yield from self._waiting

    @overload
    def __getitem__(self, place: int) -> Rejection: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Rejection]: ...
    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [*islice(self, *place.indices(len(self)))]
        return next(islice(self, range(len(self))[place], None))


@dataclass(frozen=True)
class Stretch(Sequence[Rejection]):
    """Those of one file, from `first` to before `end` of all."""

    whole: Rejects
    first: int
    end: int

    def __len__(self) -> int:
        return self.end - self.first

    def __iter__(self) -> Iterator[Rejection]:
        return islice(self.whole, self.first, self.end)

    @overload
    def __getitem__(self, place: int) -> Rejection: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Rejection]: ...
    def __getitem__(self, place: Any) -> Any:
        return list(self)[place]

"""A chunk as it was rated, in the bytes that are stored: the same whoever makes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from riskprofile.columns import arrays
from riskprofile.history.learning import Asked
from riskprofile.services.identifiers import CONTENT, COUNTED, MESSAGE
from riskprofile.services.rater import BROKEN, POINTS, Rated, Rater, joined
from riskprofile.services.run_rows import at_end
from riskprofile.store.spool import streamed
from riskprofile.store.table_bytes import stored
from riskprofile.tables import Table


@dataclass(frozen=True)
class Done:
    """What is stored of the rows of a chunk, and what their run is told.

    Parameters
    ----------
    rows, features, events : bytes
        As the columns of a chunk hold them (`table_bytes.stored`); no features of past
        declarations.
    points : list of int or None
        Of each row; None where it has none.
    broken : dict of str to int
        In how many rows an indicator could not be evaluated, by its key.
    asked : Asked
        The parties of these rows, and what the register said of them.
    at_end : bytes, optional
        What ranks and links these rows at the end of their run (`run_rows.at_end`), as
        `spool.streamed` has it; none of past declarations.
    """

    rows: bytes
    features: bytes | None
    events: bytes
    points: list[int | None]
    broken: Mapping[str, int]
    asked: Asked
    at_end: bytes | None = None

    @classmethod
    def of(cls, table: Table, parts: Sequence[Rated], rater: Rater) -> Done:
        """Of what was said of the portions of an identified table (`Rater.heard`)."""
        log, events = joined([part[:2] for part in parts])
        points = log[POINTS].to_numpy(object, na_value=None).tolist()
        asked = Asked.together([part[2] for part in parts])
        ranks = at_end(rater, table, log, events, asked.aliases)
        return cls(
            *(_declared(table), stored(log), stored(events), points, broken_in(log), asked),
            bytes(streamed(ranks)),
        )

    @classmethod
    def unrated(cls, table: Table, events: Table, asked: Asked) -> Done:
        """Of past declarations."""
        return cls(_declared(table), None, stored(events), [None] * len(table), {}, asked)

    @classmethod
    def nothing(cls) -> Done:
        """Of a chunk that brings no row."""
        return cls(b"", None, b"", [], {}, Asked.of({}))


@dataclass(frozen=True)
class Whole:
    """A chunk that is one portion, for any process that has the run's rater.

    What it makes is a third of the tables that it is made of, and ready to be stored.
    """

    table: Table

    def work(self, rater: Rater) -> Done:
        """Rate these rows."""
        return Done.of(self.table, [rater.heard(self.table)], rater)


def broken_in(log: Table) -> dict[str, int]:
    """In how many rows of a feature log an indicator could not be evaluated, by its key."""
    return {
        name.removeprefix(BROKEN): int(np.count_nonzero(held))
        for name, held in arrays(log)
        if name.startswith(BROKEN)
    }


def _declared(table: Table) -> bytes:
    return stored(table.drop(columns=[CONTENT, COUNTED, *MESSAGE]))

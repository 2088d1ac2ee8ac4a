"""What the set has shown before each row: parties, pairs, addresses, earlier finds.

Everything is as of a row's own time, so the truth of a row depends on earlier rows only.
Arrays have one place per repeat party (bounded) and a window of days: memory does not
grow with the number of rows, only with how many fall into the window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.synth.declarations import Fields
from training.synth.hashing import Array, mix

DAY = 86400
LINK_DAYS = 30
LAGS = 8  # how far back in one address's parcels a row looks
FIND_DELAY_DAYS = 10  # until the result of a control is known
FIND_DAYS = 180


def earlier(key: Array, day: Array) -> Array:
    """How many elements of an earlier day have the same key; 0 for keys below 0.

    Days, not moments: what serves reads history as known at the start of a row's own day.
    """
    n = len(key)
    count = np.zeros(n, dtype=np.int64)
    if n == 0:
        return count
    ranked = np.lexsort((day, key))
    sorted_key, sorted_day = key[ranked], day[ranked]
    position = np.arange(n)
    new_key = np.concatenate([[True], sorted_key[1:] != sorted_key[:-1]])
    new_day = new_key | np.concatenate([[True], sorted_day[1:] != sorted_day[:-1]])
    first = np.maximum.accumulate(np.where(new_key, position, 0))
    today = np.maximum.accumulate(np.where(new_day, position, 0))
    count[ranked] = today - first
    count[key < 0] = 0
    return count


@dataclass
class Window:
    """The last days of rows that share a key: what each saw before it.

    `who` is the other party's number, `name` the one at the key, `role` a bit mask of
    firearm parts.
    """

    key: Array
    seconds: Array
    who: Array
    name: Array
    role: Array
    days: int

    @classmethod
    def empty(cls, days: int = LINK_DAYS) -> Window:
        """No rows yet."""
        none = np.zeros(0, dtype=np.int64)
        return cls(none, none, none, none, none, days)

    def look(
        self, key: Array, seconds: Array, who: Array, name: Array, role: Array
    ) -> dict[str, Array]:
        """Counts for new rows (key below 0: none), then keep them in the window.

        Returns `others` (distinct other parties), `names` (distinct other names), `same`
        (rows of the same party), `roles` (distinct part roles, own included when it has one).
        """
        n = len(key)
        counts = {
            what: np.zeros(n, dtype=np.int64) for what in ("others", "names", "same", "roles")
        }
        new = np.flatnonzero(key >= 0)
        keep = self.seconds >= (seconds.min() if n else 0) - self.days * DAY
        joined = [
            np.concatenate([past[keep], now[new]])
            for past, now in zip(
                (self.key, self.seconds, self.who, self.name, self.role),
                (key, seconds, who, name, role),
                strict=True,
            )
        ]
        self.key, self.seconds, self.who, self.name, self.role = joined
        if len(new) == 0:
            return counts
        # only what shares a key with a new row matters to it
        same_key = np.isin(self.key, key[new])
        at = np.flatnonzero(same_key)
        size = len(at)
        ranked = at[np.lexsort((at, self.seconds[at], self.key[at]))]
        k, t, w, m, r = (
            column[ranked] for column in (self.key, self.seconds, self.who, self.name, self.role)
        )
        others, names, same = (np.zeros(size, dtype=np.int64) for _ in range(3))
        mask = r.copy()
        for lag in range(1, min(LAGS, size - 1) + 1):
            here, past = slice(lag, None), slice(None, size - lag)
            linked = (k[here] == k[past]) & (t[here] - t[past] <= self.days * DAY)
            linked &= t[here] // DAY > t[past] // DAY
            fresh_who = linked & (w[here] != w[past])
            fresh_name = linked & (m[here] != m[past])
            for back in range(1, lag):
                middle = slice(lag - back, size - back)
                fresh_who &= w[past] != w[middle]
                fresh_name &= m[past] != m[middle]
            others[here] += fresh_who
            names[here] += fresh_name
            same[here] += linked & (w[here] == w[past])
            mask[here] |= np.where(linked, r[past], 0)
        roles = np.where(r > 0, sum((mask >> bit) & 1 for bit in range(1, 10)), 0)
        position = np.empty(len(self.key), dtype=np.int64)
        position[ranked] = np.arange(size)
        mine = position[len(self.key) - len(new) :]
        for what, column in (("others", others), ("names", names), ("same", same),
                             ("roles", roles)):  # fmt: skip
            counts[what][new] = column[mine]
        return counts


class Memory:
    """Counts of parties, pairs and trades, two windows, and the finds known so far."""

    def __init__(self, parties: int, pairs: int, firms: int) -> None:
        self.party = np.zeros(parties, dtype=np.int32)
        self.pair = np.zeros(pairs, dtype=np.int32)
        self.chapters = np.zeros((firms, 100), dtype=bool)
        self.quantity: dict[tuple[int, int], tuple[int, float]] = {}
        self.addresses, self.phones = Window.empty(), Window.empty()
        self.found: dict[int, int] = {}

    def count(self, which: Array, slot: Array, day: Array) -> Array:
        """Earlier declarations of each slot (-1: none), and add these ones to it."""
        inside = earlier(slot, day)
        counted: Array = np.where(slot >= 0, which[np.maximum(slot, 0)] + inside, 0)
        np.add.at(which, slot[slot >= 0], 1)
        return counted

    def trade_is_new(self, firm: Array, chapter: Array, day: Array) -> Array:
        """Whether a firm (-1: none) never declared this chapter before; and remember it."""
        known = (firm >= 0) & (chapter > 0)
        at = np.maximum(firm, 0)
        again = earlier(np.where(known, firm * 100 + chapter, -1), day) > 0
        new: Array = known & ~self.chapters[at, chapter] & ~again
        self.chapters[at[known], chapter[known]] = True
        return new

    def past_quantity(self, dealer: Array, kind: Array, amount: Array) -> Array:
        """Log of a quantity over the mean of the dealer's earlier ones (NaN below three)."""
        ratio = np.full(len(dealer), np.nan)
        for i in np.flatnonzero((dealer >= 0) & np.isfinite(amount)).tolist():
            key = (int(dealer[i]), int(kind[i]))
            n, total = self.quantity.get(key, (0, 0.0))
            if n >= 3:
                ratio[i] = amount[i] - total / n
            self.quantity[key] = (n + 1, total + float(amount[i]))
        return ratio

    def find_keys(self, rows: Fields, hs4: Array) -> tuple[Array, Array]:
        """Keys of lane, heading and party: one by sender, one by address."""
        what = mix(rows["lane"] * 10_000 + hs4, 5)
        return (
            mix(what ^ rows["consignor"].astype(np.uint64), 6).astype(np.int64),
            mix(what ^ rows["address"].astype(np.uint64), 7).astype(np.int64),
        )

    def after_find(self, keys: tuple[Array, Array], seconds: Array, label: Array) -> Array:
        """Whether a find with one of the same keys was known before each row."""
        known = np.zeros(len(seconds), dtype=bool)
        positive = np.flatnonzero(label)
        for key in keys:
            first = dict(self.found)
            for i in positive.tolist():
                at = int(seconds[i]) + FIND_DELAY_DAYS * DAY
                first[int(key[i])] = min(first.get(int(key[i]), at), at)
            if not first:
                continue
            values = np.array(list(first), dtype=np.int64)
            times = np.array(list(first.values()), dtype=np.int64)
            order = np.argsort(values)
            values, times = values[order], times[order]
            at_row = np.minimum(np.searchsorted(values, key), len(values) - 1)
            known |= (values[at_row] == key) & (times[at_row] < seconds)
        return known

    def keep_finds(self, keys: tuple[Array, Array], seconds: Array, label: Array) -> None:
        """Remember this block's finds; forget those of half a year ago."""
        oldest = int(seconds.min()) - FIND_DAYS * DAY if len(seconds) else 0
        self.found = {key: at for key, at in self.found.items() if at >= oldest}
        for i in np.flatnonzero(label).tolist():
            at = int(seconds[i]) + FIND_DELAY_DAYS * DAY
            for key in keys:
                self.found[int(key[i])] = min(self.found.get(int(key[i]), at), at)

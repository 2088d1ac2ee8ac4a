"""What ties a declaration to others: each once, and as few nodes and edges to draw.

It is made of what the tables of an alert hold (`viewing.AlertView`) and asks nothing more, so what
may not be read there is not here either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from riskprofile.services.networks import LIKE
from riskprofile.services.pairs import (
    ANOTHER_NAME,
    ANOTHER_SENDER,
    FORWARDER,
    ONE_SENDER,
    OTHER_PARTS,
)

KEYS, OTHERS = 8, 10  # drawn; with the declaration 19 nodes
FIND = "trafficking"  # the outcome of a find
# What is said of two declarations that share something else.
BESIDE = (ANOTHER_NAME, ANOTHER_SENDER, FORWARDER, OTHER_PARTS, ONE_SENDER)
# What `viewing` and `networks` call differently is one thing that is shared.
ALIAS = {
    "same delivery address": "address",
    "same delivery telephone": "phone",
    "same sender telephone": "phone",
    "same consignee": "consignee",
    "same consignor": "consignor",
    "same booking": "booking",
    "same traveller": "person",
    "same vehicle": "vehicle",
}


@dataclass(frozen=True)
class Group:
    """Things that are shared, and others that share them: apart from all other groups.

    `keys` are links as `speaking.link` says them, or `networks.LIKE`; `others` are rows of the
    tables; `edges` are positions (key, other), each key and each other in one at least.
    """

    keys: Sequence[str]
    others: Sequence[dict[str, Any]]
    edges: Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Picture:
    """Groups, the largest first, and how many others of the tables are not drawn."""

    groups: Sequence[Group]
    more: int


def once(found: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each record once, with every link that ties it: `links` is a list of words.

    A declaration that was sent anew may have several alerts: of those the first is told, with what
    was found on any.
    """
    by_record: dict[str, dict[str, Any]] = {}
    for one in found:
        kept = by_record.setdefault(str(one.get("record_id")), {**one, "links": []})
        if one.get("outcome") == FIND or not kept.get("outcome"):
            kept["outcome"] = one.get("outcome")
        if one.get("link") and one["link"] not in kept["links"]:
            kept["links"].append(one["link"])
    return list(by_record.values())


def shared(links: Iterable[str]) -> frozenset[str]:
    """What links as they are stored say is shared.

    >>> sorted(shared(["consignee", "same consignee, through one forwarder", "same goods text"]))
    ['consignee', 'same goods text']
    """
    parts = (
        part for said in links for part in ([LIKE] if said.startswith(LIKE) else said.split(", "))
    )
    return frozenset(ALIAS.get(part, part) for part in parts if part not in BESIDE)


def picture(view: Any) -> Picture:
    """What the alert's declaration shares with which others.

    What a find shares comes first, then what fewest do: a firm of a thousand alerts says less than
    an address of two. Each has a turn with its next other, finds before those that share most.
    """
    rows = once([*view.history, *view.related])
    ties = [shared(one["links"]) for one in rows]
    found = [one.get("outcome") == FIND for one in rows]
    counts = Counter(key for tie in ties for key in tie)
    of_find = frozenset[str]().union(*(tie for tie, one in zip(ties, found, strict=True) if one))
    ranked = sorted(counts, key=lambda key: (key not in of_find, counts[key], key))[:KEYS]
    chosen = frozenset(ranked)
    best = sorted(range(len(rows)), key=lambda n: (not found[n], -len(ties[n] & chosen)))
    turns = zip_longest(*([n for n in best if key in ties[n]] for key in ranked))
    some = dict.fromkeys(n for turn in turns for n in turn if n is not None)
    drawn = list(some)[:OTHERS]
    groups: list[tuple[frozenset[str], list[int]]] = []
    for n in drawn:
        keys, others = ties[n] & chosen, [n]
        for one in [one for one in groups if one[0] & keys]:
            groups.remove(one)
            keys, others = keys | one[0], [*one[1], *others]
        groups.append((keys, others))
    groups.sort(key=lambda one: -len(one[1]))
    return Picture([_group(rows, ties, *one) for one in groups], len(rows) - len(drawn))


def _group(
    rows: Sequence[dict[str, Any]],
    ties: Sequence[frozenset[str]],
    keys: frozenset[str],
    others: Sequence[int],
) -> Group:
    """Its keys as they came up, and each other near to what it shares: few edges cross."""
    placed = list(dict.fromkeys(key for n in others for key in sorted(ties[n] & keys)))
    at = [[placed.index(key) for key in ties[n] & keys] for n in others]
    order = sorted(range(len(others)), key=lambda n: (sum(at[n]) / len(at[n]), n))
    return Group(
        placed,
        [rows[others[n]] for n in order],
        [(key, place) for place, n in enumerate(order) for key in sorted(at[n])],
    )

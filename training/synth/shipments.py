"""Shipments, block by block: declarations, items, paper, signs, truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from riskprofile.profiles import SHIPMENT
from training.synth import declarations, goods, items, paper, scenarios, signs, world
from training.synth import seasons as dates
from training.synth.block import BLOCK_ROWS, VERSION, SynthChunk
from training.synth.declarations import Fields, Plan
from training.synth.factors import SHIPMENT_TRUTH
from training.synth.hashing import Array
from training.synth.memory import Memory
from training.synth.scenarios_lawful import LAWFUL
from training.synth.scenarios_risky import RISKY

# Positives in 100,000 declarations, by mode (sea, air, road, rail, post, express), and for
# licensed transfers: design choices of the project's statistics.
NATURAL = np.array([2.0, 3.0, 2.0, 2.0, 5.0, 5.0]) / 1e5
NATURAL_LICENSED = 300.0 / 1e5
# The generator's own prevalence at enrichment 1, measured once over 300,000 rows.
ENRICHED = np.array([0.0063, 0.0112, 0.0048, 0.0016, 0.0096, 0.0145])
ENRICHED_LICENSED = 0.0206


def _declarations(
    rng: np.random.Generator,
    book: scenarios.Book,
    calendar: dates.Calendar,
    size: int,
    span: tuple[float, float],
    pending: Plan,
    number: int,
) -> tuple[Fields, Array, Plan]:
    """Times, scenarios and item counts of one block's declarations, and what stays due."""
    quantile = span[0] + (span[1] - span[0]) * np.sort(rng.random(size))
    seconds = calendar.seconds(quantile)
    started = declarations.new_clusters(book, calendar, rng, seconds, number * BLOCK_ROWS)
    pending = pending.plus(started)
    end = int(calendar.seconds(np.array([span[1]]))[0])
    due = np.flatnonzero(pending.seconds < end)[: size // 2]
    now = np.zeros(len(pending.seconds), dtype=bool)
    now[due] = True
    members, rest = pending.where(now), pending.where(~now)
    if span[1] >= 1.0:
        rest = Plan.empty()
    single = size - len(members.seconds)
    begin = seconds[:1]
    late, busy = int(calendar.late(begin)[0]), int(calendar.season(begin)[0])
    scenario = np.searchsorted(book.single[late, busy], rng.random(single), side="right")
    scenario = np.minimum(scenario, len(book.scenarios) - 1)
    several = rng.random(single) < book.knobs["items"][scenario]
    count = np.where(several, 1 + rng.geometric(0.45, single), 1)
    count = np.minimum(count, 9)
    kept = int(np.searchsorted(np.cumsum(count), single)) + 1
    count, scenario = count[:kept], scenario[:kept]
    if len(count):
        count[-1] -= int(count.sum()) - single
    at = np.concatenate([rng.permutation(seconds)[: len(count)], members.seconds])
    order = np.argsort(at, kind="stable")
    none = np.full(len(count), -1)
    fields = {
        "seconds": at[order],
        "scenario": np.concatenate([scenario, members.scenario])[order],
        "cluster": np.concatenate([none, members.cluster])[order],
        "member": np.concatenate([none * 0, members.member])[order],
    }
    counts = np.concatenate([count, np.ones(len(members.seconds), dtype=np.int64)])[order]
    return fields, counts, rest


def blocks(
    rows: int, seed: int, *, start: str, days: int, enrichment: float, waves: Mapping[str, float]
) -> Iterator[SynthChunk]:
    """All blocks in order of time; the same for the same arguments."""
    place = world.make(seed, rows)
    wording = goods.load()
    book = scenarios.book(LAWFUL + RISKY, world.MODES, goods.POOLS, enrichment, waves)
    calendar = dates.make(start, days)
    parties, pairs = declarations.slots(place)
    memory = Memory(parties, pairs, place.pools.importers + place.pools.dealers)
    pending = Plan.empty()
    done = 0
    number = 0
    while done < rows:
        size = min(BLOCK_ROWS, rows - done)
        rng = np.random.default_rng([VERSION, seed, number])
        span = (done / rows, (done + size) / rows)
        fields, counts, pending = _declarations(
            rng, book, calendar, size, span, pending, number
        )  # fmt: skip
        serial = np.int64(number) * BLOCK_ROWS + np.arange(len(counts))
        head = declarations.header(
            place, book, rng, fields["seconds"], fields["scenario"], fields["cluster"],
            fields["member"], serial,
        )  # fmt: skip
        yield _finish(head, counts, place, wording, book, calendar, memory, rng, enrichment)
        done += size
        number += 1


def _finish(
    head: Fields,
    counts: Array,
    place: world.World,
    wording: goods.Goods,
    book: scenarios.Book,
    calendar: dates.Calendar,
    memory: Memory,
    rng: np.random.Generator,
    enrichment: float,
) -> SynthChunk:
    rows = items.expand(head, counts)
    items.companions(rows, book, rng)
    items.goods_of(rows, place, wording, rng)
    items.weigh(rows, wording, rng)
    items.pay(rows, place, rng)
    paper.errors(rows, rng)
    blank = paper.gaps(rows, place, rng)
    drawn = paper.table(rows, place, wording, calendar.times(rows["seconds"]), blank, rng)
    seen = signs.weights(rows, blank, wording)
    seen |= signs.words(rows, blank, wording)
    seen |= signs.parties(rows, blank, wording, memory)
    table = SHIPMENT_TRUTH.contributions(signs.combine(seen))
    label, chance = _draw(table, rows, wording, memory, rng)
    truth = _truth(rows, drawn, table, chance, label, book, wording, calendar, enrichment)
    names = SHIPMENT.names
    dtypes = {column.name: column.dtype for column in SHIPMENT.columns}
    return SynthChunk(paper.frame(drawn, names, dtypes), truth)


def _draw(
    table: Array, rows: Fields, wording: goods.Goods, memory: Memory, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Labels and probabilities: a find raises what follows it, so draw until both agree."""
    u = rng.random(len(table))
    hs4 = np.where(wording.hs2[rows["phrase"]] == 99, 9905, wording.hs4[rows["phrase"]])
    keys = memory.find_keys(rows, hs4)
    chance = SHIPMENT_TRUTH.probability(table)
    for _ in range(20):
        label = u < chance
        after = memory.after_find(keys, rows["seconds"], label)
        SHIPMENT_TRUTH.replace(table, "series", after.astype(float))
        again = SHIPMENT_TRUTH.probability(table)
        same = bool((again == chance).all())
        chance = again
        if same:
            break
    memory.keep_finds(keys, rows["seconds"], label)
    return label, chance


def _truth(
    rows: Fields,
    drawn: dict[str, Array],
    table: Array,
    chance: Array,
    label: Array,
    book: scenarios.Book,
    wording: goods.Goods,
    calendar: dates.Calendar,
    enrichment: float,
) -> pd.DataFrame:
    scenario = rows["scenario"]
    wanted = np.array([s.key for s in book.scenarios], dtype=object)[scenario]
    wanted[~rows["driver"]] = ""
    side = np.array([s.side for s in book.scenarios], dtype=object)[scenario]
    outcome = np.where(
        label,
        "trafficking",
        np.where(side == "compliance", "compliance", np.where(side == "fraud", "other", "nothing")),
    )
    leading = SHIPMENT_TRUTH.leading(table, wanted)
    licensed = rows["licence"] & (wording.hs2[rows["phrase"]] == 93)
    enriched = np.where(licensed, ENRICHED_LICENSED, ENRICHED[rows["mode"]])
    enriched = np.minimum(enriched * enrichment, 0.9)
    natural = np.where(licensed, NATURAL_LICENSED, NATURAL[rows["mode"]])
    weight = np.where(label, natural / enriched, (1 - natural) / (1 - enriched))
    positive = np.flatnonzero(label)
    typologies = np.full(len(label), "", dtype=object)
    typologies[positive] = SHIPMENT_TRUTH.fired(table[positive])
    joint = SHIPMENT_TRUTH.joint_share(table)
    return pd.DataFrame({
        "declaration_id": pd.Series(drawn["declaration_id"], dtype="str"),
        "item_number": rows["item"].astype("int64"),
        "probability": chance,
        "label": label.astype("int8"),
        "typology": pd.Series(np.where(label, leading, ""), dtype="str"),
        "typologies": pd.Series(typologies, dtype="str"),
        "scenario": pd.Series(np.array(book.names, dtype=object)[scenario], dtype="str"),
        "side": pd.Series(side, dtype="str"),
        "outcome": pd.Series(outcome, dtype="str"),
        "joint_share": joint,
        "natural_weight": weight,
        "late": calendar.late(rows["seconds"]),
    })  # fmt: skip

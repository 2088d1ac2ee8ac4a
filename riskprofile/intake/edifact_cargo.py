"""Cargo messages of EDIFACT, read by a table: segment and qualifier -> column.

A message type is a table and a rule which segments open a scope; everything else is here.
Where several qualifiers fill one column, the first in the table wins, wherever it stands.
A value holds for its scope: the message, an item, a piece of equipment. What no table
names is kept in `extra` under its tag. Source: the UN/EDIFACT segment directories, D.96B
to D.21A.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar

from riskprofile.intake.edifact import Segment
from riskprofile.intake.edifact_messages import EdifactReader, Message
from riskprofile.intake.edifact_scope import (
    LAST,
    LEGS,
    OF_ONE_ITEM,
    PARTIES,
    Scope,
)
from riskprofile.intake.edifact_segments import Segments
from riskprofile.intake.message_header import of_edifact, of_report
from riskprofile.intake.rows import Gather, decimal, joined, journey
from riskprofile.intake.versions import CANCEL, FUNCTION, REFERENCE, SENT, whole

# Columns that a cancellation without goods fills: what it withdraws, and where.
NAMING = (
    *("declaration_id", "lodged_at", "arrival_at", "customs_office", "carrier", "conveyance"),
    *("transport_document", "house_document"),
)
_WORDS = frozenset({"goods_description"})  # told by themselves, as totals are: see `rows`
# Items name all containers around them and their seals: beyond what any ship carries, a megabyte of
# a message would become gigabytes of rows.
MOST_LINKS = 1_000_000


class Cargo(Segments):
    """One message, read segment by segment; a subclass says what opens a scope."""

    COUNTS: ClassVar[Mapping[str, str]] = {}  # CNT qualifier: the tag it counts, ITEM for items
    MANY: ClassVar[bool] = False  # declarations in one message, which may be cancelled as a whole
    NOTHING: ClassVar[tuple[str, str]] = ("no_goods_items", "the message lists no goods")
    WORDED: ClassVar[bool] = False  # words of a consignment are those of each item without its own

    def __init__(self, message: Message) -> None:
        super().__init__(message)
        self.header: dict[str, Any] = of_report(message) if self.MANY else of_edifact(message)
        self.items: list[Scope] = []
        self.within: Scope | None = None  # the consignment that is open, of several
        self.links = 0  # containers, seals and texts named by rows so far
        self.position, self._above = 0, self.whole
        scope = self.whole
        for segment in message.segments:
            began = self.scope(segment, scope)
            if began is not None:
                scope = began
                self.opened()
            self.read(segment, scope)
        self._end()
        self.keep_others()
        self._compare()

    def scope(self, segment: Segment, now: Scope) -> Scope | None:
        """The scope that a segment opens, or goes back to; nothing when it stays in `now`."""
        raise NotImplementedError

    def item(self, segment: Segment, parent: Scope | None = None) -> Scope:
        """A new item, of the message or of a consignment in it."""
        above: Scope | None = parent or self.whole
        self.items.append(Scope(segment.place, above))
        while above:
            above.items += 1
            above = above.parent
        return self.items[-1]

    def consignment(self, segment: Segment) -> Scope:
        """A new consignment of a message that holds several."""
        self._end()
        self._began, self.within = segment, Scope(segment.place, self.whole)
        self._container = ""  # what was named before is of another
        return self.within

    def _end(self) -> None:
        """A consignment that lists no item is one all the same."""
        if self.within and not self.within.items:
            self.item(self._began, self.within)

    def _compare(self) -> None:
        """CNT speaks of what it stands behind."""
        counted = Counter(segment.tag for segment in self.message.segments)
        for segment in self.message.segments:
            wanted = self.COUNTS.get(segment.get(1)) if segment.tag == "CNT" else None
            declared = decimal(segment.get(1, 1)) if wanted else None
            found = len(self.items) if wanted == "ITEM" else counted[wanted or ""]
            if declared is not None and declared != found:
                self.warnings.append("edifact_cnt_count" + ("_short" if declared > found else ""))

    def keep_others(self) -> None:
        """Keep the segments of which anything gave way to another of their scope, or below it.

        What the first row below a scope shows of it need not stand in `extra` of that row.
        """
        first: dict[int, Mapping[str, str | None]] = {}
        for item in self.items:
            scopes = [item]
            while above := scopes[0].parent:
                scopes.insert(0, above)
            for scope in scopes[:-1]:
                if scope.place not in first:
                    first[scope.place] = self._merged(scopes)
        for scope, segment, said in self._said:
            shown = first.get(scope.place, scope.values)
            elsewhere = _WORDS | (OF_ONE_ITEM if scope.items > 1 else frozenset())
            if any(
                scope.values.get(column) != value
                or (column not in elsewhere and shown.get(column) != value)
                for column, value in said
            ):
                self._keep(segment, scope)

    def rows(self, rows: Gather) -> None:
        """Write every item; a message without any is a rejection."""
        cancels = self.header.get(FUNCTION) == CANCEL
        place, named = self.message.place, self.header.get(REFERENCE)
        if not self.items and cancels and named:
            values = {"declaration_id": named}
            rows.row(values, line=place, warnings=self.warnings, extra=self.header | whole(named))
        elif not self.items and cancels and self._named()["declaration_id"]:
            rows.row(self._named(), line=place, warnings=self.warnings, extra=self.header)
        elif not self.items:
            rows.reject(
                *self.NOTHING,
                line=place,
                record_id=self.whole.values.get("declaration_id") or self.message.reference,
            )
        told: set[int] = set()  # scopes whose own extra stands in the first row below them
        # Columns of containers, each scope's once: items can be many.
        shared: dict[int, tuple[dict[str, str | None], int]] = {}
        for item in self.items:
            above: list[Scope] = []
            scope = item.parent
            while scope:
                above.insert(0, scope)
                scope = scope.parent
            extra: dict[str, Any] = {**self.header, **item.extra}
            for name, one in zip(("report", "consignment"), above, strict=False):
                if one.place in told:
                    continue
                told.add(one.place)
                for column in sorted(OF_ONE_ITEM & set(one.values)) if one.items > 1 else ():
                    one.extra[f"total {column}"] = [one.values.pop(column)]
                if "total value" in one.extra and "currency" in one.values:
                    one.extra["total currency"] = [one.values["currency"]]
                taken = one is above[-1] and not item.words and (self.WORDED or one.items == 1)
                if one.words and not taken:
                    one.extra["goods_description"] = [one.words]
                if one.extra:
                    extra[name] = one.extra
            holder = next((one for one in (item, *reversed(above)) if one.containers), item)
            if holder.place not in shared:
                shared[holder.place] = self._contained(holder.containers)
            contained, links = shared[holder.place]
            self.links += links
            self._row(rows, [*above, item], contained, extra)

    def _contained(self, containers: list[str]) -> tuple[dict[str, str | None], int]:
        """Columns of containers and their seals, and how many these are: too many are not told."""
        known = dict.fromkeys(containers)
        links = len(known) + sum(len(self.seals.get(one, ())) for one in known)
        if self.links + links > MOST_LINKS:
            return {}, links
        seals = (seal for one in known for seal in self.seals.get(one, ()))
        return {"container_numbers": joined(known), "seal_numbers": joined(seals)}, links

    def _merged(self, scopes: list[Scope]) -> dict[str, str | None]:
        """Values of each scope over those of the ones around it; a party is never mixed."""
        values: dict[str, str | None] = {}
        ranks: dict[str, int] = {}
        for scope in scopes:
            own = scope.values
            for party in PARTIES:
                rank = scope.ranks.get(party)
                if rank is None:
                    continue
                if rank <= ranks.get(party, LAST):
                    ranks[party] = rank
                    values = {name: text for name, text in values.items() if party not in name}
                else:
                    own = {name: text for name, text in own.items() if party not in name}
            if "quantity" in own:
                values.pop("quantity_unit", None)
            values |= own
        return values

    def _named(self) -> dict[str, str | None]:
        """What names the declaration of a message without goods."""
        values = self._merged([self.whole])
        _references(values)
        values["lodged_at"] = values.get("lodged_at") or self.header.get(SENT)
        return {name: values.get(name) for name in NAMING}

    def _row(
        self,
        rows: Gather,
        scopes: list[Scope],
        contained: dict[str, str | None],
        extra: dict[str, Any],
    ) -> None:
        item, above = scopes[-1], scopes[-2]
        values = self._merged(scopes) | contained
        warnings = [*self.warnings, *(code for scope in scopes for code in scope.warnings)]
        for party in PARTIES:  # one that counts less than that around it
            own = {name: text for name, text in item.values.items() if name.startswith(party)}
            if any(values.get(name) != text for name, text in own.items()):
                extra[party] = own
        _references(values)
        worded = (item, above) if above.items == 1 or self.WORDED else (item,)
        self.links += next((len(one.texts) for one in worded if one.texts), 0)
        if self.links > MOST_LINKS:
            rows.reject(
                "report_too_large",
                f"items times containers and seals pass {MOST_LINKS:,} in this report",
                line=item.place,
                record_id=values["declaration_id"],
            )
            return
        self.position = self.position + 1 if above is self._above else 1
        self._above = above
        values["item_number"] = item.values.get("item_number") or str(self.position)
        values["lodged_at"] = values.get("lodged_at") or self.header.get("message_at")
        values["goods_description"] = next(filter(None, (one.words for one in worded)), None)
        if item.texts and "goods_description" in item.values:
            extra["goods_description"] = item.values["goods_description"]
        legs = {leg: at for scope in scopes for leg, at in scope.legs.items()}
        values["route"] = journey(legs.get(leg) for leg in LEGS)
        freight = values.pop("freight_cost", None) or ""
        amount, _, currency = freight.partition(" ")
        if not values.get("value"):  # the currency is that of the freight alone
            values["currency"] = (currency or values.get("currency")) if amount else None
        if amount and currency in ("", values.get("currency")):
            values["freight_cost"] = amount
        elif amount:
            warnings.append("freight_not_converted")
            extra["freight_cost"] = freight
        rows.row(values, line=item.place, warnings=warnings, extra=extra)


class CargoReader(EdifactReader):
    """A reader of messages of goods; `kind` says how one is read."""

    profile = "shipment"
    kind: type[Cargo]

    def write(self, message: Message, rows: Gather) -> None:
        """A row for each item."""
        self.kind(message).rows(rows)


def _references(values: dict[str, str | None]) -> None:
    """References of a message to the columns that take them, in place."""
    bill, master, house = (values.pop(name, None) for name in ("bill", "master", "house"))
    reference = values.pop("reference", None)
    values["declaration_id"] = values.get("declaration_id") or bill or house or reference
    values["transport_document"] = master or bill
    values["house_document"] = house or (bill if master else None)

"""The segments of cargo messages, each by its own rule; which qualifier counts says a table."""

from __future__ import annotations

import re
from typing import ClassVar

from riskprofile.intake.code_lists import mode, place
from riskprofile.intake.codes import country
from riskprofile.intake.edifact import Segment
from riskprofile.intake.edifact_messages import Message
from riskprofile.intake.edifact_scope import (
    CODED,
    LAST,
    LEGS,
    MASSES,
    MODES,
    OTHER_LEG,
    PARTIES,
    SILENT,
    TELEPHONE,
    VOLUMES,
    Scope,
    Table,
    digits,
    hs_code,
    numeral,
)
from riskprofile.intake.edifact_times import moment, sent_on, without_time
from riskprofile.intake.rows import decimal, one_line, plain

CUX = LAST - 1  # rank of a currency that holds for all amounts without their own


class Segments:
    """Puts what a segment says into a scope, as the table of a subclass has it.

    `read_` and a tag is how such segments are read; those without are kept as they are.
    """

    FIELDS: ClassVar[Table]
    TARIFF: ClassVar[frozenset[str]] = frozenset()  # code lists of CST that are commodity codes
    ranks: ClassVar[dict[tuple[str, str], int]]

    def __init_subclass__(cls) -> None:
        cls.ranks = {key: at for at, key in enumerate(getattr(cls, "FIELDS", {}))}

    def __init__(self, message: Message) -> None:
        self.message, self.sent = message, sent_on(message)
        self.warnings = list(message.warnings)
        self.whole = Scope(message.place)
        self.seals: dict[str, list[str]] = {}
        self._container = self._party = self._behind = ""
        self._leg = 0
        self._said: list[tuple[Scope, Segment, list[tuple[str, str]]]] = []

    def opened(self) -> None:
        """A scope begins: no leg and no party goes on into it."""
        self._leg, self._party = 0, ""

    def read(self, segment: Segment, scope: Scope) -> None:
        self._read(segment, scope)
        if scope.said:
            self._said.append((scope, segment, scope.said))
            scope.said = []

    def _read(self, segment: Segment, scope: Scope) -> None:
        tag = segment.tag
        if tag in CODED:
            found, rank = self._known(tag, segment.get(CODED[tag]))
            column, _, value = found.partition("=")
            scope.put(column, value, rank)
        if tag != "DTM":
            self._behind = tag
        elif self._behind in ("DOC", "RFF"):  # the day of a document, not of the goods
            self._keep(segment, scope)
            return
        if reader := getattr(self, "read_" + tag.lower(), None):
            reader(segment, scope)
        elif tag not in SILENT:
            self._keep(segment, scope)

    def _known(self, tag: str, qualifier: str) -> tuple[str, int]:
        return self.FIELDS.get((tag, qualifier), ""), self.ranks.get((tag, qualifier), LAST)

    def _warn(self, scope: Scope, code: str) -> None:
        """Of a consignment or item for its own rows; else for all of the message."""
        (scope.warnings if scope.parent else self.warnings).append(code)

    def _keep(self, segment: Segment, scope: Scope) -> None:
        text = "+".join(":".join(segment.components(n)) for n in range(1, len(segment.elements)))
        scope.extra.setdefault(segment.tag, []).append(text)

    def read_nad(self, segment: Segment, scope: Scope) -> None:
        """Name and address by their elements, or all in one free text: first line the name."""
        qualifier, code = segment.get(1), segment.get(2).strip()
        column, rank = self._known("NAD", qualifier)
        lines = [text for part in segment.components(3) if (text := one_line(part))]
        name = one_line(" ".join(segment.components(4)))
        street = [
            *(one_line(part) for part in segment.components(5)),
            *(one_line(segment.get(at)) for at in (6, 8)),
        ]
        if name is None and lines:
            name, street = lines[0], [*lines[1:], *street]
        address = ", ".join(part for part in street if part)
        country = segment.get(9).strip().upper()
        parts = {"id": code, "name": name, "address": address, "country": country}
        taken = rank < scope.ranks.get(column, LAST) and any(parts.values())
        self._party = column if taken else ""
        if column in PARTIES and taken:
            scope.ranks[column] = rank
            for part in (*parts, "phone"):  # nothing stays of one that counts less
                scope.drop(f"{column}_{part}")
            for part, text in parts.items():
                scope.put(f"{column}_{part}", text or None, rank)
        elif column == "notify_name":
            scope.put(column, name or code, rank)
        elif column and column not in PARTIES:
            scope.put(column, code or name, rank)
        elif not column or any(parts.values()):
            self._keep(segment, scope)

    def read_com(self, segment: Segment, scope: Scope) -> None:
        others = False
        for at in range(1, len(segment.elements)):
            if segment.get(at, 1) == TELEPHONE and self._party in PARTIES:
                rank = scope.ranks.get(self._party, 0)
                scope.put(f"{self._party}_phone", one_line(segment.get(at)), rank)
            else:
                others = True
        if others:
            self._keep(segment, scope)

    def read_loc(self, segment: Segment, scope: Scope) -> None:
        qualifier, text = segment.get(1), segment.get(2).strip().upper()
        column, rank = self._known("LOC", qualifier)
        found, other = place(text)
        if qualifier in LEGS and found and (not self._leg or qualifier not in scope.legs):
            scope.legs[qualifier] = found
        if column.startswith("port_"):
            scope.put(column, found, rank + self._leg)
            if other:
                scope.extra.setdefault(f"LOC {qualifier}", []).append(other)
        elif column.startswith("country_"):
            text = text or segment.get(3).strip().upper()
            if code := (found or "")[:2] or country(text.partition("-")[0])[0]:
                scope.put(column, code, rank)
            elif text:
                scope.extra.setdefault(f"LOC {qualifier}", []).append(text)
        elif column:
            scope.put(column, text or None, rank)
        elif text and not (qualifier in LEGS and found):
            scope.extra.setdefault(f"LOC {qualifier}", []).append(text)

    def read_dtm(self, segment: Segment, scope: Scope) -> None:
        column, rank = self._known("DTM", segment.get(1))
        if not column:
            self._keep(segment, scope)
            return
        found = moment(segment, self.sent)
        if found is None and segment.get(1, 1):
            self._warn(scope, "date_unreadable")
        elif found:
            at = found.date() if without_time(segment) else found
            scope.put(column, at.isoformat(), rank + self._leg)

    def read_tdt(self, segment: Segment, scope: Scope) -> None:
        column, rank = self._known("TDT", segment.get(1))
        firsts = [at for (tag, _), at in self.ranks.items() if tag == "TDT"]
        self._leg = 0 if not firsts or rank == firsts[0] else OTHER_LEG
        if not column:
            self._keep(segment, scope)
            return
        code = segment.get(3).strip()
        scope.put("transport_mode", MODES.get(code) or mode(code)[0], rank)
        scope.put("carrier", one_line(segment.get(5)), rank)
        vessel = one_line(segment.get(8, 3)) or one_line(segment.get(8))
        voyage = one_line(segment.get(2))
        scope.put(column, vessel or voyage, rank)
        if voyage and vessel:
            scope.extra.setdefault("voyage", []).append(voyage)

    def read_rff(self, segment: Segment, scope: Scope) -> None:
        qualifier, text = segment.get(1), segment.get(1, 1).strip()
        column, rank = self._known("RFF", qualifier)
        if column == "container_numbers" and text:
            scope.containers.append(text)
        elif column == "licence_number":
            scope.put(column, text, rank)
            scope.put("licence_type", qualifier if text else None, rank)
        elif column == "hs_code" and (code := digits(text)):
            scope.put(column, code, rank)
        elif column and column != "hs_code":
            scope.put(column, text, rank)
        elif text:
            scope.extra.setdefault(f"RFF {qualifier}", []).append(text)

    def read_doc(self, segment: Segment, scope: Scope) -> None:
        """The type is a code, or where that is national the name (in the EU behind an N)."""
        kind = segment.get(1, 3) or segment.get(1)
        text = segment.get(2).strip()
        column, rank = self._known("DOC", kind)
        if not column and re.fullmatch(r"[A-Z]\d{3}", kind):
            codes = (kind.removeprefix("N"), kind[0])
            known = (self._known("DOC", code) for code in codes)
            column, rank = next((one for one in known if one[0]), ("", LAST))
        if column == "licence_number" and text:
            scope.put("licence_type", kind, rank)
        if column:
            scope.put(column, text, rank)
        else:
            self._keep(segment, scope)

    def read_cst(self, segment: Segment, scope: Scope) -> None:
        if scope is not self.whole:
            rank = self.ranks.get(("CST", ""), LAST - 1)
            scope.put("hs_code", hs_code(segment, self.TARIFF), rank)
            scope.put("item_number", numeral(segment.get(1)), 0)
        self._keep(segment, scope)

    def read_bgm(self, segment: Segment, scope: Scope) -> None:
        for kind in (segment.get(1), ""):  # a document of that type, or any
            column, rank = self._known("BGM", kind)
            if column and "=" not in column:
                scope.put(column, one_line(segment.get(2)), rank)

    def read_pia(self, segment: Segment, scope: Scope) -> None:
        others = False
        for at in range(2, len(segment.elements)):
            column, rank = self._known("PIA", segment.get(at, 1))
            if column == "hs_code" and (code := digits(segment.get(at))):
                scope.put(column, code, rank)
            else:
                others = True
        if others:
            self._keep(segment, scope)

    def read_ftx(self, segment: Segment, scope: Scope) -> None:
        if self._known("FTX", segment.get(1))[0]:
            scope.texts += [text for text in segment.components(4) if text]
        else:
            self._keep(segment, scope)

    def read_imd(self, segment: Segment, scope: Scope) -> None:
        text = one_line(" ".join(segment.components(3)[3:]))
        if text:
            scope.put("goods_description", text, self.ranks.get(("IMD", ""), LAST - 1))

    def read_mea(self, segment: Segment, scope: Scope) -> None:
        column, rank = self._known("MEA", segment.get(2))
        if not column:
            column, rank = self._known("MEA", segment.get(1))
        unit, text = segment.get(3).strip().upper(), segment.get(3, 1)
        value = decimal(numeral(text))
        factor = decimal((VOLUMES if column == "volume_m3" else MASSES).get(unit))
        if not column:
            self._keep(segment, scope)
        elif column == "quantity" or (column == "net_mass_kg" and unit and not factor):
            self._quantity(scope, numeral(text), unit, rank)
            if value and factor:
                scope.put("net_mass_kg", plain(value * factor), rank + OTHER_LEG)
        elif value and factor:
            scope.put(column, plain(value * factor), rank)
        elif text:
            self._warn(scope, "unit_unknown" if value else "measure_unreadable")
            self._keep(segment, scope)

    def read_qty(self, segment: Segment, scope: Scope) -> None:
        column, rank = self._known("QTY", "")
        if column:
            unit = segment.get(1, 2).strip().upper()
            self._quantity(scope, numeral(segment.get(1, 1)), unit, rank)
        else:
            self._keep(segment, scope)

    def _quantity(self, scope: Scope, amount: str | None, unit: str, rank: int) -> None:
        """An amount and its own unit, or none: never that of another."""
        if amount and rank < scope.ranks.get("quantity", LAST):
            scope.drop("quantity_unit")
            scope.put("quantity", amount, rank)
            scope.put("quantity_unit", unit, rank)

    def read_moa(self, segment: Segment, scope: Scope) -> None:
        qualifier, currency = segment.get(1), segment.get(1, 2).strip().upper()
        column, rank = self._known("MOA", qualifier)
        if not column:
            self._keep(segment, scope)
            return
        amount = numeral(segment.get(1, 1))
        if column == "freight_cost":
            scope.put("freight_cost", f"{amount} {currency}" if amount else None, rank)
            return
        if amount and rank < scope.ranks.get("value", LAST) and scope.ranks.get("currency") != CUX:
            scope.drop("currency")
        scope.put("value", amount, rank)
        scope.put("currency", currency or None, rank)

    def read_cux(self, segment: Segment, scope: Scope) -> None:
        scope.put("currency", segment.get(1, 1).strip().upper() or None, CUX)

    def read_gid(self, segment: Segment, scope: Scope) -> None:
        scope.put("item_number", numeral(segment.get(1)), 0)
        scope.put("package_count", numeral(segment.get(2)), 0)
        scope.put("package_type", one_line(segment.get(2, 1)), 0)

    def read_pac(self, segment: Segment, scope: Scope) -> None:
        if scope.ranks.get("package_count") != 1:  # else a PAC before it tells of other packages
            scope.put("package_count", numeral(segment.get(1)), 1)
            scope.put("package_type", one_line(segment.get(3)), 1 if segment.get(1) else 2)
        else:
            self._keep(segment, scope)

    def read_eqd(self, segment: Segment, scope: Scope) -> None:
        """The number of equipment; a segment that says more, such as its size, is kept."""
        at = 2 if segment.tag == "EQD" else 1
        self._container = segment.get(at).strip()
        if self._container:
            scope.containers.append(self._container)
        if any(segment.elements[at + 1 :]):
            self._keep(segment, scope)

    read_sgp = read_eqd

    def read_sel(self, segment: Segment, scope: Scope) -> None:
        seal = segment.get(1).strip()
        if seal and self._container:
            self.seals.setdefault(self._container, []).append(seal)
        elif seal:
            scope.extra.setdefault("SEL", []).append(seal)

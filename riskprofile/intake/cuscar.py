"""CUSCAR cargo reports: one row per goods item (GID) of each consignment.

Dialects differ in order and depth (D.95B, D.99B, D.03B), so everything is found by
segment and qualifier; the table says which fills what. A value holds for the scope
where it stands: the report, a consignment (CNI, else RFF+BM), an item (GID).
Source: UN/EDIFACT CUSCAR. Written from the directories: no sample with a licence that
allows copying is known.
"""

from __future__ import annotations

from typing import ClassVar

from riskprofile.intake.edifact import Segment
from riskprofile.intake.edifact_cargo import Cargo, CargoReader
from riskprofile.intake.edifact_messages import Message
from riskprofile.intake.edifact_scope import Scope, digits, hs_code

# segment and qualifier: column; where several fill one column, the first wins
FIELDS = {
    ("RFF", "MB"): "master",
    ("RFF", "BM"): "bill",
    ("RFF", "HWB"): "house",
    ("RFF", "BH"): "house",
    ("CNI", ""): "reference",
    ("DTM", "137"): "lodged_at",
    ("DTM", "132"): "arrival_at",
    ("GIS", "22"): "procedure=export",
    ("GIS", "23"): "procedure=import",
    ("GIS", "24"): "procedure=transit",
    ("GIS", "28"): "procedure=transhipment",
    ("LOC", "60"): "customs_office",
    ("LOC", "41"): "customs_office",
    ("LOC", "9"): "port_of_loading",
    ("LOC", "11"): "port_of_discharge",
    ("LOC", "27"): "country_of_origin",
    ("LOC", "28"): "country_of_destination",
    ("NAD", "CZ"): "consignor",
    ("NAD", "OS"): "consignor",
    ("NAD", "CN"): "consignee",
    ("NAD", "IM"): "consignee",
    ("NAD", "NI"): "notify_name",
    ("NAD", "N1"): "notify_name",
    ("NAD", "CA"): "carrier",
    ("NAD", "CB"): "declarant_id",  # broker
    ("NAD", "AE"): "declarant_id",  # agent or representative
    ("TDT", "20"): "conveyance",  # main carriage
    ("FTX", "AAA"): "goods_description",
    ("RFF", "HS"): "hs_code",
    ("PIA", "HS"): "hs_code",
    ("CST", ""): "hs_code",
    ("RFF", "EP"): "licence_number",
    ("RFF", "IP"): "licence_number",
    ("MEA", "G"): "gross_mass_kg",
    ("MEA", "AAB"): "gross_mass_kg",
    ("MEA", "AAD"): "gross_mass_kg",
    ("MEA", "N"): "net_mass_kg",
    ("MEA", "AAA"): "net_mass_kg",
    ("MEA", "ABJ"): "volume_m3",
    ("MEA", "AAW"): "volume_m3",
    ("MEA", "VOL"): "volume_m3",
    ("MEA", "WT"): "gross_mass_kg",
    ("MOA", "63"): "value",
    ("MOA", "64"): "freight_cost",
}


class Report(Cargo):
    """One report: consignments, and in each its items."""

    FIELDS = FIELDS
    COUNTS: ClassVar = {"10": "CNI", "16": "EQD"}
    MANY: ClassVar = True
    NOTHING: ClassVar = ("no_consignments", "the report lists no consignment")
    WORDED: ClassVar = True

    def __init__(self, message: Message) -> None:
        self.by_bill = not any(segment.tag == "CNI" for segment in message.segments)
        super().__init__(message)

    def scope(self, segment: Segment, now: Scope) -> Scope | None:
        """A consignment at CNI, else at its bill; an item at GID."""
        bill = self.by_bill and segment.tag == "RFF" and segment.get(1) == "BM"
        if segment.tag == "CNI" or bill:
            opened = self.consignment(segment)
            opened.put("reference", segment.get(2), self.ranks["CNI", ""])
            return opened
        if segment.tag == "GID" and self.within:
            return self.item(segment, self.within)
        return None

    def read(self, segment: Segment, scope: Scope) -> None:
        """An arrival is that of the goods, also behind the bill that opens a consignment."""
        if segment.tag == "DTM" and self.FIELDS.get(("DTM", segment.get(1))) == "arrival_at":
            self.read_dtm(segment, scope)
        else:
            super().read(segment, scope)

    def read_cst(self, segment: Segment, scope: Scope) -> None:
        """The first code is that of the goods, whatever its length; of a report, that of all.

        It numbers no items: GID does.
        """
        code = digits(segment.get(2)) or hs_code(segment, self.TARIFF)
        scope.put("hs_code", code, self.ranks["CST", ""])
        self._keep(segment, scope)

    def read_cux(self, segment: Segment, scope: Scope) -> None:
        """Amounts name their own currency as a rule: what is said beside them is kept."""
        super().read_cux(segment, scope)
        self._keep(segment, scope)

    def read_eqd(self, segment: Segment, scope: Scope) -> None:
        """What the report lists before its consignments is of no goods: seals are told of it."""
        super().read_eqd(segment, scope)
        if scope is self.whole:
            scope.containers.clear()

    read_sgp = read_eqd


class CuscarReader(CargoReader):
    """Reads CUSCAR messages."""

    name = "cuscar"
    types = ("CUSCAR",)
    kind = Report

"""COPRAR container loading and discharge orders: one row per container (EQD).

Terminals get them from lines before a vessel works; they hold few descriptions, but every
container with its ports, mass and seals. Everything is found by segment and qualifier; the
table says which fills what. Source: UN/EDIFACT COPRAR, D.95B to D.00B.
"""

from __future__ import annotations

from typing import ClassVar

from riskprofile.intake.edifact import Segment
from riskprofile.intake.edifact_cargo import Cargo, CargoReader
from riskprofile.intake.edifact_scope import LAST, Scope

LOADING = "45"  # BGM: a loading order, whose arrival is that at the port of loading
EMPTY = "4"  # EQD sixth element
# segment and qualifier: column; where several fill one column, the first wins
FIELDS = {
    ("RFF", "BM"): "bill",
    ("RFF", "MB"): "master",
    ("RFF", "HWB"): "house",
    ("RFF", "BN"): "reference",  # booking
    ("RFF", "EQ"): "reference",
    ("BGM", ""): "reference",
    ("DTM", "137"): "lodged_at",
    ("DTM", "178"): "arrival_at",
    ("DTM", "132"): "arrival_at",
    ("TDT", "20"): "conveyance",  # the vessel that is worked
    ("LOC", "9"): "port_of_loading",
    ("LOC", "11"): "port_of_discharge",
    ("LOC", "28"): "country_of_destination",
    ("NAD", "CA"): "carrier",
    ("NAD", "CZ"): "consignor",
    ("NAD", "CN"): "consignee",
    ("NAD", "NI"): "notify_name",
    ("NAD", "FW"): "declarant_id",
    ("FTX", "AAA"): "goods_description",
    ("RFF", "HS"): "hs_code",
    ("PIA", "HS"): "hs_code",
    ("MEA", "G"): "gross_mass_kg",
    ("MEA", "VGM"): "gross_mass_kg",  # verified, with the container
    ("MEA", "AAD"): "gross_mass_kg",
    ("MEA", "N"): "net_mass_kg",
    ("MEA", "WT"): "gross_mass_kg",
}


class Order(Cargo):
    """One order: a heading, then its containers."""

    FIELDS = FIELDS
    COUNTS: ClassVar = {"16": "ITEM"}
    MANY: ClassVar = True
    loading = False

    def scope(self, segment: Segment, now: Scope) -> Scope | None:
        """Each container is an item."""
        if segment.tag == "BGM":
            self.loading = segment.get(1) == LOADING
        if segment.tag != "EQD":
            return None
        container = self.item(segment)
        if segment.get(6) == EMPTY:  # the code, in words
            container.put("goods_description", "empty container", LAST - 1)
        return container

    def read_dtm(self, segment: Segment, scope: Scope) -> None:
        if self.loading and self.FIELDS.get(("DTM", segment.get(1))) == "arrival_at":
            self._keep(segment, scope)
        else:
            super().read_dtm(segment, scope)


class CoprarReader(CargoReader):
    """Reads COPRAR messages."""

    name = "coprar"
    types = ("COPRAR",)
    kind = Order

"""IFTMIN transport instructions and IFTMCS bills: one row per goods item (GID).

The same data from the shipper before and from the carrier after the contract; everything
is found by segment and qualifier, the table says which fills what. Source: UN/EDIFACT
IFTMIN and IFTMCS, D.96A to D.21A. Written from the directories: no sample with a licence
that allows copying is known.
"""

from __future__ import annotations

from typing import ClassVar

from riskprofile.intake.edifact import Segment
from riskprofile.intake.edifact_cargo import Cargo, CargoReader
from riskprofile.intake.edifact_scope import Scope

# segment and qualifier: column; where several fill one column, the first wins
FIELDS = {
    ("RFF", "BM"): "bill",
    ("RFF", "AWB"): "bill",
    ("BGM", "705"): "bill",  # bill of lading
    ("BGM", "720"): "bill",  # rail
    ("BGM", "730"): "bill",  # road
    ("BGM", "740"): "bill",  # air
    ("RFF", "MB"): "master",
    ("RFF", "MWB"): "master",
    ("BGM", "704"): "master",
    ("BGM", "741"): "master",
    ("RFF", "BH"): "house",
    ("RFF", "HWB"): "house",
    ("BGM", "703"): "house",
    ("BGM", "714"): "house",
    ("RFF", "SI"): "reference",  # of the shipper's instruction
    ("BGM", ""): "reference",
    ("RFF", "BN"): "reference",  # booking
    ("DTM", "137"): "lodged_at",
    ("DTM", "178"): "arrival_at",
    ("DTM", "132"): "arrival_at",
    ("TDT", "20"): "conveyance",  # main carriage; of other legs nothing but the places
    ("LOC", "9"): "port_of_loading",
    ("LOC", "11"): "port_of_discharge",
    ("LOC", "27"): "country_of_origin",
    ("LOC", "35"): "country_of_export",
    ("LOC", "28"): "country_of_destination",
    ("NAD", "CZ"): "consignor",
    ("NAD", "SH"): "consignor",
    ("NAD", "CN"): "consignee",
    ("NAD", "DP"): "consignee",  # where the goods are delivered
    ("NAD", "NI"): "notify_name",
    ("NAD", "N1"): "notify_name",
    ("NAD", "CA"): "carrier",
    ("NAD", "FW"): "declarant_id",  # forwarder
    ("FTX", "AAA"): "goods_description",
    ("IMD", ""): "goods_description",
    ("RFF", "HS"): "hs_code",
    ("PIA", "HS"): "hs_code",
    ("CST", ""): "hs_code",
    ("RFF", "AAQ"): "container_numbers",
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
    ("MOA", "45"): "value",  # declared for customs
    ("MOA", "40"): "value",
    ("MOA", "43"): "value",
    ("MOA", "44"): "value",  # declared for carriage
    ("MOA", "64"): "freight_cost",
}


class Instruction(Cargo):
    """One consignment: a heading, its items, then its equipment."""

    FIELDS = FIELDS
    COUNTS: ClassVar = {"16": "EQD"}

    def scope(self, segment: Segment, now: Scope) -> Scope | None:
        """Measures and places of equipment are those of no goods; its numbers are."""
        if segment.tag == "GID":
            return self.item(segment)
        if segment.tag == "EQD":
            whole = self.whole
            return Scope(segment.place, extra=whole.extra, containers=whole.containers)
        return None


class IftminReader(CargoReader):
    """Reads IFTMIN and IFTMCS messages."""

    name = "iftmin"
    types = ("IFTMIN", "IFTMCS")
    kind = Instruction

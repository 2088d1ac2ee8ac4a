"""CUSDEC customs declarations: one row per customs item (CST behind UNS+D).

National systems (AU, CA, ES, GB, NZ, SG, ZA, NCTS) use the same segments for different
things, so everything is found by segment and qualifier; the table says which fills what.
Source: UN/EDIFACT CUSDEC, D.96B to D.09B. Written from the directories: no sample with a
licence that allows copying is known.
"""

from __future__ import annotations

from typing import ClassVar

from riskprofile.intake.edifact import Segment
from riskprofile.intake.edifact_cargo import Cargo, CargoReader
from riskprofile.intake.edifact_messages import Message
from riskprofile.intake.edifact_scope import Scope

DETAIL, SUMMARY = "D", "S"  # UNS
# segment and qualifier: column; where several fill one column, the first wins
FIELDS = {
    ("RFF", "ABT"): "declaration_id",  # number given by customs
    ("BGM", ""): "declaration_id",
    ("RFF", "ABE"): "declaration_id",  # of the declarant
    ("RFF", "ABO"): "declaration_id",  # of the originator
    ("BGM", "929"): "procedure=import",
    ("BGM", "830"): "procedure=export",
    ("BGM", "821"): "procedure=transit",  # T1
    ("BGM", "822"): "procedure=transit",  # T2
    ("GIS", "22"): "procedure=export",
    ("GIS", "23"): "procedure=import",
    ("GIS", "24"): "procedure=transit",
    ("GIS", "28"): "procedure=transhipment",
    ("CST", "EX"): "procedure=export",
    ("CST", "IM"): "procedure=import",
    ("DTM", "137"): "lodged_at",
    ("DTM", "148"): "lodged_at",
    ("DTM", "182"): "lodged_at",
    ("DTM", "132"): "arrival_at",
    ("DTM", "178"): "arrival_at",
    ("DTM", "151"): "arrival_at",
    ("LOC", "41"): "customs_office",  # of entry
    ("LOC", "22"): "customs_office",  # of clearance
    ("LOC", "42"): "customs_office",  # of exit
    ("LOC", "43"): "customs_office",
    ("LOC", "9"): "port_of_loading",
    ("LOC", "11"): "port_of_discharge",
    ("LOC", "12"): "port_of_discharge",
    ("LOC", "27"): "country_of_origin",
    ("LOC", "35"): "country_of_export",
    ("LOC", "36"): "country_of_destination",
    ("LOC", "28"): "country_of_destination",
    ("NAD", "CZ"): "consignor",
    ("NAD", "EX"): "consignor",
    ("NAD", "SE"): "consignor",  # seller
    ("NAD", "SU"): "consignor",  # supplier
    ("NAD", "CN"): "consignee",
    ("NAD", "IM"): "consignee",
    ("NAD", "BY"): "consignee",
    ("NAD", "NI"): "notify_name",
    ("NAD", "N1"): "notify_name",
    ("NAD", "CA"): "carrier",
    ("NAD", "DT"): "declarant_id",
    ("NAD", "CB"): "declarant_id",
    ("NAD", "AE"): "declarant_id",
    ("TDT", "20"): "conveyance",  # main carriage
    ("TDT", "11"): "conveyance",  # at the border
    ("TDT", "12"): "conveyance",  # at departure
    ("TDT", "13"): "conveyance",  # at destination
    ("RFF", "MB"): "master",
    ("RFF", "MWB"): "master",
    ("DOC", "704"): "master",
    ("DOC", "741"): "master",
    ("RFF", "BM"): "bill",
    ("RFF", "AWB"): "bill",
    ("DOC", "705"): "bill",
    ("DOC", "720"): "bill",
    ("DOC", "730"): "bill",
    ("DOC", "740"): "bill",
    ("DOC", "750"): "bill",
    ("RFF", "BH"): "house",
    ("RFF", "HWB"): "house",
    ("DOC", "703"): "house",
    ("DOC", "714"): "house",
    ("RFF", "AAQ"): "container_numbers",
    ("RFF", "EP"): "licence_number",  # export licence
    ("RFF", "IP"): "licence_number",  # import licence
    ("DOC", "811"): "licence_number",  # export licence
    ("DOC", "911"): "licence_number",  # import licence
    ("DOC", "E"): "licence_number",  # of the EU: a letter and three digits
    ("DOC", "L"): "licence_number",
    ("DOC", "X"): "licence_number",
    ("RFF", "HS"): "hs_code",
    ("RFF", "ABD"): "hs_code",  # tariff number
    ("CST", ""): "hs_code",
    ("FTX", "AAA"): "goods_description",
    ("IMD", ""): "goods_description",
    ("MEA", "AAB"): "gross_mass_kg",
    ("MEA", "G"): "gross_mass_kg",
    ("MEA", "AAD"): "gross_mass_kg",
    ("MEA", "AAA"): "net_mass_kg",
    ("MEA", "AAF"): "net_mass_kg",
    ("MEA", "N"): "net_mass_kg",
    ("MEA", "ABJ"): "volume_m3",
    ("MEA", "AAS"): "quantity",
    ("MEA", "AAR"): "quantity",
    ("MEA", "WT"): "gross_mass_kg",
    ("MOA", "63"): "value",
    ("MOA", "38"): "value",  # invoice item
    ("MOA", "14"): "value",
    ("MOA", "40"): "value",  # customs value
    ("MOA", "123"): "value",  # statistical
    ("MOA", "43"): "value",
    ("MOA", "39"): "value",  # invoice total: its currency is that of the items
    ("MOA", "64"): "freight_cost",
}


class Declaration(Cargo):
    """One declaration."""

    FIELDS = FIELDS
    TARIFF = frozenset({"122", "108", "169"})
    COUNTS: ClassVar = {"5": "ITEM", "16": "EQD"}

    def __init__(self, message: Message) -> None:
        self.divided = any(segment.tag == "UNS" for segment in message.segments)
        self.detail = False
        super().__init__(message)

    def scope(self, segment: Segment, now: Scope) -> Scope | None:
        """The heading, its items, and a summary that speaks of none of them."""
        if segment.tag == "UNS":
            self.detail = segment.get(1) == DETAIL
            return Scope(segment.place) if segment.get(1) == SUMMARY else None
        if segment.tag == "CST" and (self.detail or (segment.get(1) and not self.divided)):
            return self.item(segment)
        return None


class CusdecReader(CargoReader):
    """Reads CUSDEC messages."""

    name = "cusdec"
    types = ("CUSDEC",)
    kind = Declaration

"""Declarations written as other programs send them: ASYCUDA SAD, WCO declaration, PAXLST.

The inverse of the readers, as far as each format can carry the columns. Structures are
those of the published formats: ASYCUDA World SAD tags, WCO Data Model 3.6, UN/EDIFACT
PAXLST D.02B with UNB and UNG.
"""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from lxml import etree

from riskprofile.tables import Table

Row = Mapping[str, Any]  # one canonical row, missing values left out
Tree = tuple[str, Any]  # tag, and text or subtrees

MODES = {"sea": "1", "rail": "2", "road": "3", "air": "4", "post": "5"}  # UN/ECE Rec. 19
MASTER = {"sea": "704", "rail": "720", "road": "730", "air": "741", "post": "750"}
HOUSE = {"sea": "714", "air": "703"}  # UN/EDIFACT 1001; others carry no house document
_WHEN = (2026, 11, 24, 0, 0, 0)  # inside archives, so that the same rows give the same bytes
_STAMP = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*<")
_WCO = "urn:wco:datamodel:WCO:DEC-DMS:2"
_META = "urn:wco:datamodel:WCO:DocumentMetaData-DMS:2"


def records(table: Table) -> list[dict[str, Any]]:
    """Rows as dictionaries; what is missing is left out."""
    return [
        {name: value for name, value in row.items() if not pd.isna(value)}
        for row in table.to_dict("records")
    ]


def declarations(table: Table) -> list[list[dict[str, Any]]]:
    """Rows grouped by declaration, in order of first sight."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in records(table):
        found.setdefault(str(row["declaration_id"]), []).append(row)
    return list(found.values())


def zipped(members: Mapping[str, bytes]) -> bytes:
    """A zip with fixed times."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in members.items():
            archive.writestr(
                zipfile.ZipInfo(name, _WHEN), content, zipfile.ZIP_DEFLATED, compresslevel=9
            )
    return held.getvalue()


def rezipped(archive: bytes) -> bytes:
    """The same workbook with fixed times, those that it says of itself included."""
    with zipfile.ZipFile(io.BytesIO(archive)) as made:
        return zipped({
            name: _STAMP.sub(rb"\g<1>2026-11-24T00:00:00Z<", made.read(name))
            for name in made.namelist()
        })  # fmt: skip


def gzipped(content: bytes) -> bytes:
    """The same in gzip, without a time."""
    return gzip.compress(content, 9, mtime=0)


def plain(value: Any) -> str:
    """A number or text as a format writes it: no exponent, no `.0`."""
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return str(value)


def xml(root: Any) -> bytes:
    """A document of its root, as UTF-8."""
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True))


def element(tag: str, content: Any, namespace: str = "") -> Any:
    """An element of a tag and its text or subtrees; what is empty is left out.

    A tag may carry one attribute: `Mass@unitCode=KGM`.
    """
    name, _, attribute = tag.partition("@")
    made = etree.Element(f"{{{namespace}}}{name}" if namespace else name)
    if attribute:
        key, _, value = attribute.partition("=")
        made.set(key, value)
    if isinstance(content, list):
        for inner_tag, inner in content:
            if inner is not None and inner != []:
                child = element(inner_tag, inner, namespace)
                if len(child) or child.text:
                    made.append(child)
    else:
        made.text = plain(content)
    return made


# --- ASYCUDA World SAD ---------------------------------------------------------------


def sad_file(declared: Sequence[Sequence[Row]], zones: Mapping[str, str]) -> bytes:
    """Several SADs in one document."""
    root = etree.Element("Declarations")
    root.extend([sad(items, zones) for items in declared])
    return xml(root)


def sad(items: Sequence[Row], zones: Mapping[str, str]) -> Any:
    """One SAD with its goods items, dates local to the office."""
    head = items[0]
    get = head.get
    lodged = local(head["lodged_at"], zones[head["customs_office"]])
    legs = str(get("route", "")).split("|")
    tree: list[Tree] = [
        ("Property", [("Sad_flow", "E" if get("procedure") == "export" else "I")]),
        ("Identification", [
            ("Office_segment", [("Customs_clearance_office_code", get("customs_office"))]),
            ("Type", [
                ("Type_of_declaration", "EX" if get("procedure") == "export" else "IM"),
                ("Declaration_gen_procedure_code", GENERAL[get("procedure", "import")]),
            ]),
            ("Registration", [
                ("Serial_number", "C"),
                ("Number", get("declaration_id")),
                ("Date", f"{lodged.month}/{lodged.day}/{lodged:%y}"),
            ]),
        ]),
        ("Traders", [
            ("Exporter", [
                ("Exporter_code", get("consignor_id")),
                ("Exporter_name", lines(get("consignor_name"), get("consignor_address"))),
            ]),
            ("Consignee", [
                ("Consignee_code", get("consignee_id")),
                ("Consignee_name", lines(get("consignee_name"), get("consignee_address"))),
            ]),
        ]),
        ("Declarant", [("Declarant_code", get("declarant_id"))]),
        ("General_information", [("Country", [
            ("Country_first_destination", legs[1][:2] if len(legs) > 2 else None),
            ("Export", [("Export_country_code", get("country_of_export"))]),
            ("Destination", [("Destination_country_code", get("country_of_destination"))]),
        ])]),
        ("Transport", [
            ("Means_of_transport", [("Border_information", [
                ("Identity", get("conveyance")),
                ("Mode", MODES.get(get("transport_mode", ""))),
            ])]),
            ("Place_of_loading", [("Code", get("port_of_loading"))]),
        ]),
        ("Transit", [("Seals", [("Identity", str(get("seal_numbers", "")).replace("|", ", "))])]),
        *(("Item", _sad_item(item)) for item in items),
        *(
            ("Container", [("Item_Number", str(number)), ("Container_identity", container)])
            for number, item in enumerate(items, 1)
            for container in str(item.get("container_numbers", "")).split("|")
            if container
        ),
    ]  # fmt: skip
    return element("ASYCUDA", tree)


GENERAL = {"import": "4", "export": "1", "transit": "8", "transhipment": "8"}


def _sad_item(item: Row) -> list[Tree]:
    get = item.get
    code = str(get("hs_code", ""))
    known = get("currency")
    amount = "Amount_foreign_currency" if known else "Amount_national_currency"
    licence: list[Tree] = []
    if get("licence_number") and get("licence_type"):
        licence = [
            ("Attached_document_name", get("licence_type")),
            ("Attached_document_reference", get("licence_number")),
        ]
    promise: list[Tree] = []
    if get("end_use_certificate"):
        promise = [
            ("Attached_document_name", "End-use certificate"),
            ("Attached_document_reference", get("end_use_certificate")),
        ]
    return [
        ("Packages", [
            ("Number_of_packages", get("package_count")),
            ("Kind_of_packages_code", get("package_type")),
        ]),
        ("Tarification", [
            ("HScode", [("Commodity_code", code[:8]), ("Precision_1", code[8:])]),
            ("Supplementary_unit", [
                ("Suppplementary_unit_code", get("quantity_unit")),
                ("Suppplementary_unit_quantity", get("quantity")),
            ]),
        ]),
        ("Goods_description", [
            ("Country_of_origin_code", get("country_of_origin")),
            ("Commercial_Description", get("goods_description")),
        ]),
        ("Previous_doc", [("Summary_declaration", get("transport_document"))]),
        ("Licence_number", get("licence_number")),
        ("Valuation_item", [
            ("Weight_itm", [
                ("Gross_weight_itm", get("gross_mass_kg")),
                ("Net_weight_itm", get("net_mass_kg")),
            ]),
            ("Item_Invoice", [(amount, get("value")), ("Currency_code", known)]),
            ("item_external_freight", [
                ("Amount_foreign_currency", get("freight_cost") if known else None),
                ("Currency_code", known if get("freight_cost") is not None else None),
            ]),
        ]),
        ("Attached_documents", licence),
        ("Attached_documents", promise),
    ]  # fmt: skip


# --- WCO Data Model ------------------------------------------------------------------


def wco_file(declared: Sequence[Sequence[Row]]) -> bytes:
    """Several declarations in one document, each in its envelope."""
    root = etree.Element("Declarations")
    root.extend([wco(items) for items in declared])
    return xml(root)


def wco(items: Sequence[Row]) -> Any:
    """One WCO Data Model declaration in its envelope, times in UTC."""
    head = items[0]
    get = head.get
    export = get("procedure") == "export"
    containers = sorted(
        {one for item in items for one in str(item.get("container_numbers", "")).split("|") if one}
    )
    seals = [seal for seal in str(get("seal_numbers", "")).split("|") if seal]
    legs = str(get("route", "")).split("|")[1:-1]
    tree: list[Tree] = [
        ("AcceptanceDateTime", [
            ("DateTimeString@formatCode=304", f"{get('lodged_at'):%Y%m%d%H%M%S}+00"),
        ]),
        ("FunctionCode", "9"),
        ("FunctionalReferenceID", get("declaration_id")),
        ("TypeCode", "EXA" if export else "IMA"),
        ("GoodsItemQuantity", str(len(items))),
        ("BorderTransportMeans", [
            ("ID", get("conveyance")), ("ModeCode", MODES.get(get("transport_mode", ""))),
        ]),
        ("Consignment", [
            ("Carrier", [("ID", get("carrier"))]),
            *(
                ("Itinerary", [("SequenceNumeric", str(number)), ("RoutingCountryCode", leg[:2])])
                for number, leg in enumerate(legs, 1)
            ),
        ]),
        ("Declarant", [("ID", get("declarant_id"))]),
        ("Exporter", _wco_party(head, "consignor")),
        ("GoodsShipment", [
            ("Consignee", _wco_party(head, "consignee") if export else None),
            ("Consignment", [
                ("LoadingLocation", [("ID", get("port_of_loading"))]),
                *(
                    ("TransportEquipment", [
                        ("ID", container),
                        *(("Seal", [("ID", seal)]) for seal in (seals if first == 0 else [])),
                    ])
                    for first, container in enumerate(containers)
                ),
                ("UnloadingLocation", [("ID", get("port_of_discharge"))]),
            ]),
            ("Destination", [("CountryCode", get("country_of_destination"))]),
            ("ExportCountry", [("ID", get("country_of_export"))]),
            *(("GovernmentAgencyGoodsItem", _wco_item(item)) for item in items),
            ("Importer", None if export else _wco_party(head, "consignee")),
            ("NotifyParty", [("Name", get("notify_name"))]),
        ]),
        ("SupervisingOffice", [("ID", get("customs_office"))]),
    ]  # fmt: skip
    root = element("MetaData", [("WCODataModelVersionCode", "3.6"), ("WCOTypeName", "DEC")], _META)
    root.append(element("Declaration", tree, _WCO))
    return root


def _wco_party(row: Row, party: str) -> list[Tree]:
    return [
        ("ID", row.get(f"{party}_id")),
        ("Name", row.get(f"{party}_name")),
        ("Address", [
            ("CountryCode", row.get(f"{party}_country")), ("Line", row.get(f"{party}_address")),
        ]),
        ("Communication", [("ID", row.get(f"{party}_phone"))]),
    ]  # fmt: skip


def _wco_item(item: Row) -> list[Tree]:
    get = item.get
    mode, currency = get("transport_mode", ""), get("currency")
    amount = f"@currencyID={currency}" if currency else ""
    papers = ((HOUSE.get(mode), "house_document"), (MASTER.get(mode), "transport_document"))
    return [
        ("SequenceNumeric", get("item_number")),
        (f"CustomsValueAmount{amount}", get("value")),
        ("AdditionalDocument", [
            ("CategoryCode", "L"), ("ID", get("licence_number")), ("TypeCode", "100"),
        ] if get("licence_number") else None),
        ("AdditionalDocument", [
            ("CategoryCode", "9"), ("ID", get("end_use_certificate")), ("TypeCode", "999"),
            ("Name", "End-use certificate"),
        ] if get("end_use_certificate") else None),
        ("Commodity", [
            ("Description", get("goods_description")),
            ("Classification", [
                ("ID", get("hs_code")), ("IdentificationTypeCode", "TSP"),
            ] if get("hs_code") else None),
            ("GoodsMeasure", [
                ("GrossMassMeasure@unitCode=KGM", get("gross_mass_kg")),
                ("NetNetWeightMeasure@unitCode=KGM", get("net_mass_kg")),
                (f"TariffQuantity@unitCode={get('quantity_unit', '')}", get("quantity")),
            ]),
            *(
                ("TransportEquipment", [("ID", container)])
                for container in str(get("container_numbers", "")).split("|")
                if container
            ),
        ]),
        ("CustomsValuation", [
            (f"FreightChargeAmount{amount}", get("freight_cost") if currency else None),
        ]),
        ("GovernmentProcedure", [
            ("CurrentCode", "10" if get("procedure") == "export" else "40"),
            ("PreviousCode", "00"),
        ]),
        ("GovernmentProcedure", [("CurrentCode", "C08")] if get("gift") is True else None),
        ("Origin", [("CountryCode", get("country_of_origin"))]),
        ("Packaging", [
            ("QuantityQuantity", get("package_count")), ("TypeCode", get("package_type")),
        ]),
        *(
            ("PreviousDocument", [
                ("CategoryCode", "X"), ("ID", get(column)), ("TypeCode", kind),
            ])
            for kind, column in papers
            if kind and get(column)
        ),
    ]  # fmt: skip


def lines(*parts: Any) -> str | None:
    """Name and address in one element, a line each."""
    return "\n".join(str(part) for part in parts if part is not None) or None


def local(moment: Any, zone: str) -> datetime:
    """A UTC time as an office writes it: local and without its zone."""
    made: datetime = pd.Timestamp(moment).to_pydatetime()
    return made.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def joined(parts: Iterable[str]) -> bytes:
    """Segments or lines, one each line."""
    return ("\n".join(parts) + "\n").encode("utf-8")

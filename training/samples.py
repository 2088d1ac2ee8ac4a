"""The committed sample files of the demonstration: one invented weekend's day in many formats.

All rows are drawn from the generator, so every party in them is invented. The day's
declarations are dealt out by mode and office to the formats in which such offices get
them; what came before is the history. See `data/synthetic/demo/README.md`.

    python -m training.samples data/synthetic/demo
"""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from riskprofile.profiles import SHIPMENT, TRAVELLER, Profile
from riskprofile.tables import Table
from training import sample_formats as formats
from training import sample_paxlst as paxlst
from training.synth import generate
from training.synth.world import OFFICES

SEED = 20261123
START, DAYS = "2026-07-20", 127  # ends on Monday 23 November 2026
DAY = pd.Timestamp("2026-11-22", tz="UTC")  # from here on it is the demonstration's day
ROWS = 165_000  # shipments, of which about 2,150 are the day's
CROSSINGS = 68_000  # of which about 950 are the day's
ZONES = {code: zone for code, _, zone, _, _ in OFFICES}

# Rows or declarations of each file; what the day still holds then is in `shipments.csv`.
POST, AIR, SADS, SADS_IN_A_FILE, WCOS, PAST = 300, 200, 60, 15, 40, 8_000
LISTED, PAST_CROSSINGS = 250, 3_000

FRENCH = {
    "declaration_id": "N° de déclaration", "item_number": "Article",
    "lodged_at": "Date de déclaration", "arrival_at": "Date d'arrivée",
    "procedure": "Régime douanier", "transport_mode": "Mode de transport",
    "customs_office": "Bureau de douane", "transport_document": "Document de transport",
    "house_document": "Connaissement house", "carrier": "Transporteur", "conveyance": "Navire",
    "consignor_id": "Code expéditeur", "consignor_name": "Expéditeur",
    "consignor_address": "Adresse expéditeur", "consignor_phone": "Téléphone expéditeur",
    "consignor_country": "Pays expéditeur", "consignee_id": "Code destinataire",
    "consignee_name": "Destinataire", "consignee_address": "Adresse destinataire",
    "consignee_phone": "Téléphone destinataire", "consignee_country": "Pays destinataire",
    "consignee_type": "Type de destinataire", "notify_name": "Partie à notifier",
    "declarant_id": "Code déclarant", "country_of_origin": "Pays d'origine",
    "country_of_export": "Pays d'exportation", "country_of_destination": "Pays de destination",
    "port_of_loading": "Port de chargement", "port_of_discharge": "Port de déchargement",
    "route": "Itinéraire", "container_numbers": "Conteneurs", "seal_numbers": "Scellé",
    "goods_description": "Désignation des marchandises", "hs_code": "Code SH",
    "package_type": "Type de colis", "package_count": "Nombre de colis", "quantity": "Quantité",
    "quantity_unit": "Unité de mesure", "gross_mass_kg": "Masse brute kg",
    "net_mass_kg": "Masse nette kg", "volume_m3": "Volume m3", "value": "Valeur en douane",
    "currency": "Devise", "freight_cost": "Fret", "gift": "Cadeau",
    "licence_number": "Numéro de licence", "licence_type": "Type de licence",
    "end_use_certificate": "Certificat d'utilisation finale",
}  # fmt: skip
FRENCH_WORDS: dict[str, dict[Any, str]] = {
    "procedure": {
        "import": "importation", "export": "exportation", "transhipment": "transbordement",
    },
    "transport_mode": {
        "sea": "maritime", "rail": "ferroviaire", "road": "routier", "air": "aérien",
        "post": "poste", "express": "messagerie",
    },
    "consignee_type": {
        "private": "particulier", "business": "entreprise", "forwarder": "transitaire",
        "official": "officiel",
    },
    "gift": {True: "oui", False: "non"},
}  # fmt: skip
ENGLISH = {
    "declaration_id": "AWB number", "item_number": "Item", "lodged_at": "Date lodged",
    "arrival_at": "ETA", "procedure": "Procedure code", "transport_mode": "Mode of transport",
    "customs_office": "Office code", "transport_document": "Master AWB",
    "house_document": "House AWB", "carrier": "Carrier code", "conveyance": "Flight number",
    "consignor_name": "Shipper name", "consignee_name": "Consignee",
    "goods_description": "Description of goods", "hs_code": "Tariff code",
    "package_count": "Number of pieces", "gross_mass_kg": "Gross weight kg",
    "value": "Declared value", "currency": "Currency code",
}  # fmt: skip

SPANISH = {
    "crossing_id": "ID de cruce", "crossing_at": "Fecha de cruce",
    "crossing_point": "Puesto fronterizo", "crossing_kind": "Tipo de puesto",
    "direction": "Sentido", "transport_mode": "Modo de transporte", "carrier": "Transportista",
    "service_number": "Vuelo", "origin": "Origen", "destination": "Destino", "route": "Ruta",
    "person_ref": "Referencia persona", "name": "Nombre", "born": "Fecha de nacimiento",
    "sex": "Sexo", "nationality": "Nacionalidad", "document_type": "Tipo de documento",
    "document_number": "Pasaporte", "document_issuer": "País emisor",
    "residence": "País de residencia", "party_ref": "Localizador",
    "party_size": "Número de viajeros", "booked_at": "Fecha de reserva",
    "ticket_type": "Tipo de billete", "payment_method": "Forma de pago",
    "itinerary_changes": "Cambios de itinerario", "checked_bags": "Maletas",
    "bag_mass_kg": "Peso equipaje kg", "bag_tags": "Etiquetas de equipaje",
    "vehicle_ref": "Matrícula", "vehicle_kind": "Tipo de vehículo", "stay_nights": "Noches",
    "firearms_declared": "Armas declaradas", "ammunition_declared": "Munición declarada",
    "firearm_licence": "Licencia de armas", "goods_declared": "Mercancías declaradas",
}  # fmt: skip


def write(
    folder: Path,
    seed: int = SEED,
    *,
    rows: int = ROWS,
    progress: Callable[[str, int], None] = lambda name, rows: None,
) -> dict[str, int]:
    """Write every sample file; the rows of each by file name.

    Parameters
    ----------
    folder : Path
        Made when it is not there; files of the same names are replaced.
    seed, rows : int
        Same seed and rows, same declarations. With fewer rows than `ROWS` every file has
        its share of them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made: dict[str, int] = {}

    def keep(name: str, content: bytes, count: int) -> None:
        (folder / name).write_bytes(content)
        made[name] = count
        progress(name, count)

    share = rows / ROWS
    drawn = _drawn("shipment", seed, rows)
    day = drawn[drawn["lodged_at"] >= DAY]
    past = _past(drawn[drawn["lodged_at"] < DAY], day, SHIPMENT_KEYS, round(PAST * share), seed)
    parts = _deal(day, share)
    sads = formats.declarations(parts["sad"])
    wcos = formats.declarations(parts["wco"])
    keep("past-shipments.parquet", _parquet(past, SHIPMENT), len(past))
    content, lines = french(parts["csv"])
    keep("shipments.csv", content, lines)
    keep("post.jsonl.gz", formats.gzipped(json_lines(parts["post"], SHIPMENT)), len(parts["post"]))
    keep("air.xlsx", workbook(parts["air"]), len(parts["air"]))
    keep("sad.zip", formats.zipped(sad_files(sads)), len(parts["sad"]))
    keep("cds.zip", formats.zipped({"cds.xml": formats.wco_file(wcos)}), len(parts["wco"]))

    crossings = travellers(seed, round(CROSSINGS * share))
    day = crossings[crossings["crossing_at"] >= DAY]
    past = _past(
        crossings[crossings["crossing_at"] < DAY], day, TRAVELLER_KEYS,
        round(PAST_CROSSINGS * share), seed,
    )  # fmt: skip
    listed, others = on_lists(day, share)
    keep("past-travellers.parquet", _parquet(past, TRAVELLER), len(past))
    keep("paxlst.edi", paxlst.interchange(listed), len(listed))
    keep("travellers.csv", spanish(others), len(others))
    return made


def _drawn(profile: str, seed: int, rows: int) -> Table:
    chunks = generate(profile, rows, seed, start=START, days=DAYS)
    return pd.concat([chunk.table for chunk in chunks], ignore_index=True)


# Columns that tell who a row is about, a group for each who; one match in a group is enough.
SHIPMENT_KEYS = (("consignor_id", "consignor_name"), ("consignee_id", "consignee_name"))
TRAVELLER_KEYS = (("person_ref",), ("vehicle_ref",))


def _past(past: Table, day: Table, keys: Sequence[tuple[str, ...]], count: int, seed: int) -> Table:
    """A part of the history: first what the day's parties did, then others by lot.

    The whole history would be twenty times larger; with this part the parties that the day
    shows are as old and as busy as in the whole.
    """
    known = pd.Series(0, index=past.index)
    for names in keys:
        known -= np.logical_or.reduce(
            [(past[name].isin(day[name].dropna()) & past[name].notna()) for name in names]
        ).astype(int)
    lot = pd.Series(np.random.default_rng(seed).random(len(past)), index=past.index)
    order = pd.DataFrame({"known": known, "lot": lot}).sort_values(["known", "lot"])
    return past.loc[order.index[:count].sort_values()].reset_index(drop=True)


def _deal(day: Table, share: float) -> dict[str, Table]:
    """Each declaration of the day to one file, whole."""
    heads = day.drop_duplicates("declaration_id")
    modes = heads["transport_mode"]
    flows = heads["procedure"].isin(["import", "export"])  # the two that both SAD and WCO name
    wanted = {
        "post": (modes == "post", POST, True),
        "air": (modes == "air", AIR, True),
        "sad": (modes.isin(["road", "rail"]) & flows, SADS, False),
        "wco": ((modes == "sea") & flows, WCOS, False),
    }
    items = day["declaration_id"].value_counts()
    file_of = pd.Series("csv", index=heads["declaration_id"])
    for name, (mask, count, of_rows) in wanted.items():
        ids = heads["declaration_id"][mask]
        size = items.loc[ids].cumsum() if of_rows else pd.Series(range(1, len(ids) + 1), index=ids)
        file_of[size.index[size <= max(1, round(count * share))]] = name
    dealt = day["declaration_id"].map(file_of)
    return {name: day[dealt == name].reset_index(drop=True) for name in ("csv", *wanted)}


def travellers(seed: int, rows: int) -> Table:
    """Crossings drawn, with persons and inbound flights as passenger lists name them."""
    return paxlst.as_listed(paxlst.by_document(_drawn("traveller", seed, rows)))


def on_lists(day: Table, share: float) -> tuple[Table, Table]:
    """Who comes on passenger lists, whole flights of them, and all others of the day."""
    listed = paxlst.on_a_list(day)
    flight = day.groupby(list(paxlst.FLIGHT), sort=False).ngroup()  # -1 where a part is missing
    last = int(listed.cumsum().searchsorted(round(LISTED * share)))
    chosen = listed & flight.isin(flight[:last][listed[:last]])
    return day[chosen].reset_index(drop=True), day[~chosen].reset_index(drop=True)


def spanish(table: Table) -> bytes:
    """An export in Spanish: commas, decimal points, times in UTC."""
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\n")
    writer.writerow(SPANISH.values())
    for row in formats.records(table):
        cells = [row.get(name, "") for name in SPANISH]
        writer.writerow(
            [cell.isoformat() if isinstance(cell, pd.Timestamp) else cell for cell in cells]
        )
    return held.getvalue().encode("utf-8")


def _parquet(table: Table, profile: Profile) -> bytes:
    filled = [name for name in profile.names if table[name].notna().any()]
    held = io.BytesIO()
    pq.write_table(
        pa.Table.from_pandas(table[filled], preserve_index=False),
        held,
        compression="zstd",
        compression_level=19,
    )
    return held.getvalue()


def json_lines(table: Table, profile: Profile) -> bytes:
    """Canonical names, numbers as numbers, times in ISO 8601."""
    rows = formats.records(table[profile.names])
    made = [json.dumps(row, ensure_ascii=False, default=_json, sort_keys=False) for row in rows]
    return formats.joined(made)


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, pd.Timestamp) else value.item()


def french(table: Table) -> tuple[bytes, int]:
    """A spreadsheet's export in French: semicolons, decimal commas, local times; its rows.

    A few rows are spoilt as real ones are, each in one way, and three stand twice.
    """
    rows = [_french_cells(row) for row in formats.records(table)]
    rows += [dict(row) for row in rows[20:23]]
    for (column, text), row in zip(SPOILT, rows[7 :: max(1, len(rows) // 12)], strict=False):
        row[column] = text
    held = io.StringIO()
    writer = csv.writer(held, delimiter=";", lineterminator="\r\n")
    writer.writerow(FRENCH.values())
    writer.writerows([row.get(name, "") for name in FRENCH] for row in rows)
    return b"\xef\xbb\xbf" + held.getvalue().encode("utf-8"), len(rows)


# What is written in which column of one row each: what people and programs do write.
SPOILT = (
    ("gross_mass_kg", "12,5 kgs"),
    ("lodged_at", "31/02/2026 09:15:00"),
    ("declaration_id", ""),
    ("hs_code", "8O47.20"),
    ("value", "1e309"),
    ("package_count", "-3"),
    ("currency", "EURO"),
    ("country_of_export", "Fernland"),
)


def _french_cells(row: Mapping[str, Any]) -> dict[str, str]:
    made = {}
    for name, value in row.items():
        words = FRENCH_WORDS.get(name, {})
        if value in words:
            made[name] = words[value]
        elif isinstance(value, pd.Timestamp):
            made[name] = f"{formats.local(value, ZONES[row['customs_office']]):%d/%m/%Y %H:%M:%S}"
        elif isinstance(value, float):
            made[name] = formats.plain(value).replace(".", ",")
        else:
            made[name] = str(value)
    return made


def workbook(table: Table) -> bytes:
    """An airline's manifest as a workbook: a title above the headings, HS codes as text."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Manifest"
    sheet.append(["Merrow airport, cargo manifest"])
    sheet.append([])
    sheet.append(list(ENGLISH.values()))
    for row in formats.records(table):
        sheet.append([_cell(row, name) for name in ENGLISH])
    held = io.BytesIO()
    book.save(held)
    return formats.rezipped(held.getvalue())


def _cell(row: Mapping[str, Any], name: str) -> Any:
    value = row.get(name)
    if isinstance(value, pd.Timestamp):
        return formats.local(value, ZONES[row["customs_office"]]).replace(microsecond=0)
    return value


def sad_files(declarations: Sequence[Sequence[formats.Row]]) -> dict[str, bytes]:
    """SAD files by name, as an export of a day packs several declarations into one."""
    return {
        f"sad-{first // SADS_IN_A_FILE + 1:02d}.xml": formats.sad_file(
            declarations[first : first + SADS_IN_A_FILE], ZONES
        )
        for first in range(0, len(declarations), SADS_IN_A_FILE)
    }


def main(folder: Path) -> None:
    """Write the committed samples."""
    for name, rows in write(folder).items():
        size = (folder / name).stat().st_size
        print(f"{name}: {rows} rows, {size:,} bytes")


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description="The committed sample files of the demonstration.")
    asked.add_argument("folder", type=Path)
    main(asked.parse_args().folder)

"""Peak memory of `riskprofile convert` over a large XML file.

    python -m benchmarks.intake_memory [--format awmds|wco] [--megabytes 1000]

Writes one manifest or declaration of that size to a temporary folder, converts it to
Parquet in a process of its own, and prints the most memory that process held at once
(resident set, as the kernel counts it), beside the bar of 400 MB.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks import apart, asking

BAR = 400  # MB
AWMDS = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Awmds><General_segment><General_segment_id>'
    b"<Customs_office_code>XMPME</Customs_office_code><Voyage_number>V12</Voyage_number>"
    b"<Date_of_arrival>2026-03-02</Date_of_arrival></General_segment_id><Transport_information>"
    b"<Mode_of_transport_code>1</Mode_of_transport_code></Transport_information></General_segment>\n",
    "<Bol_segment><Bol_id><Bol_reference>BL-{0}</Bol_reference><Bol_nature>23</Bol_nature></Bol_id>"
    "<Load_unload_place><Port_of_origin_code>XAPRT</Port_of_origin_code><Place_of_unloading_code>"
    "XMPME</Place_of_unloading_code></Load_unload_place><Traders_segment><Exporter><Exporter_name>"
    "Juniper Tools {0}</Exporter_name><Exporter_address>{0} Forge Street</Exporter_address>"
    "</Exporter><Consignee><Consignee_name>Harbour Stores {0}</Consignee_name></Consignee>"
    "</Traders_segment><ctn_segment><Ctn_reference>XXXU{0:07d}</Ctn_reference><Number_of_packages>"
    "6</Number_of_packages><Marks1>S{0}</Marks1></ctn_segment><Goods_segment><Number_of_packages>"
    "{0}</Number_of_packages><Package_type_code>CT</Package_type_code><Gross_mass>{0}.5</Gross_mass>"
    "<Shipping_marks>HS {0}</Shipping_marks><Goods_description>Hand tools of sort {0}"
    "</Goods_description></Goods_segment></Bol_segment>\n",
    b"</Awmds>\n",
)
WCO = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<md:MetaData '
    b'xmlns:md="urn:wco:datamodel:WCO:DocumentMetaData-DMS:2">'
    b'<Declaration xmlns="urn:wco:datamodel:WCO:DEC-DMS:2"><FunctionCode>9</FunctionCode>'
    b"<FunctionalReferenceID>LRN-1</FunctionalReferenceID><TypeCode>IMA</TypeCode><GoodsShipment>\n",
    "<GovernmentAgencyGoodsItem><SequenceNumeric>{0}</SequenceNumeric><Commodity><Description>Hand "
    "tools of sort {0}</Description><Classification><ID>82032000</ID><IdentificationTypeCode>TSP"
    "</IdentificationTypeCode></Classification><GoodsMeasure><GrossMassMeasure unitCode='KGM'>{0}.5"
    "</GrossMassMeasure></GoodsMeasure></Commodity><Packaging><SequenceNumeric>1</SequenceNumeric>"
    "<MarksNumbersID>HS {0}</MarksNumbersID><QuantityQuantity>{0}</QuantityQuantity><TypeCode>CT"
    "</TypeCode></Packaging></GovernmentAgencyGoodsItem>\n",
    b"</GoodsShipment></Declaration></md:MetaData>\n",
)
FORMATS = {"awmds": AWMDS, "wco": WCO}


def parts(kind: str, size: int) -> Iterator[bytes]:
    """The file in pieces; each goods item differs from the others."""
    head, item, tail = FORMATS[kind]
    yield head
    written, number = len(head), 0
    while written < size:
        block = "".join(item.format(number + one) for one in range(1, 1001)).encode()
        number += 1000
        written += len(block)
        yield block
    yield tail


def measure(kind: str, megabytes: int, folder: Path) -> dict[str, float]:
    """Rows, seconds, and the peak of the converting process in MB."""
    path, out = folder / f"large.{kind}.xml", folder / "out.parquet"
    with path.open("wb") as stream:
        for part in parts(kind, megabytes * 1_000_000):
            stream.write(part)
    more = ["convert", str(path), "--out", str(out), "--quarantine", str(folder / "bad.csv")]
    used = apart.run("from riskprofile.cli import main; sys.exit(main())", *more)
    if used.code:
        raise SystemExit("convert failed")
    return {
        "megabytes": path.stat().st_size / 1e6,
        "rows": pq.ParquetFile(out).metadata.num_rows,
        "seconds": used.clock,
        "peak_mb": used.peak * (1 << 20) / 1e6,
    }


def main() -> int:
    """Print one line a format; 1 above the bar."""
    parser = asking.parser(__doc__, megabytes=1000, json=False)
    parser.add_argument("--format", choices=[*FORMATS], action="append", dest="kinds")
    given = parser.parse_args()
    worst = 0.0
    for kind in given.kinds or ["awmds"]:
        with tempfile.TemporaryDirectory() as folder:
            found = measure(kind, given.megabytes, Path(folder))
        worst = max(worst, found["peak_mb"])
        if given.json:
            print(json.dumps({"format": kind, **found}))
        else:
            print(
                f"{kind}: {found['megabytes']:.0f} MB, {found['rows']:,.0f} rows in"
                f" {found['seconds']:.0f} s, peak {found['peak_mb']:.0f} MB (bar {BAR})"
            )
    return 1 if worst > BAR else 0


if __name__ == "__main__":
    sys.exit(main())

"""The cells of a workbook as JSON lines on standard output; runs as a process of its own.

Workbooks are read by native code, which a damaged or hostile file can make loop, abort, or
ask for all memory there is. So it runs here, apart, under a limit; `workbook` starts it and
reads what it wrote. A JSON string names a sheet; the lists after it are its rows, from row 1.

Takes the path of the workbook and the bytes of memory it may use.
"""

from __future__ import annotations

import json
import sys
from datetime import date, datetime, time
from typing import Any

from python_calamine import CalamineWorkbook


def _limit(memory: int) -> None:
    try:
        import resource
    except ImportError:  # not on Windows: the time limit of the parent remains
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold names


def _cell(value: Any) -> Any:
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return value if isinstance(value, (str, int, float, bool)) else str(value)


def main(path: str, memory: str) -> None:
    """Write every sheet."""
    _limit(int(memory))
    workbook = CalamineWorkbook.from_path(path)
    for name in workbook.sheet_names:
        sheet = workbook.get_sheet_by_name(name)
        print(json.dumps(name))
        # Calamine starts at the first filled row and column; row numbers must stay true.
        above, before = sheet.start or (0, 0)
        for _ in range(above if sheet.height else 0):
            print("[]")
        for row in sheet.to_python(skip_empty_area=True):
            print(json.dumps([""] * before + [_cell(value) for value in row]))


if __name__ == "__main__":
    main(*sys.argv[1:3])

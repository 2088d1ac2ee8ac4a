"""The cells of a workbook as JSON lines on standard output; runs as a process of its own.

Workbooks are read by native code, which a damaged or hostile file can make loop, abort, or
ask for all memory there is. So it runs here, apart, under a limit; `workbook` starts it and
reads what it wrote. A JSON string names a sheet; the lists after it are its rows that are
not blank, each with its number before the cells.

Takes the path of the workbook, the bytes of memory it may use, and the seconds of work. Where the
system does not let it read or write it ends with the number of that error.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import date, datetime, time
from typing import Any

from python_calamine import CalamineWorkbook


def _limit(memory: int, seconds: float) -> None:
    try:
        import resource
    except ImportError:  # not on Windows: the time limit of the parent remains
        return
    # Seconds of work, not by the clock: a busy machine may take longer over a sound file.
    signal.setitimer(signal.ITIMER_PROF, seconds)  # ends this process
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold names


def _cell(value: Any) -> Any:
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return value if isinstance(value, (str, int, float, bool)) else str(value)


def main(path: str, memory: str, seconds: str) -> None:
    """Write every sheet."""
    _limit(int(memory), float(seconds))
    workbook = CalamineWorkbook.from_path(path)
    for name in workbook.sheet_names:
        sheet = workbook.get_sheet_by_name(name)
        print(json.dumps(name))
        # Calamine starts at the first filled row and column; row numbers must stay true.
        above, before = sheet.start or (0, 0)
        for number, row in enumerate(sheet.to_python(skip_empty_area=True), above + 1):
            while row and row[-1] == "":
                row.pop()
            if row:
                print(json.dumps([number, *[""] * before, *map(_cell, row)]))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:4])
        sys.stdout.flush()
    except OSError as error:  # such as no room for the cells: which is none of the workbook
        os._exit(error.errno or 1)

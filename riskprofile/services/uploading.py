"""A file handed over on the operator's page: it goes the same road as `score`."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from pathlib import PurePosixPath
from typing import IO

from riskprofile.errors import InputError
from riskprofile.files import legible, passing_folder
from riskprofile.scoring.ranking import Capacity
from riskprofile.services import probing
from riskprofile.services.rights import Actor, authorise
from riskprofile.services.run import Options, Run, Stop
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.services.steps import Progress
from riskprofile.store.database import Store

UPLOAD_MB = 50  # as `maxUploadSize` of the page server; larger files go through `score`
NAME_BYTES = 200  # file systems take 255, and a watcher adds some 50 of its own
BLOCK = 2**20


def upload(
    store: Store,
    settings: Settings,
    actor: Actor,
    name: str,
    content: IO[bytes],
    now: datetime,
    *,
    again: bool = False,
    progress: Progress = lambda name, rows: None,
    stop: Stop | None = None,
) -> Run:
    """Rate an uploaded file. Sent again after a stop, it goes on where it was.

    Parameters
    ----------
    again : bool
        Read a file whose very bytes were read before, as one that comes in now.
    stop : Stop, optional
        Ends the run where it is not the main thread's, which alone hears signals.

    Raises
    ------
    InputError
        It is empty, larger than 50 MB, or cannot be read.
    PolicyError
        The account has had its answers of this hour.
    """
    authorise(actor, "batch.score")
    with passing_folder() as folder:
        path = folder / safe_name(name)
        size = 0
        with path.open("wb") as file:
            while block := content.read(BLOCK):
                size += len(block)
                if size > UPLOAD_MB * BLOCK:
                    raise InputError(
                        f"the file is larger than {UPLOAD_MB} MB",
                        where=path.name,
                        do="Rate it with `riskprofile score`, or put it in the inbox.",
                    )
                file.write(block)
        if not size:
            raise InputError("the file is empty", where=path.name, do="Choose another.")
        probing.ask(store, actor, now, settings.asks_an_hour, settings.trial_rows_an_hour)
        options = Options(
            capacity=Capacity(None, settings.capacity_share, settings.random_share),
            max_bad_share=settings.max_bad_share,
            resume=True,
            again=again,
        )
        try:
            return screen(
                store, settings, actor, [path], options, now, progress=progress, stop=stop
            )
        except InputError as error:  # where it lay for a moment is nothing for a page
            raise type(error)(error.what, where=path.name, do=error.do) from None


def safe_name(name: str) -> str:
    """The last part of a name, without what no file should be called; its end stays.

    >>> safe_name("../../etc/pass\\nwd.csv"), safe_name(".."), safe_name("a" * 200 + ".zip")[-6:]
    ('pass_wd.csv', 'upload', 'aa.zip')
    """
    last = PurePosixPath(name.replace("\\", "/")).name
    clean = "".join("_" if unicodedata.category(one)[0] == "C" else one for one in legible(last))
    clean = clean.strip().lstrip(".").encode()[-NAME_BYTES:].decode(errors="ignore")
    return clean or "upload"

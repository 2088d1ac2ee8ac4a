"""What is rated beside the page: files that persons handed over, and what is asked of an alert.

A run outlives what is clicked meanwhile.

Streamlit ends the script that draws a page as soon as something is clicked, the page is left or
the line is lost. So a file is rated by a thread of the page server, which knows the person who
began it and nothing of a page.
"""

from __future__ import annotations

import io
import logging
import signal
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from threading import Lock, Thread
from typing import Any

from app.text import logged
from riskprofile.errors import Conflict, RiskProfileError
from riskprofile.services import uploading
from riskprofile.services.rights import Actor, authorise
from riskprofile.services.run import Stop, Summary
from riskprofile.services.settings import Settings
from riskprofile.store.database import Store
from riskprofile.words import Message

ROWS = "rows"  # the step of a run at which declarations are read and rated
log = logging.getLogger("riskprofile.app")


@dataclass(frozen=True)
class Fault:
    """What nobody foresaw; the server's log says where it was, under this number."""

    number: str


class Upload:
    """One file, while it is rated and until what it came to was told.

    It is told how far its run is (`steps.Stepwise`). `came_to` is None while that goes on.
    """

    def __init__(self, name: str) -> None:
        self.name = uploading.safe_name(name)
        self.at: tuple[str, int, int | None] = ("", 0, None)  # step, how much, of how much
        self.came_to: Summary | RiskProfileError | Fault | None = None
        self.stop = Stop()
        self.thread: Thread | None = None

    def __call__(self, name: str, rows: int) -> None:
        self.at = (ROWS, rows, None)

    def step(self, name: str, done: int, of: int | None) -> None:
        """Another step than rating rows."""
        self.at = (name, done, of)

    def wait(self, seconds: float | None = None) -> None:
        """Until it has ended, or so long."""
        assert self.thread is not None
        self.thread.join(seconds)


class Runs:
    """The uploads of this server, one at a time for each person, and questions, one at a time."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings
        self._lock = Lock()
        self._of: dict[str, Upload] = {}  # by account, until it was told
        self._questions = ThreadPoolExecutor(1, "question")  # each takes a core

    def begin(
        self, person: Actor, name: str, content: bytes, now: datetime, *, again: bool = False
    ) -> Upload:
        """Begin to rate a file, as this person whoever sits at the page later.

        Raises
        ------
        NotAllowed
        Conflict
            A file of theirs is being rated, or was and has not been told.
        """
        authorise(person, "batch.score")
        upload = Upload(name)
        with self._lock:
            if person.name in self._of:
                raise Conflict(
                    Message("upload.being_rated", file=self._of[person.name].name),
                    do=Message("refusal.do_end"),
                )
            # The bytes travel to the thread alone: nothing that stays here holds them.
            upload.thread = Thread(
                target=self._rate,
                args=(upload, person, name, io.BytesIO(content), now, again),
                name=f"upload of {person.name}",
            )
            upload.thread.start()
            self._of[person.name] = upload
        return upload

    def under_way(self, person: Actor) -> Upload | None:
        """The file of this person that is being rated."""
        upload = self._of.get(person.name)
        return upload if upload is not None and upload.came_to is None else None

    def untold(self, person: Actor) -> bool:
        """Whether a file of this person is being rated, or was and nobody was told."""
        return person.name in self._of

    def ended(self, person: Actor) -> Upload | None:
        """The file of this person whose run has ended: told once."""
        with self._lock:
            upload = self._of.get(person.name)
            if upload is None or upload.came_to is None:
                return None
            return self._of.pop(person.name)

    def ask(self, question: Callable[..., Any], *given: Any) -> Future[Any]:
        """Have a service answer beside the page, after what was asked before."""
        return self._questions.submit(question, *given)

    def end(self) -> None:
        """The server ends: each run does so after what is under way, and can be gone on with.

        What was asked and is not being answered yet is dropped.
        """
        self._questions.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            left = list(self._of.values())
        for upload in left:
            upload.stop.ask(signal.SIGTERM)
        for upload in left:
            upload.wait()

    def _rate(
        self,
        upload: Upload,
        person: Actor,
        name: str,
        content: io.BytesIO,
        now: datetime,
        again: bool,
    ) -> None:
        came_to: Summary | RiskProfileError | Fault
        try:
            with content:
                came_to = uploading.upload(
                    self._store, self._settings, person, name, content, now,
                    again=again, progress=upload, stop=upload.stop,
                ).summary  # fmt: skip
        except RiskProfileError as error:
            # Its trace would keep what the run had in memory, rows and all, until it is told.
            error.__context__ = error.__cause__ = None
            came_to = error.with_traceback(None)
        except Exception as error:
            came_to = Fault(logged(log, error, now))
        upload.came_to = came_to

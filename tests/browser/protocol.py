"""An officer's browser without a screen: it speaks the page server's own protocol.

It sends what the browser's part of Streamlit sends (a widget's new value) and reads what
comes back until the page is drawn. So many officers can work at once on one machine.
"""

from __future__ import annotations

import json
import re
import time
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect

from app.installation import COOKIE

KEY = re.compile(r"\$\$ID-[0-9a-f]+-(.+)")
KEPT_RUNS = 2  # Streamlit's own `global.maxCachedMessageAge`
FAULT = "<b>✕"  # how a strip begins that says what was not done


class Officer:
    """One signed-in officer with an open page.

    `seen` maps the key of each drawn widget to (its id, the fragment that draws it);
    `faults` holds every strip and exception that the page showed.
    """

    def __init__(self, url: str, token: str, query: str = "", patience: float = 60.0) -> None:
        self.seen: dict[str, tuple[str, str]] = {}
        self.faults: list[str] = []
        self.html: list[str] = []
        self.received = 0  # bytes of the last act
        self._kept: dict[str, int] = {}  # hash of a large message -> runs since it was used
        self._query, self._page, self._patience = query, "", patience
        self._host, self._news = urlsplit(url).netloc, b"0"
        self._signed = {"Cookie": f"{COOKIE}={token}"}
        self._open = ExitStack()
        self._line = self._open.enter_context(
            connect(
                url.replace("http", "ws", 1) + "/_stcore/stream",
                additional_headers=self._signed,
                origin=url,  # type: ignore[arg-type]
                subprotocols=["streamlit"],  # type: ignore[list-item]
                max_size=None,
            )
        )

    def close(self) -> None:
        """Leave the page."""
        self._open.close()

    def load(self) -> float:
        """Draw the page; seconds until it stands."""
        return self._rerun([], "")

    def press(self, key: str) -> float:
        """Press the button with this key; of those that carry an alert, the one drawn last."""
        found = [one for one in self.seen if one == key or re.fullmatch(rf"{key}-\d+", one)]
        widget, fragment = self.seen[found[-1]]
        return self._rerun([WidgetState(id=widget, trigger_value=True)], fragment)

    def write(self, key: str, text: str) -> float:
        """Fill in a field."""
        widget, fragment = self.seen[key]
        return self._rerun([WidgetState(id=widget, string_value=text)], fragment)

    def click_row(self, row: int) -> float:
        """Click a cell of this row of the list."""
        key = next(one for one in self.seen if one.startswith("list-"))
        picked = {"selection": {"rows": [], "columns": [], "cells": [[row, "points"]]}}
        return self._rerun([WidgetState(id=self.seen[key][0], string_value=json.dumps(picked))], "")

    def poll(self) -> float:
        """What an open page asks by itself: is there anything new? If so, it counts how many."""
        started = time.monotonic()
        with closing(HTTPConnection(self._host)) as asks:
            asks.request("GET", "/news", headers=self._signed)
            news = asks.getresponse().read()
        if news != self._news:
            self._news = news
            self.press("look")
        return time.monotonic() - started

    def _rerun(self, widgets: list[WidgetState], fragment: str) -> float:
        asked = BackMsg()
        state = asked.rerun_script
        state.query_string, state.page_script_hash = self._query, self._page
        state.fragment_id = fragment
        state.widget_states.widgets.extend(widgets)
        state.cached_message_hashes.extend(self._kept)
        started = time.monotonic()
        self.received, self.html = 0, []
        self._line.send(asked.SerializeToString())
        while True:
            raw = self._line.recv(timeout=self._patience)
            self.received += len(raw)
            told = ForwardMsg()
            told.ParseFromString(raw)  # type: ignore[arg-type]
            self._keep(told)
            if self._take(told):
                return time.monotonic() - started

    def _keep(self, told: ForwardMsg) -> None:
        """Keep large messages as a browser does: what it has is not sent again."""
        kind = told.WhichOneof("type")
        if kind == "ref_hash" or told.metadata.cacheable:
            self._kept[told.ref_hash or told.hash] = 0
        elif kind == "script_finished" and told.script_finished == told.FINISHED_SUCCESSFULLY:
            aged = {one: age + 1 for one, age in self._kept.items()}
            self._kept = {one: age for one, age in aged.items() if age <= KEPT_RUNS}

    def _take(self, told: ForwardMsg) -> bool:
        """Note what was drawn; whether the page is whole now."""
        kind = told.WhichOneof("type")
        if kind == "new_session":
            self._page = told.new_session.page_script_hash
        elif kind == "page_info_changed":
            self._query = told.page_info_changed.query_string
        elif kind == "delta" and told.delta.WhichOneof("type") == "new_element":
            self._note(told.delta)
        return kind == "script_finished" and told.script_finished in (
            ForwardMsg.FINISHED_SUCCESSFULLY,
            ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
        )

    def _note(self, delta: Any) -> None:
        element = delta.new_element
        kind = element.WhichOneof("type")
        drawn: Any = getattr(element, kind)
        if kind == "exception":
            self.faults.append(f"{drawn.type}: {drawn.message}")
        elif kind == "html":
            self.html.append(drawn.body)
            if FAULT in drawn.body:
                self.faults.append(re.sub(r"<[^>]*>", " ", drawn.body).strip())
        elif found := KEY.fullmatch(getattr(drawn, "id", "")):
            self.seen.pop(found[1], None)
            self.seen[found[1]] = (drawn.id, delta.fragment_id)

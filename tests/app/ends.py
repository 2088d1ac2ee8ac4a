"""A session state that ends a run, as the next click does."""

from __future__ import annotations

from typing import Any

from streamlit.runtime.scriptrunner import RerunData, RerunException


class Ends(dict[str, Any]):
    """A session state of which the next click ends the run, from some moment on."""

    clicked = False

    def get(self, *given: Any) -> Any:
        self._asked()
        return super().get(*given)

    def setdefault(self, *given: Any) -> Any:
        self._asked()
        return super().setdefault(*given)

    def __delitem__(self, name: str) -> None:
        self._asked()
        super().__delitem__(name)

    def _asked(self) -> None:
        if self.clicked:
            raise RerunException(RerunData())

    def __getitem__(self, name: str) -> Any:
        self._asked()
        return super().__getitem__(name)

    def __setitem__(self, name: str, value: Any) -> None:
        self._asked()
        super().__setitem__(name, value)

    def __contains__(self, name: object) -> bool:
        self._asked()
        return super().__contains__(name)

    def pop(self, *given: Any) -> Any:
        self._asked()
        return super().pop(*given)

"""What the server is doing, in one word for a status bar: ``foreword/status``, sent when it changes.

Only to clients that ask for it, with the capability ``experimental.forewordStatus``: others would warn their users of
a notification that they do not know.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypedDict

METHOD = "foreword/status"

State = Literal["loading", "ready", "thinking", "paused", "error"]


class StatusParams(TypedDict):
    """The parameters of the notification.

    ``paused`` comes before ``loading``, and that before ``error``, ``thinking`` (sentences are read) and ``ready``.
    """

    state: State
    message: str


class Status:
    """The state of one connection.

    Parameters
    ----------
    send
        Told of each change.
    """

    def __init__(self, send: Callable[[StatusParams], None]) -> None:
        self._send = send
        self._paused = False
        self._loading = ""
        self._error = ""
        self._reading: set[str] = set()
        self._told = self.params

    @property
    def params(self) -> StatusParams:
        """The state as it is now."""
        if self._paused:
            return {"state": "paused", "message": "Foreword is paused."}
        if self._loading:
            return {"state": "loading", "message": self._loading}
        if self._error:
            return {"state": "error", "message": self._error}
        if self._reading:
            return {"state": "thinking", "message": "Reading sentences."}
        return {"state": "ready", "message": ""}

    def paused(self, paused: bool) -> None:
        """Take note of the commands to pause and to resume."""
        self._paused = paused
        self._tell()

    def loading(self, description: str) -> None:
        """Take note that a model is fetched or loaded; that none is, if there is no description."""
        self._loading = description
        self._tell()

    def failed(self, message: str) -> None:
        """Take note of an error; that something went well since, if there is no message."""
        if message != self._error:
            self._error = message
            self._tell()

    def reading(self, uri: str, under_way: bool) -> None:
        """Take note that a document is being read, or is not any more."""
        if under_way:
            self._reading.add(uri)
        else:
            self._reading.discard(uri)
        self._tell()

    def _tell(self) -> None:
        if self.params != self._told:
            self._told = self.params
            self._send(self._told)

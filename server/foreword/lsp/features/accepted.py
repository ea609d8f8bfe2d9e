"""``foreword.accepted``: an editor tells that a word or a phrase was taken.

Words and phrases carry this command, and every editor runs it when one is taken: no editor has a way of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

if TYPE_CHECKING:
    from foreword.lsp.server import ForewordServer

ACCEPTED = "foreword.accepted"


def register(server: ForewordServer) -> None:
    """Count what is taken."""

    @server.command(ACCEPTED)
    def accepted(*_what: Any) -> None:
        server.accepted += 1


def accepted_command(uri: str, text: str) -> types.Command:
    """Return the command of an item that offers a text."""
    return types.Command(title="Taken", command=ACCEPTED, arguments=[{"uri": uri, "text": text}])

"""Commands about the server as a whole: pause, resume, status, re-read."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from foreword.lsp.features import diagnostics, documents

if TYPE_CHECKING:
    from foreword.lsp.server import ForewordServer


def register(server: ForewordServer) -> None:
    """Carry out the commands; what they are given is not looked at."""

    @server.command("foreword.pause")
    def pause(*_arguments: Any) -> None:
        _set_paused(server, True)

    @server.command("foreword.resume")
    def resume(*_arguments: Any) -> None:
        _set_paused(server, False)

    @server.command("foreword.status")
    def status(*_arguments: Any) -> dict[str, Any]:
        return {
            **server.status.params,
            "documents": len(server.documents),
            "accepted": server.accepted,
            "decoder": server.settings.model.decoder,
            "encoder": server.settings.model.encoder,
            "work": asdict(server.work),
        }

    @server.command("foreword.reread")
    def reread(*_arguments: Any) -> None:
        for uri in server.documents:
            server.readings.pop(uri, None)
            diagnostics.schedule(server, uri, delay=False)


def _set_paused(server: ForewordServer, paused: bool) -> None:
    """Offer and read nothing, or again; what is loaded stays."""
    server.paused = paused
    server.status.paused(paused)
    for uri in server.documents:
        documents.warm(server, uri)
        diagnostics.schedule(server, uri, delay=False)

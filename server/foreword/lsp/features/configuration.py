"""``workspace/didChangeConfiguration`` and ``workspace/configuration``: settings from the editor."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from foreword.lsp.capabilities import section
from foreword.lsp.features import diagnostics, documents

if TYPE_CHECKING:
    from foreword.lsp.server import ForewordServer


def register(server: ForewordServer) -> None:
    """Ask for the settings once the client is ready, and take them when they change."""

    @server.feature(types.INITIALIZED)
    def initialized(_params: types.InitializedParams) -> None:
        _ask(server)

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    def did_change_configuration(params: types.DidChangeConfigurationParams) -> None:
        # A client that can be asked sends no settings, or stale ones.
        if not _ask(server):
            _apply(server, section(params.settings))


def reload(server: ForewordServer) -> None:
    """Read the files of settings anew, and put them in force together with what the editor said last."""
    _apply(server, server.editor_settings)


def _ask(server: ForewordServer) -> bool:
    """Ask the client for its settings, if it can be asked."""
    workspace = server.client_capabilities.workspace
    if workspace is None or not workspace.configuration:
        return False

    def answered(answer: Future[Any]) -> None:
        if answer.cancelled() or answer.exception() is not None:
            return
        values = answer.result()  # a tuple: what a converter makes of a sequence
        _apply(server, values[0] if isinstance(values, list | tuple) and values else None)

    params = types.ConfigurationParams(items=[types.ConfigurationItem(section="foreword")])
    server.protocol.send_request(types.WORKSPACE_CONFIGURATION, params).add_done_callback(answered)
    return True


def _apply(server: ForewordServer, editor: Any) -> None:
    """Put the editor's settings in force and look at every open document anew."""
    before = server.settings
    server.configure(editor)
    if server.settings == before:
        return
    for uri in server.documents:
        documents.warm(server, uri)
        diagnostics.schedule(server, uri, delay=False)

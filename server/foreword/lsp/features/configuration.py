"""Settings while the server runs: the editor's configuration, the files they are read from, the workspace folders."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from foreword.lsp.capabilities import section, workspace_folders
from foreword.lsp.features import diagnostics, documents, semantic_tokens
from foreword.settings_edit import user_file

if TYPE_CHECKING:
    from foreword.lsp.server import ForewordServer


def register(server: ForewordServer) -> None:
    """Ask for the settings once the client is ready, and take them when they change."""

    @server.feature(types.INITIALIZED)
    def initialized(_params: types.InitializedParams) -> None:
        _watch(server)
        semantic_tokens.update(server)
        _ask(server)

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    def did_change_configuration(params: types.DidChangeConfigurationParams) -> None:
        # A client that can be asked sends no settings, or stale ones.
        if not _ask(server):
            _apply(server, [section(params.settings)])

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def did_change_watched_files(_params: types.DidChangeWatchedFilesParams) -> None:
        _apply(server, server.editor_settings)

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def did_change_workspace_folders(params: types.DidChangeWorkspaceFoldersParams) -> None:
        server.change_folders(list(params.event.added), list(params.event.removed))
        _apply(server, server.editor_settings[:1])
        _ask(server)


def _watch(server: ForewordServer) -> None:
    """Have the client tell of changes of the settings' files, if it can: the user's own is in no workspace folder."""
    workspace = server.client_capabilities.workspace
    watched = workspace.did_change_watched_files if workspace is not None else None
    if watched is None or not watched.dynamic_registration:
        return
    watchers = [types.FileSystemWatcher(glob_pattern=f"**/{name}") for name in (".foreword.toml", "pyproject.toml")]
    if watched.relative_pattern_support and server.writes_files:
        own = user_file().absolute()
        watchers.append(types.FileSystemWatcher(types.RelativePattern(own.parent.as_uri(), own.name)))
    registration = types.Registration(
        id="foreword-settings",
        method=types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
        register_options=types.DidChangeWatchedFilesRegistrationOptions(watchers=watchers),
    )
    params = types.RegistrationParams(registrations=[registration])
    server.protocol.send_request(types.CLIENT_REGISTER_CAPABILITY, params)


def reload(server: ForewordServer) -> None:
    """Read the files of settings anew, and put them in force together with what the editor said last."""
    _apply(server, server.editor_settings)


def _ask(server: ForewordServer) -> bool:
    """Ask the client for its settings, in each workspace folder, if it can be asked."""
    workspace = server.client_capabilities.workspace
    if workspace is None or not workspace.configuration:
        return False

    def answered(answer: Future[Any]) -> None:
        if answer.cancelled() or answer.exception() is not None:
            return
        values = answer.result()  # a tuple: what a converter makes of a sequence
        _apply(server, list(values) if isinstance(values, list | tuple) else [])

    folders = workspace_folders(server.initialize_params)
    scopes = [folder.absolute().as_uri() for folder in folders] if len(folders) > 1 else [None]
    items = [types.ConfigurationItem(scope_uri=scope, section="foreword") for scope in scopes]
    params = types.ConfigurationParams(items=items)
    server.protocol.send_request(types.WORKSPACE_CONFIGURATION, params).add_done_callback(answered)
    return True


def _apply(server: ForewordServer, editor: Sequence[Any]) -> None:
    """Put the editor's settings in force, see `ForewordServer.configure`, and look at every open document anew."""
    before = (server.settings, server.folder_settings)
    server.configure(editor)
    if (server.settings, server.folder_settings) == before:
        return
    semantic_tokens.update(server)
    for uri in server.documents:
        documents.warm(server, uri)
        diagnostics.schedule(server, uri, delay=False)

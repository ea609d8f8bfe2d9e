"""One connection's server: its settings, its documents, and the engine that works for them."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import weakref
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from lsprotocol import types
from pygls.io_ import StdoutWriter
from pygls.lsp.server import LanguageServer

from foreword import __version__
from foreword.engine.engine import Checkpoint, EngineClosedError, Priority, Superseded
from foreword.engine.lookups import Lookups, lookups_of
from foreword.engine.models import Models
from foreword.engine.pool import Pool, model_key
from foreword.engine.work import Work
from foreword.ignored import IgnoredSentences
from foreword.lsp.capabilities import initial_settings, path_of, workspace_folders
from foreword.lsp.features import (
    accepted,
    code_actions,
    commands,
    completion,
    configuration,
    diagnostics,
    documents,
    hover,
    inline_completion,
    reading,
    resolve,
    semantic_tokens,
    thinking,
)
from foreword.lsp.progress import WorkDoneProgress
from foreword.lsp.protocol import ForewordProtocol, ServerCancelledError
from foreword.lsp.status import METHOD as STATUS
from foreword.lsp.status import Status, StatusParams
from foreword.lsp.transport import listen
from foreword.settings import LanguageSettings, Settings
from foreword.settings_check import Problem
from foreword.settings_edit import user_file
from foreword.text.document import Document
from foreword_models.errors import ForewordError

logger = logging.getLogger(__name__)

T = TypeVar("T")

_FEATURES = (
    documents,
    configuration,
    completion,
    resolve,
    accepted,
    inline_completion,
    diagnostics,
    code_actions,
    hover,
    commands,
    semantic_tokens,
)
_OFF = Settings(enabled=False)
_numbers = itertools.count(1)
PATIENCE = 10.0  # seconds that a request waits for a model to load; a pack may take longer to fetch


class ForewordServer(LanguageServer):
    """The language server of one connection.

    Parameters
    ----------
    pool
        The engine and the models, which connections may share; a new one by default.
    writes_files
        The client is the user who started the process: it may change settings' files and the list of ignored sentences.

    Attributes
    ----------
    settings
        In force now; in documents of another workspace folder than the first, `folder_settings` are.
    documents
        The open ones, by URI.
    number
        Of the connection, in this process: what the models and the engine know of a document has it in its name, so
        that no connection meets what another has written.
    engine, models
        The inference thread, and what it works with.
    work
        What the decoder has done for this connection.
    paused
        Nothing is offered or read until the user says so.
    ended
        Set when the connection is to end.
    exit_code
        What the process is to end with: 0 after ``shutdown`` and ``exit``, else 1.
    """

    def __init__(self, pool: Pool | None = None, *, writes_files: bool = True) -> None:
        super().__init__("foreword", __version__, protocol_cls=ForewordProtocol, max_workers=1)
        self.number = next(_numbers)
        self.settings = Settings()
        self.folder_settings: dict[Path, Settings] = {}
        self.documents: dict[str, Document] = {}
        self.encoding = "utf-16"
        self.pool = pool or Pool()
        self.engine = self.pool.engine
        self.paused = False
        self.status = Status(self._send_status)
        info = types.MessageType.Info
        self._progress = WorkDoneProgress(self.protocol, self.on_loop, self.status, lambda text: self.tell(text, info))
        self.models: Models = self.pool.join(self.settings, self._progress)
        self.writes_files = writes_files
        self.ignored = IgnoredSentences(user_file().with_name("ignored-sentences") if writes_files else None)
        self.hushed: set[tuple[str, str, str]] = set()  # labels that are off in a document: URI, classifier, label
        self.readings: dict[str, reading.Reading] = {}
        self.focus: weakref.WeakKeyDictionary[Document, int] = weakref.WeakKeyDictionary()
        self.marks_changed = asyncio.Event()
        self.lookups = lookups_of(self.models)
        self.meaning_of: Lookups | None = None  # those that were told to load what knows the meaning of words
        self.grammar_of: Lookups | None = None  # those whose finder of slips is loaded
        self.colours = False  # the client has been told, after ``initialize``, that names are coloured
        self.shown: weakref.WeakKeyDictionary[Document, inline_completion.Shown] = weakref.WeakKeyDictionary()
        self.offer: resolve.Offer | None = None
        self.accepted = 0
        self.work = Work()
        self.marked: set[str] = set()
        self.background: set[asyncio.Task[None]] = set()
        self.measuring: asyncio.Task[None] | None = None
        self.prepared: weakref.WeakKeyDictionary[Document, str] = weakref.WeakKeyDictionary()
        self.exit_code = 1
        self.initialize_params: dict[str, Any] = {}
        self.editor_settings: Sequence[Any] = ()
        self.ended = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told: set[str] = set()
        for feature in _FEATURES:
            feature.register(self)

    def serve(self, stdin: BinaryIO, stdout: BinaryIO, *, first: bytes | None, greeted: int | str | None) -> int:
        """Serve one client on two streams until it says ``exit`` or its stream ends; returns the exit code.

        Parameters
        ----------
        first, greeted
            What `greeting.greet` returned.
        """
        protocol = self.protocol
        assert isinstance(protocol, ForewordProtocol)
        protocol.greeted = greeted
        protocol.set_writer(StdoutWriter(stdout))
        asyncio.run(self._serve(stdin, first))
        return self.exit_code

    async def _serve(self, stdin: BinaryIO, first: bytes | None) -> None:
        if first is not None:
            self.take(first)
            listen(stdin, asyncio.get_running_loop(), self.take, self.ended.set)
            await self.ended.wait()

    def take(self, body: bytes | str) -> None:
        """Handle a message; nothing that is wrong with it ends the session."""
        if self.ended.is_set():
            return
        if logger.isEnabledFor(logging.DEBUG):  # with --log-text only
            logger.debug("received %r", body)
        try:
            self.protocol.handle_message(json.loads(body))
        except BrokenPipeError:
            logger.warning("the client has gone")
            self.ended.set()
        except Exception as error:
            self.report_server_error(error, type(self.protocol))

    def begin(self, params: dict[str, Any], encoding: str) -> None:
        """Take note of the client's ``initialize``."""
        self._loop = asyncio.get_running_loop()
        self.initialize_params = params
        self.encoding = encoding
        self.configure(())
        client = params.get("clientInfo")
        name = client.get("name") if isinstance(client, dict) else None
        logger.info("session %d began, with %.60s", self.number, name if isinstance(name, str) else "a nameless client")

    def configure(self, editor: Sequence[Any]) -> None:
        """Put settings in force: files, initializationOptions, and the editor's configuration.

        Parameters
        ----------
        editor
            The section ``foreword``, for each workspace folder; the first one also for those that have none, and for
            documents in no folder. Nothing before it is known.
        """
        before = model_key(self.settings)
        self.editor_settings = editor
        own = dict(enumerate(editor))
        self.settings, problems = initial_settings(self.initialize_params, own.get(0))
        self.folder_settings = {}
        for number, folder in enumerate(workspace_folders(self.initialize_params)[1:], 1):
            tree = own.get(number, own.get(0))
            self.folder_settings[folder], wrong = initial_settings(self.initialize_params, tree, folder)
            problems += [problem for problem in wrong if problem not in problems]
        if model_key(self.settings) != before:
            self.models = self.pool.join(self.settings, self._progress)
            self.lookups = lookups_of(self.models)
            self.prepared.clear()
            self.shown.clear()
        self._show_problems(problems)

    def language(self, document: Document) -> LanguageSettings:
        """Return the settings that hold in a document: those of its folder and language."""
        if self.paused:
            return _OFF.for_language(document.language_id)
        folder = self.folder_of(document.uri) if self.folder_settings else None
        settings = self.folder_settings.get(folder, self.settings) if folder is not None else self.settings
        return settings.for_language(document.language_id)

    def folder_of(self, uri: str) -> Path | None:
        """Return the workspace folder that a document is in, the innermost where one is inside another."""
        if (path := path_of(uri)) is None:
            return None
        within = [folder for folder in workspace_folders(self.initialize_params) if path.is_relative_to(folder)]
        return max(within, key=lambda folder: len(folder.parts), default=None)

    def name_of(self, uri: str) -> str:
        """Return the name of a document that no other connection's has, whatever its URI."""
        return f"{self.number} {uri}"

    def change_folders(self, added: list[types.WorkspaceFolder], removed: list[types.WorkspaceFolder]) -> None:
        """Take note of workspace folders that were added or removed; `configure` puts it in force."""
        gone = {folder.uri for folder in removed}
        known = self.initialize_params.get("workspaceFolders")
        kept = [folder for folder in known if folder.get("uri") not in gone] if isinstance(known, list) else []
        new = [{"uri": folder.uri, "name": folder.name} for folder in added]
        self.initialize_params = {**self.initialize_params, "workspaceFolders": kept + new}

    async def answer(self, priority: Priority, work: Callable[[Checkpoint], T], *, key: Hashable) -> T | None:
        """Run a request's work on the engine; None if it was superseded, waits for a model too long, or failed.

        A failure is told to the user, not to the client, which could show no more than a code.
        """
        try:
            counted = self.work.counted(self.models, work)
            result = await asyncio.wait_for(self.engine.run(priority, counted, key=key), PATIENCE)
            self.status.failed("")
            return result
        except (Superseded, EngineClosedError, TimeoutError):
            return None
        except Exception as error:
            self.fail(error)
            return None

    def tell(self, message: str, kind: types.MessageType = types.MessageType.Error) -> None:
        """Show the user a sentence, once in a session: a model that is missing is not news at every key."""
        if message not in self._told:
            self._told.add(message)
            self.window_show_message(types.ShowMessageParams(type=kind, message=message))

    def fail(self, error: Exception) -> None:
        """Tell the user about an error: its message if it is meant for them, else that something went wrong."""
        if isinstance(error, ForewordError):
            self.status.failed(str(error))
            self.tell(str(error))
            return
        # The message of an unexpected error may hold the user's text; its type and place do not.
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f" at {place.tb_frame.f_code.co_name}:{place.tb_lineno}" if place else ""
        logger.error("unexpected %s%s", type(error).__name__, where)
        message = f"Foreword met an unexpected {type(error).__name__}{where}; please report it. It goes on working."
        self.status.failed(message)
        self.tell(message)

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log that a message was not handled, without its text; pygls would show it to the user."""
        if isinstance(error, ServerCancelledError):
            return
        logger.warning("%s: %s", getattr(source, "__name__", "error"), type(error).__name__)

    def send_notification(self, method: str, params: dict[str, Any]) -> None:
        """Send a notification of plain JSON values, which take no time to be written."""
        self.protocol._send_data({"jsonrpc": "2.0", "method": method, "params": params})

    def leave(self) -> None:
        """Let go of everything that is this connection's, which has ended; the models and the engine stay."""
        logger.info("session %d ended", self.number)
        self.ended.set()
        for future in list(self.protocol._request_futures.values()):
            future.cancel()
        for uri in list(self.documents):
            del self.documents[uri]
            reading.forget(self, uri)
            thinking.release(self, uri)
        if self.measuring is not None:
            self.measuring.cancel()
        self.pool.leave(self._progress)

    def stop(self, exit_code: int) -> None:
        """End the main loop after the message in hand."""
        self.exit_code = exit_code
        self.ended.set()

    def on_loop(self, work: Callable[[], None]) -> None:
        """Run a function on the event loop's thread, soon; nothing happens when the loop is gone."""
        try:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(work)
        except RuntimeError:
            logger.debug("the event loop has closed")

    def _send_status(self, params: StatusParams) -> None:
        capabilities = self.initialize_params.get("capabilities")
        experimental = capabilities.get("experimental") if isinstance(capabilities, dict) else None
        if isinstance(experimental, dict) and experimental.get("forewordStatus") is True:
            self.protocol.notify(STATUS, params)

    def _show_problems(self, problems: list[Problem]) -> None:
        for problem in problems:
            self.tell(f"Foreword settings: {problem.message}", types.MessageType.Warning)

"""One connection's server: its settings, its documents, and the engine that works for them."""

from __future__ import annotations

import asyncio
import json
import logging
import weakref
from collections.abc import Callable, Hashable
from typing import Any, BinaryIO, TypeVar

from lsprotocol import types
from pygls.io_ import StdoutWriter
from pygls.lsp.server import LanguageServer

from foreword import __version__
from foreword.engine.engine import Checkpoint, Engine, EngineClosedError, Priority, Superseded
from foreword.engine.models import Models
from foreword.lsp.capabilities import initial_settings
from foreword.lsp.features import completion, configuration, diagnostics, documents, inline_completion
from foreword.lsp.progress import WorkDoneProgress
from foreword.lsp.protocol import ForewordProtocol
from foreword.lsp.transport import listen
from foreword.settings import LanguageSettings, Settings, own_classifiers
from foreword.settings_check import Problem
from foreword.text.document import Document
from foreword_models.errors import ForewordError

logger = logging.getLogger(__name__)

T = TypeVar("T")

PATIENCE = 10.0  # seconds that a request waits for a model to load; a pack may take longer to fetch


class ForewordServer(LanguageServer):
    """The language server of one connection.

    Attributes
    ----------
    settings
        In force now.
    documents
        The open ones, by URI.
    engine, models
        The inference thread, and what it works with.
    exit_code
        What the process is to end with: 0 after ``shutdown`` and ``exit``, else 1.
    """

    def __init__(self) -> None:
        super().__init__("foreword", __version__, protocol_cls=ForewordProtocol, max_workers=1)
        self.settings = Settings()
        self.documents: dict[str, Document] = {}
        self.encoding = "utf-16"
        self.engine = Engine()
        self.models = self._new_models()
        self.reading: dict[str, asyncio.Task[None]] = {}
        self.marked: set[str] = set()
        self.background: set[asyncio.Task[None]] = set()
        self.measuring: asyncio.Task[None] | None = None
        self.prepared: weakref.WeakKeyDictionary[Document, str] = weakref.WeakKeyDictionary()
        self.exit_code = 1
        self._initialize_params: dict[str, Any] = {}
        self._end = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told: set[str] = set()
        for feature in (documents, configuration, completion, inline_completion, diagnostics):
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
            self._take(first)
            listen(stdin, asyncio.get_running_loop(), self._take, self._end.set)
            await self._end.wait()

    def _take(self, body: bytes) -> None:
        """Handle a message; nothing that is wrong with it ends the session."""
        if self._end.is_set():
            return
        try:
            self.protocol.handle_message(json.loads(body))
        except BrokenPipeError:
            logger.warning("the client has gone")
            self._end.set()
        except Exception as error:
            self.report_server_error(error, type(self.protocol))

    def begin(self, params: dict[str, Any], encoding: str) -> None:
        """Take note of the client's ``initialize``."""
        self._loop = asyncio.get_running_loop()
        self._initialize_params = params
        self.encoding = encoding
        self.configure(None)

    def configure(self, editor: Any) -> None:
        """Put settings in force: files, initializationOptions, and the editor's configuration if it is known."""
        before = self.settings.model, own_classifiers(self.settings)
        self.settings, problems = initial_settings(self._initialize_params, editor)
        if (self.settings.model, own_classifiers(self.settings)) != before:
            self.models = self._new_models()
            self.prepared.clear()
        self._show_problems(problems)

    def language(self, document: Document) -> LanguageSettings:
        """Return the settings that hold in a document."""
        return self.settings.for_language(document.language_id)

    async def answer(self, priority: Priority, work: Callable[[Checkpoint], T], *, key: Hashable) -> T | None:
        """Run a request's work on the engine; None if it was superseded, waits for a model too long, or failed.

        A failure is told to the user, not to the client, which could show no more than a code.
        """
        try:
            return await asyncio.wait_for(self.engine.run(priority, work, key=key), PATIENCE)
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
            self.tell(str(error))
            return
        # The message of an unexpected error may hold the user's text; its type and place do not.
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f" at {place.tb_frame.f_code.co_name}:{place.tb_lineno}" if place else ""
        logger.error("unexpected %s%s", type(error).__name__, where)
        self.tell(f"Foreword met an unexpected {type(error).__name__}{where}; please report it. It goes on working.")

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log that a message was not handled, without its text; pygls would show it to the user."""
        logger.warning("%s: %s", getattr(source, "__name__", "error"), type(error).__name__)

    def stop(self, exit_code: int) -> None:
        """End the main loop after the message in hand."""
        self.exit_code = exit_code
        self._end.set()

    def on_loop(self, work: Callable[[], None]) -> None:
        """Run a function on the event loop's thread, soon; nothing happens when the loop is gone."""
        try:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(work)
        except RuntimeError:
            logger.debug("the event loop has closed")

    def _new_models(self) -> Models:
        info = types.MessageType.Info
        return Models(
            decoder=self.settings.model.decoder,
            encoder=self.settings.model.encoder,
            precision=self.settings.model.precision,
            classifiers=own_classifiers(self.settings),
            progress=WorkDoneProgress(self.protocol, self.on_loop),
            say=lambda message: self.on_loop(lambda: self.tell(message, info)),
        )

    def _show_problems(self, problems: list[Problem]) -> None:
        for problem in problems:
            self.tell(f"Foreword settings: {problem.message}", types.MessageType.Warning)

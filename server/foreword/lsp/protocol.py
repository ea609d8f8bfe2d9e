"""pygls' protocol, with the parts replaced that would lose an answer, an exit code, or the user's privacy.

Each replacement is a fact about pygls 2.1 that has a test of its own in ``tests/lsp``.
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams
from pygls.protocol import LanguageServerProtocol
from pygls.protocol.language_server import lsp_method
from pygls.workspace import Workspace

from foreword.lsp.capabilities import initialize_result

if TYPE_CHECKING:
    from foreword.lsp.server import ForewordServer

logger = logging.getLogger(__name__)

_REPLACED = (types.TEXT_DOCUMENT_DID_OPEN, types.TEXT_DOCUMENT_DID_CHANGE, types.TEXT_DOCUMENT_DID_CLOSE)


class ServerCancelledError(JsonRpcException):
    """The document has changed since it was asked about; the client asks again by itself."""

    CODE = types.LSPErrorCodes.ServerCancelled.value
    MESSAGE = "The document has changed."

    def __init__(self) -> None:
        super().__init__(data={"retriggerRequest": False})


class ForewordProtocol(LanguageServerProtocol):
    """The protocol of one connection.

    Attributes
    ----------
    greeted : int, str or None
        The id of an ``initialize`` that has been answered already.
    """

    _server: ForewordServer

    def __init__(self, server: ForewordServer, converter: Any) -> None:
        super().__init__(server, converter)
        self.greeted: int | str | None = None
        self._traced: dict[int | str, str] = {}  # the names of the requests in hand, if there is a trace
        self._initialize_params: dict[str, Any] = {}
        # pygls keeps its own copy of every document, split where Python splits lines rather than where LSP does.
        # `features.documents` keeps the only one.
        for method in _REPLACED:
            self.fm.builtin_features.pop(method, None)

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(self, params: types.InitializeParams) -> Generator[Any, Any, Any]:
        """Answer from `capabilities`: pygls would leave out what is registered without options."""
        self._server.process_id = params.process_id
        self.client_capabilities = params.capabilities
        result = initialize_result(self._initialize_params)
        self.server_capabilities = self._converter.structure(result["capabilities"], types.ServerCapabilities)
        encoding = result["capabilities"]["positionEncoding"]
        # Of the workspace nothing is used but its being there; a root that pygls cannot read must not end the session.
        self._workspace = Workspace(None, workspace_folders=params.workspace_folders or [], position_encoding=encoding)
        self._server.begin(self._initialize_params, encoding)
        yield from ()
        return result

    @lsp_method(types.EXIT)
    def lsp_exit(self, *_: Any) -> None:  # type: ignore[override]
        """End the main loop; pygls would raise SystemExit, and swallow it together with the exit code."""
        self._server.stop(0 if self._shutdown else 1)

    def structure_message(self, data: dict[str, Any]) -> dict[str, Any]:
        """Leave an object of a message as it is: pygls would decode whatever inside a message looks like one."""
        return data

    def handle_message(self, message: Any) -> None:
        """Decode and handle a message; a request that cannot be handled is answered, where pygls would be silent."""
        if not isinstance(message, dict) or message.get("jsonrpc") != self.VERSION:
            logger.warning("something that is no JSON-RPC 2.0 message was ignored")
            return
        method, identity = message.get("method"), message.get("id")
        try:
            if method is not None:
                self._refuse_out_of_place(method)
            decoded = self._decode(message)
        except JsonRpcException as error:
            logger.warning("a message of the client was not understood: %s", type(error).__name__)
            if method is not None and isinstance(identity, int | str):
                self._send_response(identity, error=error.to_response_error())
            return
        trace = self._server.pool.trace
        if trace is None:
            super().handle_message(decoded)
            return
        name = method if method in types.METHOD_TO_TYPES else "response" if method is None else "other"
        if method is not None and isinstance(identity, int | str):
            self._traced[identity] = name
            trace.begin(name, f"{self._server.number}/{identity}")
        with trace.spanning(name, "message"):
            super().handle_message(decoded)

    def _refuse_out_of_place(self, method: Any) -> None:
        """Raise the error of a message that has no place at this point of the session, or anywhere."""
        if not isinstance(method, str):
            raise JsonRpcException("A method is a string.", types.ErrorCodes.InvalidRequest.value)
        if method == types.EXIT:
            return
        if self._shutdown:
            raise JsonRpcException("The server has been shut down.", types.ErrorCodes.InvalidRequest.value)
        if self._workspace is None and method != types.INITIALIZE:
            raise JsonRpcException("Send initialize first.", types.ErrorCodes.ServerNotInitialized.value)
        if self._workspace is not None and method == types.INITIALIZE:
            raise JsonRpcException("The server has been initialized before.", types.ErrorCodes.InvalidRequest.value)

    def _decode(self, message: dict[str, Any]) -> Any:
        """Return a message as the object of its type; the parameters of ``initialize`` are kept as they are, too."""
        method, params = message.get("method"), message.get("params")
        initialize = method == types.INITIALIZE and isinstance(params, dict)
        if initialize:
            self._initialize_params = message["params"]
        try:
            return super().structure_message(message)
        except JsonRpcException as error:
            if initialize:
                # It has been answered already; and a client of a newer protocol is not to be sent away for a new word.
                return super().structure_message({**message, "params": _essential(message["params"])})
            raise JsonRpcInvalidParams(
                f"The parameters of {method} do not have the form that LSP gives them."
            ) from error

    def _send_response(self, msg_id: Any, result: Any = None, error: types.ResponseError | None = None) -> None:
        if msg_id in self._traced and self._server.pool.trace is not None:
            identity = f"{self._server.number}/{msg_id}"
            self._server.pool.trace.end(self._traced.pop(msg_id), identity, error=error.code if error else 0)
        if self.greeted is not None and msg_id == self.greeted:
            self.greeted = None
            return
        if error is not None and error.code != ServerCancelledError.CODE:
            error.data = None  # pygls puts a traceback there
        super()._send_response(msg_id, result, error)


def _essential(params: dict[str, Any]) -> dict[str, Any]:
    """Return what is needed of the parameters of ``initialize``, where the rest is not as lsprotocol knows it."""

    def flag(section: str, name: str) -> dict[str, bool]:
        capabilities = params.get("capabilities")
        values = capabilities.get(section) if isinstance(capabilities, dict) else None
        return {name: isinstance(values, dict) and values.get(name) is True}

    capabilities = {
        "window": flag("window", "workDoneProgress"),
        "workspace": flag("workspace", "configuration"),
    }
    return {"processId": None, "rootUri": None, "capabilities": capabilities}

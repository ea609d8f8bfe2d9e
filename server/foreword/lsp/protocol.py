"""pygls' protocol, with the parts replaced that would lose an answer, an exit code, or the user's privacy.

Each replacement is a fact about pygls 2.1 that has a test of its own in ``tests/lsp``.
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams
from pygls.protocol import LanguageServerProtocol
from pygls.protocol.json_rpc import JsonRPCNotification
from pygls.protocol.language_server import lsp_method
from pygls.workspace import Workspace

from foreword.lsp.capabilities import initialize_result

if TYPE_CHECKING:
    from foreword.lsp.server import ForewordServer

logger = logging.getLogger(__name__)

_REPLACED = (types.TEXT_DOCUMENT_DID_OPEN, types.TEXT_DOCUMENT_DID_CHANGE, types.TEXT_DOCUMENT_DID_CLOSE)


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
        self._workspace = Workspace(
            params.root_uri,
            types.TextDocumentSyncKind.Incremental,
            params.workspace_folders or [],
            result["capabilities"]["positionEncoding"],
        )
        self._server.begin(self._initialize_params, result["capabilities"]["positionEncoding"])
        yield from ()
        return result

    @lsp_method(types.EXIT)
    def lsp_exit(self, *_: Any) -> None:
        """End the main loop; pygls would raise SystemExit, and swallow it together with the exit code."""
        self._server.stop(0 if self._shutdown else 1)

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Decode a message; answer a request whose parameters do not fit, where pygls would leave the client waiting."""
        if data.get("jsonrpc") and data.get("method") == types.INITIALIZE:
            params = data.get("params")
            self._initialize_params = params if isinstance(params, dict) else {}
        try:
            return super().structure_message(data)
        except Exception as error:
            if "id" in data and "method" in data:
                message = f"The parameters of {data['method']} do not have the form that LSP gives them."
                self._send_response(
                    data["id"], error=types.ResponseError(code=JsonRpcInvalidParams.CODE, message=message)
                )
            logger.warning("a message of the client was not understood: %s", type(error).__name__)
            return JsonRPCNotification(method="$/foreword/notUnderstood", jsonrpc=self.VERSION, params=None)

    def _send_response(self, msg_id: Any, result: Any = None, error: types.ResponseError | None = None) -> None:
        if self.greeted is not None and msg_id == self.greeted:
            self.greeted = None
            return
        if error is not None:
            error.data = None  # pygls puts a traceback there
        super()._send_response(msg_id, result, error)

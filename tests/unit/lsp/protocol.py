"""A conversation with a server in this process, message by message."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from pygls.exceptions import JsonRpcException

from foreword.lsp.server import ForewordServer


class Conversation:
    """Says messages to a server and keeps what it sends; it plays the part of the stream."""

    def __init__(self, server: ForewordServer) -> None:
        self.server = server
        self.received: list[Any] = []
        server.protocol.set_writer(self)

    def write(self, data: bytes) -> None:
        self.received.append(json.loads(data.partition(b"\r\n\r\n")[2]))

    def close(self) -> None:
        """Nothing to close."""

    def say(self, *messages: Any) -> list[Any]:
        """Say some messages and return what came back in the meantime."""
        before = len(self.received)

        async def deliver() -> None:
            for message in messages:
                decoded = json.loads(json.dumps(message), object_hook=self.server.protocol.structure_message)
                try:
                    self.server.protocol.handle_message(decoded)
                except Exception as error:  # as pygls' loop does
                    self.server.report_server_error(error, JsonRpcException)
                await asyncio.sleep(0)

        asyncio.run(deliver())
        return self.received[before:]

    def request(self, method: str, params: Any, identity: int | str = 1) -> Any:
        """Say a request and return its one answer."""
        answers = self.say({"jsonrpc": "2.0", "id": identity, "method": method, "params": params})
        (answer,) = [message for message in answers if message.get("id") == identity]
        return answer

    def initialize(self, capabilities: Any = None) -> None:
        params = {"processId": None, "rootUri": None, "capabilities": capabilities or {}}
        assert "result" in self.request("initialize", params)
        self.say({"jsonrpc": "2.0", "method": "initialized", "params": {}})

    def sent(self, method: str) -> list[Any]:
        return [message for message in self.received if message.get("method") == method]

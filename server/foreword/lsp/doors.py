"""Sockets to come in by: TCP, and WebSocket for pages. Each connection is a session; the models are shared.

A session has its own documents, settings and words; nothing of it is seen in another one, and it writes no file. Nobody
but this machine's users gets in: other addresses than the loopback ones need a token, a page must come from this
machine or be named, and a browser's HTTP request to the TCP door (which any page may make) is no LSP message and ends
the connection.
"""

from __future__ import annotations

import asyncio
import hmac
import http
import ipaddress
import json
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection
from websockets.asyncio.server import serve as serve_web
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Origin

from foreword.engine.pool import Pool
from foreword.lsp.server import ForewordServer
from foreword.lsp.transport import NotAMessageError, framed, read_stream_body
from foreword_models.errors import ForewordError

logger = logging.getLogger(__name__)

S = TypeVar("S")

LARGEST = 64 * 2**20  # bytes of a message, and of what waits for a client that does not read
LARGEST_UNKNOWN = 2**20  # of a message of a client that has not shown its token
_LOCAL_PAGE = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")


class DoorError(ForewordError):
    """A door cannot be opened."""


@dataclass(frozen=True)
class Address:
    """Where a door is."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read ``HOST:PORT``; an IPv6 address stands in brackets, and without a host it is this machine's.

        Raises
        ------
        DoorError
            It is no address.
        """
        host, _, port = text.rpartition(":")
        if not port.isascii() or not port.isdigit() or int(port) > 65535:
            raise DoorError(f"{text!r} is no address; give HOST:PORT, as in 127.0.0.1:2087.")
        return cls(host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port))

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can come to it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


@dataclass(frozen=True)
class Doors:
    """The doors of a process.

    Attributes
    ----------
    tcp, web
        Where they are; None for a door that is not wanted.
    token
        What a client must show, in ``initializationOptions.token`` (TCP), or in the address' ``?token=`` or the header
        ``Authorization: Bearer`` (WebSocket); empty where none is asked for.
    origins
        Of pages from elsewhere that may come in.
    page
        Answers the requests for a page that lies on the WebSocket's port, and says in place of the token who may come
        in: given a request and the ``HOST:PORT`` it came to, it returns None for a WebSocket that is welcome.
    """

    tcp: Address | None = None
    web: Address | None = None
    token: str = ""
    origins: Sequence[str] = ()
    page: Callable[[Request, str], Response | None] | None = None

    def check(self) -> None:
        """Raise `DoorError` if a door would be open to other machines without a token."""
        for address in (self.tcp, self.web):
            if address is not None and not address.is_loopback and not self.token:
                raise DoorError(f"Other machines can come to {address.host}: give --token, or listen on 127.0.0.1.")

    async def open(self, announce: Callable[[str], None], pool: Pool) -> None:
        """Serve everybody who comes, for ever.

        Parameters
        ----------
        announce
            Told the address of each door when it is open.
        pool
            The engine and the models of all who come.

        Raises
        ------
        DoorError
            As `check`; or an address cannot be listened on.
        """
        self.check()
        if self.tcp is not None:
            address = self.tcp
            server = await _listening(address, asyncio.start_server(self._tcp(pool), address.host, address.port))
            announce(_url("tcp", address, server.sockets[0].getsockname()[1]))
        if self.web is not None:
            address = self.web
            web = await _listening(address, self._web(pool))
            announce(_url("ws", address, next(iter(web.sockets)).getsockname()[1]))
        await asyncio.Event().wait()

    def _tcp(self, pool: Pool) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            session = ForewordServer(pool, writes_files=False)
            session.protocol.set_writer(_StreamWriter(writer, session))
            known = not self.token
            try:
                while not session.ended.is_set():
                    body = await read_stream_body(reader, LARGEST if known else LARGEST_UNKNOWN)
                    if body is None:
                        break
                    if not known:
                        body, known = self._admitted(body)
                        if not known:
                            writer.write(body)
                            break
                    session.take(body)
            except (NotAMessageError, ConnectionError) as error:
                logger.warning("a connection was ended: %s", type(error).__name__)
            finally:
                session.leave()
                writer.close()

        return talk

    def _admitted(self, body: bytes) -> tuple[bytes, bool]:
        """Look for the token in ``initialize``; returns it without the token, or the bytes of a refusal."""
        identity = None
        try:
            message = json.loads(body)
            identity = message["id"]
            token = message["params"]["initializationOptions"].pop("token")
            if message["method"] == "initialize" and self._is_token(token):
                return json.dumps(message).encode(), True
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            pass
        logger.warning("a connection without the token was refused")
        error = {"code": -32600, "message": "This server asks for its token, in initializationOptions.token."}
        identity = identity if isinstance(identity, int | str) else None
        return framed({"jsonrpc": "2.0", "id": identity, "error": error}), False

    def _is_token(self, token: object) -> bool:
        return isinstance(token, str) and hmac.compare_digest(token.encode("utf-8", "replace"), self.token.encode())

    def _web(self, pool: Pool) -> Awaitable[Server]:
        assert self.web is not None
        origins: list[Origin | re.Pattern[str] | None] = [None, _LOCAL_PAGE, *map(Origin, self.origins)]

        async def talk(connection: ServerConnection) -> None:
            session = ForewordServer(pool, writes_files=False)
            waiting = _WaitingMessages(session)
            session.protocol.set_writer(waiting, include_headers=False)
            sending = asyncio.ensure_future(waiting.send(connection))
            try:
                async for message in connection:
                    session.take(message)
                    if session.ended.is_set():
                        break
            finally:
                session.leave()
                sending.cancel()

        def admit(connection: ServerConnection, request: Request) -> Response | None:
            if self.page is not None:
                host, port, *_ = connection.local_address
                return self.page(request, f"{host}:{port}")
            if not self.token:
                return None
            given = parse_qs(urlsplit(request.path).query).get("token", [""])[0]
            scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
            if self._is_token(given) or (scheme.casefold() == "bearer" and self._is_token(shown)):
                return None
            logger.warning("a connection without the token was refused")
            return connection.respond(http.HTTPStatus.UNAUTHORIZED, "This server asks for its token.\n")

        return serve_web(
            talk,
            self.web.host,
            self.web.port,
            origins=origins,
            process_request=admit,
            max_size=LARGEST,
            compression=None,  # it would cost a key more than it saves within a machine
        )


class _StreamWriter:
    """Writes to a TCP connection; one that does not read what it asked for is ended."""

    def __init__(self, writer: asyncio.StreamWriter, session: ForewordServer) -> None:
        self._writer = writer
        self._session = session

    def write(self, data: bytes) -> None:
        if self._session.ended.is_set() or self._writer.is_closing():
            return
        self._writer.write(data)
        if self._writer.transport.get_write_buffer_size() > LARGEST:
            self._session.ended.set()
            self._writer.transport.abort()

    def close(self) -> None:
        self._writer.close()


class _WaitingMessages:
    """Messages on their way to a WebSocket, in their order."""

    def __init__(self, session: ForewordServer) -> None:
        self._session = session
        self._messages: asyncio.Queue[bytes] = asyncio.Queue()
        self._bytes = 0

    def write(self, data: bytes) -> None:
        self._bytes += len(data)
        if self._bytes > LARGEST:
            self._session.ended.set()
        elif not self._session.ended.is_set():
            self._messages.put_nowait(data)

    async def send(self, connection: ServerConnection) -> None:
        """Send for ever."""
        try:
            while True:
                data = await self._messages.get()
                await connection.send(data.decode())  # a text frame: what clients in pages take
                self._bytes -= len(data)
        except ConnectionClosed:
            self._session.ended.set()

    def close(self) -> None:
        """Leave the connection to its handler."""


async def _listening(address: Address, opening: Awaitable[S]) -> S:
    try:
        return await opening
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DoorError(f"{address.host}:{address.port} cannot be listened on ({reason}); choose another.") from None


def _url(scheme: str, address: Address, port: int) -> str:
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{scheme}://{host}:{port}"

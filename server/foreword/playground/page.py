"""The page of ``foreword playground`` over HTTP: its files, and who may see them and speak to the server behind them.

Its address has a token that opens it once; the browser that came with it is known by a cookie from then on, so that the
address is worth nothing in a history, in a list of processes or over somebody's shoulder. Only requests for the very
host and port are answered, or a page from elsewhere whose name leads here could make them (DNS rebinding), and a
WebSocket must come from the page itself. The page may load nothing from anywhere else.
"""

from __future__ import annotations

import hmac
import http
import logging
import secrets
from importlib import resources
from urllib.parse import parse_qs, urlsplit

from websockets.datastructures import Headers
from websockets.http11 import Request, Response

logger = logging.getLogger(__name__)

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
_NONCE = b"{{nonce}}"
# CodeMirror writes its style sheet into the page, with the nonce, and draws wavy lines as pictures in the style sheet.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; "
    "connect-src ws://{host}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_USED = (
    "The address that foreword playground printed opens the page once, in one browser.\n"
    "In that browser, open http://{host}/; for another one, start foreword playground again.\n"
)


class Page:
    """Answers the requests of browsers.

    Attributes
    ----------
    token
        Opens the page, once.
    """

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(32)
        self._cookie = secrets.token_urlsafe(32)
        self._used = False
        self._files = read_files()

    def answer(self, request: Request, host: str) -> Response | None:
        """Answer a request that came to a ``HOST:PORT``; None for a WebSocket that is welcome."""
        if request.headers.get_all("Host") != [host]:
            return _refused(http.HTTPStatus.MISDIRECTED_REQUEST, f"This is http://{host}/, and nothing else.\n")
        address = urlsplit(request.path)
        if "Upgrade" in request.headers:
            if self._knows(request, host) and request.headers.get_all("Origin") == [f"http://{host}"]:
                return None
            return _refused(http.HTTPStatus.FORBIDDEN, "Only the page itself may speak to the server.\n")
        given = parse_qs(address.query).get("token", [""])[0]
        if given and not self._used and _same(given, self.token):
            self._used = True
            cookie = f"{_cookie_name(host)}={self._cookie}; Path=/; HttpOnly; SameSite=Lax"
            # To an address without the token, which is what history and bookmarks keep.
            return _response(http.HTTPStatus.SEE_OTHER, b"", {"Location": "/", "Set-Cookie": cookie})
        if not self._knows(request, host):
            return _refused(http.HTTPStatus.FORBIDDEN, _USED.format(host=host))
        name = "index.html" if address.path == "/" else address.path.removeprefix("/")
        if name not in self._files:
            return _refused(http.HTTPStatus.NOT_FOUND, "There is no such file.\n")
        kind, body = self._files[name]
        nonce = secrets.token_urlsafe(16)
        policy = _POLICY.format(nonce=nonce, host=host)
        headers = {"Content-Type": kind, "Content-Security-Policy": policy}
        return _response(http.HTTPStatus.OK, body.replace(_NONCE, nonce.encode()), headers)

    def _knows(self, request: Request, host: str) -> bool:
        """Whether a request is of the browser that opened the page."""
        # Compared as they are written: those of other servers on this machine come too, and need not be well-formed.
        shown = [each.strip() for line in request.headers.get_all("Cookie") for each in line.split(";")]
        if any(_same(each, f"{_cookie_name(host)}={self._cookie}") for each in shown):
            return True
        logger.warning("a request without the token was refused")
        return False


def read_files() -> dict[str, tuple[str, bytes]]:
    """Return the type and the content of each file of the page, by its name: there is nothing else to be had."""
    files = {}
    for file in (resources.files("foreword.playground") / "static").iterdir():
        suffix = "." + file.name.rpartition(".")[2]
        if suffix in _TYPES:
            files[file.name] = (_TYPES[suffix], file.read_bytes())
    return files


def _cookie_name(host: str) -> str:
    """Return the cookie's name, which has the port in it: a browser sends the cookies of all ports to each."""
    return "foreword-" + host.rpartition(":")[2]


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def _refused(status: http.HTTPStatus, message: str) -> Response:
    return _response(status, message.encode(), {"Content-Type": _TYPES[".txt"]})


def _response(status: http.HTTPStatus, body: bytes, headers: dict[str, str]) -> Response:
    length = {"Content-Length": str(len(body)), "Connection": "close"}
    return Response(status.value, status.phrase, Headers(_HEADERS | length | headers), body)

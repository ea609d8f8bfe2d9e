"""``foreword serve``: the language server, on standard input and output or behind a socket."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, NoReturn

import typer

from foreword.lsp.greeting import greet

if TYPE_CHECKING:
    from foreword.engine.pool import Pool


def serve(
    stdio: Annotated[bool, typer.Option("--stdio", help="Speak on standard input and output (the default).")] = False,
    tcp: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Listen for editors on a TCP socket; port 0: any free one.")
    ] = None,
    ws: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Listen for pages on a WebSocket; port 0: any free one.")
    ] = None,
    token: Annotated[
        str,
        typer.Option(envvar="FOREWORD_TOKEN", help="What clients must show; needed where other machines can come."),
    ] = "",
    origin: Annotated[
        list[str] | None, typer.Option(help="A page that may come in besides those of this machine, as https://host.")
    ] = None,
    log: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write what happens; else the platform's log folder.")
    ] = None,
    log_text: Annotated[
        bool, typer.Option("--log-text", help="Write everything that is said into the log, what you write too.")
    ] = False,
    trace: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write where the time goes, in the trace format of Chrome.")
    ] = None,
) -> None:
    """Run the language server; an editor starts it and speaks to it.

    Example, in an editor's configuration: the command is ["foreword", "serve"].

    Behind a socket it serves many clients at once and loads the models once: foreword serve --ws 127.0.0.1:2087
    """
    if stdio and (tcp or ws):
        raise typer.BadParameter("--stdio is for one client; leave it out with --tcp or --ws.")
    written = Written(log, log_text, trace)
    if tcp or ws:
        serve_doors(tcp, ws, token, origin or [], written)
    serve_stdio(written)


class Written(NamedTuple):
    """What is written down of a session: where the log is, whether the user's text goes there, and the trace's file."""

    log: Path | None = None
    text: bool = False
    trace: Path | None = None

    def begin(self) -> Pool:
        """Open the files; returns what all connections share, which writes the trace.

        Imports what logs need, which the first answer does not wait for.
        """
        from foreword.engine.pool import Pool
        from foreword.engine.trace import Trace
        from foreword.logs import default_file, log_to_file

        log_to_file(self.log or default_file(), text=self.text)
        return Pool(Trace(self.trace) if self.trace else None)


def serve_stdio(written: Written = Written()) -> NoReturn:  # noqa: B008  (it cannot be changed)
    """Serve one client on standard input and output, and leave the process."""
    _prepare()
    # A stray print, of a library's C code even, must not get between the protocol's messages.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    first, greeted = greet(sys.stdin.buffer, out)

    from foreword.lsp.server import ForewordServer

    pool = written.begin()
    server = ForewordServer(pool)
    code = server.serve(sys.stdin.buffer, out, first=first, greeted=greeted)
    server.engine.close()
    if pool.trace is not None:
        pool.trace.close()
    sys.stderr.flush()
    # The editor is waiting; the interpreter would take torch apart first, or wait for a thread that imports it.
    os._exit(code)


def serve_doors(tcp: str | None, web: str | None, token: str, origins: list[str], written: Written) -> None:
    """Serve everybody who comes to a socket, until the process is ended."""
    from foreword.lsp.doors import Address, DoorError, Doors

    try:
        here, page = (Address.parse(text) if text else None for text in (tcp, web))
        doors = Doors(here, page, token, origins)
        doors.check()
    except DoorError as error:
        raise typer.BadParameter(str(error)) from None
    _prepare()
    pool = written.begin()
    asyncio.run(doors.open(lambda url: print(f"foreword: listening on {url}", flush=True), pool))


def _prepare() -> None:
    # Ctrl-C in a terminal ends the process at once; a KeyboardInterrupt would wait for the thread that reads the input.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    quiet_libraries()


def quiet_libraries() -> None:
    """Let warnings of our own only come to standard error."""
    logging.basicConfig(level=logging.WARNING, format="foreword: %(message)s", force=True)
    for library in ("pygls", "websockets"):  # they log whole messages, the user's text among them
        logging.getLogger(library).setLevel(logging.CRITICAL + 1)

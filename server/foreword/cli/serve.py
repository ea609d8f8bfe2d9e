"""``foreword serve``: the language server, on standard input and output."""

from __future__ import annotations

import logging
import os
import signal
import sys
from typing import Annotated, NoReturn

import typer

from foreword.lsp.greeting import greet


def serve(
    stdio: Annotated[bool, typer.Option("--stdio", help="Speak on standard input and output (the default).")] = True,
) -> None:
    """Run the language server; an editor starts it and speaks to it.

    Example, in an editor's configuration: the command is ["foreword", "serve"].
    """
    del stdio  # the one door so far; editors pass the option by habit
    serve_stdio()


def serve_stdio() -> NoReturn:
    """Serve one client on standard input and output, and leave the process."""
    # Ctrl-C in a terminal ends the process at once; a KeyboardInterrupt would wait for the thread that reads the input.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    logging.basicConfig(level=logging.WARNING, format="foreword: %(message)s")
    # pygls logs whole messages, the user's text among them.
    logging.getLogger("pygls").setLevel(logging.CRITICAL + 1)
    # A stray print, of a library's C code even, must not get between the protocol's messages.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    first, greeted = greet(sys.stdin.buffer, out)

    from foreword.lsp.server import ForewordServer

    server = ForewordServer()
    code = server.serve(sys.stdin.buffer, out, first=first, greeted=greeted)
    server.engine.close()
    sys.stderr.flush()
    # The editor is waiting; the interpreter would take torch apart first, or wait for a thread that imports it.
    os._exit(code)

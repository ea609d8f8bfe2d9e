"""``foreword serve``: the language server, on standard input and output."""

from __future__ import annotations

import logging
import os
import sys
from typing import Annotated

import typer

from foreword.lsp.greeting import greet


def serve(
    stdio: Annotated[bool, typer.Option("--stdio", help="Speak on standard input and output (the default).")] = True,
) -> None:
    """Run the language server; an editor starts it and speaks to it.

    Example, in an editor's configuration: the command is ["foreword", "serve"].
    """
    del stdio  # the one door so far; editors pass the option by habit
    raise typer.Exit(serve_stdio())


def serve_stdio() -> int:
    """Serve one client on standard input and output; returns the exit code."""
    logging.basicConfig(level=logging.WARNING, format="foreword: %(message)s")
    # pygls logs whole messages, the user's text among them.
    logging.getLogger("pygls").setLevel(logging.CRITICAL + 1)
    # A stray print, of a library's C code even, must not get between the protocol's messages.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    read, greeted = greet(sys.stdin.buffer, out)

    from foreword.lsp.server import ForewordServer

    server = ForewordServer()
    code = server.serve(sys.stdin.buffer, out, read=read, greeted=greeted)
    if not server.engine.close():
        # A thread in the middle of importing torch cannot be asked to stop, and the editor is waiting.
        sys.stderr.flush()
        os._exit(code)
    return code

"""A server that only greets, as one of the version that it is given; with ``--ends`` it goes after the greeting."""

from __future__ import annotations

import json
import os
import sys

from foreword.lsp.transport import framed, read_body


def main(version: str, *, ends: bool) -> None:
    """Answer everything with nothing, but the greeting."""
    while (body := read_body(sys.stdin.buffer)) is not None:
        message = json.loads(body)
        if ends and message.get("method") == "initialized":
            os._exit(1)
        if "id" in message and "method" in message:
            greeting = {"capabilities": {}, "serverInfo": {"name": "foreword", "version": version}}
            result = greeting if message["method"] == "initialize" else None
            sys.stdout.buffer.write(framed({"jsonrpc": "2.0", "id": message["id"], "result": result}))
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(sys.argv[1], ends="--ends" in sys.argv)

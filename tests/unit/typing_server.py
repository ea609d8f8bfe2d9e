"""A language server for the tests of the typing benchmark: keeps the document, and answers as its argument says.

prompt    every completion request at once, the label being the whole document
every 3   the third, sixth, ... of a document only when it is cancelled, with the error that this asks for
silent    no completion request, ever
wordless  with no items, and it complains
broken    with an error
ends      leaves after the first completion request, with a word on stderr
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from foreword.text.document import Document

MANNER = sys.argv[1]
documents: dict[str, Document] = {}
asked: dict[str, int] = {}


def say(message: dict[str, Any]) -> None:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    sys.stdout.buffer.flush()


def complete(identity: int, uri: str) -> None:
    asked[uri] = asked.get(uri, 0) + 1
    if MANNER == "silent" or (MANNER == "every 3" and asked[uri] % 3 == 0):
        return
    if MANNER == "ends":
        print("out of paper", file=sys.stderr, flush=True)
        os._exit(7)
    if MANNER == "broken":
        say({"id": identity, "error": {"code": -32603, "message": "it broke"}})
    elif MANNER == "wordless":
        say({"method": "window/showMessage", "params": {"type": 1, "message": "There is no model."}})
        say({"id": identity, "result": {"isIncomplete": True, "items": []}})
    else:
        say({"id": identity, "result": {"isIncomplete": True, "items": [{"label": documents[uri].text}]}})


def handle(message: dict[str, Any]) -> None:
    method, params = message.get("method"), message.get("params") or {}
    if method == "initialize":
        say({"id": 77, "method": "client/registerCapability", "params": {"registrations": []}})
        say({"id": message["id"], "result": {"capabilities": {}}})
    elif method == "textDocument/didOpen":
        item = params["textDocument"]
        documents[item["uri"]] = Document(item["uri"], item["languageId"], item["version"], item["text"], "utf-16")
    elif method == "textDocument/didChange":
        (change,) = params["contentChanges"]
        start, end = ((place["line"], place["character"]) for place in change["range"].values())
        documents[params["textDocument"]["uri"]].apply((start, end), change["text"])
    elif method == "textDocument/completion":
        complete(message["id"], params["textDocument"]["uri"])
    elif method == "textDocument/hover":
        say({"id": message["id"], "result": None})
    elif method == "$/cancelRequest":
        say({"id": params["id"], "error": {"code": -32800, "message": "Request Cancelled"}})
    elif method == "shutdown":
        say({"id": message["id"], "result": None})
    elif method == "exit":
        sys.exit(0)


while header := sys.stdin.buffer.readline():
    sys.stdin.buffer.readline()
    handle(json.loads(sys.stdin.buffer.read(int(header.split()[1]))))

"""Answering ``initialize`` before anything slow is imported.

pygls and lsprotocol take about half a second to import, during which an editor would wait for the first answer. So the
first message is read here with the standard library alone; if it is ``initialize`` it is answered at once, and pygls,
when it is ready, is given the same message again and told not to answer.
"""

from __future__ import annotations

import json
from typing import BinaryIO

from foreword.lsp.capabilities import initialize_result
from foreword.lsp.transport import framed, read_body

MessageId = int | str


def greet(stdin: BinaryIO, stdout: BinaryIO) -> tuple[bytes | None, MessageId | None]:
    """Read the first message and answer it if it is ``initialize``.

    Returns
    -------
    body : bytes or None
        Of the message that was read; None if there was none.
    answered : int, str or None
        The id of the request that was answered, if one was.
    """
    body = read_body(stdin)
    if body is None:
        return None, None
    try:
        message = json.loads(body)
        identity = message["id"]
        if message["method"] != "initialize" or not isinstance(identity, int | str):
            return body, None
        result = initialize_result(message["params"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return body, None  # whatever it is, pygls answers it
    stdout.write(framed({"jsonrpc": "2.0", "id": identity, "result": result}))
    stdout.flush()
    return body, identity

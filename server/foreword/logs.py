"""What the server writes down of what happens, in a file that stays small; warnings go to standard error as well.

No text of the user's gets there, whatever goes wrong, unless whoever runs the server asks for it.
"""

from __future__ import annotations

import logging
import os
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

import platformdirs

SIZE, COUNT = 2**20, 3  # bytes of a file, and how many older ones are kept


def default_file() -> Path | None:
    """Return the log's path: FOREWORD_LOG, where it is set, else the platform's; None if that is set to nothing."""
    named = os.environ.get("FOREWORD_LOG")
    if named is None:
        return platformdirs.user_log_path("foreword", appauthor=False) / "server.log"
    return Path(named) if named else None


def log_to_file(file: Path | None, *, text: bool = False) -> None:
    """Write to a file what happens, beside standard error; a file that cannot be written is told of and done without.

    Parameters
    ----------
    text
        Write every message of the protocol, the user's text in it.
    """
    if file is None:
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(file, maxBytes=SIZE, backupCount=COUNT, encoding="utf-8", errors="replace")
    except OSError as error:
        print(f"foreword: the log {file} cannot be written ({error.strerror}); there is none", file=sys.stderr)
        return
    logging.raiseExceptions = False  # a full disk is no reason to fill standard error
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"))
    for root in ("foreword", "foreword_models"):
        logger = logging.getLogger(root)
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    for standard in logging.getLogger().handlers:
        standard.setLevel(logging.WARNING)
    if text:
        logging.getLogger("foreword").setLevel(logging.DEBUG)
        library = logging.getLogger("pygls")
        library.addHandler(handler)
        library.setLevel(logging.INFO)
        library.propagate = False

"""The ``foreword`` command: runs a subcommand and turns whatever goes wrong into one sentence and an exit code.

Exit codes: 0 fine, 1 failed, 2 wrong usage.
"""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Run the command line; returns the exit code."""
    if sys.argv[1:] in (["serve"], ["serve", "--stdio"]):
        # Every editor starts the server like this and waits for its first answer: straight to it, without a parser.
        from foreword.cli.serve import serve_stdio

        serve_stdio()
    from foreword.cli.app import run

    return run()


def entry() -> None:
    """Leave the process with `main`'s exit code, without waiting for a thread that is still importing a model."""
    code = main()
    try:
        sys.stdout.flush()
    except (BrokenPipeError, ValueError):
        # The reader has gone; keep the interpreter from complaining about it once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(code)


if __name__ == "__main__":
    entry()

"""The command line as a whole: the subcommands, and what becomes of errors."""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path
from typing import Annotated

import platformdirs
import typer

from foreword import __version__
from foreword.cli import bench, evaluate, models, settings, train, words
from foreword.cli.classify import classify
from foreword.cli.complete import complete
from foreword.cli.demo import demo
from foreword.cli.doctor import doctor
from foreword.cli.grammar import grammar
from foreword.cli.playground import playground
from foreword.cli.serve import serve
from foreword_models.errors import ForewordError

app = typer.Typer(
    name="foreword",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="The next words, and marks on sentences, in every text editor. Everything runs on this machine.",
)
app.command("demo")(demo)
app.command("playground")(playground)
app.command("complete")(complete)
app.command("classify")(classify)
app.command("grammar")(grammar)
app.command("serve")(serve)
app.command("doctor")(doctor)
app.add_typer(models.app, name="models")
app.add_typer(settings.app, name="settings")
app.add_typer(words.app, name="words")
app.add_typer(bench.app, name="bench")
app.add_typer(evaluate.app, name="eval")
app.add_typer(train.app, name="train")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"foreword {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Take the options that come before a subcommand."""


def run() -> int:
    """Run the subcommand that the arguments name; returns the exit code."""
    logging.basicConfig(level=logging.ERROR, format="foreword: %(message)s")
    try:
        app(standalone_mode=True)
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 1
    except ForewordError as error:
        return _fail(str(error))
    except BrokenPipeError:
        return 0  # whoever read the output has seen enough
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        report = _write_report()
        where = f"; its report is in {report}" if report else ""
        return _fail(f"an unexpected {type(error).__name__} stopped this command{where}. Please report it.")
    return 0


def _fail(message: str) -> int:
    print(f"foreword: {message}", file=sys.stderr)
    return 1


def _write_report() -> Path | None:
    """Keep the traceback of the current exception where a bug report can take it from: frames only, never values."""
    _, error, trace = sys.exc_info()
    path = platformdirs.user_log_path("foreword", appauthor=False) / "last-error.txt"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        frames = "".join(traceback.format_tb(trace))
        path.write_text(f"foreword {__version__}\n{frames}{type(error).__name__}\n", encoding="utf-8")
    except OSError:
        return None
    return path

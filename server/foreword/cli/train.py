"""``foreword train``: models of the user's own."""

from __future__ import annotations

import typer

from foreword.cli.train_classifier import classifier

app = typer.Typer(no_args_is_help=True, help="Train models of your own, on files of your own, on this machine.")
app.command("classifier")(classifier)


@app.callback()
def options() -> None:
    """Take no options of its own; keeps `classifier` a subcommand while it is the only one."""

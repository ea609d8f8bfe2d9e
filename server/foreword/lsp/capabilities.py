"""The answer to ``initialize``, as plain JSON values: the only place that says what this server can do.

It needs neither pygls nor lsprotocol, whose import takes longer than a client should wait for an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from foreword import __version__
from foreword.settings import Settings, check, colours_entities, merge, parse, read_files
from foreword.settings_check import Problem

COMMANDS = (
    "foreword.accepted",
    "foreword.explain",
    "foreword.ignoreSentence",
    "foreword.pause",
    "foreword.reread",
    "foreword.resume",
    "foreword.status",
    "foreword.turnOffLabel",
)
SEMANTIC_TOKENS: Mapping[str, Any] = {
    # Types that every theme has a colour for, and beside them, as modifiers, what a name is of.
    "legend": {"tokenTypes": ["class", "string", "function"], "tokenModifiers": ["person", "location", "organization"]},
    "full": True,
    "range": True,
}
"""What ``semanticTokensProvider`` is where names are coloured."""

ENCODINGS = ("utf-16", "utf-8", "utf-32")


def initialize_result(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result of ``initialize`` for a client's parameters, both as JSON values."""
    settings, _ = initial_settings(params)
    editor = _mapping(_mapping(params.get("capabilities")).get("textDocument"))
    pull = {"identifier": "foreword", "interFileDependencies": False, "workspaceDiagnostics": True}
    return {
        "capabilities": {
            "positionEncoding": position_encoding(params),
            "textDocumentSync": {"openClose": True, "change": 2},
            "completionProvider": {
                "triggerCharacters": list(settings.completion.trigger_characters),
                "resolveProvider": True,
            },
            "inlineCompletionProvider": {},
            "codeActionProvider": {"codeActionKinds": ["quickfix"]},
            "hoverProvider": True,
            "executeCommandProvider": {"commands": list(COMMANDS)},
            **({"diagnosticProvider": pull} if isinstance(editor.get("diagnostic"), Mapping) else {}),
            **({"semanticTokensProvider": dict(SEMANTIC_TOKENS)} if _announces_entities(params, settings) else {}),
            "workspace": {"workspaceFolders": {"supported": True, "changeNotifications": True}},
        },
        "serverInfo": {"name": "foreword", "version": __version__},
    }


def position_encoding(params: Mapping[str, Any]) -> str:
    """Return the first encoding of the client's list that is known here; UTF-16 if it names none."""
    general = _mapping(_mapping(params.get("capabilities")).get("general"))
    offered = general.get("positionEncodings")
    known = [name for name in offered if name in ENCODINGS] if isinstance(offered, list) else []
    return known[0] if known else "utf-16"


def registers_entities(params: Mapping[str, Any]) -> bool:
    """Whether the client can be told after ``initialize`` that names are coloured, and that they are not."""
    editor = _mapping(_mapping(params.get("capabilities")).get("textDocument"))
    return _mapping(editor.get("semanticTokens")).get("dynamicRegistration") is True


def _announces_entities(params: Mapping[str, Any], settings: Settings) -> bool:
    """Whether a client that cannot be told later is told at once: only if names are coloured by then."""
    editor = _mapping(_mapping(params.get("capabilities")).get("textDocument"))
    knows = isinstance(editor.get("semanticTokens"), Mapping)
    return knows and not registers_entities(params) and colours_entities(settings)


def initial_settings(
    params: Mapping[str, Any], editor: Any = None, folder: Path | None = None
) -> tuple[Settings, list[Problem]]:
    """Return the settings in force: defaults < user file < project files < initializationOptions < editor.

    Parameters
    ----------
    params
        Of ``initialize``.
    editor
        The editor's configuration, section ``foreword``, once it is known.
    folder
        The workspace folder whose project files count; the first by default.
    """
    files, problems = read_files(workspace_root=folder or workspace_root(params))
    layers = [files]
    for name, tree in (("initializationOptions", params.get("initializationOptions")), ("editor", editor)):
        valid, wrong = check(section(tree), name)
        layers.append(valid)
        # Most clients send the same tree twice; a mistake in it is one mistake.
        told = {problem.path for problem in problems}
        problems += [problem for problem in wrong if problem.path not in told]
    settings, _ = parse(merge(*layers))
    return settings, problems


def section(tree: Any) -> Any:
    """Return the section ``foreword`` of a configuration, which some clients send wrapped and others bare."""
    if isinstance(tree, Mapping) and set(tree) == {"foreword"}:
        return tree["foreword"]
    return tree


def workspace_root(params: Mapping[str, Any]) -> Path | None:
    """Return the first workspace folder on this machine, if there is one."""
    return next(iter(workspace_folders(params)), None)


def workspace_folders(params: Mapping[str, Any]) -> list[Path]:
    """Return the workspace folders on this machine."""
    folders = params.get("workspaceFolders")
    uris = [_mapping(folder).get("uri") for folder in folders] if isinstance(folders, list) else []
    found = [path for path in map(path_of, uris) if path is not None]
    if not found and (root := path_of(params.get("rootUri"))) is not None:
        found.append(root)
    if not found and isinstance(params.get("rootPath"), str):
        found.append(Path(params["rootPath"]))
    return found


def path_of(uri: Any) -> Path | None:
    """Return the path that a URI names, if it names one on this machine."""
    with suppress(ValueError):  # not an address
        if isinstance(uri, str) and (parts := urlsplit(uri)).scheme == "file":
            return Path(url2pathname(parts.path))
    return None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}

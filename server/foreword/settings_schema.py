"""What the tree of settings is, for others to read: a JSON schema for editors, and the table of the documentation.

All of it is made from the dataclasses of `foreword.settings`, so that a setting is described in one place.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import MISSING
from typing import Any, Literal

from foreword.settings import ModelSettings, Settings
from foreword.settings_check import keys_of

DIALECT = "http://json-schema.org/draft-07/schema#"  # the newest that editors of TOML and JSON know alike
_Field = dataclasses.Field[Any]


def schema() -> dict[str, Any]:
    """Return the JSON schema of the whole tree: of ``.foreword.toml``, the user's file, and initializationOptions."""
    return {"$schema": DIALECT, "title": "Foreword", **_table(Settings, "The settings of Foreword.")}


def vscode_properties() -> dict[str, Any]:
    """Return what VS Code takes as ``contributes.configuration.properties``: the same, by keys with dots.

    A key whose value may differ from folder to folder has the scope ``resource``. Tables of tables stay objects, since
    the names in them are the user's.
    """
    return dict(_properties("foreword", Settings, "resource"))


def markdown_table() -> str:
    """Return the table of all settings, in Markdown."""
    rows = [("key", "default", "takes", ""), ("---",) * 4, *_rows("", Settings)]
    return "".join("| " + " | ".join(cells).rstrip() + " |\n" for cells in rows)


def _table(kind: type, description: str, *, defaults: bool = True) -> dict[str, Any]:
    properties = {key: _value(setting, hint, defaults) for key, (setting, hint) in keys_of(kind).items()}
    return {"type": "object", "description": description, "additionalProperties": False, "properties": properties}


def _value(setting: _Field, hint: Any, defaults: bool) -> dict[str, Any]:
    """Return the schema of one key; without defaults where what stands elsewhere in the tree is used in their place."""
    description = setting.metadata["description"]
    if dataclasses.is_dataclass(hint):
        return _table(typing.cast(type, hint), description, defaults=defaults)
    if typing.get_origin(hint) is Mapping:
        inner = _inner(setting, hint)
        about = inner.__doc__.partition("\n")[0] if inner.__doc__ else ""
        tables = _table(inner, about, defaults=defaults and "overrides" not in setting.metadata)
        return {"type": "object", "description": description, "additionalProperties": tables}
    default = {"default": _default(setting)} if defaults else {}
    return {**_type(hint, setting.metadata), "description": description, **default}


def _type(hint: Any, limits: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a type of `settings_check.check_tree`."""
    if isinstance(hint, types.UnionType):
        inner = _type(typing.get_args(hint)[0], limits)
        return {**inner, "type": [inner["type"], "null"]}
    if typing.get_origin(hint) is tuple:
        length = {"maxLength": limits["characters"]} if "characters" in limits else {}
        items = {**_type(typing.get_args(hint)[0], limits), **length}
        return {"type": "array", "items": items}
    if typing.get_origin(hint) is Literal:
        return {"type": "string", "enum": list(typing.get_args(hint))}
    if hint in (int, float):
        name = "integer" if hint is int else "number"
        return {"type": name, "minimum": limits["minimum"], "maximum": limits["maximum"]}
    return {"type": "boolean"} if hint is bool else {"type": "string", "minLength": 1}


def _properties(path: str, kind: type, scope: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, (setting, hint) in keys_of(kind).items():
        if dataclasses.is_dataclass(hint):
            # Which models are loaded is decided once for a window.
            inner_scope = "window" if hint is ModelSettings else scope
            yield from _properties(f"{path}.{key}", typing.cast(type, hint), inner_scope)
        else:
            value: dict[str, Any] = {"default": {}} if typing.get_origin(hint) is Mapping else {}
            yield f"{path}.{key}", {**_value(setting, hint, True), **value, "scope": scope}


def _rows(path: str, kind: type) -> Iterator[tuple[str, str, str, str]]:
    for key, (setting, hint) in keys_of(kind).items():
        name, description = path + key, setting.metadata["description"]
        if dataclasses.is_dataclass(hint):
            yield from _rows(f"{name}.", typing.cast(type, hint))
        elif "overrides" in setting.metadata:
            keys = ", ".join(f"`{each}`" for each in keys_of(_inner(setting, hint)))
            yield f"`{name}.<{setting.metadata['name']}>.…`", "", keys, description
        elif typing.get_origin(hint) is Mapping:
            yield from _rows(f"{name}.<{setting.metadata['name']}>.", _inner(setting, hint))
        else:
            yield f"`{name}`", f"`{json.dumps(_default(setting))}`", _takes(_type(hint, setting.metadata)), description


def _takes(value: dict[str, Any]) -> str:
    """Say for people what a schema says."""
    kinds = value["type"] if isinstance(value["type"], list) else [value["type"]]
    if "enum" in value:
        takes = ", ".join(f"`{word}`" for word in value["enum"])
    elif "minimum" in value:
        takes = f"{value['minimum']} to {value['maximum']}" + (", whole" if kinds[0] == "integer" else "")
    elif kinds[0] == "array":
        items = value["items"]
        what = ", ".join(f"`{word}`" for word in items["enum"]) if "enum" in items else "texts"
        takes = f"a list of {'characters' if 'maxLength' in items else what}"
    else:
        takes = "`true`, `false`" if kinds[0] == "boolean" else "a text"
    return takes + (", `null`" if "null" in kinds else "")


def _inner(setting: _Field, hint: Any) -> type:
    inner: type = setting.metadata.get("overrides") or typing.get_args(hint)[1]
    return inner


def _default(setting: _Field) -> Any:
    default = setting.default if setting.default is not MISSING else {}
    return list(default) if isinstance(default, tuple) else default

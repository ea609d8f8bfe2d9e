"""Which settings are in force in a folder, and which file each of them is from."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foreword.settings import Settings, merge, read_layers
from foreword.settings_check import Problem, keys_of


@dataclass(frozen=True)
class Value:
    """What a key is set to.

    Attributes
    ----------
    value
        A plain JSON value.
    source
        The last file that says so; None for the default.
    """

    value: Any
    source: Path | None


def in_force(folder: Path, user_config_dir: Path | None = None) -> tuple[dict[str, Value], list[Problem]]:
    """Return every key with its value, and what is wrong in the files.

    Parameters
    ----------
    folder, user_config_dir
        As for `foreword.settings.read_layers`.
    """
    layers, problems = read_layers(user_config_dir, folder)
    found = {key: Value(value, None) for key, value in _defaults("", Settings)}
    sources = {key: file for file, tree in layers for key, _ in _leaves("", tree)}
    merged = dict(_leaves("", merge(*(tree for _, tree in layers))))
    return found | {key: Value(value, sources[key]) for key, value in merged.items()}, problems


def _defaults(path: str, kind: type) -> Iterator[tuple[str, Any]]:
    for key, (setting, hint) in keys_of(kind).items():
        if dataclasses.is_dataclass(hint):
            yield from _defaults(f"{path}{key}.", typing.cast(type, hint))
        elif typing.get_origin(hint) is not Mapping:  # whose names are the user's: there are none by default
            default = setting.default
            yield path + key, list(default) if isinstance(default, tuple) else default


def _leaves(path: str, tree: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(f"{path}{key}.", value)
        else:
            yield path + key, value

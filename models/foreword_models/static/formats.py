"""Reading files of word vectors: the text formats of GloVe and word2vec, and word2vec's binary one.

GloVe (Pennington et al. 2014) writes a line for each word, the word and its numbers separated by blanks. word2vec
(Mikolov et al. 2013) puts a line with the number of words and of dimensions first; its binary format has float32
numbers, the lowest byte first, behind each word and a blank. Which of the three a file is, is seen from its beginning.
A file is read in pieces of bounded size, so that it may be larger than the memory.
"""

from __future__ import annotations

import mmap
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from foreword_models.errors import CorruptModelError, UnsupportedModelError

Piece = tuple[list[str], NDArray[np.float32]]
"""Some words, and their vectors (words, width)."""

_ROWS = 10_000  # words of one piece
_LONGEST = 2_000  # bytes of a word; what is longer is no word, but a file read wrongly
_LINE = 1_000_000  # bytes of the first lines that are looked at
_HEADER = re.compile(rb"(\d+)[ \t]+(\d+)[ \t]*\r?\n")
_COMPRESSED = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"(\xb5/\xfd": "zstd"}


@dataclass(frozen=True)
class VectorFile:
    """A file of word vectors, its beginning read.

    Attributes
    ----------
    path
        The file.
    count
        Words in it, as its first line says or as it has lines.
    width
        Numbers of each vector.
    binary
        Whether it is in word2vec's binary format.
    start
        Where the first word stands, in bytes.
    """

    path: Path
    count: int
    width: int
    binary: bool
    start: int

    @classmethod
    def open(cls, path: Path) -> VectorFile:
        """Look at a file and see what is in it.

        Raises
        ------
        UnsupportedModelError
            It is compressed, or a pickle.
        CorruptModelError
            It cannot be read, or does not begin as such a file does.
        """
        try:
            with path.open("rb") as file:
                first = file.readline(_LINE)
                _refuse_others(path, first)
                if header := _HEADER.fullmatch(first):
                    count, width = int(header[1]), int(header[2])
                    if not count or not width:
                        raise _wrong(path, "says in its first line that it holds nothing")
                    second = file.readline(_LINE)
                    return cls(path, count, width, not _is_row(second, width), len(first))
                width = len(first.split()) - 1
                if not _is_row(first, width):
                    raise _wrong(path, "does not begin with a word and its numbers")
                file.seek(0)
                return cls(path, _lines(file), width, binary=False, start=0)
        except OSError as error:
            raise CorruptModelError(f"{path} cannot be read ({error.strerror}): name another file.") from error

    def pieces(self) -> Iterator[Piece]:
        """Yield all words with their vectors, some thousands at a time, in the order of the file.

        Raises
        ------
        CorruptModelError
            The file ends early, goes on too long, or has a row that is no word with `width` finite numbers.
        """
        done = 0
        for words, vectors in self._binary() if self.binary else self._text():
            unsound = ~np.isfinite(vectors).all(1)
            if unsound.any():
                raise _wrong(self.path, f"has a number that is not finite in row {done + int(unsound.argmax()) + 1}")
            done += len(words)
            yield words, vectors

    def _text(self) -> Iterator[Piece]:
        done = 0
        with self.path.open("rb") as file:
            file.seek(self.start)
            while lines := [line for line in file.readlines(_ROWS * 12 * self.width) if line.strip()]:
                if done + len(lines) > self.count:
                    raise _wrong(self.path, f"goes on after the {self.count} words that its first line announces")
                yield self._rows(lines, done)
                done += len(lines)
        if done < self.count:
            raise _wrong(self.path, f"ends after {done} of its {self.count} words")

    def _rows(self, lines: Sequence[bytes], done: int) -> Piece:
        split = [line.rstrip().split(b" ", 1) for line in lines]
        # A row that is short and one that is long must not make up for each other.
        plain = all(len(parts) == 2 and parts[1].count(b" ") == self.width - 1 for parts in split)
        numbers = _numbers([parts[1] for parts in split], self.width) if plain else None
        if numbers is None:  # a blank inside a word, tabs, or a mistake: row by row
            split = [line.replace(b"\t", b" ").rstrip().rsplit(b" ", self.width) for line in lines]
            for row, parts in enumerate(split, done + 1):
                head = parts[0].rpartition(b" ")[2]
                sound = len(parts) == self.width + 1 and _numbers([b" ".join(parts[1:])], self.width) is not None
                if not sound or (head != parts[0] and _number(head) is not None):
                    raise _wrong(self.path, f"has not one word and {self.width} numbers in row {row}")
            numbers = _numbers([b" ".join(parts[1:]) for parts in split], self.width)
            assert numbers is not None
        return [self._word(parts[0], row) for row, parts in enumerate(split, done + 1)], numbers

    def _binary(self) -> Iterator[Piece]:
        size = 4 * self.width
        with self.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            at = self.start
            for first in range(0, self.count, _ROWS):
                words: list[str] = []
                rows = bytearray()
                for row in range(first, min(first + _ROWS, self.count)):
                    blank = data.find(b" ", at, at + _LONGEST)
                    if blank < 0 or blank + 1 + size > len(data):
                        if blank < 0 and at + _LONGEST < len(data):
                            raise _wrong(self.path, f"has no word of at most {_LONGEST} bytes in row {row + 1}")
                        raise _wrong(self.path, f"ends after {row} of its {self.count} words")
                    words.append(self._word(data[at:blank].lstrip(b"\n"), row + 1))
                    at = blank + 1 + size
                    rows += data[blank + 1 : at]
                yield words, np.frombuffer(rows, "<f4").reshape(len(words), self.width)
            if data[at : at + _LONGEST].strip():
                raise _wrong(self.path, f"goes on after the {self.count} words that its first line announces")

    def _word(self, raw: bytes, row: int) -> str:
        try:
            word = raw.decode()
        except UnicodeDecodeError:
            raise _wrong(self.path, f"has a word that is not UTF-8 in row {row}") from None
        if not word:
            raise _wrong(self.path, f"has no word in row {row}")
        return word


def _wrong(path: Path, what: str) -> CorruptModelError:
    return CorruptModelError(f"{path} {what}: mend that or fetch the file again.")


def _refuse_others(path: Path, first: bytes) -> None:
    for magic, name in _COMPRESSED.items():
        if first.startswith(magic):
            raise UnsupportedModelError(f"{path} is compressed ({name}): unpack it and name the file that was in it.")
    if first.startswith(b"\x80") and first[1:2] <= b"\x05":
        raise UnsupportedModelError(
            f"{path} is a pickle, and pickles are never opened: save the vectors in word2vec's format, "
            "with gensim by save_word2vec_format."
        )


def _is_row(line: bytes, width: int) -> bool:
    """Whether a line ends with that many numbers, behind something else."""
    parts = line.rsplit(maxsplit=width) if width > 0 else []
    return len(parts) == width + 1 and _numbers([b" ".join(parts[1:])], width) is not None


def _numbers(rows: Sequence[bytes], width: int) -> NDArray[np.float32] | None:
    """Parse rows of numbers separated by white space; None unless they are that many in all."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)  # numpy's word for what is no number
        try:
            found = np.fromstring(b" ".join(rows), np.float32, sep=" ")
        except (DeprecationWarning, ValueError):
            return None
    return found.reshape(len(rows), width) if found.size == len(rows) * width else None


def _number(text: bytes) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _lines(file: BinaryIO) -> int:
    """Count the lines that are not empty; the last one may lack its end."""
    count, last = 0, b"\n"
    while block := file.read(1 << 20):
        count += block.count(b"\n")
        last = block[-1:]
    return count + (last != b"\n")

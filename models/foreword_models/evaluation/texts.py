"""Texts to measure with, read from the user's files: one phrase a line, or JSONL documents with "paragraphs"."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from foreword_models.errors import EvaluationError
from foreword_models.gpt.tokenizer import replace_surrogates


@dataclass(frozen=True)
class Sample:
    """One phrase, or one document, whose paragraphs are each other's context.

    Attributes
    ----------
    file
        Name of the file it is from, its folders left out where no other file has the name.
    """

    file: str
    paragraphs: tuple[str, ...]


def read_samples(files: Sequence[Path], *, limit: int | None = None, characters: int | None = None) -> list[Sample]:
    """Read every text of some files; blank lines and empty documents are none.

    A file holds documents if its first line that is not blank is a JSON object with "paragraphs".

    Parameters
    ----------
    limit
        Only so many texts of each file, the first.
    characters
        Only so many code points of each text, cut behind a word.

    Raises
    ------
    EvaluationError
        A file cannot be read, is not UTF-8, has a line that is no such document among documents, or holds no text.
    """
    names = [file.name for file in files]
    samples = []
    for file in files:
        name = file.name if names.count(file.name) == 1 else str(file)
        texts = [
            Sample(name, tuple(_cut(paragraphs, characters) if characters else paragraphs))
            for paragraphs in islice(_texts(file), limit)
        ]
        if not texts:
            raise EvaluationError(f"{file} holds no text; give a file with one phrase a line, or JSONL documents.")
        samples += texts
    return samples


def _texts(file: Path) -> Iterator[list[str]]:
    try:
        # Not splitlines: a JSON string may hold characters that it takes for line endings.
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise EvaluationError(f"{file} cannot be read ({error.strerror}); check its name and permissions.") from error
    except UnicodeDecodeError as error:
        raise EvaluationError(f"{file} is not UTF-8 (byte {error.start}); save it as UTF-8 text.") from error
    documents: bool | None = None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if documents is None:
            documents = _paragraphs(line) is not None
        if not documents:
            yield [line.strip()]
            continue
        paragraphs = _paragraphs(line)
        if paragraphs is None:
            raise EvaluationError(
                f'{file}, line {number}: this is not a JSON object with "paragraphs", a list of strings, as the lines '
                "before are; mend or drop the line."
            )
        if any(paragraph.strip() for paragraph in paragraphs):
            yield [replace_surrogates(paragraph) for paragraph in paragraphs]


def _paragraphs(line: str) -> list[str] | None:
    """The paragraphs of a document; None where a line is none."""
    if not line.lstrip().startswith("{"):
        return None
    try:
        document: Any = json.loads(line)
    except (ValueError, RecursionError):
        return None
    paragraphs = document.get("paragraphs") if isinstance(document, dict) else None
    if not isinstance(paragraphs, list) or not all(isinstance(paragraph, str) for paragraph in paragraphs):
        return None
    return paragraphs


def _cut(paragraphs: list[str], characters: int) -> Iterator[str]:
    """The paragraphs up to so many characters, the last one cut behind a word if it has more than one."""
    for paragraph in paragraphs:
        if len(paragraph) > characters:
            head = paragraph[:characters]
            whole = head if paragraph[characters].isspace() else head.rpartition(" ")[0]
            if whole.strip():
                yield whole
            elif head.strip():
                yield head
            return
        yield paragraph
        characters -= len(paragraph)
        if characters <= 0:
            return

"""Texts with entities, from the user's own file: one token a line and its tag last, a blank line between sentences.

That is the format of CoNLL 2003 and of most published sets: a tab or spaces between the columns, ``B-type`` or
``I-type`` where an entity begins or goes on, ``O`` elsewhere. Universal NER's files, which number the tokens and have
further columns behind the tag, are known by that number. Whatever is wrong with a row is said with the row's number.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from foreword_models.bert.training.table import read_utf8
from foreword_models.errors import TrainingError

Span = tuple[str, int, int]
"""An entity: its type, its first token, and the one behind its last."""

_TAG = re.compile(r"O|[BI]-(\S+)")
_DOCUMENT = "-DOCSTART-"


@dataclass(frozen=True)
class Tagged:
    """A sentence of a file.

    Attributes
    ----------
    spans
        The entities, in the order of the text; none overlaps another.
    row
        Of its first token in the file.
    document
        Which of the file's documents it is in, from 0; a file that does not part them is one.
    """

    tokens: tuple[str, ...]
    spans: tuple[Span, ...]
    row: int
    document: int = 0


def read_conll(path: Path) -> list[Tagged]:
    """Read a file of sentences with entities.

    Raises
    ------
    TrainingError
        The file cannot be read, has no sentence, or has a row without a tag or with one that is none.
    """
    content = read_utf8(path)
    found: list[Tagged] = []
    tokens: list[str] = []
    tags: list[str] = []
    first, document = 0, 0

    def end() -> None:
        if tokens:
            found.append(Tagged(tuple(tokens), tuple(spans_of(tags)), first, document))
            tokens.clear()
            tags.clear()

    for number, line in enumerate(content.split("\n"), start=1):
        row = line.strip()
        if not row:
            end()
        if not row or _is_comment(row):
            continue
        token, tag = _columns(path, number, row)
        if token == _DOCUMENT:
            end()
            document += bool(found) and found[-1].document == document
            continue
        if not tokens:
            first = number
        tokens.append(token)
        tags.append(tag)
    end()
    if not found:
        raise TrainingError(f"{path} has no sentences: one token and its tag a line, a blank line behind a sentence.")
    return found


def spans_of(tags: Iterable[str]) -> Iterator[Span]:
    """Yield the entities of a sentence's tags, as CoNLL's own scorer finds them.

    An ``I-`` with nothing of its type before it begins an entity too, so that files without ``B-`` are read as well.
    """
    kind, start = "", 0
    position = 0
    for position, tag in enumerate([*tags, "O"]):
        prefix, _, own = tag.partition("-")
        if kind and (prefix != "I" or own != kind):
            yield kind, start, position
            kind = ""
        if own and not kind:
            kind, start = own, position


def renamed(sentences: Iterable[Tagged], names: Mapping[str, str]) -> list[Tagged]:
    """Return the sentences with other names of types; entities of a type without a new name are none any more."""
    return [
        Tagged(
            sentence.tokens,
            tuple((names[kind], start, end) for kind, start, end in sentence.spans if kind in names),
            sentence.row,
            sentence.document,
        )
        for sentence in sentences
    ]


def type_counts(sentences: Iterable[Tagged]) -> Counter[str]:
    """Return how many entities there are of each type."""
    return Counter(kind for sentence in sentences for kind, _, _ in sentence.spans)


def joined(tokens: Sequence[str]) -> tuple[str, list[tuple[int, int]]]:
    """Return the tokens with spaces between them, and from where to where in that text each reaches."""
    places, start = [], 0
    for token in tokens:
        places.append((start, start + len(token)))
        start += len(token) + 1
    return " ".join(tokens), places


def _columns(path: Path, number: int, row: str) -> tuple[str, str]:
    """Return a row's token and tag."""
    cells = row.split("\t") if "\t" in row else row.split()
    # Universal NER has more columns behind the tag; in CoNLL 2003 it is the last one, of a number in the text as well.
    numbered = len(cells) >= 4 and cells[0].isdigit() and _tag(cells[2]) is not None and _tag(cells[-1]) is None
    token, tag = (cells[1], cells[2]) if numbered else (cells[0], cells[-1])
    if len(cells) < 2:
        raise TrainingError(f"{path}, row {number}, has no tag: write the token, a tab and its tag, O if it has none.")
    if _tag(tag) is None:
        raise TrainingError(
            f"{path}, row {number}, has the tag {tag!r}: O, B- and a type, or I- and a type are the tags; mend the row."
        )
    return token.strip(), tag


def _is_comment(row: str) -> bool:
    """Whether a row is a comment rather than a token that begins with its sign."""
    return row.startswith("#") and (" = " in row or ("\t" not in row and _tag(row.split()[-1]) is None))


def _tag(text: str) -> re.Match[str] | None:
    return _TAG.fullmatch(text)

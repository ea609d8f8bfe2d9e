"""A table of labelled texts, from the user's own file: TSV, CSV or JSONL with the columns ``text`` and ``label``.

Whatever is wrong with a row is said with the row's number, and nothing is skipped in silence.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from foreword_models.bert.training.examples import Example, identity
from foreword_models.errors import TrainingError

FEWEST = 5
"""Examples that a label needs: some to learn from, one to calibrate with, one to be scored on."""

LONG = 8192
"""Characters from which on a text is surely longer than what is read of it."""

_DISPUTED = 0.1  # share of texts whose label differs from row to row, from which on the table itself is at fault
_NAMED = 5  # of them in the note

_FORMATS = {".tsv": "\t", ".tab": "\t", ".csv": ",", ".jsonl": ""}


@dataclass(frozen=True)
class Table:
    """The examples of a file, each text once, and what the user should know about it."""

    examples: list[Example]
    rows: list[int]
    notes: list[str]

    def labels(self) -> tuple[str, ...]:
        """Return every label, the most frequent first."""
        counts: dict[str, int] = {}
        for example in self.examples:
            for label in example.labels:
                counts[label] = counts.get(label, 0) + 1
        return tuple(sorted(counts, key=lambda label: (-counts[label], label)))


def read_table(path: Path, *, any_of: bool = False) -> Table:
    """Read a table.

    Parameters
    ----------
    any_of
        Whether a text may have several labels, separated by commas (in JSONL also a list).

    Raises
    ------
    TrainingError
        The file cannot be read, lacks a column, or has a row without a text or a label; or too many texts have
        different labels in different rows (a few that do are left out, with a note).
    """
    examples: list[Example] = []
    rows: list[int] = []
    first: dict[str, int] = {}
    repeats: list[int] = []
    disputed: dict[int, int] = {}
    long: list[int] = []
    for number, text, label in _rows(path):
        example = _example(path, number, text, label, any_of)
        text, labels = example.text, example.labels
        if len(text) > LONG:
            long.append(number)
        key = identity(text)
        if key in first:
            if set(examples[first[key]].labels) != set(labels):
                disputed.setdefault(first[key], number)
            else:
                repeats.append(number)
            continue
        first[key] = len(examples)
        examples.append(example)
        rows.append(number)
    if not examples:
        raise TrainingError(f"{path} has no rows: a header with text and label, then one example a row.")
    notes = []
    if disputed:
        where = [f"rows {rows[place]} and {number}" for place, number in disputed.items()]
        if len(disputed) > _DISPUTED * len(examples):
            raise TrainingError(
                f"{path}, {where[0]}, have the same text and different labels, and so have {len(disputed):,} of "
                f"{len(examples):,} texts: settle on one label for each, or train with --any-of on all of them in one "
                "row, separated by commas."
            )
        rows = [row for place, row in enumerate(rows) if place not in disputed]
        examples = [example for place, example in enumerate(examples) if place not in disputed]
        notes.append(
            f"{_texts(len(disputed))} left out, for its label differs from row to row: "
            f"{'; '.join(where[:_NAMED])}{'; ...' if len(where) > _NAMED else ''}. Settle on one to have it count."
        )
    if repeats:
        notes.append(
            f"{_counted(repeats)} the text of an earlier row (the first is row {repeats[0]}): each text counts once, "
            "so that none is both learned from and scored on."
        )
    if long:
        notes.append(
            f"{len(long)} texts are very long (the first is in row {long[0]}): of each the first 512 tokens are read."
        )
    return Table(examples, rows, notes)


def read_rows(path: Path, *, any_of: bool = False) -> list[tuple[int, Example]]:
    """Read every row of a table with its number, repeated texts too: for scoring.

    Raises
    ------
    TrainingError
        As for `read_table`.
    """
    found = [(number, _example(path, number, text, label, any_of)) for number, text, label in _rows(path)]
    if not found:
        raise TrainingError(f"{path} has no rows: a header with text and label, then one example a row.")
    return found


def check_trainable(path: Path, table: Table) -> None:
    """Raise `TrainingError` if there are not two labels, or too few examples of one."""
    labels = table.labels()
    if len(labels) < 2:
        raise TrainingError(
            f"{path} has one label only, {labels[0] if labels else ''!r}: a classifier needs two at least."
        )
    for label in labels:
        own = [row for row, example in zip(table.rows, table.examples, strict=True) if label in example.labels]
        if len(own) < FEWEST:
            where = f"row {own[0]}" if len(own) == 1 else f"rows {', '.join(map(str, own))}"
            raise TrainingError(
                f"{path} has only {len(own)} examples of the label {label!r} ({where}): add some, {FEWEST} are the "
                "fewest, or give these another label."
            )


def _example(path: Path, number: int, text: Any, label: Any, any_of: bool) -> Example:
    if not isinstance(text, str) or not text.strip():
        raise TrainingError(f"{path}, row {number}, has no text: fill it in or delete the row.")
    labels = _labels(label, any_of)
    if labels is None:
        raise TrainingError(f"{path}, row {number}, has no label: fill it in or delete the row.")
    return Example(text, labels)


def _labels(found: Any, any_of: bool) -> tuple[str, ...] | None:
    names = found if isinstance(found, list) and any_of else [found]
    if not all(isinstance(name, str | int) and not isinstance(name, bool) for name in names):
        return None
    parts = [str(name) for name in names]
    if any_of:
        parts = [part for name in parts for part in name.split(",")]
    parts = [part.strip() for part in parts]
    return tuple(dict.fromkeys(parts)) if parts and all(parts) else None


def _texts(count: int) -> str:
    return "1 text is" if count == 1 else f"{count:,} texts are"


def _counted(rows: list[int]) -> str:
    return "1 row repeats" if len(rows) == 1 else f"{len(rows):,} rows repeat"


def read_utf8(path: Path) -> str:
    """Return the text of a file to train on.

    Raises
    ------
    TrainingError
        It cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise TrainingError(f"{path} cannot be read ({error.strerror}): name a file that can.") from error
    except UnicodeDecodeError as error:
        raise TrainingError(f"{path} is not UTF-8 (byte {error.start:,}): save it as UTF-8.") from error


def _rows(path: Path) -> Iterator[tuple[int, Any, Any]]:
    """Yield the number of each row (of its first line in the file), its text and its label."""
    separator = _FORMATS.get(path.suffix.lower())
    if separator is None:
        raise TrainingError(f"{path} is not a table: its name must end in .tsv, .csv or .jsonl.")
    content = read_utf8(path)
    if not separator:
        yield from _json_rows(path, content)
        return
    # Quotes mean nothing in TSV, as the published sets have it.
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if separator == "," else csv.QUOTE_NONE
    csv.field_size_limit(10**9)
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=separator, quoting=quoting, strict=True)
    try:
        header = [name.strip().casefold() for name in next(reader, [])]
        places = _places(path, header)
        before = reader.line_num
        for row in reader:
            number, before = before + 1, reader.line_num
            if not row:
                continue  # a blank line, such as the last one
            if len(row) != len(header):
                raise TrainingError(
                    f"{path}, row {number}, has {len(row)} columns where the header has {len(header)}: mend the row."
                )
            yield number, row[places["text"]], row[places["label"]]
    except csv.Error as error:
        raise TrainingError(f"{path}, row {reader.line_num}, cannot be read ({error}): mend the row.") from error


def _places(path: Path, header: list[str]) -> Mapping[str, int]:
    names = {"labels": "label"}
    places = {names.get(name, name): index for index, name in enumerate(header)}
    if not {"text", "label"} <= set(places):
        raise TrainingError(
            f"{path} must begin with a header that names the columns text and label; make that its first line."
        )
    return places


def _json_rows(path: Path, content: str) -> Iterator[tuple[int, Any, Any]]:
    for number, line in enumerate(content.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            raise TrainingError(f"{path}, row {number}, is not JSON: mend the row.") from None
        if not isinstance(value, dict) or "text" not in value or not {"label", "labels"} & set(value):
            raise TrainingError(f'{path}, row {number}, is no object with "text" and "label": mend the row.')
        yield number, value["text"], value.get("label", value.get("labels"))

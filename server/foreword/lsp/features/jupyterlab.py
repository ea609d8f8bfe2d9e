"""JupyterLab's way with a word: jupyterlab-lsp leaves an item's edit out of account and writes its ``insertText``.

It writes it behind what its own parser takes for one token, and that is the whole paragraph: a word would stand behind
the letters typed for it, and, asked for within a paragraph, at its end (seen with jupyterlab-lsp 5.3).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lsprotocol import types

    from foreword.text.document import Document

MARKDOWN = "ipythongfm"
"""What JupyterLab, and nobody else, calls Markdown."""

_NO_PARAGRAPH = re.compile(r"\s*(?:$|[-*+#>|`~<]|\d+[.)]\s)")


def as_it_inserts(
    items: Sequence[types.CompletionItem], document: Document, position: types.Position, prefix: str
) -> list[types.CompletionItem]:
    """Return a list's items so that JupyterLab puts their words in the right place; those of others stay as they are.

    Parameters
    ----------
    prefix
        What is typed of the word.

    Returns
    -------
    list of types.CompletionItem
        Those that go on from what is typed, with the rest of the word to insert; none within a paragraph.
    """
    if document.language_id != MARKDOWN:
        return list(items)
    column = document.column(position.line, position.character)
    if document.line(position.line)[column:].strip() or _goes_on(document, position.line + 1):
        return []
    found = [item for item in items if item.label.startswith(prefix) and item.label != prefix]
    for item in found:
        item.insert_text = item.label[len(prefix) :]
    return found


def _goes_on(document: Document, line: int) -> bool:
    """Whether a line continues the paragraph of the one before it."""
    return not _NO_PARAGRAPH.match(document.line(line))

"""All sentences of a document at once."""

from __future__ import annotations

from itertools import chain

from foreword.text.document import Document
from foreword.text.sentences import Sentence


def sentences_of(document: Document) -> list[Sentence]:
    return list(chain.from_iterable(document.prose.sentences()))

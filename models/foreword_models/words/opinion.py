"""What one source of words holds for likely at one place of a text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Opinion:
    """A source's view of the word at the cursor.

    Attributes
    ----------
    words
        P(word | text, typed letters) of the words it names.
    belief
        How much it has to go by, from 0 to 1.
    """

    words: Mapping[str, float]
    belief: float

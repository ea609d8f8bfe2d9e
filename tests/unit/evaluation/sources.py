"""Sources of words for tests: one that knows the text, one that knows nothing, one that has a fixed list."""

from __future__ import annotations

from collections.abc import Sequence

from foreword_models.evaluation.keystrokes import Counting, wanted_words


class Perfect:
    """Offers the wanted word at every position, in a given slot; the slots before hold nothing that is wanted."""

    def __init__(self, text: str, counting: Counting | None = None, slot: int = 0) -> None:
        self._text = text
        self._words = wanted_words(text, counting or Counting())
        self._slot = slot

    def begin(self) -> None:
        pass

    def predict(self, context: str, count: int) -> Sequence[str]:
        position = len(context)
        rest = next((self._text[position:end] for start, end in self._words if start <= position < end), "")
        return [*[f"\0{number}" for number in range(self._slot)], rest][:count]


class Empty:
    """Offers nothing."""

    def begin(self) -> None:
        pass

    def predict(self, _context: str, _count: int) -> Sequence[str]:
        return []


class Listed:
    """Offers the words of a list that begin with what is typed since the last space; keeps the contexts it was asked.

    Attributes
    ----------
    asked
        The contexts since the text began.
    """

    def __init__(self, *words: str) -> None:
        self._words = words
        self.asked: list[str] = []

    def begin(self) -> None:
        self.asked = []

    def predict(self, context: str, count: int) -> Sequence[str]:
        self.asked.append(context)
        typed = "" if not context or context[-1].isspace() else context.split()[-1]
        begun = [word for word in self._words if word.startswith(typed) and word != typed]
        return [word[len(typed) :] for word in begun][:count]


class Closed(Listed):
    """A list that says which words it has."""

    def knows(self, word: str) -> bool:
        return word in self._words

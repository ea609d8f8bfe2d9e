"""The decoder's words and a document's own, mixed while the document is written."""

from __future__ import annotations

from collections.abc import Sequence

from foreword_models.words.mixture import Mixture
from foreword_models.words.opinion import Opinion
from foreword_models.words.recent import RecentWords

# Weight of a document's own words, with no letter typed of the next one, with one, two, and more.
_OWN = (0.03, 0.1, 0.15, 0.2)
_NAMED = 8  # own words that are looked at


class DocumentMixture:
    """The sources of words in one document, and how far each has been right in it.

    Another source, a user's own history say, is one more name here.
    """

    def __init__(self) -> None:
        self._recent = RecentWords()
        self._mixture = Mixture([{"decoder": 1 - weight, "document": weight} for weight in _OWN])

    def read(self, text: str) -> None:
        """Take note of what is written, up to the beginning of the word at the cursor."""
        written = self._recent.read(text)
        if written != []:
            self._mixture.learn(written[0] if written else None)

    def own_words(self, typed: str) -> Opinion:
        """Say which of the document's words may be the one that begins with `typed`."""
        return self._recent.opinion(typed, _NAMED)

    def mix(
        self, typed: str, decoded: Sequence[tuple[str, float]], own: Opinion, count: int
    ) -> list[tuple[str, float]]:
        """Return the `count` most probable words for what is typed: the decoder's and `own_words`."""
        return self._mixture.mix(typed, {"decoder": Opinion(dict(decoded), 1.0), "document": own}, count)

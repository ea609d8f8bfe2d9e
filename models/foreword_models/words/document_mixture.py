"""The words of the decoder, of a document and of sentences of its kind, mixed while the document is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from foreword_models.words.mixture import Mixture
from foreword_models.words.ngram import NGram
from foreword_models.words.opinion import Opinion
from foreword_models.words.recent import RecentWords

# Weight of a document's own words, with no letter typed of the next one, with one, two, and more.
_OWN = (0.03, 0.1, 0.15, 0.2)
_SENTENCES = 0.2  # of the n-gram, where there is one
_FADING = 6.0  # words of a document after which it counts half: by then, the decoder knows what kind of text this is
_FADED = 60  # words after which it is not asked
_NAMED = 8  # words of a source that are looked at


class DocumentMixture:
    """The sources of words in one document, and how far each has been right in it.

    Another source, a user's own history say, is one more name here.
    """

    def __init__(self) -> None:
        self._recent = RecentWords()
        self._text = ""
        self._mixture = Mixture(
            [
                {
                    "decoder": (1 - weight) * (1 - _SENTENCES),
                    "document": weight * (1 - _SENTENCES),  # without an n-gram it is `weight`
                    "sentences": _SENTENCES,
                }
                for weight in _OWN
            ]
        )

    def read(self, text: str) -> None:
        """Take note of what is written, up to the beginning of the word at the cursor."""
        written = self._recent.read(text)
        self._text = text
        if written != []:
            self._mixture.learn(written[0] if written else None)

    def own_words(self, typed: str) -> Opinion:
        """Say which of the document's words may be the one that begins with `typed`."""
        return self._recent.opinion(typed, _NAMED)

    def sentence_words(self, ngram: NGram | None, typed: str) -> Opinion:
        """Say which words may follow what was read in sentences of its kind, as an n-gram counted them.

        Nothing without one. It is believed in the less, the further the document has gone.
        """
        if ngram is None or self._recent.count >= _FADED:
            return Opinion({}, 0.0)
        opinion = ngram.opinion(self._text, typed, _NAMED)
        return replace(opinion, belief=opinion.belief * 2 ** (-self._recent.count / _FADING))

    def mix(
        self,
        typed: str,
        decoded: Sequence[tuple[str, float]],
        mass: float,
        own: Opinion,
        sentences: Opinion,
        count: int,
    ) -> list[tuple[str, float]]:
        """Return the `count` most probable words for what is typed.

        Parameters
        ----------
        decoded, mass
            The decoder's words, and its P(typed | text).
        own, sentences
            From `own_words` and `sentence_words`. Of the decoder and the n-gram, whichever expected the typed letters
            more is heard more: a mixture's posterior weights.
        """
        opinions = {"decoder": Opinion(dict(decoded), 1.0), "document": own}
        if sentences.words:
            most = max(mass, sentences.belief)
            opinions["decoder"] = Opinion(dict(decoded), mass / most)
            opinions["sentences"] = replace(sentences, belief=sentences.belief / most)
        return self._mixture.mix(typed, opinions, count)

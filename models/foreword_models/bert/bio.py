"""From the probabilities of each word's tag to entities: the best sequence of tags, and how sure each entity is.

Tags are numbered O, then B and I of each type (Ramshaw and Marcus 1995): 0, and ``1 + 2 * t`` and ``2 + 2 * t``. Words
are taken to be independent given the text, but for one rule: an I follows a B or an I of its own type. Both functions
obey it. Plain functions on arrays; they know nothing of models or texts.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from foreword_models.bert.calibration import Floats

Span = tuple[int, int, int]
"""An entity: the number of its type, its first word, and the one behind its last."""


def best_spans(scores: Floats) -> list[Span]:
    """Return the entities of the most probable sequence of tags (Viterbi 1967).

    Parameters
    ----------
    scores
        Log-probability of each tag of each word, (words, 1 + 2 * types).
    """
    if not len(scores):
        return []
    allowed = _allowed(scores.shape[1])
    best = scores[0] + _at_start(scores.shape[1])
    back = []
    for row in scores[1:]:
        reached = best[:, None] + allowed
        back.append(reached.argmax(0))
        best = reached.max(0) + row
    path = [int(best.argmax())]
    for origin in reversed(back):
        path.append(int(origin[path[-1]]))
    return spans_of_tags(path[::-1])


def span_probabilities(scores: Floats, spans: Iterable[Span]) -> list[float]:
    """Return how probable it is that exactly these words are an entity of that type, of each span.

    That is the share of all sequences of tags that obey the rule and hold the span, by the forward-backward algorithm
    (Baum et al. 1970); parameters as for `best_spans`.
    """
    spans = list(spans)
    if not spans:
        return []
    words, tags = scores.shape
    allowed = _allowed(tags)
    before = np.empty((words, tags))  # of what leads up to a word with a tag, the word included
    before[0] = scores[0] + _at_start(tags)
    for word in range(1, words):
        before[word] = _log_sum(before[word - 1][:, None] + allowed) + scores[word]
    after = np.zeros((words, tags))  # of what follows a word with a tag
    for word in range(words - 2, -1, -1):
        after[word] = _log_sum((allowed + scores[word + 1] + after[word + 1]).T)
    total = _log_sum(before[-1])
    found = []
    for kind, start, end in spans:
        begin, inside = 1 + 2 * kind, 2 + 2 * kind
        value = before[start, begin] + scores[start + 1 : end, inside].sum()
        if end < words:
            following = scores[end] + after[end] + allowed[inside if end - start > 1 else begin]
            following[inside] = -np.inf  # else it would be longer
            value += _log_sum(following)
        found.append(float(np.exp(min(0.0, value - total))))
    return found


def spans_of_tags(tags: Iterable[int]) -> list[Span]:
    """Return the entities of a sequence of tags that obeys the rule."""
    found: list[Span] = []
    for word, tag in enumerate(tags):
        if tag and tag % 2:
            found.append(((tag - 1) // 2, word, word + 1))
        elif tag:
            kind, start, _ = found[-1]
            found[-1] = (kind, start, word + 1)
    return found


def tags_of_spans(spans: Iterable[Span], words: int) -> list[int]:
    """Return the tag of each of so many words; the spans do not overlap."""
    tags = [0] * words
    for kind, start, end in spans:
        tags[start:end] = [1 + 2 * kind, *[2 + 2 * kind] * (end - start - 1)]
    return tags


def _allowed(tags: int) -> Floats:
    """Return 0 where a tag may follow another and minus infinity where not, (tags, tags)."""
    allowed = np.zeros((tags, tags))
    allowed[:, 2::2] = -np.inf
    for inside in range(2, tags, 2):
        allowed[[inside - 1, inside], inside] = 0
    return allowed


def _at_start(tags: int) -> Floats:
    return np.where((np.arange(tags) % 2 == 0) & (np.arange(tags) > 0), -np.inf, 0.0)


def _log_sum(values: Floats) -> Floats:
    """Return the logarithm of the sum of exponentials over the first axis, in which something is finite."""
    most = values.max(0)
    return np.asarray(most + np.log(np.exp(values - most).sum(0)))

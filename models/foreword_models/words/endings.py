"""How often a word ends behind each token: what a search goes by before it has asked the model.

" the" is nearly always a whole word, " sche" never. How often each token is one is measured once for a vocabulary, by
asking the model itself, and kept in a table of a byte a token. With it a list of words can be made of the distribution
of one token, which is known at once. It is an estimate: in a rare place a fragment may get into the list.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from foreword_models.gpt.decoder import CHUNK, Node
from foreword_models.gpt.model import LanguageModel
from foreword_models.words.characters import JOINERS, is_word_character
from foreword_models.words.vocabulary import Vocabulary
from foreword_models.zoo.progress import Progress, Silent

Endings = NDArray[np.float32]  # shape (vocabulary,), 0 to 1, by token id

SHIPPED = Path(__file__).with_name("shipped")
PLAIN = ("I think that", "We went to the", "\n\nThe first of these is a")
"""Beginnings after which every token is looked at, likely there or not."""

_LEAST = 0.3  # tokens that end words more seldom are taken for fragments
_LIKELY, _BEGUN = 16, 8  # tokens looked at where a word begins, and behind its first letters
_MOST_LETTERS = 3
_PLACES = 6  # in a text
_CHARACTERS = 400  # of a text


def shipped(token_bytes: Sequence[bytes]) -> Endings | None:
    """Return the table of a vocabulary, if one was shipped: 0 for fragments and where nothing is known."""
    try:
        path = _tables(SHIPPED).get(vocabulary_digest(token_bytes))
        if path is None:
            return None
        with safe_open(path, framework="np") as file:
            table: Endings = file.get_tensor("endings").astype(np.float32) / 255
    except (OSError, SafetensorError):  # without it, lists take a forward
        return None
    table[table < _LEAST] = 0.0
    return table


def save(endings: Endings, token_bytes: Sequence[bytes], path: Path, **about: str) -> None:
    """Write a table, with the vocabulary that it belongs to and whatever else there is to say about it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = np.round(255 * endings).astype(np.uint8)
    save_file({"endings": table}, path, metadata={"vocabulary": vocabulary_digest(token_bytes), **about})


def vocabulary_digest(token_bytes: Sequence[bytes]) -> str:
    """Return a hash of a vocabulary: of its tokens' bytes in the order of their ids."""
    digest = hashlib.sha256()
    for each in token_bytes:
        digest.update(len(each).to_bytes(4, "big") + each)
    return digest.hexdigest()


def measure(
    model: LanguageModel,
    texts: Sequence[str],
    *,
    plain: Sequence[str] = PLAIN,
    seed: int = 0,
    progress: Progress | None = None,
) -> Endings:
    """Ask a model how often words end behind each of its tokens.

    Every token is looked at after some plain beginnings, and again wherever it is likely in texts: a piece that is a
    word elsewhere is none where a longer one is about to be spelled, and that is where it would be offered.

    Parameters
    ----------
    texts
        Of the kinds that will be written; the first 400 characters of each are read.

    Returns
    -------
    ndarray
        Means over all places where a token was looked at.
    """
    decoder, vocabulary = model.decoder, Vocabulary(model.tokenizer.token_bytes)
    random, progress = Random(seed), progress or Silent()  # noqa: S311  (nothing secret)
    asked = _Asked(model, vocabulary)
    start = [decoder.config.start_token]
    progress.start("Looking at every token", len(plain) * len(vocabulary.order))
    for index, beginning in enumerate(plain):
        node = decoder.extend(decoder.root, start + model.tokenizer.encode(beginning))
        for first in range(0, len(vocabulary.order), CHUNK):
            asked.ask(node, vocabulary.order[first : first + CHUNK])
            progress.update(index * len(vocabulary.order) + first)
    progress.finish()
    progress.start("Looking at likely tokens", len(texts))
    for done, text in enumerate(texts):
        for context, begun in _places(text[:_CHARACTERS], random):
            node = decoder.extend(decoder.root, start + model.tokenizer.encode(context))
            distribution = decoder.logits(node).numpy()
            likely = [_best(vocabulary, distribution, typed, n) for typed, n in ((b" ", _LIKELY), (begun, _BEGUN))]
            asked.ask(node, np.unique(np.concatenate(likely)))
        decoder.forget()
        progress.update(done)
    progress.finish()
    return asked.means()


class _Asked:
    """Sums and counts of what the model said."""

    def __init__(self, model: LanguageModel, vocabulary: Vocabulary) -> None:
        self._decoder = model.decoder
        size = len(vocabulary.order)
        continues, joins = np.zeros(size, bool), np.zeros(size, bool)
        continues[vocabulary.order], joins[vocabulary.order] = vocabulary.continues, vocabulary.joins
        self._continues = torch.from_numpy(np.stack([continues, continues & ~joins])).float()
        joined = [each.decode("utf-8", "replace")[-1:] in JOINERS for each in model.tokenizer.token_bytes]
        self._joined = torch.tensor(joined)  # no second joiner goes on with a word
        self._sums, self._counts = np.zeros(size), np.zeros(size)

    @torch.inference_mode()
    def ask(self, node: Node, tokens: NDArray[np.int64]) -> None:
        nodes = self._decoder.branch([(node, [int(token)]) for token in tokens])
        shares = torch.stack([self._decoder.logits(each) for each in nodes]).softmax(-1).cpu()
        kind = self._joined[torch.from_numpy(tokens)].long().unsqueeze(1)
        self._sums[tokens] += 1.0 - (shares @ self._continues.T).gather(1, kind).squeeze(1).numpy()
        self._counts[tokens] += 1

    def means(self) -> Endings:
        means: Endings = (self._sums / np.maximum(self._counts, 1)).clip(0.0, 1.0).astype(np.float32)
        return means


def _places(text: str, random: Random) -> Iterator[tuple[str, bytes]]:
    """Some beginnings of words in a text: what stands before each, and a space with its first letters."""
    starts = [
        index + 1
        for index, character in enumerate(text[:-1])
        if index and character == " " and is_word_character(text[index + 1])
    ]
    for start in sorted(random.sample(starts, min(_PLACES, len(starts)))):
        letters = random.randint(1, _MOST_LETTERS)
        yield text[: start - 1], text[start - 1 : start + letters].encode()


def _best(vocabulary: Vocabulary, logits: NDArray[np.float32], typed: bytes, count: int) -> NDArray[np.int64]:
    """The ids of the most probable tokens that begin with `typed`."""
    ids = vocabulary.order[vocabulary.below(typed)]
    best: NDArray[np.int64] = ids[np.argsort(-logits[ids])[:count]]
    return best


@functools.cache
def _tables(folder: Path) -> dict[str, Path]:
    """The tables in a folder, by the vocabularies that they belong to."""
    found = {}
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="np") as file:
            found[(file.metadata() or {}).get("vocabulary", "")] = path
    return found

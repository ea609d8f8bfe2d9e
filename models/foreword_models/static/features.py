"""Sentences as rows of numbers for a classifier to learn from: word vectors, a frozen encoder, or a bag of words.

The three are what a fine-tuned encoder is to be compared with. Nothing here learns from labels; a bag of words takes
its vocabulary and its weights from the texts named for that, which are those of the training.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from foreword_models.bert.encoder import Encoder
from foreword_models.errors import MissingExtraError
from foreword_models.static.vectors import WordVectors
from foreword_models.zoo.locate import locate
from foreword_models.zoo.progress import Progress, unsaid
from foreword_models.zoo.store import Store

_ALIASES = {"glove": "glove-50d"}
_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[^\w\s]")
_CLITIC = re.compile(r"(?<=[a-z])(?=n't$)|(?<=[a-z])(?='(?:s|re|ve|ll|d|m)$)", re.IGNORECASE)


def sentence_features(
    texts: Sequence[str],
    kind: str,
    *,
    fitted_on: Sequence[str] | None = None,
    encoder: str = "minilm-l6",
    progress: Progress | None = None,
    say: Callable[[str], None] = unsaid,
) -> Any:
    """Return one row for each text.

    Parameters
    ----------
    kind
        "tfidf"; "encoder", frozen, mean pooled; or word vectors: "glove", the name of a pack, or the path of a file in
        a format of word2vec or GloVe.
    fitted_on
        For "tfidf": the training texts. `texts` themselves by default, which is right for the training texts only.
    encoder
        For "encoder": a pack or a directory.
    progress, say
        Told about a pack that is fetched, or a file that is converted.

    Returns
    -------
    numpy.ndarray or scipy.sparse.csr_matrix
        float32, (len(texts), width); sparse for "tfidf".

    Raises
    ------
    MissingExtraError
        "tfidf" needs the extra ``train``.
    ForewordError
        The model cannot be found, fetched or read.
    """
    if kind == "tfidf":
        return tfidf_features(texts, texts if fitted_on is None else fitted_on)
    store = Store.default()
    if kind == "encoder":
        return encoder_features(texts, Encoder.load(locate(encoder, "encoder", store, progress=progress, say=say)))
    folder = locate(_ALIASES.get(kind, kind), "vectors", store, progress=progress, say=say)
    return word_features(texts, WordVectors.load(folder))


def word_features(texts: Sequence[str], vectors: WordVectors) -> NDArray[np.float32]:
    """Return the mean of each text's word vectors, (texts, width); zeros for a text without a word that has one."""
    known: dict[str, list[int]] = {}
    result = np.zeros((len(texts), vectors.width), np.float32)
    for number, text in enumerate(texts):
        rows: list[int] = []
        for token in _TOKEN.findall(text):
            if token not in known:
                known[token] = _rows(token, vectors)
            rows += known[token]
        if rows:
            result[number] = vectors.vectors(rows).mean(0).numpy()
    return result


def encoder_features(texts: Sequence[str], encoder: Encoder) -> NDArray[np.float32]:
    """Return each text's mean pooled vector, (texts, hidden)."""
    return encoder.encode(texts).to(torch.float32).numpy()


def tfidf_features(texts: Sequence[str], fitted_on: Sequence[str]) -> Any:
    """Return each text's words and pairs of words, weighted by how seldom they are: sparse, (texts, terms).

    Raises
    ------
    MissingExtraError
        scikit-learn is not installed.
    """
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
    except ImportError as error:
        raise MissingExtraError(
            "A bag of words needs scikit-learn, which is not installed: run `python -m pip install scikit-learn`."
        ) from error
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, dtype=np.float32)
    return vectorizer.fit(fitted_on).transform(texts)


def _rows(token: str, vectors: WordVectors) -> list[int]:
    """The row of a token; of both parts of a contraction that the vocabulary, as GloVe's does, has only in parts."""
    if (row := vectors.row(token)) is not None:
        return [row]
    parts = _CLITIC.split(token.replace("\u2019", "'"))
    return [row for part in parts if len(parts) > 1 and (row := vectors.row(part)) is not None]

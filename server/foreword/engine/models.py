"""The models in use: loaded on the inference thread when first needed, pulled if they are not there yet."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from foreword_models.errors import ForewordError, UnsupportedModelError
from foreword_models.zoo.locate import locate
from foreword_models.zoo.progress import Progress
from foreword_models.zoo.registry import Kind
from foreword_models.zoo.store import Store

if TYPE_CHECKING:
    from foreword.engine.reader import Reader
    from foreword_models.words.predictor import Predictor

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Models:
    """The predictor and the reader of one process.

    Parameters
    ----------
    decoder, encoder
        A pack's name, or the path of a transformers directory or GGUF file.
    progress
        Told about pulls and loads.
    say
        Told sentences for the user.

    Notes
    -----
    Importing this module imports no torch; the first use of a model does.
    """

    def __init__(
        self,
        *,
        decoder: str,
        encoder: str,
        progress: Progress,
        say: Callable[[str], None],
    ) -> None:
        self._decoder = decoder
        self._encoder = encoder
        self._progress = progress
        self._say = say
        self._predictor: Predictor | ForewordError | None = None
        self._reader: Reader | ForewordError | None = None

    def predictor(self) -> Predictor:
        """The word predictor; a failure to load is remembered and raised again, not tried at every key."""
        if self._predictor is None:
            self._predictor = self._attempt(self._load_predictor)
        if isinstance(self._predictor, ForewordError):
            raise self._predictor
        return self._predictor

    def reader(self) -> Reader:
        """The sentence reader, likewise."""
        if self._reader is None:
            self._reader = self._attempt(self._load_reader)
        if isinstance(self._reader, ForewordError):
            raise self._reader
        return self._reader

    def fetch(self) -> None:
        """Bring both models onto this machine without loading them."""
        self._locate("decoder")
        self._locate("encoder")

    def _locate(self, kind: Kind) -> Path:
        name = self._decoder if kind == "decoder" else self._encoder
        return locate(name, kind, Store.default(), progress=self._progress, say=self._say)

    def _attempt(self, load: Callable[[], T]) -> T | ForewordError:
        try:
            return load()
        except ForewordError as error:
            logger.warning("a model could not be loaded: %s", type(error).__name__)
            return error

    def _load_predictor(self) -> Predictor:
        folder = self._locate("decoder")
        self._progress.start(f"Loading {self._decoder}", 0)
        try:
            use_all_cores()
            from foreword_models.gpt.model import open_model
            from foreword_models.words.predictor import Predictor

            predictor = Predictor(open_model(folder, name=self._decoder))
            predictor.predict("The ", 1)  # the first forwards page the weights in; no key should wait for that
            return predictor
        finally:
            self._progress.finish()

    def _load_reader(self) -> Reader:
        folder = self._locate("encoder")
        self._progress.start(f"Loading {self._encoder}", 0)
        try:
            use_all_cores()
            from foreword.engine.reader import Reader
            from foreword_models.bert.classifier import Classifier, shipped_classifiers
            from foreword_models.bert.encoder import Encoder

            classifiers = {name: Classifier.load(path) for name, path in shipped_classifiers().items()}
            for classifier in classifiers.values():
                if classifier.config.encoder != self._encoder:
                    raise UnsupportedModelError(
                        f"The classifier {classifier.config.name} reads the encoder {classifier.config.encoder}, "
                        f"not {self._encoder}: set model.encoder back."
                    )
            return Reader(Encoder.load(folder), classifiers)
        finally:
            self._progress.finish()


def use_all_cores() -> None:
    """Import torch and set its thread count, once: every core this process may use, for the thread that computes."""
    import torch

    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    torch.set_num_threads(max(1, min(cores, 8)))

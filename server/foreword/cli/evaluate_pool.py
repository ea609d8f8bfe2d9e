"""``foreword eval words --jobs``: texts measured in several processes at once, each with a model of its own."""

from __future__ import annotations

import functools
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from foreword_models.errors import EvaluationError
from foreword_models.evaluation.keystrokes import Counting
from foreword_models.evaluation.texts import Sample
from foreword_models.gpt.config import Precision
from foreword_models.words.keyboards import named_keyboard
from foreword_models.words.registers import named
from foreword_models.zoo.progress import Progress

if TYPE_CHECKING:
    from foreword_models.evaluation.model_source import ModelSource
    from foreword_models.evaluation.words import Measured
    from foreword_models.words.predictor import Predictor


@dataclass(frozen=True)
class Settings:
    """What is measured, and how; the same in every process.

    Attributes
    ----------
    register
        Its name, or "none".
    forwards
        Of each prediction; None for those of an answer of the server.
    thinking
        Forwards between two keys.
    minimum_probability, minimum_saving
        Of a word to be offered.
    keyboard
        Its name, or "none".
    """

    slots: tuple[int, ...]
    counting: Counting
    register: str
    forwards: int | None
    thinking: int
    minimum_probability: float
    minimum_saving: float
    keyboard: str


def make_source(predictor: Predictor, settings: Settings) -> ModelSource:
    """Return the predictor as a source that asks it as the server does."""
    from foreword_models.evaluation.model_source import ModelSource
    from foreword_models.words.search import Budget

    return ModelSource(
        predictor,
        budget=None if settings.forwards is None else Budget(settings.forwards),
        thinking=settings.thinking,
        minimum_probability=settings.minimum_probability,
        minimum_saving=settings.minimum_saving,
        register=named(settings.register),
        keyboard=named_keyboard(settings.keyboard),
        window=_server_window(),
    )


def measure_apart(
    folder: Path,
    precision: Precision | None,
    samples: Sequence[Sample],
    settings: Settings,
    *,
    jobs: int,
    threads: int,
    progress: Progress,
) -> list[Measured]:
    """Measure the texts in `jobs` processes, a text at a time.

    Parameters
    ----------
    folder, precision
        The model.
    threads
        Of each process.

    Raises
    ------
    EvaluationError
        A process ended.
    """
    progress.start(f"Typing in {jobs} processes", len(samples))
    measured: list[Measured] = []
    try:
        with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
            work = functools.partial(_measure, folder, precision, settings, threads)
            try:
                for done, found in enumerate(pool.map(work, samples), 1):
                    measured += found
                    progress.update(done)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    except BrokenProcessPool as error:
        raise EvaluationError(
            "A measuring process ended unexpectedly, for want of memory perhaps; measure with --jobs 1."
        ) from error
    finally:
        progress.finish()
    return measured


@functools.cache
def _source(folder: Path, precision: Precision | None, settings: Settings, threads: int) -> ModelSource:
    """The source of a measuring process, loaded at its first text."""
    from foreword.engine.models import use_threads

    use_threads(threads)
    from foreword_models.gpt.model import open_model
    from foreword_models.words.learned import folders
    from foreword_models.words.predictor import Predictor

    return make_source(Predictor(open_model(folder, precision=precision), learned=folders()), settings)


def _measure(
    folder: Path, precision: Precision | None, settings: Settings, threads: int, sample: Sample
) -> list[Measured]:
    from foreword_models.evaluation.words import measure

    source = _source(folder, precision, settings, threads)
    return measure(source, [sample], settings.slots, settings.counting)


def _server_window() -> Callable[[str], str]:
    """Return the server's choice of what a model is shown of the text so far."""
    from lsprotocol.types import Position

    from foreword.lsp.features.completion import CONTEXT, before_cursor
    from foreword.text.document import Document

    def window(text: str) -> str:
        if len(text) <= CONTEXT:
            return text
        document = Document("", "plaintext", 0, text, "utf-32")
        return before_cursor(document, Position(*document.position(len(text))))

    return window

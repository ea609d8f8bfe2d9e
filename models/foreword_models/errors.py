"""Every error a user can meet, in one hierarchy.

The message of each is one sentence that names the cause and the mend; a front end shows it as it is, without a
traceback.
"""

from __future__ import annotations


class ForewordError(Exception):
    """An error whose message is meant for the user."""


class PackError(ForewordError):
    """A model pack could not be found, fetched, checked or stored."""


class UnknownPackError(PackError):
    """The registry has no pack of that name."""


class DownloadError(PackError):
    """The pack's files could not be fetched, or are not the pinned ones."""


class TermsError(PackError):
    """The pack comes under terms of its own that the user has not accepted."""


class StorageError(PackError):
    """The cache folder cannot take the pack: no room, or no permission."""


class UnknownClassifierError(ForewordError):
    """No classifier of that name is installed."""


class MissingExtraError(ForewordError):
    """A library that only one feature needs is not installed."""


class ModelError(ForewordError):
    """A file or folder does not hold a model that can be used."""


class UnsupportedModelError(ModelError):
    """A sound model of a family, tokenizer or file format that is not supported."""


class CorruptModelError(ModelError):
    """A model file that cannot be read, or whose parts do not fit together."""


class UnknownWordError(ForewordError):
    """The word vectors have no such word."""


class DecoderError(ForewordError):
    """A request that the decoder cannot carry out; the decoder itself stays usable."""


class ContextTooLongError(DecoderError):
    """More tokens than the model's context length."""


class UnknownTokenError(DecoderError):
    """A token id outside the vocabulary."""


class CacheFullError(DecoderError):
    """The K/V arena has no room for the requested tokens."""


class OutOfMemoryError(DecoderError):
    """The machine has no memory left for a step."""


class BenchmarkError(ForewordError):
    """A measurement could not be made: an engine did not start, ended or stopped answering."""


class EvaluationError(ForewordError):
    """A file of texts or examples cannot be evaluated, or what an evaluation needs is missing."""


class TrainingError(ForewordError):
    """What is to be learned from is damaged, too little, or of no use, or what a training needs is missing."""


class Cancelled(Exception):  # noqa: N818  (not an error: the caller asked for it)
    """Raised by a checkpoint to abandon work between two forwards."""

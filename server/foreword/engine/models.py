"""The models in use: loaded on the inference thread when first needed, pulled if they are not there yet."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from foreword.engine.garbage import tidy, uncollected
from foreword_models.errors import ForewordError, OutOfMemoryError, UnsupportedModelError
from foreword_models.gpt.config import PRECISIONS, Precision
from foreword_models.gpt.machine import give_back_memory
from foreword_models.zoo.locate import locate, ready
from foreword_models.zoo.progress import Progress
from foreword_models.zoo.registry import Kind
from foreword_models.zoo.store import Store

if TYPE_CHECKING:
    from foreword.engine.grammar import GrammarReader
    from foreword.engine.reader import Reader
    from foreword_models.bert.encoder import Encoder
    from foreword_models.bert.entities import EntityTagger
    from foreword_models.gpt.decoder import Decoder
    from foreword_models.gpt.tuning import Choice
    from foreword_models.static.senses import Senses
    from foreword_models.static.vectors import WordVectors
    from foreword_models.words.predictor import Predictor

logger = logging.getLogger(__name__)

T = TypeVar("T")

GRAMMAR_PACK = "grammar-tagger"
VECTORS_PACK = "glove-50d"


class Models:
    """The predictor and the reader of one process.

    Parameters
    ----------
    decoder, encoder
        A pack's name, or the path of a transformers directory or GGUF file.
    precision
        Of the decoder's weights, or ``"auto"``: what was measured to be quickest on this machine. The environment
        variable FOREWORD_PRECISION comes before it.
    vectors
        Word vectors: a pack's name, or the path of a file in a format of word2vec or GloVe.
    classifiers
        Folders of classifiers beside those that come with the package, by name.
    tagger
        Folder of what finds entities; by default what comes with the package.
    progress
        Told about pulls and loads.
    say
        Told sentences for the user.

    Attributes
    ----------
    threads
        The most threads to compute with, chosen when the first model is loaded; None before.

    Notes
    -----
    Importing this module imports no torch; the first use of a model does.
    """

    def __init__(
        self,
        *,
        decoder: str,
        encoder: str,
        precision: str = "auto",
        vectors: str = VECTORS_PACK,
        classifiers: Mapping[str, Path] | None = None,
        tagger: Path | None = None,
        progress: Progress,
        say: Callable[[str], None],
    ) -> None:
        self._decoder = decoder
        self._encoder = encoder
        self._precision = precision
        self._vectors_name = vectors
        self._own = dict(classifiers or {})
        self._tagger_folder = tagger
        self._progress = progress
        self._say = say
        self.threads: int | None = None
        self._predictor: Predictor | ForewordError | None = None
        self._reader: Reader | ForewordError | None = None
        self._tagger: tuple[Encoder, EntityTagger] | ForewordError | None = None
        self._grammar: GrammarReader | ForewordError | None = None
        self._vectors: WordVectors | ForewordError | None = None
        self._senses: Senses | ForewordError | None = None
        self._loaded_encoder: Encoder | None = None

    def predictor(self) -> Predictor:
        """The word predictor; a failure to load is remembered and raised again, not tried at every key."""
        if self._predictor is None:
            self._predictor = self._attempt(self._load_predictor, awaited=True)
        if isinstance(self._predictor, ForewordError):
            raise self._predictor
        return self._predictor

    @property
    def decoder(self) -> Decoder | None:
        """The decoder, if it is loaded."""
        if self._predictor is None or isinstance(self._predictor, ForewordError):
            return None
        return self._predictor.model.decoder

    def close(self, document: str) -> None:
        """Let what is cached of a document be dropped when room is needed; nothing is loaded for that."""
        if self._predictor is not None and not isinstance(self._predictor, ForewordError):
            self._predictor.close(document)

    def shed(self) -> None:
        """Drop what is cached, because memory is short; the models stay."""
        for model in (self._predictor, self._reader):
            if model is not None and not isinstance(model, ForewordError):
                model.shed()

    @property
    def classifier_folders(self) -> dict[str, Path]:
        """Where each classifier is: those that come with the package, and the user's own."""
        from foreword_models.bert.classifier import shipped_classifiers

        return shipped_classifiers() | self._own

    def reader(self, names: Collection[str] | None = None) -> Reader:
        """The sentence reader, likewise; with all classifiers, or those named when it is first asked for."""
        if self._reader is None:
            self._reader = self._attempt(lambda: self._load_reader(names))
        if isinstance(self._reader, ForewordError):
            raise self._reader
        return self._reader

    def tagger(self) -> tuple[Encoder, EntityTagger]:
        """What finds entities, likewise, and its encoder: the reader's, where both read the same and it is loaded."""
        if self._tagger is None:
            self._tagger = self._attempt(self._load_tagger)
        if isinstance(self._tagger, ForewordError):
            raise self._tagger
        return self._tagger

    def entity_reader(self, names: Collection[str] | None = None) -> Reader:
        """The sentence reader, as for `reader`, with what finds entities."""
        reader = self.reader(names)
        if reader.tagger is None:
            reader.tagger = self.tagger()
        return reader

    def grammar(self) -> GrammarReader:
        """The finder of slips, likewise; it needs the extra ``grammar``."""
        if self._grammar is None:
            self._grammar = self._attempt(self._load_grammar)
        if isinstance(self._grammar, ForewordError):
            raise self._grammar
        return self._grammar

    def vectors(self) -> WordVectors:
        """The word vectors, likewise."""
        if self._vectors is None:
            self._vectors = self._attempt(self._load_vectors)
        if isinstance(self._vectors, ForewordError):
            raise self._vectors
        return self._vectors

    def senses(self, checkpoint: Callable[[], None] = lambda: None) -> Senses:
        """The finder of a word's sense, likewise; the first time ever it reads ten thousand words, which takes a while.

        Parameters
        ----------
        checkpoint
            Called between forwards then; what it raises abandons that.
        """
        if self._senses is None:
            self._senses = self._attempt(lambda: self._load_senses(checkpoint))
        if isinstance(self._senses, ForewordError):
            raise self._senses
        return self._senses

    def fetch_grammar(self) -> None:
        """Bring the finder of slips onto this machine without loading it; a failure is what `grammar` raises."""
        from foreword_models.grammar.tagger import require_onnxruntime

        try:
            if self._grammar is None:
                require_onnxruntime()
                self._locate("grammar")
        except ForewordError as error:
            self._grammar = error

    @property
    def vectors_in_use(self) -> WordVectors | None:
        """The word vectors, if they have been loaded."""
        return None if isinstance(self._vectors, ForewordError) else self._vectors

    @property
    def senses_in_use(self) -> Senses | None:
        """The finder of a word's sense, if it has been loaded."""
        return None if isinstance(self._senses, ForewordError) else self._senses

    def load_meaning(self) -> None:
        """Load the vectors, and the finder of senses, as far as that takes neither fetching nor reading many words."""
        from foreword.engine.meaning import sense_table

        store = Store.default()
        vectors = ready(self._vectors_name, "vectors", store)
        if vectors is None:
            return
        self.vectors()
        encoder = ready(self._encoder, "encoder", store)
        with contextlib.suppress(OSError):  # a part of the encoder is missing: what needs it most says so
            if encoder is not None and sense_table(vectors, encoder, store).is_file():
                self.senses()

    def to_be_measured(self) -> bool:
        """Whether it is not known yet how the decoder runs fastest on this machine, and would be of use."""
        if os.environ.get("FOREWORD_MEASURE") == "0" or wanted_precision(self._precision) is not None:
            return False
        return self._remembered(self._locate("decoder")) is None

    def measure(self, checkpoint: Callable[[], None]) -> None:
        """Find out how the decoder runs fastest on this machine, and remember it: the next load goes by that.

        Takes some seconds of all cores, in a process of its own. Nothing is measured while the machine is busy.

        Parameters
        ----------
        checkpoint
            Called many times a second; what it raises ends the measurement.

        Raises
        ------
        ForewordError
            The model cannot be found or run.
        """
        from foreword_models.gpt import machine, measurements, tuning

        folder = self._locate("decoder")
        if (machine.load_per_core() or 0) <= machine.BUSY:
            choice = tuning.measure_apart(folder, checkpoint=checkpoint)
            measurements.remember(folder, Store.default().root, choice)

    def fetch(self) -> None:
        """Bring both models onto this machine without loading them."""
        self._locate("decoder")
        self._locate("encoder")

    def _locate(self, kind: Kind) -> Path:
        names = {"decoder": self._decoder, "encoder": self._encoder, "vectors": self._vectors_name}
        return locate(names.get(kind, GRAMMAR_PACK), kind, Store.default(), progress=self._progress, say=self._say)

    def _attempt(self, load: Callable[[], T], *, awaited: bool = False) -> T | ForewordError:
        began = time.monotonic()
        try:
            model = load()
            if awaited:
                give_back_memory()
            else:
                tidy()
            logger.info("a %s was loaded in %.1f s", type(model).__name__, time.monotonic() - began)
            return model
        except OutOfMemoryError:
            raise  # another time there may be enough
        except ForewordError as error:
            logger.warning("a model could not be loaded: %s", type(error).__name__)
            return error

    def _load_predictor(self) -> Predictor:
        folder = self._locate("decoder")
        wanted = wanted_precision(self._precision)
        self._progress.start(f"Loading {self._decoder}", 0)
        try:
            with uncollected():
                choice = self._remembered(folder) if wanted is None else None
                # The thread count is torch's, not the decoder's: the encoder shares it, and does not choose it again.
                self._take_threads(None if choice is None else choice.threads)
                from foreword_models.gpt.model import open_model
                from foreword_models.words.learned import folders
                from foreword_models.words.predictor import Predictor

                precision = wanted if choice is None else choice.precision
                model = open_model(folder, name=self._decoder, precision=precision)
                predictor = Predictor(model, learned=folders())
                predictor.predict("The ", 1)  # the first forwards page the weights in; no key should wait for that
                return predictor
        finally:
            self._progress.finish()

    def _take_threads(self, count: int | None = None) -> None:
        """Set torch's thread count, every usable core's by default."""
        from foreword_models.gpt.machine import most_threads

        self.threads = count or most_threads()
        use_threads(self.threads)

    def _remembered(self, folder: Path) -> Choice | None:
        """How to run the decoder here, if that was measured before."""
        from foreword_models.gpt import measurements

        try:
            return measurements.remembered(folder, Store.default().root)
        except Exception as error:
            # A model that cannot be looked at may well be loaded, and if not, loading it says why.
            logger.warning("a measurement was not read: %s", type(error).__name__)
            return None

    def _load_reader(self, names: Collection[str] | None) -> Reader:
        folder = self._locate("encoder")
        self._progress.start(f"Loading {self._encoder}", 0)
        try:
            if self.threads is None:
                self._take_threads()
            from foreword.engine.reader import Reader
            from foreword_models.bert.opening import open_classifiers

            def find(name: str) -> Path:
                return folder if name == self._encoder else locate(name, "encoder", Store.default(), say=self._say)

            folders = self.classifier_folders
            if names is not None:
                return Reader(open_classifiers({name: folders[name] for name in names}, find))
            opened = open_classifiers({name: path for name, path in folders.items() if name not in self._own}, find)
            for name, path in self._own.items():
                try:
                    opened |= open_classifiers({name: path}, find)
                except ForewordError as error:  # the others work without it
                    self._say(f"The classifier {name} is left out: {error}")
            return Reader(opened)
        finally:
            self._progress.finish()

    def _load_tagger(self) -> tuple[Encoder, EntityTagger]:
        if self.threads is None:
            self._take_threads()
        from foreword_models.bert.entities import shipped_tagger
        from foreword_models.bert.opening import open_tagger

        folder = self._tagger_folder or shipped_tagger()
        if folder is None:
            raise UnsupportedModelError("Nothing that finds entities is installed: install the package anew.")
        loaded = () if self._reader is None or isinstance(self._reader, ForewordError) else self._reader.encoders
        return open_tagger(folder, self._find_encoder, loaded)

    def _find_encoder(self, name: str) -> Path:
        """Return the folder of an encoder by its pack's name."""
        return locate(name, "encoder", Store.default(), progress=self._progress, say=self._say)

    def _load_encoder(self) -> Encoder:
        """The encoder, of which there is one, whoever needs it."""
        if self._loaded_encoder is None:
            folder = self._locate("encoder")
            self._progress.start(f"Loading {self._encoder}", 0)
            try:
                if self.threads is None:
                    self._take_threads()
                from foreword_models.bert.encoder import Encoder

                self._loaded_encoder = Encoder.load(folder)
            finally:
                self._progress.finish()
        return self._loaded_encoder

    def _load_vectors(self) -> WordVectors:
        from foreword_models.static.vectors import WordVectors

        return WordVectors.load(self._locate("vectors"))

    def _load_senses(self, checkpoint: Callable[[], None]) -> Senses:
        from foreword.engine.meaning import load_senses

        folders = self._locate("vectors"), self._locate("encoder")
        return load_senses(*folders, self._load_encoder(), Store.default(), self._progress, checkpoint)

    def _load_grammar(self) -> GrammarReader:
        from foreword.engine.grammar import GrammarReader
        from foreword_models.grammar.tagger import Tagger, require_onnxruntime

        require_onnxruntime()  # before anything is fetched for it
        folder = self._locate("grammar")
        self._progress.start(f"Loading {GRAMMAR_PACK}", 0)
        try:
            return GrammarReader(Tagger.load(folder))
        finally:
            self._progress.finish()


def wanted_precision(setting: str = "auto") -> Precision | None:
    """Return the precision that FOREWORD_PRECISION, or else a setting, asks for; None for the quickest.

    Raises
    ------
    UnsupportedModelError
        There is no such precision.
    """
    named = os.environ.get("FOREWORD_PRECISION") or setting
    if named == "auto":
        return None
    for precision in PRECISIONS:
        if precision == named:
            return precision
    raise UnsupportedModelError(
        f"There is no precision {named!r}: set FOREWORD_PRECISION to auto, {', '.join(PRECISIONS)}, or leave it unset."
    )


def use_all_cores() -> None:
    """Import torch and set its thread count: every core this process may use, for the thread that computes."""
    from foreword_models.gpt.machine import most_threads

    use_threads(most_threads())


def use_threads(count: int) -> None:
    """Import torch and set its thread count."""
    import torch

    torch.set_num_threads(count)


def threads_now() -> int:
    """Return torch's thread count; for a thread that has loaded a model."""
    import torch

    return int(torch.get_num_threads())

"""Learning a register: from texts of a kind to keys and values that head them, and what that gained.

Texts are divided by their own hash, so that a text given twice, or given again next year, falls to the same part: eight
tenths to learn from, a tenth to judge by and one to report on. A register begins as its preamble with some of the
texts behind it.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from foreword_models.errors import TrainingError
from foreword_models.gpt import packing
from foreword_models.gpt.blocks import float_stack
from foreword_models.gpt.decoder import Decoder
from foreword_models.gpt.prefix_tuning import Schedule, Tuned, Tuning, total_bits
from foreword_models.gpt.tokenizer import Tokenizer
from foreword_models.gpt.weights import Weights
from foreword_models.words.learned import FILE, LearnedRegister, rounded
from foreword_models.words.registers import Register
from foreword_models.zoo.files import write_atomically
from foreword_models.zoo.progress import Progress, Silent

UNFINISHED = "unfinished.safetensors"
HELD_OUT = "held out"

MOST_TOKENS = 96  # of a text that are learned from: a register is for the beginning
VECTORS = 96  # most tokens of the preamble that a register begins as: at the default model a megabyte in its file
_LEAST = 20  # texts to learn anything from
_MOST_KEPT = 200  # texts to judge by, and held out: more would take longer to look at than to learn from
_CACHE = 64 * 2**20


@dataclass(frozen=True)
class Parts:
    """Texts to learn from, to judge by, and to report on. One to learn from may be there several times."""

    train: Sequence[str]
    kept: Sequence[str]
    held_out: Sequence[str]


@dataclass(frozen=True)
class Gain:
    """Bits per character of some texts, each on its own, as far as they would be learned from.

    Attributes
    ----------
    bare
        After the start token alone.
    preamble
        After the register's preamble.
    learned
        After the learned register.
    """

    texts: int
    characters: int
    bare: float
    preamble: float
    learned: float


@dataclass(frozen=True)
class Learned:
    """What came of a training.

    Attributes
    ----------
    gains
        By the name of a set of texts; ``"held out"`` are texts of the register's own kind.
    """

    register: LearnedRegister
    tuned: Tuned
    gains: Mapping[str, Gain]
    seconds: float


def divide(texts: Iterable[str]) -> Parts:
    """Divide texts by their hash; each counts once, and of many hundreds only 200 are judged by and held out.

    Raises
    ------
    TrainingError
        There are too few.
    """
    parts: tuple[list[str], ...] = ([], [], [])
    for text in dict.fromkeys(texts):
        share = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[0] * 10 // 256
        parts[max(0, share - 7)].append(text)
    if len(parts[0]) < _LEAST or not parts[1] or not parts[2]:
        raise TrainingError(
            f"{sum(map(len, parts))} different texts are too few to learn a register from; give some hundreds."
        )
    return Parts(parts[0], parts[1][:_MOST_KEPT], parts[2][:_MOST_KEPT])


class RegisterTraining:
    """The training of one register, for a packed model.

    Parameters
    ----------
    folder
        Of the packed model.
    preamble
        What the learned register begins as; by default the register's own preamble and some texts to learn from.
    vectors
        Most tokens of that preamble by default; one that is longer by itself stays as it is.
    device
        Where to train. On a processor without bfloat16 products, float32 is used.
    """

    def __init__(
        self,
        folder: Path,
        register: Register,
        parts: Parts,
        schedule: Schedule,
        *,
        preamble: str | None = None,
        vectors: int = VECTORS,
        device: torch.device | None = None,
    ) -> None:
        self.register, self.parts, self.schedule = register, parts, schedule
        self.digest = packing.digest(folder)
        device = device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._weights: Weights = packing.read_weights(folder, _dtype(device), device)
        config = self._weights.config
        self._tokenizer = Tokenizer.read(folder / packing.TOKENIZER, config.vocabulary)
        self._most = min(MOST_TOKENS, config.context // 2)
        decoder = Decoder(float_stack(self._weights), cache_bytes=_CACHE)
        self._heads = {
            name: self._head(decoder, text) for name, text in (("bare", ""), ("preamble", register.preamble))
        }
        prefix, last = self._head(decoder, self._beginning(vectors) if preamble is None else preamble)
        self._last = last
        self._tuning = Tuning(self._weights, prefix, last, self._ids(parts.train), self._ids(parts.kept), schedule)

    @property
    def steps_done(self) -> int:
        """Steps learned so far, those of an earlier run among them."""
        return self._tuning.step

    def seconds_left(self) -> float:
        """Estimate how long `run` will take at most, from a first look and two steps, which are done for that."""
        began = time.perf_counter()
        if not self._tuning.checks:
            self._tuning.advance()
        looked = time.perf_counter()
        look, step = looked - began, 0.0
        for _ in range(2):  # the first one takes memory, and with it time
            if not self._tuning.finished:
                looked = time.perf_counter()
                self._tuning.advance()
                step = time.perf_counter() - looked
        left = self.schedule.steps - self._tuning.step
        return left * step + look * (left / self.schedule.every + 4)

    def resume(self, out: Path) -> bool:
        """Go on with a training that was broken off in `out`, if it was this one; else leave it alone."""
        try:
            with safe_open(out / UNFINISHED, framework="pt") as file:
                if (file.metadata() or {}).get("training") != self._fingerprint():
                    return False
                self._tuning.restore({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
        except (OSError, SafetensorError, KeyError, ValueError, RuntimeError):
            return False
        return True

    def run(
        self, out: Path, others: Mapping[str, Sequence[str]] | None = None, *, progress: Progress | None = None
    ) -> Learned:
        """Learn, and write the register into a folder if it beats the preamble on the texts to report on.

        At every look at the texts to judge by, what `resume` needs is left in the folder.

        Parameters
        ----------
        others
            More texts to report on, by name.

        Raises
        ------
        TrainingError
            Nothing was gained, and nothing is written; or the folder cannot be written.
        """
        try:
            return self._run(out, others or {}, progress or Silent())
        except OSError as error:
            raise TrainingError(
                f"{out} cannot be written ({error.strerror}); mend that or choose another folder."
            ) from error

    def _run(self, out: Path, others: Mapping[str, Sequence[str]], progress: Progress) -> Learned:
        began = time.perf_counter()
        out.mkdir(parents=True, exist_ok=True)
        progress.start(f"Learning {self.register.name}", self.schedule.steps)
        try:
            looks = len(self._tuning.checks)
            while not self._tuning.finished:
                self._tuning.advance()
                progress.update(self._tuning.step)
                if len(self._tuning.checks) > looks:
                    looks = len(self._tuning.checks)
                    self._save_state(out)
            progress.update(self.schedule.steps)
        finally:
            progress.finish()
        tuned = self._tuning.tuned()
        register = LearnedRegister(self.register.name, self.digest, rounded(tuned.prefix), self._last)
        sets = {HELD_OUT: self.parts.held_out, **others}
        gains = {name: self._gain(register, texts) for name, texts in sets.items()}
        (out / UNFINISHED).unlink(missing_ok=True)
        own = gains[HELD_OUT]
        if own.learned >= own.preamble:
            raise TrainingError(
                f"Learning did not beat the preamble of {self.register.name} on held-out texts ({own.learned:.3f} bits "
                f"per character, the preamble {own.preamble:.3f}); the preamble stays in use. More texts may help."
            )
        register.write(out / FILE)
        return Learned(register, tuned, gains, time.perf_counter() - began)

    def _head(self, decoder: Decoder, text: str) -> tuple[Tensor, int]:
        """Keys and values of a preamble but for its last token, and that token."""
        ids = [decoder.config.start_token, *self._tokenizer.encode_before_word(text)]
        if len(ids) == 1:  # the start token itself has to be the prefix: it heads each line instead
            return decoder.cache.arena[:, :, :0], ids[0]
        node = decoder.extend(decoder.root, ids[:-1])
        return decoder.keys_values(node), ids[-1]

    def _beginning(self, vectors: int) -> str:
        """The register's preamble and behind it short texts to learn from, in their order, while there is room."""
        text = self.register.preamble
        room = vectors - len(self._tokenizer.encode(text))
        for line in dict.fromkeys(self.parts.train):
            size = len(self._tokenizer.encode(line + "\n"))
            if "\n" not in line and size <= room:
                text, room = f"{text}{line}\n", room - size
        return text

    def _ids(self, texts: Iterable[str]) -> list[list[int]]:
        return [ids for text in texts if (ids := self._tokenizer.encode(text)[: self._most])]

    def _gain(self, register: LearnedRegister, texts: Sequence[str]) -> Gain:
        lines, spelled = self._ids(texts), self._tokenizer.token_bytes
        characters = sum(len(b"".join(spelled[token] for token in line).decode("utf-8", "ignore")) for line in lines)
        heads = {**self._heads, "learned": (register.prefix, register.last)}
        bits = {
            name: total_bits(self._weights, prefix.to(self._weights.embed.device), last, lines) / max(characters, 1)
            for name, (prefix, last) in heads.items()
        }
        return Gain(len(lines), characters, **bits)

    def _fingerprint(self) -> str:
        """Tells this training from any other."""
        about = [
            self.digest,
            asdict(self.schedule),
            self.register.name,
            self._last,
            *map(list, asdict(self.parts).values()),
        ]
        return hashlib.sha256(json.dumps(about).encode()).hexdigest()

    def _save_state(self, out: Path) -> None:
        write_atomically(out / UNFINISHED, save(self._tuning.state(), metadata={"training": self._fingerprint()}))


def _dtype(device: torch.device) -> torch.dtype:
    quick = device.type == "cuda" or torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.bfloat16 if quick else torch.float32

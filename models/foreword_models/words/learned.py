"""Learned registers: keys and values in place of a preamble, and the files that they are kept in.

What `gpt.prefix_tuning` learned belongs to one model, whose digest stands in the file; with any other it is not used,
and the preamble stands where it stood. Eight bits a number are enough: a row of a head has one scale.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import platformdirs
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from foreword_models.errors import CorruptModelError, UnsupportedModelError
from foreword_models.gpt.quantization import int8_codes
from foreword_models.words.registers import RegisterName
from foreword_models.zoo.files import write_atomically

logger = logging.getLogger(__name__)

FILE = "register.safetensors"
SHIPPED = Path(__file__).with_name("shipped") / "registers"


@dataclass(frozen=True)
class LearnedRegister:
    """What stands before a text of a kind.

    Attributes
    ----------
    digest
        Of the model that it was learned with (`packing.digest`).
    prefix
        Shape (layers, 2 kv_heads, n, head_dim), for `Decoder.prefix`.
    last
        The token that is decoded after it: a prefix has no logits itself.
    """

    name: RegisterName
    digest: str
    prefix: Tensor
    last: int

    def write(self, path: Path) -> None:
        """Write it as a whole; the folder is made if need be."""
        codes, scales = _codes(self.prefix)
        tensors = {"codes": codes, "scales": scales}
        about = {"register": self.name, "model": self.digest, "last": self.last}
        path.parent.mkdir(parents=True, exist_ok=True)
        # One entry: the library writes several in no fixed order, and the same training should give the same bytes.
        write_atomically(path, save(tensors, metadata={"about": json.dumps(about)}))

    @classmethod
    def read(cls, path: Path, name: RegisterName, digest: str) -> LearnedRegister:
        """Read what `write` wrote.

        Raises
        ------
        UnsupportedModelError
            It is of another kind of text, or was learned with another model.
        CorruptModelError
            The file is damaged, or not one of these.
        """
        try:
            with safe_open(path, framework="pt") as file:
                about = json.loads((file.metadata() or {})["about"])
                if about["register"] != name:
                    raise UnsupportedModelError(
                        f"{path} is for texts of kind {about['register']}, not {name}; give the one made for it."
                    )
                if about["model"] != digest:
                    raise UnsupportedModelError(
                        f"{path} was learned with another model; train it again for this one "
                        f"(foreword train register {name})."
                    )
                prefix = file.get_tensor("codes").float() * file.get_tensor("scales")
            if prefix.dim() != 4 or not prefix.isfinite().all():
                raise ValueError("it holds no keys and values")
            return cls(name, digest, prefix, int(about["last"]))
        except (OSError, SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise CorruptModelError(
                f"{path} is not a learned register ({error}); remove it or train it again."
            ) from error


def rounded(prefix: Tensor) -> Tensor:
    """Return a prefix as it will be read back."""
    codes, scales = _codes(prefix)
    return codes * scales


def _codes(prefix: Tensor) -> tuple[Tensor, Tensor]:
    """Codes of the prefix's shape, int8, and scales (layers, 2 kv_heads, n, 1)."""
    codes, scales = int8_codes(prefix.float().flatten(0, 2))
    return codes.view(prefix.shape), scales.view(*prefix.shape[:3], 1)


def own_folder() -> Path:
    """Return where registers lie that were learned from the user's own texts."""
    return platformdirs.user_data_path("foreword", appauthor=False) / "registers"


def folders() -> tuple[Path, ...]:
    """Return where learned registers are looked for: the user's own come before the shipped ones."""
    return own_folder(), SHIPPED


def find(name: RegisterName, digest: str, places: Sequence[Path]) -> LearnedRegister | None:
    """Return the first learned register of a kind, for a model, in folders that hold a folder for each.

    Those of other models and kinds are passed over, and so is what cannot be read, which is said in the log.
    """
    for path in _files(places):
        try:
            return LearnedRegister.read(path, name, digest)
        except UnsupportedModelError:
            continue
        except CorruptModelError as error:
            logger.warning("a learned register is not used: %s", type(error).__name__)
    return None


def _files(places: Sequence[Path]) -> Iterable[Path]:
    for folder in places:
        yield from sorted(folder.glob(f"*/{FILE}"))

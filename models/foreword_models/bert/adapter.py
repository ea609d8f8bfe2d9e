"""What an adaptation changed in an encoder, as a small file: low-rank products, applied once, at load (Hu et al. 2022).

An adapter is a safetensors file. For a weight (out, in) of the encoder, by its name in transformers, it holds
``NAME.lora_A`` (rank, in) and ``NAME.lora_B`` (out, rank), whose product is added to the weight; for a bias or a norm
``NAME.delta``, which is added as it is. Whatever it does not name stays. A merged encoder costs no more than the plain
one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from foreword_models.errors import CorruptModelError


class Adapter:
    """Changes to an encoder's weights, by the names that transformers gives them; ``rank`` is the largest of any."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self._tensors = dict(tensors)
        self.names = frozenset(name.rpartition(".")[0] for name in tensors)
        self.rank = max((len(tensor) for name, tensor in tensors.items() if name.endswith(".lora_A")), default=0)

    @classmethod
    def load(cls, path: Path) -> Adapter:
        """Read an adapter's file.

        Raises
        ------
        CorruptModelError
            If the file is missing, damaged, or holds something else.
        """
        try:
            tensors = load_file(path)
        except (OSError, SafetensorError) as error:
            raise CorruptModelError(f"{path} is not a sound adapter ({error}): train the classifier again.") from error
        parts: dict[str, set[str]] = {}
        for key in tensors:
            name, _, part = key.rpartition(".")
            parts.setdefault(name, set()).add(part)
        if any(found not in ({"lora_A", "lora_B"}, {"delta"}) for found in parts.values()):
            raise CorruptModelError(f"{path} does not hold an adapter: train the classifier again.")
        return cls(tensors)

    def save(self, path: Path) -> None:
        """Write the file; the same adapter gives the same bytes."""
        path.write_bytes(save({name: tensor.contiguous() for name, tensor in sorted(self._tensors.items())}))

    def apply(self, name: str, weight: Tensor) -> Tensor:
        """Return the weight as it was adapted, itself if it was not.

        Raises
        ------
        CorruptModelError
            If the adapter is for a model of other sizes.
        """
        if name not in self.names:
            return weight
        delta = self._tensors.get(f"{name}.delta")
        if delta is None:
            a, b = self._tensors[f"{name}.lora_A"], self._tensors[f"{name}.lora_B"]
            fits = a.ndim == b.ndim == 2 and a.shape[0] == b.shape[1]
            if not fits or (b.shape[0], a.shape[1]) != weight.shape:
                raise _misfit(name)
            delta = b.float() @ a.float()
        elif delta.shape != weight.shape:
            raise _misfit(name)
        return weight.float() + delta.float()


def compact(before: Mapping[str, Tensor], after: Mapping[str, Tensor], rank: int) -> Adapter:
    """Return the adapter that comes nearest to a full fine-tuning's change (Eckart and Young 1936), in float16.

    Parameters
    ----------
    before, after
        The encoder's weights, by name; what is the same in both is left out.
    rank
        Of each product. Fine-tuning changes a weight by little more than that (Aghajanyan et al. 2021).
    """
    tensors: dict[str, Tensor] = {}
    for name, new in after.items():
        change = new.detach().float() - before[name].detach().float()
        if not change.any():
            continue
        if change.ndim < 2:
            tensors[f"{name}.delta"] = change.half()
            continue
        u, s, v = torch.linalg.svd(change, full_matrices=False)
        root = s[:rank].sqrt()
        tensors[f"{name}.lora_A"] = (root[:, None] * v[:rank]).half()
        tensors[f"{name}.lora_B"] = (u[:, :rank] * root).half()
    return Adapter(tensors)


def _misfit(name: str) -> CorruptModelError:
    return CorruptModelError(
        f"The adapter's {name} is not of the encoder's size: it belongs to another encoder; use that one."
    )

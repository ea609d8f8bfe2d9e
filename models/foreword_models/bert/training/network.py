"""The network that is trained: transformers' encoder, mean pooling, and a linear head for each task."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import torch
import torch.nn.functional as F  # noqa: N812  (its usual name)
from torch import Tensor, nn

from foreword_models.bert.adapter import Adapter
from foreword_models.bert.training.tasks import Task

Mode = Literal["head", "lora", "full"]


class Network(nn.Module):
    """An encoder and the heads on it.

    Parameters
    ----------
    encoder
        A model of transformers; its last hidden states are read.
    tasks
        A head for each; what a head starts from is how frequent its labels are.
    """

    def __init__(self, encoder: nn.Module, hidden: int, tasks: Sequence[Task], dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = encoder
        self.kinds = [task.kind for task in tasks]
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.ModuleList(nn.Linear(hidden, len(task.labels)) for task in tasks)
        for head, task in zip(self._heads(), tasks, strict=True):
            share = torch.from_numpy(task.targets()[task.parts.train]).mean(0).clamp(1e-4, 1 - 1e-4)
            with torch.no_grad():
                head.weight.normal_(0, 0.02)
                head.bias.copy_(share.log() if task.kind == "softmax" else torch.logit(share))

    def _heads(self) -> list[nn.Linear]:
        return [head for head in self.heads if isinstance(head, nn.Linear)]

    def pooled(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return the float32 mean of each text's last hidden states, (B, hidden)."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state.float()
        mask = attention_mask[..., None].float()
        pooled: Tensor = (states * mask).sum(1) / mask.sum(1)
        return pooled

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, task: Tensor, targets: Tensor, weight: Tensor
    ) -> dict[str, Tensor]:
        """Return the mean loss of a batch whose rows may be of different tasks; in evaluation of one task, logits too.

        Parameters
        ----------
        input_ids, attention_mask
            (B, T).
        task
            Which head each row is for, (B,).
        targets
            1 where a label holds, (B, most labels of any task).
        weight
            What each row counts, (B,).
        """
        vectors = self.dropout(self.pooled(input_ids, attention_mask))
        total = vectors.new_zeros(())
        for number, (head, kind) in enumerate(zip(self._heads(), self.kinds, strict=True)):
            own = task == number
            if own.any():
                wanted = targets[own, : head.out_features]
                with torch.autocast(vectors.device.type, enabled=False):
                    logits = head(vectors[own])
                if kind == "softmax":
                    losses = -(F.log_softmax(logits, -1) * wanted).sum(-1)
                else:
                    losses = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none").sum(-1)
                total = total + (losses * weight[own]).sum()
        found = {"loss": total / len(task)}
        return found if self.training or len(self.kinds) > 1 else found | {"logits": logits}


def make_network(
    folder: Path,
    tasks: Sequence[Task],
    mode: Mode,
    *,
    rank: int = 32,
    frozen_layers: int = 0,
    adapter: Adapter | None = None,
) -> Network:
    """Load transformers' model from ``folder`` and make trainable what ``mode`` says.

    "head": the heads only; "lora": also adapters of ``rank`` on every linear layer (Hu et al. 2022); "full": every
    layer but the lowest ``frozen_layers``. The embeddings, half of a small encoder's weights, are never trained. With
    an ``adapter``, training starts from what it made of the encoder.
    """
    from transformers import AutoModel
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    # On a CPU, torch's fused attention is slow backward, a quarter of a step on sentences, and so are random numbers:
    # dropout is left to the heads.
    encoder: Any = AutoModel.from_pretrained(
        folder,
        local_files_only=True,
        trust_remote_code=False,
        use_safetensors=True,
        dtype=torch.float32,
        attn_implementation="eager",
        attention_probs_dropout_prob=0.0,
        hidden_dropout_prob=0.0,
    )
    encoder.pooler = None
    if adapter is not None:
        with torch.no_grad():
            for name, parameter in encoder.named_parameters():
                parameter.copy_(adapter.apply(name, parameter))
    hidden = encoder.config.hidden_size
    if mode == "full":
        encoder.embeddings.requires_grad_(False)
        for layer in encoder.encoder.layer[:frozen_layers]:
            layer.requires_grad_(False)
    else:
        encoder.requires_grad_(False)
    if mode == "lora":
        from peft import LoraConfig, get_peft_model

        config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", bias="none")
        with warnings.catch_warnings():  # peft asks for a property that transformers is about to rename
            warnings.simplefilter("ignore", FutureWarning)
            encoder = get_peft_model(encoder, config)
    return Network(encoder, hidden, tasks)


def pad_batch(rows: Sequence[dict[str, Any]], pad_id: int = 0) -> dict[str, Tensor]:
    """Return rows of `foreword_models.bert.training.tasks.rows` as one batch of tensors."""
    longest = max(len(row["input_ids"]) for row in rows)
    width = -(-longest // 4) * 4  # few different shapes: oneDNN compiles its products for each
    labels = max(len(row["targets"]) for row in rows)
    ids = torch.full((len(rows), width), pad_id)
    mask = torch.zeros((len(rows), width), dtype=torch.int64)
    targets = torch.zeros((len(rows), labels))
    for index, row in enumerate(rows):
        ids[index, : len(row["input_ids"])] = torch.tensor(row["input_ids"])
        mask[index, : len(row["input_ids"])] = 1
        targets[index, : len(row["targets"])] = torch.from_numpy(row["targets"])
    return {
        "input_ids": ids,
        "attention_mask": mask,
        "task": torch.tensor([row["task"] for row in rows]),
        "targets": targets,
        "weight": torch.tensor([row["weight"] for row in rows]),
    }

"""The training loop: transformers' Trainer, set for small encoders on few cores, resuming where it was stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset

from foreword_models.bert.calibration import Booleans, Floats
from foreword_models.bert.training.network import Network, pad_batch
from foreword_models.bert.training.steps import Steps, untold

Rows = Sequence[dict[str, Any]]
Criterion = Callable[[Floats, Booleans], float]


@dataclass(frozen=True)
class LoopOptions:
    """How to train.

    Attributes
    ----------
    max_steps
        Where to end whatever the epochs; -1: at their end.
    encoder_rate, head_rate
        Peak learning rates of what is in the encoder and of the heads; they rise over the first ``warmup`` of the
        steps and then fall to zero in a straight line.
    patience
        Stop when held-out rows, as ``criterion`` has it, have not got better for so many epochs; 0: never.
    save_steps
        Steps between two checkpoints.
    """

    epochs: int = 1
    max_steps: int = -1
    batch_size: int = 32
    encoder_rate: float = 1e-4
    head_rate: float = 1e-3
    warmup: float = 0.06
    weight_decay: float = 0.01
    patience: int = 0
    save_steps: int = 100
    seed: int = 0


class _Rows(Dataset[dict[str, Any]]):
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self._rows[index]


def fit(
    network: Network,
    train: Rows,
    held_out: Rows,
    folder: Path,
    options: LoopOptions,
    *,
    criterion: Criterion | None = None,
    step: Steps = untold,
) -> None:
    """Train the network in place.

    Parameters
    ----------
    train, held_out
        Rows of `foreword_models.bert.training.tasks.rows`; without held-out rows there is no early stopping.
    criterion
        From the logits of the held-out rows, of one task, and their targets to what is to be small. Without one it is
        their loss, which begins to rise when the network grows too sure, long before it knows less.
    folder
        Where checkpoints go; one that is there already is gone on from.
    step
        Told of each step that is done, and of how many there will be.
    """
    from transformers import EarlyStoppingCallback, PrinterCallback, Trainer, TrainerCallback, TrainingArguments
    from transformers.trainer_utils import get_last_checkpoint

    evaluated = options.patience > 0 and len(held_out) > 0
    arguments = TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=options.epochs,
        max_steps=options.max_steps,
        per_device_train_batch_size=options.batch_size,
        per_device_eval_batch_size=4 * options.batch_size,
        train_sampling_strategy="group_by_length",  # less padding: steps take half the time
        lr_scheduler_type="linear",
        warmup_steps=options.warmup,
        weight_decay=options.weight_decay,
        max_grad_norm=1.0,
        bf16=_takes_bfloat16(),
        use_cpu=training_device().type == "cpu",
        seed=options.seed,
        save_strategy="epoch" if evaluated else "steps",
        save_steps=options.save_steps,
        save_total_limit=2,
        eval_strategy="epoch" if evaluated else "no",
        load_best_model_at_end=evaluated,
        metric_for_best_model=("loss" if criterion is None else "criterion") if evaluated else None,
        greater_is_better=False if evaluated else None,
        logging_strategy="no",
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        label_names=["targets"],
        dataloader_pin_memory=False,
    )

    class Teller(TrainerCallback):  # type: ignore[misc, unused-ignore]
        def on_step_end(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
            step(state.global_step, state.max_steps)

    def measured(found: Any) -> dict[str, float]:
        assert criterion is not None
        return {"criterion": criterion(found.predictions.astype(float), found.label_ids.astype(bool))}

    trainable = [(name, p) for name, p in network.named_parameters() if p.requires_grad]

    def group(chosen: Callable[[str], bool], rate: float) -> list[dict[str, Any]]:
        # Biases and norms are not decayed, as usual.
        return [
            {
                "params": [p for name, p in trainable if chosen(name) and (p.ndim > 1) == matrices],
                "lr": rate,
                "weight_decay": options.weight_decay if matrices else 0.0,
            }
            for matrices in (True, False)
        ]

    groups = [
        *group(lambda name: name.startswith("heads."), options.head_rate),
        *group(lambda name: not name.startswith("heads."), options.encoder_rate),
    ]
    optimizer = torch.optim.AdamW([g for g in groups if g["params"]], fused=True)
    trainer = Trainer(
        model=network,
        args=arguments,
        train_dataset=_Rows(train),
        eval_dataset=_Rows(held_out) if evaluated else None,
        data_collator=pad_batch,
        compute_metrics=None if criterion is None else measured,
        optimizers=(optimizer, None),
        callbacks=[Teller(), *([EarlyStoppingCallback(options.patience)] if evaluated else [])],
    )
    trainer.remove_callback(PrinterCallback)  # standard output is the command's
    trainer.train(resume_from_checkpoint=get_last_checkpoint(str(folder)) if folder.is_dir() else None)


def training_device() -> torch.device:
    """Return the device that training runs on: a GPU when there is one."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def _takes_bfloat16() -> bool:
    """Whether products in bfloat16 are quicker here than in float32; training was as good with them."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    return (
        training_device().type == "cpu"
        and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
        and torch.cpu._is_avx512_bf16_supported()
    )

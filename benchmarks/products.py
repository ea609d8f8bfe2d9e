"""Which product is quickest: every matrix of a model times n rows, a line for each operator that torch has for it.

    python benchmarks/products.py --model smollm2-135m --rows 1,2,4,8,16,64,128,256

Each operator has its own copy of all the weights, and each pass multiplies by all of them, so that no cache holds what
comes next but by being large enough for a whole model. Operators take turns within each round, in a random order: the
speed of a shared machine drifts, and then drifts for all. A pass therefore begins with the weights of another operator
in the caches, as a step does after the writer's pause; --warm times the second of two passes in a row instead. Inputs
are float32: what an operator does to them first is part of its time. Biases are left out. All the copies are in memory
at once.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import torch
from rich.table import Table
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F  # noqa: N812  (the field's name for it)

from foreword.cli.console import table_console
from foreword.cli.progress import TerminalProgress
from foreword_models.gpt import machine, packing
from foreword_models.gpt.config import DecoderConfig
from foreword_models.gpt.linear import (
    GROUP,
    Linear,
    fbgemm,
    float_linear,
    int4_is_available,
    int4_linear,
    int8_is_available,
    int8_linear,
    lay_out_int4,
)
from foreword_models.gpt.quantization import dequantize, int8_codes
from foreword_models.gpt.weights import MATRICES
from foreword_models.zoo.locate import locate
from foreword_models.zoo.store import Store

INPUT_PEAK = 4.0  # what the fixed input scale has room for; inputs are normal, of variance 1


class Lacking(Exception):  # noqa: N818  (an operator is skipped, nothing went wrong)
    """What an operator needs is not in this build of torch, this processor or this model."""


@dataclass(frozen=True)
class Matrix:
    """One matrix of a model: (out, in), float32, and its 4-bit form where the model has one."""

    weight: Tensor
    four: tuple[Tensor, Tensor, Tensor] | None = None

    @cached_property
    def eight(self) -> tuple[Tensor, Tensor]:
        """Codes (out, in), int8, and scales (out,): made once for all operators that take them."""
        return int8_codes(self.weight)


@dataclass(frozen=True)
class Model:
    """All matrices that a step multiplies by."""

    layers: Sequence[Matrix]
    output: Matrix


@dataclass(frozen=True)
class Products:
    """A model's matrices made ready for one operator."""

    layers: Sequence[Linear]
    output: Linear


@dataclass(frozen=True)
class Operator:
    """How a matrix is made ready; `output` for the output layer, where that is another way."""

    name: str
    layers: Callable[[Matrix], Linear]
    output: Callable[[Matrix], Linear] | None = None

    def ready(self, model: Model) -> Products:
        """Lay out a copy of the model's matrices."""
        return Products([self.layers(matrix) for matrix in model.layers], (self.output or self.layers)(model.output))


def read_model(folder: Path) -> Model:
    """Read the matrices of a packed folder, and their 4-bit form where they have one."""
    config = DecoderConfig.read(folder / packing.CONFIG)
    tensors = load_file(folder / packing.WEIGHTS) | load_file(folder / packing.EMBEDDINGS)
    floats = dequantize(config, tensors)
    layers = []
    for name in (f"layers.{i}.{matrix}" for i in range(config.layers) for matrix in MATRICES):
        four = None
        if f"{name}.int4" in tensors:
            codes, scales, minima = (tensors[f"{name}.int4{part}"] for part in ("", "_scale", "_minimum"))
            four = codes, scales, minima
        layers.append(Matrix(floats[f"{name}.weight"].float(), four))
    return Model(layers, Matrix(floats["embed.weight" if config.tied else "head.weight"].float()))


def plain_bfloat16(matrix: Matrix) -> Linear:
    weight = matrix.weight.bfloat16()
    return lambda x: F.linear(x.bfloat16(), weight)


def onednn_bfloat16(matrix: Matrix) -> Linear:
    if not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        raise Lacking("this processor has no bfloat16 products in oneDNN")
    return float_linear(matrix.weight.bfloat16(), None)


def int8_weights(matrix: Matrix) -> Linear:
    codes, scales = matrix.eight
    scales = scales.bfloat16()
    return lambda x: torch._weight_int8pack_mm(x.bfloat16(), codes, scales)


def int4_weights(matrix: Matrix) -> Linear:
    if not int4_is_available():
        raise Lacking("this build of torch, or this processor, has no 4-bit products")
    return int4_linear(*lay_out_int4(*_four(matrix)))


def fbgemm_int8(matrix: Matrix) -> Linear:
    if not int8_is_available():
        raise Lacking("this build of torch has no fbgemm")
    with fbgemm():
        return int8_linear(*matrix.eight, None)


def onednn_int8(matrix: Matrix) -> Linear:
    if "onednn" not in torch.backends.quantized.supported_engines:
        raise Lacking("this build of torch has no quantized engine of oneDNN")
    with quantized_engine("onednn"):
        return int8_linear(*matrix.eight, None)


def fixed_scale_int8(matrix: Matrix) -> Linear:
    codes, scales = matrix.eight
    packed = torch.ops.onednn.qlinear_prepack(codes, None)
    zeros = torch.zeros(len(codes), dtype=torch.int32)
    product = torch.ops.onednn.qlinear_pointwise
    scale = INPUT_PEAK / 127

    def linear(x: Tensor) -> Tensor:
        bits = torch.quantize_per_tensor(x, scale, 128, torch.quint8).int_repr()
        result: Tensor = product(
            bits, scale, 128, packed, scales, zeros, None, 1.0, 0, torch.float32, "none", [], "none"
        )
        return result

    return linear


def int4_made_bfloat16(matrix: Matrix) -> Linear:
    """Multiply by a bfloat16 matrix that is made of the 4-bit values at each call, and dropped."""
    codes, scales, minima = _four(matrix)
    step, low = scales.bfloat16().unsqueeze(-1), minima.bfloat16().unsqueeze(-1)

    def linear(x: Tensor) -> Tensor:
        spread = torch.stack([codes & 15, codes >> 4], -1).view(*scales.shape, GROUP).bfloat16()
        return F.linear(x.bfloat16(), spread.mul_(step).add_(low).flatten(1))

    return linear


def int8_made_bfloat16(matrix: Matrix) -> Linear:
    """Multiply by a bfloat16 matrix that is made of the 8-bit values at each call, and dropped."""
    codes, scales = matrix.eight
    column = scales.bfloat16().unsqueeze(1)
    return lambda x: F.linear(x.bfloat16(), codes.bfloat16().mul_(column))


OPERATORS = (
    Operator("float32, F.linear", lambda matrix: float_linear(matrix.weight, None)),
    Operator("bfloat16, F.linear", plain_bfloat16),
    Operator("bfloat16, laid out for oneDNN", onednn_bfloat16),
    Operator("int8 weights, _weight_int8pack_mm", int8_weights),
    # A model's output layer is not 4-bit: as in the decoder, it is 8-bit.
    Operator("int4 weights, _weight_int4pack_mm_for_cpu", int4_weights, fbgemm_int8),
    Operator("int4 made bfloat16 at each call, F.linear", int4_made_bfloat16, fbgemm_int8),
    Operator("int8 made bfloat16 at each call, F.linear", int8_made_bfloat16),
    Operator("int8 x int8, linear_dynamic, fbgemm", fbgemm_int8),
    Operator("int8 x int8, linear_dynamic, oneDNN", onednn_int8),
    Operator("int8 x int8, qlinear_pointwise, fixed scale", fixed_scale_int8),
)


def _four(matrix: Matrix) -> tuple[Tensor, Tensor, Tensor]:
    if matrix.four is None:
        raise Lacking("the model is not a 4-bit one")
    return matrix.four


@contextmanager
def quantized_engine(name: str) -> Iterator[None]:
    before = torch.backends.quantized.engine
    torch.backends.quantized.engine = name
    try:
        yield
    finally:
        torch.backends.quantized.engine = before


def ready(model: Model, operators: Sequence[Operator] = OPERATORS) -> tuple[dict[str, Products], dict[str, str]]:
    """Return the operators that run here, and of the others why they do not."""
    made: dict[str, Products] = {}
    skipped: dict[str, str] = {}
    for operator in operators:
        try:
            products = operator.ready(model)
            one_pass(products, inputs(model, 1))
        except (Lacking, AttributeError, RuntimeError) as error:  # torch's own, where it has no such operator
            skipped[operator.name] = str(error).partition("\n")[0]
        else:
            made[operator.name] = products
    return made, skipped


@dataclass(frozen=True)
class Inputs:
    """What is multiplied: (n, in), float32, one for each matrix; matrices of the same width share it."""

    layers: Sequence[Tensor]
    output: Tensor


def inputs(model: Model, rows: int) -> Inputs:
    generator = torch.Generator().manual_seed(rows)
    widths = {matrix.weight.shape[1] for matrix in (*model.layers, model.output)}
    made = {width: torch.randn(rows, width, generator=generator) for width in sorted(widths)}
    return Inputs([made[matrix.weight.shape[1]] for matrix in model.layers], made[model.output.weight.shape[1]])


@torch.inference_mode()
def one_pass(products: Products, given: Inputs) -> tuple[float, float]:
    """Multiply by every matrix once; returns milliseconds for the layers and for the output layer."""
    started = time.perf_counter()
    for linear, x in zip(products.layers, given.layers, strict=True):
        linear(x)
    middle = time.perf_counter()
    products.output(given.output)
    return 1000 * (middle - started), 1000 * (time.perf_counter() - middle)


def measure(
    operators: Mapping[str, Products],
    given: Mapping[int, Inputs],
    rounds: int,
    *,
    warm: bool,
    progress: Callable[[int], None] = lambda _: None,
) -> dict[str, dict[int, list[tuple[float, float]]]]:
    """Time each operator at each number of rows once a round; a first round, not counted, compiles and allocates."""
    times: dict[str, dict[int, list[tuple[float, float]]]] = {name: {rows: [] for rows in given} for name in operators}
    random = Random(0)
    for done in range(rounds + 1):
        for rows, x in given.items():
            for name in random.sample(list(operators), len(operators)):
                if warm:
                    one_pass(operators[name], x)
                timed = one_pass(operators[name], x)
                if done:
                    times[name][rows].append(timed)
        progress(done + 1)
    return times


def report(times: Mapping[str, Mapping[int, Sequence[tuple[float, float]]]]) -> list[dict[str, Any]]:
    """Return the medians, in milliseconds, a list over the numbers of rows for each operator."""
    return [
        {
            "name": name,
            "milliseconds": [round(median(map(sum, pairs)), 3) for pairs in by_rows.values()],
            "output_layer_milliseconds": [round(median(pair[1] for pair in pairs), 3) for pairs in by_rows.values()],
        }
        for name, by_rows in times.items()
    ]


def print_tables(result: dict[str, Any]) -> None:
    console = table_console()
    console.print(
        f"{result['model']} on {result['processor']}: {result['cores']} cores, {result['threads']} threads, torch "
        f"{result['torch']}\nmedians of {result['rounds']} interleaved rounds, {'warm' if result['warm'] else 'cold'} "
        "caches; * is the quickest",
        highlight=False,
        markup=False,
    )
    for title, key in (
        (f"All {result['matrices']} products of n rows, milliseconds", "milliseconds"),
        ("Of that, the output layer", "output_layer_milliseconds"),
    ):
        table = Table(title=title)
        table.add_column("weights, operator", no_wrap=True)
        for rows in result["rows"]:
            table.add_column(str(rows), justify="right", no_wrap=True)
        least = [min(column) for column in zip(*(line[key] for line in result["operators"]), strict=True)]
        for line in result["operators"]:
            cells = [
                f"{value:.1f}{'*' if value == best else ' '}" for value, best in zip(line[key], least, strict=True)
            ]
            table.add_row(line["name"], *cells)
        console.print(table)
    for name, reason in result["skipped"].items():
        console.print(f"Skipped: {name}: {reason}", highlight=False, markup=False, soft_wrap=True)


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def row_counts(text: str) -> list[int]:
    return list(dict.fromkeys(map(positive, text.split(","))))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2-135m", help="a pack's name or a path (default: %(default)s)")
    parser.add_argument(
        "--rows", type=row_counts, default="1,2,4,8,16,64,128,256", help="tokens of a step (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=positive, default=9, help="of which the medians are (default: %(default)s)")
    parser.add_argument("--threads", type=positive, default=machine.most_threads(), help="default: %(default)s")
    parser.add_argument("--warm", action="store_true", help="time the second of two passes in a row")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    steps = TerminalProgress("steps")
    load = machine.load_per_core()
    if load is not None and load > machine.BUSY:
        steps.say(f"This machine is busy (load {load:.1f} a core): what is timed now means little.")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "torch.quantize_per_tensor", UserWarning)
        model = read_model(locate(options.model, "decoder", Store.default()))
        steps.start("Laying out weights", 0)
        operators, skipped = ready(model)
        steps.finish()
        if not operators:
            sys.exit("No operator runs here: " + "; ".join(f"{name}: {why}" for name, why in skipped.items()))
        given = {rows: inputs(model, rows) for rows in options.rows}
        steps.start("Timing, rounds", options.rounds + 1)
        times = measure(operators, given, options.rounds, warm=options.warm, progress=steps.update)
        steps.finish()
    result = {
        "model": options.model,
        "processor": machine.processor_name(),
        "cores": machine.usable_cores(),
        "threads": options.threads,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "matrices": len(model.layers) + 1,
        "rounds": options.rounds,
        "warm": options.warm,
        "rows": options.rows,
        "operators": report(times),
        "skipped": skipped,
    }
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        print_tables(result)


if __name__ == "__main__":
    main()

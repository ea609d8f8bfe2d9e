"""The scripts of benchmarks/: what they compute themselves, and a run of each with a tiny model."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional as F  # noqa: N812  (the field's name for it)

from foreword import typing_replay
from foreword.typing_client import ServerClient
from foreword_models.errors import BenchmarkError
from foreword_models.gpt import packing
from foreword_models.gpt.config import PRECISIONS, Precision
from foreword_models.gpt.quantization import int4_codes
from tests.unit.gpt.test_quantization import four_bit_matrix
from tests.unit.gpt.tiny import WIDE, save_model

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
TYPING_SERVER = (sys.executable, str(Path(__file__).with_name("typing_server.py")))
CPU = torch.device("cpu")
LAYERS = 2


@pytest.fixture(scope="module")
def script() -> Iterator[Callable[[str], ModuleType]]:
    """Return a function that imports a script by its name."""
    with pytest.MonkeyPatch.context() as patch:

        def load(name: str) -> ModuleType:
            spec = importlib.util.spec_from_file_location(f"benchmarks_{name}", BENCHMARKS / f"{name}.py")
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            patch.setitem(sys.modules, spec.name, module)  # dataclasses look their module up
            spec.loader.exec_module(module)
            return module

        yield load


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A 4-bit model with room for 400 tokens."""
    root = tmp_path_factory.mktemp("benchmarks")
    save_model(root, WIDE, context=400)
    tensors = load_file(root / "model.safetensors")
    for index, (name, tensor) in enumerate(sorted(tensors.items())):
        if name.endswith("proj.weight"):
            tensors[name] = four_bit_matrix(index, *tensor.shape)
    save_file(tensors, root / "model.safetensors", {"format": "pt"})
    (root / "packed").mkdir()
    packing.pack(root, root / "packed")
    return root / "packed"


def possible(folder: Path, precision: Precision) -> Precision:
    if precision not in packing.precisions(folder, CPU):
        pytest.skip(f"{precision} does not run here")
    return precision


# ---- products ---------------------------------------------------------------------------------------------------


def test_every_operator_multiplies_by_the_same_matrix(script: Callable[[str], ModuleType]) -> None:
    products = script("products")
    weight = four_bit_matrix(0, 96, 64)
    x = torch.randn(5, 64, generator=torch.Generator().manual_seed(0))
    want = F.linear(x, weight)
    compared = 0
    for operator in products.OPERATORS:
        try:
            got = operator.layers(products.Matrix(weight, int4_codes(weight)))(x).float()
        except (products.Lacking, AttributeError, RuntimeError):  # as the script skips it
            continue
        compared += 1
        assert float((got - want).norm() / want.norm()) < 0.03, operator.name
    assert compared >= 2  # plain float32 and bfloat16 run everywhere


def test_products_of_a_model_without_4_bits_skip_those_operators(script: Callable[[str], ModuleType]) -> None:
    products = script("products")
    matrix = products.Matrix(torch.randn(64, 64))
    made, skipped = products.ready(products.Model([matrix], matrix))
    assert not [name for name in made if name.startswith("int4")]
    assert len([name for name, reason in skipped.items() if name.startswith("int4") and reason]) == 2


def test_products_prints_a_time_for_each_operator_and_number_of_rows(
    script: Callable[[str], ModuleType], packed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    products = script("products")
    arguments = ["--model", str(packed), "--rows", "1,3", "--rounds", "2", "--threads", "1"]
    products.main([*arguments, "--json"])
    result = json.loads(capsys.readouterr().out)
    assert result["matrices"] == 4 * LAYERS + 1
    assert len(result["operators"]) + len(result["skipped"]) == len(products.OPERATORS)
    for line in result["operators"]:
        both = list(zip(line["milliseconds"], line["output_layer_milliseconds"], strict=True))
        assert len(both) == 2
        assert all(whole >= part >= 0 for whole, part in both)
    products.main([*arguments, "--warm"])
    printed = capsys.readouterr().out
    assert "warm caches" in printed
    assert all(line["name"] in printed for line in result["operators"])


@pytest.mark.parametrize("rows", ["0", "1,-2", "1,,2", "many"])
def test_products_refuses_odd_numbers_of_rows(script: Callable[[str], ModuleType], rows: str) -> None:
    with pytest.raises(SystemExit) as ended:
        script("products").main(["--rows", rows])
    assert ended.value.code == 2


# ---- step_profile -----------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Event:
    """An operator or a range as torch's profiler lists it; times in microseconds."""

    name: str
    cpu_parent: Event | None
    self_cpu_time_total: float
    cpu_time_total: float = 0.0


@pytest.mark.parametrize(
    ("name", "above", "group"),
    [
        ("quantized::linear_dynamic", ["step"], "layers"),
        ("quantized::linear_dynamic", ["output layer", "step"], "output layer"),
        ("aten::mm", ["aten::matmul", "aten::linear", "output layer", "step"], "output layer"),
        ("aten::to", ["output layer", "step"], "everything else"),
        ("aten::empty", ["aten::scaled_dot_product_attention", "step"], "attention"),
        ("aten::mul", ["step"], "everything else"),
    ],
)
def test_groups_of_operators(script: Callable[[str], ModuleType], name: str, above: list[str], group: str) -> None:
    assert script("step_profile").group(name, above) == group


def test_a_steps_time_is_divided_among_groups(script: Callable[[str], ModuleType]) -> None:
    step_profile = script("step_profile")
    step = Event("step", None, 1000, 10000)
    output = Event("output layer", step, 500, 3500)
    linear = Event("aten::linear", step, 100)
    attention = Event("aten::scaled_dot_product_attention", step, 200)
    events = [
        Event("aten::empty", None, 7000, 7000),  # between two steps
        step,
        linear,
        Event("aten::mm", linear, 3900),
        attention,
        Event("aten::baddbmm", attention, 800),
        Event("aten::mul", step, 500),
        output,
        Event("aten::linear", output, 3000),
    ]
    (profile,) = step_profile.grouped(events)
    assert profile.milliseconds == 10
    assert profile.groups == {"layers": 4.0, "output layer": 3.0, "attention": 1.0, "everything else": 0.5}
    assert profile.calls == {"layers": 1, "output layer": 1, "attention": 1, "everything else": 1}
    assert profile.outside == pytest.approx(1.5)


def test_a_product_that_nobody_knows_is_an_error(script: Callable[[str], ModuleType]) -> None:
    step = Event("step", None, 1000, 10000)
    with pytest.raises(BenchmarkError, match="PRODUCTS"):
        script("step_profile").grouped([step, Event("another::product", step, 9000)])


@pytest.mark.parametrize("precision", PRECISIONS)
def test_step_profile_finds_every_product_and_attention(
    script: Callable[[str], ModuleType], packed: Path, capsys: pytest.CaptureFixture[str], precision: Precision
) -> None:
    step_profile = script("step_profile")
    arguments = ["--model", str(packed), "--precision", possible(packed, precision)]
    arguments += ["--rounds", "1", "--steps", "1", "--threads", "1"]
    step_profile.main([*arguments, "--json"])
    result = json.loads(capsys.readouterr().out)
    assert result["precision"] == precision
    assert [row["step"] for row in result["rows"]] == [
        kind.name
        for kind in step_profile.KINDS
        if kind.cached == 256  # 1,024 tokens are more than its context
    ]
    for row in result["rows"]:
        groups = row["groups"]
        assert (groups["layers"]["calls"], groups["output layer"]["calls"]) == (4 * LAYERS, 1)
        assert groups["attention"]["calls"] == LAYERS
        parts = sum(group["milliseconds"] for group in groups.values()) + row["outside_milliseconds"]
        assert parts == pytest.approx(row["profiled_milliseconds"], abs=0.01)
        assert 0 < row["outside_share"] < 1


def test_step_profile_prints_a_table(
    script: Callable[[str], ModuleType], packed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--model", str(packed), "--precision", "float32", "--rounds", "1", "--steps", "1", "--threads", "1"]
    script("step_profile").main(arguments)
    assert "16 branches at 256" in capsys.readouterr().out


def test_step_profile_says_so_where_a_model_is_too_short(script: Callable[[str], ModuleType], tmp_path: Path) -> None:
    save_model(tmp_path, WIDE)
    (tmp_path / "packed").mkdir()
    packing.pack(tmp_path, tmp_path / "packed")
    with pytest.raises(BenchmarkError, match="too short"):
        script("step_profile").main(["--model", str(tmp_path / "packed"), "--threads", "1"])


# ---- memory -----------------------------------------------------------------------------------------------------


def test_python_alone_is_alone(script: Callable[[str], ModuleType], tmp_path: Path) -> None:
    memory = script("memory")
    alone = memory.run_child("python", tmp_path, "int8", 1)
    assert 0 < alone["rss"] < 100e6  # torch would be more
    with pytest.raises(BenchmarkError, match="ended early"):
        memory.run_child("nonsense", tmp_path, "int8", 1)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_parts_of_a_start_are_timed_at_every_precision(
    script: Callable[[str], ModuleType], packed: Path, precision: Precision
) -> None:
    parts = script("memory").start_parts(packed, possible(packed, precision), 1)
    assert {"map the files", "page them in", "arena and rotations", "tokenizer"} < set(parts)
    assert ("map 4 bits" in parts) == ("int4" in precision)
    assert ("lay out floats" in parts) == ("float" in precision)
    assert min(parts.values()) >= 0


@pytest.mark.parametrize(
    ("name", "read_by"),
    [
        ("layers.0.up.int8", {"int4+int8", "int8"}),
        ("layers.0.up.int4_scale", {"bfloat16", "float32"}),
        ("layers.0.norm1.weight", set(PRECISIONS)),
        ("head.int8", {"int4+int8", "int8", "int4"}),
        ("embed.weight", {"bfloat16", "float32"}),
    ],
)
def test_which_tensors_are_read(script: Callable[[str], ModuleType], name: str, read_by: set[Precision]) -> None:
    memory = script("memory")
    assert {precision for precision in PRECISIONS if memory.is_read(name, precision)} == read_by


def test_memory_prints_every_stage_and_part(
    script: Callable[[str], ModuleType], packed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    memory = script("memory")
    asked: list[str] = []

    def in_this_process(task: str, folder: Path, precision: Precision, threads: int) -> dict[str, Any]:
        asked.append(task)
        found: dict[str, Any] = memory.work(task, folder, precision, threads)
        return found

    arguments = ["--model", str(packed), "--rounds", "2", "--threads", "1"]
    arguments += ["--precision", "bfloat16", "--precision", "float32"]
    memory.main([*arguments, "--json"], in_this_process)
    result = json.loads(capsys.readouterr().out)
    with_model = ["weights", "loaded", "cached"]
    assert [row["stage"] for row in result["memory"]] == ["python", "torch", "modules", *with_model, *with_model]
    assert asked[9:] == ["whole", "parts"] * 4
    assert result["memory"][-1]["cached_tokens"] == 400
    assert result["memory"][-1]["kv_bytes"] == LAYERS * 2 * 2 * 32 * 4 * 400
    resident = [row["rss"] for row in result["memory"]]
    assert result["memory"][-1]["added"] == resident[-1] - resident[-2]
    assert result["memory"][6]["added"] == resident[6] - resident[2]  # not to the precision before it
    memory.main(arguments, in_this_process)
    printed = capsys.readouterr().out
    assert "tokens cached, float32" in printed
    assert "open_model" in printed


# ---- register_bits ----------------------------------------------------------------------------------------------


def test_register_bits_prints_a_row_for_each_bin_of_context(
    script: Callable[[str], ModuleType],
    packed: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("We talk about the \u00e9cole. " * 4 + "\nthere\n", encoding="utf-8")
    arguments = ["register_bits", str(texts), "--model", str(packed), "--register", "chat"]
    monkeypatch.setattr(sys, "argv", [*arguments, "--json"])
    script("register_bits").main()
    rows = json.loads(capsys.readouterr().out)
    assert [row["context_words"] for row in rows] == ["0+", "10+", "all"]
    assert rows[-1]["characters"] == rows[0]["characters"] + rows[1]["characters"] > 50
    assert rows[-1]["preamble"] == rows[-1]["learned"]  # nothing is learned for this model
    monkeypatch.setattr(sys, "argv", arguments)
    script("register_bits").main()
    assert "Bits per character" in capsys.readouterr().out


# ---- silence ----------------------------------------------------------------------------------------------------


def test_silence_searches_once_and_holds_back_more_and_more(
    script: Callable[[str], ModuleType],
    packed: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("We should talk\nthere\n", encoding="utf-8")
    arguments = ["silence", str(texts), "--model", str(packed), "--minimum-saving", "0", "0.02", "5"]
    monkeypatch.setattr(sys, "argv", [*arguments, "--json"])
    script("silence").main()
    rows = json.loads(capsys.readouterr().out)
    assert list(rows) == ["0", "0.02", "5"]
    offered = [row["words_offered"] for row in rows.values()]
    assert offered == sorted(offered, reverse=True)
    assert rows["5"]["empty_lists"] == 100
    assert all(row["keystroke_savings"]["5"] >= 0 for row in rows.values())
    monkeypatch.setattr(sys, "argv", arguments)
    script("silence").main()
    assert "Keys saved in percent" in capsys.readouterr().out


# ---- documents --------------------------------------------------------------------------------------------------


def test_documents_are_long_and_alike(script: Callable[[str], ModuleType]) -> None:
    documents = script("documents")
    text = documents.long_text(100, 50)
    assert [len(line) for line in text.splitlines(keepends=True)] == [50] * 100
    assert documents.long_markdown(500).count("\n") == 499
    assert documents.long_markdown(500) == documents.long_markdown(500)


def test_documents_are_edited_and_looked_up(script: Callable[[str], ModuleType]) -> None:
    documents = script("documents")
    table = documents.edits_table(20)
    names = list(table.columns[0].cells)
    theirs = list(table.columns[4].cells)
    assert names[0] == "a letter is typed"
    assert all(float(cell) > 0 for cell in table.columns[1].cells)
    assert theirs[-1] == "" != theirs[0]


def test_documents_are_typed_into_by_turns(
    script: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = script("documents")
    monkeypatch.setattr(documents, "PACE", (1, 2))
    monkeypatch.setattr(documents, "PAUSE", 0.0)
    monkeypatch.setattr(typing_replay, "_PAUSE", 0.0)
    with ServerClient([*TYPING_SERVER, "prompt"]) as client:
        client.initialize()
        found = documents.typing(client, 60, 200)
        texts = {}
        for name in ("long", "empty"):
            identity, request = client.request(
                "textDocument/completion", {"textDocument": {"uri": f"untitled:{name}.md"}}
            )
            client.send(request)
            texts[name] = client.result(identity).result["items"][0]["label"]
    assert {name: len(presses) for name, presses in found.items()} == {"long": 59, "empty": 59, "first": 1}
    assert len(texts["empty"]) == 60
    before, _, after = texts["long"].partition(texts["empty"])
    assert before.endswith("\n\n")
    assert after.startswith("\n\n")
    assert list(documents.typing_table(found, 200).columns[1].cells)[:3] == ["59", "59", "1"]


# ---- server -----------------------------------------------------------------------------------------------------


@pytest.fixture
def server_script(script: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    module = script("server")
    monkeypatch.setattr(module, "PACE", (1, 2))
    monkeypatch.setattr(typing_replay, "_PAUSE", 0.0)
    for constant in ("_IDLE_AFTER", "_IDLE_WATCHED"):
        monkeypatch.setattr(typing_replay, constant, 0.01)
    return module


def test_server_measures_each_row(server_script: ModuleType) -> None:
    with server_script.CountingClient([*TYPING_SERVER, "prompt"]) as client:
        client.initialize()
        rows = [*server_script.while_reading(client, 40), *server_script.many_documents(client, 20)]
        rows += server_script.at_rest(client)
    values = {row.name: row.value for row in rows}
    assert len(values) == 9
    assert all(value is not None for value in values.values())
    assert values["the ratio of these, p95"] > 0
    table = server_script.table(rows)
    assert list(table.columns[0].cells) == list(values)
    assert any("met" in cell for cell in table.columns[2].cells)


def test_server_counts_the_answers_of_each_request(server_script: ModuleType) -> None:
    # This one answers a request at once, and again when it is cancelled.
    with server_script.CountingClient([*TYPING_SERVER, "prompt"]) as client:
        client.initialize()
        wrong, _ = server_script.flood(client)
    assert wrong.value == server_script.MESSAGES // 3
    assert wrong.met is False


class TestPlots:
    def test_figures_that_are_renewed_keep_their_command(
        self, script: Callable[[str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pytest.importorskip("matplotlib", reason="matplotlib is not installed (extra train)")
        plots = script("plots")
        for name in ("typing", "savings"):
            (tmp_path / f"{name}.json").write_bytes((BENCHMARKS / "figures" / f"{name}.json").read_bytes())
        monkeypatch.setattr(plots, "FIGURES", tmp_path)
        before = plots.read(tmp_path / "savings.json")
        words = {"keystroke_savings": {"1": 40.0}, "confidence": {"1": [39.0, 41.0]}, "phrases": 9}
        (tmp_path / "words.json").write_text(json.dumps(words))
        assert plots.main(["--savings", "another way", str(tmp_path / "words.json"), "--output", str(tmp_path)]) == 0
        after = plots.read(tmp_path / "savings.json")
        assert after["command"] == before["command"]
        assert after["results"]["another way"] == {"keystroke_savings": {"1": 40.0}, "confidence": {"1": [39.0, 41.0]}}
        assert "another way" in (tmp_path / "savings.svg").read_text()

    def test_pictures_are_for_light_and_dark_pages(self, script: Callable[[str], ModuleType], tmp_path: Path) -> None:
        pytest.importorskip("matplotlib", reason="matplotlib is not installed (extra train)")
        script("plots").main(["--output", str(tmp_path)])
        for name, label in (("typing", "llama.cpp"), ("savings", "words shown")):
            picture = (tmp_path / f"{name}.svg").read_text()
            assert label in picture
            assert "prefers-color-scheme: dark" in picture

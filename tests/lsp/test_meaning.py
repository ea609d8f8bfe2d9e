"""Slips and words by meaning, with the models that users have: marked and mended, told in a hover and beside a word."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lsp.client import Client, at, range_of

pytestmark = pytest.mark.model

SUPPORT: Any = {"codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}}}


@pytest.fixture(scope="module")
def client(
    pack: Callable[[str], Path], model_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    pytest.importorskip("onnxruntime")
    for name in ("minilm-l6", "glove-50d", "grammar-tagger"):
        pack(name)
    config = tmp_path_factory.mktemp("user") / "config.toml"
    config.touch()
    client = Client({**os.environ, "FOREWORD_CONFIG": str(config)})
    diagnostics = {"delayMilliseconds": 50, "classifiers": {"grammar": {"enabled": True, "severity": "warning"}}}
    client.initialize({"model": {"decoder": str(model_folder)}, "diagnostics": diagnostics}, {"textDocument": SUPPORT})
    yield client
    client.dispose()


def test_a_slip_is_marked_and_mended(client: Client) -> None:
    uri = client.open("It rains. He is taller then me.")

    def marked() -> Any:
        published = [each for each in client.params("textDocument/publishDiagnostics") if each["uri"] == uri]
        return [mark for mark in published[-1]["diagnostics"] if "grammar" in mark["code"]] if published else []

    (mark,) = client.wait(marked)
    assert mark["code"] == "grammar/confusion"
    assert mark["range"] == range_of((0, 23), (0, 27))
    assert mark["severity"] == 2
    params = {"textDocument": {"uri": uri}, "range": mark["range"], "context": {"diagnostics": [mark]}}
    mend, *others = client.call("textDocument/codeAction", params)
    assert mend["title"] == "Write “than”"
    assert mend["isPreferred"]
    assert mend["edit"]["changes"][uri] == [{"range": mark["range"], "newText": "than"}]
    assert "Do not mark “confusion” in this document" in [action["title"] for action in others]


def test_a_hover_tells_the_nearest_words_once_the_vectors_are_loaded(client: Client) -> None:
    uri = client.open("The weather was wonderful today.")

    def nearest() -> list[str]:
        hover = client.call("textDocument/hover", at(uri, 0, 18))
        lines = hover["contents"]["value"].splitlines() if hover else []
        return [line for line in lines if line.startswith("Near wonderful: ")]

    (line,) = client.wait(nearest)
    assert len(line.split(", ")) == 5

"""Servers to talk to: with tiny random models that load at once, or with an import of torch that never ends."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lsp.client import Client

ENCODINGS = ("utf-8", "utf-16", "utf-32")

Start = Callable[..., Client]


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny decoder with room for a document, and sure enough of its words to show phrases."""
    from tests.unit.gpt.tiny import save_model

    folder = tmp_path_factory.mktemp("decoder")
    with contextlib.redirect_stderr(io.StringIO()):
        model: Any = save_model(folder, "llama")
        model.model.norm.weight.data *= 2
        model.save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 2048}), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A user without settings, whose model packs are a tiny random encoder and no decoder."""
    from foreword_models.zoo import convert, files, manifest
    from foreword_models.zoo.registry import pack
    from foreword_models.zoo.store import Store
    from tests.unit.bert.tiny import save

    root = tmp_path_factory.mktemp("user")
    (root / "config.toml").touch()
    encoder = pack("minilm-l6")
    folder = Store(root).folder(encoder)
    with contextlib.redirect_stderr(io.StringIO()):
        save(folder, hidden_size=384, num_hidden_layers=6, intermediate_size=1536)  # as the shipped adapter wants it
    records = {}
    for name in convert.CONVERTERS["encoder"].files:
        status = (folder / name).stat()
        records[name] = manifest.FileRecord(status.st_size, status.st_mtime_ns, files.sha256(folder / name))
    for path in folder.iterdir():
        if path.name not in records:
            path.unlink()
    written = manifest.Manifest(
        manifest.VERSION,
        encoder.name,
        encoder.kind,
        encoder.version,
        convert.CONVERTERS["encoder"].format,
        encoder.wheels_sha256,
        encoder.source,
        encoder.licence,
        records,
    )
    (folder / manifest.NAME).write_bytes(manifest.dump(written))
    return {
        "FOREWORD_CACHE": str(root),
        "FOREWORD_CONFIG": str(root / "config.toml"),
        "PIP_NO_INDEX": "1",  # nothing is fetched, whatever goes wrong
    }


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Start]:
    """Return a function that starts a server; variables may be added to its environment."""
    clients: list[Client] = []

    def begin(**added: str) -> Client:
        clients.append(Client(environment | added))
        return clients[-1]

    yield begin
    for client in clients:
        client.dispose()


@pytest.fixture(scope="session")
def no_torch(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables with which an import of torch outlasts any test, so that a model is loading as long as wished."""
    folder = tmp_path_factory.mktemp("no-torch")
    (folder / "torch.py").write_text("import time\ntime.sleep(600)\n", encoding="utf-8")
    return {"PYTHONPATH": first_on_path(folder)}


@pytest.fixture(scope="session")
def loading(environment: dict[str, str], no_torch: dict[str, str], options: dict[str, Any]) -> Iterator[Client]:
    """A server, shared by all tests, whose models never come."""
    client = Client(environment | no_torch)
    client.initialize(options)
    yield client
    client.dispose()


@pytest.fixture(scope="session")
def options(model_folder: Path) -> dict[str, Any]:
    """Settings that show all that the tiny models say, soon."""
    sentiment = {"labels": ["negative", "neutral", "positive"], "minimumProbability": 0, "severity": "hint"}
    return {
        "model": {"decoder": str(model_folder)},
        "completion": {"maxItems": 10, "minimumProbability": 0, "minimumSaving": 0},
        "diagnostics": {
            "delayMilliseconds": 50,
            "classifiers": {"sentiment": sentiment, "offensive": {"enabled": False}},
        },
    }


@pytest.fixture(scope="session")
def servers(environment: dict[str, str], options: dict[str, Any]) -> Iterator[Callable[[str], Client]]:
    """Return a function from a position encoding to a server with models, shared by all tests: each opens documents."""
    clients: dict[str, Client] = {}

    def of(encoding: str) -> Client:
        if encoding not in clients:
            clients[encoding] = Client(environment)
            clients[encoding].initialize(options, {"general": {"positionEncodings": [encoding]}})
        return clients[encoding]

    yield of
    for client in clients.values():
        client.dispose()


@pytest.fixture
def server(servers: Callable[[str], Client]) -> Client:
    """The shared server that counts in UTF-16."""
    return servers("utf-16")


def first_on_path(folder: Path) -> str:
    """A PYTHONPATH on which the modules of a folder come before all others."""
    return os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])

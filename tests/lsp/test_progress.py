"""``$/progress`` while a model loads: shown by clients that can, unheard of by others."""

from __future__ import annotations

from typing import Any

from tests.lsp.client import Client
from tests.lsp.conftest import Start


def reports(client: Client) -> list[Any]:
    return [(params["token"], params["value"]["kind"]) for params in client.params("$/progress")]


def test_each_load_begins_and_ends(start: Start, options: dict[str, Any]) -> None:
    client = start()
    client.initialize(options, {"window": {"workDoneProgress": True}})
    uri = client.open("It rains. We should sche")
    assert client.items(uri, 0, 24)
    client.wait(lambda: len(reports(client)) == 4)
    tokens = [params["token"] for params in client.params("window/workDoneProgress/create")]
    assert len(set(tokens)) == 2
    assert reports(client) == [(token, kind) for token in tokens for kind in ("begin", "end")]
    values = [params["value"] for params in client.params("$/progress")]
    assert values[0]["title"] == "Foreword"
    assert values[0]["message"] == f"Loading {options['model']['decoder']}"
    assert values[2]["message"] == "Loading minilm-l6"
    assert client.shut_down() == 0


def test_a_client_that_refuses_a_token_hears_no_more_of_it(
    start: Start, no_torch: dict[str, str], options: Any
) -> None:
    client = start(**no_torch)

    def refuse(_params: Any) -> Any:
        raise RuntimeError

    client.handlers["window/workDoneProgress/create"] = refuse  # leaves it without an answer
    client.initialize(options, {"window": {"workDoneProgress": True}})
    client.open("We should sche")
    client.complete(client.open("let x =", "rust"), 0, 3)
    assert client.shut_down() == 0
    assert client.params("$/progress") == []


def test_a_client_that_cannot_show_it_is_sent_none(server: Client) -> None:
    assert server.items(server.open("We should sche"), 0, 14)
    assert server.params("window/workDoneProgress/create") == []
    assert server.params("$/progress") == []

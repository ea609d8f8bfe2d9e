"""``textDocument/diagnostic`` and ``workspace/diagnostic``: marks for clients that ask, which are pushed none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.lsp.client import Client, Refused, range_of, replaced

PULLS: dict[str, Any] = {"textDocument": {"diagnostic": {}}}
SERVER_CANCELLED, CANCELLED = -32802, -32800


@pytest.fixture(scope="module")
def client(environment: dict[str, str], options: dict[str, Any]) -> Iterator[Client]:
    """A client that cannot be asked to pull again."""
    client = Client(environment)
    result = client.initialize(options, PULLS)
    assert result["capabilities"]["diagnosticProvider"] == {
        "identifier": "foreword",
        "interFileDependencies": False,
        "workspaceDiagnostics": True,
    }
    yield client
    assert client.shut_down() == 0
    assert client.params("textDocument/publishDiagnostics") == []
    client.dispose()


def pull(client: Client, uri: str, before: str | None = None) -> Any:
    params: dict[str, Any] = {"textDocument": {"uri": uri}}
    return client.call("textDocument/diagnostic", params | ({"previousResultId": before} if before else {}))


def test_a_pull_has_all_marks_and_again_none_if_nothing_has_changed(client: Client) -> None:
    uri = client.open("It rains. It pours")
    report = pull(client, uri)
    assert report["kind"] == "full"
    (mark,) = report["items"]
    assert mark["range"] == range_of((0, 0), (0, 9))
    assert mark["source"] == "foreword"
    assert pull(client, uri, report["resultId"]) == {"kind": "unchanged", "resultId": report["resultId"]}
    client.change(uri, replaced((0, 18), (0, 18), "."))
    later = pull(client, uri, report["resultId"])
    assert [mark["range"] for mark in later["items"]] == [range_of((0, 0), (0, 9)), range_of((0, 10), (0, 19))]
    assert later["resultId"] != report["resultId"]
    client.close(uri)
    assert pull(client, uri, later["resultId"])["items"] == []


def test_a_pull_of_what_has_changed_since_is_to_be_made_again(client: Client) -> None:
    uri = client.open("It rains.")
    pull(client, uri)
    client.change(uri, replaced((0, 0), (0, 0), "So. "), version=2)
    older = client.request("textDocument/diagnostic", {"textDocument": {"uri": uri}})
    client.change(uri, replaced((0, 0), (0, 0), "So. "), version=3)
    newer = client.request("textDocument/diagnostic", {"textDocument": {"uri": uri}})
    assert len(client.result(newer)["items"]) == 3
    answer = client.wait(lambda: client.answers(older))[0]
    if "error" in answer:
        assert answer["error"]["code"] == SERVER_CANCELLED
        assert answer["error"]["data"] == {"retriggerRequest": False}
    else:  # the second change was there before the first pull was looked at
        assert len(answer["result"]["items"]) == 3
    client.close(uri)


def test_the_whole_workspace(client: Client) -> None:
    uris = [client.open("It rains. It pours."), client.open("It snows.")]
    known = {uri: pull(client, uri)["resultId"] for uri in uris}

    def pull_all(**params: Any) -> Any:
        before = [{"uri": uri, "value": value} for uri, value in known.items()]
        return client.request("workspace/diagnostic", {"previousResultIds": before} | params)

    items = client.result(pull_all())["items"]
    assert [(item["uri"], item["version"], item["kind"]) for item in items] == [(uri, 1, "unchanged") for uri in uris]
    # With a token it waits for something new, and tells of each document by itself.
    waiting = pull_all(partialResultToken="all")
    client.change(uris[1], replaced((0, 9), (0, 9), " So."))
    assert client.result(waiting) == {"items": []}
    told = [params["value"]["items"] for params in client.params("$/progress") if params["token"] == "all"]
    assert [[item["uri"] for item in items] for items in told] == [[uri] for uri in uris]
    assert [item["kind"] for (item,) in told] == ["unchanged", "full"]
    assert len(told[1][0]["items"]) == 2
    known[uris[1]] = told[1][0]["resultId"]
    # A document that was closed has no marks any more.
    waiting = pull_all(partialResultToken="closed")
    client.close(uris[0])
    client.result(waiting)
    (gone,) = [
        item
        for params in client.params("$/progress")
        if params["token"] == "closed"
        for item in params["value"]["items"]
        if item["uri"] == uris[0]
    ]
    assert gone["items"] == []
    del known[uris[0]]
    waiting = pull_all(partialResultToken="none")
    client.cancel(waiting)
    with pytest.raises(Refused) as refused:
        client.result(waiting)
    assert refused.value.code == CANCELLED
    client.close(uris[1])


def test_a_client_that_can_be_asked_is_answered_at_once_and_asked(
    environment: dict[str, str], no_torch: dict[str, str], options: dict[str, Any]
) -> None:
    refreshed = PULLS | {"workspace": {"diagnostics": {"refreshSupport": True}}}
    loading = Client(environment | no_torch)
    loading.initialize(options, refreshed)
    uri = loading.open("It rains.")
    refused = None
    try:
        items = pull(loading, uri)["items"]
    except Refused as error:  # it is not even cut into sentences
        refused, items = error, []
    assert items == []  # nothing is known of it yet
    assert refused is None or refused.code == SERVER_CANCELLED
    loading.dispose()

    client = Client(environment)
    client.initialize(options, refreshed)
    uri = client.open("It rains.")
    client.wait(lambda: client.params("workspace/diagnostic/refresh") != [] or None)
    assert len(pull(client, uri)["items"]) == 1
    assert client.shut_down() == 0
    client.dispose()

"""The models that users have: words a person would expect, and a mark on what hurts."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest
import pytest_asyncio
from lsprotocol import types
from pytest_lsp import LanguageClient, make_test_lsp_client

pytestmark = [pytest.mark.model, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(
    pack: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[LanguageClient]:
    pack("smollm2-135m")
    pack("minilm-l6")
    config = tmp_path_factory.mktemp("user") / "config.toml"
    config.touch()
    client: LanguageClient = make_test_lsp_client()
    environment = {**os.environ, "FOREWORD_CONFIG": str(config)}
    await client.start_io(sys.executable, "-m", "foreword", "serve", env=environment)
    await client.initialize_session(types.InitializeParams(capabilities=types.ClientCapabilities()))
    yield client
    await client.shutdown_session()
    await client.stop()


def opened(client: LanguageClient, uri: str, text: str) -> types.TextDocumentIdentifier:
    item = types.TextDocumentItem(uri=uri, language_id="markdown", version=1, text=text)
    client.text_document_did_open(types.DidOpenTextDocumentParams(text_document=item))
    return types.TextDocumentIdentifier(uri=uri)


async def items(
    client: LanguageClient, document: types.TextDocumentIdentifier, character: int
) -> Sequence[types.CompletionItem]:
    params = types.CompletionParams(text_document=document, position=types.Position(0, character))
    for _ in range(10):  # a search has little time; on a busy machine the next one gets further
        found = await client.text_document_completion_async(params)
        if found.items:
            break
    return list(found.items)


async def words(client: LanguageClient, document: types.TextDocumentIdentifier, character: int) -> list[str]:
    return [item.label for item in await items(client, document, character)]


async def test_next_words(client: LanguageClient) -> None:
    text = "I will be there in a "
    found = await words(client, opened(client, "untitled:words", text), len(text))
    assert {"minute", "moment"} & set(found)


async def test_a_slip_is_mended(client: LanguageClient) -> None:
    text = "I would like to go to the libary"
    document = opened(client, "untitled:slip", text)
    await items(client, document, len(text))  # the slip is looked for among what is known, and this makes it known
    first = (await items(client, document, len(text)))[0]
    assert first.label == "library"
    assert first.filter_text == "libary"  # else an editor would leave it out
    assert isinstance(first.text_edit, types.TextEdit)
    assert first.text_edit.range.start.character == len(text) - len("libary")


async def test_every_word_begins_with_what_is_typed(client: LanguageClient) -> None:
    text = "We should sche"
    document = opened(client, "untitled:prefix", text)
    assert "schedule" in await words(client, document, len(text))
    for end in range(len("We s"), len(text) + 1):
        typed = text[:end].rpartition(" ")[2]
        found = await words(client, document, end)
        assert found or typed == "should"  # which is mostly all of the word
        assert all(word.startswith(typed) for word in found)


async def test_a_phrase_has_an_explicit_range(client: LanguageClient) -> None:
    text = "Thank you very mu"
    params = types.InlineCompletionParams(
        text_document=opened(client, "untitled:phrase", text),
        position=types.Position(0, len(text)),
        context=types.InlineCompletionContext(trigger_kind=types.InlineCompletionTriggerKind.Automatic),
    )
    (item,) = (await client.text_document_inline_completion_async(params)).items
    assert str(item.insert_text).startswith("much")
    assert item.range == types.Range(types.Position(0, len(text) - 2), types.Position(0, len(text)))


async def test_a_sentence_that_hurts_is_marked_until_the_document_is_closed(client: LanguageClient) -> None:
    good, bad = "We met the new neighbours on Sunday. ", "The food was disgusting and the service was horrible."
    document = opened(client, "untitled:marks", good + bad + "\n")
    async with asyncio.timeout(60):
        while not client.diagnostics.get(document.uri):
            await client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    (mark,) = client.diagnostics[document.uri]
    assert mark.range == types.Range(types.Position(0, len(good)), types.Position(0, len(good + bad)))
    assert mark.code == "sentiment/negative"
    client.text_document_did_close(types.DidCloseTextDocumentParams(text_document=document))
    async with asyncio.timeout(60):
        while client.diagnostics[document.uri]:
            await client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)

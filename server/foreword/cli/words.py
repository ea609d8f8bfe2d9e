"""``foreword words``: words near in meaning to another one, or to what it means in a sentence."""

from __future__ import annotations

import json
import re
import time
from typing import Annotated

import typer

from foreword.cli.loading import command_models
from foreword.engine.models import VECTORS_PACK

app = typer.Typer(no_args_is_help=True, help="Words by meaning.")


@app.callback()
def words() -> None:
    """Words by meaning."""


@app.command("near")
def near(
    word: Annotated[str, typer.Argument(help="The word.")],
    sentence: Annotated[
        str | None, typer.Option("--in", metavar="SENTENCE", help="A sentence with the word: which sense is this?")
    ] = None,
    count: Annotated[int, typer.Option("--n", "-n", min=1, max=1000, help="How many words.")] = 10,
    vectors: Annotated[
        str, typer.Option(metavar="VECTORS", help="Pack of word vectors, or a file in a format of GloVe or word2vec.")
    ] = VECTORS_PACK,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Print the words nearest in meaning to a word, with the cosines of their vectors.

    With --in, a contextual encoder reads the sentence; its table of frequent words is made the first time.

    Example: foreword words near stick

    In a sentence: foreword words near stick --in "These labels will not stick to wet glass."
    """
    word = word.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    place = None
    if sentence is not None:
        sentence = sentence.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        place = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", sentence, re.IGNORECASE)
        if place is None:
            raise typer.BadParameter("the sentence does not have that word", param_hint="--in")
    models = command_models(vectors=vectors)
    if sentence is None or place is None:
        store = models.vectors()
        started = time.perf_counter()
        (found,) = store.near([word], count)
    else:
        senses = models.senses()
        started = time.perf_counter()
        found = senses.near(sentence, *place.span(), count)
    milliseconds = (time.perf_counter() - started) * 1000
    if as_json:
        result = {
            "word": word,
            "sentence": sentence,
            "vectors": vectors,
            "neighbours": [{"word": each.word, "similarity": round(each.similarity, 6)} for each in found],
            "milliseconds": round(milliseconds, 1),
        }
        typer.echo(json.dumps(result, ensure_ascii=False))
        return
    width = max((len(each.word) for each in found), default=0)
    for each in found:
        typer.echo(f"{each.word:<{width}}  {each.similarity:5.2f}")

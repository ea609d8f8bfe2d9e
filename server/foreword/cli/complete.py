"""``foreword complete``: the next words of a text."""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer

from foreword.cli.choices import chosen
from foreword.cli.loading import command_models
from foreword.cli.text import read_text
from foreword_models.words.keyboards import KEYBOARD_NAMES, named_keyboard
from foreword_models.words.registers import REGISTER_NAMES, named

_READ = 4000  # code points before the end of the text that the model is given


def complete(
    text: Annotated[str, typer.Argument(help="The text so far; - reads standard input.")],
    count: Annotated[int, typer.Option("--n", "-n", min=1, max=50, help="How many words.")] = 5,
    model: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Model pack, transformers directory or GGUF file.")
    ] = None,
    register: Annotated[
        str, typer.Option(metavar="NAME", help=f"What kind of text it is: {', '.join(REGISTER_NAMES)}, or none.")
    ] = "everyday",
    keyboard: Annotated[
        str, typer.Option(metavar="NAME", help=f"Where slips are looked for: {', '.join(KEYBOARD_NAMES)}, or none.")
    ] = "qwerty",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Print the words that may come next, or that the last word may become, with their probabilities.

    Example: foreword complete "I will be there in a "
    """
    expected = chosen(named, register, "--register")
    layout = chosen(named_keyboard, keyboard, "--keyboard")
    models = command_models(decoder=model)
    predictor = models.predictor()
    started = time.perf_counter()
    written = read_text(text)
    prediction = predictor.predict(
        written[-_READ:], count, register=expected if len(written) <= _READ else None, keyboard=layout
    )
    milliseconds = (time.perf_counter() - started) * 1000
    if as_json:
        result = {
            "prefix": prediction.prefix,
            "words": [{"word": word.text, "probability": round(word.probability, 6)} for word in prediction.words],
            "exact": prediction.certainty.exact,
            "bound": round(prediction.certainty.bound, 6),
            "forwards": prediction.forwards,
            "milliseconds": round(milliseconds, 1),
            "model": predictor.model.name,
        }
        typer.echo(json.dumps(result, ensure_ascii=False))
        return
    if not prediction.words:
        typer.echo("No word is likely here.", err=True)
    width = max((len(word.text) for word in prediction.words), default=0)
    for word in prediction.words:
        typer.echo(f"{word.text:<{width}}  {100 * word.probability:5.1f} %")

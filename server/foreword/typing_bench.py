"""The whole of ``foreword bench typing`` but the command: the server's start, the keys by turns, and the report."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from foreword.lsp.features.completion import CONTEXT, HOP
from foreword.text.cursor import context_window
from foreword.text.document import Document
from foreword.typing_client import ServerClient
from foreword.typing_replay import ServerTypist, first_words
from foreword.typing_turns import PeerTypist, take_turns, texts_before
from foreword_models.errors import BenchmarkError
from foreword_models.evaluation import typing_report
from foreword_models.evaluation.decoder_bench import OURS
from foreword_models.evaluation.engine_process import EngineProcess, difference
from foreword_models.evaluation.process_usage import rss_bytes
from foreword_models.evaluation.typing_report import Press
from foreword_models.evaluation.typing_script import Key
from foreword_models.gpt.config import DecoderConfig
from foreword_models.zoo.progress import Progress

TURN: Final = 150
"""Keys that one engine is given before the next one's turn."""


@dataclass
class Measured:
    """What came of a run.

    Attributes
    ----------
    presses
        Engine to what became of each key, ours among them.
    facts
        Peer to what it said about itself, and the tokens it decoded a key.
    missing
        Peer to why it was not measured.
    complaints
        What the server told the user as an error.
    initialize, first_words
        Seconds from the start of the server's process to its first answer, and to its first words, for each start.
    rss, idle_cpu_percent
        Of the server when all is typed: bytes, and percent of a core; None where it cannot be known.
    """

    presses: dict[str, list[Press]] = field(default_factory=dict)
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    initialize: list[float] = field(default_factory=list)
    first_words: list[float] = field(default_factory=list)
    rss: int | None = None
    idle_cpu_percent: float | None = None


def measure(
    keys: Sequence[Key],
    between: Sequence[float] | None,
    folder: Path,
    commands: Mapping[str, Sequence[str]],
    *,
    model: str | None = None,
    starts: int = 1,
    steps: Progress,
    typing: Progress,
) -> Measured:
    """Start the server, and each peer, and let them type the same keys by turns.

    Parameters
    ----------
    keys, between
        The keys, and the seconds from each to the next; None for as quick as answers come.
    folder
        Of the model that the server uses.
    commands
        Peer to what starts it; it answers as `foreword_models.evaluation.typing_child` says.
    model
        What the server is told to use; by default what the user's settings say.
    starts
        Of the server; the last one is typed into.
    steps, typing
        Told about the starts, and about the keys.

    Raises
    ------
    BenchmarkError
        The server does not start, ends, or offers no words. What goes wrong with a peer is noted.
    """
    measured = Measured()
    options = {"model": {"decoder": model}} if model else None
    steps.start("Starting the language server", starts)
    for number in range(starts - 1):
        _start(ServerClient(), options, measured).close()
        steps.update(number + 1)
    with ExitStack() as stack:
        client = stack.enter_context(_start(ServerClient(), options, measured))
        steps.finish()
        ours = ServerTypist(client, keys, between)
        ours.rest()
        typists: list[PeerTypist] = []
        texts = texts_before(keys, _window) if commands else []
        for name, command in commands.items():
            engine = EngineProcess(name, command)
            stack.callback(engine.close)
            steps.start(f"Starting {name}", 0)
            try:
                measured.facts[name] = _checked(name, engine.start(), folder)
                typists.append(PeerTypist(engine, keys, between, texts))
            except BenchmarkError as error:
                measured.facts.pop(name, None)
                measured.missing[name] = str(error)
            finally:
                steps.finish()
        done = 0

        def pressed(count: int) -> None:
            nonlocal done
            done += count
            typing.update(done)

        typing.start("Typing", len(keys) * (len(typists) + 1))
        try:
            turn = TURN if typists else len(keys)
            measured.presses, failures = take_turns([*typists, ours], len(keys), turn, pressed)
        finally:
            typing.finish()
        for typist in typists:
            if typist.name in failures:
                del measured.facts[typist.name]
            else:
                measured.facts[typist.name]["tokens_per_key"] = round(typist.decoded / len(keys), 2)
        measured.missing |= failures
        measured.idle_cpu_percent = ours.idle_cpu_percent()
        measured.rss = rss_bytes(client.process_id)
        measured.complaints = client.complaints
    return measured


def report(measured: Measured, *, human: bool) -> dict[str, Any]:
    """Return the figures; targets are for the pace of a person only."""
    times = {name: typing_report.milliseconds(presses) for name, presses in measured.presses.items()}
    counted = {name: typing_report.counts(presses) for name, presses in measured.presses.items()}
    ours, own_counts = times.pop(OURS), counted.pop(OURS)
    ratios = {name: typing_report.ratios(ours, theirs) for name, theirs in times.items()}
    limits = {name: {typing_report.ALL: most} for name, most in typing_report.RATIO_TARGETS.items() if name in ratios}
    return {
        "milliseconds": ours,
        "counts": own_counts,
        "targets": typing_report.verdicts(ours, typing_report.TARGETS) if human else {},
        "first_completion_after_start": round(statistics.median(measured.first_words), 3),
        "initialize": round(statistics.median(measured.initialize), 3),
        "starts": {
            "first_completion_after_start": [round(seconds, 3) for seconds in measured.first_words],
            "initialize": [round(seconds, 3) for seconds in measured.initialize],
        },
        "rss_megabytes": None if measured.rss is None else round(measured.rss / 1e6, 1),
        "idle_cpu_percent": None if measured.idle_cpu_percent is None else round(measured.idle_cpu_percent, 1),
        "against": times,
        "ratios": ratios,
        "ratio_targets": {name: typing_report.verdicts(ratios[name], most) for name, most in limits.items()}
        if human
        else {},
        "peers": {name: {**facts, "counts": counted[name]} for name, facts in measured.facts.items()},
        "not_measured": measured.missing,
        "complaints": measured.complaints,
    }


def _start(client: ServerClient, options: Any, measured: Measured) -> ServerClient:
    """Begin a session and ask for the first words; the process is ended if that fails."""
    try:
        measured.initialize.append(client.initialize(options))
        measured.first_words.append(first_words(client))
    except BaseException:
        client.close()
        raise
    return client


def _window(document: Document, line: int, character: int) -> str:
    """Return the text before a position, as much of it as the server reads."""
    return context_window(document, line, character, CONTEXT, HOP)


def _checked(name: str, facts: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return a peer's facts if it was given the same model, else raise."""
    config = DecoderConfig.read(folder / "config.json")
    if (differs := difference({"vocabulary": config.vocabulary, "layers": config.layers}, facts)) is not None:
        raise BenchmarkError(f"{name} was given another model ({differs}); give both the same weights.")
    return facts

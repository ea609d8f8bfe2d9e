"""How right a tagger is on a file of sentences with entities, whatever the file calls its types."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import cast

from foreword_models.bert.encoder import Encoder, Layers
from foreword_models.bert.entities import EntityTagger
from foreword_models.bert.training.conll import read_conll, renamed, type_counts
from foreword_models.bert.training.entity_head import found_in, read_vectors
from foreword_models.errors import EvaluationError
from foreword_models.evaluation.entities import EntityScores, score
from foreword_models.zoo.progress import Progress

_NAMES = {
    "person": ("per", "person"),
    "location": ("loc", "location", "gpe"),
    "organization": ("org", "organization", "corporation", "group"),
}
"""What published sets call the types of the shipped tagger, in small letters: CoNLL 2003, OntoNotes, WNUT 2017."""


def known_names(types: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Return what a tagger that knows some types calls each of a file's; those it does not know are left out."""
    own = {name: name for name in known}
    usual = {given: name for name, names in _NAMES.items() for given in names if name in own}
    found = {kind: own.get(kind, usual.get(kind.casefold())) for kind in types}
    return {kind: name for kind, name in found.items() if name is not None}


def evaluate(encoder: Encoder, tagger: EntityTagger, path: Path, progress: Progress) -> tuple[EntityScores, list[str]]:
    """Score a tagger on the types that it and the file both have; return also what the user should know of the others.

    Raises
    ------
    TrainingError
        The file cannot be read.
    EvaluationError
        The two have no type in common.
    """
    sentences = read_conll(path)
    counts = type_counts(sentences)
    config = tagger.config
    names = known_names(counts, config.types)
    if not names:
        raise EvaluationError(
            f"{path} has the types {', '.join(sorted(counts)) or '(none)'}, of which {config.name} knows none; it "
            f"knows {', '.join(config.types)}: name a file with one of these, or train a tagger on this one."
        )
    types = [kind for kind in config.types if kind in names.values()]
    notes = []
    if unknown := sorted(set(counts) - set(names)):
        listed = ", ".join(f"{kind} ({counts[kind]:,})" for kind in unknown)
        notes.append(f"{config.name} does not know these types of {path.name}, they count as no entities: {listed}.")
    if absent := [kind for kind in config.types if kind not in types]:
        notes.append(
            f"{path.name} has no entity of these types, what is found of them is left out: {', '.join(absent)}."
        )
    wanted = renamed(sentences, names)
    read = read_vectors(encoder, wanted, cast(Layers, config.layers), progress, "Reading")
    found = [[guess for guess in guesses if guess.span[0] in types] for guesses in found_in(tagger, read)]
    return score(types, [each.spans for each in wanted], found), notes

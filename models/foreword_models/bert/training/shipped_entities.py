"""The recipe of the shipped tagger: a head on the encoder of the shipped classifiers, so that one forward serves all.

``foreword train entities --recipe shipped --data FOLDER`` runs it; it takes minutes. It must be run anew whenever the
classifiers' adapter has changed. FOLDER holds ``wnut17_train.conll``, ``wnut17_dev.conll`` and ``wikigold.conll`` as
published, and, to be scored on only, ``uner_ewt_dev.iob2``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from foreword_models.bert.encoder import Encoder
from foreword_models.bert.entities import TaggerConfig, digest
from foreword_models.bert.training.conll import Tagged, read_conll, renamed, type_counts
from foreword_models.bert.training.entities import LAYERS, Divided, parts_of, trained, without_repeated
from foreword_models.bert.training.entity_card import EntityCardText, entity_card
from foreword_models.bert.training.entity_head import judged, read_vectors
from foreword_models.bert.training.shipped import ADAPTER, ENCODER
from foreword_models.evaluation.entities import as_json
from foreword_models.evaluation.entity_files import known_names
from foreword_models.zoo.progress import Progress

SEED = 2017
PRECISION = 0.9
TYPES = ("person", "location", "organization")
"""What is about to be shared counts, not what a film is called: the sets' other types are no entities here."""

HELD_OUT = "uner_ewt_dev.iob2"

_TEXT = EntityCardText(
    about="Finds names of persons, locations and organizations in an English sentence: a head of two layers on the "
    "vectors of each word's first token in the last four layers of `minilm-l6`, adapted as in `../adapter.safetensors` "
    "(to the six classifiers, not to this task: one forward serves all), and on what the word and its neighbours look "
    "like: the encoder folds case. Off in an editor until it is turned on.",
    data="L. Derczynski, E. Nichols, M. van Erp and N. Limsopatham, *Results of the WNUT2017 Shared Task on Novel and "
    "Emerging Entity Recognition*, W-NUT 2017: tweets to train on, comments on YouTube to calibrate with. CC BY 4.0.\n"
    "\n"
    "D. Balasuriya, N. Ringland, J. Nothman, T. Murphy and J. R. Curran, *Named Entity Recognition in Wikipedia*, "
    "ACL-IJCNLP workshop 2009 (Wikigold). CC BY 4.0. Of its documents the first eight tenths are trained on, the ninth "
    "is calibrated with, the last is the test part.\n\n"
    "Types: person and PER are person; location and LOC location; corporation, group and ORG organization. Products, "
    "works and MISC are no entities here.\n\n"
    "Measured on only: the development part of the English Web Treebank in Universal NER (S. Mayhew et al., NAACL "
    "2024): e-mail, weblogs, reviews, answers. Nothing was trained on it or chosen by it.",
    limits=(
        "Many names are missed, organizations above all: that nothing is marked does not mean that nothing is shared.",
        "The precision promised is that of text like the calibration part; of other text it may be lower: see above.",
        "Tweets, comments on YouTube and Wikipedia in English; names of other languages and of today were seen less.",
        "The encoder does not see case, the head sees that of a word and of two words on each side.",
        "Each sentence is read on its own: who is named in the one before is not known.",
    ),
    again="    foreword train entities --recipe shipped --data FOLDER\n\n"
    "where FOLDER holds the sets, as `models/foreword_models/bert/training/shipped_entities.py` says; after every "
    "change of the classifiers' adapter.",
    precision=PRECISION,
)


def entity_parts(data: Path) -> Divided:
    """Read the sets and divide them by documents: the same files give the same parts.

    Raises
    ------
    TrainingError
        A set is missing or damaged.
    """
    tweets, comments, articles = (
        _read(data / name) for name in ("wnut17_train.conll", "wnut17_dev.conll", "wikigold.conll")
    )
    documents = 1 + articles[-1].document

    def between(low: float, high: float) -> list[Tagged]:
        return [each for each in articles if low * documents <= each.document < high * documents]

    return Divided(without_repeated([*tweets, *between(0, 0.8)]), [*comments, *between(0.8, 0.9)], between(0.9, 1.0))


def _read(path: Path) -> list[Tagged]:
    sentences = read_conll(path)
    return renamed(sentences, known_names(type_counts(sentences), TYPES))


def train_shipped_entities(
    data: Path, encoder: Path, out: Path | None, *, progress: Progress, say: Callable[[str], None]
) -> dict[str, Any]:
    """Train, calibrate, score and write the tagger that is shipped; return its scores.

    Parameters
    ----------
    data
        Folder of the sets.
    encoder
        Folder of the encoder ``minilm-l6``.
    out
        Where to, beside the classifiers' adapter; by default the folder that comes with the package.
    """
    parts = entity_parts(data)
    target = out or Path(__file__).resolve().parents[1] / "shipped" / "entities"
    adapter = target.parent / ADAPTER
    say("A few minutes on two quiet cores.")
    reader = Encoder.load(encoder, "auto", adapter=adapter)
    read = {
        name: read_vectors(reader, part, LAYERS, progress, f"Reading the {name} part")
        for name, part in vars(parts).items()
    }
    config = TaggerConfig("entities", TYPES, dict.fromkeys(TYPES), ENCODER, LAYERS, f"../{ADAPTER}", digest(adapter))
    tagger = trained(config, read, SEED, PRECISION, progress)
    tagger.save(target)
    scores = {"Wikigold, its last tenth": judged(tagger, read["test"])}
    if (data / HELD_OUT).is_file():
        held_out = _read(data / HELD_OUT)
        scores["UNER English EWT, development part"] = judged(
            tagger, read_vectors(reader, held_out, LAYERS, progress, "Reading what it is measured on")
        )
    card = entity_card("entities", _TEXT, parts_of(parts), tagger.config.thresholds, scores)
    (target / "README.md").write_text(card, encoding="utf-8", newline="\n")
    return {"sets": {name: as_json(each) for name, each in scores.items()}, "folder": str(target)}

"""Learn the shipped registers (`foreword_models.words.learned`).

Run ``python models/recipes/registers.py everyday --data FOLDER``. FOLDER holds texts that may be used for what is
shipped: GoEmotions comments (Apache-2.0), text messages of the SMS Spam Collection (CC BY 4.0), mails of the
SpamAssassin corpus (public domain), requests of the Stanford Politeness Corpus (Apache-2.0), questions of Banking77
(CC BY 4.0), Python's PEPs (public domain or CC0). Sentences and commit messages of our own are beside this file, in
``registers``: those of ``everyday_dev.txt`` and ``everyday_held_out.txt`` were written before anything was learned. A
run that was broken off goes on when it is started again.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

from register_texts import OWN, commits, everyday, mails, messages, proposals

from foreword.cli.progress import TerminalProgress
from foreword.engine.models import use_all_cores
from foreword_models.gpt.prefix_tuning import Schedule
from foreword_models.words.learned import SHIPPED
from foreword_models.words.register_card import card
from foreword_models.words.register_training import VECTORS, Parts, RegisterTraining, divide
from foreword_models.words.registers import REGISTERS
from foreword_models.zoo.locate import locate
from foreword_models.zoo.store import Store

SEED = 0
SHORT = ("everyday", "chat", "commit")  # registers of short texts, of which more are looked at at once
MOST = 100  # texts of a kind that are measured on

# Of each source, how often a text is learned from: our own sentences make up four fifths of what is seen.
SHARES = {"own": 1.0, "goemotions": 0.6, "sms": 0.8, "politeness": 0.5, "banking": 0.1}
LONGER = {"everyday": 160}  # vectors, where there are thousands of texts
SOURCES = {
    "everyday": [
        "some thousand sentences of our own, `models/recipes/registers/everyday.txt`",
        "short GoEmotions comments in the first or second person (Demszky et al. 2020, Apache-2.0)",
        "plain messages of the SMS Spam Collection that are no spam (Almeida et al. 2011, CC BY 4.0)",
        "short requests of the Stanford Politeness Corpus (Danescu-Niculescu-Mizil et al. 2013, Apache-2.0)",
        "short questions of Banking77 (Casanueva et al. 2020, CC BY 4.0)",
        "to judge by and held out: other sentences of our own, 120 each",
    ],
    "mail": ["bodies of mails of the SpamAssassin public corpus that are no spam, quotes and signatures left out"],
    "chat": ["messages of the SMS Spam Collection that are no spam (Almeida et al. 2011, CC BY 4.0)"],
    "technical": ["sections of Python's PEPs (public domain or CC0), as Markdown"],
    "commit": ["some hundred commit messages of our own, `models/recipes/registers/commit.txt`"],
}


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def drawn(texts: Sequence[str], count: int) -> list[str]:
    return Random(SEED).sample(texts, min(count, len(texts)))  # noqa: S311  (nothing secret)


def everyday_parts(data: Path) -> tuple[Parts, dict[str, list[str]]]:
    """Our own sentences and others, mixed; and texts of each other source that are not learned from."""
    sources = {name: drawn(texts, len(texts)) for name, texts in everyday(data).items()}
    others = {name: texts[:MOST] for name, texts in sources.items() if name != "own"}
    train: list[str] = []
    for name, texts in sources.items():
        rest = texts[len(others.get(name, ())) :]
        train += rest * int(SHARES[name]) + rest[: round(SHARES[name] % 1 * len(rest))]
    return Parts(train, lines(OWN / "everyday_dev.txt"), lines(OWN / "everyday_held_out.txt")), others


def parts_of(name: str, data: Path) -> tuple[Parts, Mapping[str, Sequence[str]]]:
    """Return the texts of a register, and of the others those held out."""
    if name == "everyday":
        return everyday_parts(data)
    kinds = {"mail": mails, "chat": messages, "technical": proposals, "commit": commits}
    divided = {kind: divide(read(data)) for kind, read in kinds.items()}
    own = divided.pop(name)
    most = MOST if name in SHORT else 40  # the texts of the others are longer
    others = {kind: drawn(parts.held_out, most) for kind, parts in divided.items()}
    others["everyday"] = lines(OWN / "everyday_dev.txt")[:most]
    return Parts(own.train, drawn(own.kept, most), drawn(own.held_out, 2 * most)), others


def main() -> None:
    """Learn one register, and write it with its card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("register", choices=sorted(SOURCES))
    parser.add_argument("--data", type=Path, required=True, help="the folder of texts")
    parser.add_argument("--model", default="smollm2-135m", help="a model pack (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=240, help="most of them (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=SHIPPED, help="folder of the registers (default: the package's)")
    arguments = parser.parse_args()
    progress = TerminalProgress("steps")
    folder = locate(arguments.model, "decoder", Store.default(), progress=progress, say=progress.say)
    use_all_cores()
    name = arguments.register
    parts, others = parts_of(name, arguments.data)
    schedule = Schedule(steps=arguments.steps, lines=24 if name in SHORT else 8, every=30, seed=SEED)
    training = RegisterTraining(folder, REGISTERS[name], parts, schedule, vectors=LONGER.get(name, VECTORS))
    out = arguments.output / f"{name}-{arguments.model}"
    if training.resume(out):
        progress.say(f"Going on with step {training.steps_done}.")
    progress.say(f"{len(parts.train)} texts, about {math.ceil(training.seconds_left() / 60)} min")
    learned = training.run(out, others, progress=progress)
    command = f"python models/recipes/registers.py {name} --data FOLDER --steps {arguments.steps}"
    written = card(learned, parts, schedule, model=arguments.model, sources=SOURCES[name], command=command)
    (out / "README.md").write_text(written, encoding="utf-8")
    print(written)


if __name__ == "__main__":
    main()

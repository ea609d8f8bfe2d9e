"""How often the word that was meant is offered for one that was misspelled, with and without looking for slips.

    python benchmarks/spelling.py --model smollm2-135m --count 100 FILE.tsv ...

Each line of a FILE holds a misspelling and the word that was meant. The misspelling is typed to its end behind a text
that says little, and the list is looked at as the server gives it, after the forwards that go behind the keys. Only
pairs of letters count, both of four or more, with no capitals but the first.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from random import Random

from foreword.cli.progress import TerminalProgress
from foreword.engine.models import use_all_cores
from foreword.lsp.features.thinking import AT_ONCE
from foreword.settings import CompletionSettings
from foreword_models.gpt.model import open_model
from foreword_models.words.keyboards import Keyboard, named_keyboard
from foreword_models.words.predictor import Predictor
from foreword_models.words.registers import named
from foreword_models.zoo.locate import locate
from foreword_models.zoo.store import Store

TEXT = "I wrote about the "
SHOWN = 3
SHORTEST = 4
DEFAULTS = CompletionSettings()


def pairs(path: Path) -> list[tuple[str, str]]:
    """Read the pairs that count."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        wrong, _, meant = line.partition("\t")
        plain = wrong.isalpha() and meant.isalpha() and min(len(wrong), len(meant)) >= SHORTEST
        if plain and wrong[1:].islower() and wrong.lower() != meant.lower():
            found.append((wrong, meant))
    return found


def offered(predictor: Predictor, wrong: str, keyboard: Keyboard | None) -> list[str]:
    """Type a word and return the list at its end, in small letters."""
    words: list[str] = []
    for end in range(len(wrong) + 1):
        for budget in (predictor.answer, predictor.behind_answer(AT_ONCE)):
            found = predictor.predict(
                TEXT + wrong[:end],
                SHOWN,
                budget=budget,
                minimum_probability=DEFAULTS.minimum_probability,
                minimum_saving=DEFAULTS.minimum_saving,
                register=named("everyday"),
                keyboard=keyboard,
            )
            if budget is predictor.answer:
                words = [word.text.lower() for word in found.words]
    predictor.close("")
    predictor.model.decoder.forget()
    return words


def main() -> None:
    """Print a row a file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--model", default="smollm2-135m", help="a model pack (default: %(default)s)")
    parser.add_argument("--count", type=int, default=100, help="pairs of each file (default: %(default)s)")
    parser.add_argument("--keyboard", default="qwerty", help="a layout (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the pairs that are drawn (default: %(default)s)")
    arguments = parser.parse_args()
    progress = TerminalProgress("steps")
    layout = named_keyboard(arguments.keyboard)
    folder = locate(arguments.model, "decoder", Store.default(), progress=progress, say=progress.say)
    use_all_cores()
    predictor = Predictor(open_model(folder))
    print(f"The meant word among {SHOWN} when the misspelled one is typed, in percent: {arguments.model}")
    for path in arguments.files:
        random = Random(arguments.seed)
        drawn = pairs(path)
        drawn = random.sample(drawn, min(arguments.count, len(drawn)))
        progress.start(path.stem, len(drawn))
        hits = [0, 0]
        for done, (wrong, meant) in enumerate(drawn, 1):
            for way, keyboard in enumerate((None, layout)):
                hits[way] += meant.lower() in offered(predictor, wrong, keyboard)
            progress.update(done)
        progress.finish()
        shares = [100 * hit / max(1, len(drawn)) for hit in hits]
        print(f"{path.stem:20} {len(drawn):4} words   as typed {shares[0]:5.1f}   slips looked for {shares[1]:5.1f}")


if __name__ == "__main__":
    main()

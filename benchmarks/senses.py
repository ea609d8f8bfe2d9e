"""Does ``foreword words near --in`` tell the senses of a word apart? Sentences written for this, two for each word.

Beside each sentence stand words that would suit the sense of its word. Reported for development sentences, on which the
layer and the share of the word alone were chosen, and for held-out ones, on which nothing was: for how many words the
two sentences put the two lists in the right order, and how many of the eight words shown are in the right list and in
the other one. The static neighbours, which know no sentence, are the peer.

    python benchmarks/senses.py
"""
# fmt: off
# ruff: noqa: E501

from __future__ import annotations

import statistics
import time

from rich.console import Console
from rich.table import Table

from foreword.cli.loading import command_models
from foreword_models.static.senses import WORDS
from foreword_models.static.senses import Senses as Finder
from foreword_models.static.vectors import Neighbour, WordVectors

Senses = tuple[tuple[str, tuple[tuple[str, str], tuple[str, str]]], ...]

SHOWN = 8

DEVELOPMENT: Senses = (
    ("bank", (
        ("We sat on the bank of the river and watched the boats go by.",
         "river shore side edge riverbank slope stream lake coast beach hillside water waterfront"),
        ("She went to the bank to ask for a loan on her house.",
         "lender credit financial institution savings branch mortgage banking deposit money fund brokerage"),
    )),
    ("stick", (
        ("He picked up a stick and threw it for the dog.",
         "branch twig rod pole wood club cane stone ball staff log rope"),
        ("These labels will not stick to wet glass.",
         "adhere cling attach glue fasten bind paste tape stay stuck sticking fit"),
    )),
    ("bat", (
        ("He swung the bat and missed the ball completely.",
         "racket club ball paddle hitting bats pitch glove swing stick hitter"),
        ("A bat flew out of the cave as it got dark.",
         "bird owl rat animal crow snake mouse creature dragon frog rodent eagle bats"),
    )),
    ("spring", (
        ("The trees come into leaf in spring after a long winter.",
         "summer autumn winter fall season april march may"),
        ("The spring in the mattress is broken and pokes through.",
         "coil wire mechanism steel screw hinge metal rope frame bolt"),
    )),
    ("light", (
        ("Please turn on the light, I can't see anything in here.",
         "lamp lights bulb lighting candle lantern flashlight glow illumination"),
        ("The suitcase is light enough to carry with one hand.",
         "heavy lighter small thin compact lightweight weight easy soft portable"),
    )),
    ("match", (
        ("Our team lost the match in the last minute.",
         "game tournament final matches play semifinal round championship cup football tie"),
        ("She struck a match and lit the candle.",
         "lighter candle flame fire torch cigarette spark stick lamp"),
    )),
    ("plant", (
        ("Water the plant on the windowsill every morning.",
         "flower tree plants flowers shrub vegetable herb garden grass seed bush leaf"),
        ("Two hundred people work at the plant that makes engines.",
         "factory facility mill plants refinery manufacturing workshop site assembly complex"),
    )),
    ("letter", (
        ("I wrote a letter to my grandmother and posted it.",
         "note message mail email postcard memo letters reply card article telegram"),
        ("The word begins with a capital letter.",
         "alphabet character word symbol vowel consonant letters initial phrase digit abbreviation"),
    )),
    ("interest", (
        ("He showed no interest in what we had to say.",
         "curiosity attention concern enthusiasm desire involvement passion interests"),
        ("The interest on the loan goes up next year.",
         "rate rates debt payment repayment inflation yield yields dividend credit tax mortgage payments"),
    )),
    ("crane", (
        ("The crane lifted the steel beams to the tenth floor.",
         "machine tower forklift truck cranes bulldozer lift ladder excavator elevator"),
        ("A crane stood on one leg in the shallow water.",
         "bird heron egret stork eagle swan goose owl duck pelican cranes birds hawk"),
    )),
)

HELD_OUT: Senses = (
    ("rock", (
        ("He tripped over a rock on the path.",
         "stone boulder rocks cliff gravel sand mud brick hill log"),
        ("They play loud rock in a basement on Fridays.",
         "music pop jazz punk blues metal band funk folk techno reggae hop"),
    )),
    ("mouse", (
        ("The cat caught a mouse in the kitchen.",
         "rat rabbit mice squirrel cat rats rodent dog bird frog animal snake"),
        ("Click the left button of the mouse twice.",
         "keyboard cursor button joystick screen pointer trackpad click touchscreen computer keypad stylus"),
    )),
    ("ring", (
        ("He put a gold ring on her finger.",
         "necklace bracelet jewelry earring diamond rings wedding crown jewel chain locket"),
        ("I heard the phone ring twice and then stop.",
         "call beep bell sound buzz ringing bells answer chime calling dial hear"),
    )),
    ("seal", (
        ("A seal was lying on the beach with its pup.",
         "whale walrus dolphin seals penguin bear otter animal shark turtle fish"),
        ("Do not break the seal on the envelope until tomorrow.",
         "stamp cover lock lid envelope wax cap tape sealed closure emblem"),
    )),
    ("cold", (
        ("It is cold outside, so put on your coat.",
         "warm cool weather winter chilly freezing hot wet frigid icy snow dry"),
        ("I have a cold and my nose will not stop running.",
         "flu fever cough illness allergy infection sick pneumonia disease sore virus"),
    )),
    ("draft", (
        ("I sent you a first draft of my essay.",
         "version outline manuscript proposal text revised copy document sketch drafts script"),
        ("There is a cold draft coming in under the door.",
         "breeze wind air gust chill airflow smoke"),
    )),
    ("board", (
        ("The board will vote on the budget at its next meeting.",
         "committee council panel directors commission executive trustees body chairman"),
        ("He nailed a board over the broken window.",
         "wood plank panel wooden plywood boards sheet timber beam nail"),
    )),
    ("fly", (
        ("A fly landed on my sandwich.",
         "bird insect bee mosquito spider bug moth butterfly flies ant beetle"),
        ("We fly to Madrid early tomorrow.",
         "travel go flying flight land arrive drive sail leave head jet return"),
    )),
    ("file", (
        ("Save the file before you close the editor.",
         "document files folder data text directory program copy page format database"),
        ("She smoothed the edge of the metal with a file.",
         "tool knife blade hammer sandpaper chisel saw razor brush grinder scraper rasp"),
    )),
    ("tie", (
        ("He wore a blue tie with his new suit.",
         "shirt jacket scarf suit necktie collar vest coat hat ties bow trousers"),
        ("The game ended in a tie after extra time.",
         "draw victory win loss scoreless defeat deadlock stalemate score final"),
    )),
    ("bark", (
        ("The bark of the old oak was rough and grey.",
         "trunk leaf skin leaves wood root branch stem twigs surface tree foliage"),
        ("The dogs bark whenever the postman comes.",
         "howl growl dogs bite scream roar shout hiss cry yell sing"),
    )),
    ("pitch", (
        ("The singer could not hold the pitch on the high notes.",
         "tone note sound tempo melody voice key tune rhythm frequency octave tones"),
        ("The players ran onto the pitch in the rain.",
         "field ground stadium turf court grass pitches mound arena grounds"),
    )),
)


def measure(finder: Finder, vectors: WordVectors, senses: Senses, *, contextual: bool) -> tuple[int, float, float, float]:
    """Return words whose two senses come out in the right order, right and wrong words shown, and milliseconds."""
    ordered, right, wrong, times = 0, 0, 0, []
    for word, sentences in senses:
        lists = [set(words.split()) for _, words in sentences]
        leanings = []
        for number, (sentence, _) in enumerate(sentences):
            start = sentence.index(word)
            def near(count: int, sentence: str = sentence, start: int = start, word: str = word) -> list[Neighbour]:
                if contextual:
                    return finder.near(sentence, start, start + len(word), count)
                return vectors.near([word], count)[0]

            found = near(WORDS)
            began = time.perf_counter()
            near(SHOWN)
            times.append(1000 * (time.perf_counter() - began))
            # Words that are not looked at have the least similarity of those that are.
            similar = {each.word: each.similarity for each in found if each.similarity > -1}
            least = min(similar.values())
            first, second = (statistics.fmean(similar.get(each, least) for each in sorted(words)) for words in lists)
            leanings.append(first - second)
            shown = {each.word for each in found[:SHOWN]}
            right += len(shown & lists[number])
            wrong += len(shown & lists[1 - number])
        ordered += leanings[0] > leanings[1]
    count = 2 * len(senses)
    return ordered, right / count, wrong / count, statistics.median(times)


def main() -> None:
    """Print the table."""
    models = command_models()
    finder, vectors = models.senses(), models.vectors()
    table = Table(title=f"Senses told apart, and of {SHOWN} words shown those that suit")
    for heading in ("sentences", "method", "in the right order", "suit this sense", "suit the other", "ms p50"):
        table.add_column(heading)
    for name, senses in (("development", DEVELOPMENT), ("held out", HELD_OUT)):
        for method, contextual in (("static neighbours", False), ("in the sentence", True)):
            ordered, right, wrong, milliseconds = measure(finder, vectors, senses, contextual=contextual)
            table.add_row(name, method, f"{ordered} of {len(senses)}", f"{right:.2f}", f"{wrong:.2f}", f"{milliseconds:.1f}")
    Console(width=110).print(table)


if __name__ == "__main__":
    main()

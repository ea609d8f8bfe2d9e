"""Texts that the shipped registers are learned from: permissively licensed ones, and sentences of our own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from endings import labelled

OWN = Path(__file__).with_name("registers")

_PERSON = re.compile(r"\b(?:I|I'm|I'll|I've|I'd|[Mm]y|[Mm]e|[Yy]ou|[Yy]our|[Yy]ou're|[Ww]e|[Ll]et's|[Oo]ur|us)\b")
_PLAIN = re.compile(r"[A-Z][A-Za-z ,']+(?:[.?!] ?[A-Z][A-Za-z ,']+)?[.?!]")
_TEXTESE = re.compile(
    r"\b(?:u|ur|r|n|d|k|b|c|y|wat|wan|da|dis|dat|den|abt|thk|tht|plz|pls|lor|lar|lah|leh|meh|hor|wif|ya|dun|oso|juz|wot"
    r"|gonna|wanna|gd|nite|tmr|tmrw|msg|pic|bt|hv|ppl|frm|wid|wit|tat|hav|lol|haha|dear|ask|wen|jus|cos|coz|nt|vl|mayb"
    r"|frnds?|im|dont|cant|didnt|ill|ive|wont|thats|whats)\b",
    re.IGNORECASE,
)
_FORUM = re.compile(
    r"\b(?:sub|OP|op|reddit|post|posts|posted|upvote\w*|downvote\w*|thread|comment\w*|mods?|meme\w*|lol|lmao|bot|karma|NAME"
    r"|RELIGION|article|edit\w*|page|wiki\w*|fan|team|player\w*|season|game|racis\w+|sex\w*|gay|trump|politic\w*|incel\w*"
    r"|fuck\w*|shit\w*|bullshit|damn\w*|ass|asshole\w*|bitch\w*|dick\w*|crap\w*|hell|wtf|god|jesus|rape\w*|kill\w*|die[sd]?"
    r"|suicid\w*|idiot\w*|stupid|dumb\w*|moron\w*|whore\w*|porn|cunt\w*|pussy|retard\w*|drugs?|bro|dude|guys?)\b",
    re.IGNORECASE,
)


def short(texts: Iterator[str], least: int, most: int) -> Iterator[str]:
    """Pass on plain sentences of some words, in the first or second person, that are no talk of a forum."""
    for text in texts:
        text = " ".join(text.replace("\u2019", "'").split())
        if not least <= len(text.split()) <= most or not _PLAIN.fullmatch(text):
            continue
        if _PERSON.search(text) and not _FORUM.search(text) and not _TEXTESE.search(text) and not text.isupper():
            yield text


def sentence_case(texts: Iterator[str]) -> Iterator[str]:
    """Begin messages with a capital and end them with a mark, as people do elsewhere."""
    for text in texts:
        text = re.sub(r"\bi\b", "I", text.strip())
        text = re.sub(r"\.{2,}", ".", text)
        if text and not text.isupper():
            text = text[0].upper() + text[1:]
            yield text if text[-1] in ".?!" else text + "."


def everyday(data: Path) -> dict[str, list[str]]:
    """Short things that people say to each other, by source."""
    tables = data / "labelled"
    return {
        "own": (OWN / "everyday.txt").read_text(encoding="utf-8").splitlines(),
        "goemotions": sorted(set(short(labelled(tables / "goemotions" / "train.tsv"), 3, 11))),
        "sms": sorted(set(short(sentence_case(labelled(tables / "sms_spam" / "train.tsv", "ham")), 3, 13))),
        "politeness": sorted(
            set(short(labelled(tables / "politeness_stack_exchange" / "train.tsv"), 3, 10))
            | set(short(labelled(tables / "politeness_wikipedia" / "train.tsv"), 3, 10))
        ),
        "banking": sorted(set(short(labelled(tables / "banking77" / "train.tsv"), 3, 9))),
    }


def mails(data: Path) -> Iterator[str]:
    """Bodies of mails that are no spam, as one person writes to others: no quotes, signatures, code or footers."""
    with (data / "labelled" / "spamassassin" / "train.jsonl").open(encoding="utf-8") as file:
        for line in file:
            mail = json.loads(line)
            if mail["label"] != "ham":
                continue
            body = mail["text"].partition("\n\n")[2]
            body = re.split(r"\n(?:-- ?|_{5,}|-{5,}.*|={5,})\n", f"\n{body}")[0]
            paragraphs = [
                " ".join(paragraph.split())
                for paragraph in re.split(r"\n\s*\n", body)
                if not re.search(
                    r"^\s*(?:[>|:#*]|On .*wrote:?$|URL:|http)|wrote:\s*$|<\w+>|[{}]", paragraph, re.MULTILINE
                )
            ]
            text = "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
            personal = _PERSON.search(text) and not re.search(r"&\w+;|\[\d+\]|https?:", text)
            if len(text) > 60 and personal and re.match(r"[A-Z]", text) and text.isascii():
                yield text


def messages(data: Path) -> Iterator[str]:
    """Text messages that are no spam, as they were written."""
    for text in labelled(data / "labelled" / "sms_spam" / "train.tsv", "ham"):
        if len(text.split()) >= 2 and "&" not in text:
            yield " ".join(text.split())


def commits(_: Path) -> Iterator[str]:
    r"""Messages of our own, one a line, in which ``\n`` stands for a line's end."""
    for line in (OWN / "commit.txt").read_text(encoding="utf-8").splitlines():
        yield line.replace("\\n", "\n")


def proposals(data: Path) -> Iterator[str]:
    """Sections of Python's proposals: a heading and the paragraphs behind it, as Markdown has them."""
    for path in sorted((data / "text" / "peps").glob("*.rst")):
        section: list[str] = []
        for block in path.read_text(encoding="utf-8").split("\n\n"):
            heading = re.fullmatch(r"\n*([^\n]+)\n[=\-~'^]{3,}", block)
            if heading:
                yield from _section(section)
                section = [f"# {heading[1]}"]
            elif section and re.match(r"[A-Z]", block) and "::" not in block:
                section.append(" ".join(re.sub(r":\w+:`~?([^`<]+)[^`]*`", r"`\1`", block).replace("``", "`").split()))
        yield from _section(section)


def _section(blocks: list[str]) -> Iterator[str]:
    if len(blocks) > 1:
        yield "\n\n".join(blocks)

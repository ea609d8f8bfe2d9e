"""Which parts of a document are prose: each format by example, and what holds for any text."""

from __future__ import annotations

import re
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.text.document import Document
from foreword.text.formats.base import PIECE
from foreword.text.formats.registry import format_of
from tests.unit.text.cut import sentences_of

FORMATS = [
    "markdown",
    "mdx",
    "latex",
    "restructuredtext",
    "asciidoc",
    "typst",
    "html",
    "mail",
    "gitcommit",
    "plaintext",
]
# What opens and closes things in these formats, so that random texts have some of everything.
# fmt: off
WORDS = [
    "a", "B. ", " ", "\n", "\n\n", "\t", "    ", "`", "``", "```\n", "~~~\n", "$", "$$", "$$\n", "<", ">", "<b>",
    "</p>", "<!--", "-->", "<pre>", "</pre>\n", "[", "](", ")", "#", "# ", "---\n", "...\n", "+++\n", "key: v\n",
    "> ", "- ", "1. ", "\\", "\\begin{align}\n", "\\end{align}\n", "\\begin{document}\n", "\\documentclass{a}\n",
    "\\[", "\\]", "%", "{", "}", ".. note:: ", ".. ", "::\n", ":f: ", ">>> ", "----\n", "====\n", "[source]\n",
    "++", "//", "/*", "*/", "#let ", "#f(", "(", "@", "www.a.b", "http://a.b", "From: a\n", "-- \n", "a wrote:\n",
    "# -- >8 --\n", "Fixes: a\n", "\x00", "\ud800", "\u2028", "\r", "\r\n",
    "é", "語。", "😀", "import ", ":::\n", "|", " | ",
]
# fmt: on
texts = st.lists(st.sampled_from(WORDS), max_size=25).map("".join)
numbers = st.integers(0, 12)
ranges = st.none() | st.tuples(st.tuples(numbers, numbers), st.tuples(numbers, numbers))
formats = st.sampled_from(FORMATS)


def document(text: str, language: str) -> Document:
    return Document("untitled:1", language, 1, text, "utf-32")


def prose(text: str, language: str) -> list[str]:
    return [
        text[start:end].strip() for start, end in document(text, language).prose.regions() if text[start:end].strip()
    ]


def read(text: str, language: str) -> list[str]:
    return [sentence.text for sentence in sentences_of(document(text, language))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Some `code` here.", ["Some", "here."]),
        ("A ``b ` c`` d.", ["A", "d."]),
        ("An unclosed ` is text.", ["An unclosed ` is text."]),
        ("A \\`not code\\` here.", ["A \\`not code\\` here."]),
        ("---\ntitle: A\n---\nText.", ["Text."]),
        ("+++\na = 1\n+++\nText.", ["Text."]),
        ("---\nText, and a ruler above.", ["Text, and a ruler above."]),
        ("Math $x^2$ and $$y$$ too.", ["Math", "and", "too."]),
        ("It costs $5 and $6.", ["It costs $5 and $6."]),
        ("$$\nx\n\ny\n$$\nText.", ["Text."]),
        ("\\begin{align}\nx\n\\end{align}\nText.", ["Text."]),
        ("See [the page](http://a.b/c 'Title') now.", ["See [the page", "now."]),
        ("See https://a.b/c. Then", ["See", ". Then"]),
        ("Mail <me@a.org> or you@b.org.", ["Mail", "or", "."]),
        ("A <b class='x'>bold</b> word.", ["A", "bold", "word."]),
        ("<!-- a\n\nb -->\nText.", ["Text."]),
        ("<script>\nx\n</script>\nText.", ["Text."]),
        ("Text.\n\n    code\n    more\n\nText.", ["Text.", "Text."]),
        ("- Item\n\n    goes on\n", ["- Item\n\n    goes on"]),
        ("- Item\n\n      code\n", ["- Item"]),
        ("[a]: http://b.c\nText.", ["Text."]),
        ("> ```\n> code\n> ```\n> Text.", ["> Text."]),
        ("> ```\n> code\nText.", ["Text."]),
        ("- ```\n  code\n  ```\n- Text.", ["- Text."]),
        ("::: note\nText.\n:::\n", ["Text."]),
        ("| One | Two |\n|---|---|\n", ["| One", "Two |"]),
        ("As they say [@smith, p. 3].", ["As they say", "."]),
        ("A note.[^1]\n\n[^1]: The note.", ["A note.", "The note."]),
    ],
)
def test_markdown(text: str, expected: list[str]) -> None:
    assert prose(text, "markdown") == expected


def test_mdx() -> None:
    assert prose('import A from "a"\n\nText.\n', "mdx") == ["Text."]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\\documentclass{article}\n\\usepackage{a}\n\\begin{document}\nText.\n\\end{document}\nx", ["Text."]),
        ("Text without a preamble.", ["Text without a preamble."]),
        ("Some $x$ and \\(y\\) here.", ["Some", "and", "here."]),
        ("Before.\n\\begin{align*}\nx\n\\end{align*}\nAfter.", ["Before.", "After."]),
        ("Before.\n\\[\nx\n\\]\nAfter.", ["Before.", "After."]),
        ("An \\emph{apple} a day.", ["An", "apple", "a day."]),
        ("As in~\\cite[p.~3]{smith} and \\ref{a}.", ["As in", "and", "."]),
        ("Text. % a comment\nMore, 5\\% of it.", ["Text.", "More, 5\\% of it."]),
        ("% a comment\nText.", ["Text."]),
        ("\\begin{itemize}\n\\item One\n\\end{itemize}", ["One"]),
        ("A \\verb|$x| word.", ["A", "word."]),
        ("\\href{http://a.b}{A page} is here.", ["A page", "is here."]),
        ("\\begin{lstlisting}\nx\n\\end{lstlisting}\n", []),
    ],
)
def test_latex(text: str, expected: list[str]) -> None:
    assert prose(text, "latex") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Some ``code`` and :func:`f` here.", ["Some", "and", "here."]),
        ("Title\n=====\n\nText.", ["Title", "Text."]),
        (".. code-block:: py\n   :linenos:\n\n   x = 1\n\nText.", ["Text."]),
        (".. note::\n   :class: a\n\n   Be careful.\n", ["Be careful."]),
        (".. note:: Be careful.", ["Be careful."]),
        (".. a comment\n   goes on\n\nText.", ["Text."]),
        ("As so::\n\n    x = 1\n\nText.", ["As so::", "Text."]),
        (">>> 1 + 1\n2\n\nText.", ["Text."]),
        ("See `the page <http://a.b>`_ now.", ["See", "the page", "now."]),
        (":Author: Somebody", ["Somebody"]),
    ],
)
def test_restructuredtext(text: str, expected: list[str]) -> None:
    assert prose(text, "restructuredtext") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("= Title\n:toc:\n\nText.", ["Title", "Text."]),
        ("[source,python]\n----\nx\n\ny\n----\nText.", ["Text."]),
        ("....\nx\n....\nText.", ["Text."]),
        ("Text.\n// comment\n////\nx\n////\n", ["Text."]),
        ("Text.\n\n literal\n more\n\nText.", ["Text.", "Text."]),
        ("Some `code`, a https://a.b/c[page] and {attr}.", ["Some", ", a", "page] and", "."]),
        ("image::a.png[An apple]\n", []),
        ("See <<a,the part>>.", ["See", "the part", "."]),
        ("* One\n* Two\n", ["One", "Two"]),
    ],
)
def test_asciidoc(text: str, expected: list[str]) -> None:
    assert prose(text, "asciidoc") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("= Title\nText.", ["Title\nText."]),
        ("#set page(\n  width: 1cm,\n)\nText.", ["Text."]),
        ("#let x = 1\nText.", ["Text."]),
        ("Some $x$, `code` and @ref here.", ["Some", ",", "and", "here."]),
        ("```py\nx\n```\nText.", ["Text."]),
        ("/* a\n\nb */\nText. // comment", ["Text."]),
        ("An #emph[apple] a day.", ["An", "apple", "a day."]),
        ("An #image('a.png') here.", ["An", "here."]),
    ],
)
def test_typst(text: str, expected: list[str]) -> None:
    assert prose(text, "typst") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<p>One <b>two</b>.</p><p>Three.</p>", ["One", "two", ".", "Three."]),
        ("<script>\nx\n</script>\n<p>Text.</p>", ["Text."]),
        ("<p>Some <code>x</code> here.</p>", ["Some", "here."]),
        ("<pre>\nx\n\ny</pre>\nText.", ["Text."]),
        ("<!-- a\nb -->\nText &amp; more.", ["Text", "more."]),
        ('<a\n href="x"\n>Text.</a>', []),
    ],
)
def test_html(text: str, expected: list[str]) -> None:
    assert prose(text, "html") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("From: a@b.c\nSubject: Tea\nX-A: b\n\nHello.", ["Tea", "Hello."]),
        ("Hello.\n\nOn Monday, A wrote:\n> quoted\n\nFine.", ["Hello.", "Fine."]),
        ("Hello.\n-- \nA\nB", ["Hello."]),
        ("Dear all,\nhello.", ["Dear all,\nhello."]),
        ("Hello.\n----- Original Message -----\nOld.", ["Hello."]),
    ],
)
def test_mail(text: str, expected: list[str]) -> None:
    assert prose(text, "mail") == expected


def test_commit_message() -> None:
    text = "Mend `it`\n\nSee https://a.b.\n\nSigned-off-by: A <a@b.c>\n# comment\n# ---- >8 ----\ndiff\n"
    assert prose(text, "gitcommit") == ["Mend", "See", "."]


def test_plain_text() -> None:
    assert prose("See https://a.b and <p>.\n\n    indented\n", "plaintext") == ["See", "and <p>.\n\n    indented"]


def test_sentences_go_around_what_is_not_prose() -> None:
    assert read("See `foo`. `bar` is next.\n\n`x`", "markdown") == ["See `foo`.", "`bar` is next."]
    assert read("<p>One</p><p>Two. Three</p>", "html") == ["One", "Two.", "Three"]
    assert read("\\section{First part}\nIt rains. So", "latex") == ["First part", "It rains.", "So"]
    assert read("今日は。明日は！", "markdown") == ["今日は。", "明日は！"]
    assert read("- Dr. Smith came\n- He left", "markdown") == ["Dr. Smith came", "He left"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("See `foo| bar` here", "markdown"),
        ("See https://a.b|", "markdown"),
        ("A\n```\nx|\n```", "markdown"),
        ("A \\sect|", "latex"),
        ("% not |", "latex"),
        ("> old|", "mail"),
        ("# c|", "gitcommit"),
        ("<b cl|>", "html"),
    ],
)
def test_the_cursor_is_not_in_prose(text: str, language: str) -> None:
    offset = text.index("|")
    looked_at = document(text.replace("|", ""), language)
    assert not looked_at.prose.at(*looked_at.position(offset))


@pytest.mark.parametrize("text", ["|", "a\n|\nb", "`x` |", "Some |`x`", "- |", "# |", "The wo|", "[the pa|ge](x)"])
def test_the_cursor_is_in_prose(text: str) -> None:
    offset = text.index("|")
    looked_at = document(text.replace("|", ""), "markdown")
    assert looked_at.prose.at(*looked_at.position(offset))


@given(texts, formats)
def test_regions_are_in_order_disjoint_and_agree_with_the_cursor(text: str, language: str) -> None:
    looked_at = document(text, language)
    regions = looked_at.prose.regions()
    assert all(0 <= start < end <= len(looked_at.text) for start, end in regions)
    assert all(before[1] < after[0] for before, after in pairwise(regions))
    for start, end in regions:
        for offset in range(start + 1, end):
            line, character = looked_at.position(offset)
            inside_ending = looked_at.offset(line, character) != offset
            assert inside_ending or looked_at.prose.at(line, character) or looked_at.text[offset - 1] in "\r\n"


@given(texts, st.lists(st.tuples(ranges, texts, st.integers(-1, 15)), max_size=8), formats)
def test_after_any_edits_it_is_as_if_read_anew(text: str, script: list, language: str) -> None:
    edited = document(text, language)
    for change, new, asked in script:
        edited.apply(change, new)
        if asked < 0:
            continue  # several edits before anybody asks
        fresh = document(edited.text, language)
        assert edited.prose.at(asked, 1) == fresh.prose.at(asked, 1)
        if asked % 3 == 0:
            assert edited.prose.regions() == fresh.prose.regions()
            assert sentences_of(edited) == sentences_of(fresh)
    fresh = document(edited.text, language)
    assert edited.prose.regions() == fresh.prose.regions()
    assert sentences_of(edited) == sentences_of(fresh)


@given(st.text(max_size=200), formats)
def test_nothing_raises_on_any_text(text: str, language: str) -> None:
    looked_at = document(text, language)
    looked_at.prose.regions()
    sentences_of(looked_at)
    looked_at.prose.at(0, 10**9)


@pytest.mark.parametrize("language", FORMATS)
@pytest.mark.parametrize(
    "unit", ["word ", "`", "` `` ", "$", "<", "<!--", "[", "](", "\\", "{", "@", "a", "://", "\\a{", "#f(", ":a:`"]
)
def test_a_very_long_line_is_read_in_time_linear_in_its_length(language: str, unit: str) -> None:
    looked_at = document(unit * (1_000_000 // 10 // len(unit)), language)
    begun = time.thread_time()
    looked_at.prose.regions()
    assert time.thread_time() - begun < 10  # seconds; hours where something is quadratic
    begun = time.thread_time()
    looked_at.apply(((0, 50_000), (0, 50_000)), "a")
    looked_at.prose.at(0, 50_001)
    assert time.thread_time() - begun < 1


@given(text=texts, language=st.sampled_from(FORMATS))
def test_whatever_a_rule_finds_has_a_sign_of_it(text: str, language: str) -> None:
    for rule in format_of(language).inline._rules:
        for match in re.finditer(rule.pattern, text):
            assert not rule.signs or not match[0] or any(sign in match[0] for sign in rule.signs)


def test_a_gap_is_looked_for_in_pieces() -> None:
    text = "word " * PIECE + "`code` end"
    assert prose(text, "markdown")[-1] == "end"

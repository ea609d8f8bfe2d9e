r"""LaTeX: the preamble, mathematics, listings, comments, commands and what they take that is no text.

A command's braces are taken for text (``\emph{word}``, ``\section{Title}``) unless it is known to take a name, a file
or an address. Inline mathematics and commands may not go on behind a blank line, as in TeX.
"""

from __future__ import annotations

import re

from foreword.text.formats.base import ADDRESSES, Inline, LineKind, Rule, State

_HIDDEN = frozenset(
    [
        "equation",
        "align",
        "alignat",
        "flalign",
        "gather",
        "multline",
        "math",
        "displaymath",
        "eqnarray",
        "verbatim",
        "Verbatim",
        "lstlisting",
        "minted",
        "tikzpicture",
        "pgfpicture",
        "filecontents",
        "comment",
        "algorithmic",
        "algorithm",
        "thebibliography",
        "code",
        "luacode",
    ]
)
_BEGIN = re.compile(r"\s*\\begin\{(\w+\*?)\}")
_NAMES = (
    "label|(?:auto|eq|page|name|[cC]|[vV]|sub)?ref|[a-zA-Z]*cite[a-zA-Z]*|nocite|usepackage|RequirePackage|documentclass|input|"
    "include|includeonly|includegraphics|bibliography|bibliographystyle|addbibresource|url|path|hypersetup|setlength|"
    "vspace|hspace|pagestyle|thispagestyle|pagenumbering|setcounter|addtocounter|newcommand|renewcommand|"
    "providecommand|def|let|newenvironment|DeclareMathOperator|graphicspath|tikzset|lstset|lstinputlisting|color|"
    "textcolor|gls|index|glspl|acrshort|ac"
)
_PARAGRAPH = re.compile(
    r"\s*\\(?:(?:sub)*section|chapter|part|(?:sub)?paragraph|item|title|begin|end|caption|maketitle)\b"
)
_ENDS = re.compile(r"\s*\\(?:(?:sub)*section|chapter|part|title|begin|end|maketitle)\b")


class Latex:
    r"""LaTeX and its relatives.

    The state is what everything is waiting for: the text that ends what is not prose (``\end{align}``), or one of
    ``?top``, ``?preamble``, ``?begin`` (a paragraph), ``?on`` (it goes on), ``?over`` (the document).
    """

    start: State = "?top"
    inline = Inline(
        Rule(r"\\verb\*?[^\w\s*]", "object", closer=lambda opening: opening[-1]),
        Rule(r"\\\(", "object", closer=lambda _: "\\)"),
        Rule(r"\\\[", "object", closer=lambda _: "\\]"),
        Rule(r"\\[%$&#_{}\\~^'\"`=.-]", None),
        Rule(r"%[^\n]*+", "markup", True),
        Rule(r"\$\$", "object", closer=lambda _: "$$"),
        Rule(r"\$", "object", closer=lambda _: "$"),
        Rule(
            r"\\(?:begin|end)\{[^{}\n]*+\}(?:\[[^\]\n]*+\]|\{[^{}\n]*+\})*+|\\(?:item|\\)(?![a-zA-Z])(?:\[[^\]\n]*+\])?",
            "break",
        ),
        Rule(r"\\href\{[^{}\n]*+\}\{?", "markup"),
        Rule(rf"\\(?:{_NAMES})(?![a-zA-Z])\*?(?:\[[^\]\n]*+\]|\{{(?:[^{{}}\n]|\{{[^{{}}\n]*+\}})*+\}})*+", "object"),
        Rule(r"\\[a-zA-Z@]++\*?(?:\[[^\]\n]*+\])?", "markup", True),
        Rule(r"[{}~&]", "markup"),
        *ADDRESSES,
    )

    def line(self, line: str, state: State) -> tuple[LineKind, State]:
        """Say what a line is and what is known behind it."""
        assert isinstance(state, str)
        content = line.strip()
        if state[0] != "?":
            return "other", "?begin" if state in line else state
        if state == "?over":
            return "other", state
        if state == "?top":
            if not content or content.startswith("%"):
                return "other" if content else "blank", state
            state = "?preamble" if re.search(r"\\document(?:class|style)\b", line) else "?begin"
        if state == "?preamble":
            return "other", "?begin" if "\\begin{document}" in line else state
        if not content:
            return "blank", "?begin"
        if "\\end{document}" in line:
            return "other", "?over"
        if (closer := _opened(line, content)) is not None:
            return "other", "?begin" if closer in content[2:] else closer
        if content.startswith("%"):
            return "other", state
        begin = state == "?begin" or _PARAGRAPH.match(line)
        return "begin" if begin else "prose", "?begin" if _ENDS.match(line) else "?on"


def _opened(line: str, content: str) -> str | None:
    """What ends the mathematics or listing that a line begins with."""
    if match := _BEGIN.match(line):
        return f"\\end{{{match[1]}}}" if match[1].rstrip("*") in _HIDDEN else None
    return {"\\[": "\\]", "$$": "$$"}.get(content[:2])

"""What in a sentence is to stay as it was given: code, addresses, file names, quotations.

A slip in there is another's, or none. Recognized by their look alone, since a sentence is all there is to see; what
only a document knows (a fenced block, a comment) its reader leaves out before.
"""

from __future__ import annotations

import re

# Each begins where no word character, or no other than a blank, stands before: none is tried again at every letter.
_PATTERNS = (
    r"`+[^`]+`+",  # Markdown's code
    r"\$[^$\s](?:[^$]*[^$\s])?\$",  # mathematics
    r"\]\([^)\s]*\)",  # the target of a Markdown link
    r"<[^<>\s][^<>]*>",  # a tag, an address in angle brackets
    r"\\[A-Za-z]+(?:\{[^{}]*\})?",  # a command of LaTeX and its argument
    r"\b[a-z][a-z0-9+.-]*://\S+|\bwww\.\S+",  # an address
    r"(?<!\S)\S+@\S+",  # mail, user@host
    r"(?<![\w./\\~-])[~.]{0,2}/?(?:[\w.-]+[/\\])+[\w.-]*",  # a path
    r"(?<![\w-])\w[\w-]*\.[A-Za-z]\w*",  # a file, a host, an attribute
    r"\b\w*[_\d]\w*(?:-\w+)*",  # an identifier, a number, v2-beta
    r"\b\w+\(\)?",  # a call
    r"\b[a-z]+[A-Z]\w*|\b[A-Z]\w*[a-z][A-Z]\w*",  # camelCase
    r"(?<!\w)[#@]\w[\w-]*",  # a tag, a user
    r"(?<!\w)--?\w[\w-]*",  # an option
    r'"[^"]*(?:"|$)',  # quotations, to the end where they are not closed
    r"“[^”]*(?:”|$)",
    r"„[^“”]*(?:[“”]|$)",
    r"«[^»]*(?:»|$)",
    r"(?<!\w)‘(?:[^’]|’(?=\w))*(?:’|$)",
    r"(?<!\w)'(?=\w)(?:[^']|'(?=\w))*'(?!\w)",
)
_PROTECTED = re.compile("|".join(_PATTERNS))


def protected(sentence: str) -> list[tuple[int, int]]:
    """Return the ranges in code points that are to stay as they are, in their order."""
    return [match.span() for match in _PROTECTED.finditer(sentence)]

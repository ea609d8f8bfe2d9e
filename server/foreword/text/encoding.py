"""Client units and code points: the three position encodings of the language server protocol, on one line of text.

A client counts a line in UTF-8 bytes, UTF-16 code units or UTF-32 code units (code points); Python counts code points.

- A position inside a character (between the two halves of a surrogate pair, or inside a UTF-8 sequence) is rounded down
  to the beginning of that character.
- A lone surrogate is kept as it is. It counts one UTF-16 unit, or three UTF-8 bytes (the generalized UTF-8 of the
  `surrogatepass` handler).
- A high surrogate directly before a low one is no pair of lone surrogates but one character: `pair_surrogates`. An
  editor that sends the halves of an emoji in two changes therefore gets the emoji.

ASCII lines, nearly all lines of nearly all documents, need no conversion; CPython knows without looking whether a
string is ASCII.
"""

from __future__ import annotations

import re
from typing import Literal

Encoding = Literal["utf-8", "utf-16", "utf-32"]

_PAIR = re.compile(r"[\ud800-\udbff][\udc00-\udfff]")


def pair_surrogates(text: str) -> str:
    """Replace every high surrogate that stands before a low one, with it, by the character the two encode."""
    if text.isascii() or not _PAIR.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def to_units(line: str, column: int, encoding: Encoding) -> int:
    """Return how many client units the first `column` code points of a line take."""
    if encoding == "utf-32" or line.isascii():
        return min(column, len(line))
    if encoding == "utf-16":
        return len(line[:column].encode("utf-16-le", "surrogatepass")) // 2
    return len(line[:column].encode("utf-8", "surrogatepass"))


def to_column(line: str, units: int, encoding: Encoding) -> int:
    """Return how many whole code points of a line fit into its first `units` client units."""
    if encoding == "utf-32" or line.isascii():
        return min(units, len(line))
    # A code point takes one unit at least, so these are enough, and the cost is that of the part before the position.
    head = line[: units + 1]
    if encoding == "utf-16":
        data = head.encode("utf-16-le", "surrogatepass")
        cut = min(2 * units, len(data))
        # `pair_surrogates` leaves no two lone ones that look like a pair: this is the inside of one character.
        if 0 < cut < len(data) and data[cut - 1] & 0xFC == 0xD8 and data[cut + 1] & 0xFC == 0xDC:
            cut -= 2
        return len(data[:cut].decode("utf-16-le", "surrogatepass"))
    data = head.encode("utf-8", "surrogatepass")
    cut = min(units, len(data))
    while cut < len(data) and data[cut] & 0xC0 == 0x80:
        cut -= 1
    return len(data[:cut].decode("utf-8", "surrogatepass"))

"""A list of lines that knows at which offset each of them begins, whatever is spliced into it.

Offsets are code points. A running total for every line would have to be renewed behind each edit, and adding up 20,000
lengths for each look-up takes longer than a keystroke may; so the lines are grouped into blocks of a few hundred, only
the totals of blocks are kept, and a splice renews the totals of the blocks that it touches. Every operation costs
(number of blocks + lines in a block).
"""

from __future__ import annotations

import io

BLOCK = 256


def split_lines(text: str) -> list[str]:
    r"""Split at \n, \r\n and \r, and at nothing else, each line keeping its ending.

    `str.splitlines` also splits at form feeds, U+2028 and others, which the language server protocol counts as ordinary
    characters.

    Returns
    -------
    list[str]
        One line or more; joined they are `text`. Only the last has no ending, and it is empty where `text` ends with
        one.
    """
    if "\r" not in text:
        lines = [line + "\n" for line in text.split("\n")]
        lines[-1] = lines[-1][:-1]
        return lines
    lines = list(io.StringIO(text, newline=""))
    if lines[-1].endswith(("\n", "\r")):
        lines.append("")
    return lines


class Lines:
    """The lines of a document; never empty.

    Parameters
    ----------
    lines : list[str]
        One line or more. Taken over, not copied.
    """

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._counts: list[int] = []  # lines in each block
        self._sizes: list[int] = []  # code points in each block
        self._renew(slice(0, 0), 0, len(lines))

    def __len__(self) -> int:
        return len(self._lines)

    def __getitem__(self, index: int) -> str:
        return self._lines[index]

    def text(self) -> str:
        """Everything, joined."""
        return "".join(self._lines)

    def start(self, line: int) -> int:
        """Return the offset of the first code point of a line."""
        _, first, offset = self._block_of_line(line)
        return offset + sum(map(len, self._lines[first:line]))

    def size(self, first: int, last: int) -> int:
        """Return how many code points the lines from `first` up to, not including, `last` have."""
        return sum(map(len, self._lines[first:last]))

    def find(self, offset: int) -> tuple[int, int]:
        """Return the line that holds an offset, and the column in it.

        The offset behind the last character belongs to the last line; so does any beyond it, and any below 0 to the
        first.
        """
        block = first = 0
        offset = max(offset, 0)
        while block < len(self._sizes) - 1 and offset >= self._sizes[block]:
            offset -= self._sizes[block]
            first += self._counts[block]
            block += 1
        last = len(self._lines) - 1
        while first < last and offset >= len(self._lines[first]):
            offset -= len(self._lines[first])
            first += 1
        return first, min(offset, len(self._lines[first]))

    def splice(self, first: int, last: int, new: list[str]) -> None:
        """Put `new` in the place of the lines from `first` up to, not including, `last`; one line must remain."""
        start_block, start_line, _ = self._block_of_line(first)
        end_block, end_line = start_block, start_line + self._counts[start_block]
        while end_line < last:
            end_block += 1
            end_line += self._counts[end_block]
        self._lines[first:last] = new
        end_line += len(new) - (last - first)
        self._renew(slice(start_block, end_block + 1), start_line, end_line)

    def _block_of_line(self, line: int) -> tuple[int, int, int]:
        """Return the block that holds a line, the block's first line and its offset."""
        block = first = offset = 0
        while block < len(self._counts) - 1 and line >= first + self._counts[block]:
            first += self._counts[block]
            offset += self._sizes[block]
            block += 1
        return block, first, offset

    def _renew(self, blocks: slice, first: int, last: int) -> None:
        """Count the lines from `first` up to `last` anew, as the blocks `blocks`."""
        # Twice the usual size is let stand, so that typing line after line does not cut a block at each.
        step = BLOCK if last - first > 2 * BLOCK else max(last - first, 1)
        pieces = [self._lines[i : min(i + step, last)] for i in range(first, last, step)]
        self._counts[blocks] = [len(piece) for piece in pieces]
        self._sizes[blocks] = [sum(map(len, piece)) for piece in pieces]

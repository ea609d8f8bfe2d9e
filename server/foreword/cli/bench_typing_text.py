"""The text that ``foreword bench typing`` types where no file is given: an everyday story, a mail, technical prose."""

from __future__ import annotations

from typing import Final

TEXT: Final = (
    "We spent most of Saturday in the garden because the weather was finally warm enough. My sister brought her two "
    "children, and they didn't want to go home again until it was dark. In the evening we sat around the table, ate "
    "what was left of the soup and talked about the summer holidays. Nobody could agree on a place, as usual.\n"
    "\n"
    "Hi Martha,\n"
    "\n"
    "Thank you for sending me the minutes of the last meeting. I have read them and there are only two things that I "
    "would like to change. First, the budget for the new office was 12,000 and not 20,000. Second, I didn't say that "
    "we can start in March; I said that we should talk about it in March. Could you please let me know if Thursday "
    "afternoon works for you? I am free between two and four o'clock, and we could meet in my office.\n"
    "\n"
    "Best wishes,\n"
    "Peter\n"
    "\n"
    "The cache keeps the results of the last hundred requests in memory. If a request is not in the cache, the server "
    "reads the file from disk, which takes about ten times as long. When the memory is full, the entry that has not "
    "been used for the longest time is removed first. You can change the size of the cache in the settings, but a "
    "value that is too small will make the program slower than it was without any cache at all.\n"
)

"""Registers: what a text is expected to sound like before any of it is written.

A language model that has seen nothing of a text spends its first words finding out what kind of text it is. A few lines
of that kind, put before the text, tell it. They are decoded once and shared by all documents.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, get_args

RegisterName = Literal["everyday", "mail", "chat", "technical", "commit"]

REGISTER_NAMES: Final[tuple[RegisterName, ...]] = get_args(RegisterName)


@dataclass(frozen=True)
class Register:
    """A kind of text.

    Attributes
    ----------
    preamble
        What is put before a text of this kind: lines written by us, the last one complete.
    """

    name: RegisterName
    preamble: str


_PREAMBLES: dict[RegisterName, str] = {
    "everyday": """Here are some everyday things that people say to each other, one on each line.

I'm going to the shop, do you need anything?
Can you help me with this for a minute?
I don't feel very well today.
What time is it?
That's very kind of you.
Where did I put my phone?
We had pizza last night.
Could you turn down the heating, please?
My son plays the drums.
Let's go home, it's raining again.
""",
    "mail": """From: Anna Meier
To: Tom Walker
Subject: Meeting next week

Hi Tom,

Thank you for your message. I have looked at the draft and I think it is nearly ready. Could you please send me the
latest version before Friday? I am out of the office on Monday, but we can talk on Tuesday if that works for you.

Best regards,
Anna

---

""",
    "chat": """hey are you coming tonight?
yeah I think so, what time does it start?
around 8 I think, I can pick you up if you want
ok cool, see you then
sorry I'm running a bit late, I'll be there in 10 min
""",
    "technical": """# Overview

This document describes how the service is built, configured and tested. It is written for developers who want to use
the library or to contribute to it. If a value is not set, the default is used and a warning is logged. For example, the
following function returns a list of all the files that have changed since the last release.

""",
    "commit": """Fix a crash when the configuration file is missing

The parser assumed that the file always exists. Return the defaults instead, and add a test.

Add support for custom timeouts

Update the documentation and remove unused imports

""",
}

REGISTERS: Final[Mapping[RegisterName, Register]] = MappingProxyType(
    {name: Register(name, preamble) for name, preamble in _PREAMBLES.items()}
)

_BY_LANGUAGE: dict[str, RegisterName] = {
    "git-commit": "commit",
    "gitcommit": "commit",
    "mail": "mail",
    "markdown": "technical",
    "restructuredtext": "technical",
    "rst": "technical",
    "asciidoc": "technical",
    "latex": "technical",
    "tex": "technical",
    "typst": "technical",
}
_BY_ENDING: dict[str, RegisterName] = {".eml": "mail", "commit_editmsg": "commit", "merge_msg": "commit"}


def named(name: str, language_id: str = "", path: str = "") -> Register | None:
    """Return the register of a name; for ``"auto"`` that of a document, for ``"none"`` none.

    Raises
    ------
    ValueError
        There is no register of that name.
    """
    if name == "none":
        return None
    if name == "auto":
        return register_of(language_id, path)
    for known, register in REGISTERS.items():
        if known == name:
            return register
    raise ValueError(f"There is no register {name!r}: choose auto, none, {', '.join(REGISTER_NAMES)}.")


def register_of(language_id: str, path: str) -> Register:
    """Return the register of a document by the editor's name for its language, and by its file name.

    Examples
    --------
    >>> register_of("git-commit", "/home/me/.git/COMMIT_EDITMSG").name, register_of("plaintext", "note.txt").name
    ('commit', 'everyday')
    """
    for ending, name in _BY_ENDING.items():
        if path.lower().endswith(ending):
            return REGISTERS[name]
    return REGISTERS[_BY_LANGUAGE.get(language_id.lower(), "everyday")]

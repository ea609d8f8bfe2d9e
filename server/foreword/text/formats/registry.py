"""The format of each language id, as the various editors spell them, in lower case."""

from __future__ import annotations

from foreword.text.formats.asciidoc import AsciiDoc
from foreword.text.formats.base import Format
from foreword.text.formats.html import Html
from foreword.text.formats.latex import Latex
from foreword.text.formats.markdown import Markdown, Mdx
from foreword.text.formats.plain import CommitMessage, Mail, PlainText
from foreword.text.formats.restructuredtext import ReStructuredText
from foreword.text.formats.typst import Typst

_FORMATS: dict[type[Format], str] = {
    Markdown: "markdown gfm ipythongfm pandoc quarto rmd rmarkdown djot vimwiki",
    Mdx: "mdx markdown.mdx",
    Latex: "latex tex plaintex context",
    ReStructuredText: "restructuredtext rst",
    AsciiDoc: "asciidoc asciidoctor",
    Typst: "typst",
    Html: "html xhtml",
    Mail: "mail message eml gitsendemail",
    CommitMessage: "gitcommit git-commit git-commit-message scminput hgcommit jj-commit jjdescription",
}
_BY_ID: dict[str, type[Format]] = {name: kind for kind, names in _FORMATS.items() for name in names.split()}


def format_of(language_id: str) -> Format:
    """Return the format of a language; plain text where none is known."""
    return _BY_ID.get(language_id.casefold(), PlainText)()

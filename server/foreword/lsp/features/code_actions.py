"""``textDocument/codeAction``: what to do about a mark, and the commands that do it."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from foreword.ignored import sentence_hash
from foreword.lsp.capabilities import workspace_root
from foreword.lsp.features import configuration, diagnostics
from foreword.lsp.features.marks import SOURCE, shown_edits, shown_labels, wanted
from foreword.lsp.features.reading import GRAMMAR
from foreword.settings_edit import SettingsFileError, project_file, set_value, user_file

if TYPE_CHECKING:
    from foreword.lsp.server import ForewordServer
    from foreword.text.document import Document
    from foreword.text.sentences import Sentence

IGNORE, TURN_OFF, EXPLAIN = "foreword.ignoreSentence", "foreword.turnOffLabel", "foreword.explain"


def register(server: ForewordServer) -> None:
    """Offer the actions, and carry out those that are commands."""

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION)
    def code_actions(params: types.CodeActionParams) -> Sequence[types.CodeAction | types.Command]:
        document = server.documents.get(params.text_document.uri)
        only = params.context.only
        if document is None or (only and not any(_includes_quick_fixes(kind) for kind in only)):
            return []
        server.focus[document] = params.range.start.line
        found: list[types.CodeAction] = []
        for sentence in _sentences(server, document, params.range):
            found += _actions(server, document, sentence, params)
        if _takes_literals(server):
            return found
        return [action.command for action in found if action.command]

    @server.command(IGNORE)
    def ignore(*arguments: Any) -> None:
        (sentence,) = _strings(arguments, "sentence")
        try:
            server.ignored.add(sentence)
        except OSError as error:
            server.tell(f"The sentence is ignored until the editor is closed only: {error.strerror}.")
        diagnostics.tell_all(server)

    @server.command(TURN_OFF)
    def turn_off(*arguments: Any) -> None:
        uri, classifier, label, scope = _strings(arguments, "uri", "classifier", "label", "scope")
        scopes = [name for name, _ in _scopes(server)]
        if scope not in scopes:
            raise JsonRpcInvalidParams(f"The scope is one of {', '.join(scopes)}.")
        if scope == "document":
            server.hushed.add((uri, classifier, label))
            diagnostics.tell_all(server)
        else:
            try:
                _turn_off(server, uri, classifier, label, scope)
            except SettingsFileError as error:
                server.tell(str(error))

    @server.command(EXPLAIN)
    def explain(*arguments: Any) -> str | None:
        (classifier,) = _strings(arguments, "classifier")
        card = next((r.cards[classifier] for r in server.readings.values() if classifier in r.cards), None)
        window = server.client_capabilities.window
        if card is not None and window is not None and window.show_document is not None:
            server.window_show_document(types.ShowDocumentParams(uri=card.partition("#")[0], take_focus=True), _unheard)
        return card


def _actions(
    server: ForewordServer, document: Document, sentence: Sentence, params: types.CodeActionParams
) -> Iterator[types.CodeAction]:
    """Yield what can be done about the marks of one sentence."""
    reading, settings = server.readings[document.uri], server.language(document).diagnostics
    known = reading.known[sentence.text]
    codes = []
    for edit in shown_edits(server, document, known, settings):
        code = f"{GRAMMAR}/{edit.kind}"
        codes.append(code)
        title = f"Write \u201c{edit.replacement}\u201d" if edit.replacement else "Take it away"
        start = document.position(sentence.start + edit.start)
        end = document.position(sentence.start + edit.end)
        change = types.TextEdit(types.Range(types.Position(*start), types.Position(*end)), edit.replacement)
        yield types.CodeAction(
            title=title,
            kind=types.CodeActionKind.QuickFix,
            diagnostics=_about(params, code),
            is_preferred=True,
            edit=types.WorkspaceEdit(changes={document.uri: [change]}),
        )
    asked = wanted(server, document, reading, settings)
    labels = [(name, label.label) for name, label in shown_labels(asked, known)]
    if not codes and not labels:
        return
    everything = _about(params, *codes, *(f"{name}/{label}" for name, label in labels))
    yield _command("Ignore this sentence", everything, IGNORE, {"sentence": sentence_hash(sentence.text)})
    for name, label in [*labels, *((GRAMMAR, code.partition("/")[2]) for code in codes)]:
        about = _about(params, f"{name}/{label}")
        for scope, where in _scopes(server):
            what = {"uri": document.uri, "classifier": name, "label": label, "scope": scope}
            yield _command(f"Do not mark \u201c{label}\u201d {where}", about, TURN_OFF, what)
        if name in reading.cards:
            yield _command(f"Explain \u201c{label}\u201d", about, EXPLAIN, {"classifier": name})


def _scopes(server: ForewordServer) -> Iterator[tuple[str, str]]:
    yield "document", "in this document"
    if not server.writes_files:
        return
    if workspace_root(server.initialize_params) is not None:
        yield "project", "in this project"
    yield "user", "anywhere"


def _turn_off(server: ForewordServer, uri: str, classifier: str, label: str, scope: str) -> None:
    """Write the settings' file so that a label is not marked any more, and put it in force."""
    document, reading = server.documents.get(uri), server.readings.get(uri)
    if document is None or reading is None or (classifier != GRAMMAR and classifier not in reading.classifiers):
        raise JsonRpcInvalidParams("There is no such document open, or no such classifier.")
    root = server.folder_of(uri) or workspace_root(server.initialize_params)
    file, table = project_file(root) if scope == "project" and root else (user_file(), ())
    labels = server.language(document).diagnostics.classifier(classifier).labels
    if labels is not None:
        marked: Sequence[str] = labels
    elif classifier == GRAMMAR:
        from foreword_models.grammar.edits import KINDS

        marked = KINDS
    else:
        marked = reading.classifiers[classifier].config.marks
    keys = (*table, "diagnostics", "classifiers", classifier, "labels")
    set_value(file, keys, [name for name in marked if name != label])
    configuration.reload(server)
    if label in (server.language(document).diagnostics.classifier(classifier).labels or ()):
        server.tell(f"{file} was changed, but settings that come before it still have \u201c{label}\u201d marked.")


def _sentences(server: ForewordServer, document: Document, range: types.Range) -> Iterator[Sentence]:
    """Yield the sentences that have been read and that a range touches."""
    reading = server.readings.get(document.uri)
    if reading is None or reading.revision != document.revision:
        return
    start = document.offset(range.start.line, range.start.character)
    end = document.offset(range.end.line, range.end.character)
    first = bisect.bisect_left(reading.sentences, start, key=lambda sentence: sentence.end)
    for sentence in reading.sentences[first:]:
        if sentence.start > end:
            return
        if sentence.text in reading.known and sentence.text not in server.ignored:
            yield sentence


def _about(params: types.CodeActionParams, *codes: str) -> list[types.Diagnostic]:
    """Return those marks of which the client asks what to do that have one of some codes."""
    return [mark for mark in params.context.diagnostics if mark.source == SOURCE and mark.code in codes]


def _command(title: str, about: list[types.Diagnostic], name: str, argument: dict[str, str]) -> types.CodeAction:
    command = types.Command(title=title, command=name, arguments=[argument])
    return types.CodeAction(title=title, kind=types.CodeActionKind.QuickFix, diagnostics=about, command=command)


def _includes_quick_fixes(kind: types.CodeActionKind | str) -> bool:
    name = kind.value if isinstance(kind, types.CodeActionKind) else kind
    return name in ("", "quickfix")


def _takes_literals(server: ForewordServer) -> bool:
    editor = server.client_capabilities.text_document
    return bool(editor and editor.code_action and editor.code_action.code_action_literal_support)


def _strings(arguments: Sequence[Any], *names: str) -> list[str]:
    """Return the named strings of a command's one argument."""
    given = arguments[0] if len(arguments) == 1 else None
    if not isinstance(given, Mapping) or not all(isinstance(given.get(name), str) for name in names):
        raise JsonRpcInvalidParams(f"The command takes one object with the strings {', '.join(names)}.")
    return [given[name] for name in names]


def _unheard(_answer: Any) -> None:
    """Take the client's answer, whatever it is."""

/** Taking a word: it takes the place of the letters typed, and brings its space. */

import * as vscode from 'vscode';
import {
  type CompletionItem,
  ExecuteCommandRequest,
  InsertReplaceEdit,
  type LanguageClient,
} from 'vscode-languageclient/node';
import { spaceBefore, takesSpace } from './space';

/** A space that was set with a word: where it ends, in which version of a document. */
interface Space {
  document: vscode.TextDocument;
  end: vscode.Position;
  version: number;
}

/** Writes words into editors, and keeps an eye on the space behind the last one. */
export class Taker implements vscode.Disposable {
  /** What is being written; the change that it makes is not the writer's. */
  private writing: { document: vscode.TextDocument; text: string; end: vscode.Position } | undefined;
  /** The space behind the last word, as long as nothing else was done. */
  private space: Space | undefined;
  private readonly listener = vscode.workspace.onDidChangeTextDocument((event) => this.changed(event));

  dispose(): void {
    this.listener.dispose();
  }

  /** Write an item where it belongs; returns whether the editor did it. */
  async take(editor: vscode.TextEditor, item: CompletionItem, client: LanguageClient): Promise<boolean> {
    const { document } = editor;
    const { textEdit: edit, command } = item;
    if (!edit) {
      return false;
    }
    const range = client.protocol2CodeConverter.asRange(InsertReplaceEdit.is(edit) ? edit.replace : edit.range);
    const following = document.lineAt(range.end.line).text.slice(range.end.character);
    // A space that is there already becomes the word's own: the next word begins behind it.
    const whole = following.startsWith(' ') ? range.with({ end: range.end.translate(0, 1) }) : range;
    const text = edit.newText + (whole === range ? spaceBefore(following) : ' ');
    const own = text !== edit.newText && whole === range;
    this.writing = own ? { document, text, end: range.start.translate(0, text.length) } : undefined;
    // A snippet, because it sets the cursor in the same step: the next key may have been pressed already.
    const done = await editor.insertSnippet(new vscode.SnippetString().appendText(text), whole);
    if (done && command) {
      const params = { command: command.command, arguments: command.arguments ?? [] };
      await client.sendRequest(ExecuteCommandRequest.type, params).catch(() => undefined);
    }
    return done;
  }

  /** A mark behind our space goes before it, and a space of the writer's own is not a second one. */
  private changed({ document, contentChanges }: vscode.TextDocumentChangeEvent): void {
    const [change, ...others] = contentChanges;
    if (!change) {
      return; // only whether it is saved
    }
    const { writing, space } = this;
    this.writing = this.space = undefined;
    if (writing?.document === document && writing.text.endsWith(change.text) && others.length === 0) {
      this.space = { document, end: writing.end, version: document.version };
      return;
    }
    const editor = vscode.window.activeTextEditor;
    const behind =
      space?.document === document && document.version === space.version + 1 && change.range.start.isEqual(space.end);
    const typed = others.length === 0 && change.rangeLength === 0 && takesSpace(change.text);
    if (behind && typed && editor?.document === document) {
      void withdraw(editor, new vscode.Range(space.end.translate(0, -1), space.end), change.text);
    }
  }
}

/** Take a space away again that is followed by what was typed. */
async function withdraw(editor: vscode.TextEditor, space: vscode.Range, typed: string): Promise<void> {
  const both = space.with({ end: space.end.translate(0, 1) });
  for (let tries = 0; tries < 3 && editor.document.getText(both) === ` ${typed}`; tries++) {
    // It fails where another key came between, and does nothing then.
    if (await editor.edit((builder) => builder.delete(space), { undoStopBefore: false, undoStopAfter: false })) {
      return;
    }
  }
}

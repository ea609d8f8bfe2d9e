/** Taking a word: it takes the place of the letters typed, and brings its space. */

import * as vscode from 'vscode';
import {
  type CompletionItem,
  ExecuteCommandRequest,
  InsertReplaceEdit,
  type LanguageClient,
} from 'vscode-languageclient/node';
import { spaceBefore, takesSpace } from './space';

/** Write words into an editor, and keep an eye on the space behind the last one. */
export class Taker implements vscode.Disposable {
  /** Where the space that was set with a word ends, as long as nothing else was done. */
  private space: { document: vscode.TextDocument; end: vscode.Position; version: number } | undefined;
  private readonly listener = vscode.workspace.onDidChangeTextDocument((event) => this.changed(event));

  dispose(): void {
    this.listener.dispose();
  }

  /** Write an item where it belongs; returns whether the editor did it. */
  async take(editor: vscode.TextEditor, item: CompletionItem, client: LanguageClient): Promise<boolean> {
    const { document } = editor;
    if (!item.textEdit) {
      return false;
    }
    const edit = item.textEdit;
    const range = client.protocol2CodeConverter.asRange(InsertReplaceEdit.is(edit) ? edit.replace : edit.range);
    const following = document.lineAt(range.end.line).text.slice(range.end.character);
    const space = spaceBefore(following);
    const done = await editor.edit((builder) => builder.replace(range, edit.newText + space));
    if (!done) {
      return false;
    }
    // A space that was there already counts as the word's own: the next word begins behind it.
    const step = edit.newText.length + (space || following.startsWith(' ') ? 1 : 0);
    const end = range.start.translate(0, step);
    editor.selection = new vscode.Selection(end, end);
    this.space = space ? { document, end, version: document.version } : undefined;
    if (item.command) {
      const { command, arguments: args = [] } = item.command;
      await client.sendRequest(ExecuteCommandRequest.type, { command, arguments: args }).catch(() => undefined);
    }
    return true;
  }

  /** A mark behind our space goes before it, and a space of the writer's own is not a second one. */
  private changed(event: vscode.TextDocumentChangeEvent): void {
    const { space } = this;
    if (!space || event.document !== space.document || event.contentChanges.length === 0) {
      return;
    }
    this.space = undefined;
    const [change, ...others] = event.contentChanges;
    const editor = vscode.window.activeTextEditor;
    const typed = change && others.length === 0 && change.rangeLength === 0 && change.text.length === 1;
    if (!typed || !change.range.start.isEqual(space.end) || event.document.version !== space.version + 1) {
      return;
    }
    if (editor?.document === event.document && takesSpace(change.text)) {
      const ours = new vscode.Range(space.end.translate(0, -1), space.end);
      void editor.edit((builder) => builder.delete(ours), { undoStopBefore: false, undoStopAfter: false });
    }
  }
}

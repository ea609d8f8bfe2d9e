/** What the tests inside the extension host share: a document to write into, and waiting for what is shown. */

import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { Shown } from '../../src/extension';

export const extension = vscode.extensions.getExtension<Shown>('foreword.foreword') as vscode.Extension<Shown>;

/** Ask again and again until something true comes. */
export async function until<Value>(
  what: string,
  ask: () => Value | Promise<Value>,
): Promise<Exclude<Value, false | null | undefined>> {
  const deadline = Date.now() + 150_000;
  for (;;) {
    const seen = await ask();
    if (seen) {
      return seen as Exclude<Value, false | null | undefined>;
    }
    const { words, state } = extension.exports;
    assert.ok(Date.now() < deadline, `${what} did not come; seen: ${JSON.stringify({ words, state })}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Wait until the bar has words that fit. */
export function words(what: string, wanted: (words: readonly string[]) => boolean = () => true) {
  return until(what, () => {
    const { words } = extension.exports;
    return words.length > 0 && wanted(words) && words;
  });
}

/** Open a new document with a text, the cursor at its end. */
export async function write(content: string, language = 'markdown'): Promise<vscode.TextEditor> {
  const editor = await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ language, content }));
  const end = editor.document.positionAt(content.length);
  editor.selection = new vscode.Selection(end, end);
  return editor;
}

/** Type, as keys would. */
export function type(text: string) {
  return vscode.commands.executeCommand('type', { text });
}

/** The marks of a document. */
export function marks({ document }: vscode.TextEditor) {
  return vscode.languages.getDiagnostics(document.uri).filter(({ source }) => source === 'foreword');
}

/** Close all editors; what was written is let go. */
export async function clear(): Promise<void> {
  while (vscode.window.activeTextEditor) {
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
  }
}

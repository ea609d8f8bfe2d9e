/** The word bar: the likeliest words for the cursor, on the status bar, each taken by a key or a click. */

import * as vscode from 'vscode';
import type { CompletionItem } from 'vscode-languageclient/node';
import { isOurs } from './languages';
import type { Session } from './session';
import type { Taker } from './take';
import { likelihood, type Offer } from './words';

/** How many words there are on the bar at most; as many commands `foreword.take1` ... are in the package. */
export const SLOTS = 3;

/** In `when` clauses of keys: how many words are on the bar. */
const CONTEXT = 'foreword.words';

/**
 * After a change the cursor moves, which asks for words; a change that does not move it (Delete) asks after so long,
 * in milliseconds.
 */
const CURSOR_FOLLOWS = 10;

export class WordBar implements vscode.Disposable {
  private readonly slots: vscode.StatusBarItem[] = [];
  private readonly disposables: vscode.Disposable[] = [];
  private shown: CompletionItem[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly session: Session,
    private readonly taker: Taker,
  ) {
    for (let number = 1; number <= SLOTS; number++) {
      const slot = vscode.window.createStatusBarItem(`foreword.word${number}`, vscode.StatusBarAlignment.Left, -number);
      slot.name = `Foreword: Word ${number}`;
      slot.command = `foreword.take${number}`;
      this.slots.push(slot);
    }
    this.disposables.push(
      ...this.slots,
      ...this.slots.map((slot, index) =>
        vscode.commands.registerCommand(slot.command as string, () => this.take(index)),
      ),
      vscode.window.onDidChangeTextEditorSelection(() => this.refresh()),
      vscode.window.onDidChangeActiveTextEditor(() => this.refresh()),
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        if (document === vscode.window.activeTextEditor?.document) {
          this.timer ??= setTimeout(() => this.refresh(), CURSOR_FOLLOWS);
        }
      }),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('foreword.bar')) {
          this.refresh();
        }
      }),
      session.onDidChange(() => this.refresh()),
    );
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const disposable of this.disposables) {
      disposable.dispose();
    }
  }

  /** Ask for the words at the cursor, and show them when they come; those that were shown stay until then. */
  private refresh(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    void this.offer().then(async (offer) => {
      if (offer === 'newer') {
        return;
      }
      this.show(offer?.list.items.slice(0, SLOTS) ?? []);
    });
  }

  /** The words at the cursor now; undefined where there is none to ask for, `newer` if the cursor went on. */
  private async offer(): Promise<Offer | 'newer' | undefined> {
    const editor = vscode.window.activeTextEditor;
    const words = this.session.words;
    if (!words || !editor || !isOurs(editor.document) || !isOn(editor) || !isPlain(editor)) {
      return undefined;
    }
    const { document } = editor;
    const { version } = document;
    const cursor = editor.selection.active;
    const offer = await words.at(document, cursor);
    const same = vscode.window.activeTextEditor === editor && document.version === version;
    return same && editor.selection.active.isEqual(cursor) ? offer : 'newer';
  }

  private show(items: CompletionItem[]): void {
    if (items.length !== this.shown.length) {
      void vscode.commands.executeCommand('setContext', CONTEXT, items.length);
    }
    this.shown = items;
    this.slots.forEach((slot, index) => {
      const item = items[index];
      if (!item) {
        slot.hide();
        return;
      }
      const key = process.platform === 'darwin' ? `⌥${index + 1}` : `Alt+${index + 1}`;
      slot.text = `${SUPERSCRIPTS[index]} ${item.label}`;
      slot.tooltip = new vscode.MarkdownString('**')
        .appendText(item.label)
        .appendMarkdown(`** ${likelihood(item)}\n\n${key}`);
      slot.accessibilityInformation = {
        label: `Foreword ${index + 1}: ${item.label}, ${likelihood(item)}`,
        role: 'button',
      };
      slot.show();
    });
  }

  /** Take the word that is seen; if a key has gone in between, only if it is still offered. */
  private async take(index: number): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    const { client } = this.session;
    const seen = this.shown[index];
    const offer = await this.offer();
    if (!editor || !client || !seen || !offer || offer === 'newer') {
      return;
    }
    const item = offer.list.items.find(({ label }) => label === seen.label);
    if (item) {
      await this.taker.take(editor, item, client);
    }
  }
}

const SUPERSCRIPTS = ['¹', '²', '³'];

function isOn({ document }: vscode.TextEditor): boolean {
  return vscode.workspace.getConfiguration('foreword', document).get('bar.enabled', true);
}

/** Whether there is one cursor, and nothing selected. */
function isPlain(editor: vscode.TextEditor): boolean {
  return editor.selections.length === 1 && editor.selection.isEmpty;
}

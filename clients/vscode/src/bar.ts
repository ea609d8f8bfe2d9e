/** The word bar: the likeliest words for the cursor, on the status bar, each taken by a key or a click. */

import * as vscode from 'vscode';
import type { CompletionItem } from 'vscode-languageclient/node';
import { isOurs, isWanted } from './languages';
import type { Session } from './session';
import type { Taker } from './take';
import { likelihood, type Offer } from './words';

/** How many words there are on the bar at most; as many commands `foreword.take1` ... are in the package. */
export const SLOTS = 3;

/**
 * In `when` clauses of keys: the bar is there, with words or, for the moment, without. A key pressed a moment too late
 * must not do what else VS Code has it for.
 */
const CONTEXT = 'foreword.bar';

/**
 * After a change the cursor moves, which asks for words; a change that does not move it (Delete) asks after so long,
 * in milliseconds.
 */
const CURSOR_FOLLOWS = 10;

/**
 * Where nothing was found the server goes on searching, and a busy one may have had no time at all: as long as the cursor
 * stays, it is asked again after so many milliseconds.
 */
const AGAIN = [200, 500, 1500, 4000, 10_000, 30_000];

export class WordBar implements vscode.Disposable {
  private readonly slots: vscode.StatusBarItem[] = [];
  private readonly disposables: vscode.Disposable[] = [];
  private shown: CompletionItem[] = [];
  /** Where the words that are shown are for. */
  private place: Offer | undefined;
  private there = false;
  /** Counts what was asked: only the last answer is shown. */
  private turn = 0;
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
          clearTimeout(this.timer);
          this.timer = setTimeout(() => this.refresh(), CURSOR_FOLLOWS);
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

  /** The words that are shown. */
  get words(): readonly string[] {
    return this.shown.map(({ label }) => label);
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const disposable of this.disposables) {
      disposable.dispose();
    }
  }

  /**
   * Ask for the words at the cursor, and show them when they come; those that were shown stay until then.
   *
   * @param tries How often this place was asked for already.
   */
  private refresh(tries = 0): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.turn += 1;
    const editor = this.editor();
    this.setContext(editor !== undefined && isWanted(editor.document));
    if (!editor) {
      this.show([]);
      return;
    }
    const { turn } = this;
    void this.offer(editor).then((offer) => {
      if (offer === 'newer' || turn !== this.turn) {
        return;
      }
      this.show(offer?.list.items.slice(0, SLOTS) ?? []);
      this.place = offer;
      const wait = AGAIN[tries];
      if (wait !== undefined && this.shown.length === 0 && offer?.list.isIncomplete !== false) {
        this.timer = setTimeout(() => {
          this.session.words?.forget();
          this.refresh(tries + 1);
        }, wait);
      }
    });
  }

  /** The editor that words are for; undefined where there is nothing to ask, or nobody. */
  private editor(): vscode.TextEditor | undefined {
    const editor = vscode.window.activeTextEditor;
    return editor && this.session.words && isOurs(editor.document) && isOn(editor) && isPlain(editor)
      ? editor
      : undefined;
  }

  /** The words at the cursor now; `newer` if it went on meanwhile. */
  private async offer(editor: vscode.TextEditor): Promise<Offer | 'newer' | undefined> {
    const { document } = editor;
    const { version } = document;
    const cursor = editor.selection.active;
    const offer = await this.session.words?.at(document, cursor);
    const same = vscode.window.activeTextEditor === editor && document.version === version;
    return same && editor.selection.active.isEqual(cursor) ? offer : 'newer';
  }

  /** Show words; of the slots only those that change are touched, since each is a message to the window. */
  private show(items: CompletionItem[]): void {
    this.slots.forEach((slot, index) => {
      const [item, before] = [items[index], this.shown[index]];
      if (!item) {
        if (before) {
          slot.hide();
        }
        return;
      }
      const [now, then] = [item, before].map((each) => each && `${each.label} ${likelihood(each)}`);
      if (now !== then) {
        const key = process.platform === 'darwin' ? `⌥${index + 1}` : `Alt+${index + 1}`;
        slot.text = `${SUPERSCRIPTS[index]} ${item.label}`;
        slot.tooltip = new vscode.MarkdownString('**')
          .appendText(item.label)
          .appendMarkdown(`** ${likelihood(item)}\n\n${key}`);
        slot.accessibilityInformation = { label: `Foreword ${index + 1}: ${now}`, role: 'button' };
      }
      if (!before) {
        slot.show();
      }
    });
    this.shown = items;
    if (items.length > 0) {
      this.setContext(true); // a language that only the project's file turns on
    }
  }

  private setContext(there: boolean): void {
    if (there !== this.there) {
      this.there = there;
      void vscode.commands.executeCommand('setContext', CONTEXT, there);
    }
  }

  /** Take the word that is seen; if a key has gone in between, only if it is still offered. */
  private async take(index: number): Promise<void> {
    const editor = this.editor();
    const { client } = this.session;
    const seen = this.shown[index];
    if (!editor || !client || !seen) {
      return;
    }
    const item = isAt(this.place, editor) ? seen : await this.still(seen, editor);
    if (item) {
      await this.taker.take(editor, item, client);
    }
  }

  private async still({ label }: CompletionItem, editor: vscode.TextEditor): Promise<CompletionItem | undefined> {
    const offer = await this.offer(editor);
    return offer === 'newer' ? undefined : offer?.list.items.find((item) => item.label === label);
  }
}

const SUPERSCRIPTS = ['¹', '²', '³'];

/** Whether an offer is for the cursor of an editor and its text as they are. */
function isAt(offer: Offer | undefined, { document, selection }: vscode.TextEditor): boolean {
  return offer?.document === document && offer.version === document.version && offer.position.isEqual(selection.active);
}

function isOn({ document }: vscode.TextEditor): boolean {
  return vscode.workspace.getConfiguration('foreword', document).get('bar.enabled', true);
}

/** Whether there is one cursor, and nothing selected. */
function isPlain(editor: vscode.TextEditor): boolean {
  return editor.selections.length === 1 && editor.selection.isEmpty;
}

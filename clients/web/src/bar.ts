/** The word bar: the three likeliest words, each taken by Alt and its number or by its button. */

import { LSPPlugin } from '@codemirror/lsp-client';
import type { EditorView, ViewUpdate } from '@codemirror/view';
import type { CompletionItem, CompletionList, InsertReplaceEdit, TextEdit } from 'vscode-languageserver-protocol';
import { ask, execute } from './connection.ts';
import { spaceBefore, takesSpace } from './space.ts';

/** A transaction that takes a word says so: it is one key. */
export const TAKEN = 'input.complete.word';

export class WordBar {
  private readonly slots: HTMLButtonElement[];
  private shown: CompletionItem[] = [];
  private asked: Promise<CompletionItem[] | undefined> = Promise.resolve([]);
  /** Where the space that came with a word ends, until something else is done. */
  private space: number | null = null;

  constructor(
    private readonly view: EditorView,
    bar: HTMLElement,
  ) {
    this.slots = [...bar.querySelectorAll('button')];
    this.slots.forEach((slot, index) => {
      // The pointer does not take the cursor out of the editor.
      slot.addEventListener('mousedown', (event) => event.preventDefault());
      slot.addEventListener('click', () => {
        void this.take(index);
        view.focus();
      });
    });
    document.addEventListener('keydown', (event) => {
      const number = /^Digit([1-9])$/.exec(event.code)?.[1]; // the key's place: with Alt, a Mac writes other characters
      const alone = event.altKey && !event.ctrlKey && !event.metaKey && !event.shiftKey;
      if (alone && number && Number(number) <= this.slots.length) {
        event.preventDefault();
        void this.take(Number(number) - 1);
      }
    });
  }

  /** The words that are shown now. */
  get words(): string[] {
    return this.shown.map(({ label }) => label);
  }

  /** Ask for the words at the cursor, and show them when they come, those before staying until then; false if they are too old. */
  async refresh(): Promise<boolean> {
    const { state } = this.view;
    this.asked = this.items();
    const items = await this.asked;
    if (!items || this.view.state.doc !== state.doc || !this.view.state.selection.eq(state.selection)) {
      return false;
    }
    this.show(items);
    return true;
  }

  /** Show no words. */
  clear(): void {
    this.show([]);
  }

  /** A mark behind our space goes before it, and a space of the writer's own is not a second one. */
  changed(update: ViewUpdate): void {
    const { space } = this;
    if (space === null || !(update.docChanged || update.selectionSet)) {
      return;
    }
    this.space = null;
    const typed = update.transactions.every((transaction) => transaction.isUserEvent('input.type'));
    const { head } = update.state.selection.main;
    if (typed && head === space + 1 && takesSpace(update.state.sliceDoc(space, head))) {
      // Not in the middle of an update.
      queueMicrotask(() => this.view.dispatch({ changes: { from: space - 1, to: space }, userEvent: 'delete.space' }));
    }
  }

  private async items(): Promise<CompletionItem[] | undefined> {
    const plugin = LSPPlugin.get(this.view);
    const { main } = this.view.state.selection;
    if (!plugin || !main.empty) {
      return [];
    }
    const list = await ask<CompletionList>(plugin.client, 'textDocument/completion', {
      textDocument: { uri: plugin.uri },
      position: plugin.toPosition(main.head),
    });
    return list?.items.slice(0, this.slots.length);
  }

  private show(items: CompletionItem[]): void {
    this.shown = items;
    this.slots.forEach((slot, index) => {
      const item = items[index];
      const share = item?.labelDetails?.description ?? '';
      const [word, likelihood] = slot.querySelectorAll('.word, .share');
      slot.disabled = !item;
      if (word && likelihood) {
        word.textContent = item?.label ?? '';
        likelihood.textContent = share;
      }
    });
  }

  /** Take the word that is seen; if a key has gone in between, only if it is still offered. */
  private async take(index: number): Promise<void> {
    const seen = this.shown[index]?.label;
    const items = await this.asked;
    const item = items?.find(({ label }) => label === seen);
    const plugin = LSPPlugin.get(this.view);
    if (!item?.textEdit || !plugin || items !== (await this.asked)) {
      return;
    }
    const range = rangeOf(item.textEdit);
    const from = plugin.fromPosition(range.start);
    const to = plugin.fromPosition(range.end);
    const line = this.view.state.doc.lineAt(to);
    const following = line.text.slice(to - line.from);
    const space = spaceBefore(following);
    // A space that was there already counts as the word's own: the next word begins behind it.
    const end = from + item.textEdit.newText.length + (space || following.startsWith(' ') ? 1 : 0);
    this.view.dispatch({
      changes: { from, to, insert: item.textEdit.newText + space },
      selection: { anchor: end },
      userEvent: TAKEN,
      scrollIntoView: true,
    });
    this.space = space ? end : null;
    if (item.command) {
      void execute(plugin.client, item.command.command, item.command.arguments);
    }
  }
}

function rangeOf(edit: TextEdit | InsertReplaceEdit) {
  return 'range' in edit ? edit.range : edit.replace;
}

/** The word bar: the three likeliest words, each taken by Alt and its number or by its button. */

import { LSPPlugin } from '@codemirror/lsp-client';
import type { EditorState } from '@codemirror/state';
import type { EditorView, ViewUpdate } from '@codemirror/view';
import type { CompletionItem, CompletionList, InsertReplaceEdit, TextEdit } from 'vscode-languageserver-protocol';
import { ask, execute } from './connection.ts';
import { spaceBefore, takesSpace } from './space.ts';

/** A transaction that takes a word says so: it is one key. */
export const TAKEN = 'input.complete.word';

/** Words that were asked for, and what was in the editor then. */
interface Asked {
  state: EditorState;
  items: Promise<CompletionItem[] | undefined>;
}

export class WordBar {
  private readonly slots: HTMLButtonElement[];
  private shown: CompletionItem[] = [];
  private asked: Asked | null = null;
  /** Where the space that came with a word ends, until something else is done. */
  private space: number | null = null;

  constructor(
    private readonly view: EditorView,
    private readonly bar: HTMLElement,
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
    const asked = { state: this.view.state, items: this.items() };
    this.asked = asked;
    this.bar.ariaBusy = 'true';
    const items = await asked.items;
    // The server answers only the newest request; those before it get an empty list.
    if (!items || this.asked !== asked || !this.holds(asked)) {
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

  /** Whether what was asked for is still the text, and the cursor where it was. */
  private holds({ state }: Asked): boolean {
    return this.view.state.doc === state.doc && this.view.state.selection.eq(state.selection);
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
    this.bar.ariaBusy = 'false';
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

  /** Take the word that is seen; if a key has gone in between, only if it is still offered at the same place. */
  private async take(index: number): Promise<void> {
    const { asked } = this;
    const seen = this.shown[index];
    const item = (await asked?.items)?.find((each) => seen && isSame(each, seen));
    const plugin = LSPPlugin.get(this.view);
    if (!asked || !item?.textEdit || !plugin || !this.holds(asked)) {
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

/** Whether two items, of one list or of two, are the same word at the same place, of which more may be typed. */
function isSame(one: CompletionItem, other: CompletionItem): boolean {
  if (!one.textEdit || !other.textEdit || one.label !== other.label) {
    return false;
  }
  const [here, there] = [rangeOf(one.textEdit).start, rangeOf(other.textEdit).start];
  return here.line === there.line && here.character === there.character;
}

function rangeOf(edit: TextEdit | InsertReplaceEdit) {
  return 'range' in edit ? edit.range : edit.replace;
}

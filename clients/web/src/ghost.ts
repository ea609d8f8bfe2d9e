/** Ghost text: how the sentence may go on, behind the cursor, until it is taken, dismissed or written otherwise. */

import { LSPPlugin } from '@codemirror/lsp-client';
import { type Extension, Prec, StateEffect, StateField, Transaction } from '@codemirror/state';
import { Decoration, EditorView, keymap, WidgetType } from '@codemirror/view';
import type { Command, InlineCompletionItem, InlineCompletionList } from 'vscode-languageserver-protocol';
import { ask, execute } from './connection.ts';

/** A phrase that is shown: where, what of it is left, and what to run when it is taken. */
interface Ghost {
  at: number;
  text: string;
  command: Command | undefined;
}

const show = StateEffect.define<Ghost | null>();

/** A transaction that takes ghost text, or a part of it, says so: it is one key. */
export const TAKEN = 'input.complete.ghost';

class GhostWidget extends WidgetType {
  constructor(private readonly text: string) {
    super();
  }

  override eq(other: GhostWidget): boolean {
    return other.text === this.text;
  }

  toDOM(): HTMLElement {
    const span = document.createElement('span');
    span.className = 'ghost';
    span.textContent = this.text;
    span.setAttribute('aria-hidden', 'true'); // it is told in words, beside the editor
    return span;
  }
}

const field = StateField.define<Ghost | null>({
  create: () => null,
  update(ghost, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(show)) {
        return effect.value;
      }
    }
    return ghost && (transaction.docChanged || transaction.selection) ? rest(ghost, transaction) : ghost;
  },
  provide: (self) =>
    EditorView.decorations.from(self, (ghost) =>
      ghost
        ? Decoration.set(Decoration.widget({ widget: new GhostWidget(ghost.text), side: 1 }).range(ghost.at))
        : Decoration.none,
    ),
});

/** What is left of a phrase after a change: it stays where its own letters were typed or taken, and goes otherwise. */
function rest(ghost: Ghost, transaction: Transaction): Ghost | null {
  const { state, startState } = transaction;
  const { main } = state.selection;
  const written = main.head - ghost.at;
  const kept =
    main.empty &&
    written >= 0 &&
    written < ghost.text.length &&
    state.doc.length - startState.doc.length === written &&
    state.sliceDoc(ghost.at, main.head) === ghost.text.slice(0, written) &&
    state.sliceDoc(0, ghost.at) === startState.sliceDoc(0, ghost.at);
  return kept ? { ...ghost, at: main.head, text: ghost.text.slice(written) } : null;
}

/** The phrase that is shown now. */
export function shown(view: EditorView): string {
  return view.state.field(field)?.text ?? '';
}

/** The newest request of each editor: the server answers those before it with nothing. */
const newest = new WeakMap<EditorView, object>();

/** Ask for the phrase at the cursor, and show it if the cursor is still there when it comes. */
export async function refresh(view: EditorView): Promise<void> {
  const plugin = LSPPlugin.get(view);
  const { state } = view;
  const { main } = state.selection;
  if (!plugin || !main.empty || view.composing) {
    return;
  }
  const params = {
    textDocument: { uri: plugin.uri },
    position: plugin.toPosition(main.head),
    context: { triggerKind: 2 },
  };
  newest.set(view, params);
  const list = await ask<InlineCompletionList>(plugin.client, 'textDocument/inlineCompletion', params);
  if (newest.get(view) !== params) {
    return;
  }
  if (view.state.doc === state.doc && view.state.selection.eq(state.selection)) {
    const ghost = ghostOf(plugin, list?.items[0], main.head);
    view.dispatch({ effects: show.of(ghost), annotations: Transaction.addToHistory.of(false) });
  }
}

function ghostOf(plugin: LSPPlugin, item: InlineCompletionItem | undefined, at: number): Ghost | null {
  if (!item?.range) {
    return null;
  }
  const typed = plugin.view.state.sliceDoc(plugin.fromPosition(item.range.start), at);
  const text = typeof item.insertText === 'string' ? item.insertText : item.insertText.value;
  const fits = text.startsWith(typed) && text.length > typed.length;
  return fits ? { at, text: text.slice(typed.length), command: item.command } : null;
}

function take(view: EditorView, part: (text: string) => string): boolean {
  const ghost = view.state.field(field);
  if (!ghost) {
    return false;
  }
  const text = part(ghost.text);
  view.dispatch({
    changes: { from: ghost.at, insert: text },
    selection: { anchor: ghost.at + text.length },
    userEvent: TAKEN,
    scrollIntoView: true,
  });
  const plugin = LSPPlugin.get(view);
  if (plugin && ghost.command) {
    void execute(plugin.client, ghost.command.command, ghost.command.arguments);
  }
  return true;
}

/** Take the phrase away without taking it; false if there is none. */
export function dismiss(view: EditorView): boolean {
  const there = view.state.field(field) !== null;
  if (there) {
    view.dispatch({ effects: show.of(null) });
  }
  return there;
}

const word = (text: string) => /^\s*\S+/.exec(text)?.[0] ?? text;

/** Ghost text and its keys. */
export function ghostText(): Extension {
  return [
    field,
    Prec.highest(
      keymap.of([
        { key: 'Tab', run: (view) => take(view, (text) => text) },
        { key: 'Ctrl-ArrowRight', run: (view) => take(view, word) },
        { key: 'Alt-ArrowRight', run: (view) => take(view, word) },
        { key: 'Escape', run: dismiss },
      ]),
    ),
  ];
}

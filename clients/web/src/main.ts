/** The page as a whole: an editor, the words and phrases for its cursor, and the figures beside it. */

import { hoverTooltips, LSPPlugin } from '@codemirror/lsp-client';
import { Compartment } from '@codemirror/state';
import { EditorView, placeholder, type ViewUpdate } from '@codemirror/view';
import { minimalSetup } from 'codemirror';
import * as bar from './bar.ts';
import { connect, execute, type Report, type Status } from './connection.ts';
import { Figures } from './figures.ts';
import * as ghost from './ghost.ts';
import { showFigures } from './panel.ts';

/** Milliseconds without a key, after which words and phrase are told to who listens instead of looking. */
const LULL = 700;
/** Milliseconds between two looks at the server's counts. */
const REPORT = 200;

const element = (id: string) => document.getElementById(id) as HTMLElement;

const figures = new Figures();
const colours = window.matchMedia('(prefers-color-scheme: dark)');
const dark = new Compartment();

let pressed = 0;
let telling: number | undefined;
let reporting: number | undefined;

function showStatus({ state, message }: Status): void {
  const status = element('status');
  const texts = {
    ready: 'Ready',
    thinking: 'Reading',
    paused: 'Paused',
    loading: 'Loading …',
    error: 'Something is wrong',
  };
  status.dataset.state = state;
  status.textContent = message || texts[state];
}

function showEnd(): void {
  showStatus({ state: 'error', message: 'The server has ended. Start foreword playground again for a new page.' });
  void words.refresh();
}

const client = await connect(
  (status) => {
    showStatus(status);
    refresh(); // there may be words now
  },
  () => showEnd(),
);

const view = new EditorView({
  parent: element('editor'),
  extensions: [
    ghost.ghostText(),
    minimalSetup,
    EditorView.lineWrapping,
    EditorView.cspNonce.of(document.querySelector('script')?.nonce ?? ''),
    dark.of(EditorView.darkTheme.of(colours.matches)),
    placeholder('Write something …'),
    EditorView.contentAttributes.of({
      'aria-label': 'Your text',
      'aria-describedby': 'keys',
      // The browser's own help may send what is written to somebody.
      spellcheck: 'false',
      autocorrect: 'off',
      autocapitalize: 'off',
      writingsuggestions: 'false',
    }),
    EditorView.domEventHandlers({
      keydown: (event) => {
        pressed = event.timeStamp;
      },
    }),
    client.plugin('untitled:playground.md', 'markdown'),
    hoverTooltips(),
    EditorView.updateListener.of(changed),
  ],
});

const words = new bar.WordBar(view, element('bar'));

function changed(update: ViewUpdate): void {
  if (update.docChanged) {
    count(update);
  }
  if (update.docChanged || update.selectionSet) {
    words.changed(update);
    queueMicrotask(refresh); // requests see the editor as it is after the update
  }
}

/** Count what a change cost: each typed character and each taken word or phrase is a key. */
function count({ transactions, state }: ViewUpdate): void {
  for (const transaction of transactions) {
    if (!transaction.docChanged || transaction.isUserEvent('delete.space')) {
      continue;
    }
    const { length } = transaction.newDoc;
    if (transaction.isUserEvent('input.paste') || transaction.isUserEvent('input.drop')) {
      figures.paste(length);
    } else {
      const typed = transaction.isUserEvent('input.type') ? length - transaction.startState.doc.length : 1;
      figures.key(length, pressed || performance.now(), Math.max(1, typed));
    }
  }
  pressed = 0;
  if (state.doc.length === 0) {
    figures.clear();
  }
}

let asked = 0;

function refresh(): void {
  const number = ++asked;
  client.sync();
  void words.refresh().then((fresh) => {
    if (fresh && number === asked) {
      figures.answered(performance.now());
      showFigures(element('figures'), figures);
    }
  });
  void ghost.refresh(view);
  window.clearTimeout(telling);
  telling = window.setTimeout(tell, LULL);
  reporting ??= window.setTimeout(report, REPORT);
}

/** Say what is offered, once the writer has paused: not at every key. */
function tell(): void {
  const phrase = ghost.shown(view);
  const offered = words.words.map((word, index) => `${index + 1} ${word}`).join(', ');
  element('told').textContent = [offered && `Words: ${offered}.`, phrase && `Phrase: ${phrase}.`]
    .filter(Boolean)
    .join(' ');
}

async function report(): Promise<void> {
  const answer = await execute<Report>(client, 'foreword.status');
  reporting = undefined;
  if (answer) {
    figures.worked(answer.work);
    element('model').textContent = answer.decoder;
    showFigures(element('figures'), figures);
  }
}

colours.addEventListener('change', () => {
  view.dispatch({ effects: dark.reconfigure(EditorView.darkTheme.of(colours.matches)) });
});
element('clear').addEventListener('click', () => {
  view.dispatch({ changes: { from: 0, to: view.state.doc.length } });
  figures.clear();
  showFigures(element('figures'), figures);
  view.focus();
});

showFigures(element('figures'), figures);
const first = await execute<Report>(client, 'foreword.status');
if (first) {
  showStatus(first);
  figures.worked(first.work);
  element('model').textContent = first.decoder;
}
if (LSPPlugin.get(view)) {
  view.focus();
}

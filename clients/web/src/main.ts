/** The page as a whole: an editor, the words and phrases for its cursor, and the figures beside it. */

import { lintKeymap, setDiagnosticsEffect } from '@codemirror/lint';
import { hoverTooltips } from '@codemirror/lsp-client';
import { Compartment } from '@codemirror/state';
import { EditorView, keymap, placeholder, type ViewUpdate } from '@codemirror/view';
import { minimalSetup } from 'codemirror';
import { WordBar } from './bar.ts';
import { Connection, type Status } from './connection.ts';
import { Figures } from './figures.ts';
import * as ghost from './ghost.ts';
import { showFigures } from './panel.ts';
import { Teller } from './told.ts';

/** Milliseconds between two looks at the server's counts. */
const REPORT = 200;
const STATES = { ready: 'Ready', thinking: 'Reading', paused: 'Paused', loading: 'Loading …', error: 'Error' };

const element = (id: string) => document.getElementById(id) as HTMLElement;
const panel = element('figures');
const figures = new Figures();

const connection = await Connection.open().catch((reason) => {
  showEnd();
  throw reason;
});
const { client } = connection;
const colours = window.matchMedia('(prefers-color-scheme: dark)');
const dark = new Compartment();
const view = new EditorView({
  parent: element('editor'),
  extensions: [
    ghost.ghostText(),
    minimalSetup,
    keymap.of(lintKeymap),
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
    client.plugin('untitled:playground.txt', 'plaintext'),
    hoverTooltips(),
    EditorView.updateListener.of(changed),
  ],
});
const bar = new WordBar(view, element('bar'));
const teller = new Teller(view, element('told'), () => bar.words);

let pressed = 0; // when the last key was, until what it changed is seen
let asked = 0;
let reporting = false;

function changed(update: ViewUpdate): void {
  if (update.docChanged) {
    count(update);
  }
  if (update.docChanged || update.selectionSet) {
    bar.changed(update);
    queueMicrotask(refresh); // the update is over then
  }
  if (update.transactions.some(({ effects }) => effects.some((effect) => effect.is(setDiagnosticsEffect)))) {
    teller.soon();
  }
}

/** Count what a change cost: each typed character and each taken word or phrase is a key. */
function count({ transactions, state }: ViewUpdate): void {
  for (const transaction of transactions) {
    const { length } = transaction.newDoc;
    if (transaction.isUserEvent('input.paste') || transaction.isUserEvent('input.drop')) {
      figures.paste(length);
    } else if (transaction.isUserEvent('delete.space')) {
      figures.changed(length);
    } else if (transaction.docChanged) {
      const typed = transaction.isUserEvent('input.type') ? length - transaction.startState.doc.length : 1;
      figures.key(length, pressed || performance.now(), Math.max(1, typed));
    }
  }
  pressed = 0;
  if (state.doc.length === 0) {
    figures.clear();
  }
}

/** Bring words, phrase and figures up to the text as it is. */
function refresh(): void {
  const number = ++asked;
  client.sync();
  void bar.refresh().then((fresh) => {
    if (fresh && number === asked) {
      figures.answered(performance.now());
      showFigures(panel, figures);
    }
  });
  void ghost.refresh(view);
  teller.soon();
  if (!reporting) {
    reporting = true;
    window.setTimeout(report, REPORT);
  }
}

async function report(): Promise<void> {
  const answer = await connection.report();
  reporting = false;
  if (answer) {
    figures.worked(answer.work);
    element('model').textContent = answer.decoder;
    showFigures(panel, figures);
  }
}

function showStatus({ state, message }: Status): void {
  const status = element('status');
  status.dataset.state = state;
  status.textContent = message || STATES[state];
}

function showEnd(): void {
  showStatus({ state: 'error', message: 'The server has ended; start foreword playground again.' });
}

colours.addEventListener('change', () => {
  view.dispatch({ effects: dark.reconfigure(EditorView.darkTheme.of(colours.matches)) });
});
element('clear').addEventListener('click', () => {
  view.dispatch({ changes: { from: 0, to: view.state.doc.length } });
  showFigures(panel, figures);
  view.focus();
});
element('register').addEventListener('change', ({ target }) => {
  const register = (target as HTMLSelectElement).value;
  client.notification('workspace/didChangeConfiguration', { settings: { foreword: register ? { register } : {} } });
  refresh();
});

showFigures(panel, figures);
view.focus();
await connection.listen(
  (status) => {
    showStatus(status);
    refresh(); // there may be words now
  },
  () => {
    showEnd();
    bar.clear();
    ghost.dismiss(view);
  },
);

/**
 * From a folder that is not trusted, and no server, to words on the bar; then what is said when something is wrong. What was
 * seen is printed as JSON for tests/e2e/test_vscode.py, which also says what the settings become on the way.
 */

import { writeFileSync } from 'node:fs';
import { open, servers } from './window.mjs';

const options = JSON.parse(process.argv[2]);
const { settings, settingsFiles } = options;
const notes = {};
const began = Date.now();
const say = (what) => console.error(`${((Date.now() - began) / 1000).toFixed(1)} s ${what}`);

/** Open the window anew with other settings. */
async function configure(changes) {
  for (const file of settingsFiles) {
    writeFileSync(file, JSON.stringify({ ...settings, ...changes }));
  }
  await window.page.reload({ waitUntil: 'domcontentloaded' });
}

const window = await open(options);
try {
  notes.notTrusted = await window.answer('not trusted', 'Manage Trust', 'not-trusted');
  notes.startedBeforeTrust = servers(options.root);
  await window.page.getByRole('button', { name: 'Trust', exact: true }).first().click();
  // The page about trust lies before the editor.
  await window.page.locator('.monaco-modal-editor-block .codicon-close').first().click();
  say('trusted');

  notes.noServer = await window.answer('needs its server', 'Install', 'no-server');
  const dialog = window.page.locator('.monaco-dialog-box');
  await window.until('the question', () => dialog.isVisible());
  notes.question = await dialog.textContent();
  await window.shot('question');
  await dialog.locator('.monaco-button', { hasText: 'Install' }).first().click();
  await window.until('the progress', () =>
    window.page.locator('.notifications-toasts', { hasText: 'Installing' }).count(),
  );
  await window.shot('installing');
  await window.statusIs('ready', 90);
  say('installed');
  await window.focus();
  await window.type('I will be there in a mi');
  notes.words = await window.wordsThat('words', (words) => words.includes('minute'), 60);
  await window.shot('installed');

  await configure({ 'foreword.server.command': options.otherVersion });
  notes.otherVersion = await window.answer('9.9.9', 'Use It Anyway', 'other-version');
  await configure({ 'foreword.server.command': ['foreword-is-not-here', 'serve'] });
  notes.notStarted = await window.answer('could not be started', 'Show Log', 'not-started');
  say('other servers');

  await configure({ 'foreword.server.command': options.endsAtOnce });
  notes.gaveUp = await window.answer('again and again', 'Show Log', 'gave-up');
  say('a server that ends at once');

  await configure({ 'foreword.server.python': options.oldPython });
  await window.until('the item', () => window.status());
  await window.command('Foreword: Install the Server…');
  notes.oldPython = await window.answer('needs Python', 'Get Python', 'old-python');
  say('an old Python');
} catch (error) {
  notes.problem = String(error);
} finally {
  notes.notifications = await window.notifications().catch(() => []);
  console.log(JSON.stringify(notes));
  await window.close();
}

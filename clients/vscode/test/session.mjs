/**
 * One session of a writer, driven key by key; what was seen is printed as JSON for tests/e2e/test_vscode.py.
 *
 *     node test/session.mjs '{"url": ..., "folder": ..., "file": ..., "shots": ..., "root": PID, "chromium": ...}'
 */

import { open, servers } from './window.mjs';

const options = JSON.parse(process.argv[2]);
const notes = {};
const began = Date.now();
const say = (what) => console.error(`${((Date.now() - began) / 1000).toFixed(1)} s ${what}`);

const window = await open(options);
try {
  await window.statusIs('ready', 90);
  say('ready');
  await window.focus();

  // A paragraph, key by key; the word being typed is on the bar, and Alt+1 takes it.
  await window.type('I will be there in a ');
  notes.wordsAfterSpace = await window.wordsThat('words after a space', (words) => words.includes('minute'));
  await window.shot('words-after-a-space');
  await window.type('mi');
  notes.wordsInside = await window.wordsThat('words inside a word', (words) => words.every((word) => word.startsWith('mi')));
  notes.first = notes.wordsInside[0];
  await window.press('Alt+1');
  await window.until('the word taken', async () => (await window.lines())[0].startsWith(`I will be there in a ${notes.first}`));
  notes.taken = (await window.lines())[0];
  await window.shot('taken');
  say('words');

  // A mark behind the space that came with the word goes before it.
  await window.type('.');
  await window.until('the mark at the word', async () => (await window.lines())[0] === `I will be there in a ${notes.first}.`);
  notes.marked = (await window.lines())[0];

  // Ghost text.
  await window.press('Enter', 'Enter');
  await window.type('I would like to thank you ');
  notes.ghost = await window.until('ghost text', () => window.ghost());
  await window.shot('ghost');
  await window.type(notes.ghost.trimStart().slice(0, 2));
  await window.page.waitForTimeout(400);
  notes.ghostTyped = await window.ghost();
  const before = (await window.lines())[2];
  await window.press('Control+ArrowRight');
  await window.until('a word of the ghost text', async () => (await window.lines())[2] !== before);
  notes.ghostLine = { before, after: (await window.lines())[2] };
  await window.press('Escape');
  say('ghost');
} catch (error) {
  notes.problem = String(error);
} finally {
  notes.notifications = await window.notifications().catch(() => []);
  notes.servers = servers(options.root);
  console.log(JSON.stringify(notes));
  await window.close();
}

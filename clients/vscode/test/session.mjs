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
  await window.press('Control+b'); // the side bar away

  // A paragraph, key by key; the word being typed is on the bar, and Alt+1 takes it.
  await window.type('I will be there in a ');
  notes.wordsAfterSpace = await window.wordsThat('words after a space', (words) => words.includes('minute'));
  await window.shot('words-after-a-space');
  notes.hover = await window.hoverWord();
  await window.type('mi');
  notes.wordsInside = await window.wordsThat('words inside a word', (words) =>
    words.every((word) => word.startsWith('mi')),
  );
  notes.first = notes.wordsInside[0];
  await window.press('Alt+1');
  await window.until('the word taken', async () =>
    (await window.lines())[0].startsWith(`I will be there in a ${notes.first}`),
  );
  notes.taken = (await window.lines())[0];
  await window.shot('taken');
  say('words');

  // A mark behind the space that came with the word goes before it.
  await window.type('.');
  await window.until(
    'the mark at the word',
    async () => (await window.lines())[0] === `I will be there in a ${notes.first}.`,
  );
  notes.marked = (await window.lines())[0];

  // Ghost text.
  await window.press('Enter', 'Enter');
  await window.type('I would like to thank you ');
  notes.ghost = await window.until('ghost text', () => window.ghost());
  await window.shot('ghost');
  await window.type(notes.ghost.trimStart().slice(0, 2));
  const rest = notes.ghost.trimStart().slice(2);
  notes.ghostTyped = await window.until('the rest of it', async () => {
    const ghost = await window.ghost();
    return ghost.startsWith(rest.trimEnd()) && ghost;
  });
  const before = (await window.lines())[2];
  await window.press('Control+ArrowRight');
  await window.until('a word of the ghost text', async () => (await window.lines())[2] !== before);
  notes.ghostLine = { before, after: (await window.lines())[2] };
  await window.press('Escape');
  await window.type(' the lovely evening.');
  say('ghost');

  // The list comes when it is asked for, and Tab takes from it.
  await window.press('Enter', 'Enter');
  await window.type('We should sche');
  notes.popups = await window.list();
  await window.press('Control+Space');
  notes.list = await window.until('the list', () => window.list());
  await window.shot('list');
  await window.press('Tab');
  await window.until('the word of the list', async () => (await window.lines())[4] === 'We should schedule');
  await window.type(' another one soon.');

  // A mark on a sentence, and its quick fix: the sentence is not marked again.
  await window.press('Enter', 'Enter');
  await window.type('The soup was awful and the waiter was rude to everybody.', 30);
  await window.until('a mark', () => window.marks());
  await window.press('Home');
  notes.fixes = await window.fix('Ignore this sentence', 'mark');
  await window.until('no mark', async () => (await window.marks()) === 0);
  if (options.grammar) {
    await window.press('End', 'Enter', 'Enter');
    await window.type('He is much taller then me.', 30);
    await window.until('a mark on the slip', () => window.marks());
    await window.press('Home');
    await window.fix('Write “than”', 'slip');
    notes.mended = await window.until('the slip mended', async () =>
      (await window.lines()).find((line) => line.startsWith('He is much taller than')),
    );
    await window.until('no mark on it', async () => (await window.marks()) === 0);
  }
  await window.press('End', 'Enter', 'Enter');
  await window.type('I hated every minute of that awful evening.', 30);
  await window.until('another mark', () => window.marks());
  say('marks');

  // Paused: no words, no ghost text, no marks.
  await window.press('Control+End', 'Enter', 'Enter');
  await window.command('Foreword: Pause or Resume');
  await window.statusIs('paused');
  await window.focus();
  await window.type('I would like to thank you ');
  await window.page.waitForTimeout(1000);
  notes.paused = { ...(await window.seen()), marks: await window.marks() };
  await window.shot('paused');
  await window.command('Foreword: Pause or Resume');
  await window.statusIs('ready');
  await window.focus();
  notes.resumed = await window.wordsThat('words after the pause', () => true);
  say('paused and resumed');

  // Off for the language of the document, and on again.
  await window.command('Foreword: Turn Off or On for This Language');
  await window.until('no words', async () => (await window.words()).length === 0);
  await window.command('Foreword: Turn Off or On for This Language');
  await window.focus();
  notes.onAgain = await window.wordsThat('words in the language again', () => true);
  say('off and on for the language');

  // A server that is killed is started again, and goes on with the text as it is.
  const [killed] = servers(options.root);
  process.kill(killed, 'SIGKILL');
  await window.until('another server', async () => servers(options.root).some((pid) => pid !== killed));
  await window.statusIs('ready');
  await window.type('very mu');
  notes.afterKill = await window.wordsThat('words of the new server', (words) => words.includes('much'));
  await window.press('Alt+1');
  await window.until('a word of the new server', async () => / very mu\w+ $/.test((await window.lines()).at(-1)));
  // All of it in one picture.
  await window.type('for everything. I am looking forward to ');
  await window.until('words, ghost text and marks', async () => {
    const { words, ghost } = await window.seen();
    return words.length === 3 && ghost && (await window.marks()) > 0;
  });
  await window.shot('all');
  say('restarted');
} catch (error) {
  notes.problem = String(error);
} finally {
  notes.notifications = await window.notifications().catch(() => []);
  notes.servers = servers(options.root);
  console.log(JSON.stringify(notes));
  await window.close();
}

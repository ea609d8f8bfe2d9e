/**
 * A session on the playground, noted for `tests/e2e/test_playground.py`.
 *
 *     node session.mjs '{"url": "...", "chromium": "...", "shots": "FOLDER", "server": PID}'
 */

import { chromium } from 'playwright-core';
import { Tab } from './page.mjs';

const { url, chromium: executablePath, shots, server } = JSON.parse(process.argv[2]);
const notes = { elsewhere: [] };
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
});
const context = await browser.newContext({ viewport: { width: 1100, height: 760 } });
context.on('request', (request) => {
  const address = new URL(request.url());
  if (address.protocol !== 'data:' && address.host !== new URL(url).host) {
    notes.elsewhere.push(request.url());
  }
});
const tabs = [];

async function open(address) {
  const tab = new Tab(await context.newPage(), shots);
  tabs.push(tab);
  await tab.page.goto(address);
  return tab;
}

try {
  const tab = await open(url);
  notes.address = tab.page.url().replace(new URL(url).origin, '');
  notes.empty = await tab.wordsThat('words for an empty text', () => true, 60);
  notes.focused = await tab.focused();

  // The words, and one that is taken with its space, which a mark goes before.
  await tab.type('I will be there in a ');
  notes.wordsAfterSpace = await tab.wordsThat('words after a space', (words) => words.includes('minute'));
  await tab.type('mi');
  notes.wordsInside = await tab.wordsThat('words inside one', (words) => words.every((word) => word.startsWith('mi')));
  notes.button = await tab.page.locator('#bar button').first().textContent();
  await tab.press('Alt+1');
  notes.taken = await tab.until('the word', async () => /mi\w+ $/.test(await tab.text()) && tab.text());
  notes.figuresAfterWord = await tab.until('figures', async () => {
    const figures = await tab.figures();
    return figures.counts.startsWith('24 ') && figures;
  });
  await tab.type('.');
  notes.marked = await tab.until('the full stop', async () => /\w\.$/.test(await tab.text()) && tab.text());

  // A phrase: it stays while its own letters are typed, and is taken by words or as a whole.
  await tab.type(' Thank you for your help. I look forward to hearing ');
  notes.ghost = await tab.until('ghost text', () => tab.ghost());
  await tab.press(notes.ghost[0]);
  notes.ghostAfterLetter = await tab.ghost(); // at once, whatever the server says
  await tab.press('Control+ArrowRight');
  notes.textAfterWord = await tab.text();
  await tab.until('more ghost text', () => tab.ghost());
  notes.ghostAfterWord = await tab.ghost();
  notes.told = await tab.until('the words in words', async () => {
    const told = await tab.page.locator('#told').textContent();
    return told.includes('Phrase:') && told;
  });
  await tab.press('Tab');
  notes.textAfterPhrase = await tab.text();
  await tab.press('Escape', 'Tab');
  notes.focusedAfterTab = await tab.focused();
  await tab.press('Shift+Tab');
  notes.focusedAfterShiftTab = await tab.focused();

  // A word by its button.
  await tab.press('Control+End', 'Enter', 'Enter');
  await tab.type('We should sche');
  await tab.wordsThat('a word for a button', (words) => words[0]?.startsWith('sche'));
  await tab.page.locator('#bar button').first().click();
  notes.clicked = await tab.until('the word', async () => /sche\w+ $/.test(await tab.text()) && tab.text());
  notes.focusedAfterClick = await tab.focused();

  // A mark on a sentence, and what the pointer finds.
  await tab.press('Enter', 'Enter');
  await tab.type('The soup was awful and the waiter was rude to everybody.');
  notes.marks = await tab.until('a mark', () => tab.marks(), 40);
  await tab.page.locator('.cm-lintRange').first().hover();
  notes.hover = await tab.until('what the mark says', async () => {
    const tooltips = await tab.page.locator('.cm-tooltip').allTextContents();
    return tooltips.some((text) => text.includes('negative')) && tooltips.join(' ');
  });
  await tab.shot('mark');
  await tab.page.mouse.move(0, 0);

  // A new text by a writer who looks at the bar; a picture of all of it.
  await tab.page.locator('#clear').click();
  notes.cleared = await tab.text();
  await tab.write('Thank you for the invitation to the workshop. The soup was awful and the waiter was rude. ');
  await tab.write('I am looking forward to ');
  notes.written = await tab.text();
  await tab.until('the mark', () => tab.marks(), 40);
  await tab.until('ghost text', () => tab.ghost());
  await tab.page.waitForTimeout(500); // the figures
  notes.figuresAfterWriting = await tab.figures();
  await tab.shot('light');
  notes.barriers = await tab.barriers();
  await tab.page.emulateMedia({ colorScheme: 'dark' });
  await tab.shot('dark');
  notes.barriers.push(...(await tab.barriers()));
  await tab.page.emulateMedia({ colorScheme: 'light' });

  // Another tab at the same time has a text, words and figures of its own.
  const other = await open(new URL('/', url).href);
  await other.wordsThat('words in the other tab', () => true);
  const before = await tab.text();
  await tab.press('Enter', 'Enter');
  for (const letter of 'Xyzzyplugh said: xyzzyplugh. The ') {
    await tab.page.bringToFront();
    await tab.type(letter, 0);
    await other.page.bringToFront();
    await other.type(letter === ' ' ? ' ' : 'n', 0);
  }
  await other.press('Control+A', 'Delete');
  await other.type('xyz');
  await other.page.waitForTimeout(500);
  notes.other = { text: await other.text(), words: await other.words(), marks: await other.marks() };
  notes.grown = (await tab.text()).slice(before.length);
  await other.page.close();

  // A narrow window: everything is still there.
  await tab.page.setViewportSize({ width: 380, height: 800 });
  notes.overflow = await tab.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  await tab.shot('narrow');
  notes.figures = await tab.figures();

  // Without the cookie the address is worth nothing any more.
  const stranger = await browser.newContext();
  const answer = await (await stranger.newPage()).goto(url);
  notes.stranger = answer.status();

  // The server ends, and the page says so.
  process.kill(server, 'SIGINT');
  notes.ended = await tab.until('the end', async () => {
    const status = await tab.status();
    return status.includes('ended') && status;
  });
  notes.wordsAfterEnd = await tab.words();
} catch (error) {
  notes.problem = String(error);
} finally {
  notes.complaints = tabs.flatMap(({ complaints }) => complaints);
  console.log(JSON.stringify(notes));
  await browser.close();
}

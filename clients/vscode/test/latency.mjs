/**
 * How long from a key to its words on the screen, measured in the page; printed as JSON for benchmarks/vscode.py.
 *
 * For each key, the times of the frames that were painted after a change of the bar, until the next key: one, as a rule, and
 * none where the same words are right as before. Words for an earlier key are never shown after a later one.
 */

import { open } from './window.mjs';

const options = JSON.parse(process.argv[2]);
const window = await open(options);
try {
  await window.statusIs('ready', 90);
  await window.focus();
  await window.type(options.warmUp);
  await window.wordsThat('words', () => true);
  await window.page.evaluate(watch);
  let random = 1;
  for (const character of options.text) {
    await window.type(character, 0);
    random = (random * 48271) % 2147483647; // the same gaps in every run
    const [shortest, longest] = options.gap;
    await window.page.waitForTimeout(shortest + (random / 2147483647) * (longest - shortest));
  }
  await window.page.waitForTimeout(500);
  console.log(JSON.stringify(await window.page.evaluate(() => globalThis.forewordKeys)));
} finally {
  await window.close();
}

/** In the page: note each key, when its letter was painted, and when the bar showed something new after it. */
function watch() {
  const keys = [];
  globalThis.forewordKeys = keys;
  addEventListener('keydown', ({ key }) => keys.push({ key, at: performance.now(), letter: [], painted: [] }), {
    capture: true,
  });
  const note = (what) => {
    const key = keys.at(-1);
    // The callback of a frame comes before its painting, the message after it.
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => key?.[what].push(performance.now() - key.at);
      port2.postMessage(null);
    });
  };
  const words = () =>
    [...document.querySelectorAll('[id*="foreword.word"]')].map(({ textContent }) => textContent).join();
  let shown = words();
  const changed = () => {
    const now = words();
    if (now !== shown) {
      shown = now;
      note('painted');
    }
  };
  const options = { subtree: true, childList: true, characterData: true, attributes: true };
  new MutationObserver(changed).observe(document.querySelector('.statusbar') ?? document.body, options);
  const text = document.querySelector('.monaco-editor .view-lines') ?? document.body;
  new MutationObserver(() => note('letter')).observe(text, { subtree: true, childList: true, characterData: true });
}

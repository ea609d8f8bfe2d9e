/**
 * A Markdown file in JupyterLab, driven key by key; what was seen is printed as JSON for tests/e2e/test_jupyterlab.py.
 *
 *     node clients/test/jupyterlab.mjs '{"url": ..., "shots": ..., "chromium": ...}'
 */

import { chromium } from '../web/node_modules/playwright-core/index.mjs';
import { ALONE, View } from './view.mjs';

class Lab extends View {
  /** The text of the file, as it is on the screen. */
  async text() {
    return (await this.page.locator('.jp-FileEditor .cm-line').allTextContents()).join('\n');
  }

  /** The sentences that are marked. */
  marks() {
    return this.page.locator('.jp-FileEditor [class*="cm-lintRange"]').allTextContents();
  }

  /** The words in the list, if it is open. */
  list() {
    return this.page.locator('.jp-Completer:visible .jp-Completer-match').allTextContents();
  }

  /** Ask for the list; while a model is being loaded there may be no words. */
  ask() {
    return this.until('the list', async () => {
      await this.page.keyboard.press('Tab');
      await this.page.waitForTimeout(1000);
      return this.list();
    });
  }

  /** All of it, for a report of a failure. */
  async seen() {
    return { text: await this.text(), marks: await this.marks(), list: await this.list() };
  }
}

const { url, shots, chromium: executablePath } = JSON.parse(process.argv[2]);
const notes = {};
const browser = await chromium.launch({ executablePath, args: ALONE });
const page = await browser.newPage({ viewport: { width: 920, height: 480 } });
const lab = new Lab(page, shots, 90);
try {
  await page.goto(url, { waitUntil: 'domcontentloaded' });
  const editor = page.locator('.jp-FileEditor .cm-content');
  await lab.until('the editor', () => editor.isVisible());
  const server = page.locator('.jp-StatusBar-Middle, .jp-StatusBar-Left', { hasText: 'Fully initialized' });
  await lab.until('the language server', () => server.count());
  await editor.click();
  await page.keyboard.type('The soup was awful and I hated every minute of the evening.', { delay: 30 });
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await page.keyboard.type('We should sche', { delay: 70 });
  notes.marks = await lab.until('a mark', () => lab.marks());
  notes.list = await lab.ask();
  await lab.shot('list');
  await page.keyboard.press('Enter');
  await lab.until('the word', async () => (await lab.text()).includes('schedule'));
  notes.text = await lab.text();
  await page.keyboard.type(' it. I will be there in a ', { delay: 30 });
  notes.next = await lab.ask();
  await page.keyboard.press('Escape');
  await page.locator('.jp-FileEditor [class*="cm-lintRange"]').first().hover();
  const said = page.locator('.cm-tooltip-lint:visible');
  [notes.said] = await lab.until('what the mark says', () => said.allTextContents());
  await lab.shot('mark');
} catch (error) {
  notes.problem = String(error);
} finally {
  console.log(JSON.stringify(notes));
  await browser.close();
}

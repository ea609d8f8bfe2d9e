/** A window of VS Code in a browser, for tests and benchmarks: its page, and what a writer sees and does in it. */

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { ALONE, View } from '../../test/view.mjs';

const SLOT = (number) => `[id$="foreword.word${number}"]`;
const STATUS = '[id$="foreword.status"]';
const GHOST = '.ghost-text, .ghost-text-decoration, .ghost-text-decoration-preview';

/**
 * Open a file in a window of a code-server. Nothing but that server is within the page's reach.
 *
 * `more` is said to the window beside the file, as pairs of a key and a value; `prepare` is given the page before it is loaded.
 */
export async function open({ chromium: executablePath, url, folder, file, shots, more = [], prepare }) {
  const browser = await chromium.launch({ executablePath, args: ALONE });
  const page = await browser.newPage({ viewport: { width: 920, height: 480 } });
  await prepare?.(page);
  const payload = JSON.stringify([['openFile', remote(url, join(folder, file))], ...more]);
  await page.goto(`${url}?${new URLSearchParams({ folder, payload })}`, { waitUntil: 'domcontentloaded' });
  return new Window(browser, page, shots);
}

/** The address of a file on the machine of a code-server, as its window has it. */
export function remote(url, file) {
  return `vscode-remote://${new URL(url).host}${file}`;
}

export class Window extends View {
  constructor(browser, page, shots) {
    super(page, shots, 120);
    this.browser = browser;
  }

  close() {
    return this.browser.close();
  }

  /** All of it, for a report of a failure. */
  async seen() {
    return {
      status: await this.status(),
      words: await this.words(),
      ghost: await this.ghost(),
      lines: await this.lines(),
    };
  }

  /** Put the cursor into the editor, at its end. */
  async focus() {
    await this.page.locator('.monaco-editor .view-lines').first().click();
    await this.page.keyboard.press('Control+End');
  }

  /** Press keys as a writer does, one after the other. */
  type(text, delay = 70) {
    return this.page.keyboard.type(text, { delay });
  }

  press(...keys) {
    return keys.reduce((before, key) => before.then(() => this.page.keyboard.press(key)), Promise.resolve());
  }

  /** Run a command by its name in the palette. */
  async command(name) {
    await this.press('F1');
    const input = this.page.locator('.quick-input-widget input[type=text]').first();
    await input.waitFor({ state: 'visible' });
    await input.fill(`>${name}`);
    await this.page.locator('.quick-input-list .monaco-list-row', { hasText: name }).first().waitFor();
    await this.press('Enter');
  }

  /** The words on the bar. */
  async words() {
    const texts = [1, 2, 3].map((number) => this.text(SLOT(number)));
    return (await Promise.all(texts)).filter(Boolean).map((text) => text.replace(/^[¹²³]\s*/, ''));
  }

  /** What is said of the first word when one points at it. */
  async hoverWord() {
    await this.page.locator(SLOT(1)).hover();
    const hover = this.page.locator('.monaco-hover:visible', { hasText: '%' });
    const [text] = await this.until('the hover', () => hover.allTextContents());
    await this.page.mouse.move(400, 200);
    return text;
  }

  /** Wait for words on the bar that are right. */
  wordsThat(what, right, seconds) {
    return this.until(
      what,
      async () => {
        const words = await this.words();
        return words.length > 0 && right(words) && words;
      },
      seconds,
    );
  }

  /** What the status item says of itself: `Foreword: ready`. */
  async status() {
    const [label = ''] = await this.page.locator(STATUS).evaluateAll((items) => items.map((item) => item.ariaLabel));
    return label;
  }

  statusIs(state, seconds) {
    return this.until(`the state ${state}`, async () => (await this.status()).includes(state), seconds);
  }

  /** The grey text behind the cursor. */
  async ghost() {
    const texts = await this.page.locator(GHOST).allTextContents();
    return texts.join('').replaceAll('\u00a0', ' ').replaceAll('\u200c', '');
  }

  /** The lines of the editor without the grey text. */
  async lines() {
    const lines = await this.page
      .locator('.monaco-editor .view-lines')
      .first()
      .evaluate(
        (view, ghost) =>
          [...view.querySelectorAll('.view-line')]
            .map((line) => {
              const copy = line.cloneNode(true);
              for (const grey of copy.querySelectorAll(ghost)) {
                grey.remove();
              }
              return { top: Number.parseInt(line.style.top, 10), text: copy.textContent };
            })
            .sort((one, other) => one.top - other.top)
            .map(({ text }) => text),
        GHOST,
      );
    return lines.map((line) => line.replaceAll('\u00a0', ' ').replaceAll('\u200c', ''));
  }

  /** Wait for a message, keep a picture, and press one of its buttons; returns what it says. */
  async answer(part, button, name) {
    const message = this.page.locator('.notifications-toasts .notification-list-item', { hasText: part }).first();
    await this.until(`the message ${part}`, () => message.isVisible(), 90);
    const text = await message.locator('.notification-list-item-message').textContent();
    await this.page.waitForTimeout(250); // it fades in
    await this.shot(name);
    await message.locator('.monaco-button', { hasText: button }).first().click();
    return text;
  }

  /** How many marks are seen. */
  marks() {
    return this.page.locator('.squiggly-info').count();
  }

  /** The words in the list, if it is open. */
  async list() {
    const rows = this.page.locator('.suggest-widget.visible .monaco-list-row .label-name');
    return (await rows.allTextContents()).map((text) => text.trim());
  }

  /** Open the menu of quick fixes, keep a picture, and choose one; returns the titles of all. */
  async fix(title, name) {
    await this.press('Control+.');
    const rows = this.page.locator('.action-widget .monaco-list-row.action');
    const titles = await this.until('quick fixes', () => rows.locator('.title').allTextContents());
    await this.shot(name);
    await rows.filter({ hasText: title }).first().click();
    return titles;
  }

  /** The text of the notifications that are open. */
  notifications() {
    return this.page.locator('.notifications-toasts .notification-list-item-message').allTextContents();
  }

  async text(selector) {
    const [text = ''] = await this.page.locator(`${selector}:visible`).allTextContents();
    return text.trim();
  }
}

/** The ids of the servers that run below a process. */
export function servers(root) {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' }).trim().split('\n');
  const processes = rows.map((row) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(row)?.slice(1) ?? []);
  const below = new Set([String(root)]);
  for (let size = 0; size !== below.size; ) {
    size = below.size;
    for (const [pid, parent] of processes) {
      if (below.has(parent)) {
        below.add(pid);
      }
    }
  }
  return processes
    .filter(([pid, , args]) => below.has(pid) && / serve\b/.test(args ?? '') && args.includes('foreword'))
    .map(([pid]) => Number(pid));
}

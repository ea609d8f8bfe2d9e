/** The playground in a browser, for tests: what a writer sees and does on it. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { View } from '../../test/view.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** One tab. */
export class Tab extends View {
  constructor(page, shots) {
    super(page, shots, 20);
    this.complaints = [];
    page.on(
      'console',
      (message) => ['error', 'warning'].includes(message.type()) && this.complaints.push(message.text()),
    );
    page.on('pageerror', (error) => this.complaints.push(String(error)));
  }

  /** All of it, for a report of a failure. */
  async seen() {
    return {
      status: await this.status(),
      text: await this.text(),
      words: await this.words(),
      ghost: await this.ghost(),
    };
  }

  status() {
    return this.page.locator('#status').textContent();
  }

  /** What is written, without what is only offered. */
  text() {
    return this.page.locator('.cm-content').evaluate((content) => {
      const copy = content.cloneNode(true);
      for (const offered of copy.querySelectorAll('.ghost, .cm-placeholder')) {
        offered.remove();
      }
      return [...copy.querySelectorAll('.cm-line')].map((line) => line.textContent).join('\n');
    });
  }

  async words() {
    return (await this.page.locator('#bar .word').allTextContents()).filter(Boolean);
  }

  async ghost() {
    return (await this.page.locator('.ghost').allTextContents()).join('');
  }

  marks() {
    return this.page.locator('.cm-lintRange').allTextContents();
  }

  /** What keeps people out, as far as axe finds it: names, contrast, roles. */
  async barriers() {
    await this.page.evaluate(AXE);
    const { violations } = await this.page.evaluate(() => globalThis.axe.run());
    return violations.map(({ help, nodes }) => `${help}: ${nodes.map(({ html }) => html).join(' ')}`);
  }

  figures() {
    return this.page
      .locator('[data-figure]')
      .evaluateAll((all) => Object.fromEntries(all.map((each) => [each.dataset.figure, each.textContent])));
  }

  /** What has the keyboard. */
  focused() {
    return this.page.evaluate(() => {
      const { ariaLabel, id, textContent } = document.activeElement ?? {};
      return ariaLabel || id || textContent?.trim() || '';
    });
  }

  /** Words that satisfy a condition, once they are there. */
  wordsThat(what, condition, seconds) {
    return this.until(
      what,
      async () => {
        const words = await this.words();
        return words.length && condition(words) && words;
      },
      seconds,
    );
  }

  /** Type key by key, as people do. */
  type(text, delay = 60) {
    return this.page.keyboard.type(text, { delay });
  }

  /** Write at the end as a writer does who looks at the words before each key, and takes the wanted one. */
  async write(text, delay = 120) {
    const begun = await this.text();
    for (let done = 0; done < text.length; done = (await this.text()).length - begun.length) {
      const [rest] = /^\S*/.exec(text.slice(done));
      const typed = /\S*$/.exec(text.slice(0, done))[0];
      await this.page.locator('#bar[aria-busy="false"]').waitFor();
      const number = (await this.words()).indexOf(typed + rest) + 1;
      if (number && rest.length) {
        await this.takeTwice(number);
      } else {
        await this.type(text[done], 0);
      }
      await this.page.waitForTimeout(delay);
    }
  }

  /** Press Alt and a number, and again in the same moment: the second one comes too late for the word. */
  takeTwice(number) {
    return this.page.evaluate((code) => {
      for (let press = 0; press < 2; press += 1) {
        document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { code, altKey: true, bubbles: true }));
      }
    }, `Digit${number}`);
  }

  async press(...keys) {
    for (const key of keys) {
      await this.page.keyboard.press(key);
    }
  }
}

/** What the tests' views of a page have in common, the editor's window and the playground's tab: waiting, and pictures. */

import { join } from 'node:path';

/** How Chromium is started for a page that is drawn: without a GPU, and with nothing but this machine within its reach. */
export const ALONE = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

export class View {
  /** Looks at a page; pictures go into the folder `shots`, and what is waited for may take `patience` seconds. */
  constructor(page, shots, patience) {
    Object.assign(this, { page, shots, patience });
  }

  /** Keep a picture. */
  shot(name) {
    return this.page.screenshot({ path: join(this.shots, `${name}.png`) });
  }

  /** Ask again and again until something true comes; fails with a picture and with all that is seen. */
  async until(what, ask, seconds = this.patience) {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const seen = await ask();
      if (seen && (!Array.isArray(seen) || seen.length)) {
        return seen;
      }
      if (Date.now() > deadline) {
        await this.shot('failed');
        throw new Error(`${what}: not within ${seconds} s; ${JSON.stringify(await this.seen())}`);
      }
      await this.page.waitForTimeout(25);
    }
  }
}

/**
 * The tests of `test/host`, run inside the extension host of a window; what Mocha reports is printed as JSON.
 *
 * The package as it was installed is loaded as an extension under development, which is what VS Code runs tests for.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { open, remote } from './window.mjs';

const options = JSON.parse(process.argv[2]);
const { url, folder, extension, seconds } = options;
const tests = fileURLToPath(new URL('../dist/test/host', import.meta.url));
buildSync({
  entryPoints: [fileURLToPath(new URL('host/index.ts', import.meta.url))],
  outdir: tests,
  bundle: true,
  platform: 'node',
  external: ['vscode', 'mocha'],
});

/** Mocha's report, once it is there. VS Code itself says only minutes later that they ended. */
function report() {
  try {
    return JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'));
  } catch {
    return undefined;
  }
}

let code;
const window = await open({
  ...options,
  more: [
    ['extensionDevelopmentPath', remote(url, extension)],
    ['extensionTestsPath', remote(url, join(tests, 'index.js'))],
  ],
  prepare: async (page) => {
    await page.exposeFunction('codeAutomationLog', () => undefined); // the window's own log
    await page.exposeFunction('codeAutomationExit', (ended) => {
      code = ended;
    });
    await page.addInitScript(allowTests);
  },
});
try {
  const deadline = Date.now() + seconds * 1000;
  while (!report() && code === undefined && Date.now() < deadline) {
    await window.page.waitForTimeout(100);
  }
  if (!report()) {
    await window.shot('host-failed');
  }
  console.log(JSON.stringify(report() ?? { problem: `no report, exit code ${code}`, seen: await window.seen() }));
} finally {
  await window.close();
}

/** In the page: VS Code as it is built runs tests only where this option is set, and code-server has no flag for it. */
function allowTests() {
  const { getAttribute } = Element.prototype;
  Element.prototype.getAttribute = function (name) {
    const value = getAttribute.call(this, name);
    if (name !== 'data-settings' || this.id !== 'vscode-workbench-web-configuration') {
      return value;
    }
    const configuration = JSON.parse(value);
    const developmentOptions = { ...configuration.developmentOptions, enableSmokeTestDriver: true };
    return JSON.stringify({ ...configuration, developmentOptions });
  };
}

/** Write the licences of all packages that went into the bundle to dist/NOTICES.txt; their terms ask for it. */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('..', import.meta.url));
const { inputs } = JSON.parse(readFileSync(join(here, 'dist/bundle.json'), 'utf8'));
const folders = Object.keys(inputs).map((file) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0]);
const notices = [...new Set(folders.filter(Boolean))].sort().map((folder) => {
  const { name, version } = JSON.parse(readFileSync(join(here, folder, 'package.json'), 'utf8'));
  const file = readdirSync(join(here, folder)).find((each) => /^licen[cs]e/i.test(each));
  if (!file) {
    throw new Error(`${name} has no file with its licence.`);
  }
  return `${name} ${version}\n\n${readFileSync(join(here, folder, file), 'utf8').trim()}\n`;
});
writeFileSync(join(here, 'dist/NOTICES.txt'), notices.join(`\n${'-'.repeat(80)}\n\n`));

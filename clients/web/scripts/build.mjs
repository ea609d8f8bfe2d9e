/**
 * Build the page into the Python package, which ships it: one script, one style sheet, and the licences of what is in them.
 *
 *     npm run build [-- FOLDER]
 *
 * The result depends on the sources and the lock file only: a test holds what is committed against a fresh build.
 */

import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('..', import.meta.url));
const target = resolve(process.argv[2] ?? join(here, '..', '..', 'server', 'foreword', 'playground', 'static'));

mkdirSync(target, { recursive: true });
const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: { playground: 'src/main.ts' },
  outdir: target,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  charset: 'utf8',
  legalComments: 'inline',
  metafile: true,
  logLevel: 'warning',
});
for (const name of readdirSync(join(here, 'static'))) {
  if (name.endsWith('.css')) {
    await build({
      absWorkingDir: here,
      entryPoints: [join('static', name)],
      outdir: target,
      minify: true,
      logLevel: 'warning',
    });
  } else {
    copyFileSync(join(here, 'static', name), join(target, name));
  }
}
writeFileSync(join(target, 'licences.txt'), licences());

/** The licence of every package that something in the script is from, and which it is. */
function licences() {
  const used = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
  const folders = new Set(used.map((path) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]).filter(Boolean));
  const texts = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(here, folder, 'package.json'), 'utf8'));
    const file = readdirSync(join(here, folder)).find((each) => /^licen[cs]e/i.test(each));
    if (!file) {
      throw new Error(`${name} has no licence file`);
    }
    const text = readFileSync(join(here, folder, file), 'utf8')
      .replaceAll('\r\n', '\n')
      .trim();
    return `${name} ${version} (${license})\n\n${text}\n`;
  });
  return `This page is part of Foreword (Apache-2.0) and contains these packages.\n\n${texts.join(`\n${'-'.repeat(72)}\n\n`)}`;
}

/**
 * Make the .vsix: the bundled extension, the server's wheel and the pins of all that it needs.
 *
 *     npm run package [-- FILE.vsix]
 *
 * PYTHON names the Python that builds the wheel.
 */

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('..', import.meta.url));
const project = join(here, '..', '..');
const server = join(here, 'server');
const target = process.argv[2] ? resolve(process.argv[2]) : join(here, 'foreword.vsix');

const run = (command, ...args) => execFileSync(command, args, { cwd: here, stdio: 'inherit' });
const tool = (name, ...args) => run(process.execPath, join(here, 'node_modules', name), ...args);

rmSync(server, { recursive: true, force: true });
mkdirSync(server);
run(process.env.PYTHON || 'python3', '-m', 'pip', 'wheel', '--quiet', '--no-deps', '--wheel-dir', server, project);
copyFileSync(join(project, 'constraints.txt'), join(server, 'constraints.txt'));
copyFileSync(join(project, 'LICENSE'), join(here, 'LICENSE'));
run('npm', 'run', '--silent', 'build');
// Nothing is looked up: the links of the README are as they are until the project has an address.
tool(
  '@vscode/vsce/vsce',
  'package',
  '--no-dependencies',
  '--no-rewrite-relative-links',
  '--allow-missing-repository',
  '--out',
  target,
);

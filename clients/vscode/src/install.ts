/** Installing the server into a virtual environment of its own. Nothing here asks the user: that was done before. */

import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import type { CancellationToken } from 'vscode';
import { run } from './process';
import type { Python } from './python';
import type { Home } from './server';

/** What is installed, and how. */
export interface Order {
  /** Folder of the extension with the wheel and the pins of all that it needs. */
  packages: string;
  home: Home;
  python: Python;
  /** Install it anew if it is there already. */
  anew: boolean;
  /** Further arguments of `pip install`, such as `--index-url`. */
  pipArguments: readonly string[];
  say: (step: string) => void;
  log: (line: string) => void;
  token: CancellationToken;
}

/** One sentence for the user: what went wrong and what to do. */
export class InstallError extends Error {}

/** The user stopped it. */
export class Stopped extends Error {}

/** Install the server; throws `InstallError` or `Stopped`, and leaves nothing half done that would be taken for whole. */
export async function install(order: Order): Promise<void> {
  const { home, say, log, token } = order;
  const { wheel, version } = await wheelIn(order.packages);
  const release = await lock(`${home.folder}.lock`, () => say('another window is installing it; waiting'), token);
  try {
    if (home.version === version && !order.anew) {
      return; // the other window did it
    }
    await fs.rm(home.folder, { recursive: true, force: true });
    say('making a virtual environment');
    await step(order, order.python.path, ['-m', 'venv', home.folder], (stderr) =>
      /ensurepip|venv/.test(stderr)
        ? `${order.python.path} cannot make virtual environments; on Debian and Ubuntu install python3-venv, or choose another Python.`
        : `The virtual environment could not be made in ${home.folder}; the log says why.`,
    );
    const pins = ['--constraint', path.join(order.packages, 'constraints.txt')];
    const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', ...pins];
    await step(order, home.python, [...pip, ...order.pipArguments, wheel], (stderr) =>
      /No space left/.test(stderr)
        ? `There is no space left for the server in ${home.folder}.`
        : 'The server could not be installed: pip failed, and the log says why. Is the package index within reach?',
    );
    say('looking whether it starts');
    await step(
      order,
      home.python,
      ['-m', 'foreword', '--version'],
      () => 'The server was installed but does not start.',
    );
    await fs.writeFile(home.marker, JSON.stringify({ version, python: order.python.path }));
    await removeOlder(home);
    log(`installed foreword ${version} in ${home.folder}`);
  } catch (error) {
    await fs.rm(home.folder, { recursive: true, force: true });
    throw error;
  } finally {
    await release();
  }
}

/** Return the wheel of the server that comes with the extension, and its version. */
async function wheelIn(folder: string): Promise<{ wheel: string; version: string }> {
  for (const name of await fs.readdir(folder).catch(() => [])) {
    const version = /^foreword-([^-]+)-.*\.whl$/.exec(name)?.[1];
    if (version) {
      return { wheel: path.join(folder, name), version };
    }
  }
  throw new InstallError('This build of the extension comes without the server; install it with pip.');
}

/** Remove what earlier versions of the extension installed beside it; each takes the better part of a gigabyte. */
async function removeOlder(home: Home): Promise<void> {
  const [place, name] = [path.dirname(home.folder), path.basename(home.folder)];
  for (const other of await fs.readdir(place)) {
    if (/^server-[\d.]+$/.test(other) && other !== name) {
      await fs.rm(path.join(place, other), { recursive: true, force: true }).catch(() => undefined); // in use
    }
  }
}

async function step(
  { say, log, token }: Order,
  command: string,
  args: string[],
  problem: (stderr: string) => string,
): Promise<void> {
  log(`${command} ${args.join(' ')}`);
  const onLine = (line: string): void => {
    log(line);
    const doing = /^\s*(Collecting|Downloading|Building|Installing)\b.*/.exec(line)?.[0];
    if (doing) {
      say(doing.trim().slice(0, 80));
    }
  };
  const { code, stdout, stderr } = await run(command, args, { token, onLine, env: environment() });
  if (token.isCancellationRequested) {
    throw new Stopped();
  }
  if (code !== 0) {
    throw new InstallError(problem(stdout + stderr));
  }
}

/** The environment of Python: what is told there of another virtual environment must not count. */
function environment(): NodeJS.ProcessEnv {
  const { VIRTUAL_ENV: _venv, PYTHONHOME: _home, ...rest } = process.env;
  return { ...rest, PYTHONUTF8: '1' };
}

/** Be the only window that installs; waits for another one. Returns what lets go. */
async function lock(file: string, waiting: () => void, token: CancellationToken): Promise<() => Promise<void>> {
  await fs.mkdir(path.dirname(file), { recursive: true });
  for (let told = false; ; told = true) {
    try {
      await fs.writeFile(file, String(process.pid), { flag: 'wx' });
      return () => fs.rm(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw new InstallError(`Nothing can be written in ${path.dirname(file)}.`);
      }
    }
    const owner = Number(await fs.readFile(file, 'utf8').catch(() => ''));
    if (owner && !isAlive(owner)) {
      await fs.rm(file, { force: true }); // its window was closed on the way
      continue;
    }
    if (!told) {
      waiting();
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
    if (token.isCancellationRequested) {
      throw new Stopped();
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Finding the server: the command of the settings, the one this extension installed, or one on the path. */

import { existsSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { run } from './process';

/** How the server is started, and where that is from. */
export interface Server {
  command: string;
  args: string[];
  source: 'settings' | 'installed' | 'path';
}

/** The folder in which this extension keeps its own installation of the server. */
export class Home {
  constructor(readonly folder: string) {}

  /** The Python of the virtual environment. */
  get python(): string {
    const parts = process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python'];
    return path.join(this.folder, ...parts);
  }

  /** Written last of all: without it an installation is not complete. */
  get marker(): string {
    return path.join(this.folder, 'foreword.json');
  }

  /** The version of the server that is installed here; undefined if none is, or not completely. */
  get version(): string | undefined {
    try {
      const { version } = JSON.parse(readFileSync(this.marker, 'utf8'));
      return existsSync(this.python) ? String(version) : undefined;
    } catch {
      return undefined;
    }
  }

  /** The server that is installed here. */
  get server(): Server {
    return { command: this.python, args: ['-m', 'foreword', 'serve'], source: 'installed' };
  }
}

/**
 * Find the server.
 *
 * @param command Of the settings; empty for none.
 * @returns undefined if there is none.
 */
export async function findServer(command: readonly string[], home: Home): Promise<Server | undefined> {
  const [program, ...args] = command;
  if (program) {
    return { command: program, args, source: 'settings' };
  }
  if (home.version) {
    return home.server;
  }
  const { code, stdout } = await run('foreword', ['--version'], { timeout: 20_000 });
  return code === 0 && stdout.startsWith('foreword ')
    ? { command: 'foreword', args: ['serve'], source: 'path' }
    : undefined;
}

/** Whether a server of this version speaks with an extension of that: the same, but for the last number. */
export function speaks(server: string, extension: string): boolean {
  const [ours, theirs] = [extension, server].map((version) => version.split('.').slice(0, 2).join('.'));
  return ours === theirs;
}

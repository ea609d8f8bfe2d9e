/** Finding a Python that the server can be installed with. */

import { run } from './process';

/** The versions that the server runs on: from the first up to, and without, the last. */
export const OLDEST = [3, 11] as const;
export const TOO_NEW = [3, 14] as const;

/** In words, for messages. */
export const WANTED = '3.11, 3.12 or 3.13';

/** A Python that answered. */
export interface Python {
  path: string;
  version: [major: number, minor: number];
}

/** What was found: the first that fits, and all that did not. */
export interface Search {
  fit: Python | undefined;
  unfit: Python[];
}

const TELL = 'import sys; print(sys.executable); print(*sys.version_info[:2])';

/** Return the commands that may be a Python on this platform, the best first. */
export function candidates(platform: NodeJS.Platform): [command: string, ...args: string[]][] {
  return platform === 'win32'
    ? [['py', '-3.13'], ['py', '-3.12'], ['py', '-3.11'], ['python'], ['python3']]
    : [['python3.13'], ['python3.12'], ['python3.11'], ['python3'], ['python']];
}

/**
 * Look for a Python.
 *
 * @param chosen Path that the user chose; then no other is looked at.
 */
export async function findPython(chosen: string, platform = process.platform): Promise<Search> {
  const commands = chosen ? [[chosen] as [string]] : candidates(platform);
  const unfit: Python[] = [];
  for (const [command, ...args] of commands) {
    const { code, stdout } = await run(command, [...args, '-c', TELL], { timeout: 10_000 });
    const found = code === 0 ? parse(stdout) : undefined;
    if (found && fits(found)) {
      return { fit: found, unfit };
    }
    if (found && !unfit.some(({ path }) => path === found.path)) {
      unfit.push(found);
    }
  }
  return { fit: undefined, unfit };
}

/** Read what a Python says of itself. */
export function parse(output: string): Python | undefined {
  const [path, version = ''] = output.trim().split(/\r?\n/);
  const numbers = /^(\d+) (\d+)$/.exec(version);
  return path && numbers ? { path, version: [Number(numbers[1]), Number(numbers[2])] } : undefined;
}

/** Whether the server runs on it. */
export function fits({ version: [major, minor] }: Python): boolean {
  return major === OLDEST[0] && minor >= OLDEST[1] && minor < TOO_NEW[1];
}

/** Running a program to its end, with what it wrote. */

import { spawn } from 'node:child_process';
import type { CancellationToken } from 'vscode';

/** How a program ended. `code` is null if it could not be started or was killed. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Options of `run`. */
export interface RunOptions {
  /** Kills the program. */
  token?: CancellationToken;
  /** Is given each line as it is written, of either stream. */
  onLine?: (line: string) => void;
  /** Kills the program after as many milliseconds. */
  timeout?: number;
  env?: NodeJS.ProcessEnv;
}

/** Run a program without a shell; never throws. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const ended: Ended = { code: null, stdout: '', stderr: '' };
    const child = spawn(command, args, {
      windowsHide: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: options.env ?? process.env,
    });
    const timer = options.timeout ? setTimeout(() => child.kill(), options.timeout) : undefined;
    const cancelled = options.token?.onCancellationRequested(() => child.kill());
    for (const name of ['stdout', 'stderr'] as const) {
      let rest = '';
      child[name].setEncoding('utf8');
      child[name].on('data', (chunk: string) => {
        ended[name] += chunk;
        const lines = (rest + chunk).split(/\r?\n/);
        rest = lines.pop() ?? '';
        lines.forEach((line) => {
          options.onLine?.(line);
        });
      });
    }
    const finish = (code: number | null): void => {
      clearTimeout(timer);
      cancelled?.dispose();
      resolve({ ...ended, code });
    };
    child.on('error', (error) => {
      ended.stderr += error.message;
      finish(null);
    });
    child.on('close', finish);
  });
}

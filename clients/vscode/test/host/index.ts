/** What VS Code calls inside the extension host: runs the tests beside this file, and writes Mocha's report into the workspace. */

import * as path from 'node:path';
import Mocha from 'mocha';
import * as vscode from 'vscode';

export async function run(): Promise<void> {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  const output = path.join((folder as vscode.WorkspaceFolder).uri.fsPath, 'report.json');
  const mocha = new Mocha({ ui: 'tdd', timeout: 200_000, reporter: 'json', reporterOptions: { output } });
  mocha.suite.emit('pre-require', globalThis, '', mocha);
  await import('./writing.test.js');
  await import('./package.test.js');
  await import('./menu.test.js');
  await new Promise((resolve) => mocha.run(resolve));
}

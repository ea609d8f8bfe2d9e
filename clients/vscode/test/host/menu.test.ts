/** The menu behind the status item: each of its entries is chosen as a writer does, and does what it says. */

import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { clear, extension, marks, until, words, write } from './desk';

/** Open the menu, go down to an entry, and choose it. */
async function choose(down: number): Promise<void> {
  void vscode.commands.executeCommand('foreword.menu');
  await new Promise((resolve) => setTimeout(resolve, 400)); // nothing tells an extension that a menu is open
  for (let row = 0; row < down; row++) {
    await vscode.commands.executeCommand('workbench.action.quickOpenSelectNext');
  }
  await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
}

const tab = () => vscode.window.tabGroups.activeTabGroup.activeTab?.label ?? '';
const state = () => extension.exports.state.name;

suite('The menu', () => {
  setup(async () => {
    await write('The room was dirty and the waiter was rude to everybody.\n\nI will be there in a ');
    await words('words');
  });
  teardown(clear);

  test('Pause takes words and marks away, and Resume brings them back', async () => {
    const editor = vscode.window.activeTextEditor as vscode.TextEditor;
    await until('a mark', () => marks(editor).length);
    await choose(0);
    await until('the pause', () => state() === 'paused');
    await until('nothing to be seen', () => extension.exports.words.length + marks(editor).length === 0);
    await choose(0);
    await words('words after the pause');
    await until('a mark after the pause', () => marks(editor).length);
  });

  test('Turn Off for This Language does, and Turn On again', async () => {
    await choose(1);
    await until('no words', () => extension.exports.words.length === 0);
    const languages = () => vscode.workspace.getConfiguration('foreword').get<Record<string, object>>('languages');
    assert.deepEqual(languages()?.markdown, { enabled: false });
    await choose(1);
    await words('words in the language again');
    assert.deepEqual(languages()?.markdown, { enabled: true });
  });

  test('Settings opens the settings', async () => {
    await choose(2);
    await until('the settings', () => tab() === 'Settings');
    await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
  });

  test('First Steps opens the walkthrough', async () => {
    await choose(3);
    await until('the walkthrough', () => /Foreword|Welcome/.test(tab()));
    await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
  });

  test('Log shows the log, in which there is nothing of the text', async () => {
    await choose(4);
    const log = await until('the log', () =>
      vscode.window.visibleTextEditors.find(({ document }) => document.uri.scheme === 'output'),
    );
    assert.match(log.document.getText(), /starting/);
    assert.doesNotMatch(log.document.getText(), /waiter|soup/);
    await vscode.commands.executeCommand('workbench.action.closePanel');
  });

  test('Restart the Server starts another, which knows the text as it is', async () => {
    await choose(5);
    await until('the start', () => state() === 'starting');
    await until('the other server', () => state() === 'ready');
    await words('words of the other server', (words) => words.includes('minute'));
  });
});

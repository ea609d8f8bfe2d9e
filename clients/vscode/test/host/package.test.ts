/** What the package promises and VS Code has: commands, keys, and the defaults of settings. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import * as vscode from 'vscode';
import { extension } from './desk';

const { contributes } = extension.packageJSON;

suite('The package', () => {
  test('every command that it names is there, and every key has one', async () => {
    const there = await vscode.commands.getCommands(true);
    const named = contributes.commands.map(({ command }: { command: string }) => command);
    assert.deepEqual(
      named.filter((command: string) => !there.includes(command)),
      [],
    );
    const keys = contributes.keybindings.map(({ command }: { command: string }) => command);
    assert.deepEqual(
      keys.filter((command: string) => !named.includes(command)),
      [],
    );
  });

  test('the defaults of settings are those that the server has', () => {
    const schema = JSON.parse(readFileSync(process.env.FOREWORD_TEST_SCHEMA as string, 'utf8'));
    const settings = vscode.workspace.getConfiguration();
    const defaults = Object.keys(schema).map((key) => [key, settings.inspect(key)?.defaultValue]);
    assert.ok(defaults.length > 10);
    assert.deepEqual(
      defaults,
      Object.entries<{ default: unknown }>(schema).map(([key, setting]) => [key, setting.default]),
    );
  });

  test('in prose the list does not come by itself, and Enter takes nothing from it', () => {
    for (const languageId of ['markdown', 'plaintext', 'git-commit', 'latex']) {
      const editor = vscode.workspace.getConfiguration('editor', { languageId });
      const quick = { other: 'off', comments: 'off', strings: 'off' };
      assert.deepEqual({ ...editor.get<object>('quickSuggestions') }, quick, languageId);
      assert.equal(editor.get('acceptSuggestionOnEnter'), 'off', languageId);
    }
  });

  test('the version of the server is the extension’s', () => {
    assert.equal(extension.packageJSON.version, process.env.FOREWORD_TEST_VERSION);
  });
});

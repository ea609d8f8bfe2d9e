import assert from 'node:assert/strict';
import { test } from 'node:test';
import packageJson from '../../package.json';
import { serverKeys, settingsTree } from '../../src/settings';

test('the server is not told of what is the extension’s own', () => {
  const keys = serverKeys(packageJson);
  assert.ok(keys.includes('completion.maxItems'));
  assert.ok(keys.includes('languages'));
  assert.deepEqual(
    keys.filter((key) => /^(server|bar)\b/.test(key)),
    [],
  );
});

test('the tree has what is set, and no defaults and no empty branches', () => {
  const set: Record<string, object> = {
    'completion.maxItems': { defaultValue: 5, globalValue: 3 },
    'completion.enabled': { defaultValue: true, workspaceValue: false },
    'model.decoder': { defaultValue: 'smollm2-135m' },
    register: { defaultValue: 'auto', workspaceFolderValue: 'mail' },
  };
  const values: Record<string, unknown> = { 'completion.maxItems': 3, 'completion.enabled': false, register: 'mail' };
  const configuration = {
    inspect: (key: string) => ({ key, ...set[key] }),
    get: (key: string) => values[key],
  };
  assert.deepEqual(settingsTree(Object.keys(set), configuration as Parameters<typeof settingsTree>[1]), {
    completion: { enabled: false, maxItems: 3 },
    register: 'mail',
  });
});

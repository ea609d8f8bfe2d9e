import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { findServer, Home, speaks } from '../../src/server';

test('versions speak with each other but for the last number', () => {
  assert.ok(speaks('0.1.3', '0.1.0'));
  assert.ok(speaks('0.1.0.dev1', '0.1.0'));
  assert.ok(!speaks('0.2.0', '0.1.0'));
  assert.ok(!speaks('1.1.0', '0.1.0'));
});

test('the command of the settings comes first, then what was installed', async () => {
  const home = new Home(join(mkdtempSync(join(tmpdir(), 'foreword-')), 'server'));
  const own = await findServer(['python', '-m', 'foreword', 'serve'], home);
  assert.deepEqual(own, { command: 'python', args: ['-m', 'foreword', 'serve'], source: 'settings' });

  mkdirSync(dirname(home.python), { recursive: true });
  writeFileSync(home.python, '');
  assert.equal(home.version, undefined); // without the marker it is not complete
  writeFileSync(home.marker, JSON.stringify({ version: '0.1.0' }));
  assert.equal(home.version, '0.1.0');
  assert.deepEqual(await findServer([], home), home.server);
});

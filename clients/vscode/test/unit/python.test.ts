import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { candidates, findPython, fits, parse } from '../../src/python';

test('what a Python says of itself is read', () => {
  assert.deepEqual(parse('/usr/bin/python3\n3 11\n'), { path: '/usr/bin/python3', version: [3, 11] });
  assert.deepEqual(parse('C:\\Python\\python.exe\r\n3 12\r\n'), { path: 'C:\\Python\\python.exe', version: [3, 12] });
  assert.equal(parse('Python was not found; run without arguments to install from the Microsoft Store'), undefined);
});

test('the server runs on 3.11 to 3.13', () => {
  const right = [10, 11, 12, 13, 14].filter((minor) => fits({ path: '', version: [3, minor] }));
  assert.deepEqual(right, [11, 12, 13]);
  assert.equal(fits({ path: '', version: [2, 12] }), false);
});

test('Windows has its launcher', () => {
  assert.deepEqual(candidates('win32')[0], ['py', '-3.13']);
  assert.deepEqual(candidates('linux')[0], ['python3.13']);
});

test('a Python that is too old is named, and none is taken for one', {
  skip: process.platform === 'win32',
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'foreword-'));
  const old = join(folder, 'python');
  writeFileSync(old, `#!/bin/sh\necho ${old}\necho 3 9\n`);
  chmodSync(old, 0o755);
  assert.deepEqual(await findPython(old), { fit: undefined, unfit: [{ path: old, version: [3, 9] }] });
  assert.deepEqual(await findPython(join(folder, 'none')), { fit: undefined, unfit: [] });
});

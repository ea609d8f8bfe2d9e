import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { InstallError, install, Stopped } from '../../src/install';
import { Home } from '../../src/server';

const unlessWindows = { skip: process.platform === 'win32' };

/** A Python that notes what it is told; as for `-m venv`, it makes a copy of itself. */
const PYTHON = `#!/bin/sh
echo "$*" >>"$(dirname "$0")/told"
case "$*" in
"-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
"-m pip"*) sleep 0.2; echo Collecting torch; exit PIP ;;
esac
`;

function order({ pip = 0, cancelled = false, anew = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'foreword-'));
  const [packages, python] = [join(folder, 'packages'), join(folder, 'python')];
  mkdirSync(packages);
  writeFileSync(join(packages, 'foreword-0.1.0-py3-none-any.whl'), '');
  writeFileSync(python, PYTHON.replace('PIP', String(pip)));
  chmodSync(python, 0o755);
  const steps: string[] = [];
  return {
    packages,
    home: new Home(join(folder, 'storage', 'server')),
    python: { path: python, version: [3, 11] as [number, number] },
    anew,
    pipArguments: ['--index-url', 'https://packages.example.org'],
    steps,
    say: (step: string) => steps.push(step),
    log: () => undefined,
    token: { isCancellationRequested: cancelled, onCancellationRequested: () => ({ dispose: () => undefined }) },
  };
}

const told = (home: Home): string[] =>
  readFileSync(join(home.folder, 'bin', 'told'), 'utf8')
    .trim()
    .split('\n');

test('a server is installed from its wheel, with the pins and the user’s arguments', unlessWindows, async () => {
  const wanted = order();
  await install(wanted);
  assert.equal(wanted.home.version, '0.1.0');
  const [pip = '', check] = told(wanted.home);
  assert.match(
    pip,
    /^-m pip install .*--constraint .*constraints\.txt .*--index-url https:.* .*foreword-0\.1\.0.*\.whl$/,
  );
  assert.equal(check, '-m foreword --version');
  assert.ok(wanted.steps.includes('Collecting torch'));
});

test('of two windows that install at once, one does it and the other waits', unlessWindows, async () => {
  const wanted = order();
  await Promise.all([install(wanted), install(wanted)]);
  assert.equal(wanted.home.version, '0.1.0');
  assert.equal(told(wanted.home).filter((line) => line.startsWith('-m pip')).length, 1);
  assert.ok(wanted.steps.some((step) => step.includes('another window')));
});

test('what a closed window left does not keep others waiting', unlessWindows, async () => {
  const wanted = order();
  mkdirSync(join(wanted.home.folder, '..'), { recursive: true });
  writeFileSync(`${wanted.home.folder}.lock`, '999999999');
  await install(wanted);
  assert.equal(wanted.home.version, '0.1.0');
});

test('an installation that fails says so and leaves nothing', unlessWindows, async () => {
  const wanted = order({ pip: 1 });
  await assert.rejects(install(wanted), InstallError);
  assert.ok(!existsSync(wanted.home.folder));
  assert.ok(!existsSync(`${wanted.home.folder}.lock`));
});

test('one that is stopped is no failure, and leaves nothing either', unlessWindows, async () => {
  const wanted = order({ cancelled: true });
  await assert.rejects(install(wanted), Stopped);
  assert.ok(!existsSync(wanted.home.folder));
});

test('what is there is installed again only if that is asked for', unlessWindows, async () => {
  const wanted = order();
  await install(wanted);
  await install(wanted);
  assert.equal(told(wanted.home).length, 2);
  await install({ ...wanted, anew: true, pipArguments: [] });
  assert.equal(told(wanted.home).length, 2); // of another folder
  assert.doesNotMatch(told(wanted.home)[0] ?? '', /--index-url/);
});

test('what an earlier version installed goes', unlessWindows, async () => {
  const wanted = order();
  const older = join(wanted.home.folder, '..', 'server-0.0.9');
  mkdirSync(older, { recursive: true });
  await install(wanted);
  assert.ok(!existsSync(older));
});

test('a build without the wheel says what to do', unlessWindows, async () => {
  const wanted = order();
  await assert.rejects(install({ ...wanted, packages: join(wanted.packages, 'none') }), /install it with pip/);
});

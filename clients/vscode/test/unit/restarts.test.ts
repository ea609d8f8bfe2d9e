import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Restarts } from '../../src/restarts';

test('the first restart is at once, each further one later, and the sixth is none', () => {
  const restarts = new Restarts(() => 0);
  const waits = Array.from({ length: 6 }, () => restarts.ended());
  assert.deepEqual(waits, [0, 500, 1500, 3500, 7500, undefined]);
});

test('endings of long ago do not count', () => {
  let now = 0;
  const restarts = new Restarts(() => now);
  for (let ending = 0; ending < 20; ending++, now += 60_000) {
    assert.ok((restarts.ended() ?? Number.POSITIVE_INFINITY) <= 1500);
  }
});

test('a start that the user asks for begins anew', () => {
  const restarts = new Restarts(() => 0);
  restarts.ended();
  restarts.ended();
  restarts.forget();
  assert.equal(restarts.ended(), 0);
});

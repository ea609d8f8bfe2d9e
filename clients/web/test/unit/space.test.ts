import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spaceBefore, takesSpace } from '../../src/space.ts';

test('a word brings its space unless there is one, or a mark', () => {
  for (const [following, space] of [
    ['', ' '],
    ['and', ' '],
    [' and', ''],
    ['. And', ''],
    [')', ''],
    ['(', ' '],
  ] as const) {
    assert.equal(spaceBefore(following), space);
  }
});

test('a mark takes the place of the space, and a space is not doubled', () => {
  assert.ok([...'.,;:!?…) '].every(takesSpace));
  assert.ok(![..."a(-'"].some(takesSpace));
});

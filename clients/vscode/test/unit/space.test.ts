import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spaceBefore } from '../../src/space';

test('a word brings its space, but where one is or a mark follows', () => {
  assert.equal(spaceBefore(''), ' ');
  assert.equal(spaceBefore('go home'), ' ');
  assert.equal(spaceBefore('(see there)'), ' ');
  for (const following of [' home', '\thome', '.', ', and', ') and', '”']) {
    assert.equal(spaceBefore(following), '', following);
  }
});

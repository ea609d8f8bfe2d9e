import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Figures } from '../../src/figures.ts';

test('before the first key there is nothing to tell', () => {
  const figures = new Figures();
  assert.equal(figures.savings, undefined);
  assert.equal(figures.percentile(0.5), undefined);
  assert.equal(figures.forwards, undefined);
  assert.equal(figures.reused, undefined);
});

test('a word that is taken is one key', () => {
  const figures = new Figures();
  for (let length = 1; length <= 2; length++) {
    figures.key(length, 0);
  }
  figures.key(10, 0);
  assert.equal(figures.characters, 10);
  assert.equal(figures.keys, 3);
  assert.equal(figures.savings, 70);
});

test('what is taken away was a key, and saves nothing', () => {
  const figures = new Figures();
  for (const length of [1, 2, 1, 2]) {
    figures.key(length, 0);
  }
  assert.equal(figures.savings, -100);
});

test('what is pasted counts as neither', () => {
  const figures = new Figures();
  figures.key(1, 0);
  figures.paste(101);
  figures.key(102, 0);
  assert.equal(figures.characters, 2);
  assert.equal(figures.savings, 0);
});

test('a space that goes with the mark behind it is no key', () => {
  const figures = new Figures();
  figures.key(5, 0); // "word " is taken
  figures.key(6, 0); // "word ."
  figures.changed(5); // "word."
  assert.equal(figures.keys, 2);
  assert.equal(figures.characters, 5);
});

test('a key without an answer of its own waits for the next one', () => {
  const figures = new Figures();
  figures.key(1, 100);
  figures.key(2, 150);
  figures.answered(160);
  assert.equal(figures.last, 10);
  assert.equal(figures.percentile(0.5), 10);
  assert.equal(figures.percentile(1), 60);
  figures.answered(500);
  assert.equal(figures.percentile(1), 60);
});

test('what the server did before the text began is not of it', () => {
  const figures = new Figures();
  figures.worked({ forwards: 10, decoded: 100, reused: 100 });
  figures.key(1, 0);
  figures.key(2, 0);
  figures.worked({ forwards: 13, decoded: 110, reused: 190 });
  assert.equal(figures.forwards, 1.5);
  assert.equal(figures.reused, 90);
  figures.clear();
  assert.equal(figures.reused, undefined);
});

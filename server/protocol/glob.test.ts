import { expect, test } from 'vitest';
import fc from '../../test/support/fast-check.ts';
import { Glob, globMatches } from './glob.ts';

test.each([
  ['lunc?*', 'lunch plans', true],
  ['lunc?*', ' lunch', false],
  ['lunc?*', 'lunc', false],
  ['*', '', true],
  ['?', '', false],
  ['a*b*c', 'a-b-b-c', true],
  ['a*b*c', 'a-b-b-', false],
  ['*.example.org', 'matrix.example.org', true],
  ['', '', true],
])('%j on the whole of %j: %j', (pattern, text, matches) => {
  expect(globMatches(pattern, text)).toBe(matches);
});

test.each([
  ['ex*ple', 'an example event.', true],
  ['ex*ple', 'exple', true],
  ['ex*ple', 'an exciting triple-whammy', true],
  ['ex*ple', 'anexample', false],
  ['cake', 'cakes are good', false],
  ['cake', 'a-cake!', true],
  ['b?ll', 'the bell', true],
])('%j at word boundaries of %j: %j', (pattern, text, matches) => {
  expect(new Glob(pattern).matchesWords(text)).toBe(matches);
});

test.each([
  ['m.room.*', 'm.room.message', true],
  ['*', '', true],
  ['m.room', 'm.room', true],
  ['m.room', 'm.room.message', false],
  ['room', 'm.room', false],
  ['m.roo?', 'm.room', false],
  ['m.roo?', 'm.roo?', true],
])('%j, where only * is special, on the whole of %j: %j', (pattern, text, matches) => {
  expect(new Glob(pattern, '*').matches(text)).toBe(matches);
});

test('a glob agrees with the regular expression it stands for', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '-'), maxLength: 8 });
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '-'), maxLength: 12 });
  fc.assert(
    fc.property(letters, text, (pattern, words) => {
      const source = pattern.replaceAll('*', '.*').replaceAll('?', '.');
      expect(globMatches(pattern, words)).toBe(new RegExp(`^(?:${source})$`).test(words));
      const boundary = '(?:^|$|(?<!\\w)|(?!\\w))';
      const worded = new RegExp(`${boundary}(?:${source})${boundary}`);
      expect(new Glob(pattern).matchesWords(words)).toBe(worded.test(words));
    }),
    { numRuns: 2_000 },
  );
});

test('a glob of several words of bits agrees with one of a single word', () => {
  const filler = 'x'.repeat(40);
  const letters = fc.string({ unit: fc.constantFrom('a', '*', '?'), maxLength: 4 });
  const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 6 });
  fc.assert(
    fc.property(letters, letters, text, text, (one, other, words, more) => {
      const short = new Glob(`${one}x${other}`).matches(`${words}x${more}`);
      const long = new Glob(`${one}${filler}${other}`).matches(`${words}${filler}${more}`);
      expect(long).toBe(short);
    }),
  );
});

test('without anything special a pattern is plain text', () => {
  expect(new Glob('a*', '').matchesWords('see a* there')).toBe(true);
  expect(new Glob('a*', '').matchesWords('see ab there')).toBe(false);
  expect(new Glob('a?', '*').matches('ab')).toBe(false);
});

test('a pattern made to be slow takes as many steps as it says, and no more', () => {
  const text = 'a'.repeat(60_000);
  const slow = `${'a*'.repeat(250)}b`;
  expect(new Glob(slow).cost(text)).toBe(60_000 * 8);
  expect(new Glob(slow).matches(text)).toBe(false);
  expect(new Glob(slow).matchesWords(text)).toBe(false);
});

test('a pattern with more characters than the text is not even read', () => {
  expect(globMatches('?'.repeat(10_000_000), 'short')).toBe(false);
});

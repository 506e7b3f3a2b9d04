import fc from 'fast-check';
import { expect, test } from 'vitest';
import { globMatches, globMatchesWords, wildcardMatches } from './glob.ts';

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
  expect(globMatchesWords(pattern, text)).toBe(matches);
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
  expect(wildcardMatches(pattern, text)).toBe(matches);
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
      expect(globMatchesWords(pattern, words)).toBe(worded.test(words));
    }),
    { numRuns: 2_000 },
  );
});

test('a pattern made to be slow is not', () => {
  expect(globMatches(`${'a*'.repeat(200)}b`, 'a'.repeat(5_000))).toBe(false);
  expect(globMatchesWords(`${'a*'.repeat(100)}b`, 'a'.repeat(5_000))).toBe(false);
});

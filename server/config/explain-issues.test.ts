import { expect, test } from 'vitest';
import type { z } from 'zod';
import { explainIssues } from './explain-issues.ts';

const tree = { listen: 'x', data: 7, rateLimits: { read: { burst: 'many' } } };
const explain = (...issues: object[]) =>
  explainIssues(issues as z.core.$ZodIssue[], {
    tree,
    origins: new Map([['listen', 'The option --listen']]),
  });
const wrong = (path: string, message: string) => ({
  code: 'custom',
  path: path.split('.'),
  message,
});

test('of a key that is wrong in two ways the first is told, and keys stand in their order', () => {
  expect(
    explain(wrong('listen', 'is a'), wrong('listen', 'is c'), wrong('data', 'is b')).split('\n'),
  ).toEqual(['The option --listen ("x") is a.', 'The key "data" (7) is b.']);
});

test('each key that there is not is told, at the top and in a section', () => {
  const unknown = (path: string[], ...keys: string[]) => ({
    ...{ code: 'unrecognized_keys', path, keys },
    message: '',
  });
  expect(explain(unknown([], 'lissen', 'dat')).split('\n')).toEqual([
    'There is no key "lissen"; the nearest is "listen".',
    'There is no key "dat"; the nearest is "data".',
  ]);
  expect(explain(unknown(['rateLimits'], 'rea'))).toBe(
    'There is no key "rateLimits.rea"; the nearest is "rateLimits.read".',
  );
});

test.each([
  ['Invalid input: expected number, received string', 'must be a number'],
  ['Invalid input: expected boolean, received string', 'must be true or false'],
  ['Invalid input: expected string, received array', 'must be a text'],
  ['Invalid input: expected object, received string', 'must be a section with keys of its own'],
  ['Invalid option: expected one of "a"|"b"', 'must be one of "a"|"b"'],
  ['is no host', 'is no host'],
])('of %s it is told that it %s', (message, told) => {
  expect(explain(wrong('rateLimits.read.burst', message))).toBe(
    `The key "rateLimits.read.burst" ("many") ${told}.`,
  );
});

test('a key that is missing is told with what it is for', () => {
  expect(
    explain(wrong('serverName', 'Invalid input: expected string, received undefined')),
  ).toMatch(/^The key "serverName" is missing: \w/);
});

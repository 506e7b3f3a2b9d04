import { expect, test } from 'vitest';
import { pathOf, valueAt } from './property-path.ts';

test.each([
  ['content.body', ['content', 'body']],
  ['content.m\\.relates_to', ['content', 'm.relates_to']],
  ['content.m\\\\foo', ['content', 'm\\foo']],
  ['content.\\x', ['content', '\\x']],
  ['', ['']],
])('%j names %j', (path, names) => {
  expect(pathOf(path)).toEqual(names);
});

test('a property of the language itself is no property of the event', () => {
  expect(valueAt({ content: {} }, ['content', 'constructor'])).toBeUndefined();
  expect(valueAt({ content: { body: 'hi' } }, ['content', 'body', 'length'])).toBeUndefined();
});

test('a path leads through objects to a value of any kind', () => {
  const event = { content: { 'm.relates_to': { ids: ['$a'], none: null } } };
  expect(valueAt(event, pathOf('content.m\\.relates_to.ids'))).toEqual(['$a']);
  expect(valueAt(event, pathOf('content.m\\.relates_to.none'))).toBeNull();
  expect(valueAt(event, pathOf('content.m\\.relates_to.none.more'))).toBeUndefined();
  expect(valueAt(event, pathOf('content.missing.more'))).toBeUndefined();
});

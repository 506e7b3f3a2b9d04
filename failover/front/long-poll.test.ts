import { expect, test } from 'vitest';
import { isLongPoll, withTimeLeft } from './long-poll.ts';

test('a repeated /sync asks for the rest of its time, and keeps its other parameters', () => {
  expect(withTimeLeft('/_matrix/client/v3/sync?since=a%2Bb&timeout=30000', 12_000)).toBe(
    '/_matrix/client/v3/sync?since=a%2Bb&timeout=18000',
  );
});

test('a question mark in a parameter does not end the parameters', () => {
  const filter = 'filter={"not_types":["a?b"]}';
  const asked = withTimeLeft(`/_matrix/client/v3/sync?timeout=30000&${filter}`, 0);
  const { searchParams } = new URL(asked, 'https://farol.test');
  expect([...searchParams]).toEqual([
    ['timeout', '30000'],
    ['filter', '{"not_types":["a?b"]}'],
  ]);
});

test('a /sync whose time is over is answered at once', () => {
  expect(withTimeLeft('/_matrix/client/v3/sync?timeout=1000', 5_000)).toBe(
    '/_matrix/client/v3/sync?timeout=0',
  );
});

test('nothing else is touched', () => {
  const url = '/_matrix/client/v3/rooms/!a/messages?timeout=5';
  expect(withTimeLeft(url, 100)).toBe(url);
  expect(isLongPoll(url)).toBe(false);
  expect(isLongPoll('/_matrix/client/v3/sync')).toBe(true);
});

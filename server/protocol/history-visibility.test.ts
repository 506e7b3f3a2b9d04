import { expect, test } from 'vitest';
import { type HistoryVisibility, historyVisibilityOf, maySee } from './history-visibility.ts';

test('without a value that is understood the visibility is shared', () => {
  expect(historyVisibilityOf(undefined)).toBe('shared');
  expect(historyVisibilityOf('everyone')).toBe('shared');
  expect(historyVisibilityOf(7)).toBe('shared');
});

test.each(['world_readable', 'shared', 'invited', 'joined'])('%s is a visibility', (value) => {
  expect(historyVisibilityOf(value)).toBe(value);
});

/** Rows: visibility, membership at the event, joined later, seen. */
const TABLE: [HistoryVisibility, string | undefined, boolean, boolean][] = [
  ['world_readable', undefined, false, true],
  ['world_readable', 'ban', false, true],
  ['shared', 'join', false, true],
  ['shared', undefined, true, true],
  ['shared', undefined, false, false],
  ['shared', 'invite', false, false],
  ['shared', 'leave', true, true],
  ['invited', 'invite', false, true],
  ['invited', undefined, true, false],
  ['invited', 'leave', true, false],
  ['invited', 'join', false, true],
  ['joined', 'join', false, true],
  ['joined', 'invite', true, false],
  ['joined', undefined, true, false],
];

test.each(TABLE)(
  '%s, membership %s, joined later %s: seen %s',
  (visibility, membership, later, seen) => {
    expect(maySee({ visibility, membership }, later)).toBe(seen);
  },
);

test('a change of visibility is seen if the value before or after would allow it', () => {
  const [open, closed] = [
    { visibility: 'world_readable' as const, membership: undefined },
    { visibility: 'joined' as const, membership: undefined },
  ];
  expect(maySee(open, false, closed)).toBe(true);
  expect(maySee(closed, false, open)).toBe(true);
  expect(maySee(closed, false, closed)).toBe(false);
});

test('a user always sees the event by which they join, and the one by which they leave', () => {
  const [joined, left] = [
    { visibility: 'joined' as const, membership: 'join' },
    { visibility: 'joined' as const, membership: 'leave' },
  ];
  expect(maySee(left, false, joined)).toBe(true);
  expect(maySee(joined, false, left)).toBe(true);
});

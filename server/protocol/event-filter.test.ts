import { expect, test } from 'vitest';
import {
  type EventFilter,
  type Filtered,
  filterOf,
  remembering,
  TYPES_KEPT_MAX,
} from './event-filter.ts';

const message: Filtered = {
  type: 'm.room.message',
  sender: '@alice:x',
  roomId: '!room',
  content: { body: 'hi' },
};

test.each<[string, EventFilter, boolean]>([
  ['an empty filter lets everything through', {}, true],
  ['types includes what it names', { types: ['m.room.message'] }, true],
  ['one of several types is enough', { types: ['m.room.member', 'm.room.message'] }, true],
  ['one of several not_types is enough', { not_types: ['m.room.message', 'm.tag'] }, false],
  ['types leaves out what it does not name', { types: ['m.room.member'] }, false],
  ['an empty list of types lets nothing through', { types: [] }, false],
  ['a * in a type stands for anything', { types: ['m.room.*'] }, true],
  ['a ? in a type is a question mark', { types: ['m.room.messag?'] }, false],
  ['not_types leaves out what it names', { not_types: ['m.room.*'] }, false],
  ['not_types goes before types', { types: ['*'], not_types: ['m.room.message'] }, false],
  ['senders includes whom it names', { senders: ['@alice:x'] }, true],
  ['senders leaves out whom it does not name', { senders: ['@bob:x'] }, false],
  ['not_senders goes before senders', { senders: ['@alice:x'], not_senders: ['@alice:x'] }, false],
  ['a sender is no pattern', { senders: ['*'] }, false],
  ['rooms includes what it names', { rooms: ['!room'] }, true],
  ['rooms leaves out what it does not name', { rooms: ['!other'] }, false],
  ['not_rooms goes before rooms', { rooms: ['!room'], not_rooms: ['!room'] }, false],
  ['contains_url true asks for a url', { contains_url: true }, false],
  ['contains_url false asks for none', { contains_url: false }, true],
])('%s', (_what, filter, allowed) => {
  expect(filterOf(filter)(message)).toBe(allowed);
});

test('an event with a url is told from one without', () => {
  const image = { ...message, content: { url: 'mxc://x/y' } };
  expect(filterOf({ contains_url: true })(image)).toBe(true);
  expect(filterOf({ contains_url: false })(image)).toBe(false);
});

test('contains_url asks for a `url` key, whatever its value', () => {
  const odd = { ...message, content: { url: null } };
  expect(filterOf({ contains_url: true })(odd)).toBe(true);
  expect(filterOf({ contains_url: false })(odd)).toBe(false);
});

test('account data, which belongs to no room, passes a filter of rooms', () => {
  expect(filterOf({ rooms: ['!other'] })({ type: 'm.tag', content: {} })).toBe(true);
});

test('account data, which nobody sent, passes no filter of senders', () => {
  const tag = { type: 'm.tag', content: {} };
  expect(filterOf({ senders: ['@alice:x'] })(tag)).toBe(false);
  expect(filterOf({ not_senders: ['@alice:x'] })(tag)).toBe(true);
});

test('of the types that a wildcard was compared with a bounded number is remembered, and rightly', () => {
  const known = new Map<string, boolean>();
  let compared = 0;
  const isEven = remembering((name) => {
    compared++;
    return Number(name) % 2 === 0;
  }, known);
  for (let round = 0; round < 2; round++)
    for (let number = 0; number < 3 * TYPES_KEPT_MAX; number++) {
      expect(isEven(`${number}`)).toBe(number % 2 === 0);
      expect(known.size).toBeLessThanOrEqual(TYPES_KEPT_MAX);
    }
  const before = compared;
  isEven(`${3 * TYPES_KEPT_MAX - 1}`);
  expect(compared).toBe(before);
});

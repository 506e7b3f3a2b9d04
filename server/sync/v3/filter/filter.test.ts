import { expect, test } from 'vitest';
import type { JsonObject } from '../../../protocol/json.ts';
import { eventFilter } from './event-filter.ts';
import { parseFilter } from './filter.ts';

const admitted = (filter: JsonObject, ...types: string[]) =>
  types.filter((type) => eventFilter(filter).admits({ type, sender: '@a:x' }));

test('a filter without lists admits everything', () => {
  expect(admitted({}, 'm.room.message', 'org.example')).toEqual(['m.room.message', 'org.example']);
});

test('only listed types are admitted, and an excluded one is not even if it is listed', () => {
  const filter = { types: ['m.room.message', 'm.reaction'], not_types: ['m.reaction'] };
  expect(admitted(filter, 'm.room.message', 'm.reaction', 'm.sticker')).toEqual(['m.room.message']);
});

test('contains_url looks at the url of the content', () => {
  const withUrl = { type: 'm.room.message', content: { url: 'mxc://x/y' } };
  const without = { type: 'm.room.message', content: { body: 'mxc://x/y' } };
  expect(eventFilter({ contains_url: true }).admits(withUrl)).toBe(true);
  expect(eventFilter({ contains_url: true }).admits(without)).toBe(false);
  expect(eventFilter({ contains_url: false }).admits(withUrl)).toBe(false);
  expect(eventFilter({ contains_url: false }).admits(without)).toBe(true);
});

test('a filter whose list of types is empty admits nothing, and says so', () => {
  expect(eventFilter({ types: [] }).admitsNothing).toBe(true);
  expect(admitted({ types: [] }, 'm.room.message')).toEqual([]);
});

test('rooms are filtered above the parts and in each part', () => {
  const { room } = parseFilter({
    room: { not_rooms: ['!a:x'], timeline: { rooms: ['!b:x'] }, include_leave: true },
  });
  expect([room.admitsRoom('!a:x'), room.admitsRoom('!b:x'), room.includeLeave]).toEqual([
    false,
    true,
    true,
  ]);
  expect([room.timeline.admitsRoom('!b:x'), room.timeline.admitsRoom('!c:x')]).toEqual([
    true,
    false,
  ]);
});

test('the longest lists that are taken cost one event next to nothing', () => {
  const types = [...Array(1_950).fill('x'), ...Array(49).fill(`${'*a'.repeat(10)}`), 'm.*'];
  const type = 'a'.repeat(255);
  const { admits } = eventFilter({ types });
  expect([admits({ type }), admits({ type: 'm.room.message' }), admits({ type: 'org' })]).toEqual([
    true,
    true,
    false,
  ]);
});

test('a limit is capped', () => {
  expect(eventFilter({ limit: 1e9 }).limit).toBe(1_000);
});

test.each<[string, JsonObject]>([
  ['types that are no list', { room: { timeline: { types: 'm.room.message' } } }],
  ['a type that is no string', { room: { state: { types: [7] } } }],
  ['a limit that is no number', { room: { timeline: { limit: '10' } } }],
  ['a limit below zero', { room: { timeline: { limit: -1 } } }],
  ['a part that is no object', { room: { ephemeral: [] } }],
  ['a list of 2,001 rooms', { room: { rooms: Array(2_001).fill('!r:x') } }],
  ['a list of 51 wildcards', { room: { state: { types: Array(51).fill('a*') } } }],
  ['wildcards of 1,001 characters', { presence: { not_types: [`${'a'.repeat(1_000)}*`] } }],
  ['an unknown format', { event_format: 'xml' }],
  ['a sender who is no user', { presence: { senders: ['alice'] } }],
  ['a sender to leave out who is no user', { room: { state: { not_senders: ['!r:x'] } } }],
  ['a room that is none', { room: { not_rooms: ['@a:x'] } }],
  ['a room of a part that is none', { room: { timeline: { rooms: ['r'] } } }],
  ['fields that are no list', { event_fields: 'content' }],
  ['a switch that is no boolean', { room: { state: { lazy_load_members: 'yes' } } }],
])('%s is refused', (_what, filter) => {
  expect(() => parseFilter(filter)).toThrow(/must (be|have)/);
});

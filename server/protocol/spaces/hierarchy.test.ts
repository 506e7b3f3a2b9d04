import { expect, test } from 'vitest';
import type { Event } from '../event.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { allowedRoomIds, compareChildren, isSpaceChild, mayPreview } from './hierarchy.ts';

test("the specification's children are shown in the specification's order", () => {
  const children = [
    child('!d', 1640741000000, {}),
    child('!e', 1640641000000, {}),
    child('!c', 1640841000000, { order: 'first' }),
    child('!a', 1640141000000, { order: 'aaaa' }),
    child('!b', 1640341000000, { order: ' ' }),
  ];
  expect(children.sort(compareChildren).map((each) => each.stateKey)).toEqual([
    '!b',
    '!a',
    '!c',
    '!e',
    '!d',
  ]);
});

test('children come by valid order, then by origin_server_ts, then by room id', () => {
  const children = [
    child('!z', 9, { order: ' ' }),
    child('!y', 8, { order: 'x'.repeat(50) }),
    child('!b', 1, { order: '~' }),
    child('!c', 1, { order: '~' }),
    child('!a', 2, { order: '~' }),
    child('!m', 1, {}),
    child('!n', 1, {}),
    child('!l', 3, {}),
  ];
  for (const [i, one] of children.entries()) {
    for (const [j, other] of children.entries()) {
      expect(Math.sign(compareChildren(one, other))).toBe(Math.sign(i - j));
    }
  }
});

test.each([['x'.repeat(51)], ['é'], [7], ['\n'], ['\x1f'], ['\x7f'], ['']])(
  'an order of %j is treated as though it was not provided',
  (order) => {
    const [bad, good] = [child('!a', 1, { order }), child('!b', 9, { order: '~' })];
    const none = child('!c', 0, {});
    expect([bad, none, good].sort(compareChildren)).toEqual([good, none, bad]);
  },
);

test.each<[JsonValue]>([['x'], [null], [[7]], [['x', null]]])(
  'with the invalid via %j a room is not considered to be part of the space',
  (via) => {
    expect(isSpaceChild(child('!a', 1, { via }))).toBe(false);
  },
);

test('a child without via has been removed from its space', () => {
  expect(isSpaceChild(child('!a', 1, {}))).toBe(true);
  expect(isSpaceChild({ ...child('!a', 1, {}), content: {} })).toBe(false);
  expect(isSpaceChild({ ...child('!a', 1, {}), type: 'm.space.parent' })).toBe(false);
});

const closed = {
  joinRule: 'invite',
  allowedRoomIds: [],
  worldReadable: false,
  membership: undefined,
};
const nowhere = () => false;

test('a room is shown to its members and those invited, and to everybody where all may read or join it', () => {
  expect(mayPreview(closed, nowhere)).toBe(false);
  expect(mayPreview({ ...closed, membership: 'leave' }, nowhere)).toBe(false);
  for (const membership of ['join', 'invite']) {
    expect(mayPreview({ ...closed, membership }, nowhere)).toBe(true);
  }
  expect(mayPreview({ ...closed, worldReadable: true }, nowhere)).toBe(true);
  for (const joinRule of ['public', 'knock', 'knock_restricted']) {
    expect(mayPreview({ ...closed, joinRule }, nowhere)).toBe(true);
  }
});

test('a restricted room is shown to members of a room that it allows', () => {
  const room = { ...closed, joinRule: 'restricted', allowedRoomIds: ['!else', '!space'] };
  expect(mayPreview(room, (id) => id === '!space')).toBe(true);
  expect(mayPreview(room, nowhere)).toBe(false);
  expect(mayPreview({ ...room, joinRule: 'invite' }, () => true)).toBe(false);
});

test('only conditions on membership of a room allow anybody', () => {
  const allow = [
    { type: 'm.room_membership', room_id: '!a' },
    { type: 'org.example', room_id: '!b' },
    { type: 'm.room_membership' },
    'nonsense',
    null,
  ];
  expect(allowedRoomIds({ allow })).toEqual(['!a']);
  expect(allowedRoomIds({})).toEqual([]);
});

function child(stateKey: string, originServerTs: number, content: JsonObject): Event {
  return {
    type: 'm.space.child',
    stateKey,
    originServerTs,
    content: { via: ['x'], ...content },
  } as Partial<Event> as Event;
}

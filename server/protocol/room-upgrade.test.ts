import { expect, test } from 'vitest';
import type { Event } from './event.ts';
import type { JsonObject } from './json.ts';
import {
  carriedPowerLevels,
  closedPowerLevels,
  highestLevel,
  TRANSFERABLE_STATE,
  tombstoneContent,
  upgradedCreateContent,
} from './room-upgrade.ts';
import { rulesOf } from './room-versions.ts';

const create = (content: JsonObject) => ({ roomId: '!old', content }) as Event;
const plain = { lastEventId: '$last', newVersion: '12', additionalCreators: [] };

test('the new room names its predecessor and keeps its type', () => {
  const oldCreate = create({
    creator: '@a:x',
    room_version: '10',
    type: 'm.space',
    'm.federate': false,
  });
  expect(upgradedCreateContent({ ...plain, oldCreate })).toEqual({
    type: 'm.space',
    'm.federate': false,
    room_version: '12',
    predecessor: { room_id: '!old', event_id: '$last' },
  });
});

test('additional creators are those of the call, never those of the old room', () => {
  const oldCreate = create({ additional_creators: ['@old:x'] });
  const upgraded = upgradedCreateContent({ ...plain, oldCreate, additionalCreators: ['@new:x'] });
  expect(upgraded.additional_creators).toEqual(['@new:x']);
  expect(upgradedCreateContent({ ...plain, oldCreate })).not.toHaveProperty('additional_creators');
});

test('the predecessor may leave out its last event', () => {
  const content = upgradedCreateContent({
    ...plain,
    oldCreate: create({}),
    lastEventId: undefined,
  });
  expect(content.predecessor).toStrictEqual({ room_id: '!old' });
});

test('the state that is transferred is what the specification recommends', () => {
  expect([...TRANSFERABLE_STATE].sort()).toEqual([
    'm.room.avatar',
    'm.room.encryption',
    'm.room.guest_access',
    'm.room.history_visibility',
    'm.room.join_rules',
    'm.room.name',
    'm.room.power_levels',
    'm.room.server_acl',
    'm.room.topic',
  ]);
});

test('the tombstone names the new room', () => {
  expect(tombstoneContent('!new', 'This room has moved')).toEqual({
    body: 'This room has moved',
    replacement_room: '!new',
  });
});

test('creators of the new room are taken out of its power levels', () => {
  const levels = { users: { '@a:x': 100, '@b:x': 50 }, ban: 50 };
  const creators = { old: [], new: ['@a:x'] };
  expect(carriedPowerLevels(levels, { oldRules: rulesOf('11')!, creators })).toEqual({
    users: { '@b:x': 50 },
    ban: 50,
  });
});

test('creators of the old room keep what they could do where there are none above the levels', () => {
  const levels = { users: { '@b:x': 50 }, events: { 'm.room.tombstone': 150 } };
  const creators = { old: ['@a:x', '@c:x'], new: [] };
  const carried = carriedPowerLevels(levels, { oldRules: rulesOf('12')!, creators });
  expect(carried.users).toEqual({ '@a:x': 150, '@b:x': 50, '@c:x': 150 });
  expect(highestLevel(carried)).toBe(150);
});

test('levels that were strings become the integers that they stood for, and others are left out', () => {
  const levels = {
    ban: '60',
    kick: 'many',
    invite: null,
    users_default: ' +5 ',
    users: { '@b:x': '070', bogus: 100 },
    events: { a: '1', b: [] },
    notifications: { room: '20' },
    custom: 'kept',
  };
  const creators = { old: [], new: [] };
  expect(carriedPowerLevels(levels, { oldRules: rulesOf('9')!, creators })).toEqual({
    ban: 60,
    users_default: 5,
    users: { '@b:x': 70 },
    events: { a: 1 },
    notifications: { room: 20 },
    custom: 'kept',
  });
});

test.each<[JsonObject, number, number]>([
  [{}, 50, 50],
  [{ users_default: 60 }, 61, 61],
  [{ events_default: 75, invite: 100 }, 75, 100],
  [{ users_default: '70' }, 71, 71],
  [{ users_default: 'many', events_default: 'many', invite: 'many' }, 50, 50],
  [{ users_default: [70] }, 50, 50],
])(
  'the power levels %j are closed at %d for events and %d for invitations',
  (levels, events, invite) => {
    expect(closedPowerLevels(levels)).toEqual({ ...levels, events_default: events, invite });
  },
);

import { describe, expect, test } from 'vitest';
import {
  ALICE,
  BOB,
  CAROL,
  TestRoom,
  versionsWith,
  versionsWithout,
} from '../../test/support/test-room.ts';
import type { JsonObject } from './json.ts';
import { parseJson } from './parse-json.ts';
import { levelFor, parsePowerLevel, powerLevelOf, requiredPower } from './power-levels.ts';
import { type RoomVersion, roomVersions, rulesOf } from './room-versions.ts';

describe.each(roomVersions())('power levels in room version %s', (version) => {
  const rules = rulesOf(version)!;
  const roomOf = (content: JsonObject): TestRoom => new TestRoom(version).powerLevels(content);

  test('without m.room.power_levels the creator stands above all others, who have 0', () => {
    const room = new TestRoom(version);
    const creators = rules.creatorsHaveInfinitePower ? Number.POSITIVE_INFINITY : 100;
    expect(powerLevelOf(ALICE, room, rules)).toBe(creators);
    expect(powerLevelOf(BOB, room, rules)).toBe(0);
    expect(powerLevelOf(BOB, { get: () => undefined }, rules)).toBe(0);
  });

  test('a user has the level of their entry, or users_default, or 0', () => {
    expect(powerLevelOf(BOB, roomOf({ users: { [BOB]: 7 }, users_default: 5 }), rules)).toBe(7);
    expect(powerLevelOf(BOB, roomOf({ users: { [BOB]: 0 }, users_default: 5 }), rules)).toBe(0);
    expect(powerLevelOf(CAROL, roomOf({ users: { [BOB]: 7 }, users_default: 5 }), rules)).toBe(5);
    expect(powerLevelOf(CAROL, roomOf({}), rules)).toBe(0);
    expect(powerLevelOf('constructor', roomOf({ users: {} }), rules)).toBe(0);
  });

  test('an event needs the level of its type, or the default for state or for messages', () => {
    const room = roomOf({ events: { 'm.x': 3 }, state_default: 4, events_default: 5 });
    const required = (type: string, stateKey?: string): number =>
      requiredPower({ type, stateKey }, room, rules);
    expect([required('m.x'), required('m.x', '')]).toEqual([3, 3]);
    expect([required('m.y'), required('m.y', '')]).toEqual([5, 4]);
  });

  test('the defaults are 50 for state and for moderation, and 0 for messages and invites', () => {
    for (const room of [new TestRoom(version), roomOf({})]) {
      expect(requiredPower({ type: 'm.x', stateKey: '' }, room, rules)).toBe(50);
      expect(requiredPower({ type: 'm.x', stateKey: undefined }, room, rules)).toBe(0);
      const named = (['ban', 'kick', 'redact', 'invite'] as const).map((name) =>
        levelFor(name, room, rules),
      );
      expect(named).toEqual([50, 50, 50, 0]);
    }
    const room = roomOf({ ban: 1, kick: 2, redact: 3, invite: 4 });
    expect(levelFor('kick', room, rules)).toBe(2);
  });
});

test('version 12: creators have infinite power, whatever users says', () => {
  const rules = rulesOf('12')!;
  const room = new TestRoom('12', { additional_creators: [BOB] });
  room.powerLevels({ users: { [ALICE]: 1, [BOB]: 2 } });
  expect(powerLevelOf(ALICE, room, rules)).toBe(Number.POSITIVE_INFINITY);
  expect(powerLevelOf(BOB, room, rules)).toBe(Number.POSITIVE_INFINITY);
  expect(powerLevelOf(CAROL, room, rules)).toBe(0);
});

test.each(versionsWithout('implicitRoomCreator'))(
  'version %s: the creator is whom the content of the create event names',
  (version) => {
    const room = new TestRoom(version, { creator: BOB });
    expect(powerLevelOf(BOB, room, room.rules)).toBe(100);
    expect(powerLevelOf(ALICE, room, room.rules)).toBe(0);
  },
);

test.each(['11', '12'] as const)('version %s: the creator is the sender', (version) => {
  const room = new TestRoom(version, { creator: BOB });
  expect(powerLevelOf(ALICE, room, room.rules)).toBeGreaterThanOrEqual(100);
  expect(powerLevelOf(BOB, room, room.rules)).toBe(0);
});

test('version 11 has no additional creators', () => {
  const room = new TestRoom('11', { additional_creators: [BOB] });
  expect(powerLevelOf(BOB, room, room.rules)).toBe(0);
});

describe('a level', () => {
  const parse = (version: RoomVersion, value: never) => parsePowerLevel(value, rulesOf(version)!);

  test.each(roomVersions())('of version %s may be an integer, also a negative one', (version) => {
    expect(parse(version, 50 as never)).toBe(50);
    expect(parse(version, -1 as never)).toBe(-1);
    for (const wrong of [true, null, {}, [], undefined, Number.POSITIVE_INFINITY]) {
      expect(parse(version, wrong as never)).toBeUndefined();
    }
  });

  test.each(versionsWithout('strictCanonicalJson'))(
    'of version %s may be a number that a double only comes near to',
    (version) => {
      const numbers = parseJson('[9223372036854775807,50.0,5.0e1]') as never[];
      expect(numbers.map((number) => parse(version, number))).toEqual([2 ** 63, 50, 50]);
    },
  );

  test.each(versionsWithout('integerPowerLevels'))(
    'of version %s may be a string of one, with sign, leading zeroes and white space',
    (version) => {
      const strings = ['100', '000100', '+100', '-100', ' 100 ', '\t+100\n'];
      expect(strings.map((text) => parse(version, text as never))).toEqual([
        100, 100, 100, -100, 100, 100,
      ]);
      for (const wrong of ['', ' ', '1.0', '1e3', '0x10', '--1', '1 0', '+ 1', 'x', '٣']) {
        expect(parse(version, wrong as never)).toBeUndefined();
      }
      expect(parse(version, '9'.repeat(400) as never)).toBeUndefined();
    },
  );

  test.each(versionsWith('integerPowerLevels'))('of version %s is no string', (version) => {
    expect(parse(version, '100' as never)).toBeUndefined();
  });

  test.each(versionsWithout('strictCanonicalJson'))(
    'of version %s may be a float, cut off at the point',
    (version) => {
      expect(parse(version, 50.57 as never)).toBe(50);
      expect(parse(version, -50.57 as never)).toBe(-50);
      expect(parse(version, 5.114698e4 as never)).toBe(51146);
    },
  );

  test.each(versionsWith('strictCanonicalJson'))('of version %s is no float', (version) => {
    expect(parse(version, 50.57 as never)).toBeUndefined();
  });
});

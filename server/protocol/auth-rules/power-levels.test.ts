import { describe, expect, test } from 'vitest';
import {
  ALICE,
  BOB,
  CAROL,
  TestRoom,
  versionsWith,
  versionsWithout,
} from '../../../test/support/test-room.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { LEVEL_NAMES } from '../power-levels.ts';
import { type RoomVersion, roomVersions } from '../room-versions.ts';

/** CAROL, of level 50, changes `from` to `to`; her own level and her right to do so stay. */
const ruleForChange = (version: RoomVersion, from: JsonObject, to: JsonObject): string => {
  const kept = { users: { [CAROL]: 50 }, events: { 'm.room.power_levels': 50 } };
  return new TestRoom(version)
    .member(CAROL, 'join')
    .powerLevels({ ...kept, ...from })
    .ruleFor({
      type: 'm.room.power_levels',
      stateKey: '',
      sender: CAROL,
      content: { ...kept, ...to },
    });
};

const ruleForFirst = (version: RoomVersion, content: JsonObject): string =>
  new TestRoom(version).ruleFor({ type: 'm.room.power_levels', stateKey: '', content });

const SECTIONS = ['events', 'notifications', 'users'];

describe.each(roomVersions())('m.room.power_levels in room version %s', (version) => {
  test('if there is no previous m.room.power_levels event in the room, allow', () => {
    expect(ruleForFirst(version, { users: { [BOB]: 500 }, ban: 1000 })).toBe('allowed');
    expect(ruleForFirst(version, {})).toBe('allowed');
  });

  test('if users is not an object of user ids and levels, reject', () => {
    for (const users of [[], 'x', null, 1, { [BOB]: 'x' }, { [BOB]: null }, { [BOB]: true }]) {
      expect(ruleForFirst(version, { users })).toBe('power-levels.users');
    }
    expect(ruleForFirst(version, { users: { bob: 1 } })).toBe('power-levels.user-id');
    expect(ruleForFirst(version, { users: { '@bob': 1 } })).toBe('power-levels.user-id');
  });

  test('if a level is neither an integer nor one in a string, reject', () => {
    for (const name of LEVEL_NAMES) {
      expect(ruleForFirst(version, { [name]: 'ten' })).toBe('power-levels.integer');
      expect(ruleForFirst(version, { [name]: null })).toBe('power-levels.integer');
    }
    expect(ruleForFirst(version, { events: { 'm.room.name': {} } })).toBe('power-levels.events');
    expect(ruleForFirst(version, { events: [] })).toBe('power-levels.events');
  });

  test.each(LEVEL_NAMES)("%s: if the current value is higher than the sender's, reject", (name) => {
    expect(ruleForChange(version, { [name]: 51 }, { [name]: 50 })).toBe('power-levels.current');
    expect(ruleForChange(version, { [name]: 51 }, {})).toBe('power-levels.current');
    expect(ruleForChange(version, { [name]: 50 }, { [name]: 49 })).toBe('allowed');
    expect(ruleForChange(version, { [name]: 50 }, {})).toBe('allowed');
  });

  test.each(LEVEL_NAMES)("%s: if the new value is higher than the sender's, reject", (name) => {
    expect(ruleForChange(version, { [name]: 50 }, { [name]: 51 })).toBe('power-levels.new');
    expect(ruleForChange(version, {}, { [name]: 51 })).toBe('power-levels.new');
    expect(ruleForChange(version, {}, { [name]: 50 })).toBe('allowed');
  });

  test('a refusal says which level it is about', () => {
    const reasonOf = (content: JsonObject): string => {
      const room = new TestRoom(version).member(CAROL, 'join').powerLevels({ state_default: 0 });
      const draft = { type: 'm.room.power_levels', stateKey: '', sender: CAROL, content };
      const verdict = room.judge(draft);
      return verdict.allowed ? 'allowed' : verdict.reason;
    };
    expect(reasonOf({ ban: 51 })).toBe("ban would be 51, above the sender's 0");
    expect(reasonOf({ events: { 'm.x': 1 } })).toBe("events m.x would be 1, above the sender's 0");
  });

  test('what is not changed may be higher than the sender has', () => {
    const high = { kick: 100, events: { 'm.x': 100 }, notifications: { room: 100 } };
    expect(ruleForChange(version, high, { ...high, ban: 40 })).toBe('allowed');
  });

  test("events: if a value being changed or removed is greater than the sender's, reject", () => {
    const from = { events: { 'm.x': 51 } };
    expect(ruleForChange(version, from, { events: { 'm.x': 1 } })).toBe('power-levels.current');
    expect(ruleForChange(version, from, { events: {} })).toBe('power-levels.current');
    expect(ruleForChange(version, from, {})).toBe('power-levels.current');
  });

  test("events: if a value being added or changed is greater than the sender's, reject", () => {
    const to = { events: { 'm.x': 51 } };
    expect(ruleForChange(version, {}, to)).toBe('power-levels.new');
    expect(ruleForChange(version, { events: { 'm.x': 1 } }, to)).toBe('power-levels.new');
    expect(ruleForChange(version, {}, { events: { 'm.x': 50 } })).toBe('allowed');
  });

  test("users: if another's current value is at least the sender's, reject", () => {
    const change = (before: number, after: JsonObject): string =>
      ruleForChange(
        version,
        { users: { [CAROL]: 50, [BOB]: before } },
        { users: { [CAROL]: 50, ...after } },
      );
    expect(change(51, { [BOB]: 1 })).toBe('power-levels.current');
    expect(change(50, { [BOB]: 1 })).toBe('power-levels.equal');
    expect(change(50, {})).toBe('power-levels.equal');
    expect(change(49, { [BOB]: 1 })).toBe('allowed');
    expect(change(49, {})).toBe('allowed');
  });

  test("users: if a value being added or changed is greater than the sender's, reject", () => {
    const change = (users: JsonObject): string =>
      ruleForChange(version, {}, { users: { [CAROL]: 50, ...users } });
    expect(change({ [BOB]: 51 })).toBe('power-levels.new');
    expect(change({ [CAROL]: 51 })).toBe('power-levels.new');
    expect(change({ [BOB]: 50 })).toBe('allowed');
  });

  test('users: the sender may lower or remove their own entry', () => {
    expect(ruleForChange(version, {}, { users: { [CAROL]: 1 } })).toBe('allowed');
    expect(ruleForChange(version, {}, { users: {} })).toBe('allowed');
  });

  test('keys named like what every object has are keys like any other', () => {
    const own = JSON.parse('{"__proto__":51,"constructor":51}') as JsonObject;
    expect(ruleForChange(version, { events: own }, {})).toBe('power-levels.current');
    expect(ruleForChange(version, {}, { events: own })).toBe('power-levels.new');
  });
});

describe.each(versionsWith('integerPowerLevels'))('the levels of version %s', (version) => {
  test('if any of the properties is present and not an integer, reject', () => {
    for (const name of LEVEL_NAMES) {
      for (const wrong of ['50', 1.5]) {
        expect(ruleForFirst(version, { [name]: wrong })).toBe('power-levels.integer');
      }
    }
  });

  test('if a section is not an object with values that are integers, reject', () => {
    for (const section of SECTIONS) {
      for (const wrong of [{ [BOB]: '50' }, { [BOB]: 1.5 }, [], null] as JsonValue[]) {
        expect(ruleForFirst(version, { [section]: wrong })).toBe(`power-levels.${section}`);
      }
    }
  });
});

describe.each(versionsWithout('integerPowerLevels'))('the levels of version %s', (version) => {
  test('may be strings, which are compared as what they mean', () => {
    expect(ruleForFirst(version, { ban: '50', users: { [BOB]: ' +00100 ' } })).toBe('allowed');
    expect(ruleForChange(version, { ban: '60' }, { ban: 60 })).toBe('allowed');
    expect(ruleForChange(version, { ban: '6' }, { ban: '60' })).toBe('power-levels.new');
  });
});

test.each(versionsWith('notificationsPowerLevels'))(
  'version %s: notifications are guarded as events are',
  (version) => {
    const high = { notifications: { room: 51 } };
    expect(ruleForChange(version, high, {})).toBe('power-levels.current');
    expect(ruleForChange(version, {}, high)).toBe('power-levels.new');
    expect(ruleForChange(version, {}, { notifications: { room: 50 } })).toBe('allowed');
    expect(ruleForFirst(version, { notifications: { room: 'x' } })).toBe(
      'power-levels.notifications',
    );
  },
);

test.each(versionsWithout('notificationsPowerLevels'))(
  'version %s does not look at notifications',
  (version) => {
    expect(ruleForChange(version, {}, { notifications: { room: 51 } })).toBe('allowed');
    expect(ruleForChange(version, { notifications: { room: 51 } }, {})).toBe('allowed');
    expect(ruleForFirst(version, { notifications: 'anything' })).toBe('allowed');
  },
);

test('version 12: if users contains a creator, reject', () => {
  const room = new TestRoom('12', { additional_creators: [BOB] });
  const ruleFor = (users: JsonObject): string =>
    room.ruleFor({ type: 'm.room.power_levels', stateKey: '', content: { users } });
  expect(ruleFor({ [ALICE]: 100 })).toBe('power-levels.creator');
  expect(ruleFor({ [BOB]: 100 })).toBe('power-levels.creator');
  expect(ruleFor({ [CAROL]: 100 })).toBe('allowed');
});

test('version 12: a creator may set any level, also above those of everybody', () => {
  const room = new TestRoom('12').powerLevels({ users: { [CAROL]: 1000 }, ban: 1000 });
  const content = { users: { [BOB]: 2000 }, ban: 3000 };
  expect(room.ruleFor({ type: 'm.room.power_levels', stateKey: '', content })).toBe('allowed');
});

test.each(versionsWithout('creatorsHaveInfinitePower'))(
  'version %s: users may name the creator',
  (version) => {
    expect(ruleForFirst(version, { users: { [ALICE]: 100 } })).toBe('allowed');
  },
);

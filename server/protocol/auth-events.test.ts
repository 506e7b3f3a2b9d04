import { describe, expect, test } from 'vitest';
import { versionsWith, versionsWithout } from '../../test/support/test-room.ts';
import { type AuthEventsDraft, authEventKeys } from './auth-events.ts';
import type { UserId } from './identifiers.ts';
import type { JsonObject } from './json.ts';
import { type RoomVersion, roomVersions, rulesOf } from './room-versions.ts';

describe.each(roomVersions())('the auth events selected in room version %s', (version) => {
  const base = [
    ...(version === '12' ? [] : ['m.room.create ']),
    'm.room.power_levels ',
    'm.room.member @a:a',
  ];

  test('are none for m.room.create', () => {
    expect(keys(version, { type: 'm.room.create', stateKey: '' })).toEqual([]);
  });

  test('are the power levels and the sender, and the create event before version 12', () => {
    expect(keys(version, {})).toEqual(base);
    expect(keys(version, { type: 'm.room.topic', stateKey: '' })).toEqual(base);
  });

  test('of a membership have the target, and the join rules for join, invite and knock', () => {
    const leave = member(version, '@b:b', { membership: 'leave' });
    expect(leave).toEqual([...base, 'm.room.member @b:b']);
    expect(member(version, '@b:b', { membership: 'ban' })).toEqual(leave);
    for (const membership of ['join', 'invite', 'knock']) {
      expect(member(version, '@b:b', { membership })).toEqual([
        ...base,
        'm.room.join_rules ',
        'm.room.member @b:b',
      ]);
    }
  });

  test('name no key twice', () => {
    expect(member(version, '@a:a', { membership: 'leave' })).toEqual(base);
    const content = { membership: 'join', join_authorised_via_users_server: '@a:a' };
    expect(member(version, '@a:a', content)).toEqual([...base, 'm.room.join_rules ']);
  });

  test('of an invite have the third-party invite of its token', () => {
    const third_party_invite = { signed: { token: 'xyz' } };
    const key = 'm.room.third_party_invite xyz';
    expect(member(version, '@b:b', { membership: 'invite', third_party_invite })).toContain(key);
    expect(member(version, '@b:b', { membership: 'join', third_party_invite })).not.toContain(key);
  });

  test('survive contents that are anything', () => {
    for (const wrong of [1, null, [], 'x', {}, { signed: 1 }, { signed: { token: 7 } }]) {
      const content = { membership: 'invite', third_party_invite: wrong };
      expect(member(version, '@b:b', content)).toHaveLength(base.length + 2);
    }
    expect(keys(version, { type: 'm.room.member' })).toEqual(base);
  });
});

const AUTHORISED = { membership: 'join', join_authorised_via_users_server: '@c:c' };

test.each(versionsWith('restrictedJoins'))(
  'version %s: a join names the member who authorised it',
  (version) => {
    expect(member(version, '@a:a', AUTHORISED)).toContain('m.room.member @c:c');
    const leave = member(version, '@a:a', { ...AUTHORISED, membership: 'leave' });
    expect(leave).not.toContain('m.room.member @c:c');
    const nobody = { ...AUTHORISED, join_authorised_via_users_server: 3 };
    expect(member(version, '@a:a', nobody)).not.toContain('m.room.member 3');
  },
);

test.each(versionsWithout('restrictedJoins'))(
  'version %s does not know of authorised joins',
  (version) => {
    expect(member(version, '@a:a', AUTHORISED)).not.toContain('m.room.member @c:c');
  },
);

const keys = (version: RoomVersion, draft: Partial<AuthEventsDraft>): string[] => {
  const sender = '@a:a' as UserId;
  const whole = { type: 'm.room.message', sender, stateKey: undefined, content: {}, ...draft };
  return authEventKeys(whole, rulesOf(version)!).map(([type, key]) => `${type} ${key}`);
};

const member = (version: RoomVersion, stateKey: string, content: JsonObject): string[] =>
  keys(version, { type: 'm.room.member', stateKey, content });

import { describe, expect, test } from 'vitest';
import {
  ALICE,
  BOB,
  CAROL,
  TestRoom,
  versionsWith,
  versionsWithout,
} from '../../../test/support/test-room.ts';
import type { JsonObject } from '../json.ts';
import { type RoomVersion, roomVersions } from '../room-versions.ts';

describe.each(roomVersions())('a join in room version %s', (version) => {
  const firstJoin = (user: string, prevEvents: (create: string) => string[]): string => {
    const room = new TestRoom(version).member(ALICE, 'leave');
    return room.ruleFor({
      type: 'm.room.member',
      sender: user,
      stateKey: user,
      content: { membership: 'join' },
      prevEvents: prevEvents(room.create.eventId),
    });
  };

  test('if the only previous event is the create event and the state_key is the creator, allow', () => {
    expect(firstJoin(ALICE, (create) => [create])).toBe('allowed');
    expect(firstJoin(BOB, (create) => [create])).toBe('join.invite');
    expect(firstJoin(ALICE, (create) => [create, '$other'])).toBe('join.invite');
    expect(firstJoin(ALICE, () => ['$other'])).toBe('join.invite');
    expect(firstJoin(ALICE, () => [])).toBe('join.invite');
  });

  test('if the sender does not match the state_key, reject', () => {
    const room = new TestRoom(version).joinRule('public').member(BOB, 'join');
    expect(room.ruleForMembership(BOB, CAROL, 'join')).toBe('join.other');
    expect(room.ruleForMembership(ALICE, BOB, 'join')).toBe('join.other');
  });

  test('if the sender is banned, reject', () => {
    const room = new TestRoom(version).joinRule('public').member(BOB, 'ban');
    expect(room.ruleForMembership(BOB, BOB, 'join')).toBe('join.banned');
  });

  test('if the join_rule is invite, allow who is invited or joined', () => {
    const room = new TestRoom(version).joinRule('invite');
    expect(ruleByMembership(room)).toEqual(ONLY_EXPECTED);
  });

  test('a room without join rules is as one by invitation', () => {
    const room = new TestRoom(version);
    expect(ruleByMembership(room)).toEqual(ONLY_EXPECTED);
    room.put({ type: 'm.room.join_rules', stateKey: '', content: {} });
    expect(ruleByMembership(room)).toEqual(ONLY_EXPECTED);
  });

  test('if the join_rule is public, allow', () => {
    const room = new TestRoom(version).joinRule('public');
    expect(ruleByMembership(room)).toEqual({
      ...ONLY_EXPECTED,
      leave: 'allowed',
      knock: 'allowed',
    });
  });

  test('otherwise, reject', () => {
    const room = new TestRoom(version).joinRule('private').member(BOB, 'invite');
    expect(room.ruleForMembership(BOB, BOB, 'join')).toBe('join.rule');
    room.put({ type: 'm.room.join_rules', stateKey: '', content: { join_rule: ['public'] } });
    expect(room.ruleForMembership(BOB, BOB, 'join')).toBe('join.rule');
  });
});

const RULE_SINCE = [
  ['knock', 'knocking'],
  ['restricted', 'restrictedJoins'],
  ['knock_restricted', 'knockRestricted'],
] as const;

describe.each(RULE_SINCE)('the join_rule %s', (joinRule, flag) => {
  test.each(versionsWith(flag))('of version %s allows who is invited or joined', (version) => {
    const room = new TestRoom(version).joinRule(joinRule);
    const rule = joinRule === 'knock' ? 'join.invite' : 'join.restricted';
    expect(ruleByMembership(room)).toEqual({ ...ONLY_EXPECTED, leave: rule, knock: rule });
  });

  test.each(versionsWithout(flag))('is unknown to version %s', (version) => {
    const room = new TestRoom(version).joinRule(joinRule).member(BOB, 'invite');
    expect(room.ruleForMembership(BOB, BOB, 'join')).toBe('join.rule');
  });
});

describe.each(versionsWith('restrictedJoins'))('a restricted join in version %s', (version) => {
  test('is allowed if authorised by a joined user who may invite', () => {
    const room = restricted(version).powerLevels({ invite: 10, users: { [CAROL]: 10 } });
    expect(joinBy(room)).toBe('allowed');
    if (room.rules.knockRestricted) {
      expect(joinBy(room.joinRule('knock_restricted'))).toBe('allowed');
    }
  });

  test('if the authorising user has not sufficient permission to invite, reject', () => {
    const room = restricted(version).powerLevels({ invite: 10, users: { [CAROL]: 9 } });
    expect(joinBy(room)).toBe('join.authorising-power');
  });

  test('if the authorising user is not a joined member of the room, reject', () => {
    const room = restricted(version);
    expect(joinBy(room.member(CAROL, 'invite'))).toBe('join.authorising-member');
    expect(joinBy(room.member(CAROL, 'leave'))).toBe('join.authorising-member');
  });

  test('of who is invited needs no authorising user', () => {
    const room = restricted(version).member(BOB, 'invite').member(CAROL, 'leave');
    expect(joinBy(room)).toBe('allowed');
  });

  test("if the event is not signed by the authorising user's homeserver, reject", () => {
    const room = restricted(version);
    expect(joinBy(room, { signatures: { b: {} } })).toBe('member.authorising-signature');
    expect(joinBy(room, {})).toBe('member.authorising-signature');
    expect(joinBy(room, { signatures: { b: {} } }, 'leave')).toBe('member.authorising-signature');
    expect(room.ruleForMembership(BOB, BOB, 'join', { join_authorised_via_users_server: 1 })).toBe(
      'member.authorising-signature',
    );
  });
});

test.each(versionsWithout('restrictedJoins'))(
  'version %s does not look for the signature of an authorising server',
  (version) => {
    expect(joinBy(restricted(version).joinRule('public'), {})).toBe('allowed');
  },
);

const ONLY_EXPECTED = {
  invite: 'allowed',
  join: 'allowed',
  leave: 'join.invite',
  knock: 'join.invite',
};

const ruleByMembership = (room: TestRoom): Record<string, string> =>
  Object.fromEntries(
    Object.keys(ONLY_EXPECTED).map((membership) => [
      membership,
      room.member(BOB, membership).ruleForMembership(BOB, BOB, 'join'),
    ]),
  );

const restricted = (version: RoomVersion): TestRoom =>
  new TestRoom(version).joinRule('restricted').member(CAROL, 'join');

const joinBy = (
  room: TestRoom,
  pdu: JsonObject = { signatures: { b: {}, c: {} } },
  membership = 'join',
): string =>
  room.ruleFor({
    type: 'm.room.member',
    sender: BOB,
    stateKey: BOB,
    content: { membership, join_authorised_via_users_server: CAROL },
    pdu,
  });

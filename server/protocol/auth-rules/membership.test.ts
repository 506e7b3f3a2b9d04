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

/** CAROL is the one who acts; she is no creator, so her power is what the levels say. */
const roomOf = (version: RoomVersion, levels: JsonObject = {}): TestRoom =>
  new TestRoom(version).powerLevels(levels).member(CAROL, 'join');

const EVERY_OTHER = ['invite', 'leave', 'ban', 'knock'];

describe.each(roomVersions())('m.room.member in room version %s', (version) => {
  test('if there is no state_key property, reject', () => {
    const draft = { type: 'm.room.member', content: { membership: 'join' } };
    expect(roomOf(version).ruleFor(draft)).toBe('member.state-key');
  });

  test('if there is no membership property in content, reject', () => {
    expect(roomOf(version).ruleFor({ type: 'm.room.member', stateKey: BOB })).toBe(
      'member.membership',
    );
  });

  test('if the membership is unknown, reject', () => {
    const room = roomOf(version);
    expect(room.ruleForMembership(CAROL, CAROL, 'dance')).toBe('member.unknown');
    const content = { membership: ['join'] };
    expect(room.ruleFor({ type: 'm.room.member', stateKey: BOB, content })).toBe('member.unknown');
  });
});

describe.each(roomVersions())('an invite in room version %s', (version) => {
  test("if the sender's current membership state is not join, reject", () => {
    const room = roomOf(version);
    for (const membership of EVERY_OTHER) {
      room.member(CAROL, membership);
      expect(room.ruleForMembership(CAROL, BOB, 'invite')).toBe('invite.sender');
    }
  });

  test("if the target user's current membership state is join or ban, reject", () => {
    const room = roomOf(version);
    expect(room.member(BOB, 'join').ruleForMembership(CAROL, BOB, 'invite')).toBe('invite.joined');
    expect(room.member(BOB, 'ban').ruleForMembership(CAROL, BOB, 'invite')).toBe('invite.banned');
    for (const membership of ['leave', 'invite', 'knock']) {
      expect(room.member(BOB, membership).ruleForMembership(CAROL, BOB, 'invite')).toBe('allowed');
    }
  });

  test("if the sender's power level is at least the invite level, allow", () => {
    const levels = (level: number) => ({ invite: 10, users: { [CAROL]: level } });
    expect(roomOf(version, levels(10)).ruleForMembership(CAROL, BOB, 'invite')).toBe('allowed');
    expect(roomOf(version, levels(9)).ruleForMembership(CAROL, BOB, 'invite')).toBe('invite.power');
  });
});

describe.each(roomVersions())('a leave in room version %s', (version) => {
  test('if the sender matches the state_key, allow who is joined or invited', () => {
    const ruleAfter = (membership: string): string =>
      roomOf(version).member(BOB, membership).ruleForMembership(BOB, BOB, 'leave');
    expect(['join', 'invite', 'leave', 'ban'].map(ruleAfter)).toEqual([
      'allowed',
      'allowed',
      'leave.own',
      'leave.own',
    ]);
    expect(roomOf(version).ruleForMembership(BOB, BOB, 'leave')).toBe('leave.own');
  });

  test("if the sender's current membership state is not join, reject", () => {
    const room = roomOf(version, { users: { [CAROL]: 100 } }).member(BOB, 'join');
    for (const membership of EVERY_OTHER) {
      room.member(CAROL, membership);
      expect(room.ruleForMembership(CAROL, BOB, 'leave')).toBe('leave.sender');
    }
  });

  test('if the target user is banned, the sender needs the ban level', () => {
    const levels = (level: number) => ({ ban: 60, kick: 40, users: { [CAROL]: level } });
    const unban = (level: number): string =>
      roomOf(version, levels(level)).member(BOB, 'ban').ruleForMembership(CAROL, BOB, 'leave');
    expect(unban(59)).toBe('leave.unban');
    expect(unban(60)).toBe('allowed');
  });

  test('if the sender has the kick level and the target user less than the sender, allow', () => {
    const kick = (levels: JsonObject): string =>
      roomOf(version, levels).member(BOB, 'join').ruleForMembership(CAROL, BOB, 'leave');
    expect(kick({ kick: 40, users: { [CAROL]: 40 } })).toBe('allowed');
    expect(kick({ kick: 40, users: { [CAROL]: 40, [BOB]: 39 } })).toBe('allowed');
    expect(kick({ kick: 40, users: { [CAROL]: 40, [BOB]: 40 } })).toBe('leave.kick');
    expect(kick({ kick: 41, users: { [CAROL]: 40 } })).toBe('leave.kick');
  });
});

describe.each(roomVersions())('a ban in room version %s', (version) => {
  test("if the sender's current membership state is not join, reject", () => {
    const room = roomOf(version, { users: { [CAROL]: 100 } });
    for (const membership of EVERY_OTHER) {
      expect(room.member(CAROL, membership).ruleForMembership(CAROL, BOB, 'ban')).toBe(
        'ban.sender',
      );
    }
  });

  test('if the sender has the ban level and the target user less than the sender, allow', () => {
    const ban = (levels: JsonObject): string =>
      roomOf(version, levels).member(BOB, 'join').ruleForMembership(CAROL, BOB, 'ban');
    expect(ban({ ban: 40, users: { [CAROL]: 40 } })).toBe('allowed');
    expect(ban({ ban: 40, users: { [CAROL]: 40, [BOB]: 40 } })).toBe('ban.power');
    expect(ban({ ban: 41, kick: 0, users: { [CAROL]: 40 } })).toBe('ban.power');
  });

  test('may hit who never was in the room', () => {
    const room = roomOf(version, { users: { [CAROL]: 50 } });
    expect(room.ruleForMembership(CAROL, BOB, 'ban')).toBe('allowed');
  });
});

describe.each(versionsWith('knocking'))('a knock in room version %s', (version) => {
  const knockable = (): TestRoom => roomOf(version).joinRule('knock');

  test('if the join_rule is anything other than knock, reject', () => {
    for (const joinRule of ['invite', 'public', 'restricted']) {
      const room = roomOf(version).joinRule(joinRule);
      expect(room.ruleForMembership(BOB, BOB, 'knock')).toBe('knock.rule');
    }
    expect(roomOf(version).ruleForMembership(BOB, BOB, 'knock')).toBe('knock.rule');
    expect(knockable().ruleForMembership(BOB, BOB, 'knock')).toBe('allowed');
  });

  test('is taken by knock_restricted where the version has that', () => {
    const room = roomOf(version).joinRule('knock_restricted');
    expect(room.ruleForMembership(BOB, BOB, 'knock')).toBe(
      room.rules.knockRestricted ? 'allowed' : 'knock.rule',
    );
  });

  test('if the sender does not match the state_key, reject', () => {
    expect(knockable().ruleForMembership(CAROL, BOB, 'knock')).toBe('knock.other');
  });

  test("if the sender's current membership is not ban, invite, or join, allow", () => {
    const ruleAfter = (membership: string): string =>
      knockable().member(BOB, membership).ruleForMembership(BOB, BOB, 'knock');
    expect(['leave', 'knock'].map(ruleAfter)).toEqual(['allowed', 'allowed']);
    for (const membership of ['ban', 'invite', 'join']) {
      expect(ruleAfter(membership)).toBe('knock.membership');
    }
  });

  test('can be taken back', () => {
    const room = knockable().member(BOB, 'knock');
    expect(room.ruleForMembership(BOB, BOB, 'leave')).toBe('allowed');
  });
});

test.each(versionsWithout('knocking'))('version %s does not know knocks', (version) => {
  const room = roomOf(version).joinRule('knock');
  expect(room.ruleForMembership(BOB, BOB, 'knock')).toBe('member.unknown');
  expect(room.member(BOB, 'knock').ruleForMembership(BOB, BOB, 'leave')).toBe('leave.own');
});

test('version 12: a creator can neither be kicked nor banned, not even by another', () => {
  const room = new TestRoom('12', { additional_creators: [BOB] }).member(BOB, 'join');
  room.powerLevels({ users: { [CAROL]: 1000 } }).member(CAROL, 'join');
  for (const sender of [BOB, CAROL]) {
    expect(room.ruleForMembership(sender, ALICE, 'leave')).toBe('leave.kick');
    expect(room.ruleForMembership(sender, ALICE, 'ban')).toBe('ban.power');
  }
  expect(room.ruleForMembership(BOB, CAROL, 'ban')).toBe('allowed');
});

import { describe, expect, test } from 'vitest';
import {
  ALICE,
  BOB,
  CAROL,
  TestRoom,
  versionsWith,
  versionsWithout,
} from '../../../test/support/test-room.ts';
import { type RoomVersion, roomVersions } from '../room-versions.ts';
import { authorize } from './authorize.ts';

const roomWithBob = (version: RoomVersion): TestRoom => new TestRoom(version).member(BOB, 'join');

describe.each(roomVersions())('any event of room version %s', (version) => {
  test('needs a create event in the state', () => {
    const room = new TestRoom(version);
    const message = room.make({ type: 'm.room.message' });
    const verdict = authorize(message, { get: () => undefined }, room.rules);
    expect(verdict).toMatchObject({ rule: 'room.create' });
  });

  test("if the sender's current membership state is not join, reject", () => {
    const room = new TestRoom(version);
    const message = { type: 'm.room.message', sender: BOB };
    expect(room.ruleFor(message)).toBe('sender.membership');
    for (const membership of ['invite', 'leave', 'ban', 'knock']) {
      expect(room.member(BOB, membership).ruleFor(message)).toBe('sender.membership');
    }
    expect(room.member(BOB, 'join').ruleFor(message)).toBe('allowed');
  });

  test("if the event type's required power level is greater than the sender's, reject", () => {
    const room = roomWithBob(version).powerLevels({
      events: { 'm.room.message': 11 },
      users: { [BOB]: 10 },
    });
    expect(room.ruleFor({ type: 'm.room.message', sender: BOB })).toBe('sender.power');
    expect(room.ruleFor({ type: 'm.sticker', sender: BOB })).toBe('allowed');
    expect(room.ruleFor({ type: 'm.room.topic', sender: BOB, stateKey: '' })).toBe('sender.power');
    room.powerLevels({ events: { 'm.room.message': 10 }, users: { [BOB]: 10 } });
    expect(room.ruleFor({ type: 'm.room.message', sender: BOB })).toBe('allowed');
  });

  test('if the state_key starts with an @ and does not match the sender, reject', () => {
    const room = roomWithBob(version).powerLevels({ state_default: 0 });
    const state = { type: 'com.example.status', sender: BOB };
    expect(room.ruleFor({ ...state, stateKey: CAROL })).toBe('state-key.user');
    expect(room.ruleFor({ ...state, stateKey: '@' })).toBe('state-key.user');
    expect(room.ruleFor({ ...state, stateKey: BOB })).toBe('allowed');
    expect(room.ruleFor({ ...state, stateKey: 'carol' })).toBe('allowed');
  });

  test('if m.federate is false and the sender is of another server, reject', () => {
    const closed = new TestRoom(version, { 'm.federate': false })
      .joinRule('public')
      .member('@bob:a', 'join')
      .member(BOB, 'join');
    expect(closed.ruleFor({ type: 'm.room.message', sender: BOB })).toBe('federate');
    expect(closed.ruleForMembership(BOB, BOB, 'join')).toBe('federate');
    expect(closed.ruleFor({ type: 'm.room.message', sender: '@bob:a' })).toBe('allowed');
    const open = new TestRoom(version, { 'm.federate': true }).member(BOB, 'join');
    expect(open.ruleFor({ type: 'm.room.message', sender: BOB })).toBe('allowed');
  });

  test('m.room.third_party_invite: allow if and only if the sender has the invite level', () => {
    const room = roomWithBob(version).powerLevels({ invite: 10, users: { [BOB]: 9 } });
    const invite = { type: 'm.room.third_party_invite', stateKey: 'token', sender: BOB };
    expect(room.ruleFor(invite)).toBe('third-party-invite.power');
    room.powerLevels({ invite: 10, users: { [BOB]: 10 }, state_default: 50 });
    expect(room.ruleFor(invite)).toBe('allowed');
    expect(room.member(BOB, 'leave').ruleFor(invite)).toBe('sender.membership');
  });
});

test('version 12: if the room_id is not the id of an accepted m.room.create, reject', () => {
  const room = new TestRoom('12');
  const message = { type: 'm.room.message', sender: ALICE };
  expect(room.ruleFor(message)).toBe('allowed');
  expect(room.ruleFor({ ...message, roomId: '!another' })).toBe('room.id');
  const { type, content, eventId } = room.create;
  room.put({ type, stateKey: '', content, eventId, rejected: true });
  expect(room.ruleFor(message)).toBe('room.id');
});

test.each(versionsWithout('createIsRoomId'))(
  'version %s does not compare the room_id with the create event',
  (version) => {
    expect(new TestRoom(version).ruleFor({ type: 'm.x', roomId: '!another:b' })).toBe('allowed');
  },
);

describe.each(versionsWith('aliasesRule'))('m.room.aliases in room version %s', (version) => {
  const room = new TestRoom(version);
  const aliases = { type: 'm.room.aliases', sender: BOB };

  test('if the event has no state_key, reject', () => {
    expect(room.ruleFor(aliases)).toBe('aliases.state-key');
  });

  test("if the sender's domain doesn't match the state_key, reject", () => {
    expect(room.ruleFor({ ...aliases, stateKey: 'a' })).toBe('aliases.domain');
    expect(room.ruleFor({ ...aliases, stateKey: '' })).toBe('aliases.domain');
  });

  test('otherwise allow, though the sender is not even in the room', () => {
    expect(room.ruleFor({ ...aliases, stateKey: 'b' })).toBe('allowed');
  });
});

test.each(versionsWithout('aliasesRule'))(
  'version %s judges m.room.aliases as any state event',
  (version) => {
    const room = new TestRoom(version);
    const aliases = { type: 'm.room.aliases', sender: BOB, stateKey: 'b' };
    expect(room.ruleFor(aliases)).toBe('sender.membership');
    expect(room.member(BOB, 'join').ruleFor(aliases)).toBe('sender.power');
    expect(room.powerLevels({ state_default: 0 }).ruleFor(aliases)).toBe('allowed');
  },
);

describe.each(versionsWith('redactionAuthRule'))('m.room.redaction in version %s', (version) => {
  const room = roomWithBob(version);
  const redaction = { type: 'm.room.redaction', sender: BOB, eventId: '$x:b' };

  test("if the sender's power level is at least the redact level, allow", () => {
    room.powerLevels({ redact: 10, users: { [BOB]: 10 } });
    expect(room.ruleFor({ ...redaction, redacts: '$y:a' })).toBe('allowed');
    room.powerLevels({ redact: 11, users: { [BOB]: 10 } });
    expect(room.ruleFor({ ...redaction, redacts: '$y:a' })).toBe('redaction');
  });

  test('if both event ids are of the same domain, allow', () => {
    expect(room.ruleFor({ ...redaction, redacts: '$y:b' })).toBe('allowed');
    expect(room.ruleFor({ ...redaction, redacts: '$y:b:8448' })).toBe('redaction');
  });

  test('otherwise, reject', () => {
    expect(room.ruleFor(redaction)).toBe('redaction');
    expect(room.ruleFor({ ...redaction, eventId: '$x', redacts: '$y' })).toBe('redaction');
  });
});

test.each(versionsWithout('redactionAuthRule'))(
  'version %s does not consider the redact level',
  (version) => {
    const room = roomWithBob(version).powerLevels({ redact: 100 });
    const redaction = { type: 'm.room.redaction', sender: BOB, redacts: '$of-alice' };
    expect(room.ruleFor(redaction)).toBe('allowed');
  },
);

import { describe, expect, test } from 'vitest';
import {
  BOB,
  CAROL,
  type Draft,
  TestRoom,
  versionsWith,
  versionsWithout,
} from '../../../test/support/test-room.ts';
import type { Event } from '../event.ts';
import type { RoomId } from '../identifiers.ts';
import { roomVersions } from '../room-versions.ts';
import { checkAuthEvents } from './auth-events.ts';

describe.each(roomVersions())('the auth_events of an event of room version %s', (version) => {
  const room = new TestRoom(version).powerLevels({}).joinRule('public').member(BOB, 'join');
  const named = (type: string, key = ''): Event => room.get(type, key)!;
  const create = room.rules.createIsRoomId ? [] : [room.create];
  const member = named('m.room.member', BOB);
  const message: Draft = { type: 'm.room.message', sender: BOB };

  const ruleFor = (authEvents: readonly Event[], draft = message): string => {
    const verdict = checkAuthEvents(room.make(draft), authEvents, room.rules);
    return verdict.allowed ? 'allowed' : verdict.rule;
  };

  test('may be what the selection gives, in any order', () => {
    const selected = [...create, named('m.room.power_levels'), member];
    expect(ruleFor(selected)).toBe('allowed');
    expect(ruleFor(selected.toReversed())).toBe('allowed');
    expect(ruleFor([...create, member])).toBe('allowed');
  });

  test('if there are duplicate entries for a given type and state_key pair, reject', () => {
    expect(ruleFor([...create, member, { ...member, eventId: room.create.eventId }])).toBe(
      'auth-events.duplicate',
    );
  });

  test("if there are entries that don't match those of the selection, reject", () => {
    expect(ruleFor([...create, member, named('m.room.join_rules')])).toBe(
      'auth-events.superfluous',
    );
    const other = room.make({ type: 'm.room.member', stateKey: CAROL });
    expect(ruleFor([...create, member, other])).toBe('auth-events.superfluous');
    const noState = room.make({ type: 'm.room.power_levels' });
    expect(ruleFor([...create, member, noState])).toBe('auth-events.superfluous');
  });

  test('if there are entries which were themselves rejected, reject', () => {
    expect(ruleFor([...create, { ...member, rejected: true }])).toBe('auth-events.rejected');
  });

  test('if any event in auth_events has another room_id, reject', () => {
    const elsewhere = { ...member, roomId: '!other:a' as RoomId };
    expect(ruleFor([...create, elsewhere])).toBe('auth-events.room');
  });

  test('do not matter to a create event', () => {
    expect(ruleFor([], { type: 'm.room.create', stateKey: '' })).toBe('allowed');
  });
});

test.each(versionsWithout('createIsRoomId'))(
  'version %s: if there is no m.room.create event among the entries, reject',
  (version) => {
    const room = new TestRoom(version);
    const event = room.make({ type: 'm.room.message' });
    const member = room.get('m.room.member', event.sender)!;
    expect(checkAuthEvents(event, [member], room.rules)).toMatchObject({
      rule: 'auth-events.create',
    });
  },
);

test.each(versionsWith('createIsRoomId'))(
  'version %s: m.room.create must not be selected',
  (version) => {
    const room = new TestRoom(version);
    const event = room.make({ type: 'm.room.message' });
    expect(checkAuthEvents(event, [room.create], room.rules)).toMatchObject({
      rule: 'auth-events.superfluous',
    });
  },
);

import { describe, expect, test } from 'vitest';
import {
  ALICE,
  type Draft,
  TestRoom,
  versionsWith,
  versionsWithout,
} from '../../../test/support/test-room.ts';
import { type RoomVersion, roomVersions } from '../room-versions.ts';

const ruleFor = (version: RoomVersion, draft: Partial<Draft> = {}): string => {
  const room = new TestRoom(version);
  const content = { creator: ALICE, ...draft.content };
  const roomId = room.rules.createIsRoomId ? '!hash' : '!room:a';
  return room.ruleFor({ type: 'm.room.create', stateKey: '', roomId, ...draft, content });
};

describe.each(roomVersions())('m.room.create in room version %s', (version) => {
  test('is allowed where no rule refuses it', () => {
    expect(ruleFor(version, { content: { room_version: version } })).toBe('allowed');
  });

  test('if it has any prev_events, reject', () => {
    expect(ruleFor(version, { prevEvents: ['$before'] })).toBe('create.prev-events');
  });

  test('if content.room_version is present and is not a recognised version, reject', () => {
    expect(ruleFor(version, { content: { room_version: '0' } })).toBe('create.room-version');
    expect(ruleFor(version, { content: { room_version: 1 } })).toBe('create.room-version');
    expect(ruleFor(version, { content: {} })).toBe('allowed');
  });
});

test.each(versionsWithout('createIsRoomId'))(
  'version %s: if the domain of the room_id does not match the domain of the sender, reject',
  (version) => {
    expect(ruleFor(version, { roomId: '!room:b' })).toBe('create.room-id');
    expect(ruleFor(version, { roomId: '!room:a:8448' })).toBe('create.room-id');
  },
);

test('version 12: if the event has a room_id, reject', () => {
  expect(ruleFor('12', { pdu: { room_id: '!hash' } })).toBe('create.room-id');
});

test.each(versionsWithout('implicitRoomCreator'))(
  'version %s: if content has no creator property, reject',
  (version) => {
    const room = new TestRoom(version);
    expect(room.ruleFor({ type: 'm.room.create', stateKey: '' })).toBe('create.creator');
  },
);

test.each(versionsWith('implicitRoomCreator'))('version %s asks for no creator', (version) => {
  const room = new TestRoom(version);
  expect(room.ruleFor({ type: 'm.room.create', stateKey: '' })).toBe('allowed');
});

test('version 12: if additional_creators is not an array of valid user ids, reject', () => {
  const withCreators = (additional_creators: never) =>
    ruleFor('12', { content: { additional_creators } });
  for (const wrong of ['@bob:b', [1], ['bob'], ['@bob:b', '@bob'], null, {}]) {
    expect(withCreators(wrong as never)).toBe('create.additional-creators');
  }
  expect(withCreators(['@bob:b', '@carol:c'] as never)).toBe('allowed');
  expect(withCreators([] as never)).toBe('allowed');
});

test.each(versionsWithout('creatorsHaveInfinitePower'))(
  'version %s does not look at additional_creators',
  (version) => {
    expect(ruleFor(version, { content: { additional_creators: 'anything' } })).toBe('allowed');
  },
);

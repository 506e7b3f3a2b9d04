import { expect, test } from 'vitest';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { alice, openRooms } from '../../../test/support/rooms.ts';
import { eventIdOf } from '../../protocol/hashes.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { rulesOf } from '../../protocol/room-versions.ts';

const nested = (depth: number): JsonObject =>
  JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`);

test.each<[string, JsonObject]>([
  ['with half of a surrogate pair', { body: '\ud83d' }],
  ['nested beyond measure', nested(5_000)],
  ['with a number that is no integer', { n: 1.5 }],
])('content %s makes no event, and the room goes on', async (_what, content) => {
  await using fresh = await freshDatabase();
  await using under = await openRooms(fresh);
  const roomId = await under.rooms.create(alice, {}, {});
  const draft = { sender: alice, type: 'm.room.message', content };
  await expect(under.rooms.send(roomId, draft, {})).rejects.toMatchObject({
    status: 400,
    errcode: 'M_BAD_JSON',
  });
  const state = { ...draft, stateKey: '' };
  await expect(under.rooms.send(roomId, state, {})).rejects.toMatchObject({
    errcode: 'M_BAD_JSON',
  });
  await under.say(roomId, alice, 'goes on');
});

test.each(['1', '3', '6', '11', '12'])(
  'in version %s an event has the id that others make of it',
  async (version) => {
    await using fresh = await freshDatabase();
    await using under = await openRooms(fresh);
    const roomId = await under.rooms.create(alice, { room_version: version }, {});
    await under.say(roomId, alice, 'two words');
    const events = await fresh.database.query<{ eventId: string; json: string }>(
      'events',
      'SELECT event_id AS "eventId", json FROM event',
    );
    expect(events.length).toBeGreaterThan(5);
    for (const { eventId, json } of events)
      expect(eventIdOf(JSON.parse(json), rulesOf(version)!)).toBe(eventId);
  },
);

test.each<[string, JsonObject]>([
  ['m.room.create', { room_version: '12' }],
  ['m.room.power_levels', { users: { [alice]: 100 } }],
])(
  'a room of version 12 takes no %s that nobody may send in it, and says whose fault it is',
  async (type, content) => {
    await using fresh = await freshDatabase();
    await using under = await openRooms(fresh);
    const roomId = await under.rooms.create(alice, { room_version: '12' }, {});
    const before = await under.stateContent(roomId, type);
    const draft = { sender: alice, type, stateKey: '', content };
    await expect(under.rooms.send(roomId, draft, {})).rejects.toMatchObject({
      ...{ status: 400, errcode: 'M_INVALID_PARAM' },
    });
    expect(await under.stateContent(roomId, type)).toEqual(before);
  },
);

import { expect, test } from 'vitest';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { alice, bob, bringIn, openRooms } from '../../../test/support/rooms.ts';
import type { RoomAlias } from '../../protocol/identifiers.ts';

test('a room is replaced by one with its state, its aliases and a link back', async () => {
  await using bench = await workbench('10');
  const last = await bench.say(bench.roomId, bob, 'last words');
  const created = await bench.upgrade('12');
  const state = (type: string) => bench.stateContent(created, type);
  expect(await state('m.room.create')).toEqual({
    room_version: '12',
    'm.federate': true,
    predecessor: { room_id: bench.roomId, event_id: last },
  });
  expect(await state('m.room.name')).toEqual({ name: 'Old' });
  expect(await state('m.room.join_rules')).toEqual({ join_rule: 'public' });
  expect(await state('m.room.power_levels')).toMatchObject({ users: { [bob]: 50 }, kick: 70 });
  expect((await bench.rooms.resolveAlias('#old:example.org' as RoomAlias))?.roomId).toBe(created);
  expect(await state('m.room.canonical_alias')).toEqual({ alias: '#old:example.org' });
});

test('the old room names the new one, and nobody ordinary speaks there any more', async () => {
  await using bench = await workbench('11');
  const created = await bench.upgrade('12');
  expect(await bench.stateContent(bench.roomId, 'm.room.tombstone')).toMatchObject({
    replacement_room: created,
  });
  const levels = await bench.stateContent(bench.roomId, 'm.room.power_levels');
  expect(levels).toMatchObject({ events_default: 50, invite: 50 });
  await using restarted = await openRooms(bench.fresh);
  expect((await restarted.rooms.roomsOf(alice)).size).toBe(2);
});

test('who may not replace a room leaves both as they were', async () => {
  await using bench = await workbench('12');
  const mutiny = { userId: bob, version: '12', additionalCreators: [] };
  await expect(bench.rooms.upgrade(bench.roomId, mutiny, {})).rejects.toMatchObject({
    status: 403,
    errcode: 'M_FORBIDDEN',
  });
  await expect(bench.upgrade('99')).rejects.toMatchObject({
    errcode: 'M_UNSUPPORTED_ROOM_VERSION',
  });
  expect(await bench.stateContent(bench.roomId, 'm.room.tombstone')).toBeUndefined();
  expect((await bench.fresh.database.query('rooms', 'SELECT 1 FROM room')).length).toBe(1);
  await bench.say(bench.roomId, bob, 'still here');
});

async function workbench(room_version: string) {
  const fresh = await freshDatabase();
  const under = await openRooms(fresh);
  const users = room_version === '12' ? { [bob]: 50 } : { [alice]: 100, [bob]: 50 };
  const roomId = await under.rooms.create(
    alice,
    {
      preset: 'public_chat',
      name: 'Old',
      room_alias_name: 'old',
      room_version,
      creation_content: { 'm.federate': true },
      power_level_content_override: { users, kick: 70 },
    },
    {},
  );
  await bringIn(under, roomId, bob);
  return {
    ...under,
    fresh,
    roomId,
    upgrade: (version: string) =>
      under.rooms.upgrade(roomId, { userId: alice, version, additionalCreators: [] }, {}),
    async [Symbol.asyncDispose]() {
      await under[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
    },
  };
}

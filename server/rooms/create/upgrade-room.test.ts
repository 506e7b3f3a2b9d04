import { expect, test } from 'vitest';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { alice, bob, bringIn, carol, openRooms } from '../../../test/support/rooms.ts';
import type { RoomAlias, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';

const dave = '@dave:example.org' as UserId;

test('a room is replaced by one with its state, its aliases and a link back', async () => {
  await using bench = await workbench('10');
  await bench.say(bench.roomId, bob, 'last words');
  const created = await bench.upgrade('12');
  const state = (type: string) => bench.stateContent(created, type);
  expect(await state('m.room.create')).toEqual({
    room_version: '12',
    'm.federate': true,
    predecessor: { room_id: bench.roomId },
  });
  expect(await state('m.room.name')).toEqual({ name: 'Old' });
  expect(await state('m.room.join_rules')).toEqual({ join_rule: 'public' });
  expect(await state('m.room.power_levels')).toMatchObject({ users: { [bob]: 50 }, kick: 70 });
  expect((await bench.rooms.resolveAlias('#old:example.org' as RoomAlias))?.roomId).toBe(created);
  expect(await state('m.room.canonical_alias')).toEqual({ alias: '#old:example.org' });
});

test('before version 12 the link back names the last event of the old room', async () => {
  await using bench = await workbench('10');
  const last = await bench.say(bench.roomId, bob, 'last words');
  const create = await bench.stateContent(await bench.upgrade('11'), 'm.room.create');
  expect(create?.predecessor).toEqual({ room_id: bench.roomId, event_id: last });
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

test.each(['10', '11'])(
  'creators of a room of version 12 keep their power in one of version %s',
  async (version) => {
    await using bench = await workbench('12', { additional_creators: [carol] });
    const created = await bench.upgrade(version);
    const levels = await bench.stateContent(created, 'm.room.power_levels');
    expect(levels).toMatchObject({
      users: { [alice]: 150, [bob]: 50, [carol]: 150 },
      events: { 'm.room.tombstone': 150 },
      kick: 70,
    });
    const again = await bench.rooms.upgrade(
      created,
      { userId: alice, version: '12', additionalCreators: [] },
      {},
    );
    expect((await bench.stateContent(again, 'm.room.power_levels'))?.users).toEqual({
      [bob]: 50,
      [carol]: 150,
    });
  },
);

test('creators of a room of version 12 are nothing in one of it that somebody else makes', async () => {
  await using bench = await workbench('12', { additional_creators: [carol] });
  const content = { users: { [bob]: 150, [dave]: 50 } };
  const levels = { sender: alice, type: 'm.room.power_levels', stateKey: '', content };
  await bench.setState(bench.roomId, levels);
  const upgrade = { userId: bob, version: '12', additionalCreators: [] };
  const created = await bench.rooms.upgrade(bench.roomId, upgrade, {});
  expect((await bench.stateContent(created, 'm.room.power_levels'))?.users).toEqual({ [dave]: 50 });
});

test('levels that were strings are integers in a version that has no others', async () => {
  await using bench = await workbench('9');
  const content = { users: { [alice]: '100', [bob]: '50' }, ban: ' 60', state_default: 50 };
  const levels = { sender: alice, type: 'm.room.power_levels', stateKey: '', content };
  await bench.setState(bench.roomId, levels);
  const created = await bench.upgrade('10');
  expect(await bench.stateContent(created, 'm.room.power_levels')).toEqual({
    users: { [alice]: 100, [bob]: 50 },
    ban: 60,
    state_default: 50,
  });
});

test('whoever upgrades with less than all power has no more of it afterwards', async () => {
  await using bench = await workbench('11');
  const content = {
    users: { [alice]: 100, [bob]: 60 },
    events: { 'm.room.tombstone': 60, 'm.room.name': 90 },
  };
  await bench.setState(bench.roomId, {
    sender: alice,
    type: 'm.room.power_levels',
    stateKey: '',
    content,
  });
  const upgrade = { userId: bob, version: '11', additionalCreators: [] };
  const created = await bench.rooms.upgrade(bench.roomId, upgrade, {});
  expect(await bench.stateContent(created, 'm.room.power_levels')).toEqual(content);
});

test('who makes or joins the new room takes along what they said of the old one', async () => {
  await using bench = await workbench('11');
  const created = await bench.upgrade('12');
  const join = (target: UserId, roomId = created) =>
    bench.rooms.changeMembership(roomId, { sender: target, target, action: 'join' }, {});
  await join(bob);
  await join(bob);
  await join(carol);
  const move = [bench.roomId, created];
  expect(bench.followed).toEqual([
    [alice, ...move],
    [bob, ...move],
  ]);
  const predecessor = { room_id: bench.roomId };
  const impostor = await bench.rooms.create(
    alice,
    { preset: 'public_chat', creation_content: { predecessor } },
    {},
  );
  await join(bob, impostor);
  expect(bench.followed.length).toBe(2);
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

async function workbench(room_version: string, creation: JsonObject = {}) {
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
      creation_content: { 'm.federate': true, ...creation },
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

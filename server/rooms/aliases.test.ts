import { expect, test, vi } from 'vitest';
import { holdCommits } from '../../test/support/hold-commits.ts';
import { freshDatabase } from '../../test/support/postgres.ts';
import { alice, bob, bringIn, carol, openRooms } from '../../test/support/rooms.ts';
import { RefusedForData } from '../log/log.ts';
import type { RoomAlias, RoomId, UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';

const alias = '#name:example.org' as RoomAlias;

test('of several who take one alias at once, one has it and the others are told', async () => {
  await using bench = await workbench();
  const results = await Promise.allSettled([
    bench.rooms.addAlias(alias, bench.roomId, alice, {}),
    bench.rooms.addAlias(alias, bench.other, alice, {}),
    bench.rooms.create(alice, { room_alias_name: 'name' }, {}),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
  expect((results[1] as PromiseRejectedResult).reason).toMatchObject({ status: 409 });
  expect((results[2] as PromiseRejectedResult).reason).toMatchObject({ errcode: 'M_ROOM_IN_USE' });
  expect((await bench.rooms.resolveAlias(alias))?.roomId).toBe(bench.roomId);
  expect((await bench.fresh.database.query('r', 'SELECT 1 FROM room')).length).toBe(2);
});

test('an alias that is taken away while another room waits for it goes to that room', async () => {
  await using bench = await workbench();
  await bench.rooms.addAlias(alias, bench.roomId, alice, {});
  await Promise.all([
    bench.rooms.removeAlias(alias, alice, {}),
    bench.rooms.addAlias(alias, bench.other, alice, {}),
  ]);
  expect((await bench.rooms.resolveAlias(alias))?.roomId).toBe(bench.other);
});

test('an alias is removed by who made it, or by a moderator who is in the room', async () => {
  await using bench = await workbench();
  await bringIn(bench, bench.roomId, bob, carol);
  const content = { users: { [bob]: 50 } };
  const levels = { sender: alice, type: 'm.room.power_levels', stateKey: '', content };
  await bench.setState(bench.roomId, levels);
  await bench.rooms.addAlias(alias, bench.roomId, alice, {});
  const remove = (userId: UserId) => bench.rooms.removeAlias(alias, userId, {});
  await expect(remove(carol)).rejects.toMatchObject({ status: 403 });
  const go = { sender: bob, target: bob, action: 'leave' } as const;
  await bench.rooms.changeMembership(bench.roomId, go, {});
  await expect(remove(bob)).rejects.toMatchObject({ status: 403 });
  await bringIn(bench, bench.roomId, bob);
  await remove(bob);
  expect(await bench.rooms.aliasesOf(bench.roomId)).toEqual([]);
  await expect(remove(bob)).rejects.toMatchObject({ status: 404 });
});

test('an alias that is removed is no longer what the room calls itself, if who removed it may say so', async () => {
  await using bench = await workbench();
  await bringIn(bench, bench.roomId, bob);
  const other = '#other:example.org' as RoomAlias;
  const canonical = (content: JsonObject) =>
    bench.setState(bench.roomId, {
      ...{ sender: alice, type: 'm.room.canonical_alias', stateKey: '' },
      content,
    });
  const told = () => bench.stateContent(bench.roomId, 'm.room.canonical_alias');
  const named = { alias, alt_aliases: [alias, other], 'org.example': true };
  for (const each of [alias, other]) await bench.rooms.addAlias(each, bench.roomId, bob, {});
  await canonical(named);
  await bench.rooms.removeAlias(alias, bob, {});
  expect(await told()).toEqual(named);
  await bench.rooms.addAlias(alias, bench.roomId, bob, {});
  await bench.rooms.removeAlias(alias, alice, {});
  expect(await told()).toEqual({ alt_aliases: [other], 'org.example': true });
  await bench.rooms.removeAlias(other, alice, {});
  expect(await told()).toEqual({ 'org.example': true });
});

test('only members give a room a name, and only rooms that are there get one', async () => {
  await using bench = await workbench();
  const give = (roomId: RoomId, userId: UserId) => bench.rooms.addAlias(alias, roomId, userId, {});
  await expect(give(bench.roomId, bob)).rejects.toMatchObject({ status: 403 });
  await expect(give('!none:example.org' as RoomId, alice)).rejects.toMatchObject({ status: 404 });
  const elsewhere = '#name:elsewhere.org' as RoomAlias;
  await expect(bench.rooms.addAlias(elsewhere, bench.roomId, alice, {})).rejects.toMatchObject({
    status: 400,
  });
  await expect(bench.rooms.removeAlias(elsewhere, alice, {})).rejects.toMatchObject({
    status: 400,
  });
  expect(await bench.rooms.resolveAlias(alias)).toBeUndefined();
});

test('an alias is given and taken though the database refuses something else in the room meanwhile', async () => {
  await using bench = await workbench();
  const old = '#old:example.org' as RoomAlias;
  await bench.rooms.addAlias(old, bench.roomId, alice, {});
  const commits = vi.spyOn(bench.writer, 'commit');
  const held = await holdCommits(bench.fresh.url);
  const draft = { sender: alice, type: 'm.room.message', content: {} };
  const poison = expect(
    bench.rooms.send(bench.roomId, draft, { deviceId: 'D', txnId: '\0' }),
  ).rejects.toThrow(RefusedForData);
  const given = bench.rooms.addAlias(alias, bench.roomId, alice, {});
  const taken = bench.rooms.removeAlias(old, alice, {});
  await expect.poll(() => commits.mock.calls.length).toBe(3);
  await held.release();
  await Promise.all([poison, given, taken]);
  expect(await bench.rooms.aliasesOf(bench.roomId)).toEqual([alias]);
});

async function workbench() {
  const fresh = await freshDatabase();
  const under = await openRooms(fresh);
  const create = () => under.rooms.create(alice, {}, {});
  return {
    ...under,
    fresh,
    roomId: await create(),
    other: await create(),
    async [Symbol.asyncDispose]() {
      await under[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
    },
  };
}

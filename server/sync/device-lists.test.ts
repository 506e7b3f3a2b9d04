import { expect, test } from 'vitest';
import { changeKeys } from '../../test/support/devices.ts';
import { alice, bob, bringIn, carol } from '../../test/support/rooms.ts';
import { freshSync, openSync, type SyncUnderTest } from '../../test/support/sync.ts';
import { room } from '../../test/support/sync-answers.ts';
import type { UserId } from '../protocol/identifiers.ts';
import type { Database } from '../storage/database.ts';
import { keySignatureRow } from '../storage/encryption/key-signatures.ts';
import { ActiveUsers } from './active/active-users.ts';
import { DeviceLists } from './device-lists.ts';
import { noMemberChanges } from './engine/member-changes.ts';

test('keys that change are told to those who share a room', async () => {
  await using house = await freshSync();
  await room(house, bob);
  const [near, far] = [await house.sync(bob), await house.sync(carol)];
  const waiting = house.next(bob, near, { timeoutMs: 60_000 });
  await changeKeys(house, alice);
  expect((await waiting).device_lists).toEqual({ changed: [alice], left: [] });
  expect((await house.next(carol, far)).device_lists).toBeUndefined();
  const since = near.next_batch;
  await using again = await openSync(house.fresh);
  expect((await again.sync(bob, { since })).device_lists.changed).toEqual([alice]);
  const { next_batch: to } = await again.sync(bob);
  const between = await again.deviceLists.between({ userId: bob }, since, to);
  expect(between).toEqual({ changed: [alice], left: [] });
});

test('whose keys a user signed, that user is told, and nobody else who is near', async () => {
  await using house = await freshSync();
  await room(house, bob);
  const [signer, signed] = [await house.sync(bob), await house.sync(alice)];
  await signKeys(house, { of: alice, by: bob });
  expect((await house.next(bob, signer)).device_lists).toEqual({ changed: [alice], left: [] });
  expect((await house.next(alice, signed)).device_lists).toBeUndefined();
  await using again = await openSync(house.fresh);
  const since = signer.next_batch;
  expect((await again.sync(bob, { since })).device_lists.changed).toEqual([alice]);
  expect((await again.sync(alice, { since })).device_lists).toBeUndefined();
});

test('a new display name of somebody in the room is no change of keys', async () => {
  await using house = await freshSync();
  await room(house, bob);
  const begin = await house.sync(bob);
  house.profiles.set(alice, { displayname: 'Alice' });
  await house.rooms.spreadProfile(alice);
  const answer = await house.next(bob, begin);
  expect(answer.rooms.join).toBeDefined();
  expect(answer.device_lists).toBeUndefined();
});

test('who goes and comes back within a span is told of: nobody need have told what became of their keys', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob, carol);
  const begin = await house.sync(bob);
  const own = { sender: carol, target: carol };
  await house.rooms.changeMembership(roomId, { ...own, action: 'leave' }, {});
  await bringIn(house, roomId, carol);
  expect((await house.next(bob, begin)).device_lists).toEqual({ changed: [carol], left: [] });
});

test('of a room that was left all are told whom the client followed, those too who left in between', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob, carol);
  const begin = await house.sync(bob);
  const leave = (target: UserId) =>
    house.rooms.changeMembership(roomId, { sender: target, target, action: 'leave' }, {});
  await leave(bob);
  await leave(carol);
  await bringIn(house, roomId, '@dave:example.org' as UserId);
  const answer = await house.next(bob, begin);
  expect(answer.device_lists.left.sort()).toEqual([alice, carol]);
  const { next_batch: to } = await house.sync(bob);
  const between = await house.deviceLists.between({ userId: bob }, begin.next_batch, to);
  expect(between.left.toSorted()).toEqual([alice, carol]);
});

test('of a room that the user is in again those are told who left while they were away', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob, carol);
  const begin = await house.sync(bob);
  for (const target of [bob, carol])
    await house.rooms.changeMembership(roomId, { sender: target, target, action: 'leave' }, {});
  await bringIn(house, roomId, bob);
  expect((await house.next(bob, begin)).device_lists).toMatchObject({ left: [carol] });
});

test.each(['invited', 'forgotten', 'filtered out'])(
  'of a room that was left and is %s by the time of asking it is told whose keys to forget',
  async (how) => {
    await using house = await freshSync();
    const roomId = await room(house, bob, carol);
    const begin = await house.sync(bob);
    const change = (sender: UserId, target: UserId, action: 'leave' | 'invite') =>
      house.rooms.changeMembership(roomId, { sender, target, action }, {});
    await change(bob, bob, 'leave');
    if (how === 'invited') await change(alice, bob, 'invite');
    if (how === 'forgotten') await house.rooms.forget(roomId, bob, {});
    const query = how === 'filtered out' ? { filter: { room: { rooms: [] } } } : {};
    const answer = await house.next(bob, begin, query);
    expect(answer.device_lists?.left.toSorted()).toEqual([alice, carol]);
  },
);

test('whoever comes into a room is told of, whether or not the client wants to see the room', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const query = { filter: { room: { not_rooms: [roomId] } } };
  const begin = await house.sync(bob, query);
  await bringIn(house, roomId, carol);
  expect((await house.next(bob, begin, query)).device_lists).toEqual({
    changed: [carol],
    left: [],
  });
});

test('memory of changed keys is bounded, and who asks from before it is answered by the database', async () => {
  const database = { query: async () => [{ userId: carol }] } as unknown as Database;
  const lists = new DeviceLists({
    database,
    rooms: { roomsOf: async () => new Map() },
    active: new ActiveUsers(),
    position: 10,
    onError: (error) => expect.fail(String(error)),
  });
  const changed = (after: number) =>
    lists.changes(alice, { after, upTo: 10_000 }, noMemberChanges).then((each) => each.changed);
  for (let position = 11; position <= 10 + 4_096; position++)
    lists.committed([{ position, record: { kind: 'device-list', userId: alice } }]);
  expect([await changed(9), await changed(10)]).toEqual([[carol], [alice]]);
  const before = await lists.changes(alice, { after: 4_000, upTo: 4_000 }, noMemberChanges);
  expect(before.changed).toEqual([]);
  lists.committed([{ position: 5_000, record: { kind: 'device-list', userId: alice } }]);
  const floor = 10 + 2_048;
  expect([await changed(floor - 1), await changed(floor)]).toEqual([[carol], [alice]]);
});

/** As POST /keys/signatures/upload does, without the signature that it checks. */
const signKeys = ({ writer }: SyncUnderTest, { of, by }: { of: UserId; by: UserId }) =>
  writer.commit((next) => {
    const position = next();
    const row = keySignatureRow(
      {
        targetUserId: of,
        targetKeyId: 'MASTER',
        signerUserId: by,
        signerKeyId: 'ed25519:USER',
        signature: 'S',
      },
      position,
    );
    const record = { kind: 'key-signature', userId: by, targetId: of } as const;
    return {
      change: { rows: [row], records: [{ position, record }], touches: [] },
      value: undefined,
    };
  });

import { expect, test } from 'vitest';
import type { RoomId, ServerName, UserId } from '../../protocol/identifiers.ts';
import { PARTIAL_MAX, PartialRooms } from './partial-rooms.ts';

const room = '!r:far.example' as RoomId;
const alice = '@alice:example.org' as UserId;
const bob = '@bob:example.org' as UserId;

test('who joined waits until the room is whole, and takes it for no fault where that takes long', async () => {
  const rooms = new PartialRooms(600_000);
  let isPartial = true;
  const ended: string[] = [];
  const joined = rooms.soonWhole(room, async () => isPartial, alice);
  void joined.then(() => ended.push('joined'));
  await new Promise((resolve) => setImmediate(resolve));
  expect(ended).toEqual([]);
  isPartial = false;
  rooms.becameWhole(room);
  await joined;
  isPartial = true;
  await new PartialRooms(1).soonWhole(room, async () => isPartial, alice);
});

test('who joined is answered at once where they have all places for waiting already', async () => {
  const rooms = new PartialRooms();
  const isPartial = async () => true;
  const waiting = Array.from({ length: 20 }, () =>
    rooms.whenWhole(room, isPartial, { userId: alice }),
  );
  const ended = Promise.allSettled(waiting);
  await new Promise((resolve) => setImmediate(resolve));
  const neverAsked = async () => expect.unreachable('it waits');
  await rooms.soonWhole(room, neverAsked as never, alice);
  rooms.close();
  await ended;
});

test('when the writer ends nobody waits any longer, neither for what needs all members nor behind a join', async () => {
  const rooms = new PartialRooms(600_000);
  const isPartial = async () => true;
  const needs = rooms.whenWhole(room, isPartial, { userId: alice });
  const refused = expect(needs).rejects.toMatchObject({ errcode: 'M_LIMIT_EXCEEDED' });
  const joined = rooms.soonWhole(room, isPartial, bob);
  await new Promise((resolve) => setImmediate(resolve));
  rooms.close();
  await Promise.all([refused, joined]);
  await rooms.soonWhole(room, isPartial, bob);
});

test('so many rooms wait for their members at once, and fewer that were joined through one domain', () => {
  const rooms = new PartialRooms();
  const { all, throughDomain } = PARTIAL_MAX;
  const begin = (count: number, serverOf: (each: number) => string) => {
    for (let each = 0; each < count; each++) {
      const server = serverOf(each) as ServerName;
      rooms.begun(`!${each}:${server}` as RoomId, server);
    }
  };
  const isPlaceFor = (server: string) => rooms.hasPlaceFor(server as ServerName);
  begin(throughDomain - 1, () => 'one.example.org');
  expect(isPlaceFor('two.example.org')).toBe(true);
  begin(1, () => 'two.example.org');
  expect([isPlaceFor('three.example.org'), isPlaceFor('other.org')]).toEqual([false, true]);
  begin(all - throughDomain, (each) => `server${each}.org`);
  expect(isPlaceFor('other.org')).toBe(false);
  rooms.ended('!0:two.example.org' as RoomId);
  expect([isPlaceFor('three.example.org'), isPlaceFor('other.org')]).toEqual([true, true]);
});

test('whoever waits for much waits for themselves', async () => {
  const rooms = new PartialRooms();
  let isPartial = true;
  const waits = (userId: UserId) => rooms.whenWhole(room, async () => isPartial, { userId });
  const waiting = Array.from({ length: 20 }, () => waits(alice));
  await expect(waits(alice)).rejects.toMatchObject({ errcode: 'M_LIMIT_EXCEEDED' });
  const other = waits(bob);
  await new Promise((resolve) => setImmediate(resolve));
  isPartial = false;
  rooms.becameWhole(room);
  await Promise.all([...waiting, other]);
  isPartial = true;
  const again = waits(alice);
  await new Promise((resolve) => setImmediate(resolve));
  isPartial = false;
  rooms.becameWhole(room);
  await again;
});

import { afterEach, expect, test, vi } from 'vitest';
import type { ForeignEvent } from '../../../test/support/foreign-server.ts';
import { dora, far, gappedRoom, member, says } from '../../../test/support/gapped-room.ts';
import { commitRows } from '../../log/commit-rows.ts';
import type { EventId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { rulesOf } from '../../protocol/room-versions.ts';
import { roomStore } from '../../storage/rooms/room-store.ts';
import { Resolver } from '../state/resolving/resolver.ts';
import { Unresolved } from '../state/resolving/unresolved.ts';
import type { Building } from '../write/building.ts';
import { TRIES_MAX, takeHeld } from './held.ts';
import type { Received, RoomReceiver } from './room-receiver.ts';

afterEach(() => void vi.restoreAllMocks());

test('what meets a conflict that is too much, and what follows it, is taken in when the room has rested, and nobody asks or says it again', async () => {
  await using bench = await gappedRoom();
  const rest = resting();
  await bench.rename('ours');
  const content = { membership: 'join', displayname: 'Dora' };
  const theirs = await bench.event({ ...member(dora), content, after: [bench.before] });
  const follower = await bench.event({ ...says('follows'), after: [theirs.eventId] });
  const next = await bench.event({ ...says('follows that'), after: [follower.eventId] });
  expect(await bench.push(theirs, follower)).toEqual(['held', 'held']);
  expect(await bench.push(next)).toEqual(['held']);
  expect(await bench.push(follower)).toEqual(['held']);
  expect(bench.asked).toEqual([]);
  expect(await bench.bodies()).toEqual([]);
  const store = roomStore(bench.database);
  const held = () => store.heldPdus(bench.roomId, { after: 0, limit: 50 });
  expect(await held()).toHaveLength(3);
  expect(await store.unfinishedRooms()).toEqual([bench.roomId]);
  rest.isOver();
  await expect.poll(() => bench.bodies()).toEqual(['follows', 'follows that']);
  await expect.poll(held).toEqual([]);
  expect(await store.unfinishedRooms()).toEqual([]);
  await bench.isAsStored();
});

test('what is lacking something when it is taken in is held on, and given up in the end', async () => {
  await using bench = await heldRoom(['a', 'b', 'c']);
  const tries = new Map<EventId, number>();
  bench.results.set(bench.ids[1]!, refused({ missing: ['$z' as EventId] }));
  expect(await bench.take(tries)).toBe(false);
  expect(await bench.held()).toEqual(bench.ids.slice(1, 2));
  for (let times = 2; times < TRIES_MAX; times++) expect(await bench.take(tries)).toBe(false);
  expect(await bench.held()).toEqual(bench.ids.slice(1, 2));
  expect(await bench.take(tries)).toBe(true);
  expect(await bench.held()).toEqual([]);
});

test('what is refused for good is held no more', async () => {
  await using bench = await heldRoom(['a', 'b']);
  bench.results.set(bench.ids[0]!, refused({}));
  expect(await bench.take()).toBe(true);
  expect(await bench.held()).toEqual([]);
});

test('one that breaks what is taken together holds up itself alone', async () => {
  await using bench = await heldRoom(['a', 'b', 'c']);
  bench.breaksOn(bench.ids[0]!);
  expect(await bench.take()).toBe(false);
  expect(await bench.held()).toEqual(bench.ids.slice(0, 1));
  expect(bench.errors).toHaveLength(2);
});

test('what is behind one that cannot be resolved waits with it, and is not given up before the room is', async () => {
  await using bench = await heldRoom(Array.from({ length: 60 }, (_, index) => `${index}`));
  const tries = new Map<EventId, number>();
  for (const id of bench.ids.slice(0, 50)) bench.results.set(id, refused({ isUnresolved: true }));
  bench.rests({ ms: 1, timesFailed: 1 });
  for (let times = 0; times < 2 * TRIES_MAX; times++) expect(await bench.take(tries)).toBe(false);
  expect(await bench.held()).toEqual(bench.ids);
  bench.rests({ ms: 1, timesFailed: TRIES_MAX });
  expect(await bench.take(tries)).toBe(false);
  expect(await bench.held()).toEqual(bench.ids.slice(50));
});

const refused = (why: { missing?: EventId[]; isUnresolved?: boolean }): Received => ({
  ...{ kind: 'refused', eventId: undefined, reason: 'for a test', ...why },
});

/** A room of which something is held, and what it answers for each. */
async function heldRoom(bodies: readonly string[]) {
  const bench = await gappedRoom();
  const store = roomStore(bench.database);
  const { nid, roomId } = (await bench.rooms.open(bench.roomId))!;
  const events: ForeignEvent[] = [];
  for (const body of bodies) events.push(await bench.event(says(body)));
  const rows = events.map(({ eventId, pdu }, index) =>
    store.rows.heldPdu(nid, { nid: index + 1, eventId, server: far, json: JSON.stringify(pdu) }),
  );
  await commitRows(bench.writer, rows);
  const results = new Map<EventId, Received>();
  const errors: unknown[] = [];
  const rest = { ms: 0, timesFailed: 0 };
  let breaking: EventId | undefined;
  const idOf = (pdu: JsonObject) =>
    events.find(
      (each) =>
        each.pdu.depth === pdu.depth &&
        (each.pdu.content as JsonObject).body === (pdu.content as JsonObject).body,
    )!.eventId;
  const receiver: Pick<RoomReceiver, 'receive'> = {
    async receive(_roomId, pdus) {
      const ids = pdus.map(idOf);
      if (breaking && ids.includes(breaking)) throw new Error('it breaks');
      return ids.map(
        (id) => results.get(id) ?? ({ kind: 'accepted', event: { eventId: id } } as Received),
      );
    },
  };
  // What `takeHeld` asks of it.
  const building = {
    rooms: { get: async () => ({ nid, roomId, rules: rulesOf('12') }) },
    ports: { store, log: bench.writer, onError: (error: unknown) => void errors.push(error) },
    resolver: { restMs: () => rest.ms, timesFailed: () => rest.timesFailed },
    heldLoads: { less() {} },
  } as unknown as Building;
  return {
    ...{ results, errors, ids: events.map(({ eventId }) => eventId) },
    take: (tries = new Map<EventId, number>()) => takeHeld(building, receiver, roomId, tries),
    held: async () =>
      (await store.heldPdus(roomId, { after: 0, limit: 100 })).map(({ eventId }) => eventId),
    breaksOn(id: EventId) {
      breaking = id;
    },
    rests: (wish: typeof rest) => void Object.assign(rest, wish),
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
}

/** Conflicts are too much until it is over. */
function resting() {
  let rests = true;
  const decide = Resolver.prototype.decide;
  vi.spyOn(Resolver.prototype, 'decide').mockImplementation(function (this: Resolver, ...asked) {
    return rests ? Promise.reject(new Unresolved('no')) : decide.apply(this, asked);
  });
  vi.spyOn(Resolver.prototype, 'restMs').mockImplementation(() => (rests ? 20 : 0));
  return {
    isOver() {
      rests = false;
    },
  };
}

import { afterEach, expect, test, vi } from 'vitest';
import type { ForeignEvent } from '../../../test/support/foreign-server.ts';
import { dora, far, gappedRoom, member, says } from '../../../test/support/gapped-room.ts';
import { commitRows } from '../../log/commit-rows.ts';
import type { EventId, RoomId, ServerName } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { limitExceeded } from '../../protocol/matrix-error.ts';
import { rulesOf } from '../../protocol/room-versions.ts';
import { roomStore } from '../../storage/rooms/room-store.ts';
import { Resolver } from '../state/resolving/resolver.ts';
import { Unresolved } from '../state/resolving/unresolved.ts';
import type { Building } from '../write/building.ts';
import { HeldTries, TRIES_MAX } from './held-tries.ts';
import type { Received, RoomReceiver } from './room-receiver.ts';
import { takeHeld } from './take-held.ts';
import { TakingHeld } from './taking-held.ts';

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
  const held = () => store.listHeld(bench.roomId);
  expect(await held()).toHaveLength(3);
  expect(await store.unfinishedRooms()).toEqual([{ roomId: bench.roomId, through: null }]);
  rest.isOver();
  await expect.poll(() => bench.bodies()).toEqual(['follows', 'follows that']);
  await expect.poll(held).toEqual([]);
  expect(await store.unfinishedRooms()).toEqual([]);
  await bench.isAsStored();
});

test('what follows one that cannot be resolved is held also while the room does not rest, and nobody is asked for that', async () => {
  await using bench = await gappedRoom();
  const tooMuch = () => Promise.reject(new Unresolved('no'));
  vi.spyOn(Resolver.prototype, 'decide').mockImplementation(tooMuch);
  await bench.rename('ours');
  const content = { membership: 'join', displayname: 'Dora' };
  const theirs = await bench.event({ ...member(dora), content, after: [bench.before] });
  const follower = await bench.event({ ...says('follows'), after: [theirs.eventId] });
  const next = await bench.event({ ...says('follows that'), after: [follower.eventId] });
  const startWith = vi.spyOn(TakingHeld.prototype, 'startWith');
  for (const each of [theirs, follower, next]) expect(await bench.push(each)).toEqual(['held']);
  expect(startWith).toHaveBeenCalledTimes(3);
  expect(await bench.push(next)).toEqual(['held']);
  expect(startWith).toHaveBeenCalledTimes(3);
  expect(bench.asked).toEqual([]);
  const held = await roomStore(bench.database).listHeld(bench.roomId);
  expect(held.map(({ eventId }) => eventId)).toEqual(
    [theirs, follower, next].map(({ eventId }) => eventId),
  );
});

test('what is lacking something when it is taken in is held on, and given up in the end', async () => {
  await using bench = await heldRoom(['a', 'b', 'c']);
  bench.results.set(bench.ids[1]!, refused({ missing: ['$z' as EventId] }));
  expect(await bench.take()).toBe(false);
  expect(await bench.held()).toEqual(bench.ids.slice(1, 2));
  expect(await bench.take()).toBe(false);
  expect(bench.calls).toEqual([bench.ids]);
  for (let times = 2; times < TRIES_MAX; times++) {
    bench.clock.ms += HOUR_MS;
    expect(await bench.take()).toBe(false);
  }
  expect(await bench.held()).toEqual(bench.ids.slice(1, 2));
  bench.clock.ms += HOUR_MS;
  expect(await bench.take()).toBe(true);
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

test('one that can never be resolved is tried behind all others, and is given up alone', async () => {
  await using bench = await heldRoom(['never', 'plain', 'forks']);
  const [never, plain, forks] = bench.ids as [EventId, EventId, EventId];
  bench.needsMuch(never, forks);
  bench.isTooMuch(never);
  expect(await bench.take()).toBe(false);
  expect(await bench.held()).toEqual([never, forks]);
  bench.restIsOver();
  expect(await bench.take()).toBe(false);
  expect(await bench.held()).toEqual([never]);
  expect(bench.calls).toEqual([[never, plain, forks], [forks]]);
  for (let times = 2; times < TRIES_MAX; times++) {
    bench.restIsOver(HOUR_MS);
    expect(await bench.take()).toBe(false);
  }
  bench.restIsOver(HOUR_MS);
  expect(await bench.take()).toBe(true);
});

test('of two that can never be resolved each has its own tries, and neither counts those of the other', async () => {
  await using bench = await heldRoom(['one', 'other', 'forks']);
  const [one, other, forks] = bench.ids as [EventId, EventId, EventId];
  bench.needsMuch(...bench.ids);
  bench.isTooMuch(one);
  bench.isTooMuch(other);
  await bench.take();
  for (let turn = 0; turn < 2; turn++) {
    bench.restIsOver(HOUR_MS);
    await bench.take();
  }
  // `one` was seen to be too much at first, `other` when it was its turn; then that goes first which was tried least.
  expect(bench.calls).toEqual([[one, other, forks], [other], [forks], [one]]);
  expect(await bench.held()).toEqual([one, other]);
});

test('a rest that somebody else has brought about counts for no try', async () => {
  await using bench = await heldRoom(['forks']);
  bench.needsMuch(...bench.ids);
  bench.rests();
  for (let times = 0; times < 2 * TRIES_MAX; times++) expect(await bench.take()).toBe(false);
  expect(await bench.held()).toEqual(bench.ids);
  bench.restIsOver();
  expect(await bench.take()).toBe(true);
});

test('what was too much when it came is not tried before the others', async () => {
  await using bench = await heldRoom(['never', 'forks']);
  const [never, forks] = bench.ids as [EventId, EventId];
  bench.needsMuch(never, forks);
  bench.isTooMuch(never);
  bench.tries.aside({ eventId: never, server: far });
  expect(await bench.take()).toBe(false);
  expect(bench.calls).toEqual([[forks], [never]]);
  expect(await bench.held()).toEqual([never]);
});

test('what follows one that is held waits until that has been judged, and is tried for itself when it was given up', async () => {
  await using bench = await heldRoom(['follows', 'never']);
  const [follows, never] = bench.ids as [EventId, EventId];
  bench.needsMuch(never);
  bench.isTooMuch(never);
  bench.results.set(follows, refused({ missing: [never] }));
  for (let times = 0; times < TRIES_MAX; times++) {
    bench.restIsOver(2 * HOUR_MS);
    expect(await bench.take()).toBe(false);
  }
  expect(await bench.held()).toEqual([follows]);
  expect(bench.calls.filter((ids) => ids.includes(follows))).toHaveLength(1);
  bench.results.delete(follows);
  bench.restIsOver();
  expect(await bench.take()).toBe(true);
});

test('what else a domain brought of which one was too much is behind all others, and one rest is all that others wait for it', async () => {
  await using bench = await heldRoom(['one', 'two', 'three', 'forks'], { forks: other });
  const [one, two, three, forks] = bench.ids as [EventId, EventId, EventId, EventId];
  bench.needsMuch(...bench.ids);
  for (const each of [one, two, three]) bench.isTooMuch(each);
  await bench.take();
  bench.restIsOver(HOUR_MS);
  await bench.take();
  expect(bench.calls).toEqual([[one, two, three], [forks], [forks], [two]]);
  expect(await bench.held()).toEqual([one, two, three]);
});

test('while a domain rests nothing of it is tried again and again, and others are taken', async () => {
  await using bench = await heldRoom(['never', 'one', 'fits', 'forks'], { forks: other });
  const [never, one, fits, forks] = bench.ids as [EventId, EventId, EventId, EventId];
  bench.needsMuch(never, one, forks);
  bench.tries.aside({ eventId: never, server: far });
  bench.domainRests(far, HOUR_MS);
  expect(await bench.take()).toBe(false);
  expect(bench.calls).toEqual([[forks], [one], [fits]]);
  expect(bench.tries.restMs).toBe(HOUR_MS);
  expect(await bench.take()).toBe(false);
  expect(bench.calls).toHaveLength(3);
  bench.clock.ms += HOUR_MS;
  bench.domainRests(far, 0);
  expect(await bench.take()).toBe(true);
  expect(bench.calls.slice(3)).toEqual([[one], [never]]);
});

test('of what is taken by itself one is tried in vain, and another in the next turn', async () => {
  await using bench = await heldRoom(['one', 'two', 'waits', 'fits', 'plain'], { plain: other });
  const [one, two, waits, fits, plain] = bench.ids as EventId[];
  bench.tries.aside({ eventId: '$never' as EventId, server: far });
  for (const id of [one!, two!]) bench.results.set(id, refused({ missing: ['$z' as EventId] }));
  bench.results.set(waits!, refused({ missing: ['$never' as EventId] }));
  // It is held as well, and is not due.
  vi.spyOn(bench.tries, 'keeping').mockReturnValue(() => {});
  await bench.take();
  expect(bench.calls).toEqual([[plain], [one]]);
  await bench.take();
  expect(bench.calls.slice(2)).toEqual([[two]]);
  await bench.take();
  expect(bench.calls.slice(3)).toEqual([[waits], [fits]]);
});

test('where there is too much to do for what one server brought, that of others is taken in, and it comes again', async () => {
  await using bench = await heldRoom(['a', 'plain', 'b'], { plain: other });
  const [a, plain, b] = bench.ids as [EventId, EventId, EventId];
  bench.hasMuchToDo(far);
  expect(await bench.take()).toBe(false);
  expect(bench.calls).toEqual([[plain]]);
  expect(bench.turnedAway).toEqual([[a]]);
  expect(await bench.held()).toEqual([a, b]);
  expect(bench.tries.times(a)).toBe(0);
  bench.hasMuchToDo(undefined);
  expect(await bench.take()).toBe(false);
  bench.clock.ms += 5_000;
  expect(await bench.take()).toBe(true);
  expect(bench.calls).toEqual([[plain], [b], [a]]);
});

test('however many servers take turns in what is held, it is read once where nothing is due', async () => {
  await using bench = await heldRoom(['a', 'b', 'c', 'd'], { b: other, d: other });
  for (const id of bench.ids) bench.results.set(id, refused({ missing: ['$z' as EventId] }));
  await bench.take();
  const query = vi.spyOn(bench.database, 'query');
  expect(await bench.take()).toBe(false);
  expect(query.mock.calls.map(([name]) => name)).toEqual(['list_held', 'list_held']);
});

test('what stands before that which it follows waits as well for one that is stuck', async () => {
  await using bench = await heldRoom(['second', 'first', 'never'], { never: other });
  const [second, first, never] = bench.ids as [EventId, EventId, EventId];
  bench.tries.aside({ eventId: never, server: other });
  bench.needsMuch(never);
  bench.isTooMuch(never);
  bench.results.set(second, refused({ missing: [first] }));
  bench.results.set(first, refused({ missing: [never] }));
  expect(await bench.take()).toBe(false);
  expect(bench.calls).toEqual([[second, first], [never]]);
  expect([second, first, never].map((id) => bench.tries.times(id))).toEqual([0, 0, 1]);
});

const HOUR_MS = 3_600_000;
const other = 'other.example' as ServerName;

const refused = (why: {
  missing?: EventId[];
  unresolved?: 'too much' | 'not tried';
}): Received => ({
  ...{ kind: 'refused', eventId: undefined, reason: 'for a test', ...why },
});

/** A room of which something is held, and what it answers for each. */
async function heldRoom(bodies: readonly string[], servers: Record<string, ServerName> = {}) {
  const bench = await gappedRoom();
  const store = roomStore(bench.database);
  const { nid, roomId } = (await bench.rooms.open(bench.roomId))!;
  const events: ForeignEvent[] = [];
  for (const body of bodies) events.push(await bench.event(says(body)));
  const rows = events.map(({ eventId, pdu }, index) => {
    const server = servers[bodies[index]!] ?? far;
    return store.rows.heldPdu(nid, {
      ...{ nid: index + 1, eventId, server, json: JSON.stringify(pdu) },
    });
  });
  await commitRows(bench.writer, rows);
  const results = new Map<EventId, Received>();
  const errors: unknown[] = [];
  const clock = { ms: 0 };
  const tries = new HeldTries(() => clock.ms);
  const calls: EventId[][] = [];
  const much = new Set<EventId>();
  const tooMuch = new Set<EventId>();
  let restMs = 0;
  const domainRestMs = new Map<ServerName, number>();
  let busy: ServerName | undefined;
  const turnedAway: EventId[][] = [];
  const restOf = (server: ServerName) => Math.max(restMs, domainRestMs.get(server) ?? 0);
  const result = (id: EventId, server: ServerName): Received => {
    if (much.has(id) && restOf(server) > 0) return refused({ unresolved: 'not tried' });
    if (!tooMuch.has(id))
      return results.get(id) ?? ({ kind: 'accepted', event: { eventId: id } } as Received);
    restMs = 60_000;
    return refused({ unresolved: 'too much' });
  };
  let breaking: EventId | undefined;
  const idOf = (pdu: JsonObject) =>
    events.find(
      (each) =>
        each.pdu.depth === pdu.depth &&
        (each.pdu.content as JsonObject).body === (pdu.content as JsonObject).body,
    )!.eventId;
  const receiver: Pick<RoomReceiver, 'receive'> = {
    async receive(_roomId, pdus, { origin }) {
      const ids = pdus.map(idOf);
      if (origin === busy) {
        turnedAway.push(ids);
        throw limitExceeded(5_000);
      }
      if (breaking && ids.includes(breaking)) throw new Error('it breaks');
      calls.push(ids);
      return ids.map((id) => result(id, origin));
    },
  };
  // What `takeHeld` asks of it.
  const building = {
    rooms: { get: async () => ({ nid, roomId, rules: rulesOf('12') }) },
    ports: { store, log: bench.writer, onError: (error: unknown) => void errors.push(error) },
    resolver: {
      restMs: (_: RoomId, server?: ServerName) => (server ? restOf(server) : restMs),
    },
    heldLoads: { less() {} },
  } as unknown as Building;
  return {
    ...{ results, errors, calls, clock, tries, ids: events.map(({ eventId }) => eventId) },
    ...{ turnedAway, database: bench.database },
    hasMuchToDo(server: ServerName | undefined) {
      busy = server;
    },
    take: () => takeHeld({ building, receiver, tries }, roomId),
    held: async () => (await store.listHeld(roomId)).map(({ eventId }) => eventId),
    breaksOn(id: EventId) {
      breaking = id;
    },
    /** Of these the states are in a conflict that is resolved aside. */
    needsMuch(...ids: EventId[]) {
      for (const id of ids) much.add(id);
    },
    domainRests: (server: ServerName, ms: number) => void domainRestMs.set(server, ms),
    isTooMuch: (id: EventId) => void tooMuch.add(id),
    rests() {
      restMs = 60_000;
    },
    restIsOver(behindMs = 0) {
      clock.ms += restMs + behindMs;
      restMs = 0;
    },
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

import { expect, test, vi } from 'vitest';
import type { EventId, RoomId } from '../../protocol/identifiers.ts';
import { rulesOf } from '../../protocol/room-versions.ts';
import type { Building } from '../write/building.ts';
import type { Received } from './room-receiver.ts';
import { TakingHeld } from './taking-held.ts';

test('what is newly held is taken in within seconds, however long what was tried in vain has to wait', async () => {
  using at = bench();
  at.hold('$vain', refused({ missing: ['$z' as EventId] }));
  at.taking.start(roomId);
  for (const ms of [5_000, 60_000, 5 * 60_000]) await at.pass(ms);
  await at.sleepsBeyond(5_000, 30 * 60_000);
  expect(at.tried('$vain')).toBe(4);
  at.hold('$new');
  at.taking.start(roomId);
  await at.isTaken('$new');
  expect(at.clock.ms).toBe(365_000 + 5_000);
  expect(at.tried('$vain')).toBe(4);
  await at.sleepsBeyond(5_000, 30 * 60_000 - 5_000);
});

test('where its room was not whole it is taken in as soon as it is', async () => {
  using at = bench();
  at.hold('$a', 'partial');
  at.taking.start(roomId);
  for (const ms of [5_000, 60_000, 5 * 60_000]) await at.pass(ms);
  await at.sleepsBeyond(5_000, 30 * 60_000);
  at.hold('$a');
  at.taking.start(roomId);
  await at.isTaken('$a');
  expect(at.clock.ms).toBe(365_000 + 5_000);
  expect(at.errors).toHaveLength(4);
});

test('however much is held anew, a room has a turn in five seconds', async () => {
  using at = bench();
  at.hold('$vain', refused({ missing: ['$z' as EventId] }));
  at.taking.start(roomId);
  await at.sleeps(5_000);
  for (const id of ['$a', '$b', '$c']) {
    at.hold(id);
    at.taking.start(roomId);
  }
  expect(at.turns).toHaveLength(1);
  await at.pass(5_000);
  await at.isTaken('$a');
  expect(at.turns[1]).toEqual(['$vain', '$a', '$b', '$c']);
});

test('while the room rests nothing is tried', async () => {
  using at = bench();
  at.rests(300_000);
  at.hold('$a');
  at.taking.start(roomId);
  await at.sleeps(300_000);
  at.taking.start(roomId);
  expect(at.turns).toEqual([]);
  at.rests(0);
  await at.pass(300_000);
  await at.isTaken('$a');
});

test('what comes while the last is taken in is taken in, too', async () => {
  using at = bench();
  at.hold('$a');
  at.onTurn(() => {
    at.hold('$b');
    at.taking.start(roomId);
  });
  at.taking.start(roomId);
  await at.pass(5_000);
  await at.isTaken('$b');
});

const roomId = '!a:here.example' as RoomId;

const refused = (why: { missing: EventId[] }): Received => ({
  ...{ kind: 'refused', eventId: undefined, reason: 'for a test', ...why },
});

/** What is held of a room, and a clock that goes by the waits alone. */
function bench() {
  const held = new Map<string, { nid: number; result: Received | 'partial' }>();
  const clock = { ms: 0 };
  const turns: string[][] = [];
  const errors: unknown[] = [];
  let nids = 0;
  let sleeping: { ms: number; end: (passed: boolean) => void } | undefined;
  let restMs = 0;
  let onTurn: (() => void) | undefined;
  const store = {
    listHeld: async () =>
      [...held].map(([eventId, { nid }]) => ({ nid, eventId, server: 'far.example' })),
    heldPdus: async (_: number, nids: readonly number[]) =>
      [...held]
        .filter(([, { nid }]) => nids.includes(nid))
        .map(([eventId, { nid }]) => ({
          ...{ nid, eventId, server: 'far.example', json: JSON.stringify({ eventId }) },
        })),
    rows: { noHeldPdu: (_: number, eventId: EventId) => held.delete(eventId) },
  };
  const building = {
    rooms: { get: async () => ({ nid: 1, roomId, rules: rulesOf('12') }) },
    ports: {
      ...{ store, onError: (error: unknown) => void errors.push(error) },
      log: { commit: async (build: (position: () => number) => unknown) => void build(() => 1) },
    },
    resolver: { restMs: () => restMs },
    heldLoads: { less() {} },
  } as unknown as Building;
  const receiver = {
    async receive(_: RoomId, pdus: readonly { eventId?: string }[]): Promise<Received[]> {
      const ids = pdus.map(({ eventId }) => eventId!);
      turns.push(ids);
      onTurn?.();
      onTurn = undefined;
      return ids.map((id) => {
        const { result } = held.get(id)!;
        return result === 'partial'
          ? ({ kind: 'held', event: { eventId: id } } as Received)
          : result;
      });
    },
  };
  const taking = new TakingHeld(building, receiver as never, {
    nowMs: () => clock.ms,
    wait: (ms, signal) =>
      new Promise((resolve) => {
        const began = clock.ms;
        const end = (passed: boolean) => {
          if (sleeping?.end !== end) return;
          sleeping = undefined;
          if (passed) clock.ms = began + ms;
          resolve();
        };
        sleeping = { ms, end };
        if (signal.aborted) end(false);
        signal.addEventListener('abort', () => end(false));
      }),
  });
  const sleeps = (ms: number) => vi.waitFor(() => expect(sleeping?.ms).toBe(ms));
  return {
    ...{ taking, clock, turns, errors, sleeps },
    hold(id: string, result?: Received | 'partial') {
      const accepted = { kind: 'accepted', event: { eventId: id } } as Received;
      held.set(id, { nid: held.get(id)?.nid ?? ++nids, result: result ?? accepted });
    },
    /** It is in a pause of so much in all, and that is left when some of it is over. */
    async sleepsBeyond(ms: number, ofMs: number) {
      await sleeps(ms);
      sleeping!.end(true);
      await sleeps(ofMs - ms);
    },
    /** A pause of so much in all: the least there is between two turns, and the rest of it. */
    async pass(ms: number) {
      for (let left = ms; left > 0; ) {
        await vi.waitFor(() => expect(sleeping).toBeDefined());
        left -= sleeping!.ms;
        sleeping!.end(true);
      }
    },
    async isTaken(id: string) {
      await vi.waitFor(() => {
        if (held.has(id) && sleeping?.ms === 5_000) sleeping.end(true);
        expect(held.has(id)).toBe(false);
      });
    },
    tried: (id: string) => turns.filter((ids) => ids.includes(id)).length,
    onTurn(listener: () => void) {
      onTurn = listener;
    },
    rests(ms: number) {
      restMs = ms;
    },
    [Symbol.dispose]: () => taking.close(),
  };
}

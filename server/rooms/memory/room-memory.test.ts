import { expect, test } from 'vitest';
import type { RoomId } from '../../protocol/identifiers.ts';
import { rulesOf } from '../../protocol/room-versions.ts';
import type { RoomEvent } from '../room-event.ts';
import { emptyChain } from '../state/state-chain.ts';
import { HotRoom, type PendingEvent } from './hot-room.ts';
import { RoomMemory } from './room-memory.ts';
import { StateKeys } from './state-keys.ts';

const id = (index: number) => `!r${index}:example.org` as RoomId;

test('a room that was dropped while it was read is read again', async () => {
  const bench = memoryOf(1_000_000);
  const asked = bench.rooms.get(id(1));
  bench.rooms.drop(id(1));
  bench.answer(0, [stored(1, 8)]);
  await bench.asked(2);
  bench.answer(1, [stored(1, 9)]);
  expect((await asked)?.lastPosition).toBe(9);
  expect(bench.rooms.peek(id(1))?.lastPosition).toBe(9);
});

test('of several that are read together, only what was dropped is read again', async () => {
  const bench = memoryOf(1_000_000);
  const asked = bench.rooms.getAll([id(1), id(2), id(3)]);
  bench.rooms.drop(id(2));
  bench.answer(0, [stored(1, 5), stored(2, 5)]);
  await bench.asked(2);
  expect(bench.reads[1]!.roomIds).toEqual([id(2)]);
  bench.answer(1, [stored(2, 9)]);
  const found = await asked;
  expect([...found].map(([roomId, room]) => [roomId, room.lastPosition])).toEqual([
    [id(1), 5],
    [id(2), 9],
  ]);
});

test('a room is read once, however many ask for it', async () => {
  const bench = memoryOf(1_000_000);
  const asked = [
    bench.rooms.get(id(1)),
    bench.rooms.getAll([id(1), id(2)]),
    bench.rooms.get(id(1)),
  ];
  expect(bench.reads.map(({ roomIds }) => roomIds)).toEqual([[id(1)], [id(2)]]);
  bench.answer(0, [stored(1, 5)]);
  bench.answer(1, []);
  await Promise.all(asked);
  await bench.rooms.get(id(1));
  expect(bench.reads.length).toBe(2);
});

test('the room that was used longest ago makes space for others', async () => {
  const bench = memoryOf(4_000);
  for (const index of [1, 2, 3]) bench.rooms.add(room(index));
  await bench.rooms.get(id(1));
  bench.rooms.add(room(4));
  expect(bench.inMemory([1, 2, 3, 4])).toEqual([1, 3, 4]);
  expect(bench.rooms.bytes).toBeLessThanOrEqual(4_000);
});

test('before any room goes, those used longest ago keep but the newest event of their timeline', async () => {
  const bench = memoryOf(12_000);
  for (const index of [1, 2, 3]) bench.rooms.add(room(index, true, 6));
  for (const index of [1, 2, 3]) await bench.rooms.get(id(index));
  const kept = () => [1, 2, 3].map((index) => shownOf(bench.rooms.peek(id(index))!));
  expect(kept()).toEqual([1, 6, 6]);
  await bench.rooms.get(id(1));
  bench.rooms.add(room(4, true, 6));
  expect(kept()).toEqual([1, 1, 1]);
  expect(bench.rooms.count).toBe(4);
  expect(bench.rooms.bytes).toBeLessThanOrEqual(12_000);
  bench.rooms.add(room(5, true, 9));
  expect(bench.inMemory([1, 2, 3, 4, 5])).toEqual([1, 3, 4, 5]);
});

const shownOf = ({ timeline }: HotRoom): number =>
  [9, 8, 7, 6, 5, 4, 3, 2, 1].find((limit) => timeline.newest({ after: 0, upTo: 99, limit }))!;

test('what a room has gained by its use is counted', async () => {
  const bench = memoryOf(20_000);
  for (const index of [1, 2]) bench.rooms.add(room(index));
  bench.rooms.peek(id(2))!.parsed.set(1, { content: 'x'.repeat(9_000) } as never);
  await bench.rooms.get(id(2));
  expect(bench.inMemory([1, 2])).toEqual([2]);
  bench.rooms.drop(id(2));
  expect(bench.rooms.bytes).toBe(0);
});

test('a room with a change on its way stays, whatever it costs: it is ahead of the database', () => {
  const bench = memoryOf(1);
  const [busy, young, idle] = [room(1), room(2, false), room(3)];
  busy.setOut({ event: { nid: 1 } } as PendingEvent);
  for (const each of [busy, young, idle, room(4)]) bench.rooms.add(each);
  expect(bench.inMemory([1, 2, 3, 4])).toEqual([1, 2, 4]);
  expect([busy.isDropped, young.isDropped, idle.isDropped]).toEqual([false, false, true]);
});

function memoryOf(bytesMax: number) {
  const reads: { roomIds: readonly RoomId[]; resolve: (rooms: never[]) => void }[] = [];
  const store = {
    roomsById: (roomIds: readonly RoomId[]) =>
      new Promise<never[]>((resolve) => reads.push({ roomIds, resolve })),
    stateWithBases: async () => [],
    stateKeysByName: async () => [],
    stateKeysByNid: async () => [],
  };
  const rooms = new RoomMemory({ store, keys: new StateKeys(store) }, bytesMax);
  return {
    reads,
    rooms,
    answer: (read: number, found: object[]) => reads[read]!.resolve(found as never[]),
    async asked(count: number) {
      for (let turns = 0; reads.length < count && turns < 100; turns++) await undefined;
    },
    inMemory: (indexes: number[]) => indexes.filter((index) => rooms.peek(id(index))),
  };
}

const stored = (index: number, lastPosition: number) => ({
  nid: index,
  roomId: id(index),
  version: '12',
  forwardExtremities: [],
  stateNid: 0,
  lastPosition,
  state: null,
});

function room(index: number, isCommitted = true, events = 0) {
  const made = new HotRoom({
    ...stored(index, 1),
    rules: rulesOf('12')!,
    state: new Map(),
    extremities: [],
    chain: emptyChain,
    isCommitted,
  });
  for (let number = 0; number < events; number++)
    made.timeline.push({
      nid: number,
      position: 2 + number,
      members: '',
      unsigned: '',
    } as RoomEvent);
  return made;
}

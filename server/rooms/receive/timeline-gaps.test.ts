import { afterEach, expect, test, vi } from 'vitest';
import type { ForeignEvent } from '../../../test/support/foreign-server.ts';
import { far, gappedRoom } from '../../../test/support/gapped-room.ts';
import { alice } from '../../../test/support/rooms.ts';
import type { EventId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { Page } from '../room.ts';

type Bench = Awaited<ReturnType<typeof gappedRoom>>;

afterEach(() => void vi.restoreAllMocks());

test.each(['b', 'f'] as const)(
  'who pages over gaps finds what lies in them, once and in order (dir=%s)',
  async (direction) => {
    await using bench = await gappedRoom();
    const server = backfilling(bench);
    const said = [...(await server.gap(250)), ...(await server.gap(3))];
    const seen = await paged(bench, direction, 40);
    expect(direction === 'f' ? seen : seen.toReversed()).toEqual(said);
  },
);

test.each(['b', 'f'] as const)(
  'while a gap is not yet closed, a page ends before it (dir=%s)',
  async (direction) => {
    await using bench = await gappedRoom();
    const server = backfilling(bench, 1);
    const said = await server.gap(30);
    server.takesMs(5_000);
    const seen = await paged(bench, direction, 20);
    expect(direction === 'f' ? seen : seen.toReversed()).toEqual(said);
  },
);

test('who pages forth by a filter finds what it lets through of a gap', async () => {
  await using bench = await gappedRoom();
  const said = await backfilling(bench).gap(5);
  expect(await paged(bench, 'f', 2, ['m.room.message'])).toEqual(said);
});

test.each(['b', 'f'] as const)(
  'what nobody tells is passed over, and asked for once (dir=%s)',
  async (direction) => {
    await using bench = await gappedRoom();
    const said = await backfilling(bench, 0).gap(5);
    for (let times = 0; times < 2; times++)
      expect(await paged(bench, direction, 10)).toEqual(said.slice(-1));
    expect(bench.asked.filter((each) => each === 'backfill')).toHaveLength(1);
  },
);

test('however many ends of nothing are claimed before it, a gap is closed', async () => {
  await using bench = await gappedRoom();
  const server = backfilling(bench);
  for (let count = 0; count < 15; count++) await server.endOfNothing();
  const said = await server.gap(3);
  for (let count = 0; count < 25; count++) await server.endOfNothing();
  expect(await paged(bench, 'b', 100)).toEqual(expect.arrayContaining([...said]));
});

test('an event behind a gap is known as such behind a takeover, however it is read', async () => {
  await using bench = await gappedRoom();
  const said = await backfilling(bench).gap(2);
  const gapsIn = async ({ rooms }: Pick<Bench, 'rooms'>) => {
    const room = (await rooms.open(bench.roomId))!;
    const { events } = await room.timeline({ after: 0, upTo: room.lastPosition, limit: 50 });
    return events.flatMap(({ eventId, isAfterGap }) => (isAfterGap ? [eventId] : []));
  };
  expect(await gapsIn(bench)).toEqual(said.slice(-1));
  await using one = await bench.restarted();
  expect(await gapsIn(one)).toEqual(said.slice(-1));
  await using many = await bench.restarted();
  await many.rooms.openAll([bench.roomId], { timeline: 50 });
  expect(await gapsIn(many)).toEqual(said.slice(-1));
});

/** A server that tells nothing of what is missing but by /backfill, so many events at once. */
function backfilling(bench: Bench, atOnce = 100) {
  const known = new Map<EventId, JsonObject>();
  const { ask, asked } = bench;
  ask.missingEvents = async () => [];
  ask.backfill = async (_server, { from, limit }) => {
    asked.push('backfill');
    const found = new Map<EventId, JsonObject>();
    const open = [...from];
    while (open.length > 0 && found.size < Math.min(limit, atOnce)) {
      const id = open.shift()!;
      const pdu = known.get(id);
      if (!pdu || found.has(id)) continue;
      found.set(id, pdu);
      open.push(...(pdu.prev_events as EventId[]));
    }
    return [...found.values()];
  };
  const takesMs = (ms: number) => {
    const now = performance.now.bind(performance);
    let passedMs = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now() + passedMs);
    const { backfill } = ask;
    ask.backfill = async (server, question) => {
      passedMs += ms;
      return backfill(server, question);
    };
  };
  const receive = async (event: ForeignEvent) => {
    bench.tells(event, []);
    expect(await bench.receive(event, far)).toEqual(['accepted']);
  };
  return {
    takesMs,
    /** So many events that are not here, and one behind them that is. */
    async gap(length: number): Promise<readonly EventId[]> {
      const chain = await bench.chain(length + 1);
      for (const { eventId, pdu } of chain.slice(0, -1)) known.set(eventId, pdu);
      await receive(chain.at(-1)!);
      return chain.map(({ eventId }) => eventId);
    },
    /** What it is said to follow is nowhere. */
    async endOfNothing(): Promise<void> {
      const [, behind] = await bench.chain(2);
      await receive(behind!);
    },
  };
}

/** The messages that a reader is shown from one end to the other. */
async function paged(
  bench: Bench,
  direction: 'b' | 'f',
  limit: number,
  types?: readonly string[],
): Promise<EventId[]> {
  const found: EventId[] = [];
  let room = (await bench.rooms.open(bench.roomId))!;
  let from: Page['end'] =
    direction === 'f' ? { depth: 0, nid: 0 } : await room.placeAt(room.lastPosition);
  for (let pages = 0; pages < 100; pages++) {
    const page = await room.history({ reader: alice, from, direction, limit, types });
    for (const { event } of page.events)
      if (event.type === 'm.room.message') found.push(event.eventId);
    if (page.isLast) return found;
    from = page.end;
    room = (await bench.rooms.open(bench.roomId))!;
  }
  throw new Error('there is no end to it');
}

import { afterAll, beforeAll, expect, test } from 'vitest';
import fc from '../../../test/support/fast-check.ts';
import { freshSync, type SyncQuery } from '../../../test/support/sync.ts';
import {
  happen,
  newStage,
  type Stage,
  type Step,
  SyncingClient,
  steps,
} from '../../../test/support/sync-histories.ts';
import type { EventId, UserId } from '../../protocol/identifiers.ts';

/**
 * Whatever happened in a room, and whenever a client asked. Each history is played on a real engine;
 * its reader has several clients, which ask in their own ways and at their own times.
 */
const RUNS = Number(process.env.SEEDS ?? 25);
const [STEPS_MAX, TIMEOUT_MS] = [30, 120_000];

let house: Awaited<ReturnType<typeof freshSync>>;
beforeAll(async () => {
  house = await freshSync();
});
afterAll(() => house[Symbol.asyncDispose]());

const ways: readonly (readonly [string, SyncQuery])[] = [
  ['the state before the timeline', {}],
  ['a timeline of two', { filter: { room: { timeline: { limit: 2 } } } }],
  ['the state behind the timeline', { stateKey: 'state_after' }],
  [
    'no memberships in the timeline',
    { filter: { room: { timeline: { not_types: ['m.room.member'] } } } },
  ],
  [
    'a timeline of one, the state behind it',
    { stateKey: 'state_after', filter: { room: { timeline: { limit: 1 } } } },
  ],
];

test.each(ways)(
  'a member who asks for %s knows the state as it is',
  async (_way, query) => {
    await everyHistory(async (stage, client) => {
      await client.sync();
      const known = client.joined.has(stage.rooms[0])
        ? client.state.get(stage.rooms[0])
        : undefined;
      const room = (await house.rooms.open(stage.rooms[0]))!;
      if (room.membershipOf(stage.users[0]) !== 'join') return expect(known).toBeUndefined();
      const state = await room.state();
      const actual = state.map(
        (event) => [`${event.type} ${event.stateKey}`, event.eventId] as const,
      );
      expect(Object.fromEntries(known!)).toEqual(Object.fromEntries(actual));
    }, query);
  },
  TIMEOUT_MS,
);

test.each(ways)(
  'whoever asks for %s is shown nothing of a room from after their departure',
  async (_way, query) => {
    await everyHistory(async (stage, client) => {
      const [roomId, reader] = [stage.rooms[0], stage.users[0]];
      const answer = await client.sync({
        filter: {
          ...query.filter,
          room: { ...(query.filter?.room as object), include_leave: true },
        },
      });
      const left = answer.rooms?.leave?.[roomId];
      if (left === undefined) return;
      const room = (await house.rooms.open(roomId))!;
      const departure = (await room.departureOf(reader))?.position ?? 0;
      const events = [...(left.state ?? left.state_after).events, ...left.timeline.events];
      for (const { event_id } of events) {
        const event = (await room.event(event_id as EventId))!;
        expect(event.stateKey === reader ? 0 : event.position).toBeLessThanOrEqual(departure);
      }
    }, query);
  },
  TIMEOUT_MS,
);

test(
  'a member who asks often and for much is told each message that they may see, once and in order',
  async () => {
    await everyHistory(
      async (stage, client) => {
        await client.sync();
        const [roomId, reader] = [stage.rooms[0], stage.users[0]];
        const room = (await house.rooms.open(roomId))!;
        if (room.membershipOf(reader) !== 'join') return;
        const { events } = await room.timeline({ after: 0, upTo: room.lastPosition, limit: 1_000 });
        const visible = (await room.visibleTo(reader, events)).map(({ event }) => event.eventId);
        const told = client.timeline.get(roomId)!;
        expect(told).toEqual(visible.slice(-told.length));
      },
      { filter: { room: { timeline: { limit: 1_000 } } } },
    );
  },
  TIMEOUT_MS,
);

test(
  'whose keys a client follows are those of the users with whom the reader shares a room',
  async () => {
    await everyHistory(async (stage, client) => {
      const isFirst = client.joined.size + client.followed.size === 0 && !began.has(client);
      began.add(client);
      await client.sync();
      const near = await sharing(stage);
      if (isFirst) client.followed = new Set(near);
      expect([...client.followed].filter((each) => each !== stage.users[0]).sort()).toEqual(near);
    });
  },
  TIMEOUT_MS,
);

const began = new WeakSet<SyncingClient>();

async function sharing({ rooms, users: [reader, ...others], owner }: Stage): Promise<UserId[]> {
  const near = new Set<UserId>();
  for (const roomId of rooms) {
    const room = (await house.rooms.open(roomId))!;
    if (room.membershipOf(reader) !== 'join') continue;
    for (const each of [...others, owner]) if (room.membershipOf(each) === 'join') near.add(each);
  }
  return [...near].sort();
}

/** `look` is called where the history says that a client asks. */
async function everyHistory(
  look: (stage: Stage, client: SyncingClient) => Promise<void>,
  query: SyncQuery = {},
): Promise<void> {
  const history = fc.array(fc.tuple(steps(5), fc.nat(2)), {
    minLength: 2,
    maxLength: STEPS_MAX / 5,
  });
  const play = async (parts: readonly (readonly [Step[], number])[]) => {
    const stage = await newStage(house);
    const clients = [0, 1, 2].map(() => new SyncingClient(house, stage.users[0], query));
    for (const [happening, asks] of parts) {
      for (const step of happening) await happen(stage, step);
      await look(stage, clients[asks]!);
    }
    for (const client of clients) await look(stage, client);
  };
  await fc.assert(fc.asyncProperty(history, play), { numRuns: RUNS, endOnFailure: true });
}

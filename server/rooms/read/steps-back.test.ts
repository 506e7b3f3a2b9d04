import { expect, test } from 'vitest';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { alice, bob, bringIn, openRooms } from '../../../test/support/rooms.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../../storage/database.ts';
import type { Preloading } from '../room.ts';
import type { RoomEvent } from '../room-event.ts';

const READS_OF_STATES = ['state_changes_of', 'states_with_bases'];

test('the state at each moment follows from the events in memory, as it is stored', async () => {
  await using bench = await workbench();
  const [known, stored] = [await bench.restarted(), await bench.restarted()];
  expect(await known.statesAt({ timeline: 30 })).toEqual(await stored.statesAt({ timeline: 1 }));
  expect(known.readsOfStates()).toEqual([]);
  expect(stored.readsOfStates()).toContain('state_changes_of');
});

test('what changed between two moments follows from them, as it is stored', async () => {
  await using bench = await workbench();
  const [known, stored] = [await bench.restarted(), await bench.restarted()];
  const changes = await known.changes({ timeline: 30 });
  expect(changes).toEqual(await stored.changes({ timeline: 1 }));
  expect(changes.some((each) => each.length > 1)).toBe(true);
});

test('who may see which event follows from the events in memory, as it is stored', async () => {
  await using bench = await workbench();
  const [known, stored] = [await bench.restarted(), await bench.restarted()];
  const events = await bench.events();
  const whole = await known.seenBy(bob, events, { timeline: 30 });
  expect(whole).toEqual(await stored.seenBy(bob, events, { timeline: 1 }));
  expect(whole.get('for all')).toBe('leave');
  expect(whole.get('for members')).toBeUndefined();
  expect(whole.get('here')).toBe('join');
  expect(known.readsOfStates()).toEqual([]);
  expect(stored.readsOfStates()).toContain('states_with_bases');
});

test('where the events in memory are not on one line, the states are read', async () => {
  await using bench = await workbench();
  // As if the event of the middle had been built on another end of the room.
  await bench.sql(
    `UPDATE event SET state_before = 1, state_after = 1 WHERE event_nid = (
       SELECT event_nid FROM event WHERE state_key IS NULL ORDER BY event_nid OFFSET 1 LIMIT 1)`,
  );
  const [known, stored] = [await bench.restarted(), await bench.restarted()];
  expect(await known.statesAt({ timeline: 30 })).toEqual(await stored.statesAt({ timeline: 1 }));
  expect(known.readsOfStates()).toContain('state_changes_of');
});

/** A room whose topic, name, members and visibility change, and in which something is said between. */
async function workbench() {
  const fresh = await freshDatabase();
  const under = await openRooms(fresh);
  const roomId = await under.rooms.create(alice, { preset: 'private_chat' }, {});
  const set = (type: string, content: object) =>
    under.setState(roomId, { sender: alice, type, stateKey: '', content: content as never });
  await set('m.room.history_visibility', { history_visibility: 'world_readable' });
  await under.say(roomId, alice, 'for all');
  await set('m.room.history_visibility', { history_visibility: 'joined' });
  for (const topic of ['one', 'two', 'three']) await set('m.room.topic', { topic });
  await under.say(roomId, alice, 'for members');
  await bringIn(under, roomId, bob);
  await set('m.room.name', { name: 'name' });
  await under.say(roomId, alice, 'here');
  await set('m.room.topic', { topic: 'four' });
  return {
    async events() {
      const room = (await under.rooms.open(roomId))!;
      return (await room.timeline({ after: 0, upTo: room.lastPosition, limit: 100 })).events;
    },
    sql: (text: string) => fresh.database.query('change', text),
    async restarted() {
      const queries: string[] = [];
      const database: Database = {
        query: (name, ...more) => {
          queries.push(name);
          return fresh.database.query(name, ...more);
        },
      };
      const again = await openRooms({ ...fresh, database: { ...fresh.database, ...database } });
      return {
        readsOfStates: () => queries.filter((each) => READS_OF_STATES.includes(each)),
        statesAt: (preloading: Preloading) => statesAt(again.rooms, roomId, preloading),
        changes: (preloading: Preloading) => changesIn(again.rooms, roomId, preloading),
        async seenBy(reader: UserId, events: readonly RoomEvent[], preloading: Preloading) {
          const room = (await again.rooms.openAll([roomId], preloading)).get(roomId)!;
          const seen = await room.visibleTo(reader, events);
          return new Map(
            seen.map(({ event, membership }) => [event.content.body ?? event.eventId, membership]),
          );
        },
      };
    },
    async [Symbol.asyncDispose]() {
      await under[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
    },
  };
}

type Engine = Awaited<ReturnType<typeof openRooms>>['rooms'];

async function statesAt(rooms: Engine, roomId: RoomId, preloading: Preloading) {
  const room = (await rooms.openAll([roomId], preloading)).get(roomId)!;
  const moments = await momentsOf(rooms, roomId);
  return Promise.all(
    moments.map(async (moment) =>
      (await room.stateAt(moment)).map(({ eventId }) => eventId).sort(),
    ),
  );
}

/** From each moment to each later one, and also from between an event and what it changed. */
async function changesIn(rooms: Engine, roomId: RoomId, preloading: Preloading) {
  const room = (await rooms.openAll([roomId], preloading)).get(roomId)!;
  const before = await momentsOf(rooms, roomId);
  const moments = before.flatMap((moment) => [moment, moment + 1]);
  const ranges = moments.flatMap((after, index) =>
    [...moments.slice(index + 1), room.lastPosition].map((upTo) => ({ after, upTo })),
  );
  return Promise.all(
    ranges.map(async (range) => (await room.stateDelta(range)).map(({ eventId }) => eventId)),
  );
}

/** Before each event. */
async function momentsOf(rooms: Engine, roomId: RoomId): Promise<number[]> {
  const room = (await rooms.open(roomId))!;
  const { events } = await room.page({
    ...{ reader: alice, from: { depth: 0, nid: 0 }, direction: 'f', limit: 100 },
  });
  return events.map(({ event }) => event.position - 1);
}

import { expect, test } from 'vitest';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { alice, bob, openRooms } from '../../../test/support/rooms.ts';
import type { RoomId } from '../../protocol/identifiers.ts';
import type { Database } from '../../storage/database.ts';
import { renderEvent } from '../room-event.ts';

test('many rooms are opened as one is, in as many queries as one takes', async () => {
  await using bench = await workbench();
  const { counted, under } = await bench.restarted();
  const before = counted.length;
  const state = (type: string) => type !== 'm.room.member';
  const opened = await under.rooms.openAll([...bench.roomIds, NOWHERE], { timeline: 3, state });
  expect([...opened.keys()].sort()).toEqual([...bench.roomIds].sort());
  const queries = counted.length;
  expect(queries - before).toBeLessThanOrEqual(5);
  const told = await Promise.all(bench.roomIds.map(async (id) => tell(opened.get(id)!, state)));
  expect(counted.length).toBe(queries);
  const single = await Promise.all(
    bench.roomIds.map(async (id) => tell((await bench.rooms.open(id))!, state)),
  );
  expect(told).toEqual(single);
  await under[Symbol.asyncDispose]();
});

test('a room that changes while many are opened is shown as it is then', async () => {
  await using bench = await workbench();
  const { under } = await bench.restarted();
  const roomId = bench.roomIds[2]!;
  const [opened] = await Promise.all([
    under.rooms.openAll(bench.roomIds, { timeline: 3 }),
    under.say(roomId, alice, 'meanwhile'),
  ]);
  const room = (await under.rooms.open(roomId))!;
  const { events } = await room.timeline({ after: 0, upTo: room.lastPosition, limit: 2 });
  expect(events.map((event) => event.content.body)).toEqual(['3', 'meanwhile']);
  expect(opened.size).toBe(bench.roomIds.length);
  await under[Symbol.asyncDispose]();
});

test.each([
  ['1', true],
  ['2', true],
  ['3', false],
  ['12', false],
])(
  'in a room of version %s that was just read, an event names the last one, by its hash: %s',
  async (room_version, byHash) => {
    await using fresh = await freshDatabase();
    await using before = await openRooms(fresh);
    const roomId = await before.rooms.create(alice, { room_version }, {});
    const last = await before.say(roomId, alice, 'before');
    await using after = await openRooms(fresh);
    const next = await after.say(roomId, alice, 'after');
    const [row] = await fresh.database.query<{ json: string }>(
      'json_of',
      'SELECT json FROM event WHERE event_id = $1',
      [next],
    );
    const sha256 = expect.stringMatching(/^[\w+/]{43}$/);
    expect(JSON.parse(row!.json).prev_events).toEqual([byHash ? [last, { sha256 }] : last]);
  },
);

const NOWHERE = '!nowhere:example.org' as RoomId;

type Opened = NonNullable<
  Awaited<ReturnType<Awaited<ReturnType<typeof openRooms>>['rooms']['open']>>
>;

async function tell(room: Opened, only: (type: string) => boolean) {
  const { events, limited } = await room.timeline({ after: 0, upTo: room.lastPosition, limit: 3 });
  const state = await room.state(only);
  const shown = (event: (typeof events)[number]) => renderEvent(event, { now: 0 });
  return { events: events.map(shown), limited, state: state.map(shown).sort() };
}

async function workbench() {
  const fresh = await freshDatabase();
  const under = await openRooms(fresh);
  const roomIds: RoomId[] = [];
  for (const room_version of ['10', '12', '11']) {
    const room = { room_version, name: room_version, invite: [bob] };
    const roomId = await under.rooms.create(alice, room, {});
    for (let index = 0; index < 4; index++) await under.say(roomId, alice, `${index}`);
    roomIds.push(roomId);
  }
  return {
    ...under,
    roomIds,
    /** Another engine on the same database, whose memory is empty, and the queries that it makes. */
    async restarted() {
      const counted: string[] = [];
      const database: Database = {
        query: (name, ...more) => {
          counted.push(name);
          return fresh.database.query(name, ...more);
        },
      };
      return {
        counted,
        under: await openRooms({ ...fresh, database: { ...fresh.database, ...database } }),
      };
    },
    async [Symbol.asyncDispose]() {
      await under[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
    },
  };
}
